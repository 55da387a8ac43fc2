//! From what a database returns to the nouns. A row that this version cannot have written is
//! [`StoreError::Impossible`] and never guessed around. Both databases read into the same private rows.

use aiq_connect_shared::{FaultCode, Intent, SkipReason};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    ClientAuth, Flow, FlowId, FlowPhase, Grant, GrantId, GrantKey, JobId, JobOrigin, JobReference, JobTimes, KeyId,
    KeyState, KnownKey, Principal, PrincipalId, RefreshTurn, Registration, RegistrationTurn, Renewal, Replica, Sealed,
    ServerId, SourceId, StartedFlow, Version,
};

/// A row of `grants`.
pub(super) struct GrantRow {
    pub id: String,
    pub principal: String,
    pub server: String,
    pub version: i64,
    pub issuer: String,
    pub client_id: String,
    pub resource: String,
    pub redirect_uri: String,
    pub scopes: String,
    pub access_token: Vec<u8>,
    pub refresh_token: Option<Vec<u8>>,
    pub issued_at: i64,
    pub expires_at: Option<i64>,
    pub fault: Option<String>,
    pub fault_reference: Option<String>,
    pub in_doubt_since: Option<i64>,
    pub retry_at: Option<i64>,
    pub forced_at: Option<i64>,
    pub rejected_until: Option<i64>,
    pub is_rejected_widely: bool,
    pub fault_detail: Option<String>,
    pub account_label: Option<String>,
    pub connected_at: i64,
}

impl TryFrom<GrantRow> for Grant {
    type Error = StoreError;

    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        if row.version < Version::FIRST.0 {
            return Err(impossible("grants.version", format!("{} is below the first", row.version)));
        }
        Ok(Self {
            id: GrantId(uuid("grants.id", &row.id)?),
            key: GrantKey { principal: PrincipalId(row.principal), server: ServerId(row.server) },
            version: Version(row.version),
            issuer: row.issuer,
            client_id: row.client_id,
            resource: row.resource,
            redirect_uri: row.redirect_uri,
            scopes: list("grants.scopes", &row.scopes)?,
            access_token: Sealed(row.access_token),
            refresh_token: row.refresh_token.map(Sealed),
            issued_at: time("grants.issued_at", row.issued_at)?,
            expires_at: row.expires_at.map(|at| time("grants.expires_at", at)).transpose()?,
            fault: row.fault.map(|word| fault("grants.fault", &word)).transpose()?,
            fault_reference: row.fault_reference,
            in_doubt_since: row.in_doubt_since.map(|at| time("grants.in_doubt_since", at)).transpose()?,
            renewal: Renewal {
                retry_at: row.retry_at.map(|at| time("grants.retry_at", at)).transpose()?,
                forced_at: row.forced_at.map(|at| time("grants.forced_at", at)).transpose()?,
                rejected_until: row.rejected_until.map(|at| time("grants.rejected_until", at)).transpose()?,
                is_rejected_widely: row.is_rejected_widely,
                fault_detail: row.fault_detail,
            },
            account_label: row.account_label,
            connected_at: time("grants.connected_at", row.connected_at)?,
        })
    }
}

/// A row of `flows`.
pub(super) struct FlowRow {
    pub id: String,
    pub principal: String,
    pub source: String,
    pub server: String,
    pub intent: String,
    pub phase: String,
    pub code: Option<String>,
    pub expires_at: i64,
    pub is_past_end: i64,
    pub state_hash: Option<String>,
    pub browser_hash: Option<String>,
    pub issuer: Option<String>,
    pub iss_promised: Option<i64>,
    pub client_id: Option<String>,
    pub resource: Option<String>,
    pub redirect_uri: Option<String>,
    pub scopes: Option<String>,
    pub verifier: Option<Vec<u8>>,
    pub return_to: Option<String>,
}

impl FlowRow {
    /// What was sent to the provider: all of it, or nothing yet.
    fn started(&mut self) -> Result<Option<StartedFlow>, StoreError> {
        let parts = (
            self.state_hash.take(),
            self.browser_hash.take(),
            self.issuer.take(),
            self.iss_promised.take(),
            self.client_id.take(),
            self.resource.take(),
            self.redirect_uri.take(),
            self.scopes.take(),
            self.verifier.take(),
        );
        match parts {
            (None, None, None, None, None, None, None, None, None) => Ok(None),
            (
                Some(state_hash),
                Some(browser_hash),
                Some(issuer),
                Some(iss_promised),
                Some(client_id),
                Some(resource),
                Some(redirect_uri),
                Some(scopes),
                Some(verifier),
            ) => Ok(Some(StartedFlow {
                state_hash,
                browser_hash,
                issuer,
                iss_promised: truth("flows.iss_promised", iss_promised)?,
                client_id,
                resource,
                redirect_uri,
                scopes: list("flows.scopes", &scopes)?,
                verifier: Sealed(verifier),
                return_to: self.return_to.take(),
            })),
            _ => Err(impossible("flows row", "only a part of what was sent to the provider is there".to_owned())),
        }
    }
}

