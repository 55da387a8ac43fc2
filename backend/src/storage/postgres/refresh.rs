use async_trait::async_trait;

use super::{
    PostgresStore, milliseconds, now,
    read::{column, with_clock},
};
use crate::{
    domain::{GrantId, GrantTokens, Lease, LeaseOwner, Postponed, RefreshTurn, Sealed, Version},
    storage::{
        NewFault, RefreshStore, StoreError,
        row::{count, list_text, turn},
    },
    timing::{LATE_SENDER, LEASE, LEASE_GRACE, REJECTED_AGAIN, REJECTED_PAUSES},
};

/// What the issuer of a grant `g` says of `issuer_rests`.
macro_rules! of_issuer {
    ($what:literal) => {
        concat!("(SELECT ", $what, " FROM aiq_connect.issuer_rests r WHERE r.issuer = g.issuer)")
    };
}

#[async_trait]
impl RefreshStore for PostgresStore {
    async fn lease(
        &self,
        id: GrantId,
        version: Version,
        owner: &LeaseOwner,
        forced: bool,
    ) -> Result<Option<Lease>, StoreError> {
        // By the clock of the very moment at which the row is changed: whoever waited for it began earlier.
        const LEASE_IT: &str = concat!(
            "UPDATE aiq_connect.grants g SET lease_owner = $3, lease_until = ",
            now!(),
            " + $4, forced_at = CASE WHEN $6 THEN ",
            now!(),
            " ELSE forced_at END WHERE id = $1 AND version = $2 AND quarantined_at IS NULL AND (lease_until IS NULL OR lease_until + $5 < ",
            now!(),
            ") AND (retry_at IS NULL OR retry_at <= ",
            now!(),
            ") AND fault IS DISTINCT FROM 'revoked' AND COALESCE(",
            of_issuer!("r.rest_until"),
            ", 0) <= ",
            now!(),
            " RETURNING in_doubt_since IS NOT NULL AS was_in_doubt, failures, COALESCE(",
            of_issuer!("r.failures"),
            ", 0) AS issuer_failures"
        );
        let query = sqlx::query(LEASE_IT).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        let query = query.bind(milliseconds(LEASE)).bind(milliseconds(LEASE_GRACE)).bind(forced);
        let Some(row) = self.changed_row(query).await? else { return Ok(None) };
        Ok(Some(Lease {
            was_in_doubt: column(&row, "was_in_doubt")?,
            failures: count("grants.failures", column(&row, "failures")?)?,
            issuer_failures: count("issuer_rests.failures", column(&row, "issuer_failures")?)?,
        }))
    }

    async fn refresh_turn(&self, id: GrantId, version: Version) -> Result<RefreshTurn, StoreError> {
        const TURN: &str = concat!(
            with_clock!(),
            "SELECT fault IS NOT DISTINCT FROM 'revoked' OR quarantined_at IS NOT NULL OR COALESCE(retry_at > clock.now, false) AS is_over, \
             lease_until + $3 - clock.now AS taken_for, ",
            of_issuer!("r.rest_until"),
            " - clock.now AS rests_for FROM clock, aiq_connect.grants g WHERE id = $1 AND version = $2"
        );
        let query = sqlx::query(TURN).bind(id.0.to_string()).bind(version.0).bind(milliseconds(LEASE_GRACE));
        let Some(row) = self.row(query).await? else { return Ok(RefreshTurn::Over) };
        if column(&row, "is_over")? {
            return Ok(RefreshTurn::Over);
        }
        Ok(turn(column(&row, "taken_for")?, column(&row, "rests_for")?))
    }

