//! The agreement of a hotkey to belong to a coldkey.
//!
//! A hotkey has one owner, for good. So the hotkey agrees before a coldkey becomes its owner: by
//! the message `agree`, or by a signature that the coldkey passes on. A hotkey that is the coldkey
//! itself needs no agreement.

use crate::AccountId;
use ink::prelude::vec::Vec;

/// A signature by an sr25519 key.
pub type Signature = [u8; 64];

/// First bytes of every agreement. No transaction and no other message of Inktensor begins so.
const PREFIX: &[u8] = b"inktensor: hotkey agrees to belong to coldkey";

/// An agreement, which a hotkey signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The registry.
    pub registry: AccountId,
    /// The hotkey, which signs.
    pub hotkey: AccountId,
    /// The coldkey that may become its owner.
    pub coldkey: AccountId,
}

impl Agreement {
    /// Returns the bytes to sign: a text in ASCII, then registry, hotkey and coldkey.
    pub fn bytes(&self) -> Vec<u8> {
        let parts: [&[u8]; 4] = [
            PREFIX,
            self.registry.as_ref(),
            self.hotkey.as_ref(),
            self.coldkey.as_ref(),
        ];
        parts.concat()
    }
}

/// The agreement of a hotkey to belong to a coldkey, or its withdrawal.
#[ink::event]
pub struct HotkeyAgreed {
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The coldkey that may become its owner. Absent if the agreement was withdrawn.
    #[ink(topic)]
    pub coldkey: Option<AccountId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_binds_all_three_accounts() {
        let account = |byte| AccountId::from([byte; 32]);
        let agreement = |registry, hotkey, coldkey| {
            Agreement {
                registry: account(registry),
                hotkey: account(hotkey),
                coldkey: account(coldkey),
            }
            .bytes()
        };
        let bytes = agreement(1, 2, 3);
        assert_eq!(bytes.len(), PREFIX.len() + 96);
        assert_eq!(bytes[PREFIX.len()], 1);
        for other in [agreement(9, 2, 3), agreement(1, 9, 3), agreement(1, 2, 9)] {
            assert_ne!(bytes, other);
        }
    }
}
