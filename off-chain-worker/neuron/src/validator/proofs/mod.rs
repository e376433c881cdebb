//! Proofs of fraud of a training: kept, served, and taken from other validators.
//!
//! A proof that a validator has decided bars its miner from the next epoch on that the validator
//! pledges, and is served from then on. What others serve is decided on a thread beside the loop.

mod taking;
#[cfg(test)]
mod tests;

use super::Validator;
use crate::{
    error::NeuronError,
    evidence::seeds::Round,
    fold::{
        course::{fold_of, keep},
        fraud::{self, Past, MOST_PROOFS, PROOF_EPOCHS},
    },
    service::{AtBlock, Neuron},
    store::{Record, Store},
    view::Permitted,
};
use inktensor_client::chain::query_all;
use inktensor_primitives::{
    hash::hex,
    registry::{Registry, ServingView},
    AccountId, Digest,
};
use inktensor_task::Seat;
use inktensor_train::FraudProof;
use inktensor_wire::{Endpoint, PROTOCOL};
use inktensor_worker::service::instrumented::Instrumented;
use scale::{Decode, Encode};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    slice,
    sync::{
        mpsc::{self, Receiver, TryRecvError},
        Arc,
    },
    thread,
};
use taking::{Means, News, Peer, Taking, Times};
use tracing::{info, warn};

/// Most validators that are asked for proofs in a round: those with most stake.
const MOST_PEERS: usize = 32;

/// A proof that stands, without its state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ProofRecord {
    /// Hash of the manifest that counts in the epoch of the proof.
    pub manifest: Digest,
    /// The proof.
    pub proof: FraudProof,
    /// The start of the epoch by which an own probe has shown the fraud. Absent for a proof that
    /// another validator has served: it is decided by the voted start.
    pub own_start: Option<Digest>,
}

impl ProofRecord {
    /// Returns true for a proof of an own probe.
    pub const fn is_own(&self) -> bool {
        self.own_start.is_some()
    }

    /// Returns true if everyone finds that the proof stands, by the start of its epoch that most
    /// stake names. An own start may be outvoted, and then a proof about step 0 may be false.
    fn is_sure(&self, voted: Option<Digest>) -> bool {
        let (step, before) = (self.proof.answer.step, self.proof.answer.before.state);
        match self.own_start {
            Some(own) if step == 0 => voted.is_some_and(|it| it == own || it != before),
            Some(_) | None => true,
        }
    }
}

impl Record for ProofRecord {
    const TABLE: &'static str = "proofs";
    const KIND: u8 = 24;
}

/// Tables of proofs.
pub const TABLES: [&str; 1] = [ProofRecord::TABLE];

/// Returns the key of a proof: the epoch, and then the seat.
fn key(epoch: u32, seat: Seat) -> Vec<u8> {
    let (uid, generation) = (seat.uid.to_be_bytes(), seat.generation.to_be_bytes());
    [&epoch.to_be_bytes()[..], &uid, &generation].concat()
}

/// Returns the proofs that are kept, by epoch and seat.
///
/// # Errors
/// If the store is unusable.
pub fn held(store: &Store) -> Result<Vec<ProofRecord>, NeuronError> {
    let all = store.all::<ProofRecord>(&[])?;
    Ok(all.into_iter().map(|(_, record)| record).collect())
}

/// Keeps proofs that stand, one for each epoch and seat and at most [`MOST_PROOFS`] of an epoch,
/// with their states as blobs. Proofs of epochs too far before `open` are removed. `own_start` is
/// the start by which own probes have shown them: for these the last ones of others make room.
///
/// # Errors
/// If the store is unusable.
pub fn put(
    store: &Store,
    open: u32,
    (manifest, own_start): (Digest, Option<Digest>),
    proofs: &[FraudProof],
) -> Result<(), NeuronError> {
    let oldest = open.saturating_sub(PROOF_EPOCHS).to_be_bytes();
    let all = store.all::<ProofRecord>(&[])?.into_iter();
    let mut kept: BTreeMap<Vec<u8>, (bool, u16)> = all
        .map(|(key, it)| (key, (it.is_own(), it.proof.answer.step)))
        .collect();
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for proof in proofs {
        let (key, epoch) = (key(proof.epoch, proof.seat), proof.epoch.to_be_bytes());
        let known = kept.get(&key);
        // An own one about step 0 may be false by the votes, and that of another is not.
        let is_known = match (known, own_start) {
            (None, _) | (Some((true, 0)), None) => false,
            (Some((false, _)), Some(_)) => proof.answer.step == 0,
            (Some(_), _) => true,
        };
        if key[..] < oldest[..] || is_known {
            continue;
        }
        let of_epoch: Vec<(&Vec<u8>, &(bool, u16))> = kept
            .iter()
            .filter(|(key, _)| key.starts_with(&epoch))
            .collect();
        if of_epoch.len() >= MOST_PROOFS && known.is_none() {
            let other = of_epoch.iter().rev().find(|(_, (is_own, _))| !is_own);
            let other = other.filter(|_| own_start.is_some());
            let Some(other) = other.map(|(key, _)| (*key).clone()) else {
                continue;
            };
            kept.remove(&other);
            old.push(other);
        }
        keep(store, open, &proof.answer.before.state)?;
        kept.insert(key.clone(), (own_start.is_some(), proof.answer.step));
        let record = ProofRecord {
            manifest,
            proof: proof.clone().without_state(),
            own_start,
        };
        new.push((key, record));
    }
    store.change(|changes| {
        for key in &old {
            changes.remove::<ProofRecord>(key);
        }
        for (key, record) in &new {
            changes.put(key, record)?;
        }
        changes.remove_before::<ProofRecord>(&oldest);
        Ok(())
    })?;
    Ok(())
}

