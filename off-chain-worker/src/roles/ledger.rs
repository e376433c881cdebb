//! What the worker has computed itself: the closed epoch of each subnet, and the final one before it.

use super::{Kernels, RoleError};
use crate::{
    chain::{Chain, Typed},
    deploy::Addresses,
    epoch::{compute, EpochInputs, Trace},
};
use inktensor_primitives::{
    assertion::{memory_digest, Assertion},
    epoch::Epochs,
    kernel::{EpochHeader, EpochPlan},
    Digest, NetUid,
};
use std::{collections::BTreeMap, sync::Arc};

/// An epoch computed here.
#[derive(Clone, Debug)]
pub struct Computed {
    /// What was computed from.
    pub inputs: EpochInputs,
    /// What came out.
    pub trace: Trace,
    /// What a proposer posts.
    pub assertion: Assertion,
}

/// The epochs computed here. An epoch is computed once, whoever asks for it.
///
/// Kept are, per subnet, the last closed epoch and the last final one, whose results may still have to be settled
/// and whose memory the closed one reads.
pub struct Ledger {
    contracts: Addresses,
    kernels: Kernels,
    subnets: BTreeMap<NetUid, Vec<Arc<Computed>>>,
}

impl Ledger {
    /// An empty ledger for the deployment at `contracts`.
    pub fn new(contracts: Addresses, kernels: Kernels) -> Self {
        Self {
            contracts,
            kernels,
            subnets: BTreeMap::new(),
        }
    }

    /// The epoch of `netuid` that closed last, computed now if it was not before.
    pub fn closed(
        &mut self,
        chain: &dyn Chain,
        netuid: NetUid,
    ) -> Result<Arc<Computed>, RoleError> {
        let header = chain
            .query(self.contracts.epoch().header(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let known = self.subnets.get(&netuid).map_or(&[][..], Vec::as_slice);
        let hash = header.digest();
        if let Some(computed) = known.iter().find(|c| c.trace.header_hash == hash) {
            return Ok(Arc::clone(computed));
        }
        let computed = Arc::new(self.compute(chain, header)?);
        let header = &computed.inputs.header;
        let known = self.subnets.entry(netuid).or_default();
        known.retain(|c| Some(c.trace.epoch) == header.final_epoch);
        known.push(Arc::clone(&computed));
        Ok(computed)
    }

    /// An epoch computed before, if it is still kept.
    pub fn computed(&self, netuid: NetUid, epoch: u32) -> Option<&Arc<Computed>> {
        let known = self.subnets.get(&netuid)?;
        known.iter().find(|c| c.trace.epoch == epoch)
    }

    fn compute(&self, chain: &dyn Chain, header: EpochHeader) -> Result<Computed, RoleError> {
        let netuid = header.netuid;
        let engine = self.kernels.engine(chain, &header.kernel_code)?;
        let plan = chain
            .query(self.contracts.epoch().plan(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let inputs = EpochInputs {
            chunks: self.gather(chain, &header, &plan)?,
            memory: self.memory(chain, &header, &plan)?,
            header,
        };
        let trace = compute(engine.as_ref(), &inputs)?;
        if trace.plan != plan {
            return Err(RoleError::OtherPlan);
        }
        Ok(Computed {
            assertion: trace.assertion(),
            inputs,
            trace,
        })
    }

    /// Reads the inputs with the function that a judge reads them with.
    fn gather(
        &self,
        chain: &dyn Chain,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Vec<inktensor_primitives::kernel::ChunkInputs>, RoleError> {
        (0..plan.chunks(header.neurons))
            .map(|chunk| {
                chain
                    .ask(self.contracts.epoch().chunk_inputs(header.netuid, chunk))
                    .map_err(RoleError::refused("Epochs::chunk_inputs"))
            })
            .collect()
    }

    /// What each chunk remembers from the last final epoch, as computed here and checked against the chain's hashes.
    fn memory(
        &self,
        chain: &dyn Chain,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Vec<Vec<u8>>, RoleError> {
        let chunks = usize::from(plan.chunks(header.neurons));
        let netuid = header.netuid;
        let Some(epoch) = header.final_epoch else {
            return Ok(vec![Vec::new(); chunks]);
        };
        let hashes: Vec<Digest> = chain.query(self.contracts.epoch().memory_hashes(netuid))?;
        let known = self.computed(netuid, epoch).map(|c| &c.trace.memory);
        let mut memory = known
            .filter(|memory| is_memory(netuid, epoch, memory, &hashes))
            .cloned()
            .ok_or(RoleError::MemoryUnknown { netuid, epoch })?;
        // Chunks that have come since remember nothing.
        memory.resize(chunks.max(memory.len()), Vec::new());
        memory.truncate(chunks);
        Ok(memory)
    }
}

/// Whether `memory` has the `hashes` that became final.
fn is_memory(netuid: NetUid, epoch: u32, memory: &[Vec<u8>], hashes: &[Digest]) -> bool {
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
