//! What is kept, by capability. Each trait has one implementation per database and one contract suite for all.
//!
//! Times are computed and compared by the database, so that processes with wrong clocks agree.

#[cfg(test)]
mod contract;
mod keeping;
mod migrations;
mod opening;
mod postgres;
mod row;
mod row_keeping;
mod sqlite;

pub use self::{
    keeping::{
        AuditStore, Forgotten, GrantFilter, KeptGrant, Old, Person, RegisterStore, RetentionStore, RevocationStore,
    },
    migrations::Schema,
    opening::{OpenError, Opened, Place},
    postgres::PostgresStore,
    sqlite::SqliteStore,
};

use std::collections::HashMap;

use aiq_connect_shared::FaultCode;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    EndedWait, Flow, FlowId, FlowPhase, Grant, GrantId, GrantKey, GrantTokens, Introduced, Introduction, JobId,
    JobReference, JobTimes, KeyBook, KeyId, KeyUse, Lease, LeaseOwner, NewFlow, NewGrant, NewJobReference,
    NewRevocation, NewSession, NewSignIn, NewWait, Postponed, Principal, PrincipalId, Profile, RefreshTurn,
    Registration, RegistrationTurn, Removal, Sealed, SealedRow, SealedTable, ServerId, Session, SignIn, StartedFlow,
    ToldEvent, Version, WaitAnswer, WaitRules, WaitStanding,
};

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Passes by itself, or when the database is back.
    #[error("the database does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what this version cannot have written. Never guessed around.
    #[error("the database holds an impossible {what}")]
    Impossible {
        /// Which row and column.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another version is stored by now: read again.
    #[error("a newer version is stored already")]
    Conflict,
    /// The database is sealed with a key that this process does not hold, and another may. Passes when it gets it.
    #[error("the key {0}, with which the database is sealed, is not held by this process")]
    KeyMissing(KeyId),
}

/// Everything of one person, and the database's time when it was read.
#[derive(Clone, Debug)]
pub struct ConnectionsOf {
    /// The database's time.
    pub now: DateTime<Utc>,
    /// All grants.
    pub grants: Vec<Grant>,
    /// All flows that can still be finished, newest first.
    pub open_flows: Vec<Flow>,
}

/// Why a grant does not work.
#[derive(Clone, Copy, Debug)]
pub struct NewFault<'a> {
    /// For words.
    pub code: FaultCode,
    /// The log line's name.
    pub reference: &'a str,
    /// What an administrator is told beside it.
    pub detail: Option<&'a str>,
}

/// What a worker's question needs, from one joined row.
#[derive(Clone, Debug)]
pub struct JobAndGrant {
    /// The database's time.
    pub now: DateTime<Utc>,
    /// The job.
    pub job: JobReference,
    /// Its owner's grant for the server asked for.
    pub grant: Option<Grant>,
    /// The job was told to wait for this server, or to go on without it, and a usable token is news to it.
    pub is_missed: bool,
}

/// Grants. Absence is `Ok(None)`, never an error.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Everything a listing needs, by one query for any number of sources.
    async fn connections_of(&self, principal: &PrincipalId) -> Result<ConnectionsOf, StoreError>;

    /// One grant, in quarantine too.
    async fn find_grant(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError>;

    /// Forgets the grant and cancels every open flow of the same key, at once; living jobs that may use the server go
    /// on without it, and their streams say so. In the same transaction its tokens are queued for their provider.
    ///
    /// `seen` is what [`Self::find_grant`] told, because `end` was made of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`]: something else is stored by now, and nothing was changed. Read again.
    async fn disconnect(
        &self,
        key: &GrantKey,
        seen: Option<(GrantId, Version)>,
        end: Option<&NewRevocation>,
    ) -> Result<(), StoreError>;
}

/// Refreshing: who may, what became of it, and when it is tried again.
#[async_trait]
pub trait RefreshStore: Send + Sync {
    /// Takes the lease on exactly this version of the grant. `None`: [`Self::refresh_turn`] says why not.
    ///
    /// A lease lasts [`crate::timing::LEASE`] and can be taken over [`crate::timing::LEASE_GRACE`] after its end. A
    /// forced refresh is one of a token that should have been good; when it was begun is kept.
    async fn lease(
        &self,
        grant: GrantId,
        version: Version,
        owner: &LeaseOwner,
        forced: bool,
    ) -> Result<Option<Lease>, StoreError>;

