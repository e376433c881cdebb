//! Proofs that other validators serve, decided one after the other. Every peer is hostile.
//!
//! A peer has one request for its list, which has a bounded length. Its first proof that does not
//! stand ends its turn, so its junk costs one transfer of a state and one step at most.

use crate::{
    fold::{
        course::keep,
        fraud::{falls, read_list, Past, Undecided, MOST_LIST, MOST_PROOFS, PROOFS_PATH},
        Training,
    },
    service::Neuron,
    store::Store,
};
use inktensor_primitives::{AccountId, Digest, Uid};
use inktensor_task::{Fault, Seat};
use inktensor_train::{FraudProof, Verdict};
use inktensor_wire::{Blobs, Client, Endpoint, Mirror, Path};
use inktensor_worker::service::signals::Stop;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;
use tracing::{debug, warn};

/// The bounds on the time of a round of asking. A step that has begun is ended.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Longest transfer of a list of proofs.
    pub list: Duration,
    /// Longest transfer of a state.
    pub state: Duration,
    /// Longest time of one peer.
    pub peer: Duration,
    /// Longest time of all peers.
    pub all: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            list: Duration::from_secs(10),
            state: Duration::from_secs(30),
            peer: Duration::from_secs(60),
            all: Duration::from_secs(300),
        }
    }
}

/// The means of a thread that takes proofs.
pub struct Means {
    /// The client.
    pub client: Arc<Client>,
    /// The folder that takes states.
    pub blobs: Arc<Blobs>,
    /// The store, which knows for which epoch a state is kept.
    pub store: Arc<Store>,
    /// The runtime of the client.
    pub runtime: Handle,
    /// The request to stop.
    pub stop: Arc<Stop>,
}

impl Means {
    /// Returns the means of a neuron.
    pub fn of(neuron: &Neuron<'_>) -> Self {
        Self {
            client: Arc::clone(&neuron.client),
            blobs: Arc::clone(&neuron.blobs),
            store: Arc::clone(&neuron.store),
            runtime: neuron.runtime.handle().clone(),
            stop: Arc::clone(&neuron.handles.stop),
        }
    }
}

/// A validator that is asked.
pub struct Peer {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The uid.
    pub uid: Uid,
    /// The endpoint.
    pub endpoint: Endpoint,
}

/// A result of a round of asking, handed over at once.
#[derive(Debug)]
pub enum News {
    /// A proof that stands.
    Proof {
        /// Hash of the manifest that counts in the epoch of the proof.
        manifest: Digest,
        /// The proof.
        proof: Box<FraudProof>,
        /// The validator that has served it.
        from: Uid,
    },
    /// A validator that has served junk.
    Junk {
        /// Hotkey of the validator.
        peer: AccountId,
        /// Uid of the validator.
        uid: Uid,
        /// The first reason.
        reason: String,
    },
}

/// The receiver of the results. Returns false if no receiver waits for more.
type Hand<'a> = &'a dyn Fn(News) -> bool;

/// A round of asking.
pub struct Taking {
    /// The means.
    pub means: Means,
    /// The fold.
    pub training: Arc<Training>,
    /// Hash of its manifest.
    pub manifest: Digest,
    /// The open epoch.
    pub open: u32,
    /// Epochs and seats of the proofs that are held.
    pub known: BTreeSet<(u32, Seat)>,
    /// The facts of the epochs about which proofs are taken.
    pub pasts: Vec<Past>,
    /// The validators, in the order in which they are asked.
    pub peers: Vec<Peer>,
    /// The bounds on time.
    pub times: Times,
}

/// The end of a peer's turn before its last proof.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// A proof that does not stand, with the reason.
    Junk(String),
    /// A state that the peer has not served, or too little time. No proof is held against it.
    Unserved,
    /// The fold was not computed for a proof.
    Fault(Fault),
    /// No receiver waits for more.
    Over,
}

