//! Where each coldkey has stake: a list that grows and shrinks at its end, so that any number of places costs the same.

use crate::PositionKey;
use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{AccountId, NetUid};

/// Coldkey, and place in its list.
type Place = (AccountId, u32);

/// The lists of all coldkeys.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Index {
    counts: Mapping<AccountId, u32, ManualKey<0x494E_4401>>,
    /// Subnet and hotkey.
    entries: Mapping<Place, (NetUid, AccountId), ManualKey<0x494E_4402>>,
    /// Where a position is in its coldkey's list.
    places: Mapping<PositionKey, u32, ManualKey<0x494E_4403>>,
}

impl Index {
    /// How many places a coldkey has stake in.
    pub fn count(&self, coldkey: AccountId) -> u32 {
        self.counts.get(coldkey).unwrap_or_default()
    }

    /// The place `place` of a coldkey's list.
    pub fn entry(&self, coldkey: AccountId, place: u32) -> Option<(NetUid, AccountId)> {
        self.entries.get((coldkey, place))
    }

    /// Adds a position that is not listed.
    pub fn add(&mut self, key: PositionKey) {
        let (netuid, hotkey, coldkey) = key;
        let place = self.count(coldkey);
        self.entries.insert((coldkey, place), &(netuid, hotkey));
        self.places.insert(key, &place);
        // There is less stake than a u32 counts positions of the least amount.
        self.counts.insert(coldkey, &place.saturating_add(1));
    }

    /// Removes a position: the last of the list takes its place.
    pub fn remove(&mut self, key: PositionKey) {
        let (_, _, coldkey) = key;
        let Some(place) = self.places.take(key) else {
            return;
        };
        let last = self.count(coldkey).saturating_sub(1);
        let moved = self.entries.take((coldkey, last));
        if let Some((netuid, hotkey)) = moved.filter(|_| last != place) {
            self.entries.insert((coldkey, place), &(netuid, hotkey));
            self.places.insert((netuid, hotkey, coldkey), &place);
        }
        if last == 0 {
            self.counts.remove(coldkey);
        } else {
            self.counts.insert(coldkey, &last);
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

    fn listed(index: &Index, coldkey: u8) -> Vec<(NetUid, AccountId)> {
        let coldkey = AccountId::from([coldkey; 32]);
        let places = 0..index.count(coldkey);
        let all: Vec<_> = places
            .map(|place| index.entry(coldkey, place).unwrap())
            .collect();
        assert_eq!(index.entry(coldkey, index.count(coldkey)), None);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        /// Against a plain set per coldkey.
        #[test]
        fn lists_are_sets(
            calls in prop::collection::vec((1u16..3, 0u8..3, 0u8..3), 0..60),
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let mut index = Index::default();
                let mut sets: [BTreeSet<(NetUid, AccountId)>; 3] = Default::default();
                for (netuid, hotkey, coldkey) in calls {
                    let key = key(netuid, hotkey, coldkey);
                    let set = &mut sets[usize::from(coldkey)];
                    if set.remove(&(key.0, key.1)) {
                        index.remove(key);
                    } else {
                        set.insert((key.0, key.1));
                        index.add(key);
                    }
                    for (coldkey, set) in (0u8..).zip(&sets) {
                        let found = listed(&index, coldkey);
                        assert_eq!(found.len(), set.len());
                        assert_eq!(&found.into_iter().collect::<BTreeSet<_>>(), set);
                    }
                }
                Ok(())
            })
            .unwrap();
        }
    }
}
