use std::{
    collections::HashSet,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

/// How many are remembered at least; at most twice as many.
const REMEMBERED: usize = 50_000;

/// What was noted already, by hash and within bounds: the older half is forgotten when the newer one is full, and what
/// is forgotten is noted again. Two that share a hash of 64 bits are one; among 100,000 that is one chance in a billion.
#[derive(Default)]
pub(super) struct Noted {
    hasher: RandomState,
    halves: Mutex<(HashSet<u64>, HashSet<u64>)>,
}

impl Noted {
    pub(super) fn is_new(&self, what: &impl Hash) -> bool {
        let hash = self.hasher.hash_one(what);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let (newer, older) = &mut *halves;
        if newer.contains(&hash) || older.contains(&hash) {
            return false;
        }
        if newer.len() >= REMEMBERED {
            *older = std::mem::take(newer);
        }
        newer.insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_once_and_the_oldest_are_forgotten_so_that_the_set_stays_small() {
        let noted = Noted::default();
        assert!(noted.is_new(&1) && !noted.is_new(&1));
        for more in 2..=2 * REMEMBERED + 1 {
            assert!(noted.is_new(&more));
        }
        assert!(!noted.is_new(&(2 * REMEMBERED + 1)) && noted.is_new(&1));
        let halves = noted.halves.lock().unwrap();
        assert!(halves.0.len() + halves.1.len() <= 2 * REMEMBERED);
    }
}
