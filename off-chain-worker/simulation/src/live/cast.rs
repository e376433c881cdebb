//! The processes of a run: worker, miners and honest validators, each the stock binary.

use super::{
    cheats::{Relay, Signer},
    models::{int8, shallow, Machine, Model, ModelServer, Slow, Stale, Truthful},
    network::{Net, NETUID},
    pace::Pace,
    plan::{MinerKind, MinerPlan, Plan, RELAYED},
    process::{Process, Stock, LOOK, PATIENCE},
    LiveError,
};
use inktensor_client::{
    chain::{ChainRead, Typed},
    keys,
};
use inktensor_neuron::{
    manifest::Manifest,
    program::{linked, Program},
};
use inktensor_primitives::{
    hash::blake2,
    registry::{Axon, Host, Registry, Seat, ServingView},
    Bps, Digest, NetUid, Rao,
};
use inktensor_task::Seed;
use inktensor_wire::{home, Client, ClientLimits, Context, Endpoint, Hotkey, PROTOCOL};
use psp22::PSP22;
use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Questions of a validator to a miner in an epoch.
pub const QUESTIONS: u16 = 4;
/// Seconds of a window that a machine of two hotkeys leaves for the way: a validator's deadline is
/// up to two seconds before the end of the window.
const MACHINE_MARGIN: Duration = Duration::from_secs(2);
/// Milliseconds between two looks of a neuron at the chain. More looks only load the machine.
const POLL: &str = "250";

/// The task of a run: its name, its model and its settings, in files.
pub struct TaskFiles {
    /// The task with the subnet's model.
    pub program: Arc<dyn Program>,
    /// The manifest.
    pub manifest: ManifestFile,
    files: [PathBuf; 2],
}

/// A manifest with the hash of its file.
pub struct ManifestFile {
    /// The manifest.
    pub manifest: Manifest,
    /// Hash of the file.
    pub hash: Digest,
}

impl TaskFiles {
    /// Writes the manifest and the model of a seed.
    ///
    /// # Errors
    /// `File`, `Unusable`.
    pub fn write(stock: &Stock, state: &[u8], pace: &Pace) -> Result<Self, LiveError> {
        let manifest = Manifest {
            task: "embed/1".into(),
            program: None,
            state: blake2(state),
            mirrors: Vec::new(),
            questions: QUESTIONS,
            window: pace.window,
            check: Bps::ONE,
            // Half of the last epoch, half of those before: cheats and pay follow within a run.
            alpha: Bps(5_000),
            steps: None,
        };
        let program = linked(&manifest.task, state).map_err(unusable)?;
        let text = manifest.to_string();
        let folder = stock.folder("task")?;
        let files = [folder.join("manifest.toml"), folder.join("model")];
        for (path, bytes) in files.iter().zip([text.as_bytes(), state]) {
            fs::write(path, bytes).map_err(LiveError::file(path))?;
        }
        Ok(Self {
            program,
            manifest: ManifestFile {
                hash: Manifest::hash(text.as_bytes()),
                manifest,
            },
            files,
        })
    }

    fn blobs(&self) -> String {
        let names = self.files.iter().map(|it| it.display().to_string());
        names.collect::<Vec<_>>().join(",")
    }
}

/// The place of a process of a neuron.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The subnet.
    pub netuid: NetUid,
    /// Name of the neuron.
    pub name: &'static str,
    /// Name of the process and of its folder.
    pub process: &'static str,
}

impl Place {
    /// Returns the place of the one process of a neuron that answers or asks questions.
    const fn of(name: &'static str) -> Self {
        Self {
            netuid: NETUID,
            name,
            process: name,
        }
    }
}

/// Everything that runs besides the chain.
pub struct Cast {
    /// Processes of the stock binary.
    pub processes: Vec<Process>,
    /// Models behind miners.
    models: Vec<ModelServer>,
    /// Miners that break the protocol.
    signers: Vec<Signer>,
    /// Ports at which nothing listens, kept so that no other process takes them.
    closed: Vec<TcpListener>,
}

