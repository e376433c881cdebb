//! An epoch as the kernel sees it: the header checked once, its parameters in the form the
//! arithmetic wants, and the cut into chunks.

use crate::{bonds::Rule, fixed::Q32};
use ink::{
    prelude::vec,
    scale::{DecodeAll, Error},
};
use inktensor_primitives::{
    kernel::{EpochHeader, EpochPlan, KernelError, NeuronInput, PhasePlan, YumaParams},
    Uid, MAX_UIDS, PAGE,
};

/// Most permits this kernel gives out, the owner's not counted.
///
/// A subnet may have fewer (`MAX_VALIDATORS`); the arithmetic, and the limits on carry and memory,
/// hold up to here.
pub const MAX_PERMITS: u16 = 256;

/// Validators up to which the bonds of a chunk of 64 uids stay within the limit on memory.
const MOST_FOR_WHOLE_PAGE: usize = 252;

/// Inertia of bonds is given in millionths.
const MILLION: u64 = 1_000_000;

/// The phase that adds up stake.
pub const STAKE: u8 = 0;
/// The phase that gives out permits.
pub const ROSTER: u8 = 1;
/// The phase that finds consensus.
pub const CONSENSUS: u8 = 2;
/// The phase that moves bonds.
pub const BONDS: u8 = 3;
/// The phase that pays.
pub const EMISSION: u8 = 4;

/// A checked header.
pub struct Epoch<'a> {
    pub(crate) header: &'a EpochHeader,
    pub(crate) params: YumaParams,
    pub(crate) rule: Rule,
    plan: EpochPlan,
}

/// What a step is given about its chunk, checked for size.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Its first uid.
    pub(crate) start: u16,
    pub(crate) neurons: &'a [NeuronInput],
    /// Validator-major, empty if the phase does not read them.
    pub(crate) rows: &'a [u16],
    pub(crate) scratch: &'a [u8],
    pub(crate) memory: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The neurons by uid.
    pub(crate) fn seats(&self) -> impl Iterator<Item = (u16, &'a NeuronInput)> {
        (self.start..).zip(self.neurons)
    }
}

impl<'a> Epoch<'a> {
    /// Checks `header` and plans its epoch.
    ///
    /// # Errors
    /// `BadParams`, and `BadInputs` for a header that no chain makes.
    pub fn new(header: &'a EpochHeader) -> Result<Self, KernelError> {
        let next = usize::from(header.max_validators).saturating_add(1);
        let validators = header.roster.len().max(next);
        // Bonds of uids that move to another chunk are lost, so a chunk's size should not change
        // while a subnet lives. It does not: `MAX_VALIDATORS` is far below the limit.
        let chunk = if validators <= MOST_FOR_WHOLE_PAGE {
            PAGE
        } else {
            PAGE / 2
        };
        Self::with_chunk(header, chunk)
    }

    /// As [`Epoch::new`] with chunks of a given size, which does not matter to results.
    ///
    /// # Errors
    /// `BadParams`, and `BadInputs` for a header that no chain makes or a chunk that is no power of
    /// two.
    pub fn with_chunk(header: &'a EpochHeader, chunk: u16) -> Result<Self, KernelError> {
        let params = YumaParams::decode_all(&mut &header.params[..])
            .map_err(|_: Error| KernelError::BadParams)?;
        if params.bonds_moving_average > MILLION || header.max_validators > MAX_PERMITS {
            return Err(KernelError::BadParams);
        }
        let phase = |rows, memory| PhasePlan { rows, memory };
        let plan = EpochPlan {
            chunk,
            phases: vec![
                phase(false, false),
                phase(true, false),
                phase(true, false),
                phase(true, true),
                phase(false, false),
            ],
            memory_phase: BONDS,
            results_phase: EMISSION,
        };
        let epoch = Self {
            header,
            rule: Rule::new(&params),
            params,
            plan,
        };
        let sound = epoch.plan.is_sound() && header.neurons <= MAX_UIDS && epoch.roster_is_sound();
        if sound {
            Ok(epoch)
        } else {
            Err(KernelError::BadInputs)
        }
    }

    /// Ascending, within the subnet, not too long, and with the owner.
    fn roster_is_sound(&self) -> bool {
        let roster = &self.header.roster;
        let ascending = roster.windows(2).all(|pair| pair.first() < pair.last());
        let within = roster.last().is_none_or(|uid| uid.0 < self.header.neurons);
        let short = roster.len() <= usize::from(MAX_PERMITS).saturating_add(1);
        let owned = self
            .owner()
            .is_none_or(|owner| roster.binary_search(&owner).is_ok());
        ascending && within && short && owned
    }

    /// How the epoch is cut into steps.
    pub fn plan(&self) -> &EpochPlan {
        &self.plan
    }