    /// What keeps this version from being refreshed.
    async fn refresh_turn(&self, grant: GrantId, version: Version) -> Result<RefreshTurn, StoreError>;

    /// Says that a refresh is about to be sent. `false`: the lease or the version is no longer ours, or the lease was
    /// taken longer than [`crate::timing::LATE_SENDER`] ago; do not send.
    async fn mark_in_doubt(&self, grant: GrantId, version: Version, owner: &LeaseOwner) -> Result<bool, StoreError>;

    /// Stores what the provider answered as the next version, whoever holds the lease by now, if `version` is still
    /// the stored one. Ends the lease, the doubt and any fault, and the count of failures at the issuer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`]: a newer version is there, or the grant is gone. Read again.
    async fn rotate(&self, grant: GrantId, version: Version, tokens: &GrantTokens) -> Result<(), StoreError>;

    /// Records why this version does not work and ends the lease. `false`: it is not the stored version any more.
    async fn record_fault(&self, grant: GrantId, version: Version, fault: &NewFault<'_>) -> Result<bool, StoreError>;

    /// Gives the lease back after a failure that passes, and keeps when to try again. Leaves a lease of somebody else
    /// and its grant alone.
    async fn postpone(
        &self,
        grant: GrantId,
        version: Version,
        owner: &LeaseOwner,
        postponed: Postponed,
    ) -> Result<(), StoreError>;

    /// Gives the lease back: nothing was sent, and nothing went wrong. A doubt stays.
    async fn release(&self, grant: GrantId, version: Version, owner: &LeaseOwner) -> Result<(), StoreError>;

    /// Records that the server refuses this version's token although it is fresh, and leaves it alone for a while:
    /// longer each time in a row, see [`crate::timing::REJECTED_PAUSES`]. `false`: it has another fault or version.
    async fn record_rejection(&self, grant: GrantId, version: Version, reference: &str) -> Result<bool, StoreError>;

    /// The while is over, and somebody tries the token again.
    async fn forget_rejection(&self, grant: GrantId, version: Version) -> Result<(), StoreError>;
}

/// Flows.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// Stores a flow that nobody has started yet. `false`: the id is taken, by whomever.
    async fn announce(&self, flow: &NewFlow) -> Result<bool, StoreError>;

    /// Records where the person is being sent. Replaces an earlier start of the same flow, whose state dies with it.
    /// `false`: it cannot be started any more, or is not this person's.
    async fn start(&self, id: FlowId, principal: &PrincipalId, started: &StartedFlow) -> Result<bool, StoreError>;

    /// The flow that a state belongs to, whatever its phase.
    async fn find_by_state(&self, state_hash: &str) -> Result<Option<Flow>, StoreError>;

    /// A person's own flow.
    async fn find_flow(&self, id: FlowId, principal: &PrincipalId) -> Result<Option<Flow>, StoreError>;

    /// Uses the state up, atomically: pending and in time becomes exchanging. `false`: somebody was faster, or too late.
    async fn consume(&self, id: FlowId, state_hash: &str) -> Result<bool, StoreError>;

    /// Stores the grant in place of any earlier one of its key and marks the flow succeeded, in one transaction.
    /// `false`: the flow was cancelled meanwhile, and nothing was stored.
    async fn complete(&self, grant: &NewGrant) -> Result<bool, StoreError>;

    /// Ends an open flow (pending or exchanging). `false`: it had ended already.
    async fn end_flow(&self, id: FlowId, phase: FlowPhase, code: Option<FaultCode>) -> Result<bool, StoreError>;
}

/// Our clients at authorization servers.
#[async_trait]
pub trait RegistrationStore: Send + Sync {
    /// The registration for an issuer and redirect URI.
    async fn find_registration(&self, issuer: &str, redirect_uri: &str) -> Result<Option<Registration>, StoreError>;

    /// Stores a registration unless one is there, and returns the one that is there. Whoever was about to make one, is
    /// not any more.
    async fn keep_registration(&self, registration: &Registration) -> Result<Registration, StoreError>;

    /// Forgets the registration of exactly this client: the issuer does not know it any more, or its secret is lost.
    /// `false`: it was forgotten already.
    async fn forget_registration(&self, issuer: &str, redirect_uri: &str, client_id: &str) -> Result<bool, StoreError>;

    /// Takes the lease to register, for [`crate::timing::REGISTERING`]. `false`: somebody holds it. Whoever gets it looks
    /// again whether a registration has been kept since.
    async fn begin_registering(
        &self,
        issuer: &str,
        redirect_uri: &str,
        holder: &LeaseOwner,
    ) -> Result<bool, StoreError>;

