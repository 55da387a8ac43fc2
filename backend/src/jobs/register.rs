//! Jobs that somebody else started: AIQ itself, a schedule, a Dask task. Their owner's token was verified before.

use super::{Gate, gate::lifetime};
use crate::{
    connections::PreflightError,
    domain::{JobId, JobOrigin, JobReference, NewJobReference, Principal},
    storage::StoreError,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The id that it has already; else one is made.
    pub id: Option<JobId>,
    /// As in a submission: `None` is every source, an empty list none.
    pub sources: Option<Vec<String>>,
    /// How long it may ask for tokens.
    pub expiry_seconds: Option<u32>,
}

/// Why a job was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// AIQ's own rule for ids.
    #[error("`job_id` has to be 1 to 64 letters, digits, `_` or `-`")]
    Id,
    /// Outside AIQ's own limits.
    #[error("`expiry_seconds` has to be between 600 and 604800")]
    Expiry,
    /// Somebody's job has that id, perhaps this very person's.
    #[error("a job of this id exists already")]
    Exists,
    /// The sources are unknown, or block.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gate {
    /// Records a job as a submission would, and forwards nothing.
    pub async fn register(&self, owner: &Principal, wanted: NewJob) -> Result<JobReference, RegisterError> {
        if wanted.id.as_ref().is_some_and(|id| !is_usable(id)) {
            return Err(RegisterError::Id);
        }
        let lifetime = lifetime(wanted.expiry_seconds).ok_or(RegisterError::Expiry)?;
        let principal = owner.id();
        let selection = self.connections.preflight(&principal, wanted.sources.as_deref()).await?;
        let id = wanted.id.unwrap_or_else(|| JobId(self.chance.uuid().to_string()));
        let (servers, origin) = (selection.servers, JobOrigin::Worker);
        let job = NewJobReference { id: id.clone(), principal, servers, origin, lifetime };
        if let Err(error) = self.write_down(&job).await {
            // The table itself keeps ids apart: to ask first would leave a gap for whoever is faster.
            let taken = matches!(error, StoreError::Impossible { .. }) && self.store.find_job(&id).await?.is_some();
            return Err(if taken { RegisterError::Exists } else { error.into() });
        }
        self.began(&job);
        tracing::info!(job.id = %id, user.key_hash = job.principal.as_str(), "a job was registered by a worker");
        let gone = || StoreError::Impossible { what: "job that was just written", cause: "it is not there".into() };
        Ok(self.store.find_job(&id).await?.ok_or_else(gone)?)
    }
}

fn is_usable(id: &JobId) -> bool {
    let text = id.as_str();
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
