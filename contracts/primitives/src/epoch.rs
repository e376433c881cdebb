//! Weights, and an epoch's life: close, propose, dispute, finalize, settle.

use crate::{
    assertion::Assertion,
    dispute::{Opening, StepProof},
    emission::EmissionError,
    kernel::{ChunkInputs, EpochHeader, EpochPlan, KernelError, NeuronResult},
    registry::RegistryError,
    staking::StakingError,
    AccountId, Digest, NetUid, Rao, Uid,
};
use ink::prelude::vec::Vec;

/// Constants of the game, fixed at deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochRules {
    /// Blocks during which an assertion can be disputed: the first block at which it can be finalised is
    /// the block of the proposal plus this. At least 1.
    pub challenge_period: u32,
    /// Bond of the first assertion of an epoch; it doubles with each that is slashed. Not zero.
    pub bond: Rao,
    /// Blocks after finality during which the next epoch cannot close while this one is not settled.
    /// Afterwards unsettled pay returns to the subnet's budget. At least 1.
    pub settle_window: u32,
}

/// The other contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Peers {
    /// TAO.
    pub token: AccountId,
    /// Subnets and neurons.
    pub registry: AccountId,
    /// Stake.
    pub staking: AccountId,
    /// Emission.
    pub emission: AccountId,
}

/// A validator's weights, canonical: ascending, without zeros, the largest 65535.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct WeightsRow {
    /// Block at which they were set.
    pub updated_at: u32,
    /// Whom they are for.
    pub uids: Vec<Uid>,
    /// The weight of each.
    pub weights: Vec<u16>,
}

/// Where a closed epoch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Stage {
    /// No epoch is closed and unfinished; the open one is collecting.
    Open,
    /// Closed: anyone may propose.
    Closed,
    /// Asserted: anyone may dispute before the deadline and finalise from it on.
    Asserted {
        /// Hash of the assertion.
        assertion: Digest,
        /// Who posted it.
        proposer: AccountId,
        /// The bond at stake.
        bond: Rao,
        /// First block at which it can be finalised.
        deadline: u32,
    },
}

/// A subnet's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct EpochStatus {
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// First block at which it may close, as far as tempo goes.
    pub closes_at: u32,
    /// The epoch before it, while it is closed and not final.
    pub stage: Stage,
    /// The last final epoch.
    pub final_epoch: Option<u32>,
    /// The final epoch that still has chunks to settle, if any.
    pub settling: Option<Settlement>,
}

/// How far a final epoch is paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Settlement {
    /// The epoch.
    pub epoch: u32,
    /// Neurons it has.
    pub neurons: u16,
    /// Uids per chunk.
    pub chunk: u16,
    /// Block at which it became final.
    pub final_at: u32,
    /// One bit per chunk, lowest first: settled.
    pub settled: Vec<u8>,
    /// What it may pay.
    pub budget: Rao,
    /// What it has paid.
    pub paid: Rao,
    /// Owner of the subnet when it closed.
    pub owner: AccountId,
    /// The owner's hotkey when it closed.
    pub owner_hotkey: AccountId,
}

impl Settlement {
    /// Whether `chunk` is paid out.
    pub fn is_settled(&self, chunk: u16) -> bool {
        let byte = self
            .settled
            .get(usize::from(chunk / 8))
            .copied()
            .unwrap_or_default();
        byte & (1u8 << (chunk % 8)) != 0
    }

    /// Number of chunks.
    pub fn chunks(&self) -> u16 {
        self.neurons.div_ceil(self.chunk.max(1))
    }

    /// Whether all chunks are paid out.
    pub fn is_complete(&self) -> bool {
        (0..self.chunks()).all(|chunk| self.is_settled(chunk))
    }
}

/// A worker's bond account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Bond {
    /// Can be withdrawn or put behind an assertion.
    pub free: Rao,
    /// Is behind assertions.
    pub locked: Rao,
}

/// The epoch contract.
#[ink::trait_definition]
pub trait Epochs {
    /// Sets the caller's weights on `netuid`, replacing all before. `weights[i]` is for `uids[i]`.
    /// Kept canonical: sorted, without zeros, scaled so that the largest is 65535. Empty lists clear the row.
    ///
    /// # Errors
    /// `NotRegistered`, `LengthMismatch`, `UnknownUid`, `DuplicateUid`, `NoPermit` unless the only uid is the caller's own.
    #[ink(message)]
    fn set_weights(
        &mut self,
        netuid: NetUid,
        uids: Vec<Uid>,
        weights: Vec<u16>,
    ) -> Result<(), EpochError>;

    /// Adds `amount` of the caller's TAO to its free bond (approve it for this contract first).
    ///
    /// # Errors
    /// `Payment`.
    #[ink(message)]
    fn deposit_bond(&mut self, amount: Rao) -> Result<(), EpochError>;

