//! How many streams one person may keep open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::PrincipalId;

/// Who keeps how many streams of a kind open at this process.
pub struct Seats {
    most: usize,
    taken: Mutex<HashMap<PrincipalId, usize>>,
}

/// One open stream; it is given back when it is dropped.
pub struct Seat {
    of: Arc<Seats>,
    person: PrincipalId,
}

impl Seats {
    /// So many for each person.
    pub fn for_each(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// `None`: this person has enough.
    pub fn take(self: &Arc<Self>, person: PrincipalId) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(person.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { of: Arc::clone(self), person })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_so_many_and_gets_one_back_for_each_that_closes() {
        let seats = Seats::for_each(3);
        let take = |name: &str| seats.take(PrincipalId(name.into()));
        let mut alices: Vec<_> = (0..3).map(|_| take("alice").unwrap()).collect();
        assert!(take("alice").is_none());
        let bobs = take("bob");
        assert!(bobs.is_some(), "others have their own");
        alices.pop();
        let one = take("alice");
        assert!(one.is_some() && take("alice").is_none());
        drop((alices, one, bobs));
        assert!(seats.taken.lock().unwrap().is_empty(), "nothing is kept of people who left");
    }
}
