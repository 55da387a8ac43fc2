//! The embedded database: one SQLite file of our own, on one host, one file here per capability.
//!
//! Every write takes the write lock at its beginning, so none can fail half-way because another process wrote meanwhile.
//! Within this process writes queue for one connection, and readers (WAL) never wait for them.

mod audit;
mod changes;
mod flows;
mod grants;
mod jobs;
mod keys;
mod open;
mod read;
mod refresh;
mod register;
mod registrations;
mod resealing;
mod retention;
mod revocations;
mod schema;
mod sessions;
mod wait_steps;
mod waits;

#[cfg(any(test, feature = "testing"))]
mod age;
#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use sqlx::{Sqlite, SqlitePool, Transaction, error::ErrorKind};

use super::StoreError;

/// The database's clock, in milliseconds. Constant within one step of a statement.
macro_rules! now {
    () => {
        "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)"
    };
}
use now;

/// Everything, in one SQLite file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// Any number may read at once.
    readers: SqlitePool,
    /// One connection: writers of this process wait for each other here, and not in SQLite's busy handler.
    writer: SqlitePool,
}

impl SqliteStore {
    /// Begins a transaction that already holds the write lock.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)
    }

    /// Waits for what is under way and closes the file, folding the write-ahead log into it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// What the driver says, as one of our errors: what cannot be read or breaks a rule of the schema will not pass by
/// itself, anything else may.
fn store_error(error: sqlx::Error) -> StoreError {
    use sqlx::Error::{ColumnDecode, ColumnIndexOutOfBounds, ColumnNotFound, Database, Decode, TypeNotFound};
    /// `SQLITE_CONSTRAINT_DATATYPE`: a value of another type than its STRICT column; the driver has no kind for it.
    const WRONG_TYPE: &str = "3091";
    /// `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
    const BROKEN_FILE: [&str; 2] = ["11", "26"];
    let what = match &error {
        Decode(_) | ColumnDecode { .. } | ColumnNotFound(_) | ColumnIndexOutOfBounds { .. } | TypeNotFound { .. } => {
            Some("column")
        }
        Database(refusal) if refusal.code().as_deref() == Some(WRONG_TYPE) => Some("value for a column"),
        Database(refusal) if refusal.code().is_some_and(|code| BROKEN_FILE.contains(&&*code)) => Some("file"),
        Database(refusal) => match refusal.kind() {
            ErrorKind::UniqueViolation => Some("second row of the same key"),
            ErrorKind::ForeignKeyViolation => Some("reference to somebody unknown"),
            ErrorKind::NotNullViolation | ErrorKind::CheckViolation | ErrorKind::ExclusionViolation => {
                Some("row that its table refuses")
            }
            _ => None,
        },
        _ => None,
    };
    match what {
        Some(what) => StoreError::Impossible { what, cause: error.into() },
        None => StoreError::Unavailable(error.into()),
    }
}

/// A duration as stored and added to times, at most a century so that no sum leaves the calendar.
fn milliseconds(lifetime: TimeDelta) -> i64 {
    const CENTURY: i64 = TimeDelta::days(36_525).num_milliseconds();
    lifetime.num_milliseconds().clamp(-CENTURY, CENTURY)
}
