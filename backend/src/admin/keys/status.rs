use std::{io::Write, path::Path};

use super::in_words;
use crate::{
    admin::{
        AdminError, Ended,
        desk::Desk,
        report::{Report, Section},
    },
    config::Environment,
    domain::{KeyBook, KeyId, KeyState, KeyUse, KnownKey},
    vault::Vault,
};

/// Tells of every key, what needs it, and what to do next. Changes nothing.
///
/// # Errors
///
/// The configuration, the keys or the database cannot be used.
pub async fn status(
    named: Option<&Path>,
    json: bool,
    environment: &dyn Environment,
    out: &mut (dyn Write + Send),
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let (book, uses) = (desk.store.key_book().await?, desk.store.count_by_key().await?);
    let mut report = Report::default();
    keys(&book, &desk.vault, report.section("Keys"));
    needs(&book, &desk.vault, &uses, report.section("What needs which key"));
    next(&book, &uses, report.section("What to do next"));
    if json {
        serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    desk.close().await;
    Ok(report.ended())
}

fn keys(book: &KeyBook, vault: &Vault, section: &mut Section) {
    for key in &book.keys {
        let since = match key.state {
            KeyState::Active => key.activated_at.map(|at| format!(" since {at}")).unwrap_or_default(),
            KeyState::Retired => key.retired_at.map(|at| format!(" since {at}")).unwrap_or_default(),
            KeyState::Added => format!(" at {}", key.added_at),
            KeyState::Removed => String::new(),
        };
        let here = if vault.holds(key.id) { "held here" } else { "not held here" };
        let (many, lacking) = (book.replicas.len(), book.without(key.id).len());
        let by = match many {
            0 => "no replica serves at the moment".to_owned(),
            _ => format!("{} of {many} replicas hold it", many - lacking),
        };
        let text = format!("{} {}{since}: {here}; {by}", key.id, key.state.as_str());
        let is_needed = key.state == KeyState::Active;
        if is_needed && (!vault.holds(key.id) || lacking > 0) { section.warning(text) } else { section.ok(text) }
    }
    for replica in &book.replicas {
        if let Some(active) = book.active().filter(|active| !replica.holds.contains(active)) {
            section.warning(format!("{} is not ready: it does not hold key {active}", replica.name));
        }
    }
    if book.keys.is_empty() {
        section.note("the first start names the first configured key");
    }
}

fn needs(book: &KeyBook, vault: &Vault, uses: &[KeyUse], section: &mut Section) {
    for used in uses {
        let id = KeyId::from_hex(&used.key);
        let state = id.and_then(|id| book.find(id)).map(|key| key.state);
        let text = format!("{} with key {}", in_words(std::slice::from_ref(used)), used.key);
        let is_held = id.is_some_and(|id| vault.holds(id) || book.is_held_somewhere(id));
        match state {
            Some(KeyState::Active) => section.ok(text),
            _ if is_held => section.note(text),
            _ => section.warning(format!("{text}, which nobody holds: they show as disconnected")),
        }
    }
}

fn next(book: &KeyBook, uses: &[KeyUse], section: &mut Section) {
    let needed = |key: &KnownKey, jobs: bool| {
        uses.iter().any(|used| used.key == key.id.to_string() && (used.table == "jobs") == jobs)
    };
    for key in &book.keys {
        let id = key.id;
        match key.state {
            KeyState::Added if book.without(id).is_empty() => {
                section.note(format!("`aiq-connect keys activate {id}` makes it the one that seals"));
            }
            KeyState::Added => section.note(format!("let every replica hold {id} before it is activated")),
            KeyState::Retired if needed(key, false) => {
                section.note(format!("`aiq-connect keys rotate` seals anew what {id} sealed"));
            }
            KeyState::Retired if needed(key, true) => section.note(format!("wait for the jobs of {id} to end")),
            KeyState::Retired => section.note(format!("`aiq-connect keys remove {id}`: nothing needs it any more")),
            KeyState::Active | KeyState::Removed => {}
        }
    }
}