impl Cast {
    /// Starts the worker.
    ///
    /// # Errors
    /// `File`, `Start`.
    pub fn begin(stock: &Stock, net: &Net) -> Result<Self, LiveError> {
        let store = stock.folder("worker")?.join("store").display().to_string();
        let arguments = [
            "run",
            "--role",
            "keeper,proposer,watcher",
            "--chain",
            &net.address,
            "--account",
            "worker",
            "--poll",
            "50",
            "--store",
            &store,
        ];
        let worker = stock.start("worker", "worker", &arguments.map(String::from))?;
        Ok(Self {
            processes: vec![worker],
            models: Vec::new(),
            signers: Vec::new(),
            closed: Vec::new(),
        })
    }

    /// Checks that every process still runs.
    ///
    /// # Errors
    /// `Ended`.
    pub fn check(&mut self) -> Result<(), LiveError> {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    /// Starts all miners, and waits until their endpoints are on the chain.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn add_miners(
        &mut self,
        stock: &Stock,
        net: &mut Net,
        plan: &Plan,
        task: &TaskFiles,
        pace: &Pace,
    ) -> Result<(), LiveError> {
        let machine = machine(plan, task, pace);
        let (now, later): (Vec<&MinerPlan>, Vec<&MinerPlan>) = plan
            .miners
            .iter()
            .partition(|it| it.kind != MinerKind::Relay);
        for miner in now {
            match miner.kind {
                MinerKind::Offline => self.close(net, miner.name)?,
                MinerKind::OtherSigner => self.sign_for_another(net, miner.name, task)?,
                kind => {
                    let model = model(kind, plan, task, pace, &machine)?;
                    self.mine(stock, net, miner.name, task, model)?;
                }
            }
        }
        self.wait_for_axon(net, NETUID, RELAYED)?;
        for miner in later {
            let relay = relay(net, miner.name)?;
            self.mine(stock, net, miner.name, task, Some(Box::new(relay)))?;
        }
        for miner in &plan.miners {
            self.wait_for_axon(net, NETUID, miner.name)?;
        }
        Ok(())
    }

    /// Starts a process of a neuron.
    ///
    /// # Errors
    /// `File`, `Start`, `Unusable`.
    pub fn start(
        &mut self,
        stock: &Stock,
        role: &'static str,
        place: Place,
        arguments: &[String],
    ) -> Result<(), LiveError> {
        let process = stock.start(role, place.process, arguments)?;
        self.processes.push(process);
        Ok(())
    }

    /// Starts an honest validator.
    ///
    /// # Errors
    /// `File`, `Start`, `Unusable`.
    pub fn validate(
        &mut self,
        stock: &Stock,
        net: &Net,
        name: &'static str,
        task: &TaskFiles,
    ) -> Result<(), LiveError> {
        let place = Place::of(name);
        let mut arguments = neuron_arguments("validate", stock, net, place, &task.blobs())?;
        // Users would be a way around for a relay: a validator hands their questions on to miners.
        arguments.push("--users=false".into());
        self.start(stock, "validators", place, &arguments)
    }

    /// Publishes a plain endpoint on this machine in the name of a neuron of the demo itself.
    ///
    /// # Errors
    /// `Chain`, `Refused`.
    pub fn publish(
        &self,
        net: &mut Net,
        name: &'static str,
        address: SocketAddr,
    ) -> Result<(), LiveError> {
        publish(net, name, address)
    }

    fn mine(
        &mut self,
        stock: &Stock,
        net: &Net,
        name: &'static str,
        task: &TaskFiles,
        model: Option<Box<dyn Model>>,
    ) -> Result<(), LiveError> {
        let place = Place::of(name);
        let mut arguments = neuron_arguments("mine", stock, net, place, &task.blobs())?;
        if let Some(model) = model {
            let model = ModelServer::start(model)?;
            arguments.extend(["--model".into(), model.url()]);
            self.models.push(model);
        }
        self.start(stock, "miners", place, &arguments)
    }

    /// Publishes an endpoint at which nothing answers.
    fn close(&mut self, net: &mut Net, name: &'static str) -> Result<(), LiveError> {
        // Bound and never accepted from: no answer comes, and no other process takes the port.
        let listener = TcpListener::bind("127.0.0.1:0").map_err(LiveError::Socket)?;
        let address = listener.local_addr().map_err(LiveError::Socket)?;
        self.closed.push(listener);
        publish(net, name, address)
    }

