//! What a job's card says about the sources that its person is needed for. Derived, never stored.

#[cfg(test)]
mod tests;

use aiq_connect_shared::{FaultCode, JobState, SkipReason};
use chrono::{DateTime, Utc};

use super::connections::Connections;
use super::job::Job;
use super::job_wait::{JobWaits, Standing, Wait};
use super::row_state::{Kind, RowAction, RowState};

/// What one job's card says.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The job.
    pub job: String,
    /// One for each source; never empty.
    pub items: Vec<Item>,
}

/// One source of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What happened.
    pub wait: Wait,
    /// Where it stands.
    pub phase: Phase,
    /// What the source's row says, if the source is listed.
    pub row: Option<RowState>,
}

/// Where one source of a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The job waits for its person.
    Waiting,
    /// The person has signed in; the job has not noticed yet.
    Resuming,
    /// The source is back.
    Restored,
    /// The job goes on without the source.
    Without(SkipReason),
    /// The job finished, and the source was missing.
    Finished,
    /// The job ended in another way while the source was missing.
    Ended,
}

impl Phase {
    /// The phase in one word, for tests and styles.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Resuming => "resuming",
            Self::Restored => "restored",
            Self::Without(SkipReason::Skipped) => "skipped",
            Self::Without(SkipReason::DeadlinePassed) => "deadline_passed",
            Self::Without(SkipReason::Disconnected) => "disconnected",
            Self::Without(SkipReason::TooManyWaiting) => "too_many_waiting",
            Self::Without(SkipReason::NotRecoverable) => "not_recoverable",
            Self::Without(SkipReason::Unknown) => "without",
            Self::Finished | Self::Ended => "job_over",
        }
    }

    /// The most pressing one speaks for the card.
    fn weight(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Resuming => 1,
            Self::Without(_) => 2,
            Self::Finished | Self::Ended => 3,
            Self::Restored => 4,
        }
    }
}

impl Prompt {
    /// Looks at a job; `None` when there is nothing to say.
    pub fn look(job: &Job, waits: &JobWaits, connections: &Connections, now: DateTime<Utc>) -> Option<Self> {
        let item = |wait: &Wait| {
            let row = connections.sources.find(&wait.source_id).map(|source| connections.row(source, now));
            let is_heard_since = connections.sources.confirmed_at.is_some_and(|at| at > wait.heard_at);
            let works = row.as_ref().is_some_and(|row| row.kind == Kind::Connected && row.notice.is_none());
            let phase = match wait.standing {
                Standing::Restored if job.state.is_over() => return None,
                Standing::Restored => Phase::Restored,
                _ if job.state == JobState::Success => Phase::Finished,
                _ if job.state.is_over() => Phase::Ended,
                Standing::Waiting if works && is_heard_since => Phase::Resuming,
                Standing::Waiting => Phase::Waiting,
                Standing::Without(reason) => Phase::Without(reason),
            };
            Some(Item { wait: wait.clone(), phase, row })
        };
        let items: Vec<_> = waits.waits.iter().filter_map(item).collect();
        (!items.is_empty()).then(|| Self { job: job.id.clone(), items })
    }

    /// The most pressing phase.
    pub fn phase(&self) -> Phase {
        self.items.iter().map(|item| item.phase).min_by_key(|phase| phase.weight()).unwrap_or(Phase::Restored)
    }

    /// The ones that the job waits for.
    pub fn waiting(&self) -> Vec<&Item> {
        self.items.iter().filter(|item| item.phase == Phase::Waiting).collect()
    }
}

impl Item {
    /// The source's own next step: the sign-in under way comes first.
    pub fn action(&self) -> Option<RowAction> {
        if let Some(row) = self.under_way() {
            return row.action();
        }
        let is_usable = self.row.as_ref().is_some_and(RowState::is_usable);
        match self.phase {
            Phase::Resuming | Phase::Restored => None,
            Phase::Without(SkipReason::NotRecoverable) => Some(RowAction::CopyDetails),
            Phase::Without(_) | Phase::Finished | Phase::Ended if is_usable || self.is_not_set_up() => None,
            _ if self.wait.reason.as_deref() == Some(FaultCode::ScopeMismatch.as_str()) => {
                Some(RowAction::AddPermission)
            }
            _ => Some(RowAction::Reconnect),
        }
    }

    /// The source's row, while something is being done about it.
    pub fn under_way(&self) -> Option<&RowState> {
        let is_under_way =
            |kind| matches!(kind, Kind::Connecting | Kind::Checking | Kind::WindowBlocked | Kind::Disconnecting);
        self.row.as_ref().filter(|row| is_under_way(row.kind))
    }

    /// Whether a sign-in of the person would not help.
    pub fn is_not_set_up(&self) -> bool {
        let code = self.wait.reason.as_deref().map(FaultCode::from_word);
        matches!(code, Some(FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected))
    }
}
