//! Has providers end the tokens of forgotten grants, again and again until they confirm.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::jittered;
use crate::{clock::Chance, connections::Connections, timing};

/// How many providers are asked at once: one that does not answer must not hold the others up.
const AT_ONCE: usize = 8;

/// Tries what is due, whichever process queued it. Never ends by itself.
pub async fn revoke_what_is_queued(connections: Arc<Connections>, chance: Chance) {
    let mut was_well = true;
    loop {
        tokio::time::sleep(jittered(timing::REVOCATION_POLL, &chance)).await;
        let mut tries = JoinSet::new();
        for _ in 0..AT_ONCE {
            let connections = Arc::clone(&connections);
            tries.spawn(async move {
                while connections.revoke_next().await? {}
                Ok::<(), crate::storage::StoreError>(())
            });
        }
        let mut failed = None;
        while let Some(done) = tries.join_next().await {
            if let Ok(Err(error)) = done {
                failed = Some(error);
            }
        }
        if let (Some(error), true) = (&failed, was_well) {
            tracing::warn!(%error, "the queue of revocations cannot be read at the moment");
        }
        was_well = failed.is_none();
    }
}
