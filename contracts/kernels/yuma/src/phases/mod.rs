//! The five phases, and the carry from one step to the next.
//!
//! A phase's carry holds facts of earlier phases, which do not change in the phase, and sums over
//! the chunks so far. The last chunk of a phase seals it: the sums become facts, and the next
//! phase's sums start at zero.

pub mod bonds;
pub mod consensus;
pub mod emission;
mod facts;
pub mod roster;
pub mod stake;
#[cfg(feature = "std")]
pub mod terms;

use crate::{
    codec::{Reader, Writer},
    epoch::{self, Chunk, Epoch},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    kernel::{KernelError, NeuronResult, StepOutput},
    Uid,
};

/// Bytes for which a carry has room per validator. The carries of all phases but the second need
/// fewer; that one also has the largest stakes.
const PER_VALIDATOR: usize = 48;

/// State of the whole subnet between two steps, by phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carry {
    /// Carry of the phase that adds up stake.
    Stake(stake::Carry),
    /// Carry of the phase that gives out permits.
    Roster(roster::Carry),
    /// Carry of the phase that computes consensus.
    Consensus(consensus::Carry),
    /// Carry of the phase that moves bonds.
    Bonds(bonds::Carry),
    /// Carry of the phase that computes pay.
    Emission(emission::Carry),
    /// Carry after the last step: no bytes.
    Done,
}

/// The work done on one chunk: its part of the sums, and its outputs.
pub struct Work {
    sums: Sums,
    scratch: Vec<u8>,
    memory: Vec<u8>,
    results: Vec<NeuronResult>,
}

/// A chunk's part of the running phase's sums.
enum Sums {
    Stake(stake::Sums),
    Roster(roster::Sums),
    Consensus(consensus::Sums),
    Bonds(bonds::Sums),
    Emission,
}

impl Carry {
    /// Returns the carry of the first step.
    pub fn first(epoch: &Epoch) -> Self {
        Carry::Stake(stake::Carry::first(epoch))
    }

    /// Reads the carry of a step from the output of the step before it. The first step has no
    /// bytes.
    ///
    /// # Errors
    /// `BadCarry` if the bytes are not a carry of that phase, `StepOutOfRange` if there is no such
    /// phase.
    pub fn decode(epoch: &Epoch, phase: u8, chunk: u16, bytes: &[u8]) -> Result<Self, KernelError> {
        let mut reader = Reader::new(bytes);
        let carry = match phase {
            epoch::STAKE if chunk == 0 => Some(Self::first(epoch)),
            epoch::STAKE => stake::Carry::read(epoch, &mut reader).map(Carry::Stake),
            epoch::ROSTER => roster::Carry::read(epoch, &mut reader).map(Carry::Roster),
            epoch::CONSENSUS => consensus::Carry::read(epoch, &mut reader).map(Carry::Consensus),
            epoch::BONDS => bonds::Carry::read(epoch, &mut reader).map(Carry::Bonds),
            epoch::EMISSION => emission::Carry::read(epoch, &mut reader).map(Carry::Emission),
            _ => return Err(KernelError::StepOutOfRange),
        };
        carry
            .and_then(|carry| reader.end(carry))
            .ok_or(KernelError::BadCarry)
    }

    /// Returns the bytes for the next step.
    pub fn encode(&self, epoch: &Epoch) -> Vec<u8> {
        let writer = Writer::new(epoch.validators().saturating_mul(PER_VALIDATOR));
        match self {
            Carry::Stake(carry) => carry.write(writer),
            Carry::Roster(carry) => carry.write(writer),
            Carry::Consensus(carry) => carry.write(writer),
            Carry::Bonds(carry) => carry.write(writer),
            Carry::Emission(carry) => carry.write(writer),
            Carry::Done => writer,
        }
        .end()
    }

    /// Works on one chunk. Reads facts of earlier phases and none of this phase's sums, so chunks
    /// may be worked on in any order.
    ///
    /// # Errors
    /// `BadScratch` if the scratch is not an output of the phase before.
    pub fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Result<Work, KernelError> {
        if !matches!(self, Carry::Bonds(_) | Carry::Emission(_)) && !chunk.scratch.is_empty() {
            return Err(KernelError::BadScratch);
        }
        match self {
            Carry::Stake(carry) => Ok(carry.work(epoch, chunk)),
            Carry::Roster(carry) => Ok(carry.work(epoch, chunk)),
            Carry::Consensus(carry) => Ok(carry.work(epoch, chunk)),
            Carry::Bonds(carry) => carry.work(epoch, chunk),
            Carry::Emission(carry) => carry.work(epoch, chunk),
            Carry::Done => Err(KernelError::StepOutOfRange),
        }
    }

    /// Adds the work on `chunk`, and seals the phase if `chunk` is its last one. Takes chunks in
    /// order.
    ///
    /// # Errors
    /// `BadCarry` if the work was done in another phase.
    pub fn advance(
        mut self,
        epoch: &Epoch,
        chunk: u16,
        work: Work,
    ) -> Result<(Self, StepOutput), KernelError> {
        match (&mut self, work.sums) {
            (Carry::Stake(carry), Sums::Stake(sums)) => carry.fold(sums),
            (Carry::Roster(carry), Sums::Roster(sums)) => carry.fold(sums),
            (Carry::Consensus(carry), Sums::Consensus(sums)) => carry.fold(sums),
            (Carry::Bonds(carry), Sums::Bonds(sums)) => carry.fold(sums),
            (Carry::Emission(_), Sums::Emission) => (),
            _ => return Err(KernelError::BadCarry),
        }
        let (carry, roster) = if epoch.is_last(chunk) {
            self.seal(epoch)
        } else {
            (self, Vec::new())
        };
        let output = StepOutput {
            carry: carry.encode(epoch),
            scratch: work.scratch,
            memory: work.memory,
            results: work.results,
            roster,
        };
        Ok((carry, output))
    }

    /// Adds the works on all chunks of the phase, in order of chunk. Returns the next phase's
    /// carry, and the outputs of the phase's steps.
    ///
    /// # Errors
    /// The error of the first work that failed, and those of [`Carry::advance`].
    pub fn advance_all(
        self,
        epoch: &Epoch,
        works: impl IntoIterator<Item = Result<Work, KernelError>>,
    ) -> Result<(Self, Vec<StepOutput>), KernelError> {
        let mut carry = self;
        let mut outputs = Vec::new();
        for (chunk, work) in (0u16..).zip(works) {
            let (next, output) = carry.advance(epoch, chunk, work?)?;
            carry = next;
            outputs.push(output);
        }
        Ok((carry, outputs))
    }

    /// Returns the next phase's carry, and the roster after the last phase.
    fn seal(self, epoch: &Epoch) -> (Self, Vec<Uid>) {
        let carry = match self {
            Carry::Stake(carry) => Carry::Roster(carry.seal(epoch)),
            Carry::Roster(carry) => Carry::Consensus(carry.seal(epoch)),
            Carry::Consensus(carry) => Carry::Bonds(carry.seal(epoch)),
            Carry::Bonds(carry) => Carry::Emission(carry.seal()),
            Carry::Emission(carry) => return (Carry::Done, carry.roster),
            Carry::Done => Carry::Done,
        };
        (carry, Vec::new())
    }
}

impl Work {
    /// Makes work that adds `sums` and outputs nothing.
    fn of(sums: Sums) -> Self {
        Self {
            sums,
            scratch: Vec::new(),
            memory: Vec::new(),
            results: Vec::new(),
        }
    }
}