    /// Whether somebody registers.
    async fn registration_turn(&self, issuer: &str, redirect_uri: &str) -> Result<RegistrationTurn, StoreError>;

    /// Gives the lease back without a registration, and tells those who wait why, or that they may try themselves.
    /// Leaves a lease of somebody else alone.
    async fn give_up_registering(
        &self,
        issuer: &str,
        redirect_uri: &str,
        holder: &LeaseOwner,
        failure: Option<FaultCode>,
    ) -> Result<(), StoreError>;
}

/// Makes the HMAC of a job reference.
pub type JobMac = dyn Fn(&NewJobReference, JobTimes) -> Vec<u8> + Send + Sync;

/// Job references.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores a job reference with the HMAC that `mac` makes of it and of the times that are about to be stored, in one
    /// transaction: the database's clock decides, and the HMAC covers what it decided.
    async fn insert_job(&self, job: &NewJobReference, mac: &JobMac) -> Result<(), StoreError>;

    /// One job reference, alive or not.
    async fn find_job(&self, id: &JobId) -> Result<Option<JobReference>, StoreError>;

    /// A job and its owner's grant for one server, by one query.
    async fn find_job_and_grant(&self, id: &JobId, server: &ServerId) -> Result<Option<JobAndGrant>, StoreError>;

    /// The job asks for nothing any more. `false`: it had ended already, or there is none.
    async fn end_job(&self, id: &JobId) -> Result<bool, StoreError>;

    /// How many living jobs of this person may use this server.
    async fn count_living_jobs(&self, key: &GrantKey) -> Result<u32, StoreError>;
}

/// Jobs that wait for their owners, and what their streams tell of it. Whatever changes a wait tells it in the same
/// transaction, so that nothing is told twice or not at all. Jobs that are over wait for nobody.
#[async_trait]
pub trait WaitStore: Send + Sync {
    /// Where a job stands with a server that needs its owner for this reason. `None`: [`Self::open_wait`] says.
    ///
    /// A wait for another reason counts too, and so do a wish of the owner's to go on without, and a disconnect.
    async fn find_wait(&self, job: &JobId, server: &ServerId, reason: &str)
    -> Result<Option<WaitStanding>, StoreError>;

    /// The same, and opens a wait where there has been none since the server was last usable. At most
    /// [`WaitRules::most`] jobs wait; each ends [`crate::timing::WAIT_MARGIN`] before its job's time is over.
    async fn open_wait(&self, wait: &NewWait, rules: WaitRules) -> Result<WaitAnswer, StoreError>;

    /// The owner wants the job to go on without the server. `false`: it does not wait for it.
    async fn skip_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError>;

    /// Makes the wait last this long from now, if that is longer. `None`: the job does not wait for the server.
    async fn extend_wait(
        &self,
        job: &JobId,
        server: &ServerId,
        length: TimeDelta,
    ) -> Result<Option<WaitStanding>, StoreError>;

    /// The job gets a usable token for the server. `false`: it did not miss it.
    async fn restore_wait(&self, job: &JobId, server: &ServerId) -> Result<bool, StoreError>;

    /// The person connected the server: whichever of their jobs wait for it need not any more.
    async fn restore_waits(&self, key: &GrantKey) -> Result<Vec<EndedWait>, StoreError>;

    /// Ends every wait whose time is over.
    async fn end_overdue_waits(&self) -> Result<Vec<EndedWait>, StoreError>;

    /// What a job's stream tells after this event, oldest first.
    async fn told_after(&self, job: &JobId, after: i64) -> Result<Vec<ToldEvent>, StoreError>;
}

/// Own sign-in: attempts and sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores an attempt.
    async fn begin_sign_in(&self, sign_in: &NewSignIn) -> Result<(), StoreError>;

    /// Takes an attempt that is in time out of the store: a state works once.
    async fn take_sign_in(&self, state_hash: &str) -> Result<Option<SignIn>, StoreError>;

    /// Remembers a person who comes without a session of ours, and tells how they are called by now.
    /// Grants, flows and jobs belong to people who are remembered.
    async fn remember(&self, person: &Principal, introduction: &Introduction) -> Result<Profile, StoreError>;

    /// Stores a session, and the person it belongs to.
    async fn open_session(&self, session: &NewSession) -> Result<(), StoreError>;

    /// The session of a cookie, if it is in time.
    async fn find_session(&self, cookie_hash: &str) -> Result<Option<Session>, StoreError>;

    /// Ends a session.
    async fn close_session(&self, cookie_hash: &str) -> Result<(), StoreError>;
}

