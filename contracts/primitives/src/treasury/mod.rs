//! The interface of the treasury: payments, streams and budgets.
//!
//! - `types`: grants, limits, and their constants
//! - `events`, `error`: events and errors

mod error;
mod events;
mod types;

pub use error::{GrantField, TreasuryDeployError, TreasuryError};
pub use events::{
    BudgetDrawn, BudgetOpened, GrantClosed, GrantRevoked, OwnerChanged, OwnerOffered, PayeeChanged,
    StreamClaimed, StreamOpened, TokenRescued, TreasuryPaid,
};
pub use types::{
    BudgetView, Limits, NewBudget, NewStream, StreamView, DAY, LONGEST_GRANT, OUT_DIVISOR, WINDOW,
};

use crate::{AccountId, Rao};

/// The treasury: TAO that one owner pays out, at most a tenth of what is free in 30 days.
///
/// Streams and budgets are grants. Grants are numbered together, from 0 on. Views come first, then
/// messages that anyone may call, those of payees and managers, and at the end those of the owner.
#[ink::trait_definition]
pub trait Treasury {
    /// Returns the token contract.
    #[ink(message)]
    fn token(&self) -> AccountId;

    /// Returns the owner, who pays and opens grants.
    #[ink(message)]
    fn owner(&self) -> AccountId;

    /// Returns the account that the treasury is offered to.
    #[ink(message)]
    fn offered_owner(&self) -> Option<AccountId>;

    /// Returns the balance that is not committed to grants, in rao. 0 if the token does not answer.
    #[ink(message)]
    fn free(&self) -> Rao;

    /// Returns the limit on outgoing TAO and the amounts that it depends on.
    #[ink(message)]
    fn limits(&self) -> Limits;

    /// Returns the number of grants ever opened. Their numbers are below it.
    #[ink(message)]
    fn grants(&self) -> u32;

    /// Returns a stream as of now. Absent if it is closed, or the number is not a stream's.
    #[ink(message)]
    fn stream(&self, id: u32) -> Option<StreamView>;

    /// Returns a budget as of now. Absent if it is closed, or the number is not a budget's.
    #[ink(message)]
    fn budget(&self, id: u32) -> Option<BudgetView>;

    /// Pays a stream's payee what is vested and unpaid. Returns the amount in rao. Anyone may call.
    ///
    /// # Events
    /// `StreamClaimed`.
    ///
    /// # Errors
    /// `NoStream`, `NothingToClaim`, `Payment`, in this order.
    #[ink(message)]
    fn claim(&mut self, id: u32) -> Result<Rao, TreasuryError>;

    /// Removes a grant that is over: a stream that is fully paid, or a budget after its end or with
    /// nothing left. Returns the amount that is free again, in rao. Anyone may call; the storage
    /// deposit goes to the caller.
    ///
    /// # Events
    /// `GrantClosed`.
    ///
    /// # Errors
    /// `NoGrant`, `NotOver`, in this order.
    #[ink(message)]
    fn close(&mut self, id: u32) -> Result<Rao, TreasuryError>;

    /// Replaces the payee of a stream. Present payee only.
    ///
    /// # Events
    /// `PayeeChanged`.
    ///
    /// # Errors
    /// `BadAccount`, `NoStream`, `NotPayee`, in this order.
    #[ink(message)]
    fn set_payee(&mut self, id: u32, to: AccountId) -> Result<(), TreasuryError>;

    /// Pays `amount` rao of a budget to `to`. The budget's manager only.
    ///
    /// # Events
    /// `BudgetDrawn`.
    ///
    /// # Errors
    /// `BadAccount`, `ZeroAmount`, `NoBudget`, `NotManager`, `Ended`, `AboveBudget`, `Payment`, in
    /// this order.
    #[ink(message)]
    fn draw(&mut self, id: u32, to: AccountId, amount: Rao) -> Result<(), TreasuryError>;

    /// Pays `amount` rao to `to`. Owner only.
    ///
    /// # Events
    /// `TreasuryPaid`.
    ///
    /// # Errors
    /// `NotOwner`, `BadAccount`, `ZeroAmount`, `Token`, `AboveLimit`, `Payment`, in this order.
    #[ink(message)]
    fn pay(&mut self, to: AccountId, amount: Rao) -> Result<(), TreasuryError>;

    /// Opens a stream: TAO that vests for a payee from block to block. Returns its number. Owner
    /// only. The whole amount counts as outgoing now.
    ///
    /// Nothing is vested before the cliff. From then on
    /// `total * (min(now, end) - start) / (end - start)` is, rounded down.
    ///
    /// # Events
    /// `StreamOpened`.
    ///
    /// # Errors
    /// `NotOwner`, `BadAccount`, `ZeroAmount`, `OutOfBounds`, `Token`, `AboveLimit`, in this order.
    #[ink(message)]
    fn open_stream(&mut self, stream: NewStream) -> Result<u32, TreasuryError>;

    /// Opens a budget: TAO that a manager pays out, so much a period. Returns its number. Owner
    /// only. The whole amount counts as outgoing now.
    ///
    /// # Events
    /// `BudgetOpened`.
    ///
    /// # Errors
    /// `NotOwner`, `BadAccount`, `ZeroAmount`, `OutOfBounds`, `Token`, `AboveLimit`, in this order.
    #[ink(message)]
    fn open_budget(&mut self, budget: NewBudget) -> Result<u32, TreasuryError>;

    /// Ends a grant. Returns the amount that is free again, in rao. Owner only.
    ///
    /// What has vested of a stream can still be claimed. A budget is removed. The freed amount
    /// stays counted as outgoing, and raises the limit only when it has been free for 30 days.
    ///
    /// # Events
    /// `GrantRevoked`.
    ///
    /// # Errors
    /// `NotOwner`, `NoGrant`, `AlreadyRevoked`, in this order.
    #[ink(message)]
    fn revoke(&mut self, id: u32) -> Result<Rao, TreasuryError>;

    /// Transfers `amount` of another PSP22 token than TAO to `to`. Owner only.
    ///
    /// # Events
    /// `TokenRescued`.
    ///
    /// # Errors
    /// `NotOwner`, `IsTao`, `BadAccount`, `ZeroAmount`, `OtherToken`, in this order.
    #[ink(message)]
    fn rescue(
        &mut self,
        token: AccountId,
        to: AccountId,
        amount: u128,
    ) -> Result<(), TreasuryError>;

    /// Offers the treasury to another owner, or withdraws the offer. Owner only.
    ///
    /// # Events
    /// `OwnerOffered`.
    ///
    /// # Errors
    /// `NotOwner`, `BadAccount`, in this order.
    #[ink(message)]
    fn offer_owner(&mut self, to: Option<AccountId>) -> Result<(), TreasuryError>;

    /// Makes the caller the owner, to whom the treasury is offered.
    ///
    /// # Events
    /// `OwnerChanged`.
    ///
    /// # Errors
    /// `OwnerNotOffered`.
    #[ink(message)]
    fn accept_owner(&mut self) -> Result<(), TreasuryError>;
}
