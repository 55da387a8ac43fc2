//! Who listens in this process for news of whom. News are hints: whoever hears one looks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use super::Connections;
use crate::domain::PrincipalId;

/// Everybody who listens.
pub struct Listeners {
    /// An entry is there as long as somebody listens.
    of: Mutex<HashMap<PrincipalId, watch::Sender<()>>>,
    /// Says that somebody new is there.
    came: watch::Sender<()>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { of: Mutex::default(), came: watch::Sender::new(()) }
    }
}

/// One listener; drop it to listen no more.
pub struct Ear {
    of: Arc<Listeners>,
    person: PrincipalId,
    news: watch::Receiver<()>,
}

impl Ear {
    /// Waits for the next news since the last call, or since [`Self::forget`]. Many at once are one. Loses nothing when
    /// it is dropped.
    pub async fn heard(&mut self) {
        // An error cannot be: the sender stays as long as this ear.
        if self.news.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What was told until now will be seen by the look that follows.
    pub fn forget(&mut self) {
        self.news.mark_unchanged();
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut of = self.of.of.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that is left is our own.
        if of.get(&self.person).is_some_and(|news| news.receiver_count() <= 1) {
            of.remove(&self.person);
        }
    }
}

impl Listeners {
    /// Hears all news of a person from now on.
    pub fn listen(self: &Arc<Self>, person: &PrincipalId) -> Ear {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !of.contains_key(person);
        let news = of.entry(person.clone()).or_insert_with(|| watch::Sender::new(())).subscribe();
        drop(of);
        if is_new {
            self.came.send_replace(());
        }
        Ear { of: Arc::clone(self), person: person.clone(), news }
    }

    /// Of whom news are wanted.
    pub fn people(&self) -> Vec<PrincipalId> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Whether news of this person are wanted.
    pub fn want(&self, person: &PrincipalId) -> bool {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).contains_key(person)
    }

    /// Says whenever somebody listens of whom nobody wanted to hear before.
    pub fn arrivals(&self) -> watch::Receiver<()> {
        self.came.subscribe()
    }

    fn tell(&self, person: &PrincipalId) {
        if let Some(news) = self.of.lock().unwrap_or_else(PoisonError::into_inner).get(person) {
            news.send_replace(());
        }
    }

    fn tell_all(&self) {
        for news in self.of.lock().unwrap_or_else(PoisonError::into_inner).values() {
            news.send_replace(());
        }
    }
}

impl Connections {
    /// Something of this person has changed, here or at another process: whoever waits for it or shows it looks again.
    /// Only a hint; all of them look by themselves too.
    pub fn heard(&self, person: &PrincipalId) {
        self.bell().ring();
        self.flights.changed(person);
        self.listeners.tell(person);
    }

    /// New tokens of this person are stored: their listing shows until when these are good, and no fault any more. It
    /// happens all the time, so those who wait for a person are not woken; they look often enough.
    pub(super) fn renewed(&self, person: &PrincipalId) {
        self.listeners.tell(person);
    }

    /// Something changed that every listing shows.
    pub(super) fn heard_by_all(&self) {
        self.listeners.tell_all();
    }

    /// Hears all news of a person from now on. First listen, then look: so nothing is missed.
    pub fn listen(&self, person: &PrincipalId) -> Ear {
        self.listeners.listen(person)
    }

    /// Everybody who listens.
    pub fn listeners(&self) -> &Arc<Listeners> {
        &self.listeners
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn hears(ear: &mut Ear) -> bool {
        tokio::time::timeout(Duration::from_millis(1), ear.heard()).await.is_ok()
    }

    #[tokio::test]
    async fn news_reach_everybody_who_listens_for_the_person_and_nobody_else() {
        let listeners = Arc::<Listeners>::default();
        let [alice, bob] = ["alice", "bob"].map(|name| PrincipalId(name.into()));
        let (mut one, mut two, mut other) =
            (listeners.listen(&alice), listeners.listen(&alice), listeners.listen(&bob));
        listeners.tell(&alice);
        listeners.tell(&alice);
        assert!(hears(&mut one).await && hears(&mut two).await);
        assert!(!hears(&mut one).await, "many at once are one");
        assert!(!hears(&mut other).await);
        listeners.tell_all();
        assert!(hears(&mut one).await && hears(&mut other).await);
        two.forget();
        assert!(!hears(&mut two).await);
    }

    #[test]
    fn nothing_is_kept_of_people_nobody_listens_for() {
        let listeners = Arc::<Listeners>::default();
        let alice = PrincipalId("alice".into());
        let (one, two) = (listeners.listen(&alice), listeners.listen(&alice));
        drop(one);
        assert!(listeners.want(&alice));
        drop(two);
        assert!(!listeners.want(&alice) && listeners.people().is_empty());
    }
}
