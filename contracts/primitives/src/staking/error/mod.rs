//! Errors of the staking contract.

#[cfg(feature = "std")]
mod text;

use crate::{AccountId, Bps, Rao};

/// Errors of the staking contract's constructor. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum StakingDeployError {
    /// No PSP22 token answers at the token's address. Deploy the token first and give its
    /// address.
    NoToken,
    /// No registry answers at the registry's address. Deploy the registry first and give its
    /// address.
    NoRegistry,
}

/// Errors of the staking contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum StakingError {
    /// The subnet does not exist, is retired, or is root where root is not allowed. Check the
    /// netuid.
    UnknownSubnet,
    /// The hotkey has never registered, so it has no owner. Check the address.
    UnknownHotkey,
    /// The amount, or the stake on a hotkey of another owner, is below this least stake in rao.
    /// Stake more.
    TooLittle(Rao),
    /// The caller's stake in this position is only this amount, in rao. Use at most that.
    NotEnoughStake(Rao),
    /// The caller does not own the hotkey. Sign with the coldkey that does.
    NotHotkeyOwner,
    /// The take is above this limit. Set a lower one.
    TakeAbove(Bps),
    /// The caller's balance, or allowance for this contract, is below this amount in rao. Get more
    /// TAO, or approve the amount.
    Payment(Rao),
    /// The caller is not the epoch contract. Other accounts cannot call this message.
    NotEpoch,
    /// The caller is not the emission contract. Other accounts cannot call this message.
    NotEmission,
    /// The state of the epoch is no longer stored. Use a later epoch.
    TooOld,
    /// The number of items is not within 1 and this limit. Use several calls.
    TooMany(u16),
    /// A sum is out of range, which cannot happen below the cap of TAO. Nothing was changed; check
    /// the deployment.
    Overflow,
    /// The registry did not answer. Check the deployment.
    Registry,
    /// The take changed recently. Raise the take from this block on; lowering is always possible.
    TakeTooSoon(u32),
    /// Transfers of stake are off on this subnet. Remove the stake, and let the other account
    /// stake.
    TransfersOff,
    /// Origin and destination are the same position. Choose another destination.
    SamePosition,
    /// The hotkey has more children than this limit. Shorten the list.
    TooManyChildren(u16),
    /// This child is the parent itself, is in the list twice, or has a proportion of 0. Correct
    /// the list.
    BadChild(AccountId),
    /// The proportions of the children sum to more than `u64::MAX`. Lower them.
    TooMuchGiven,
    /// This child has, or will have, the hotkey as a child. Remove the hotkey from the child's
    /// children first.
    Cycle(AccountId),
    /// This child belongs to another owner, who has not allowed the parent. The child's owner must
    /// call `allow_parent` first.
    NotAccepted(AccountId),
    /// The child has this limit of parents already. Former parents keep their place while something
    /// is due to them: hand it on, or choose another child.
    TooManyParents(u16),
    /// The children were set recently. Set them again from this block on.
    ChildrenTooSoon(u32),
    /// The child has earned nothing for these parents since it was last handed on. Hand on later,
    /// or for other parents.
    NothingDue,
    /// The caller's root stake on the hotkey has earned nothing since the last claim. Claim later.
    NothingToClaim,
    /// The admin has stopped new stake until this block. Try again then; stake can be removed.
    Braked(u32),
    /// The caller cannot be its own proxy. Name another account, or none.
    SelfProxy,
    /// This root epoch is open. Ask for an earlier one.
    NotEnded(u32),
}
