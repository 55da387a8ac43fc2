use aiq_connect_shared::SkipReason;
use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore, milliseconds, now,
    read::column,
    store_error,
    wait_steps::{
        end_overdue, ended, is_missed, is_open, is_overdue, keep_end, keep_open, last_moment, others_waiting,
        read_clock, standing, tell,
    },
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
impl WaitStore for SqliteStore {
    async fn find_wait(
        &self,
        job: &JobId,
        server: &ServerId,
        reason: &str,
    ) -> Result<Option<WaitStanding>, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(store_error)?;
        standing(&mut reader, job, server, reason).await
    }

    async fn open_wait(&self, wait: &NewWait, rules: WaitRules) -> Result<WaitAnswer, StoreError> {
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let ended = end_overdue(&mut work, now).await?;
        if let Some(standing) = standing(&mut work, &wait.job, &wait.server, &wait.reason).await? {
            work.commit().await.map_err(store_error)?;
            let is_news = ended.iter().any(|ended| ended.job == wait.job && ended.server == wait.server);
            return Ok(WaitAnswer { standing, is_news });
        }
        let Some(last) = last_moment(&mut work, &wait.job, now).await? else {
            return Ok(WaitAnswer { standing: WaitStanding::Over(SkipReason::DeadlinePassed), is_news: false });
        };
        let until = last.min(now + milliseconds(rules.length));
        let refusal = if !wait.is_recoverable {
            Some(SkipReason::NotRecoverable)
        } else if until <= now {
            Some(SkipReason::DeadlinePassed)
        } else if others_waiting(&mut work, &wait.job, now).await? >= i64::from(rules.most) {
            Some(SkipReason::TooManyWaiting)
        } else {
            None
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
        work.commit().await.map_err(store_error)?;
        Ok(WaitAnswer { standing, is_news: true })
    }

    async fn skip_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let skipped = sqlx::query(concat!(
            "UPDATE job_waits SET state = 'skipped', ended_at = ?3 WHERE job = ?1 AND server = ?2 AND ",
            is_open!("?3")
        ));
        let skipped = skipped.bind(job.as_str()).bind(server.as_str()).bind(now).execute(&mut *work).await;
        let did = skipped.map_err(store_error)?.rows_affected() > 0;
        if did {
            let reason = Some(SkipReason::Skipped.as_str());
            tell(&mut work, (job.as_str(), server.as_str()), "skipped", reason, None, now).await?;
        }
        work.commit().await.map_err(store_error)?;
        Ok(did)
    }

    async fn extend_wait(
        &self,
        job: &JobId,
        server: &ServerId,
        length: TimeDelta,
    ) -> Result<Option<WaitStanding>, StoreError> {
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let Some(last) = last_moment(&mut work, job, now).await? else { return Ok(None) };
        let extended = sqlx::query(concat!(
            "UPDATE job_waits SET waits_until = MAX(waits_until, ?4) WHERE job = ?1 AND server = ?2 AND ",
            is_open!("?3"),
            " RETURNING event, waits_until"
        ));
        let extended = extended.bind(job.as_str()).bind(server.as_str()).bind(now);
        let extended = extended.bind(last.min(now + milliseconds(length)));
        let Some(row) = extended.fetch_optional(&mut *work).await.map_err(store_error)? else { return Ok(None) };
        let until: i64 = column(&row, "waits_until")?;
        // A page that opens the stream anew is told the end that holds by then.
        let told = sqlx::query("UPDATE job_events SET waits_until = ?2 WHERE id = ?1");
        let told = told.bind(column::<i64>(&row, "event")?).bind(until);
        told.execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(Some(WaitStanding::Waiting { until: time("job_waits.waits_until", until)?, can_extend: until < last }))
    }

    async fn restore_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError> {
        const RESTORE: &str = concat!(
            "UPDATE job_waits AS w SET state = 'restored', ended_at = ?3 WHERE job = ?1 AND server = ?2 AND ",
            is_missed!(
                "(SELECT g.issued_at FROM grants g JOIN jobs j ON j.principal = g.principal \
                         WHERE j.id = w.job AND g.server = w.server)"
            )
        );
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let restored = sqlx::query(RESTORE).bind(job.as_str()).bind(server.as_str()).bind(now);
        let did = restored.execute(&mut *work).await.map_err(store_error)?.rows_affected() > 0;
        if did {
            tell(&mut work, (job.as_str(), server.as_str()), "restored", None, None, now).await?;
        }
        work.commit().await.map_err(store_error)?;
        Ok(did)
    }

    async fn restore_waits(&self, key: &GrantKey) -> Result<Vec<EndedWait>, StoreError> {
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let restored = sqlx::query(concat!(
            "UPDATE job_waits SET state = 'restored', ended_at = ?3 WHERE server = ?2 AND ",
            is_open!("?3"),
            " AND job IN (SELECT id FROM jobs WHERE principal = ?1) RETURNING job, server"
        ));
        let restored = restored.bind(key.principal.as_str()).bind(key.server.as_str()).bind(now);
        let restored = ended(&restored.fetch_all(&mut *work).await.map_err(store_error)?)?;
        for wait in &restored {
            tell(&mut work, (wait.job.as_str(), wait.server.as_str()), "restored", None, None, now).await?;
        }
        work.commit().await.map_err(store_error)?;
        Ok(restored)
    }

    async fn end_overdue_waits(&self) -> Result<Vec<EndedWait>, StoreError> {
        const ANY: &str = concat!("SELECT EXISTS (SELECT 1 FROM job_waits WHERE ", is_overdue!(now!()), ")");
        // Most of the time there is none, and reading keeps nobody from writing.
        if !sqlx::query_scalar::<_, bool>(ANY).fetch_one(&self.readers).await.map_err(store_error)? {
            return Ok(Vec::new());
        }
        let mut work = self.begin().await?;
        let now = read_clock(&mut work).await?;
        let ended = end_overdue(&mut work, now).await?;
        work.commit().await.map_err(store_error)?;
        Ok(ended)
    }

    async fn told_after(&self, job: &JobId, after: i64) -> Result<Vec<ToldEvent>, StoreError> {
        let query = sqlx::query(
            "SELECT e.id, e.server, e.kind, e.reason, e.waits_until, e.waits_until < j.ends_at - ?3 AS can_extend \
             FROM job_events e JOIN jobs j ON j.id = e.job WHERE e.job = ?1 AND e.id > ?2 ORDER BY e.id",
        );
        let query = query.bind(job.as_str()).bind(after).bind(milliseconds(WAIT_MARGIN));
        query.fetch_all(&self.readers).await.map_err(store_error)?.iter().map(told).collect()
    }
}

fn told(row: &SqliteRow) -> Result<ToldEvent, StoreError> {
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
