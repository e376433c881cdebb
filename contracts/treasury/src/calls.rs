//! Calls to tokens. None uses the sugar that traps.

use ink::{codegen::TraitCallBuilder, contract_ref, env::DefaultEnvironment, prelude::vec::Vec};
use inktensor_primitives::{treasury::TreasuryError, AccountId, Rao, Tao};
use psp22::PSP22;

type TokenRef = contract_ref!(PSP22, DefaultEnvironment);

/// Returns the TAO of `account`.
///
/// # Errors
/// `Token`.
pub fn balance(tao: Tao, account: AccountId) -> Result<Rao, TreasuryError> {
    let token: TokenRef = tao.0.into();
    let Ok(Ok(balance)) = token.call().balance_of(account).try_invoke() else {
        return Err(TreasuryError::Token);
    };
    u64::try_from(balance)
        .map(Rao)
        .map_err(|_| TreasuryError::Token)
}

/// Transfers `amount` of the calling contract's tokens at `token` to `to`.
///
/// # Errors
/// `OtherToken`.
pub fn transfer(token: AccountId, to: AccountId, amount: u128) -> Result<(), TreasuryError> {
    let mut token: TokenRef = token.into();
    let call = token.call_mut().transfer(to, amount, Vec::new());
    match call.try_invoke() {
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(TreasuryError::OtherToken),
    }
}
