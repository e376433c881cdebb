//! Bonds of validators in neurons, which follow the weights over time, and the dividends they
//! yield. [2.4, 15 to 17, 2.5 and 2.6]

mod remembered;
mod yuma2;
mod yuma3;

pub use remembered::Remembered;

use crate::{
    columns::{self, AllColumns, Columns, Entries, WIDTH},
    fixed::{Tally, Whole, Q32},
    memory::Kept,
    room::Room,
    rows::Row,
    sigmoid::Sigmoid,
};
use ink::prelude::vec::Vec;
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
    /// Weights of each validator.
    pub rows: &'a [Row<'a>],
    /// Columns in which each validator has a weight that moves bonds, or a bond.
    pub masks: &'a [u64],
    /// Sum of each validator's weights, as a divisor.
    pub tallies: &'a [Tally],
    /// Active stake of each validator.
    pub active: &'a [Q32],
    /// Remembered bonds of each validator.
    pub bonds: &'a [Remembered<'a>],
    /// Consensus on each neuron of the chunk.
    pub consensus: &'a Columns<Q32>,
    /// Incentive of each neuron of the chunk.
    pub incentive: &'a Columns<Q32>,
    /// True if any neuron of the subnet has consensus, in this chunk or another.
    pub agreed: bool,
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

    /// Returns the columns whose weights move bonds: those with consensus if nothing of a weight
    /// above the consensus counts, else all.
    pub fn moving(&self, consensus: &Columns<Q32>) -> u64 {
        if self.penalty != Q32::ONE {
            return u64::MAX;
        }
        columns::mask_of(consensus.iter().map(|consensus| *consensus != Q32::ZERO))
    }

    /// Moves the bonds of a chunk. Returns the yield of each validator's bonds before
    /// normalization, and hands the new bonds of each validator, in the order of the roster, to
    /// `keep`.
    ///
    /// Rows are walked whole where most cells are filled, under the common rule: each combination
    /// of walk and rule is code that the chain loads with the kernel.
    #[inline(always)]
    pub fn apply(&self, inputs: Inputs, room: &mut Room, mut keep: impl FnMut(&Kept)) -> Vec<Q32> {
        // Bonds follow a weight between the given and the clipped one. [2.4, 15]
        let clips = self.penalty == Q32::ONE;
        let curve = self.liquid.as_ref().filter(|_| inputs.agreed);
        if clips && curve.is_none() && !columns::is_sparse(inputs.masks) {
            return if self.yuma3 {
                yuma3::by_rows(inputs, room, &mut keep, |weight, consensus, old| {
                    self.move_by_rate(weight.min(consensus), old)
                })
            } else {
                yuma2::apply(self, AllColumns, inputs, &mut keep, Q32::min)
            };
        }
        let penalized = |weight: Q32, consensus: Q32| {
            if clips {
                weight.min(consensus)
            } else {
                // The reference adds a negative product rounded down, that is, subtracts one
                // rounded up.
                weight.minus(self.penalty.times_up(weight.minus(consensus)))
            }
        };
        match curve {
            _ if !self.yuma3 => yuma2::apply(self, Entries, inputs, &mut keep, penalized),
            None => yuma3::by_entries(inputs, room, &mut keep, |weight, consensus, old| {
                self.move_by_rate(penalized(weight, consensus), old)
            }),
            Some(curve) => yuma3::by_entries(inputs, room, &mut keep, |weight, consensus, old| {
                yuma3::follow(curve, consensus, penalized(weight, consensus), old)
            }),
        }
    }

    /// Returns a bond that moves from `old` towards `new` at the common rate.
    #[inline(always)]
    fn move_by_rate(&self, new: Q32, old: Q32) -> Q32 {
        self.rate.times(new).plus(self.rest.times(old))
    }
}

/// Returns the divisor of each column that makes its sum one.
fn wholes(sums: &Columns<Q32>) -> Columns<Whole> {
    let mut wholes = [Whole::NOTHING; WIDTH];
    for (whole, sum) in wholes.iter_mut().zip(sums) {
        *whole = Whole::new(sum.0);
    }
    wholes
}
