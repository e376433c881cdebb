//! Accounts and hashes as text: SS58 addresses as wallets show them, and hexadecimal.

pub use inktensor_primitives::ss58::ss58;

use inktensor_primitives::{AccountId, Digest};
use std::str::FromStr;
use subxt::utils::AccountId32;
use thiserror::Error;

/// Bytes of an account, and of a hash.
const LENGTH: usize = 32;

/// The error of subxt's decoder.
type DecodeError = <AccountId32 as FromStr>::Err;

/// An error of a text that should be an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The text has the form of an SS58 address, but its checksum is wrong.
    #[error("its checksum is wrong; a character may be mistyped")]
    Checksum,
    /// The text is of another kind.
    #[error("expected an SS58 address, or 64 hexadecimal digits after 0x")]
    Form,
}

/// Reads an account: an SS58 address, or 32 bytes in hexadecimal after `0x`.
///
/// # Errors
/// See [`AddressError`].
pub fn parse_address(text: &str) -> Result<AccountId, AddressError> {
    match text.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits)
            .map(AccountId::from)
            .ok_or(AddressError::Form),
        None => match AccountId32::from_str(text) {
            Ok(account) => Ok(account.0.into()),
            Err(DecodeError::InvalidChecksum) => Err(AddressError::Checksum),
            Err(_) => Err(AddressError::Form),
        },
    }
}

/// Returns the account that `text` names, as [`parse_address`] reads it.
pub fn address(text: &str) -> Option<AccountId> {
    parse_address(text).ok()
}

/// Returns the digest that `text` names: 32 bytes in hexadecimal after `0x`.
pub fn digest(text: &str) -> Option<Digest> {
    hexadecimal(text.strip_prefix("0x")?)
}

fn hexadecimal(digits: &str) -> Option<[u8; LENGTH]> {
    if digits.len() != 2 * LENGTH {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::hash::hex;

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
    fn a_mistyped_address_has_a_wrong_checksum() {
        let mistyped = ALICE.replace("KutQY", "KutQX");
        assert_eq!(parse_address(&mistyped), Err(AddressError::Checksum));
        assert_eq!(parse_address("Alice"), Err(AddressError::Form));
        assert_eq!(parse_address("0x12"), Err(AddressError::Form));
    }
}
