use aiq_connect_shared::SkipReason;
use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, milliseconds, now,
    read::column,
    wait_steps::{
        end_overdue, ended, is_missed, is_open, is_overdue, keep_end, keep_open, last_moment, lock_job, lock_jobs,
        lock_places, others_waiting, read_clock, standing, standing_from, tell,
    },
    work::retried,
};
use crate::{
    domain::{EndedWait, GrantKey, JobId, NewWait, ServerId, Told, ToldEvent, WaitAnswer, WaitRules, WaitStanding},
    storage::{
        StoreError, WaitStore,
        row::{impossible, skip_from, time},
    },
    timing::WAIT_MARGIN,
};

#[async_trait]
impl WaitStore for PostgresStore {
    async fn find_wait(
        &self,
        job: &JobId,
        server: &ServerId,
        reason: &str,
    ) -> Result<Option<WaitStanding>, StoreError> {
        standing_from(self.row(standing(job, server, reason, None)).await?.as_ref())
    }

    async fn open_wait(&self, wait: &NewWait, rules: WaitRules) -> Result<WaitAnswer, StoreError> {
        retried(|| self.try_open_wait(wait, rules)).await
    }

    async fn skip_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError> {
        retried(|| self.try_skip_wait(job, server)).await
    }

    async fn extend_wait(
        &self,
        job: &JobId,
        server: &ServerId,
        length: TimeDelta,
    ) -> Result<Option<WaitStanding>, StoreError> {
        retried(|| self.try_extend_wait(job, server, length)).await
    }

    async fn restore_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError> {
        retried(|| self.try_restore_wait(job, server)).await
    }

    async fn restore_waits(&self, key: &GrantKey) -> Result<Vec<EndedWait>, StoreError> {
        retried(|| self.try_restore_waits(key)).await
    }

    async fn end_overdue_waits(&self) -> Result<Vec<EndedWait>, StoreError> {
        const ANY: &str = concat!(
            "SELECT 1 FROM aiq_connect.job_waits w WHERE ",
            is_overdue!(concat!("(SELECT ", now!(), ")")),
            " LIMIT 1"
        );
        // Most of the time there is none, and reading takes no lock.
        if self.row(sqlx::query(ANY)).await?.is_none() {
            return Ok(Vec::new());
        }
        retried(|| self.try_end_overdue_waits()).await
    }

    async fn told_after(&self, job: &JobId, after: i64) -> Result<Vec<ToldEvent>, StoreError> {
        const TOLD: &str = "SELECT e.id, e.server, e.kind, e.reason, e.waits_until, \
                            e.waits_until < j.ends_at - $3 AS can_extend \
                            FROM aiq_connect.job_events e JOIN aiq_connect.jobs j ON j.id = e.job \
                            WHERE e.job = $1 AND e.id > $2 ORDER BY e.id";
        let query = sqlx::query(TOLD).bind(job.as_str()).bind(after).bind(milliseconds(WAIT_MARGIN));
        self.rows(query).await?.iter().map(told).collect()
    }
}

impl PostgresStore {
    async fn try_open_wait(&self, wait: &NewWait, rules: WaitRules) -> Result<WaitAnswer, StoreError> {
        let mut work = self.begin().await?;
        lock_job(&mut work, &wait.job).await?;
        let now = read_clock(&mut work).await?;
        // Overdue waits of other jobs take no place, and to end them would need their locks.
        let ended = end_overdue(&mut work, &[wait.job.as_str()], now).await?;
        let stored = work.row(standing(&wait.job, &wait.server, &wait.reason, Some(now))).await?;
        if let Some(standing) = standing_from(stored.as_ref())? {
            work.keep().await?;
            return Ok(WaitAnswer { standing, is_news: ended.iter().any(|ended| ended.server == wait.server) });
        }
        let Some(last) = last_moment(&mut work, &wait.job, now).await? else {
            work.undo().await?;
            return Ok(WaitAnswer { standing: WaitStanding::Over(SkipReason::DeadlinePassed), is_news: false });
        };
        let until = last.min(now + milliseconds(rules.length));
        let refusal = if !wait.is_recoverable {
            Some(SkipReason::NotRecoverable)
        } else if until <= now {
            Some(SkipReason::DeadlinePassed)
        } else {
            lock_places(&mut work).await?;
            let is_full = others_waiting(&mut work, &wait.job, now).await? >= i64::from(rules.most);
            is_full.then_some(SkipReason::TooManyWaiting)
        };
        let key = (wait.job.as_str(), wait.server.as_str());
        let standing = if let Some(reason) = refusal {
            keep_end(&mut work, key, &wait.reason, reason, now).await?;
            tell(&mut work, key, "skipped", Some(reason.as_str()), None, now).await?;
            WaitStanding::Over(reason)
        } else {
            let event = tell(&mut work, key, "required", Some(&wait.reason), Some(until), now).await?;
            keep_open(&mut work, key, &wait.reason, event, (now, until)).await?;
            WaitStanding::Waiting { until: time("job_waits.waits_until", until)?, can_extend: until < last }
        };
        work.keep().await?;
        Ok(WaitAnswer { standing, is_news: true })
    }

    async fn try_skip_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError> {
        const SKIP: &str = concat!(
            "UPDATE aiq_connect.job_waits w SET state = 'skipped', ended_at = $3 WHERE w.job = $1 AND w.server = $2 AND ",
            is_open!("$3")
        );
        let mut work = self.begin().await?;
        lock_job(&mut work, job).await?;
        let now = read_clock(&mut work).await?;
        let did = work.change(sqlx::query(SKIP).bind(job.as_str()).bind(server.as_str()).bind(now)).await? > 0;
        if did {
            let reason = Some(SkipReason::Skipped.as_str());
            tell(&mut work, (job.as_str(), server.as_str()), "skipped", reason, None, now).await?;
        }
        work.keep().await?;
        Ok(did)
    }

