//! The runtime's errors as a [`ChainError`].

use super::link::At;
use crate::chain::ChainError;
use inktensor_primitives::AccountId;
use subxt::error::DispatchError;

/// Decodes the runtime's error about a message to `to`.
pub fn refusal(at: &At, encoded: &[u8], to: Option<AccountId>) -> ChainError {
    let error = match DispatchError::decode_from(encoded, at.metadata()) {
        Ok(error) => error,
        Err(error) => return ChainError::Runtime(format!("with an unknown error: {error}")),
    };
    let DispatchError::Module(module) = &error else {
        return ChainError::Runtime(error.to_string());
    };
    let Ok(details) = module.details() else {
        return ChainError::Runtime(error.to_string());
    };
    named(details.pallet.name(), &details.variant.name, to)
}

fn named(pallet: &str, name: &str, to: Option<AccountId>) -> ChainError {
    match (pallet, name, to) {
        ("Contracts", "ContractNotFound", Some(to)) => ChainError::NoContract(to),
        ("Contracts", "ContractTrapped", _) => ChainError::Trapped,
        ("Contracts", "OutOfGas", _) => ChainError::OutOfGas,
        ("Contracts", "CodeNotFound", _) => {
            ChainError::Runtime("there is no code with this hash".into())
        }
        ("Contracts", "StorageDepositNotEnoughFunds", _) => ChainError::Runtime(
            "the account cannot pay the deposit for storage: it needs more of the chain's own coin"
                .into(),
        ),
        ("Contracts", name, _) => ChainError::Runtime(name.into()),
        (pallet, name, _) => ChainError::Runtime(format!("{pallet}.{name}")),
    }
}

/// Returns true if a contract reverted the call, and returned the reason.
pub fn is_revert(error: &ChainError) -> bool {
    matches!(error, ChainError::Runtime(name) if name == "ContractReverted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pallets_errors_are_those_of_every_chain() {
        let to = AccountId::from([7; 32]);
        let of = |name| named("Contracts", name, Some(to));
        assert_eq!(of("ContractNotFound"), ChainError::NoContract(to));
        assert_eq!(of("ContractTrapped"), ChainError::Trapped);
        assert_eq!(of("OutOfGas"), ChainError::OutOfGas);
        assert!(is_revert(&of("ContractReverted")));
        assert!(!is_revert(&named("Balances", "ContractReverted", None)));
        assert!(of("StorageDepositNotEnoughFunds")
            .to_string()
            .contains("coin"));
    }
}
