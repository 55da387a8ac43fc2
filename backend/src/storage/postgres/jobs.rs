use async_trait::async_trait;

use super::{
    PostgresStore, milliseconds, now,
    read::{column, grant, grant_columns, job, job_columns, with_clock},
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
impl JobStore for PostgresStore {
    async fn insert_job(&self, job: &NewJobReference, mac: &JobMac) -> Result<(), StoreError> {
        // The lifetime is kept as it was given beside the end, which is what counts.
        const INSERT: &str = "INSERT INTO aiq_connect.jobs \
                              (id, principal, servers, lifetime_ms, mac, origin, created_at, ends_at) \
                              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let servers: Vec<_> = job.servers.iter().map(ServerId::as_str).collect();
        let mut work = self.begin().await?;
        let times = job_times(read_clock(&mut work).await?, milliseconds(job.lifetime))?;
        let insert = sqlx::query(INSERT)
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
            .bind(times.ends_at.timestamp_millis());
        work.change(insert).await?;
        work.keep().await
    }

    async fn find_job(&self, id: &JobId) -> Result<Option<JobReference>, StoreError> {
        const FIND: &str = concat!(
            with_clock!(),
            "SELECT ",
            job_columns!(),
            " FROM clock, aiq_connect.jobs j JOIN aiq_connect.principals p ON p.id = j.principal WHERE j.id = $1"
        );
        self.row(sqlx::query(FIND).bind(id.as_str())).await?.as_ref().map(job).transpose()
    }

    async fn find_job_and_grant(&self, id: &JobId, server: &ServerId) -> Result<Option<JobAndGrant>, StoreError> {
        let find = sqlx::query(JOB_AND_GRANT).bind(id.as_str()).bind(server.as_str());
        let Some(row) = self.row(find).await? else { return Ok(None) };
        let has_grant = column::<Option<String>>(&row, "grant_id")?.is_some();
        Ok(Some(JobAndGrant {
            now: time("clock", column(&row, "now")?)?,
            job: job(&row)?,
            grant: has_grant.then(|| grant(&row)).transpose()?,
            is_missed: column(&row, "is_missed")?,
        }))
    }

    async fn end_job(&self, id: &JobId) -> Result<bool, StoreError> {
        const END: &str =
            concat!("UPDATE aiq_connect.jobs SET ended_at = ", now!(), " WHERE id = $1 AND ended_at IS NULL");
        Ok(self.change(sqlx::query(END).bind(id.as_str())).await? == 1)
    }

    async fn count_living_jobs(&self, key: &GrantKey) -> Result<u32, StoreError> {
        const COUNT: &str = concat!(
            "SELECT COUNT(*) AS jobs FROM aiq_connect.jobs j WHERE j.principal = $1 AND j.ended_at IS NULL \
             AND j.ends_at > (SELECT ",
            now!(),
            ") AND j.servers::jsonb ? $2"
        );
        let count = sqlx::query(COUNT).bind(key.principal.as_str()).bind(key.server.as_str());
        let count = self.row(count).await?.map_or(Ok(0), |row| column::<i64>(&row, "jobs"))?;
        u32::try_from(count).map_err(|_| impossible("count of jobs", count.to_string()))
    }
}

/// What a worker's question needs, in one statement.
pub(super) const JOB_AND_GRANT: &str = concat!(
    with_clock!(),
    "SELECT clock.now AS now, ",
    job_columns!(),
    ", ",
    grant_columns!(),
    ", EXISTS (SELECT 1 FROM aiq_connect.job_waits w WHERE w.job = j.id AND w.server = $2 AND ",
    is_missed!("g.issued_at"),
    ") AS is_missed FROM clock, aiq_connect.jobs j JOIN aiq_connect.principals p ON p.id = j.principal \
     LEFT JOIN aiq_connect.grants g ON g.principal = j.principal AND g.server = $2 AND g.quarantined_at IS NULL \
     WHERE j.id = $1"
);
