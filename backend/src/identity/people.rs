//! People who come with a token and without a session of ours: remembered once, and not at every request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::Instant;

use crate::{
    domain::{Introduction, Principal, PrincipalId, Profile},
    storage::{Store, StoreError},
    timing,
};

/// How many are kept in mind.
const MOST: usize = 10_000;

/// Whom this process has remembered.
pub struct People {
    store: Arc<dyn Store>,
    known: Mutex<HashMap<PrincipalId, (Introduction, Profile, Instant)>>,
}

impl People {
    /// Nobody yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// How somebody is called. Written down when they are new here, or called otherwise than last time.
    pub async fn meet(&self, person: &Principal, introduction: Introduction) -> Result<Profile, StoreError> {
        let id = person.id();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        // Not for ever: an administrator may have had them forgotten.
        if let Some((before, profile, since)) = known
            && before == introduction
            && since.elapsed() < timing::ACQUAINTANCE
        {
            return Ok(profile);
        }
        let profile = self.store.remember(person, &introduction).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id, (introduction, profile.clone(), Instant::now()));
        Ok(profile)
    }
}
