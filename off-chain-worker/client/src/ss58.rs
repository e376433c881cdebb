//! Accounts and hashes as text: SS58 addresses as wallets show them, and hexadecimal.

pub use inktensor_primitives::ss58::ss58;

use inktensor_primitives::{AccountId, Digest};
use std::str::FromStr;
use subxt::utils::AccountId32;
use thiserror::Error;

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
    let read: Result<[u8; 32], AddressProblem> = match text.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| AddressProblem::Digits(digits.chars().count())),
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

/// An error of a text that should be a digest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a hash: expected 64 hexadecimal digits after 0x")]
pub struct DigestError(pub String);

/// Reads a digest: 32 bytes in hexadecimal after `0x`.
///
/// # Errors
/// See [`DigestError`].
pub fn parse_digest(text: &str) -> Result<Digest, DigestError> {
    let digits = text.strip_prefix("0x");
    let digest = digits.and_then(|digits| hexadecimal(digits)?.try_into().ok());
    digest.ok_or_else(|| DigestError(text.into()))
}

/// Returns the bytes with these hexadecimal digits, two a byte.
pub fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
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
        assert!(parse_digest(ALICE).is_err());
        assert_eq!(parse_digest(&hex(&[7; 32])), Ok([7; 32]));
    }

    #[test]
    fn bytes_are_pairs_of_digits() {
        assert_eq!(hexadecimal("00abFF"), Some(vec![0, 0xab, 0xff]));
        assert_eq!(hexadecimal(""), Some(Vec::new()));
        for text in ["1", "xy", "1g", "+1", "ä"] {
            assert_eq!(hexadecimal(text), None, "{text}");
        }
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
