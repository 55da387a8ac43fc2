//! Asking: the draft, what keeps it from being sent, and the questions already asked.

mod streams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

use aiq_connect_shared::{JobReport, JobState, JobStatus};
use yew::Reducible;

pub use self::streams::StreamAction;
use super::connections::Numbered;
use super::job::Job;
use super::job_feed::Feed;
use super::job_wait::{JobWaits, WaitNews};

/// What a person has in hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// Never lost: not by a sign-in, not by a refusal.
    pub draft: String,
    /// Being sent.
    pub is_sending: bool,
    /// The sources that the open blocker is about; `None` while it is closed.
    pub blocker: Option<Vec<String>>,
    /// Why the last attempt to send failed.
    pub trouble: Option<Trouble>,
    /// Newest first.
    pub jobs: Vec<Job>,
    /// What they needed from the person, by job.
    pub waits: BTreeMap<String, JobWaits>,
    /// How the page hears about them, by job.
    pub feeds: BTreeMap<String, Feed>,
    /// What was just done, with a way back.
    pub toast: Option<Toast>,
    /// The person looks at that note: it stays.
    pub is_toast_held: bool,
    /// What a screen reader should hear next.
    pub news: Numbered<Option<DeskNews>>,
    /// The element that should have the focus next.
    pub focus: Numbered<String>,
}

/// Why a question could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answered.
    Unreachable,
    /// Nobody is signed in any more.
    SignedOut,
    /// The service behind is not ready.
    NotReady,
    /// Too many questions at once.
    TooMany,
    /// Longer than the service accepts.
    TooLong,
    /// Refused for a reason without words of its own.
    Refused {
        /// The service's code.
        code: String,
    },
}

/// A note at the bottom, gone after a few seconds; never the only place of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toast {
    /// Sent without these sources, by id; they can be switched on again.
    SentWithout(Vec<String>),
    /// Put on the clipboard.
    Copied,
    /// The browser refused that.
    NotCopied,
    /// A job waits for the person, and nothing on the screen says so.
    JobWaits {
        /// The job.
        job: String,
        /// What people call the source.
        name: String,
    },
    /// A job goes on with this source, and nothing on the screen says so.
    Back(String),
    /// This source is connected, and its row is not on the screen.
    Connected(String),
    /// A source was disconnected.
    Disconnected {
        /// What people call it.
        name: String,
        /// Whether its provider was told.
        told: bool,
        /// How many research jobs go on without it.
        jobs: u32,
    },
    /// A question took the place of this draft in the box.
    DraftReplaced(String),
}

/// Something that happened to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskNews {
    /// The blocker opened for these sources.
    Blocked(Vec<String>),
    /// A question was sent.
    Sent,
    /// A job came to this end.
    Over(JobState),
    /// Sending failed.
    Failed(Trouble),
    /// A job needed its person, or does no more.
    Wait {
        /// The job.
        job: String,
        /// What happened.
        news: WaitNews,
    },
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskAction {
    /// What was here before the page was loaded again.
    Remembered {
        /// The draft.
        draft: String,
        /// The questions.
        jobs: Vec<Job>,
    },
    /// The person typed.
    Drafted(String),
    /// An earlier question, to be asked once more.
    AskedAgain(String),
    /// Sources are in the way.
    Blocked(Vec<String>),
    /// "Not now".
    BlockerClosed,
    /// On its way.
    Sending,
    /// Accepted; sent without these sources.
    Sent(Job, Vec<String>),
    /// What jobs of an earlier page needed.
    WaitsRemembered(BTreeMap<String, JobWaits>),
    /// A job may use these sources, by id.
    Uses(String, Vec<String>),
    /// Not accepted.
    NotSent(Trouble),
    /// The service's word on a job.
    JobHeard(JobStatus),
    /// Nobody knows this job.
    JobGone(String),
    /// The answer of a job.
    JobAnswered(JobReport),
    /// The service did not answer about a job.
    JobUnheard(String),
    /// The stream of a job, or what a person asked a job for.
    Stream(String, StreamAction),
    /// Show a note.
    Toasted(Toast),
    /// The person looks at the note, or does no more.
    ToastHeld(bool),
    /// The note is over.
    ToastOver,
}

