//! Events as a job's stream sends them, for tests.

use aiq_connect_shared::{JobAuthEnded, JobAuthRequired, JobEvent, SkipReason};
use chrono::TimeDelta;

use super::{JobWaits, WaitNews};
use crate::state::connections::samples::noon;

/// What people call a source in the tests.
pub fn name(source: &str) -> String {
    match source {
        "servicenow" => "ServiceNow".to_owned(),
        "github" => "GitHub".to_owned(),
        other => other.to_owned(),
    }
}

/// A source stopped working; the job waits this many minutes, or not at all.
pub fn required(source: &str, reason: &str, minutes: Option<i64>) -> JobEvent {
    JobEvent::Required(JobAuthRequired {
        job_id: "j1".to_owned(),
        source_id: source.to_owned(),
        source_name: name(source),
        mcp_server_id: source.to_owned(),
        reason: reason.to_owned(),
        retryable: true,
        connect_url: format!("https://connect.example/v1/auth/mcp/{source}/connect"),
        waits_until: minutes.map(|minutes| noon() + TimeDelta::minutes(minutes)),
        can_extend: true,
    })
}

fn ended(source: &str, reason: Option<SkipReason>) -> JobAuthEnded {
    JobAuthEnded {
        job_id: "j1".to_owned(),
        source_id: source.to_owned(),
        source_name: name(source),
        mcp_server_id: source.to_owned(),
        reason,
    }
}

/// It is back.
pub fn restored(source: &str) -> JobEvent {
    JobEvent::Restored(ended(source, None))
}

/// The job goes on without it.
pub fn skipped(source: &str, reason: SkipReason) -> JobEvent {
    JobEvent::Skipped(ended(source, Some(reason)))
}

/// The job hears these events, one after the other, as they happen.
pub fn hear(waits: &mut JobWaits, events: impl IntoIterator<Item = JobEvent>) -> Vec<Option<WaitNews>> {
    let hear = |event| {
        let id = waits.last_event + 1;
        waits.hear(Some(id), event, noon(), true)
    };
    events.into_iter().map(hear).collect()
}
