//! Yuma2: validators buy into each neuron with stake times weight, and bonds are parts of what all
//! hold. [2.6]
//!
//! Remembered are the parts, scaled so that the largest of each neuron is one. Liquid alpha does
//! not apply.

use super::{Market, Outcome, Rule, Table};
use crate::fixed::{Tally, Whole, Q32};
use ink::prelude::{vec, vec::Vec};

pub(super) fn apply(
    rule: &Rule,
    mut market: Market,
    penalised: impl Fn(Q32, Q32) -> Q32,
) -> Outcome {
    let columns = market.consensus.len();
    let validators = market.active.len();
    let width = columns.max(1);

    let mut bought = Table::new(validators, columns);
    let mut held = vec![0u32; columns];
    let olds = market.bonds.chunks_exact(width);
    for (place, ((sum, old), active)) in market
        .row_sums
        .iter()
        .zip(olds)
        .zip(market.active)
        .enumerate()
    {
        let tally = Tally::new(*sum);
        let cells = market.rows.get(place).iter().zip(market.consensus);
        bought.push(
            cells.map(|(weight, consensus)| {
                penalised(tally.share(*weight), *consensus).times(*active)
            }),
        );
        held.iter_mut()
            .zip(old)
            .for_each(|(held, old)| *held = held.wrapping_add(u32::from(*old)));
    }
    let purse = bought.wholes();
    let held: Vec<Tally> = held.into_iter().map(Tally::new).collect();

    let mut moved = Table::new(validators, columns);
    for (bought, old) in bought.rows().zip(market.bonds.chunks_exact(width)) {
        let new = bought
            .iter()
            .zip(&purse)
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
        let columns = wholes.iter().zip(market.incentive).zip(&mut largest);
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
    let mut bonds = market.bonds;
    for (parts, bonds) in parts.chunks_exact(width).zip(bonds.chunks_exact_mut(width)) {
        for ((part, largest), kept) in parts.iter().zip(&largest).zip(bonds) {
            *kept = largest.share(part.0).share_to_u16();
        }
    }
    Outcome { dividends, bonds }
}