/// Returns the proofs to serve in the epoch `open`, the newest first if they are too many.
fn recent(held: Vec<ProofRecord>, open: u32) -> Vec<FraudProof> {
    let oldest = open.saturating_sub(PROOF_EPOCHS);
    let recent = held.into_iter().rev().map(|it| it.proof);
    let recent = recent.filter(|it| it.epoch >= oldest);
    recent.take(MOST_PROOFS).collect()
}

/// A validator's exchange of proofs with the others.
#[derive(Default)]
pub struct Exchange {
    taking: Option<Receiver<News>>,
    /// The last round of asking: the epoch, and true for the one after the votes.
    asked: Option<(u32, bool)>,
    /// Validators that have served junk in the epoch. They are not asked again in it.
    junk: (u32, BTreeSet<AccountId>),
    /// Epochs and seats of the proofs that are served. Absent before the first list.
    served: Option<Vec<(u32, Seat)>>,
}

impl Exchange {
    /// Records the proofs that are served. Returns true if they are others than before.
    fn serves(&mut self, proofs: &[FraudProof]) -> bool {
        let now = Some(proofs.iter().map(|it| (it.epoch, it.seat)).collect());
        let is_other = self.served != now;
        self.served = now;
        is_other
    }

    /// Returns the next round of asking, if it is due: one after the block of the rows, and one
    /// after the block of the votes.
    fn due(&self, open: u32, round: Round, block: u32) -> Option<(u32, bool)> {
        let next = (open, block > round.due_at());
        let is_due = block > round.assigned_at() && self.asked < Some(next);
        is_due.then_some(next)
    }

    /// Returns the validators to ask, out of those with a permit: at most [`MOST_PEERS`] with most
    /// stake, without the own one and those that have served junk in the epoch.
    fn peers<'a>(
        &mut self,
        open: u32,
        own: &AccountId,
        permitted: &'a [Permitted],
    ) -> Vec<&'a Permitted> {
        if self.junk.0 != open {
            self.junk = (open, BTreeSet::new());
        }
        let mut peers: Vec<&Permitted> = permitted
            .iter()
            .filter(|it| it.neuron.hotkey != *own && !self.junk.1.contains(&it.neuron.hotkey))
            .collect();
        peers.sort_by_key(|it| (Reverse(it.stake), it.uid));
        peers.truncate(MOST_PEERS);
        peers
    }
}

impl Validator {
    /// Takes proofs that other validators serve, and serves those that stand.
    pub(super) fn exchange(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let open = at.view.status.open;
        let Some((working, training)) = fold_of(at, open) else {
            // The proofs are about a training that counts no more.
            self.proofs.taking = None;
            self.serve_proofs(&[]);
            return Ok(());
        };
        self.take(neuron, open)?;
        let round = Round::new(at.view.status.opened_at, at.view.subnet.tempo);
        let block = at.view.block.number;
        let due = round.and_then(|round| self.proofs.due(open, round, block));
        if let Some(due) = due.filter(|_| self.proofs.taking.is_none()) {
            let pasts = self.pasts(neuron, open, working.hash)?;
            let peers = self.peers(neuron, chain, at)?;
            let known = self.sure(&neuron.store)?;
            let known = known.iter().map(|it| (it.proof.epoch, it.proof.seat));
            let taking = Taking {
                means: Means::of(neuron),
                training,
                manifest: working.hash,
                open,
                known: known.collect(),
                pasts,
                peers,
                times: Times::default(),
            };
            let (sender, taken) = mpsc::channel();
            thread::Builder::new()
                .name("proofs".into())
                .spawn(move || taking.run(&|news| sender.send(news).is_ok()))?;
            (self.proofs.taking, self.proofs.asked) = (Some(taken), Some(due));
        }
        let recent = recent(self.sure(&neuron.store)?, open);
        self.serve_proofs(&recent);
        Ok(())
    }

