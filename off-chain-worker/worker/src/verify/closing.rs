//! The search for an epoch on the chain: its header, and a block at which its inputs can be read.
//!
//! Inputs are readable from the close of an epoch to the next one. A node that keeps states can be
//! asked at a past block, so the search is for the block of the close.

use super::{Verifier, VerifyError};
use crate::epochs::block;
use inktensor_client::chain::{BlockId, ChainError, Pinned, Typed};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    kernel::EpochHeader,
    NetUid, Uid,
};

/// An epoch whose inputs the chain has.
pub(super) struct Closing {
    /// Header of the epoch.
    pub header: EpochHeader,
    /// Block at which the inputs are read.
    pub at: BlockId,
    /// True if the memory hashes at that block are those that the epoch reads. Later they are those
    /// that it leaves.
    pub has_memory: bool,
}

impl Verifier<'_> {
    /// Returns the status of the subnet, which has closed the epoch.
    ///
    /// # Errors
    /// `NoSubnet`, `NotClosed`, `Chain`.
    pub(super) fn status(&self, netuid: NetUid, epoch: u32) -> Result<EpochStatus, VerifyError> {
        let status: Option<EpochStatus> =
            self.chain.query(self.contracts.epoch().status(netuid))?;
        let status = status.ok_or(VerifyError::NoSubnet(netuid))?;
        if epoch >= status.open {
            return Err(VerifyError::NotClosed {
                netuid,
                epoch,
                open: status.open,
            });
        }
        Ok(status)
    }

    /// Checks that the epoch is closed, and has a neuron with this uid if it closed last.
    ///
    /// # Errors
    /// `NoSubnet`, `NotClosed`, `NoNeuron`, `Chain`.
    pub(crate) fn check_uid(
        &self,
        netuid: NetUid,
        epoch: u32,
        uid: Uid,
    ) -> Result<(), VerifyError> {
        self.status(netuid, epoch)?;
        let header: Option<EpochHeader> =
            self.chain.query(self.contracts.epoch().header(netuid))?;
        match header.filter(|header| header.epoch == epoch && uid.0 >= header.neurons) {
            Some(header) => Err(VerifyError::NoNeuron {
                netuid,
                epoch,
                uid: uid.0,
                neurons: header.neurons,
            }),
            None => Ok(()),
        }
    }

    /// Returns the closed epoch, if the chain has its inputs. The chain is pinned to `best`.
    pub(super) fn closing(
        &self,
        best: BlockId,
        status: &EpochStatus,
        (netuid, epoch): (NetUid, u32),
    ) -> Result<Option<Closing>, VerifyError> {
        let header: Option<EpochHeader> =
            self.chain.query(self.contracts.epoch().header(netuid))?;
        let last = header.filter(|header| header.epoch == epoch);
        let closed_at = match &last {
            Some(header) if header.final_epoch == status.final_epoch => {
                return Ok(last.map(|header| Closing {
                    header,
                    at: best,
                    has_memory: true,
                }));
            }
            Some(header) => Some(block(header.closed_at)),
            None => self.search(best, (netuid, epoch))?,
        };
        let past = match closed_at {
            Some(number) => self.closing_at(best, number, (netuid, epoch))?,
            None => None,
        };
        Ok(past.or_else(|| {
            last.map(|header| Closing {
                header,
                at: best,
                has_memory: false,
            })
        }))
    }

    /// Returns the epoch by the state after block `number`, in which it closed. Returns `None` if
    /// the chain has discarded that state.
    fn closing_at(
        &self,
        best: BlockId,
        number: u32,
        (netuid, epoch): (NetUid, u32),
    ) -> Result<Option<Closing>, VerifyError> {
        let Some(hash) = self.chain.ancestor(&best, number)? else {
            return Ok(None);
        };
        let at = BlockId { number, hash };
        let chain = Pinned::new(self.chain, at);
        let read = || -> Result<Option<Closing>, ChainError> {
            let header: Option<EpochHeader> = chain.query(self.contracts.epoch().header(netuid))?;
            let status: Option<EpochStatus> = chain.query(self.contracts.epoch().status(netuid))?;
            let (Some(header), Some(status)) = (header, status) else {
                return Ok(None);
            };
            // A chain in process answers with its present state.
            let is_then = block(header.closed_at) == number && header.epoch == epoch;
            let has_memory = status.final_epoch == header.final_epoch;
            Ok((is_then && has_memory).then_some(Closing {
                header,
                at,
                has_memory,
            }))
        };
        match read() {
            Ok(found) => Ok(found),
            Err(ChainError::Pruned { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the number of the block in which the epoch closed: the first one whose state names
    /// it, or a later one, as closed last. Returns `None` if the chain has discarded that state.
    fn search(
        &self,
        best: BlockId,
        (netuid, epoch): (NetUid, u32),
    ) -> Result<Option<u32>, VerifyError> {
        let has_closed = |number: u32| -> Result<bool, VerifyError> {
            let Some(hash) = self.chain.ancestor(&best, number)? else {
                return Ok(false);
            };
            let chain = Pinned::new(self.chain, BlockId { number, hash });
            match chain.query(self.contracts.epoch().header(netuid)) {
                Ok(header) => Ok(header.is_some_and(|header: EpochHeader| header.epoch >= epoch)),
                // The contract may be younger than the block.
                Err(ChainError::Pruned { .. } | ChainError::NoContract(_)) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        let number = first(best.number, has_closed)?;
        Ok((number > 0).then_some(number))
    }
}

/// Returns the lowest number up to `last` for which `holds`, which holds for `last`, and from some
/// number on for all. Looks near `last` first.
fn first<E>(last: u32, holds: impl Fn(u32) -> Result<bool, E>) -> Result<u32, E> {
    let (mut low, mut high) = (0, last);
    let mut step = 1u32;
    while high > 0 {
        let number = high.saturating_sub(step);
        if !holds(number)? {
            low = number.saturating_add(1);
            break;
        }
        high = number;
        step = step.saturating_mul(2);
    }
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle)? {
            high = middle;
        } else {
            low = middle.saturating_add(1);
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, convert::Infallible};

    #[test]
    fn the_first_block_is_found_in_few_reads() {
        for (last, wanted) in [
            (0, 0),
            (1, 0),
            (1, 1),
            (7, 3),
            (1_000, 0),
            (1_000_000, 999_937),
        ] {
            let reads = Cell::new(0);
            let found = first::<Infallible>(last, |number| {
                reads.set(reads.get() + 1);
                Ok(number >= wanted)
            });
            assert_eq!(found, Ok(wanted), "{last}");
            assert!(reads.get() <= 45, "{last}: {}", reads.get());
        }
    }
}
