//! The Yuma kernel: subtensor's sparse epoch, bit for bit, as a fold of small pure steps.
//!
//! # Key terms
//! * **validator**: a uid of the header's roster. A validator has a row of weights, and a permit
//!   unless a newcomer took its seat.
//! * **chunk**: a run of uids that one step works on, as neurons and as columns of the weights.
//! * **phase**: one pass over all chunks. The next phase uses the facts that a phase establishes
//!   about all chunks.
//! * **carry**: state of the whole subnet between two steps. It holds facts of earlier phases and
//!   the running phase's sums.
//! * **scratch**: state of a chunk's neurons from one phase to the next.
//! * **memory**: bonds of a chunk's neurons, from one epoch to the next.
//!
//! # Phases
//!
//! | phase | reads | adds up | scratch |
//! |---|---|---|---|
//! | [`phases::stake`] | neurons | stake; standing of validators | |
//! | [`phases::roster`] | neurons, rows | permits, active stake, row sums | |
//! | [`phases::consensus`] | neurons, rows | ranks, validator trust | consensus, rank |
//! | [`phases::bonds`] | neurons, rows, memory | dividends, incentive | consensus, incentive |
//! | [`phases::emission`] | neurons | | |
//!
//! Phase `bonds` writes memory. Phase `emission` outputs results, and the roster after its last
//! step.
//!
//! # Modules
//! A module uses only modules further down.
//! * [`phases`]: the five phases and their carry
//! * [`bonds`]: Yuma2, Yuma3 and dividends
//! * [`median`], [`sigmoid`], [`topk`], [`memory`]: the weighted median, liquid alpha, the largest
//!   stakes, a chunk's memory
//! * [`rows`]: weights that count
//! * [`room`]: memory that one chunk leaves to the next
//! * [`columns`]: a chunk's uids as bits, and the walks over rows by entries or whole
//! * [`validators`]: the standing of each validator
//! * [`epoch`]: the checked header and the cut into chunks
//! * [`score`], [`codec`], [`fixed`]: 32-bit shares, bytes, fixed-point numbers
//!
//! # Invariants
//! * The work on a chunk reads facts of earlier phases only. So the chunks of a phase may be worked
//!   on in any order and at the same time ([`Carry::work`]). Only the folding of their sums is a
//!   chain ([`Carry::advance`]). [`step`] does both for one chunk.
//! * No input makes a step trap. Arithmetic wraps, and within the domain of an honest chain nothing
//!   wraps.
//! * The size of chunks does not change results.
//! * Equal bonds are equal bytes of memory.
//!
//! # Source of the rule
//! docs/subtensor-reference.md, sections 1 and 2. Each module names the part it computes.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)] // Not forbidden: ink! generates some for the contract below.

pub mod bonds;
pub mod codec;
pub mod columns;
pub mod epoch;
pub mod fixed;
pub mod median;
pub mod memory;
pub mod phases;
pub mod room;
pub mod rows;
pub mod score;
pub mod sigmoid;
pub mod topk;
pub mod validators;

pub use epoch::{Chunk, Epoch};
#[cfg(feature = "std")]
pub use phases::Totals;
pub use phases::{Carry, ChunkWork, Work};
pub use room::Room;

use ink::prelude::vec::Vec;
use inktensor_primitives::kernel::{
    EpochHeader, EpochPlan, KernelError, StepInput, StepOutput, StepsInput,
};

/// Returns the cut of the epoch of `header` into steps.
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
    let work = carry.work(&epoch, &chunk, &mut Room::default())?;
    let (_, output) = carry.advance(&epoch, input.chunk, work)?;
    Ok(output)
}

/// Computes the steps of neighbouring chunks of a phase, and returns their outputs in order.
///
/// # Errors
/// The error of a step that fails.
pub fn steps(input: &StepsInput) -> Result<Vec<StepOutput>, KernelError> {
    let epoch = Epoch::new(&input.header)?;
    let mut carry = Carry::decode(&epoch, input.phase, input.chunk, &input.carry)?;
    let mut room = Room::default();
    let mut outputs = Vec::with_capacity(input.chunks.len());
    for (behind, part) in (0..).zip(&input.chunks) {
        let number = input.chunk.saturating_add(behind);
        let chunk = epoch.chunk(
            input.phase,
            number,
            &part.neurons,
            &part.rows,
            &part.scratch,
            &part.memory,
        )?;
        let work = carry.work(&epoch, &chunk, &mut room)?;
        let (next, output) = carry.advance(&epoch, number, work)?;
        carry = next;
        outputs.push(output);
    }
    Ok(outputs)
}

/// The contract around the rule.
#[allow(unsafe_code)]
#[ink::contract]
pub mod yuma {
    use ink::prelude::vec::Vec;
    use inktensor_primitives::kernel::{
        EpochHeader, EpochPlan, IncentiveKernel, KernelError, StepInput, StepOutput, StepsInput,
        StepsKernel,
    };

    /// The Yuma kernel. Stateless.
    #[ink(storage)]
    #[derive(Default)]
    pub struct Yuma {}

    impl Yuma {
        /// Deploys the kernel, which has nothing to set up.
        #[ink(constructor)]
        pub fn new() -> Self {
            Self::default()
        }
    }

    impl IncentiveKernel for Yuma {
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
    impl StepsKernel for Yuma {
        /// Computes the steps of neighbouring chunks of a phase, each with the carry of the one
        /// before, and returns their outputs.
        ///
        /// # Errors
        /// The error of a step that fails.
        #[ink(message)]
        fn steps(&self, input: StepsInput) -> Result<Vec<StepOutput>, KernelError> {
            crate::steps(&input)
        }
    }
}
