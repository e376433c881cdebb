//! A page of a row: the weights for 256 neighbouring uids, without zeros.
//!
//! A row of a subnet of the usual size is one cell. A dispute reads the weights for one chunk from
//! the page, so they stay bytes until they are asked for.

use ink::prelude::vec::Vec;
use inktensor_primitives::{Uid, MAX_UIDS};

/// Uids of a page.
pub const ROW_PAGE: u16 = 256;
/// Pages of a row on the largest subnet: one bit each in a `u16`.
pub const PAGES: u16 = MAX_UIDS / ROW_PAGE;
/// Words of a mask.
const WORDS: usize = 4;
/// Bits of a word.
const WORD: usize = 64;

/// The weights for the 256 uids of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RowPage {
    /// Bit `i` of word `w`: the page's uid `64 w + i` has a weight.
    mask: [u64; WORDS],
    /// The weights in order of uid, two bytes each, the lower first; none is zero.
    values: Vec<u8>,
}

impl RowPage {
    /// Packs the weights of a page's first `weights.len()` uids. Returns `None` if all are zero.
    /// Ignores weights after the 256th.
    pub fn pack(weights: &[u16]) -> Option<Self> {
        let mut mask = [0; WORDS];
        let mut values = Vec::new();
        for (word, weights) in mask.iter_mut().zip(weights.chunks(WORD)) {
            for (bit, weight) in bits().zip(weights) {
                if *weight != 0 {
                    *word |= bit;
                    values.extend(weight.to_le_bytes());
                }
            }
        }
        (mask != [0; WORDS]).then_some(Self { mask, values })
    }

    /// Returns the number of weights.
    pub fn count(&self) -> usize {
        self.values.len() / 2
    }

    /// Returns the weights with their place in the page, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let present = self.mask.iter().flat_map(|word| {
            let word = *word;
            bits().map(move |bit| word & bit != 0)
        });
        let places = (0u16..).zip(present).filter(|(_, present)| *present);
        places.map(|(place, _)| place).zip(weights(&self.values))
    }

    /// Returns the weights of the `len` uids from place `start` on, with a mask of the uids that
    /// have one, the first one lowest. Uids behind the word of 64 that has `start` have none.
    pub fn part(&self, start: usize, len: usize) -> (u64, impl Iterator<Item = u16> + '_) {
        let word = self.mask.get(start / WORD).copied().unwrap_or_default();
        let shift = u32::try_from(start % WORD).unwrap_or_default();
        let given = word.checked_shr(shift).unwrap_or_default();
        let mask = if len < WORD {
            given & below(len)
        } else {
            given
        };
        let before = self.count_before(start);
        let rest = self.values.get(before.saturating_mul(2)..);
        let count = usize::try_from(mask.count_ones()).unwrap_or(usize::MAX);
        (mask, weights(rest.unwrap_or_default()).take(count))
    }

    /// Returns the number of weights for places before `place`.
    fn count_before(&self, place: usize) -> usize {
        let (whole, part) = (place / WORD, place % WORD);
        let words = self.mask.iter().take(whole).map(|word| word.count_ones());
        let last = self
            .mask
            .get(whole)
            .map(|word| (word & below(part)).count_ones());
        let count = words.chain(last).fold(0, u32::saturating_add);
        usize::try_from(count).unwrap_or(usize::MAX)
    }
}

/// Returns the page of a row that has the weight for `uid`.
pub const fn page_of(uid: Uid) -> u16 {
    uid.0 / ROW_PAGE
}

/// Returns the place of `uid` in its page of a row.
pub fn place_of(uid: Uid) -> usize {
    usize::from(uid.0 % ROW_PAGE)
}

/// Returns the weights in `bytes`.
fn weights(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    })
}

/// Returns the bits of a word, lowest first.
fn bits() -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|place| 1u64.rotate_left(place))
}

/// Returns a word with the bits below `place`, which is below 64.
fn below(place: usize) -> u64 {
    let bit = u32::try_from(place)
        .ok()
        .and_then(|place| 1u64.checked_shl(place));
    bit.unwrap_or_default().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::kernel::Rows;
    use proptest::prelude::*;

    #[test]
    fn an_empty_page_is_no_page() {
        assert_eq!(RowPage::pack(&[]), None);
        assert_eq!(RowPage::pack(&[0; 256]), None);
    }

    #[test]
    fn a_part_ends_with_its_word() {
        let page = RowPage::pack(&[3; 256]).unwrap();
        let (mask, weights) = page.part(60, 10);
        assert_eq!((mask, weights.count()), (0b1111, 4));
        let (mask, weights) = page.part(64, 64);
        assert_eq!((mask, weights.count()), (u64::MAX, 64));
    }

    proptest! {
        #[test]
        fn any_part_of_a_page_comes_back(
            weights in prop::collection::vec(prop_oneof![Just(0u16), any::<u16>()], 1..=256),
            start in 0usize..256,
            len in 0usize..=64,
        ) {
            let len = len.min(64 - start % 64);
            let mut out = Rows::default();
            if let Some(page) = RowPage::pack(&weights) {
                prop_assert_eq!(page.count(), weights.iter().filter(|w| **w != 0).count());
                let (mask, part) = page.part(start, len);
                out.push(mask, part);
                let entries = (0u16..).zip(weights.iter().copied()).filter(|(_, w)| *w != 0);
                prop_assert!(page.entries().eq(entries));
            }
            let expected: Vec<u16> =
                (start..start + len).map(|at| weights.get(at).copied().unwrap_or(0)).collect();
            prop_assert!(out.fit(out.len(), len));
            let none = vec![0; len];
            let found = if out.is_empty() { none } else { out.cells(len) };
            prop_assert_eq!(found, expected);
        }
    }
}
