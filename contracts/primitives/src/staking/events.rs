//! What the staking contract tells.

use super::Child;
use crate::{AccountId, Bps, NetUid, Rao};
use ink::prelude::vec::Vec;

/// A hotkey has other children.
#[ink::event]
pub struct ChildrenSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The parent.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The children.
    pub children: Vec<Child>,
    /// They count in epochs that open after this block.
    pub after: u32,
}

/// A hotkey lets another have it as a child, or no longer.
#[ink::event]
pub struct ParentAllowed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The child.
    #[ink(topic)]
    pub child: AccountId,
    /// The parent.
    #[ink(topic)]
    pub parent: AccountId,
    /// Whether it may.
    pub allowed: bool,
}

/// What a child keeps of what it earns for others.
#[ink::event]
pub struct ChildTakeSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The child.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// How much.
    pub take: Bps,
}

/// A part of what a child earned went to a parent, whose stakers share it.
#[ink::event]
pub struct Inherited {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The child.
    #[ink(topic)]
    pub child: AccountId,
    /// The parent.
    #[ink(topic)]
    pub parent: AccountId,
    /// Who owns the parent.
    pub coldkey: AccountId,
    /// The epoch.
    pub epoch: u32,
    /// How much.
    pub amount: Rao,
}

/// A part of what a hotkey earned is for its root stake, and will reach it block by block.
#[ink::event]
pub struct RootAccrued {
    /// The subnet that paid it.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The epoch.
    pub epoch: u32,
    /// How much.
    pub amount: Rao,
}

/// What root stake had earned was paid out.
#[ink::event]
pub struct RootClaimed {
    /// Whose stake.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// Behind whom.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// How much.
    pub amount: Rao,
}

/// Stake moved to another hotkey, another subnet or another coldkey.
#[ink::event]
pub struct StakeMoved {
    /// From which subnet.
    pub netuid: NetUid,
    /// From behind whom.
    pub hotkey: AccountId,
    /// Whose it was.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// To which subnet.
    #[ink(topic)]
    pub to_netuid: NetUid,
    /// Behind whom.
    pub to_hotkey: AccountId,
    /// Whose it is.
    #[ink(topic)]
    pub to_coldkey: AccountId,
    /// How much.
    pub amount: Rao,
}

/// Stake was added.
#[ink::event]
pub struct StakeAdded {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Whose TAO.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// Behind whom.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// How much.
    pub amount: Rao,
}

/// Stake was taken back.
#[ink::event]
pub struct StakeRemoved {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Whose TAO.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// From behind whom.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// How much.
    pub amount: Rao,
}

/// A delegate changed its take.
#[ink::event]
pub struct TakeSet {
    /// The delegate.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Its new take.
    pub take: Bps,
}

/// A chunk of an epoch's pay was credited as stake.
#[ink::event]
pub struct Distributed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Neurons paid.
    pub neurons: u16,
    /// For miners.
    pub miners: Rao,
    /// Kept by validators as take.
    pub takes: Rao,
    /// For all stakers of validators, those on root with them.
    pub dividends: Rao,
}
