//! Proofs of fraud on a network: one validator finds a fraud, and everyone decides the proof with
//! one step against the pledge on the chain.
//!
//! A proof travels without its state, which is fetched by its hash once the paths are known to lead
//! to the pledged root. So junk costs neither a transfer nor a step.

mod past;
#[cfg(test)]
pub(crate) mod tests;

use super::{pledges::Pledges, round::FoldRound, Training};
use crate::{
    evidence::{
        codec::{at_most, decode, file, FileError},
        scoring::answer,
        Grade, Receipt, Registration, Standing,
    },
    threads::{cores, in_order},
};
use inktensor_primitives::{hash::hex, Digest, NetUid};
use inktensor_task::{Fault, Seat, Seed, Worth};
use inktensor_train::{judge, FraudProof, Unfit, Verdict, ANSWER_OVERHEAD};
use inktensor_wire::SignedResponse;
use scale::Encode;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Epochs after its own in which a proof is taken, and named in evidence. Neurons keep states of an
/// epoch as long.
pub const PROOF_EPOCHS: u32 = 2;
/// Most proofs that a validator serves, and that evidence names.
pub const MOST_PROOFS: usize = 64;
/// Most bytes of a proof without its state.
const PROOF_BYTES: usize = ANSWER_OVERHEAD;
/// Most bytes of a file with the proofs of a validator.
pub const MOST_LIST: usize = MOST_PROOFS * PROOF_BYTES + 64;
/// The path at which a validator serves its proofs.
pub const PROOFS_PATH: &str = "/v1/proofs";

/// The first bytes of a file with the proofs of a validator, and its version.
const LIST: (&[u8; 8], u8) = (b"ink:prfs", 1);

/// Returns the file of proofs, without their states.
pub fn list(proofs: &[FraudProof]) -> Vec<u8> {
    let bare: Vec<FraudProof> = proofs.iter().cloned().map(bare).collect();
    file(LIST.0, LIST.1, &bare)
}

/// Reads the file of a validator's proofs. States in it are dropped.
///
/// # Errors
/// See [`FileError`].
pub fn read_list(bytes: &[u8]) -> Result<Vec<FraudProof>, FileError> {
    at_most("bytes of proofs", bytes.len(), MOST_LIST)?;
    let proofs: Vec<FraudProof> = decode(LIST, "lists of proofs", bytes)?;
    check_size(&proofs)?;
    Ok(proofs.into_iter().map(bare).collect())
}

/// Checks that these are not too many proofs, and none is too long.
///
/// # Errors
/// `TooMany`.
pub fn check_size(proofs: &[FraudProof]) -> Result<(), FileError> {
    at_most("proofs", proofs.len(), MOST_PROOFS)?;
    for proof in proofs {
        at_most("bytes in a proof", proof.encoded_size(), PROOF_BYTES)?;
    }
    Ok(())
}

fn bare(proof: FraudProof) -> FraudProof {
    proof.without_state()
}

/// The facts of an epoch by which a proof about it is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// Number of the epoch.
    pub number: u32,
    /// Hash of the manifest that counts in the epoch.
    pub manifest: Option<Digest>,
    /// The pledges of work.
    pub pledges: Pledges,
    /// The start that most stake names. Absent without a majority, and before the votes.
    pub start: Option<Digest>,
}

