//! Refreshing behind an answer: the token is good for a while yet, and whoever asked does not wait.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::Instant;
use tracing::Instrument;

use super::{Connections, flights::landing};
use crate::{
    domain::{Grant, GrantId, RefreshTurn},
    timing,
};

/// At most so many at once. For others the next question is soon enough.
const MOST: usize = 16;

/// Those that are put off or under way.
#[derive(Default)]
pub(super) struct Behind(Mutex<HashSet<GrantId>>);

/// One of them.
struct Begun {
    behind: Arc<Behind>,
    grant: GrantId,
}

impl Behind {
    fn begin(self: &Arc<Self>, grant: GrantId) -> Option<Begun> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = all.len() < MOST && all.insert(grant);
        is_new.then(|| Begun { behind: Arc::clone(self), grant })
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.behind.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.grant);
    }
}

impl Connections {
    /// Refreshes in the background, a moment later, unless somebody else does by then.
    pub(super) fn refresh_behind(self: &Arc<Self>, grant: &Grant) {
        let Some(begun) = self.behind.begin(grant.id) else { return };
        let (this, grant) = (Arc::clone(self), grant.clone());
        let [part] = self.chance.bytes::<1>();
        let refresh = async move {
            let _begun = begun;
            tokio::time::sleep(timing::REFRESH_BEHIND * u32::from(part) / 255).await;
            // Trouble with the database is for those who need an answer.
            if matches!(this.store.refresh_turn(grant.id, grant.version).await, Ok(RefreshTurn::Free)) {
                landing(this.refreshing(&grant, false), Instant::now() + timing::REFRESH_WAIT).await;
            }
        };
        tokio::spawn(refresh.in_current_span());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_refreshed_behind_one_answer_at_a_time_and_no_more_than_so_many() {
        let behind = Arc::new(Behind::default());
        let id = |number: usize| GrantId(uuid::Uuid::from_u128(number as u128));
        let begun: Vec<_> = (0..MOST).map(|number| behind.begin(id(number)).unwrap()).collect();
        assert!(behind.begin(id(MOST)).is_none());
        drop(begun);
        let first = behind.begin(id(1)).unwrap();
        assert!(behind.begin(id(1)).is_none());
        drop(first);
        assert!(behind.begin(id(1)).is_some());
    }
}
