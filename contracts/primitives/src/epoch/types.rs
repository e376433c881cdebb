//! Rules, status and settlement of epochs, rows of weights, and collateral.

use super::EpochDeployError;
use crate::{kernel::NeuronResult, staking::ROOT_EPOCH, AccountId, Bps, Digest, Rao, Uid};
use ink::prelude::vec::Vec;

/// The largest number of assertions of an epoch that stand side by side.
///
/// At most one of them is correct, so three places are left for false ones. Each costs twice the
/// one before, and a dispute frees its place in its block.
pub const MAX_ASSERTIONS: u8 = 4;

/// Blocks after the close within which an epoch can be asserted: twelve root epochs.
///
/// Staking keeps root stake for sixteen, so an assertion can be disputed, and the epoch settled,
/// for four root epochs more. Later, what the epoch read can no longer be proven; it can be rolled
/// over.
pub const ASSERTION_AGE: u32 = 12 * ROOT_EPOCH;

/// The rules of epochs, fixed at deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochRules {
    /// Blocks during which an assertion can be disputed, at least 1. The block of the proposal
    /// plus this number is the first at which the assertion can be finalized.
    pub challenge_period: u32,
    /// Least collateral of the first assertion of an epoch in rao, not zero. It doubles with each
    /// assertion that stands beside.
    pub collateral: Rao,
    /// Collateral of the first assertion as a part of what the epoch pays to miners and
    /// validators, where that is more than `collateral`.
    pub collateral_part: Bps,
    /// Part of slashed collateral that the caller of `dispute` receives, at most a half. The rest
    /// is burned, so an account that disputes its own false assertion loses the rest.
    pub reward_part: Bps,
    /// Blocks after finality during which the next epoch waits for settlement, at least 1.
    /// Unsettled pay then returns to the subnet's budget.
    pub settle_window: u32,
    /// Blocks after the close from which on an epoch without an assertion can be replayed, at
    /// least one. Workers can propose before.
    pub replay_delay: u32,
    /// Blocks without progress after which a closed epoch can be rolled over, more than
    /// `replay_delay`. They count from the close, or from the last successful dispute. Each
    /// replayed step adds its share: a whole replay doubles them.
    pub rollover_delay: u32,
}

impl EpochRules {
    /// The highest `reward_part`.
    pub const MAX_REWARD: Bps = Bps(5_000);

    /// Checks that epochs with these rules can be disputed, settled and replayed.
    ///
    /// # Errors
    /// `NoChallengePeriod`, `NoCollateral`, `CollateralAboveBudget`, `RewardTooHigh`,
    /// `NoSettleWindow`, `NoReplayDelay`, `RolloverBeforeReplay`.
    pub const fn check(&self) -> Result<(), EpochDeployError> {
        if self.challenge_period == 0 {
            return Err(EpochDeployError::NoChallengePeriod);
        }
        if self.collateral.is_zero() {
            return Err(EpochDeployError::NoCollateral);
        }
        if self.collateral_part.0 > Bps::ONE.0 {
            return Err(EpochDeployError::CollateralAboveBudget);
        }
        if self.reward_part.0 > Self::MAX_REWARD.0 {
            return Err(EpochDeployError::RewardTooHigh);
        }
        if self.settle_window == 0 {
            return Err(EpochDeployError::NoSettleWindow);
        }
        if self.replay_delay == 0 {
            return Err(EpochDeployError::NoReplayDelay);
        }
        if self.rollover_delay <= self.replay_delay {
            return Err(EpochDeployError::RolloverBeforeReplay);
        }
        Ok(())
    }
}

/// The contracts that the epoch contract calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Peers {
    /// The token contract.
    pub token: AccountId,
    /// The registry.
    pub registry: AccountId,
    /// The staking contract.
    pub staking: AccountId,
    /// The emission contract.
    pub emission: AccountId,
}

/// A neuron's row of weights, canonical: uids ascending, no zeros, the largest weight 65535.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct WeightsRow {
    /// Block at which the weights were set.
    pub updated_at: u32,
    /// Uids that the weights are for.
    pub uids: Vec<Uid>,
    /// Weights, one for each uid.
    pub weights: Vec<u16>,
}

/// The stage of the last closed epoch of a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Stage {
    /// No closed epoch is unfinished.
    Open,
    /// Closed: anyone may propose.
    Closed,
    /// Asserted: assertions stand side by side, at least one and at most [`MAX_ASSERTIONS`], in
    /// the order in which they were posted. Anyone may dispute each before its deadline, and
    /// finalize the first from its deadline on.
    Asserted(Vec<PostedAssertion>),
}

