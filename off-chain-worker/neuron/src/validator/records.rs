//! The memory of a validator: its round, each receipt, and the evidence that it has sealed.

use super::proofs;
use crate::{
    contest::records as contest,
    evidence::{any::AnyEvidence, codec::FileError, Registration},
    fold::{course, pledges::Pledges},
    store::{Changes, NeuronStoreError, Record, Store, Unsealed},
};
use inktensor_client::chain::BlockId;
use inktensor_primitives::{registry::Axon, Digest, Uid};
use inktensor_wire::{Outcome, SignedRequest};
use scale::{Decode, Encode};

/// Epochs of which the evidence is kept and served.
pub const KEPT_EPOCHS: u32 = 64;
/// Bytes of a salt.
pub const SALT: usize = 32;

/// A round that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoundRecord {
    /// The epoch.
    pub epoch: u32,
    /// Block at which the epoch opened.
    pub opened_at: u32,
    /// Blocks of the epoch.
    pub tempo: u32,
    /// The block that the questions follow from.
    pub seed_block: BlockId,
    /// The validator, as of that block.
    pub validator: Registration,
    /// Hash of the manifest.
    pub manifest: Digest,
    /// Seconds since 1970 at which the window began.
    pub began_at: u64,
    /// The neurons with an endpoint, by uid. A task asks all of them.
    pub miners: Vec<(Registration, Axon)>,
    /// The pledges of a fold's epoch, with the state with which it began.
    pub pledges: Option<(Pledges, Digest)>,
}

impl Record for RoundRecord {
    const TABLE: &'static str = "rounds";
    const KIND: u8 = 10;
}

/// A question with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AskedRecord {
    /// The question.
    pub request: SignedRequest,
    /// The outcome.
    pub outcome: Outcome,
}

impl Record for AskedRecord {
    const TABLE: &'static str = "asked";
    const KIND: u8 = 11;
}

/// Evidence that is complete. It is written before its root is pledged, and never changes: a
/// restarted validator pledges the same root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedRecord {
    /// The epoch.
    pub epoch: u32,
    /// The file of the evidence.
    pub file: Vec<u8>,
    /// Secret bytes of the commit, if weights are committed first.
    pub salt: Option<[u8; SALT]>,
    /// Version of the client, as the subnet demands.
    pub version_key: u64,
    /// First epoch in which the file is served: that of the reveal.
    pub served_from: u32,
}

impl Record for SealedRecord {
    const TABLE: &'static str = "sealed";
    const KIND: u8 = 12;
}

impl SealedRecord {
    /// Returns the record of evidence.
    pub fn of(
        evidence: &AnyEvidence,
        salt: Option<[u8; SALT]>,
        version_key: u64,
        from: u32,
    ) -> Self {
        Self {
            epoch: evidence.head().epoch,
            file: evidence.file(),
            salt,
            version_key,
            served_from: from,
        }
    }

    /// Returns the evidence.
    ///
    /// # Errors
    /// For a file of another version.
    pub fn evidence(&self) -> Result<AnyEvidence, FileError> {
        AnyEvidence::read(&self.file)
    }
}

/// The part of an epoch's work on the chain that is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct ProgressRecord {
    /// True once the pledge is on the chain.
    pub pledged: bool,
    /// True once the weights are set or committed.
    pub weighed: bool,
    /// True once committed weights are revealed, or can no longer be.
    pub revealed: bool,
    /// True if the epoch closed before the pledge.
    pub missed: bool,
}

impl Record for ProgressRecord {
    const TABLE: &'static str = "progress";
    const KIND: u8 = 13;
}

/// Tables of a validator.
pub const TABLES: [&str; 12] = [
    proofs::TABLES[0],
    course::TABLES[0],
    course::TABLES[1],
    course::TABLES[2],
    contest::TABLES[0],
    contest::TABLES[1],
    contest::TABLES[2],
    contest::TABLES[3],
    RoundRecord::TABLE,
    AskedRecord::TABLE,
    SealedRecord::TABLE,
    ProgressRecord::TABLE,
];

/// Returns the key of an epoch.
pub const fn of_epoch(epoch: u32) -> [u8; 4] {
    epoch.to_be_bytes()
}

/// Returns the key of a question.
pub fn of_question(epoch: u32, uid: Uid, number: u16) -> Vec<u8> {
    let mut key = of_epoch(epoch).to_vec();
    key.extend(uid.0.to_be_bytes());
    key.extend(number.to_be_bytes());
    key
}

/// Returns the uid and number of a question, from its key.
pub fn question_of(key: &[u8]) -> Option<(Uid, u16)> {
    match key {
        [_, _, _, _, uid_high, uid_low, number_high, number_low] => Some((
            Uid(u16::from_be_bytes([*uid_high, *uid_low])),
            u16::from_be_bytes([*number_high, *number_low]),
        )),
        _ => None,
    }
}

/// Stores sealed evidence, and removes the receipts that it holds and what is older than
/// [`KEPT_EPOCHS`].
///
/// # Errors
/// If the store is unusable.
pub fn seal(store: &Store, sealed: &SealedRecord) -> Result<(), NeuronStoreError> {
    let key = of_epoch(sealed.epoch);
    let next = of_epoch(sealed.epoch.saturating_add(1));
    let oldest = of_epoch(sealed.epoch.saturating_sub(KEPT_EPOCHS));
    store.change(|changes: &mut Changes| -> Result<(), Unsealed> {
        changes.put(&key, sealed)?;
        changes.put(&key, &ProgressRecord::default())?;
        changes.remove_before::<AskedRecord>(&next);
        changes.remove_before::<RoundRecord>(&oldest);
        changes.remove_before::<SealedRecord>(&oldest);
        changes.remove_before::<ProgressRecord>(&oldest);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_one_question() {
        let key = of_question(7, Uid(0x0102), 0x0304);
        assert_eq!(key, [0, 0, 0, 7, 1, 2, 3, 4]);
        assert_eq!(question_of(&key), Some((Uid(0x0102), 0x0304)));
        assert_eq!(question_of(&key[1..]), None);
        assert!(key.starts_with(&of_epoch(7)) && !key.starts_with(&of_epoch(8)));
    }
}
