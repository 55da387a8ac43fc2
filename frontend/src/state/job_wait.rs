//! What a job needed from its person, source by source. Built from the job's stream, in which nothing counts twice.

#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

use aiq_connect_shared::{JobAuthEnded, JobAuthRequired, JobEvent, JobWait, SkipReason, WaitAction};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One source that stopped working for a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The source.
    pub source_id: String,
    /// What people call it.
    pub source_name: String,
    /// The fault, or `expired`, or `disconnected`; `None` where only the end was told.
    pub reason: Option<String>,
    /// Until when the job waits.
    pub waits_until: Option<DateTime<Utc>>,
    /// Whether it may be asked to wait longer.
    pub can_extend: bool,
    /// What became of it.
    pub standing: Standing,
    /// When the page heard of it.
    pub heard_at: DateTime<Utc>,
    /// Whether it was heard as it happened, so that `heard_at` is also when it happened.
    pub is_live: bool,
    /// What the person asked for and the service has not answered yet.
    #[serde(skip)]
    pub asked: Option<WaitAction>,
    /// Why the last thing they asked for did not happen.
    #[serde(skip)]
    pub trouble: Option<WaitTrouble>,
}

/// What became of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The job waits.
    Waiting,
    /// The source is back.
    Restored,
    /// The job goes on without the source, because ...
    Without(SkipReason),
}

/// Why the service did not do what the person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitTrouble {
    /// Nobody answered.
    Unreachable,
    /// The job does not wait any more.
    Over,
}

/// What is news in what a stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitNews {
    /// The job waits for the person.
    Waits {
        /// The source.
        id: String,
        /// What people call it.
        name: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The source is back.
    Back {
        /// The source.
        id: String,
        /// What people call it.
        name: String,
    },
    /// The job goes on without the source.
    Without {
        /// What people call it.
        name: String,
        /// Why.
        reason: SkipReason,
    },
    /// The job waits longer.
    Longer {
        /// What people call it.
        name: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// What the person asked for did not happen.
    Failed(WaitTrouble),
}

/// What one job needed from its person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWaits {
    /// The sources that the job may use.
    pub source_ids: Vec<String>,
    /// The last event that was taken in; a replay starts behind it.
    pub last_event: u64,
    /// At most one for each source: the newest.
    pub waits: Vec<Wait>,
}

impl JobWaits {
    /// Takes in what the stream said, once.
    pub fn hear(&mut self, id: Option<u64>, event: JobEvent, at: DateTime<Utc>, is_live: bool) -> Option<WaitNews> {
        // Without an id of its own an event has the last one's: an open wait is told again when it was made longer.
        let is_again = id == Some(self.last_event) && self.is_longer(&event);
        if let Some(id) = id.filter(|_| !is_again) {
            if id <= self.last_event {
                return None;
            }
            self.last_event = id;
        }
        match event {
            JobEvent::Required(event) => self.required(event, at, is_live),
            JobEvent::Restored(event) => self.restored(&event),
            JobEvent::Skipped(event) => self.skipped(&event, at, is_live),
        }
    }

    fn is_longer(&self, event: &JobEvent) -> bool {
        let JobEvent::Required(event) = event else { return false };
        self.waiting().any(|wait| wait.source_id == event.source_id && event.waits_until > wait.waits_until)
    }

    fn required(&mut self, event: JobAuthRequired, at: DateTime<Utc>, is_live: bool) -> Option<WaitNews> {
        let known = self.find(&event.source_id).filter(|wait| wait.standing == Standing::Waiting).cloned();
        let wait = Wait {
            // A job that does not wait goes on without the source; why, its next event says.
            standing: if event.waits_until.is_some() {
                Standing::Waiting
            } else {
                Standing::Without(SkipReason::Unknown)
            },
            reason: Some(event.reason),
            waits_until: event.waits_until,
            can_extend: event.can_extend,
            heard_at: known.as_ref().map_or(at, |wait| wait.heard_at),
            is_live: known.as_ref().map_or(is_live, |wait| wait.is_live),
            asked: None,
            trouble: None,
            source_id: event.source_id,
            source_name: event.source_name,
        };
        let news = match (&known, wait.waits_until) {
            (None, Some(until)) => {
                Some(WaitNews::Waits { id: wait.source_id.clone(), name: wait.source_name.clone(), until })
            }
            _ => None,
        };
        self.put(wait);
        news
    }