/// What has changed, for those who wait for it or show it. The database counts by itself, whoever writes.
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// How often something of each of these people has changed, by one query; people of whom nothing ever changed are
    /// left out. Whoever sees a serial sees what raised it. It may begin anew, but never shows an old one again soon.
    async fn serials(&self, people: &[PrincipalId]) -> Result<HashMap<PrincipalId, i64>, StoreError>;

    /// Opens a way on which the database tells of changes by itself, and tries it: what is told has to arrive within
    /// [`crate::timing::ECHO`].
    async fn hear(&self) -> Result<Hearing, StoreError>;
}

/// Whether the database tells of changes by itself.
pub enum Hearing {
    /// This one never does.
    Never,
    /// It does, but nothing arrives here: a pooler in between, perhaps.
    Deaf,
    /// It does, and it arrives.
    Open(Box<dyn Wire>),
}

/// What the database tells, as it happens.
#[async_trait]
pub trait Wire: Send {
    /// Of whom something changed, once that can be seen. Can be dropped while it waits, and loses nothing by it.
    ///
    /// # Errors
    ///
    /// Something may have been missed: look at every serial, and open another.
    async fn next(&mut self) -> Result<PrincipalId, StoreError>;
}

/// Which keys there are, which of them seals, and what is sealed with which.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Says which keys this process holds, in the order of their source. Where no key is active yet, the first becomes
    /// it, for one process of however many start at once. Tells what was new.
    async fn introduce_keys(&self, held: &[KeyId]) -> Result<Introduced, StoreError>;

    /// The key that seals.
    async fn active_key(&self) -> Result<Option<KeyId>, StoreError>;

    /// Every key, and the processes that served [`crate::timing::REPLICA_LIFETIME`] ago or later.
    async fn key_book(&self) -> Result<KeyBook, StoreError>;

    /// This process serves, and holds these keys.
    async fn beat(&self, replica: &str, held: &[KeyId]) -> Result<(), StoreError>;

    /// Makes this the key that seals, and retires the one before. `false`: it is not known, or was removed.
    async fn activate_key(&self, id: KeyId) -> Result<bool, StoreError>;

    /// Removes a key, unless something needs it; `although_used`, even then. Never the active one.
    async fn remove_key(&self, id: KeyId, although_used: bool) -> Result<Removal, StoreError>;

    /// How much of every table needs which key.
    async fn count_by_key(&self) -> Result<Vec<KeyUse>, StoreError>;

    /// Rows of a table after `cursor` (empty: from the start) that are not sealed with `active` alone.
    async fn sealed_otherwise(
        &self,
        table: SealedTable,
        active: KeyId,
        cursor: &str,
        most: u32,
    ) -> Result<Vec<SealedRow>, StoreError>;

    /// Puts the same secrets, sealed anew, in the place of exactly these sealed values. `false`: they changed meanwhile.
    async fn reseal(&self, row: &SealedRow, anew: &[Option<Sealed>; 2]) -> Result<bool, StoreError>;
}

/// A store of everything.
pub trait Store:
    GrantStore
    + RefreshStore
    + FlowStore
    + RegistrationStore
    + JobStore
    + WaitStore
    + SessionStore
    + ChangeStore
    + KeyStore
    + AuditStore
    + RevocationStore
    + RegisterStore
    + RetentionStore
{
}

impl<T> Store for T where
    T: GrantStore
        + RefreshStore
        + FlowStore
        + RegistrationStore
        + JobStore
        + WaitStore
        + SessionStore
        + ChangeStore
        + KeyStore
        + AuditStore
        + RevocationStore
        + RegisterStore
        + RetentionStore
{
}

/// Lets tests make stored things older instead of waiting.
#[async_trait]
pub trait Ageing: Sync {
    /// Moves every stored time this far into the past. In the same moment every job gets the HMAC that it would have been
    /// stored with, had it come to be at its times; without `sign`, its HMAC does not fit any more.
    async fn age_signing(&self, by: TimeDelta, sign: Option<&JobMac>) -> Result<(), StoreError>;

    /// The same without signing.
    async fn age(&self, by: TimeDelta) -> Result<(), StoreError> {
        self.age_signing(by, None).await
    }
}
