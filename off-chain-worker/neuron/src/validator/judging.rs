//! The round of an epoch of a contest: from the seed's block to the verdict.

use super::{concluding::served_after, records::of_epoch, Validator};
use crate::{
    contest::{
        entries,
        evidence::{subnet_of, ContestEvidence},
        judge::Job,
        records::{kept, FoundRecord, ModelRecord, OpeningRecord, RoundRecord},
    },
    error::NeuronError,
    evidence::{
        any::AnyEvidence,
        seeds::{parts_of, Round},
        Head,
    },
    service::{AtBlock, Neuron},
    tasks::Working,
    view::{neurons_at, Served},
};
use inktensor_client::chain::{BlockId, ChainRead};
use inktensor_contest::{
    Averages, Entry, Epoch, Finding, HeldOut, Opening, Round as Rules, Standing,
};
use inktensor_primitives::{registry::Axon, Digest};
use inktensor_task::{Alpha, Contest, Seat, Worth};
use inktensor_wire::{Endpoint, PROTOCOL};
use inktensor_worker::service::instrumented::Instrumented;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, TryRecvError},
        Arc,
    },
    thread,
    time::Duration,
};
use tracing::info;

/// Most bytes of models that are kept for an epoch that is over, beside those that are entered
/// still. With models of all entries they fit into a folder of blobs.
const OLD_MODELS: u64 = 1 << 30;

