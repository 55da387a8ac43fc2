use std::{
    io::{Read, Write},
    path::Path,
};

use super::{can_record, refused};
use crate::{
    admin::{AdminError, Ended, desk::Desk},
    config::{Environment, KeySource},
    domain::AuditEvent,
    vault::{KeyFile, MasterKey, Secret},
};

/// Makes a key known that seals nothing yet: a new one, or the one in `from` (`-`: what comes on `input`). It is
/// appended to the key file; keys in a variable are the operator's to change.
///
/// # Errors
///
/// The key, the key file or the database cannot be used.
pub async fn add(
    named: Option<&Path>,
    from: Option<&Path>,
    environment: &dyn Environment,
    input: &mut (dyn Read + Send),
    out: &mut (dyn Write + Send),
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let given = from.map(|from| given(from, input)).transpose()?;
    let key = match (&desk.config.key, given) {
        (KeySource::File(path), given) => {
            let key = given.unwrap_or_else(|| MasterKey::random(&desk.chance));
            KeyFile(path.clone()).append(&key)?;
            writeln!(out, "added key {} to {}; it seals nothing yet", key.id(), path.display())?;
            writeln!(
                out,
                "Keep a copy of the file. Replicas on other machines need the same line in theirs; each reads its file \
                 again every few seconds."
            )?;
            key
        }
        (KeySource::Inline(_), Some(key)) => {
            writeln!(out, "key {} is known from now on; it seals nothing yet", key.id())?;
            writeln!(
                out,
                "Keys come from AIQ_TOKEN_ENCRYPTION_KEY: write it there behind the others, with a comma, and restart \
                 every replica."
            )?;
            key
        }
        (KeySource::Inline(_), None) => {
            return Err(refused(
                "the keys come from AIQ_TOKEN_ENCRYPTION_KEY, which only you can change: make a key with `openssl rand \
                 -base64 32`, write it there behind the others, with a comma, and restart every replica. Each says \
                 which keys it holds: when `aiq-connect keys status` shows the new one everywhere, activate it"
                    .to_owned(),
            ));
        }
    };
    let mut held = desk.vault.held();
    held.push(key.id());
    let new = desk.store.introduce_keys(&held).await?;
    if can_record(&desk).await {
        for event in AuditEvent::introduced(&new, &desk.by) {
            desk.audit.record(event);
        }
    } else {
        writeln!(out, "The audit trail cannot tell of it: the active key is not held here.")?;
    }
    desk.close().await;
    writeln!(
        out,
        "When `aiq-connect keys status` shows that every replica holds it: `aiq-connect keys activate {}`",
        key.id()
    )?;
    Ok(Ended::Well)
}

/// Reads one key from a file or from standard input.
fn given(from: &Path, input: &mut (dyn Read + Send)) -> Result<MasterKey, AdminError> {
    let mut text = String::with_capacity(4096);
    let read = if from == Path::new("-") {
        input.take(4096).read_to_string(&mut text)
    } else {
        std::fs::File::open(from).and_then(|file| file.take(4096).read_to_string(&mut text))
    };
    let text = Secret::new(text);
    read?;
    Ok(MasterKey::from_text(&text)?)
}
