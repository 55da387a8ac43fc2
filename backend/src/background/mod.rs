//! What goes on by itself.

mod retention;
mod revocations;

pub use self::{
    retention::{SweepHealth, Sweeper},
    revocations::revoke_what_is_queued,
};

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use crate::{clock::Chance, connections::Connections, domain::SourceId, timing};

/// Finds the way to each source's sign-in, again and again: a provider that was down at start is noticed when it is
/// back, and one that goes away is told of before somebody runs into it. Ends when it is dropped.
pub async fn watch_sign_ins(connections: Arc<Connections>, sources: Vec<SourceId>, chance: Chance) {
    let mut watchers = JoinSet::new();
    for source in sources {
        let (connections, chance) = (Arc::clone(&connections), chance.clone());
        watchers.spawn(async move { watch(&connections, &source, &chance).await });
    }
    while watchers.join_next().await.is_some() {}
}

async fn watch(connections: &Connections, source: &SourceId, chance: &Chance) {
    let (shortest, longest) = timing::DISCOVERY_RETRY;
    let mut pause = shortest;
    loop {
        if connections.check_sign_in(source).await {
            pause = shortest;
            let again = Instant::now() + jittered(timing::DISCOVERY_AGAIN, chance);
            // Somebody's launch may find trouble in between.
            while Instant::now() < again && !connections.is_broken(source) {
                tokio::time::sleep(jittered(longest, chance)).await;
            }
        } else {
            tokio::time::sleep(jittered(pause, chance)).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// Ends waits of jobs whose time is over, even where no worker asks any more. Never ends by itself.
pub async fn end_overdue_waits(connections: Arc<Connections>) {
    let mut was_well = true;
    loop {
        tokio::time::sleep(timing::WAIT_SWEEP).await;
        let done = connections.end_overdue_waits().await;
        if let (Err(error), true) = (&done, was_well) {
            tracing::warn!(%error, "waits whose time is over cannot be looked for at the moment");
        }
        was_well = done.is_ok();
    }
}

/// Between three and five quarters of it, so that many processes do not knock together.
fn jittered(pause: Duration, chance: &Chance) -> Duration {
    let [byte] = chance.bytes::<1>();
    pause * 3 / 4 + pause / 2 * u32::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_a_quarter() {
        let chance = Chance::seeded(1);
        for _ in 0..1000 {
            let pause = jittered(Duration::from_secs(4), &chance);
            assert!((Duration::from_secs(3)..=Duration::from_secs(5)).contains(&pause), "{pause:?}");
        }
    }
}