/// A round of a contest, in this process.
pub struct Judging {
    round: RoundRecord,
    working: Arc<Working>,
    contest: Arc<HeldOut>,
    /// Receives the end of the findings.
    done: Receiver<Result<(), String>>,
    /// The end of the findings, once it has come.
    ended: Option<Result<(), String>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Judging {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The contest of an epoch with its manifest.
type Named<'a> = (&'a Arc<Working>, &'a Arc<HeldOut>);

impl Validator {
    /// Takes the steps of the open epoch's round up to sealed evidence.
    pub(super) fn judge(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        contest: Named<'_>,
    ) -> Result<(), NeuronError> {
        let status = &at.view.status;
        let epoch = status.open;
        if self.left_out == Some(epoch) {
            return Ok(());
        }
        if let Some(judging) = self.judging.take_if(|it| it.round.epoch != epoch) {
            let epoch = judging.round.epoch;
            info!(epoch, "the epoch closed before its verdict was complete");
        }
        let Some(round) = Round::new(status.opened_at, at.view.subnet.tempo) else {
            let tempo = at.view.subnet.tempo;
            let reason = format!("a tempo of {tempo} is too short for a round");
            self.leave_out(epoch, reason);
            return Ok(());
        };
        if self.judging.is_none() {
            let stored: Option<RoundRecord> = neuron.store.get(&of_epoch(epoch))?;
            match stored {
                Some(record) => self.resume_judging(neuron, chain, at, (contest, record))?,
                None => self.begin_judging(neuron, chain, at, (contest, round))?,
            }
        }
        self.conclude_judging(neuron, chain, at, round)
    }

    /// Begins the round, if it is time for it.
    fn begin_judging(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
        ((working, contest), round): (Named<'_>, Round),
    ) -> Result<(), NeuronError> {
        let (epoch, account) = (at.view.status.open, neuron.account());
        let finalized = chain.finalized()?;
        // On a chain in one process the hash of a block is fixed with the next block only. The
        // missing permit is logged with its command.
        if finalized.number <= round.asked_at() || at.view.permit_of(&account).is_none() {
            return Ok(());
        }
        if at.view.block.number >= round.due_at() {
            self.leave_out(epoch, "it is too late for a verdict");
            return Ok(());
        }
        let block = |number| -> Result<Option<BlockId>, NeuronError> {
            let hash = chain.ancestor(&finalized, number)?;
            Ok(hash.map(|hash| BlockId { number, hash }))
        };
        let (cut_off, seed_block) = (block(round.cut_off())?, block(round.asked_at())?);
        let (Some(cut_off), Some(seed_block)) = (cut_off, seed_block) else {
            self.noted.note(
                "the chain has forgotten the block of the cut-off; use a node that keeps blocks",
            );
            return Ok(());
        };
        let (contracts, netuid) = (&neuron.contracts, neuron.common.netuid);
        let of = entries::epoch(neuron.home, netuid, epoch, round);
        let entries = entries::read(chain, contracts, (&of, cut_off))?;
        let neurons = neurons_at(chain, contracts, netuid, seed_block)?;
        let own = neurons.iter().find(|it| it.view.neuron.hotkey == account);
        let Some(validator) = own.map(Served::registration) else {
            self.leave_out(epoch, "the hotkey had no seat at the block of the seed");
            return Ok(());
        };
        let entered: BTreeSet<Seat> = entries.iter().map(|entry| entry.seat).collect();
        let miners = neurons.into_iter().filter_map(|it| {
            let seat = it.registration().seat();
            let axon = it.axon.filter(|axon| axon.protocol == PROTOCOL)?;
            entered.contains(&seat).then_some((seat, axon))
        });
        let record = RoundRecord {
            epoch,
            opened_at: at.view.status.opened_at,
            tempo: at.view.subnet.tempo,
            seed_block,
            validator,
            manifest: working.hash,
            miners: miners.collect(),
            entries,
        };
        neuron.store.put(&of_epoch(epoch), &record)?;
        info!(
            epoch,
            entries = record.entries.len(),
            "judging, by the hash of block {}",
            seed_block.number
        );
        clean(neuron, &record, served_after(&at.view.subnet.terms.weights))?;
        self.start_judging(neuron, (working, contest), record, &BTreeMap::new())
    }

    /// Continues a round that an earlier process began.
    fn resume_judging(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
        ((working, contest), record): (Named<'_>, RoundRecord),
    ) -> Result<(), NeuronError> {
        let epoch = record.epoch;
        let seed = chain.ancestor(&at.view.block, record.seed_block.number)?;
        if seed != Some(record.seed_block.hash) || working.hash != record.manifest {
            self.leave_out(
                epoch,
                "the round that was begun is of another fork or manifest",
            );
            return Ok(());
        }
        let found = found(neuron, epoch)?;
        info!(
            epoch,
            findings = found.len(),
            entries = record.entries.len(),
            "continuing the round"
        );
        self.start_judging(neuron, (working, contest), record, &found)
    }

    /// Judges the entries for which there is no finding.
    fn start_judging(
        &mut self,
        neuron: &Neuron<'_>,
        (working, contest): Named<'_>,
        round: RoundRecord,
        found: &BTreeMap<Seat, FoundRecord>,
    ) -> Result<(), NeuronError> {
        let head = head(neuron, &round, None);
        let axons: BTreeMap<Seat, &Axon> = round
            .miners
            .iter()
            .map(|(seat, axon)| (*seat, axon))
            .collect();
        let openings = openings(neuron)?;
        let open = round
            .entries
            .iter()
            .filter(|it| !found.contains_key(&it.seat));
        let entries = open.map(|entry| {
            let endpoint = axons.get(&entry.seat).map(|axon| Endpoint::from(*axon));
            (*entry, endpoint, openings.get(&entry.seat).copied())
        });
        let stop = Arc::new(AtomicBool::new(false));
        let job = Job {
            contest: Arc::clone(contest),
            subnet: subnet_of(&head),
            epoch: round.epoch,
            seed: entries::rows_seed(&head),
            entries: entries.collect(),
            window: Duration::from_secs(working.manifest.window.into()),
            store: Arc::clone(&neuron.store),
            blobs: Arc::clone(&neuron.blobs),
            client: Arc::clone(&neuron.client),
            runtime: neuron.runtime.handle().clone(),
            stop: Arc::clone(&stop),
        };
        let (sender, done) = mpsc::channel();
        thread::Builder::new().name("judge".into()).spawn(move || {
            // Fails only if the round was left out.
            let _ = sender.send(job.run());
        })?;
        self.judging = Some(Judging {
            round,
            working: Arc::clone(working),
            contest: Arc::clone(contest),
            done,
            ended: None,
            stop,
        });
        Ok(())
    }

    /// Writes and seals the verdict, once all findings are there.
    fn conclude_judging(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        round: Round,
    ) -> Result<(), NeuronError> {
        let Some(judging) = &mut self.judging else {
            return Ok(());
        };
        let epoch = judging.round.epoch;
        if judging.ended.is_none() {
            judging.ended = match judging.done.try_recv() {
                Err(TryRecvError::Empty) => None,
                Ok(done) => Some(done),
                Err(TryRecvError::Disconnected) => {
                    Some(Err("the judgement of the entries failed".into()))
                }
            };
        }
        // A chain that does not answer now is asked again.
        let Some(done) = judging.ended.clone() else {
            return Ok(());
        };
        let last = match done {
            Ok(()) => self.last(neuron, chain, at)?,
            Err(reason) => Err(reason),
        };
        let last = match last {
            Ok(last) => last,
            Err(reason) => {
                self.leave_out(epoch, reason);
                return Ok(());
            }
        };
        let Some(judging) = self.judging.take() else {
            return Ok(());
        };
        let of = entries::epoch(neuron.home, neuron.common.netuid, epoch, round);
        let Some(evidence) = judging.evidence(neuron, &of, last)? else {
            self.leave_out(epoch, "a finding is missing in the store");
            return Ok(());
        };
        self.seal(neuron, chain, at, &AnyEvidence::Contest(evidence))?;
        let next = of_epoch(epoch.saturating_add(1));
        neuron.store.change(|changes| {
            changes.remove_before::<FoundRecord>(&next);
            changes.remove_before::<RoundRecord>(&next);
            Ok(())
        })?;
        Ok(())
    }
}

impl Judging {
    /// Returns the evidence that follows from the findings in the store, and from the evidence
    /// before. Returns `None` if a finding is missing.
    fn evidence(
        &self,
        neuron: &Neuron<'_>,
        of: &Epoch,
        last: Option<AnyEvidence>,
    ) -> Result<Option<ContestEvidence>, NeuronError> {
        let mut records = found(neuron, of.number)?;
        let (root, before) = match last {
            Some(AnyEvidence::Contest(last)) => (Some(last.root()), last.verdict.averages()),
            // Averages of a task or a fold are of other work.
            Some(AnyEvidence::Asked(last)) => (Some(last.root()), Averages::new()),
            None => (None, Averages::new()),
        };
        let head = head(neuron, &self.round, root);
        let (mut findings, mut openings) = (Vec::new(), Vec::new());
        for entry in &self.round.entries {
            let Some(record) = records.remove(&entry.seat) else {
                return Ok(None);
            };
            if let Some(opening) = record.opening.filter(|_| !record.finding.is_word()) {
                openings.push((entry.seat, opening));
            }
            findings.push((*entry, record.finding));
        }
        let rules = Rules {
            contest: self.contest.as_ref(),
            epoch: of,
            pledges: &self.round.entries,
            seed: entries::rows_seed(&head),
            before: &before,
            alpha: Alpha(parts_of(self.working.manifest.alpha)),
        };
        let verdict = rules.conclude(&findings);
        log(of.number, &findings, &rules.standings(&verdict));
        Ok(Some(ContestEvidence {
            head,
            openings,
            verdict,
        }))
    }
}

/// Logs the last record, and the place of every entry.
fn log(epoch: u32, findings: &[(Entry, Finding)], standings: &BTreeMap<Seat, Standing>) {
    for (entry, finding) in findings {
        let uid = entry.seat.uid;
        let Some(standing) = standings.get(&entry.seat) else {
            continue;
        };
        let loss = finding.loss();
        let loss = loss.map_or_else(|| "none".into(), |it| format!("{it} {}", HeldOut::UNIT));
        match standing.worth() {
            Worth::NONE => info!(epoch, uid, loss, "worth nothing: {standing}"),
            Worth(worth) => info!(epoch, uid, loss, worth, "{standing}"),
        }
    }
}

/// Returns the head of the evidence of a round.
fn head(neuron: &Neuron<'_>, round: &RoundRecord, before: Option<Digest>) -> Head {
    Head {
        home: neuron.home,
        netuid: neuron.common.netuid,
        epoch: round.epoch,
        validator: round.validator,
        manifest: round.manifest,
        seed_block: round.seed_block,
        before,
    }
}

/// Returns the findings of an epoch that are in the store.
fn found(neuron: &Neuron<'_>, epoch: u32) -> Result<BTreeMap<Seat, FoundRecord>, NeuronError> {
    let all = neuron.store.all::<FoundRecord>(&of_epoch(epoch))?;
    Ok(all.into_iter().map(|(_, it)| (it.seat, it)).collect())
}

/// Returns the openings that miners have shown.
fn openings(neuron: &Neuron<'_>) -> Result<BTreeMap<Seat, Opening>, NeuronError> {
    let all = neuron.store.all::<OpeningRecord>(&[])?;
    Ok(all
        .into_iter()
        .map(|(_, it)| (it.seat, it.opening))
        .collect())
}

/// Removes models that were fetched for earlier epochs and are not entered any more. Those of an
/// epoch whose evidence is served from now on are kept for audits, unless they are too many.
/// Evidence is served `served_after` epochs after its own.
fn clean(neuron: &Neuron<'_>, round: &RoundRecord, served_after: u32) -> Result<(), NeuronError> {
    let openings = openings(neuron)?;
    let subnet = subnet_of(&head(neuron, round, None));
    // A miner that has pledged again is no reason to keep its earlier model.
    let entered: BTreeSet<Digest> = round
        .entries
        .iter()
        .filter_map(|entry| {
            let opening = openings.get(&entry.seat)?;
            let opens = entry.pledge.is_opened(&subnet, entry.seat, opening);
            opens.then_some(opening.model)
        })
        .collect();
    let before = round.epoch.saturating_sub(served_after);
    let mut newest: BTreeMap<Digest, u32> = BTreeMap::new();
    for (key, _) in neuron.store.all::<ModelRecord>(&[])? {
        if let Some((epoch, model)) = kept(&key) {
            newest.insert(model, epoch);
        }
    }
    newest.retain(|model, _| neuron.blobs.contains(model));
    let left = newest.iter().filter(|(model, _)| !entered.contains(*model));
    let size = |model: &Digest| fs::metadata(neuron.blobs.path(model)).map_or(0, |it| it.len());
    let bytes = left
        .clone()
        .filter(|(_, epoch)| **epoch >= before)
        .fold(0u64, |sum, (model, _)| sum.saturating_add(size(model)));
    let oldest = match bytes > OLD_MODELS {
        true => round.epoch,
        false => before,
    };
    for (model, _) in left.filter(|(_, epoch)| **epoch < oldest) {
        neuron.blobs.remove(model)?;
    }
    let still: Vec<Digest> = newest
        .into_keys()
        .filter(|it| entered.contains(it))
        .collect();
    neuron.store.change(|changes| {
        for model in &still {
            let key = [&of_epoch(round.epoch)[..], model].concat();
            changes.put(&key, &ModelRecord)?;
        }
        changes.remove_before::<ModelRecord>(&of_epoch(oldest));
        Ok(())
    })?;
    Ok(())
}
