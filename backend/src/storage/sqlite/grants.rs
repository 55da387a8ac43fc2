use aiq_connect_shared::FaultCode;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore, milliseconds, now,
    read::{column, flow, flow_columns, grant, grant_columns, with_clock},
    store_error,
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

    async fn lease(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError> {
        let taken = sqlx::query(concat!(
            "UPDATE grants SET lease_owner = ?3, lease_until = ",
            now!(),
            " + ?4 WHERE id = ?1 AND version = ?2 AND quarantined_at IS NULL AND (lease_until IS NULL OR lease_until + ?5 < ",
            now!(),
            ")"
        ))
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(owner.as_str())
        .bind(milliseconds(LEASE))
        .bind(milliseconds(LEASE_GRACE))
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(taken.rows_affected() == 1)
    }

    async fn mark_in_doubt(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError> {
        // An older doubt stays: what was sent first is what may have been lost.
        let marked = sqlx::query(concat!(
            "UPDATE grants SET in_doubt_since = COALESCE(in_doubt_since, ",
            now!(),
            ") WHERE id = ?1 AND version = ?2 AND lease_owner = ?3 AND quarantined_at IS NULL AND lease_until > ",
            now!()
        ))
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(owner.as_str())
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(marked.rows_affected() == 1)
    }

    async fn rotate(&self, id: GrantId, version: Version, tokens: &GrantTokens) -> Result<(), StoreError> {
        let rotated = sqlx::query(concat!(
            "UPDATE grants SET version = version + 1, access_token = ?3, refresh_token = ?4, scopes = ?5, issued_at = ",
            now!(),
            ", expires_at = ",
            now!(),
            " + ?6, fault = NULL, fault_reference = NULL, faulted_at = NULL, \
             lease_owner = NULL, lease_until = NULL, in_doubt_since = NULL \
             WHERE id = ?1 AND version = ?2"
        ))
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(&tokens.access_token.0)
        .bind(tokens.refresh_token.as_ref().map(|Sealed(bytes)| bytes))
        .bind(list_text(&tokens.scopes))
        .bind(tokens.expires_in.map(milliseconds))
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        if rotated.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    async fn record_fault(
        &self,
        id: GrantId,
        version: Version,
        fault: FaultCode,
        reference: &str,
    ) -> Result<bool, StoreError> {
        let recorded = sqlx::query(concat!(
            "UPDATE grants SET fault = ?3, fault_reference = ?4, faulted_at = ",
            now!(),
            ", lease_owner = NULL, lease_until = NULL WHERE id = ?1 AND version = ?2"
        ))
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(fault.as_str())
        .bind(reference)
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(recorded.rows_affected() == 1)
    }

    async fn release(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE grants SET lease_owner = NULL, lease_until = NULL \
             WHERE id = ?1 AND version = ?2 AND lease_owner = ?3",
        )
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(owner.as_str())
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(())
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
