//! Files of evidence and of facts: eight bytes that name the kind, the version, then SCALE.
//!
//! Every byte of a file is a stranger's. Lengths are checked before and after decoding; decoding
//! reserves no more memory than the file has bytes.

use super::{facts::Facts, Evidence, VERSION};
use crate::fold::fraud;
use inktensor_contest::ENTRIES_LIMIT;
use inktensor_primitives::MAX_UIDS;
use inktensor_wire::{Content, Outcome};
use scale::{DecodeAll, Encode};
use thiserror::Error;

/// Most bytes of a file: 65 536 receipts with answers of 1 KiB.
pub const MAX_FILE: usize = 128 * 1024 * 1024;
/// Most receipts of an epoch: 4096 miners with 16 questions, or 1024 with 64.
pub const MAX_RECEIPTS: usize = 65_536;
/// Most bytes of an answer that a receipt keeps.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Most bytes of a receipt without its answer. Addresses of endpoints are not in it.
const RECEIPT: usize = 1024;

/// The first bytes of a file of evidence.
const EVIDENCE: &[u8; 8] = b"ink:evid";
/// The first bytes of a file of facts.
const FACTS: &[u8; 8] = b"ink:fact";
/// Version of files of facts. Version 1 had no uid and no permit, version 2 no folds, and version 3
/// no contests.
const FACTS_VERSION: u8 = 4;

/// A reason why bytes are not a file of evidence or facts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Too many bytes.
    #[error("the file has {0} bytes; evidence has at most {MAX_FILE}")]
    TooLong(usize),
    /// Other first bytes.
    #[error("the file does not begin as {0} do; choose another file")]
    Kind(&'static str),
    /// Another version.
    #[error("the file has version {found} and this program reads {reads}; write the file again")]
    Version {
        /// Version of the file.
        found: u8,
        /// Version that is read.
        reads: u8,
    },
    /// Bytes that do not decode, or are left over.
    #[error("the file is cut off or damaged; fetch it again")]
    Damaged,
    /// Too many items of one kind.
    #[error("the file has {found} {what}; an epoch has at most {most}")]
    TooMany {
        /// The kind of item.
        what: &'static str,
        /// Number of items.
        found: usize,
        /// Most items.
        most: usize,
    },
}

/// Returns the most receipts that a file is sure to hold, whatever miners answer, if an answer has
/// at most so many bytes.
pub fn most_receipts(answer: usize) -> usize {
    // Averages, weights and the head are below 64 KiB.
    let room = MAX_FILE.saturating_sub(MAX_ANSWER.saturating_add(fraud::MOST_LIST));
    let each = answer.saturating_add(RECEIPT);
    room.checked_div(each).unwrap_or_default().min(MAX_RECEIPTS)
}

/// Returns the file of `evidence`.
pub fn evidence_file(evidence: &Evidence) -> Vec<u8> {
    file(EVIDENCE, VERSION, evidence)
}

/// Reads a file of evidence.
///
/// # Errors
/// See [`FileError`].
pub fn read_evidence(bytes: &[u8]) -> Result<Evidence, FileError> {
    let evidence: Evidence = decode((EVIDENCE, VERSION), "files of evidence", bytes)?;
    at_most("receipts", evidence.receipts.len(), MAX_RECEIPTS)?;
    at_most("averages", evidence.standings.len(), MAX_UIDS.into())?;
    at_most("weights", evidence.weights.len(), MAX_UIDS.into())?;
    fraud::check_size(&evidence.proofs)?;
    for receipt in &evidence.receipts {
        if let Outcome::Signed(response) | Outcome::Refused(response) = &receipt.outcome {
            if let Content::Whole(body) = &response.content {
                at_most("bytes in an answer", body.len(), MAX_ANSWER)?;
            }
        }
    }
    Ok(evidence)
}

/// Returns the file of `facts`.
pub fn facts_file(facts: &Facts) -> Vec<u8> {
    file(FACTS, FACTS_VERSION, facts)
}

/// Reads a file of facts.
///
/// # Errors
/// See [`FileError`].
pub fn read_facts(bytes: &[u8]) -> Result<Facts, FileError> {
    let facts: Facts = decode((FACTS, FACTS_VERSION), "files of facts", bytes)?;
    at_most("miners", facts.miners.len(), MAX_UIDS.into())?;
    at_most("entries", facts.entries.len(), ENTRIES_LIMIT)?;
    Ok(facts)
}

/// Returns a file: the bytes that name its kind, the version, and the content.
pub(crate) fn file(kind: &[u8; 8], version: u8, content: &impl Encode) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.push(version);
    content.encode_to(&mut bytes);
    bytes
}

/// Reads a file of this kind and version, which errors call `name`.
pub(crate) fn decode<T: DecodeAll>(
    (kind, reads): (&[u8; 8], u8),
    name: &'static str,
    bytes: &[u8],
) -> Result<T, FileError> {
    if bytes.len() > MAX_FILE {
        return Err(FileError::TooLong(bytes.len()));
    }
    let rest = bytes.strip_prefix(kind).ok_or(FileError::Kind(name))?;
    match rest.split_first() {
        Some((found, mut content)) if *found == reads => {
            T::decode_all(&mut content).map_err(|_| FileError::Damaged)
        }
        Some((found, _)) => {
            let found = *found;
            Err(FileError::Version { found, reads })
        }
        None => Err(FileError::Damaged),
    }
}

/// Checks the number of items of one kind.
pub(crate) const fn at_most(
    what: &'static str,
    found: usize,
    most: usize,
) -> Result<(), FileError> {
    match found > most {
        true => Err(FileError::TooMany { what, found, most }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
