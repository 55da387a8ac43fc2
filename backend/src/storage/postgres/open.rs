use sqlx::postgres::PgConnectOptions;

use super::{PostgresStore, pool::Pool, read::column};
use crate::{
    storage::{
        StoreError,
        migrations::{Applied, Step, missing},
    },
    timing,
};

/// Every migration, in order: number, name, SQL. A test compares the list with the folder.
pub(super) const MIGRATIONS: &[Step] = &[
    (1, "first", include_str!("../../../../migrations/postgres/0001_first.sql")),
    (2, "refresh", include_str!("../../../../migrations/postgres/0002_refresh.sql")),
    (3, "keys", include_str!("../../../../migrations/postgres/0003_keys.sql")),
    (4, "audit", include_str!("../../../../migrations/postgres/0004_audit.sql")),
    (5, "changes", include_str!("../../../../migrations/postgres/0005_changes.sql")),
    (6, "registering", include_str!("../../../../migrations/postgres/0006_registering.sql")),
];

impl PostgresStore {
    /// Connects, and brings the schema `aiq_connect` up to date. The role needs a schema of its own of this name, or the
    /// right to create one. With `is_pooled` nothing relies on what a pooler's connection was told before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: nobody answers, or not to this role. [`StoreError::Impossible`]: the schema is newer
    /// than this build, was changed by hand, or is not ours.
    pub async fn open(options: PgConnectOptions, is_pooled: bool) -> Result<Self, StoreError> {
        let store = Self::connect(options, is_pooled).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Connects, and leaves the schema as it is.
    pub(super) async fn connect(options: PgConnectOptions, is_pooled: bool) -> Result<Self, StoreError> {
        // A setting that poolers do not know, for fractions, of which we store none.
        let pool = Pool::new(options.extra_float_digits(None))?;
        // So that a role that is refused is told of here.
        drop(pool.lend().await?);
        Ok(Self { pool, is_pooled, heard_at: None })
    }

    /// All that is missing in one transaction, whose lock lets one replica do it while the others wait.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        const PATIENCE: &str = "SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '1min'";
        // "AIQC", and the lock of whoever changes the schema.
        const LOCK: &str = "SELECT pg_advisory_xact_lock(1095323971, 0)";
        const HAS_SCHEMA: &str = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'aiq_connect'";
        // The driver's own list, made without it: it would lock a session, which a pooler gives to somebody else.
        const LIST: &str = "CREATE TABLE IF NOT EXISTS aiq_connect._sqlx_migrations (version BIGINT PRIMARY KEY, \
                            description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), \
                            success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)";
        const APPLIED: &str = "INSERT INTO aiq_connect._sqlx_migrations \
                               (version, description, success, checksum, execution_time) VALUES ($1, $2, true, $3, -1)";
        // When there is nothing to do, the rights of somebody who only reads and writes rows are enough.
        if missing(MIGRATIONS, &self.applied().await?)?.is_empty() {
            return Ok(());
        }
        let mut work = self.begin().await?.with_patience(timing::DATABASE_MIGRATION);
        work.run(PATIENCE).await?;
        work.row(sqlx::query(LOCK)).await?;
        // Asked first, because to create what is there needs the right to create it.
        if work.row(sqlx::query(HAS_SCHEMA)).await?.is_none() {
            work.run("CREATE SCHEMA aiq_connect").await?;
        }
        work.run(LIST).await?;
        // Another replica may have been faster.
        let applied = work.rows(sqlx::query(LIST_APPLIED)).await?;
        for migration in missing(MIGRATIONS, &checksums(&applied)?)? {
            work.run(migration.sql.clone()).await?;
            let applied = sqlx::query(APPLIED).bind(migration.version).bind(&*migration.description);
            work.change(applied.bind(&*migration.checksum)).await?;
        }
        work.keep().await
    }

    /// The migrations that this database has, with their checksums.
    pub(super) async fn applied(&self) -> Result<Applied, StoreError> {
        const HAS_LIST: &str = "SELECT 1 FROM pg_catalog.pg_tables \
                                WHERE schemaname = 'aiq_connect' AND tablename = '_sqlx_migrations'";
        if self.row(sqlx::query(HAS_LIST)).await?.is_none() {
            return Ok(Applied::new());
        }
        checksums(&self.rows(sqlx::query(LIST_APPLIED)).await?)
    }
}

const LIST_APPLIED: &str = "SELECT version, checksum FROM aiq_connect._sqlx_migrations WHERE success";

fn checksums(rows: &[sqlx::postgres::PgRow]) -> Result<Applied, StoreError> {
    rows.iter().map(|row| Ok((column(row, "version")?, column(row, "checksum")?))).collect()
}
