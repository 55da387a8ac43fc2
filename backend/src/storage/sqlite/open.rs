use std::{io, path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqliteStore, schema::applied, store_error};
use crate::{
    storage::{
        StoreError,
        migrations::{Step, missing},
        row::impossible,
    },
    timing,
};

/// Every migration, in order: number, name, SQL. A test compares the list with the folder.
pub(super) const MIGRATIONS: &[Step] = &[
    (1, "first", include_str!("../../../../migrations/sqlite/0001_first.sql")),
    (2, "refresh", include_str!("../../../../migrations/sqlite/0002_refresh.sql")),
    (3, "keys", include_str!("../../../../migrations/sqlite/0003_keys.sql")),
    (4, "audit", include_str!("../../../../migrations/sqlite/0004_audit.sql")),
    (5, "changes", include_str!("../../../../migrations/sqlite/0005_changes.sql")),
    (6, "registering", include_str!("../../../../migrations/sqlite/0006_registering.sql")),
];

/// "AIQC", as the first migration writes it into the file.
const APPLICATION_ID: i64 = 0x4149_5143;

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

impl SqliteStore {
    /// Opens the file, creating it readable by its owner alone (0600), and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: the file cannot be created or opened. [`StoreError::Impossible`]: it belongs to
    /// another program (and was not changed), or its schema needs a later major version or was changed by hand.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        create(path).await.map_err(|cause| StoreError::Unavailable(cause.into()))?;
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
        refuse_files_of_others(&options).await?;
        let options =
            options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal).foreign_keys(true);
        let pool = || SqlitePoolOptions::new().acquire_timeout(timing::DATABASE_WAIT);

        // The writer first: it is the one that switches a new file to WAL and creates its tables.
        let writer = pool().max_connections(1).connect_with(options.clone()).await.map_err(store_error)?;
        let store = |readers| Self { readers, writer: writer.clone() };
        store(writer.clone()).migrate().await?;
        let readers = pool()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(store_error)?;
        Ok(store(readers))
    }

    /// All that is missing in one transaction. Other processes that start meanwhile wait for it.
    async fn migrate(&self) -> Result<(), StoreError> {
        // The driver's own list; without the driver, which takes no lock before it looks.
        const LIST: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT \
                            NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
                            checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)";
        const APPLIED: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                               VALUES (?, ?, TRUE, ?, -1)";
        let mut work = self.begin().await?;
        let missing = missing(MIGRATIONS, &applied(&mut work).await?)?;
        if !missing.is_empty() {
            sqlx::raw_sql(LIST).execute(&mut *work).await.map_err(store_error)?;
        }
        for step in missing {
            sqlx::raw_sql(step.sql.clone()).execute(&mut *work).await.map_err(store_error)?;
            let applied = sqlx::query(APPLIED).bind(step.version).bind(&*step.description).bind(&*step.checksum);
            applied.execute(&mut *work).await.map_err(store_error)?;
        }
        work.commit().await.map_err(store_error)
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
