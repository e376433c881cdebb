//! The end of a round: answers are checked, and the evidence is written before anything of it is
//! on the chain.

use super::{
    asking::Work,
    proofs::ProofRecord,
    records::{of_epoch, seal, ProgressRecord, RoundRecord, SealedRecord, SALT},
    round::Current,
    Validator,
};
use crate::{
    error::NeuronError,
    evidence::{
        any::AnyEvidence,
        codec::FileError,
        facts::Pledged,
        scoring::{conclude, demanded, Asked},
        seeds::{check_seed, Round},
        Evidence, Head, Registration, Standing,
    },
    fold::{course::keep, fraud::named, vote::vote},
    pledged::pledge_of,
    service::{random, AtBlock, Neuron},
    store::Store,
    tasks::Working,
};
use inktensor_client::chain::{BlockId, ChainRead, Typed};
use inktensor_primitives::{
    hash::hex,
    registry::{Registry, ServingView, WeightTerms},
    Bps, Digest, NetUid,
};
use inktensor_task::Seed;
use inktensor_train::FraudProof;
use inktensor_wire::Blobs;
use inktensor_worker::service::instrumented::Instrumented;
use std::{
    sync::{
        mpsc::{self, TryRecvError},
        Arc,
    },
    thread,
};
use tracing::info;

/// Root and averages of the evidence before. Absent for a registration without any.
type Before = Option<(Digest, Vec<Standing>)>;
/// The evidence that this registration pledged last, or the reason for which it is not known.
type Last = Result<Option<AnyEvidence>, String>;

