//! Stake and dividends between a hotkey, its parents and its children.
//!
//! A hotkey gives a proportion of its own stake to each child, for weight alone; nobody else's stake moves. What a child earns by inherited stake
//! goes back to the parents. One level counts: what a hotkey has inherited it does not pass on.
//! Source: subtensor-reference.md 2.3 and 3.10. Root stake is no part of it.

use inktensor_primitives::{Bps, Rao};

/// Bits of fraction of the reference's numbers.
const BITS: u32 = 32;
/// One.
const ONE: u128 = 1 << BITS;

/// A proportion of `u64::MAX`, in 2^-32, rounded down. The whole is exactly one.
fn ratio(proportion: u64) -> u128 {
    // The divisor is not zero.
    (u128::from(proportion) << BITS)
        .checked_div(u128::from(u64::MAX))
        .unwrap_or_default()
}

/// `amount` times `proportion`, in 2^-32 rao. Below `2^96`.
fn part(amount: Rao, proportion: u64) -> u128 {
    amount.to_u128().saturating_mul(ratio(proportion))
}

/// Whole rao, rounded down.
fn whole(fine: u128) -> Rao {
    Rao(u64::try_from(fine >> BITS).unwrap_or(u64::MAX))
}

/// The weight of a hotkey with `own` stake, which gives its children `given` of it and gets from each parent a proportion of the parent's own
/// stake. Rounded down once, at the end.
/// Source: subtensor-reference.md 2.3, `get_inherited_for_hotkey_on_subnet`.
pub fn inherited(
    own: Rao,
    given: impl Iterator<Item = u64>,
    got: impl Iterator<Item = (Rao, u64)>,
) -> Rao {
    let mut fine = own.to_u128() << BITS;
    for proportion in given {
        fine = fine.saturating_sub(part(own, proportion));
    }
    for (parent, proportion) in got {
        fine = fine.saturating_add(part(parent, proportion));
    }
    whole(fine)
}

/// A parent that a child's dividends are shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its own stake.
    pub stake: Rao,
    /// What it gives the child of it.
    pub proportion: u64,
    /// Whether somebody else owns it, so that the child keeps its take.
    pub is_foreign: bool,
}

