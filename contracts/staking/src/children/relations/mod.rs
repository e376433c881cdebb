//! Relations of a hotkey on a subnet: its children, by epoch, and its parents.
//!
//! A list of children is effective from the first epoch that opens after its cooldown. The open
//! epoch and the one before can both be read, so that a closed epoch never changes. Source:
//! subtensor-reference.md 3.11, `set_children`.

use crate::{stake::EpochClock, takes::Take};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{Child, StakingError, CHILDREN_INTERVAL, MAX_CHILDREN, MAX_PARENTS},
    versioned::Versioned,
    AccountId,
};

/// A valid list of children: at most `MAX_CHILDREN`, each once, none the parent, and proportions
/// that do not exceed the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildList(Vec<Child>);

/// A list of children that is not effective yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Pending {
    /// The children.
    pub children: Vec<Child>,
    /// Last block of the cooldown: the list is effective in epochs that open after it.
    pub after: u32,
}

/// The relations of a hotkey on a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Relations {
    /// Owner of the hotkey when it last set children: the account that is paid what they earn.
    pub owner: Option<AccountId>,
    /// Children by epoch.
    children: Versioned<Vec<Child>>,
    /// Children of later epochs.
    pending: Option<Pending>,
    /// Hotkeys that may have this one as a child. The proportions are in their own lists.
    parents: Vec<AccountId>,
    /// Block at which the children were last set.
    children_set_at: Option<u32>,
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
}

impl Relations {
    /// Returns the children in `epoch`.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn children_at(&self, epoch: u32, clock: &EpochClock) -> Result<&[Child], StakingError> {
        match &self.pending {
            Some(pending) if clock.opening_block(epoch)? > pending.after => Ok(&pending.children),
            _ => match self.children.at(epoch) {
                Ok(children) => Ok(children),
                Err(_) => Err(StakingError::TooOld),
            },
        }
    }

    /// Returns the list of children that is not effective yet.
    pub fn pending(&self, clock: &EpochClock) -> Option<&Pending> {
        let pending = self.pending.as_ref();
        pending.filter(|pending| clock.opened_at <= pending.after)
    }

    /// Returns the proportion given to `child` in `epoch`; 0 if it is no child.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn given_to(
        &self,
        child: &AccountId,
        epoch: u32,
        clock: &EpochClock,
    ) -> Result<u64, StakingError> {
        let children = self.children_at(epoch, clock)?;
        let found = children.iter().find(|it| it.hotkey == *child);
        Ok(found.map_or(0, |it| it.proportion))
    }

    /// Returns the hotkeys that may have this one as a child.
    pub fn parents(&self) -> &[AccountId] {
        &self.parents
    }

    /// Returns true if `child` is a child in an epoch that can be read, or pending.
    pub fn mentions(&self, child: &AccountId, clock: &EpochClock) -> bool {
        let names = |list: &[Child]| list.iter().any(|it| it.hotkey == *child);
        let before = clock.open.saturating_sub(1);
        self.pending.as_ref().is_some_and(|it| names(&it.children))
            || [before, clock.open]
                .into_iter()
                .any(|epoch| self.children.at(epoch).is_ok_and(|list| names(list)))
    }

    /// Sets the children at block `now`, effective in epochs that open after block `after`. If no
    /// epoch has ever closed, they are effective in the open one.
    ///
    /// # Errors
    /// `ChildrenTooSoon`.
    pub fn set(
        &mut self,
        ChildList(children): ChildList,
        now: u32,
        after: u32,
        clock: &EpochClock,
    ) -> Result<(), StakingError> {
        let next = self
            .children_set_at
            .map_or(0, |set_at| set_at.saturating_add(CHILDREN_INTERVAL));
        if now < next {
            return Err(StakingError::ChildrenTooSoon(next));
        }
        self.fold(clock);
        if clock.open == 0 {
            self.children.write(0, children);
        } else {
            self.pending = Some(Pending { children, after });
        }
        self.children_set_at = Some(now);
        Ok(())
    }

    /// Allows `parent` to have this hotkey as a child.
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

    /// Withdraws the permission of `parent`, whose list does not name this hotkey.
    pub fn disallow(&mut self, parent: &AccountId) {
        self.parents.retain(|it| it != parent);
    }

    /// Moves an effective pending list to the children, from its first epoch on. A pending list
    /// that is not effective yet is dropped.
    fn fold(&mut self, clock: &EpochClock) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        if clock.open > 0 && clock.previous_opened_at > pending.after {
            self.children
                .write(clock.open.saturating_sub(1), pending.children);
        } else if clock.opened_at > pending.after {
            self.children.write(clock.open, pending.children);
        }
    }
}

#[cfg(test)]
mod tests;
