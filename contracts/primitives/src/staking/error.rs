//! Why the staking contract refuses.

use crate::{AccountId, Bps, Rao};

/// Errors of the staking contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum StakingError {
    /// No subnet has this netuid.
    UnknownSubnet,
    /// The hotkey has never registered, so nobody owns it. Check the address.
    UnknownHotkey,
    /// The amount is below the least that can be staked, or too small to be worth a share: that
    /// least amount.
    TooLittle(Rao),
    /// The caller has less stake there: how much it has.
    NotEnoughStake(Rao),
    /// Only the coldkey that owns the hotkey may do this.
    NotHotkeyOwner,
    /// The take is above the largest allowed.
    TakeAbove(Bps),
    /// The token refused: balance or allowance for this contract is below the amount.
    Payment(Rao),
    /// Only the epoch contract may do this.
    NotEpoch,
    /// Only the emission contract may do this.
    NotEmission,
    /// The epoch asked for is no longer kept.
    TooOld,
    /// More items than a page holds: the most allowed.
    TooMany(u16),
    /// A sum left its range. Cannot happen while the cap holds; nothing was changed.
    Overflow,
    /// The registry did not answer. Check the deployment.
    Registry,
    /// The take changed not long ago: first block at which it may be raised.
    TakeTooSoon(u32),
    /// The subnet's owner does not let stake change hands. Take it back, and let the other stake
    /// it.
    TransfersOff,
    /// The stake is there already.
    SamePosition,
    /// Too many children: the most there may be.
    TooManyChildren(u16),
    /// A hotkey cannot be its own child, a child twice, or a child of nothing: which one.
    BadChild(AccountId),
    /// The children get more than there is: the proportions must not sum to more than `u64::MAX`.
    TooMuchGiven,
    /// The child has, or will have, the hotkey as a child itself: which one. One of the two must
    /// end first.
    Cycle(AccountId),
    /// The child is another's, who has not accepted: which one. Its owner does with
    /// `allow_parent`.
    NotAccepted(AccountId),
    /// So many hotkeys may have this one as a child already.
    TooManyParents(u16),
    /// The children were set not long ago: first block at which they may be again.
    ChildrenTooSoon(u32),
    /// The parent has the hotkey as a child still, or will. Its owner ends that with
    /// `set_children`.
    StillParent,
    /// The caller's root stake on the hotkey has earned nothing since it claimed last.
    NothingToClaim,
}
