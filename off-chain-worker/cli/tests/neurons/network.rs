//! A served chain with a subnet that runs embed/1 or complete/1, its neurons as processes, and a
//! model behind a miner.

use inktensor_client::{
    chain::{Answer, ChainRead, Typed},
    deploy::Addresses,
    keys,
};
use inktensor_devnet::{account, remote::RemoteChain};
use inktensor_embed::{small, Embed, Model, Question};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, WeightsRow},
    hash::{blake2, hex},
    registry::{Axon, Hyperparameter, NeuronView, Registry, ServingView},
    ss58::ss58,
    staking::Staking,
    AccountId, NetUid, Rao, Uid,
};
use inktensor_task::{Body, Load, Task};
use inktensor_wire::home;
use psp22::PSP22;
use serde_json::{json, Value};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

pub const PATIENCE: Duration = Duration::from_secs(180);
pub const NETUID: NetUid = NetUid(1);
/// Milliseconds of a block.
const BLOCK_TIME: &str = "250";
/// Blocks of an epoch: 10 seconds, of which questions may be asked for 2.
pub const TEMPO: u32 = 40;
/// Blocks of an epoch in which a validator has time to be killed and restarted: it may ask for 7
/// seconds.
pub const LONG_TEMPO: u32 = 120;
/// The first epoch in which a manifest counts that is pledged in epoch 0.
pub const FIRST: u32 = 2;

/// The neurons by uid, after the owner's on uid 0.
pub const MINERS: [(&str, Uid); 2] = [("m0", Uid(1)), ("m1", Uid(2))];
pub const VALIDATORS: [(&str, Uid); 2] = [("v0", Uid(3)), ("v1", Uid(4))];

/// A process that ends with the test.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn inktensor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inktensor"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A model behind a miner, as a script in any language would be.
pub struct SideProcess {
    pub url: String,
    /// The questions that it was asked.
    pub asked: Arc<Mutex<Vec<String>>>,
}

/// Serves a model: one question after the other, each for so long.
pub fn side_process(state: &[u8], time: Duration) -> SideProcess {
    let model = Model::load(state).expect("the small model");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A connection may have ended while others were served.
            let _ = answer(stream.unwrap(), &model, time, &seen);
        }
    });
    SideProcess {
        url: format!("http://{address}/answer"),
        asked,
    }
}

fn answer(
    mut stream: TcpStream,
    model: &Model,
    time: Duration,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let question = Question::from_json(&body).unwrap();
    asked.lock().unwrap().push(question.text.clone());
    thread::sleep(time);
    let answer = Embed.answer(model, &question).unwrap().to_json().unwrap();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        answer.len()
    )?;
    stream.write_all(&answer)
}

/// The manifest's rules of asking.
pub struct Asks {
    pub questions: u16,
    pub window: u16,
    /// The part of answers that is checked.
    pub check: &'static str,
}

/// A served chain with a subnet.
pub struct Net {
    _devchain: Guarded,
    _worker: Guarded,
    address: String,
    pub chain: RemoteChain,
    pub contracts: Addresses,
    folder: PathBuf,
}

