//! The memory and results that settlements, and replays on the chain, publish.

use super::EpochHistory;
use inktensor_primitives::kernel::NeuronResult;
use std::collections::BTreeMap;

impl EpochHistory {
    /// Returns the memory of each of `chunks` chunks, as far as it was published: the parts of a
    /// chunk come in order, from offset 0 on. A chunk that was replayed and settled was published
    /// twice. A chunk with a missing part is empty. Check the memory against the chain's hashes.
    pub fn published_memory(&self, chunks: usize) -> Option<Vec<Vec<u8>>> {
        let mut memory = vec![Vec::new(); chunks];
        for part in &self.published_memory {
            let bytes = memory.get_mut(usize::from(part.chunk))?;
            if part.offset == 0 {
                bytes.clear();
            }
            if u32::try_from(bytes.len()) == Ok(part.offset) {
                bytes.extend(&part.bytes);
            } else {
                bytes.clear();
            }
        }
        Some(memory)
    }

    /// Returns the results of each chunk, if a replay or the settlement of every chunk published
    /// them. The chain checks them when the chunk is settled.
    pub fn published_results(&self) -> Option<Vec<Vec<NeuronResult>>> {
        let by_chunk: BTreeMap<u16, &Vec<NeuronResult>> = self
            .published_results
            .iter()
            .map(|part| (part.chunk, &part.results))
            .collect();
        let whole = (0..).zip(by_chunk.keys()).all(|(due, chunk)| due == *chunk);
        let results = by_chunk.into_values().cloned();
        (whole && !self.published_results.is_empty()).then(|| results.collect())
    }
}
