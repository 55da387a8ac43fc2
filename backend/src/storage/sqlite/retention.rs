use async_trait::async_trait;
use chrono::TimeDelta;

use super::{SqliteStore, milliseconds, now, store_error};
use crate::storage::{Old, RetentionStore, StoreError};

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn sweep(&self, what: Old, keep: TimeDelta, limit: u32) -> Result<u64, StoreError> {
        let table = match what {
            Old::Flows => concat!(
                "DELETE FROM flows WHERE rowid IN (SELECT rowid FROM flows WHERE expires_at <= ",
                now!(),
                " - ?1 ORDER BY expires_at LIMIT ?2)"
            ),
            Old::SignIns => concat!(
                "DELETE FROM sign_ins WHERE rowid IN (SELECT rowid FROM sign_ins WHERE expires_at <= ",
                now!(),
                " - ?1 ORDER BY expires_at LIMIT ?2)"
            ),
            Old::Sessions => concat!(
                "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at <= ",
                now!(),
                " - ?1 ORDER BY expires_at LIMIT ?2)"
            ),
            Old::EndedGrants => concat!(
                "DELETE FROM ended_grants WHERE id IN (SELECT id FROM ended_grants WHERE ended_at <= ",
                now!(),
                " - ?1 ORDER BY ended_at LIMIT ?2)"
            ),
            Old::Registering => concat!(
                "DELETE FROM registering WHERE (issuer, redirect_uri) IN (SELECT issuer, redirect_uri FROM registering \
                 WHERE lease_until <= ",
                now!(),
                " - ?1 ORDER BY lease_until LIMIT ?2)"
            ),
            Old::Jobs => return self.sweep_jobs(keep, limit).await,
        };
        let query = sqlx::query(table).bind(milliseconds(keep)).bind(limit);
        Ok(query.execute(&self.writer).await.map_err(store_error)?.rows_affected())
    }
}

impl SqliteStore {
    /// By the end of their time and not by when they ended: what their streams told stays as long for all.
    async fn sweep_jobs(&self, keep: TimeDelta, limit: u32) -> Result<u64, StoreError> {
        const OLD: &str = concat!("SELECT id FROM jobs WHERE ends_at <= ", now!(), " - ?1 ORDER BY ends_at LIMIT ?2");
        // Children first: waits point at events, and both at jobs.
        const REMOVE: [&str; 3] = [
            "DELETE FROM job_waits WHERE job IN (SELECT value FROM json_each(?1))",
            "DELETE FROM job_events WHERE job IN (SELECT value FROM json_each(?1))",
            "DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?1))",
        ];
        let mut work = self.begin().await?;
        let old: Vec<String> = sqlx::query_scalar(OLD)
            .bind(milliseconds(keep))
            .bind(limit)
            .fetch_all(&mut *work)
            .await
            .map_err(store_error)?;
        let (count, ids) = (old.len() as u64, crate::storage::row::list_text(&old));
        for statement in REMOVE {
            sqlx::query(statement).bind(&ids).execute(&mut *work).await.map_err(store_error)?;
        }
        work.commit().await.map_err(store_error)?;
        Ok(count)
    }
}
