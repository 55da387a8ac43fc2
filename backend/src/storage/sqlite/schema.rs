//! Which schema a file has, looked at without changing it.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    SqliteStore,
    open::{MIGRATIONS, refuse_files_of_others},
    store_error,
};
use crate::storage::{
    StoreError,
    migrations::{Applied, Schema},
};

impl SqliteStore {
    /// Looks at a file without changing or making it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: it cannot be opened. [`StoreError::Impossible`]: it belongs to another program.
    pub async fn schema(path: impl AsRef<Path>) -> Result<Schema, StoreError> {
        if !path.as_ref().exists() {
            return Ok(Schema::of(MIGRATIONS, &Applied::new()));
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        refuse_files_of_others(&options).await?;
        let mut connection = options.connect().await.map_err(store_error)?;
        let applied = applied(&mut connection).await?;
        connection.close().await.map_err(store_error)?;
        Ok(Schema::of(MIGRATIONS, &applied))
    }
}

/// The steps that a file has.
pub(super) async fn applied(connection: &mut SqliteConnection) -> Result<Applied, StoreError> {
    const HAS_LIST: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    const LIST: &str = "SELECT version, checksum FROM _sqlx_migrations WHERE success";
    let lists: i64 = sqlx::query_scalar(HAS_LIST).fetch_one(&mut *connection).await.map_err(store_error)?;
    if lists == 0 {
        return Ok(Applied::new());
    }
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(LIST).fetch_all(connection).await.map_err(store_error)?;
    Ok(rows.into_iter().collect())
}
