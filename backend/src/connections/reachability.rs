//! What is known, in this process, of each server's way to sign in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
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

/// [`Reach`] of every server.
#[derive(Debug, Default)]
pub struct Reachability(Mutex<HashMap<ServerId, Reach>>);

impl Reachability {
    /// What was last seen.
    pub fn of(&self, server: &ServerId) -> Reach {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(server).cloned().unwrap_or_default()
    }

    /// Replaces it, and returns what was seen before.
    pub fn record(&self, server: &ServerId, seen: Reach) -> Reach {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(server.clone(), seen).unwrap_or_default()
    }
}
