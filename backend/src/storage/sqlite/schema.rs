//! Which schema a file has, and bringing it up to date outside of a start.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{
    SqliteStore,
    open::{MIGRATIONS, refuse_files_of_others},
    store_error,
};
use crate::storage::StoreError;

/// The number of a file's schema, and of the one that this build needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// 0: there is no file, or it has no tables of ours.
    pub found: i64,
    /// What [`SqliteStore::open`] brings it to.
    pub needed: i64,
}

impl SqliteStore {
    /// Looks at a file without changing or making it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: it cannot be opened. [`StoreError::Impossible`]: it belongs to another program.
    pub async fn schema(path: impl AsRef<Path>) -> Result<Schema, StoreError> {
        let needed = MIGRATIONS.iter().map(|(number, ..)| *number).max().unwrap_or_default();
        if !path.as_ref().exists() {
            return Ok(Schema { found: 0, needed });
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        refuse_files_of_others(&options).await?;
        let mut connection = options.connect().await.map_err(store_error)?;
        let is_ours = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'");
        let tables: i64 = is_ours.fetch_one(&mut connection).await.map_err(store_error)?;
        let found = if tables == 0 {
            0
        } else {
            let newest = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success");
            newest.fetch_one(&mut connection).await.map_err(store_error)?
        };
        connection.close().await.map_err(store_error)?;
        Ok(Schema { found, needed })
    }
}
