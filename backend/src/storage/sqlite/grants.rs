use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore,
    read::{column, flow, flow_columns, grant, grant_columns, with_clock},
    store_error,
};
use crate::{
    domain::{Grant, GrantId, GrantKey, NewRevocation, PrincipalId, Version},
    storage::{ConnectionsOf, GrantStore, StoreError, row},
};

#[async_trait]
impl GrantStore for SqliteStore {
    async fn connections_of(&self, principal: &PrincipalId) -> Result<ConnectionsOf, StoreError> {
        // Grants are the rows of part 1 and flows those of part 2; a part without any is one row with nothing but the
        // time. Flows come in the order they were announced, by rowid where two share a millisecond.
        const ALL: &str = concat!(
            with_clock!(),
            "SELECT clock.now AS now, ",
            grant_columns!(),
            ", ",
            flow_columns!(),
            " FROM clock CROSS JOIN (SELECT 1 AS part UNION ALL SELECT 2) \
             LEFT JOIN grants g ON part = 1 AND g.principal = ?1 AND g.quarantined_at IS NULL \
             LEFT JOIN flows f ON part = 2 AND f.principal = ?1 \
                 AND f.phase IN ('pending', 'exchanging') AND f.expires_at > clock.now \
             ORDER BY g.server, f.announced_at DESC, f.rowid DESC"
        );
        let rows = sqlx::query(ALL).bind(principal.as_str()).fetch_all(&self.readers).await.map_err(store_error)?;
        let holds = |row: &SqliteRow, name| column::<Option<String>>(row, name).map(|id| id.is_some());

        let first = rows.first().ok_or_else(|| row::impossible("answer", "no row, not even the time".to_owned()))?;
        let now = row::time("clock", column(first, "now")?)?;
        let mut all = ConnectionsOf { now, grants: Vec::new(), open_flows: Vec::new() };
        for row in &rows {
            if holds(row, "grant_id")? {
                all.grants.push(grant(row)?);
            }
            if holds(row, "flow_id")? {
                all.open_flows.push(flow(row)?);
            }
        }
        Ok(all)
    }

    async fn find_grant(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let query = sqlx::query(FIND).bind(key.principal.as_str()).bind(key.server.as_str());
        let row = query.fetch_optional(&self.readers).await.map_err(store_error)?;
        row.as_ref().map(grant).transpose()
    }

    async fn disconnect(
        &self,
        key: &GrantKey,
        seen: Option<(GrantId, Version)>,
        end: Option<&NewRevocation>,
    ) -> Result<(), StoreError> {
        // Flows past their end too: one that is exchanging could still bring a grant.
        const CANCEL: &str = "UPDATE flows SET phase = 'cancelled' \
                              WHERE principal = ?1 AND server = ?2 AND phase IN ('pending', 'exchanging')";
        let (principal, server) = (key.principal.as_str(), key.server.as_str());
        let mut work = self.begin().await?;
        let found = sqlx::query(FIND).bind(principal).bind(server).fetch_optional(&mut *work).await;
        let found = found.map_err(store_error)?.as_ref().map(grant).transpose()?;
        if found.map(|grant| (grant.id, grant.version)) != seen {
            return Err(StoreError::Conflict);
        }
        for statement in [FORGET, CANCEL] {
            sqlx::query(statement).bind(principal).bind(server).execute(&mut *work).await.map_err(store_error)?;
        }
        if let Some(end) = end {
            super::revocations::queue(&mut work, end).await?;
        }
        super::wait_steps::disconnected(&mut work, key).await?;
        work.commit().await.map_err(store_error)
    }
}

const FIND: &str = concat!("SELECT ", grant_columns!(), " FROM grants g WHERE g.principal = ?1 AND g.server = ?2");

/// Removes whatever a key holds.
pub(super) const FORGET: &str = "DELETE FROM grants WHERE principal = ?1 AND server = ?2";