impl Net {
    pub fn start(name: &str, tempo: u32, commits: bool) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let mut command = inktensor(&["devchain", "--listen", "127.0.0.1:0"]);
        command.args(["--block-time", BLOCK_TIME, "--challenge-period", "3"]);
        let mut devchain = command.stderr(Stdio::inherit()).spawn().unwrap();
        let output = devchain.stdout.take().expect("it is piped");
        let devchain = Guarded(devchain);
        let mut lines = BufReader::new(output).lines().map(|line| line.unwrap());
        let address = lines
            .find_map(|line| Some(line.strip_prefix("listening on tcp://")?.to_owned()))
            .expect("it says where it listens");
        let chain = RemoteChain::connect(&address, PATIENCE).unwrap();
        let named: BTreeMap<_, _> = chain.contracts().unwrap().into_iter().collect();
        let contracts = Addresses::from_named(|name| named.get(name).copied()).unwrap();
        let address = format!("tcp://{address}");
        let store = folder.join("worker").display().to_string();
        let mut worker = inktensor(&["run", "--role", "keeper,proposer", "--account", "worker"]);
        worker
            .args(["--chain", &address, "--poll", "50", "--store", &store])
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("worker.log")).unwrap());
        let mut net = Self {
            _devchain: devchain,
            _worker: Guarded(worker.spawn().unwrap()),
            address,
            chain,
            contracts,
            folder,
        };
        net.populate(tempo, commits);
        net
    }

    /// Creates the subnet and its neurons: the owner's, two miners, two validators with stake.
    fn populate(&mut self, tempo: u32, commits: bool) {
        let (bank, owner, contracts) = (account("bank"), account("owner"), self.contracts);
        let most = Rao::from_tao(100_000);
        for spender in [contracts.registry, contracts.staking] {
            let approve = contracts.psp22().approve(spender, most.to_u128());
            self.chain.send(bank, approve).answer().unwrap();
        }
        let hotkeys = MINERS.into_iter().chain(VALIDATORS);
        let mut hotkeys: Vec<AccountId> = hotkeys.map(|(name, _)| self.hotkey(name)).collect();
        hotkeys.insert(0, owner);
        for hotkey in hotkeys.iter().chain([&account("worker")]) {
            let funds = Rao::from_tao(1_000).to_u128();
            let fund = contracts.psp22().transfer(*hotkey, funds, vec![]);
            self.chain.send(bank, fund).answer().unwrap();
            let agree = contracts.registry().agree(Some(bank));
            self.chain.send(*hotkey, agree).answer().unwrap();
        }
        let registry = || contracts.registry();
        let name = "embed".to_owned();
        let subnet =
            registry().create_subnet(name, owner, contracts.yuma, tempo, 16, 4, most, None);
        let subnet = self.chain.send(bank, subnet).answer().unwrap();
        assert_eq!(subnet.value, NETUID);
        for value in [
            // Several pledges and endpoints an epoch.
            Hyperparameter::ServingRateLimit(0),
            Hyperparameter::CommitRevealWeights(commits),
            // Validators pledge before they set or commit weights, so none of them is refused.
            Hyperparameter::EvidenceRequired(true),
        ] {
            let set = registry().set_hyperparameter(NETUID, value);
            self.chain.send(bank, set).answer().unwrap();
        }
        for (hotkey, uid) in hotkeys.iter().zip(0..) {
            let neuron = registry().register(NETUID, *hotkey, most, None);
            let registered = self.chain.send(bank, neuron).answer().unwrap();
            assert_eq!(registered.value, Uid(uid));
            self.chain.advance(1).unwrap();
        }
        for (hotkey, amount) in hotkeys.iter().skip(3).zip([1_000, 600]) {
            let amount = Rao::from_tao(amount);
            let stake = contracts.staking().add_stake(NETUID, *hotkey, amount);
            self.chain.send(bank, stake).answer().unwrap();
        }
        self.chain
            .send(bank, registry().start(NETUID))
            .answer()
            .unwrap();
    }

    /// Returns the seed of a neuron's key.
    fn seed(name: &str) -> String {
        hex(&blake2(name.as_bytes()))
    }

    /// Returns the account of a neuron's key, whose secret URI is in a file of the neuron's name.
    pub fn hotkey(&self, name: &str) -> AccountId {
        use std::os::unix::fs::PermissionsExt;
        let file = self.suri(name);
        fs::write(&file, Self::seed(name)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        keys::account(&keys::from_file(&file).unwrap())
    }

    pub fn suri(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.suri"))
    }

    /// Returns the address of the chain.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Registers the key of `name` on the subnet, with TAO for its fees.
    pub fn register(&mut self, name: &str) -> Uid {
        let (bank, hotkey, contracts) = (account("bank"), self.hotkey(name), self.contracts);
        let funds = Rao::from_tao(1_000).to_u128();
        let fund = contracts.psp22().transfer(hotkey, funds, vec![]);
        self.chain.send(bank, fund).answer().unwrap();
        let agree = contracts.registry().agree(Some(bank));
        self.chain.send(hotkey, agree).answer().unwrap();
        let most = Rao::from_tao(100_000);
        let neuron = contracts.registry().register(NETUID, hotkey, most, None);
        let registered = self.chain.send(bank, neuron).answer().unwrap();
        self.chain.advance(1).unwrap();
        registered.value
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Starts a neuron, whose log is appended to a file.
    pub fn neuron(&self, command: &str, name: &str, more: &[&str]) -> Guarded {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{name}.log")))
            .unwrap();
        let (suri, store) = (self.suri(name).display().to_string(), self.path(name));
        let (host, blobs) = (
            format!("{name}.localhost"),
            format!("{},{}", self.path("state"), self.path("task.toml")),
        );
        let mut process = inktensor(&[command, "--netuid", "1", "--chain", &self.address]);
        process
            .args(["--suri-file", &suri, "--store", &store, "--host", &host])
            .args(["--listen", "127.0.0.1:0", "--allow-private", "--poll", "50"])
            .args(["--log", "warn,inktensor_neuron=debug,inktensor_worker=info"])
            .args(["--blob", &blobs])
            .args(more)
            .stdout(Stdio::null())
            .stderr(log);
        Guarded(process.spawn().unwrap())
    }

    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Runs a command on the chain to its end.
    pub fn run(&self, words: &[&str], more: &[&str]) -> Output {
        let mut command = inktensor(words);
        command.args(["--chain", &self.address, "--netuid", "1"]);
        command.env("XDG_CACHE_HOME", self.folder.join("cache"));
        command.args(more).output().unwrap()
    }

    pub fn status(&self) -> EpochStatus {
        let status = self.chain.query(self.contracts.epoch().status(NETUID));
        status.unwrap().expect("a subnet")
    }

    /// Returns the weights that a validator has set in an epoch, once they are there.
    fn weights(&self, validator: Uid, epoch: u32, opened_at: u32) -> Option<BTreeMap<Uid, u16>> {
        assert!(
            self.status().open <= epoch,
            "epoch {epoch} has no weights of {validator:?}"
        );
        let row = self.contracts.epoch().weights(NETUID, validator);
        let row: Option<WeightsRow> = self.chain.query(row).unwrap();
        let row = row.filter(|row| row.updated_at >= opened_at)?;
        Some(row.uids.into_iter().zip(row.weights).collect())
    }

    /// Returns the weights that a validator has set last.
    pub fn last_weights(&self, validator: Uid) -> BTreeMap<Uid, u16> {
        let row = self.contracts.epoch().weights(NETUID, validator);
        let row: Option<WeightsRow> = self.chain.query(row).unwrap();
        let row = row.expect("a row");
        row.uids.into_iter().zip(row.weights).collect()
    }

    /// Returns the weights that a validator has set at a block or after it, once they are there.
    pub fn weights_since(&self, validator: Uid, block: u32) -> BTreeMap<Uid, u16> {
        wait_for(&format!("weights of {validator:?} since {block}"), || {
            let row = self.contracts.epoch().weights(NETUID, validator);
            let row: Option<WeightsRow> = self.chain.query(row).unwrap();
            let row = row.filter(|row| row.updated_at >= block)?;
            Some(row.uids.into_iter().zip(row.weights).collect())
        })
    }

    /// Returns the endpoint that the neuron on a uid has published.
    pub fn axon(&self, uid: Uid) -> Axon {
        let serving = self.contracts.registry().serving(NETUID, uid);
        let serving: Option<ServingView> = self.chain.query(serving).unwrap();
        serving.and_then(|it| it.axon).expect("an endpoint")
    }

    /// Publishes an endpoint for the neuron of `hotkey`, which pays the deposit.
    pub fn publish(&mut self, hotkey: AccountId, axon: Axon) {
        let (spender, deposit) = (self.contracts.registry, Rao::from_tao(1).to_u128());
        let approve = self.contracts.psp22().approve(spender, deposit);
        self.chain.send(hotkey, approve).answer().unwrap();
        let publish = self.contracts.registry().serve_axon(NETUID, axon);
        self.chain.send(hotkey, publish).answer().unwrap();
    }

    /// Returns all neurons by uid, with the scores of the last settled epoch.
    pub fn neurons(&self) -> Vec<NeuronView> {
        let neurons = self.contracts.registry().metagraph(NETUID, 0);
        self.chain.query(neurons).unwrap()
    }

    /// Returns what a client in another language reads: the miner on a uid as its receiver, and the
    /// caller by name, whose neuron has a permit.
    pub fn receiver(&self, miner: Uid, caller: (&str, Uid)) -> Value {
        let neurons = self.neurons();
        let at = |uid: Uid| &neurons[usize::from(uid.0)].neuron;
        let (axon, (name, uid)) = (self.axon(miner), caller);
        let genesis = self.chain.genesis().unwrap();
        json!({
            "port": axon.port,
            "pin": hex(&axon.tls.expect("a certificate")),
            "home": hex(&home(&genesis, &self.contracts.registry)),
            "netuid": NETUID.0,
            "epoch": self.status().open,
            "by": at(uid).generation,
            "seat": at(miner).generation,
            "receiver": ss58(&at(miner).hotkey),
            "caller": ss58(&self.hotkey(name)),
            "seed": Self::seed(name),
        })
    }

    /// Waits for an epoch, and for the weights of all validators in it.
    pub fn weights_of(&self, epoch: u32) -> Vec<BTreeMap<Uid, u16>> {
        let opened_at = wait_for("the epoch opens", || {
            let status = self.status();
            assert!(status.open <= epoch, "epoch {epoch} is over: {status:?}");
            (status.open == epoch).then_some(status.opened_at)
        });
        let weights = VALIDATORS.iter().map(|(name, uid)| {
            wait_for(&format!("weights of {name} in epoch {epoch}"), || {
                self.weights(*uid, epoch, opened_at)
            })
        });
        weights.collect()
    }
}

pub fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub fn text(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    [out, error]
        .map(|it| String::from_utf8_lossy(it))
        .join("\n")
}

pub fn document(output: &Output) -> Value {
    let parsed = serde_json::from_slice(&output.stdout);
    parsed.unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

impl Net {
    /// Pledges a manifest with embed/1 and the small model. Returns the model.
    pub fn set_task(&self, asks: &Asks) -> Vec<u8> {
        let state = small::state(1).unwrap();
        self.set(Embed::NAME, &state, asks);
        state
    }

    /// Writes a state and a manifest, and pledges the manifest.
    pub fn set(&self, task: &str, state: &[u8], asks: &Asks) {
        let pledged = self.pledge(&format!("task = \"{task}\""), state, asks, &[]);
        assert!(pledged.status.success(), "{}", text(&pledged));
        let said = text(&pledged);
        assert!(said.contains("counts from epoch 2 on"), "{said}");
    }

    /// Writes a state and a manifest with the task in `named`, and runs the command that pledges
    /// the manifest.
    pub fn pledge(&self, named: &str, state: &[u8], asks: &Asks, more: &[&str]) -> Output {
        fs::write(self.path("state"), state).unwrap();
        let manifest = format!(
            "{named}\nstate = \"{}\"\nquestions = {}\nwindow = {}\ncheck = {}\nalpha = 0.5\n",
            hex(&blake2(state)),
            asks.questions,
            asks.window,
            asks.check
        );
        fs::write(self.path("task.toml"), manifest).unwrap();
        let file = self.path("task.toml");
        let set = ["--set", &file, "--account", "owner"];
        self.run(&["subnet", "task"], &[&set[..], more].concat())
    }

    pub fn wait_for_line(&self, name: &str, line: &str) {
        wait_for(&format!("{name}: {line}"), || {
            self.log(name).contains(line).then_some(())
        });
    }

    /// Returns the address of a neuron's metrics and health.
    pub fn http(&self, name: &str) -> String {
        const LINE: &str = "metrics and health on http://";
        self.wait_for_line(name, LINE);
        let log = self.log(name);
        let address = log.split(LINE).nth(1).unwrap();
        address.split_whitespace().next().unwrap().to_owned()
    }

    /// Lets blocks pass up to so many after the opening of the open epoch.
    pub fn forward(&mut self, blocks: u32) {
        let to = self.status().opened_at + blocks;
        let now = self.chain.block().unwrap();
        if now < to {
            self.chain.advance(to - now).unwrap();
        }
    }

    /// Lets epochs pass until `epoch` is open. On a busy machine it may be open already.
    pub fn open_epoch(&mut self, epoch: u32, tempo: u32) {
        while self.status().open < epoch {
            self.pass_epoch(tempo);
        }
    }

    /// Lets the open epoch pass, up to its close by the worker.
    pub fn pass_epoch(&mut self, tempo: u32) {
        let open = self.status().open;
        self.forward(tempo);
        wait_for("the epoch closes", || {
            (self.status().open > open).then_some(())
        });
    }
}