impl Validator {
    /// Computes and seals the evidence, once all outcomes are there.
    pub(super) fn conclude(
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
                Ok(Ok(concluded)) => {
                    let Concluded { evidence, frauds } = concluded;
                    let (manifest, vote) = (evidence.head.manifest, evidence.vote);
                    let start = vote.map(|it| it.start).unwrap_or_default();
                    self.keep_found(&neuron.store, epoch, (manifest, start), &frauds)?;
                    self.seal(neuron, chain, at, &AnyEvidence::Asked(evidence))
                }
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
        let before = match self.last(neuron, chain, at)? {
            Ok(last) => last.map(|last| match last {
                AnyEvidence::Asked(evidence) => (evidence.root(), evidence.standings),
                // Averages of a contest are of other work.
                AnyEvidence::Contest(evidence) => (evidence.root(), Vec::new()),
            }),
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
        let held = self.sure(&neuron.store)?;
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let Some(job) = Job::of(neuron, current, seed, before, held)? else {
            return Ok(());
        };
        current.concluding = Some(concluding);
        thread::Builder::new()
            .name("checks".into())
            .spawn(move || {
                // Fails only if the round was left out.
                let _ = sender.send(job.run());
            })?;
        Ok(())
    }

    /// Returns the evidence that this registration pledged last.
    pub(super) fn last(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<Last, NeuronError> {
        let serving = neuron
            .contracts
            .registry()
            .serving(neuron.common.netuid, at.seat.uid);
        let serving: Option<ServingView> = chain.query(serving)?;
        let commitment = serving.and_then(|it| it.commitment);
        let on_chain = commitment.as_ref().and_then(|commitment| {
            let pledged = Pledged::of(&pledge_of(commitment)?, commitment.block)?;
            Some((pledged.epoch, pledged.root))
        });
        let known = match on_chain {
            Some((epoch, root)) => match self.imported.get(&root).cloned() {
                Some(sealed) => Some(sealed),
                None => {
                    let sealed: Option<SealedRecord> = neuron.store.get(&of_epoch(epoch))?;
                    if let Some(Err(error)) = sealed.as_ref().map(SealedRecord::evidence) {
                        return Ok(Err(unreadable(epoch, &error)));
                    }
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
            Err(error) => return Ok(Err(unreadable(known.epoch, &error))),
        };
        // Averages belong to a registration.
        let is_own = evidence.head().validator.generation == at.seat.generation;
        Ok(Ok(is_own.then_some(evidence)))
    }

    /// Writes complete evidence to the store, before anything of it is on the chain.
    pub(super) fn seal(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        evidence: &AnyEvidence,
    ) -> Result<(), NeuronError> {
        let terms = &at.view.subnet.terms.weights;
        let epoch = evidence.head().epoch;
        let salt = match terms.commit_reveal {
            true => Some(random::<SALT>()?),
            false => None,
        };
        let from = epoch.saturating_add(served_after(terms));
        let sealed = SealedRecord::of(evidence, salt, terms.version_key, from);
        // A file that cannot be read proves nothing, and is never pledged.
        if let Err(error) = sealed.evidence() {
            self.leave_out(epoch, error);
            return Ok(());
        }
        seal(&neuron.store, &sealed)?;
        let (weights, root) = (evidence.weights().len(), hex(&evidence.root()));
        match evidence {
            AnyEvidence::Asked(evidence) => {
                let receipts = evidence.receipts.len();
                info!(epoch, receipts, weights, root, "the evidence is complete");
            }
            AnyEvidence::Contest(evidence) => {
                let entries = evidence.verdict.lines.len();
                info!(epoch, entries, weights, root, "the evidence is complete");
            }
        }
        self.remember(&sealed);
        self.current = None;
        self.judging = None;
        self.send(neuron, chain, at, &sealed)
    }
}

/// Returns the number of epochs after its own in which evidence is served: with commit and reveal
/// that of the reveal.
pub(super) fn served_after(terms: &WeightTerms) -> u32 {
    match terms.commit_reveal {
        true => terms.reveal_period.max(1),
        false => 1,
    }
}

/// Returns the error about sealed evidence that this program does not read. Nothing is migrated.
fn unreadable(epoch: u32, error: &FileError) -> String {
    let found = match error {
        FileError::Version { found, reads } => {
            format!("has version {found}, and this program reads {reads}")
        }
        other => format!("cannot be read: {other}"),
    };
    format!(
        "the evidence of epoch {epoch} in this store {found}; the averages go on from it, so run \
         the program that wrote it, or register another hotkey with an empty store"
    )
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

/// The result of a round.
pub struct Concluded {
    /// The evidence.
    pub evidence: Evidence,
    /// Proofs of the frauds that the probes have shown.
    pub frauds: Vec<FraudProof>,
}

/// The check of a round's answers, on a thread of its own.
struct Job {
    home: Digest,
    netuid: NetUid,
    round: RoundRecord,
    working: Arc<Working>,
    miners: Vec<Registration>,
    blobs: Arc<Blobs>,
    asked: Vec<Asked>,
    checks: Option<Seed>,
    before: Before,
    /// The proofs of earlier epochs that bar a miner.
    proofs: Vec<FraudProof>,
}

impl Job {
    /// Returns nothing for a fold's round that was begun as a task's.
    fn of(
        neuron: &Neuron<'_>,
        current: &Current,
        checks: Option<Seed>,
        before: Before,
        mut held: Vec<ProofRecord>,
    ) -> Result<Option<Self>, NeuronError> {
        let miners = current.miners();
        let (home, netuid) = (neuron.home, neuron.common.netuid);
        let (working, round, blobs) = (&current.working, &current.round, &neuron.blobs);
        let Some(work) = Work::of(home, netuid, working, round, blobs) else {
            return Ok(None);
        };
        let probed = work.asked().into_iter().map(|(miner, _)| *miner);
        let probed: Vec<Registration> = probed.collect();
        let asked = demanded(&probed, working.manifest.questions)
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
        let proofs = match work.fold() {
            Some(_) => {
                // Another manifest has other rules, and no auditor decides without the state.
                held.retain(|it| {
                    let state = &it.proof.answer.before.state;
                    it.manifest == round.manifest && blobs.contains(state)
                });
                let (own, others): (Vec<_>, Vec<_>) =
                    held.into_iter().partition(ProofRecord::is_own);
                let [own, others] = [own, others].map(|all| {
                    let proofs = all.into_iter().map(|it| it.proof);
                    proofs.collect::<Vec<FraudProof>>()
                });
                let standings = before.as_ref().map_or(&[][..], |(_, standings)| standings);
                named((&own, &others), round.epoch, &miners, standings)
            }
            None => Vec::new(),
        };
        for proof in &proofs {
            // The state is served as long as those of the evidence.
            keep(&neuron.store, round.epoch, &proof.answer.before.state)?;
            let (uid, of) = (proof.seat.uid, proof.epoch);
            info!(
                epoch = round.epoch,
                uid, "a proof of fraud in epoch {of} bars the miner"
            );
        }
        Ok(Some(Self {
            home,
            netuid,
            round: round.clone(),
            working: Arc::clone(working),
            blobs: Arc::clone(blobs),
            miners,
            asked,
            checks,
            before,
            proofs,
        }))
    }

    fn run(self) -> Result<Concluded, String> {
        let (home, netuid, round) = (self.home, self.netuid, &self.round);
        let work = Work::of(home, netuid, &self.working, round, &self.blobs);
        let work = work.ok_or("the round was begun as a task's")?;
        let work = work.with_proofs(self.proofs);
        let scoring = work.scoring(self.checks);
        let (root, standings) = match self.before {
            Some((root, standings)) => (Some(root), standings),
            None => (None, Vec::new()),
        };
        let head = Head {
            home,
            netuid,
            epoch: round.epoch,
            validator: round.validator,
            manifest: round.manifest,
            seed_block: round.seed_block,
            before: root,
        };
        let evidence = conclude(head, &self.miners, self.asked, &standings, &scoring);
        let mut evidence = evidence.map_err(|error| error.to_string())?;
        let mut frauds = Vec::new();
        if let (Some(fold), Some((pledges, _))) = (work.fold(), &round.pledges) {
            let found = fold.frauds(&work.questions(), &evidence.receipts);
            frauds = found.map_err(|error| error.to_string())?;
            let guard = pledges.guard(&home, netuid, round.epoch);
            let vote = vote(fold, &evidence, guard).map_err(|error| error.to_string())?;
            evidence.vote = Some(vote);
        }
        Ok(Concluded { evidence, frauds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_evidence_of_another_version_is_named_with_the_remedy() {
        let error = unreadable(7, &FileError::Version { found: 2, reads: 3 });
        assert!(
            error.contains("epoch 7 in this store has version 2"),
            "{error}"
        );
        assert!(error.contains("run the program that wrote it"), "{error}");
    }
}