impl Stage {
    /// Returns the assertions that stand, in the order in which they were posted.
    pub fn standing(&self) -> &[PostedAssertion] {
        match self {
            Self::Open | Self::Closed => &[],
            Self::Asserted(standing) => standing,
        }
    }
}

/// An assertion that stands: neither slashed nor final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PostedAssertion {
    /// Digest of the assertion.
    pub assertion: Digest,
    /// The proposer.
    pub proposer: AccountId,
    /// Locked collateral, in rao.
    pub collateral: Rao,
    /// First block at which the assertion can be finalized.
    pub deadline: u32,
}

/// The status of a subnet's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct EpochStatus {
    /// The open epoch.
    pub open: u32,
    /// Block at which the open epoch opened.
    pub opened_at: u32,
    /// First block at which the tempo of the open epoch is over; `u32::MAX` on a subnet that is
    /// not started, or is retired.
    pub closes_at: u32,
    /// Stage of the epoch before, while that epoch is closed and not final.
    pub stage: Stage,
    /// The last final epoch.
    pub final_epoch: Option<u32>,
    /// Steps of the closed epoch that the chain has replayed. Assertions that contradict them are
    /// refused.
    pub replayed: u32,
    /// Settlement of a final epoch that still has chunks to settle.
    pub settling: Option<Settlement>,
    /// First block at which the closed epoch can be replayed. Absent while the epoch is asserted.
    pub replays_at: Option<u32>,
    /// First block at which the closed epoch can be rolled over. Absent while the epoch is
    /// asserted, unless the kernel's code has changed since the close.
    pub rolls_over_at: Option<u32>,
}

/// The settlement of a final epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Settlement {
    /// The epoch.
    pub epoch: u32,
    /// Number of neurons.
    pub neurons: u16,
    /// Uids per chunk.
    pub chunk: u16,
    /// Block at which the epoch became final.
    pub final_at: u32,
    /// One bit per chunk, lowest first, set for settled chunks.
    pub settled: Vec<u8>,
    /// Chunks of which some neurons are paid: their payments do not fit one call.
    pub partly: Vec<PartlySettled>,
    /// Amount that the epoch may pay, in rao.
    pub budget: Rao,
    /// Amount that the epoch has paid, in rao.
    pub paid: Rao,
    /// Owner of the subnet at the close.
    pub owner: AccountId,
    /// Hotkey of the owner at the close.
    pub owner_hotkey: AccountId,
    /// Fee for settling a chunk in rao, paid as TAO.
    pub fee: Rao,
}

/// Most chunks that one call settles.
pub const MAX_SETTLED: u16 = 16;

/// The final results and memory of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct FinalChunk {
    /// The chunk.
    pub chunk: u16,
    /// Results, one for each neuron of the chunk.
    pub results: Vec<NeuronResult>,
    /// Memory that the epoch leaves for the chunk.
    pub memory: Vec<u8>,
}

/// A chunk of which some neurons are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PartlySettled {
    /// The chunk.
    pub chunk: u16,
    /// Number of paid neurons, from the chunk's first uid on.
    pub neurons: u16,
}

impl Settlement {
    /// Returns the number of neurons of `chunk`.
    pub fn neurons_of(&self, chunk: u16) -> u16 {
        let start = chunk.saturating_mul(self.chunk);
        self.neurons.saturating_sub(start).min(self.chunk)
    }

    /// Returns the number of neurons of `chunk` that are paid, if it is not settled.
    pub fn paid_neurons(&self, chunk: u16) -> u16 {
        let partly = self.partly.iter().find(|it| it.chunk == chunk);
        partly.map_or(0, |it| it.neurons)
    }

    /// Returns true if the results and memory of `chunk` are published: it is settled, at least
    /// partly.
    pub fn is_published(&self, chunk: u16) -> bool {
        self.is_settled(chunk) || self.paid_neurons(chunk) > 0
    }

    /// Returns true if `chunk` is settled.
    pub fn is_settled(&self, chunk: u16) -> bool {
        let byte = self
            .settled
            .get(usize::from(chunk / 8))
            .copied()
            .unwrap_or_default();
        byte & (1u8 << (chunk % 8)) != 0
    }

    /// Returns the number of chunks.
    pub fn chunks(&self) -> u16 {
        self.neurons.div_ceil(self.chunk.max(1))
    }

    /// Returns true if every chunk is settled.
    pub fn is_complete(&self) -> bool {
        (0..self.chunks()).all(|chunk| self.is_settled(chunk))
    }
}

/// The collateral of a worker, in rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Collateral {
    /// Collateral that can be withdrawn, or locked behind an assertion.
    pub free: Rao,
    /// Collateral behind assertions.
    pub locked: Rao,
}
