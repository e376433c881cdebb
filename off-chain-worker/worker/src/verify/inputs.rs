//! The inputs of an epoch to verify.

use super::{Verifier, VerifyError};
use crate::{
    epochs::{as_published, block},
    history::EpochHistory,
};
use inktensor_client::chain::{Answer, CallError, Typed};
use inktensor_compute::epoch::EpochInputs;
use inktensor_primitives::{
    epoch::Epochs,
    kernel::{ChunkInputs, EpochHeader, EpochPlan},
    Digest, NetUid,
};

/// The source of an epoch's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// The chain, which a dispute reads too.
    Chain,
    /// A worker's store. Only their header can be compared with the chain.
    Store,
}

impl Verifier<'_> {
    /// Returns the inputs of the epoch with this header.
    pub(super) fn inputs(
        &self,
        netuid: NetUid,
        epoch: u32,
        header_hash: &Digest,
    ) -> Result<(EpochInputs, InputSource), VerifyError> {
        let header: Option<EpochHeader> =
            self.chain.query(self.contracts.epoch().header(netuid))?;
        let last = header.filter(|header| header.digest() == *header_hash);
        if let Some(header) = last {
            return Ok((self.on_chain(header)?, InputSource::Chain));
        }
        let stored = match self.store {
            Some(store) => store.epoch(netuid, epoch)?,
            None => None,
        };
        let inputs = stored
            .ok_or(VerifyError::InputsGone { netuid, epoch })?
            .inputs;
        if inputs.header.digest() != *header_hash {
            return Err(VerifyError::OtherHeader { netuid, epoch });
        }
        Ok((inputs, InputSource::Store))
    }

    /// Reads the inputs of the epoch that closed last.
    fn on_chain(&self, header: EpochHeader) -> Result<EpochInputs, VerifyError> {
        let netuid = header.netuid;
        let plan: EpochPlan = self
            .chain
            .query(self.contracts.epoch().plan(netuid))?
            .ok_or(VerifyError::InputsGone {
                netuid,
                epoch: header.epoch,
            })?;
        let chunks: Result<Vec<ChunkInputs>, VerifyError> = (0..plan.chunks(header.neurons))
            .map(|chunk| {
                let message = self.contracts.epoch().chunk_inputs(netuid, chunk);
                self.chain
                    .query(message)
                    .answer()
                    .map_err(|error| match error {
                        CallError::Chain(error) => VerifyError::Chain(error),
                        CallError::Refused(error) => VerifyError::Refused(error),
                    })
            })
            .collect();
        Ok(EpochInputs {
            memory: self.memory(&header, &plan)?,
            chunks: chunks?,
            header,
        })
    }

    /// Returns the memory of each chunk from the epoch before.
    fn memory(&self, header: &EpochHeader, plan: &EpochPlan) -> Result<Vec<Vec<u8>>, VerifyError> {
        let netuid = header.netuid;
        let chunks = usize::from(plan.chunks(header.neurons));
        let nothing = vec![Vec::new(); chunks];
        let reads = plan.phases.iter().any(|phase| phase.memory);
        let Some(epoch) = header.final_epoch.filter(|_| reads) else {
            return Ok(nothing);
        };
        let unknown = VerifyError::MemoryUnknown { netuid, epoch };
        let status = self.chain.query(self.contracts.epoch().status(netuid))?;
        if status.is_some_and(|status| status.final_epoch != header.final_epoch) {
            // The epoch is final itself by now, and the chain's hashes are of its own memory.
            let stored = match self.store {
                Some(store) => store.epoch(netuid, header.epoch)?,
                None => None,
            };
            let same = stored.filter(|stored| stored.inputs.header == *header);
            return Ok(same.ok_or(unknown)?.inputs.memory);
        }
        let hashes: Vec<Option<Digest>> = self
            .chain
            .query(self.contracts.epoch().memory_hashes(netuid))?;
        if hashes.is_empty() {
            // After a change of the kernel or of the chunk size there is no memory.
            return Ok(nothing);
        }
        let checked = |memory: Vec<Vec<u8>>| as_published(netuid, epoch, &memory, &hashes);
        let kept = match self.store {
            Some(store) => store.memory(netuid, epoch)?,
            None => None,
        };
        let mut memory = match kept.and_then(checked) {
            Some(memory) => memory,
            // Its settlement, or a replay, has published it.
            None => {
                let from = block(header.previous_close);
                let about = (netuid, epoch);
                let history = EpochHistory::read(self.chain, &self.contracts, about, from)?;
                let published = history.published_memory(hashes.len());
                published.and_then(checked).ok_or(unknown)?
            }
        };
        // New chunks have no memory.
        memory.resize(chunks, Vec::new());
        Ok(memory)
    }
}
