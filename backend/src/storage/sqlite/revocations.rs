use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::{Sqlite, Transaction};

use super::{SqliteStore, milliseconds, now, read::column, store_error};
use crate::{
    domain::{NewRevocation, Revocation, RevocationId, Sealed},
    storage::{RevocationStore, StoreError, row::impossible, row_keeping::RevocationRow},
    timing::{REVOCATION_CLAIM, REVOCATION_LIFETIME},
};

#[async_trait]
impl RevocationStore for SqliteStore {
    async fn queue_revocation(&self, new: &NewRevocation) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        queue(&mut work, new).await?;
        work.commit().await.map_err(store_error)
    }

    async fn take_revocation(&self) -> Result<Option<Revocation>, StoreError> {
        const TAKE: &str = concat!(
            "UPDATE revocations SET attempts = attempts + 1, next_attempt_at = ",
            now!(),
            " + ?1 WHERE id = (SELECT id FROM revocations WHERE next_attempt_at <= ",
            now!(),
            " ORDER BY next_attempt_at LIMIT 1) RETURNING id, principal, server, grant_id, issuer, client_id, \
             redirect_uri, refresh_token, access_token, attempts, gives_up_at <= ",
            now!(),
            " AS is_last"
        );
        let query = sqlx::query(TAKE).bind(milliseconds(REVOCATION_CLAIM));
        let Some(row) = query.fetch_optional(&self.writer).await.map_err(store_error)? else { return Ok(None) };
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
        sqlx::query(concat!(
            "UPDATE revocations SET next_attempt_at = ",
            now!(),
            " + ?3 WHERE id = ?1 AND attempts = ?2"
        ))
        .bind(id.0.to_string())
        .bind(attempt)
        .bind(milliseconds(pause))
        .execute(&self.writer)
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn end_revocation(&self, id: RevocationId) -> Result<bool, StoreError> {
        let query = sqlx::query("DELETE FROM revocations WHERE id = ?1").bind(id.0.to_string());
        Ok(query.execute(&self.writer).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn count_revocations(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM revocations")
            .fetch_one(&self.readers)
            .await
            .map_err(store_error)?;
        u64::try_from(count).map_err(|_| impossible("count of revocations", count.to_string()))
    }
}

/// Queues tokens within the caller's transaction. With a pause the caller makes the first attempt.
pub(super) async fn queue(work: &mut Transaction<'static, Sqlite>, new: &NewRevocation) -> Result<(), StoreError> {
    const QUEUE: &str = concat!(
        "INSERT INTO revocations (id, principal, server, grant_id, issuer, client_id, redirect_uri, refresh_token, \
         access_token, attempts, queued_at, next_attempt_at, gives_up_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?12, ",
        now!(),
        ", ",
        now!(),
        " + ?10, ",
        now!(),
        " + ?11)"
    );
    sqlx::query(QUEUE)
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
        .bind(i64::from(new.pause > TimeDelta::zero()))
        .execute(&mut **work)
        .await
        .map_err(store_error)?;
    Ok(())
}
