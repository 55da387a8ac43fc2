//! Which schema a database has, looked at without changing it.

use super::{PostgresStore, open::MIGRATIONS};
use crate::storage::{Schema, StoreError};

impl PostgresStore {
    /// Looks at a database without changing it. 0: it has no tables of ours.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: nobody answers, or not to this role.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        Ok(Schema::of(MIGRATIONS, &self.applied().await?))
    }
}
