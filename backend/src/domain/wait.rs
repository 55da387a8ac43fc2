use aiq_connect_shared::SkipReason;
use chrono::{DateTime, TimeDelta, Utc};

use super::{JobId, ServerId};

/// How long jobs wait for their owners, and how many of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitRules {
    /// How long one waits, and how much longer once more.
    pub length: TimeDelta,
    /// How many jobs of all people may wait at the same time; each keeps its place at a worker.
    pub most: u32,
}

/// A job that cannot go on with a server unless its owner helps.
#[derive(Clone, Debug)]
pub struct NewWait {
    /// The job.
    pub job: JobId,
    /// The server.
    pub server: ServerId,
    /// The fault, or `disconnected`, or `expired`.
    pub reason: String,
    /// Whether the owner can help at all.
    pub is_recoverable: bool,
}

/// Where a job stands with a server that needs its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitStanding {
    /// It may wait.
    Waiting {
        /// Until then, by the database's clock.
        until: DateTime<Utc>,
        /// Whether the owner can still make that later.
        can_extend: bool,
    },
    /// It goes on without, until the owner helps all the same.
    Over(SkipReason),
}

/// What a question for a wait brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitAnswer {
    /// Where the job stands by now.
    pub standing: WaitStanding,
    /// Whether this question made it so, and told it.
    pub is_news: bool,
}

/// A wait that has just ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedWait {
    /// Of this job.
    pub job: JobId,
    /// For this server.
    pub server: ServerId,
}

/// One thing that a job's stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldEvent {
    /// Rises over all jobs; a stream goes on after the last one it sent.
    pub id: i64,
    /// Of this server.
    pub server: ServerId,
    /// What.
    pub told: Told,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The owner is needed.
    Required {
        /// The fault, or `disconnected`, or `expired`.
        reason: String,
        /// Until when the job waits, or waited.
        until: DateTime<Utc>,
        /// Whether the owner can still make that later.
        can_extend: bool,
    },
    /// The job goes on with the server.
    Restored,
    /// The job goes on without it.
    Skipped(SkipReason),
}
