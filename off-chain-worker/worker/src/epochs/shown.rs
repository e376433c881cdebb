//! Assertions that single nodes show, while the nodes that agree do not.
//!
//! A node may be ahead of the others, or the others may hide an assertion: then it is acted on. Or
//! the node invents it: then each dispute costs a fee for nothing, so there are few of them.

use super::{ComputedEpoch, EpochCache};
use crate::error::RoleError;
use inktensor_client::chain::ChainRead;
use inktensor_primitives::NetUid;
use std::sync::Arc;

/// Blocks between two judgments of such assertions on a subnet.
const JUDGED_EVERY: u32 = 5;

impl EpochCache {
    /// Returns true if an assertion that a single node shows on `netuid` is to be judged at
    /// `block`: one in some blocks.
    pub fn judges_shown(&mut self, netuid: NetUid, block: u32) -> bool {
        let judged = self.shown.get(&netuid);
        let is_due = judged.is_none_or(|at| block >= at.saturating_add(JUDGED_EVERY));
        if is_due {
            self.shown.insert(netuid, block);
        }
        is_due
    }

    /// Returns epoch `epoch` of `netuid`, which closed last by the view of a single node. It is the
    /// one of `chain`, if `chain` has it; else it is computed from what the node shows, and not
    /// kept.
    ///
    /// # Errors
    /// As [`EpochCache::closed`].
    pub fn closed_as_shown(
        &mut self,
        chain: &dyn ChainRead,
        view: &dyn ChainRead,
        (netuid, epoch): (NetUid, u32),
    ) -> Result<Arc<ComputedEpoch>, RoleError> {
        match self.closed(chain, netuid) {
            Ok(computed) if computed.trace.epoch == epoch => Ok(computed),
            _ => Self::new(self.contracts, Arc::clone(&self.kernels))
                .computing_within(self.limit)
                .closed(view, netuid),
        }
    }
}
