//! The parts of RFC 9421 that any profile needs, and sr25519 keys.
//!
//! [`Base`] writes a signature base, [`Input`] reads a member of `Signature-Input`. The test
//! vectors of the RFC run over both. The strict profile is in [`crate::fields`].

use inktensor_primitives::{AccountId, Digest};
use sfv::{BareItem, Dictionary, FieldType, InnerList, Item, ListEntry, Parser};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subxt_signer::sr25519;
use thiserror::Error;

/// Most bytes of a field that is parsed. The longest of the profile, `Signature-Input` of a
/// question, has 258 bytes.
pub const MAX_FIELD: usize = 1024;
/// The bytes around a message that a wallet signs for a page, so that it is never a transaction.
const WRAP: [&[u8]; 2] = [b"<Bytes>", b"</Bytes>"];

/// Returns SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// A hotkey that signs.
#[derive(Clone)]
pub struct Hotkey {
    keys: sr25519::Keypair,
    account: AccountId,
}

impl Hotkey {
    /// Returns the hotkey with these keys.
    pub fn new(keys: sr25519::Keypair) -> Self {
        let account = keys.public_key().0.into();
        Self { keys, account }
    }

    /// Returns the account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Signs a signature base, inside `<Bytes>`.
    pub fn sign(&self, base: &[u8]) -> [u8; 64] {
        self.keys.sign(&wrapped(base)).0
    }
}

impl fmt::Debug for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hotkey").field(&self.account).finish()
    }
}

/// The identity of ristretto255: the only point of a small order that has an encoding. As a key it
/// has signatures over every message, and anyone can make them.
const IDENTITY: [u8; 32] = [0; 32];

/// Returns true if `account` signed this signature base, inside `<Bytes>`. The account of 32 zero
/// bytes signs nothing.
pub fn verify(account: &AccountId, base: &[u8], signature: &[u8; 64]) -> bool {
    let bytes: &[u8; 32] = account.as_ref();
    if *bytes == IDENTITY {
        return false;
    }
    let key = sr25519::PublicKey(*bytes);
    sr25519::verify(&sr25519::Signature(*signature), wrapped(base), &key)
}

fn wrapped(base: &[u8]) -> Vec<u8> {
    let [before, after] = WRAP;
    [before, base, after].concat()
}

/// A reason for which a field is not one of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FieldError {
    /// No line of this field.
    #[error("the field {0} is missing; every question has it once")]
    Missing(&'static str),
    /// Several lines of this field.
    #[error("the field {0} is there more than once; send one line")]
    Repeated(&'static str),
    /// A value above [`MAX_FIELD`].
    #[error("the field {0} is longer than {MAX_FIELD} bytes")]
    TooLong(&'static str),
    /// Text that is not of the form that RFC 9651 gives the field.
    #[error("the field {0} does not parse; see RFC 9651 for its form")]
    Syntax(&'static str),
    /// Members with other labels, or more than one.
    #[error("the field {field} must have the one member {label}")]
    Member {
        /// The name of the field.
        field: &'static str,
        /// The label that the profile demands.
        label: &'static str,
    },
    /// A part that is missing, of another type, or out of its range.
    #[error("{part} of the field {field} is missing or out of range")]
    Part {
        /// The name of the field.
        field: &'static str,
        /// The name of the part.
        part: &'static str,
    },
    /// Values that are right in a text that is not the profile's.
    #[error("the field {field} must be exactly {expected:?}")]
    NotCanonical {
        /// The name of the field.
        field: &'static str,
        /// The only text with these values that the profile allows.
        expected: String,
    },
}

/// A signature base in the making. Source: RFC 9421, section 2.5.
#[derive(Debug, Default)]
pub struct Base(String);

impl Base {
    /// Appends the line of a component, by its serialized identifier such as `"@method"`.
    #[must_use]
    pub fn line(mut self, component: &str, value: &str) -> Self {
        for part in [component, ": ", value, "\n"] {
            self.0.push_str(part);
        }
        self
    }

    /// Appends the line of the parameters, and returns the bytes to sign.
    pub fn finish(self, params: &str) -> Vec<u8> {
        let mut text = self.0;
        text.push_str("\"@signature-params\": ");
        text.push_str(params);
        text.into_bytes()
    }
}

/// A member of `Signature-Input`.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The components with their parameters, and the parameters of the signature.
    pub list: InnerList,
    /// The value of `@signature-params`: the same list in its canonical text.
    pub text: String,
}

impl Input {
    /// Reads the member `label` of a field with no other member.
    ///
    /// # Errors
    /// [`FieldError::TooLong`], [`FieldError::Syntax`], [`FieldError::Member`], in this order.
    pub fn parse(value: &str, label: &'static str) -> Result<Self, FieldError> {
        let field = "Signature-Input";
        let entry = member(value, field, label)?;
        let ListEntry::InnerList(list) = entry else {
            return Err(FieldError::Syntax(field));
        };
        let serialized = vec![ListEntry::InnerList(list.clone())].serialize();
        let text = serialized.ok_or(FieldError::Syntax(field))?;
        Ok(Self { list, text })
    }

    /// Returns the serialized identifiers of the components.
    pub fn components(&self) -> impl Iterator<Item = String> + '_ {
        self.list.items.iter().map(FieldType::serialize)
    }

    /// Returns the integer parameter `name`, not below zero.
    ///
    /// # Errors
    /// [`FieldError::Part`].
    pub fn integer(&self, name: &'static str) -> Result<u64, FieldError> {
        let value = self.list.params.get(name).and_then(BareItem::as_integer);
        let value = value.and_then(|value| u64::try_from(i64::from(value)).ok());
        value.ok_or(FieldError::Part {
            field: "Signature-Input",
            part: name,
        })
    }

    /// Returns the string parameter `name`.
    ///
    /// # Errors
    /// [`FieldError::Part`].
    pub fn string(&self, name: &'static str) -> Result<&str, FieldError> {
        let value = self.list.params.get(name).and_then(BareItem::as_string);
        let value = value.map(|value| value.as_str());
        value.ok_or(FieldError::Part {
            field: "Signature-Input",
            part: name,
        })
    }
}

/// Returns the bytes of the member `label` of a field `Signature` with no other member.
///
/// # Errors
/// [`FieldError::TooLong`], [`FieldError::Syntax`], [`FieldError::Member`], in this order.
pub fn signature_bytes(value: &str, label: &'static str) -> Result<Vec<u8>, FieldError> {
    let field = "Signature";
    match member(value, field, label)? {
        ListEntry::Item(Item {
            bare_item: BareItem::ByteSequence(bytes),
            params,
        }) if params.is_empty() => Ok(bytes),
        _ => Err(FieldError::Syntax(field)),
    }
}

/// Reads a dictionary.
///
/// # Errors
/// [`FieldError::TooLong`], [`FieldError::Syntax`], in this order.
pub fn dictionary(value: &str, field: &'static str) -> Result<Dictionary, FieldError> {
    if value.len() > MAX_FIELD {
        return Err(FieldError::TooLong(field));
    }
    let parsed = Parser::new(value).parse();
    parsed.map_err(|_| FieldError::Syntax(field))
}

fn member(value: &str, field: &'static str, label: &'static str) -> Result<ListEntry, FieldError> {
    let mut members = dictionary(value, field)?;
    let only = if members.len() == 1 {
        members.swap_remove(label)
    } else {
        None
    };
    only.ok_or(FieldError::Member { field, label })
}

#[cfg(test)]
mod tests;
