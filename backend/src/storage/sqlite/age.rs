use async_trait::async_trait;
use chrono::TimeDelta;

use super::{
    SqliteStore,
    read::{job, job_columns, with_clock},
    store_error,
};
use crate::storage::{Ageing, JobMac, StoreError, row::as_new};

/// Every stored time. A test compares these with the schema.
const STATEMENTS: &[&str] = &[
    "UPDATE principals SET first_seen_at = first_seen_at - ?1",
    "UPDATE grants SET issued_at = issued_at - ?1, expires_at = expires_at - ?1, faulted_at = faulted_at - ?1, \
     lease_until = lease_until - ?1, in_doubt_since = in_doubt_since - ?1, connected_at = connected_at - ?1, \
     retry_at = retry_at - ?1, forced_at = forced_at - ?1, rejected_until = rejected_until - ?1, \
     quarantined_at = quarantined_at - ?1",
    "UPDATE issuer_rests SET rest_until = rest_until - ?1",
    "UPDATE flows SET announced_at = announced_at - ?1, expires_at = expires_at - ?1",
    "UPDATE registrations SET registered_at = registered_at - ?1",
    "UPDATE registering SET lease_until = lease_until - ?1",
    "UPDATE jobs SET created_at = created_at - ?1, ends_at = ends_at - ?1, ended_at = ended_at - ?1",
    "UPDATE job_waits SET opened_at = opened_at - ?1, waits_until = waits_until - ?1, ended_at = ended_at - ?1",
    "UPDATE job_events SET waits_until = waits_until - ?1, written_at = written_at - ?1",
    "UPDATE sign_ins SET expires_at = expires_at - ?1",
    "UPDATE sessions SET opened_at = opened_at - ?1, expires_at = expires_at - ?1",
    "UPDATE revocations SET queued_at = queued_at - ?1, next_attempt_at = next_attempt_at - ?1, \
     gives_up_at = gives_up_at - ?1",
    // Their times are covered by their MACs: aged records do not verify.
    "DROP TRIGGER audit_is_never_changed",
    "UPDATE audit SET recorded_at = recorded_at - ?1, swept_before_at = swept_before_at - ?1, \
     previous_at = previous_at - ?1",
    "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit \
     BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END",
    "UPDATE keys SET added_at = added_at - ?1, activated_at = activated_at - ?1, retired_at = retired_at - ?1",
    "UPDATE replicas SET seen_at = seen_at - ?1",
    "UPDATE ended_grants SET ended_at = ended_at - ?1",
];

#[async_trait]
impl Ageing for SqliteStore {
    async fn age_signing(&self, by: TimeDelta, sign: Option<&JobMac>) -> Result<(), StoreError> {
        const ALL: &str = concat!(
            with_clock!(),
            "SELECT ",
            job_columns!(),
            " FROM clock, jobs j JOIN principals p ON p.id = j.principal"
        );
        let mut work = self.begin().await?;
        for statement in STATEMENTS {
            let query = sqlx::query(*statement);
            let query = if statement.contains("?1") { query.bind(by.num_milliseconds()) } else { query };
            query.execute(&mut *work).await.map_err(store_error)?;
        }
        if let Some(mac) = sign {
            for row in sqlx::query(ALL).fetch_all(&mut *work).await.map_err(store_error)? {
                let (new, times) = as_new(job(&row)?);
                let query = sqlx::query("UPDATE jobs SET mac = ?2 WHERE id = ?1").bind(new.id.as_str());
                query.bind(mac(&new, times)).execute(&mut *work).await.map_err(store_error)?;
            }
        }
        work.commit().await.map_err(store_error)
    }
}
