//! Yuma2: a validator buys into each neuron with stake times weight, and its bond is a part of the
//! bonds of all validators. [2.6]
//!
//! Memory holds the parts, scaled so that the largest of each neuron is one. Liquid alpha does not
//! apply.

use super::{Inputs, Outputs, Rule, Table};
use crate::fixed::{Tally, Whole, Q32};
use ink::prelude::{vec, vec::Vec};

/// Moves the bonds of a chunk.
pub(super) fn apply(
    rule: &Rule,
    mut inputs: Inputs,
    penalized: impl Fn(Q32, Q32) -> Q32,
) -> Outputs {
    let columns = inputs.consensus.len();
    let validators = inputs.active.len();
    let width = columns.max(1);

    let mut bought = Table::new(validators, columns);
    let mut held = vec![0u32; columns];
    let olds = inputs.bonds.chunks_exact(width);
    for (place, ((sum, old), active)) in inputs
        .row_sums
        .iter()
        .zip(olds)
        .zip(inputs.active)
        .enumerate()
    {
        let tally = Tally::new(*sum);
        let cells = inputs.rows.get(place).iter().zip(inputs.consensus);
        bought.push(
            cells.map(|(weight, consensus)| {
                penalized(tally.share(*weight), *consensus).times(*active)
            }),
        );
        held.iter_mut()
            .zip(old)
            .for_each(|(held, old)| *held = held.wrapping_add(u32::from(*old)));
    }
    let totals = bought.wholes();
    let held: Vec<Tally> = held.into_iter().map(Tally::new).collect();

    let mut moved = Table::new(validators, columns);
    for (bought, old) in bought.rows().zip(inputs.bonds.chunks_exact(width)) {
        let new = bought
            .iter()
            .zip(&totals)
            .map(|(bought, whole)| whole.share(bought.0));
        let old = old.iter().zip(&held).map(|(old, tally)| tally.share(*old));
        moved.push(new.zip(old).map(|(new, old)| rule.move_by_rate(new, old)));
    }

    let wholes = moved.wholes();
    let mut parts = bought.cells;
    parts.clear();
    let mut largest = vec![Q32::ZERO; columns];
    let mut dividends = Vec::with_capacity(validators);
    for row in moved.rows() {
        let mut dividend = Q32::ZERO;
        let columns = wholes.iter().zip(inputs.incentive).zip(&mut largest);
        parts.extend(
            row.iter()
                .zip(columns)
                .map(|(bond, ((whole, incentive), largest))| {
                    let part = whole.share(bond.0);
                    dividend = dividend.plus(part.times(*incentive));
                    *largest = part.max(*largest);
                    part
                }),
        );
        dividends.push(dividend);
    }

    let largest: Vec<Whole> = largest
        .into_iter()
        .map(|largest| Whole::new(largest.0))
        .collect();
    let mut bonds = inputs.bonds;
    for (parts, bonds) in parts.chunks_exact(width).zip(bonds.chunks_exact_mut(width)) {
        for ((part, largest), kept) in parts.iter().zip(&largest).zip(bonds) {
            *kept = largest.share(part.0).share_to_u16();
        }
    }
    Outputs { dividends, bonds }
}
