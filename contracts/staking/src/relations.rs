//! Who gives which part of its stake to whom, and from which epoch on.
//!
//! A parent's list counts from the first epoch on that opens after its cooldown. Both the open
//! epoch and the one before can be asked for, so that a closed epoch never changes. Source:
//! subtensor-reference.md 3.11, `set_children`.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{Child, StakingError, CHILDREN_INTERVAL, MAX_CHILDREN, MAX_PARENTS},
    versioned::Versioned,
    AccountId, Bps,
};

/// When a subnet's open epoch, and the one before it, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// Block at which the one before opened.
    pub before_at: u32,
    /// Which close of all opened it, counted from 1.
    pub opened_by: u32,
}

impl Clock {
    /// Block at which `epoch` opened.
    ///
    /// # Errors
    /// `TooOld`.
    fn opened(&self, epoch: u32) -> Result<u32, StakingError> {
        if epoch >= self.open {
            Ok(self.opened_at)
        } else if epoch.checked_add(1) == Some(self.open) {
            Ok(self.before_at)
        } else {
            Err(StakingError::TooOld)
        }
    }
}

/// A list that does not count yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Pending {
    /// The children.
    pub children: Vec<Child>,
    /// It counts in epochs that open after this block.
    pub after: u32,
}

/// The relations of a hotkey on a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Relations {
    /// Who owned it when it first had children: it is paid what they earn.
    pub owner: Option<AccountId>,
    children: Versioned<Vec<Child>>,
    pending: Option<Pending>,
    /// Hotkeys that may have it as a child. Their own lists say with what proportion.
    parents: Vec<AccountId>,
    /// Block at which its children were set last.
    set_at: Option<u32>,
    /// What it keeps of what it earns for parents of other owners, and the block of its last
    /// change.
    pub take: Option<(Bps, u32)>,
}

impl Relations {
    /// The children as of `epoch`.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn children_at(&self, epoch: u32, clock: &Clock) -> Result<&[Child], StakingError> {
        match &self.pending {
            Some(pending) if clock.opened(epoch)? > pending.after => Ok(&pending.children),
            _ => match self.children.at(epoch) {
                Ok(children) => Ok(children),
                Err(_) => Err(StakingError::TooOld),
            },
        }
    }

    /// What is to count later.
    pub fn pending(&self, clock: &Clock) -> Option<&Pending> {
        let pending = self.pending.as_ref();
        pending.filter(|pending| clock.opened_at <= pending.after)
    }

    /// What it gives to `child` as of `epoch`; 0 for nothing.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn given_to(
        &self,
        child: &AccountId,
        epoch: u32,
        clock: &Clock,
    ) -> Result<u64, StakingError> {
        let children = self.children_at(epoch, clock)?;
        let found = children.iter().find(|it| it.hotkey == *child);
        Ok(found.map_or(0, |it| it.proportion))
    }

    /// Hotkeys that may have it as a child.
    pub fn parents(&self) -> &[AccountId] {
        &self.parents
    }

    /// Whether it names `child` in any epoch that can be asked for, or will.
    pub fn mentions(&self, child: &AccountId, clock: &Clock) -> bool {
        let names = |list: &[Child]| list.iter().any(|it| it.hotkey == *child);
        let before = clock.open.saturating_sub(1);
        self.pending.as_ref().is_some_and(|it| names(&it.children))
            || [before, clock.open]
                .into_iter()
                .any(|epoch| self.children.at(epoch).is_ok_and(|list| names(list)))
    }

    /// Sets the children at block `now`, to count in epochs that open after block `after`; from the
    /// open epoch on, if none has ever closed.
    ///
    /// # Errors
    /// `ChildrenTooSoon`.
    pub fn set(
        &mut self,
        children: Vec<Child>,
        now: u32,
        after: u32,
        clock: &Clock,
    ) -> Result<(), StakingError> {
        let next = self
            .set_at
            .map_or(0, |at| at.saturating_add(CHILDREN_INTERVAL));
        if now < next {
            return Err(StakingError::ChildrenTooSoon(next));
        }
        self.fold(clock);
        if clock.open == 0 {
            self.children.write(0, children);
        } else {
            self.pending = Some(Pending { children, after });
        }
        self.set_at = Some(now);
        Ok(())
    }

    /// Lets `parent` have it as a child.
    ///
    /// # Errors
    /// `TooManyParents`.
    pub fn allow(&mut self, parent: AccountId) -> Result<(), StakingError> {
        if self.parents.contains(&parent) {
            return Ok(());
        }
        if self.parents.len() >= usize::from(MAX_PARENTS) {
            return Err(StakingError::TooManyParents(MAX_PARENTS));
        }
        self.parents.push(parent);
        Ok(())
    }

    /// No longer lets `parent`, which does not name it, have it as a child.
    pub fn disallow(&mut self, parent: &AccountId) {
        self.parents.retain(|it| it != parent);
    }

    /// Makes a pending list that counts by now the list, from the epoch on from which it does.
    fn fold(&mut self, clock: &Clock) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        if clock.open > 0 && clock.before_at > pending.after {
            self.children
                .write(clock.open.saturating_sub(1), pending.children);
        } else if clock.opened_at > pending.after {
            self.children.write(clock.open, pending.children);
        }
        // One that does not count yet is replaced.
    }
}

