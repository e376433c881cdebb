//! The course of a training: the state with which each epoch begins.
//!
//! Every neuron follows it from the chain and from the members' ends, and none has to be trusted.
//! The first epoch of a manifest begins with the manifest's state. A neuron that comes later, or
//! was away, takes the start that most stake names in the votes of an epoch, and goes on from
//! there.
//!
//! A join takes long, and blobs come from strangers, so both are done beside the neuron's loop.

mod join;
mod records;
mod start;
mod states;

pub use records::{keep, EpochRecord, TABLES};

use super::{
    pledges::{Pledges, Votes},
    Training,
};
use crate::{
    error::NeuronError,
    evidence::seeds::Round,
    noted::Noted,
    program::Runs,
    service::{AtBlock, Neuron},
    store::Store,
    tasks::Working,
};
use inktensor_client::chain::{BlockId, ChainError, ChainRead};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_train::{candidates, members};
use inktensor_wire::{Endpoint, Mirror};
use inktensor_worker::service::instrumented::Instrumented;
use join::{Job, Joined, Means, Places};
use records::{of_epoch, Decided, LastRecord};
use start::{start_of, Known};
use states::Fetching;
use std::{
    sync::{
        mpsc::{self, Receiver, TryRecvError},
        Arc,
    },
    thread,
};
use tracing::{info, warn};

/// Blocks after which a blob that no neuron had is asked for again.
const TRY_AGAIN: u32 = 5;

/// A neuron's view of the course.
#[derive(Default)]
pub struct Course {
    joining: Option<Joining>,
    fetching: Option<Fetching>,
    /// Block of the last failed fetch or join.
    failed_at: Option<u32>,
    noted: Noted,
    /// Epoch in which old states were removed.
    cleaned: Option<u32>,
}

/// A join on a thread.
struct Joining {
    epoch: u32,
    joined: Receiver<Result<Joined, String>>,
}

/// The training that counts in the open epoch.
struct Counting<'a> {
    working: &'a Working,
    training: &'a Arc<Training>,
    finalized: BlockId,
}

