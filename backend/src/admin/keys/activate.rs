use std::{io::Write, path::Path};

use super::{can_record, meant, refused};
use crate::{
    admin::{AdminError, Ended, desk::Desk},
    config::Environment,
    domain::{AuditEvent, AuditKind, KeyState, Replica},
};

/// How much is known to be in order although it does not look so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Replicas that do not hold the key shall not be ready until they do.
    pub anyway: bool,
    /// The active key is gone for good.
    pub old_is_lost: bool,
}

/// Makes a key the one that seals, for every replica from its next sealing on.
///
/// # Errors
///
/// [`AdminError::Refused`], with the way out.
pub async fn activate(
    named: Option<&Path>,
    id: &str,
    wish: Wish,
    environment: &dyn Environment,
    out: &mut (dyn Write + Send),
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let ended = carry_out(&desk, id, wish, out).await;
    desk.close().await;
    ended
}

async fn carry_out(desk: &Desk, id: &str, wish: Wish, out: &mut (dyn Write + Send)) -> Result<Ended, AdminError> {
    let new = desk.store.introduce_keys(&desk.vault.held()).await?;
    let mut events = AuditEvent::introduced(&new, &desk.by);
    if can_record(desk).await {
        events.drain(..).for_each(|event| desk.audit.record(event));
    }
    let (id, book) = meant(desk, id).await?;
    if book.find(id).is_some_and(|key| key.state == KeyState::Removed) {
        return Err(refused(format!("key {id} was removed, and a removed key does not come back: add a new one")));
    }
    if book.active() == Some(id) {
        writeln!(out, "key {id} is the active one already; nothing to do")?;
        return Ok(Ended::Well);
    }
    if !desk.vault.holds(id) {
        return Err(refused(format!(
            "key {id} is not held here: it has to be in this machine's key file or variable, and in that of every \
             replica, before it seals anything"
        )));
    }
    let without = book.without(id);
    if !without.is_empty() && !wish.anyway {
        return Err(refused(format!(
            "these replicas do not hold key {id} yet, and would not be ready until they do: {}. A key file is read \
             again every few seconds; keys in a variable need a restart. `--anyway` does it all the same",
            names(&without)
        )));
    }
    if let Some(old) = book.active().filter(|old| !desk.vault.holds(*old) && !wish.old_is_lost) {
        return Err(refused(format!(
            "the active key {old} is not held here, so what it sealed could not be opened any more. Put it back beside \
             the new one; or, if it is gone for good, `--old-is-lost`: what it sealed shows as disconnected then"
        )));
    }
    if !desk.store.activate_key(id).await? {
        return Err(refused(format!("key {id} was removed a moment ago")));
    }
    let lacking = (!without.is_empty()).then(|| names(&without));
    let mut activated = AuditEvent::key(AuditKind::KeyActivated, id, &desk.by);
    if let Some(lacking) = &lacking {
        activated = activated.with("not_held_by", lacking);
    }
    events.push(activated);
    if let Some(old) = book.active() {
        let retired = AuditEvent::key(AuditKind::KeyRetired, old, &desk.by);
        events.push(if desk.vault.holds(old) { retired } else { retired.with("lost", "true") });
    }
    for event in events {
        desk.audit.record(event);
    }
    writeln!(out, "key {id} seals from now on; earlier keys still open what they sealed")?;
    writeln!(out, "Next: `aiq-connect keys rotate` seals with it what is stored already.")?;
    let Some(lacking) = lacking else { return Ok(Ended::Well) };
    writeln!(out, "Not ready until they hold it: {lacking}.")?;
    Ok(Ended::WithWarnings)
}

fn names(replicas: &[&Replica]) -> String {
    replicas.iter().map(|replica| replica.name.as_str()).collect::<Vec<_>>().join("; ")
}
