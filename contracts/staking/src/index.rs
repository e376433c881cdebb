//! Where each coldkey has stake, and who has stake on each hotkey: lists that grow and shrink at
//! their ends, so that any number of places costs the same.

// The lint means the codec's derive, which numbers the variants.
#![allow(clippy::cast_possible_truncation)]

use crate::PositionKey;
use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{AccountId, NetUid};

/// Whose list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Whose {
    /// A coldkey's: subnets and hotkeys that it has stake on.
    Coldkey(AccountId),
    /// A hotkey's: subnets and coldkeys that have stake on it.
    Hotkey(AccountId),
}

impl Whose {
    /// The two lists that a position is in.
    fn of((_, hotkey, coldkey): PositionKey) -> [Self; 2] {
        [Whose::Coldkey(coldkey), Whose::Hotkey(hotkey)]
    }

    /// The position that an entry of this list is about.
    fn position(self, (netuid, other): Entry) -> PositionKey {
        match self {
            Whose::Coldkey(coldkey) => (netuid, other, coldkey),
            Whose::Hotkey(hotkey) => (netuid, hotkey, other),
        }
    }

    /// What a position is written down as in this list.
    fn entry(self, (netuid, hotkey, coldkey): PositionKey) -> Entry {
        match self {
            Whose::Coldkey(_) => (netuid, hotkey),
            Whose::Hotkey(_) => (netuid, coldkey),
        }
    }
}

/// Subnet, and the hotkey in a coldkey's list or the coldkey in a hotkey's.
type Entry = (NetUid, AccountId);
/// List, and place in it.
type Place = (Whose, u32);

/// All lists.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Index {
    counts: Mapping<Whose, u32, ManualKey<0x494E_4401>>,
    entries: Mapping<Place, Entry, ManualKey<0x494E_4402>>,
    /// Where a position is in its coldkey's list and in its hotkey's.
    places: Mapping<PositionKey, [u32; 2], ManualKey<0x494E_4403>>,
}

impl Index {
    /// How many places a list has.
    pub fn count(&self, whose: Whose) -> u32 {
        self.counts.get(whose).unwrap_or_default()
    }

    /// The place `place` of a list.
    pub fn entry(&self, whose: Whose, place: u32) -> Option<PositionKey> {
        let entry = self.entries.get((whose, place));
        entry.map(|entry| whose.position(entry))
    }

    /// Adds a position that is not listed.
    pub fn add(&mut self, key: PositionKey) {
        let places = Whose::of(key).map(|whose| {
            let place = self.count(whose);
            self.entries.insert((whose, place), &whose.entry(key));
            // There is less stake than a u32 counts positions of the least amount.
            self.counts.insert(whose, &place.saturating_add(1));
            place
        });
        self.places.insert(key, &places);
    }

    /// Removes a position: the last of each list takes its place.
    pub fn remove(&mut self, key: PositionKey) {
        let Some(places) = self.places.take(key) else {
            return;
        };
        for (list, (whose, place)) in Whose::of(key).into_iter().zip(places).enumerate() {
            let last = self.count(whose).saturating_sub(1);
            let moved = self.entries.take((whose, last));
            if let Some(moved) = moved.filter(|_| last != place) {
                self.entries.insert((whose, place), &moved);
                let moved = whose.position(moved);
                let mut places = self.places.get(moved).unwrap_or_default();
                if let Some(its) = places.get_mut(list) {
                    *its = place;
                }
                self.places.insert(moved, &places);
            }
            if last == 0 {
                self.counts.remove(whose);
            } else {
                self.counts.insert(whose, &last);
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
        (NetUid(netuid), [hotkey; 32].into(), [coldkey; 32].into())
    }

    fn listed(index: &Index, whose: Whose) -> Vec<PositionKey> {
        let places = 0..index.count(whose);
        let all: Vec<_> = places
            .map(|place| index.entry(whose, place).unwrap())
            .collect();
        assert_eq!(index.entry(whose, index.count(whose)), None);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        /// Against a plain set: each list has the positions of its coldkey or hotkey, once.
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
                        for whose in [Whose::Coldkey(account), Whose::Hotkey(account)] {
                            let found = listed(&index, whose);
                            let due: BTreeSet<_> = set
                                .iter()
                                .copied()
                                .filter(|key| Whose::of(*key).contains(&whose))
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
