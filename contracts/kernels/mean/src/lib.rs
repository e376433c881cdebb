//! The mean kernel: a miner earns by the stake-weighted mean of its weights, a validator by stake.
//!
//! The kernel has no clipping, no bonds, no memory and no parameters. It is the least that a subnet
//! can run on, and an example of a kernel.
//!
//! # Key terms
//! * **validator**: a uid of the header's roster with at least one weight that counts.
//! * **score**: stake behind a neuron, in rao.
//! * **chunk**, **phase**, **carry**, **scratch**: see `inktensor_primitives::kernel`.
//!
//! # The rule
//! * A weight is void if it is for the validator itself. It is also void for a neuron that
//!   registered at the block of the weights or later: the weight was set for an earlier neuron.
//! * Each validator divides its stake among the neurons in proportion to its weights that count. A
//!   neuron's **score** is the sum of these parts, rounded to whole rao, halves up.
//! * The miners' budget is divided by score, the validators' budget by the validators' stake. Each
//!   pay is rounded down. The rest is not paid, nor is a budget without any claim; emission carries
//!   both over to the next epoch. A combined budget is two halves; the validators' half is the
//!   larger if the budget is odd.
//! * Permits go to the `max_validators` largest stakes that are not zero, the lower uid first among
//!   equals, and to the owner.
//!
//! # Phases
//!
//! | phase | reads | computes |
//! |---|---|---|
//! | [`STAKE`] | neurons, stake | stake, the next permits, the block of each validator's weights |
//! | [`SUMS`] | neurons, rows | the sum of each row's weights that count |
//! | [`SCORES`] | neurons, rows | scores, passed on as scratch, and their sum |
//! | [`PAY`] | neurons, stake | results; after the last chunk the roster |
//!
//! # Modules
//! * `pay`: results from scores and stake
//! * `carry`: state of the whole subnet, and each phase's additions to it
//! * `chunk`: a step's inputs, checked for size
//!
//! # Invariants
//! * Pay never exceeds the budget.
//! * All arithmetic is on whole numbers and checked. A validator's stake per unit of weight is kept
//!   in 2^-32 rao, rounded down; scores are added up in the same unit before they are rounded. Sums
//!   that no chain makes are errors, and no input makes a step trap.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)] // Not forbidden: ink! generates some for the contract below.

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
    kernel::{
        EpochHeader, EpochPlan, KernelError, PhasePlan, Rows, StepInput, StepOutput, StepsInput,
    },
    PAGE,
};

/// Number of the phase that adds up stake.
pub const STAKE: u8 = 0;
/// Number of the phase that adds up rows.
pub const SUMS: u8 = 1;
/// Number of the phase that scores neurons.
pub const SCORES: u8 = 2;
/// Number of the phase that computes pay.
pub const PAY: u8 = 3;

/// Returns the cut of the epoch of `header` into steps.
///
/// # Errors
/// `BadParams` if there are any parameters: this kernel has none.
pub fn plan(header: &EpochHeader) -> Result<EpochPlan, KernelError> {
    if !header.params.is_empty() {
        return Err(KernelError::BadParams);
    }
    let phase = |rows, stake| PhasePlan {
        rows,
        stake,
        memory: false,
    };
    Ok(EpochPlan {
        chunk: PAGE,
        phases: vec![
            phase(false, true),
            phase(true, false),
            phase(true, false),
            phase(false, true),
        ],
        // The kernel has no memory, but a plan must name a phase for it.
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

/// Computes the steps of neighbouring chunks of a phase, and returns their outputs in order.
///
/// # Errors
/// The error of a step that fails.
pub fn steps(input: StepsInput) -> Result<Vec<StepOutput>, KernelError> {
    let mut one = StepInput {
        header: input.header,
        phase: input.phase,
        chunk: input.chunk,
        carry: input.carry,
        scratch: Vec::new(),
        memory: Vec::new(),
        neurons: Vec::new(),
        rows: Rows::default(),
    };
    let mut outputs = Vec::with_capacity(input.chunks.len());
    for part in input.chunks {
        one.scratch = part.scratch;
        one.memory = part.memory;
        one.neurons = part.neurons;
        one.rows = part.rows;
        let output = step(&one)?;
        one.chunk = one.chunk.saturating_add(1);
        one.carry.clone_from(&output.carry);
        outputs.push(output);
    }
    Ok(outputs)
}

/// Encodes scores for [`Chunk::scores`] of the next phase.
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
    use ink::prelude::vec::Vec;
    use inktensor_primitives::kernel::{
        EpochHeader, EpochPlan, IncentiveKernel, KernelError, StepInput, StepOutput, StepsInput,
        StepsKernel,
    };

    /// The mean kernel. Stateless.
    #[ink(storage)]
    #[derive(Default)]
    pub struct Mean {}

    impl Mean {
        /// Deploys the kernel, which has nothing to set up.
        #[ink(constructor)]
        pub fn new() -> Self {
            Self::default()
        }
    }

    impl IncentiveKernel for Mean {
        /// Returns the division of the epoch of `header` into steps.
        ///
        /// # Errors
        /// `BadParams` if the kernel cannot run with the header's parameters.
        #[ink(message)]
        fn plan(&self, header: EpochHeader) -> Result<EpochPlan, KernelError> {
            crate::plan(&header)
        }

        /// Computes one step and returns its output.
        ///
        /// # Errors
        /// `StepOutOfRange`, `BadParams`, `BadInputs`, `BadCarry`, `BadScratch`, `BadMemory`. The
        /// order of checks is the kernel's.
        #[ink(message)]
        fn step(&self, input: StepInput) -> Result<StepOutput, KernelError> {
            crate::step(&input)
        }
    }
    impl StepsKernel for Mean {
        /// Computes the steps of neighbouring chunks of a phase, each with the carry of the one
        /// before, and returns their outputs.
        ///
        /// # Errors
        /// The error of a step that fails.
        #[ink(message)]
        fn steps(&self, input: StepsInput) -> Result<Vec<StepOutput>, KernelError> {
            crate::steps(input)
        }
    }
}
