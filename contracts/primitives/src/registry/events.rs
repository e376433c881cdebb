//! Events of the registry.

use super::{Hyperparameter, NetworkRules, SubnetIdentity};
use crate::{AccountId, NetUid, Rao, Uid};
use ink::prelude::string::String;

/// A new subnet.
#[ink::event]
pub struct SubnetCreated {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The owner.
    #[ink(topic)]
    pub owner: AccountId,
    /// Lock that the owner paid, in rao.
    pub price: Rao,
}

/// A change of a hyperparameter.
#[ink::event]
pub struct HyperparameterSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hyperparameter with the new value.
    pub value: Hyperparameter,
    /// Epoch from which the value counts.
    pub from_epoch: u32,
}

/// A new neuron.
#[ink::event]
pub struct NeuronRegistered {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The owner of the hotkey.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// The uid.
    pub uid: Uid,
    /// Hotkey of the neuron that was replaced, if any.
    pub replaced: Option<AccountId>,
    /// Price that was burned, in rao.
    pub price: Rao,
}

/// A change of the network's rules that is announced, or counts at once on a network without
/// subnets.
#[ink::event]
pub struct NetworkRulesSet {
    /// The new rules.
    pub rules: NetworkRules,
    /// Block from which the rules count.
    pub from: u32,
}

/// The withdrawal of announced rules.
#[ink::event]
pub struct NetworkRulesCancelled {
    /// The rules, which will not count.
    pub rules: NetworkRules,
}

/// The start of a subnet's epochs.
#[ink::event]
pub struct SubnetStarted {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Block of the start.
    pub at: u32,
}

/// The retirement of a subnet, in favour of a new one.
#[ink::event]
pub struct SubnetRetired {
    /// The retired subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The owner, who received the lock.
    #[ink(topic)]
    pub owner: AccountId,
    /// The returned lock, in rao.
    pub lock: Rao,
}

/// A new or withdrawn offer of a subnet.
#[ink::event]
pub struct SubnetOffered {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The account that may accept the subnet. Absent if the offer was withdrawn.
    pub to: Option<AccountId>,
}

/// A change of a subnet's owner.
#[ink::event]
pub struct SubnetTransferred {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The former owner.
    #[ink(topic)]
    pub from: AccountId,
    /// The new owner.
    #[ink(topic)]
    pub to: AccountId,
    /// Hotkey of the new owner.
    pub owner_hotkey: AccountId,
}

/// A new or cleared identity of a subnet.
#[ink::event]
pub struct IdentitySet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The identity. Absent if the identity was cleared.
    pub identity: Option<SubnetIdentity>,
}

/// A new symbol of a subnet.
#[ink::event]
pub struct SymbolSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The symbol, which may be empty.
    pub symbol: String,
}

/// A swap of a neuron's hotkey.
#[ink::event]
pub struct HotkeySwapped {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The former hotkey.
    #[ink(topic)]
    pub from: AccountId,
    /// The new hotkey.
    #[ink(topic)]
    pub to: AccountId,
    /// The hotkey that holds the neuron's stake.
    pub identity: AccountId,
    /// The uid.
    pub uid: Uid,
}
