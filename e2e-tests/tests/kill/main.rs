//! Workers killed at random moments: epochs continue, and nothing is lost.
//!
//! A process serves a chain. Three worker processes, a proposer, a keeper and a watcher, each with
//! a store, run its epochs, while an adversary posts lies. Many times one of the three is killed at
//! a random moment and started again. At the end all invariants of the protocol are checked and
//! every final epoch is compared with an honest computation. Only the liar has lost collateral.
//!
//! `INKTENSOR_KILLS` sets the number of kills, `INKTENSOR_SEED` the seed of all random numbers.
//!
//! This program also runs as its own processes: called as `kill devchain ..` or `kill run ..` it is
//! the binary `inktensor`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod adversary;
mod clock;
mod processes;

use adversary::{Adversary, Notes};
use clock::Clock;
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::{Config, Record},
};
use inktensor_devnet::{chain_dir::ChainDir, remote::RemoteChain};
use inktensor_e2e_tests::{accounts::*, adversary::Rng, network, Network, Shape, TempDir};
use inktensor_primitives::{
    dispute::Disputed,
    epoch::{EpochRules, EpochStatus, Epochs, Proposed, Stage},
    NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
};
use processes::{Devchain, Worker, KEEPER_ROLE, PROPOSER, ROLES, WATCHER};
use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::ExitCode,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread,
    time::{Duration, Instant},
};

/// The default number of kills.
const KILLS: u32 = 200;
/// The longest time between two kills.
const LONGEST_GAP: Duration = Duration::from_millis(450);
/// The time in which a worker reacts to a change on the chain.
const REACTION: Duration = Duration::from_millis(80);
/// The longest wait for an expected state.
const TIMEOUT: Duration = Duration::from_secs(240);
/// Blocks in which an assertion can be disputed.
const CHALLENGE_PERIOD: u32 = 150;
/// The honest worker's TAO for collateral.
const FUNDS: Rao = Rao::from_tao(1_000);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("devchain" | "run") => return inktensor_cli::main(),
        Some("--list") => return ExitCode::SUCCESS,
        _ => (),
    }
    // Names select tests, as in other test programs.
    let mut names = arguments
        .iter()
        .filter(|it| !it.starts_with('-'))
        .peekable();
    if names.peek().is_some() && !names.any(|name| "kill".contains(name.as_str())) {
        return ExitCode::SUCCESS;
    }
    killed_workers_lose_nothing();
    ExitCode::SUCCESS
}

fn number(name: &str, default: u32) -> u32 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text}")),
        Err(_) => default,
    }
}

fn killed_workers_lose_nothing() {
    let (kills, seed) = (
        number("INKTENSOR_KILLS", KILLS),
        number("INKTENSOR_SEED", 1),
    );
    let mut rng = Rng::new(seed.into(), 0);
    let folder = TempDir::new();
    let mut net = populated();
    let netuids: Vec<NetUid> = (1..=net.subnets()).map(NetUid).collect();
    let stores = run_first_epochs(&mut net, &netuids, folder.path());
    let kept = ChainDir::at(folder.path().join("chain"));
    let (state, template) = net.export();
    kept.create().expect("a folder");
    let record = Record::found(net.chain(), &net.addresses(), "kill").expect("deployed");
    kept.save_record(&record).expect("written");
    kept.save(&state).expect("written");

    let devchain = Devchain::start(&folder.path().join("chain"));
    let start = Instant::now();
    let mut workers = ROLES.map(|(role, account)| {
        let store = folder.path().join(role);
        copy(&stores, &store);
        Worker::start(role, account, &devchain.address, &store)
    });
    workers.iter().for_each(Worker::wait_until_ready);
    let ready = start.elapsed();

    let ending = Arc::new(AtomicBool::new(false));
    let stopping = Arc::new(AtomicBool::new(false));
    let adversary = Adversary {
        chain: devchain.connect(),
        contracts: net.addresses(),
        ledger: ledger(&net, &stores),
        netuids: netuids.clone(),
        rng: Rng::new(seed.into(), 1),
        ending: Arc::clone(&ending),
    };
    let adversary = thread::spawn(move || adversary.observe());
    let clock = Clock {
        chain: devchain.connect(),
        contracts: net.addresses(),
        netuids: netuids.clone(),
        ending: Arc::clone(&stopping),
    };
    let clock = thread::spawn(move || clock.run());
    let chain = devchain.connect();
    let first = finals(&net, &chain, &netuids);
    let mut killed: BTreeMap<&str, u32> = BTreeMap::new();
    let start = Instant::now();
    for _ in 0..kills {
        let victim = moment(&net, &chain, &netuids, &mut rng);
        assert!(!adversary.is_finished(), "the adversary has failed");
        assert!(!clock.is_finished(), "the clock has failed");
        let victim = &mut workers[victim];
        victim.kill_and_start_again();
        *killed.entry(victim.role).or_default() += 1;
    }
    let killing = start.elapsed();
    // Epochs in progress at the last kill are finished.
    wait_for_settled(&net, &chain, &netuids);
    ending.store(true, Ordering::Relaxed);
    let notes = adversary.join().expect("the adversary has not failed");
    wait_for_no_lie(&net, &chain, &netuids);
    stopping.store(true, Ordering::Relaxed);
    let waits = clock.join().expect("the clock has not failed");
    let last = finals(&net, &chain, &netuids);
    let logs = workers.map(Worker::end).join("\n");

    let net = resume(&net, &template, &kept, &chain, devchain);
    let lies = check(net, &notes, &logs);
    println!(
        "{kills} kills in {:.1} s, seed {seed}: {killed:?}; three processes were ready after {:.2} s",
        killing.as_secs_f64(),
        ready.as_secs_f64()
    );
    for (netuid, (first, last)) in netuids.iter().zip(first.iter().zip(&last)) {
        println!(
            "subnet {}: epochs {} to {last} became final and were paid",
            netuid.0,
            first + 1
        );
    }
    println!("{lies} lies were posted, all slashed; the honest worker lost no collateral");
    println!("in {waits} moments the chain waited for the dispute of a lie");
}

