//! Doubts about what was computed here: the chain has refused a dispute because the step is right,
//! or because it cannot execute the step.
//!
//! What led to the dispute is dropped then, from the cache and from the store, and read again at
//! once. If the chain refuses again, the epoch is read again after some blocks only.

use super::{EpochCache, TRY_AGAIN};
use crate::error::RoleError;
use inktensor_primitives::{Digest, NetUid};

/// A doubt about the closed epoch of a subnet.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    assertion: Digest,
    epoch: u32,
    step: u32,
    reason: String,
    /// First block at which the epoch is judged again.
    again_at: u32,
}

impl EpochCache {
    /// Drops the epoch of a `Doubted` problem at `block`; does nothing for other problems. Returns
    /// true if it is the first doubt about the assertion: then the epoch is read again at once.
    ///
    /// # Errors
    /// `Store`.
    pub fn begin_doubt(&mut self, problem: &RoleError, block: u32) -> Result<bool, RoleError> {
        let RoleError::Doubted {
            netuid,
            epoch,
            step,
            assertion,
            reason,
        } = problem
        else {
            return Ok(false);
        };
        let known = self.doubts.get(netuid);
        let is_first = known.is_none_or(|known| known.assertion != *assertion);
        let doubt = Doubt {
            assertion: *assertion,
            epoch: *epoch,
            step: *step,
            reason: reason.clone(),
            again_at: if is_first {
                block
            } else {
                block.saturating_add(TRY_AGAIN)
            },
        };
        self.doubts.insert(*netuid, doubt);
        self.forget(*netuid, *epoch)?;
        Ok(is_first)
    }

    /// Returns the doubt about an assertion that is not judged again at `block` yet.
    pub fn doubt(&self, netuid: NetUid, assertion: &Digest, block: u32) -> Option<RoleError> {
        let doubt = self.doubts.get(&netuid)?;
        let is_open = doubt.assertion == *assertion && block < doubt.again_at;
        is_open.then(|| RoleError::Doubted {
            netuid,
            epoch: doubt.epoch,
            step: doubt.step,
            assertion: doubt.assertion,
            reason: doubt.reason.clone(),
        })
    }

    /// Drops everything that was read and computed of an epoch.
    fn forget(&mut self, netuid: NetUid, epoch: u32) -> Result<(), RoleError> {
        if let Some(known) = self.subnets.get_mut(&netuid) {
            known.retain(|computed| computed.trace.epoch != epoch);
        }
        self.failures.remove(&netuid);
        self.agreed.remove(&netuid);
        if let Some(store) = &self.store {
            store.remove_epoch(netuid, epoch)?;
        }
        Ok(())
    }
}
