//! What is kept, and what of it cannot be true whatever its checksum says.

use inktensor_client::chain::{ChainError, ChainRead};
use inktensor_compute::epoch::{EpochInputs, StepTrace};
use inktensor_primitives::{
    assertion::Assertion,
    kernel::{
        EpochHeader, EpochPlan, NeuronResult, MAX_CARRY, MAX_MEMORY, MAX_PARAMS, MAX_SCRATCH,
    },
    AccountId, Digest, NetUid, MAX_UIDS,
};
use scale::{Decode, DecodeAll, Encode};

/// A deployment on a chain. A store belongs to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Home {
    /// Hash of the chain's first block.
    pub genesis: Digest,
    /// The epoch contract.
    pub epoch: AccountId,
}

impl Home {
    /// The deployment on `chain` whose epoch contract is `epoch`.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn on(chain: &dyn ChainRead, epoch: AccountId) -> Result<Self, ChainError> {
        Ok(Self {
            genesis: chain.genesis()?,
            epoch,
        })
    }
}

/// An epoch as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEpoch {
    /// All that it depends on: header, what storage contributed to each chunk, what each chunk
    /// remembered.
    pub inputs: EpochInputs,
    /// How it is cut into steps.
    pub plan: EpochPlan,
    /// What it came to here; none if it was not computed to its end.
    pub outcome: Option<Outcome>,
    /// Digest of the assertion that was seen on the chain last, by whomever.
    pub posted: Option<Digest>,
}

/// What an epoch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What an honest proposer posts; with it the roster.
    pub assertion: Assertion,
    /// What each chunk remembers for the next epoch.
    pub memory: Vec<Vec<u8>>,
    /// What each chunk's neurons get.
    pub results: Vec<Vec<NeuronResult>>,
}

/// That this worker was about to post an assertion: written before it is sent, so that no crash
/// makes the worker forget what may stand on the chain in its name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Intent {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Who was to post it.
    pub account: AccountId,
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// Digest of the assertion.
    pub assertion: Digest,
    /// Block at which the epoch closed: nothing about it was told before.
    pub closed_at: u32,
    /// The kernel that computed it.
    pub kernel_code: Digest,
}

/// That an assertion of this worker was slashed: what it computes with this kernel is wrong, or
/// somebody else has its key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Distrust {
    /// The kernel.
    pub kernel_code: Digest,
    /// The subnet on which it happened.
    pub netuid: NetUid,
    /// The epoch that was posted.
    pub epoch: u32,
    /// The step that was disproved.
    pub step: u32,
}

/// A kind of value with a table of its own.
pub(super) trait Record: Encode + DecodeAll {
    const TABLE: &'static str;
    const KIND: u8;

    /// Whether it is within the limits of the protocol.
    fn is_sound(&self) -> bool {
        true
    }
}

/// Inputs as they are kept.
#[derive(Encode, Decode)]
pub(super) struct Inputs {
    pub inputs: EpochInputs,
    pub plan: EpochPlan,
}

impl Record for Inputs {
    const TABLE: &'static str = "inputs";
    const KIND: u8 = 1;

    fn is_sound(&self) -> bool {
        let header: &EpochHeader = &self.inputs.header;
        let chunks = usize::from(self.plan.chunks(header.neurons));
        header.neurons <= MAX_UIDS
            && header.params.len() <= MAX_PARAMS
            && self.plan.is_sound()
            && self.inputs.chunks.len() == chunks
            && self.inputs.memory.len() == chunks
            && are_memories(&self.inputs.memory)
    }
}

impl Record for Assertion {
    const TABLE: &'static str = "assertions";
    const KIND: u8 = 2;
}

/// What chunks remember, as it is kept.
#[derive(Encode, Decode)]
pub(super) struct Memory(pub Vec<Vec<u8>>);

impl Record for Memory {
    const TABLE: &'static str = "memory";
    const KIND: u8 = 3;

    fn is_sound(&self) -> bool {
        are_memories(&self.0)
    }
}

/// Results of chunks, as they are kept.
#[derive(Encode, Decode)]
pub(super) struct Results(pub Vec<Vec<NeuronResult>>);

impl Record for Results {
    const TABLE: &'static str = "results";
    const KIND: u8 = 4;

    fn is_sound(&self) -> bool {
        let neurons: usize = self.0.iter().map(Vec::len).sum();
        neurons <= usize::from(MAX_UIDS)
    }
}

/// What steps hand on, as it is kept.
#[derive(Encode, Decode)]
pub(super) struct Steps(pub Vec<StepTrace>);

impl Record for Steps {
    const TABLE: &'static str = "steps";
    const KIND: u8 = 5;

    fn is_sound(&self) -> bool {
        self.0
            .iter()
            .all(|step| step.carry.len() <= MAX_CARRY && step.scratch.len() <= MAX_SCRATCH)
    }
}

/// The digest of an assertion that was seen, as it is kept.
#[derive(Encode, Decode)]
pub(super) struct Posted(pub Digest);

impl Record for Posted {
    const TABLE: &'static str = "posted";
    const KIND: u8 = 6;
}

impl Record for Intent {
    const TABLE: &'static str = "intents";
    const KIND: u8 = 7;
}

impl Record for Distrust {
    const TABLE: &'static str = "distrust";
    const KIND: u8 = 8;
}

/// That a slashed assertion is forgiven, as it is kept.
#[derive(Encode, Decode)]
pub(super) struct Pardon(pub Distrust);

impl Record for Pardon {
    const TABLE: &'static str = "pardons";
    const KIND: u8 = 10;
}

impl Record for Home {
    const TABLE: &'static str = "home";
    const KIND: u8 = 9;
}

/// Every table.
pub(super) const TABLES: [&str; 10] = [
    Inputs::TABLE,
    Assertion::TABLE,
    Memory::TABLE,
    Results::TABLE,
    Steps::TABLE,
    Posted::TABLE,
    Intent::TABLE,
    Distrust::TABLE,
    Pardon::TABLE,
    Home::TABLE,
];

fn are_memories(memory: &[Vec<u8>]) -> bool {
    memory.len() <= usize::from(MAX_UIDS) && memory.iter().all(|bytes| bytes.len() <= MAX_MEMORY)
}
