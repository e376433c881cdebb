//! Bonds of validators in neurons, which follow the weights over time, and the dividends they
//! yield. [2.4, 15 to 17, 2.5 and 2.6]

mod yuma2;
mod yuma3;

use crate::{
    fixed::{Whole, Q32},
    rows::Rows,
    sigmoid::Sigmoid,
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::kernel::YumaParams;

/// The rule by which bonds move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Part of the way from given to clipped weights at which bonds follow.
    penalty: Q32,
    /// Part of the new weights that enters the bonds.
    rate: Q32,
    /// Part of the old bonds that stays.
    rest: Q32,
    yuma3: bool,
    /// The curve of liquid alpha, on a subnet that uses it.
    liquid: Option<Sigmoid>,
}

/// Everything that a chunk's bonds are computed from.
pub struct Inputs<'a> {
    /// Weights that count.
    pub rows: Rows<'a>,
    /// Sum of each validator's weights.
    pub row_sums: &'a [u32],
    /// Active stake of each validator.
    pub active: &'a [Q32],
    /// Remembered bonds, in parts of 65535, validator-major.
    pub bonds: Vec<u16>,
    /// Consensus on each neuron of the chunk.
    pub consensus: &'a [Q32],
    /// Incentive of each neuron of the chunk.
    pub incentive: &'a [Q32],
    /// True if any neuron of the subnet has consensus, in this chunk or another.
    pub agreed: bool,
}

/// A chunk's new bonds and their yield.
pub struct Outputs {
    /// Yield of each validator's bonds, before normalization.
    pub dividends: Vec<Q32>,
    /// The new bonds, in parts of 65535, validator-major.
    pub bonds: Vec<u16>,
}

impl Rule {
    /// Derives the rule from `params`.
    pub fn new(params: &YumaParams) -> Self {
        // Both round down: the inertia in 64.64 and then in 32.32, which is as good as once.
        let inertia = (params.bonds_moving_average << 32) / 1_000_000;
        let rate = Q32::ONE.minus(Q32(inertia));
        let curve = Sigmoid::new(
            params.alpha_low,
            params.alpha_high,
            params.alpha_sigmoid_steepness,
        );
        Self {
            penalty: Q32::from_u16(params.bonds_penalty),
            rate,
            rest: Q32::ONE.minus(rate),
            yuma3: params.yuma3,
            liquid: (params.yuma3 && params.liquid_alpha).then_some(curve),
        }
    }

    /// Multiplies each validator's yield by its active stake, under Yuma3.
    pub fn weigh_dividends(&self, dividends: &mut [Q32], active: &[Q32]) {
        if self.yuma3 {
            dividends
                .iter_mut()
                .zip(active)
                .for_each(|(dividend, active)| *dividend = dividend.times(*active));
        }
    }

    /// Moves the bonds of a chunk.
    pub fn apply(&self, inputs: Inputs) -> Outputs {
        // Bonds follow a weight between the given and the clipped one. [2.4, 15]
        let clipped = |weight: Q32, consensus: Q32| weight.min(consensus);
        match self.penalty {
            Q32::ONE => self.follow(inputs, clipped),
            Q32::ZERO => self.follow(inputs, |weight, _| weight),
            // The reference adds a negative product rounded down, that is, subtracts one rounded
            // up.
            penalty => self.follow(inputs, |weight, consensus| {
                weight.minus(penalty.times_up(weight.minus(consensus)))
            }),
        }
    }

    /// Returns a bond that moves from `old` towards `new` at the common rate.
    #[inline(always)]
    fn move_by_rate(&self, new: Q32, old: Q32) -> Q32 {
        self.rate.times(new).plus(self.rest.times(old))
    }

    fn follow(&self, inputs: Inputs, penalized: impl Fn(Q32, Q32) -> Q32) -> Outputs {
        if self.yuma3 {
            yuma3::apply(self, inputs, penalized)
        } else {
            yuma2::apply(self, inputs, penalized)
        }
    }
}

/// A number per validator and neuron of a chunk, validator-major, and the sum of each column.
struct Table {
    columns: usize,
    cells: Vec<Q32>,
    sums: Vec<Q32>,
}

impl Table {
    /// Makes an empty table of `columns` columns, with room for `rows` rows.
    fn new(rows: usize, columns: usize) -> Self {
        Self {
            columns: columns.max(1),
            cells: Vec::with_capacity(rows.saturating_mul(columns)),
            sums: vec![Q32::ZERO; columns],
        }
    }

    /// Appends a row of as many cells as there are columns.
    #[inline(always)]
    fn push(&mut self, row: impl Iterator<Item = Q32>) {
        let sums = &mut self.sums;
        self.cells
            .extend(sums.iter_mut().zip(row).map(|(sum, cell)| {
                *sum = sum.plus(cell);
                cell
            }));
    }

    /// Returns the rows.
    fn rows(&self) -> impl Iterator<Item = &[Q32]> {
        self.cells.chunks_exact(self.columns)
    }

    /// Returns the divisor of each column that makes its sum one.
    fn wholes(&self) -> Vec<Whole> {
        self.sums.iter().map(|sum| Whole::new(sum.0)).collect()
    }
}
