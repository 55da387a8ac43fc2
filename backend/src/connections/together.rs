//! One look for all who ask the same at the same moment. Nobody gets what was read before they asked: whoever comes
//! while a look is under way gets the next one, with all others who came meanwhile.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::timeout;

use crate::timing;

/// A look that several share: whoever of them waits keeps it going.
type Answer<A> = Shared<BoxFuture<'static, A>>;

struct Look<A: Clone> {
    answer: Answer<A>,
    /// From here on, whoever asks comes too late for it.
    has_begun: Arc<AtomicBool>,
}

/// What is asked at the moment.
pub(super) struct Together<Q, A: Clone>(Mutex<HashMap<Q, Arc<Look<A>>>>);

impl<Q, A: Clone> Default for Together<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q: Clone + Eq + Hash, A: Clone + Send + Sync + 'static> Together<Q, A> {
    /// What `look` brings, begun by now or later by whoever asked the same.
    pub(super) async fn ask<F>(&self, question: &Q, look: impl FnOnce() -> F) -> A
    where
        F: Future<Output = A> + Send + 'static,
    {
        let place = Place { together: self, question, look: self.join(question, look) };
        place.look.answer.clone().await
    }

    fn join<F>(&self, question: &Q, look: impl FnOnce() -> F) -> Arc<Look<A>>
    where
        F: Future<Output = A> + Send + 'static,
    {
        let mut asked = self.asked();
        let before = match asked.get(question) {
            Some(known) if !known.has_begun.load(Ordering::SeqCst) => return Arc::clone(known),
            Some(known) => Some(known.answer.clone()),
            None => None,
        };
        let (has_begun, look) = (Arc::new(AtomicBool::new(false)), look());
        let begin = Arc::clone(&has_begun);
        let answer = async move {
            if let Some(before) = before {
                // Whoever comes meanwhile joins in. One that hangs is not waited for long.
                let _ = timeout(timing::LOOK_BEFORE, before).await;
            }
            begin.store(true, Ordering::SeqCst);
            look.await
        };
        let new = Arc::new(Look { answer: answer.boxed().shared(), has_begun });
        asked.insert(question.clone(), Arc::clone(&new));
        new
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<Q, Arc<Look<A>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of one who waits. The last to leave clears up, so that nothing is kept that nobody asks any more.
struct Place<'a, Q: Clone + Eq + Hash, A: Clone + Send + Sync + 'static> {
    together: &'a Together<Q, A>,
    question: &'a Q,
    look: Arc<Look<A>>,
}

impl<Q: Clone + Eq + Hash, A: Clone + Send + Sync + 'static> Drop for Place<'_, Q, A> {
    fn drop(&mut self) {
        let mut asked = self.together.asked();
        // This place and the list: nobody else has it.
        let is_last = Arc::strong_count(&self.look) == 2;
        if is_last && asked.get(self.question).is_some_and(|known| Arc::ptr_eq(known, &self.look)) {
            asked.remove(self.question);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::sync::Semaphore;

    use super::*;

    /// A look that counts, and ends when it may: its number.
    struct Counted {
        together: Together<&'static str, u32>,
        begun: Arc<AtomicU32>,
        may_end: Arc<Semaphore>,
    }

    impl Counted {
        fn new() -> Self {
            Self { together: Together::default(), begun: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
        }

        async fn ask(&self, question: &'static str) -> u32 {
            let (begun, may_end) = (Arc::clone(&self.begun), Arc::clone(&self.may_end));
            let look = || async move {
                let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                may_end.acquire().await.unwrap().forget();
                number
            };
            self.together.ask(&question, look).await
        }

        fn begun(&self) -> u32 {
            self.begun.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn whoever_comes_while_a_look_is_under_way_shares_the_next_one() {
        let counted = Counted::new();
        let mut first = Box::pin(counted.ask("a"));
        assert!(first.as_mut().now_or_never().is_none());
        let mut later: Vec<_> = (0..3).map(|_| Box::pin(counted.ask("a"))).collect();
        for each in &mut later {
            assert!(each.as_mut().now_or_never().is_none());
        }
        assert_eq!(counted.begun(), 1, "the next look waits for its turn");
        counted.may_end.add_permits(1);
        assert_eq!(first.await, 1);
        counted.may_end.add_permits(1);
        for each in later {
            assert_eq!(each.await, 2, "read after they asked");
        }
        assert_eq!(counted.begun(), 2);
    }

    #[tokio::test]
    async fn other_questions_and_later_ones_have_looks_of_their_own() {
        let counted = Counted::new();
        counted.may_end.add_permits(3);
        let (one, other) = tokio::join!(counted.ask("a"), counted.ask("b"));
        assert_eq!([one, other, counted.ask("a").await], [1, 2, 3]);
        assert!(counted.together.asked().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn a_look_goes_on_when_whoever_began_it_leaves() {
        let counted = Counted::new();
        let mut gone = Box::pin(counted.ask("a"));
        assert!(gone.as_mut().now_or_never().is_none());
        let mut next = Box::pin(counted.ask("a"));
        assert!(next.as_mut().now_or_never().is_none());
        drop(gone);
        counted.may_end.add_permits(2);
        assert_eq!(next.await, 2);
        assert!(counted.together.asked().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_keeps_the_next_one_for_a_moment_only() {
        let counted = Counted::new();
        let mut hangs = Box::pin(counted.ask("a"));
        assert!(hangs.as_mut().now_or_never().is_none());
        let mut next = Box::pin(counted.ask("a"));
        assert!(next.as_mut().now_or_never().is_none());
        tokio::time::advance(timing::LOOK_BEFORE).await;
        assert!(next.as_mut().now_or_never().is_none());
        assert_eq!(counted.begun(), 2);
    }
}
