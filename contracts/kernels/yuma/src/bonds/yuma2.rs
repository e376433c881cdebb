//! Yuma2: a validator buys into each neuron with stake times weight, and its bond is a part of the
//! bonds of all validators. [2.6]
//!
//! Memory holds the parts, scaled so that the largest of each neuron is one. Liquid alpha does not
//! apply.

use super::{wholes, Inputs, Rule};
use crate::{
    columns::{Walk, WIDTH},
    fixed::{Tally, Q32},
    memory::Kept,
};
use ink::prelude::vec::Vec;

/// Moves the bonds of a chunk.
#[inline(always)]
pub(super) fn apply<W: Walk>(
    rule: &Rule,
    walk: W,
    inputs: Inputs,
    keep: &mut impl FnMut(&Kept),
    penalized: impl Fn(Q32, Q32) -> Q32,
) -> Vec<Q32> {
    let count = inputs.masks.iter().map(|mask| walk.count(*mask)).sum();
    // Of each cell: what was bought, then the bond, then its part in the neuron's bonds.
    let mut cells: Vec<Q32> = Vec::with_capacity(count);

    let mut sums = [Q32::ZERO; WIDTH];
    let mut held = [0u32; WIDTH];
    let (mut old, mut given) = ([0; WIDTH], [0; WIDTH]);
    let weights = inputs.masks.iter().zip(inputs.rows).zip(inputs.tallies);
    let stakes = inputs.active.iter().zip(inputs.bonds);
    for (((mask, row), tally), (active, remembered)) in weights.zip(stakes) {
        let row = row.cells(walk.visited(*mask), &mut given);
        let old = remembered.cells(walk.visited(*mask), &mut old);
        cells.extend(walk.columns(*mask).map(|column| {
            held[column] = held[column].wrapping_add(u32::from(old[column]));
            let weight = tally.share(row[column]);
            let bought = penalized(weight, inputs.consensus[column]).times(*active);
            sums[column] = sums[column].plus(bought);
            bought
        }));
    }

    let totals = wholes(&sums);
    let mut tallies = [Tally::default(); WIDTH];
    for (tally, held) in tallies.iter_mut().zip(held) {
        *tally = Tally::new(held);
    }
    let mut sums = [Q32::ZERO; WIDTH];
    let mut lines = &mut cells[..];
    for (mask, remembered) in inputs.masks.iter().zip(inputs.bonds) {
        let old = remembered.cells(walk.visited(*mask), &mut old);
        for (column, cell) in walk.columns(*mask).zip(line(walk, *mask, &mut lines)) {
            let new = totals[column].share(cell.0);
            *cell = rule.move_by_rate(new, tallies[column].share(old[column]));
            sums[column] = sums[column].plus(*cell);
        }
    }

    let whole = wholes(&sums);
    let mut largest = [Q32::ZERO; WIDTH];
    let mut dividends = Vec::with_capacity(inputs.masks.len());
    let mut lines = &mut cells[..];
    for mask in inputs.masks {
        let mut dividend = Q32::ZERO;
        for (column, cell) in walk.columns(*mask).zip(line(walk, *mask, &mut lines)) {
            *cell = whole[column].share(cell.0);
            dividend = dividend.plus(cell.times(inputs.incentive[column]));
            largest[column] = largest[column].max(*cell);
        }
        dividends.push(dividend);
    }

    let largest = wholes(&largest);
    let mut kept = Kept::default();
    let mut lines = &mut cells[..];
    for mask in inputs.masks {
        let cells = walk.columns(*mask).zip(line(walk, *mask, &mut lines));
        let mut filling = kept.begin();
        for (column, cell) in cells {
            filling.put(column, largest[column].share(cell.0).share_to_u16());
        }
        filling.end();
        keep(&kept);
    }
    dividends
}

/// Takes the cells of a row with this mask off the front of `lines`.
#[inline(always)]
fn line<'a, W: Walk>(walk: W, mask: u64, lines: &mut &'a mut [Q32]) -> &'a mut [Q32] {
    let count = walk.count(mask).min(lines.len());
    let (line, rest) = core::mem::take(lines).split_at_mut(count);
    *lines = rest;
    line
}
