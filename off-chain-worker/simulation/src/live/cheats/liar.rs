//! A validator that lies: a thread that pledges, sets weights and serves evidence of its own
//! making.

use crate::live::{
    local_http::{LocalServer, Reply},
    network::NETUID,
    process::{LOOK, PATIENCE},
    LiveError,
};
use inktensor_client::{
    chain::{Answer, ChainRead, ContractError, Message, Typed},
    deploy::Addresses,
};
use inktensor_devnet::remote::RemoteChain;
use inktensor_neuron::evidence::{
    codec::evidence_file, facts::Facts, read_facts, seeds::Round, Evidence, Head,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{CommitmentKind, Registry},
    AccountId, Uid,
};
use scale::Decode;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, PoisonError,
    },
    thread::{self, JoinHandle},
};

/// The path of evidence, before the epoch.
const EVIDENCE: &str = "/v1/evidence/";

/// The place of a liar: its chain, its seat, and the blocks of an epoch.
pub struct Scene {
    /// A connection of its own to the chain.
    pub chain: RemoteChain,
    /// Addresses of the contracts.
    pub contracts: Addresses,
    /// The hotkey.
    pub hotkey: AccountId,
    /// The uid.
    pub uid: Uid,
}

/// A way of making evidence.
pub trait Lie: Send {
    /// Returns the evidence of an epoch, or `None` for an epoch without any.
    ///
    /// # Errors
    /// If the chain does not answer, or the task is unusable.
    fn evidence(&mut self, scene: &Scene, facts: &Facts) -> Result<Option<Evidence>, LiveError>;
}

/// A validator that lies. It ends when this is dropped.
pub struct Liar {
    server: LocalServer,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), LiveError>>>,
}

