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
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is not an address: {problem}")]
pub struct AddressError {
    /// The text.
    pub text: String,
    /// The reason.
    pub problem: AddressProblem,
}

/// A reason for which a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressProblem {
    /// The text has the form of an SS58 address, but its checksum is wrong.
    #[error("its checksum is wrong; a character may be mistyped")]
    Checksum,
    /// The text begins with `0x`, but not 64 hexadecimal digits follow. The number is that of the
    /// characters after `0x`.
    #[error("expected 64 hexadecimal digits after 0x, found a text of length {0}")]
    Digits(usize),
    /// The text is of another kind.
    #[error("expected an SS58 address, or 64 hexadecimal digits after 0x")]
    Form,
}

/// Reads an account: an SS58 address, or 32 bytes in hexadecimal after `0x`.
///
/// # Errors
/// See [`AddressError`].
pub fn parse_address(text: &str) -> Result<AccountId, AddressError> {
    let read = match text.strip_prefix("0x") {
        Some(digits) => {
            hexadecimal(digits).ok_or_else(|| AddressProblem::Digits(digits.chars().count()))
        }
        None => match AccountId32::from_str(text) {
            Ok(account) => Ok(account.0),
            Err(DecodeError::InvalidChecksum) => Err(AddressProblem::Checksum),
            Err(_) => Err(AddressProblem::Form),
        },
    };
    read.map(AccountId::from).map_err(|problem| AddressError {
        text: text.into(),
        problem,
    })
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
        let alice = parse_address(ALICE).unwrap();
        assert_eq!(ss58(&alice), ALICE);
        assert_eq!(parse_address(&hex(alice.as_ref())), Ok(alice));
        let wrong = ALICE.replace('5', "6");
        for text in ["", "0x", "0x12", "Alice", wrong.as_str(), &ALICE[1..]] {
            assert!(parse_address(text).is_err(), "{text}");
        }
        assert_eq!(digest(ALICE), None);
        assert_eq!(digest(&hex(&[7; 32])), Some([7; 32]));
    }

    #[test]
    fn a_mistyped_address_has_a_wrong_checksum() {
        let problem = |text: &str| parse_address(text).unwrap_err().problem;
        for (right, mistyped) in [("KutQY", "KutQX"), ("Fz9", "Fz8")] {
            let mistyped = ALICE.replace(right, mistyped);
            assert_eq!(problem(&mistyped), AddressProblem::Checksum);
        }
        assert_eq!(problem("Alice"), AddressProblem::Form);
        assert_eq!(problem("0x12"), AddressProblem::Digits(2));
    }

    #[test]
    fn a_text_that_is_no_address_is_quoted() {
        assert_eq!(
            parse_address("0x12").unwrap_err().to_string(),
            "\"0x12\" is not an address: expected 64 hexadecimal digits after 0x, found a text of \
             length 2"
        );
    }
}
