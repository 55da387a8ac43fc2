//! What the database tells by itself.

use tokio::sync::watch;

use crate::{
    connections::Listeners,
    news::Tell,
    storage::{ChangeStore, Hearing, StoreError, Wire},
    timing,
};

/// Hears the database for as long as it tells anything, and says whether it does.
pub(super) async fn on(
    listeners: &Listeners,
    tell: Tell<'_>,
    changes: &dyn ChangeStore,
    is_told: &watch::Sender<bool>,
) {
    let (shortest, longest) = timing::HEAR_RETRY;
    let (mut pause, mut last) = (shortest, "");
    loop {
        let (state, error) = match changes.hear().await {
            Ok(Hearing::Never) => return,
            Ok(Hearing::Deaf) => {
                pause = timing::HEAR_DEAF;
                ("deaf", None)
            }
            Ok(Hearing::Open(mut wire)) => {
                tracing::info!("the database tells of changes");
                (pause, last) = (shortest, "");
                is_told.send_replace(true);
                let error = listen(listeners, tell, &mut *wire).await;
                is_told.send_replace(false);
                ("lost", Some(error))
            }
            Err(error) => {
                pause = (pause * 2).min(longest);
                ("lost", Some(error))
            }
        };
        if state != last {
            if let Some(error) = error {
                tracing::warn!(%error, "the database cannot be heard; changes are looked for");
            } else {
                tracing::info!("nothing that the database tells arrives; changes are looked for");
            }
            last = state;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn listen(listeners: &Listeners, tell: Tell<'_>, wire: &mut dyn Wire) -> StoreError {
    loop {
        match wire.next().await {
            Ok(person) if listeners.want(&person) => tell(&person),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}