/// A reason why a proof is not decided. It says nothing about the miner or the proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Undecided {
    /// A proof about the first step needs the start of its epoch.
    #[error(
        "the proof is about step 0, and most stake names no state yet that epoch {0} began with; \
         decide it after the votes of the epoch"
    )]
    Start(u32),
    /// The bytes of the state before the step are missing.
    #[error(
        "no neuron has the state {} before the step; name its file with --blob", hex(.0)
    )]
    State(Digest),
    /// The step was not computed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Past {
    /// Returns the verdict on a proof. `state` returns the bytes with a hash; it is called after
    /// everything else was checked, so that junk needs no state.
    ///
    /// # Errors
    /// See [`Undecided`].
    pub fn decide(
        &self,
        training: &Training,
        proof: &FraudProof,
        state: impl FnOnce(&Digest) -> Option<Vec<u8>>,
    ) -> Result<Verdict, Undecided> {
        let start = self.start.unwrap_or_default();
        let (number, most) = (self.number, training.most_steps);
        let (home, netuid, pledges) = (self.home, self.netuid, &self.pledges);
        let epoch = pledges.epoch(home, netuid, number, start, most);
        let work = pledges.works.iter().find(|it| it.seat == proof.seat);
        let Some(member) = work else {
            return Ok(Verdict::Unfit(Unfit::Pledge));
        };
        if let Err(unfit) = proof.check(&epoch, proof.seat, &member.work) {
            return Ok(Verdict::Unfit(unfit));
        }
        if proof.answer.step == 0 && self.start.is_none() {
            return Err(Undecided::Start(number));
        }
        let hash = proof.answer.before.state;
        let mut whole = proof.clone();
        if whole.answer.state.is_empty() {
            whole.answer.state = state(&hash).ok_or(Undecided::State(hash))?;
        }
        Ok(whole.decide(&training.train, &epoch, proof.seat, &member.work)?)
    }
}

/// The decision of an auditor on a proof that evidence names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The proof stands.
    Stands,
    /// The proof does not stand, for this reason.
    Falls(String),
    /// The proof cannot be decided, for this reason.
    Open(String),
}

impl Ruling {
    /// Returns the ruling of an auditor on a proof about an epoch, in evidence of `manifest`.
    pub fn of(
        past: &Past,
        manifest: Option<Digest>,
        training: &Training,
        proof: &FraudProof,
        state: impl FnOnce(&Digest) -> Option<Vec<u8>>,
    ) -> Self {
        if past.manifest != manifest {
            return Self::Falls("another manifest counts in the epoch of the proof".into());
        }
        match past.decide(training, proof, state) {
            Ok(Verdict::False(_)) => Self::Stands,
            Ok(verdict) => Self::Falls(falls(&verdict)),
            Err(undecided) => Self::Open(undecided.to_string()),
        }
    }
}

/// Returns the reason why a proof with this verdict does not stand.
pub fn falls(verdict: &Verdict) -> String {
    match verdict {
        Verdict::True => "the step is the one that the training demands".into(),
        Verdict::Unfit(unfit) => unfit.to_string(),
        Verdict::False(fraud) => fraud.to_string(),
    }
}

/// Returns true if evidence of `epoch` may name a proof about the epoch `of`.
pub const fn is_recent(of: u32, epoch: u32) -> bool {
    of < epoch && epoch.saturating_sub(of) <= PROOF_EPOCHS
}

/// Returns the proofs that evidence of `epoch` names, by seat: each bars a miner that the averages
/// before it do not bar as long. Of too many, those of the `own` probes remain.
pub fn named(
    (own, others): (&[FraudProof], &[FraudProof]),
    epoch: u32,
    miners: &[Registration],
    before: &[Standing],
) -> Vec<FraudProof> {
    let before: BTreeMap<Seat, Option<u32>> =
        before.iter().map(|it| (it.seat(), it.failed)).collect();
    let served: BTreeSet<Seat> = miners.iter().map(Registration::seat).collect();
    let mut newest: BTreeMap<Seat, (bool, &FraudProof)> = BTreeMap::new();
    let own = own.iter().map(|it| (false, it));
    let held = own.chain(others.iter().map(|it| (true, it)));
    for (is_taken, proof) in held.filter(|(_, it)| is_recent(it.epoch, epoch)) {
        let bars = match before.get(&proof.seat) {
            Some(failed) => *failed < Some(proof.epoch),
            None => served.contains(&proof.seat),
        };
        let known = newest.get(&proof.seat);
        if bars && known.is_none_or(|(_, known)| known.epoch < proof.epoch) {
            newest.insert(proof.seat, (is_taken, proof));
        }
    }
    let mut named: Vec<(bool, &FraudProof)> = newest.into_values().collect();
    named.sort_by_key(|(is_taken, _)| *is_taken);
    named.truncate(MOST_PROOFS);
    named.sort_by_key(|(_, proof)| proof.seat);
    named.into_iter().map(|(_, proof)| proof.clone()).collect()
}

