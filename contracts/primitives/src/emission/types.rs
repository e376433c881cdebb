//! Splits, fees, budgets, and the state of issuance.

use crate::{staking::Payment, AccountId, Bps, Rao};
use ink::prelude::vec::Vec;

/// The division of a subnet's budget, in basis points that sum to 10 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Split {
    /// Part of miners, by incentive.
    pub miners: Bps,
    /// Part of validators and their stakers, by dividends.
    pub validators: Bps,
    /// Part of the subnet's owner.
    pub owner: Bps,
    /// Part of the treasury.
    pub treasury: Bps,
}

impl Split {
    /// The default split: 50 / 25 / 0 / 25 %.
    pub const DEFAULT: Split = Split {
        miners: Bps(5_000),
        validators: Bps(2_500),
        owner: Bps(0),
        treasury: Bps(2_500),
    };
    /// Bittensor's split: 41 / 41 / 18 / 0 %.
    pub const BITTENSOR: Split = Split {
        miners: Bps(4_100),
        validators: Bps(4_100),
        owner: Bps(1_800),
        treasury: Bps(0),
    };

    /// Returns true if the parts sum to 10 000 basis points.
    pub const fn is_whole(&self) -> bool {
        let rest = Bps::ONE.0;
        let Some(rest) = rest.checked_sub(self.miners.0) else {
            return false;
        };
        let Some(rest) = rest.checked_sub(self.validators.0) else {
            return false;
        };
        let Some(rest) = rest.checked_sub(self.owner.0) else {
            return false;
        };
        rest == self.treasury.0
    }
}

/// The split that a subnet's budgets follow. The subnet's owner chooses, within the network rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum SplitPreset {
    /// The split of the network, with which the emission contract was deployed.
    #[default]
    Network,
    /// Bittensor's split: miners 41 %, validators 41 %, owner 18 %.
    Bittensor,
}

/// Fees for running an epoch, in basis points of its budget. They are deducted before the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Fees {
    /// Fee for computing the epoch, for the proposer or the callers of `replay`.
    pub proposer: Bps,
    /// Fee for settling the epoch, an equal part for each chunk.
    pub keeper: Bps,
}

impl Fees {
    /// The default fees: 0.5 % and 0.25 %.
    pub const DEFAULT: Fees = Fees {
        proposer: Bps(50),
        keeper: Bps(25),
    };
    /// Largest sum of both fees: 10 %.
    pub const MOST: Bps = Bps(1_000);

    /// Returns true if the sum of both fees is at most [`Fees::MOST`].
    pub const fn are_allowed(&self) -> bool {
        self.proposer.0.saturating_add(self.keeper.0) <= Self::MOST.0
    }
}

/// A kind of fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Fee {
    /// Fee for computing the epoch.
    Proposer,
    /// Fee for settling the epoch.
    Keeper,
}

/// The budget of an epoch, divided. All amounts are in rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochBudget {
    /// Part of miners.
    pub miners: Rao,
    /// Part of validators and their stakers.
    pub validators: Rao,
    /// Part of the subnet's owner.
    pub owner: Rao,
    /// Part of the treasury, with the remainders of rounding.
    ///
    /// Without a treasury's part in the split, the remainders go to the first of miners,
    /// validators and owner that has a part.
    pub treasury: Rao,
    /// Amount paid so far to miners and validators.
    pub paid: Rao,
    /// Amount left of the proposer's fee.
    pub proposer: Rao,
    /// Amount left of the keeper's fee.
    pub keeper: Rao,
}

impl EpochBudget {
    /// Returns the amount that is not spent yet, or `None` if parts and payments are inconsistent,
    /// which no budget of the emission contract is.
    pub fn unspent(&self) -> Option<Rao> {
        let parts = [
            self.validators,
            self.owner,
            self.treasury,
            self.proposer,
            self.keeper,
        ];
        parts
            .into_iter()
            .try_fold(self.miners, Rao::checked_add)?
            .checked_sub(self.paid)
    }
}

/// The pay of a chunk of an epoch, from the first neuron that is not paid on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Payout {
    /// Number of the chunk's neurons that are paid already.
    pub before: u16,
    /// Most neurons to pay, of the others.
    pub most: u16,
    /// Incentive of each of the other neurons, in rao.
    pub incentives: Vec<Rao>,
    /// Dividends of those to pay that have any, with the place of each in `incentives`, ascending.
    pub dividends: Vec<(u16, Payment)>,
    /// The account that settles the chunk.
    pub keeper: AccountId,
    /// Fee for settling the whole chunk, in rao. Each call is paid for its part of the neurons.
    pub fee: Rao,
    /// The proposer with its fee in rao, if the call also finalizes the epoch.
    pub proposer: Option<(AccountId, Rao)>,
}

/// The part of a chunk that one call has paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Paid {
    /// Pay of these neurons, in rao.
    pub amount: Rao,
    /// Pay that is owed to the owner of each of these neurons, in rao: incentive and take.
    pub owed: Vec<Rao>,
}

/// The state of issuance. All amounts are in rao.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Issuance {
    /// Amount issued so far, genesis included. Determines the rate.
    pub issued: Rao,
    /// Current issuance per block.
    pub per_block: Rao,
    /// Block up to which issuance has been evaluated.
    pub block: u32,
    /// Amount minted so far by this contract.
    pub minted: Rao,
    /// Amount that is owed to owners who have not collected it, and that is not minted.
    pub owed: Rao,
    /// Amount issued at genesis.
    pub genesis: Rao,
    /// Sum of the weights of all subnets that share in issuance.
    pub total_weight: Rao,
}

/// The contracts that the emission contract calls or is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct EmissionPeers {
    /// The token contract.
    pub token: AccountId,
    /// The staking contract.
    pub staking: AccountId,
    /// The epoch contract. Absent before this contract is wired.
    pub epoch: Option<AccountId>,
}
