//! The way to a server: its address as the driver takes it, the first contact, and what stands in between.

use std::sync::Arc;

use sqlx::{ConnectOptions, Connection, PgConnection, Row, postgres::PgConnectOptions};
use tokio::time::timeout;
use url::Url;

use super::{PostgresStore, errors::store_error};
use crate::{
    config::{PgAddress, PgHost, Pooler},
    storage::{StoreError, row::impossible},
    timing,
};

/// How often the connections behind two sessions are compared.
const ROUNDS: u32 = 12;

impl PostgresStore {
    /// Finds out what stands before the server if nobody said, and connects. The schema stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: nobody answers, or not to this role.
    pub async fn reach(address: &PgAddress, pooler: Pooler) -> Result<Self, StoreError> {
        let options = options(address)?;
        // Alone and before the pool, which would say of any failure that it took too long.
        let first = connected(&options).await?;
        let is_pooled = match pooler {
            Pooler::Auto => is_pooled(first, connected(&options).await?).await?,
            Pooler::None => false,
            Pooler::Transaction => true,
        };
        if is_pooled {
            tracing::info!("a pooler in transaction mode stands before the database");
        }
        Self::connect(options, is_pooled).await
    }

    /// Hears changes at another address of the same database: past a pooler, through which nothing arrives.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Impossible`]: the driver does not understand the address.
    pub fn heard_at(self, address: &PgAddress) -> Result<Self, StoreError> {
        Ok(Self { heard_at: Some(Arc::new(options(address)?)), ..self })
    }

    /// Brings the schema `aiq_connect` up to date. The role needs the right to create it, or one that it owns.
    ///
    /// # Errors
    ///
    /// [`StoreError::Impossible`]: the schema needs a later major version, was changed by hand, or is not ours.
    pub async fn migrated(self) -> Result<Self, StoreError> {
        self.migrate().await?;
        Ok(self)
    }
}

/// What the driver connects with.
pub(super) fn options(address: &PgAddress) -> Result<PgConnectOptions, StoreError> {
    let PgAddress { host, port, user, password, database, tls, application_name, .. } = address;
    let host = host.as_ref().map(|host| match host {
        PgHost::Name(name) => name.clone(),
        PgHost::Socket(folder) => folder.display().to_string(),
    });
    let file = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let parameters = [
        ("host", host),
        ("port", Some(port.to_string())),
        ("user", user.clone()),
        ("password", password.as_ref().map(|password| password.expose().to_owned())),
        ("dbname", database.clone()),
        ("sslmode", Some(tls.as_str().to_owned())),
        ("sslrootcert", file(&address.root_certificate)),
        ("sslcert", file(&address.certificate)),
        ("sslkey", file(&address.certificate_key)),
        ("application_name", Some(application_name.clone())),
    ];
    let parameters = parameters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    // By a URL, because only then the driver looks into `~/.pgpass`; all of it as parameters, which need no care.
    let url = Url::parse_with_params("postgresql://localhost", parameters);
    let url = url.map_err(|cause| impossible("address", cause.to_string()))?;
    // A setting that poolers do not know, for fractions, of which we store none.
    let options = PgConnectOptions::from_url(&url).map_err(store_error)?;
    Ok(options.extra_float_digits(None).disable_statement_logging())
}

async fn connected(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connecting = timeout(timing::DATABASE_CONNECT, options.connect());
    connecting.await.map_err(|late| StoreError::Unavailable(late.into()))?.map_err(store_error)
}

/// Whether a session keeps its connection of the server for no longer than a transaction.
///
/// Two sessions hold a transaction each, so they are on two connections, and end them in turn. With nothing in between
/// each comes back to its own, always. A pooler that lends connections for a transaction gives the one that was given back
/// last, or whichever is free: to come back to one's own every time would be a wonder.
async fn is_pooled(mut first: PgConnection, mut second: PgConnection) -> Result<bool, StoreError> {
    let mut own = (None, None);
    for _ in 0..ROUNDS {
        let one = begin(&mut first).await?;
        // A pooler with a single connection has none left for us now.
        let Ok(other) = timeout(timing::DATABASE_GLANCE, begin(&mut second)).await else { return Ok(true) };
        let now = (Some(one), Some(other?));
        for session in [&mut second, &mut first] {
            sqlx::raw_sql("COMMIT").execute(session).await.map_err(store_error)?;
        }
        if own != (None, None) && own != now {
            return Ok(true);
        }
        // The other one begins next.
        std::mem::swap(&mut first, &mut second);
        own = (now.1, now.0);
    }
    // Nothing is lost with a farewell that does not arrive.
    let _ = tokio::join!(first.close(), second.close());
    Ok(false)
}

/// Begins a transaction; the process that serves it.
async fn begin(session: &mut PgConnection) -> Result<i32, StoreError> {
    let row = sqlx::raw_sql("BEGIN; SELECT pg_backend_pid()").fetch_one(session).await.map_err(store_error)?;
    row.try_get(0).map_err(store_error)
}
