use async_trait::async_trait;
use sqlx::{Row, sqlite::SqliteRow};

use super::{SqliteStore, milliseconds, now, read::column, store_error};
use crate::{
    domain::{GrantId, GrantTokens, Lease, LeaseOwner, Postponed, RefreshTurn, Sealed, Version},
    storage::{
        NewFault, RefreshStore, StoreError,
        row::{count, list_text, turn},
    },
    timing::{LATE_SENDER, LEASE, LEASE_GRACE, REJECTED_AGAIN, REJECTED_PAUSES},
};

/// What the issuer of a grant `grants` says of `issuer_rests`.
macro_rules! of_issuer {
    ($what:literal) => {
        concat!("(SELECT ", $what, " FROM issuer_rests r WHERE r.issuer = grants.issuer)")
    };
}

#[async_trait]
impl RefreshStore for SqliteStore {
    async fn lease(
        &self,
        id: GrantId,
        version: Version,
        owner: &LeaseOwner,
        forced: bool,
    ) -> Result<Option<Lease>, StoreError> {
        const LEASE_IT: &str = concat!(
            "UPDATE grants SET lease_owner = ?3, lease_until = ",
            now!(),
            " + ?4, forced_at = CASE WHEN ?6 THEN ",
            now!(),
            " ELSE forced_at END WHERE id = ?1 AND version = ?2 AND quarantined_at IS NULL AND (lease_until IS NULL OR lease_until + ?5 < ",
            now!(),
            ") AND (retry_at IS NULL OR retry_at <= ",
            now!(),
            ") AND fault IS NOT 'revoked' AND COALESCE(",
            of_issuer!("r.rest_until"),
            ", 0) <= ",
            now!(),
            " RETURNING in_doubt_since IS NOT NULL AS was_in_doubt, failures, COALESCE(",
            of_issuer!("r.failures"),
            ", 0) AS issuer_failures"
        );
        let query = sqlx::query(LEASE_IT).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        let query = query.bind(milliseconds(LEASE)).bind(milliseconds(LEASE_GRACE)).bind(forced);
        let leased = query.fetch_optional(&self.writer).await.map_err(store_error)?;
        let lease = |row: SqliteRow| {
            Ok(Lease {
                was_in_doubt: column(&row, "was_in_doubt")?,
                failures: count("grants.failures", column(&row, "failures")?)?,
                issuer_failures: count("issuer_rests.failures", column(&row, "issuer_failures")?)?,
            })
        };
        leased.map(lease).transpose()
    }

    async fn refresh_turn(&self, id: GrantId, version: Version) -> Result<RefreshTurn, StoreError> {
        const TURN: &str = concat!(
            "SELECT (fault IS 'revoked' OR quarantined_at IS NOT NULL OR retry_at > ",
            now!(),
            ") AS is_over, lease_until + ?3 - ",
            now!(),
            " AS taken_for, ",
            of_issuer!("r.rest_until"),
            " - ",
            now!(),
            " AS rests_for FROM grants WHERE id = ?1 AND version = ?2"
        );
        let query = sqlx::query(TURN).bind(id.0.to_string()).bind(version.0).bind(milliseconds(LEASE_GRACE));
        let row = query.fetch_optional(&self.readers).await.map_err(store_error)?;
        let Some(row) = row else { return Ok(RefreshTurn::Over) };
        if column::<Option<bool>>(&row, "is_over")? == Some(true) {
            return Ok(RefreshTurn::Over);
        }
        Ok(turn(row.try_get("taken_for").map_err(store_error)?, row.try_get("rests_for").map_err(store_error)?))
    }

    async fn mark_in_doubt(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError> {
        // An older doubt stays: what was sent first is what may have been lost.
        let marked = sqlx::query(concat!(
            "UPDATE grants SET in_doubt_since = COALESCE(in_doubt_since, ",
            now!(),
            ") WHERE id = ?1 AND version = ?2 AND lease_owner = ?3 AND quarantined_at IS NULL AND lease_until > ",
            now!(),
            " + ?4"
        ))
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(owner.as_str())
        .bind(milliseconds(LEASE - LATE_SENDER))
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(marked.rows_affected() == 1)
    }

    async fn rotate(&self, id: GrantId, version: Version, tokens: &GrantTokens) -> Result<(), StoreError> {
        const ROTATE: &str = concat!(
            "UPDATE grants SET version = version + 1, access_token = ?3, refresh_token = ?4, scopes = ?5, issued_at = ",
            now!(),
            ", expires_at = ",
            now!(),
            " + ?6, fault = NULL, fault_reference = NULL, fault_detail = NULL, faulted_at = NULL, retry_at = NULL, \
             failures = 0, lease_owner = NULL, lease_until = NULL, in_doubt_since = NULL \
             WHERE id = ?1 AND version = ?2 RETURNING issuer"
        );
        let mut work = self.begin().await?;
        let rotated = sqlx::query_scalar(ROTATE)
            .bind(id.0.to_string())
            .bind(version.0)
            .bind(&tokens.access_token.0)
            .bind(tokens.refresh_token.as_ref().map(|Sealed(bytes)| bytes))
            .bind(list_text(&tokens.scopes))
            .bind(tokens.expires_in.map(milliseconds))
            .fetch_optional(&mut *work)
            .await
            .map_err(store_error)?;
        let issuer: String = rotated.ok_or(StoreError::Conflict)?;
        // A rest that was wished for meanwhile stays.
        let well =
            sqlx::query(concat!("DELETE FROM issuer_rests WHERE issuer = ?1 AND COALESCE(rest_until, 0) <= ", now!()));
        let well = well.bind(issuer);
        well.execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)
    }

