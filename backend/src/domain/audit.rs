use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Grant, GrantId, GrantKey, Introduced, JobId, KeyId, PrincipalId, ServerId, Version};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal: $sentence:literal,)*) => {
        /// What an audit record tells of. The words are stored and stay.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum AuditKind { $($(#[$doc])* $name,)* }

        impl AuditKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stored word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The same for people.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

kinds! {
    /// A person connected a server that they had no grant for.
    Connected = "connected": "connected",
    /// A person connected it anew.
    Reconnected = "reconnected": "connected anew",
    /// A person connected it anew and asked for another account.
    AccountSwitched = "account_switched": "connected another account",
    /// New tokens were stored.
    Refreshed = "refreshed": "tokens were refreshed",
    /// A job got this version's token for the first time.
    Resolved = "resolved": "a job got the token",
    /// A person, or an administrator, had the grant forgotten.
    Disconnected = "disconnected": "disconnected",
    /// The provider confirmed that it ended the tokens.
    Revoked = "revoked": "the provider ended the tokens",
    /// It never did, and is not asked any more.
    RevocationGivenUp = "revocation_given_up": "the provider never confirmed the end of the tokens",
    /// The grant does not work any more.
    Faulted = "faulted": "stopped working",
    /// What is stored does not open: the key is gone, or somebody changed the row.
    DoesNotOpen = "does_not_open": "a stored secret does not open",
    /// We registered a client at an issuer.
    ClientRegistered = "client_registered": "a client was registered",
    /// A registered client was forgotten.
    ClientForgotten = "client_forgotten": "a registered client was forgotten",
    /// A job may ask for tokens.
    JobRegistered = "job_registered": "a job began",
    /// It asks for nothing any more.
    JobEnded = "job_ended": "a job ended",
    /// The grant is kept and used for nothing.
    Quarantined = "quarantined": "put into quarantine",
    /// It is used again.
    Released = "released": "taken out of quarantine",
    /// Somebody holds a key that nobody had heard of.
    KeyAdded = "key_added": "a key was added",
    /// A key seals from now on.
    KeyActivated = "key_activated": "a key seals from now on",
    /// Another one took its place.
    KeyRetired = "key_retired": "a key seals nothing new any more",
    /// Sealing anew with the active key began.
    RotationBegan = "rotation_began": "sealing anew began",
    /// It ended.
    RotationEnded = "rotation_ended": "sealing anew ended",
    /// A key was taken away.
    KeyRemoved = "key_removed": "a key was removed",
    /// A replica does not hold the key that seals.
    KeyMissing = "key_missing": "a replica lacks the key that seals",
    /// It does, after it did not.
    KeyFound = "key_found": "a replica has the key that seals",
    /// Everything of a person was removed.
    PersonForgotten = "person_forgotten": "a person was forgotten",
    /// A person signed in to AIQ Connect itself.
    SignedIn = "signed_in": "signed in",
    /// A replica started; what it allows beyond the strict rules.
    Started = "started": "the service started",
    /// Records older than [`AuditEvent::swept_before`] are removed.
    Swept = "swept": "older records were removed",
    /// Records could not be kept while the database was away.
    RecordsLost = "records_lost": "records were lost",
}

/// What happened, before it is written down. Holds no token, no hash of one, no secret and no text of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// What.
    pub kind: AuditKind,
    /// Whose.
    pub principal: Option<PrincipalId>,
    /// At which server.
    pub server: Option<ServerId>,
    /// Which grant.
    pub grant: Option<GrantId>,
    /// In which version.
    pub version: Option<Version>,
    /// For which job.
    pub job: Option<JobId>,
    /// What the person sees beside the error.
    pub reference: Option<String>,
    /// Codes and names, by word.
    pub details: BTreeMap<&'static str, String>,
    /// Of [`AuditKind::Swept`]: what is older may be gone.
    pub swept_before: Option<DateTime<Utc>>,
}

impl AuditEvent {
    /// Only what happened.
    pub fn new(kind: AuditKind) -> Self {
        Self {
            kind,
            principal: None,
            server: None,
            grant: None,
            version: None,
            job: None,
            reference: None,
            details: BTreeMap::new(),
            swept_before: None,
        }
    }

    /// With a grant and all that it names.
    #[must_use]
    pub fn of(self, grant: &Grant) -> Self {
        Self { grant: Some(grant.id), version: Some(grant.version), ..self.at(&grant.key) }
    }

    /// With a person and a server.
    #[must_use]
    pub fn at(self, key: &GrantKey) -> Self {
        Self { principal: Some(key.principal.clone()), server: Some(key.server.clone()), ..self }
    }

    /// What happened to a key, and who did it.
    pub fn key(kind: AuditKind, key: KeyId, by: &str) -> Self {
        Self::new(kind).with("key", key.to_string()).with("by", by)
    }

    /// What nobody had heard of before.
    pub fn introduced(what: &Introduced, by: &str) -> Vec<Self> {
        let added = what.added.iter().map(|key| Self::key(AuditKind::KeyAdded, *key, by));
        added.chain(what.activated.map(|key| Self::key(AuditKind::KeyActivated, key, by))).collect()
    }

    /// With a person.
    #[must_use]
    pub fn by(self, principal: &PrincipalId) -> Self {
        Self { principal: Some(principal.clone()), ..self }
    }

    /// With a job.
    #[must_use]
    pub fn job(self, job: &JobId) -> Self {
        Self { job: Some(job.clone()), ..self }
    }

    /// With the reference that a person sees.
    #[must_use]
    pub fn reference(self, reference: &str) -> Self {
        Self { reference: Some(reference.to_owned()), ..self }
    }

    /// With one more word.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.insert(name, value.into());
        self
    }
}

/// One record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// The chain it belongs to: one for each process that writes.
    pub chain: String,
    /// Its number there, from 1 without gaps.
    pub number: i64,
    /// When, by the database's clock.
    pub recorded_at: DateTime<Utc>,
    /// What; a word of [`AuditKind`], or of a newer version.
    pub kind: String,
    /// Whose.
    pub principal: Option<String>,
    /// At which server.
    pub server: Option<String>,
    /// Which grant.
    pub grant: Option<String>,
    /// In which version.
    pub version: Option<i64>,
    /// For which job.
    pub job: Option<String>,
    /// What the person sees beside the error.
    pub reference: Option<String>,
    /// Codes and names, as a JSON object.
    pub detail: String,
    /// What is older may be gone.
    pub swept_before: Option<DateTime<Utc>>,
    /// Of a chain's first record: which record of another chain was the newest then.
    pub follows: Option<(String, i64)>,
    /// Time and MAC of the record before it: in its chain, or the one that it follows.
    pub previous: Option<(DateTime<Utc>, Vec<u8>)>,
    /// The id of a vault key and its HMAC over all of the above.
    pub mac: Vec<u8>,
}

/// What a writer and a reader have to know of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditState {
    /// The database's time.
    pub now: DateTime<Utc>,
    /// The newest record.
    pub newest: Option<AuditRecord>,
    /// When the oldest one was written.
    pub oldest: Option<DateTime<Utc>>,
    /// The latest time before which records may be gone.
    pub swept_before: Option<DateTime<Utc>>,
}

/// Which records are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this person.
    pub principal: Option<PrincipalId>,
    /// Of this server.
    pub server: Option<ServerId>,
    /// Of this grant.
    pub grant: Option<String>,
    /// Of this job.
    pub job: Option<JobId>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Not older than this.
    pub newer_than: Option<chrono::TimeDelta>,
    /// The newest that many.
    pub limit: u32,
}
