//! The canonical form of a row: one weight per uid, zero where there is none, the largest 65535.

use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{epoch::EpochError, Uid};

/// The row that gives `weights[i]` to `uids[i]`, as one weight for each of `neurons` uids,
/// max-upscaled.
///
/// # Errors
/// `LengthMismatch`, `UnknownUid`, `DuplicateUid`, in this order; of several bad uids the first
/// given.
pub fn canonical(neurons: u16, uids: &[Uid], weights: &[u16]) -> Result<Vec<u16>, EpochError> {
    if uids.len() != weights.len() {
        let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
        return Err(EpochError::LengthMismatch(
            count(uids.len()),
            count(weights.len()),
        ));
    }
    let mut row = vec![0; usize::from(neurons)];
    let mut given = vec![false; usize::from(neurons)];
    for (&uid, &weight) in uids.iter().zip(weights) {
        let at = usize::from(uid.0);
        let (Some(place), Some(seen)) = (row.get_mut(at), given.get_mut(at)) else {
            return Err(EpochError::UnknownUid(uid, neurons));
        };
        if core::mem::replace(seen, true) {
            return Err(EpochError::DuplicateUid(uid));
        }
        *place = weight;
    }
    max_upscale(&mut row);
    Ok(row)
}

/// Scales `weights` so that the largest becomes 65535. All zero stays all zero; nothing else
/// becomes zero.
///
/// Rounds to the nearest, ties up, after a product and a quotient in Q32 that round down. Above
/// 32768 the quotient comes first, since a product with 65535 would leave the reference's 32
/// integer bits; the last unit depends on it. Source: subtensor-reference.md 1.4,
/// `vec_max_upscale_to_u16`.
fn max_upscale(weights: &mut [u16]) {
    /// 65535 in Q32.
    const FULL: u64 = 65_535 << 32;
    let max = u64::from(weights.iter().copied().max().unwrap_or_default());
    // No quotient: there is nothing but zeros.
    let Some(factor) = FULL.checked_div(max) else {
        return;
    };
    for weight in weights {
        let given = u64::from(*weight);
        let scaled = if max > 32_768 {
            // Below 2^16 * 2^33.
            given.saturating_mul(factor)
        } else {
            // Below 2^15 * 2^16 * 2^32.
            given
                .saturating_mul(FULL)
                .checked_div(max)
                .unwrap_or_default()
        };
        let rounded = scaled.saturating_add(1 << 31) >> 32;
        *weight = u16::try_from(rounded).unwrap_or(u16::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The reference, written plainly: every operand an I32F32 as its bits in an i128.
    fn upscaled_plainly(values: &[u16]) -> Vec<u16> {
        let fixed = |value: u16| i128::from(value) << 32;
        let floor_mul = |a: i128, b: i128| (a * b) >> 32;
        let trunc_div = |a: i128, b: i128| (a << 32) / b;
        let round = |a: i128| u16::try_from(((a + (1 << 31)) >> 32).min(65_535)).unwrap();
        let max = fixed(values.iter().copied().max().unwrap_or(0));
        if max == 0 {
            return values.to_vec();
        }
        let all = fixed(65_535);
        values
            .iter()
            .map(|&value| {
                if max > fixed(32_768) {
                    round(floor_mul(fixed(value), trunc_div(all, max)))
                } else {
                    round(trunc_div(floor_mul(fixed(value), all), max))
                }
            })
            .collect()
    }

    fn upscaled(values: &[u16]) -> Vec<u16> {
        let mut row = values.to_vec();
        max_upscale(&mut row);
        row
    }

    #[test]
    fn the_branches_meet_at_32768() {
        assert_eq!(upscaled(&[0, 1, 2, 32_768]), [0, 2, 4, 65_535]);
        assert_eq!(
            upscaled(&[0, 1, 2, 32_768, 32_769]),
            [0, 2, 4, 65_533, 65_535]
        );
    }

    #[test]
    fn zeros_and_full_rows_stay() {
        assert_eq!(upscaled(&[]), Vec::<u16>::new());
        assert_eq!(upscaled(&[0, 0]), [0, 0]);
        assert_eq!(upscaled(&[65_535, 1]), [65_535, 1]);
        assert_eq!(upscaled(&[1]), [65_535]);
    }

    #[test]
    fn every_largest_weight_agrees_with_the_plain_rule() {
        for max in 1..=u16::MAX {
            let row = [max, max / 2, max / 3, 1, max - 1];
            assert_eq!(upscaled(&row), upscaled_plainly(&row), "largest {max}");
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let uids = |list: &[u16]| list.iter().copied().map(Uid).collect::<Vec<_>>();
        assert_eq!(
            canonical(4, &uids(&[1, 2]), &[1]),
            Err(EpochError::LengthMismatch(2, 1))
        );
        assert_eq!(
            canonical(4, &uids(&[1, 4]), &[1, 0]),
            Err(EpochError::UnknownUid(Uid(4), 4))
        );
        // A weight of zero is given, too.
        assert_eq!(
            canonical(4, &uids(&[1, 3, 1]), &[0, 2, 0]),
            Err(EpochError::DuplicateUid(Uid(1)))
        );
        assert_eq!(canonical(3, &[], &[]), Ok(vec![0, 0, 0]));
        assert_eq!(canonical(3, &uids(&[2]), &[7]), Ok(vec![0, 0, 65_535]));
    }

    proptest! {
        #[test]
        fn upscaling_agrees_with_the_plain_rule(row in prop::collection::vec(any::<u16>(), 0..40)) {
            prop_assert_eq!(upscaled(&row), upscaled_plainly(&row));
        }

        #[test]
        fn upscaling_keeps_order_and_zeros(row in prop::collection::vec(any::<u16>(), 1..40)) {
            let scaled = upscaled(&row);
            prop_assert_eq!(&upscaled(&scaled), &scaled, "scaling twice changes nothing");
            for (i, a) in row.iter().enumerate() {
                prop_assert_eq!(*a == 0, scaled[i] == 0);
                for (j, b) in row.iter().enumerate() {
                    prop_assert!(a > b || scaled[i] <= scaled[j]);
                }
            }
        }

        #[test]
        fn the_order_given_does_not_matter(
            entries in prop::collection::btree_map(0u16..300, any::<u16>(), 0..60)
                .prop_flat_map(|map| {
                    let list: Vec<(u16, u16)> = map.into_iter().collect();
                    (Just(list.clone()), Just(list).prop_shuffle())
                })
        ) {
            let (sorted, shuffled) = entries;
            let row = |list: &[(u16, u16)]| {
                let uids: Vec<Uid> = list.iter().map(|(uid, _)| Uid(*uid)).collect();
                let weights: Vec<u16> = list.iter().map(|(_, weight)| *weight).collect();
                canonical(300, &uids, &weights)
            };
            prop_assert_eq!(row(&sorted), row(&shuffled));
            let map: BTreeMap<u16, u16> = sorted.into_iter().collect();
            let plain: Vec<u16> = (0..300).map(|uid| map.get(&uid).copied().unwrap_or(0)).collect();
            prop_assert_eq!(row(&shuffled), Ok(upscaled_plainly(&plain)));
        }
    }
}
