//! Yuma3: each bond moves towards its weight, at a common rate or at one of its own (liquid alpha).
//! [2.5]
//!
//! Dividends are a validator's part in each neuron's bonds, times its active stake (applied to the
//! sum over all chunks). Memory holds the bonds themselves, not parts.

use super::{Inputs, Outputs, Rule, Table};
use crate::{
    fixed::{Tally, Q32},
    sigmoid::Sigmoid,
};
use ink::prelude::vec::Vec;

/// Moves the bonds of a chunk.
pub(super) fn apply(
    rule: &Rule,
    mut inputs: Inputs,
    penalized: impl Fn(Q32, Q32) -> Q32,
) -> Outputs {
    let columns = inputs.consensus.len();
    let curve = rule.liquid.as_ref().filter(|_| inputs.agreed);
    let mut moved = Table::new(inputs.active.len(), columns);
    let olds = inputs.bonds.chunks_exact(columns.max(1));
    for (place, (sum, old)) in inputs.row_sums.iter().zip(olds).enumerate() {
        let tally = Tally::new(*sum);
        let weights = inputs.rows.get(place).iter();
        let cells = weights
            .zip(inputs.consensus)
            .zip(old)
            .map(|((weight, consensus), old)| {
                let given = penalized(tally.share(*weight), *consensus);
                (given, Q32::from_u16(*old), *consensus)
            });
        match curve {
            None => moved.push(cells.map(|(given, old, _)| rule.move_by_rate(given, old))),
            Some(curve) => moved
                .push(cells.map(|(given, old, consensus)| follow(curve, consensus, given, old))),
        }
    }

    let wholes = moved.wholes();
    let mut dividends = Vec::with_capacity(inputs.active.len());
    let mut bonds = inputs.bonds;
    for (row, bonds) in moved.rows().zip(bonds.chunks_exact_mut(columns.max(1))) {
        let mut dividend = Q32::ZERO;
        for (((bond, whole), incentive), kept) in
            row.iter().zip(&wholes).zip(inputs.incentive).zip(bonds)
        {
            dividend = dividend.plus(whole.share(bond.0).times(*incentive));
            *kept = bond.share_to_u16();
        }
        dividends.push(dividend);
    }
    Outputs { dividends, bonds }
}

/// Returns a bond under liquid alpha. Without a weight the bond ends at once, because the reference
/// visits only cells with weights.
fn follow(curve: &Sigmoid, consensus: Q32, given: Q32, old: Q32) -> Q32 {
    if given == Q32::ZERO {
        return Q32::ZERO;
    }
    let rate = curve.rate(consensus, given, old);
    rate.times(given)
        .plus(Q32::ONE.minus(rate).times(old))
        .min(Q32::ONE)
}
