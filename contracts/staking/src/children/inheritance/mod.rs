//! Inheritance: the weight that children get from parents, and the dividends that parents get back.
//!
//! A hotkey gives a proportion of its own stake to each child, as weight alone: no stake moves. The
//! dividends that a child earns by inherited weight are shared with its parents. There is one
//! level: a hotkey does not pass on inherited weight. Root stake counts on every subnet with
//! `TAO_WEIGHT`, and is given to children in the same proportions. Source: subtensor-reference.md
//! 2.3, 3.9 and 3.10.

use crate::stake::OwnStake;
use ink::prelude::vec::Vec;
use inktensor_primitives::{staking::TAO_WEIGHT, Bps, Rao};

/// Fraction bits of the reference's numbers.
const BITS: u32 = 32;
/// One.
const ONE: u128 = 1 << BITS;

/// Converts a proportion of `u64::MAX` to 2^-32, rounded down. The whole is exactly one.
fn ratio(proportion: u64) -> u128 {
    // The divisor is not zero.
    (u128::from(proportion) << BITS)
        .checked_div(u128::from(u64::MAX))
        .unwrap_or_default()
}

/// Returns `amount` times `proportion`, in 2^-32 rao: below `2^96`.
fn part(amount: Rao, proportion: u64) -> u128 {
    amount.to_u128().saturating_mul(ratio(proportion))
}

/// Returns the weight of root stake, both in 2^-32 rao, rounded down.
fn root_weight(root: u128) -> u128 {
    root.saturating_mul(ratio(TAO_WEIGHT)) >> BITS
}

/// Returns the weight of `proportion` of a hotkey's own stake, in 2^-32 rao.
fn weight_part(own: OwnStake, proportion: u64) -> u128 {
    part(own.on_subnet, proportion).saturating_add(root_weight(part(own.on_root, proportion)))
}

/// Returns the root stakers' part of the dividends of a hotkey with this stake: the part that root
/// has of the weight. The proportion has 32 fraction bits; proportion and part are rounded down.
/// Source: subtensor-reference.md 3.9, `calculate_dividend_distribution`.
pub fn root_part(dividends: Rao, own: OwnStake) -> Rao {
    let root = root_weight(own.on_root.to_u128() << BITS);
    let total = (own.on_subnet.to_u128() << BITS).saturating_add(root);
    let share = (root << BITS).checked_div(total).unwrap_or_default();
    whole(dividends.to_u128().saturating_mul(share)).min(dividends)
}

/// Converts 2^-32 rao to rao, rounded down.
fn whole(fine: u128) -> Rao {
    Rao(u64::try_from(fine >> BITS).unwrap_or(u64::MAX))
}

/// Returns the weight of a hotkey: its `own` stake, less the proportions `given` to children, and
/// with a proportion of the own stake of each of its `parents`.
///
/// Subnet stake, root stake and the weight of root stake are each rounded down. The reference does
/// not round the last one. Source: subtensor-reference.md 2.3.
pub fn weight(own: OwnStake, given: &[u64], parents: &[(OwnStake, u64)]) -> Rao {
    let of = |stake: fn(&OwnStake) -> Rao| {
        let inherited = parents
            .iter()
            .map(|(parent, proportion)| (stake(parent), *proportion));
        after_inheritance(stake(&own), given.iter().copied(), inherited)
    };
    let root = of(|it| it.on_root);
    let root = whole(root_weight(root.to_u128() << BITS));
    Rao(of(|it| it.on_subnet).0.saturating_add(root.0))
}

/// Returns stake of one kind after inheritance: less the proportions `given` to children, and with
/// those `inherited` from parents. Rounded down once, at the end. Source: subtensor-reference.md
/// 2.3, `get_inherited_for_hotkey_on_subnet`.
fn after_inheritance(
    own: Rao,
    given: impl Iterator<Item = u64>,
    inherited: impl Iterator<Item = (Rao, u64)>,
) -> Rao {
    let mut fine = own.to_u128() << BITS;
    for proportion in given {
        fine = fine.saturating_sub(part(own, proportion));
    }
    for (parent, proportion) in inherited {
        fine = fine.saturating_add(part(parent, proportion));
    }
    whole(fine)
}

/// A parent, with which a child shares its dividends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The parent's own stake.
    pub stake: OwnStake,
    /// Proportion of that stake given to the child.
    pub proportion: u64,
    /// True if another account owns the parent, so that the child keeps its take.
    pub is_foreign: bool,
}

/// Divides a child's dividends: returns the share of each parent, rounded down, and the rest, which
/// is the child's. `own` is the child's own stake, of which it gives `given` to its own children.
///
/// The reference loses the fractions of a rao that it rounds away; here the child gets them.
/// Source: subtensor-reference.md 3.10, without `ck_burn`, which is 0 by default.
pub fn divide(
    dividends: Rao,
    own: OwnStake,
    given: impl Iterator<Item = u64>,
    take: Bps,
    parents: &[Parent],
) -> (Vec<Rao>, Rao) {
    let kept = given.fold(ONE, |rest, it| rest.saturating_sub(ratio(it)));
    // Below `2^87` each, and `kept` is a ratio.
    let subnet = own.on_subnet.to_u128().saturating_mul(kept);
    let root = root_weight(own.on_root.to_u128().saturating_mul(kept));
    let child = subnet.saturating_add(root) >> BITS << BITS;
    let parts = parents
        .iter()
        .map(|it| weight_part(it.stake, it.proportion));
    let total = parts.clone().fold(child, u128::saturating_add);
    let take = (u128::from(take.0) << BITS)
        .checked_div(u128::from(Bps::ONE.0))
        .unwrap_or_default();
    let mut rest = dividends;
    let mut shares = Vec::with_capacity(parents.len());
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
mod tests;
