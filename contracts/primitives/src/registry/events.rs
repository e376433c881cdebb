//! What the registry tells.

use super::{Hyperparameter, NetworkRules, SubnetIdentity};
use crate::{AccountId, NetUid, Rao, Uid};
use ink::prelude::string::String;

/// A subnet came to be.
#[ink::event]
pub struct SubnetCreated {
    /// Its number.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Its owner.
    #[ink(topic)]
    pub owner: AccountId,
    /// Rao burned for it.
    pub price: Rao,
}

/// A hyperparameter has a new value.
#[ink::event]
pub struct HyperparameterSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The parameter and its value.
    pub value: Hyperparameter,
}

/// A hotkey took a seat.
#[ink::event]
pub struct NeuronRegistered {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Its owner.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// Its seat.
    pub uid: Uid,
    /// Whom it replaced.
    pub replaced: Option<AccountId>,
    /// Rao burned.
    pub price: Rao,
}

/// The network's rules changed.
#[ink::event]
pub struct NetworkRulesSet {
    /// What they are now.
    pub rules: NetworkRules,
}

/// A subnet's epochs may close from now on, a tempo at a time.
#[ink::event]
pub struct SubnetStarted {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The block.
    pub at: u32,
}

/// A subnet gave way to a new one.
#[ink::event]
pub struct SubnetRetired {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Its owner, who got the lock back.
    #[ink(topic)]
    pub owner: AccountId,
    /// How much that was.
    pub lock: Rao,
}

/// A subnet is offered to another owner, or no longer.
#[ink::event]
pub struct SubnetOffered {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// To whom.
    pub to: Option<AccountId>,
}

/// A subnet has another owner.
#[ink::event]
pub struct SubnetTransferred {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Who owned it.
    #[ink(topic)]
    pub from: AccountId,
    /// Who owns it.
    #[ink(topic)]
    pub to: AccountId,
    /// The new owner's hotkey.
    pub owner_hotkey: AccountId,
}

/// A subnet says who it is, or no longer.
#[ink::event]
pub struct IdentitySet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// What it says.
    pub identity: Option<SubnetIdentity>,
}

/// A subnet's symbol changed.
#[ink::event]
pub struct SymbolSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The new symbol, which may be empty.
    pub symbol: String,
}

/// A neuron has another hotkey.
#[ink::event]
pub struct HotkeySwapped {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hotkey it had.
    #[ink(topic)]
    pub from: AccountId,
    /// The hotkey it has.
    #[ink(topic)]
    pub to: AccountId,
    /// The hotkey that its stake is on.
    pub identity: AccountId,
    /// Its seat.
    pub uid: Uid,
}
