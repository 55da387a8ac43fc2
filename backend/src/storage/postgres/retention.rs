use async_trait::async_trait;
use chrono::TimeDelta;

use super::{PostgresStore, milliseconds, now, read::column, work::retried};
use crate::storage::{Old, RetentionStore, StoreError};

#[async_trait]
impl RetentionStore for PostgresStore {
    async fn sweep(&self, what: Old, keep: TimeDelta, limit: u32) -> Result<u64, StoreError> {
        // Of several replicas each takes other rows.
        const FLOWS: &str = concat!(
            "DELETE FROM aiq_connect.flows WHERE id IN (SELECT id FROM aiq_connect.flows WHERE expires_at <= (SELECT ",
            now!(),
            ") - $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
        );
        const SIGN_INS: &str = concat!(
            "DELETE FROM aiq_connect.sign_ins WHERE state_hash IN (SELECT state_hash FROM aiq_connect.sign_ins \
             WHERE expires_at <= (SELECT ",
            now!(),
            ") - $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
        );
        const SESSIONS: &str = concat!(
            "DELETE FROM aiq_connect.sessions WHERE cookie_hash IN (SELECT cookie_hash FROM aiq_connect.sessions \
             WHERE expires_at <= (SELECT ",
            now!(),
            ") - $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
        );
        const ENDED_GRANTS: &str = concat!(
            "DELETE FROM aiq_connect.ended_grants WHERE id IN (SELECT id FROM aiq_connect.ended_grants \
             WHERE ended_at <= (SELECT ",
            now!(),
            ") - $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
        );
        const REGISTERING: &str = concat!(
            "DELETE FROM aiq_connect.registering WHERE (issuer, redirect_uri) IN (SELECT issuer, redirect_uri \
             FROM aiq_connect.registering WHERE lease_until <= (SELECT ",
            now!(),
            ") - $1 ORDER BY lease_until LIMIT $2 FOR UPDATE SKIP LOCKED)"
        );
        let statement = match what {
            Old::EndedGrants => ENDED_GRANTS,
            Old::Registering => REGISTERING,
            Old::Flows => FLOWS,
            Old::SignIns => SIGN_INS,
            Old::Sessions => SESSIONS,
            Old::Jobs => return retried(|| self.sweep_jobs(keep, limit)).await,
        };
        self.change(sqlx::query(statement).bind(milliseconds(keep)).bind(i64::from(limit))).await
    }
}

impl PostgresStore {
    /// By the end of their time and not by when they ended: what their streams told stays as long for all.
    async fn sweep_jobs(&self, keep: TimeDelta, limit: u32) -> Result<u64, StoreError> {
        const OLD: &str = concat!(
            "SELECT id FROM aiq_connect.jobs WHERE ends_at <= (SELECT ",
            now!(),
            ") - $1 ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED"
        );
        let mut work = self.begin().await?;
        let old = work.rows(sqlx::query(OLD).bind(milliseconds(keep)).bind(i64::from(limit))).await?;
        let old: Vec<String> = old.iter().map(|row| column(row, "id")).collect::<Result<_, _>>()?;
        for statement in REMOVE_JOBS {
            work.change(sqlx::query(statement).bind(&old)).await?;
        }
        work.keep().await?;
        Ok(old.len() as u64)
    }
}

/// Children first: waits point at events, and both at jobs.
pub(super) const REMOVE_JOBS: [&str; 3] = [
    "DELETE FROM aiq_connect.job_waits WHERE job = ANY($1)",
    "DELETE FROM aiq_connect.job_events WHERE job = ANY($1)",
    "DELETE FROM aiq_connect.jobs WHERE id = ANY($1)",
];
