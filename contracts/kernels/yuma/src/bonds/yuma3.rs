//! Yuma3: each bond moves towards its weight, at a common rate or at one of its own (liquid alpha).
//! [2.5]
//!
//! Dividends are a validator's part in each neuron's bonds, times its active stake (applied to the
//! sum over all chunks). Memory holds the bonds themselves, not parts.

use super::{wholes, Inputs};
use crate::{
    columns::{Walk, WIDTH},
    fixed::{Tally, Q32},
    memory::Kept,
    sigmoid::Sigmoid,
};
use ink::prelude::vec::Vec;

/// Moves the bonds of a chunk. `moved` makes the new bond of weight, consensus and old bond. It is
/// zero if weight and old bond are zero.
pub(super) fn apply<W: Walk>(
    walk: W,
    mut inputs: Inputs,
    keep: &mut impl FnMut(usize, &Kept),
    moved: impl Fn(Q32, Q32, Q32) -> Q32,
) -> Vec<Q32> {
    let cells = inputs.masks.iter().map(|mask| walk.count(*mask)).sum();
    let mut bonds: Vec<Q32> = Vec::with_capacity(cells);
    let mut sums = [Q32::ZERO; WIDTH];
    let mut old = [0; WIDTH];
    let validators = inputs.masks.iter().zip(inputs.row_sums).zip(inputs.bonds);
    for (place, ((mask, sum), remembered)) in validators.enumerate() {
        let tally = Tally::new(*sum);
        let row = inputs.rows.get(place);
        remembered.write(walk.visited(*mask), &mut old);
        bonds.extend(walk.columns(*mask).map(|column| {
            let weight = tally.share(row[column]);
            let old = Q32::from_u16(old[column]);
            let bond = moved(weight, inputs.consensus[column], old);
            sums[column] = sums[column].plus(bond);
            bond
        }));
    }

    let wholes = wholes(&sums);
    let mut bonds = &bonds[..];
    let mut kept = Kept::default();
    let mut dividends = Vec::with_capacity(inputs.masks.len());
    for (place, mask) in inputs.masks.iter().enumerate() {
        let (line, rest) = bonds.split_at(walk.count(*mask).min(bonds.len()));
        bonds = rest;
        let mut dividend = Q32::ZERO;
        kept.clear();
        for (column, bond) in walk.columns(*mask).zip(line) {
            let incentive = inputs.incentive[column];
            // Most miners of a subnet earn nothing.
            if incentive != Q32::ZERO {
                dividend = dividend.plus(wholes[column].share(bond.0).times(incentive));
            }
            kept.push(column, bond.share_to_u16());
        }
        dividends.push(dividend);
        keep(place, &kept);
    }
    dividends
}

/// Returns a bond under liquid alpha. Without a weight the bond ends at once, because the reference
/// visits only cells with weights.
pub(super) fn follow(curve: &Sigmoid, consensus: Q32, given: Q32, old: Q32) -> Q32 {
    if given == Q32::ZERO {
        return Q32::ZERO;
    }
    let rate = curve.rate(consensus, given, old);
    rate.times(given)
        .plus(Q32::ONE.minus(rate).times(old))
        .min(Q32::ONE)
}
