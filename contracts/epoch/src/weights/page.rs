//! A page of a row: the weights for 64 neighbouring uids, without zeros.

use ink::prelude::vec::Vec;
use inktensor_primitives::PAGE;

/// The weights for the 64 uids of a page. Each bit of `mask` stands for the next of `values`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RowPage {
    /// Bit `i`: the page's uid `i` has a weight.
    mask: u64,
    /// The weights, in order of uid; none is zero.
    values: Vec<u16>,
}

impl RowPage {
    /// Packs the weights of a page's first `weights.len()` uids. Returns `None` if all are zero.
    /// Ignores weights after the 64th.
    pub fn pack(weights: &[u16]) -> Option<Self> {
        let mut mask = 0;
        let mut values = Vec::new();
        for (bit, weight) in bits().zip(weights) {
            if *weight != 0 {
                mask |= bit;
                values.push(*weight);
            }
        }
        (mask != 0).then_some(Self { mask, values })
    }

    /// Returns the number of weights.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Returns the weights with their place in the page, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        (0..PAGE)
            .zip(bits())
            .filter(|(_, bit)| self.mask & bit != 0)
            .map(|(place, _)| place)
            .zip(self.values.iter().copied())
    }

    /// Writes the weights of the uids from place `start` on into `out`, which holds zeros.
    pub fn unpack(&self, start: usize, out: &mut [u16]) {
        for (place, weight) in self.entries() {
            let at = usize::from(place).checked_sub(start);
            if let Some(cell) = at.and_then(|at| out.get_mut(at)) {
                *cell = weight;
            }
        }
    }
}

/// Returns the 64 bits, lowest first.
fn bits() -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|place| 1u64.rotate_left(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_page_is_no_page() {
        assert_eq!(RowPage::pack(&[]), None);
        assert_eq!(RowPage::pack(&[0; 64]), None);
    }

    proptest! {
        #[test]
        fn any_part_of_a_page_comes_back(
            weights in prop::collection::vec(prop_oneof![Just(0u16), any::<u16>()], 1..=64),
            start in 0usize..64,
            len in 0usize..64,
        ) {
            let mut out = vec![0; len];
            if let Some(page) = RowPage::pack(&weights) {
                prop_assert_eq!(page.count(), weights.iter().filter(|w| **w != 0).count());
                page.unpack(start, &mut out);
            }
            let expected: Vec<u16> =
                (start..start + len).map(|at| weights.get(at).copied().unwrap_or(0)).collect();
            prop_assert_eq!(out, expected);
        }
    }
}
