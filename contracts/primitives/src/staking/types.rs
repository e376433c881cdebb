//! Children, pay, and the contracts around staking.

use crate::{AccountId, Rao};
use ink::prelude::vec::Vec;

/// A hotkey that weighs with a part of another hotkey's stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Child {
    /// Part of the parent's own stake, of `u64::MAX`. Not zero.
    pub proportion: u64,
    /// The child.
    pub hotkey: AccountId,
}

/// The account that votes with a coldkey's stake, besides the coldkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Proxy {
    /// No other account.
    #[default]
    None,
    /// This account. Stake that it votes with as a proxy does not pass on to a proxy of its own.
    Account(AccountId),
    /// No account, and the stake is not counted among all that could vote.
    Aside,
}

/// A list of children that does not count yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PendingChildren {
    /// The children.
    pub children: Vec<Child>,
    /// Block after which an epoch must open for the list to count.
    pub after: u32,
}

/// An amount for a hotkey: dividends, or pay that its owner collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Payment {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The owner of the hotkey.
    pub coldkey: AccountId,
    /// The amount, in rao.
    pub amount: Rao,
}

/// The dividends of an epoch, as far as they were credited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Credited {
    /// The part of each owner in rao, one for each payment that was credited: the take, and the
    /// dividends of a hotkey without stakers. The owner collects it later.
    pub owners: Vec<Rao>,
    /// Sum of all other parts in rao: the amount that the staking contract must receive.
    pub amount: Rao,
}

/// A part of a hotkey's dividends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct HotkeyPart {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The part, in rao.
    pub amount: Rao,
}

/// The contracts that the staking contract calls or is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StakingPeers {
    /// The token contract.
    pub token: AccountId,
    /// The registry.
    pub registry: AccountId,
    /// The emission contract. Absent before this contract is wired.
    pub emission: Option<AccountId>,
    /// The epoch contract. Absent before this contract is wired.
    pub epoch: Option<AccountId>,
}
