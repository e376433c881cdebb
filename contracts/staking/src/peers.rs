//! Calls to the token and the registry. A peer's refusal and a peer that does not answer both come
//! back as errors.

use ink::{codegen::TraitCallBuilder, contract_ref, env::DefaultEnvironment, prelude::vec::Vec};
use inktensor_primitives::{
    registry::{HotkeyStatus, Registry},
    staking::StakingError,
    AccountId, NetUid, Rao,
};
use psp22::PSP22;

/// TAO.
type Token = contract_ref!(PSP22, DefaultEnvironment);

/// Subnets and hotkeys.
type Hotkeys = contract_ref!(Registry, DefaultEnvironment);

/// Whether a PSP22 token answers at `token`.
pub fn is_token(token: AccountId) -> bool {
    let token: Token = token.into();
    matches!(token.call().total_supply().try_invoke(), Ok(Ok(_)))
}

/// Whether a registry answers at `registry`.
pub fn is_registry(registry: AccountId) -> bool {
    let registry: Hotkeys = registry.into();
    matches!(registry.call().subnets().try_invoke(), Ok(Ok(_)))
}

/// Whether `netuid` goes on: false once it is retired, none if it never was or the registry does
/// not answer.
pub fn is_live(registry: AccountId, netuid: NetUid) -> Option<bool> {
    let registry: Hotkeys = registry.into();
    let Ok(Ok(created)) = registry.call().subnets().try_invoke() else {
        return None;
    };
    if !(1..=created).contains(&netuid.0) {
        return None;
    }
    let nobody = AccountId::from([0; 32]);
    match registry.call().hotkey_status(netuid, nobody).try_invoke() {
        Ok(Ok(status)) => Some(status.subnet_exists),
        _ => None,
    }
}

/// Moves `amount` of TAO from `from`, who has approved it, to `to`, who calls.
///
/// # Errors
/// `Payment`.
pub fn collect(
    token: AccountId,
    from: AccountId,
    to: AccountId,
    amount: Rao,
) -> Result<(), StakingError> {
    let mut token: Token = token.into();
    match token
        .call_mut()
        .transfer_from(from, to, amount.to_u128(), Vec::new())
        .try_invoke()
    {
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(StakingError::Payment(amount)),
    }
}

/// Moves `amount` of the calling contract's TAO to `to`.
///
/// # Errors
/// `Payment`.
pub fn give(token: AccountId, to: AccountId, amount: Rao) -> Result<(), StakingError> {
    let mut token: Token = token.into();
    match token
        .call_mut()
        .transfer(to, amount.to_u128(), Vec::new())
        .try_invoke()
    {
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(StakingError::Payment(amount)),
    }
}

/// What the registry says of a subnet and a hotkey. Root, which it does not know, always exists,
/// and stake changes hands there.
///
/// # Errors
/// `Registry`.
pub fn status(
    registry: AccountId,
    netuid: NetUid,
    hotkey: AccountId,
) -> Result<HotkeyStatus, StakingError> {
    let registry: Hotkeys = registry.into();
    match registry.call().hotkey_status(netuid, hotkey).try_invoke() {
        Ok(Ok(status)) if netuid.is_root() => Ok(HotkeyStatus {
            subnet_exists: true,
            transfers: true,
            ..status
        }),
        Ok(Ok(status)) => Ok(status),
        _ => Err(StakingError::Registry),
    }
}

/// Refuses everybody but the owner of `hotkey`.
///
/// # Errors
/// `NotHotkeyOwner`, `Registry`.
pub fn ensure_owner(
    registry: AccountId,
    hotkey: AccountId,
    who: AccountId,
) -> Result<(), StakingError> {
    let registry: Hotkeys = registry.into();
    match registry.call().owner_of(hotkey).try_invoke() {
        Ok(Ok(Some(owner))) if owner == who => Ok(()),
        Ok(Ok(_)) => Err(StakingError::NotHotkeyOwner),
        _ => Err(StakingError::Registry),
    }
}
