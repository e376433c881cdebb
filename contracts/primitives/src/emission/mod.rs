//! The interface of the emission contract: issuance, its division, and pay-out.
//!
//! - `types`: splits, fees, budgets, and the state of issuance
//! - `events`, `error`: events and errors

mod error;
mod events;
mod types;

pub use error::{EmissionDeployError, EmissionError};
pub use events::{Carried, Completed, Drawn, FeePaid, Released};
pub use types::{EmissionPeers, EpochBudget, Fee, Fees, Issuance, Split, SplitPreset};

use crate::{staking::Payment, token::WireError, AccountId, NetUid, Rao};
use ink::prelude::vec::Vec;

/// The emission contract, the token's only minter.
///
/// Views come first, then the one message that anyone may call, and at the end those of the epoch
/// contract and of the deployer.
#[ink::trait_definition]
pub trait Emission {
    /// Returns the state of issuance, evaluated up to the last draw.
    #[ink(message)]
    fn issuance(&self) -> Issuance;

    /// Returns the amount in rao that a subnet would draw if its epoch closed now, and its matured
    /// stake had not shrunk since its last close.
    #[ink(message)]
    fn pending(&self, netuid: NetUid) -> Rao;

    /// Returns the budget of an epoch whose pay-out is not complete.
    #[ink(message)]
    fn budget(&self, netuid: NetUid, epoch: u32) -> Option<EpochBudget>;

    /// Returns the split of the network, which budgets follow by default.
    #[ink(message)]
    fn split(&self) -> Split;

    /// Returns the fees for running an epoch.
    #[ink(message)]
    fn fees(&self) -> Fees;

    /// Returns the account of the treasury.
    #[ink(message)]
    fn treasury(&self) -> AccountId;

    /// Returns the contracts that this contract calls or is called by.
    #[ink(message)]
    fn peers(&self) -> EmissionPeers;

    /// Divides the share of a retired subnet between the subnets that share in issuance now, and
    /// ends its weight. Returns the amount in rao.
    ///
    /// Anyone may call, also again, for amounts that a last epoch has carried over since.
    ///
    /// # Events
    /// `Released`.
    ///
    /// # Errors
    /// `StillLive`, `Staking`, `NobodyShares`.
    #[ink(message)]
    fn release(&mut self, netuid: NetUid) -> Result<Rao, EmissionError>;

    /// Draws a subnet's budget for `epoch` and divides it by `preset`. Epoch contract only, when
    /// the epoch closes.
    ///
    /// Issuance is evaluated up to the current block, and the subnet's weight is read again: the
    /// stake that weighed in `epoch`. If it is less than before, the subnet draws that part of its
    /// share, and all subnets share the rest.
    ///
    /// # Events
    /// `Drawn`.
    ///
    /// # Errors
    /// `NotEpoch`, `Staking`, `AlreadyDrawn`.
    #[ink(message)]
    fn draw(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        preset: SplitPreset,
    ) -> Result<EpochBudget, EmissionError>;

    /// Mints and pays `payments`, the pay of one chunk of `epoch`, as stake. Returns their sum in
    /// rao. Epoch contract only.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `OverBudget`, `Token`, `Staking`.
    #[ink(message)]
    fn pay(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        payments: Vec<Payment>,
    ) -> Result<Rao, EmissionError>;

    /// Mints and pays `amount` rao of a fee of `epoch` to `payee`, as TAO. Epoch contract only.
    ///
    /// # Events
    /// `FeePaid`, unless the amount is zero.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `OverBudget` with the amount that the fee has left, `Token`.
    #[ink(message)]
    fn pay_fee(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        fee: Fee,
        payee: AccountId,
        amount: Rao,
    ) -> Result<(), EmissionError>;

    /// Ends the pay-out of `epoch`: pays the subnet's owner, as stake, and the treasury. Epoch
    /// contract only, after the last chunk or after the settle window.
    ///
    /// The unpaid rest of miners, validators and fees goes to the subnet's next budget.
    ///
    /// # Events
    /// `Completed`.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `Token`, `Staking`.
    #[ink(message)]
    fn complete(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        owner: AccountId,
        owner_hotkey: AccountId,
    ) -> Result<(), EmissionError>;

    /// Carries the unspent budget of `epoch`, which is rolled over, to the subnet's next budget.
    /// Returns the amount in rao. Epoch contract only.
    ///
    /// # Events
    /// `Carried`.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`.
    #[ink(message)]
    fn carry(&mut self, netuid: NetUid, epoch: u32) -> Result<Rao, EmissionError>;

    /// Names the epoch contract. Deployer only, once, during deployment.
    ///
    /// # Events
    /// `Wired`.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`, `BadPeer` if the contract is the treasury.
    #[ink(message)]
    fn wire(&mut self, epoch: AccountId) -> Result<(), WireError>;
}
