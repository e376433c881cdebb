//! How a price is paid: taken from whoever owes it, then burned or held; and how what is held goes
//! back.

use ink::{codegen::TraitCallBuilder, contract_ref, env::DefaultEnvironment, prelude::vec::Vec};
use inktensor_primitives::{registry::RegistryError, AccountId, Rao};
use psp22::{PSP22Burnable, PSP22};

type Purse = contract_ref!(PSP22, DefaultEnvironment);
type Furnace = contract_ref!(PSP22Burnable, DefaultEnvironment);

/// Takes `price` of the TAO that `payer` allowed `registry`, this contract, to take.
///
/// A price of nothing is paid without asking the token.
///
/// # Errors
/// `Payment` if the token refuses; the caller must return it, so that nothing stays done.
pub fn take(
    token: AccountId,
    registry: AccountId,
    payer: AccountId,
    price: Rao,
) -> Result<(), RegistryError> {
    if price.is_zero() {
        return Ok(());
    }
    let mut purse: Purse = token.into();
    let taken = purse
        .call_mut()
        .transfer_from(payer, registry, price.to_u128(), Vec::new())
        .try_invoke();
    match taken {
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(RegistryError::Payment(price)),
    }
}

/// Burns `price` of the TAO that `payer` allowed `registry`, this contract, to take.
///
/// # Errors
/// As [`take`].
pub fn burn(
    token: AccountId,
    registry: AccountId,
    payer: AccountId,
    price: Rao,
) -> Result<(), RegistryError> {
    if price.is_zero() {
        return Ok(());
    }
    take(token, registry, payer, price)?;
    let mut furnace: Furnace = token.into();
    match furnace.call_mut().burn(price.to_u128()).try_invoke() {
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(RegistryError::Payment(price)),
    }
}

/// Gives `amount` of this contract's TAO to `payee`.
///
/// # Errors
/// As [`take`].
pub fn give(token: AccountId, payee: AccountId, amount: Rao) -> Result<(), RegistryError> {
    if amount.is_zero() {
        return Ok(());
    }
    let mut purse: Purse = token.into();
    let given = purse
        .call_mut()
        .transfer(payee, amount.to_u128(), Vec::new())
        .try_invoke();
    match given {
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(RegistryError::Payment(amount)),
    }
}
