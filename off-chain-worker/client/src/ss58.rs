//! Accounts as people and files write them.

use inktensor_primitives::{AccountId, Digest};
use std::str::FromStr;
use subxt::utils::AccountId32;

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
}