    fn sign_for_another(
        &mut self,
        net: &mut Net,
        name: &'static str,
        task: &TaskFiles,
    ) -> Result<(), LiveError> {
        let claimed = net.neuron(name)?.hotkey;
        // The key of a hotkey that holds another seat.
        let key = key_of(net, RELAYED)?;
        let signer = Signer::start(Arc::clone(&task.program), claimed, key)?;
        publish(net, name, signer.address())?;
        self.signers.push(signer);
        Ok(())
    }

    /// Waits until a neuron's endpoint is on the chain.
    ///
    /// # Errors
    /// `Late`, `Ended`, `Chain`.
    pub fn wait_for_axon(
        &mut self,
        net: &Net,
        netuid: NetUid,
        name: &'static str,
    ) -> Result<Axon, LiveError> {
        let start = Instant::now();
        loop {
            if let Some(axon) = axon(net, netuid, name)? {
                return Ok(axon);
            }
            self.check()?;
            if start.elapsed() > PATIENCE {
                return Err(LiveError::Late {
                    what: format!("the publication of the endpoint of {name}"),
                    waited: PATIENCE,
                });
            }
            thread::sleep(LOOK);
        }
    }

    /// Returns the CPU time of the processes by role. `None` where the system does not say.
    pub fn cpu(&self) -> BTreeMap<&'static str, (usize, Option<Duration>)> {
        let mut roles: BTreeMap<&'static str, (usize, Option<Duration>)> = BTreeMap::new();
        for process in &self.processes {
            let (count, sum) = roles
                .entry(process.role)
                .or_insert((0, Some(Duration::ZERO)));
            *count = count.saturating_add(1);
            *sum = sum
                .zip(process.cpu())
                .map(|(sum, more)| sum.saturating_add(more));
        }
        roles
    }
}

/// Returns the endpoint of a neuron, if it is on the chain.
///
/// # Errors
/// `Chain`, `Unusable`.
pub fn axon(net: &Net, netuid: NetUid, name: &'static str) -> Result<Option<Axon>, LiveError> {
    let uid = net.seated(netuid, name)?.uid;
    let serving = net.contracts.registry().serving(netuid, uid);
    let serving: Option<ServingView> = net.chain.query(serving)?;
    Ok(serving.and_then(|it| it.axon))
}

/// Returns the arguments that `mine` and `validate` share. `blobs` are files, with commas between.
///
/// # Errors
/// `File`, `Unusable`.
pub fn neuron_arguments(
    command: &str,
    stock: &Stock,
    net: &Net,
    place: Place,
    blobs: &str,
) -> Result<Vec<String>, LiveError> {
    let Place {
        netuid,
        name,
        process,
    } = place;
    let store = stock.folder(process)?.join("store").display().to_string();
    let suri_file = net.seated(netuid, name)?.suri_file.display().to_string();
    let netuid = netuid.0.to_string();
    let host = format!("{name}.localhost");
    let arguments = [
        command,
        "--netuid",
        &netuid,
        "--chain",
        &net.address,
        "--suri-file",
        &suri_file,
        "--listen",
        "127.0.0.1:0",
        "--host",
        &host,
        "--store",
        &store,
        "--blob",
        blobs,
        "--allow-private",
        "--poll",
        POLL,
    ];
    Ok(arguments.map(String::from).into())
}

/// Publishes a plain endpoint on this machine in the name of a neuron.
fn publish(net: &mut Net, name: &'static str, address: SocketAddr) -> Result<(), LiveError> {
    let hotkey = net.neuron(name)?.hotkey;
    let registry = net.contracts.registry;
    let deposit = Rao::from_tao(1).to_u128();
    let approve = net.contracts.psp22().approve(registry, deposit);
    net.send(hotkey, "PSP22::approve", approve)?;
    let axon = Axon {
        host: Host::Name(format!("{name}.localhost")),
        port: address.port(),
        protocol: PROTOCOL,
        version: 0,
        tls: None,
    };
    let serve = net.contracts.registry().serve_axon(NETUID, axon);
    net.send(hotkey, "Registry::serve_axon", serve)
}

