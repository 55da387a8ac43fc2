//! Where jobs with open streams are: one question per job and pause, however many streams are open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aiq_connect_shared::JobState;
use tokio::sync::watch;

use super::ResearchService;
use crate::{
    audit::Audit,
    domain::{AuditEvent, AuditKind, JobId},
    storage::Store,
    timing,
};

/// What the research service said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenStatus {
    /// Where the job is.
    pub state: JobState,
    /// Why it failed, in its words.
    pub error: Option<String>,
}

/// `None` as long as the research service has not answered.
pub(super) type Seen = watch::Receiver<Option<SeenStatus>>;

/// The jobs that are watched now.
pub(super) struct StatusWatch {
    research: Arc<dyn ResearchService>,
    store: Arc<dyn Store>,
    audit: Audit,
    /// An entry is there as long as somebody asks for its job.
    watched: Mutex<HashMap<JobId, Seen>>,
}

impl StatusWatch {
    pub(super) fn new(research: Arc<dyn ResearchService>, store: Arc<dyn Store>, audit: Audit) -> Self {
        Self { research, store, audit, watched: Mutex::default() }
    }

    /// Follows a job, until nobody does or it is over.
    pub(super) fn follow(self: &Arc<Self>, job: &JobId, user: String) -> Seen {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = watched.get(job).filter(|seen| seen.has_changed().is_ok()) {
            return seen.clone();
        }
        let (said, seen) = watch::channel(None);
        watched.insert(job.clone(), seen.clone());
        let (this, job) = (Arc::clone(self), job.clone());
        tokio::spawn(async move { this.ask_on(&job, &user, &said).await });
        seen
    }

    async fn ask_on(&self, job: &JobId, user: &str, said: &watch::Sender<Option<SeenStatus>>) {
        let (shortest, longest) = timing::RESEARCH_POLL;
        let (mut pause, mut was_well) = (shortest, true);
        loop {
            match self.research.status(job, user).await {
                Ok(found) => {
                    (pause, was_well) = (shortest, true);
                    let seen = found.map_or(SeenStatus { state: JobState::NotFound, error: None }, |found| {
                        SeenStatus { state: found.state, error: found.error }
                    });
                    let is_over = seen.state.is_over();
                    if is_over {
                        match self.store.end_job(job).await {
                            Ok(true) => {
                                self.audit.record(AuditEvent::new(AuditKind::JobEnded).job(job).with("why", "over"));
                            }
                            Ok(false) => {}
                            Err(error) => tracing::error!(job.id = %job, %error, "the end of a job was not stored"),
                        }
                    }
                    said.send_if_modified(|last| {
                        let is_news = last.as_ref() != Some(&seen);
                        *last = Some(seen);
                        is_news
                    });
                    if is_over {
                        self.forget(job);
                        return;
                    }
                }
                Err(error) => {
                    // Nothing is known of the job by this: its streams stay open and say nothing.
                    if was_well {
                        tracing::warn!(job.id = %job, %error, "the research service does not say where a job is");
                    }
                    (pause, was_well) = ((pause * 2).min(longest), false);
                }
            }
            tokio::time::sleep(pause).await;
            if self.is_left_alone(job, said) {
                return;
            }
        }
    }

    fn forget(&self, job: &JobId) {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
    }

    /// Under the lock, so that nobody comes in between.
    fn is_left_alone(&self, job: &JobId, said: &watch::Sender<Option<SeenStatus>>) -> bool {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that is left is the entry's own.
        let is_alone = said.receiver_count() <= 1;
        if is_alone {
            watched.remove(job);
        }
        is_alone
    }
}