/// Checks a list of children of `parent` by itself.
///
/// # Errors
/// `TooManyChildren`, `BadChild`, `TooMuchGiven`.
pub fn check(parent: &AccountId, children: &[Child]) -> Result<(), StakingError> {
    if children.len() > usize::from(MAX_CHILDREN) {
        return Err(StakingError::TooManyChildren(MAX_CHILDREN));
    }
    let mut sum = 0u64;
    for (place, child) in children.iter().enumerate() {
        let earlier = children.iter().take(place);
        let is_twice = earlier.into_iter().any(|it| it.hotkey == child.hotkey);
        if child.hotkey == *parent || is_twice || child.proportion == 0 {
            return Err(StakingError::BadChild(child.hotkey));
        }
        sum = sum
            .checked_add(child.proportion)
            .ok_or(StakingError::TooMuchGiven)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> AccountId {
        [seed; 32].into()
    }

    fn child(seed: u8, proportion: u64) -> Child {
        Child {
            proportion,
            hotkey: key(seed),
        }
    }

    #[test]
    fn lists_are_checked() {
        let parent = key(0);
        let half = u64::MAX / 2;
        assert_eq!(check(&parent, &[]), Ok(()));
        assert_eq!(check(&parent, &[child(1, half), child(2, half)]), Ok(()));
        let six: Vec<Child> = (1..7).map(|seed| child(seed, 1)).collect();
        assert_eq!(check(&parent, &six[..5]), Ok(()));
        for (list, refused) in [
            (six, StakingError::TooManyChildren(5)),
            (vec![child(0, 1)], StakingError::BadChild(key(0))),
            (
                vec![child(1, 1), child(1, 1)],
                StakingError::BadChild(key(1)),
            ),
            (vec![child(1, 0)], StakingError::BadChild(key(1))),
            (
                vec![child(1, u64::MAX), child(2, 1)],
                StakingError::TooMuchGiven,
            ),
        ] {
            assert_eq!(check(&parent, &list), Err(refused));
        }
    }

    #[test]
    fn a_list_counts_from_the_first_epoch_that_opens_after_its_cooldown() {
        let mut relations = Relations::default();
        let mut clock = Clock {
            open: 4,
            opened_at: 400,
            before_at: 300,
            opened_by: 0,
        };
        relations.set(vec![child(1, 5)], 410, 500, &clock).unwrap();
        assert_eq!(relations.children_at(4, &clock), Ok(&[][..]));
        assert!(relations.pending(&clock).is_some());
        // Opens at the very block.
        clock = Clock {
            open: 5,
            opened_at: 500,
            before_at: 400,
            opened_by: 0,
        };
        assert_eq!(relations.children_at(5, &clock), Ok(&[][..]));
        clock = Clock {
            open: 6,
            opened_at: 600,
            before_at: 500,
            opened_by: 0,
        };
        assert_eq!(relations.children_at(6, &clock), Ok(&[child(1, 5)][..]));
        assert_eq!(
            relations.children_at(5, &clock),
            Ok(&[][..]),
            "the closed one stays"
        );
        assert_eq!(relations.pending(&clock), None);
        // Setting others does not change what counts.
        relations.set(vec![child(2, 7)], 610, 700, &clock).unwrap();
        assert_eq!(relations.children_at(6, &clock), Ok(&[child(1, 5)][..]));
        assert_eq!(relations.children_at(5, &clock), Ok(&[][..]));
        assert_eq!(
            relations.set(vec![], 611, 700, &clock),
            Err(StakingError::ChildrenTooSoon(760))
        );
    }

    proptest! {
        /// Against a plain history: the list as of an epoch is the last one set whose cooldown was over when the epoch opened, and a later
        /// call never changes that.
        #[test]
        fn a_closed_epochs_list_stays(
            steps in prop::collection::vec((150u32..400, any::<bool>(), 1u8..6), 1..30),
            cooldown in 0u32..600,
        ) {
            let mut relations = Relations::default();
            let mut clock = Clock { open: 1, opened_at: 1, before_at: 0, opened_by: 0 };
            let mut now = 1;
            // The list that was set last and had not begun to count when the next was set is gone.
            let mut counts: Vec<Child> = Vec::new();
            let mut waiting: Option<(Vec<Child>, u32)> = None;
            let mut by_epoch = std::collections::BTreeMap::from([(0, vec![]), (1, vec![])]);
            for (blocks, closes, seed) in steps {
                now += blocks;
                if closes {
                    clock = Clock { open: clock.open + 1, opened_at: now, before_at: clock.opened_at, opened_by: 0 };
                    if let Some((list, after)) = waiting.clone() {
                        if now > after {
                            counts = list;
                            waiting = None;
                        }
                    }
                    by_epoch.insert(clock.open, counts.clone());
                } else {
                    let list = vec![child(seed, u64::from(now))];
                    relations.set(list.clone(), now, now + cooldown, &clock).unwrap();
                    waiting = Some((list, now + cooldown));
                }
                for epoch in [clock.open - 1, clock.open] {
                    prop_assert_eq!(relations.children_at(epoch, &clock), Ok(&by_epoch[&epoch][..]));
                }
            }
        }
    }
}