    /// As [`Epoch::plan`], when nothing else is wanted.
    pub fn into_plan(self) -> EpochPlan {
        self.plan
    }

    /// Checks what a step is given.
    ///
    /// # Errors
    /// `StepOutOfRange`, and `BadInputs` if neurons or rows are not as many as there should be.
    pub fn chunk<'b>(
        &self,
        phase: u8,
        chunk: u16,
        neurons: &'b [NeuronInput],
        rows: &'b [u16],
        scratch: &'b [u8],
        memory: &'b [u8],
    ) -> Result<Chunk<'b>, KernelError> {
        let reads = self
            .plan
            .phases
            .get(usize::from(phase))
            .ok_or(KernelError::StepOutOfRange)?;
        let (start, len) = self.plan.span(chunk, self.header.neurons);
        if len == 0 {
            return Err(KernelError::StepOutOfRange);
        }
        let len = usize::from(len);
        let cells = if reads.rows {
            self.validators().checked_mul(len)
        } else {
            Some(0)
        };
        if neurons.len() != len || Some(rows.len()) != cells {
            return Err(KernelError::BadInputs);
        }
        if !reads.memory && !memory.is_empty() {
            return Err(KernelError::BadMemory);
        }
        Ok(Chunk {
            start: start.0,
            neurons,
            rows,
            scratch,
            memory,
        })
    }

    /// Whether `chunk` is the last one of a phase.
    pub(crate) fn is_last(&self, chunk: u16) -> bool {
        chunk.saturating_add(1) >= self.plan.chunks(self.header.neurons)
    }

    /// Number of rows.
    pub(crate) fn validators(&self) -> usize {
        self.header.roster.len()
    }

    /// The place in the roster of the first validator in `chunk`.
    pub(crate) fn first_validator(&self, chunk: &Chunk) -> usize {
        self.header
            .roster
            .partition_point(|uid| uid.0 < chunk.start)
    }

    /// The validators in `chunk`, by uid.
    pub(crate) fn validators_in<'b>(
        &'b self,
        chunk: &Chunk<'b>,
    ) -> impl Iterator<Item = (u16, &'b NeuronInput)> {
        let (start, neurons) = (chunk.start, chunk.neurons);
        let uids = self.header.roster.iter().skip(self.first_validator(chunk));
        uids.map_while(move |uid| {
            Some((uid.0, neurons.get(usize::from(uid.0.checked_sub(start)?))?))
        })
    }

    /// The owner's uid, if its seat exists.
    pub(crate) fn owner(&self) -> Option<Uid> {
        self.header
            .owner_uid
            .filter(|owner| owner.0 < self.header.neurons)
    }

    /// Whether `uid` is the owner's. The owner always has a permit, and may weigh itself.
    pub(crate) fn is_owner(&self, uid: u16) -> bool {
        self.owner() == Some(Uid(uid))
    }

    /// Whether the validator at `uid` has a permit in this epoch.
    pub(crate) fn permitted(&self, uid: u16, neuron: &NeuronInput) -> bool {
        neuron.permit || self.is_owner(uid)
    }

    /// Stake that counts: all of it, if it reaches the threshold or is the owner's. [2.4, 2]
    pub(crate) fn counted_stake(&self, uid: u16, neuron: &NeuronInput) -> u64 {
        if neuron.stake < self.params.min_stake.0 && !self.is_owner(uid) {
            0
        } else {
            neuron.stake
        }
    }

    /// Whether the neuron has set weights within the activity cutoff. [2.4, 1]
    pub(crate) fn is_active(&self, neuron: &NeuronInput) -> bool {
        neuron
            .last_update
            .saturating_add(self.params.activity_cutoff)
            >= self.header.closed_at
    }

    /// First block whose registrations a validator's weights say nothing about.
    ///
    /// Weights of `last_update` are void for who registered then or later, and, under
    /// commit-reveal, for who registered after the commit. [2.4, 8 and 9]
    pub(crate) fn weights_reach(&self, neuron: &NeuronInput) -> u64 {
        let committed = if self.params.commit_reveal {
            neuron.commit_block.saturating_add(1)
        } else {
            u64::MAX
        };
        neuron.last_update.min(committed)
    }

    /// Whether bonds remembered in the neuron's seat are in another: one registered before. [2.4,
    /// 16]
    ///
    /// The reference compares blocks only. A newcomer of the very block that the last epoch closed
    /// in passes that.
    pub(crate) fn forgets(&self, neuron: &NeuronInput) -> bool {
        let reach = match self.header.previous_close {
            0 => self
                .header
                .closed_at
                .saturating_sub(u64::from(self.header.tempo)),
            close => close.saturating_add(1),
        };
        neuron.newcomer || reach <= neuron.registered_at
    }

    /// Majority that consensus asks for.
    pub(crate) fn kappa(&self) -> Q32 {
        Q32::from_u16(self.params.kappa)
    }
}
