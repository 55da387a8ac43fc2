use std::{io::Write, path::Path};

use super::{Bench, refused};
use crate::{
    admin::{AdminError, Ended},
    config::Environment,
    domain::{KeyState, Replica},
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
    let bench = Bench::open(named, environment).await?;
    bench.store.introduce_keys(&bench.vault.held()).await?;
    let (id, book) = bench.named(id).await?;
    if book.find(id).is_some_and(|key| key.state == KeyState::Removed) {
        return Err(refused(format!("key {id} was removed, and a removed key does not come back: add a new one")));
    }
    if book.active() == Some(id) {
        writeln!(out, "key {id} is the active one already; nothing to do")?;
        return Ok(Ended::Well);
    }
    if !bench.vault.holds(id) {
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
    if let Some(old) = book.active().filter(|old| !bench.vault.holds(*old) && !wish.old_is_lost) {
        return Err(refused(format!(
            "the active key {old} is not held here, so what it sealed could not be opened any more. Put it back beside \
             the new one; or, if it is gone for good, `--old-is-lost`: what it sealed shows as disconnected then"
        )));
    }
    if !bench.store.activate_key(id).await? {
        return Err(refused(format!("key {id} was removed a moment ago")));
    }
    writeln!(out, "key {id} seals from now on; earlier keys still open what they sealed")?;
    writeln!(out, "Next: `aiq-connect keys rotate` seals with it what is stored already.")?;
    if without.is_empty() {
        return Ok(Ended::Well);
    }
    writeln!(out, "Not ready until they hold it: {}.", names(&without))?;
    Ok(Ended::WithWarnings)
}

fn names(replicas: &[&Replica]) -> String {
    replicas.iter().map(|replica| replica.name.as_str()).collect::<Vec<_>>().join("; ")
}
