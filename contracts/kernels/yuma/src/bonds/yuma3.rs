//! Yuma3: each bond moves towards its weight, at a common rate or at one of its own (liquid alpha).
//! [2.5]
//!
//! Dividends are a validator's part in each neuron's bonds, times its active stake (applied to the
//! sum over all chunks). Memory holds the bonds themselves, not parts.

use super::{wholes, Inputs};
use crate::{
    columns::{at, bit, mask_of, Bits, Columns, Entries, Walk, WIDTH},
    fixed::Q32,
    memory::Kept,
    room::Room,
    sigmoid::Sigmoid,
};
use ink::prelude::vec::Vec;

/// Moves the bonds of a chunk whose rows are mostly filled, by whole rows: each loop is over all
/// columns and has no branch, as vectors need it. `moved` is as for [`by_entries`].
#[inline(always)]
pub(super) fn by_rows(
    inputs: Inputs,
    room: &mut Room,
    keep: &mut impl FnMut(&Kept),
    moved: impl Fn(Q32, Q32, Q32) -> Q32,
) -> Vec<Q32> {
    let bonds = room.bonds(inputs.masks.len().saturating_mul(WIDTH));
    let mut sums = [Q32::ZERO; WIDTH];
    let (mut old, mut given) = ([0; WIDTH], [0; WIDTH]);
    let mut kept = Kept::default();
    let weights = inputs.masks.iter().zip(inputs.rows).zip(inputs.tallies);
    let lines = inputs.bonds.iter().zip(bonds.chunks_exact_mut(WIDTH));
    for (((mask, row), tally), (remembered, line)) in weights.zip(lines) {
        let row = row.cells(u64::MAX, &mut given);
        let old = remembered.cells(u64::MAX, &mut old);
        let parts = kept.places();
        let mut full = true;
        for (column, place) in line.iter_mut().enumerate() {
            let column = at(column);
            let weight = tally.share(row[column]);
            let bond = moved(weight, inputs.consensus[column], Q32::from_u16(old[column]));
            sums[column] = sums[column].plus(bond);
            let part = bond.share_to_u16();
            parts[column] = part.to_le_bytes();
            full &= part != 0;
            *place = bond.0;
        }
        kept.close(*mask, full);
        keep(&kept);
    }

    let (wholes, incentive) = (wholes(&sums), inputs.incentive);
    let paid = paid(incentive);
    let mostly = Entries.count(paid) > WIDTH / 2;
    let mut dividends = Vec::with_capacity(inputs.masks.len());
    for line in bonds.chunks_exact(WIDTH) {
        let mut dividend = Q32::ZERO;
        if mostly {
            for (column, bond) in line.iter().enumerate() {
                let share = wholes[at(column)].share(*bond);
                dividend = dividend.plus(share.times(incentive[at(column)]));
            }
        } else {
            for column in Bits(paid) {
                let bond = line.get(column).copied().unwrap_or_default();
                let share = wholes[column].share(bond);
                dividend = dividend.plus(share.times(incentive[column]));
            }
        }
        dividends.push(dividend);
    }
    dividends
}

/// Moves the bonds of a chunk entry by entry. `moved` makes the new bond of weight, consensus and
/// old bond. It is zero if weight and old bond are zero.
#[inline(always)]
pub(super) fn by_entries(
    inputs: Inputs,
    room: &mut Room,
    keep: &mut impl FnMut(&Kept),
    moved: impl Fn(Q32, Q32, Q32) -> Q32,
) -> Vec<Q32> {
    let count = |mask: &u64| Entries.count(*mask);
    let bonds = room.bonds(inputs.masks.iter().map(count).sum());
    let mut left = &mut bonds[..];
    let mut sums = [Q32::ZERO; WIDTH];
    let (mut old, mut given) = ([0; WIDTH], [0; WIDTH]);
    let mut kept = Kept::default();
    let weights = inputs.masks.iter().zip(inputs.rows).zip(inputs.tallies);
    for (((mask, row), tally), remembered) in weights.zip(inputs.bonds) {
        let weighed = row.counted & mask;
        if weighed != 0 {
            row.write(&mut given);
        }
        remembered.write(&mut old);
        let (line, rest) = left.split_at_mut(count(mask).min(left.len()));
        left = rest;
        let mut filling = kept.begin();
        for (column, place) in Bits(*mask).zip(line) {
            // A cell may hold what an earlier row has left.
            let cell = |of: u64, cell: u16| if of & bit(column) != 0 { cell } else { 0 };
            let weight = tally.share(cell(weighed, given[column]));
            let old = Q32::from_u16(cell(remembered.mask(), old[column]));
            let bond = moved(weight, inputs.consensus[column], old);
            sums[column] = sums[column].plus(bond);
            filling.put(column, bond.share_to_u16());
            *place = bond.0;
        }
        filling.end();
        keep(&kept);
    }

    let (wholes, paid) = (wholes(&sums), paid(inputs.incentive));
    let mut bonds = &bonds[..];
    let mut dividends = Vec::with_capacity(inputs.masks.len());
    for mask in inputs.masks {
        let (line, rest) = bonds.split_at(count(mask).min(bonds.len()));
        bonds = rest;
        let mut dividend = Q32::ZERO;
        for column in Bits(mask & paid) {
            let before = Entries.count(mask & bit(column).wrapping_sub(1));
            let bond = line.get(before).copied().unwrap_or_default();
            let share = wholes[column].share(bond);
            dividend = dividend.plus(share.times(inputs.incentive[column]));
        }
        dividends.push(dividend);
    }
    dividends
}

/// Returns the columns with incentive. Most miners of a subnet earn nothing.
#[inline(always)]
fn paid(incentive: &Columns<Q32>) -> u64 {
    mask_of(incentive.iter().map(|incentive| *incentive != Q32::ZERO))
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
