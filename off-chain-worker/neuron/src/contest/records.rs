//! The memory of a validator of a contest: its round, each finding, and what miners have shown.

use crate::{
    evidence::Registration,
    store::{NeuronStoreError, Record, Store},
};
use inktensor_client::chain::BlockId;
use inktensor_contest::{Entry, Finding, Opening};
use inktensor_primitives::{registry::Axon, Digest};
use inktensor_task::Seat;
use scale::{Decode, Encode};

/// A round that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoundRecord {
    /// The epoch.
    pub epoch: u32,
    /// Block at which the epoch opened.
    pub opened_at: u32,
    /// Blocks of the epoch.
    pub tempo: u32,
    /// The block that the rows follow from.
    pub seed_block: BlockId,
    /// The validator, as of that block.
    pub validator: Registration,
    /// Hash of the manifest.
    pub manifest: Digest,
    /// The entries, by seat.
    pub entries: Vec<Entry>,
    /// Endpoints of their miners, as of the seed's block.
    pub miners: Vec<(Seat, Axon)>,
}

impl Record for RoundRecord {
    const TABLE: &'static str = "contest_rounds";
    const KIND: u8 = 30;
}

/// A finding about an entry, with the opening that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FoundRecord {
    /// The miner.
    pub seat: Seat,
    /// The opening, if there is one that opens the pledge.
    pub opening: Option<Opening>,
    /// The finding.
    pub finding: Finding,
}

impl Record for FoundRecord {
    const TABLE: &'static str = "findings";
    const KIND: u8 = 31;
}

/// An opening that a miner has shown, by uid. It holds as long as the pledge does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OpeningRecord {
    /// The miner.
    pub seat: Seat,
    /// The opening.
    pub opening: Opening,
}

impl Record for OpeningRecord {
    const TABLE: &'static str = "openings";
    const KIND: u8 = 32;
}

/// A model that was fetched for an epoch, and is removed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ModelRecord;

impl Record for ModelRecord {
    const TABLE: &'static str = "models";
    const KIND: u8 = 33;
}

/// Tables of a validator of a contest.
pub const TABLES: [&str; 4] = [
    RoundRecord::TABLE,
    FoundRecord::TABLE,
    OpeningRecord::TABLE,
    ModelRecord::TABLE,
];

/// Returns the key of a uid's record in an epoch.
pub fn of_uid(epoch: u32, uid: u16) -> Vec<u8> {
    [&epoch.to_be_bytes()[..], &uid.to_be_bytes()].concat()
}

/// Records that a model is kept for an epoch.
///
/// # Errors
/// If the store is unusable.
pub fn keep(store: &Store, epoch: u32, model: &Digest) -> Result<(), NeuronStoreError> {
    let key = [&epoch.to_be_bytes()[..], model].concat();
    store.put(&key, &ModelRecord)
}

/// Returns the epoch and the hash of a model that is kept, from its key.
pub fn kept(key: &[u8]) -> Option<(u32, Digest)> {
    let (epoch, model) = key.split_first_chunk()?;
    Some((u32::from_be_bytes(*epoch), model.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_a_kept_model_is_read_back() {
        let key = [&7u32.to_be_bytes()[..], &[9; 32]].concat();
        assert_eq!(kept(&key), Some((7, [9; 32])));
        assert_eq!(kept(&key[1..]), None);
        assert!(of_uid(7, 3).starts_with(&7u32.to_be_bytes()));
        assert!(of_uid(7, 255) < of_uid(7, 256) && of_uid(7, 256) < of_uid(8, 0));
    }
}
