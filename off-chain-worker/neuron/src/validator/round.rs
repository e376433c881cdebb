//! The round of an epoch: from the seed's block to the last receipt.

use super::{
    asking::{leaves_time, Asking, Work},
    concluding::Concluded,
    records::{of_epoch, of_question, question_of, AskedRecord, RoundRecord},
    Validator,
};
use crate::{
    clock,
    error::NeuronError,
    evidence::{codec::most_receipts, facts::to_ask, seeds::Round, Registration},
    fold::pledges::Pledges,
    service::{AtBlock, Neuron},
    store::Store,
    tasks::Working,
    view::{neurons_at, Served},
};
use inktensor_client::chain::{BlockId, ChainRead};
use inktensor_primitives::{registry::Axon, Digest, Uid};
use inktensor_worker::service::instrumented::Instrumented;
use std::{
    collections::BTreeMap,
    sync::{
        mpsc::{Receiver, TryRecvError},
        Arc,
    },
};
use tracing::info;

/// The round of the open epoch, in this process.
pub struct Current {
    /// The round.
    pub round: RoundRecord,
    /// The task.
    pub working: Arc<Working>,
    asking: Asking,
    /// The receipts so far.
    pub asked: BTreeMap<(Uid, u16), AskedRecord>,
    /// Number of questions without a receipt.
    missing: usize,
    /// True once no further outcome can arrive.
    pub ended: bool,
    /// The evidence, while it is computed.
    pub concluding: Option<Receiver<Result<Concluded, String>>>,
}

