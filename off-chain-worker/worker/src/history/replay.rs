//! The memory and results that a replay on the chain publishes.

use super::EpochHistory;
use inktensor_primitives::kernel::NeuronResult;

impl EpochHistory {
    /// Returns the memory of each of `chunks` chunks, if the replay published it without a gap: the
    /// parts of a chunk come in order. Check the memory against the chain's hashes.
    pub fn replayed_memory(&self, chunks: usize) -> Option<Vec<Vec<u8>>> {
        let mut memory = vec![Vec::new(); chunks];
        for part in &self.replayed_memory {
            let bytes = memory.get_mut(usize::from(part.chunk))?;
            if u32::try_from(bytes.len()) != Ok(part.offset) {
                return None;
            }
            bytes.extend(&part.bytes);
        }
        Some(memory)
    }

    /// Returns the results of each chunk, if the replay published any. The chain checks them when
    /// the chunk is settled.
    pub fn replayed_results(&self) -> Option<Vec<Vec<NeuronResult>>> {
        let mut results = Vec::new();
        for part in &self.replayed_results {
            if usize::from(part.chunk) != results.len() {
                return None;
            }
            results.push(part.results.clone());
        }
        (!results.is_empty()).then_some(results)
    }
}
