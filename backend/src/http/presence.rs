//! Whether somebody for whom a stream stays open is still signed in.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{App, person::Person};

/// What made a person known, and so what ends it.
#[derive(Clone)]
pub(super) enum Presence {
    /// A session of ours, by the hash of its cookie.
    Session(String),
    /// A token, until then by this process's clock.
    Token(DateTime<Utc>),
    /// Everybody on this machine is this person.
    Machine,
}

impl Presence {
    pub(super) fn of(person: &Person) -> Self {
        match person.token_ends_at {
            Some(end) => Self::Token(end),
            None if person.has_own_session => Self::Session(person.session_hash.clone()),
            None => Self::Machine,
        }
    }

    /// Whether the person is gone. While the database does not answer nobody can say so, and nobody is sent away.
    pub(super) async fn is_over(&self, app: &App) -> bool {
        match self {
            Self::Session(cookie_hash) => matches!(app.store.find_session(cookie_hash).await, Ok(None)),
            Self::Token(_) => self.left(app).is_some_and(|left| left.is_zero()),
            Self::Machine => false,
        }
    }

    /// How long it lasts at most, if that is known beforehand.
    pub(super) fn left(&self, app: &App) -> Option<Duration> {
        let Self::Token(end) = self else { return None };
        Some((*end - app.callers.now()).to_std().unwrap_or_default())
    }
}
