//! A miner's part in a training: it works from the epoch's first blocks to the cut-off, pledges its
//! trace, and shows its states only when all have pledged.

use super::entry::EntryRecord;
use crate::{
    config::Common,
    error::NeuronError,
    evidence::seeds::Round,
    fetch,
    fold::{
        course::{self, fold_of, Course},
        pledges::{self, work_of},
        trainer::{self, Folders, Probes, Shown, Trainer},
        Training,
    },
    noted::Noted,
    pledged::pledge_of,
    publish::{PublishError, Publisher},
    service::{AtBlock, Neuron},
    store::Record,
    tasks::Working,
};
use inktensor_client::{chain::ChainRead, ss58::ss58};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_task::Seat;
use inktensor_train::Work as Pledged;
use inktensor_wire::Blobs;
use inktensor_worker::service::instrumented::Instrumented;
use std::{
    collections::BTreeSet,
    sync::{
        mpsc::{self, Receiver, TryRecvError},
        Arc, PoisonError, RwLock,
    },
    thread,
};
use tracing::info;

/// Name of the folder of states that are not served yet, in the store's folder.
const WORK: &str = "work";
/// Fewest blocks between the end of the work and the last block for its pledge.
const MARGIN: u32 = 3;

/// Tables of a miner.
pub const TABLES: [&str; 5] = [
    course::TABLES[0],
    course::TABLES[1],
    course::TABLES[2],
    trainer::TABLES[0],
    EntryRecord::TABLE,
];

/// The place of the pledged work of an epoch, from which probes are answered. The loop and its
/// threads write it, and the server reads it.
pub type Shelf = Arc<RwLock<Option<Arc<Shown>>>>;

/// A miner's work on a training.
pub struct Work {
    course: Course,
    folders: Folders,
    current: Option<Current>,
    noted: Noted,
    shelf: Shelf,
}

/// The work of the open epoch.
struct Current {
    trainer: Trainer,
    seat: Seat,
    /// Probes of a validator to a miner.
    questions: u16,
    /// The pledge, once it is on the chain.
    pledged: Option<Pledged>,
    /// True once the chain was read for a pledge after the last block for one.
    adopted: bool,
    showing: Option<Receiver<Result<(), String>>>,
    /// True once the work is on the shelf.
    shown: bool,
}

impl Work {
    /// Returns the work of a miner whose store is at the settings' folder.
    ///
    /// # Errors
    /// If the folder is unusable.
    pub fn at(common: &Common, neuron: &Neuron<'_>) -> Result<Self, NeuronError> {
        let work = Blobs::at(&common.store.join(WORK), fetch::limits())?;
        // A kill may have left a state that no step names.
        let named: BTreeSet<Digest> = trainer::states(&neuron.store)?;
        for hash in work.hashes().iter().filter(|hash| !named.contains(*hash)) {
            work.remove(hash)?;
        }
        Ok(Self {
            course: Course::default(),
            folders: Folders {
                work: Arc::new(work),
                served: Arc::clone(&neuron.blobs),
            },
            current: None,
            noted: Noted::default(),
            shelf: Shelf::default(),
        })
    }

    /// Returns the epoch for which work is pledged.
    pub fn pledged(&self) -> Option<u32> {
        Some(self.current.as_ref()?.pledged?.epoch)
    }

    /// Returns the place of the work that may be shown.
    pub fn shelf(&self) -> Shelf {
        Arc::clone(&self.shelf)
    }

    /// Acts on a block: begins, ends, pledges or shows the work of the open epoch.
    ///
    /// # Errors
    /// If the chain does not answer, or the store is unusable.
    pub fn block(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let epoch = at.view.status.open;
        let Some((working, training)) = fold_of(at, epoch) else {
            self.current = None;
            clear(&self.shelf);
            return self.course.look(neuron, chain, at);
        };
        if at.view.subnet.owner_hotkey == neuron.account() {
            return Err(NeuronError::OwnersHotkey(ss58(&neuron.account())));
        }
        let Some(round) = Round::new(at.view.status.opened_at, at.view.subnet.tempo) else {
            return self.course.look(neuron, chain, at);
        };
        let is_over = |it: &mut Current| {
            it.trainer.epoch().number != epoch || it.seat.generation != at.seat.generation
        };
        if self.current.take_if(is_over).is_some() {
            clear(&self.shelf);
        }
        // Probes may wait already, and a look at all pledges of a large subnet takes long.
        self.show(neuron, chain, round)?;
        self.course.look(neuron, chain, at)?;
        if self.current.is_none() {
            self.begin(neuron, chain, at, (working, &training), round)?;
        }
        let block = at.view.block.number;
        self.adopt(neuron, chain, round, block)?;
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if block >= ends_at(round, at.view.subnet.tempo) {
            current.trainer.stop();
        }
        if current.pledged.is_none() && current.trainer.has_ended() && block <= round.cut_off() {
            self.pledge(neuron, chain)?;
        }
        self.show(neuron, chain, round)
    }

