//! Between the vault, which holds keys, and the database, which names the one that seals.
//!
//! Nothing here knows HTTP, databases or providers; the store comes in as a trait.

mod attend;
mod open_vault;
mod reseal;
mod unopened;

pub use self::{
    attend::{attend, introduce, replica_name},
    open_vault::{VaultFailed, open_vault},
    reseal::{Passed, reseal},
};

use crate::{
    domain::{AuditEvent, JobReference, KeyId, KeyState, Sealed},
    storage::{Store, StoreError},
    vault::{JobProof, SealContext, Sealer, Secret, Vault, VaultError},
};

/// Takes what has to be written down of keys and sealed values. The audit trail does, and needs sealing for it: so it is
/// known here by this alone.
pub trait Witness: Send + Sync {
    /// Never waits and never fails.
    fn record(&self, event: AuditEvent);
}

/// What seals right now. The database is asked each time: a key that was retired a moment ago seals nothing more. Take
/// it before something is sent whose answer has to be sealed.
///
/// # Errors
///
/// [`StoreError::KeyMissing`]: the active key is not held here, not even after reading the key file again.
pub async fn sealer(store: &dyn Store, vault: &Vault) -> Result<Sealer, StoreError> {
    let active = store.active_key().await?.ok_or_else(none_active)?;
    if !vault.holds(active) {
        // An unreadable file is told of by whoever attends to it.
        let _ = vault.look_again();
    }
    vault.sealer(active).ok_or(StoreError::KeyMissing(active))
}

/// Opens what was sealed for a place. `None`: it is lost for good, because its key is, or because somebody changed it;
/// that is told of once, to the witness too.
///
/// # Errors
///
/// [`StoreError::KeyMissing`]: another process holds its key, or this one is not ready.
pub async fn open(
    store: &dyn Store,
    vault: &Vault,
    witness: &dyn Witness,
    context: &SealContext,
    sealed: &Sealed,
) -> Result<Option<Secret>, StoreError> {
    let mut opened = vault.open(context, sealed);
    if let Err(VaultError::UnknownKey(key)) = opened {
        if vault.look_again().unwrap_or_default() {
            opened = vault.open(context, sealed);
        }
        if let Err(VaultError::UnknownKey(_)) = opened {
            refuse_if_held_elsewhere(store, vault, key).await?;
        }
    }
    match opened {
        Ok(secret) => Ok(Some(secret)),
        Err(error) => {
            unopened::value(vault, witness, context, sealed, error);
            Ok(None)
        }
    }
}

/// Whether this service wrote a job reference as it stands there. One that it did not is told of as a value that does
/// not open.
///
/// # Errors
///
/// [`StoreError::KeyMissing`]: another process can tell, or this one when it is ready.
pub async fn is_ours(
    store: &dyn Store,
    vault: &Vault,
    witness: &dyn Witness,
    job: &JobReference,
) -> Result<bool, StoreError> {
    let mut proof = vault.verify_job(job);
    if let JobProof::UnknownKey(key) = proof {
        if vault.look_again().unwrap_or_default() {
            proof = vault.verify_job(job);
        }
        if proof == JobProof::UnknownKey(key) {
            refuse_if_held_elsewhere(store, vault, key).await?;
        }
    }
    unopened::job(vault, witness, job, proof);
    Ok(proof == JobProof::Ours)
}

/// A key that nobody has is lost. One that somebody has is only missing here, and people must not be asked to connect
/// again for that.
async fn refuse_if_held_elsewhere(store: &dyn Store, vault: &Vault, key: KeyId) -> Result<(), StoreError> {
    let book = store.key_book().await?;
    match book.active() {
        Some(active) if !vault.holds(active) => Err(StoreError::KeyMissing(active)),
        // Given up by an operator, whatever a process still has in its memory.
        _ if book.find(key).is_some_and(|key| key.state == KeyState::Removed) => Ok(()),
        _ if book.is_held_somewhere(key) => Err(StoreError::KeyMissing(key)),
        _ => Ok(()),
    }
}

fn none_active() -> StoreError {
    StoreError::Impossible { what: "state of keys", cause: "none is active".into() }
}
