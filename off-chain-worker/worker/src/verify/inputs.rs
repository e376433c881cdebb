//! The inputs of an epoch to verify.

use super::{closing::Closing, Verifier, VerifyError};
use crate::{
    epochs::{as_published, block},
    history::EpochHistory,
    store::StoredEpoch,
};
use inktensor_client::chain::{query_all, Pinned, Typed};
use inktensor_compute::epoch::EpochInputs;
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs},
    kernel::{ChunkInputs, EpochPlan},
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
    /// Returns the inputs of an epoch that is closed. The chain is pinned.
    pub(super) fn inputs(
        &self,
        chain: &Pinned<'_>,
        status: &EpochStatus,
        (netuid, epoch): (NetUid, u32),
    ) -> Result<(EpochInputs, InputSource), VerifyError> {
        if let Some(closing) = self.closing(chain.id(), status, (netuid, epoch))? {
            return Ok((self.on_chain(closing)?, InputSource::Chain));
        }
        let stored = self.stored(netuid, epoch)?;
        let stored = stored.ok_or(VerifyError::InputsGone { netuid, epoch })?;
        Ok((stored.inputs, InputSource::Store))
    }

    fn stored(&self, netuid: NetUid, epoch: u32) -> Result<Option<StoredEpoch>, VerifyError> {
        match self.store {
            Some(store) => Ok(store.epoch(netuid, epoch)?),
            None => Ok(None),
        }
    }

    /// Reads the inputs of an epoch that the chain has.
    fn on_chain(&self, closing: Closing) -> Result<EpochInputs, VerifyError> {
        let chain = Pinned::new(self.chain, closing.at);
        let (netuid, epoch) = (closing.header.netuid, closing.header.epoch);
        let plan: Option<EpochPlan> = chain.query(self.contracts.epoch().plan(netuid))?;
        let plan = plan.ok_or(VerifyError::InputsGone { netuid, epoch })?;
        let messages = (0..plan.chunks(closing.header.neurons))
            .map(|chunk| self.contracts.epoch().chunk_inputs(netuid, chunk));
        let chunks: Vec<Result<ChunkInputs, EpochError>> = query_all(&chain, messages)?;
        let chunks: Result<Vec<ChunkInputs>, EpochError> = chunks.into_iter().collect();
        Ok(EpochInputs {
            memory: self.memory(&chain, &closing, &plan)?,
            chunks: chunks.map_err(VerifyError::Refused)?,
            header: closing.header,
        })
    }

    /// Returns the memory of each chunk from the epoch before.
    fn memory(
        &self,
        chain: &Pinned<'_>,
        closing: &Closing,
        plan: &EpochPlan,
    ) -> Result<Vec<Vec<u8>>, VerifyError> {
        let header = &closing.header;
        let netuid = header.netuid;
        let chunks = usize::from(plan.chunks(header.neurons));
        let nothing = vec![Vec::new(); chunks];
        let reads = plan.phases.iter().any(|phase| phase.memory);
        let Some(epoch) = header.final_epoch.filter(|_| reads) else {
            return Ok(nothing);
        };
        let unknown = VerifyError::MemoryUnknown { netuid, epoch };
        if !closing.has_memory {
            // The epoch is final itself by now, and the chain's hashes are of its own memory.
            let stored = self.stored(netuid, header.epoch)?;
            let same = stored.filter(|stored| stored.inputs.header == *header);
            return Ok(same.ok_or(unknown)?.inputs.memory);
        }
        let hashes: Vec<Option<Digest>> =
            chain.query(self.contracts.epoch().memory_hashes(netuid))?;
        if hashes.is_empty() {
            // After a change of the kernel or of the chunk size there is no memory.
            return Ok(nothing);
        }
        let from = block(header.previous_close);
        let known = self.published(netuid, epoch, from, &hashes)?;
        let mut memory = known.ok_or(unknown)?;
        // New chunks have no memory.
        memory.resize(chunks, Vec::new());
        Ok(memory)
    }

    /// Returns the memory that `epoch` left in each chunk with these hashes, if the store has it or
    /// the chain has published it from block `from` on.
    pub(super) fn published(
        &self,
        netuid: NetUid,
        epoch: u32,
        from: u32,
        hashes: &[Option<Digest>],
    ) -> Result<Option<Vec<Vec<u8>>>, VerifyError> {
        let checked = |memory: Vec<Vec<u8>>| as_published(netuid, epoch, &memory, hashes);
        let kept = match self.store {
            Some(store) => store.memory(netuid, epoch)?,
            None => None,
        };
        if let Some(memory) = kept.and_then(checked) {
            return Ok(Some(memory));
        }
        // Its settlement, or a replay, has published it.
        let about = (netuid, epoch);
        let history = EpochHistory::read(self.chain, &self.contracts, about, from)?;
        Ok(history.published_memory(hashes.len()).and_then(checked))
    }
}
