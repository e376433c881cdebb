//! An epoch in the kernel's form: the header checked once, its parameters decoded, and the cut into
//! chunks.

use crate::fixed::Q32;
use ink::{
    prelude::vec,
    scale::{DecodeAll, Error},
};
use inktensor_primitives::{
    kernel::{EpochHeader, EpochPlan, KernelError, NeuronInput, PhasePlan, Rows, YumaParams},
    Uid, MAX_UIDS, PAGE,
};

/// Most permits this kernel gives out, the owner's not counted.
///
/// A subnet may have fewer (`MAX_VALIDATORS`). The arithmetic and the limits on carry and memory
/// hold up to this number.
pub const MAX_PERMITS: u16 = 256;

/// One, in millionths: the unit of the inertia of bonds.
const MILLION: u64 = 1_000_000;

/// Number of the phase that adds up stake.
pub const STAKE: u8 = 0;
/// Number of the phase that gives out permits.
pub const ROSTER: u8 = 1;
/// Number of the phase that computes consensus.
pub const CONSENSUS: u8 = 2;
/// Number of the phase that moves bonds.
pub const BONDS: u8 = 3;
/// Number of the phase that computes pay.
pub const EMISSION: u8 = 4;

/// A checked header.
pub struct Epoch<'a> {
    pub(crate) header: &'a EpochHeader,
    pub(crate) params: YumaParams,
    plan: EpochPlan,
}

/// A step's inputs about its chunk, checked for size.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// First uid.
    pub(crate) start: u16,
    pub(crate) neurons: &'a [NeuronInput],
    /// A row per validator; none in a phase that does not read rows.
    pub(crate) rows: &'a Rows,
    pub(crate) scratch: &'a [u8],
    pub(crate) memory: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Returns the neurons by uid.
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
        // Bonds of uids that move to another chunk are lost, so the chunk size of a subnet must not
        // change.
        Self::with_chunk(header, PAGE)
    }

    /// Checks `header` and plans its epoch with chunks of a given size. Results do not depend on
    /// the size.
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
        let phase = |rows, stake, memory| PhasePlan {
            rows,
            stake,
            memory,
        };
        let plan = EpochPlan {
            chunk,
            phases: vec![
                phase(false, true, false),
                phase(true, true, false),
                phase(true, false, false),
                phase(true, false, true),
                phase(false, true, false),
            ],
            memory_phase: BONDS,
            results_phase: EMISSION,
        };
        let epoch = Self {
            header,
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

    /// Returns true if the roster ascends, is within the subnet and the limit, and has the owner.
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

    /// Returns the cut of the epoch into steps.
    pub fn plan(&self) -> &EpochPlan {
        &self.plan
    }

    /// Returns the cut of the epoch into steps by value.
    pub fn into_plan(self) -> EpochPlan {
        self.plan
    }

    /// Checks the inputs of a step.
    ///
    /// # Errors
    /// `StepOutOfRange`; `BadInputs` for a wrong number of neurons or rows, and for a weight that
    /// is for no neuron of the chunk; `BadMemory` in a phase that reads none.
    pub fn chunk<'b>(
        &self,
        phase: u8,
        chunk: u16,
        neurons: &'b [NeuronInput],
        rows: &'b Rows,
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
        let given = if reads.rows { self.validators() } else { 0 };
        if neurons.len() != len || !rows.fit(given, len) {
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

    /// Returns true if `chunk` is the last one of a phase.
    pub(crate) fn is_last(&self, chunk: u16) -> bool {
        chunk.saturating_add(1) >= self.plan.chunks(self.header.neurons)
    }

    /// Returns the number of validators, which is the number of rows.
    pub(crate) fn validators(&self) -> usize {
        self.header.roster.len()
    }

    /// Returns the place in the roster of the first validator in `chunk`.
    pub(crate) fn first_validator(&self, chunk: &Chunk) -> usize {
        self.header
            .roster
            .partition_point(|uid| uid.0 < chunk.start)
    }

    /// Returns the validators in `chunk`, by uid.
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

    /// Returns the owner's uid, if that seat exists.
    pub(crate) fn owner(&self) -> Option<Uid> {
        self.header
            .owner_uid
            .filter(|owner| owner.0 < self.header.neurons)
    }

    /// Returns true if `uid` is the owner's. The owner always has a permit, and a weight for itself
    /// counts.
    pub(crate) fn is_owner(&self, uid: u16) -> bool {
        self.owner() == Some(Uid(uid))
    }

    /// Returns true if the validator at `uid` has a permit in this epoch.
    pub(crate) fn permitted(&self, uid: u16, neuron: &NeuronInput) -> bool {
        neuron.permit || self.is_owner(uid)
    }

    /// Returns the stake that counts: all of it if it reaches the threshold or is the owner's.
    /// [2.4, 2]
    pub(crate) fn counted_stake(&self, uid: u16, neuron: &NeuronInput) -> u64 {
        if neuron.stake < self.params.min_stake.0 && !self.is_owner(uid) {
            0
        } else {
            neuron.stake
        }
    }

    /// Returns true if the neuron has set weights within the activity cutoff. [2.4, 1]
    pub(crate) fn is_active(&self, neuron: &NeuronInput) -> bool {
        neuron
            .last_update
            .saturating_add(self.params.activity_cutoff)
            >= self.header.closed_at
    }

    /// Returns the first block whose registrations a validator's weights do not cover.
    ///
    /// Weights are void for neurons that registered at `last_update` or later. Under commit-reveal
    /// they are also void for neurons that registered after the commit. [2.4, 8 and 9]
    pub(crate) fn weights_reach(&self, neuron: &NeuronInput) -> u64 {
        let committed = if self.params.commit_reveal {
            neuron.commit_block.saturating_add(1)
        } else {
            u64::MAX
        };
        neuron.last_update.min(committed)
    }

    /// Returns true if the bonds remembered in the neuron's seat belong to an earlier registration.
    /// [2.4, 16]
    ///
    /// The reference compares blocks only, which misses a newcomer of the block in which the last
    /// epoch closed.
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

    /// Returns the majority of active stake that consensus requires.
    pub(crate) fn kappa(&self) -> Q32 {
        Q32::from_u16(self.params.kappa)
    }
}