impl Taking {
    /// Asks all peers, up to the end of the time or of the neuron.
    pub fn run(mut self, hand: Hand<'_>) {
        let (begun, mut count) = (Instant::now(), 0);
        for peer in std::mem::take(&mut self.peers) {
            let is_over = begun.elapsed() >= self.times.all || count >= MOST_PROOFS;
            if is_over || self.means.stop.asked_by().is_some() {
                break;
            }
            let found = self.ask(&peer);
            let found = found.and_then(|file| self.read(&file, &peer, &mut count, hand));
            match found {
                Ok(()) | Err(Ended::Unserved) => {}
                Err(Ended::Junk(reason)) => {
                    let (peer, uid) = (peer.hotkey, peer.uid);
                    if !hand(News::Junk { peer, uid, reason }) {
                        break;
                    }
                }
                Err(Ended::Fault(fault)) => {
                    let uid = peer.uid.0;
                    warn!("a proof of fraud from uid {uid} cannot be decided: {fault}");
                }
                Err(Ended::Over) => break,
            }
        }
    }

    /// Returns the list that a peer serves.
    fn ask(&self, peer: &Peer) -> Result<Vec<u8>, Ended> {
        let path = Path::new(PROOFS_PATH).map_err(|_| Ended::Unserved)?;
        let (client, endpoint) = (&self.means.client, &peer.endpoint);
        let page = client.page(endpoint, &path, MOST_LIST, self.times.list);
        self.means.runtime.block_on(page).map_err(|cause| {
            debug!(uid = peer.uid.0, "no proofs of fraud: {cause}");
            Ended::Unserved
        })
    }

    /// Decides the proofs in a peer's list, and hands over those that stand.
    fn read(
        &mut self,
        file: &[u8],
        peer: &Peer,
        count: &mut usize,
        hand: Hand<'_>,
    ) -> Result<(), Ended> {
        let begun = Instant::now();
        let proofs = read_list(file).map_err(|error| Ended::Junk(error.to_string()))?;
        for proof in proofs {
            let place = (proof.epoch, proof.seat);
            let past = self.pasts.iter().find(|it| it.number == proof.epoch);
            // Too old, too new, or about an epoch that this validator has not seen.
            let Some(past) = past.filter(|_| !self.known.contains(&place)) else {
                continue;
            };
            if begun.elapsed() >= self.times.peer || *count >= MOST_PROOFS {
                return Err(Ended::Unserved);
            }
            if self.stands(past, &proof, peer)? {
                self.known.insert(place);
                *count = count.saturating_add(1);
                let news = News::Proof {
                    manifest: self.manifest,
                    proof: Box::new(proof),
                    from: peer.uid,
                };
                if !hand(news) {
                    return Err(Ended::Over);
                }
            }
        }
        Ok(())
    }

    /// Returns true if a proof stands, and false if it cannot be decided yet.
    fn stands(&self, past: &Past, proof: &FraudProof, peer: &Peer) -> Result<bool, Ended> {
        let decided = past.decide(&self.training, proof, |hash| self.state(hash, peer));
        match decided {
            Ok(Verdict::False(_)) => Ok(true),
            Ok(verdict) => Err(Ended::Junk(falls(&verdict))),
            Err(Undecided::Start(_)) => Ok(false),
            Err(Undecided::State(_)) => Err(Ended::Unserved),
            Err(Undecided::Fault(fault)) => Err(Ended::Fault(fault)),
        }
    }

    /// Returns a state that is here, or that the peer serves.
    fn state(&self, hash: &Digest, peer: &Peer) -> Option<Vec<u8>> {
        let Means {
            client,
            blobs,
            store,
            runtime,
            stop: _,
        } = &self.means;
        if !blobs.contains(hash) {
            let kept = keep(store, self.open, hash);
            kept.map_err(|error| debug!("{error}")).ok()?;
            let most = u64::try_from(self.training.state_bytes()).unwrap_or(u64::MAX);
            let mirror = [Mirror::neuron(&peer.endpoint)];
            let fetched = blobs.fetch(client, hash, most, &mirror, self.times.state);
            let fetched = runtime.block_on(fetched);
            fetched.map_err(|error| debug!("{error}")).ok()?;
        }
        blobs.get(hash).ok()
    }
}
