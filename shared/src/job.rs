use serde::{Deserialize, Serialize};

/// The body of `POST /v1/jobs/async/submit`. The job's id is always ours to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitRequest {
    /// Which agent runs it.
    #[serde(default)]
    pub agent_type: String,
    /// The question.
    pub input: String,
    /// `null` means every source, `[]` none; compared without regard to case.
    #[serde(default)]
    pub data_sources: Option<Vec<String>>,
    /// How long the job may be kept, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_seconds: Option<u32>,
}

/// The answer of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitAnswer {
    /// To ask by.
    pub job_id: String,
    /// `submitted`.
    pub status: JobState,
    /// As submitted.
    pub agent_type: String,
    /// Always `null` here.
    #[serde(default)]
    pub error: Option<String>,
    /// Always `null` here.
    #[serde(default)]
    pub created_at: Option<String>,
}

/// AIQ's words for where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted, not started.
    Submitted,
    /// A worker has it.
    Running,
    /// Finished.
    Success,
    /// Ended with an error.
    Failure,
    /// Cancelled.
    Interrupted,
    /// Nobody knows it (any more).
    NotFound,
    /// A newer server sent a word that this build does not know.
    #[serde(other)]
    Unknown,
}

impl JobState {
    /// Whether nothing more will come.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Interrupted | Self::NotFound)
    }
}

/// The answer of `GET /v1/jobs/async/job/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// The job.
    pub job_id: String,
    /// Where it is.
    pub status: JobState,
    /// Always `null`, as at AIQ.
    #[serde(default)]
    pub agent_type: Option<String>,
    /// Why it failed, in the research service's words.
    #[serde(default)]
    pub error: Option<String>,
    /// When it was submitted.
    #[serde(default)]
    pub created_at: Option<String>,
}

/// The answer of `GET /v1/jobs/async/job/{id}/report`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// The job.
    pub job_id: String,
    /// Whether `report` is there yet.
    pub has_report: bool,
    /// The answer, as text.
    #[serde(default)]
    pub report: Option<String>,
}
