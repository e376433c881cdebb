//! The runtime's errors as a [`ChainError`].

use super::link::At;
use crate::chain::ChainError;
use inktensor_primitives::AccountId;
use subxt::{error::DispatchError, rpcs::UserError};

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

/// Returns true if a node's error states that it has discarded the state of a block.
pub fn is_discarded(problem: &str) -> bool {
    problem.contains("State already discarded")
}

/// Converts the error of a read at block `number`: the node has discarded the state, or does not
/// have the block.
pub fn unread(problem: &UserError, number: u32) -> ChainError {
    let text = &problem.message;
    if is_discarded(text) {
        let first = number.saturating_add(1);
        ChainError::Pruned { first }
    } else if text.contains("UnknownBlock") || text.contains("Header was not found") {
        ChainError::BlockGone(number)
    } else {
        let problem = format!("the node answered: {text} ({})", problem.code);
        ChainError::Runtime(problem)
    }
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

    #[test]
    fn a_read_at_a_block_fails_by_its_state_or_by_the_block() {
        let of = |text: &str| {
            let problem = UserError {
                code: 4003,
                message: text.into(),
                data: None,
            };
            unread(&problem, 7)
        };
        let discarded = "Client error: UnknownBlock: State already discarded for 0x35";
        assert_eq!(of(discarded), ChainError::Pruned { first: 8 });
        let unknown = "Client error: UnknownBlock: Header was not found in the database: 0x35";
        assert_eq!(of(unknown), ChainError::BlockGone(7));
        assert!(matches!(of("Execution failed"), ChainError::Runtime(_)));
    }
}
