use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore,
    read::{column, flow, flow_columns, grant, grant_columns, with_clock},
    revocations, wait_steps,
    work::{Work, retried},
};
use crate::{
    domain::{Grant, GrantId, GrantKey, NewRevocation, PrincipalId, Version},
    storage::{ConnectionsOf, GrantStore, StoreError, row},
};

#[async_trait]
impl GrantStore for PostgresStore {
    async fn connections_of(&self, principal: &PrincipalId) -> Result<ConnectionsOf, StoreError> {
        let rows = self.rows(sqlx::query(CONNECTIONS_OF).bind(principal.as_str())).await?;
        let holds = |row: &PgRow, name| column::<Option<String>>(row, name).map(|id| id.is_some());

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
        const FIND: &str =
            concat!("SELECT ", grant_columns!(), " FROM aiq_connect.grants g WHERE g.principal = $1 AND g.server = $2");
        let find = sqlx::query(FIND).bind(key.principal.as_str()).bind(key.server.as_str());
        self.row(find).await?.as_ref().map(grant).transpose()
    }

    async fn disconnect(
        &self,
        key: &GrantKey,
        seen: Option<(GrantId, Version)>,
        end: Option<&NewRevocation>,
    ) -> Result<(), StoreError> {
        retried(|| self.try_disconnect(key, seen, end)).await
    }
}

impl PostgresStore {
    async fn try_disconnect(
        &self,
        key: &GrantKey,
        seen: Option<(GrantId, Version)>,
        end: Option<&NewRevocation>,
    ) -> Result<(), StoreError> {
        // A refresh that is stored at this very moment comes before, and is a conflict, or after, and finds nothing.
        const LOOK: &str = concat!(
            "SELECT ",
            grant_columns!(),
            " FROM aiq_connect.grants g WHERE g.principal = $1 AND g.server = $2 FOR UPDATE"
        );
        // Flows past their end too: one that is exchanging could still bring a grant.
        const CANCEL: &str = "UPDATE aiq_connect.flows SET phase = 'cancelled' \
                              WHERE principal = $1 AND server = $2 AND phase IN ('pending', 'exchanging')";
        let (principal, server) = (key.principal.as_str(), key.server.as_str());
        let mut work = self.begin().await?;
        lock_person(&mut work, &key.principal).await?;
        let found = work.row(sqlx::query(LOOK).bind(principal).bind(server)).await?.as_ref().map(grant).transpose()?;
        if found.map(|grant| (grant.id, grant.version)) != seen {
            work.undo().await?;
            return Err(StoreError::Conflict);
        }
        for statement in [FORGET, CANCEL] {
            work.change(sqlx::query(statement).bind(principal).bind(server)).await?;
        }
        if let Some(end) = end {
            revocations::queue(&mut work, end).await?;
        }
        wait_steps::disconnected(&mut work, key).await?;
        work.keep().await
    }
}

/// Takes the lock of all keys of a person, so that a grant is made and forgotten by one transaction after the other.
pub(super) async fn lock_person(work: &mut Work, person: &PrincipalId) -> Result<(), StoreError> {
    const LOCK: &str = "SELECT id FROM aiq_connect.principals WHERE id = $1 FOR NO KEY UPDATE";
    work.row(sqlx::query(LOCK).bind(person.as_str())).await.map(drop)
}

/// Grants are the rows of part 1 and flows those of part 2; a part without any is one row with nothing but the time.
/// Flows come in the order they were announced.
pub(super) const CONNECTIONS_OF: &str = concat!(
    with_clock!(),
    "SELECT clock.now AS now, ",
    grant_columns!(),
    ", ",
    flow_columns!(),
    " FROM clock CROSS JOIN (VALUES (1), (2)) AS parts (part) \
     LEFT JOIN aiq_connect.grants g ON part = 1 AND g.principal = $1 AND g.quarantined_at IS NULL \
     LEFT JOIN aiq_connect.flows f ON part = 2 AND f.principal = $1 \
         AND f.phase IN ('pending', 'exchanging') AND f.expires_at > clock.now \
     ORDER BY g.server, f.announced_at DESC, f.place DESC"
);

/// Removes whatever a key holds.
pub(super) const FORGET: &str = "DELETE FROM aiq_connect.grants WHERE principal = $1 AND server = $2";
