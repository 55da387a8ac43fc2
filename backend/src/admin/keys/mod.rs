//! `aiq-connect keys`: changing the key that seals, while everything goes on. No verb ever shows a key.

mod activate;
mod add;
mod remove;
mod rotate;
mod status;

pub use self::{
    activate::{Wish as ActivateWish, activate},
    add::add,
    remove::{Wish as RemoveWish, remove},
    rotate::rotate,
    status::status,
};
use super::{AdminError, desk::Desk};
use crate::{
    domain::{KeyBook, KeyId, KeyUse},
    sealing,
};

/// The key that an operator means: its id, or as much of its beginning as names no other.
async fn meant(desk: &Desk, text: &str) -> Result<(KeyId, KeyBook), AdminError> {
    let book = desk.store.key_book().await?;
    let wanted = text.to_ascii_lowercase();
    let matching: Vec<KeyId> =
        book.keys.iter().map(|key| key.id).filter(|id| id.to_string().starts_with(&wanted)).collect();
    match (matching.as_slice(), wanted.is_empty()) {
        ([one], false) => Ok((*one, book)),
        ([], _) | (_, true) => {
            Err(refused(format!("no key `{text}` is known here; `aiq-connect keys status` lists them")))
        }
        _ => Err(refused(format!("several keys begin with `{text}`: write more of the id"))),
    }
}

/// Whether audit records can be made: each carries an HMAC by the active key.
async fn can_record(desk: &Desk) -> bool {
    sealing::sealer(desk.store.as_ref(), &desk.vault).await.is_ok()
}

/// Why a verb did nothing, and what to do.
fn refused(why: String) -> AdminError {
    AdminError::Refused(why)
}

/// `12 grants and 1 registration`, as far as rows need a key.
fn in_words(uses: &[KeyUse]) -> String {
    let one = |used: &KeyUse| {
        let noun = match (used.table.as_str(), used.rows) {
            ("grants", 1) => "connection",
            ("grants", _) => "connections",
            ("registrations", 1) => "OAuth client of ours",
            ("registrations", _) => "OAuth clients of ours",
            ("flows" | "sign_ins", 1) => "sign-in under way",
            ("flows" | "sign_ins", _) => "sign-ins under way",
            ("jobs", 1) => "living job",
            ("jobs", _) => "living jobs",
            ("revocations", 1) => "forgotten connection that its provider has yet to end",
            ("revocations", _) => "forgotten connections that their providers have yet to end",
            (other, _) => other,
        };
        format!("{} {noun}", used.rows)
    };
    let words: Vec<_> = uses.iter().map(one).collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}