    fn restored(&mut self, event: &JobAuthEnded) -> Option<WaitNews> {
        let wait = self.find(&event.source_id)?;
        let is_news = wait.standing != Standing::Restored;
        wait.end(Standing::Restored);
        is_news.then(|| WaitNews::Back { id: event.source_id.clone(), name: event.source_name.clone() })
    }

    fn skipped(&mut self, event: &JobAuthEnded, at: DateTime<Utc>, is_live: bool) -> Option<WaitNews> {
        let reason = event.reason.unwrap_or(SkipReason::Unknown);
        let standing = Standing::Without(reason);
        if self.find(&event.source_id).is_none() {
            self.put(Wait {
                source_id: event.source_id.clone(),
                source_name: event.source_name.clone(),
                reason: None,
                waits_until: None,
                can_extend: false,
                standing: Standing::Waiting,
                heard_at: at,
                is_live,
                asked: None,
                trouble: None,
            });
        }
        let wait = self.find(&event.source_id)?;
        let is_news = wait.standing != standing;
        wait.end(standing);
        is_news.then(|| WaitNews::Without { name: event.source_name.clone(), reason })
    }

    /// The person asks for something.
    pub fn ask(&mut self, source: &str, action: WaitAction) {
        if let Some(wait) = self.find(source) {
            wait.asked = Some(action);
            wait.trouble = None;
        }
    }

    /// The service's answer.
    pub fn answered(&mut self, answer: &JobWait) -> Option<WaitNews> {
        let wait = self.find(&answer.source_id)?;
        let asked = wait.asked.take();
        if wait.standing != Standing::Waiting {
            return None;
        }
        match answer.waits_until {
            Some(until) => {
                wait.waits_until = Some(until);
                wait.can_extend = answer.can_extend;
                Some(WaitNews::Longer { name: wait.source_name.clone(), until })
            }
            None if asked == Some(WaitAction::Skip) => {
                wait.end(Standing::Without(SkipReason::Skipped));
                Some(WaitNews::Without { name: wait.source_name.clone(), reason: SkipReason::Skipped })
            }
            None => self.failed(&answer.source_id, WaitTrouble::Over),
        }
    }

    /// What the person asked for did not happen.
    pub fn failed(&mut self, source: &str, trouble: WaitTrouble) -> Option<WaitNews> {
        let wait = self.find(source)?;
        wait.asked = None;
        if wait.standing != Standing::Waiting {
            // The end came meanwhile, and says more.
            return None;
        }
        wait.trouble = Some(trouble);
        Some(WaitNews::Failed(trouble))
    }

    /// The sources that the job waits for.
    pub fn waiting(&self) -> impl Iterator<Item = &Wait> {
        self.waits.iter().filter(|wait| wait.standing == Standing::Waiting)
    }

    /// Whether the job may use a source and has not gone on without it.
    pub fn may_use(&self, source: &str) -> bool {
        let is_without = |wait: &Wait| wait.source_id == source && matches!(wait.standing, Standing::Without(_));
        self.source_ids.iter().any(|id| id == source) && !self.waits.iter().any(is_without)
    }

    fn find(&mut self, source: &str) -> Option<&mut Wait> {
        self.waits.iter_mut().find(|wait| wait.source_id == source)
    }

    fn put(&mut self, wait: Wait) {
        match self.find(&wait.source_id) {
            Some(known) => *known = wait,
            None => self.waits.push(wait),
        }
    }
}

impl Wait {
    fn end(&mut self, standing: Standing) {
        self.standing = standing;
        self.waits_until = None;
        self.can_extend = false;
        self.asked = None;
        self.trouble = None;
    }
}
