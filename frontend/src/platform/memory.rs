//! What the browser keeps for us: little, never a secret, apart for each person.

use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::Storage;

/// How long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// As long as the tab.
    Tab,
    /// Until the person clears it.
    Browser,
}

fn storage(keep: Keep) -> Option<Storage> {
    let window = web_sys::window()?;
    match keep {
        Keep::Tab => window.session_storage().ok()?,
        Keep::Browser => window.local_storage().ok()?,
    }
}

fn key(person: &str, what: &str) -> String {
    format!("aiq-connect:{person}:{what}")
}

/// Reads; `None` for what is not there, or was written by another version.
pub fn read<T: DeserializeOwned>(keep: Keep, person: &str, what: &str) -> Option<T> {
    let text = storage(keep)?.get_item(&key(person, what)).ok()??;
    serde_json::from_str(&text).ok()
}

/// Writes. A full or forbidden storage is no reason to bother anybody: the page works without.
pub fn write<T: Serialize>(keep: Keep, person: &str, what: &str, value: &T) {
    if let (Some(storage), Ok(text)) = (storage(keep), serde_json::to_string(value)) {
        let _ = storage.set_item(&key(person, what), &text);
    }
}

/// Forgets.
pub fn forget(keep: Keep, person: &str, what: &str) {
    if let Some(storage) = storage(keep) {
        let _ = storage.remove_item(&key(person, what));
    }
}