    /// Begins the work, once the rows are final and the state is here.
    fn begin(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        (working, training): (&Working, &Arc<Training>),
        round: Round,
    ) -> Result<(), NeuronError> {
        let epoch = at.view.status.open;
        let seat = Seat {
            uid: at.seat.uid.0,
            generation: at.seat.generation,
        };
        let Some(start) = self.course.start(neuron, epoch)? else {
            return Ok(());
        };
        let finalized = chain.finalized()?;
        if finalized.number <= round.assigned_at() {
            return Ok(());
        }
        let Some(assigned) = chain.ancestor(&finalized, round.assigned_at())? else {
            return Ok(());
        };
        let (home, netuid) = (neuron.home, neuron.common.netuid);
        let of = (home, netuid, epoch);
        let facts = pledges::facts(of, &assigned, start, training.most_steps);
        // A pledge of this epoch that is on the chain already is not replaced.
        let pledged = pledged(neuron, chain)?.filter(|it| it.epoch == epoch);
        // Work that begins now is too late for a pledge.
        if pledged.is_none() && at.view.block.number >= ends_at(round, at.view.subnet.tempo) {
            return Ok(());
        }
        let trainer = Trainer::begin(training, &neuron.store, &self.folders, (facts, seat))?;
        if pledged.is_some() {
            trainer.stop();
        }
        info!(epoch, "training from the state {}", hex(&start));
        self.current = Some(Current {
            trainer,
            seat,
            questions: working.manifest.questions,
            pledged,
            adopted: false,
            showing: None,
            shown: false,
        });
        Ok(())
    }

    /// Takes the pledge of this epoch that is on the chain, after the last block for one: its
    /// transaction may have been carried out without an answer.
    fn adopt(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        round: Round,
        block: u32,
    ) -> Result<(), NeuronError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if current.pledged.is_some() || current.adopted || block <= round.cut_off() {
            return Ok(());
        }
        let number = current.trainer.epoch().number;
        current.pledged = pledged(neuron, chain)?.filter(|it| it.epoch == number);
        current.adopted = true;
        Ok(())
    }

    /// Pledges the steps that are done.
    fn pledge(&mut self, neuron: &Neuron<'_>, chain: &mut Instrumented) -> Result<(), NeuronError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        // A transaction before a kill may have been carried out: it is not replaced.
        let number = current.trainer.epoch().number;
        if let Some(made) = pledged(neuron, chain)?.filter(|it| it.epoch == number) {
            current.pledged = Some(made);
            return Ok(());
        }
        let work = current.trainer.trace(&neuron.store)?.pledge();
        if work.steps == 0 {
            return Ok(());
        }
        let mut publisher = Publisher {
            contracts: &neuron.contracts,
            netuid: neuron.common.netuid,
            hotkey: neuron.account(),
            chain,
        };
        match publisher.pledge(&pledges::pledge(&work)) {
            Ok(_) => {
                let (epoch, steps) = (work.epoch, work.steps);
                info!(epoch, steps, root = hex(&work.root), "pledged the work");
                current.pledged = Some(work);
                self.noted.clear();
                Ok(())
            }
            Err(PublishError::Chain(error)) => Err(error.into()),
            Err(error) => {
                self.noted.note(format!("pledge: {error}"));
                Ok(())
            }
        }
    }

    /// Shows the work once the block of probes is final, for which `chain` is looked at. A lost
    /// state is computed again, which takes long, so the end is shown on a thread.
    fn show(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        round: Round,
    ) -> Result<(), NeuronError> {
        let Some(current) = self.current.as_mut().filter(|it| !it.shown) else {
            return Ok(());
        };
        if let Some(showing) = &current.showing {
            let shown = match showing.try_recv() {
                Err(TryRecvError::Empty) => return Ok(()),
                Ok(shown) => shown,
                Err(TryRecvError::Disconnected) => Err("the end of the work is not shown".into()),
            };
            current.showing = None;
            match shown {
                Ok(()) => current.shown = true,
                // The next look tries again.
                Err(problem) => self.noted.note(problem),
            }
            return Ok(());
        }
        let Some(pledged) = current.pledged else {
            return Ok(());
        };
        let finalized = chain.finalized()?;
        // The hash of a block is fixed with the next one.
        if finalized.number <= round.asked_at() {
            return Ok(());
        }
        let Some(asked) = chain.ancestor(&finalized, round.asked_at())? else {
            return Ok(());
        };
        let probes = Probes {
            home: neuron.home,
            netuid: neuron.common.netuid,
            asked,
            questions: current.questions,
        };
        let (trainer, store) = (&current.trainer, &neuron.store);
        let shown = Shown::of(trainer, pledged.steps, &self.folders, (store, probes))?;
        if shown.work != pledged {
            self.noted
                .note("the pledge on the chain is not of the work in this store");
            return Ok(());
        }
        let (sender, showing) = mpsc::channel();
        current.showing = Some(showing);
        let shelf = Arc::clone(&self.shelf);
        thread::Builder::new().name("show".into()).spawn(move || {
            let ended = shown.show_end();
            let mut shelf = shelf.write().unwrap_or_else(PoisonError::into_inner);
            // Fails only if the epoch has ended: then the shelf is for later work. It is cleared
            // after the receiver is gone, so nothing stays there.
            if sender.send(ended.clone()).is_ok() && ended.is_ok() {
                *shelf = Some(Arc::new(shown));
            }
        })?;
        Ok(())
    }
}

/// Takes work off the shelf: its states are removed soon.
fn clear(shelf: &Shelf) {
    *shelf.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Returns the block at which a miner ends its work, in time for the pledge.
fn ends_at(round: Round, tempo: u32) -> u32 {
    round.cut_off().saturating_sub(MARGIN.max(tempo / 16))
}

/// Returns the pledge of work of this neuron that is on the chain.
fn pledged(neuron: &Neuron<'_>, chain: &mut Instrumented) -> Result<Option<Pledged>, NeuronError> {
    let publisher = Publisher {
        contracts: &neuron.contracts,
        netuid: neuron.common.netuid,
        hotkey: neuron.account(),
        chain,
    };
    let serving = match publisher.serving() {
        Err(PublishError::Chain(error)) => return Err(error.into()),
        serving => serving.ok().flatten(),
    };
    let commitment = serving.and_then(|it| it.commitment);
    Ok(commitment.as_ref().and_then(|it| work_of(&pledge_of(it)?)))
}
