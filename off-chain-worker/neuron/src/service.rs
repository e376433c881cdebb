//! One neuron as a process: what miners and validators share.
//!
//! A loop of one thread reads the chain at every new block: it keeps the server's roster, publishes
//! the endpoint, loads the task, and gives the block to the part that the neuron plays. Questions
//! are served and asked by a runtime beside the loop.
//!
//! A chain that does not answer is waited for. A killed process loses nothing: see
//! [`store`](crate::store).

use crate::{
    config::Common,
    error::NeuronError,
    fetch::{self, Fetcher},
    missing::{missing, Missing, Part},
    noted::Noted,
    program,
    publish::{Due, OwnEndpoint, PublishError, Publisher},
    store::{Owner, Store},
    tasks::Tasks,
    view::SubnetView,
};
use inktensor_client::{
    chain::{ChainError, ChainRead, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    registry::{Axon, Registry, Seat},
    AccountId, Digest,
};
use inktensor_wire::{
    home, Admitted, Blobs, Client, ClientLimits, Guests, Hotkey, Identity, Limits, Mark, Roster,
    Running, Server, ServerError, Service, PROTOCOL,
};
use inktensor_worker::{
    chain_source::{Opened, SourceError},
    service::{instrumented::Instrumented, opened, pause, status::LoopStatus, Handles},
};
use metrics::gauge;
use std::{fs::File, io::Read, sync::Arc, time::Duration};
use subxt_signer::sr25519::Keypair;
use tokio::runtime::{self, Runtime};
use tracing::{info, warn};

/// Threads of the runtime that serves and asks. Work on questions has threads of its own.
const THREADS: usize = 2;
/// Blocks between two looks for missing conditions.
const LOOK_EVERY: u32 = 10;
/// Longest wait for open questions at the end.
const GRACE: Duration = Duration::from_secs(3);
/// Questions a second that every key has besides its share by stake. With the burst of ten seconds,
/// the 64 questions of an epoch fit at once.
const FLOOR: u32 = 8;
/// Version of the software, as an axon states it: 1000 times the minor version, plus the patch.
const VERSION: u32 = 1_000;
/// Name of the certificate's file in the store's folder.
const CERTIFICATE: &str = "tls.pem";
/// Name of the file with the newest time of an accepted question, in the store's folder.
const ACCEPTED: &str = "accepted";
/// Name of the folder of blobs in the store's folder.
const BLOBS: &str = "blobs";

/// The parts of a neuron that do not change while it runs.
pub struct Neuron<'a> {
    /// The settings.
    pub common: &'a Common,
    /// The hotkey.
    pub hotkey: Hotkey,
    /// Addresses of the contracts.
    pub contracts: Addresses,
    /// The deployment, as signatures name it.
    pub home: Digest,
    /// Health, and the request to stop.
    pub handles: Handles,
    /// The runtime that serves and asks.
    pub runtime: Runtime,
    /// The memory.
    pub store: Arc<Store>,
    /// The blobs that are served.
    pub blobs: Arc<Blobs>,
    /// The client that asks other neurons.
    pub client: Arc<Client>,
}

impl Neuron<'_> {
    /// Returns the hotkey's account.
    pub fn account(&self) -> AccountId {
        self.hotkey.account()
    }

    /// Returns a way to blobs.
    pub fn fetcher<'b>(&'b self, chain: &'b dyn ChainRead) -> Fetcher<'b> {
        Fetcher {
            chain,
            contracts: &self.contracts,
            netuid: self.common.netuid,
            client: &self.client,
            blobs: &self.blobs,
            runtime: &self.runtime,
        }
    }

    /// Returns true if the process is asked to stop.
    pub fn stops(&self) -> bool {
        self.handles.stop.asked_by().is_some()
    }
}

/// A block, as a neuron with a seat sees it.
pub struct AtBlock<'a> {
    /// The subnet.
    pub view: &'a SubnetView,
    /// The neuron's seat.
    pub seat: Seat,
    /// The tasks that are loaded.
    pub tasks: &'a Tasks,
}

