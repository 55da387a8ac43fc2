//! Removes what nobody needs any more, in small batches, by whichever process comes first.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use tokio::time::Instant;

use super::jittered;
use crate::{
    audit::Audit,
    clock::Chance,
    config::Retention,
    domain::{AuditEvent, AuditKind},
    storage::{Old, Store, StoreError},
    timing,
};

/// How many rows go at once: few, so that nobody waits for the write lock.
const BATCH: u32 = 500;

/// Since when sweeps have failed, for `/health`.
#[derive(Clone, Debug, Default)]
pub struct SweepHealth(Arc<Mutex<Option<Instant>>>);

impl SweepHealth {
    /// How long sweeps have failed, if the last one did.
    pub fn failing_for(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }

    /// Whether this is news.
    fn note(&self, well: bool) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = well == since.is_some();
        *since = if well { None } else { Some(since.unwrap_or_else(Instant::now)) };
        is_news
    }
}

/// What removes old rows.
pub struct Sweeper {
    store: Arc<dyn Store>,
    audit: Audit,
    retention: Retention,
    health: SweepHealth,
}

impl Sweeper {
    /// Removes what is older than `retention` says.
    pub fn new(store: Arc<dyn Store>, audit: Audit, retention: Retention, health: SweepHealth) -> Self {
        Self { store, audit, retention, health }
    }

    /// Sweeps at intervals. Never ends by itself.
    pub async fn run(self, chance: Chance) {
        loop {
            let done = self.sweep().await;
            let is_news = self.health.note(done.is_ok());
            if let (Err(error), true) = (&done, is_news) {
                tracing::warn!(%error, "old rows cannot be removed at the moment");
            }
            let pause = if done.is_ok() { timing::RETENTION_SWEEP } else { timing::RETENTION_RETRY };
            tokio::time::sleep(jittered(pause, &chance)).await;
        }
    }

    /// One sweep of everything.
    ///
    /// # Errors
    ///
    /// The database does not answer; the next sweep goes on where this one ended.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let mut swept = [0_u64; Old::ALL.len()];
        for (what, count) in Old::ALL.into_iter().zip(&mut swept) {
            let keep = match what {
                Old::Flows => self.retention.flows,
                Old::Jobs => self.retention.jobs,
                // Worth nothing once they are over.
                Old::SignIns | Old::Sessions => TimeDelta::zero(),
                Old::EndedGrants => timing::KEEP_ENDED_GRANTS,
                Old::Registering => timing::KEEP_REGISTERING,
            };
            *count = self.until_empty(Some((what, keep))).await?;
        }
        let audit = self.sweep_audit().await?;
        let [flows, sign_ins, sessions, jobs, ended_grants, registering] = swept;
        if swept.iter().sum::<u64>() + audit > 0 {
            tracing::info!(flows, sign_ins, sessions, jobs, ended_grants, registering, audit, "old rows were removed");
        }
        Ok(())
    }

    /// The record that says so comes first: without it the table lets nothing go, and nobody could tell a sweep from
    /// a theft.
    async fn sweep_audit(&self) -> Result<u64, StoreError> {
        let state = self.store.audit_state().await?;
        let before = state.now - self.retention.audit;
        if state.oldest.is_some_and(|oldest| oldest < before) {
            self.audit.record(AuditEvent { swept_before: Some(before), ..AuditEvent::new(AuditKind::Swept) });
            self.audit.flush().await;
        }
        self.until_empty(None).await
    }

    /// Of one table, or of the audit trail.
    async fn until_empty(&self, table: Option<(Old, TimeDelta)>) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let count = match table {
                Some((what, keep)) => self.store.sweep(what, keep, BATCH).await?,
                None => self.store.sweep_audit(BATCH).await?,
            };
            all += count;
            if count < u64::from(BATCH) {
                return Ok(all);
            }
            tokio::time::sleep(timing::RETENTION_BREATH).await;
        }
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