impl Current {
    /// Stores the outcomes that have arrived, all together.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn receive(&mut self, store: &Store) -> Result<(), NeuronError> {
        let mut arrived = Vec::new();
        loop {
            match self.asking.outcomes.try_recv() {
                Ok(answered) => arrived.push(answered),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    break;
                }
            }
        }
        if arrived.is_empty() {
            return Ok(());
        }
        let epoch = self.round.epoch;
        store.change(|changes| {
            for it in &arrived {
                changes.put(&of_question(epoch, it.uid, it.number), &it.record)?;
            }
            Ok(())
        })?;
        for it in arrived {
            if self.asked.insert((it.uid, it.number), it.record).is_none() {
                self.missing = self.missing.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// Returns the neurons with an endpoint.
    pub fn miners(&self) -> Vec<Registration> {
        self.round.miners.iter().map(|(miner, _)| *miner).collect()
    }

    /// Returns true if there is a receipt for every question.
    pub const fn is_whole(&self) -> bool {
        self.missing == 0
    }
}

impl Validator {
    /// Takes the steps of the open epoch's round up to sealed evidence.
    pub(super) fn work(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let status = &at.view.status;
        let epoch = status.open;
        if self.left_out == Some(epoch) {
            return Ok(());
        }
        if let Some(current) = self.current.take_if(|it| it.round.epoch != epoch) {
            info!(
                epoch = current.round.epoch,
                "the epoch closed before its evidence was complete"
            );
        }
        let Some(round) = Round::new(status.opened_at, at.view.subnet.tempo) else {
            let tempo = at.view.subnet.tempo;
            self.leave_out(
                epoch,
                format_args!("a tempo of {tempo} is too short for a round"),
            );
            return Ok(());
        };
        let finalized = chain.finalized()?;
        if self.current.is_none() {
            let stored: Option<RoundRecord> = neuron.store.get(&of_epoch(epoch))?;
            match stored {
                Some(record) => self.resume(neuron, chain, at, round, record)?,
                None => self.begin(neuron, chain, at, round, finalized)?,
            }
        }
        self.conclude(neuron, chain, at, round, finalized)
    }

    /// Begins the round, if it is time for it.
    fn begin(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
        round: Round,
        finalized: BlockId,
    ) -> Result<(), NeuronError> {
        let epoch = at.view.status.open;
        // On a chain in one process the hash of a block is fixed with the next block only.
        if finalized.number <= round.asked_at() {
            return Ok(());
        }
        let account = neuron.account();
        if at.view.permit_of(&account).is_none() {
            // The missing permit is logged with its command.
            return Ok(());
        }
        let Some(working) = at.tasks.at(epoch).cloned() else {
            return Ok(());
        };
        if at.view.block.number >= round.checked_at() {
            self.leave_out(epoch, "its window for questions is over");
            return Ok(());
        }
        let Some(hash) = chain.ancestor(&finalized, round.asked_at())? else {
            self.noted.note(
                "the chain has forgotten the block of the seed; use a node that keeps blocks",
            );
            return Ok(());
        };
        let seed_block = BlockId {
            number: round.asked_at(),
            hash,
        };
        let (contracts, netuid) = (&neuron.contracts, neuron.common.netuid);
        let neurons = neurons_at(chain, contracts, netuid, seed_block)?;
        let own = neurons.iter().find(|it| it.view.neuron.hotkey == account);
        let Some(validator) = own.map(Served::registration) else {
            self.leave_out(epoch, "the hotkey had no seat at the block of the seed");
            return Ok(());
        };
        let all = neurons
            .iter()
            .map(|it| (it.view.uid, &it.view.neuron, it.axon.as_ref()));
        let mut axons: BTreeMap<Uid, Axon> = neurons
            .iter()
            .filter_map(|it| Some((it.view.uid, it.axon.clone()?)))
            .collect();
        let miners: Vec<(Registration, Axon)> = to_ask(all, validator.uid)
            .into_iter()
            .filter_map(|miner| Some((miner, axons.remove(&miner.uid)?)))
            .collect();
        let Some(pledges) = self.pledges(neuron, &working, epoch)? else {
            return Ok(());
        };
        let manifest = &working.manifest;
        let record = RoundRecord {
            epoch,
            opened_at: at.view.status.opened_at,
            tempo: at.view.subnet.tempo,
            seed_block,
            validator,
            manifest: working.hash,
            began_at: clock::now(),
            miners,
            pledges,
        };
        let work = Work::of(neuron.home, netuid, &working, &record, &neuron.blobs);
        let asked = work.map_or(0, |work| work.asked().len());
        let receipts = asked.saturating_mul(manifest.questions.into());
        let most = most_receipts(working.limits().answer);
        if receipts > most {
            self.leave_out(
                epoch,
                format_args!(
                    "{receipts} questions are more than the {most} that evidence holds; the \
                     manifest must demand fewer"
                ),
            );
            return Ok(());
        }
        let (questions, window) = (manifest.questions, manifest.window);
        if !leaves_time(asked, questions, window) {
            self.leave_out(
                epoch,
                format_args!(
                    "{questions} questions to each of {asked} neurons do not fit into a window of \
                     {window} s; the manifest must demand fewer, or a longer window"
                ),
            );
            return Ok(());
        }
        neuron.store.put(&of_epoch(epoch), &record)?;
        info!(
            epoch,
            neurons = asked,
            questions = receipts,
            "asking, by the hash of block {}",
            seed_block.number
        );
        self.start(neuron, record, working, BTreeMap::new())
    }

    /// Returns the pledges of an epoch of a fold with its start, and nothing besides for a task.
    /// Returns `None` while the start is not known, or its bytes are not here.
    fn pledges(
        &mut self,
        neuron: &Neuron<'_>,
        working: &Working,
        epoch: u32,
    ) -> Result<Option<Option<(Pledges, Digest)>>, NeuronError> {
        if working.task().is_some() {
            return Ok(Some(None));
        }
        let start = self.course.start(neuron, epoch)?;
        let record = self.course.epoch(&neuron.store, epoch)?;
        if start.is_none() {
            self.noted
                .note("the state with which this epoch began is not here yet");
        }
        let pledges = record.and_then(|it| it.pledges);
        Ok(pledges.zip(start).map(Some))
    }

    /// Continues a round that an earlier process began.
    fn resume(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
        round: Round,
        record: RoundRecord,
    ) -> Result<(), NeuronError> {
        let epoch = record.epoch;
        let Some(working) = at.tasks.at(epoch).cloned() else {
            return Ok(());
        };
        let best = at.view.block;
        let seed = chain.ancestor(&best, record.seed_block.number)?;
        if seed != Some(record.seed_block.hash) || working.hash != record.manifest {
            self.leave_out(
                epoch,
                "the round that was begun is of another fork or manifest",
            );
            return Ok(());
        }
        let mut asked = BTreeMap::new();
        for (key, record) in neuron.store.all::<AskedRecord>(&of_epoch(epoch))? {
            if let Some(place) = question_of(&key) {
                asked.insert(place, record);
            }
        }
        let (home, netuid) = (neuron.home, neuron.common.netuid);
        let Some(work) = Work::of(home, netuid, &working, &record, &neuron.blobs) else {
            self.leave_out(epoch, "the round that was begun is of a task");
            return Ok(());
        };
        let miners = work.asked().len();
        let all = miners.saturating_mul(working.manifest.questions.into());
        let is_open = work.is_open() && best.number < round.checked_at();
        if asked.len() < all && !is_open {
            self.leave_out(epoch, "this process was down for the rest of the window");
            return Ok(());
        }
        info!(
            epoch,
            receipts = asked.len(),
            questions = all,
            "continuing the round"
        );
        self.start(neuron, record, working, asked)
    }

    /// Asks the questions for which there is no receipt.
    fn start(
        &mut self,
        neuron: &Neuron<'_>,
        round: RoundRecord,
        working: Arc<Working>,
        asked: BTreeMap<(Uid, u16), AskedRecord>,
    ) -> Result<(), NeuronError> {
        let questions = working.manifest.questions;
        let (home, netuid) = (neuron.home, neuron.common.netuid);
        let Some(work) = Work::of(home, netuid, &working, &round, &neuron.blobs) else {
            return Ok(());
        };
        let all = work
            .asked()
            .into_iter()
            .flat_map(|miner| (0..questions).map(move |number| (miner, number)));
        let open: Vec<_> = all
            .filter(|((miner, _), number)| !asked.contains_key(&(miner.uid, *number)))
            .collect();
        let missing = open.len();
        let asking = match work.ask(neuron, &open) {
            Ok(asking) => asking,
            // A program of a stranger ends an epoch, and not the validator.
            Err(NeuronError::Program(error)) => {
                let epoch = round.epoch;
                self.leave_out(epoch, format_args!("the task draws no question: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.current = Some(Current {
            round,
            working,
            asking,
            asked,
            missing,
            ended: false,
            concluding: None,
        });
        Ok(())
    }
}
