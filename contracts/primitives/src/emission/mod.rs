//! The interface of the emission contract: issuance, its division, and pay-out.
//!
//! - `types`: splits, fees, budgets, and the state of issuance
//! - `events`, `error`: events and errors

mod error;
mod events;
mod types;

pub use error::{EmissionDeployError, EmissionError};
pub use events::{Carried, Completed, Drawn, FeePaid, Released};
pub use types::{
    EmissionPeers, EpochBudget, Fee, Fees, Issuance, Paid, Payout, Split, SplitPreset,
};

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

    /// Returns the owner's parts of a subnet's budgets that are owed, in rao.
    #[ink(message)]
    fn cut(&self, netuid: NetUid) -> Rao;

    /// Stakes the owner's parts of a subnet's budgets on the owner's hotkey. Returns the sum in
    /// rao. Anyone may call.
    ///
    /// # Errors
    /// `NothingOwed`, `Token`, `Staking`.
    #[ink(message)]
    fn collect_cut(&mut self, netuid: NetUid) -> Result<Rao, EmissionError>;

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
    /// Issuance is evaluated up to the current block. `matured`, the stake in rao that weighed in
    /// `epoch`, is the subnet's weight from now on. If it is less than before, the subnet draws
    /// that part of its share, and all subnets share the rest.
    ///
    /// # Events
    /// `Drawn`.
    ///
    /// # Errors
    /// `NotEpoch`, `AlreadyDrawn`.
    #[ink(message)]
    fn draw(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        preset: SplitPreset,
        matured: Rao,
    ) -> Result<EpochBudget, EmissionError>;

    /// Pays neurons of one chunk of `epoch`, in order, as far as one call has room for, and the
    /// part of the keeper's fee. Epoch contract only.
    ///
    /// Dividends are minted as stake. Incentive and take are owed to owners, and minted when they
    /// are collected.
    ///
    /// # Events
    /// `FeePaid`, unless the fee is zero.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `OverBudget`, `Token`, `Staking`.
    #[ink(message)]
    fn pay(&mut self, netuid: NetUid, epoch: u32, payout: Payout) -> Result<Paid, EmissionError>;

    /// Mints pay that is owed to owners, and stakes it on their hotkeys. Returns the sum in rao.
    /// Epoch contract only, for pay that the registry no longer owes.
    ///
    /// # Errors
    /// `NotEpoch`, `Overflow` for more than is owed, `Token`, `Staking`.
    #[ink(message)]
    fn pay_owed(&mut self, netuid: NetUid, payments: Vec<Payment>) -> Result<Rao, EmissionError>;

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

    /// Ends the pay-out of `epoch`: pays the treasury. Epoch contract only, after the last chunk or
    /// after the settle window.
    ///
    /// The owner's part is owed to the subnet's owner, who collects it with `collect_cut`. What is
    /// owed to a former owner, or on another hotkey, is paid to that owner as TAO.
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