impl Course {
    /// Returns what is known of an epoch.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn epoch(&self, store: &Store, epoch: u32) -> Result<Option<EpochRecord>, NeuronError> {
        Ok(store.get(&of_epoch(epoch))?)
    }

    /// Returns the state with which the open epoch begins, if its bytes are here.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn start(&self, neuron: &Neuron<'_>, epoch: u32) -> Result<Option<Digest>, NeuronError> {
        let start = self.epoch(&neuron.store, epoch)?.and_then(|it| it.start);
        Ok(start.filter(|hash| neuron.blobs.contains(hash)))
    }

    /// Follows the course at a block.
    ///
    /// # Errors
    /// If the chain does not answer, or the store is unusable.
    pub fn look(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        self.foresee(neuron, at)?;
        let open = at.view.status.open;
        let Some((working, training)) = fold_of(at, open) else {
            return Ok(());
        };
        self.open(neuron, at, working)?;
        let counting = Counting {
            working,
            training: &training,
            finalized: chain.finalized()?,
        };
        // A join that outlasts the next epoch is of no more use.
        drop(self.joining.take_if(|it| it.epoch.saturating_add(1) < open));
        for epoch in [open.checked_sub(1), Some(open)].into_iter().flatten() {
            match self.advance(neuron, chain, &counting, epoch) {
                Err(NeuronError::Chain(error @ ChainError::Pruned { .. })) => {
                    self.give_up(neuron, epoch, &error)?;
                }
                advanced => advanced?,
            }
        }
        self.bring(neuron, chain, open, &counting)?;
        self.clean(neuron, at, &working.manifest.state)
    }

    /// Records that the first epoch of a manifest begins with the manifest's state. A manifest that
    /// this neuron has seen only when it counted already has no such record.
    fn foresee(&mut self, neuron: &Neuron<'_>, at: &AtBlock<'_>) -> Result<(), NeuronError> {
        let Some((from, manifest)) = at.tasks.newest() else {
            return Ok(());
        };
        // The same manifest goes on with its states if it is pledged again.
        let before = at.tasks.manifest_at(from.saturating_sub(1));
        if from <= at.view.status.open || before == Some(manifest) {
            return Ok(());
        }
        let known = self.epoch(&neuron.store, from)?;
        if known.is_some_and(|it| it.manifest == manifest && it.is_certain) {
            return Ok(());
        }
        let record = EpochRecord {
            manifest,
            is_certain: true,
            ..EpochRecord::default()
        };
        Ok(neuron.store.put(&of_epoch(from), &record)?)
    }

    /// Records the open epoch. Its first block may be another one after a reorg, until it is final.
    fn open(
        &mut self,
        neuron: &Neuron<'_>,
        at: &AtBlock<'_>,
        working: &Working,
    ) -> Result<(), NeuronError> {
        let open = at.view.status.open;
        let known = self.epoch(&neuron.store, open)?;
        let known = known.filter(|it| it.manifest == working.hash);
        let round = Some((at.view.status.opened_at, at.view.subnet.tempo));
        let is_final = |it: &EpochRecord| it.round == round || it.pledges.is_some();
        if known.as_ref().is_some_and(is_final) {
            return Ok(());
        }
        // A record that is certain without a start is of the first epoch.
        let is_certain = known.as_ref().is_some_and(|it| it.is_certain);
        let first = is_certain.then_some(working.manifest.state);
        let record = EpochRecord {
            manifest: working.hash,
            start: known.and_then(|it| it.start).or(first),
            is_certain,
            round,
            ..EpochRecord::default()
        };
        Ok(neuron.store.put(&of_epoch(open), &record)?)
    }

    /// Takes an epoch as far as the chain is.
    fn advance(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        counting: &Counting<'_>,
        epoch: u32,
    ) -> Result<(), NeuronError> {
        let record = self.epoch(&neuron.store, epoch)?;
        let counts = |it: &EpochRecord| !it.ended && it.manifest == counting.working.hash;
        let Some(mut record) = record.filter(counts) else {
            // A join of another manifest's epoch, or of one that was given up, is of no more use.
            drop(self.joining.take_if(|it| it.epoch <= epoch));
            return Ok(());
        };
        let round = record.round;
        let round = round.and_then(|(opened_at, tempo)| Round::new(opened_at, tempo));
        let Some(round) = round else {
            return Ok(());
        };
        let before = record.clone();
        if record.pledges.is_none() {
            read_pledges(neuron, chain, counting, round, &mut record)?;
        }
        if record.pledges.is_some() && record.decided.is_none() {
            self.read_votes(neuron, chain, counting, (epoch, round), &mut record)?;
        }
        if record != before {
            neuron.store.put(&of_epoch(epoch), &record)?;
        }
        if record.decided.is_some() {
            self.join(neuron, counting, epoch, record)?;
        }
        Ok(())
    }

    /// Reads the votes of an epoch into its record, once they are final.
    fn read_votes(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        counting: &Counting<'_>,
        (epoch, round): (u32, Round),
        record: &mut EpochRecord,
    ) -> Result<(), NeuronError> {
        let (Some(pledges), finalized) = (&record.pledges, counting.finalized) else {
            return Ok(());
        };
        let number = round.due_at();
        if finalized.number <= number {
            return Ok(());
        }
        let Some(hash) = chain.ancestor(&finalized, number)? else {
            return Ok(());
        };
        let (contracts, netuid) = (&neuron.contracts, neuron.common.netuid);
        let block = BlockId { number, hash };
        let Some(votes) = Votes::read(chain, contracts, netuid, block, epoch)? else {
            return Ok(());
        };
        let known = self.known(neuron, counting, epoch, record)?;
        let (start, without) = start_of(&known, &votes);
        let (found, is_certain) = match start {
            Some((start, is_certain)) => (Some(start), is_certain),
            None => (None, false),
        };
        if let Some(start) = found.filter(|_| found != record.start) {
            match is_certain {
                true => info!(epoch, "by the votes the epoch began with {}", hex(&start)),
                false => warn!(epoch, "most stake names no start; taking {}", hex(&start)),
            }
        }
        (record.start, record.is_certain) = (found, is_certain);
        let most = counting.training.most_steps;
        let members = found.map_or_else(Vec::new, |start| {
            let facts = pledges.epoch(neuron.home, netuid, epoch, start, most);
            let all = candidates(&facts, &pledges.by_seat());
            members(&all, &votes.voters, &start)
        });
        record.decided = Some(Decided {
            members,
            validators: votes.axons,
            without,
        });
        Ok(())
    }

    /// Returns what this neuron knows of an epoch's start before the votes.
    fn known(
        &self,
        neuron: &Neuron<'_>,
        counting: &Counting<'_>,
        epoch: u32,
        record: &EpochRecord,
    ) -> Result<Known, NeuronError> {
        let store = &neuron.store;
        let before = match epoch.checked_sub(1) {
            Some(before) => self.epoch(store, before)?,
            None => None,
        };
        let before = before.filter(|it| it.manifest == record.manifest);
        let last: Option<LastRecord> = store.only()?;
        let last = last.filter(|it| it.manifest == record.manifest);
        Ok(Known {
            start: record.start.map(|start| (start, record.is_certain)),
            without: before.and_then(|it| it.decided).map_or(0, |it| it.without),
            last: last.map(|it| it.start),
            first: counting.working.manifest.state,
        })
    }

    /// Joins the ends of an epoch's members, and records the start of the next one.
    fn join(
        &mut self,
        neuron: &Neuron<'_>,
        counting: &Counting<'_>,
        epoch: u32,
        record: EpochRecord,
    ) -> Result<(), NeuronError> {
        let block = counting.finalized.number;
        if let Some(joining) = self.joining.as_ref().filter(|it| it.epoch == epoch) {
            let joined = match joining.joined.try_recv() {
                Err(TryRecvError::Empty) => return Ok(()),
                Ok(joined) => joined,
                Err(TryRecvError::Disconnected) => Err("the join of the ends failed".into()),
            };
            self.joining = None;
            match joined {
                Ok(joined) => return self.end(neuron, epoch, record, Some(&joined)),
                Err(problem) => {
                    self.failed_at = Some(block);
                    self.noted.note(format!("epoch {epoch}: {problem}"));
                }
            }
        }
        let (Some(start), Some(decided), Some(pledges)) =
            (record.start, &record.decided, &record.pledges)
        else {
            self.noted
                .note("most stake names no state that this epoch began with; waiting for the next");
            return self.end(neuron, epoch, record, None);
        };
        if decided.members.is_empty() {
            let joined = Joined {
                next: start,
                members: 0,
                measure: None,
            };
            return self.end(neuron, epoch, record, Some(&joined));
        }
        // One join at a time; an earlier epoch's goes first.
        if self.joining.is_some() || self.waits(block) || !neuron.blobs.contains(&start) {
            return Ok(());
        }
        let (home, netuid) = (neuron.home, neuron.common.netuid);
        let mirror = |axon| Mirror::neuron(&Endpoint::from(axon));
        let job = Job {
            training: Arc::clone(counting.training),
            epoch: pledges.epoch(home, netuid, epoch, start, counting.training.most_steps),
            guard: pledges.guard(&home, netuid, epoch),
            members: decided.members.clone(),
            means: Means::of(neuron),
            places: Places {
                validators: decided.validators.iter().map(mirror).collect(),
                miners: record
                    .miners
                    .iter()
                    .map(|(uid, axon)| (*uid, mirror(axon)))
                    .collect(),
            },
        };
        let (sender, joined) = mpsc::channel();
        self.joining = Some(Joining { epoch, joined });
        thread::Builder::new().name("join".into()).spawn(move || {
            // Fails only if the neuron has ended.
            let _ = sender.send(job.run());
        })?;
        Ok(())
    }

    /// Records that an epoch has ended, and the start of the next one if it is known.
    fn end(
        &mut self,
        neuron: &Neuron<'_>,
        epoch: u32,
        mut record: EpochRecord,
        joined: Option<&Joined>,
    ) -> Result<(), NeuronError> {
        record.ended = true;
        let next = epoch.saturating_add(1);
        let known = self.epoch(&neuron.store, next)?;
        // Another manifest begins with its own state, and votes of most stake that were read stand.
        let takes = |it: &EpochRecord| it.manifest == record.manifest && it.decided.is_none();
        let following = match (joined, known) {
            (None, _) => None,
            (Some(joined), known) if known.as_ref().is_none_or(takes) => Some(EpochRecord {
                manifest: record.manifest,
                start: Some(joined.next),
                is_certain: record.is_certain,
                ..known.unwrap_or_default()
            }),
            (Some(_), _) => None,
        };
        let last = joined
            .filter(|_| record.is_certain)
            .map(|joined| LastRecord {
                manifest: record.manifest,
                start: joined.next,
            });
        neuron.store.change(|changes| {
            if let Some(following) = &following {
                changes.put(&of_epoch(next), following)?;
            }
            if let Some(last) = &last {
                changes.put_only(last)?;
            }
            changes.put(&of_epoch(epoch), &record)
        })?;
        if let Some(joined) = joined {
            let loss = joined.measure.map_or_else(String::new, |measure| {
                format!(", with a held-out loss of {} millionths", measure.0)
            });
            info!(
                epoch,
                members = joined.members,
                "the next epoch begins with {}{loss}",
                hex(&joined.next)
            );
            self.noted.clear();
        }
        Ok(())
    }

    /// Ends an epoch whose facts the chain has forgotten: votes of a later one name its state.
    fn give_up(
        &mut self,
        neuron: &Neuron<'_>,
        epoch: u32,
        error: &ChainError,
    ) -> Result<(), NeuronError> {
        self.noted.note(format!("epoch {epoch}: {error}"));
        if let Some(mut record) = self.epoch(&neuron.store, epoch)? {
            record.ended = true;
            neuron.store.put(&of_epoch(epoch), &record)?;
        }
        Ok(())
    }

    fn waits(&self, block: u32) -> bool {
        self.failed_at
            .is_some_and(|at| block < at.saturating_add(TRY_AGAIN) && block >= at)
    }
}

