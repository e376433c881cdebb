//! The memory that the last final epoch left, checked against the chain's hashes.

use super::{Verifier, VerifyError};
use crate::epochs::{as_published, block};
use inktensor_client::chain::{ChainRead, Pinned, Typed};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    kernel::EpochHeader,
    Digest, NetUid,
};

/// The memory of a subnet's last final epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalMemory {
    /// The epoch.
    pub epoch: u32,
    /// Code hash of the kernel that reads it.
    pub kernel_code: Digest,
    /// Memory of each chunk; empty for a chunk that has not published it.
    pub memory: Vec<Vec<u8>>,
    /// Hashes on the chain; `None` for a chunk that has not published its memory.
    pub hashes: Vec<Option<Digest>>,
    /// True if the memory has these hashes. If not, it was computed from the epoch's inputs, and a
    /// false assertion became final.
    pub is_proven: bool,
}

impl Verifier<'_> {
    /// Returns the memory of the last final epoch of `netuid`: from the store or from the events of
    /// its settlement, else computed from the epoch's inputs.
    ///
    /// # Errors
    /// `NoSubnet`, `NothingFinal`, and those of [`recompute`](Verifier::recompute).
    pub fn final_memory(&self, netuid: NetUid) -> Result<FinalMemory, VerifyError> {
        let pinned = Pinned::best(self.chain)?;
        let chain: &dyn ChainRead = &pinned;
        let epochs = || self.contracts.epoch();
        let status: Option<EpochStatus> = chain.query(epochs().status(netuid))?;
        let status = status.ok_or(VerifyError::NoSubnet(netuid))?;
        let epoch = status
            .final_epoch
            .ok_or(VerifyError::NothingFinal(netuid))?;
        let header: Option<EpochHeader> = chain.query(epochs().header(netuid))?;
        let header = header.ok_or(VerifyError::NothingFinal(netuid))?;
        let hashes: Vec<Option<Digest>> = chain.query(epochs().memory_hashes(netuid))?;
        // No event about the epoch's outcome is older than its close.
        let from = match header.epoch == epoch {
            true => header.closed_at,
            false => header.previous_close,
        };
        let found = |memory, is_proven| FinalMemory {
            epoch,
            kernel_code: header.kernel_code,
            memory,
            hashes: hashes.clone(),
            is_proven,
        };
        if hashes.is_empty() {
            // The epoch that closed last has another kernel, or chunks of another size.
            return Ok(found(Vec::new(), true));
        }
        let verifier = self.at(&pinned);
        if let Some(memory) = verifier.published(netuid, epoch, block(from), &hashes)? {
            return Ok(found(memory, true));
        }
        let recomputed = self.recompute(netuid, epoch)?;
        let memory = recomputed.trace.memory;
        Ok(match as_published(netuid, epoch, &memory, &hashes) {
            Some(memory) => found(memory, true),
            None => found(memory, false),
        })
    }
}
