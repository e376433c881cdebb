//! Yuma3: each bond moves towards its weight, at a common rate or at one of its own (liquid alpha).
//! [2.5]
//!
//! Dividends come from a validator's part in each neuron's bonds, times its active stake (applied
//! when all chunks are summed). The bonds are remembered as they are, not as parts.

use super::{Market, Outcome, Rule, Table};
use crate::{
    fixed::{Tally, Q32},
    sigmoid::Sigmoid,
};
use ink::prelude::vec::Vec;

pub(super) fn apply(
    rule: &Rule,
    mut market: Market,
    penalised: impl Fn(Q32, Q32) -> Q32,
) -> Outcome {
    let columns = market.consensus.len();
    let curve = rule.liquid.as_ref().filter(|_| market.agreed);
    let mut moved = Table::new(market.active.len(), columns);
    let olds = market.bonds.chunks_exact(columns.max(1));
    for (place, (sum, old)) in market.row_sums.iter().zip(olds).enumerate() {
        let tally = Tally::new(*sum);
        let weights = market.rows.get(place).iter();
        let cells = weights
            .zip(market.consensus)
            .zip(old)
            .map(|((weight, consensus), old)| {
                let given = penalised(tally.share(*weight), *consensus);
                (given, Q32::from_u16(*old), *consensus)
            });
        match curve {
            None => moved.push(cells.map(|(given, old, _)| rule.move_by_rate(given, old))),
            Some(curve) => moved
                .push(cells.map(|(given, old, consensus)| follow(curve, consensus, given, old))),
        }
    }

    let wholes = moved.wholes();
    let mut dividends = Vec::with_capacity(market.active.len());
    let mut bonds = market.bonds;
    for (row, bonds) in moved.rows().zip(bonds.chunks_exact_mut(columns.max(1))) {
        let mut dividend = Q32::ZERO;
        for (((bond, whole), incentive), kept) in
            row.iter().zip(&wholes).zip(market.incentive).zip(bonds)
        {
            dividend = dividend.plus(whole.share(bond.0).times(*incentive));
            *kept = bond.share_to_u16();
        }
        dividends.push(dividend);
    }
    Outcome { dividends, bonds }
}

/// A bond under liquid alpha. Without a weight it ends at once: the reference visits only the
/// weights' cells.
fn follow(curve: &Sigmoid, consensus: Q32, given: Q32, old: Q32) -> Q32 {
    if given == Q32::ZERO {
        return Q32::ZERO;
    }
    let rate = curve.rate(consensus, given, old);
    rate.times(given)
        .plus(Q32::ONE.minus(rate).times(old))
        .min(Q32::ONE)
}
