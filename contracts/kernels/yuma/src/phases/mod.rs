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
    room::Room,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    kernel::{KernelError, NeuronResult, StepOutput},
    Uid,
};

/// Bytes of a carry beside those of each validator, at most.
const FIXED: usize = 64;

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

/// A phase's work on a chunk, before it is done.
pub struct ChunkWork<'a> {
    carry: &'a Carry,
    epoch: &'a Epoch<'a>,
    chunk: &'a Chunk<'a>,
}

impl ChunkWork<'_> {
    /// Does the work. It is inlined, so that a caller can compile it for the vectors of a machine.
    ///
    /// # Errors
    /// Those of [`Carry::work`].
    #[inline(always)]
    pub fn run(self, room: &mut Room) -> Result<Work, KernelError> {
        let reads_scratch = matches!(self.carry, Carry::Bonds(_) | Carry::Emission(_));
        if !reads_scratch && !self.chunk.scratch.is_empty() {
            return Err(KernelError::BadScratch);
        }
        match self.carry {
            Carry::Stake(carry) => Ok(carry.work(self.epoch, self.chunk)),
            Carry::Roster(carry) => Ok(carry.work(self.epoch, self.chunk)),
            Carry::Consensus(carry) => Ok(carry.work(self.epoch, self.chunk, room)),
            Carry::Bonds(carry) => carry.work(self.epoch, self.chunk, room),
            Carry::Emission(carry) => carry.work(self.epoch, self.chunk),
            Carry::Done => Err(KernelError::StepOutOfRange),
        }
    }
}

/// The part of neighbouring chunks of the sums of a phase.
#[cfg(feature = "std")]
pub struct Totals(Sums);

#[cfg(feature = "std")]
impl Totals {
    /// Adds up the sums of the works on neighbouring chunks, in order of chunk. `None` without
    /// works, and for works of several phases.
    pub fn of<'a>(works: impl IntoIterator<Item = &'a Work>) -> Option<Self> {
        let mut works = works.into_iter();
        let mut totals = match &works.next()?.sums {
            Sums::Roster(sums) => Sums::Roster(sums.ranked()),
            sums => sums.clone(),
        };
        for work in works {
            match (&mut totals, &work.sums) {
                (Sums::Stake(totals), Sums::Stake(sums)) => totals.add(sums),
                (Sums::Roster(totals), Sums::Roster(sums)) => totals.add(sums),
                (Sums::Consensus(totals), Sums::Consensus(sums)) => totals.add(sums),
                (Sums::Bonds(totals), Sums::Bonds(sums)) => totals.add(sums),
                (Sums::Emission, Sums::Emission) => (),
                _ => return None,
            }
        }
        Some(Self(totals))
    }
}

/// The part of a chunk, or of neighbouring ones, of the running phase's sums.
#[derive(Clone)]
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
        let room = self.bytes_per_validator();
        let room = epoch.validators().saturating_mul(room);
        let writer = Writer::new(room.saturating_add(FIXED));
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

    /// Returns the number of bytes of the carry per validator, if there are as many permits.
    fn bytes_per_validator(&self) -> usize {
        // Standing, active stake, row sum, uid of the next roster.
        const FACTS: usize = 9 + 8 + 4 + 2;
        // Standing, stake, row sum, leader.
        const ROSTER: usize = 9 + 8 + 4 + 8;
        // Active stake, trust, uid of the next roster, dividends.
        const EMISSION: usize = 8 + 2 + 2 + 8;
        // Trust.
        const CONSENSUS: usize = FACTS + 8;
        // Trust, dividends.
        const BONDS: usize = FACTS + 2 + 8;
        match self {
            Carry::Stake(_) => 9,
            Carry::Roster(_) => ROSTER,
            Carry::Consensus(_) => CONSENSUS,
            Carry::Bonds(_) => BONDS,
            Carry::Emission(_) => EMISSION,
            Carry::Done => 0,
        }
    }

    /// Works on one chunk. Reads facts of earlier phases and none of this phase's sums, so chunks
    /// may be worked on in any order.
    ///
    /// # Errors
    /// `BadScratch` if the scratch is not an output of the phase before.
    pub fn work(&self, epoch: &Epoch, chunk: &Chunk, room: &mut Room) -> Result<Work, KernelError> {
        self.task(epoch, chunk).run(room)
    }

    /// Returns the work on one chunk, as [`Carry::work`] does it.
    pub fn task<'a>(&'a self, epoch: &'a Epoch<'a>, chunk: &'a Chunk<'a>) -> ChunkWork<'a> {
        ChunkWork {
            carry: self,
            epoch,
            chunk,
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
        self.add(&work)?;
        let (carry, roster) = if epoch.is_last(chunk) {
            self.seal(epoch)
        } else {
            (self, Vec::new())
        };
        let output = work.output(carry.encode(epoch), roster);
        Ok((carry, output))
    }

    /// Adds the sums of the work on the next chunk.
    ///
    /// # Errors
    /// `BadCarry` if the work was done in another phase.
    pub fn add(&mut self, work: &Work) -> Result<(), KernelError> {
        self.add_sums(&work.sums)
    }

    /// Adds the sums of the works on the next chunks at once.
    ///
    /// # Errors
    /// `BadCarry` if the works were done in another phase.
    #[cfg(feature = "std")]
    pub fn add_totals(&mut self, totals: &Totals) -> Result<(), KernelError> {
        self.add_sums(&totals.0)
    }

    fn add_sums(&mut self, sums: &Sums) -> Result<(), KernelError> {
        match (self, sums) {
            (Carry::Stake(carry), Sums::Stake(sums)) => carry.fold(sums),
            (Carry::Roster(carry), Sums::Roster(sums)) => carry.fold(sums),
            (Carry::Consensus(carry), Sums::Consensus(sums)) => carry.fold(sums),
            (Carry::Bonds(carry), Sums::Bonds(sums)) => carry.fold(sums),
            (Carry::Emission(_), Sums::Emission) => (),
            _ => return Err(KernelError::BadCarry),
        }
        Ok(())
    }

    /// Ends the phase, after the last chunk's work. Returns the next phase's carry, and the roster
    /// after the last phase.
    pub fn seal(self, epoch: &Epoch) -> (Self, Vec<Uid>) {
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
    /// Returns the output of the step that ends with these bytes of a carry, and with this roster.
    pub fn output(self, carry: Vec<u8>, roster: Vec<Uid>) -> StepOutput {
        StepOutput {
            carry,
            scratch: self.scratch,
            memory: self.memory,
            results: self.results,
            roster,
        }
    }

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
