//! Links of a hotkey on a subnet: to its children and to its parents.
//!
//! A link is stored at both ends with the same proportions by epoch. So the weight of a hotkey, and
//! the division of its dividends, need no list of any other hotkey. Source:
//! subtensor-reference.md 3.11, `set_children`.
//!
//! The child's end has room for what the child has earned for the parent, from the first day of the
//! link on. So settlement writes one cell for a child with any number of parents, and creates none.

use super::effective::Effective;
use crate::{stake::EpochClock, takes::Take};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{Child, PendingChildren, StakingError, CHILDREN_INTERVAL, MAX_CHILDREN, MAX_PARENTS},
    AccountId, Bps, Rao,
};

/// A valid list of children: at most `MAX_CHILDREN`, each once, none the parent, and proportions
/// that do not exceed the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildList(Vec<Child>);

/// A link to a child.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ChildLink {
    /// The child.
    pub hotkey: AccountId,
    /// Proportion of the hotkey's own stake that the child weighs with.
    pub proportion: Effective,
}

/// A link to a parent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ParentLink {
    /// The parent.
    pub hotkey: AccountId,
    /// Owner of the parent when it last set children: the account that is paid what they earn.
    pub owner: Option<AccountId>,
    /// True if the parent may set a proportion.
    pub is_allowed: bool,
    /// Proportion of the parent's own stake that the hotkey weighs with.
    pub proportion: Effective,
    /// Dividends that the hotkey has earned for the parent, and that are not handed on.
    pub due: Due,
}

/// Dividends that a child has earned for a parent, split as they were earned, until they are handed
/// on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Due {
    /// Take of the parent's owner.
    pub take: Rao,
    /// Dividends of the parent's stakers on the subnet.
    pub dividends: Rao,
    /// Dividends of the parent's root stake.
    pub root: Rao,
}

/// The links of a hotkey on a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Links {
    /// Links to children.
    pub children: Vec<ChildLink>,
    /// Links to parents, at most `MAX_PARENTS`.
    pub parents: Vec<ParentLink>,
    /// Block at which the children were last set.
    pub children_set_at: Option<u32>,
    /// Share of the dividends by parents of other owners that the hotkey keeps.
    pub take: Take,
}

impl ChildList {
    /// Checks a list of children of `parent`.
    ///
    /// # Errors
    /// `TooManyChildren`, `BadChild`, `TooMuchGiven`.
    pub fn of(parent: &AccountId, children: Vec<Child>) -> Result<Self, StakingError> {
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
        Ok(Self(children))
    }

    /// Returns the children.
    pub fn children(&self) -> &[Child] {
        &self.0
    }

    /// Returns the proportion of `child`; 0 if it is not in the list.
    pub fn proportion(&self, child: &AccountId) -> u64 {
        let found = self.0.iter().find(|it| it.hotkey == *child);
        found.map_or(0, |it| it.proportion)
    }
}

impl Due {
    /// Returns the whole due.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn total(&self) -> Result<Rao, StakingError> {
        sum(sum(self.take, self.dividends)?, self.root)
    }

    /// Returns the sum of two dues.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn plus(&self, other: &Due) -> Result<Self, StakingError> {
        Ok(Self {
            take: sum(self.take, other.take)?,
            dividends: sum(self.dividends, other.dividends)?,
            root: sum(self.root, other.root)?,
        })
    }

    /// Takes `part` of every amount off, rounded down. Returns the sum of what was taken.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn deduct(&mut self, part: Bps) -> Result<Rao, StakingError> {
        let mut taken = Rao::ZERO;
        for amount in [&mut self.take, &mut self.dividends, &mut self.root] {
            let share = part.of(*amount);
            *amount = amount.checked_sub(share).ok_or(StakingError::Overflow)?;
            taken = sum(taken, share)?;
        }
        Ok(taken)
    }
}

impl ParentLink {
    /// Returns true if the link can be removed: the parent gives nothing, and has nothing due.
    fn is_spent(&self, clock: &EpochClock) -> bool {
        self.proportion.is_idle(clock) && self.due == Due::default()
    }
}

