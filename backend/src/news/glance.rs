//! Looking at the serials of everybody who is listened for.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::watch, time::Instant};

use crate::{
    connections::Listeners,
    domain::PrincipalId,
    news::Tell,
    storage::{ChangeStore, StoreError},
    timing,
};

/// So many people are asked for by one statement.
const BATCH: usize = 2_000;

/// Looks whenever it is time, and only while somebody listens.
pub(super) async fn again_and_again(
    listeners: &Listeners,
    tell: Tell<'_>,
    changes: &dyn ChangeStore,
    mut told: watch::Receiver<bool>,
) {
    let mut arrivals = listeners.arrivals();
    let (mut known, mut was_well) = (Known::default(), true);
    loop {
        arrivals.mark_unchanged();
        let people = listeners.people();
        if people.is_empty() {
            known = Known::default();
            // An error says that the listeners are gone, and we with them.
            drop(arrivals.changed().await);
            continue;
        }
        let is_told = *told.borrow_and_update();
        let begun = Instant::now();
        let looked = known.look(tell, changes, &people).await;
        if let (Err(error), true) = (&looked, was_well) {
            tracing::warn!(%error, "changes cannot be looked for at the moment");
        }
        was_well = looked.is_ok();
        tokio::select! {
            () = tokio::time::sleep(pause(is_told, begun.elapsed())) => {}
            // It tells no more: whatever it told last may not be all. Or it tells again: what was not told is looked for.
            turn = told.changed() => if turn.is_err() {
                tokio::time::sleep(timing::CHANGES_POLL).await;
            },
        }
    }
}

/// A tenth of the time at most goes into looking, so that a slow database is not made slower.
fn pause(is_told: bool, took: Duration) -> Duration {
    (if is_told { timing::CHANGES_GLANCE } else { timing::CHANGES_POLL }).max(took * 9)
}

/// The serials that were seen last.
#[derive(Default)]
struct Known(HashMap<PrincipalId, i64>);

impl Known {
    /// Tells those whose serial is another one than last time, and those who are new: something may have changed since
    /// they looked.
    async fn look(
        &mut self,
        tell: Tell<'_>,
        changes: &dyn ChangeStore,
        people: &[PrincipalId],
    ) -> Result<(), StoreError> {
        let mut now = HashMap::with_capacity(people.len());
        for some in people.chunks(BATCH) {
            let serials = changes.serials(some).await?;
            for person in some {
                let serial = serials.get(person).copied().unwrap_or_default();
                if self.0.get(person) != Some(&serial) {
                    tell(person);
                }
                now.insert(person.clone(), serial);
            }
        }
        self.0 = now;
        Ok(())
    }
}