    async fn try_extend_wait(
        &self,
        job: &JobId,
        server: &ServerId,
        length: TimeDelta,
    ) -> Result<Option<WaitStanding>, StoreError> {
        const EXTEND: &str = concat!(
            "UPDATE aiq_connect.job_waits w SET waits_until = GREATEST(w.waits_until, $4) \
             WHERE w.job = $1 AND w.server = $2 AND ",
            is_open!("$3"),
            " RETURNING w.event, w.waits_until"
        );
        // A page that opens the stream anew is told the end that holds by then.
        const TOLD: &str = "UPDATE aiq_connect.job_events SET waits_until = $2 WHERE id = $1";
        let mut work = self.begin().await?;
        lock_job(&mut work, job).await?;
        let now = read_clock(&mut work).await?;
        let Some(last) = last_moment(&mut work, job, now).await? else {
            work.undo().await?;
            return Ok(None);
        };
        let extend = sqlx::query(EXTEND).bind(job.as_str()).bind(server.as_str()).bind(now);
        let Some(row) = work.row(extend.bind(last.min(now + milliseconds(length)))).await? else {
            work.undo().await?;
            return Ok(None);
        };
        let until: i64 = column(&row, "waits_until")?;
        work.change(sqlx::query(TOLD).bind(column::<i64>(&row, "event")?).bind(until)).await?;
        work.keep().await?;
        Ok(Some(WaitStanding::Waiting { until: time("job_waits.waits_until", until)?, can_extend: until < last }))
    }

    async fn try_restore_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError> {
        const RESTORE: &str = concat!(
            "UPDATE aiq_connect.job_waits w SET state = 'restored', ended_at = $3 WHERE w.job = $1 AND w.server = $2 AND ",
            is_missed!(
                "(SELECT g.issued_at FROM aiq_connect.grants g JOIN aiq_connect.jobs j ON j.principal = g.principal \
                         WHERE j.id = w.job AND g.server = w.server)"
            )
        );
        let mut work = self.begin().await?;
        lock_job(&mut work, job).await?;
        let now = read_clock(&mut work).await?;
        let did = work.change(sqlx::query(RESTORE).bind(job.as_str()).bind(server.as_str()).bind(now)).await? > 0;
        if did {
            tell(&mut work, (job.as_str(), server.as_str()), "restored", None, None, now).await?;
        }
        work.keep().await?;
        Ok(did)
    }

    async fn try_restore_waits(&self, key: &GrantKey) -> Result<Vec<EndedWait>, StoreError> {
        const LOCK: &str = "SELECT j.id FROM aiq_connect.jobs j WHERE j.principal = $1 AND EXISTS (SELECT 1 \
                            FROM aiq_connect.job_waits w WHERE w.job = j.id AND w.server = $2 AND w.state = 'waiting') \
                            ORDER BY j.id FOR NO KEY UPDATE";
        const RESTORE: &str = concat!(
            "WITH restored AS (UPDATE aiq_connect.job_waits w SET state = 'restored', ended_at = $3 \
             WHERE w.job = ANY($1) AND w.server = $2 AND ",
            is_open!("$3"),
            " RETURNING w.job, w.server) \
             INSERT INTO aiq_connect.job_events (job, server, kind, written_at) \
             SELECT job, server, 'restored', $3 FROM restored ORDER BY job RETURNING job, server"
        );
        let mut work = self.begin().await?;
        let lock = sqlx::query(LOCK).bind(key.principal.as_str()).bind(key.server.as_str());
        let jobs = lock_jobs(&mut work, lock).await?;
        let now = read_clock(&mut work).await?;
        let restore = sqlx::query(RESTORE).bind(&jobs).bind(key.server.as_str()).bind(now);
        let restored = ended(&work.rows(restore).await?)?;
        work.keep().await?;
        Ok(restored)
    }

    async fn try_end_overdue_waits(&self) -> Result<Vec<EndedWait>, StoreError> {
        // Several replicas look at the same time. Whoever holds a job's lock ends its waits, or the next look does.
        const LOCK: &str = concat!(
            "SELECT j.id FROM aiq_connect.jobs j WHERE EXISTS (SELECT 1 FROM aiq_connect.job_waits w \
             WHERE w.job = j.id AND ",
            is_overdue!(concat!("(SELECT ", now!(), ")")),
            ") ORDER BY j.id FOR NO KEY UPDATE SKIP LOCKED"
        );
        let mut work = self.begin().await?;
        let jobs = lock_jobs(&mut work, sqlx::query(LOCK)).await?;
        let jobs: Vec<_> = jobs.iter().map(String::as_str).collect();
        let now = read_clock(&mut work).await?;
        let ended = end_overdue(&mut work, &jobs, now).await?;
        work.keep().await?;
        Ok(ended)
    }
}

fn told(row: &PgRow) -> Result<ToldEvent, StoreError> {
    let (kind, reason): (String, Option<String>) = (column(row, "kind")?, column(row, "reason")?);
    let told = match (kind.as_str(), reason) {
        ("required", Some(reason)) => Told::Required {
            reason,
            until: time("job_events.waits_until", column(row, "waits_until")?)?,
            can_extend: column(row, "can_extend")?,
        },
        ("restored", None) => Told::Restored,
        ("skipped", Some(reason)) => Told::Skipped(skip_from("job_events.reason", &reason)?),
        _ => return Err(impossible("job_events row", format!("`{kind}`"))),
    };
    Ok(ToldEvent { id: column(row, "id")?, server: ServerId(column(row, "server")?), told })
}
