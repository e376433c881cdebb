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
        let memory = self.known_memory(chain, &header, epoch, &hashes)?;
        let mut entries = Vec::new();
        for chunk in reading {
            if hashes.get(chunk).is_none_or(Option::is_none) {
                continue;
            }
            let known = memory.get(chunk).cloned().flatten();
            entries.push(known.ok_or(RoleError::MemoryUnknown { netuid, epoch })?);
        }
        Ok(entries)
    }

    /// Returns the memory of each chunk from the last final epoch, checked against the chain's
    /// hashes; `None` for a chunk whose memory is not known here.
    pub(super) fn memory(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Vec<Option<Vec<u8>>>, RoleError> {
        let chunks = usize::from(plan.chunks(header.neurons));
        let nothing = Some(Vec::new());
        let Some(epoch) = header.final_epoch else {
            return Ok(vec![nothing; chunks]);
        };
        let hashes: Vec<Option<Digest>> =
            chain.query(self.contracts.epoch().memory_hashes(header.netuid))?;
        if hashes.is_empty() {
            // After a change of the kernel or of the chunk size there is no memory.
            return Ok(vec![nothing; chunks]);
        }
        let mut memory = self.known_memory(chain, header, epoch, &hashes)?;
        // New chunks have no memory.
        memory.resize(chunks, nothing);
        Ok(memory)
    }

    /// Returns the memory of each chunk from `epoch`, the last final one before `header`, with
    /// these hashes, as far as it is known: computed, stored, or published on the chain.
    fn known_memory(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        epoch: u32,
        hashes: &[Option<Digest>],
    ) -> Result<Vec<Option<Vec<u8>>>, RoleError> {
        let netuid = header.netuid;
        let mut known = known_chunks(netuid, epoch, &[], hashes);
        let add = |known: &mut Vec<Option<Vec<u8>>>, memory: &[Vec<u8>]| {
            for (known, found) in known
                .iter_mut()
                .zip(known_chunks(netuid, epoch, memory, hashes))
            {
                if known.is_none() {
                    *known = found;
                }
            }
            known.iter().all(Option::is_some)
        };
        let computed = self.computed(netuid, epoch);
        if add(&mut known, computed.map_or(&[], |it| &it.trace.memory)) {
            return Ok(known);
        }
        if let Some(store) = &self.store {
            let kept = store.memory(netuid, epoch)?.unwrap_or_default();
            if add(&mut known, &kept) {
                return Ok(known);
            }
        }
        // The last final epoch was settled or replayed after it closed.
        let from = block(header.previous_close);
        let history = match EpochHistory::read(chain, &self.contracts, (netuid, epoch), from) {
            Ok(history) => history,
            Err(error) if error.is_of_the_connection() => return Err(error.into()),
            // The node has forgotten the events. What is known is enough for a part of the epoch.
            Err(_) => return Ok(known),
        };
        let published = history.published_memory(hashes.len());
        let is_whole = add(&mut known, published.as_deref().unwrap_or_default());
        if let (Some(store), true) = (&self.store, is_whole) {
            let memory: Vec<Vec<u8>> = known.iter().flatten().cloned().collect();
            store.put_memory(netuid, epoch, &memory)?;
        }
        Ok(known)
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
            let kept = store.memory(netuid, epoch)?;
            if let Some(memory) = kept {
                if !self.is_of_a_fork(chain, netuid, epoch)? {
                    return Ok(memory);
                }
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

/// Returns the memory that the next epoch reads of each chunk, as far as `memory` has it. A chunk
/// without a hash has not published its memory, and is read as empty.
fn known_chunks(
    netuid: NetUid,
    epoch: u32,
    memory: &[Vec<u8>],
    hashes: &[Option<Digest>],
) -> Vec<Option<Vec<u8>>> {
    let read = |(chunk, hash): (u16, &Option<Digest>)| match hash {
        None => Some(Vec::new()),
        Some(hash) => {
            let bytes = memory.get(usize::from(chunk))?;
            (memory_digest(netuid, epoch, chunk, bytes) == *hash).then(|| bytes.clone())
        }
    };
    (0..).zip(hashes).map(read).collect()
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

    #[test]
    fn each_chunk_is_known_by_its_own_hash() {
        let memory = vec![vec![1, 2], vec![3], vec![4]];
        let hash = |chunk: u16, bytes: &[u8]| Some(memory_digest(NetUid(1), 4, chunk, bytes));
        let hashes = [hash(0, &[1, 2]), hash(1, &[9]), None];
        let known = known_chunks(NetUid(1), 4, &memory, &hashes);
        assert_eq!(known, [Some(vec![1, 2]), None, Some(vec![])]);
        let known = known_chunks(NetUid(1), 4, &[], &hashes);
        assert_eq!(known, [None, None, Some(vec![])]);
    }
}