/// Returns the model behind a stock miner. `None` for the program that is built in.
fn model(
    kind: MinerKind,
    plan: &Plan,
    task: &TaskFiles,
    pace: &Pace,
    machine: &Arc<Machine>,
) -> Result<Option<Box<dyn Model>>, LiveError> {
    let program = || Arc::clone(&task.program);
    let other = |state: Vec<u8>| linked(task.program.name(), &state).map_err(unusable);
    Ok(match kind {
        MinerKind::SideProcess => Some(Box::new(Truthful(program()))),
        MinerKind::Int8 => Some(Box::new(Truthful(other(int8(plan.seed)?)?))),
        MinerKind::Shallow => Some(Box::new(Truthful(other(shallow(plan.seed)?)?))),
        MinerKind::Stale => {
            let earlier = earlier(task.program.as_ref(), plan)?;
            Some(Box::new(Stale::new(program(), earlier)))
        }
        MinerKind::Slow => {
            // Past the deadline, whatever the clocks round.
            let late = pace.window().saturating_add(Duration::from_secs(2));
            Some(Box::new(Slow::new(program(), late)))
        }
        MinerKind::Twin => Some(Box::new(Arc::clone(machine))),
        MinerKind::Good | MinerKind::Relay | MinerKind::OtherSigner | MinerKind::Offline => None,
    })
}

/// Returns the machine behind two hotkeys: it just makes the questions to one in a window.
fn machine(plan: &Plan, task: &TaskFiles, pace: &Pace) -> Arc<Machine> {
    let asking = u32::try_from(plan.asking()).unwrap_or(u32::MAX);
    let answers = asking.saturating_mul(QUESTIONS.into());
    let within = pace.window().saturating_sub(MACHINE_MARGIN);
    Arc::new(Machine::start(Arc::clone(&task.program), answers, within))
}

/// Returns as many answers as a miner is asked for in an epoch, to questions of no validator.
fn earlier(program: &dyn Program, plan: &Plan) -> Result<Vec<Vec<u8>>, LiveError> {
    let count = plan.asking().saturating_mul(usize::from(QUESTIONS));
    let answer = |number: usize| {
        let seed = blake2(&[&plan.seed.to_le_bytes()[..], &number.to_le_bytes()].concat());
        let question = program.question(&Seed(seed)).map_err(unusable)?;
        program.answer(&question).map_err(unusable)
    };
    (0..count).map(answer).collect()
}

/// Returns a relay that asks another miner in its own name.
fn relay(net: &Net, name: &'static str) -> Result<Relay, LiveError> {
    let (own, other) = (net.neuron(name)?, net.neuron(RELAYED)?);
    let key = key_of(net, name)?;
    let missing = || LiveError::Unusable(format!("{RELAYED} has no endpoint"));
    let axon = axon(net, NETUID, RELAYED)?.ok_or_else(missing)?;
    let generation = |hotkey| -> Result<u32, LiveError> {
        let seat = net.contracts.registry().seat(NETUID, hotkey);
        let seat: Option<Seat> = net.chain.query(seat)?;
        let none = || LiveError::Unusable(format!("{name} has no seat"));
        Ok(seat.ok_or_else(none)?.generation)
    };
    let context = Context {
        home: home(&net.chain.genesis()?, &net.contracts.registry),
        netuid: NETUID,
        epoch: net.status(NETUID)?.open,
        by: Some(generation(own.hotkey)?),
        to: other.hotkey,
        seat: generation(other.hotkey)?,
    };
    let client = Client::new(key, ClientLimits::default(), true);
    Relay::new(client, Endpoint::from(&axon), context)
}

/// Returns the error for a file, a key or a task that cannot be used.
pub fn unusable(error: impl std::fmt::Display) -> LiveError {
    LiveError::Unusable(error.to_string())
}

/// The key of a neuron of a run, for those that break the protocol by the library.
///
/// # Errors
/// `Unusable`.
pub fn key_of(net: &Net, name: &'static str) -> Result<Hotkey, LiveError> {
    let file = &net.neuron(name)?.suri_file;
    Ok(Hotkey::new(keys::from_file(file).map_err(unusable)?))
}
