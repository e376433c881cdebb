//! How a price is paid: taken from whoever owes it, then burned.

use ink::{codegen::TraitCallBuilder, contract_ref, env::DefaultEnvironment, prelude::vec::Vec};
use inktensor_primitives::{registry::RegistryError, AccountId, Rao};
use psp22::{PSP22Burnable, PSP22};

/// Burns `price` of the TAO that `payer` allowed `registry`, this contract, to take.
///
/// A price of nothing is paid without asking the token.
///
/// # Errors
/// `Payment` if the token refuses either step; the caller must return it, so that nothing stays done.
pub fn burn(
    token: AccountId,
    registry: AccountId,
    payer: AccountId,
    price: Rao,
) -> Result<(), RegistryError> {
    if price.is_zero() {
        return Ok(());
    }
    let mut purse: contract_ref!(PSP22, DefaultEnvironment) = token.into();
    let mut furnace: contract_ref!(PSP22Burnable, DefaultEnvironment) = token.into();
    let taken = purse
        .call_mut()
        .transfer_from(payer, registry, price.to_u128(), Vec::new())
        .try_invoke();
    let Ok(Ok(Ok(()))) = taken else {
        return Err(RegistryError::Payment(price));
    };
    let burned = furnace.call_mut().burn(price.to_u128()).try_invoke();
    let Ok(Ok(Ok(()))) = burned else {
        return Err(RegistryError::Payment(price));
    };
    Ok(())
}
