//! Which schema a database has, looked at without changing it.

use sqlx::postgres::PgConnectOptions;

use super::{PostgresStore, open::MIGRATIONS};
use crate::storage::{Schema, StoreError};

impl PostgresStore {
    /// Looks at a database without changing it. 0: it has no tables of ours.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: nobody answers, or not to this role.
    pub async fn schema(options: PgConnectOptions, is_pooled: bool) -> Result<Schema, StoreError> {
        let needed = MIGRATIONS.iter().map(|(number, ..)| *number).max().unwrap_or_default();
        let store = Self::connect(options, is_pooled).await?;
        let applied = store.applied().await;
        store.close().await;
        Ok(Schema { found: applied?.keys().max().copied().unwrap_or_default(), needed })
    }
}
