use async_trait::async_trait;
use chrono::TimeDelta;

use super::{
    PostgresStore, milliseconds, now,
    read::{column, with_clock},
    work::Work,
};
use crate::{
    domain::{NewRevocation, Revocation, RevocationId, Sealed},
    storage::{RevocationStore, StoreError, row::impossible, row_keeping::RevocationRow},
    timing::{REVOCATION_CLAIM, REVOCATION_LIFETIME},
};

#[async_trait]
impl RevocationStore for PostgresStore {
    async fn queue_revocation(&self, new: &NewRevocation) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        queue(&mut work, new).await?;
        work.keep().await
    }

    async fn take_revocation(&self) -> Result<Option<Revocation>, StoreError> {
        // Whoever else looks at the same moment gets the next one.
        const TAKE: &str = concat!(
            with_clock!(),
            "UPDATE aiq_connect.revocations SET attempts = attempts + 1, next_attempt_at = clock.now + $1 FROM clock \
             WHERE id = (SELECT d.id FROM aiq_connect.revocations d, clock WHERE d.next_attempt_at <= clock.now \
             ORDER BY d.next_attempt_at LIMIT 1 FOR UPDATE OF d SKIP LOCKED) \
             RETURNING id, principal, server, grant_id, issuer, client_id, redirect_uri, refresh_token, access_token, \
             attempts, gives_up_at <= clock.now AS is_last"
        );
        let take = sqlx::query(TAKE).bind(milliseconds(REVOCATION_CLAIM));
        let Some(row) = self.changed_row(take).await? else { return Ok(None) };
        let taken = RevocationRow {
            id: column(&row, "id")?,
            principal: column(&row, "principal")?,
            server: column(&row, "server")?,
            grant: column(&row, "grant_id")?,
            issuer: column(&row, "issuer")?,
            client_id: column(&row, "client_id")?,
            redirect_uri: column(&row, "redirect_uri")?,
            refresh_token: column(&row, "refresh_token")?,
            access_token: column(&row, "access_token")?,
            attempt: column(&row, "attempts")?,
            is_last: column(&row, "is_last")?,
        };
        taken.try_into().map(Some)
    }

    async fn postpone_revocation(&self, id: RevocationId, attempt: i64, pause: TimeDelta) -> Result<(), StoreError> {
        const POSTPONE: &str = concat!(
            "UPDATE aiq_connect.revocations SET next_attempt_at = ",
            now!(),
            " + $3 WHERE id = $1 AND attempts = $2"
        );
        let postpone = sqlx::query(POSTPONE).bind(id.0.to_string()).bind(attempt).bind(milliseconds(pause));
        self.change(postpone).await.map(drop)
    }

    async fn end_revocation(&self, id: RevocationId) -> Result<bool, StoreError> {
        const END: &str = "DELETE FROM aiq_connect.revocations WHERE id = $1";
        Ok(self.change(sqlx::query(END).bind(id.0.to_string())).await? == 1)
    }

    async fn count_revocations(&self) -> Result<u64, StoreError> {
        let count = self.row(sqlx::query("SELECT COUNT(*) AS entries FROM aiq_connect.revocations")).await?;
        let count = count.map_or(Ok(0), |row| column::<i64>(&row, "entries"))?;
        u64::try_from(count).map_err(|_| impossible("count of revocations", count.to_string()))
    }
}

/// Queues tokens within the caller's transaction. With a pause the caller makes the first attempt.
pub(super) async fn queue(work: &mut Work, new: &NewRevocation) -> Result<(), StoreError> {
    const QUEUE: &str = concat!(
        with_clock!(),
        "INSERT INTO aiq_connect.revocations (id, principal, server, grant_id, issuer, client_id, redirect_uri, \
         refresh_token, access_token, attempts, queued_at, next_attempt_at, gives_up_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $12, now, now + $10, now + $11 FROM clock"
    );
    let queue = sqlx::query(QUEUE)
        .bind(new.id.0.to_string())
        .bind(new.key.principal.as_str())
        .bind(new.key.server.as_str())
        .bind(new.grant.0.to_string())
        .bind(&new.issuer)
        .bind(&new.client_id)
        .bind(&new.redirect_uri)
        .bind(new.refresh_token.as_ref().map(|Sealed(bytes)| bytes))
        .bind(new.access_token.as_ref().map(|Sealed(bytes)| bytes))
        .bind(milliseconds(new.pause))
        .bind(milliseconds(REVOCATION_LIFETIME))
        .bind(i64::from(new.pause > TimeDelta::zero()));
    work.change(queue).await.map(drop)
}
