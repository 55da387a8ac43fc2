//! What the driver says, as one of our errors.

use std::error::Error;

use crate::storage::StoreError;

/// What cannot be read or breaks a rule of the schema will not pass by itself; anything else may: connections that break
/// or cannot be had, a server that starts, stops, follows another one or is full, and other transactions in the way.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    use sqlx::Error::{ColumnDecode, ColumnIndexOutOfBounds, ColumnNotFound, Database, Decode, TypeNotFound};
    let what = match &error {
        Decode(_) | ColumnDecode { .. } | ColumnNotFound(_) | ColumnIndexOutOfBounds { .. } | TypeNotFound { .. } => {
            Some("column")
        }
        Database(refusal) => refusal.code().as_deref().and_then(impossible),
        _ => None,
    };
    match what {
        Some(what) => StoreError::Impossible { what, cause: error.into() },
        None => StoreError::Unavailable(error.into()),
    }
}

/// Says that a text holds a zero byte, or is not UTF-8.
pub(super) const NO_TEXT: &str = "text for a column";

/// What a code of PostgreSQL (its appendix A) says is wrong for good.
fn impossible(code: &str) -> Option<&'static str> {
    match code {
        "23505" => Some("second row of the same key"),
        "23503" => Some("reference to somebody unknown"),
        "22021" => Some(NO_TEXT),
        // The other rules of a table, and values that their types cannot hold.
        _ if code.starts_with("23") => Some("row that its table refuses"),
        _ if code.starts_with("22") => Some("value for a column"),
        // No such schema, table, column or function, or one that is there already.
        "3F000" | "42P01" | "42703" | "42883" | "42P06" | "42P07" | "42701" | "42804" => Some("schema"),
        // Broken pages and indexes.
        "XX001" | "XX002" => Some("file"),
        _ => None,
    }
}

/// Whether the database ended a transaction so that another one could go on.
pub(super) fn is_collision(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    /// A serialisation failure, and a deadlock.
    const COLLISIONS: [&str; 2] = ["40001", "40P01"];
    let Some(sqlx::Error::Database(refusal)) = cause.downcast_ref() else { return false };
    refusal.code().is_some_and(|code| COLLISIONS.contains(&&*code))
}
