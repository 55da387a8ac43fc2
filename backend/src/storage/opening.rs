//! Opens the database that is configured, whichever it is.

use std::{fmt, sync::Arc};

use tokio::time::{Instant, sleep};

use super::{PostgresStore, Schema, SqliteStore, Store, StoreError};
use crate::{
    config::{Database, PgAddress},
    timing,
};

/// Why a database cannot be opened, and what to do. No password in it.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database {place}: {reason}. {remedy}")]
pub struct OpenError {
    /// Which one.
    pub place: String,
    /// Why, without a full stop.
    pub reason: String,
    /// A sentence that says what to do.
    pub remedy: String,
    /// What the database says.
    #[source]
    pub cause: StoreError,
}

/// What is behind it, as a sentence's beginning without its end.
fn reason(cause: &StoreError) -> String {
    if let Some((_, refusal)) = PostgresStore::refusal(cause) {
        return refusal;
    }
    let source = std::error::Error::source(cause).map(ToString::to_string);
    match cause {
        StoreError::Unavailable(_) => source.unwrap_or_else(|| cause.to_string()),
        _ => source.map_or_else(|| cause.to_string(), |source| format!("{cause} ({source})")),
    }
}

/// An open database.
#[derive(Clone, Debug)]
pub enum Opened {
    /// A file.
    Sqlite(SqliteStore),
    /// A server.
    Postgres(PostgresStore),
}

impl Opened {
    /// Opens it and brings its schema up to date. A server that does not answer yet is waited for. Changes are heard at
    /// `listen`, if that is another address.
    pub async fn open(database: &Database, listen: Option<&PgAddress>) -> Result<Self, OpenError> {
        match database {
            Database::Sqlite { path } => {
                SqliteStore::open(path).await.map(Self::Sqlite).map_err(|cause| explained(database, cause))
            }
            Database::Postgres { address, pooler } => {
                let open = async || {
                    let store = PostgresStore::reach(address, *pooler).await?.migrated().await?;
                    listen.map_or_else(|| Ok(store.clone()), |listen| store.clone().heard_at(listen))
                };
                patiently(database, open).await.map(Self::Postgres)
            }
        }
    }

    /// Which schema it has; changes and makes nothing. A server that does not answer yet is waited for, with `patience`.
    pub async fn schema(database: &Database, patience: bool) -> Result<Schema, OpenError> {
        match database {
            Database::Sqlite { path } => SqliteStore::schema(path).await.map_err(|cause| explained(database, cause)),
            Database::Postgres { address, pooler } => {
                let look = async || PostgresStore::reach(address, *pooler).await?.schema().await;
                if patience {
                    return patiently(database, look).await;
                }
                look().await.map_err(|cause| explained(database, cause))
            }
        }
    }

    /// What is in it.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Waits for what is under way and closes it. A file is whole after that, without its write-ahead log.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// Tries again for a while what may pass by itself: after a machine's start the database may come up after us.
async fn patiently<T>(database: &Database, attempt: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, OpenError> {
    let end = Instant::now() + timing::DATABASE_START;
    loop {
        match attempt().await {
            Err(cause) if PostgresStore::may_come(&cause) && Instant::now() < end => {
                tracing::warn!(database = %Place(database), cause = reason(&cause), "the database does not answer yet");
                sleep(timing::DATABASE_START_AGAIN).await;
            }
            done => return done.map_err(|cause| explained(database, cause)),
        }
    }
}

fn explained(database: &Database, cause: StoreError) -> OpenError {
    let remedy = match database {
        Database::Sqlite { .. } if matches!(cause, StoreError::Unavailable(_)) => {
            "Its folder has to exist and be writable; AIQ_CONNECT_DATABASE_URL (or aiq_connect.database.url) names it, \
             with four slashes before an absolute path."
                .to_owned()
        }
        Database::Sqlite { .. } => "AIQ_CONNECT_DATABASE_URL (or aiq_connect.database.url) names it.".to_owned(),
        Database::Postgres { address, .. } => PostgresStore::remedy(address, &cause),
    };
    OpenError { place: Place(database).to_string(), reason: reason(&cause), remedy, cause }
}

/// Where a database is, for people.
pub struct Place<'a>(pub &'a Database);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Database::Sqlite { path } => path.display().fmt(f),
            Database::Postgres { address, .. } => address.fmt(f),
        }
    }
}
