//! Lists of positions: by coldkey and by hotkey.
//!
//! A list grows and shrinks at its end, so that an insertion and a removal cost the same for any
//! number of positions.

// The lint means the codec's derive, which numbers the variants.
#![allow(clippy::cast_possible_truncation)]

use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{AccountId, NetUid};

/// A position: the stake of a coldkey on a hotkey on a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PositionKey {
    /// The subnet, or root.
    pub netuid: NetUid,
    /// The hotkey.
    pub hotkey: AccountId,
    /// The coldkey.
    pub coldkey: AccountId,
}

/// A list of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum List {
    /// All positions of a coldkey.
    Coldkey(AccountId),
    /// All positions on a hotkey.
    Hotkey(AccountId),
}

/// Subnet, and the hotkey in a coldkey's list or the coldkey in a hotkey's.
type Entry = (NetUid, AccountId);
/// List, and place in it.
type Slot = (List, u32);

/// All lists.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Index {
    counts: Mapping<List, u32, ManualKey<0x494E_4401>>,
    entries: Mapping<Slot, Entry, ManualKey<0x494E_4402>>,
    /// Place of each position in its coldkey's list and in its hotkey's.
    places: Mapping<PositionKey, [u32; 2], ManualKey<0x494E_4403>>,
}

impl List {
    /// Returns the two lists of a position.
    fn of(key: PositionKey) -> [Self; 2] {
        [List::Coldkey(key.coldkey), List::Hotkey(key.hotkey)]
    }

    /// Returns the position of an entry in this list.
    fn position(self, (netuid, other): Entry) -> PositionKey {
        let (hotkey, coldkey) = match self {
            List::Coldkey(coldkey) => (other, coldkey),
            List::Hotkey(hotkey) => (hotkey, other),
        };
        PositionKey {
            netuid,
            hotkey,
            coldkey,
        }
    }

    /// Returns the entry of a position in this list.
    fn entry(self, key: PositionKey) -> Entry {
        match self {
            List::Coldkey(_) => (key.netuid, key.hotkey),
            List::Hotkey(_) => (key.netuid, key.coldkey),
        }
    }
}

impl Index {
    /// Returns the number of positions in a list.
    pub fn count(&self, list: List) -> u32 {
        self.counts.get(list).unwrap_or_default()
    }

    /// Returns the position at `place` of a list.
    pub fn position(&self, list: List, place: u32) -> Option<PositionKey> {
        let entry = self.entries.get((list, place));
        entry.map(|entry| list.position(entry))
    }

    /// Adds a position that is not listed.
    pub fn add(&mut self, key: PositionKey) {
        let places = List::of(key).map(|list| {
            let place = self.count(list);
            self.entries.insert((list, place), &list.entry(key));
            // All TAO is less than `u32::MAX` positions of the least amount.
            self.counts.insert(list, &place.saturating_add(1));
            place
        });
        self.places.insert(key, &places);
    }

    /// Removes a position. The last position of each list moves to its place.
    pub fn remove(&mut self, key: PositionKey) {
        let Some(places) = self.places.take(key) else {
            return;
        };
        for (which, (list, place)) in List::of(key).into_iter().zip(places).enumerate() {
            let last = self.count(list).saturating_sub(1);
            let moved = self.entries.take((list, last));
            if let Some(moved) = moved.filter(|_| last != place) {
                self.entries.insert((list, place), &moved);
                let moved = list.position(moved);
                let mut places = self.places.get(moved).unwrap_or_default();
                if let Some(moved_place) = places.get_mut(which) {
                    *moved_place = place;
                }
                self.places.insert(moved, &places);
            }
            if last == 0 {
                self.counts.remove(list);
            } else {
                self.counts.insert(list, &last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn key(netuid: u16, hotkey: u8, coldkey: u8) -> PositionKey {
        PositionKey {
            netuid: NetUid(netuid),
            hotkey: [hotkey; 32].into(),
            coldkey: [coldkey; 32].into(),
        }
    }

    fn positions(index: &Index, list: List) -> Vec<PositionKey> {
        let places = 0..index.count(list);
        let all: Vec<_> = places
            .map(|place| index.position(list, place).unwrap())
            .collect();
        assert_eq!(index.position(list, index.count(list)), None);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        /// Against a plain set: each list has every position of its coldkey or hotkey once.
        #[test]
        fn lists_are_sets(
            calls in prop::collection::vec((1u16..3, 0u8..3, 0u8..3), 0..60),
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let mut index = Index::default();
                let mut set: BTreeSet<PositionKey> = BTreeSet::default();
                for (netuid, hotkey, coldkey) in calls {
                    let key = key(netuid, hotkey, coldkey);
                    if set.remove(&key) {
                        index.remove(key);
                    } else {
                        set.insert(key);
                        index.add(key);
                    }
                    for account in (0u8..3).map(|it| AccountId::from([it; 32])) {
                        for list in [List::Coldkey(account), List::Hotkey(account)] {
                            let found = positions(&index, list);
                            let due: BTreeSet<_> = set
                                .iter()
                                .copied()
                                .filter(|key| List::of(*key).contains(&list))
                                .collect();
                            assert_eq!(found.len(), due.len());
                            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), due);
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
        }
    }
}
