//! Events of the staking contract.

use super::{Child, HotkeyPart, Payment, Proxy};
use crate::{AccountId, Bps, NetUid, Rao};
use ink::prelude::vec::Vec;

/// A new list of a hotkey's children.
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
    /// Block after which an epoch must open for the children to count.
    pub after: u32,
}

/// A permission for a hotkey to be a parent, given or withdrawn.
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
    /// True if the permission was given, false if it was withdrawn.
    pub allowed: bool,
    /// Block after which an epoch must open for a withdrawal to end the parent's weight.
    pub after: u32,
}

/// A new child take of a hotkey.
#[ink::event]
pub struct ChildTakeSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The child.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The child take.
    pub take: Bps,
}

/// A new proxy of a coldkey.
#[ink::event]
pub struct ProxySet {
    /// The coldkey.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// The proxy.
    pub proxy: Proxy,
}

/// Dividends that a child has earned for a parent, handed on to the parent.
#[ink::event]
pub struct HandedOn {
    /// The subnet.
    pub netuid: NetUid,
    /// The child.
    pub child: AccountId,
    /// The parent.
    #[ink(topic)]
    pub parent: AccountId,
    /// The owner of the parent.
    pub coldkey: AccountId,
    /// Stake for the parent's owner and its stakers on the subnet, in rao.
    pub amount: Rao,
    /// Dividends for the parent's root stake, in rao. They flow in block by block.
    pub root: Rao,
    /// Fee of the caller in rao, paid as TAO.
    pub fee: Rao,
}

/// A pay-out of root dividends.
#[ink::event]
pub struct RootClaimed {
    /// The coldkey that was paid.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The dividends, in rao.
    pub amount: Rao,
}

/// A move of stake to another hotkey, another subnet or another coldkey.
#[ink::event]
pub struct StakeMoved {
    /// The former subnet.
    pub netuid: NetUid,
    /// The former hotkey.
    pub hotkey: AccountId,
    /// The former coldkey.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// The new subnet.
    #[ink(topic)]
    pub to_netuid: NetUid,
    /// The new hotkey.
    pub to_hotkey: AccountId,
    /// The new coldkey.
    #[ink(topic)]
    pub to_coldkey: AccountId,
    /// The stake, in rao.
    pub amount: Rao,
    /// Part of the stake that weighed in its former place and forgoes the pay of the epoch that is
    /// open there, and of the one before if that is not settled. Zero for a transfer to another
    /// coldkey, which keeps its shares.
    pub forgoes: Rao,
}

/// Stake added to a position.
#[ink::event]
pub struct StakeAdded {
    /// The subnet, or 0 for root.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The coldkey.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The stake, in rao.
    pub amount: Rao,
    /// First epoch of the subnet in which the stake weighs. On root, the first root epoch in which
    /// the closes of subnets count the stake.
    pub weighs_from: u32,
}

/// Stake removed from a position and paid to the coldkey.
#[ink::event]
pub struct StakeRemoved {
    /// The subnet, or 0 for root.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The coldkey.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The stake, in rao.
    pub amount: Rao,
}

/// A new take of a hotkey.
#[ink::event]
pub struct TakeSet {
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The take.
    pub take: Bps,
}

/// Dividends of a chunk of an epoch, credited as stake.
#[ink::event]
pub struct Distributed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Number of hotkeys.
    pub hotkeys: u16,
    /// Parts of the owners in rao, to be collected.
    pub owners: Rao,
    /// Dividends of stakers, root stake included, in rao.
    pub dividends: Rao,
    /// Dividends that became due to the parents of these hotkeys.
    pub due: Vec<HotkeyPart>,
    /// Dividends of the root stake on these hotkeys. They flow in block by block.
    pub root: Vec<HotkeyPart>,
}

/// Pay that owners have collected, as stake on their hotkeys.
#[ink::event]
pub struct Collected {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The amounts.
    pub payments: Vec<Payment>,
}
