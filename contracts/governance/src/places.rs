//! Limits of proposals at once: of each track, of all drafts, and of each account.
//!
//! A list keeps numbers of proposals that were open when they were added. One that is full drops
//! those that are not open any more.

use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    governance::{GovernanceError, Track},
    AccountId,
};

/// Most drafts of a track at once.
pub const MOST_DRAFTS: u16 = 16;
/// Most open proposals of an account.
pub const MOST_OF_ONE: u16 = 2;

/// A list: its track, and true for that of drafts.
type List = (Track, bool);

/// The lists.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Places {
    /// By track: those that are voted on, and those of drafts.
    tracks: Mapping<List, Vec<u32>, ManualKey<0x474F_5603>>,
    proposers: Mapping<AccountId, Vec<u32>, ManualKey<0x474F_5604>>,
}

impl Places {
    /// Returns the proposals on the list of a track.
    pub fn of(&self, track: Track) -> Vec<u32> {
        self.tracks.get((track, false)).unwrap_or_default()
    }

    /// Adds proposal `id` to the list of a track with `most` places, or to that of its drafts.
    /// `is_taken` returns true for a proposal that keeps its place.
    ///
    /// # Errors
    /// `NoPlace`.
    pub fn take(
        &mut self,
        of: List,
        id: u32,
        most: u16,
        is_taken: impl Fn(u32) -> bool,
    ) -> Result<(), GovernanceError> {
        let list = self.tracks.get(of).unwrap_or_default();
        let list = with(list, id, most, is_taken);
        let list = list.ok_or(GovernanceError::NoPlace(most))?;
        self.tracks.insert(of, &list);
        Ok(())
    }

    /// Adds proposal `id` to those of `proposer`. `is_open` returns true for one that counts.
    ///
    /// # Errors
    /// `TooManyProposals`.
    pub fn take_for(
        &mut self,
        proposer: AccountId,
        id: u32,
        is_open: impl Fn(u32) -> bool,
    ) -> Result<(), GovernanceError> {
        let list = self.proposers.get(proposer).unwrap_or_default();
        let list = with(list, id, MOST_OF_ONE, is_open);
        let list = list.ok_or(GovernanceError::TooManyProposals(MOST_OF_ONE))?;
        self.proposers.insert(proposer, &list);
        Ok(())
    }
}

/// Returns the list with `id` at its end, unless all of `most` places are taken.
fn with(
    mut list: Vec<u32>,
    id: u32,
    most: u16,
    is_taken: impl Fn(u32) -> bool,
) -> Option<Vec<u32>> {
    if list.len() >= most.into() {
        list.retain(|other| is_taken(*other));
    }
    if list.len() >= most.into() {
        return None;
    }
    list.push(id);
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[ink::test]
    fn a_full_list_drops_what_is_over() {
        let mut places = Places::default();
        let list = (Track::Rules, false);
        for id in 0..3 {
            assert_eq!(places.take(list, id, 3, |_| true), Ok(()));
        }
        let full = places.take(list, 3, 3, |_| true);
        assert_eq!(full, Err(GovernanceError::NoPlace(3)));
        assert_eq!(places.take((Track::Rules, true), 9, 3, |_| true), Ok(()));
        assert_eq!(places.take(list, 3, 3, |it| it != 1), Ok(()));
        assert_eq!(places.of(Track::Rules), vec![0, 2, 3]);
        assert!(places.of(Track::Kernel).is_empty());
    }

    #[ink::test]
    fn an_account_has_two_open_proposals() {
        let mut places = Places::default();
        let who = AccountId::from([1; 32]);
        assert_eq!(places.take_for(who, 0, |_| true), Ok(()));
        assert_eq!(places.take_for(who, 1, |_| true), Ok(()));
        let third = places.take_for(who, 2, |_| true);
        assert_eq!(third, Err(GovernanceError::TooManyProposals(2)));
        assert_eq!(places.take_for(who, 2, |_| false), Ok(()));
    }
}
