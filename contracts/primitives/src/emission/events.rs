//! Events of the emission contract.

use super::{EpochBudget, Fee};
use crate::{AccountId, NetUid, Rao};

/// The share of a retired subnet, divided between the others.
#[ink::event]
pub struct Released {
    /// The retired subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Amount that the other subnets share, in rao.
    pub amount: Rao,
}

/// The budget that a subnet drew for an epoch.
#[ink::event]
pub struct Drawn {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The budget.
    pub budget: EpochBudget,
    /// Amount that the subnet had earned with stake that has left since, in rao. All subnets share
    /// it.
    pub returned: Rao,
    /// Amount issued so far, genesis included, in rao.
    pub issued: Rao,
}

/// The end of an epoch's pay-out. All amounts are in rao.
#[ink::event]
pub struct Completed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Amount paid to miners and validators.
    pub paid: Rao,
    /// Amount paid to the subnet's owner.
    pub owner: Rao,
    /// Amount paid to the treasury.
    pub treasury: Rao,
    /// Amount carried over to the subnet's next budget.
    pub carried: Rao,
}

/// A fee that was paid for running an epoch.
#[ink::event]
pub struct FeePaid {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The account that was paid.
    pub payee: AccountId,
    /// The kind of fee.
    pub fee: Fee,
    /// The fee, in rao.
    pub amount: Rao,
}

/// The budget of an epoch that was rolled over.
#[ink::event]
pub struct Carried {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Amount carried over to the subnet's next budget, in rao.
    pub amount: Rao,
}
