//! What is known, in this process, of each server's way to sign in.

use std::{
    collections::HashMap,
    mem::discriminant,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aiq_connect_shared::FaultCode;

use crate::domain::ServerId;

/// What was last seen of a server's way to sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Not asked yet.
    #[default]
    Unknown,
    /// It can be signed in there.
    Reachable {
        /// The host where people sign in.
        provider_host: Option<String>,
    },
    /// It cannot, at the moment or until somebody changes something; `code` tells which.
    Broken {
        /// Why.
        code: FaultCode,
        /// The log line's name.
        reference: String,
    },
}

impl Reach {
    /// Where people sign in, once that was found out.
    pub fn provider_host(self) -> Option<String> {
        match self {
            Self::Reachable { provider_host } => provider_host,
            Self::Unknown | Self::Broken { .. } => None,
        }
    }
}

/// [`Reach`] of every server, and since when.
#[derive(Debug, Default)]
pub struct Reachability(Mutex<HashMap<ServerId, (Reach, Instant)>>);

impl Reachability {
    /// What was last seen.
    pub fn of(&self, server: &ServerId) -> Reach {
        self.seen(server).0
    }

    /// What was last seen, and for how long it has been so.
    pub fn seen(&self, server: &ServerId) -> (Reach, Duration) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(server).map(|(reach, since)| (reach.clone(), since.elapsed())).unwrap_or_default()
    }

    /// Replaces it, and returns what was seen before.
    pub fn record(&self, server: &ServerId, seen: Reach) -> Reach {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(server).cloned();
        let since = match &before {
            Some((before, since)) if discriminant(before) == discriminant(&seen) => *since,
            _ => Instant::now(),
        };
        known.insert(server.clone(), (seen, since));
        before.map(|(before, _)| before).unwrap_or_default()
    }
}