impl TryFrom<FlowRow> for Flow {
    type Error = StoreError;

    fn try_from(mut row: FlowRow) -> Result<Self, StoreError> {
        let started = row.started()?;
        let phase = phase_from("flows.phase", &row.phase)?;
        if started.is_none() && matches!(phase, FlowPhase::Exchanging | FlowPhase::Succeeded) {
            return Err(impossible("flows.phase", format!("`{}` without having started", row.phase)));
        }
        Ok(Self {
            id: FlowId(uuid("flows.id", &row.id)?),
            principal: PrincipalId(row.principal),
            source: SourceId(row.source),
            server: ServerId(row.server),
            intent: intent_from("flows.intent", &row.intent)?,
            phase,
            code: row.code.map(|word| fault("flows.code", &word)).transpose()?,
            expires_at: time("flows.expires_at", row.expires_at)?,
            is_past_end: truth("flows end", row.is_past_end)?,
            started,
        })
    }
}

/// A row of `registrations`.
pub(super) struct RegistrationRow {
    pub issuer: String,
    pub redirect_uri: String,
    pub client_id: String,
    pub client_secret: Option<Vec<u8>>,
    pub auth: String,
}

impl TryFrom<RegistrationRow> for Registration {
    type Error = StoreError;

    fn try_from(row: RegistrationRow) -> Result<Self, StoreError> {
        Ok(Self {
            auth: ClientAuth::from_name(&row.auth).ok_or_else(|| unknown_word("registrations.auth", &row.auth))?,
            issuer: row.issuer,
            redirect_uri: row.redirect_uri,
            client_id: row.client_id,
            client_secret: row.client_secret.map(Sealed),
        })
    }
}

/// A row of `jobs`, joined with its owner.
pub(super) struct JobRow {
    pub id: String,
    pub owner: PrincipalRow,
    pub servers: String,
    pub origin: String,
    pub lifetime_ms: i64,
    pub created_at: i64,
    pub ends_at: i64,
    pub is_alive: i64,
    pub mac: Vec<u8>,
}

impl TryFrom<JobRow> for JobReference {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let owner = Principal::try_from(row.owner)?;
        Ok(Self {
            id: JobId(row.id),
            principal: owner.id(),
            sub: owner.sub,
            servers: list("jobs.servers", &row.servers)?.into_iter().map(ServerId).collect(),
            origin: match row.origin.as_str() {
                "gate" => JobOrigin::Gate,
                "worker" => JobOrigin::Worker,
                other => return Err(impossible("jobs.origin", other.to_owned())),
            },
            lifetime: TimeDelta::try_milliseconds(row.lifetime_ms)
                .ok_or_else(|| impossible("jobs.lifetime_ms", row.lifetime_ms.to_string()))?,
            created_at: time("jobs.created_at", row.created_at)?,
            ends_at: time("jobs.ends_at", row.ends_at)?,
            is_alive: truth("jobs end", row.is_alive)?,
            mac: row.mac,
        })
    }
}

/// The times of a job that begins now.
pub(super) fn job_times(now: i64, lifetime_ms: i64) -> Result<JobTimes, StoreError> {
    Ok(JobTimes { created_at: time("clock", now)?, ends_at: time("jobs.ends_at", now + lifetime_ms)? })
}

/// A stored job as it was when it was new, and its times: what its HMAC is made of.
#[cfg(any(test, feature = "testing"))]
pub(super) fn as_new(job: JobReference) -> (crate::domain::NewJobReference, JobTimes) {
    let times = JobTimes { created_at: job.created_at, ends_at: job.ends_at };
    let JobReference { id, principal, servers, origin, lifetime, .. } = job;
    (crate::domain::NewJobReference { id, principal, servers, origin, lifetime }, times)
}

/// A row of `keys`.
pub(super) struct KeyRow {
    pub id: String,
    pub state: String,
    pub added_at: i64,
    pub activated_at: Option<i64>,
    pub retired_at: Option<i64>,
}

impl TryFrom<KeyRow> for KnownKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let state = KeyState::ALL.into_iter().find(|state| state.as_str() == row.state);
        Ok(Self {
            id: key_id("keys.id", &row.id)?,
            state: state.ok_or_else(|| unknown_word("keys.state", &row.state))?,
            added_at: time("keys.added_at", row.added_at)?,
            activated_at: row.activated_at.map(|at| time("keys.activated_at", at)).transpose()?,
            retired_at: row.retired_at.map(|at| time("keys.retired_at", at)).transpose()?,
        })
    }
}

/// A row of `replicas`.
pub(super) fn replica(name: String, keys: &str) -> Result<Replica, StoreError> {
    let holds = list("replicas.keys", keys)?.iter().map(|id| key_id("replicas.keys", id)).collect::<Result<_, _>>()?;
    Ok(Replica { name, holds })
}

