//! The memory of a subnet's chunks from its last final epoch: computed here, stored, imported, or
//! published on the chain.

use super::{block, EpochCache};
use crate::{error::RoleError, history::EpochHistory, store::MemoryExport};
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    assertion::memory_digest,
    epoch::Epochs,
    kernel::{EpochHeader, EpochPlan},
    Digest, NetUid,
};

impl EpochCache {
    /// Returns the memory of each chunk of `netuid` from `epoch`, for a worker that did not compute
    /// the epoch.
    ///
    /// # Errors
    /// `NoStore`, `MemoryUnknown`, `Store`.
    pub fn export(&self, netuid: NetUid, epoch: u32) -> Result<MemoryExport, RoleError> {
        let store = self.store.as_ref().ok_or(RoleError::NoStore)?;
        let export = store.export(netuid, epoch)?;
        export.ok_or(RoleError::MemoryUnknown { netuid, epoch })
    }

    /// Stores the memory that another worker exported, if the chain's hashes of the last final
    /// epoch fit it.
    ///
    /// # Errors
    /// `NoStore`, `OtherMemory`, `Store`, `Chain`.
    pub fn import(&self, chain: &dyn ChainRead, export: &MemoryExport) -> Result<(), RoleError> {
        let store = self.store.as_ref().ok_or(RoleError::NoStore)?;
        let (netuid, epoch) = (export.netuid, export.epoch);
        store.accept(export)?;
        check_export(chain, &self.contracts, export)?;
        store.put_memory(netuid, epoch, &export.memory)?;
        Ok(())
    }

    /// Returns the memory for the next `steps` steps of the closed epoch, from step `next` on: an
    /// entry for each step that reads an existing memory, as a replay needs them.
    ///
    /// # Errors
    /// `NothingClosed`, `MemoryUnknown`, `Store`, `Chain`.
    pub fn memory_of_steps(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        next: u32,
        steps: u32,
    ) -> Result<Vec<Vec<u8>>, RoleError> {
        let header = chain
            .query(self.contracts.epoch().header(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let plan: EpochPlan = chain
            .query(self.contracts.epoch().plan(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let reading = (next..next.saturating_add(steps)).filter_map(|k| {
            let (phase, chunk) = plan.place(k, header.neurons)?;
            let reads = plan.phases.get(usize::from(phase))?;
            reads.memory.then_some(usize::from(chunk))
        });
        let reading: Vec<usize> = reading.collect();
        let Some(epoch) = header.final_epoch.filter(|_| !reading.is_empty()) else {
            return Ok(Vec::new());
        };
        let hashes: Vec<Digest> = chain.query(self.contracts.epoch().memory_hashes(netuid))?;
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let memory = self
            .known_memory(chain, &header, epoch, &hashes)?
            .ok_or(RoleError::MemoryUnknown { netuid, epoch })?;
        let entries = reading.iter().filter_map(|chunk| memory.get(*chunk));
        Ok(entries.cloned().collect())
    }

    /// Returns the memory of each chunk from the last final epoch, checked against the chain's
    /// hashes.
    pub(super) fn memory(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Vec<Vec<u8>>, RoleError> {
        let chunks = usize::from(plan.chunks(header.neurons));
        let netuid = header.netuid;
        let Some(epoch) = header.final_epoch else {
            return Ok(vec![Vec::new(); chunks]);
        };
        let hashes: Vec<Digest> = chain.query(self.contracts.epoch().memory_hashes(netuid))?;
        if hashes.is_empty() {
            // After a change of the kernel or of the chunk size there is no memory.
            return Ok(vec![Vec::new(); chunks]);
        }
        let mut memory = self
            .known_memory(chain, header, epoch, &hashes)?
            .ok_or(RoleError::MemoryUnknown { netuid, epoch })?;
        // New chunks have no memory.
        memory.resize(chunks, Vec::new());
        Ok(memory)
    }

    /// Returns the memory of each chunk from `epoch`, the last final one before `header`, with
    /// these hashes: computed, stored, or published on the chain.
    fn known_memory(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        epoch: u32,
        hashes: &[Digest],
    ) -> Result<Option<Vec<Vec<u8>>>, RoleError> {
        let netuid = header.netuid;
        let right = |memory: &Vec<Vec<u8>>| is_memory(netuid, epoch, memory, hashes);
        let computed = self.computed(netuid, epoch).map(|c| &c.trace.memory);
        if let Some(memory) = computed.filter(|memory| right(memory)) {
            return Ok(Some(memory.clone()));
        }
        if let Some(store) = &self.store {
            let kept = store.memory(netuid, epoch)?;
            if let Some(memory) = kept.filter(right) {
                return Ok(Some(memory));
            }
        }
        // A replay of the last final epoch was published after that epoch closed.
        let from = block(header.previous_close);
        let history = EpochHistory::read(chain, &self.contracts, (netuid, epoch), from)?;
        let published = history.replayed_memory(hashes.len()).filter(right);
        if let (Some(store), Some(memory)) = (&self.store, &published) {
            store.put_memory(netuid, epoch, memory)?;
        }
        Ok(published)
    }
}

/// Checks that the chain's hashes of the last final epoch fit a memory that another worker
/// exported.
///
/// # Errors
/// `OtherMemory`, `Chain`.
pub fn check_export(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    export: &MemoryExport,
) -> Result<(), RoleError> {
    let (netuid, epoch) = (export.netuid, export.epoch);
    let status = chain.query(contracts.epoch().status(netuid))?;
    let last = status.and_then(|status| status.final_epoch);
    let hashes: Vec<Digest> = chain.query(contracts.epoch().memory_hashes(netuid))?;
    if last == Some(epoch) && is_memory(netuid, epoch, &export.memory, &hashes) {
        return Ok(());
    }
    Err(RoleError::OtherMemory {
        netuid,
        epoch,
        last,
    })
}

/// Returns true if `memory` has the `hashes` that became final.
pub(crate) fn is_memory(netuid: NetUid, epoch: u32, memory: &[Vec<u8>], hashes: &[Digest]) -> bool {
    memory.len() == hashes.len()
        && (0..)
            .zip(memory.iter().zip(hashes))
            .all(|(chunk, (bytes, hash))| memory_digest(netuid, epoch, chunk, bytes) == *hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_only_with_the_hashes_that_became_final() {
        let memory = vec![vec![1, 2], vec![]];
        let hashes: Vec<Digest> = (0..)
            .zip(&memory)
            .map(|(chunk, bytes)| memory_digest(NetUid(1), 4, chunk, bytes))
            .collect();
        assert!(is_memory(NetUid(1), 4, &memory, &hashes));
        assert!(!is_memory(NetUid(1), 5, &memory, &hashes));
        assert!(!is_memory(NetUid(1), 4, &memory, &hashes[..1]));
        assert!(!is_memory(NetUid(1), 4, &[vec![1, 3], vec![]], &hashes));
    }
}