/// Waits for the moment of a kill. Returns the worker to kill: a random one at a random time, or
/// the one that reacts to a change on the chain.
fn moment(net: &Network, chain: &RemoteChain, netuids: &[NetUid], rng: &mut Rng) -> usize {
    let random = rng.below(ROLES.len());
    if rng.below(2) == 0 {
        thread::sleep(LONGEST_GAP.mul_f64(share(rng)));
        return random;
    }
    let look = || -> Vec<EpochStatus> {
        let status = |netuid: &NetUid| chain.query(net.addresses().epoch().status(*netuid));
        let found = netuids.iter().map(status);
        found
            .map(|status| status.expect("the chain answers").expect("a subnet"))
            .collect()
    };
    let (before, start) = (look(), Instant::now());
    while start.elapsed() < LONGEST_GAP {
        let now = look();
        if let Some((_, changed)) = before.iter().zip(&now).find(|(old, new)| old != new) {
            thread::sleep(REACTION.mul_f64(share(rng)));
            return match &changed.stage {
                Stage::Closed => PROPOSER,
                stage if is_lied_about(stage) => WATCHER,
                _ => KEEPER_ROLE,
            };
        }
        thread::sleep(Duration::from_millis(15));
    }
    random
}

/// Returns four subnets of different tempo with stake, whose epochs take a few seconds on the
/// devchain.
fn populated() -> Network {
    let rules = EpochRules {
        challenge_period: CHALLENGE_PERIOD,
        settle_window: 2_000,
        // Workers do all the work.
        replay_delay: 10_000,
        rollover_delay: 20_000,
        ..network::config().rules
    };
    let mut net = Network::deploy_with(&Config {
        rules,
        ..network::config()
    });
    for tempo in [20, 33, 47, 61] {
        let netuid = net.create(Shape {
            tempo,
            ..Shape::default()
        });
        net.with_validators(netuid, 3).with_miners(netuid, 5);
    }
    net.fund(WORKER, FUNDS);
    net.fund(LIAR, FUNDS);
    let epoch = net.addresses().epoch;
    net.as_(LIAR)
        .increase_allowance(epoch, FUNDS.to_u128())
        .expect("allowed");
    net.as_(LIAR).deposit_collateral(FUNDS).expect("deposited");
    net
}

/// Runs each subnet's first epoch, so that there are permits for setting weights. Returns the
/// folder of a store with these epochs.
fn run_first_epochs(net: &mut Network, netuids: &[NetUid], folder: &Path) -> std::path::PathBuf {
    let stores = folder.join("first");
    let mut ledger = ledger(net, &stores);
    for netuid in netuids {
        net.close(*netuid);
        net.with_chain(|chain| ledger.closed(chain, *netuid))
            .expect("computed");
        net.assert_epoch(*netuid);
        net.finalize(*netuid);
        net.settle(*netuid);
        net.honest_weights(*netuid);
    }
    stores
}

