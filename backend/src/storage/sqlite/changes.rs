use std::collections::HashMap;

use async_trait::async_trait;

use super::{SqliteStore, read::column, store_error};
use crate::{
    domain::PrincipalId,
    storage::{ChangeStore, Hearing, StoreError},
};

#[async_trait]
impl ChangeStore for SqliteStore {
    async fn serials(&self, people: &[PrincipalId]) -> Result<HashMap<PrincipalId, i64>, StoreError> {
        const SERIALS: &str = "SELECT c.principal, c.serial FROM json_each(?1) asked \
                               CROSS JOIN changes c ON c.principal = asked.value";
        let names: Vec<&str> = people.iter().map(PrincipalId::as_str).collect();
        let names = serde_json::Value::from(names).to_string();
        let rows = sqlx::query(SERIALS).bind(names).fetch_all(&self.readers).await.map_err(store_error)?;
        rows.iter().map(|row| Ok((PrincipalId(column(row, "principal")?), column(row, "serial")?))).collect()
    }

    async fn hear(&self) -> Result<Hearing, StoreError> {
        Ok(Hearing::Never)
    }
}
