//! The memory of a subnet's chunks from its last final epoch: computed here, stored, imported, or
//! published on the chain by a settlement or a replay.

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
        let hashes: Vec<Option<Digest>> =
            chain.query(self.contracts.epoch().memory_hashes(netuid))?;
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let memory = self
            .known_memory(chain, &header, epoch, &hashes)?
            .ok_or(RoleError::MemoryUnknown { netuid, epoch })?;
        let is_there = |chunk: &&usize| hashes.get(**chunk).is_some_and(Option::is_some);
        let entries = reading.iter().filter(is_there);
        let entries = entries.filter_map(|chunk| memory.get(*chunk));
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
        let hashes: Vec<Option<Digest>> =
            chain.query(self.contracts.epoch().memory_hashes(netuid))?;
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
        hashes: &[Option<Digest>],
    ) -> Result<Option<Vec<Vec<u8>>>, RoleError> {
        let netuid = header.netuid;
        let checked = |memory: &[Vec<u8>]| as_published(netuid, epoch, memory, hashes);
        let computed = self.computed(netuid, epoch);
        if let Some(memory) = computed.and_then(|it| checked(&it.trace.memory)) {
            return Ok(Some(memory));
        }
        if let Some(store) = &self.store {
            let kept = store.memory(netuid, epoch)?;
            if let Some(memory) = kept.and_then(|memory| checked(&memory)) {
                return Ok(Some(memory));
            }
        }
        // The last final epoch was settled or replayed after it closed.
        let from = block(header.previous_close);
        let history = EpochHistory::read(chain, &self.contracts, (netuid, epoch), from)?;
        let published = history.published_memory(hashes.len());
        let published = published.and_then(|memory| checked(&memory));
        if let (Some(store), Some(memory)) = (&self.store, &published) {
            store.put_memory(netuid, epoch, memory)?;
        }
        Ok(published)
    }

    /// Returns the memory that `epoch`, which is final, left in each chunk, for its settlement:
    /// computed, stored, or published by a replay.
    ///
    /// # Errors
    /// `MemoryUnknown`, `Store`, `Chain`.
    pub fn final_memory(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
        chunks: u16,
    ) -> Result<Vec<Vec<u8>>, RoleError> {
        if let Some(computed) = self.settled_here(chain, netuid, epoch)? {
            return Ok(computed.trace.memory.clone());
        }
        if let Some(store) = &self.store {
            if let Some(memory) = store.memory(netuid, epoch)? {
                return Ok(memory);
            }
        }
        let from = self.final_since(chain, netuid, epoch)?;
        EpochHistory::read(chain, &self.contracts, (netuid, epoch), from)?
            .published_memory(usize::from(chunks))
            .ok_or(RoleError::MemoryUnknown { netuid, epoch })
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
    let hashes: Vec<Option<Digest>> = chain.query(contracts.epoch().memory_hashes(netuid))?;
    if last == Some(epoch) && as_published(netuid, epoch, &export.memory, &hashes).is_some() {
        return Ok(());
    }
    Err(RoleError::OtherMemory {
        netuid,
        epoch,
        last,
    })
}

/// Returns the memory that the next epoch reads of `memory`: that of the chunks with a hash, which
/// it must have. A chunk without a hash has not published its memory, and is read as empty.
pub(crate) fn as_published(
    netuid: NetUid,
    epoch: u32,
    memory: &[Vec<u8>],
    hashes: &[Option<Digest>],
) -> Option<Vec<Vec<u8>>> {
    let read = |(chunk, (bytes, hash)): (u16, (&Vec<u8>, &Option<Digest>))| match hash {
        None => Some(Vec::new()),
        Some(hash) => (memory_digest(netuid, epoch, chunk, bytes) == *hash).then(|| bytes.clone()),
    };
    if memory.len() != hashes.len() {
        return None;
    }
    (0..).zip(memory.iter().zip(hashes)).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_only_with_the_hashes_that_became_final() {
        let memory = vec![vec![1, 2], vec![]];
        let hashes: Vec<Option<Digest>> = (0..)
            .zip(&memory)
            .map(|(chunk, bytes)| Some(memory_digest(NetUid(1), 4, chunk, bytes)))
            .collect();
        let read = |epoch, memory: &[Vec<u8>], hashes: &[Option<Digest>]| {
            as_published(NetUid(1), epoch, memory, hashes)
        };
        assert_eq!(read(4, &memory, &hashes), Some(memory.clone()));
        assert_eq!(read(5, &memory, &hashes), None);
        assert_eq!(read(4, &memory, &hashes[..1]), None);
        assert_eq!(read(4, &[vec![1, 3], vec![]], &hashes), None);
    }

    #[test]
    fn unpublished_memory_is_read_as_empty() {
        let memory = vec![vec![1, 2], vec![3]];
        let hash = memory_digest(NetUid(1), 4, 1, &memory[1]);
        let read = as_published(NetUid(1), 4, &memory, &[None, Some(hash)]);
        assert_eq!(read, Some(vec![vec![], vec![3]]));
    }
}
