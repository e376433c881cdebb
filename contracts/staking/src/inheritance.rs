//! Stake and dividends between a hotkey, its parents and its children.
//!
//! A hotkey gives a proportion of its own stake to each child, for weight alone; nobody else's
//! stake moves. What a child earns by inherited stake goes back to the parents. One level counts:
//! what a hotkey has inherited it does not pass on. Stake on root weighs on every subnet, with
//! `TAO_WEIGHT`, and is given to children in the same proportions. Source: subtensor-reference.md
//! 2.3, 3.9 and 3.10.

use inktensor_primitives::{staking::TAO_WEIGHT, Bps, Rao};

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

/// What stake on root weighs, both in 2^-32 rao, rounded down.
fn weighed(root: u128) -> u128 {
    root.saturating_mul(ratio(TAO_WEIGHT)) >> BITS
}

/// The stake of a hotkey itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// On the subnet.
    pub here: Rao,
    /// On root.
    pub root: Rao,
}

impl Own {
    /// What `proportion` of it weighs, in 2^-32 rao.
    fn part(self, proportion: u64) -> u128 {
        part(self.here, proportion).saturating_add(weighed(part(self.root, proportion)))
    }
}

/// What root stakers have of the dividends of a hotkey with this stake: as much as their stake
/// weighs of the whole. The proportion has 32 bits of fraction, and proportion and part are rounded
/// down. Source: subtensor-reference.md 3.9, `calculate_dividend_distribution`.
pub fn root_part(dividends: Rao, own: Own) -> Rao {
    let root = weighed(own.root.to_u128() << BITS);
    let whole_stake = (own.here.to_u128() << BITS).saturating_add(root);
    let share = (root << BITS).checked_div(whole_stake).unwrap_or_default();
    whole(dividends.to_u128().saturating_mul(share)).min(dividends)
}

/// Whole rao, rounded down.
fn whole(fine: u128) -> Rao {
    Rao(u64::try_from(fine >> BITS).unwrap_or(u64::MAX))
}

/// The weight of a hotkey with `own` stake, which gives its children `given` of it and gets from
/// each parent a proportion of the parent's own stake. The stake on the subnet is rounded down, so
/// is that on root, and so is what the latter weighs: the reference keeps the last's fraction of a
/// rao. Source: subtensor-reference.md 2.3.
pub fn weight(own: Own, given: &[u64], got: &[(Own, u64)]) -> Rao {
    let of = |stake: fn(&Own) -> Rao| {
        let got = got
            .iter()
            .map(|(its, proportion)| (stake(its), *proportion));
        inherited(stake(&own), given.iter().copied(), got)
    };
    let root = of(|it| it.root);
    let weighed = whole(weighed(root.to_u128() << BITS));
    Rao(of(|it| it.here).0.saturating_add(weighed.0))
}

/// Stake of one kind that a hotkey has after it has given to its children and got from its parents.
/// Rounded down once, at the end. Source: subtensor-reference.md 2.3,
/// `get_inherited_for_hotkey_on_subnet`.
fn inherited(
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
    pub stake: Own,
    /// What it gives the child of it.
    pub proportion: u64,
    /// Whether somebody else owns it, so that the child keeps its take.
    pub is_foreign: bool,
}

