use chrono::{DateTime, TimeDelta, Utc};

use super::{JobId, PrincipalId, ServerId};

/// How a job came to be known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOrigin {
    /// Through the gate: the research service behind it knows where the job is.
    Gate,
    /// A worker registered it. Nobody but that worker knows when it is over, so it may ask until its time is.
    Worker,
}

/// The row that lets one job ask for tokens: whose, and for which servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReference {
    /// The job.
    pub id: JobId,
    /// Its owner.
    pub principal: PrincipalId,
    /// The owner's subject, as workers may name it.
    pub sub: String,
    /// The servers it may ask for.
    pub servers: Vec<ServerId>,
    /// How it came to be known here.
    pub origin: JobOrigin,
    /// How long it may ask, from its creation.
    pub lifetime: TimeDelta,
    /// When it came to be known here, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// When its time is over, by the same clock.
    pub ends_at: DateTime<Utc>,
    /// Neither past its end, nor ended, nor revoked.
    pub is_alive: bool,
    /// HMAC by a vault key over everything above that does not change, as it is stored.
    pub mac: Vec<u8>,
}

/// A job reference about to be stored.
#[derive(Clone, Debug)]
pub struct NewJobReference {
    /// The job.
    pub id: JobId,
    /// Its owner.
    pub principal: PrincipalId,
    /// The servers it may ask for.
    pub servers: Vec<ServerId>,
    /// How it came to be known here.
    pub origin: JobOrigin,
    /// How long it may ask, from now.
    pub lifetime: TimeDelta,
}

/// The times of a job reference, as the database is about to store them: its HMAC covers them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobTimes {
    /// Now, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// When the job may ask no more.
    pub ends_at: DateTime<Utc>,
}
