//! The places of questions: how many of one caller are open, and how many are answered at a time.
//!
//! A question takes its caller's place before its body is read, and one of the places of all after
//! that. So a caller whose bodies never end holds up itself only.

use super::{state::lock, Limits};
use inktensor_primitives::AccountId;
use std::{
    collections::{hash_map::Entry, HashMap},
    sync::Mutex,
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The places of questions.
#[derive(Debug)]
pub struct Works {
    all: Semaphore,
    most: usize,
    per_caller: usize,
    /// The open questions of each caller that has some; those of all guests under `None`. Each has
    /// a connection, so there are no more entries than connections.
    open: Mutex<HashMap<Option<AccountId>, usize>>,
}

/// The place of one question among those of its caller, given back when the value is dropped.
#[derive(Debug)]
pub struct Own<'a> {
    works: &'a Works,
    caller: Option<AccountId>,
}

impl Works {
    /// Returns the places of a server, all of them free.
    pub fn new(limits: &Limits) -> Self {
        Self {
            all: Semaphore::new(limits.works),
            most: limits.works,
            per_caller: limits.works_per_caller,
            open: Mutex::new(HashMap::new()),
        }
    }

    /// Returns the most open questions of a caller with `stake` of `all`.
    ///
    /// It is the part by stake of all places, [`Limits::works_per_caller`] at least, and half of
    /// all places at most: no caller keeps the others out.
    fn most_of(&self, stake: u128, all: u128) -> usize {
        let places = u128::try_from(self.most).unwrap_or(u128::MAX);
        let part = places.saturating_mul(stake).checked_div(all).unwrap_or(0);
        let part = usize::try_from(part).unwrap_or(usize::MAX);
        part.max(self.per_caller).min(self.most / 2).max(1)
    }

    /// Takes a place of a caller, or of the guests, who share the places of one caller without
    /// stake. `None` if its places are taken.
    pub fn own(&self, caller: Option<AccountId>, stake: u128, all: u128) -> Option<Own<'_>> {
        let most = self.most_of(stake, all);
        let mut open = lock(&self.open);
        let taken = open.get(&caller).copied().unwrap_or(0);
        if taken >= most {
            return None;
        }
        open.insert(caller, taken.saturating_add(1));
        Some(Own {
            works: self,
            caller,
        })
    }

    /// Takes one of the places of all. `None` if they are taken.
    pub fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.all.try_acquire().ok()
    }
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        let mut open = lock(&self.works.open);
        if let Entry::Occupied(mut taken) = open.entry(self.caller) {
            if *taken.get() > 1 {
                *taken.get_mut() = taken.get().saturating_sub(1);
            } else {
                taken.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn works(works: usize, works_per_caller: usize) -> Works {
        Works::new(&Limits {
            works,
            works_per_caller,
            ..Limits::default()
        })
    }

    #[test]
    fn most_of_follows_the_stake_between_its_bounds() {
        let works = works(64, 8);
        assert_eq!(works.most_of(0, 0), 8);
        assert_eq!(works.most_of(1, 100), 8);
        assert_eq!(works.most_of(25, 100), 16);
        assert_eq!(works.most_of(100, 100), 32);
        assert_eq!(works.most_of(u128::MAX, 1), 32);
        assert_eq!(self::works(1, 8).most_of(1, 1), 1);
        assert_eq!(self::works(5, 1).most_of(0, 1), 1);
    }

    #[test]
    fn own_bounds_each_caller_and_forgets_those_without_questions() {
        let works = works(64, 2);
        let (first, second) = (Some([1; 32].into()), Some([2; 32].into()));
        let held: Vec<_> = (0..2).map(|_| works.own(first, 0, 1).unwrap()).collect();
        assert!(works.own(first, 0, 1).is_none());
        let other = works.own(second, 0, 1).unwrap();
        let guest = works.own(None, 0, 1).unwrap();
        let _second_guest = works.own(None, 0, 1).unwrap();
        assert!(works.own(None, 0, 1).is_none());
        drop((held, other, guest));
        assert_eq!(lock(&works.open).len(), 1);
        works.own(first, 0, 1).unwrap();
    }
}
