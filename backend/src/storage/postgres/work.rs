//! How statements reach the database.

use std::time::Duration;

use sqlx::{
    PgConnection, Postgres, SqlSafeStr,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use tokio::time::timeout;

use super::{
    PostgresStore,
    errors::{NO_TEXT, is_collision, store_error},
    pool::Pooled,
};
use crate::{
    storage::{StoreError, row::impossible},
    timing,
};

/// One statement with its values.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Says all that a session could have been told otherwise. Every statement sees what was committed before it, which is
/// what makes reading after a lock right. A lock that is not to be had, and a process that stops in the middle while it
/// holds some, end by themselves.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'; \
                     SET LOCAL statement_timeout = '9s'; SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// How often a transaction is tried that others made impossible.
const TRIES: u32 = 4;

/// A connection of the pool. It goes back only if nothing is under way on it: one that was given up in the middle, because
/// nobody waits any more or the server says nothing, is closed, and the server rolls back. Otherwise connections to a
/// machine that is gone would fill the pool until the network notices.
struct Lent {
    /// There until it is dropped.
    connection: Option<Pooled>,
    is_idle: bool,
}

impl Lent {
    /// What the database says to it, in time.
    async fn ask<T>(
        &mut self,
        limit: Duration,
        statement: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        let session =
            self.connection.as_deref_mut().ok_or_else(|| impossible("connection", "it is gone".to_owned()))?;
        match timeout(limit, statement(session)).await {
            Ok(answer) => answer.map_err(store_error),
            Err(late) => Err(StoreError::Unavailable(late.into())),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(connection), false) = (self.connection.take(), self.is_idle) {
            drop(Pooled::take(connection));
        }
    }
}

/// A transaction. Dropping it rolls it back, but only some time later: end it where others wait for its locks.
pub(super) struct Work {
    lent: Lent,
    is_pooled: bool,
    limit: Duration,
}

impl Work {
    /// Lets each statement take this long. The server has a limit of its own.
    pub(super) fn with_patience(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The first row.
    pub(super) async fn row(&mut self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        let statement = statement.persistent(!self.is_pooled);
        self.lent.ask(self.limit, async |session: &mut PgConnection| statement.fetch_optional(session).await).await
    }

    /// All rows.
    pub(super) async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        let statement = statement.persistent(!self.is_pooled);
        self.lent.ask(self.limit, async |session: &mut PgConnection| statement.fetch_all(session).await).await
    }

    /// How many rows changed.
    pub(super) async fn change(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let statement = statement.persistent(!self.is_pooled);
        let changed = async |session: &mut PgConnection| statement.execute(session).await;
        Ok(self.lent.ask(self.limit, changed).await?.rows_affected())
    }

    /// Runs statements without values, as many as the text holds.
    pub(super) async fn run(&mut self, statements: impl SqlSafeStr) -> Result<(), StoreError> {
        let statements = sqlx::raw_sql(statements);
        self.lent.ask(self.limit, async |session: &mut PgConnection| statements.execute(session).await).await.map(drop)
    }

    /// Commits.
    pub(super) async fn keep(self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    /// Rolls back.
    pub(super) async fn undo(self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<(), StoreError> {
        self.run(how).await?;
        self.lent.is_idle = true;
        Ok(())
    }
}

impl PostgresStore {
    /// Begins a transaction.
    pub(super) async fn begin(&self) -> Result<Work, StoreError> {
        let mut work = Work { lent: self.lend().await?, is_pooled: self.is_pooled, limit: timing::DATABASE_ANSWER };
        work.run(BEGIN).await?;
        Ok(work)
    }

    /// The first row of what is only read. With a pooler even this is a transaction: the driver names a statement's
    /// values after it prepared it, and in between the pooler could change the connection.
    pub(super) async fn row(&self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        let read = async {
            if !self.is_pooled {
                return self.alone(async |session: &mut PgConnection| statement.fetch_optional(session).await).await;
            }
            let mut work = self.begin().await?;
            let row = work.row(statement).await?;
            work.keep().await?;
            Ok(row)
        };
        match read.await {
            // PostgreSQL holds no text with a zero byte, so there is none to be found.
            Err(StoreError::Impossible { what: NO_TEXT, .. }) => Ok(None),
            done => done,
        }
    }

    /// All rows of what is only read.
    pub(super) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        if !self.is_pooled {
            return self.alone(async |session: &mut PgConnection| statement.fetch_all(session).await).await;
        }
        let mut work = self.begin().await?;
        let rows = work.rows(statement).await?;
        work.keep().await?;
        Ok(rows)
    }

    async fn lend(&self) -> Result<Lent, StoreError> {
        Ok(Lent { connection: Some(self.pool.lend().await?), is_idle: false })
    }

    /// A statement without a transaction around it.
    async fn alone<T>(
        &self,
        statement: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        let mut lent = self.lend().await?;
        let answer = lent.ask(timing::DATABASE_ANSWER, statement).await?;
        lent.is_idle = true;
        Ok(answer)
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
