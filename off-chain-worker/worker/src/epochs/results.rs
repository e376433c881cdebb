//! The results of a final epoch: computed here, stored, or published on the chain.

use super::{block, EpochCache};
use crate::{error::RoleError, history::EpochHistory};
use inktensor_client::chain::{ChainRead, Typed};
use inktensor_primitives::{
    epoch::Epochs,
    kernel::{EpochHeader, NeuronResult},
    NetUid,
};

impl EpochCache {
    /// Returns the results of each chunk's neurons for an epoch that is final.
    ///
    /// # Errors
    /// `ResultsUnknown`, `Store`, `Chain`.
    pub fn results(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Vec<Vec<NeuronResult>>, RoleError> {
        if let Some(computed) = self.settled_here(chain, netuid, epoch)? {
            return Ok(computed.trace.results.clone());
        }
        if let Some(results) = self.kept_results(chain, netuid, epoch)? {
            return Ok(results);
        }
        let from = self.final_since(chain, netuid, epoch)?;
        EpochHistory::read(chain, &self.contracts, (netuid, epoch), from)?
            .published_results()
            .ok_or(RoleError::ResultsUnknown { netuid, epoch })
    }

    /// Returns a block before which there is no event about the outcome of `epoch`, which is final.
    pub(super) fn final_since(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<u32, RoleError> {
        let header: Option<EpochHeader> = chain.query(self.contracts.epoch().header(netuid))?;
        Ok(match header {
            Some(header) if header.epoch == epoch => block(header.closed_at),
            Some(header) => block(header.previous_close),
            None => 0,
        })
    }

    /// Returns true if the stored epoch closed in a block that another one has replaced.
    pub(super) fn is_of_a_fork(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<bool, RoleError> {
        let stored = match &self.store {
            Some(store) => store.epoch(netuid, epoch)?,
            None => None,
        };
        match stored {
            Some(stored) => Ok(!chain.includes(&chain.best()?, &stored.closed_in)?),
            None => Ok(false),
        }
    }

    /// Returns stored results, unless they are those of another epoch with the same number, or of a
    /// fork.
    fn kept_results(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Option<Vec<Vec<NeuronResult>>>, RoleError> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        if self.is_of_a_fork(chain, netuid, epoch)? {
            return Ok(None);
        }
        Ok(store.results(netuid, epoch)?)
    }
}
