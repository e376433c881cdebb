//! The arithmetic against exact integers.

use super::*;
use proptest::prelude::*;

#[test]
fn one_times_one_is_one() {
    assert_eq!(Q32::ONE.times(Q32::ONE), Q32::ONE);
    assert_eq!(Q32::ONE.times(Q32(7)), Q32(7));
    assert_eq!(Q32(7).times(Q32::ONE), Q32(7));
    assert_eq!(Q32::ONE.times(Q32::ZERO), Q32::ZERO);
}

#[test]
fn shares_at_the_edges() {
    assert_eq!(Whole::new(0).share(0), Q32::ZERO);
    assert_eq!(Whole::new(1).share(1), Q32::ONE);
    assert_eq!(Whole::new(Q32::ONE.0).share(Q32::ONE.0), Q32::ONE);
    assert_eq!(Whole::new(3).share(1), Q32(0x5555_5555));
    assert_eq!(Whole::new(1 << 33).share_of_sum(1 << 33), Q32::ONE);
}

#[test]
fn every_u16_converts_exactly() {
    for share in 0..=u16::MAX {
        assert_eq!(
            u128::from(Q32::from_u16(share).0),
            (u128::from(share) << 32) / 65_535
        );
    }
    assert_eq!(Q32::ONE.to_u16(), u16::MAX);
    assert_eq!(Q32(Q32::ONE.0 - 1).to_u16(), 65_534);
    assert_eq!(Q32(u64::MAX).to_u16(), u16::MAX);
}

/// Values up to `limit`, many of them near powers of two and near the limit.
fn upto(limit: u64) -> impl Strategy<Value = u64> {
    prop_oneof![
        0..=limit,
        (0u32..64, 0u64..5)
            .prop_map(
                move |(shift, off)| ((1u64 << shift).wrapping_add(off).wrapping_sub(2)).min(limit)
            ),
        (0u64..5).prop_map(move |off| limit.saturating_sub(off)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn times_is_exact(a in upto(1 << 32), b in upto(1 << 32)) {
        let product = u128::from(a) * u128::from(b);
        prop_assert_eq!(u128::from(Q32(a).times(Q32(b)).0), product >> 32);
        if a < 1 << 32 {
            prop_assert_eq!(u128::from(Q32(a).times_up(Q32(b)).0), product.div_ceil(1 << 32));
        }
    }

    #[test]
    fn share_is_exact(part in upto(1 << 32), more in upto(1 << 50)) {
        let sum = part + more;
        let exact = (u128::from(part) << 32).checked_div(u128::from(sum)).unwrap_or(0);
        prop_assert_eq!(u128::from(Whole::new(sum).share(part).0), exact);
    }

    #[test]
    fn share_of_sum_is_exact(part in upto(1 << 33), more in upto(1 << 50)) {
        let sum = part + more;
        let exact = (u128::from(part) << 32).checked_div(u128::from(sum)).unwrap_or(0);
        prop_assert_eq!(u128::from(Whole::new(sum).share_of_sum(part).0), exact);
    }

    #[test]
    fn share_of_a_tally_is_exact(part in 0..=u16::MAX, more in upto(u64::from(u32::MAX - 65_535))) {
        let sum = low32(u64::from(part) + more);
        let exact = (u64::from(part) << 32).checked_div(u64::from(sum)).unwrap_or(0);
        prop_assert_eq!(Tally::new(sum).share(part).0, exact);
    }

    #[test]
    fn share_of_a_tally_is_exact_where_it_is_whole(sum in upto(1 << 28), times in 1u64..=65_535) {
        // Parts whose quotient is, or is next to, a whole number.
        let sum = sum.max(1);
        let part = sum.min(65_535) / times;
        for part in [part.saturating_sub(1), part, part + 1].map(|part| part.min(sum).min(65_535)) {
            let exact = (part << 32) / sum;
            prop_assert_eq!(Tally::new(low32(sum)).share(low16(part)).0, exact);
        }
    }

    #[test]
    fn of_is_exact(share in upto(1 << 32), amount in upto(u64::MAX)) {
        let exact = (u128::from(share) * u128::from(amount)) >> 32;
        prop_assert_eq!(u128::from(Q32(share).of(amount)), exact);
    }

    #[test]
    fn stake_is_divided_in_64_64(stake in upto(u64::MAX >> 1), more in upto(u64::MAX >> 1)) {
        let total = u128::from(stake) + u128::from(more);
        // floor(stake * 2^64 / total) by long division, then 32 bits dropped.
        let whole = u128::from(stake).checked_div(total);
        let exact = whole.map_or(0, |whole| {
            let high = ((u128::from(stake) % total) << 32) / total;
            (whole << 32) + high
        });
        prop_assert_eq!(u128::from(TotalStake::new(total).share(stake).0), exact);
    }
}
