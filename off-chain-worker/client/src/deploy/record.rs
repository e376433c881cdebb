//! The file that records a deployment: its chain, its contracts and their code.
//!
//! It is JSON: `{"format": 2, "network": "..", "genesis": "0x..", "contracts": {"token":
//! {"address": "5..", "code_hash": "0x..", "block": 7}, ..}}`, with an entry for each contract.
//! Addresses are written in SS58; hexadecimal is read too.

use super::{full_code_at, Addresses, Deployment, Governing};
use crate::{
    chain::{ChainError, ChainRead},
    ss58::{parse_address, parse_digest, ss58, AddressError, DigestError},
};
use inktensor_primitives::{hash::hex, AccountId, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// Number of the file's format.
const FORMAT: u32 = 2;

/// An error of a deployment's record.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The text is not JSON of this form.
    #[error("not the record of a deployment: {0}; write one with `inktensor deployment record`")]
    Unreadable(#[from] serde_json::Error),
    /// The record has another format.
    #[error("the record has format {0}, this program reads format {FORMAT}; deploy again, or use the program that wrote it")]
    OtherFormat(u32),
    /// A value is not an address.
    #[error("{name}: {error}")]
    NotAnAddress {
        /// Name of the contract.
        name: String,
        /// The error in the value.
        error: AddressError,
    },
    /// A value is not a hash.
    #[error("{name}: {error}")]
    NotAHash {
        /// Name of the contract, or `genesis`.
        name: String,
        /// The error in the value.
        error: DigestError,
    },
    /// A contract is missing.
    #[error("the address of the {0} contract is missing: the deployment is of another version of this program")]
    Missing(&'static str),
}

/// The record of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Name of the chain, for people.
    pub network: String,
    /// Hash of the chain's first block.
    pub genesis: Digest,
    /// Contracts by name.
    pub contracts: BTreeMap<String, Entry>,
}

/// A contract in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Address of the contract.
    pub address: AccountId,
    /// Hash of the contract's code.
    pub code_hash: Digest,
    /// Hash of the full code, if the code at the address is a front.
    pub full_code: Option<Digest>,
    /// Block in which the contract was made, or found by a repeated deployment.
    pub block: u32,
}

#[derive(Deserialize)]
struct Numbered {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    network: String,
    genesis: String,
    contracts: BTreeMap<String, WrittenEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    address: String,
    code_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_code: Option<String>,
    block: u32,
}

impl Record {
    /// Returns the record of `deployment` on the chain `network`, whose first block is `genesis`.
    pub fn of(deployment: &Deployment, network: impl Into<String>, genesis: Digest) -> Self {
        let contracts = deployment.contracts.iter().map(|contract| {
            let entry = Entry {
                address: contract.address,
                code_hash: contract.code_hash,
                full_code: contract.full_code,
                block: contract.block,
            };
            (contract.name.to_owned(), entry)
        });
        Self {
            network: network.into(),
            genesis,
            contracts: contracts.collect(),
        }
    }

    /// Returns the record of the contracts at `addresses`, with their code on `chain` now.
    ///
    /// # Errors
    /// `NoContract` if one of them is not there; if the chain does not answer.
    pub fn found(
        chain: &dyn ChainRead,
        addresses: &Addresses,
        network: impl Into<String>,
    ) -> Result<Self, ChainError> {
        let block = chain.block()?;
        let mut contracts = BTreeMap::new();
        for (name, address) in addresses.named() {
            let code_hash = chain.code_hash(&address)?;
            let entry = Entry {
                address,
                code_hash: code_hash.ok_or(ChainError::NoContract(address))?,
                full_code: full_code_at(chain, name, address)?,
                block,
            };
            contracts.insert(name.to_owned(), entry);
        }
        Ok(Self {
            network: network.into(),
            genesis: chain.genesis()?,
            contracts,
        })
    }

    /// Returns the addresses of all contracts.
    ///
    /// # Errors
    /// `Missing`.
    pub fn addresses(&self) -> Result<Addresses, RecordError> {
        Addresses::from_named(|name| self.contracts.get(name).map(|entry| entry.address))
    }

