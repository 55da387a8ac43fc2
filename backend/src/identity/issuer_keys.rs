//! The keys of the issuer whose tokens are believed: kept for a while, asked for again when they change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};

use super::signed::Head;
use crate::{clock::Clock, oauth::PublishedKeys, timing};

/// The keys of one issuer.
pub struct IssuerKeys {
    issuer: String,
    published: Arc<dyn PublishedKeys>,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// Held while the issuer is asked, so that one asks for all.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    keys: Option<(DateTime<Utc>, Arc<JwkSet>)>,
    asked: Option<(DateTime<Utc>, Outcome)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Pending,
    Answered,
    Failed,
}

/// Why there is no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The issuer was asked lately, and publishes none that fits.
    Unknown,
    /// The issuer does not tell. Passes by itself.
    Away,
}

impl IssuerKeys {
    /// Those of this issuer. Nothing is asked yet.
    pub fn new(issuer: String, published: Arc<dyn PublishedKeys>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, published, clock, known: Mutex::default(), asking: Arc::default() }
    }

    /// The key that a token's signature asks for.
    ///
    /// A key that is known and fresh costs nothing. One that is known and old is used at once while somebody else asks
    /// the issuer, and after [`timing::ISSUER_KEYS_PATIENCE`] by whoever asks. For one that is not known the issuer is asked, but not more often than
    /// [`timing::ISSUER_KEYS_AGAIN`]: anybody can send tokens that name keys.
    pub async fn key(self: &Arc<Self>, head: &Head) -> Result<Jwk, NoKey> {
        let now = self.clock.now();
        let known = self.find(head, now, timing::ISSUER_KEYS_LAST_GOOD);
        if let Some(key) = self.find(head, now, timing::ISSUER_KEYS_LIFETIME) {
            return Ok(key);
        }
        // Whoever has none waits for an answer that is under way, as a herd does at a process that just started.
        if self.may_ask(now) || known.is_none() && self.is_asking() {
            let turn = match (known.is_some(), Arc::clone(&self.asking).try_lock_owned()) {
                (_, Ok(turn)) => Some(turn),
                (true, Err(_)) => None,
                (false, Err(_)) => Some(Arc::clone(&self.asking).lock_owned().await),
            };
            if let Some(turn) = turn.filter(|_| self.may_ask(self.clock.now())) {
                let keys = Arc::clone(self);
                // Whoever waits may go away; the answer is for all.
                let asked = tokio::spawn(async move {
                    keys.ask().await;
                    drop(turn);
                });
                if known.is_some() {
                    drop(tokio::time::timeout(timing::ISSUER_KEYS_PATIENCE, asked).await);
                } else {
                    drop(asked.await);
                }
            }
        }
        let found = self.find(head, self.clock.now(), timing::ISSUER_KEYS_LAST_GOOD);
        found.ok_or_else(|| match self.known().asked {
            Some((_, Outcome::Answered)) => NoKey::Unknown,
            _ => NoKey::Away,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, head: &Head, now: DateTime<Utc>, oldest: TimeDelta) -> Option<Jwk> {
        let known = self.known();
        let (at, keys) = known.keys.as_ref()?;
        if !is_within(*at, now, oldest) {
            return None;
        }
        head.key_in(keys).cloned()
    }

    fn may_ask(&self, now: DateTime<Utc>) -> bool {
        let Some((at, outcome)) = self.known().asked else { return true };
        let pause = if outcome == Outcome::Failed { timing::ISSUER_KEYS_RETRY } else { timing::ISSUER_KEYS_AGAIN };
        !is_within(at, now, pause)
    }

    fn is_asking(&self) -> bool {
        matches!(self.known().asked, Some((_, Outcome::Pending)))
    }

    async fn ask(&self) {
        self.known().asked = Some((self.clock.now(), Outcome::Pending));
        let answer = self.published.published_keys(&self.issuer).await;
        let now = self.clock.now();
        let mut known = self.known();
        match answer {
            Ok(keys) => {
                known.keys = Some((now, Arc::new(keys)));
                known.asked = Some((now, Outcome::Answered));
            }
            Err(error) => {
                // Bridges what is unreadable too: a page of some proxy says nothing about keys.
                known.asked = Some((now, Outcome::Failed));
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(issuer = self.issuer, %error, cause, "the issuer of AIQ's people does not tell its keys");
            }
        }
    }
}

/// Whether it was less than `span` ago. A clock that was set back makes things old, not young for ever.
fn is_within(at: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    (now - at).abs() < span
}
