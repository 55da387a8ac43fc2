//! Submitting a job and asking for it: for its owner only.

use std::sync::Arc;

use aiq_connect_shared::{JobReport, JobState, JobStatus, SubmitAnswer, SubmitRequest};
use chrono::TimeDelta;

use super::{ForwardError, ResearchService, ResearchStatus, Submission, seats::Seats, status_watch::StatusWatch};
use crate::{
    clock::Chance,
    connections::{Connections, PreflightError},
    domain::{AuditEvent, AuditKind, JobId, JobOrigin, JobReference, NewJobReference, Principal, ServerId},
    sealing,
    storage::{Store, StoreError},
    timing,
    vault::{Sealer, Vault},
};

/// Job streams of one person at one process.
const MOST_STREAMS: usize = 20;

/// The gate.
pub struct Gate {
    pub(super) connections: Arc<Connections>,
    pub(super) store: Arc<dyn Store>,
    pub(super) vault: Arc<Vault>,
    pub(super) chance: Chance,
    research: Option<Arc<dyn ResearchService>>,
    pub(super) watch: Option<Arc<StatusWatch>>,
    pub(super) seats: Arc<Seats>,
}

/// Why a job was not submitted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Nothing was asked.
    #[error("`input` is empty: write a question")]
    EmptyInput,
    /// Outside AIQ's own limits.
    #[error("`expiry_seconds` has to be between 600 and 604800")]
    Expiry,
    /// The sources are unknown, or block.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// No `aiq_connect.upstream` is configured.
    #[error("no research service is configured")]
    NotConfigured,
    /// The research service did not take it.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a job cannot be told of.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// No such job, or not this person's: the same answer for both.
    #[error("no such job")]
    NotFound,
    /// No `aiq_connect.upstream` is configured.
    #[error("no research service is configured")]
    NotConfigured,
    /// The research service does not tell.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gate {
    /// Puts the gate together.
    pub fn new(
        connections: Arc<Connections>,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        chance: Chance,
        research: Option<Arc<dyn ResearchService>>,
    ) -> Self {
        let watch = research.as_ref().map(|research| {
            let audit = connections.audit().clone();
            Arc::new(StatusWatch::new(Arc::clone(research), Arc::clone(&store), audit))
        });
        Self { connections, store, vault, chance, research, watch, seats: Seats::for_each(MOST_STREAMS) }
    }

    /// Checks, records, forwards. The row is there before the research service hears of the job, and the id is always
    /// ours: a caller who could choose it could name somebody else's.
    pub async fn submit(&self, owner: &Principal, request: SubmitRequest) -> Result<SubmitAnswer, SubmitError> {
        if request.input.trim().is_empty() {
            return Err(SubmitError::EmptyInput);
        }
        let expiry = request.expiry_seconds;
        let lifetime = lifetime(expiry).ok_or(SubmitError::Expiry)?;
        let principal = owner.id();
        let selection = self.connections.preflight(&principal, request.data_sources.as_deref()).await?;
        let research = self.research.as_ref().ok_or(SubmitError::NotConfigured)?;

        let id = JobId(self.chance.uuid().to_string());
        let job = NewJobReference {
            id: id.clone(),
            principal,
            servers: selection.servers,
            origin: JobOrigin::Gate,
            lifetime,
        };
        let sealer = self.write_down(&job).await?;
        self.began(&job);
        let submission = Submission {
            job: id.clone(),
            agent_type: request.agent_type.clone(),
            input: request.input,
            sources: selection.sources,
            expiry_seconds: expiry.unwrap_or(86_400),
            user: sealer.pairwise(owner),
        };
        if let Err(error) = research.submit(&submission).await {
            // It may run all the same; without its row it gets no token.
            if self.store.end_job(&id).await? {
                self.ended(&id, "not_taken");
            }
            return Err(error.into());
        }
        tracing::info!(job.id = %id, "a job was handed over");
        Ok(SubmitAnswer {
            job_id: id.0,
            status: JobState::Submitted,
            agent_type: request.agent_type,
            error: None,
            created_at: None,
        })
    }

    /// Whether the research service answers; `None` when there is none.
    pub async fn research_answers(&self) -> Option<bool> {
        match &self.research {
            Some(research) => Some(research.answers().await),
            None => None,
        }
    }

    /// Where a job is.
    pub async fn status(&self, owner: &Principal, id: &JobId) -> Result<JobStatus, JobError> {
        let found = self.ask(owner, id).await?;
        Ok(match found {
            Some(found) => JobStatus {
                job_id: id.to_string(),
                status: found.state,
                agent_type: None,
                error: found.error,
                created_at: found.created_at,
            },
            None => JobStatus {
                job_id: id.to_string(),
                status: JobState::NotFound,
                agent_type: None,
                error: None,
                created_at: None,
            },
        })
    }

    /// What came out of it.
    pub async fn report(&self, owner: &Principal, id: &JobId) -> Result<JobReport, JobError> {
        let report =
            self.ask(owner, id).await?.filter(|found| found.state == JobState::Success).and_then(|found| found.output);
        Ok(JobReport { job_id: id.to_string(), has_report: report.is_some(), report })
    }

    async fn ask(&self, owner: &Principal, id: &JobId) -> Result<Option<ResearchStatus>, JobError> {
        let job = self.own_job(owner, id).await?;
        if job.origin == JobOrigin::Worker {
            // The research service has never heard of it, and its word would end a job that runs.
            let running = ResearchStatus { state: JobState::Running, error: None, output: None, created_at: None };
            return Ok(job.is_alive.then_some(running));
        }
        let research = self.research.as_ref().ok_or(JobError::NotConfigured)?;
        let found = research.status(id, &self.pairwise(&job, owner)?).await?;
        let is_over = found.as_ref().is_none_or(|found| found.state.is_over());
        if is_over && job.is_alive && self.store.end_job(id).await? {
            self.ended(id, "over");
        }
        Ok(found)
    }

    /// Records that a job may ask for tokens.
    pub(super) fn began(&self, job: &NewJobReference) {
        let servers: Vec<_> = job.servers.iter().map(ServerId::as_str).collect();
        let event = AuditEvent::new(AuditKind::JobRegistered).by(&job.principal).job(&job.id);
        let origin = match job.origin {
            JobOrigin::Gate => "gate",
            JobOrigin::Worker => "worker",
        };
        self.connections.audit().record(event.with("servers", servers.join(" ")).with("origin", origin));
    }

    fn ended(&self, job: &JobId, why: &'static str) {
        self.connections.audit().record(AuditEvent::new(AuditKind::JobEnded).job(job).with("why", why));
    }

    /// Stores a job reference with the proof that it is ours; what made it names its owner to the research service.
    pub(super) async fn write_down(&self, job: &NewJobReference) -> Result<Sealer, StoreError> {
        let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
        let by = sealer.clone();
        self.store.insert_job(job, &move |job, times| by.job_mac(job, times)).await?;
        Ok(sealer)
    }

    /// How the research service knows the owner of this job.
    pub(super) fn pairwise(&self, job: &JobReference, owner: &Principal) -> Result<String, JobError> {
        // A key of a job that is not there was looked for when the job was verified.
        self.vault.pairwise(job, owner).ok_or(JobError::NotFound)
    }

    pub(super) async fn own_job(&self, owner: &Principal, id: &JobId) -> Result<JobReference, JobError> {
        let job = self.store.find_job(id).await?.filter(|job| job.principal == owner.id()).ok_or(JobError::NotFound)?;
        // A row that this service did not write makes nobody an owner.
        let is_ours = sealing::is_ours(self.store.as_ref(), &self.vault, self.connections.audit(), &job).await?;
        if is_ours { Ok(job) } else { Err(JobError::NotFound) }
    }
}

/// How long a job may ask for tokens; `None` for what is outside AIQ's own limits.
pub(super) fn lifetime(expiry_seconds: Option<u32>) -> Option<TimeDelta> {
    match expiry_seconds {
        None => Some(timing::JOB_LIFETIME),
        Some(seconds) => (600..=604_800).contains(&seconds).then(|| TimeDelta::seconds(seconds.into())),
    }
}
