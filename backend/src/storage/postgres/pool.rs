//! Connections that are kept for the next who asks. The driver has a pool of its own, which asks every connection that
//! is given back whether it lives: as much work for the database as a worker's question.

use std::{io::ErrorKind, sync::Arc};

use deadpool::managed::{Manager, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult};
use sqlx::{ConnectOptions, Connection, Error, PgConnection, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

use super::errors::store_error;
use crate::{storage::StoreError, timing};

/// At most this many.
const CONNECTIONS: usize = 10;

/// Connections to one server, made when they are needed. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pool(deadpool::managed::Pool<Server>);

/// Of the pool; it goes back there when it is dropped.
pub(super) type Pooled = Object<Server>;

/// Makes connections, and says of kept ones whether they are good.
#[derive(Debug)]
pub(super) struct Server(Arc<PgConnectOptions>);

impl Manager for Server {
    type Type = PgConnection;
    type Error = Error;

    async fn create(&self) -> Result<PgConnection, Error> {
        self.0.connect().await
    }

    async fn recycle(&self, session: &mut PgConnection, known: &Metrics) -> RecycleResult<Error> {
        if known.age() > timing::DATABASE_CONNECTION {
            return Err(RecycleError::message("it is old"));
        }
        // One that was in use a moment ago needs no trial.
        if known.last_used() > timing::DATABASE_FRESH {
            session.ping().await?;
        }
        Ok(())
    }
}

impl Pool {
    /// Nothing is connected yet.
    pub(super) fn new(options: PgConnectOptions) -> Result<Self, StoreError> {
        // The one that was given back last is the least likely to need a trial.
        let pool = deadpool::managed::Pool::builder(Server(Arc::new(options)));
        let pool = pool.max_size(CONNECTIONS).queue_mode(QueueMode::Lifo).build();
        pool.map(Self).map_err(|cause| StoreError::Unavailable(cause.into()))
    }

    /// What connections are made with.
    pub(super) fn options(&self) -> Arc<PgConnectOptions> {
        Arc::clone(&self.0.manager().0)
    }

    /// A connection, within [`timing::DATABASE_WAIT`]. While a server starts or restarts, it is tried again.
    pub(super) async fn lend(&self) -> Result<Pooled, StoreError> {
        let lending = async {
            loop {
                match self.0.get().await {
                    Err(PoolError::Backend(error)) if is_starting(&error) => sleep(timing::DATABASE_AGAIN).await,
                    Err(PoolError::Backend(error)) => return Err(store_error(error)),
                    Err(error) => return Err(StoreError::Unavailable(error.into())),
                    Ok(session) => return Ok(session),
                }
            }
        };
        timeout(timing::DATABASE_WAIT, lending).await.map_err(|late| StoreError::Unavailable(late.into()))?
    }

    /// Lends nothing more, waits for what is under way, and says farewell to the server.
    pub(super) async fn close(&self) {
        let idle = self.0.retain(|_, _| false).removed;
        self.0.close();
        for session in idle {
            // Nothing is lost with a farewell that does not arrive.
            let _ = timeout(timing::DATABASE_GLANCE, session.close()).await;
        }
        let given_back = async {
            while self.0.status().size > 0 {
                sleep(timing::DATABASE_CLOSE_LOOK).await;
            }
        };
        // Statements end by themselves within this.
        let _ = timeout(timing::DATABASE_ANSWER, given_back).await;
    }
}

/// A server that is not there yet, or goes away right now: nobody listens, the socket's file is gone, a connection breaks
/// while it is made, or is refused because others come first.
fn is_starting(error: &Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
    match error {
        Error::Io(error) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset | NotFound | UnexpectedEof
        ),
        Error::Database(refusal) => refusal.is_transient_in_connect_phase(),
        _ => false,
    }
}