/// A stored key id.
pub(super) fn key_id(what: &'static str, text: &str) -> Result<KeyId, StoreError> {
    KeyId::from_hex(text).ok_or_else(|| impossible(what, "it is no key id".to_owned()))
}

/// What names a person in a row of `principals`.
pub(super) struct PrincipalRow {
    pub id: String,
    pub issuer: String,
    pub kind: String,
    pub sub: String,
}

impl TryFrom<PrincipalRow> for Principal {
    type Error = StoreError;

    /// The id is a hash of the rest, so a changed subject shows.
    fn try_from(row: PrincipalRow) -> Result<Self, StoreError> {
        let principal = Self { issuer: row.issuer, kind: row.kind, sub: row.sub };
        if principal.id().as_str() == row.id {
            Ok(principal)
        } else {
            Err(impossible("principals row", "the id does not belong to issuer, kind and sub".to_owned()))
        }
    }
}

fn intent_from(what: &'static str, word: &str) -> Result<Intent, StoreError> {
    Intent::from_word(word).ok_or_else(|| unknown_word(what, word))
}

/// The stored word for a phase.
pub(super) fn phase_word(phase: FlowPhase) -> &'static str {
    match phase {
        FlowPhase::Pending => "pending",
        FlowPhase::Exchanging => "exchanging",
        FlowPhase::Succeeded => "succeeded",
        FlowPhase::Denied => "denied",
        FlowPhase::Failed => "failed",
        FlowPhase::Cancelled => "cancelled",
    }
}

fn phase_from(what: &'static str, word: &str) -> Result<FlowPhase, StoreError> {
    use FlowPhase::{Cancelled, Denied, Exchanging, Failed, Pending, Succeeded};
    [Pending, Exchanging, Succeeded, Denied, Failed, Cancelled]
        .into_iter()
        .find(|phase| phase_word(*phase) == word)
        .ok_or_else(|| unknown_word(what, word))
}

/// Why a job goes on without a server.
pub(super) fn skip_from(what: &'static str, word: &str) -> Result<SkipReason, StoreError> {
    use SkipReason::{DeadlinePassed, Disconnected, NotRecoverable, Skipped, TooManyWaiting};
    [Skipped, DeadlinePassed, Disconnected, TooManyWaiting, NotRecoverable]
        .into_iter()
        .find(|reason| reason.as_str() == word)
        .ok_or_else(|| unknown_word(what, word))
}

fn fault(what: &'static str, word: &str) -> Result<FaultCode, StoreError> {
    let code = FaultCode::from_word(word);
    if code.as_str() == word { Ok(code) } else { Err(unknown_word(what, word)) }
}

/// A number of things.
pub(super) fn count(what: &'static str, number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| impossible(what, number.to_string()))
}

/// What keeps a grant from being refreshed, in milliseconds that are left of it.
pub(super) fn turn(taken_for: Option<i64>, rests_for: Option<i64>) -> RefreshTurn {
    let left = |milliseconds: Option<i64>| milliseconds.filter(|left| *left > 0).and_then(TimeDelta::try_milliseconds);
    match (left(taken_for), left(rests_for)) {
        (Some(left), _) => RefreshTurn::Taken(left),
        (None, Some(left)) => RefreshTurn::IssuerRests(left),
        (None, None) => RefreshTurn::Free,
    }
}

/// Whether somebody registers: a lease that is over and left no failure behind is nobody's.
pub(super) fn registration_turn(
    attempt: i64,
    is_taken: bool,
    failure: Option<String>,
) -> Result<RegistrationTurn, StoreError> {
    Ok(match failure {
        _ if is_taken => RegistrationTurn::Taken(attempt),
        Some(word) => RegistrationTurn::Failed(attempt, fault("registering.failure", &word)?),
        None => RegistrationTurn::Free,
    })
}

/// A list of words as a JSON array.
pub(super) fn list_text<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(S::as_ref).collect::<serde_json::Value>().to_string()
}

fn list(what: &'static str, text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|cause| StoreError::Impossible { what, cause: cause.into() })
}

/// A stored time.
pub(super) fn time(what: &'static str, milliseconds: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(milliseconds).ok_or_else(|| impossible(what, format!("{milliseconds} ms")))
}

fn truth(what: &'static str, number: i64) -> Result<bool, StoreError> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(impossible(what, format!("{other} is neither 0 nor 1"))),
    }
}

pub(super) fn uuid(what: &'static str, text: &str) -> Result<Uuid, StoreError> {
    Uuid::try_parse(text).map_err(|cause| StoreError::Impossible { what, cause: cause.into() })
}

fn unknown_word(what: &'static str, word: &str) -> StoreError {
    impossible(what, format!("`{word}` is no word of this version"))
}

/// A row that this version cannot have written, and why.
pub(super) fn impossible(what: &'static str, cause: String) -> StoreError {
    StoreError::Impossible { what, cause: cause.into() }
}
