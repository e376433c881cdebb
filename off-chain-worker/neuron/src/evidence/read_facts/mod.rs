//! Facts read from a chain.
//!
//! All of them are states after given blocks, so a node must still have these: 256 blocks by
//! default, all of them in an archive. An auditor that follows the chain writes the facts of each
//! epoch to a file.

use super::{
    facts::{to_ask, ChainWeights, Facts, Pledged},
    history::{FactsError, History},
    seeds::Round,
    Registration,
};
use crate::{
    contest::entries,
    fold::pledges::{works, Pledges, Votes},
    pledged::{pledge_of, NOTICE},
    view::neurons_at,
};
use inktensor_client::{
    chain::{BlockId, ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, WeightsRow},
    registry::{Commitment, Neuron, Registry, Seat, ServingView, Subnet},
    work::Pledge,
    Digest, NetUid, Uid,
};
use inktensor_train::voted_start;
use inktensor_wire::home;

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
    let assigned = history.block(round.assigned_at())?.hash;
    let pledges = Pledges {
        assigned,
        asked: seed_block.hash,
        works: works(&neurons, round),
    };
    let home = home(&chain.genesis()?, &contracts.registry);
    let cut_off = history.block(round.cut_off())?;
    let of = entries::epoch(home, netuid, epoch, round);
    let entries = entries::read(chain, contracts, (&of, cut_off))?;
    let reader = Reader {
        history: &history,
        contracts,
        netuid,
        epoch,
        opened_at,
    };
    let pledged = match validator {
        Some(validator) => reader.pledged(&validator)?,
        None => None,
    };
    let is_fold = !pledges.works.is_empty() || pledged.is_some_and(|it| it.vote.is_some());
    Ok(Facts {
        home,
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
        entries,
        start: reader.start(round, best, is_fold)?,
        pledges,
        before: match validator {
            Some(validator) => reader.before(&validator)?,
            None => None,
        },
        pledged,
        weights: match validator {
            Some(validator) => reader.weights(&validator)?,
            None => ChainWeights::Absent,
        },
    })
}

/// Returns the hash of the manifest that counts in `epoch`. The history begins with the epoch
/// before it.
///
/// # Errors
/// See [`FactsError`].
pub fn manifest_of(
    history: &History<'_>,
    contracts: &Addresses,
    netuid: NetUid,
    epoch: u32,
) -> Result<Option<Digest>, FactsError> {
    let reader = Reader {
        history,
        contracts,
        netuid,
        epoch,
        opened_at: history.opened(epoch)?,
    };
    reader.manifest()
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
            Some(Pledge::Work { .. } | Pledge::Evidence { .. } | Pledge::Fold { .. }) | None => {
                None
            }
        })
    }

    /// Returns the state with which the epoch of a fold began, by the votes in it. Returns `None`
    /// before the block of the votes, and for a task.
    fn start(&self, round: Round, best: u32, is_fold: bool) -> Result<Option<Digest>, FactsError> {
        if !is_fold || round.due_at() >= best {
            return Ok(None);
        }
        let block = self.history.block(round.due_at())?;
        let votes = Votes::read(
            self.history.chain,
            self.contracts,
            self.netuid,
            block,
            self.epoch,
        )?;
        Ok(votes.and_then(|votes| voted_start(&votes.voters)))
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
        let pledge = pledge_of(&commitment);
        Ok(pledge.and_then(|it| Pledged::of(&it, commitment.block)))
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
