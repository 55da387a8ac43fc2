//! The gate in front of the research service: every job has an owner, and asks only for what its owner connected.

mod forward_nat;
mod gate;
mod register;
mod seats;
mod status_watch;
mod stream;
mod waits;

pub use self::{
    forward_nat::NatService,
    gate::{Gate, JobError, SubmitError},
    register::{NewJob, RegisterError},
    seats::{Seat, Seats},
    status_watch::SeenStatus,
    stream::{Frame, JobStream, StreamError},
    waits::WaitError,
};

use async_trait::async_trait;

use crate::domain::{JobId, SourceId};

/// A job on its way to the research service.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Made by the gate.
    pub job: JobId,
    /// Which agent.
    pub agent_type: String,
    /// The question.
    pub input: String,
    /// The sources it may use.
    pub sources: Vec<SourceId>,
    /// How long it may be kept, in seconds.
    pub expiry_seconds: u32,
    /// The owner, by a name that means nothing elsewhere.
    pub user: String,
}

/// What the research service says of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResearchStatus {
    /// Where it is.
    pub state: aiq_connect_shared::JobState,
    /// Why it failed, in its words.
    pub error: Option<String>,
    /// What came out.
    pub output: Option<String>,
    /// When it was submitted.
    pub created_at: Option<String>,
}

/// Why the research service did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// Passes by itself.
    #[error("the research service cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused.
    #[error("the research service refused (HTTP {0})")]
    Refused(u16),
    /// It answered something that cannot be read.
    #[error("the research service's answer cannot be read")]
    Malformed,
}

/// The research service behind the gate.
#[async_trait]
pub trait ResearchService: Send + Sync {
    /// Hands a job over. After any error the job may still run.
    async fn submit(&self, submission: &Submission) -> Result<(), ForwardError>;

    /// Asks for a job. `None`: it does not know it (any more).
    async fn status(&self, job: &JobId, user: &str) -> Result<Option<ResearchStatus>, ForwardError>;

    /// Whether it answers anything at all, within a second.
    async fn answers(&self) -> bool;
}