    /// Keeps the proofs that the thread has decided so far, and remembers who has served junk.
    fn take(&mut self, neuron: &Neuron<'_>, open: u32) -> Result<(), NeuronError> {
        loop {
            let news = self.proofs.taking.as_ref().map(Receiver::try_recv);
            match news {
                None | Some(Err(TryRecvError::Empty)) => return Ok(()),
                Some(Err(TryRecvError::Disconnected)) => {
                    self.proofs.taking = None;
                    return Ok(());
                }
                Some(Ok(News::Proof {
                    manifest,
                    proof,
                    from,
                })) => {
                    let (epoch, uid) = (proof.epoch, proof.seat.uid);
                    info!(epoch, uid, "took a proof of fraud from uid {}", from.0);
                    let of = (manifest, None);
                    put(&neuron.store, open, of, slice::from_ref(&*proof))?;
                }
                Some(Ok(News::Junk { peer, uid, reason })) => {
                    let uid = uid.0;
                    warn!("uid {uid} serves proofs of fraud that do not stand: {reason}");
                    if self.proofs.junk.0 == open {
                        self.proofs.junk.1.insert(peer);
                    }
                }
            }
        }
    }

    /// Returns the proofs that are held and stand for everyone, by epoch and seat.
    pub(super) fn sure(&self, store: &Store) -> Result<Vec<ProofRecord>, NeuronError> {
        let mut sure = Vec::new();
        for record in held(store)? {
            let voted = match record.is_sure(None) {
                true => None,
                false => self.course.epoch(store, record.proof.epoch)?,
            };
            if record.is_sure(voted.and_then(|it| it.voted())) {
                sure.push(record);
            }
        }
        Ok(sure)
    }

    /// Returns the facts of the epochs about which proofs are taken, as far as they are known.
    fn pasts(
        &self,
        neuron: &Neuron<'_>,
        open: u32,
        manifest: Digest,
    ) -> Result<Vec<Past>, NeuronError> {
        let mut pasts = Vec::new();
        for number in open.saturating_sub(PROOF_EPOCHS)..=open {
            let record = self.course.epoch(&neuron.store, number)?;
            // Another manifest has other rules.
            let record = record.filter(|it| it.manifest == manifest);
            let Some((start, pledges)) = record.and_then(|it| Some((it.voted(), it.pledges?)))
            else {
                continue;
            };
            pasts.push(Past {
                home: neuron.home,
                netuid: neuron.common.netuid,
                number,
                manifest: Some(manifest),
                pledges,
                start,
            });
        }
        Ok(pasts)
    }

    /// Returns the validators to ask, with their endpoints.
    fn peers(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<Vec<Peer>, NeuronError> {
        let (open, own) = (at.view.status.open, neuron.account());
        let mut peers = self.proofs.peers(open, &own, &at.view.permitted);
        // Peers that take all the time are the first ones in some rounds only.
        let first = usize::try_from(open).unwrap_or_default();
        let first = first.checked_rem(peers.len()).unwrap_or_default();
        peers.rotate_left(first);
        let (registry, netuid) = (neuron.contracts.registry(), neuron.common.netuid);
        let messages = peers.iter().map(|it| registry.serving(netuid, it.uid));
        let serving: Vec<Option<ServingView>> = query_all(chain, messages)?;
        let with_endpoint = peers.iter().zip(serving).filter_map(|(it, serving)| {
            let axon = serving?.axon.filter(|it| it.protocol == PROTOCOL)?;
            Some(Peer {
                hotkey: it.neuron.hotkey,
                uid: it.uid,
                endpoint: Endpoint::from(&axon),
            })
        });
        Ok(with_endpoint.collect())
    }

    /// Gives the server these proofs, if they are others than before.
    fn serve_proofs(&mut self, proofs: &[FraudProof]) {
        if self.proofs.serves(proofs) {
            let served = (proofs.len(), Arc::new(fraud::list(proofs)));
            self.shared.change(|known| known.proofs = served);
        }
    }

    /// Keeps the proofs of the frauds that the own probes have shown, by the own start.
    pub(super) fn keep_found(
        &mut self,
        store: &Store,
        epoch: u32,
        (manifest, start): (Digest, Digest),
        found: &[FraudProof],
    ) -> Result<(), NeuronError> {
        for proof in found {
            let (uid, state) = (proof.seat.uid, hex(&proof.answer.before.state));
            let step = proof.answer.step;
            info!(epoch, uid, step, state, "a probe proves a fraud");
        }
        match found.is_empty() {
            true => Ok(()),
            false => put(store, epoch, (manifest, Some(start)), found),
        }
    }
}
