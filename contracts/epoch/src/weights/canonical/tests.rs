//! The canonical form against the reference, and its errors.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Computes the reference plainly: every operand is an I32F32, as its bits in an i128.
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
    // A weight of zero counts, too.
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
