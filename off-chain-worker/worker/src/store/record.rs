//! The kinds of stored values, and the limits within which they can be true.

use inktensor_client::chain::{BlockId, ChainError, ChainRead};
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
    /// Address of the epoch contract.
    pub epoch: AccountId,
}

impl Home {
    /// Returns the deployment on `chain` whose epoch contract is `epoch`.
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

/// A stored epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEpoch {
    /// Inputs: header, input from the chain's storage, memory.
    pub inputs: EpochInputs,
    /// Plan that cuts the epoch into steps.
    pub plan: EpochPlan,
    /// Block in which the epoch closed. On a fork without it the inputs may be others.
    pub closed_in: BlockId,
    /// Outcome computed here; `None` if the epoch was not computed to its end.
    pub outcome: Option<StoredOutcome>,
    /// Digest of the assertion that was last seen on the chain, by any proposer.
    pub posted: Option<Digest>,
}

/// The outcome of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOutcome {
    /// Honest assertion, with the roster.
    pub assertion: Assertion,
    /// Memory of each chunk for the next epoch.
    pub memory: Vec<Vec<u8>>,
    /// Results of each chunk's neurons.
    pub results: Vec<Vec<NeuronResult>>,
}

/// A note that this worker was about to post an assertion. It is written before the assertion is
/// sent, so that a crash cannot hide what may stand on the chain in the worker's name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Intent {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Proposer of the assertion.
    pub account: AccountId,
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// Digest of the assertion.
    pub assertion: Digest,
    /// Block at which the epoch closed: there are no events about it before.
    pub closed_at: u32,
    /// Code hash of the kernel.
    pub kernel_code: Digest,
}

/// A note that an assertion of this worker was slashed: its computation with this kernel is wrong,
/// or another program has its key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Distrust {
    /// Code hash of the kernel.
    pub kernel_code: Digest,
    /// Subnet of the epoch.
    pub netuid: NetUid,
    /// Slashed epoch.
    pub epoch: u32,
    /// Disproved step.
    pub step: u32,
}

/// A kind of value with a table of its own.
pub(super) trait Record: Encode + DecodeAll {
    const TABLE: &'static str;
    const KIND: u8;

    /// Returns true if the value is within the limits of the protocol.
    fn is_sound(&self) -> bool {
        true
    }
}

/// Stored inputs.
#[derive(Encode, Decode)]
pub(super) struct Inputs {
    pub inputs: EpochInputs,
    pub plan: EpochPlan,
    pub closed_in: BlockId,
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

/// Stored memory.
#[derive(Encode, Decode)]
pub(super) struct Memory(pub Vec<Vec<u8>>);

impl Record for Memory {
    const TABLE: &'static str = "memory";
    const KIND: u8 = 3;

    fn is_sound(&self) -> bool {
        are_memories(&self.0)
    }
}

/// Stored results.
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

/// Stored carry and scratch of all steps.
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

/// Stored digest of an assertion.
#[derive(Encode, Decode)]
pub(super) struct PostedDigest(pub Digest);

impl Record for PostedDigest {
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

/// Stored pardon of a slashed assertion.
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

/// Names of all tables.
pub(super) const TABLES: [&str; 10] = [
    Inputs::TABLE,
    Assertion::TABLE,
    Memory::TABLE,
    Results::TABLE,
    Steps::TABLE,
    PostedDigest::TABLE,
    Intent::TABLE,
    Distrust::TABLE,
    Pardon::TABLE,
    Home::TABLE,
];

fn are_memories(memory: &[Vec<u8>]) -> bool {
    memory.len() <= usize::from(MAX_UIDS) && memory.iter().all(|bytes| bytes.len() <= MAX_MEMORY)
}
