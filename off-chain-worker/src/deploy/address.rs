//! Accounts as people and files write them, and where a contract comes to be.

use inktensor_primitives::{hash::blake2, AccountId, Digest};
use scale::Encode;
use std::str::FromStr;
use subxt::utils::AccountId32;

/// What `pallet-contracts` puts before all that a contract's address is made of.
const PREFIX: [u8; 16] = *b"contract_addr_v1";

/// The account that `text` writes: an SS58 address, or 32 bytes in hexadecimal after `0x`.
pub fn address(text: &str) -> Option<AccountId> {
    match text.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits),
        None => AccountId32::from_str(text).ok().map(|it| it.0.into()),
    }
}

fn hexadecimal(digits: &str) -> Option<AccountId> {
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes.into())
}

/// The address of `account` in the form that wallets show, with the prefix of chains that have none
/// of their own.
pub fn ss58(account: &AccountId) -> String {
    AccountId32(*AsRef::<[u8; 32]>::as_ref(account)).to_string()
}

/// The digest that `text` writes: 32 bytes in hexadecimal after `0x`.
pub fn digest(text: &str) -> Option<Digest> {
    let bytes = hexadecimal(text.strip_prefix("0x")?)?;
    Some(*AsRef::<Digest>::as_ref(&bytes))
}

/// Where a contract comes to be that `deployer` makes of the code with this hash, of these
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{sandbox::SandboxChain, Chain},
        deploy::Bundle,
        engine::hex,
    };

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn an_account_reads_as_it_is_written() {
        let alice = address(ALICE).unwrap();
        assert_eq!(ss58(&alice), ALICE);
        assert_eq!(address(&hex(alice.as_ref())), Some(alice));
        let wrong = ALICE.replace('5', "6");
        for text in ["", "0x", "0x12", "Alice", wrong.as_str(), &ALICE[1..]] {
            assert_eq!(address(text), None, "{text}");
        }
        assert_eq!(digest(ALICE), None);
        assert_eq!(digest(&hex(&[7; 32])), Some([7; 32]));
    }

    #[test]
    fn a_contract_comes_to_be_where_it_is_said() {
        let deployer = AccountId::from([7; 32]);
        let code = Bundle::find("mean").unwrap().code;
        let mut chain = SandboxChain::new();
        let hash = chain.upload(deployer, &code).unwrap();
        let input = ink::selector_bytes!("new");
        let salt = [1u8, 2, 3];
        let made = chain.instantiate(deployer, hash, &input, &salt).unwrap();
        let expected = contract_address(deployer, &hash, &input, &salt);
        assert_eq!(made.address, expected);
    }
}
