//! Facts read from a chain.
//!
//! All of them are states after given blocks, so a node must still have these: 256 blocks by
//! default, all of them in an archive. An auditor that follows the chain writes the facts of each
//! epoch to a file.

use super::{
    facts::{to_ask, ChainWeights, Facts, Pledged},
    seeds::Round,
    Registration,
};
use crate::{
    pledged::{pledge_of, NOTICE},
    view::neurons_at,
};
use inktensor_client::{
    chain::{BlockId, ChainError, ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, WeightsRow},
    registry::{Commitment, Neuron, Registry, Seat, ServingView, Subnet},
    work::Pledge,
    Digest, NetUid, Uid,
};
use inktensor_wire::home;
use std::collections::BTreeMap;
use thiserror::Error;

/// Most epochs before the open one that are read. Each takes one read of an old state.
const MAX_BACK: u32 = 1_000;

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

/// Reads the facts for the audit of the validator on `uid` in `epoch`.
///
/// # Errors
/// See [`FactsError`].
pub fn read(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
    epoch: u32,
    uid: Uid,
) -> Result<Facts, FactsError> {
    let history = History::read(chain, contracts, netuid, epoch.saturating_sub(1))?;
    let opened_at = history.opened(epoch)?;
    let subnet = history
        .at(opened_at)?
        .query::<Option<Subnet>>(contracts.registry().subnet(netuid))?
        .ok_or(FactsError::UnknownSubnet(netuid))?;
    let tempo = subnet.tempo;
    let round = Round::new(opened_at, tempo).ok_or(FactsError::Tempo(tempo))?;
    let best = history.best.number;
    let closed_at = history.opened_at.get(&epoch.saturating_add(1)).copied();
    // A chain in one process fixes the hash of a block with the next one.
    if round.asked_at() >= best {
        let at = round.asked_at();
        return Err(FactsError::NotAsked { at, best });
    }
    let seed_block = history.block(round.asked_at())?;
    let check_block = match round.checked_at() < best {
        true => Some(history.block(round.checked_at())?.hash),
        false => None,
    };
    let neurons = neurons_at(chain, contracts, netuid, seed_block)?;
    let neuron = neurons.iter().map(|it| &it.view).find(|it| it.uid == uid);
    let neuron = neuron.map(|it| &it.neuron);
    let validator = neuron.map(|it| Registration {
        uid,
        generation: it.generation,
        hotkey: it.hotkey,
    });
    let miners = to_ask(
        neurons
            .iter()
            .map(|it| (it.view.uid, &it.view.neuron, it.axon.as_ref())),
        uid,
    );
    let reader = Reader {
        history: &history,
        contracts,
        netuid,
        epoch,
        opened_at,
    };
    Ok(Facts {
        home: home(&chain.genesis()?, &contracts.registry),
        netuid,
        epoch,
        uid,
        opened_at,
        tempo,
        closed_at,
        seed_block,
        check_block,
        validator,
        permit: match neuron {
            Some(neuron) => reader.permit(seed_block, uid, neuron)?,
            None => false,
        },
        miners,
        manifest: reader.manifest()?,
        before: match validator {
            Some(validator) => reader.before(&validator)?,
            None => None,
        },
        pledged: match validator {
            Some(validator) => reader.pledged(&validator)?,
            None => None,
        },
        weights: match validator {
            Some(validator) => reader.weights(&validator)?,
            None => ChainWeights::Absent,
        },
    })
}

/// The blocks at which epochs opened, from one epoch on to the open one.
struct History<'a> {
    chain: &'a dyn ChainRead,
    best: BlockId,
    open: u32,
    opened_at: BTreeMap<u32, u32>,
}

impl<'a> History<'a> {
    fn read(
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

    fn opened(&self, epoch: u32) -> Result<u32, FactsError> {
        let opened = self.opened_at.get(&epoch).copied();
        opened.ok_or(FactsError::NotOpen {
            epoch,
            open: self.open,
        })
    }

    fn block(&self, number: u32) -> Result<BlockId, FactsError> {
        let hash: Option<Digest> = self.chain.ancestor(&self.best, number)?;
        let hash = hash.ok_or(FactsError::NoBlock(number))?;
        Ok(BlockId { number, hash })
    }

    /// Returns the chain after block `number`.
    fn at(&self, number: u32) -> Result<Pinned<'a>, FactsError> {
        Ok(Pinned::new(self.chain, self.block(number)?))
    }

    /// Returns the chain after the last whole block of `epoch`, or after the best block while the
    /// epoch is open. The block that closes an epoch belongs to the next one.
    fn end_of(&self, epoch: u32) -> Result<Pinned<'a>, FactsError> {
        match self.opened_at.get(&epoch.saturating_add(1)) {
            Some(next) => self.at(next.saturating_sub(1)),
            None => Ok(Pinned::new(self.chain, self.best)),
        }
    }
}

/// The reader of what neurons published and set.
struct Reader<'a> {
    history: &'a History<'a>,
    contracts: &'a Addresses,
    netuid: NetUid,
    epoch: u32,
    opened_at: u32,
}

