//! The memory of the course.

use crate::{
    error::NeuronError,
    fold::pledges::Pledges,
    store::{Record, Store},
};
use inktensor_primitives::{registry::Axon, Digest};
use inktensor_train::Member;
use scale::{Decode, Encode};

/// The facts of an epoch that a neuron knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct EpochRecord {
    /// Hash of the manifest.
    pub manifest: Digest,
    /// Hash of the state with which the epoch begins, once it is known.
    pub start: Option<Digest>,
    /// True if the start follows from the first state, or most stake names it.
    pub is_certain: bool,
    /// Block at which the epoch opened, and its tempo; absent before it opens.
    pub round: Option<(u32, u32)>,
    /// The pledges, once probes are known.
    pub pledges: Option<Pledges>,
    /// Endpoints of the miners with a pledge, by uid.
    pub miners: Vec<(u16, Axon)>,
    /// The result of the votes, once they are read.
    pub decided: Option<Decided>,
    /// True once the start of the next epoch is known, or never will be from this one.
    pub ended: bool,
}

/// The result of the votes of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Decided {
    /// The miners whose ends are joined, by uid.
    pub members: Vec<Member>,
    /// Endpoints of the validators, which have the ends.
    pub validators: Vec<Axon>,
    /// Number of epochs up to this one, in a row, in which most stake named no start.
    pub without: u32,
}

impl EpochRecord {
    /// Returns the start that most stake names, once the votes are read.
    pub fn voted(&self) -> Option<Digest> {
        let is_voted = self.decided.as_ref().is_some_and(|it| it.without == 0);
        self.start.filter(|_| is_voted)
    }
}

impl Record for EpochRecord {
    const TABLE: &'static str = "course";
    const KIND: u8 = 20;
}

/// A state that is kept as a blob for an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeptRecord;

impl Record for KeptRecord {
    const TABLE: &'static str = "states";
    const KIND: u8 = 21;
}

/// The newest start that this neuron has computed or was sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LastRecord {
    /// Hash of the manifest.
    pub manifest: Digest,
    /// Hash of the state.
    pub start: Digest,
}

impl Record for LastRecord {
    const TABLE: &'static str = "last_start";
    const KIND: u8 = 23;
}

/// Tables of the course.
pub const TABLES: [&str; 3] = [EpochRecord::TABLE, KeptRecord::TABLE, LastRecord::TABLE];

/// Returns the key of an epoch.
pub const fn of_epoch(epoch: u32) -> [u8; 4] {
    epoch.to_be_bytes()
}

/// Records that a state is kept as a blob for an epoch.
///
/// # Errors
/// If the store is unusable.
pub fn keep(store: &Store, epoch: u32, state: &Digest) -> Result<(), NeuronError> {
    let key = [&of_epoch(epoch)[..], state].concat();
    Ok(store.put(&key, &KeptRecord)?)
}

/// Returns the state in the key of a kept one.
pub fn kept_state(key: &[u8]) -> Option<Digest> {
    key.get(4..)?.try_into().ok()
}
