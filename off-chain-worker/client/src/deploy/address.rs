//! The address of a contract before it is made.

use inktensor_primitives::{hash::blake2, AccountId, Digest};
use scale::Encode;

/// Prefix of the preimage of a contract's address.
const PREFIX: [u8; 16] = *b"contract_addr_v1";

/// Returns the address of the contract that `deployer` makes of the code with this hash, these
/// arguments and this salt.
///
/// Source: `DefaultAddressGenerator` of pallet-contracts.
pub fn contract_address(
    deployer: AccountId,
    code_hash: &Digest,
    input: &[u8],
    salt: &[u8],
) -> AccountId {
    blake2(&(PREFIX, deployer, code_hash, input, salt).encode()).into()
}
