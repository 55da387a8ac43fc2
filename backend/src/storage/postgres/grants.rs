use aiq_connect_shared::FaultCode;
use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, milliseconds, now,
    read::{column, flow, flow_columns, grant, grant_columns, with_clock},
    revocations, wait_steps,
    work::{Work, retried},
};
use crate::{
    domain::{Grant, GrantId, GrantKey, GrantTokens, LeaseOwner, NewRevocation, PrincipalId, Sealed, Version},
    storage::{
        ConnectionsOf, GrantStore, StoreError,
        row::{self, list_text},
    },
    timing::{LEASE, LEASE_GRACE},
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

    async fn lease(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError> {
        const TAKE: &str = concat!(
            "UPDATE aiq_connect.grants SET lease_owner = $3, lease_until = ",
            now!(),
            " + $4 WHERE id = $1 AND version = $2 AND quarantined_at IS NULL AND (lease_until IS NULL OR lease_until + $5 < ",
            now!(),
            ")"
        );
        let take = sqlx::query(TAKE)
            .bind(id.0.to_string())
            .bind(version.0)
            .bind(owner.as_str())
            .bind(milliseconds(LEASE))
            .bind(milliseconds(LEASE_GRACE));
        Ok(self.change(take).await? == 1)
    }

    async fn mark_in_doubt(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError> {
        // An older doubt stays: what was sent first is what may have been lost.
        const MARK: &str = concat!(
            "UPDATE aiq_connect.grants SET in_doubt_since = COALESCE(in_doubt_since, ",
            now!(),
            ") WHERE id = $1 AND version = $2 AND lease_owner = $3 AND quarantined_at IS NULL AND lease_until > ",
            now!()
        );
        let mark = sqlx::query(MARK).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        Ok(self.change(mark).await? == 1)
    }

    async fn rotate(&self, id: GrantId, version: Version, tokens: &GrantTokens) -> Result<(), StoreError> {
        const ROTATE: &str = concat!(
            with_clock!(),
            "UPDATE aiq_connect.grants SET version = version + 1, access_token = $3, refresh_token = $4, scopes = $5, \
             issued_at = clock.now, expires_at = clock.now + $6, fault = NULL, fault_reference = NULL, \
             faulted_at = NULL, lease_owner = NULL, lease_until = NULL, in_doubt_since = NULL \
             FROM clock WHERE id = $1 AND version = $2"
        );
        let rotate = sqlx::query(ROTATE)
            .bind(id.0.to_string())
            .bind(version.0)
            .bind(&tokens.access_token.0)
            .bind(tokens.refresh_token.as_ref().map(|Sealed(bytes)| bytes))
            .bind(list_text(&tokens.scopes))
            .bind(tokens.expires_in.map(milliseconds));
        if self.change(rotate).await? == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    async fn record_fault(
        &self,
        id: GrantId,
        version: Version,
        fault: FaultCode,
        reference: &str,
    ) -> Result<bool, StoreError> {
        const RECORD: &str = concat!(
            "UPDATE aiq_connect.grants SET fault = $3, fault_reference = $4, faulted_at = ",
            now!(),
            ", lease_owner = NULL, lease_until = NULL WHERE id = $1 AND version = $2"
        );
        let record = sqlx::query(RECORD).bind(id.0.to_string()).bind(version.0).bind(fault.as_str()).bind(reference);
        Ok(self.change(record).await? == 1)
    }

    async fn release(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<(), StoreError> {
        const RELEASE: &str = "UPDATE aiq_connect.grants SET lease_owner = NULL, lease_until = NULL \
                               WHERE id = $1 AND version = $2 AND lease_owner = $3";
        let release = sqlx::query(RELEASE).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        self.change(release).await.map(drop)
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
