//! HMAC-SHA256 tags: over job references, user ids and confirmation links. Each purpose has a key of its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Vault, VaultError, keys::KeyId, parts::join};
use crate::domain::{FlowId, JobId, JobReference, Principal, PrincipalId, ServerId, SourceId};

impl Vault {
    /// The tag of a job reference: the id of the active key and its HMAC over all that does not change.
    ///
    /// A process that can only write to the database cannot make one.
    pub fn job_mac(&self, id: &JobId, principal: &PrincipalId, servers: &[ServerId], lifetime: TimeDelta) -> Vec<u8> {
        let key = &self.active;
        let tag = hmac(&key.job, &job_parts(id, principal, servers, lifetime));
        [key.id.0.as_slice(), tag.finalize().into_bytes().as_slice()].concat()
    }

    /// Whether a stored job reference is one that this service wrote. Compares in constant time.
    pub fn verify_job(&self, job: &JobReference) -> bool {
        let Some((&id, tag)) = job.mac.split_first_chunk::<8>() else { return false };
        let Some(key) = self.key(KeyId(id)) else { return false };
        let parts = job_parts(&job.id, &job.principal, &job.servers, job.lifetime);
        hmac(&key.job, &parts).verify_slice(tag).is_ok()
    }

    /// The tag of an audit record: the id of the active key and its HMAC over all of the record.
    pub fn audit_mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        let key = &self.active;
        let tag = hmac(&key.audit, &join(parts));
        [key.id.0.as_slice(), tag.finalize().into_bytes().as_slice()].concat()
    }

    /// Whether [`Vault::audit_mac`] made this tag of the same parts. Compares in constant time.
    ///
    /// # Errors
    ///
    /// [`VaultError::UnknownKey`]: it cannot be told. Else: it did not.
    pub fn verify_audit(&self, parts: &[&[u8]], mac: &[u8]) -> Result<(), VaultError> {
        let (&id, tag) = mac.split_first_chunk::<8>().ok_or(VaultError::Malformed)?;
        let key = self.key(KeyId(id)).ok_or(VaultError::UnknownKey(KeyId(id)))?;
        hmac(&key.audit, &join(parts)).verify_slice(tag).map_err(|_| VaultError::DoesNotOpen)
    }

    /// A user id for services that authenticate nobody: stable as long as the active key is, and different for
    /// principals that share a subject.
    pub fn pairwise(&self, principal: &Principal) -> String {
        let parts = join(&[principal.issuer.as_bytes(), principal.kind.as_bytes(), principal.sub.as_bytes()]);
        BASE64URL.encode(hmac(&self.active.pairwise, &parts).finalize().into_bytes())
    }

    /// The tag of a link by which the person of a session confirms one flow for one source.
    pub fn confirm_tag(&self, session_hash: &str, flow: FlowId, source: &SourceId) -> String {
        let tag = hmac(&self.active.confirmation, &confirm_parts(session_hash, flow, source));
        BASE64URL.encode(tag.finalize().into_bytes())
    }

    /// Whether [`Vault::confirm_tag`] made this tag for the same session, flow and source. Compares in constant time.
    pub fn verify_confirm_tag(&self, session_hash: &str, flow: FlowId, source: &SourceId, tag: &str) -> bool {
        let Ok(tag) = BASE64URL.decode(tag) else { return false };
        let parts = confirm_parts(session_hash, flow, source);
        // The link may be older than the active key.
        self.keys().any(|key| hmac(&key.confirmation, &parts).verify_slice(&tag).is_ok())
    }
}

fn job_parts(id: &JobId, principal: &PrincipalId, servers: &[ServerId], lifetime: TimeDelta) -> Vec<u8> {
    let servers: Vec<_> = servers.iter().map(|server| server.as_str().as_bytes()).collect();
    let lifetime = lifetime.num_milliseconds().to_be_bytes();
    join(&[id.as_str().as_bytes(), principal.as_str().as_bytes(), &lifetime, &join(&servers)])
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
