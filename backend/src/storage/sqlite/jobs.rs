use async_trait::async_trait;

use super::{
    SqliteStore, milliseconds, now,
    read::{column, grant, grant_columns, job, job_columns, with_clock},
    store_error,
    wait_steps::{is_missed, read_clock},
};
use crate::{
    domain::{GrantKey, JobId, JobOrigin, JobReference, NewJobReference, ServerId},
    storage::{
        JobAndGrant, JobMac, JobStore, StoreError,
        row::{impossible, job_times, list_text, time},
    },
};

#[async_trait]
impl JobStore for SqliteStore {
    async fn insert_job(&self, job: &NewJobReference, mac: &JobMac) -> Result<(), StoreError> {
        // The lifetime is kept as it was given beside the end, which is what counts.
        let servers: Vec<_> = job.servers.iter().map(ServerId::as_str).collect();
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let times = job_times(now, milliseconds(job.lifetime))?;
        sqlx::query(
            "INSERT INTO jobs (id, principal, servers, lifetime_ms, mac, origin, created_at, ends_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(job.id.as_str())
        .bind(job.principal.as_str())
        .bind(list_text(&servers))
        .bind(job.lifetime.num_milliseconds())
        .bind(mac(job, times))
        .bind(match job.origin {
            JobOrigin::Gate => "gate",
            JobOrigin::Worker => "worker",
        })
        .bind(times.created_at.timestamp_millis())
        .bind(times.ends_at.timestamp_millis())
        .execute(&mut *work)
        .await
        .map_err(store_error)?;
        work.commit().await.map_err(store_error)
    }

    async fn find_job(&self, id: &JobId) -> Result<Option<JobReference>, StoreError> {
        const FIND: &str = concat!(
            with_clock!(),
            "SELECT ",
            job_columns!(),
            " FROM clock, jobs j JOIN principals p ON p.id = j.principal WHERE j.id = ?1"
        );
        let row = sqlx::query(FIND).bind(id.as_str()).fetch_optional(&self.readers).await.map_err(store_error)?;
        row.as_ref().map(job).transpose()
    }

    async fn find_job_and_grant(&self, id: &JobId, server: &ServerId) -> Result<Option<JobAndGrant>, StoreError> {
        const FIND: &str = concat!(
            with_clock!(),
            "SELECT clock.now AS now, ",
            job_columns!(),
            ", ",
            grant_columns!(),
            ", EXISTS (SELECT 1 FROM job_waits w WHERE w.job = j.id AND w.server = ?2 AND ",
            is_missed!("g.issued_at"),
            ") AS is_missed FROM clock, jobs j JOIN principals p ON p.id = j.principal \
             LEFT JOIN grants g ON g.principal = j.principal AND g.server = ?2 AND g.quarantined_at IS NULL \
             WHERE j.id = ?1"
        );
        let query = sqlx::query(FIND).bind(id.as_str()).bind(server.as_str());
        let Some(row) = query.fetch_optional(&self.readers).await.map_err(store_error)? else { return Ok(None) };
        let has_grant = column::<Option<String>>(&row, "grant_id")?.is_some();
        Ok(Some(JobAndGrant {
            now: time("clock", column(&row, "now")?)?,
            job: job(&row)?,
            grant: has_grant.then(|| grant(&row)).transpose()?,
            is_missed: column(&row, "is_missed")?,
        }))
    }

    async fn end_job(&self, id: &JobId) -> Result<bool, StoreError> {
        let ended = sqlx::query(concat!("UPDATE jobs SET ended_at = ", now!(), " WHERE id = ?1 AND ended_at IS NULL"))
            .bind(id.as_str())
            .execute(&self.writer)
            .await
            .map_err(store_error)?;
        Ok(ended.rows_affected() == 1)
    }

    async fn count_living_jobs(&self, key: &GrantKey) -> Result<u32, StoreError> {
        let count: i64 = sqlx::query_scalar(concat!(
            "SELECT COUNT(*) FROM jobs j WHERE j.principal = ?1 AND j.ended_at IS NULL AND j.ends_at > ",
            now!(),
            " AND EXISTS (SELECT 1 FROM json_each(j.servers) WHERE value = ?2)"
        ))
        .bind(key.principal.as_str())
        .bind(key.server.as_str())
        .fetch_one(&self.readers)
        .await
        .map_err(store_error)?;
        u32::try_from(count).map_err(|_| impossible("count of jobs", count.to_string()))
    }
}
