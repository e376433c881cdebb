//! On what terms a subnet runs: what its owner and the network decide besides sizes, tempo and
//! kernel.

use crate::{emission::SplitPreset, Bps, Rao};

/// Most neurons of an owner that never give way.
pub const MAX_IMMUNE_OWNERS: u16 = 10;

/// All terms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Terms {
    /// How seats are sold.
    pub registration: RegistrationTerms,
    /// How seats are lost.
    pub pruning: PruningTerms,
    /// Who may set weights, and how.
    pub weights: WeightTerms,
    /// How budgets are divided.
    pub split: SplitPreset,
    /// Stake may not change hands.
    pub no_transfers: bool,
    /// Blocks between two changes of what a neuron shows.
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

/// How seats are sold. Source of the rule: subtensor-reference.md 4.9; of the defaults: 6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RegistrationTerms {
    /// Least price.
    pub min_burn: Rao,
    /// Largest price.
    pub max_burn: Rao,
    /// Blocks in which the price halves.
    pub half_life: u16,
    /// What a registration multiplies the price by.
    pub increase: Bps,
    /// Most registrations in one block.
    pub per_block: u16,
    /// Seats can be taken.
    pub is_open: bool,
}

impl Default for RegistrationTerms {
    fn default() -> Self {
        Self {
            min_burn: Rao(500_000),
            max_burn: Rao::from_tao(100),
            half_life: 360,
            increase: Bps(12_600),
            // The price is what keeps a rush in bounds: after 30 registrations in a block it is at
            // its largest.
            per_block: 64,
            is_open: true,
        }
    }
}

/// How seats are lost. Source: subtensor-reference.md 4.9 and 6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PruningTerms {
    /// While no more neurons than this can be replaced, an immune one gives way instead, if there
    /// is one.
    pub min_non_immune: u16,
    /// How many of the owner's neurons never give way.
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

/// Who may set weights, and how. Source: subtensor-reference.md 5.1, 5.2 and 6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct WeightTerms {
    /// Least version of a client; 0 for any.
    pub version_key: u64,
    /// Blocks between two updates of a neuron's row; 0 for no limit.
    pub rate_limit: u32,
    /// Least number of weights in a row, capped by the number of neurons.
    pub min_count: u16,
    /// Weights are committed to first and revealed later.
    pub commit_reveal: bool,
    /// Epochs between a commit and its reveal.
    pub reveal_period: u32,
    /// Stake that a hotkey needs.
    pub stake_threshold: Rao,
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
        }
    }
}
