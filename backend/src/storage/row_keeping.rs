//! From what a database returns to what is kept for administrators. See `row.rs`.

use super::{
    KeptGrant, Person, StoreError,
    row::{GrantRow, impossible, time},
};
use crate::domain::{
    AuditRecord, GrantId, GrantKey, LeaseOwner, PrincipalId, Revocation, RevocationId, Sealed, ServerId,
};

/// A row of `audit`.
pub(super) struct AuditRow {
    pub chain: String,
    pub number: i64,
    pub recorded_at: i64,
    pub kind: String,
    pub principal: Option<String>,
    pub server: Option<String>,
    pub grant: Option<String>,
    pub version: Option<i64>,
    pub job: Option<String>,
    pub reference: Option<String>,
    pub detail: String,
    pub swept_before_at: Option<i64>,
    pub follows_chain: Option<String>,
    pub follows_number: Option<i64>,
    pub previous_at: Option<i64>,
    pub previous_mac: Option<Vec<u8>>,
    pub mac: Vec<u8>,
}

impl TryFrom<AuditRow> for AuditRecord {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        let previous = row.previous_at.zip(row.previous_mac);
        Ok(Self {
            chain: row.chain,
            number: row.number,
            recorded_at: time("audit.recorded_at", row.recorded_at)?,
            kind: row.kind,
            principal: row.principal,
            server: row.server,
            grant: row.grant,
            version: row.version,
            job: row.job,
            reference: row.reference,
            detail: row.detail,
            swept_before: row.swept_before_at.map(|at| time("audit.swept_before_at", at)).transpose()?,
            follows: row.follows_chain.zip(row.follows_number),
            previous: previous.map(|(at, mac)| Ok((time("audit.previous_at", at)?, mac))).transpose()?,
            mac: row.mac,
        })
    }
}

/// A row of `revocations`.
pub(super) struct RevocationRow {
    pub id: String,
    pub principal: String,
    pub server: String,
    pub grant: String,
    pub issuer: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub refresh_token: Option<Vec<u8>>,
    pub access_token: Option<Vec<u8>>,
    pub attempt: i64,
    pub is_last: bool,
}

impl TryFrom<RevocationRow> for Revocation {
    type Error = StoreError;

    fn try_from(row: RevocationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: RevocationId(uuid("revocations.id", &row.id)?),
            key: GrantKey { principal: PrincipalId(row.principal), server: ServerId(row.server) },
            grant: GrantId(uuid("revocations.grant_id", &row.grant)?),
            issuer: row.issuer,
            client_id: row.client_id,
            redirect_uri: row.redirect_uri,
            refresh_token: row.refresh_token.map(Sealed),
            access_token: row.access_token.map(Sealed),
            attempt: row.attempt,
            is_last: row.is_last,
        })
    }
}

/// A row of `principals`, with counts.
pub(super) struct PersonRow {
    pub id: String,
    pub issuer: String,
    pub sub: String,
    pub name: String,
    pub email: Option<String>,
    pub first_seen_at: i64,
    pub grants: i64,
    pub jobs: i64,
}

impl TryFrom<PersonRow> for Person {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        let count = |number: i64| u64::try_from(number).map_err(|_| impossible("count", number.to_string()));
        Ok(Self {
            id: PrincipalId(row.id),
            issuer: row.issuer,
            sub: row.sub,
            name: row.name,
            email: row.email,
            first_seen_at: time("principals.first_seen_at", row.first_seen_at)?,
            grants: count(row.grants)?,
            jobs: count(row.jobs)?,
        })
    }
}

/// A row of `grants`, with its owner.
pub(super) struct KeptGrantRow {
    pub now: i64,
    pub grant: GrantRow,
    pub person: PersonRow,
    pub quarantined_at: Option<i64>,
    pub lease_owner: Option<String>,
    pub lease_until: Option<i64>,
}

impl TryFrom<KeptGrantRow> for KeptGrant {
    type Error = StoreError;

    fn try_from(row: KeptGrantRow) -> Result<Self, StoreError> {
        let lease = row.lease_owner.zip(row.lease_until);
        Ok(Self {
            now: time("clock", row.now)?,
            grant: row.grant.try_into()?,
            person: row.person.try_into()?,
            quarantined_at: row.quarantined_at.map(|at| time("grants.quarantined_at", at)).transpose()?,
            lease: lease.map(|(owner, at)| Ok((LeaseOwner(owner), time("grants.lease_until", at)?))).transpose()?,
        })
    }
}

fn uuid(what: &'static str, text: &str) -> Result<uuid::Uuid, StoreError> {
    uuid::Uuid::try_parse(text).map_err(|cause| StoreError::Impossible { what, cause: cause.into() })
}
