//! Actions of proposals, and the track that each needs.

use super::{NewGuard, Track, TrackRules};
use crate::{
    registry::{Hyperparameter, KernelParams, NetworkRules},
    token::Successor,
    treasury::{NewBudget, NewStream},
    AccountId, Digest, NetUid, Rao,
};
use ink::prelude::vec::Vec;

/// Most bytes of the arguments of a raw call.
pub const MAX_RAW_INPUT: usize = 1_024;

/// A change that a proposal makes. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Action {
    /// Sets a hyperparameter of a subnet, within the registry's bounds.
    SetHyperparameter(NetUid, Hyperparameter),
    /// Allows subnets to choose a kernel.
    AllowKernel {
        /// Address of the kernel.
        kernel: AccountId,
        /// Hash of the kernel's code.
        code_hash: Digest,
        /// Parameters of subnets that have none for it.
        defaults: KernelParams,
    },
    /// Retires a kernel.
    RetireKernel(AccountId),
    /// Changes one rule of the network. Other rules stay as they are when the action is executed.
    ChangeRule(NetworkRule),
    /// Pays from the treasury.
    Pay {
        /// Account that is paid.
        to: AccountId,
        /// Amount, in rao.
        amount: Rao,
    },
    /// Opens a stream of the treasury.
    OpenStream(NewStream),
    /// Opens a budget of the treasury.
    OpenBudget(NewBudget),
    /// Ends a stream or a budget of the treasury.
    Revoke(u32),
    /// Sends tokens other than TAO that the treasury has received.
    Rescue {
        /// The PSP22 token.
        token: AccountId,
        /// Account that receives them.
        to: AccountId,
        /// Amount, in the token's smallest unit.
        amount: u128,
    },
    /// Sets the rules of a track for later proposals.
    SetTrack(Track, TrackRules),
    /// Replaces the guard.
    SetGuard(NewGuard),
    /// Offers the roles of governance to an account: those of the registry's admin and of the
    /// treasury's owner.
    OfferRoles(AccountId),
    /// Announces that the network closes down in favour of a successor.
    CloseDown(Successor),
    /// Withdraws an announced close-down.
    CancelCloseDown,
    /// Withdraws announced rules of the network.
    CancelRules,
    /// Cancels another proposal that has not ended.
    Cancel(u32),
    /// Ends the guard's brake.
    LiftBrake,
    /// Dismisses the guard.
    DismissGuard,
    /// Calls another contract.
    Raw(RawCall),
    /// Withdraws offers of the roles of governance that no account has accepted.
    WithdrawOffers,
    /// Withdraws the announcement of a kernel that no subnet can choose yet.
    WithdrawKernel(AccountId),
}

/// A call of an ink! contract that is not one of the network's own. It transfers no value.
///
/// The message must answer nothing or a `Result`: its answer counts as success if it is empty or
/// begins with a zero byte. The code hash binds the contract's own code, and neither its storage
/// nor code that it delegates to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RawCall {
    /// The contract.
    pub target: AccountId,
    /// Hash of the contract's code, which must be the same at execution.
    pub code_hash: Digest,
    /// Selector of the message.
    pub selector: [u8; 4],
    /// Encoded arguments of the message, at most 1024 bytes.
    pub input: Vec<u8>,
    /// Most `ref_time` of the call, not zero. The execution is refused if less is left then.
    pub ref_time: u64,
    /// Most bytes of proof of the call, not zero. A contract cannot see how much is left, so the
    /// account that executes chooses less if it likes.
    pub proof_size: u64,
    /// Most storage deposit that the call may cost the account that executes, not zero.
    pub deposit: u128,
}

/// One rule of the network with the value to set. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum NetworkRule {
    /// Least price of a subnet, in rao.
    MinLock(Rao),
    /// Blocks in which the price of a subnet falls by the last price paid.
    LockInterval(u32),
    /// Blocks between two creations of subnets.
    CreationInterval(u32),
    /// Most subnets that are not retired.
    SubnetLimit(u16),
    /// Blocks from the creation during which a subnet cannot be retired.
    SubnetImmunity(u32),
    /// True if subnets may choose Bittensor's split.
    BittensorSplit(bool),
    /// Least stake in rao that a coldkey keeps on a hotkey of another owner.
    NominatorMin(Rao),
    /// Deposit in rao while a neuron serves.
    ServingDeposit(Rao),
    /// Fee in rao of a swap of a neuron's hotkey.
    SwapFee(Rao),
}

impl NetworkRule {
    /// Returns `rules` with this one rule changed.
    pub const fn applied_to(self, rules: NetworkRules) -> NetworkRules {
        let mut rules = rules;
        match self {
            Self::MinLock(value) => rules.min_lock = value,
            Self::LockInterval(value) => rules.lock_interval = value,
            Self::CreationInterval(value) => rules.creation_interval = value,
            Self::SubnetLimit(value) => rules.subnet_limit = value,
            Self::SubnetImmunity(value) => rules.subnet_immunity = value,
            Self::BittensorSplit(value) => rules.bittensor_split = value,
            Self::NominatorMin(value) => rules.nominator_min = value,
            Self::ServingDeposit(value) => rules.serving_deposit = value,
            Self::SwapFee(value) => rules.swap_fee = value,
        }
        rules
    }
}

impl Action {
    /// Returns the track that the action needs in a proposal whose spending is small, or not.
    pub fn track(&self, is_small: bool) -> Track {
        match self {
            Self::SetHyperparameter(_, value) => match value {
                Hyperparameter::Kernel(_)
                | Hyperparameter::Yuma(_)
                | Hyperparameter::OtherParams(_) => Track::Kernel,
                other if other.parameter().is_of_yuma() => Track::Kernel,
                _ => Track::Parameter,
            },
            Self::AllowKernel { .. } | Self::RetireKernel(_) => Track::Kernel,
            // A grant was voted on, so few cannot end it.
            Self::ChangeRule(_) | Self::Revoke(_) => Track::Rules,
            Self::Pay { .. } | Self::OpenStream(_) | Self::OpenBudget(_) => {
                if is_small {
                    Track::SpendSmall
                } else {
                    Track::SpendLarge
                }
            }
            Self::Rescue { .. } => Track::SpendLarge,
            Self::SetTrack(..)
            | Self::SetGuard(_)
            | Self::OfferRoles(_)
            | Self::CloseDown(_)
            | Self::Raw(_) => Track::Constitution,
            Self::CancelCloseDown
            | Self::CancelRules
            | Self::Cancel(_)
            | Self::LiftBrake
            | Self::DismissGuard
            | Self::WithdrawOffers
            | Self::WithdrawKernel(_) => Track::Stop,
        }
    }

    /// Returns the TAO in rao that the action takes out of the treasury.
    pub const fn spends(&self) -> Rao {
        match self {
            Self::Pay { amount, .. } => *amount,
            Self::OpenStream(stream) => stream.total,
            Self::OpenBudget(budget) => budget.total,
            _ => Rao::ZERO,
        }
    }
}