impl Reducible for Desk {
    type Action = DeskAction;

    fn reduce(self: Rc<Self>, action: DeskAction) -> Rc<Self> {
        let mut next = (*self).clone();
        next.apply(action);
        if next == *self { self } else { Rc::new(next) }
    }
}

impl Desk {
    /// Takes in what happened.
    pub fn apply(&mut self, action: DeskAction) {
        match action {
            DeskAction::Remembered { draft, jobs } => (self.draft, self.jobs) = (draft, jobs),
            DeskAction::Drafted(text) => {
                self.draft = text;
                self.trouble = None;
            }
            DeskAction::AskedAgain(question) => {
                let draft = std::mem::replace(&mut self.draft, question);
                if !draft.trim().is_empty() && draft != self.draft {
                    self.toast = Some(Toast::DraftReplaced(draft));
                }
                self.trouble = None;
                self.focus.put("composer".to_owned());
            }
            DeskAction::Blocked(sources) => {
                self.is_sending = false;
                self.trouble = None;
                self.focus.put("blocker-title".to_owned());
                self.news.put(Some(DeskNews::Blocked(sources.clone())));
                self.blocker = Some(sources);
            }
            DeskAction::BlockerClosed => {
                self.blocker = None;
                self.focus.put("composer".to_owned());
            }
            DeskAction::Sending => {
                self.is_sending = true;
                self.trouble = None;
            }
            DeskAction::Sent(job, without) => {
                self.is_sending = false;
                self.blocker = None;
                self.draft.clear();
                self.jobs.insert(0, job);
                self.toast = (!without.is_empty()).then_some(Toast::SentWithout(without));
                self.focus.put("composer".to_owned());
                self.news.put(Some(DeskNews::Sent));
            }
            DeskAction::WaitsRemembered(waits) => self.waits = waits,
            DeskAction::Uses(job, sources) => self.waits.entry(job).or_default().source_ids = sources,
            DeskAction::NotSent(trouble) => {
                self.is_sending = false;
                self.news.put(Some(DeskNews::Failed(trouble.clone())));
                self.trouble = Some(trouble);
            }
            DeskAction::JobHeard(status) => self.change(&status.job_id.clone(), |job| job.heard(&status)),
            DeskAction::JobGone(id) => self.change(&id, |job| {
                job.is_out_of_touch = false;
                if job.state.is_over() {
                    job.has_no_report = true;
                } else {
                    job.state = JobState::NotFound;
                }
            }),
            DeskAction::JobAnswered(report) => self.change(&report.job_id.clone(), |job| job.answered(report)),
            DeskAction::JobUnheard(id) => self.change(&id, |job| job.is_out_of_touch = true),
            DeskAction::Stream(job, action) => self.stream(job, action),
            DeskAction::Toasted(toast) => self.toast = Some(toast),
            DeskAction::ToastHeld(is_held) => self.is_toast_held = is_held,
            DeskAction::ToastOver => {
                self.toast = None;
                self.is_toast_held = false;
            }
        }
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Job)) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        let was_open = job.is_open();
        change(job);
        if was_open && !job.is_open() {
            self.news.put(Some(DeskNews::Over(job.state)));
        }
    }

    /// The sources that the note is about and that can be switched on again.
    pub fn toast_sources(&self) -> &[String] {
        match &self.toast {
            Some(Toast::SentWithout(ids)) => ids,
            _ => &[],
        }
    }

    /// Whether a job could not be asked about.
    pub fn is_out_of_touch(&self) -> bool {
        self.jobs.iter().any(|job| job.is_out_of_touch)
    }
}
