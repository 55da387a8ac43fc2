//! What a person does with a wait of their job: go on without the source, or wait longer.

use aiq_connect_shared::{JobWait, SkipReason, WaitAction};

use super::{Gate, gate::JobError};
use crate::{
    domain::{EndedWait, JobId, Principal, SourceId, WaitStanding},
    storage::StoreError,
};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// No such job, or not this person's.
    #[error(transparent)]
    Job(#[from] JobError),
    /// No such source, or the job may not use it.
    #[error("this job has no such source")]
    SourceUnknown,
    /// The job does not wait for it, or not any more.
    #[error("the job does not wait for this source (any more)")]
    Over,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gate {
    /// Ends or extends a wait of the person's own job.
    pub async fn act_on_wait(
        &self,
        owner: &Principal,
        id: &JobId,
        source: &str,
        action: WaitAction,
    ) -> Result<JobWait, WaitError> {
        let job = self.own_job(owner, id).await?;
        let source = SourceId(source.to_owned());
        let server = self.connections.server_of(&source).filter(|server| job.servers.contains(server));
        let server = server.ok_or(WaitError::SourceUnknown)?;
        let standing = match action {
            WaitAction::Skip => {
                if !self.store.skip_wait(id, &server).await? {
                    return Err(WaitError::Over);
                }
                self.connections.tell_ended(&[EndedWait { job: id.clone(), server }], SkipReason::Skipped.as_str());
                None
            }
            WaitAction::Extend => {
                let length = self.connections.wait_length();
                let standing = self.store.extend_wait(id, &server, length).await?.ok_or(WaitError::Over)?;
                self.connections.heard(&owner.id());
                tracing::info!(job.id = %id, source.id = %source, "a wait was extended");
                Some(standing)
            }
        };
        let (waits_until, can_extend) = match standing {
            Some(WaitStanding::Waiting { until, can_extend }) => (Some(until), can_extend),
            Some(WaitStanding::Over(_)) | None => (None, false),
        };
        Ok(JobWait { job_id: id.to_string(), source_id: source.to_string(), waits_until, can_extend })
    }
}