/// The part that a neuron plays.
pub trait Play {
    /// Name of the loop, for health and metrics.
    const NAME: &'static str;
    /// The part, for the conditions that it has.
    const PART: Part;
    /// The work behind the endpoints.
    type Service: Service;

    /// Returns the work behind the endpoints.
    fn service(&self) -> Self::Service;

    /// Returns the rule for callers without a permit.
    fn guests(&self) -> Guests;

    /// Acts on a new block.
    ///
    /// # Errors
    /// After an error of the chain the block is looked at again; others end the neuron.
    fn block(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError>;

    /// Does what is due between blocks.
    ///
    /// # Errors
    /// As for [`Play::block`].
    fn between(&mut self, neuron: &Neuron<'_>) -> Result<(), NeuronError>;
}

/// Runs a neuron until it is asked to stop. `tables` are those of the part's records.
///
/// # Errors
/// See [`NeuronError`]. A chain that does not answer is waited for.
pub fn run<P: Play>(
    common: &Common,
    keys: Keypair,
    open: &(dyn Fn() -> Result<Opened, SourceError> + Sync),
    handles: Handles,
    tables: &[&'static str],
    play: impl FnOnce(&Neuron<'_>) -> Result<P, NeuronError>,
) -> Result<(), NeuronError> {
    let waits = |trouble| handles.status.opening(Some(trouble));
    let first = opened(&handles.stop, &common.chain, common.poll, open, waits)?;
    if let Some(first) = first {
        handles.status.opening(None);
        let (neuron, identity) = neuron(common, keys, &first, handles.clone(), tables)?;
        let play = play(&neuron)?;
        let status = handles.status.begin_loop(P::NAME);
        let chain = Instrumented::new(
            first.chain,
            first.contracts,
            Arc::clone(&handles.status),
            Arc::clone(&status),
            Arc::clone(&handles.stop),
        );
        info!(
            hotkey = ss58(&neuron.account()),
            netuid = common.netuid.0,
            version = env!("CARGO_PKG_VERSION"),
            "{} on {}",
            P::NAME,
            common.chain
        );
        let tasks = Tasks::remembered(&neuron.store)?;
        let mark = Arc::new(Mark::open(&common.store.join(ACCEPTED))?);
        let mut running = Loop {
            neuron,
            play,
            chain,
            status,
            identity,
            mark,
            tasks,
            server: None,
            has_served: false,
            seen: None,
            failures: 0,
            missing: Vec::new(),
            looked_at: None,
            noted: Noted::default(),
            own: OwnEndpoint::default(),
        };
        running.run()?;
        running.stop_server();
        running.neuron.runtime.shutdown_timeout(GRACE);
    }
    handles.stop.log_end();
    Ok(())
}

fn neuron<'a>(
    common: &'a Common,
    keys: Keypair,
    first: &Opened,
    handles: Handles,
    tables: &[&'static str],
) -> Result<(Neuron<'a>, Identity), NeuronError> {
    let hotkey = Hotkey::new(keys);
    let genesis = first.chain.genesis()?;
    let owner = Owner {
        genesis,
        registry: first.contracts.registry,
        netuid: common.netuid,
        hotkey: hotkey.account(),
    };
    let mut all = vec![<crate::pledged::Manifests as crate::store::Record>::TABLE];
    all.extend(tables);
    let store = Store::open(&common.store, owner, &all)?;
    let identity = Identity::load_or_make(&common.store.join(CERTIFICATE))?;
    let blobs = Blobs::at(&common.store.join(BLOBS), fetch::limits())?;
    for path in &common.blobs {
        fetch::add_file(&blobs, path)?;
    }
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("wire")
        .enable_all()
        .build()?;
    // A longer answer is worth nothing, and must not fill memory or evidence.
    let limits = ClientLimits {
        answer: program::most_answer(),
        ..ClientLimits::default()
    };
    let client = Client::new(hotkey.clone(), limits, common.allow_private);
    let neuron = Neuron {
        common,
        hotkey,
        contracts: first.contracts,
        home: home(&genesis, &first.contracts.registry),
        handles,
        runtime,
        store: Arc::new(store),
        blobs: Arc::new(blobs),
        client: Arc::new(client),
    };
    Ok((neuron, identity))
}

/// Returns random bytes of the operating system.
///
/// # Errors
/// `System`.
pub fn random<const N: usize>() -> Result<[u8; N], NeuronError> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The loop of a neuron.
struct Loop<'a, P: Play> {
    neuron: Neuron<'a>,
    play: P,
    chain: Instrumented,
    status: Arc<LoopStatus>,
    identity: Identity,
    mark: Arc<Mark>,
    tasks: Tasks,
    /// The server with the generation that it serves for.
    server: Option<(Running, u32)>,
    /// Block that was looked at to its end.
    seen: Option<u32>,
    /// Number of consecutive turns that did not reach the chain.
    failures: u32,
    missing: Vec<Missing>,
    /// Block of the last look for missing conditions.
    looked_at: Option<u32>,
    /// True once a server has listened at the address.
    has_served: bool,
    /// Problem of serving or publishing that was logged.
    noted: Noted,
    /// The endpoint on the chain.
    own: OwnEndpoint,
}

/// Connections of validators that were meant for another certificate or hotkey, by netuid.
const MISLED: &str = "inktensor_neuron_misled_connections";

impl<P: Play> Loop<'_, P> {
    fn run(&mut self) -> Result<(), NeuronError> {
        while !self.neuron.stops() {
            match self.turn() {
                Ok(()) => {
                    if self.failures > 0 {
                        info!("the chain answers again");
                    }
                    self.failures = 0;
                    let waits = self.missing.first().map(ToString::to_string);
                    self.status.turned(waits);
                }
                Err(NeuronError::Chain(trouble)) => self.trouble(&trouble),
                Err(NeuronError::Publish(PublishError::Chain(trouble))) => self.trouble(&trouble),
                Err(error) => return Err(error),
            }
            let wait = pause(self.neuron.common.poll, self.failures);
            self.neuron.handles.stop.wait(wait);
        }
        Ok(())
    }

    fn trouble(&mut self, trouble: &ChainError) {
        if self.neuron.stops() {
            return;
        }
        if self.failures == 0 {
            warn!("{trouble}");
        }
        self.failures = self.failures.saturating_add(1);
        self.seen = None;
        self.status.turned(Some(trouble.to_string()));
    }

    /// Looks at the chain once.
    fn turn(&mut self) -> Result<(), NeuronError> {
        let block = self.chain.see_block()?;
        if self.seen != Some(block) {
            self.look(block)?;
            self.seen = Some(block);
        }
        self.play.between(&self.neuron)
    }

    fn look(&mut self, block: u32) -> Result<(), NeuronError> {
        let (contracts, netuid) = (self.neuron.contracts, self.neuron.common.netuid);
        self.look_for_missing(block)?;
        let Some(view) = SubnetView::read(&self.chain, &contracts, netuid)? else {
            return Ok(());
        };
        let seat = contracts.registry().seat(netuid, self.neuron.account());
        let seat: Option<Seat> = self.chain.query(seat)?;
        let Some(seat) = seat else {
            // A seat that was lost: another neuron has the uid.
            self.stop_server();
            return Ok(());
        };
        self.serve(&view, seat)?;
        self.publish()?;
        self.tasks.look(&self.neuron, &self.chain, &view)?;
        let at = AtBlock {
            view: &view,
            seat,
            tasks: &self.tasks,
        };
        self.play.block(&self.neuron, &mut self.chain, &at)
    }

    /// Looks for conditions that are not met, and logs them when they change.
    fn look_for_missing(&mut self, block: u32) -> Result<(), NeuronError> {
        let is_due = self
            .looked_at
            .is_none_or(|at| block >= at.saturating_add(LOOK_EVERY) || block < at);
        if !is_due && self.missing.is_empty() {
            return Ok(());
        }
        self.looked_at = Some(block);
        let found = missing(
            &self.chain,
            &self.neuron.contracts,
            self.neuron.common.netuid,
            self.neuron.account(),
            P::PART,
        )?;
        // A manifest that was pledged before counts on.
        let knows_manifest = self.tasks.knows_manifest();
        let found: Vec<Missing> = found
            .into_iter()
            .filter(|it| !(knows_manifest && matches!(it, Missing::Task { .. })))
            .collect();
        let known = |it: &Missing| self.missing.iter().any(|known| known.is_like(it));
        for it in found.iter().filter(|it| !known(it)) {
            warn!("{it}");
        }
        if found.is_empty() && !self.missing.is_empty() {
            info!("all conditions to take part are met");
        }
        self.missing = found;
        Ok(())
    }

    /// Starts the server, or gives it the roster of this block.
    fn serve(&mut self, view: &SubnetView, seat: Seat) -> Result<(), NeuronError> {
        let roster = Roster {
            home: self.neuron.home,
            netuid: self.neuron.common.netuid,
            seat: seat.generation,
            callers: view
                .permitted
                .iter()
                .map(|it| {
                    let admitted = Admitted {
                        uid: Some(it.uid),
                        generation: Some(it.neuron.generation),
                        stake: it.stake,
                    };
                    (it.neuron.hotkey, admitted)
                })
                .collect(),
            denied: Default::default(),
            guests: self.play.guests(),
        };
        if let Some((server, generation)) = &self.server {
            if *generation == seat.generation {
                server.set_roster(roster)?;
                return Ok(());
            }
        }
        let server = Server {
            address: self.neuron.common.listen,
            hotkey: self.neuron.hotkey.clone(),
            identity: Some(self.identity.clone()),
            roster,
            limits: Limits {
                floor: FLOOR,
                ..Limits::default()
            },
            blobs: Some(Arc::clone(&self.neuron.blobs)),
            mark: Some(Arc::clone(&self.mark)),
        };
        // The address must be free before the next server listens there.
        self.stop_server();
        let started = server.start(self.play.service());
        let server = match self.neuron.runtime.block_on(started) {
            Ok(server) => server,
            // The system may not have freed the address yet: the next block tries again.
            Err(error @ ServerError::Listen { .. }) if self.has_served => {
                self.noted.note(format!("the server: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.has_served = true;
        info!(uid = seat.uid.0, "serving on {}", server.address());
        self.server = Some((server, seat.generation));
        Ok(())
    }

    /// Stops the server, and waits a moment for its open questions.
    fn stop_server(&mut self) {
        if let Some((server, _)) = self.server.take() {
            // A timer is made inside the runtime only.
            let stop = async { tokio::time::timeout(GRACE, server.stop()).await };
            // What is still open then ends with the server.
            let _ = self.neuron.runtime.block_on(stop);
        }
    }

    /// Publishes the endpoint, if it differs from the published one.
    fn publish(&mut self) -> Result<(), NeuronError> {
        let Some((server, _)) = &self.server else {
            return Ok(());
        };
        let common = self.neuron.common;
        let misled = u32::try_from(server.counts().misled).unwrap_or(u32::MAX);
        gauge!(MISLED, "netuid" => common.netuid.0.to_string()).set(f64::from(misled));
        let axon = Axon {
            host: common.host.clone(),
            port: common.port.unwrap_or_else(|| server.address().port()),
            protocol: PROTOCOL,
            version: VERSION,
            tls: Some(self.identity.pin().0),
        };
        let mut publisher = Publisher {
            contracts: &self.neuron.contracts,
            netuid: common.netuid,
            hotkey: self.neuron.account(),
            chain: &mut self.chain,
        };
        match publisher.axon(&axon, &mut self.own) {
            Ok((Due::Publish, _)) => {
                info!("published the endpoint");
                self.noted.clear();
            }
            Ok((Due::Nothing, _)) => self.noted.clear(),
            Ok((Due::Conflict, found)) => {
                let port = found.map_or(0, |it| it.port);
                self.noted.note(format!(
                    "endpoint: another process with this hotkey has published port {port} over \
                     port {}; stop one of them; this one publishes again in 10 minutes at the \
                     earliest",
                    axon.port
                ));
            }
            Ok((Due::Hold, _)) => {}
            Err(PublishError::Chain(trouble)) => return Err(trouble.into()),
            Err(problem) => self.noted.note(format!("endpoint: {problem}")),
        }
        Ok(())
    }
}
