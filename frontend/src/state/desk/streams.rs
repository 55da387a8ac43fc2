//! What the streams of jobs do to the desk.

use std::collections::BTreeMap;

use aiq_connect_shared::{JobStatus, JobWait, WaitAction};
use chrono::{DateTime, Utc};

use super::{Desk, DeskAction, DeskNews};
use crate::state::connections::Connections;
use crate::state::job::Job;
use crate::state::job_feed::{Feed, Link, Said};
use crate::state::job_wait::{JobWaits, WaitNews, WaitTrouble};
use crate::state::prompt::Prompt;

/// What can happen between the page and one job's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamAction {
    /// A stream is being opened, under this generation.
    Opening(u32),
    /// This generation is open.
    Opened(u32),
    /// This generation was cut, or could not be had.
    Lost(u32),
    /// Nobody listens any more.
    Closed,
    /// This generation said something.
    Said {
        /// Which opening said it.
        generation: u32,
        /// The event's number, if it has one.
        id: Option<u64>,
        /// What.
        said: Said,
        /// When it was heard.
        at: DateTime<Utc>,
        /// Whether it was heard as it happened, and is not a replay.
        is_live: bool,
    },
    /// The person asked the job for something.
    Asked(String, WaitAction),
    /// The service's answer to that.
    Answered(JobWait),
    /// It did not happen.
    Failed(String, WaitTrouble),
}

impl Desk {
    pub(super) fn stream(&mut self, job: String, action: StreamAction) {
        // What an earlier opening still has to say is not heard: the newer one says it again.
        let is_of =
            |desk: &Self, generation: u32| desk.feeds.get(&job).is_some_and(|feed| feed.generation == generation);
        match action {
            StreamAction::Opening(generation) => {
                self.feeds.insert(job, Feed { generation, link: Link::Opening });
            }
            StreamAction::Opened(generation) if is_of(self, generation) => {
                self.with_job(&job, |job| job.is_out_of_touch = false);
                self.feeds.insert(job, Feed { generation, link: Link::Open });
            }
            StreamAction::Lost(generation) if is_of(self, generation) => {
                self.feeds.insert(job, Feed { generation, link: Link::Lost });
            }
            StreamAction::Closed => {
                self.feeds.remove(&job);
            }
            StreamAction::Said { generation, id, said, at, is_live } if is_of(self, generation) => match said {
                Said::Status(status) => self.apply(DeskAction::JobHeard(JobStatus {
                    job_id: job,
                    status,
                    agent_type: None,
                    error: None,
                    created_at: None,
                })),
                Said::Event(event) => self.with_waits(job, |waits| waits.hear(id, event, at, is_live)),
            },
            StreamAction::Opened(_) | StreamAction::Lost(_) | StreamAction::Said { .. } => {}
            StreamAction::Asked(source, action) => self.with_waits(job, |waits| {
                waits.ask(&source, action);
                None
            }),
            StreamAction::Answered(answer) => self.with_waits(job, |waits| waits.answered(&answer)),
            StreamAction::Failed(source, trouble) => self.with_waits(job, |waits| waits.failed(&source, trouble)),
        }
    }

    /// Whether a job waits for its person.
    pub fn needs_person(&self) -> bool {
        self.open_waits().any(|(_, waits)| waits.waiting().next().is_some())
    }

    /// Until when jobs wait, by source; the first one to give up counts.
    pub fn jobs_wait(&self) -> BTreeMap<String, DateTime<Utc>> {
        let mut ends = BTreeMap::new();
        for wait in self.open_waits().flat_map(|(_, waits)| waits.waiting()) {
            if let Some(until) = wait.waits_until {
                ends.entry(wait.source_id.clone())
                    .and_modify(|end: &mut DateTime<Utc>| *end = until.min(*end))
                    .or_insert(until);
            }
        }
        ends
    }

    /// What every job's card says about the sources that its person is needed for.
    pub fn prompts(&self, connections: &Connections, now: DateTime<Utc>) -> BTreeMap<String, Prompt> {
        let look = |job: &Job| Prompt::look(job, self.waits.get(&job.id)?, connections, now);
        self.jobs.iter().filter_map(|job| look(job).map(|prompt| (job.id.clone(), prompt))).collect()
    }

    /// How many jobs that are not over may (still) use a source.
    pub fn jobs_using(&self, source: &str) -> usize {
        self.open_waits().filter(|(_, waits)| waits.may_use(source)).count()
    }

    /// What the newest jobs needed, to be kept for a page that is loaded again.
    pub fn waits_of_first(&self, many: usize) -> BTreeMap<String, JobWaits> {
        let newest = self.jobs.iter().take(many);
        newest.filter_map(|job| Some((job.id.clone(), self.waits.get(&job.id)?.clone()))).collect()
    }

    fn open_waits(&self) -> impl Iterator<Item = (&Job, &JobWaits)> {
        let open = self.jobs.iter().filter(|job| !job.state.is_over());
        open.filter_map(|job| self.waits.get(&job.id).map(|waits| (job, waits)))
    }

    fn with_job(&mut self, id: &str, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) {
            change(job);
        }
    }

    fn with_waits(&mut self, job: String, change: impl FnOnce(&mut JobWaits) -> Option<WaitNews>) {
        if let Some(news) = change(self.waits.entry(job.clone()).or_default()) {
            self.news.put(Some(DeskNews::Wait { job, news }));
        }
    }
}
