//! The mean kernel: a miner earns by the stake-weighted mean of the weights it gets, a validator by
//! its stake.
//!
//! No clipping, no bonds, no memory, no parameters: the least that a subnet can run on, and an
//! example of a kernel.
//!
//! # Terms
//! * **validator**: a uid of the header's roster that gives somebody a weight that counts.
//! * **chunk**, **phase**, **carry**, **scratch**: see `inktensor_primitives::kernel`.
//!
//! # The rule
//! * A weight is void if it is for the validator itself, or if the neuron it is for registered at
//!   the block of the weights or after it: then it was meant for another.
//! * Each validator divides its stake among the neurons in proportion to its weights that count. A
//!   neuron's **score** is what it gets in all, rounded to whole rao, halves up. So it is stake
//!   that stands behind the neuron.
//! * The miners' budget is divided by score, the validators' budget by the validators' stake, each
//!   pay rounded down. What is lost to rounding is not paid; nor is a budget that nobody has a
//!   claim to. Emission carries both over to the next epoch. A combined budget is two halves, the
//!   validators' the larger if it is odd.
//! * Permits go to the `max_validators` largest stakes that are not zero, the lower uid first among
//!   equals, and to the owner.
//!
//! # Phases
//!
//! | phase | reads | finds out |
//! |---|---|---|
//! | [`STAKE`] | neurons | stake, the next permits, when each validator set its weights |
//! | [`SUMS`] | neurons, rows | the sum of each row's weights that count |
//! | [`SCORES`] | neurons, rows | scores, handed on as scratch, and their sum |
//! | [`PAY`] | neurons | results; at the very end the roster |
//!
//! # Arithmetic
//! Whole numbers only. A validator's stake per unit of weight is kept in 2^-32 rao, rounded down,
//! and scores are added up in the same unit before they are rounded. Everything is checked: sums
//! that no chain comes to are errors, and no input makes a step trap.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)] // Not forbidden: ink! generates some for the contract below, and nothing else may.

mod carry;
mod chunk;
mod pay;

use carry::Carry;
use chunk::Chunk;
use ink::{
    prelude::{vec, vec::Vec},
    scale::Encode,
};
use inktensor_primitives::{
    kernel::{EpochHeader, EpochPlan, KernelError, PhasePlan, StepInput, StepOutput},
    PAGE,
};

/// The phase that adds up stake.
pub const STAKE: u8 = 0;
/// The phase that adds up rows.
pub const SUMS: u8 = 1;
/// The phase that scores neurons.
pub const SCORES: u8 = 2;
/// The phase that pays.
pub const PAY: u8 = 3;

/// How the epoch of `header` is cut into steps.
///
/// # Errors
/// `BadParams` if there are any parameters: this kernel has none.
pub fn plan(header: &EpochHeader) -> Result<EpochPlan, KernelError> {
    if !header.params.is_empty() {
        return Err(KernelError::BadParams);
    }
    let phase = |rows| PhasePlan {
        rows,
        memory: false,
    };
    Ok(EpochPlan {
        chunk: PAGE,
        phases: vec![phase(false), phase(true), phase(true), phase(false)],
        // Nothing is remembered, but the plan must say when.
        memory_phase: PAY,
        results_phase: PAY,
    })
}

/// Computes one step.
///
/// # Errors
/// See [`KernelError`].
pub fn step(input: &StepInput) -> Result<StepOutput, KernelError> {
    let chunk = Chunk::new(input, &plan(&input.header)?)?;
    let mut carry = Carry::read(input)?;
    let mut output = StepOutput::default();
    match input.phase {
        STAKE => carry.add_stake(&chunk)?,
        SUMS => carry.add_rows(&chunk)?,
        SCORES => output.scratch = scratch(&carry.add_scores(&chunk)?),
        _ => {
            let roster = carry.roster(&input.header);
            output.results = pay::results(&carry, &chunk, &roster)?;
            if chunk.is_last {
                output.roster = roster;
            }
        }
    }
    output.carry = carry.encode();
    Ok(output)
}

/// Scores as the next phase reads them, see [`Chunk::scores`].
fn scratch(scores: &[u64]) -> Vec<u8> {
    scores
        .iter()
        .flat_map(|score| score.to_le_bytes())
        .collect()
}

/// The contract around the rule.
#[allow(unsafe_code)]
#[ink::contract]
pub mod mean {
    use inktensor_primitives::kernel::{
        EpochHeader, EpochPlan, IncentiveKernel, KernelError, StepInput, StepOutput,
    };

    /// The mean kernel. Stateless.
    #[ink(storage)]
    #[derive(Default)]
    pub struct Mean {}

    impl Mean {
        /// A kernel has nothing to set up.
        #[ink(constructor)]
        pub fn new() -> Self {
            Self::default()
        }
    }

    impl IncentiveKernel for Mean {
        /// How the epoch of `header` is cut into steps.
        ///
        /// # Errors
        /// `BadParams` if the kernel cannot run with the header's parameters.
        #[ink(message)]
        fn plan(&self, header: EpochHeader) -> Result<EpochPlan, KernelError> {
            crate::plan(&header)
        }

        /// Computes one step.
        ///
        /// # Errors
        /// See the variants of `KernelError`.
        #[ink(message)]
        fn step(&self, input: StepInput) -> Result<StepOutput, KernelError> {
            crate::step(&input)
        }
    }
}
