//! HMAC-SHA256 tags: over job references, user ids and confirmation links. Each purpose has a key of its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{KeyId, Sealer, Vault, VaultError, parts::join};
use crate::domain::{FlowId, JobOrigin, JobReference, JobTimes, NewJobReference, Principal, SourceId};

/// Whether a stored job reference is one that this service wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobProof {
    /// It is, as it stands there.
    Ours,
    /// Somebody else wrote or changed it.
    Forged,
    /// Its key is not held here, so nobody can tell.
    UnknownKey(KeyId),
}

impl Sealer {
    /// The tag of a job reference: the id of the key and its HMAC over all that does not change, the stored times too.
    ///
    /// A process that can only write to the database can neither invent a job nor prolong one.
    pub fn job_mac(&self, job: &NewJobReference, times: JobTimes) -> Vec<u8> {
        let servers: Vec<_> = job.servers.iter().map(|server| server.as_str().as_bytes()).collect();
        let parts = job_parts(
            [job.id.as_str(), job.principal.as_str()],
            &servers,
            job.origin,
            [job.lifetime.num_milliseconds(), ms(times.created_at), ms(times.ends_at)],
        );
        [self.key.id.0.as_slice(), hmac(&self.key.job, &parts).finalize().into_bytes().as_slice()].concat()
    }

    /// The tag of an audit record: the id of the key and its HMAC over all of the record.
    pub fn audit_mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        let tag = hmac(&self.key.audit, &join(parts));
        [self.key.id.0.as_slice(), tag.finalize().into_bytes().as_slice()].concat()
    }

    /// The user id that goes with jobs whose tag this sealer makes; [`Vault::pairwise`] finds it again.
    pub fn pairwise(&self, principal: &Principal) -> String {
        pairwise(&self.key.pairwise, principal)
    }
}

impl Vault {
    /// Checks the tag of a stored job reference, with whichever held key made it. Compares in constant time.
    pub fn verify_job(&self, job: &JobReference) -> JobProof {
        let Some((&id, tag)) = job.mac.split_first_chunk::<8>() else { return JobProof::Forged };
        let Some(key) = self.key(KeyId(id)) else { return JobProof::UnknownKey(KeyId(id)) };
        let servers: Vec<_> = job.servers.iter().map(|server| server.as_str().as_bytes()).collect();
        let parts = job_parts(
            [job.id.as_str(), job.principal.as_str()],
            &servers,
            job.origin,
            [job.lifetime.num_milliseconds(), ms(job.created_at), ms(job.ends_at)],
        );
        if hmac(&key.job, &parts).verify_slice(tag).is_ok() { JobProof::Ours } else { JobProof::Forged }
    }

    /// Whether [`Sealer::audit_mac`] made this tag of the same parts. Compares in constant time.
    ///
    /// # Errors
    ///
    /// [`VaultError::UnknownKey`]: it cannot be told. Else: it did not.
    pub fn verify_audit(&self, parts: &[&[u8]], mac: &[u8]) -> Result<(), VaultError> {
        let (&id, tag) = mac.split_first_chunk::<8>().ok_or(VaultError::Malformed)?;
        let key = self.key(KeyId(id)).ok_or(VaultError::UnknownKey(KeyId(id)))?;
        hmac(&key.audit, &join(parts)).verify_slice(tag).map_err(|_| VaultError::DoesNotOpen)
    }

    /// The owner's id for services that authenticate nobody: the same for the whole life of a job, whatever key is
    /// active by then, and different for principals that share a subject. `None`: the job's key is not held.
    pub fn pairwise(&self, job: &JobReference, owner: &Principal) -> Option<String> {
        let id = job.mac.first_chunk::<8>()?;
        Some(pairwise(&self.key(KeyId(*id))?.pairwise, owner))
    }

    /// The tag of a link by which the person of a session confirms one flow for one source.
    ///
    /// `None`: no key is held.
    pub fn confirm_tag(&self, session_hash: &str, flow: FlowId, source: &SourceId) -> Option<String> {
        let key = self.keys().into_iter().next()?;
        let tag = hmac(&key.confirmation, &confirm_parts(session_hash, flow, source));
        Some(BASE64URL.encode(tag.finalize().into_bytes()))
    }

    /// Whether [`Vault::confirm_tag`] made this tag for the same session, flow and source. Compares in constant time.
    pub fn verify_confirm_tag(&self, session_hash: &str, flow: FlowId, source: &SourceId, tag: &str) -> bool {
        let Ok(tag) = BASE64URL.decode(tag) else { return false };
        let parts = confirm_parts(session_hash, flow, source);
        // The link may be older than the active key.
        self.keys().iter().any(|key| hmac(&key.confirmation, &parts).verify_slice(&tag).is_ok())
    }
}

fn job_parts(names: [&str; 2], servers: &[&[u8]], origin: JobOrigin, numbers: [i64; 3]) -> Vec<u8> {
    let origin: &[u8] = match origin {
        JobOrigin::Gate => b"gate",
        JobOrigin::Worker => b"worker",
    };
    let [lifetime, created, ends] = numbers.map(i64::to_be_bytes);
    let [id, principal] = names.map(str::as_bytes);
    join(&[b"jobs 2", id, principal, origin, &lifetime, &created, &ends, &join(servers)])
}

fn ms(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

fn pairwise(key: &[u8; 32], principal: &Principal) -> String {
    let parts = join(&[principal.issuer.as_bytes(), principal.kind.as_bytes(), principal.sub.as_bytes()]);
    BASE64URL.encode(hmac(key, &parts).finalize().into_bytes())
}

fn confirm_parts(session_hash: &str, flow: FlowId, source: &SourceId) -> Vec<u8> {
    join(&[session_hash.as_bytes(), flow.0.as_bytes(), source.as_str().as_bytes()])
}

fn hmac(key: &[u8; 32], message: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "RFC 2104 §2: keys of any length are allowed")]
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key").chain_update(message)
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
