//! Jobs that wait for their owners: a worker's question is held while only a person can help, and the job's stream
//! tells of it.

use std::{sync::Arc, time::Duration};

use aiq_connect_shared::{FaultCode, JobAuthEnded, JobAuthRequired, JobEvent, ReconnectRequired, SkipReason};
use tokio::{sync::watch, time::Instant};

use super::{Connections, FreshToken, FreshTokenError, TokenQuestion};
use crate::{
    domain::{EndedWait, GrantKey, JobId, NewWait, ServerId, SourceId, Told, ToldEvent, WaitStanding},
    storage::StoreError,
    timing,
};

/// Rings when this process changed something that a waiting worker or a stream wants to know. Other processes do not
/// hear it, so whoever listens looks by itself too.
pub struct Bell(watch::Sender<()>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Bell {
    /// Everybody looks again.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// Hears every ring from now on.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

impl Connections {
    /// Resolves a worker's question, refreshing on demand, and waits for a person as long as it asks for and may.
    pub async fn fresh_token(self: &Arc<Self>, question: &TokenQuestion) -> Result<FreshToken, FreshTokenError> {
        let deadline = Instant::now() + question.wait;
        let (mut bell, mut is_held) = (self.bell.listen(), false);
        loop {
            // Whatever is rung for from here on may not be seen by the look that follows.
            bell.mark_unchanged();
            let reason = match self.token_now(question).await {
                Err(FreshTokenError::NeedsPerson(reason)) => reason,
                answer => return answer,
            };
            let standing = self.wait_standing(&question.job, &question.server, &reason).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !matches!(standing, WaitStanding::Waiting { .. }) || left.is_zero() {
                return Err(self.reconnect(&question.server, reason, standing));
            }
            if !std::mem::replace(&mut is_held, true) {
                tracing::debug!(job.id = %question.job, server.id = %question.server, "a worker's question is held");
            }
            // An error says that the bell is gone, and we with it.
            let _ = tokio::time::timeout(left.min(timing::WAIT_POLL), bell.changed()).await;
        }
    }

    async fn wait_standing(
        &self,
        job: &JobId,
        server: &ServerId,
        reason: &str,
    ) -> Result<WaitStanding, FreshTokenError> {
        let fault = FaultCode::from_word(reason);
        if fault == FaultCode::IdpUnreachable {
            // Passes by itself: nobody is asked to do anything.
            return Err(FreshTokenError::IdpUnreachable { retry_after: Duration::from_secs(5) });
        }
        if let Some(standing) = self.store.find_wait(job, server, reason).await? {
            return Ok(standing);
        }
        let is_recoverable = !matches!(fault, FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected);
        let wait = NewWait { job: job.clone(), server: server.clone(), reason: reason.to_owned(), is_recoverable };
        let answer = self.store.open_wait(&wait, self.config.waiting).await?;
        if answer.is_news {
            self.bell.ring();
            let source = self.source_of(server).0;
            match answer.standing {
                WaitStanding::Waiting { until, .. } => {
                    tracing::info!(job.id = %job, source.id = %source, fault = reason, waits_until = %until, "a job waits for its owner");
                }
                WaitStanding::Over(end) => {
                    tracing::info!(job.id = %job, source.id = %source, fault = reason, reason = end.as_str(), "a job goes on without a source");
                }
            }
        }
        Ok(answer.standing)
    }

    /// The job gets a token that it missed.
    pub(super) async fn restored(&self, job: &JobId, server: &ServerId) {
        match self.store.restore_wait(job, server).await {
            Ok(false) => {}
            Ok(true) => self.tell_ended(&[EndedWait { job: job.clone(), server: server.clone() }], "restored"),
            // The token is what counts; the next question says it again.
            Err(error) => tracing::error!(job.id = %job, server.id = %server, %error, "a restored wait was not stored"),
        }
    }

    /// The person connected a server, and their jobs need not wait for it any more.
    pub(super) async fn restored_all(&self, key: &GrantKey) {
        match self.store.restore_waits(key).await {
            Ok(ended) => self.tell_ended(&ended, "restored"),
            // A worker's next question finds the grant and says so.
            Err(error) => tracing::error!(server.id = %key.server, %error, "restored waits were not stored"),
        }
        self.heard(&key.principal);
    }

    /// Ends every wait whose time is over, and says so even where no worker asks any more.
    pub async fn end_overdue_waits(&self) -> Result<(), StoreError> {
        let ended = self.store.end_overdue_waits().await?;
        if !ended.is_empty() {
            self.tell_ended(&ended, SkipReason::DeadlinePassed.as_str());
        }
        Ok(())
    }

    /// Logs waits that ended, and has everybody look.
    pub fn tell_ended(&self, ended: &[EndedWait], reason: &'static str) {
        for wait in ended {
            let source = self.source_of(&wait.server).0;
            tracing::info!(job.id = %wait.job, source.id = %source, reason, "a job waits no more");
        }
        self.bell.ring();
    }

    /// What rings when a wait changes.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// How long a job waits for its owner, and how much longer once more.
    pub fn wait_length(&self) -> chrono::TimeDelta {
        self.config.waiting.length
    }

    /// The server behind a source, if it is protected.
    pub fn server_of(&self, source: &SourceId) -> Option<ServerId> {
        Some(self.config.source(source)?.protection.as_ref()?.server.clone())
    }

    /// A stored event as it travels.
    pub fn job_event(&self, job: &JobId, event: ToldEvent) -> JobEvent {
        let (source, source_name) = self.source_of(&event.server);
        let end = |reason| JobAuthEnded {
            job_id: job.to_string(),
            source_id: source.to_string(),
            source_name: source_name.clone(),
            mcp_server_id: event.server.to_string(),
            reason,
        };
        match event.told {
            Told::Required { reason, until, can_extend } => JobEvent::Required(JobAuthRequired {
                job_id: job.to_string(),
                connect_url: self.connect_url(&source).to_string(),
                source_id: source.to_string(),
                source_name,
                mcp_server_id: event.server.to_string(),
                reason,
                retryable: true,
                waits_until: Some(until),
                can_extend,
            }),
            Told::Restored => JobEvent::Restored(end(None)),
            Told::Skipped(reason) => JobEvent::Skipped(end(Some(reason))),
        }
    }

    /// The source that people see for a server, and its name: the first where several share one. A server that is
    /// not configured any more goes by its own name.
    fn source_of(&self, server: &ServerId) -> (SourceId, String) {
        let of = |source: &&crate::config::Source| {
            source.protection.as_ref().is_some_and(|protection| protection.server == *server)
        };
        match self.config.sources.iter().find(of) {
            Some(source) => (source.id.clone(), source.name.clone()),
            None => (SourceId(server.to_string()), server.to_string()),
        }
    }

    fn reconnect(&self, server: &ServerId, reason: String, standing: WaitStanding) -> FreshTokenError {
        let (source, name) = self.source_of(server);
        let (waits_until, reason) = match standing {
            WaitStanding::Waiting { until, .. } => (Some(until), reason),
            WaitStanding::Over(SkipReason::Skipped) => (None, "skipped".to_owned()),
            WaitStanding::Over(_) => (None, reason),
        };
        FreshTokenError::ReconnectRequired(ReconnectRequired {
            error: "mcp_auth_required".to_owned(),
            message: format!("The job's owner has to connect {name} (again)."),
            source_id: source.to_string(),
            reason,
            missing_scopes: None,
            connect_url: self.connect_url(&source).to_string(),
            waits_until,
        })
    }
}