/// Divides a child's dividends between its parents and itself: returns what each parent gets, rounded down, and what stays with the child, all
/// the rest. `own` is the child's own stake, of which it gives `given` to children of its own.
///
/// The reference loses the fractions of a rao that it rounds away; here the child gets them.
/// Source: subtensor-reference.md 3.10, without `ck_burn`, which is 0 by default.
pub fn divide(
    dividends: Rao,
    own: Rao,
    given: impl Iterator<Item = u64>,
    take: Bps,
    parents: &[Parent],
) -> (ink::prelude::vec::Vec<Rao>, Rao) {
    let kept = given.fold(ONE, |rest, it| rest.saturating_sub(ratio(it)));
    let itself = own.to_u128().saturating_mul(kept) >> BITS << BITS;
    let parts = parents.iter().map(|it| part(it.stake, it.proportion));
    let total = parts.clone().fold(itself, u128::saturating_add);
    let take = (u128::from(take.0) << BITS)
        .checked_div(u128::from(Bps::ONE.0))
        .unwrap_or_default();
    let mut rest = dividends;
    let mut shares = ink::prelude::vec::Vec::with_capacity(parents.len());
    for (parent, part) in parents.iter().zip(parts) {
        // Below `2^128`: a part is below `2^96`.
        let share = (part << BITS).checked_div(total).unwrap_or_default();
        let mut fine = dividends.to_u128().saturating_mul(share);
        if parent.is_foreign {
            let kept = (fine >> BITS)
                .saturating_mul(take)
                .saturating_add((fine & (ONE.saturating_sub(1))).saturating_mul(take) >> BITS);
            fine = fine.saturating_sub(kept);
        }
        // Shares of a whole are never more than it.
        let share = whole(fine).min(rest);
        rest = Rao(rest.0.saturating_sub(share.0));
        shares.push(share);
    }
    (shares, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALF: u64 = u64::MAX / 2;

    /// Weights computed from the formula of subtensor-reference.md 2.3 in exact integers: own stake, proportions given, parents' stakes
    /// and proportions, weight.
    #[test]
    fn inherited_stake_is_the_references() {
        for (own, given, got, weight) in [
            (1_000, vec![], vec![], 1_000),
            (1_000, vec![u64::MAX], vec![], 0),
            // A half is 0.49999999976 in 32 bits, so a little more than half stays.
            (1_000, vec![HALF], vec![], 500),
            (1_001, vec![HALF], vec![], 500),
            (0, vec![], vec![(1_000, HALF)], 499),
            (10, vec![HALF], vec![(1_000, u64::MAX), (3, HALF)], 1_006),
            (7, vec![u64::MAX / 3, u64::MAX / 3, u64::MAX / 3], vec![], 0),
            (
                21_000_000_000_000_000,
                vec![HALF],
                vec![(21_000_000_000_000_000, u64::MAX)],
                31_500_000_004_889_443,
            ),
        ] {
            let got = got.into_iter().map(|(stake, it)| (Rao(stake), it));
            let found = inherited(Rao(own), given.clone().into_iter(), got);
            assert_eq!(found, Rao(weight), "{own} {given:?}");
        }
    }

    /// Shares computed from the formula of subtensor-reference.md 3.10 in exact integers: own stake, parents, take, what each gets.
    #[test]
    fn dividends_are_shared_as_in_the_reference() {
        let parent = |stake, proportion, is_foreign| Parent {
            stake: Rao(stake),
            proportion,
            is_foreign,
        };
        for (own, given, parents, take, expected) in [
            (100, vec![], vec![], 1_800, (vec![], 1_000)),
            (
                100,
                vec![],
                vec![parent(100, u64::MAX, false)],
                1_800,
                (vec![500], 500),
            ),
            (
                100,
                vec![],
                vec![parent(100, u64::MAX, true)],
                1_800,
                (vec![410], 590),
            ),
            (
                0,
                vec![],
                vec![parent(100, u64::MAX, true)],
                0,
                (vec![1_000], 0),
            ),
            (
                100,
                vec![u64::MAX],
                vec![parent(100, u64::MAX, false), parent(300, u64::MAX, true)],
                1_000,
                (vec![250], 0),
            ),
            (
                0,
                vec![],
                vec![parent(0, u64::MAX, true)],
                0,
                (vec![0], 1_000),
            ),
        ] {
            let (shares, rest) =
                divide(Rao(1_000), Rao(own), given.into_iter(), Bps(take), &parents);
            let (first, last) = expected;
            for (share, due) in shares.iter().zip(&first) {
                assert!(share.0.abs_diff(*due) <= 1, "{shares:?}");
            }
            if parents.len() == 1 || parents.is_empty() {
                assert!(rest.0.abs_diff(last) <= 1, "{rest:?}");
            }
            let sum: u64 = shares.iter().map(|it| it.0).sum();
            assert_eq!(sum + rest.0, 1_000);
        }
    }

    proptest! {
        /// What is given is what is got, but for less than a rao on each side.
        #[test]
        fn weight_is_neither_made_nor_lost(
            parent in 0..=Rao::CAP.0,
            child in 0..=Rao::CAP.0 / 2,
            proportion in any::<u64>(),
        ) {
            let left = inherited(Rao(parent), [proportion].into_iter(), [].into_iter());
            let got = inherited(Rao(child), [].into_iter(), [(Rao(parent), proportion)].into_iter());
            let sum = u128::from(left.0) + u128::from(got.0);
            let whole = u128::from(parent) + u128::from(child);
            prop_assert!(sum <= whole && whole - sum <= 1);
        }

        /// Every rao lands, and no parent gets more than its part of the weight.
        #[test]
        fn every_rao_of_dividends_lands(
            dividends in 0..=Rao::CAP.0,
            own in 0..=Rao::CAP.0,
            parents in prop::collection::vec((0..=Rao::CAP.0 / 8, any::<u64>(), any::<bool>()), 0..8),
            take in 0u16..=1_800,
        ) {
            let parents: Vec<Parent> = parents
                .into_iter()
                .map(|(stake, proportion, is_foreign)| Parent { stake: Rao(stake), proportion, is_foreign })
                .collect();
            let (shares, rest) = divide(Rao(dividends), Rao(own), [].into_iter(), Bps(take), &parents);
            let sum: u64 = shares.iter().map(|it| it.0).sum();
            prop_assert_eq!(sum + rest.0, dividends);
            let total: f64 = own as f64
                + parents.iter().map(|it| it.stake.0 as f64 * (it.proportion as f64 / u64::MAX as f64)).sum::<f64>();
            for (share, parent) in shares.iter().zip(&parents) {
                let part = parent.stake.0 as f64 * (parent.proportion as f64 / u64::MAX as f64);
                let due = dividends as f64 * part / total.max(1.0);
                prop_assert!(share.0 as f64 <= due * 1.000_001 + dividends as f64 / 4.0e9 + 2.0);
            }
        }
    }
}
