//! The addresses of a deployment by name, and the file that they are written down in.
//!
//! The file is JSON: `{"format": 1, "contracts": {"token": "0x..", ..}}`, with a name and an address for each contract.

use super::Addresses;
use crate::engine::hex;
use inktensor_primitives::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The number of the file's format.
const FORMAT: u32 = 1;

/// Why a file does not tell where the contracts are.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It is not JSON of this form.
    #[error("this is no record of a deployment: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It is of another format.
    #[error("the record has format {0}, this program reads {FORMAT}")]
    OtherFormat(u32),
    /// An address is none.
    #[error("{name}: {value:?} is not an address of 32 bytes in hexadecimal")]
    NotAnAddress {
        /// The contract.
        name: String,
        /// What stands there.
        value: String,
    },
    /// A contract is missing.
    #[error("the address of {0} is missing: the deployment is of another version")]
    Missing(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    contracts: BTreeMap<String, String>,
}

impl Addresses {
    /// The addresses that `find` has for each contract's name.
    ///
    /// # Errors
    /// `Missing` if it has none for one of them.
    pub fn from_named(
        mut find: impl FnMut(&str) -> Option<AccountId>,
    ) -> Result<Self, RecordError> {
        let mut find = |name: &'static str| find(name).ok_or(RecordError::Missing(name));
        Ok(Self {
            token: find("token")?,
            registry: find("registry")?,
            staking: find("staking")?,
            emission: find("emission")?,
            epoch: find("epoch")?,
            yuma: find("yuma")?,
            mean: find("mean")?,
        })
    }

    /// The record of these addresses.
    pub fn to_record(&self) -> String {
        let contracts = self
            .named()
            .map(|(name, address)| (name.to_owned(), hex(address.as_ref())));
        let record = Record {
            format: FORMAT,
            contracts: contracts.into(),
        };
        // Text by text, which JSON can always say.
        let mut text = serde_json::to_string_pretty(&record).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The addresses in a record.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_record(text: &str) -> Result<Self, RecordError> {
        let record: Record = serde_json::from_str(text)?;
        if record.format != FORMAT {
            return Err(RecordError::OtherFormat(record.format));
        }
        let mut found = BTreeMap::new();
        for (name, value) in record.contracts {
            match address(&value) {
                Some(address) => found.insert(name, address),
                None => return Err(RecordError::NotAnAddress { name, value }),
            };
        }
        Self::from_named(|name| found.get(name).copied())
    }
}

/// The account with this identifier: 32 bytes in hexadecimal, after `0x`.
pub fn address(text: &str) -> Option<AccountId> {
    let digits = text
        .strip_prefix("0x")
        .filter(|digits| digits.len() == 64)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        let mut next = 0xa0;
        Addresses::from_named(|_| {
            next += 1;
            Some([next; 32].into())
        })
        .unwrap()
    }

    #[test]
    fn addresses_come_back_as_they_were_written() {
        let record = addresses().to_record();
        assert!(record.contains("\"token\": \"0xa1a1"), "{record}");
        assert_eq!(Addresses::from_record(&record).unwrap(), addresses());
    }

    #[test]
    fn what_is_no_record_says_why() {
        let problem = |text: &str| Addresses::from_record(text).unwrap_err().to_string();
        let record = addresses().to_record();
        assert!(problem("{}").contains("no record"));
        assert!(problem(&record.replace("\"format\": 1", "\"format\": 7")).contains("format 7"));
        assert!(problem(&record.replace("epoch", "apoch")).contains("of epoch is missing"));
        assert!(problem(&record.replace("0xa1", "0xg1")).contains("token: "));
        assert!(problem(&record.replace("0xa1", "0x+1")).contains("token: "));
        assert!(problem(&record.replace("0xa1", "0x")).contains("token: "));
    }
}