impl Liar {
    /// Starts a validator whose evidence is that of `lie`.
    ///
    /// # Errors
    /// `Socket`.
    pub fn start(scene: Scene, lie: impl Lie + 'static) -> Result<Self, LiveError> {
        let files: Arc<Mutex<BTreeMap<u32, Vec<u8>>>> = Arc::default();
        let served = Arc::clone(&files);
        let server = LocalServer::start(move |request| {
            let epoch = request.path.strip_prefix(EVIDENCE);
            let epoch = epoch.and_then(|epoch| epoch.parse::<u32>().ok());
            let files = served.lock().unwrap_or_else(PoisonError::into_inner);
            match epoch.and_then(|epoch| files.get(&epoch)) {
                Some(file) => Reply {
                    status: 200,
                    fields: vec![("Content-Type", "application/octet-stream".into())],
                    body: file.clone(),
                },
                None => Reply::empty(404),
            }
        })?;
        let ends = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&ends);
        let thread = thread::spawn(move || lead(scene, lie, &files, &ending));
        Ok(Self {
            server,
            ends,
            thread: Some(thread),
        })
    }

    /// Returns the address at which the evidence is served.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Checks that the liar still works.
    ///
    /// # Errors
    /// The error that ended it.
    pub fn check(&mut self) -> Result<(), LiveError> {
        match self.thread.take_if(|thread| thread.is_finished()) {
            None => Ok(()),
            Some(thread) => match thread.join() {
                Ok(Err(error)) => Err(error),
                Ok(Ok(())) | Err(_) => Err(LiveError::Unusable("a lying validator ended".into())),
            },
        }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// Lies in every epoch in which the hotkey has a permit.
fn lead(
    mut scene: Scene,
    mut lie: impl Lie,
    files: &Mutex<BTreeMap<u32, Vec<u8>>>,
    ending: &AtomicBool,
) -> Result<(), LiveError> {
    let mut last = None;
    while !ending.load(Ordering::Relaxed) {
        let found = step(&mut scene, &mut lie, files, last);
        match found {
            Ok(done) => last = done.or(last),
            // The chain ends before its neurons.
            Err(_) if ending.load(Ordering::Relaxed) => return Ok(()),
            Err(error) => return Err(error),
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Lies once, if it is time and the epoch is not `last`. Returns the epoch.
fn step(
    scene: &mut Scene,
    lie: &mut impl Lie,
    files: &Mutex<BTreeMap<u32, Vec<u8>>>,
    last: Option<u32>,
) -> Result<Option<u32>, LiveError> {
    let Some(epoch) = scene.due()?.filter(|epoch| last != Some(*epoch)) else {
        return Ok(None);
    };
    let facts = read_facts::read(&scene.chain, &scene.contracts, NETUID, epoch, scene.uid);
    let facts = facts.map_err(|error| LiveError::Unusable(error.to_string()))?;
    // Before a manifest counts there is nothing to ask.
    if facts.manifest.is_none() {
        return Ok(Some(epoch));
    }
    if let Some(evidence) = lie.evidence(scene, &facts)? {
        scene.publish(&evidence)?;
        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(epoch, evidence_file(&evidence));
    }
    Ok(Some(epoch))
}

impl Scene {
    /// Connects to the chain at `HOST:PORT` for the neuron of `hotkey`.
    ///
    /// # Errors
    /// `Chain`.
    pub fn connect(
        address: &str,
        contracts: Addresses,
        hotkey: AccountId,
        uid: Uid,
    ) -> Result<Self, LiveError> {
        Ok(Self {
            chain: RemoteChain::connect(address, PATIENCE)?,
            contracts,
            hotkey,
            uid,
        })
    }

    /// Returns the open epoch, if its questions are known and the hotkey has a permit.
    fn due(&self) -> Result<Option<u32>, LiveError> {
        let status: Option<EpochStatus> =
            self.chain.query(self.contracts.epoch().status(NETUID))?;
        let subnet = self.chain.query(self.contracts.registry().subnet(NETUID))?;
        let (Some(status), Some(subnet)) = (status, subnet) else {
            return Ok(None);
        };
        let block = self.chain.block()?;
        let round = Round::new(status.opened_at, subnet.tempo);
        // The hash of a block is fixed with the next one.
        let is_asked = round.is_some_and(|round| block > round.asked_at());
        if !is_asked || block >= status.closes_at {
            return Ok(None);
        }
        let roster: Vec<Uid> = self.chain.query(self.contracts.epoch().roster(NETUID))?;
        Ok(roster.contains(&self.uid).then_some(status.open))
    }

    /// Returns the head that honest evidence would have.
    ///
    /// # Errors
    /// `Unusable` for facts without a manifest or a seat.
    pub fn head(&self, facts: &Facts) -> Result<Head, LiveError> {
        let (Some(validator), Some(manifest)) = (facts.validator, facts.manifest) else {
            return Err(LiveError::Unusable(
                "there is no manifest, or no seat".into(),
            ));
        };
        Ok(Head {
            home: facts.home,
            netuid: facts.netuid,
            epoch: facts.epoch,
            validator,
            manifest,
            seed_block: facts.seed_block,
            before: facts.before.map(|before| before.root),
        })
    }

    /// Pledges the evidence and sets its weights.
    fn publish(&mut self, evidence: &Evidence) -> Result<(), LiveError> {
        let data = evidence.pledge().to_data();
        let commit = self
            .contracts
            .registry()
            .commit(NETUID, CommitmentKind::Raw, data);
        self.send("Registry::commit", commit)?;
        let (uids, weights) = evidence.weights.iter().copied().unzip();
        let set = self.contracts.epoch().set_weights(NETUID, uids, weights, 0);
        self.send("Epochs::set_weights", set)
    }

    fn send<T: Decode, E: ContractError + Decode>(
        &mut self,
        name: &'static str,
        message: impl Into<Message<Result<T, E>>>,
    ) -> Result<(), LiveError> {
        let message: Message<Result<T, E>> = message.into();
        let sent = self.chain.send(self.hotkey, message).answer();
        sent.map(|_| ()).map_err(LiveError::refused(name))
    }
}
