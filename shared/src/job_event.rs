use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a job's stream tells about a person who is needed. Written by the service alone, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum JobEvent {
    /// `job.auth_required`: a source stopped working for this job, and only its owner can help.
    #[serde(rename = "job.auth_required")]
    Required(JobAuthRequired),
    /// `job.auth_restored`: the owner helped, and the job goes on with the source.
    #[serde(rename = "job.auth_restored")]
    Restored(JobAuthEnded),
    /// `job.auth_skipped`: the job goes on without the source.
    #[serde(rename = "job.auth_skipped")]
    Skipped(JobAuthEnded),
}

impl JobEvent {
    /// The name that the stream sends in `event:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Required(_) => "job.auth_required",
            Self::Restored(_) => "job.auth_restored",
            Self::Skipped(_) => "job.auth_skipped",
        }
    }
}

/// The data of `job.auth_required`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobAuthRequired {
    /// The job that needs its owner.
    pub job_id: String,
    /// The source to reconnect.
    pub source_id: String,
    /// What people call it.
    pub source_name: String,
    /// The MCP server behind it.
    pub mcp_server_id: String,
    /// The fault, or `disconnected`, or `expired`.
    pub reason: String,
    /// Whether reconnecting can help.
    pub retryable: bool,
    /// Our launch page, absolute.
    pub connect_url: String,
    /// Until when the job waits; `null` when it goes on without the source at once.
    #[serde(default)]
    pub waits_until: Option<DateTime<Utc>>,
    /// Whether `waits/{source}` takes `extend`.
    #[serde(default)]
    pub can_extend: bool,
}

/// The data of `job.auth_restored` and `job.auth_skipped`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobAuthEnded {
    /// The job.
    pub job_id: String,
    /// The source.
    pub source_id: String,
    /// What people call it.
    pub source_name: String,
    /// The MCP server behind it.
    pub mcp_server_id: String,
    /// Why; `null` when a source is back.
    #[serde(default)]
    pub reason: Option<SkipReason>,
}

/// Why a job goes on without a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The owner said so.
    Skipped,
    /// Nobody signed in before `waits_until`.
    DeadlinePassed,
    /// The owner disconnected the source while the job ran.
    Disconnected,
    /// As many jobs as may wait at once were waiting already.
    TooManyWaiting,
    /// Signing in would not help: the source is not set up correctly.
    NotRecoverable,
    /// A newer server sent a word that this build does not know.
    #[serde(other)]
    Unknown,
}

impl SkipReason {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::DeadlinePassed => "deadline_passed",
            Self::Disconnected => "disconnected",
            Self::TooManyWaiting => "too_many_waiting",
            Self::NotRecoverable => "not_recoverable",
            Self::Unknown => "unknown",
        }
    }
}

/// The body of `POST /v1/jobs/async/job/{id}/waits/{source}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRequest {
    /// What to do with the wait.
    pub action: WaitAction,
}

/// What a person can do with a wait of their job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitAction {
    /// Go on without the source.
    Skip,
    /// Wait longer.
    Extend,
}

/// Its answer: the wait as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWait {
    /// The job.
    pub job_id: String,
    /// The source.
    pub source_id: String,
    /// Until when the job waits; `null` when it does not wait (any more).
    #[serde(default)]
    pub waits_until: Option<DateTime<Utc>>,
    /// Whether it can be extended once more.
    #[serde(default)]
    pub can_extend: bool,
}