/// Checks the order and the epochs of the proofs that evidence of `epoch` names, and that they are
/// bare.
///
/// # Errors
/// The first proof out of place, with the reason.
pub fn check_places(proofs: &[FraudProof], epoch: u32) -> Result<(), (&FraudProof, String)> {
    let mut last = None;
    for proof in proofs {
        if last >= Some(proof.seat) {
            return Err((proof, "it is there twice or out of order".into()));
        }
        if !is_recent(proof.epoch, epoch) {
            let reason = format!(
                "evidence of epoch {epoch} names proofs of the {PROOF_EPOCHS} epochs before"
            );
            return Err((proof, reason));
        }
        if !proof.answer.state.is_empty() {
            return Err((
                proof,
                "it has a state, and evidence names bare proofs".into(),
            ));
        }
        last = Some(proof.seat);
    }
    Ok(())
}

impl FoldRound {
    /// Returns the round with proofs of earlier epochs, which bar their miners.
    pub fn with_proofs(mut self, proofs: Vec<FraudProof>) -> Self {
        self.proofs = proofs;
        self
    }

    /// Adds the bars by proofs to the averages before this epoch. A miner that is not there and has
    /// no endpoint has no average.
    pub fn bar(&self, miners: &[Registration], before: &mut BTreeMap<Seat, Standing>) {
        for proof in &self.proofs {
            let failed = Some(proof.epoch);
            if let Some(standing) = before.get_mut(&proof.seat) {
                standing.failed = standing.failed.max(failed);
                continue;
            }
            let miner = miners.iter().find(|it| it.seat() == proof.seat);
            if let Some(miner) = miner {
                let standing = Standing {
                    uid: miner.uid,
                    generation: miner.generation,
                    average: Worth::NONE,
                    failed,
                };
                before.insert(proof.seat, standing);
            }
        }
    }

    /// Returns a proof against each miner of which a probe shows a fraud, without its state.
    ///
    /// # Errors
    /// A fault of the fold.
    pub fn frauds(&self, seed: &Seed, receipts: &[Receipt]) -> Result<Vec<FraudProof>, Fault> {
        let mut of_miner: BTreeMap<Seat, Vec<&Receipt>> = BTreeMap::new();
        for receipt in receipts {
            if receipt.grade == Grade::Checked(Worth::NONE) {
                let (uid, generation) = (receipt.uid.0, receipt.asked.context.seat);
                let seat = Seat { uid, generation };
                of_miner.entry(seat).or_default().push(receipt);
            }
        }
        let all: Vec<(Seat, Vec<&Receipt>)> = of_miner.into_iter().collect();
        let found = in_order(&all, cores(), |(seat, receipts)| {
            // Probes ascend. A proof about step 0 depends on the votes, so it is the last choice.
            for receipt in receipts.iter().rev() {
                if let Some(proof) = self.fraud(seed, *seat, receipt)? {
                    return Ok(Some(proof));
                }
            }
            Ok(None)
        });
        let found: Vec<Option<FraudProof>> = found.into_iter().collect::<Result<_, Fault>>()?;
        Ok(found.into_iter().flatten().take(MOST_PROOFS).collect())
    }

    /// Returns the proof of the fraud that a probe shows, if it shows one.
    fn fraud(
        &self,
        seed: &Seed,
        seat: Seat,
        receipt: &Receipt,
    ) -> Result<Option<FraudProof>, Fault> {
        let body = answer(&receipt.outcome).and_then(SignedResponse::body);
        let answer = body.and_then(|body| self.answer(seed, seat, receipt.number, body));
        let (Some(work), Some(mut answer)) = (self.works.get(&seat), answer) else {
            return Ok(None);
        };
        let Ok(Some(state)) = self.states.state(&answer.before.state) else {
            return Ok(None);
        };
        answer.state = state;
        let verdict = judge(&self.training.train, &self.epoch, seat, work, &answer)?;
        let is_false = matches!(verdict, Verdict::False(_));
        let proof = || FraudProof::new(&self.epoch, seat, work, answer).without_state();
        Ok(is_false.then(proof))
    }
}
