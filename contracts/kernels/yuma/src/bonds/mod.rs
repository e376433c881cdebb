//! Bonds: what a validator has earned in a neuron by having weighed it well, and the dividends they
//! pay. [2.4, 15 to 17, 2.5 and 2.6]

mod yuma2;
mod yuma3;

use crate::{
    fixed::{Whole, Q32},
    rows::Rows,
    sigmoid::Sigmoid,
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::kernel::YumaParams;

/// How bonds move.
#[derive(Clone, Debug)]
pub struct Rule {
    /// How far bonds follow clipped rather than given weights.
    penalty: Q32,
    /// How much of the new weights enters the bonds.
    rate: Q32,
    /// How much of the old bonds stays.
    rest: Q32,
    yuma3: bool,
    liquid: Option<Sigmoid>,
}

/// What a chunk's bonds are computed from.
pub struct Market<'a> {
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
    /// Whether any neuron of the subnet, in this chunk or another, has consensus.
    pub agreed: bool,
}

/// What became of a chunk's bonds.
pub struct Outcome {
    /// What each validator's bonds yield, before normalisation.
    pub dividends: Vec<Q32>,
    /// The new bonds, in parts of 65535, validator-major.
    pub bonds: Vec<u16>,
}

impl Rule {
    /// The rule that `params` ask for.
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

    /// Weighs what all chunks' bonds yield with the validators' active stake, where the rule has
    /// it.
    pub fn weigh_dividends(&self, dividends: &mut [Q32], active: &[Q32]) {
        if self.yuma3 {
            dividends
                .iter_mut()
                .zip(active)
                .for_each(|(dividend, active)| *dividend = dividend.times(*active));
        }
    }

    /// Moves the bonds of a chunk.
    pub fn apply(&self, market: Market) -> Outcome {
        // What bonds follow lies between the given weight and the clipped one. [2.4, 15]
        let clipped = |weight: Q32, consensus: Q32| weight.min(consensus);
        match self.penalty {
            Q32::ONE => self.follow(market, clipped),
            Q32::ZERO => self.follow(market, |weight, _| weight),
            // The reference adds a negative product rounded down, that is, subtracts one rounded
            // up.
            penalty => self.follow(market, |weight, consensus| {
                weight.minus(penalty.times_up(weight.minus(consensus)))
            }),
        }
    }

    /// A bond that moves from `old` towards `new` at the common rate.
    #[inline(always)]
    fn move_by_rate(&self, new: Q32, old: Q32) -> Q32 {
        self.rate.times(new).plus(self.rest.times(old))
    }

    fn follow(&self, market: Market, penalised: impl Fn(Q32, Q32) -> Q32) -> Outcome {
        if self.yuma3 {
            yuma3::apply(self, market, penalised)
        } else {
            yuma2::apply(self, market, penalised)
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
    /// An empty table of `columns` columns, with room for `rows` rows.
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

    /// The rows.
    fn rows(&self) -> impl Iterator<Item = &[Q32]> {
        self.cells.chunks_exact(self.columns)
    }

    /// What to divide each column by to make its sum one, beside the incentive.
    fn wholes(&self) -> Vec<Whole> {
        self.sums.iter().map(|sum| Whole::new(sum.0)).collect()
    }
}
