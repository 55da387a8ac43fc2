//! How statements reach the database.

use sqlx::{
    Postgres, SqlSafeStr, Transaction,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::{
    PostgresStore,
    errors::{is_collision, store_error},
};
use crate::storage::StoreError;

/// One statement with its values.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Says all that a session could have been told otherwise. Every statement sees what was committed before it, which is
/// what makes reading after a lock right. A lock that is not to be had, and a process that stops in the middle while it
/// holds some, end by themselves.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'; \
                     SET LOCAL statement_timeout = '15s'; SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// How often a transaction is tried that others made impossible.
const TRIES: u32 = 4;

/// A transaction. Dropping it rolls it back, but only some time later: end it where others wait for its locks.
pub(super) struct Work {
    transaction: Transaction<'static, Postgres>,
    is_pooled: bool,
}

impl Work {
    /// The first row.
    pub(super) async fn row(&mut self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        let statement = statement.persistent(!self.is_pooled);
        statement.fetch_optional(&mut *self.transaction).await.map_err(store_error)
    }

    /// All rows.
    pub(super) async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        statement.persistent(!self.is_pooled).fetch_all(&mut *self.transaction).await.map_err(store_error)
    }

    /// How many rows changed.
    pub(super) async fn change(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let statement = statement.persistent(!self.is_pooled);
        Ok(statement.execute(&mut *self.transaction).await.map_err(store_error)?.rows_affected())
    }

    /// Runs statements without values, as many as the text holds.
    pub(super) async fn run(&mut self, statements: impl SqlSafeStr) -> Result<(), StoreError> {
        sqlx::raw_sql(statements).execute(&mut *self.transaction).await.map_err(store_error).map(drop)
    }

    /// Commits.
    pub(super) async fn keep(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(store_error)
    }

    /// Rolls back.
    pub(super) async fn undo(self) -> Result<(), StoreError> {
        self.transaction.rollback().await.map_err(store_error)
    }
}

impl PostgresStore {
    /// Begins a transaction.
    pub(super) async fn begin(&self) -> Result<Work, StoreError> {
        let transaction = self.pool.begin_with(BEGIN).await.map_err(store_error)?;
        Ok(Work { transaction, is_pooled: self.is_pooled })
    }

    /// The first row of what is only read. With a pooler even this is a transaction: the driver names a statement's
    /// values after it prepared it, and in between the pooler could change the connection.
    pub(super) async fn row(&self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        if !self.is_pooled {
            return statement.fetch_optional(&self.pool).await.map_err(store_error);
        }
        let mut work = self.begin().await?;
        let row = work.row(statement).await?;
        work.keep().await?;
        Ok(row)
    }

    /// All rows of what is only read.
    pub(super) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        if !self.is_pooled {
            return statement.fetch_all(&self.pool).await.map_err(store_error);
        }
        let mut work = self.begin().await?;
        let rows = work.rows(statement).await?;
        work.keep().await?;
        Ok(rows)
    }

    /// A transaction of one statement: how many rows it changed.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let changed = work.change(statement).await?;
        work.keep().await?;
        Ok(changed)
    }

    /// A transaction of one statement that returns the row it changed.
    pub(super) async fn changed_row(&self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        let mut work = self.begin().await?;
        let row = work.row(statement).await?;
        work.keep().await?;
        Ok(row)
    }
}

/// Tries a transaction again, some times, that the database ended for the sake of another one. Nothing of it was kept.
pub(super) async fn retried<T, F>(attempt: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 1..TRIES {
        match attempt().await {
            Err(StoreError::Unavailable(cause)) if is_collision(&*cause) => {}
            done => return done,
        }
    }
    attempt().await
}
