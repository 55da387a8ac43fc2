//! What a job tells its owner while it runs: where it is, and for which sources it needs them.

use std::{collections::VecDeque, sync::Arc};

use aiq_connect_shared::JobEvent;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{
    Gate,
    gate::JobError,
    seats::Seat,
    status_watch::{Seen, SeenStatus},
};
use crate::{
    connections::Connections,
    domain::{JobId, JobOrigin, Principal, ServerId, Told, ToldEvent},
    storage::{Store, StoreError},
    timing,
};

/// Why a stream does not open.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// No such job, or not this person's.
    #[error(transparent)]
    Job(#[from] JobError),
    /// One person cannot use the service up.
    #[error("too many streams are open")]
    TooMany,
}

/// One thing that a stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// How it comes by its news; the first thing it says.
    Mode,
    /// Where the job is, at every change.
    Status(SeenStatus),
    /// Something that stays said: a stream that is opened anew after this id goes on with the next.
    Event(i64, JobEvent),
    /// An open wait once more, which its person may have made longer since it was said.
    Again(JobEvent),
}

/// An open stream.
pub struct JobStream {
    connections: Arc<Connections>,
    store: Arc<dyn Store>,
    job: JobId,
    /// The last event that was said.
    after: i64,
    /// The waits that are open, and until when, as far as that was said: `None` until the first look.
    open: Option<Vec<OpenWait>>,
    /// Where the job is; nobody knows when there is no research service, or when it has never heard of the job.
    seen: Option<Seen>,
    told: Option<SeenStatus>,
    bell: watch::Receiver<()>,
    next: VecDeque<Frame>,
    is_over: bool,
    /// Whether the last look worked; trouble is logged where it begins.
    was_well: bool,
    _seat: Seat,
}

struct OpenWait {
    /// The event that told of it.
    event: i64,
    server: ServerId,
    until: DateTime<Utc>,
}

impl Gate {
    /// Opens the stream of the person's own job, after the event that they heard last.
    pub async fn stream(&self, owner: &Principal, id: &JobId, after: i64) -> Result<JobStream, StreamError> {
        let job = self.own_job(owner, id).await?;
        let seat = self.seats.take(owner.id()).ok_or(StreamError::TooMany)?;
        let user = self.pairwise(&job, owner)?;
        Ok(JobStream {
            connections: Arc::clone(&self.connections),
            store: Arc::clone(&self.store),
            job: id.clone(),
            after,
            open: None,
            seen: (self.watch.as_ref().filter(|_| job.origin == JobOrigin::Gate)).map(|watch| watch.follow(id, user)),
            told: None,
            bell: self.connections.bell().listen(),
            next: VecDeque::from([Frame::Mode]),
            is_over: false,
            was_well: true,
            _seat: seat,
        })
    }
}

impl JobStream {
    /// What is said next; `None` when everything is said and the job is over. Loses nothing when it is dropped while it
    /// waits.
    pub async fn next_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.next.pop_front() {
                return Some(frame);
            }
            if self.is_over {
                return None;
            }
            // Whatever is rung for from here on may not be seen by the look that follows.
            self.bell.mark_unchanged();
            let looked = self.look().await;
            if let (Err(error), true) = (&looked, self.was_well) {
                tracing::warn!(job.id = %self.job, %error, "a job's stream cannot be read at the moment");
            }
            self.was_well = looked.is_ok();
            if self.next.is_empty() && !self.is_over {
                self.pause().await;
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let seen = self.seen.as_mut().and_then(|seen| seen.borrow_and_update().clone());
        let was_over = match &seen {
            Some(seen) => seen.state.is_over(),
            None if self.seen.is_none() => !self.store.find_job(&self.job).await?.is_some_and(|job| job.is_alive),
            None => false,
        };
        // After the status was seen: at the job's end nothing more will come than what is there by now.
        // Events stay as they are, but for the end of a wait.
        let from = self.open.as_ref().map(|open| open.iter().map(|wait| wait.event - 1).fold(self.after, i64::min));
        let events = self.store.told_after(&self.job, from.unwrap_or_default()).await?;
        self.tell(events);
        // Said last, so that a client that leaves at the end of its job has heard everything.
        if seen.is_some() && seen != self.told {
            self.next.extend(seen.clone().map(Frame::Status));
            self.told = seen;
        }
        self.is_over = was_over;
        Ok(())
    }

    /// Says what is new, and again what is open and ends at another time than was said.
    fn tell(&mut self, events: Vec<ToldEvent>) {
        let open = self.open.get_or_insert_default();
        let mut again = Vec::new();
        for event in events {
            let is_new = event.id > self.after;
            if let Told::Required { until, .. } = event.told {
                let known = open.iter_mut().find(|wait| wait.event == event.id);
                let is_moved = known.as_ref().is_none_or(|wait| wait.until != until);
                match known {
                    Some(wait) => wait.until = until,
                    None => open.push(OpenWait { event: event.id, server: event.server.clone(), until }),
                }
                if !is_new && is_moved {
                    again.push(event.clone());
                }
            } else {
                open.retain(|wait| wait.server != event.server);
                again.retain(|moved| moved.server != event.server);
            }
            if is_new {
                self.after = event.id;
                self.next.push_back(Frame::Event(event.id, self.connections.job_event(&self.job, event)));
            }
        }
        self.next.extend(again.into_iter().map(|event| Frame::Again(self.connections.job_event(&self.job, event))));
    }

    async fn pause(&mut self) {
        let changed = async {
            match &mut self.seen {
                Some(seen) => seen.changed().await.is_err(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Nobody asks for the job any more: the client opens the stream anew.
            is_gone = changed => self.is_over = is_gone,
            _ = self.bell.changed() => {}
            () = tokio::time::sleep(timing::STREAM_POLL) => {}
        }
    }
}