/// Divides a child's dividends between its parents and itself: returns what each parent gets,
/// rounded down, and what stays with the child, all the rest. `own` is the child's own stake, of
/// which it gives `given` to children of its own.
///
/// The reference loses the fractions of a rao that it rounds away; here the child gets them.
/// Source: subtensor-reference.md 3.10, without `ck_burn`, which is 0 by default.
pub fn divide(
    dividends: Rao,
    own: Own,
    given: impl Iterator<Item = u64>,
    take: Bps,
    parents: &[Parent],
) -> (ink::prelude::vec::Vec<Rao>, Rao) {
    let kept = given.fold(ONE, |rest, it| rest.saturating_sub(ratio(it)));
    // Below `2^87` each, and `kept` is a ratio.
    let here = own.here.to_u128().saturating_mul(kept);
    let itself = here.saturating_add(weighed(own.root.to_u128().saturating_mul(kept)));
    let itself = itself >> BITS << BITS;
    let parts = parents.iter().map(|it| it.stake.part(it.proportion));
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

    fn here(stake: u64) -> Own {
        Own {
            here: Rao(stake),
            root: Rao::ZERO,
        }
    }

    const ROOT_CASES: [(u64, u64, u64, u64); 7] = [
        (0, 0, 0, 0),
        (1_000, 0, 1_000, 0),
        (0, 1_000, 52, 1_000_000_000),
        (
            1_000_000_000_000,
            1_000_000_000_000,
            1_052_676_974_330,
            50_040_967,
        ),
        (
            123_456_789_012,
            987_654_321_098_765,
            52_150_098_108_541,
            997_632_664,
        ),
        (
            1,
            21_000_000_000_000_000,
            1_106_216_460_932_047,
            999_999_999,
        ),
        (
            2_500_000_000_000,
            40_000_000_000_000,
            4_607_078_973_203,
            457_356_816,
        ),
    ];

    const HALF: u64 = u64::MAX / 2;

    /// Weights computed from the formula of subtensor-reference.md 2.3 in exact integers: own
    /// stake, proportions given, parents' stakes and proportions, weight.
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

    /// Computed from the formulas of subtensor-reference.md 2.3 and 3.9 in exact integers, with a
    /// weight of 226 245 882 of 2^32 (1.4): stake on the subnet and on root, what both weigh,
    /// and what root has of dividends of a TAO.
    #[test]
    fn root_stake_weighs_and_earns_as_in_the_reference() {
        assert_eq!(ratio(TAO_WEIGHT), 226_245_882);
        for (stake, root, weighs, of_a_tao) in ROOT_CASES {
            let own = Own {
                here: Rao(stake),
                root: Rao(root),
            };
            assert_eq!(weight(own, &[], &[]), Rao(weighs), "{own:?}");
            assert_eq!(root_part(Rao(Rao::PER_TAO), own), Rao(of_a_tao), "{own:?}");
        }
    }

    /// Half of both kinds goes to a child, which weighs nothing else.
    #[test]
    fn root_stake_is_given_to_children_too() {
        let own = Own {
            here: Rao(1_000),
            root: Rao(100_000),
        };
        // 50 000 less a little in 32 bits, times 0.0526769743.
        assert_eq!(
            weight(Own::default(), &[], &[(own, HALF)]),
            Rao(499 + 2_633)
        );
        assert_eq!(weight(own, &[HALF], &[]), Rao(500 + 2_633));
        let parent = Parent {
            stake: own,
            proportion: u64::MAX,
            is_foreign: false,
        };
        let (shares, _) = divide(Rao(1_000), own, [].into_iter(), Bps(0), &[parent]);
        assert!(shares[0].0.abs_diff(500) <= 1, "{shares:?}");
    }

    /// Shares computed from the formula of subtensor-reference.md 3.10 in exact integers: own
    /// stake, parents, take, what each gets.
    #[test]
    fn dividends_are_shared_as_in_the_reference() {
        let parent = |stake, proportion, is_foreign| Parent {
            stake: here(stake),
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
            let (shares, rest) = divide(
                Rao(1_000),
                here(own),
                given.into_iter(),
                Bps(take),
                &parents,
            );
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
                .map(|(stake, proportion, is_foreign)| Parent { stake: here(stake), proportion, is_foreign })
                .collect();
            let (shares, rest) = divide(Rao(dividends), here(own), [].into_iter(), Bps(take), &parents);
            let sum: u64 = shares.iter().map(|it| it.0).sum();
            prop_assert_eq!(sum + rest.0, dividends);
            let total: f64 = own as f64
                + parents.iter().map(|it| it.stake.here.0 as f64 * (it.proportion as f64 / u64::MAX as f64)).sum::<f64>();
            for (share, parent) in shares.iter().zip(&parents) {
                let part = parent.stake.here.0 as f64 * (parent.proportion as f64 / u64::MAX as f64);
                let due = dividends as f64 * part / total.max(1.0);
                prop_assert!(share.0 as f64 <= due * 1.000_001 + dividends as f64 / 4.0e9 + 2.0);
            }
        }
    }
}
