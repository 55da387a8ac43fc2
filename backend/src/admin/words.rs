//! How verbs write times and people.

use chrono::{DateTime, Utc};

use crate::storage::Person;

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

pub(super) fn person(person: &Person) -> String {
    let Person { id, issuer, sub, name, email, .. } = person;
    let email = email.as_ref().map(|email| format!(" <{}>", plain(email))).unwrap_or_default();
    format!("{}{email}, `{}` at {}, id {id}", plain(name), plain(sub), plain(issuer), id = id.as_str())
}

/// Names come from elsewhere: what would move a terminal's cursor is not written to it.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
