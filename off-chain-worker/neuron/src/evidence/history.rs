//! The blocks at which epochs opened, read back from the best block.

use inktensor_client::{
    chain::{BlockId, ChainError, ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    Digest, NetUid,
};
use std::collections::BTreeMap;
use thiserror::Error;

/// Most epochs before the open one that are read. Each takes one read of an old state.
pub const MAX_BACK: u32 = 1_000;

/// A reason why facts cannot be read.
#[derive(Debug, Error)]
pub enum FactsError {
    /// The chain does not answer, or has discarded a state.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The subnet does not exist.
    #[error("subnet {0} does not exist; `inktensor subnet list` shows all")]
    UnknownSubnet(NetUid),
    /// The epoch is not there yet.
    #[error("epoch {epoch} is not open yet; epoch {open} is")]
    NotOpen {
        /// The epoch.
        epoch: u32,
        /// The open epoch.
        open: u32,
    },
    /// The epoch is too far back.
    #[error("epoch {epoch} is more than {MAX_BACK} epochs before the open one, {open}; use facts that were written then")]
    TooOld {
        /// The epoch.
        epoch: u32,
        /// The open epoch.
        open: u32,
    },
    /// The tempo leaves no room for a round.
    #[error("the tempo of {0} blocks is too short for questions; the owner must raise it")]
    Tempo(u32),
    /// Questions are not known yet.
    #[error("questions of the epoch follow from block {at}, whose hash is fixed with the next one; the chain is at {best}")]
    NotAsked {
        /// The block.
        at: u32,
        /// The best block.
        best: u32,
    },
    /// The chain has forgotten a block.
    #[error("the chain has no block {0}; use an archive node")]
    NoBlock(u32),
}

/// The blocks at which epochs opened, from one epoch on to the open one.
pub struct History<'a> {
    /// The chain.
    pub chain: &'a dyn ChainRead,
    /// The best block.
    pub best: BlockId,
    /// The open epoch.
    pub open: u32,
    /// The block at which each epoch opened.
    pub opened_at: BTreeMap<u32, u32>,
}

impl<'a> History<'a> {
    /// Reads the history from epoch `first` on.
    ///
    /// # Errors
    /// See [`FactsError`].
    pub fn read(
        chain: &'a dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        first: u32,
    ) -> Result<Self, FactsError> {
        let best = chain.best()?;
        let mut history = Self {
            chain,
            best,
            open: 0,
            opened_at: BTreeMap::new(),
        };
        let mut block = best;
        loop {
            let status: Option<EpochStatus> =
                Pinned::new(chain, block).query(contracts.epoch().status(netuid))?;
            let status = status.ok_or(FactsError::UnknownSubnet(netuid))?;
            if history.opened_at.is_empty() {
                history.open = status.open;
                if status.open.saturating_sub(first) > MAX_BACK {
                    return Err(FactsError::TooOld {
                        epoch: first,
                        open: status.open,
                    });
                }
            }
            history.opened_at.insert(status.open, status.opened_at);
            if status.open <= first || status.opened_at == 0 {
                return Ok(history);
            }
            let before = status.opened_at.saturating_sub(1);
            // A state that leads back to a later block would be read for ever.
            if before >= block.number {
                return Err(FactsError::NoBlock(before));
            }
            block = history.block(before)?;
        }
    }

    /// Returns the block at which an epoch opened.
    ///
    /// # Errors
    /// `NotOpen`.
    pub fn opened(&self, epoch: u32) -> Result<u32, FactsError> {
        let opened = self.opened_at.get(&epoch).copied();
        opened.ok_or(FactsError::NotOpen {
            epoch,
            open: self.open,
        })
    }

    /// Returns the block with this number.
    ///
    /// # Errors
    /// `NoBlock`, `Chain`.
    pub fn block(&self, number: u32) -> Result<BlockId, FactsError> {
        let hash: Option<Digest> = self.chain.ancestor(&self.best, number)?;
        let hash = hash.ok_or(FactsError::NoBlock(number))?;
        Ok(BlockId { number, hash })
    }

    /// Returns the chain after block `number`.
    ///
    /// # Errors
    /// `NoBlock`, `Chain`.
    pub fn at(&self, number: u32) -> Result<Pinned<'a>, FactsError> {
        Ok(Pinned::new(self.chain, self.block(number)?))
    }

    /// Returns the chain after the last whole block of `epoch`, or after the best block while the
    /// epoch is open. The block that closes an epoch belongs to the next one.
    ///
    /// # Errors
    /// `NoBlock`, `Chain`.
    pub fn end_of(&self, epoch: u32) -> Result<Pinned<'a>, FactsError> {
        match self.opened_at.get(&epoch.saturating_add(1)) {
            Some(next) => self.at(next.saturating_sub(1)),
            None => Ok(Pinned::new(self.chain, self.best)),
        }
    }
}
