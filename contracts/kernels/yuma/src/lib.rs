//! The Yuma kernel: subtensor's sparse epoch, bit for bit, as a fold of small pure steps.
//!
//! # Terms
//! * **validator**: a uid of the header's roster. It has a permit (unless a newcomer took its seat)
//!   and a weights row.
//! * **chunk**: a run of uids that one step works on, as neurons and as columns of the weights.
//! * **phase**: one pass over all chunks. What a phase finds out about all chunks, the next one
//!   uses.
//! * **carry**: what is known about the whole subnet: facts from earlier phases, and sums of the
//!   running one.
//! * **scratch**: what is known about a chunk's neurons, from one phase to the next.
//! * **memory**: bonds of a chunk's neurons, from one epoch to the next.
//!
//! # Phases
//!
//! | phase | reads | adds up | leaves |
//! |---|---|---|---|
//! | [`phases::stake`] | neurons | stake; which weights of whom count | |
//! | [`phases::roster`] | neurons, rows | permits, active stake, row sums | |
//! | [`phases::consensus`] | neurons, rows | ranks, validator trust | consensus and rank |
//! | [`phases::bonds`] | neurons, rows, memory | dividends, incentive | consensus and incentive; memory |
//! | [`phases::emission`] | neurons | | results; at the very end the roster |
//!
//! The work on a chunk reads only what earlier phases found out. So the chunks of a phase may be
//! worked on in any order and at the same time ([`Carry::work`]), and only the folding of their
//! sums is a chain ([`Carry::advance`]). [`step`] does both for one chunk.
//!
//! # Where the rule comes from
//! docs/subtensor-reference.md, sections 1 and 2. Each module names the part it computes.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)] // Not forbidden: ink! generates some for the contract below, and nothing else may.

pub mod bonds;
pub mod codec;
pub mod epoch;
pub mod fixed;
pub mod median;
pub mod memory;
#[cfg(feature = "std")]
pub mod native;
pub mod phases;
pub mod rows;
pub mod sigmoid;
pub mod topk;

pub use epoch::{Chunk, Epoch};
pub use phases::{Carry, Work};

use inktensor_primitives::kernel::{EpochHeader, EpochPlan, KernelError, StepInput, StepOutput};

/// How the epoch of `header` is cut into steps.
///
/// # Errors
/// `BadParams`, and `BadInputs` for a header that no chain makes.
pub fn plan(header: &EpochHeader) -> Result<EpochPlan, KernelError> {
    Ok(Epoch::new(header)?.into_plan())
}

/// Computes one step.
///
/// # Errors
/// See [`KernelError`].
pub fn step(input: &StepInput) -> Result<StepOutput, KernelError> {
    let epoch = Epoch::new(&input.header)?;
    let chunk = epoch.chunk(
        input.phase,
        input.chunk,
        &input.neurons,
        &input.rows,
        &input.scratch,
        &input.memory,
    )?;
    let carry = Carry::decode(&epoch, input.phase, input.chunk, &input.carry)?;
    let work = carry.work(&epoch, &chunk)?;
    let (_, output) = carry.advance(&epoch, input.chunk, work)?;
    Ok(output)
}

/// The contract around the rule.
#[allow(unsafe_code)]
#[ink::contract]
pub mod yuma {
    use inktensor_primitives::kernel::{
        EpochHeader, EpochPlan, IncentiveKernel, KernelError, StepInput, StepOutput,
    };

    /// The Yuma kernel. Stateless.
    #[ink(storage)]
    #[derive(Default)]
    pub struct Yuma {}

    impl Yuma {
        /// A kernel has nothing to set up.
        #[ink(constructor)]
        pub fn new() -> Self {
            Self::default()
        }
    }

    impl IncentiveKernel for Yuma {
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
