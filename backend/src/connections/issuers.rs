//! How many token requests this process has under way at each issuer. Those in front finish first, and nobody sits on a
//! lease meanwhile.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most so many at once.
pub(super) const AT_ONCE: usize = 8;

/// The places at every issuer.
#[derive(Default)]
pub(super) struct Issuers(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Issuers {
    /// A place, when there is one; it is given back when it is dropped.
    pub(super) async fn place(&self, issuer: &str) -> Option<OwnedSemaphorePermit> {
        let places = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(issuer.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        // An error would say that it was closed, which nobody does.
        places.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn so_many_are_under_way_at_one_issuer_and_the_next_takes_the_place_of_the_first() {
        let issuers = Issuers::default();
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(issuers.place("https://one").now_or_never().expect("at once"));
        }
        let mut next = Box::pin(issuers.place("https://one"));
        assert!((&mut next).now_or_never().is_none());
        assert!(issuers.place("https://another").now_or_never().is_some());
        places.pop();
        assert!(next.now_or_never().is_some());
    }
}
