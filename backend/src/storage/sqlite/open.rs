use std::{borrow::Cow, io, path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqliteStore, store_error};
use crate::storage::{StoreError, row::impossible};

/// Every migration, in order: number, name, SQL. A test compares the list with the folder.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../../../../migrations/sqlite/0001_first.sql")),
    (4, "audit", include_str!("../../../../migrations/sqlite/0004_audit.sql")),
];

/// "AIQC", as the first migration writes it into the file.
const APPLICATION_ID: i64 = 0x4149_5143;

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// How long a request waits for a connection of ours.
const ACQUIRE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

impl SqliteStore {
    /// Opens the file, creating it readable by its owner alone (0600), and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: the file cannot be created or opened. [`StoreError::Impossible`]: it belongs to
    /// another program (and was not changed), or its schema is newer than this build or was changed by hand.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        create(path).await.map_err(|cause| StoreError::Unavailable(cause.into()))?;
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
        refuse_files_of_others(&options).await?;
        let options =
            options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal).foreign_keys(true);
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE);

        // The writer first: it is the one that switches a new file to WAL and creates its tables.
        let writer = pool().max_connections(1).connect_with(options.clone()).await.map_err(store_error)?;
        migrator().run(&writer).await.map_err(migrate_error)?;
        let readers = pool()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(store_error)?;
        Ok(Self { readers, writer })
    }
}

/// SQLite gives its write-ahead log the permissions of the file, so the file has to be right from its first byte.
async fn create(path: &Path) -> io::Result<()> {
    let made = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).await;
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// Before anything is written: a wrong path in the configuration must not put our tables into AIQ's database.
pub(super) async fn refuse_files_of_others(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.connect().await.map_err(store_error)?;
    let query =
        sqlx::query_as("SELECT COUNT(*), (SELECT application_id FROM pragma_application_id) FROM sqlite_schema");
    let (tables, owner): (i64, i64) = query.fetch_one(&mut connection).await.map_err(store_error)?;
    connection.close().await.map_err(store_error)?;
    if tables == 0 || owner == APPLICATION_ID {
        return Ok(());
    }
    Err(impossible(
        "owner",
        "this SQLite file belongs to another program: give AIQ Connect a file of its own".to_owned(),
    ))
}

fn migrator() -> Migrator {
    let migration = |&(number, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(number, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(cause) => store_error(cause),
        MigrateError::VersionMissing(_) => {
            StoreError::Impossible { what: "schema: a newer AIQ Connect wrote this file", cause: error.into() }
        }
        other => StoreError::Impossible { what: "schema", cause: other.into() },
    }
}
