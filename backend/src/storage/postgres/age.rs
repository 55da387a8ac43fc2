use async_trait::async_trait;
use chrono::TimeDelta;

use super::{
    PostgresStore,
    read::{job, job_columns, with_clock},
    work::retried,
};
use crate::storage::{Ageing, JobMac, StoreError, row::as_new};

/// Every stored time. A test compares these with the schema.
const STATEMENTS: &[&str] = &[
    "UPDATE aiq_connect.principals SET first_seen_at = first_seen_at - $1",
    "UPDATE aiq_connect.grants SET issued_at = issued_at - $1, expires_at = expires_at - $1, faulted_at = faulted_at - $1, \
     lease_until = lease_until - $1, in_doubt_since = in_doubt_since - $1, connected_at = connected_at - $1, \
     retry_at = retry_at - $1, forced_at = forced_at - $1, rejected_until = rejected_until - $1, \
     quarantined_at = quarantined_at - $1",
    "UPDATE aiq_connect.issuer_rests SET rest_until = rest_until - $1",
    "UPDATE aiq_connect.flows SET announced_at = announced_at - $1, expires_at = expires_at - $1",
    "UPDATE aiq_connect.registrations SET registered_at = registered_at - $1",
    "UPDATE aiq_connect.registering SET lease_until = lease_until - $1",
    "UPDATE aiq_connect.jobs SET created_at = created_at - $1, ends_at = ends_at - $1, ended_at = ended_at - $1",
    "UPDATE aiq_connect.job_waits SET opened_at = opened_at - $1, waits_until = waits_until - $1, ended_at = ended_at - $1",
    "UPDATE aiq_connect.job_events SET waits_until = waits_until - $1, written_at = written_at - $1",
    "UPDATE aiq_connect.sign_ins SET expires_at = expires_at - $1",
    "UPDATE aiq_connect.sessions SET opened_at = opened_at - $1, expires_at = expires_at - $1",
    "UPDATE aiq_connect.revocations SET queued_at = queued_at - $1, next_attempt_at = next_attempt_at - $1, \
     gives_up_at = gives_up_at - $1",
    // Their times are covered by their MACs: aged records do not verify.
    "ALTER TABLE aiq_connect.audit DISABLE TRIGGER audit_is_never_changed",
    "UPDATE aiq_connect.audit SET recorded_at = recorded_at - $1, swept_before_at = swept_before_at - $1, \
     previous_at = previous_at - $1",
    "ALTER TABLE aiq_connect.audit ENABLE TRIGGER audit_is_never_changed",
    "UPDATE aiq_connect.keys SET added_at = added_at - $1, activated_at = activated_at - $1, \
     retired_at = retired_at - $1",
    "UPDATE aiq_connect.replicas SET seen_at = seen_at - $1",
    "UPDATE aiq_connect.ended_grants SET ended_at = ended_at - $1",
];

#[async_trait]
impl Ageing for PostgresStore {
    async fn age_signing(&self, by: TimeDelta, sign: Option<&JobMac>) -> Result<(), StoreError> {
        const ALL: &str = concat!(
            with_clock!(),
            "SELECT ",
            job_columns!(),
            " FROM clock, aiq_connect.jobs j JOIN aiq_connect.principals p ON p.id = j.principal"
        );
        // Takes every table, which living processes write to in orders of their own.
        retried(|| async {
            let mut work = self.begin().await?;
            for statement in STATEMENTS {
                let query = sqlx::query(*statement);
                let query = if statement.contains("$1") { query.bind(by.num_milliseconds()) } else { query };
                work.change(query).await?;
            }
            if let Some(mac) = sign {
                for row in work.rows(sqlx::query(ALL)).await? {
                    let (new, times) = as_new(job(&row)?);
                    let sign = sqlx::query("UPDATE aiq_connect.jobs SET mac = $2 WHERE id = $1").bind(new.id.as_str());
                    work.change(sign.bind(mac(&new, times))).await?;
                }
            }
            work.keep().await
        })
        .await
    }
}
