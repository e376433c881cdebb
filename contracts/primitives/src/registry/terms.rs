//! The terms of a subnet: its hyperparameters besides sizes, tempo and kernel.

use crate::{emission::SplitPreset, Bps, Rao};

/// Most neurons of a subnet's owner that are never replaced.
pub const MAX_IMMUNE_OWNERS: u16 = 10;

/// All terms of a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Terms {
    /// Terms for registrations.
    pub registration: RegistrationTerms,
    /// Terms for replacements.
    pub pruning: PruningTerms,
    /// Terms for setting weights.
    pub weights: WeightTerms,
    /// Division of budgets.
    pub split: SplitPreset,
    /// True if stake cannot be transferred to another coldkey.
    pub no_transfers: bool,
    /// Blocks between two updates of an endpoint or a commitment; 0 for no limit.
    pub serving_rate_limit: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            registration: RegistrationTerms::default(),
            pruning: PruningTerms::default(),
            weights: WeightTerms::default(),
            split: SplitPreset::default(),
            no_transfers: false,
            serving_rate_limit: 50,
        }
    }
}

/// Terms for registrations.
///
/// Source of the rule: subtensor-reference.md 4.9; of the defaults: 6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RegistrationTerms {
    /// Least price in rao.
    pub min_burn: Rao,
    /// Largest price in rao.
    pub max_burn: Rao,
    /// Blocks in which the price halves.
    pub half_life: u16,
    /// Factor of the price for each registration.
    pub increase: Bps,
    /// Most registrations per block.
    pub per_block: u16,
    /// True if registrations are allowed.
    pub is_open: bool,
}

impl Default for RegistrationTerms {
    fn default() -> Self {
        Self {
            min_burn: Rao(500_000),
            max_burn: Rao::from_tao(100),
            half_life: 360,
            increase: Bps(12_600),
            per_block: 4,
            is_open: true,
        }
    }
}

/// Terms for replacements on a full subnet.
///
/// Source: subtensor-reference.md 4.9 and 6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PruningTerms {
    /// Number of replaceable neurons up to which an immune neuron, if any, is replaced instead.
    pub min_non_immune: u16,
    /// Number of the owner's neurons that are never replaced.
    pub immune_owners: u16,
}

impl Default for PruningTerms {
    fn default() -> Self {
        Self {
            min_non_immune: 10,
            immune_owners: 1,
        }
    }
}

/// Terms for setting weights.
///
/// Source: subtensor-reference.md 5.1, 5.2 and 6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct WeightTerms {
    /// Least version of a client; 0 for any.
    pub version_key: u64,
    /// Blocks between two updates of a neuron's row; 0 for no limit.
    pub rate_limit: u32,
    /// Least number of weights in a row, or one per neuron if there are fewer neurons.
    pub min_count: u16,
    /// True if weights are committed first and revealed later.
    pub commit_reveal: bool,
    /// Epochs between a commit and its reveal.
    pub reveal_period: u32,
    /// Stake in rao that a hotkey needs to set weights.
    pub stake_threshold: Rao,
    /// True if a neuron must pledge evidence of the open epoch before it sets or commits weights.
    pub evidence: bool,
}

impl Default for WeightTerms {
    fn default() -> Self {
        Self {
            version_key: 0,
            rate_limit: 0,
            min_count: 1,
            commit_reveal: false,
            reveal_period: 1,
            stake_threshold: Rao::ZERO,
            evidence: false,
        }
    }
}
