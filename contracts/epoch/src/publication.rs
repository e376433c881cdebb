//! Events that publish the outputs of an epoch, with which anyone can settle it and compute the
//! next one. Replay and settlement publish by the same functions.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    epoch::{MemoryPublished, ResultsPublished, MEMORY_PART},
    kernel::NeuronResult,
    NetUid,
};

/// Returns the events with the memory of a chunk, in parts that fit an event.
pub fn memory_events(
    netuid: NetUid,
    epoch: u32,
    chunk: u16,
    memory: &[u8],
) -> impl Iterator<Item = MemoryPublished> + '_ {
    (0u32..)
        .step_by(MEMORY_PART)
        .zip(memory.chunks(MEMORY_PART))
        .map(move |(offset, bytes)| MemoryPublished {
            netuid,
            epoch,
            chunk,
            offset,
            bytes: bytes.to_vec(),
        })
}

/// Returns the event with the results of a chunk.
pub const fn results_event(
    netuid: NetUid,
    epoch: u32,
    chunk: u16,
    results: Vec<NeuronResult>,
) -> ResultsPublished {
    ResultsPublished {
        netuid,
        epoch,
        chunk,
        results,
    }
}
