//! The JSON form of answers.

use inktensor_client::{chain::Cost, ss58::ss58};
use inktensor_primitives::{hash::hex, AccountId};
use serde::{Serialize, Serializer};
use std::{
    fmt,
    io::{self, Write},
};

/// Prints a document, on several lines.
pub fn print(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
    writeln!(out, "{text}")
}

/// Prints a document on one line.
pub fn print_line(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string(document).map_err(io::Error::from)?;
    writeln!(out, "{text}")
}

/// An account, which is written as an SS58 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub AccountId);

impl From<AccountId> for Address {
    fn from(account: AccountId) -> Self {
        Self(account)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ss58(&self.0))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes, which are written in hexadecimal after `0x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hex(String);

impl<T: AsRef<[u8]>> From<T> for Hex {
    fn from(bytes: T) -> Self {
        Self(hex(bytes.as_ref()))
    }
}

impl Hex {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The cost of a transaction. Amounts of the chain's coin are text, since JSON's numbers may be too
/// small for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostView {
    ref_time: u64,
    proof_size: u64,
    deposit: String,
    fee: String,
}

impl From<&Cost> for CostView {
    fn from(cost: &Cost) -> Self {
        Self {
            ref_time: cost.ref_time,
            proof_size: cost.proof_size,
            deposit: cost.deposit.to_string(),
            fee: cost.fee.to_string(),
        }
    }
}
