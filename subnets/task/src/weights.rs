//! Weights from averages.

use crate::Worth;
use alloc::vec::Vec;

/// Returns the weights of uids with these moving averages, in the given order, without zeros.
///
/// The largest weight is 65 535 and the others are in proportion, rounded to the nearest with ties
/// up. That is the form in which the chain stores weights, so it stores these unchanged.
pub fn weights_from_averages(averages: &[(u16, Worth)]) -> Vec<(u16, u16)> {
    let most = averages
        .iter()
        .map(|(_, worth)| worth.0)
        .max()
        .unwrap_or_default();
    let most = u64::from(most);
    averages
        .iter()
        .filter(|(_, worth)| *worth > Worth::NONE)
        .filter_map(|(uid, worth)| {
            let scaled = u64::from(worth.0).saturating_mul(u16::MAX.into());
            let rounded = scaled.saturating_add(most / 2).checked_div(most)?;
            Some((*uid, u16::try_from(rounded).unwrap_or(u16::MAX)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn largest_is_all_and_zeros_are_left_out() {
        let averages = [(3, Worth(10)), (1, Worth(0)), (2, Worth(20)), (9, Worth(1))];
        assert_eq!(
            weights_from_averages(&averages),
            vec![(3, 32_768), (2, 65_535), (9, 3_277)]
        );
        assert_eq!(weights_from_averages(&[(0, Worth::NONE)]), vec![]);
        assert_eq!(weights_from_averages(&[]), vec![]);
    }

    proptest! {
        #[test]
        fn weights_keep_order_and_are_stable(worths in prop::collection::vec(any::<u16>(), 1..20)) {
            let averages: Vec<_> = (0u16..).zip(worths.iter().map(|worth| Worth(*worth))).collect();
            let weights = weights_from_averages(&averages);
            prop_assert_eq!(weights.len(), worths.iter().filter(|worth| **worth > 0).count());
            for pair in weights.windows(2) {
                let before = worths[usize::from(pair[0].0)].cmp(&worths[usize::from(pair[1].0)]);
                let after = pair[0].1.cmp(&pair[1].1);
                prop_assert!(before == after || after.is_eq());
            }
            let stored: Vec<_> = weights.iter().map(|(uid, weight)| (*uid, Worth(*weight))).collect();
            prop_assert_eq!(weights_from_averages(&stored), weights);
        }
    }
}
