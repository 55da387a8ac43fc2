//! What is kept for those who look after the service, and for how long: audit, revocations, everybody's grants, old rows.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::StoreError;
use crate::domain::{
    AuditFilter, AuditRecord, AuditState, Grant, GrantId, LeaseOwner, NewRevocation, PrincipalId, Revocation,
    RevocationId, ServerId,
};

/// The audit trail. Records are only ever added; they go by [`AuditStore::sweep_audit`] alone.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// The time, the newest record, and how far back the trail goes.
    async fn audit_state(&self) -> Result<AuditState, StoreError>;

    /// Adds all of these, or none. One that is there already (same chain, same number) stays as it is, so that a
    /// caller who does not know whether it worked may do it again.
    async fn append_audit(&self, records: &[AuditRecord]) -> Result<(), StoreError>;

    /// The newest records that fit, oldest first.
    async fn audit_matching(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError>;

    /// That many records after this one, by chain and number.
    async fn audit_page(&self, after: (&str, i64), limit: u32) -> Result<Vec<AuditRecord>, StoreError>;

    /// Removes at most that many records older than what the latest sweep's record says, and tells how many.
    async fn sweep_audit(&self, limit: u32) -> Result<u64, StoreError>;
}

/// Tokens of forgotten grants that their provider has yet to end. [`super::GrantStore::disconnect`] queues too.
#[async_trait]
pub trait RevocationStore: Send + Sync {
    /// Queues tokens that belong to no stored grant.
    async fn queue_revocation(&self, new: &NewRevocation) -> Result<(), StoreError>;

    /// Takes the entry that waited longest of those that are due. Nobody else gets it for
    /// [`crate::timing::REVOCATION_CLAIM`].
    async fn take_revocation(&self) -> Result<Option<Revocation>, StoreError>;

    /// Puts an entry back for a while, if the attempt is still the last that was counted.
    async fn postpone_revocation(&self, id: RevocationId, attempt: i64, pause: TimeDelta) -> Result<(), StoreError>;

    /// Removes an entry. `false`: somebody did already.
    async fn end_revocation(&self, id: RevocationId) -> Result<bool, StoreError>;

    /// How many entries there are.
    async fn count_revocations(&self) -> Result<u64, StoreError>;
}

/// Which grants are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Of whom: their id, subject, name or address.
    pub person: Option<String>,
    /// For which server.
    pub server: Option<ServerId>,
    /// This one.
    pub id: Option<GrantId>,
    /// At most that many.
    pub limit: u32,
}

/// A grant as those see it who look after the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptGrant {
    /// The database's time.
    pub now: DateTime<Utc>,
    /// The grant.
    pub grant: Grant,
    /// Whose it is.
    pub person: Person,
    /// It is used for nothing since then.
    pub quarantined_at: Option<DateTime<Utc>>,
    /// Who refreshes it, and until when.
    pub lease: Option<(LeaseOwner, DateTime<Utc>)>,
}

/// A person as those see them who look after the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id that records and logs carry.
    pub id: PrincipalId,
    /// The OpenID issuer.
    pub issuer: String,
    /// Their subject there.
    pub sub: String,
    /// How they are called.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// When they first came.
    pub first_seen_at: DateTime<Utc>,
    /// How many grants they have.
    pub grants: u64,
    /// How many jobs of theirs are remembered.
    pub jobs: u64,
}

/// What went with a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The person was there.
    pub person: bool,
    /// Sign-in attempts at providers.
    pub flows: u64,
    /// Signed-in browsers.
    pub sessions: u64,
    /// Job references, with their waits and what their streams told.
    pub jobs: u64,
}

/// Everybody's grants, for administrators.
#[async_trait]
pub trait RegisterStore: Send + Sync {
    /// Grants, newest first.
    async fn grants_kept(&self, filter: &GrantFilter) -> Result<Vec<KeptGrant>, StoreError>;

    /// Puts a grant into quarantine, or takes it out. `false`: it is not there, or stands so already.
    ///
    /// A grant in quarantine reads as none: nobody is shown it or served from it, and no refresh of it begins. One that
    /// is under way is stored all the same.
    async fn set_quarantine(&self, grant: GrantId, on: bool) -> Result<bool, StoreError>;

    /// People whose id, subject, name or address is this, or all; newest first.
    async fn people(&self, who: Option<&str>, limit: u32) -> Result<Vec<Person>, StoreError>;

    /// Removes a person and all that belongs to them, except audit records and queued revocations.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`]: they have grants (again). Disconnect these first.
    async fn forget_person(&self, id: &PrincipalId) -> Result<Forgotten, StoreError>;
}

/// Rows that nobody needs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Sign-ins at providers that ended.
    Flows,
    /// Attempts to sign in to AIQ Connect itself.
    SignIns,
    /// Sessions that are over.
    Sessions,
    /// Jobs whose time is over, with their waits and events.
    Jobs,
    /// Names of grants that ended.
    EndedGrants,
    /// What became of registrations that were under way.
    Registering,
}

impl Old {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Flows, Self::SignIns, Self::Sessions, Self::Jobs, Self::EndedGrants, Self::Registering];

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::SignIns => "sign_ins",
            Self::Sessions => "sessions",
            Self::Jobs => "jobs",
            Self::EndedGrants => "ended_grants",
            Self::Registering => "registering",
        }
    }
}

/// Retention.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes at most that many rows whose time was over this long ago, and tells how many.
    async fn sweep(&self, what: Old, keep: TimeDelta, limit: u32) -> Result<u64, StoreError>;
}