    async fn record_fault(&self, id: GrantId, version: Version, fault: &NewFault<'_>) -> Result<bool, StoreError> {
        let recorded = sqlx::query(concat!(
            "UPDATE grants SET fault = ?3, fault_reference = ?4, fault_detail = ?5, faulted_at = ",
            now!(),
            ", lease_owner = NULL, lease_until = NULL WHERE id = ?1 AND version = ?2"
        ))
        .bind(id.0.to_string())
        .bind(version.0)
        .bind(fault.code.as_str())
        .bind(fault.reference)
        .bind(fault.detail)
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(recorded.rows_affected() == 1)
    }

    async fn postpone(
        &self,
        id: GrantId,
        version: Version,
        owner: &LeaseOwner,
        postponed: Postponed,
    ) -> Result<(), StoreError> {
        const POSTPONE: &str = concat!(
            "UPDATE grants SET lease_owner = NULL, lease_until = NULL, failures = failures + 1, retry_at = ",
            now!(),
            " + ?4, in_doubt_since = CASE WHEN ?5 THEN NULL ELSE in_doubt_since END \
             WHERE id = ?1 AND version = ?2 AND (lease_owner IS NULL OR lease_owner = ?3) RETURNING issuer"
        );
        const REST: &str = concat!(
            "INSERT INTO issuer_rests (issuer, failures, rest_until) VALUES (?1, 1, ",
            now!(),
            " + ?2) ON CONFLICT (issuer) DO UPDATE SET failures = failures + 1, \
             rest_until = MAX(COALESCE(rest_until, 0), COALESCE(excluded.rest_until, 0))"
        );
        let mut work = self.begin().await?;
        let query = sqlx::query_scalar(POSTPONE).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        let query = query.bind(milliseconds(postponed.pause)).bind(postponed.is_certain);
        let issuer: Option<String> = query.fetch_optional(&mut *work).await.map_err(store_error)?;
        let Some(issuer) = issuer else { return Ok(()) };
        let rest = sqlx::query(REST).bind(issuer).bind(postponed.issuer_rest.map(milliseconds));
        rest.execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)
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

    async fn record_rejection(&self, id: GrantId, version: Version, reference: &str) -> Result<bool, StoreError> {
        // Expressions of an UPDATE see the row as it was.
        const REJECT: &str = concat!(
            "UPDATE grants SET fault = 'rejected_by_server', fault_reference = ?3, fault_detail = NULL, faulted_at = ",
            now!(),
            ", rejections = CASE WHEN rejected_until + ?4 > ",
            now!(),
            " THEN rejections + 1 ELSE 1 END, rejected_until = ",
            now!(),
            " + CASE CASE WHEN rejected_until + ?4 > ",
            now!(),
            " THEN rejections ELSE 0 END WHEN 0 THEN ?5 WHEN 1 THEN ?6 WHEN 2 THEN ?7 ELSE ?8 END \
             WHERE id = ?1 AND version = ?2 AND (fault IS NULL OR fault = 'rejected_by_server' AND rejected_until <= ",
            now!(),
            ")"
        );
        let query = sqlx::query(REJECT).bind(id.0.to_string()).bind(version.0).bind(reference);
        let query = query.bind(milliseconds(REJECTED_AGAIN));
        let query = REJECTED_PAUSES.into_iter().fold(query, |query, pause| query.bind(milliseconds(pause)));
        Ok(query.execute(&self.writer).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn forget_rejection(&self, id: GrantId, version: Version) -> Result<(), StoreError> {
        let forget = sqlx::query(concat!(
            "UPDATE grants SET fault = NULL, fault_reference = NULL, faulted_at = NULL \
             WHERE id = ?1 AND version = ?2 AND fault = 'rejected_by_server' AND rejected_until <= ",
            now!()
        ));
        let forget = forget.bind(id.0.to_string()).bind(version.0);
        forget.execute(&self.writer).await.map_err(store_error).map(drop)
    }
}
