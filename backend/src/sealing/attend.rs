use std::sync::Arc;

use super::Witness;
use crate::{
    clock::Chance,
    domain::{AuditEvent, AuditKind, KeyBook, KeyState},
    storage::{Store, StoreError},
    timing,
    vault::{KeyError, Vault},
};

/// Where this process runs, for whoever has to find it, and something random, because process ids come again.
pub fn replica_name(chance: &Chance) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "unnamed" } else { host.trim() };
    format!("{host}, process {}, {}", std::process::id(), crate::domain::hex(&chance.bytes::<2>()))
}

/// Says again and again which keys this process holds, and looks for new ones: a replica that lacks the active key is
/// ready as soon as its key file has it. Never ends by itself.
pub async fn attend(store: Arc<dyn Store>, vault: Arc<Vault>, witness: impl Witness, replica: String) {
    let (mut lacked, mut was_well, mut was_read) = (None, true, true);
    loop {
        let read = vault.look_again();
        if let (Err(error), true) = (&read, was_read) {
            tracing::warn!(%error, cause = cause(error), "the key file cannot be read at the moment; what was read before is used");
        }
        was_read = read.is_ok();
        let looked = look(store.as_ref(), &vault, &witness, &replica).await;
        match &looked {
            Ok(book) => {
                let lacks = book.active().filter(|active| !vault.holds(*active));
                if let (Some(key), true) = (lacks, lacked != lacks) {
                    tracing::error!(key.id = %key, "not ready: the key that seals is not held here");
                    // Kept until it can be written with that key.
                    witness.record(AuditEvent::key(AuditKind::KeyMissing, key, &by_replica(&replica)));
                } else if let (None, Some(key)) = (lacks, lacked) {
                    tracing::info!(key.id = %key, "ready: the key that seals is held here");
                    witness.record(AuditEvent::key(AuditKind::KeyFound, key, &by_replica(&replica)));
                }
                lacked = lacks;
            }
            Err(error) if was_well => tracing::warn!(%error, "the database does not say which key seals"),
            Err(_) => {}
        }
        was_well = looked.is_ok();
        tokio::time::sleep(timing::KEY_LOOK).await;
    }
}

/// Who did something that no person did.
fn by_replica(replica: &str) -> String {
    format!("replica {replica}")
}

/// Says which keys this process holds, and has it written down when they are news.
///
/// # Errors
///
/// The database does not answer.
pub async fn introduce(
    store: &dyn Store,
    vault: &Vault,
    witness: &dyn Witness,
    replica: &str,
) -> Result<(), StoreError> {
    let new = store.introduce_keys(&vault.held()).await?;
    for event in AuditEvent::introduced(&new, &by_replica(replica)) {
        witness.record(event);
    }
    Ok(())
}

async fn look(store: &dyn Store, vault: &Vault, witness: &dyn Witness, replica: &str) -> Result<KeyBook, StoreError> {
    let book = store.key_book().await?;
    let held = vault.held();
    // Removed while this process was running: the key is wiped. It cannot come back but by hand.
    for key in book.keys.iter().filter(|key| key.state == KeyState::Removed && held.contains(&key.id)) {
        vault.drop_key(key.id);
    }
    let held = vault.held();
    if held.iter().any(|id| book.find(*id).is_none()) {
        introduce(store, vault, witness, replica).await?;
    }
    store.beat(replica, &held).await?;
    Ok(book)
}

fn cause(error: &KeyError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