/// Reads the pledges of an epoch into its record, once probes are known.
fn read_pledges(
    neuron: &Neuron<'_>,
    chain: &Instrumented,
    counting: &Counting<'_>,
    round: Round,
    record: &mut EpochRecord,
) -> Result<(), NeuronError> {
    let (contracts, netuid) = (&neuron.contracts, neuron.common.netuid);
    let read = Pledges::read(chain, contracts, netuid, round, counting.finalized)?;
    let Some((pledges, neurons)) = read else {
        return Ok(());
    };
    let has_pledged = |uid: u16| pledges.works.iter().any(|it| it.seat.uid == uid);
    let miners = neurons.into_iter().filter_map(|it| {
        let uid = it.view.uid.0;
        let axon = it.axon.filter(|_| has_pledged(uid))?;
        Some((uid, axon))
    });
    record.miners = miners.collect();
    record.pledges = Some(pledges);
    Ok(())
}

/// Returns the fold of an epoch, if its manifest names one and is loaded.
pub fn fold_of<'a>(at: &AtBlock<'a>, epoch: u32) -> Option<(&'a Arc<Working>, Arc<Training>)> {
    let working = at.tasks.at(epoch)?;
    match &working.runs {
        Runs::Fold(training) => Some((working, Arc::clone(training))),
        Runs::Task(_) | Runs::Contest(_) => None,
    }
}
