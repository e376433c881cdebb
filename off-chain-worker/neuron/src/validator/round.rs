//! The round of an epoch: from the seed's block to sealed evidence.

use super::{
    asking::{Asking, Work},
    records::{
        of_epoch, of_question, question_of, seal, AskedRecord, ProgressRecord, RoundRecord,
        SealedRecord, SALT,
    },
    Validator,
};
use crate::{
    clock,
    error::NeuronError,
    evidence::{
        codec::MAX_RECEIPTS,
        facts::to_ask,
        scoring::{conclude, demanded, Asked},
        seeds::{check_seed, Round},
        Evidence, Head, Registration, Standing,
    },
    pledged::pledge_of,
    program::ProgramError,
    service::{AtBlock, Neuron},
    store::Store,
    tasks::Working,
    view::neurons_at,
};
use inktensor_client::chain::{BlockId, ChainRead, Typed};
use inktensor_primitives::{
    hash::hex,
    registry::{Axon, Registry, ServingView},
    work::Pledge,
    Bps, Digest, Uid,
};
use inktensor_task::Seed;
use inktensor_worker::service::instrumented::Instrumented;
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    sync::{
        mpsc::{self, Receiver, TryRecvError},
        Arc,
    },
    thread,
};
use tracing::info;

/// The round of the open epoch, in this process.
pub struct Current {
    round: RoundRecord,
    working: Arc<Working>,
    asking: Asking,
    asked: BTreeMap<(Uid, u16), AskedRecord>,
    /// True once no further outcome can arrive.
    ended: bool,
    concluding: Option<Receiver<Result<Evidence, ProgramError>>>,
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
            self.asked.insert((it.uid, it.number), it.record);
        }
        Ok(())
    }

    fn miners(&self) -> Vec<Registration> {
        self.round.miners.iter().map(|(miner, _)| *miner).collect()
    }

    /// Returns true if there is a receipt for every question.
    fn is_whole(&self) -> bool {
        let questions = usize::from(self.working.manifest.questions);
        self.asked.len() == self.round.miners.len().saturating_mul(questions)
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
        if at.view.block.number >= round.checked_at() {
            self.leave_out(epoch, "its window for questions is over");
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
        let Some(hash) = chain.ancestor(&finalized, round.asked_at())? else {
            self.note(
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
        let Some(own) = own else {
            self.leave_out(epoch, "the hotkey had no seat at the block of the seed");
            return Ok(());
        };
        let validator = Registration {
            uid: own.view.uid,
            generation: own.view.neuron.generation,
            hotkey: account,
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
        let receipts = miners
            .len()
            .saturating_mul(working.manifest.questions.into());
        if receipts > MAX_RECEIPTS {
            self.leave_out(
                epoch,
                format_args!(
                    "{receipts} questions are more than the {MAX_RECEIPTS} that evidence holds; \
                     the manifest must demand fewer"
                ),
            );
            return Ok(());
        }
        let record = RoundRecord {
            epoch,
            opened_at: at.view.status.opened_at,
            tempo: at.view.subnet.tempo,
            seed_block,
            validator,
            manifest: working.hash,
            began_at: clock::now(),
            miners,
        };
        neuron.store.put(&of_epoch(epoch), &record)?;
        info!(
            epoch,
            neurons = record.miners.len(),
            questions = receipts,
            "asking, by the hash of block {}",
            seed_block.number
        );
        self.start(neuron, record, working, BTreeMap::new())
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
        let work = Work {
            home: neuron.home,
            netuid: neuron.common.netuid,
            working: &working,
            round: &record,
        };
        let miners = record.miners.len();
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
        let all = round
            .miners
            .iter()
            .flat_map(|miner| (0..questions).map(move |number| (miner, number)));
        let open: Vec<_> = all
            .filter(|((miner, _), number)| !asked.contains_key(&(miner.uid, *number)))
            .collect();
        let work = Work {
            home: neuron.home,
            netuid: neuron.common.netuid,
            working: &working,
            round: &round,
        };
        let asking = work.ask(&neuron.client, &neuron.runtime, &open)?;
        self.current = Some(Current {
            round,
            working,
            asking,
            asked,
            ended: false,
            concluding: None,
        });
        Ok(())
    }

    /// Computes and seals the evidence, once all outcomes are there.
    fn conclude(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        round: Round,
        finalized: BlockId,
    ) -> Result<(), NeuronError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let epoch = current.round.epoch;
        current.receive(&neuron.store)?;
        if let Some(concluding) = &current.concluding {
            return match concluding.try_recv() {
                Ok(Ok(evidence)) => self.seal(neuron, chain, at, &evidence),
                Ok(Err(error)) => {
                    self.leave_out(epoch, error);
                    Ok(())
                }
                Err(TryRecvError::Empty) => Ok(()),
                Err(TryRecvError::Disconnected) => {
                    self.leave_out(epoch, "the check of the answers failed");
                    Ok(())
                }
            };
        }
        if !current.is_whole() {
            if current.ended {
                self.leave_out(epoch, "some questions could not be asked in the window");
            }
            return Ok(());
        }
        // Answers to check are drawn from a later block than questions.
        let checks_all = current.working.manifest.check >= Bps::ONE;
        let check_block = match checks_all {
            true => None,
            false if finalized.number <= round.checked_at() => return Ok(()),
            false => chain.ancestor(&finalized, round.checked_at())?,
        };
        let before = match self.before(neuron, chain, at)? {
            Ok(before) => before,
            Err(reason) => {
                self.leave_out(epoch, reason);
                return Ok(());
            }
        };
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let seed = check_block.map(|hash| {
            check_seed(
                &neuron.home,
                neuron.common.netuid,
                epoch,
                &hash,
                &current.round.validator,
            )
        });
        let (sender, concluding) = mpsc::channel();
        current.concluding = Some(concluding);
        let job = Job::of(neuron, current, seed, before);
        thread::Builder::new()
            .name("checks".into())
            .spawn(move || {
                // Fails only if the round was left out.
                let _ = sender.send(job.run());
            })?;
        Ok(())
    }

    /// Returns the root and the averages of the evidence that this registration pledged last. The
    /// inner error is the reason for which they are not known.
    fn before(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<Result<Option<(Digest, Vec<Standing>)>, String>, NeuronError> {
        let serving = neuron
            .contracts
            .registry()
            .serving(neuron.common.netuid, at.seat.uid);
        let serving: Option<ServingView> = chain.query(serving)?;
        let commitment = serving.and_then(|it| it.commitment);
        let on_chain = match commitment.as_ref().and_then(pledge_of) {
            Some(Pledge::Evidence { epoch, root, .. }) => Some((epoch, root)),
            Some(Pledge::Subnet { .. }) | None => None,
        };
        let known = match on_chain {
            Some((epoch, root)) => match self.imported.get(&root).cloned() {
                Some(sealed) => Some(sealed),
                None => {
                    let sealed: Option<SealedRecord> = neuron.store.get(&of_epoch(epoch))?;
                    let is_same = |it: &SealedRecord| {
                        it.evidence().is_ok_and(|evidence| evidence.root() == root)
                    };
                    let Some(sealed) = sealed.filter(is_same) else {
                        return Ok(Err(format!(
                            "the hotkey has pledged the evidence {} in epoch {epoch}, which is not \
                             in this store; use the store it is in, or name its file with --blob",
                            hex(&root)
                        )));
                    };
                    Some(sealed)
                }
            },
            None => last_pledged(&neuron.store)?,
        };
        let Some(known) = known else {
            return Ok(Ok(None));
        };
        let evidence = match known.evidence() {
            Ok(evidence) => evidence,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // Averages belong to a registration.
        if evidence.head.validator.generation != at.seat.generation {
            return Ok(Ok(None));
        }
        Ok(Ok(Some((evidence.root(), evidence.standings))))
    }

    /// Writes complete evidence to the store, before anything of it is on the chain.
    fn seal(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        evidence: &Evidence,
    ) -> Result<(), NeuronError> {
        let terms = &at.view.subnet.terms.weights;
        let epoch = evidence.head.epoch;
        let (salt, epochs) = match terms.commit_reveal {
            true => (Some(random()?), terms.reveal_period.max(1)),
            false => (None, 1),
        };
        let from = epoch.saturating_add(epochs);
        let sealed = SealedRecord::of(evidence, salt, terms.version_key, from);
        seal(&neuron.store, &sealed)?;
        info!(
            epoch,
            receipts = evidence.receipts.len(),
            weights = evidence.weights.len(),
            root = hex(&evidence.root()),
            "the evidence is complete"
        );
        self.remember(&sealed);
        self.current = None;
        self.send(neuron, chain, at, &sealed)
    }
}

/// Returns the last evidence that was pledged from this store.
fn last_pledged(store: &Store) -> Result<Option<SealedRecord>, NeuronError> {
    let all = store.all::<ProgressRecord>(&[])?;
    let last = all.iter().rev().find(|(_, progress)| progress.pledged);
    match last {
        Some((key, _)) => Ok(store.get(key)?),
        None => Ok(None),
    }
}

/// Returns random bytes of the operating system.
fn random() -> Result<[u8; SALT], NeuronError> {
    let mut salt = [0; SALT];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(salt)
}

/// The check of a round's answers, on a thread of its own.
struct Job {
    home: Digest,
    netuid: inktensor_primitives::NetUid,
    round: RoundRecord,
    working: Arc<Working>,
    miners: Vec<Registration>,
    asked: Vec<Asked>,
    checks: Option<Seed>,
    before: Option<(Digest, Vec<Standing>)>,
}

impl Job {
    fn of(
        neuron: &Neuron<'_>,
        current: &Current,
        checks: Option<Seed>,
        before: Option<(Digest, Vec<Standing>)>,
    ) -> Self {
        let miners = current.miners();
        let asked = demanded(&miners, current.working.manifest.questions)
            .filter_map(|(miner, number)| {
                let record = current.asked.get(&(miner.uid, number))?;
                Some(Asked {
                    uid: miner.uid,
                    number,
                    request: record.request.clone(),
                    outcome: record.outcome.clone(),
                })
            })
            .collect();
        Self {
            home: neuron.home,
            netuid: neuron.common.netuid,
            round: current.round.clone(),
            working: Arc::clone(&current.working),
            miners,
            asked,
            checks,
            before,
        }
    }

    fn run(self) -> Result<Evidence, ProgramError> {
        let work = Work {
            home: self.home,
            netuid: self.netuid,
            working: &self.working,
            round: &self.round,
        };
        let Some(scoring) = work.scoring(self.checks) else {
            return Err(ProgramError::Unknown(self.working.manifest.task.clone()));
        };
        let (root, standings) = match self.before {
            Some((root, standings)) => (Some(root), standings),
            None => (None, Vec::new()),
        };
        let head = Head {
            home: self.home,
            netuid: self.netuid,
            epoch: self.round.epoch,
            validator: self.round.validator,
            manifest: self.round.manifest,
            seed_block: self.round.seed_block,
            before: root,
        };
        conclude(head, &self.miners, self.asked, &standings, &scoring)
    }
}