    /// Returns the text of the file.
    pub fn to_text(&self) -> String {
        let contracts = self.contracts.iter().map(|(name, entry)| {
            let written = WrittenEntry {
                address: ss58(&entry.address),
                code_hash: hex(&entry.code_hash),
                full_code: entry.full_code.map(|hash| hex(&hash)),
                block: entry.block,
            };
            (name.clone(), written)
        });
        let record = Written {
            format: FORMAT,
            network: self.network.clone(),
            genesis: hex(&self.genesis),
            contracts: contracts.collect(),
        };
        // Strings as keys: JSON can always express this.
        let mut text = serde_json::to_string_pretty(&record).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the record in `text`. No contract may be missing.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_text(text: &str) -> Result<Self, RecordError> {
        let Numbered { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(RecordError::OtherFormat(format));
        }
        let record: Written = serde_json::from_str(text)?;
        let mut contracts = BTreeMap::new();
        for (name, entry) in record.contracts {
            let read = Entry {
                address: parse_address(&entry.address).map_err(|error| {
                    RecordError::NotAnAddress {
                        name: name.clone(),
                        error,
                    }
                })?,
                code_hash: hash(&name, &entry.code_hash)?,
                full_code: entry
                    .full_code
                    .map(|written| hash(&name, &written))
                    .transpose()?,
                block: entry.block,
            };
            contracts.insert(name, read);
        }
        let record = Self {
            network: record.network,
            genesis: hash("genesis", &record.genesis)?,
            contracts,
        };
        record.addresses()?;
        Ok(record)
    }
}

fn hash(name: &str, value: &str) -> Result<Digest, RecordError> {
    parse_digest(value).map_err(|error| RecordError::NotAHash {
        name: name.into(),
        error,
    })
}

impl Addresses {
    /// Returns the addresses that `find` returns for the contracts' names.
    ///
    /// # Errors
    /// `Missing` if it has none for one of them.
    pub fn from_named(
        mut find: impl FnMut(&str) -> Option<AccountId>,
    ) -> Result<Self, RecordError> {
        let mut part = |name: &'static str| find(name).ok_or(RecordError::Missing(name));
        let mut addresses = Self {
            token: part("token")?,
            registry: part("registry")?,
            staking: part("staking")?,
            emission: part("emission")?,
            epoch: part("epoch")?,
            yuma: part("yuma")?,
            mean: part("mean")?,
            governing: None,
        };
        addresses.governing = match (find("treasury"), find("governance")) {
            (None, None) => None,
            (treasury, governance) => Some(Governing {
                treasury: treasury.ok_or(RecordError::Missing("treasury"))?,
                governance: governance.ok_or(RecordError::Missing("governance"))?,
            }),
        };
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] = [
        "token", "registry", "staking", "emission", "epoch", "yuma", "mean",
    ];

    fn record() -> Record {
        let entry = |number: u8| Entry {
            address: [0xa0 + number; 32].into(),
            code_hash: [number; 32],
            full_code: (number == 2).then_some([number + 100; 32]),
            block: u32::from(number) + 4,
        };
        let contracts = NAMES.iter().zip(1..);
        Record {
            network: "somewhere".into(),
            genesis: [9; 32],
            contracts: contracts
                .map(|(name, number)| ((*name).into(), entry(number)))
                .collect(),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let text = record().to_text();
        assert!(text.contains("\"genesis\": \"0x0909"), "{text}");
        assert!(text.contains("\"address\": \"5F"), "{text}");
        let read = Record::from_text(&text).unwrap();
        assert_eq!(read, record());
        assert_eq!(read.addresses().unwrap().mean, [0xa7; 32].into());
    }

    #[test]
    fn governance_has_both_contracts_or_none() {
        let entry = |number: u8| Entry {
            address: [number; 32].into(),
            code_hash: [number; 32],
            full_code: None,
            block: 3,
        };
        let mut written = record();
        assert_eq!(written.addresses().unwrap().governing, None);
        written.contracts.insert("governance".into(), entry(1));
        let problem = Record::from_text(&written.to_text()).unwrap_err();
        assert!(problem
            .to_string()
            .contains("the treasury contract is missing"));
        written.contracts.insert("treasury".into(), entry(2));
        let read = Record::from_text(&written.to_text()).unwrap();
        let governing = read.addresses().unwrap().governing.unwrap();
        assert_eq!(governing.treasury, [2; 32].into());
    }

    #[test]
    fn an_address_may_be_in_hexadecimal() {
        let token = ss58(&[0xa1; 32].into());
        let text = record().to_text();
        let other = text.replace(&token, &format!("0x{}", "a1".repeat(32)));
        assert_ne!(text, other);
        assert_eq!(Record::from_text(&other).unwrap(), record());
    }

    #[test]
    fn what_is_no_record_says_why() {
        let text = record().to_text();
        let token = ss58(&[0xa1; 32].into());
        for (right, wrong, said) in [
            ("\"format\": 2", "\"format\": 7", "format 7"),
            ("\"epoch\"", "\"apoch\"", "the epoch contract is missing"),
            ("\"block\"", "\"black\"", "not the record"),
            (token.as_str(), "5xyz", "token: \"5xyz\""),
            ("0x0909", "0x+909", "genesis: "),
            ("0x0303", "0303", "staking: "),
        ] {
            assert!(text.contains(right), "{right}");
            let problem = Record::from_text(&text.replace(right, wrong)).unwrap_err();
            assert!(problem.to_string().contains(said), "{problem}");
        }
        let problem = Record::from_text("{}").unwrap_err().to_string();
        assert!(problem.contains("not the record"), "{problem}");
    }
}