impl Reader<'_> {
    /// Returns true if the neuron on `uid` has a permit after a block: by the last final epoch, or
    /// as the owner's.
    fn permit(&self, block: BlockId, uid: Uid, neuron: &Neuron) -> Result<bool, FactsError> {
        let at = Pinned::new(self.history.chain, block);
        let subnet = self.contracts.registry().subnet(self.netuid);
        let subnet: Option<Subnet> = at.query(subnet)?;
        if subnet.is_some_and(|it| it.owner_hotkey == neuron.hotkey) {
            return Ok(true);
        }
        let status: Option<EpochStatus> = at.query(self.contracts.epoch().status(self.netuid))?;
        // A permit is of a registration: the roster may have the uid of an earlier one.
        let last = status.and_then(|it| it.final_epoch);
        if last.is_none_or(|last| neuron.registered_epoch > last) {
            return Ok(false);
        }
        let roster: Vec<Uid> = at.query(self.contracts.epoch().roster(self.netuid))?;
        Ok(roster.contains(&uid))
    }

    /// Returns the commitment on `uid`, if the neuron there is still of this generation.
    fn commitment(
        &self,
        at: &Pinned<'_>,
        uid: Uid,
        generation: u32,
    ) -> Result<Option<Commitment>, FactsError> {
        let registry = || self.contracts.registry();
        let neuron: Option<Neuron> = at.query(registry().neuron(self.netuid, uid))?;
        if neuron.is_none_or(|neuron| neuron.generation != generation) {
            return Ok(None);
        }
        let serving: Option<ServingView> = at.query(registry().serving(self.netuid, uid))?;
        Ok(serving.and_then(|serving| serving.commitment))
    }

    /// Returns the manifest that counts: the owner's pledge at the end of the epoch before last. No
    /// manifest counts in the first two epochs.
    fn manifest(&self) -> Result<Option<Digest>, FactsError> {
        let Some(epoch) = self.epoch.checked_sub(NOTICE) else {
            return Ok(None);
        };
        let at = self.history.end_of(epoch)?;
        let registry = || self.contracts.registry();
        let subnet: Option<Subnet> = at.query(registry().subnet(self.netuid))?;
        let Some(subnet) = subnet else {
            return Ok(None);
        };
        let seat: Option<Seat> = at.query(registry().seat(self.netuid, subnet.owner_hotkey))?;
        let Some(seat) = seat else {
            return Ok(None);
        };
        let commitment = self.commitment(&at, seat.uid, seat.generation)?;
        Ok(match commitment.as_ref().and_then(pledge_of) {
            Some(Pledge::Subnet { manifest }) => Some(manifest),
            Some(Pledge::Evidence { .. }) | None => None,
        })
    }

    /// Returns the validator's last pledge before the epoch.
    fn before(&self, validator: &Registration) -> Result<Option<Pledged>, FactsError> {
        if self.opened_at == 0 {
            return Ok(None);
        }
        let at = self.history.at(self.opened_at.saturating_sub(1))?;
        self.evidence(&at, validator)
    }

    /// Returns the validator's last pledge in the epoch.
    fn pledged(&self, validator: &Registration) -> Result<Option<Pledged>, FactsError> {
        let at = self.history.end_of(self.epoch)?;
        let pledged = self.evidence(&at, validator)?;
        Ok(pledged.filter(|it| it.block >= self.opened_at))
    }

    fn evidence(
        &self,
        at: &Pinned<'_>,
        validator: &Registration,
    ) -> Result<Option<Pledged>, FactsError> {
        let commitment = self.commitment(at, validator.uid, validator.generation)?;
        let Some(commitment) = commitment else {
            return Ok(None);
        };
        Ok(match pledge_of(&commitment) {
            Some(Pledge::Evidence {
                epoch,
                root,
                weights,
                receipts,
            }) => Some(Pledged {
                block: commitment.block,
                epoch,
                root,
                weights,
                receipts,
            }),
            Some(Pledge::Subnet { .. }) | None => None,
        })
    }

    /// Returns the validator's weights of the epoch: set in it, or committed in it and revealed
    /// later. A revealed row has the block of its commit.
    fn weights(&self, validator: &Registration) -> Result<ChainWeights, FactsError> {
        let end = self.history.end_of(self.epoch)?;
        let subnet: Option<Subnet> = end.query(self.contracts.registry().subnet(self.netuid))?;
        let terms = subnet.map(|subnet| subnet.terms.weights);
        let later = terms.map_or(0, |terms| match terms.commit_reveal {
            true => terms.reveal_period,
            false => 0,
        });
        let last = self.epoch.saturating_add(later);
        for epoch in [self.epoch, last] {
            if epoch > self.history.open {
                break;
            }
            let at = self.history.end_of(epoch)?;
            if let Some(row) = self.row(&at, validator)? {
                return Ok(ChainWeights::Row(row));
            }
        }
        Ok(match last < self.history.open {
            true => ChainWeights::Absent,
            false => ChainWeights::Expected { epoch: last },
        })
    }

    /// Returns the row of the validator after a block, if it is of the epoch.
    fn row(
        &self,
        at: &Pinned<'_>,
        validator: &Registration,
    ) -> Result<Option<Vec<(Uid, u16)>>, FactsError> {
        let uid = validator.uid;
        let neuron: Option<Neuron> =
            at.query(self.contracts.registry().neuron(self.netuid, uid))?;
        if neuron.is_none_or(|neuron| neuron.generation != validator.generation) {
            return Ok(None);
        }
        let row: Option<WeightsRow> = at.query(self.contracts.epoch().weights(self.netuid, uid))?;
        let next = self.epoch.saturating_add(1);
        let closed_at = self.history.opened_at.get(&next).copied();
        let of_epoch = self.opened_at..closed_at.unwrap_or(u32::MAX);
        Ok(row
            .filter(|row| of_epoch.contains(&row.updated_at))
            .map(|row| row.uids.into_iter().zip(row.weights).collect()))
    }
}

#[cfg(test)]
mod tests;
