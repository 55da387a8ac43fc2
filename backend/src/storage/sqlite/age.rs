use async_trait::async_trait;
use chrono::TimeDelta;

use super::{SqliteStore, store_error};
use crate::storage::{Ageing, StoreError};

/// Every stored time. A test compares these with the schema.
const STATEMENTS: &[&str] = &[
    "UPDATE principals SET first_seen_at = first_seen_at - ?1",
    "UPDATE grants SET issued_at = issued_at - ?1, expires_at = expires_at - ?1, faulted_at = faulted_at - ?1, \
     lease_until = lease_until - ?1, in_doubt_since = in_doubt_since - ?1, connected_at = connected_at - ?1, \
     retry_at = retry_at - ?1, forced_at = forced_at - ?1, rejected_until = rejected_until - ?1",
    "UPDATE issuer_rests SET rest_until = rest_until - ?1",
    "UPDATE flows SET announced_at = announced_at - ?1, expires_at = expires_at - ?1",
    "UPDATE registrations SET registered_at = registered_at - ?1",
    "UPDATE jobs SET created_at = created_at - ?1, ends_at = ends_at - ?1, ended_at = ended_at - ?1",
    "UPDATE job_waits SET opened_at = opened_at - ?1, waits_until = waits_until - ?1, ended_at = ended_at - ?1",
    "UPDATE job_events SET waits_until = waits_until - ?1, written_at = written_at - ?1",
    "UPDATE sign_ins SET expires_at = expires_at - ?1",
    "UPDATE sessions SET opened_at = opened_at - ?1, expires_at = expires_at - ?1",
];

#[async_trait]
impl Ageing for SqliteStore {
    async fn age(&self, by: TimeDelta) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for statement in STATEMENTS {
            let query = sqlx::query(*statement).bind(by.num_milliseconds());
            query.execute(&mut *work).await.map_err(store_error)?;
        }
        work.commit().await.map_err(store_error)
    }
}
