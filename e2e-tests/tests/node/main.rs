//! A whole network on a node, run by the programs that users run: deployment, epochs, lies, and
//! failures of workers, connections and the node.
//!
//! This program also runs as the commands and workers, so it has a `main` of its own.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod adversary;
mod governance;
mod page;
mod processes;

use accounts::Account;
use adversary::Adversary;
use inktensor_client::{
    chain::{rpc::RpcChain, ChainRead, Typed},
    deploy::{Addresses, Record},
    ss58::ss58,
};
use inktensor_e2e_tests::{
    invariants::Audit,
    node::{Node, Options},
    observer::Observer,
    proxy::Proxy,
    TempDir,
};
use inktensor_primitives::{dispute::Disputed, epoch::Epochs, registry::Registry, NetUid, Rao};
use processes::{Invocation, Worker};
use std::{
    env, fs,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// The tests, by name.
const TESTS: [(&str, fn()); 3] = [
    (FAILURES, network_survives_failures),
    (page::TEST, page::run),
    (page::JOIN, page::run_join),
];
/// A test that runs only if its name is given, or with `--ignored`: it takes minutes.
const OPT_IN: (&str, fn()) = (governance::TEST, governance::run);
/// The name of the longer test.
const FAILURES: &str = "network_survives_failures";
/// The number of epochs that must be final and paid on each subnet.
const EPOCHS: u32 = 4;
/// Milliseconds between two blocks of the heartbeat.
const BLOCK_TIME: &str = "200";
/// The longest wait for an expected state.
const TIMEOUT: Duration = Duration::from_secs(240);
/// The time that a worker's connection to the node is cut.
const CUT: Duration = Duration::from_secs(4);
/// A configuration with short delays.
const RULES: &str = r#"
split = "bittensor"
creation_price = "10"
[rules]
challenge_period = 30
collateral = "10"
settle_window = 60
replay_delay = 60
rollover_delay = 400
[network]
creation_interval = 0
"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if env::var_os(processes::AS_INKTENSOR).is_some() {
        return inktensor_cli::main();
    }
    if arguments.iter().any(|it| it == "--list") {
        for (name, _) in TESTS.into_iter().chain([OPT_IN]) {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    // Names select tests, as in other test programs.
    let names: Vec<&String> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let is_chosen =
        |test: &str| names.is_empty() || names.iter().any(|it| test.contains(it.as_str()));
    let has = |flag: &str| arguments.iter().any(|it| it == flag);
    let is_named = names.iter().any(|it| *it == OPT_IN.0);
    let opted_in = is_named || (has("--ignored") && is_chosen(OPT_IN.0));
    let mut chosen = TESTS.to_vec();
    chosen.retain(|(name, _)| is_chosen(name) && !has("--ignored"));
    let mut ignored = 0;
    if opted_in {
        chosen.push(OPT_IN);
    } else if is_chosen(OPT_IN.0) {
        ignored = 1;
    }
    let start = Instant::now();
    println!("\nrunning {} tests", chosen.len());
    for (name, test) in &chosen {
        test();
        println!("test {name} ... ok");
    }
    if ignored > 0 {
        println!("test {} ... ignored, it takes minutes", OPT_IN.0);
    }
    println!(
        "\ntest result: ok. {} passed; 0 failed; {ignored} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        chosen.len(),
        TESTS.len() + 1 - ignored - chosen.len(),
        start.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn network_survives_failures() {
    let folder = TempDir::new();
    let options = Options {
        base: Some(folder.path().join("node")),
        // The events of all blocks are read at the end.
        arguments: vec!["--state-pruning".into(), "archive".into()],
        ..Options::default()
    };
    if let Some(node) = Node::for_test(FAILURES, options) {
        Network::deploy(node, folder.path().join("work")).run();
    }
}

/// A deployment on a node.
struct Network {
    node: Node,
    folder: PathBuf,
    contracts: Addresses,
}

impl Network {
    /// Deploys as an operator does, with one kill during the deployment.
    fn deploy(node: Node, folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a folder");
        for account in accounts::ALL {
            account.write_key(&folder);
        }
        fs::write(folder.join("deploy.toml"), RULES).expect("written");
        let net = Self {
            contracts: unknown(),
            node,
            folder,
        };
        let holder = format!("{}=1000000", accounts::ALICE.address());
        let deploy = ["deploy", "--config", "deploy.toml", "--holder", &holder];
        let dry = net
            .as_(accounts::ALICE, &deploy)
            .with(&["--dry-run", "--json"])
            .json();
        assert_eq!(dry["contracts"].as_array().expect("a list").len(), 7);
        // After a kill the same command continues the deployment.
        let mut child = net.as_(accounts::ALICE, &deploy).spawn();
        thread::sleep(Duration::from_millis(1_500));
        child.kill();
        let done = net.as_(accounts::ALICE, &deploy).with(&["--json"]).json();
        let file = net.folder.join(done["file"].as_str().expect("a file"));
        let again = net.as_(accounts::ALICE, &deploy).with(&["--json"]).json();
        assert_eq!(
            again["contracts"][0]["address"],
            done["contracts"][0]["address"]
        );
        let steps = again["steps"].as_array().expect("steps");
        assert!(steps.iter().all(|it| it["cost"].is_null()), "{again}");
        net.reads(&["deployment", "check"]).text();
        let text = fs::read_to_string(file).expect("the record");
        let record = Record::from_text(&text).expect("a record");
        Self {
            contracts: record.addresses().expect("whole"),
            ..net
        }
    }

    /// Returns a command that only reads.
    fn reads(&self, arguments: &[&str]) -> Invocation {
        Invocation::new(&self.folder, arguments).with(&["--url", &self.node.url()])
    }

    /// Returns a command that `who` signs.
    fn as_(&self, who: Account, arguments: &[&str]) -> Invocation {
        let key = self.folder.join(who.key_file());
        let key = key.to_string_lossy();
        self.reads(arguments).with(&["--suri-file", &key])
    }

    fn chain(&self, keys: &[Account]) -> RpcChain {
        let mut chain = accounts::connect(&self.node.url(), keys);
        chain.listen_to(self.contracts.named().map(|(_, address)| address));
        chain
    }

    /// Runs the network through all failures and checks the result.
    fn run(mut self) {
        let netuids = [self.create_subnet("yuma"), self.create_subnet("mean")];
        let heartbeat = ["heartbeat", "--every", BLOCK_TIME];
        let heartbeat = self.as_(accounts::CLOCK, &heartbeat).spawn();
        let proxy = Proxy::to(self.node.rpc_port());
        let urls = [self.node.url(), self.node.url(), proxy.url()];
        let mut workers: Vec<Worker> = [accounts::DAVE, accounts::EVE, accounts::FERDIE]
            .into_iter()
            .zip(&urls)
            .map(|(account, url)| Worker::start(&self.folder, account, url))
            .collect();
        let adversary = Adversary::start(self.chain(&[accounts::LIAR]), self.contracts, &netuids);

        self.wait_for_final(&netuids, 0, &workers);
        for netuid in netuids {
            self.set_weights(netuid);
        }
        self.wait_for_final(&netuids, 1, &workers);
        workers[0].kill_and_start_again();
        proxy.cut();
        thread::sleep(CUT);
        proxy.mend();
        self.wait_for_final(&netuids, 2, &workers);
        self.node.restart().expect("the node continues its chain");
        self.wait_for_final(&netuids, EPOCHS - 1, &workers);
        self.wait_until("all epochs are paid", &workers, |net, chain| {
            netuids.iter().all(|netuid| net.is_paid(chain, *netuid))
        });

        let notes = adversary.end();
        let logs: Vec<String> = workers.into_iter().map(Worker::end).collect();
        drop(heartbeat);
        self.check(&netuids, &notes, &logs.join("\n"));
    }

    /// Creates and starts a subnet with two validators and some miners.
    fn create_subnet(&self, kernel: &str) -> NetUid {
        let owner = accounts::ALICE;
        let create = [
            "subnet", "create", "--name", kernel, "--kernel", kernel, "--tempo", "12",
        ];
        let seats = [
            "--max-uids",
            "8",
            "--max-validators",
            "3",
            "--wait",
            "best",
            "--json",
        ];
        let created = self.as_(owner, &create).with(&seats).json();
        let netuid = created["netuid"].as_u64().expect("a number").to_string();
        let validators = [accounts::BOB, accounts::CHARLIE];
        let hotkeys = validators.map(Account::address).into_iter();
        for hotkey in validators.iter().chain(&accounts::MINERS) {
            hotkey.write_key(&self.folder);
            let key = self.folder.join(hotkey.key_file());
            let key = key.to_string_lossy();
            // On the second subnet the key is not needed any more, and does no harm.
            let register = ["neuron", "register", "--netuid", &netuid];
            let agreed = ["--hotkey-suri-file", &key, "--wait", "best"];
            self.as_(owner, &register).with(&agreed).text();
        }
        for (hotkey, amount) in hotkeys.zip(["600", "400"]) {
            let add = ["stake", "add", "--netuid", &netuid, "--hotkey", &hotkey];
            let amount = ["--amount", amount, "--wait", "best"];
            self.as_(owner, &add).with(&amount).text();
        }
        // Stake of before the start weighs in the first epoch.
        let start = ["subnet", "start", "--netuid", &netuid, "--wait", "best"];
        self.as_(owner, &start).text();
        if kernel == "yuma" {
            // Root stake on a validator of both subnets.
            let bob = accounts::BOB.address();
            let add = ["stake", "add", "--netuid", "0", "--hotkey", &bob];
            let amount = ["--amount", "2000", "--wait", "best"];
            self.as_(owner, &add).with(&amount).text();
            for worker in [
                accounts::DAVE,
                accounts::EVE,
                accounts::FERDIE,
                accounts::LIAR,
            ] {
                let to = worker.address();
                let give = ["wallet", "transfer", "--to", &to, "--amount", "500"];
                self.as_(owner, &give).with(&["--wait", "best"]).text();
            }
        }
        NetUid(netuid.parse().expect("a number"))
    }

    /// Sets different weights of both validators on the miners.
    fn set_weights(&self, netuid: NetUid) {
        let netuid = netuid.0.to_string();
        for (validator, weights) in [(accounts::BOB, "60,30,10"), (accounts::CHARLIE, "50,30,20")] {
            let set = ["weights", "set", "--netuid", &netuid, "--uids", "2,3,4"];
            let weights = ["--weights", weights, "--wait", "best"];
            self.as_(validator, &set).with(&weights).text();
        }
    }

    fn wait_for_final(&self, netuids: &[NetUid], epoch: u32, workers: &[Worker]) {
        let what = format!("epoch {epoch} is final");
        self.wait_until(&what, workers, |net, chain| {
            netuids.iter().all(|netuid| {
                let status = chain.query(net.contracts.epoch().status(*netuid));
                let status = status.expect("the chain answers").expect("a subnet");
                status.final_epoch.is_some_and(|last| last >= epoch)
            })
        });
    }

    fn wait_until(&self, what: &str, workers: &[Worker], is_so: impl Fn(&Self, &RpcChain) -> bool) {
        let chain = self.chain(&[]);
        let start = Instant::now();
        while !is_so(self, &chain) {
            let logs = || -> Vec<String> { workers.iter().map(Worker::log).collect() };
            assert!(
                start.elapsed() < TIMEOUT,
                "{what}: not in {} s\n{}",
                TIMEOUT.as_secs(),
                logs().join("\n")
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Returns true if the first epochs are paid in full.
    fn is_paid(&self, chain: &RpcChain, netuid: NetUid) -> bool {
        let status = chain.query(self.contracts.epoch().status(netuid));
        let status = status.expect("the chain answers").expect("a subnet");
        match status.settling {
            Some(settling) => settling.epoch >= EPOCHS || settling.is_complete(),
            None => true,
        }
    }

    /// Checks every invariant on the final state of the network.
    fn check(&self, netuids: &[NetUid], notes: &adversary::Notes, logs: &str) {
        let chain = self.chain(&[]);
        let events = chain.events(1).expect("the events");
        let mut observer = Observer::new(Rao::ZERO);
        observer.holders.insert(accounts::ALICE.id());
        observer.record(&self.contracts, &events);
        for netuid in netuids {
            let subnet = chain.query(self.contracts.registry().subnet(*netuid));
            observer.record_owner(*netuid, &subnet.expect("asked").expect("a subnet"));
            let mut honest = 0;
            for ((of, epoch), trace) in &notes.honest {
                let is_final = observer.subnets[of].epochs.get(epoch);
                if of == netuid && is_final.is_some_and(|record| record.digest.is_some()) {
                    observer.record_honest(*netuid, trace);
                    honest += 1;
                }
            }
            assert!(
                honest >= EPOCHS,
                "{netuid:?}: {honest} epochs have an honest trace\n{logs}"
            );
        }
        let audit = Audit {
            chain: &chain,
            addresses: self.contracts,
            observer: &observer,
        };
        audit.assert_all();

        assert!(notes.lies > 0, "at least one lie was posted\n{logs}");
        let slashed = events
            .iter()
            .filter_map(|it| it.decode::<Disputed>())
            .count();
        assert_eq!(slashed, notes.lies, "exactly the lies were slashed\n{logs}");
        for worker in [accounts::DAVE, accounts::EVE, accounts::FERDIE] {
            let collateral = chain.query(self.contracts.epoch().collateral(worker.id()));
            let collateral = collateral.expect("the chain answers");
            let balance = chain.query(psp22_balance(&self.contracts, worker));
            let owned =
                balance.expect("asked") + u128::from(collateral.free.0 + collateral.locked.0);
            assert!(
                owned >= Rao::from_tao(500).to_u128(),
                "{worker:?} has lost: {owned}\n{logs}"
            );
        }
        self.check_commands(netuids, logs);
    }

    /// Checks the output of reading commands.
    fn check_commands(&self, netuids: &[NetUid], logs: &str) {
        let listed = self.reads(&["subnet", "list", "--json"]).json();
        assert_eq!(listed.as_array().map(Vec::len), Some(netuids.len()));
        for netuid in netuids {
            let number = netuid.0.to_string();
            let graph = self
                .reads(&["metagraph", "--netuid", &number, "--json"])
                .json();
            let neurons = graph["neurons"].as_array().expect("neurons");
            assert_eq!(neurons.len(), accounts::MINERS.len() + 2);
            let incentive = |uid: usize| neurons[uid]["incentive"].as_u64().expect("a share");
            assert!(
                incentive(2) > incentive(3) && incentive(3) > incentive(4),
                "{graph}\n{logs}"
            );
            assert!(neurons[0]["dividends"].as_u64() > Some(0), "{graph}");
            let last = graph["final_epoch"].as_u64().expect("an epoch").to_string();
            let verify = ["verify", "--netuid", &number, "--epoch", &last];
            let store = self.folder.join(accounts::DAVE.name());
            let store = store.to_string_lossy();
            self.reads(&verify).with(&["--store", &store]).text();
            let shown = self.reads(&["epoch", "show", "--netuid", &number]).text();
            assert!(shown.contains("final"), "{shown}");
            self.reads(&["subnet", "show", "--netuid", &number]).text();
        }
        let coldkey = accounts::ALICE.address();
        let stakes = self
            .reads(&["stake", "list", "--coldkey", &coldkey, "--json"])
            .json();
        assert!(
            stakes["stakes"].as_array().map(Vec::len) >= Some(5),
            "{stakes}"
        );
        // Root stake weighs after two root epochs, which are 14 400 blocks.
        let root = &stakes["stakes"][0];
        assert!(root["pending_rao"].as_u64() > Some(0), "{stakes}");
        assert_eq!(root["pending_rao"], root["stake_rao"], "{stakes}");
        let store = self.folder.join(accounts::DAVE.name());
        let bonds = ["epoch", "bonds", "--netuid", "1", "--json"];
        let store = ["--store", &store.to_string_lossy()];
        let bonds = self.reads(&bonds).with(&store).json();
        assert_eq!(bonds["proven"], true, "{bonds}");
        assert!(bonds["bonds"].as_array().map(Vec::len) > Some(0), "{bonds}");
        self.reads(&["deployment", "check"]).text();
        self.check_record();
    }

    /// Checks that the epoch contract's address alone makes the same deployment record.
    fn check_record(&self) {
        let epoch = ss58(&self.contracts.epoch);
        let record = ["deployment", "record", "--network", "again", "--json"];
        let recorded = self.reads(&record).with(&["--epoch", &epoch]).json();
        let file = self.folder.join(recorded["file"].as_str().expect("a file"));
        let text = fs::read_to_string(&file).expect("the record");
        let record = Record::from_text(&text).expect("a record");
        assert_eq!(record.addresses().expect("whole"), self.contracts);
        // Two records of one chain are ambiguous.
        fs::remove_file(file).expect("removed");
    }
}

fn psp22_balance(contracts: &Addresses, who: Account) -> inktensor_client::chain::Message<u128> {
    use psp22::PSP22;
    contracts.psp22().balance_of(who.id()).into()
}

/// Returns placeholder addresses, until the contracts are deployed.
fn unknown() -> Addresses {
    Addresses::from_named(|_| Some([0; 32].into())).expect("all have one")
}
