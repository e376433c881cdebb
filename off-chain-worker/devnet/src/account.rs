//! Accounts of a development chain, which have names and need no keys.

use inktensor_primitives::{hash::blake2, AccountId};

/// Returns the development account called `name`.
pub fn account(name: &str) -> AccountId {
    blake2(format!("inktensor scenario: {name}").as_bytes()).into()
}
