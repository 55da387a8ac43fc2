use std::{io::Write, path::Path};

use super::{in_words, meant, refused};
use crate::{
    admin::{AdminError, Ended, desk::Desk},
    config::{Environment, KeySource},
    domain::{AuditEvent, AuditKind, KeyState, KeyUse, Removal},
    vault::KeyFile,
};

/// How sure one is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Nobody has the key any more: what is sealed with it is given up.
    pub lost: bool,
}

/// Takes a key away that nothing needs any more, out of the key file too.
///
/// # Errors
///
/// [`AdminError::Refused`], with what needs it and what to do.
pub async fn remove(
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
    let (id, book) = meant(desk, id).await?;
    if wish.lost && desk.vault.holds(id) {
        return Err(refused(format!("key {id} is not lost, it is held here: run it without `--lost`")));
    }
    match desk.store.remove_key(id, wish.lost).await? {
        Removal::Removed => {}
        Removal::Unknown => return Err(refused(format!("no key {id} is known here"))),
        Removal::Active => {
            return Err(refused(format!("key {id} is the active one: add and activate another, and rotate, first")));
        }
        Removal::TooSoon { until } => {
            return Err(refused(format!(
                "key {id} was retired a moment ago, and a process may be about to write what it sealed with it. Try \
                 again after {until}"
            )));
        }
        Removal::Used(uses) => return Err(refused(used(&id.to_string(), &uses))),
    }
    let mut left: Vec<KeyUse> = Vec::new();
    // Nothing needs a key that was removed without the wish.
    if wish.lost {
        left = desk.store.count_by_key().await?;
        left.retain(|used| used.key == id.to_string());
    }
    if book.find(id).is_none_or(|key| key.state != KeyState::Removed) {
        let event = AuditEvent::key(AuditKind::KeyRemoved, id, &desk.by);
        desk.audit.record(if left.is_empty() { event } else { event.with("although_used_by", in_words(&left)) });
    }
    match &desk.config.key {
        KeySource::File(path) if desk.vault.holds(id) => {
            KeyFile(path.clone()).take_out(id)?;
            writeln!(out, "removed key {id}, and took it out of {}", path.display())?;
            writeln!(out, "Take it out of the key files of other machines too.")?;
        }
        KeySource::Inline(_) if desk.vault.holds(id) => {
            writeln!(out, "removed key {id}; take it out of AIQ_TOKEN_ENCRYPTION_KEY at the next start")?;
        }
        _ => writeln!(out, "removed key {id}")?,
    }
    if !wish.lost {
        writeln!(
            out,
            "Backups of the database from before can be read with it alone: keep it as long as you keep them."
        )?;
        return Ok(Ended::Well);
    }
    writeln!(
        out,
        "What is sealed with it shows as disconnected, and connecting anew replaces it: {}.",
        in_words(&left)
    )?;
    Ok(Ended::WithWarnings)
}

fn used(id: &str, uses: &[KeyUse]) -> String {
    let (jobs, rows): (Vec<KeyUse>, Vec<KeyUse>) = uses.iter().cloned().partition(|used| used.table == "jobs");
    let mut ways = Vec::new();
    if !rows.is_empty() {
        ways.push("run `aiq-connect keys rotate` first".to_owned());
    }
    if let Some(until) = jobs.iter().filter_map(|used| used.until).max() {
        ways.push(format!("jobs keep the key they began with: wait until they are over, at {until} at the latest"));
    }
    format!("key {id} is needed by {}: {}", in_words(uses), ways.join("; "))
}