impl Links {
    /// Returns the proportions given to children in `epoch`.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn given_at(&self, epoch: u32, clock: &EpochClock) -> Result<Vec<u64>, StakingError> {
        let links = self.children.iter();
        links.map(|it| it.proportion.at(epoch, clock)).collect()
    }

    /// Returns true if `child` is a child in an epoch that can be read, or will be.
    pub fn has_child(&self, child: &AccountId, clock: &EpochClock) -> bool {
        let mut links = self.children.iter();
        links.any(|it| it.hotkey == *child && !it.proportion.is_idle(clock))
    }

    /// Returns the link to `parent`.
    pub fn parent(&self, parent: &AccountId) -> Option<&ParentLink> {
        self.parents.iter().find(|it| it.hotkey == *parent)
    }

    /// Refuses a list of children at block `now` if the last one was set too recently.
    ///
    /// # Errors
    /// `ChildrenTooSoon`.
    pub fn wait_for_children(&self, now: u32) -> Result<(), StakingError> {
        let next = self
            .children_set_at
            .map_or(0, |set_at| set_at.saturating_add(CHILDREN_INTERVAL));
        if now < next {
            return Err(StakingError::ChildrenTooSoon(next));
        }
        Ok(())
    }

    /// Returns the children in the open epoch.
    pub fn children_now(&self, clock: &EpochClock) -> Vec<Child> {
        let of = |link: &ChildLink| Child {
            hotkey: link.hotkey,
            proportion: link.proportion.at(clock.open, clock).unwrap_or_default(),
        };
        let all = self.children.iter().map(of);
        all.filter(|it| it.proportion > 0).collect()
    }

    /// Returns the children after the cooldowns that have not ended, and the last block of the last
    /// of them.
    pub fn pending_children(&self, clock: &EpochClock) -> Option<PendingChildren> {
        let pending = self
            .children
            .iter()
            .filter_map(|it| it.proportion.pending(clock));
        let after = pending.map(|(_, after)| after).max()?;
        let of = |link: &ChildLink| Child {
            hotkey: link.hotkey,
            proportion: link.proportion.last(),
        };
        let all = self.children.iter().map(of);
        Some(PendingChildren {
            children: all.filter(|it| it.proportion > 0).collect(),
            after,
        })
    }

    /// Sets the proportion of `child` in epochs that open after block `after`. Zero does not put
    /// off an earlier zero. Returns the link's proportions, for the child's end of it.
    pub fn give(
        &mut self,
        child: AccountId,
        proportion: u64,
        after: u32,
        clock: &EpochClock,
    ) -> Effective {
        let place = self.children.iter().position(|it| it.hotkey == child);
        let found = place.and_then(|place| self.children.get_mut(place));
        let Some(link) = found else {
            let mut link = ChildLink {
                hotkey: child,
                proportion: Effective::default(),
            };
            link.proportion.set(proportion, after, clock);
            self.children.push(link.clone());
            return link.proportion;
        };
        if proportion > 0 || link.proportion.last() > 0 {
            link.proportion.set(proportion, after, clock);
        }
        link.proportion.clone()
    }

    /// Removes the links to children that are idle.
    pub fn prune_children(&mut self, clock: &EpochClock) {
        self.children.retain(|it| !it.proportion.is_idle(clock));
    }

    /// Sets the parent's proportions, as the parent has them. Without a link nothing changes.
    pub fn receive(&mut self, parent: &AccountId, owner: Option<AccountId>, given: Effective) {
        if let Some(link) = self.parent_mut(parent) {
            link.proportion = given;
            link.owner = owner.or(link.owner);
        }
    }

    /// Returns the link to `parent`, to change what is due.
    pub fn parent_mut(&mut self, parent: &AccountId) -> Option<&mut ParentLink> {
        self.parents.iter_mut().find(|it| it.hotkey == *parent)
    }

    /// Allows `parent` to have this hotkey as a child. If there are too many parents, those that
    /// give nothing and have nothing due make room.
    ///
    /// # Errors
    /// `TooManyParents`.
    pub fn allow(&mut self, parent: AccountId, clock: &EpochClock) -> Result<(), StakingError> {
        if let Some(link) = self.parent_mut(&parent) {
            link.is_allowed = true;
            return Ok(());
        }
        if self.parents.len() >= usize::from(MAX_PARENTS) {
            self.parents.retain(|it| !it.is_spent(clock));
        }
        if self.parents.len() >= usize::from(MAX_PARENTS) {
            return Err(StakingError::TooManyParents(MAX_PARENTS));
        }
        self.parents.push(ParentLink {
            hotkey: parent,
            owner: None,
            is_allowed: true,
            proportion: Effective::default(),
            due: Due::default(),
        });
        Ok(())
    }

    /// Withdraws the permission of `parent`. The link is removed if the parent gives nothing and
    /// has nothing due; else the place stays taken until then.
    pub fn disallow(&mut self, parent: &AccountId, clock: &EpochClock) {
        if let Some(link) = self.parent_mut(parent) {
            link.is_allowed = false;
        }
        self.parents
            .retain(|it| it.hotkey != *parent || !it.is_spent(clock));
    }
}

fn sum(a: Rao, b: Rao) -> Result<Rao, StakingError> {
    a.checked_add(b).ok_or(StakingError::Overflow)
}

#[cfg(test)]
mod tests;
