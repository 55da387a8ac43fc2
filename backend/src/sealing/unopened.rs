//! Stored values that are not as this service wrote them, or that nobody can open any more: each is told once in the
//! log, and once in the audit trail.

use super::Witness;
use crate::{
    domain::{AuditEvent, AuditKind, JobReference, KeyId, Sealed, SealedPlace},
    vault::{JobProof, SealContext, Vault, VaultError},
};

/// How many versions back a token is looked for that somebody may have put back. Each costs some microseconds, once.
const MOST_EARLIER: usize = 1_000;

/// Why a value is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Nobody has its key.
    KeyLost(KeyId),
    /// It was sealed for an earlier version of the same row.
    PutBack,
    /// Somebody changed it, or moved it here.
    Changed,
}

/// Tells of a value that does not open.
pub(super) fn value(vault: &Vault, witness: &dyn Witness, context: &SealContext, sealed: &Sealed, error: VaultError) {
    if !vault.is_news(&context.bytes(), &sealed.0) {
        return;
    }
    let why = match error {
        VaultError::UnknownKey(key) => {
            tracing::error!(place = %context, key.id = %key, "a stored value is sealed with a key that nobody holds any more");
            Why::KeyLost(key)
        }
        VaultError::DoesNotOpen | VaultError::Malformed => {
            tracing::error!(place = %context, %error, "a stored value does not open: somebody changed or moved it");
            let is_old = context.earlier().take(MOST_EARLIER).any(|earlier| vault.open(&earlier, sealed).is_ok());
            if is_old { Why::PutBack } else { Why::Changed }
        }
    };
    let event = event(context.place().table().as_str(), context.column(), why);
    witness.record(match context.place() {
        SealedPlace::Grant { id, key, version, .. } => {
            AuditEvent { grant: Some(*id), version: Some(*version), ..event.at(key) }
        }
        SealedPlace::Flow { id, principal } => event.by(principal).with("row", id.0.to_string()),
        SealedPlace::Registration { issuer, redirect_uri } => event.with("row", format!("{issuer} {redirect_uri}")),
        SealedPlace::Revocation { id, .. } => event.with("row", id.0.to_string()),
        // Its name is the hash of a secret, and the row was used up before it was opened.
        SealedPlace::SignIn { .. } => event,
    });
}

/// Tells of a job reference that is not to be believed.
pub(super) fn job(vault: &Vault, witness: &dyn Witness, job: &JobReference, proof: JobProof) {
    if proof == JobProof::Ours || !vault.is_news(format!("job {}", job.id).as_bytes(), &job.mac) {
        return;
    }
    let why = if let JobProof::UnknownKey(key) = proof {
        tracing::error!(job.id = %job.id, key.id = %key, "a job reference was made with a key that nobody holds any more");
        Why::KeyLost(key)
    } else {
        tracing::error!(job.id = %job.id, "a job reference is not as this service wrote it");
        Why::Changed
    };
    witness.record(event("jobs", "mac", why).by(&job.principal).job(&job.id));
}

fn event(table: &str, column: &str, why: Why) -> AuditEvent {
    let event = AuditEvent::new(AuditKind::DoesNotOpen).with("table", table).with("column", column);
    match why {
        Why::KeyLost(key) => event.with("why", "key_lost").with("key", key.to_string()),
        Why::PutBack => event.with("why", "put_back"),
        Why::Changed => event.with("why", "changed"),
    }
}
