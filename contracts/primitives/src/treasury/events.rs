//! Events of the treasury.

use crate::{AccountId, Rao};

/// A payment of the owner's.
#[ink::event]
pub struct TreasuryPaid {
    /// The account that was paid.
    #[ink(topic)]
    pub to: AccountId,
    /// The amount, in rao.
    pub amount: Rao,
}

/// A new stream.
#[ink::event]
pub struct StreamOpened {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// The account that is paid.
    #[ink(topic)]
    pub payee: AccountId,
    /// Amount that vests from `start` to `end`, in rao.
    pub total: Rao,
    /// Block from which the amount vests.
    pub start: u32,
    /// Block before which nothing is vested.
    pub cliff: u32,
    /// Block from which the whole amount is vested.
    pub end: u32,
}

/// A new budget.
#[ink::event]
pub struct BudgetOpened {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// The account that draws.
    #[ink(topic)]
    pub manager: AccountId,
    /// Amount of the whole budget, in rao.
    pub total: Rao,
    /// Most rao of a period.
    pub per_period: Rao,
    /// Blocks of a period.
    pub period: u32,
    /// Block from which the manager draws no more.
    pub until: u32,
}

/// A payment of a stream.
#[ink::event]
pub struct StreamClaimed {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// The account that was paid.
    #[ink(topic)]
    pub payee: AccountId,
    /// The amount, in rao.
    pub amount: Rao,
}

/// A payment of a budget.
#[ink::event]
pub struct BudgetDrawn {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// The account that was paid.
    #[ink(topic)]
    pub to: AccountId,
    /// The amount, in rao.
    pub amount: Rao,
}

/// A change of a stream's payee.
#[ink::event]
pub struct PayeeChanged {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// The former payee.
    pub from: AccountId,
    /// The new payee.
    #[ink(topic)]
    pub to: AccountId,
}

/// The end of a grant by the owner.
#[ink::event]
pub struct GrantRevoked {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// Amount that is free again, in rao.
    pub freed: Rao,
}

/// The removal of a grant that is over.
#[ink::event]
pub struct GrantClosed {
    /// Number of the grant.
    #[ink(topic)]
    pub id: u32,
    /// Amount that is free again, in rao.
    pub freed: Rao,
}

/// A transfer of another token than TAO.
#[ink::event]
pub struct TokenRescued {
    /// The other token.
    #[ink(topic)]
    pub token: AccountId,
    /// The account that received it.
    pub to: AccountId,
    /// The amount, in the token's smallest unit.
    pub amount: u128,
}

/// The offer of the treasury to another owner, or the withdrawal of the offer.
#[ink::event]
pub struct OwnerOffered {
    /// The account that may accept. Absent if the offer was withdrawn.
    pub to: Option<AccountId>,
}

/// A change of the treasury's owner.
#[ink::event]
pub struct OwnerChanged {
    /// The former owner.
    pub from: AccountId,
    /// The new owner.
    #[ink(topic)]
    pub to: AccountId,
}