fn ledger(net: &Network, store: &Path) -> EpochCache {
    use inktensor_worker::store::{Home, Store};
    let home = Home::on(net.chain(), net.addresses().epoch).expect("the chain answers");
    let kernels = Kernels::new(EngineChoice::Wasm).expect("wasmtime starts");
    EpochCache::new(net.addresses(), kernels).with_store(Store::open(store, home).expect("opened"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

/// Returns the last final epoch of each subnet.
fn finals(net: &Network, chain: &RemoteChain, netuids: &[NetUid]) -> Vec<u32> {
    let last = |netuid: &NetUid| {
        let status = chain.query(net.addresses().epoch().status(*netuid));
        let status = status.expect("the chain answers").expect("a subnet");
        status.final_epoch.expect("the first epoch is final")
    };
    netuids.iter().map(last).collect()
}

/// Waits until the closed epochs, or else the open ones, are final and paid.
fn wait_for_settled(net: &Network, chain: &RemoteChain, netuids: &[NetUid]) {
    let status = |netuid: NetUid| {
        let status = chain.query(net.addresses().epoch().status(netuid));
        status.expect("the chain answers").expect("a subnet")
    };
    let start = Instant::now();
    for netuid in netuids {
        let begun = status(*netuid);
        let wanted = begun.open - u32::from(begun.stage != Stage::Open);
        loop {
            let status = status(*netuid);
            let settling = status.settling.as_ref();
            let paid = settling.is_none_or(|settling| settling.epoch > wanted);
            if status.final_epoch >= Some(wanted) && paid {
                break;
            }
            assert!(
                start.elapsed() < TIMEOUT,
                "epoch {wanted} of subnet {} is not finished in block {:?}: {status:?}",
                netuid.0,
                chain.block()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns true if an assertion of the liar stands.
fn is_lied_about(stage: &Stage) -> bool {
    stage.standing().iter().any(|it| it.proposer == LIAR)
}

/// Waits until no lie is posted.
fn wait_for_no_lie(net: &Network, chain: &RemoteChain, netuids: &[NetUid]) {
    let start = Instant::now();
    for netuid in netuids {
        loop {
            let status = chain.query(net.addresses().epoch().status(*netuid));
            let status = status.expect("the chain answers").expect("a subnet");
            if !is_lied_about(&status.stage) {
                break;
            }
            assert!(start.elapsed() < TIMEOUT, "the lie is not disputed");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns the network on the chain that was served, read from its folder.
fn resume(
    net: &Network,
    template: &inktensor_e2e_tests::Template,
    kept: &ChainDir,
    chain: &RemoteChain,
    devchain: Devchain,
) -> Network {
    let block = chain.block().expect("the chain answers");
    let events = chain.events(0).expect("the chain answers").len();
    let start = Instant::now();
    loop {
        let chain = kept.chain().expect("kept");
        if chain.block().expect("the block") >= block {
            assert_eq!(chain.events(0).expect("the events").len(), events);
            drop(devchain);
            assert_eq!(kept.contracts().expect("kept"), net.addresses());
            return Network::resume(template, chain);
        }
        assert!(start.elapsed() < TIMEOUT, "the chain is not saved");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Checks the final state of the network. Returns the number of lies.
fn check(mut net: Network, notes: &Notes, logs: &str) -> usize {
    let events = net.chain().events(0).expect("the events");
    let mut proposers = BTreeMap::new();
    let (mut lies, mut slashed) = (0, 0);
    for event in &events {
        if let Some(proposed) = event.decode::<Proposed>() {
            lies += usize::from(proposed.proposer == LIAR);
            let posted = (proposed.netuid, proposed.assertion.digest());
            proposers.insert(posted, proposed.proposer);
        }
        if let Some(disputed) = event.decode::<Disputed>() {
            assert_eq!(
                proposers[&(disputed.netuid, disputed.assertion)],
                LIAR,
                "only lies are slashed\n{logs}"
            );
            slashed += 1;
        }
    }
    assert_eq!((lies, slashed), (notes.lies, notes.lies), "{logs}");
    assert!(lies > 0, "at least one lie was posted");
    let mut checked = 0;
    for ((netuid, epoch), trace) in &notes.honest {
        if net.observer().subnets[netuid].epochs[epoch]
            .digest
            .is_some()
        {
            net.record_honest(*netuid, trace);
            checked += 1;
        }
    }
    let records = || net.observer().subnets.values().flat_map(|it| &it.epochs);
    let finals = records()
        .filter(|(_, record)| record.digest.is_some())
        .count();
    // The first epoch of each subnet was run by the test.
    assert_eq!(
        finals,
        checked + usize::from(net.subnets()),
        "all epochs have an honest trace"
    );
    for history in net.observer().subnets.values() {
        for (epoch, record) in &history.epochs {
            let last = history.last_final == Some(*epoch);
            assert!(
                record.digest.is_none() || record.complete || last,
                "epoch {epoch} was paid in full\n{logs}"
            );
        }
    }
    let collateral = net.collateral(WORKER);
    let owned = net.balance(WORKER) + collateral.free.to_u128() + collateral.locked.to_u128();
    assert!(
        owned >= FUNDS.to_u128(),
        "the honest worker has lost {owned}"
    );
    net.assert_invariants();
    lies
}

/// The account that posts lies.
pub const LIAR: inktensor_primitives::AccountId = named("liar");

/// Returns a number from 0 to 1.
fn share(rng: &mut Rng) -> f64 {
    f64::from(rng.u16()) / f64::from(u16::MAX)
}
