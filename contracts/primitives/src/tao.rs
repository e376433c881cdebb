//! Calls to the TAO token.
//!
//! None uses the sugar that traps. An error must end the message, so that whatever was done before
//! is undone. A zero amount moves nothing and is no call, as the token would accept it in any case.

use crate::{
    emission::EmissionError,
    epoch::EpochError,
    governance::GovernanceError,
    registry::RegistryError,
    staking::StakingError,
    token::{Successor, TokenControl},
    treasury::TreasuryError,
    AccountId, Rao,
};
use ink::{
    codegen::TraitCallBuilder,
    contract_ref,
    env::{DefaultEnvironment, Error},
    prelude::vec::Vec,
    MessageResult,
};
use psp22::{PSP22Burnable, PSP22Error, PSP22};

type TokenRef = contract_ref!(PSP22, DefaultEnvironment);
type BurnRef = contract_ref!(PSP22Burnable, DefaultEnvironment);
type ControlRef = contract_ref!(TokenControl, DefaultEnvironment);

/// The TAO token at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Tao(pub AccountId);

/// A payment that did not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentRefused {
    /// The amount that was to be paid.
    pub amount: Rao,
    /// True if the token refused, false if there was no answer from the token.
    pub answered: bool,
}

impl Tao {
    /// Returns true if a PSP22 token answers at the address.
    pub fn answers(self) -> bool {
        let token: TokenRef = self.0.into();
        matches!(token.call().total_supply().try_invoke(), Ok(Ok(_)))
    }

    /// Transfers `amount` from `from`, whose allowance pays for it, to `to`, the calling contract.
    ///
    /// # Errors
    /// `PaymentRefused` if balance or allowance is below the amount, or there is no answer.
    pub fn collect(
        self,
        from: AccountId,
        to: AccountId,
        amount: Rao,
    ) -> Result<(), PaymentRefused> {
        if amount.is_zero() {
            return Ok(());
        }
        let mut token: TokenRef = self.0.into();
        let call = token
            .call_mut()
            .transfer_from(from, to, amount.to_u128(), Vec::new());
        paid(amount, call.try_invoke())
    }

    /// Transfers `amount` of the calling contract's TAO to `to`.
    ///
    /// # Errors
    /// `PaymentRefused` if the balance is below the amount, or there is no answer.
    pub fn send(self, to: AccountId, amount: Rao) -> Result<(), PaymentRefused> {
        if amount.is_zero() {
            return Ok(());
        }
        let mut token: TokenRef = self.0.into();
        let call = token.call_mut().transfer(to, amount.to_u128(), Vec::new());
        paid(amount, call.try_invoke())
    }

    /// Burns `amount` of the calling contract's TAO.
    ///
    /// # Errors
    /// `PaymentRefused` if the balance is below the amount, or there is no answer.
    pub fn burn(self, amount: Rao) -> Result<(), PaymentRefused> {
        if amount.is_zero() {
            return Ok(());
        }
        let mut token: BurnRef = self.0.into();
        paid(amount, token.call_mut().burn(amount.to_u128()).try_invoke())
    }

    /// Mints to each payee its amount, in one call. Payees of nothing are left out.
    ///
    /// # Errors
    /// `PaymentRefused` if the calling contract is not the minter, the cap would be passed, or
    /// there is no answer.
    pub fn mint_to(self, payees: &[(AccountId, Rao)]) -> Result<(), PaymentRefused> {
        let payees: Vec<(AccountId, u128)> = payees
            .iter()
            .filter(|(_, amount)| !amount.is_zero())
            .map(|(payee, amount)| (*payee, amount.to_u128()))
            .collect();
        let Some((_, first)) = payees.first() else {
            return Ok(());
        };
        let amount = Rao(u64::try_from(*first).unwrap_or(u64::MAX));
        let mut token: ControlRef = self.0.into();
        paid(amount, token.call_mut().mint_to(payees).try_invoke())
    }

    /// Announces `to` as the successor of minter and registry, or withdraws the announced one.
    /// Returns true if the token accepted that from the calling contract.
    pub fn succeed(self, to: Option<Successor>) -> bool {
        let mut token: ControlRef = self.0.into();
        matches!(token.call_mut().succeed(to).try_invoke(), Ok(Ok(Ok(_))))
    }
}

/// Converts the outcome of a call that was to pay `amount`.
fn paid(
    amount: Rao,
    outcome: Result<MessageResult<Result<(), PSP22Error>>, Error>,
) -> Result<(), PaymentRefused> {
    match outcome {
        Ok(Ok(answer)) => answer.map_err(|_| PaymentRefused {
            amount,
            answered: true,
        }),
        Ok(Err(_)) | Err(_) => Err(PaymentRefused {
            amount,
            answered: false,
        }),
    }
}

impl From<PaymentRefused> for RegistryError {
    fn from(refused: PaymentRefused) -> Self {
        Self::Payment(refused.amount)
    }
}

impl From<PaymentRefused> for GovernanceError {
    fn from(refused: PaymentRefused) -> Self {
        Self::Payment(refused.amount)
    }
}

impl From<PaymentRefused> for StakingError {
    fn from(refused: PaymentRefused) -> Self {
        Self::Payment(refused.amount)
    }
}

impl From<PaymentRefused> for EpochError {
    fn from(refused: PaymentRefused) -> Self {
        if refused.answered {
            Self::Payment(refused.amount)
        } else {
            Self::PeerUnavailable
        }
    }
}

impl From<PaymentRefused> for EmissionError {
    fn from(_: PaymentRefused) -> Self {
        Self::Token
    }
}

impl From<PaymentRefused> for TreasuryError {
    fn from(refused: PaymentRefused) -> Self {
        Self::Payment(refused.amount)
    }
}