    async fn mark_in_doubt(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError> {
        // An older doubt stays: what was sent first is what may have been lost.
        const MARK: &str = concat!(
            "UPDATE aiq_connect.grants SET in_doubt_since = COALESCE(in_doubt_since, ",
            now!(),
            ") WHERE id = $1 AND version = $2 AND lease_owner = $3 AND quarantined_at IS NULL AND lease_until > ",
            now!(),
            " + $4"
        );
        let mark = sqlx::query(MARK).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        Ok(self.change(mark.bind(milliseconds(LEASE - LATE_SENDER))).await? == 1)
    }

    async fn rotate(&self, id: GrantId, version: Version, tokens: &GrantTokens) -> Result<(), StoreError> {
        // A rest that was wished for meanwhile stays.
        const ROTATE: &str = concat!(
            with_clock!(),
            ", rotated AS (UPDATE aiq_connect.grants SET version = version + 1, access_token = $3, refresh_token = $4, \
             scopes = $5, issued_at = clock.now, expires_at = clock.now + $6, fault = NULL, fault_reference = NULL, \
             fault_detail = NULL, faulted_at = NULL, retry_at = NULL, failures = 0, lease_owner = NULL, \
             lease_until = NULL, in_doubt_since = NULL FROM clock WHERE id = $1 AND version = $2 RETURNING issuer), \
             well AS (DELETE FROM aiq_connect.issuer_rests r USING rotated, clock \
             WHERE r.issuer = rotated.issuer AND COALESCE(r.rest_until, 0) <= clock.now) SELECT issuer FROM rotated"
        );
        let rotate = sqlx::query(ROTATE)
            .bind(id.0.to_string())
            .bind(version.0)
            .bind(&tokens.access_token.0)
            .bind(tokens.refresh_token.as_ref().map(|Sealed(bytes)| bytes))
            .bind(list_text(&tokens.scopes))
            .bind(tokens.expires_in.map(milliseconds));
        self.changed_row(rotate).await?.map(drop).ok_or(StoreError::Conflict)
    }

    async fn record_fault(&self, id: GrantId, version: Version, fault: &NewFault<'_>) -> Result<bool, StoreError> {
        const RECORD: &str = concat!(
            "UPDATE aiq_connect.grants SET fault = $3, fault_reference = $4, fault_detail = $5, faulted_at = ",
            now!(),
            ", lease_owner = NULL, lease_until = NULL WHERE id = $1 AND version = $2"
        );
        let record = sqlx::query(RECORD).bind(id.0.to_string()).bind(version.0).bind(fault.code.as_str());
        Ok(self.change(record.bind(fault.reference).bind(fault.detail)).await? == 1)
    }

    async fn postpone(
        &self,
        id: GrantId,
        version: Version,
        owner: &LeaseOwner,
        postponed: Postponed,
    ) -> Result<(), StoreError> {
        const POSTPONE: &str = concat!(
            with_clock!(),
            ", postponed AS (UPDATE aiq_connect.grants SET lease_owner = NULL, lease_until = NULL, \
             failures = failures + 1, retry_at = clock.now + $4, \
             in_doubt_since = CASE WHEN $5 THEN NULL ELSE in_doubt_since END \
             FROM clock WHERE id = $1 AND version = $2 AND (lease_owner IS NULL OR lease_owner = $3) RETURNING issuer) \
             INSERT INTO aiq_connect.issuer_rests AS r (issuer, failures, rest_until) \
             SELECT issuer, 1, clock.now + $6 FROM postponed, clock \
             ON CONFLICT (issuer) DO UPDATE SET failures = r.failures + 1, \
             rest_until = GREATEST(r.rest_until, excluded.rest_until)"
        );
        let postpone = sqlx::query(POSTPONE).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        let postpone = postpone.bind(milliseconds(postponed.pause)).bind(postponed.is_certain);
        self.change(postpone.bind(postponed.issuer_rest.map(milliseconds))).await.map(drop)
    }

    async fn release(&self, id: GrantId, version: Version, owner: &LeaseOwner) -> Result<(), StoreError> {
        const RELEASE: &str = "UPDATE aiq_connect.grants SET lease_owner = NULL, lease_until = NULL \
                               WHERE id = $1 AND version = $2 AND lease_owner = $3";
        let release = sqlx::query(RELEASE).bind(id.0.to_string()).bind(version.0).bind(owner.as_str());
        self.change(release).await.map(drop)
    }

    async fn record_rejection(&self, id: GrantId, version: Version, reference: &str) -> Result<bool, StoreError> {
        // Expressions of an UPDATE see the row as it was.
        const REJECT: &str = concat!(
            with_clock!(),
            "UPDATE aiq_connect.grants SET fault = 'rejected_by_server', fault_reference = $3, fault_detail = NULL, \
             faulted_at = clock.now, rejections = CASE WHEN rejected_until + $4 > clock.now THEN rejections + 1 ELSE 1 END, \
             rejected_until = clock.now + CASE CASE WHEN rejected_until + $4 > clock.now THEN rejections ELSE 0 END \
             WHEN 0 THEN $5 WHEN 1 THEN $6 WHEN 2 THEN $7 ELSE $8 END \
             FROM clock WHERE id = $1 AND version = $2 \
             AND (fault IS NULL OR fault = 'rejected_by_server' AND rejected_until <= clock.now)"
        );
        let query = sqlx::query(REJECT).bind(id.0.to_string()).bind(version.0).bind(reference);
        let query = query.bind(milliseconds(REJECTED_AGAIN));
        let query = REJECTED_PAUSES.into_iter().fold(query, |query, pause| query.bind(milliseconds(pause)));
        Ok(self.change(query).await? == 1)
    }

    async fn forget_rejection(&self, id: GrantId, version: Version) -> Result<(), StoreError> {
        const FORGET: &str = concat!(
            "UPDATE aiq_connect.grants SET fault = NULL, fault_reference = NULL, faulted_at = NULL \
             WHERE id = $1 AND version = $2 AND fault = 'rejected_by_server' AND rejected_until <= ",
            now!()
        );
        self.change(sqlx::query(FORGET).bind(id.0.to_string()).bind(version.0)).await.map(drop)
    }
}
