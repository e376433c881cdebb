//! Answers about positions, takes, children and root dividends.

use super::{Child, PendingChildren, Proxy};
use crate::{AccountId, Bps, NetUid, Rao};
use ink::prelude::vec::Vec;

/// The votes of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Standing {
    /// The account's own stake then, in rao.
    pub own: Rao,
    /// Stake then of the coldkeys whose proxy the account was, in rao.
    pub others: Rao,
    /// The account's proxy then.
    pub proxy: Proxy,
    /// The account's own stake now, in rao. A vote should count the smaller one.
    pub own_now: Rao,
}

/// The children of a hotkey on a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ChildrenView {
    /// Children in the open epoch.
    pub children: Vec<Child>,
    /// Children of later epochs, if the owner has set others.
    pub pending: Option<PendingChildren>,
}

/// A hotkey that has another hotkey as a child, or is allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ParentView {
    /// The parent.
    pub hotkey: AccountId,
    /// Part of the parent's own stake that the child weighs with in the open epoch, of `u64::MAX`.
    /// Zero for a parent that is only allowed.
    pub proportion: u64,
    /// Dividends in rao that the child has earned for the parent, and that are not handed on.
    pub due: Rao,
}

/// A take, and the first block at which it may be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct TakeInfo {
    /// The take.
    pub take: Bps,
    /// First block at which the take may be raised. Lowering is possible at any time.
    pub raises_from: u32,
}

/// The root dividends of a hotkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct RootDividends {
    /// Root stake on the hotkey, in rao.
    pub stake: Rao,
    /// Dividends in rao that are still to flow to the root stake.
    pub left: Rao,
    /// Block at which the last of these dividends arrive.
    pub until: u32,
}

/// A position of a given coldkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PositionView {
    /// The subnet, or 0 for root.
    pub netuid: NetUid,
    /// The hotkey.
    pub hotkey: AccountId,
    /// Stake in rao that the coldkey would receive by removing it, rounded down.
    pub stake: Rao,
    /// Part of the stake that was added in the open epoch, and does not weigh in that one.
    pub pending: Rao,
}

/// A position on a given hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct NominatorView {
    /// The subnet, or 0 for root.
    pub netuid: NetUid,
    /// The coldkey.
    pub coldkey: AccountId,
    /// Stake in rao that the coldkey would receive by removing it, rounded down.
    pub stake: Rao,
    /// Part of the stake that was added in the open epoch, and does not weigh in that one.
    pub pending: Rao,
}