    /// Takes `amount` of the caller's free bond back.
    ///
    /// # Errors
    /// `BondTooSmall`, `Payment`.
    #[ink(message)]
    fn withdraw_bond(&mut self, amount: Rao) -> Result<(), EpochError>;

    /// Closes the open epoch and freezes its inputs. Anyone may call. An epoch without neurons has nothing to
    /// compute: it rolls over, that is, its tempo starts anew, and nothing is returned.
    ///
    /// # Errors
    /// `UnknownSubnet`, `TempoNotOver` with the first block at which it may close, `EpochUnfinished` while the one before
    /// is not final, `Unsettled` while it may still be settled, `KernelUnavailable`, `KernelChanged` if the code at the kernel's address
    /// is not the one that the registry allowed, `Kernel` if the kernel has no plan for it.
    #[ink(message)]
    fn close(&mut self, netuid: NetUid) -> Result<Option<EpochHeader>, EpochError>;

    /// Posts the closed epoch's assertion and locks the caller's bond behind it, as much as `bond_required` says. Anyone may
    /// call.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `HeaderMismatch`, `BadShape`, `BondTooSmall`.
    #[ink(message)]
    fn propose(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError>;

    /// Has step `k` of the asserted epoch executed again. If it comes to anything else than asserted, the bond is slashed (half
    /// to the caller, rounded down, the rest burned) and the epoch awaits an assertion again. Anyone may call, before the
    /// deadline.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengeOver` with the deadline, `AssertionMismatch`, `StepOutOfRange` with the number of steps,
    /// `OpeningMismatch`, `KernelChanged`, `KernelUnavailable`, `Kernel`, `StepIsCorrect`, in this order, or those of registry
    /// and staking. After any of them nothing has changed.
    #[ink(message)]
    fn dispute(&mut self, netuid: NetUid, k: u32, proof: StepProof) -> Result<(), EpochError>;

    /// Makes the asserted epoch final once its challenge period is over, and frees the bond. Anyone may call;
    /// the assertion is in the `Proposed` event.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengePeriod` with the first block at which it can be, `AssertionMismatch`.
    #[ink(message)]
    fn finalize(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError>;

    /// Pays the neurons of `chunk` of a final epoch and records their scores. Anyone may call.
    ///
    /// # Errors
    /// `NotSettling`, `ChunkOutOfRange`, `AlreadySettled`, `ResultsMismatch`, `OverBudget`, or those of the other contracts.
    #[ink(message)]
    fn settle(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
        results: Vec<NeuronResult>,
    ) -> Result<Rao, EpochError>;

    /// Where the subnet's epochs stand.
    #[ink(message)]
    fn status(&self, netuid: NetUid) -> Option<EpochStatus>;

    /// Header of the epoch that closed last.
    #[ink(message)]
    fn header(&self, netuid: NetUid) -> Option<EpochHeader>;

    /// Plan of the epoch that closed last.
    #[ink(message)]
    fn plan(&self, netuid: NetUid) -> Option<EpochPlan>;

    /// What storage contributes to the steps of `chunk` of the epoch that closed last. Workers read it;
    /// the judge calls the same function.
    ///
    /// # Errors
    /// `NothingClosed`, `ChunkOutOfRange`, or those of registry and staking.
    #[ink(message)]
    fn chunk_inputs(&self, netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError>;

    /// The weights that the neuron on `uid` has set, as of now.
    #[ink(message)]
    fn weights(&self, netuid: NetUid, uid: Uid) -> Option<WeightsRow>;

    /// Uids with a permit by the last final epoch, ascending.
    #[ink(message)]
    fn roster(&self, netuid: NetUid) -> Vec<Uid>;

    /// Hashes of what each chunk remembers from the last final epoch. None if the epoch that closed since has another
    /// kernel code, or chunks of another size: it starts without memory.
    #[ink(message)]
    fn memory_hashes(&self, netuid: NetUid) -> Vec<Digest>;

    /// Bond of `worker`.
    #[ink(message)]
    fn bond(&self, worker: AccountId) -> Bond;

    /// All bonds: the balance that this contract must have.
    #[ink(message)]
    fn total_bonds(&self) -> Rao;

    /// Bond that the subnet's next assertion needs: that of the rules, doubled for each assertion of the closed epoch that was
    /// slashed, at most the cap on TAO.
    #[ink(message)]
    fn bond_required(&self, netuid: NetUid) -> Rao;

    /// The constants of the game.
    #[ink(message)]
    fn rules(&self) -> EpochRules;

    /// The other contracts.
    #[ink(message)]
    fn peers(&self) -> Peers;
}

/// Errors of the epoch contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EpochError {
    /// No subnet has this netuid.
    UnknownSubnet,
    /// The caller's hotkey has no seat on this subnet. Register it first.
    NotRegistered,
    /// `uids` and `weights` differ in length: both lengths.
    LengthMismatch(u32, u32),
    /// A uid is not taken: the uid, and the number of neurons.
    UnknownUid(Uid, u16),
    /// A uid occurs twice.
    DuplicateUid(Uid),
    /// Without a permit a neuron may only weigh itself. Permits come with the next final epoch, by stake.
    NoPermit,
    /// The token refused: balance or allowance for this contract is below the amount.
    Payment(Rao),
    /// The caller's free bond is too small: the bond needed.
    BondTooSmall(Rao),
    /// The tempo is not over: first block at which the epoch may close.
    TempoNotOver(u32),
    /// The epoch before is closed but not final. Propose or finalise it.
    EpochUnfinished,
    /// The epoch before can still be settled: first block at which it no longer holds the next one up. Settle it.
    Unsettled(u32),
    /// No epoch is closed.
    NothingClosed,
    /// An assertion is posted already. Check it, and dispute it if it is wrong.
    AlreadyAsserted,
    /// The assertion is for another epoch.
    HeaderMismatch,
    /// The assertion has not the plan's numbers of steps and chunks, or its roster is not strictly ascending,
    /// within the neurons and within the permits.
    BadShape,
    /// No assertion is posted.
    NotAsserted,
    /// The challenge period is not over: first block at which it is.
    ChallengePeriod(u32),
    /// This is not the assertion that was posted.
    AssertionMismatch,
    /// This epoch is not waiting for settlement: it is not final yet, settled, or the next one closed after its window.
    NotSettling,
    /// The epoch has not so many chunks: how many it has.
    ChunkOutOfRange(u16),
    /// The chunk was settled before.
    AlreadySettled,
    /// These are not the results that became final, or not one per neuron of the chunk.
    ResultsMismatch,
    /// The final results pay more than the budget: what is left. Nothing of the chunk is paid.
    OverBudget(Rao),
    /// The kernel refused.
    Kernel(KernelError),
    /// The kernel's plan is outside the limits of the protocol. Choose another kernel.
    UnsoundPlan,
    /// The kernel's address has no code, or it trapped. Choose another kernel.
    KernelUnavailable,
    /// The registry refused.
    Registry(RegistryError),
    /// The staking contract refused.
    Staking(StakingError),
    /// The emission contract refused.
    Emission(EmissionError),
    /// A peer contract did not answer. Check the deployment.
    PeerUnavailable,
    /// A number left its range. Cannot happen within the limits; nothing was changed.
    Overflow,
    /// The challenge period is over: the deadline, from which on the assertion can no longer be disputed, only finalised.
    ChallengeOver(u32),
    /// The epoch has not so many steps: how many it has. Steps are counted from 0.
    StepOutOfRange(u32),
    /// These bytes of the proof are not what the assertion, or the last final epoch, commits to. If they are the honest ones, an
    /// earlier step of the assertion is false: dispute the first that is.
    OpeningMismatch(Opening),
    /// The code at the kernel's address is no longer the one that it was allowed, and the epoch closed, with.
    KernelChanged,
    /// The step comes to exactly what is asserted. Nothing was changed.
    StepIsCorrect,
}

/// Weights were set.
#[ink::event]
pub struct WeightsSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Who set them.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Its uid.
    pub uid: Uid,
    /// How many are not zero.
    pub entries: u16,
}

/// A bond account changed.
#[ink::event]
pub struct BondChanged {
    /// Whose.
    #[ink(topic)]
    pub worker: AccountId,
    /// What it is now.
    pub bond: Bond,
}

/// An epoch closed.
#[ink::event]
pub struct EpochClosed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Hash of its header.
    pub header_hash: Digest,
    /// Neurons in it.
    pub neurons: u16,
    /// What it pays out.
    pub budget: Rao,
}

/// An epoch without neurons started its tempo anew.
#[ink::event]
pub struct EpochRolledOver {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
}

/// An assertion was posted. It carries the assertion, so that whoever follows the chain can check and finalise it.
#[ink::event]
pub struct Proposed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who posted it.
    #[ink(topic)]
    pub proposer: AccountId,
    /// First block at which it can be finalised.
    pub deadline: u32,
    /// What it claims.
    pub assertion: Assertion,
}

/// An epoch became final.
#[ink::event]
pub struct Finalized {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who had posted it.
    #[ink(topic)]
    pub proposer: AccountId,
    /// Hash of its assertion.
    pub assertion: Digest,
}

/// A chunk of a final epoch was paid.
#[ink::event]
pub struct Settled {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// What it was paid.
    pub paid: Rao,
    /// Whether it was the last.
    pub complete: bool,
}
