//! A worker under load: all subnets are due within 50 blocks, and one lie is posted in the last of
//! them. The watcher of one process with all roles disputes it in time.
//!
//! The worker runs as it does in a process: a thread and a connection for each role. A transaction
//! takes until the next block, as on a node. The normal run is small; set `INKTENSOR_LOAD` for
//! another size, as subnets, neurons of each and milliseconds a block:
//!
//! ```sh
//! INKTENSOR_LOAD=128x256x1000 cargo test --workspace --release --test network load -- --nocapture
//! ```

use inktensor_client::{
    chain::{Answer, Call, Chain, ChainError, ChainRead, Receipt, Typed},
    deploy::Addresses,
    forward_deploys, forward_reads,
};
use inktensor_devnet::{
    remote::RemoteChain,
    server::{Devchain, Settings},
};
use inktensor_e2e_tests::{accounts::*, engines, Network, Shape, TempDir};
use inktensor_primitives::{
    dispute::Disputed,
    epoch::{EpochRules, EpochStatus, Epochs},
    registry::NetworkRules,
    AccountId, Bps, NetUid, Rao,
};
use inktensor_worker::{
    chain_source::{ChainSource, Opened},
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    service::{
        self,
        config::{Config, Role},
        logging::LogFormat,
        signals::Stop,
        status::Status,
        Handles,
    },
};
use std::{
    collections::BTreeSet,
    env,
    net::TcpListener,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Blocks within which all subnets are due.
const BURST: u32 = 50;
/// Blocks of a challenge period.
const PERIOD: u32 = 240;

/// The size of a run.
#[derive(Clone, Copy, Debug)]
struct Load {
    subnets: u32,
    neurons: u32,
    block: Duration,
}

impl Load {
    fn chosen() -> Self {
        let Ok(text) = env::var("INKTENSOR_LOAD") else {
            return Self {
                subnets: 12,
                neurons: 6,
                block: Duration::from_millis(100),
            };
        };
        let parts: Vec<u64> = text
            .split('x')
            .map(|part| {
                part.parse()
                    .expect("INKTENSOR_LOAD is SUBNETSxNEURONSxMILLISECONDS")
            })
            .collect();
        let [subnets, neurons, block] = parts[..] else {
            panic!("INKTENSOR_LOAD is SUBNETSxNEURONSxMILLISECONDS");
        };
        Self {
            subnets: subnets.try_into().expect("subnets"),
            neurons: neurons.try_into().expect("neurons"),
            block: Duration::from_millis(block),
        }
    }

    /// Returns a network whose subnets are due one after the other from the next block on, and the
    /// last of them, for the lie.
    fn network(self) -> (Network, NetUid) {
        let mut net = Network::deploy_with(&inktensor_client::deploy::Config {
            rules: EpochRules {
                challenge_period: PERIOD,
                collateral: Rao::from_tao(10),
                collateral_part: Bps(0),
                reward_part: Bps(1_000),
                settle_window: 300,
                replay_delay: 900,
                rollover_delay: 1_800,
            },
            // The price of a subnet doubles with each one, but for a price of zero.
            network: NetworkRules {
                min_lock: Rao::ZERO,
                ..inktensor_e2e_tests::network::config().network
            },
            ..inktensor_e2e_tests::network::config()
        });
        let seats = u16::try_from(self.neurons).expect("seats");
        let netuids: Vec<NetUid> = (1..=self.subnets)
            .map(|number| {
                let netuid = net.create(Shape {
                    tempo: 360 + BURST * number / self.subnets,
                    seats,
                    permits: 64,
                    starts: false,
                    ..Shape::default()
                });
                net.with_validators(netuid, 2);
                net.enrol_crowd(netuid, ALICE, "miner", self.neurons - 2);
                netuid
            })
            .collect();
        for netuid in &netuids {
            net.as_(OWNER).start(*netuid).expect("started");
        }
        let due = netuids
            .iter()
            .map(|netuid| net.status(*netuid).expect("a status").closes_at);
        let first = due.min().expect("a subnet");
        net.advance_to(first - 1);
        net.fund(WORKER, Rao::from_tao(10 * u64::from(self.subnets) + 10));
        let epoch = net.addresses().epoch;
        // The lie may have to stand beside the truth.
        net.provide(BOB, epoch, Rao::from_tao(100));
        net.as_(BOB)
            .deposit_collateral(Rao::from_tao(100))
            .expect("deposited");
        (net, netuids[netuids.len() - 1])
    }
}

/// A chain on which a transaction takes until the next block.
struct Waiting(RemoteChain);

impl Waiting {
    fn wait(&self, block: u32) -> Result<(), ChainError> {
        while self.0.block()? == block {
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl ChainRead for Waiting {
    forward_reads!(self => self.0);
}

impl Chain for Waiting {
    forward_deploys!(self => self.0);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let block = self.0.block()?;
        let sent = self.0.submit(signer, to, input);
        self.wait(block)?;
        sent
    }

    fn submit_many(
        &mut self,
        signer: AccountId,
        calls: &[Call],
    ) -> Vec<Result<Receipt, ChainError>> {
        let block = self.0.block();
        let sent = self.0.submit_many(signer, calls);
        match block.and_then(|block| self.wait(block)) {
            Ok(()) => sent,
            Err(error) => calls.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

/// Closes the epoch of `netuid` as soon as it is due, and posts a false assertion of it. Returns
/// the block.
fn lie_at_once(chain: &mut RemoteChain, contracts: Addresses, netuid: NetUid) -> u32 {
    let mut epochs = EpochCache::new(contracts, engines::kernels());
    let status = chain.query(contracts.epoch().status(netuid));
    let due: EpochStatus = status.expect("readable").expect("a status");
    while chain.block().expect("a block") < due.closes_at {
        thread::sleep(Duration::from_millis(2));
    }
    // The keeper may have closed it.
    let _ = chain.send(BOB, contracts.epoch().close(netuid)).answer();
    let computed = epochs.closed(chain, netuid).expect("computed");
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    let message = contracts.epoch().propose(netuid, lie);
    chain.send(BOB, message).answer().expect("posted");
    chain.block().expect("a block")
}

#[test]
fn load_of_all_subnets_at_once_hides_no_lie_from_the_watcher_of_one_process() {
    let load = Load::chosen();
    let (mut net, netuid) = load.network();
    let contracts = net.addresses();
    let state = net.with_chain(inktensor_devnet::sandbox::SandboxChain::state);
    let chain = inktensor_devnet::sandbox::SandboxChain::begin_from(&state);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let settings = Settings {
        block_time: Some(load.block),
        keep: None,
        problem: Box::new(|problem| panic!("{problem}")),
    };
    let devchain = Devchain::start(listener, chain, &contracts, settings).expect("served");
    let address = devchain.address().to_string();
    let connect = || RemoteChain::connect(address.clone(), Duration::from_secs(120));
    let folder = TempDir::new();
    let config = Config {
        roles: [Role::Keeper, Role::Proposer, Role::Watcher].into(),
        netuids: BTreeSet::new(),
        min_fee: Rao::ZERO,
        max_bond: None,
        chain: ChainSource::Served(address.clone()),
        deployment: None,
        store: folder.path().to_path_buf(),
        account: None,
        suri_file: None,
        replay: None,
        agree: 1,
        early: false,
        max_tip: None,
        poll: Duration::from_millis(20),
        stagger: Duration::ZERO,
        stalled_after: Duration::from_secs(600),
        log_format: LogFormat::Text,
        log: String::new(),
        http: None,
        dry_run: false,
    };
    let handles = Handles {
        status: Arc::new(Status::new(config.stalled_after)),
        stop: Arc::new(Stop::default()),
    };
    let open = || {
        Ok(Opened {
            chain: Box::new(Waiting(connect()?)),
            contracts,
            store: None,
            nodes: Vec::new(),
        })
    };
    let kernels = Kernels::new(EngineChoice::Wasm)
        .expect("wasmtime starts")
        .with_linked(inktensor_e2e_tests::bundles());
    thread::scope(|scope| {
        let worker = scope.spawn(|| service::run(&config, WORKER, open, kernels, handles.clone()));
        let mut chain = connect().expect("served");
        let posted = lie_at_once(&mut chain, contracts, netuid);
        let disputed = wait_for_dispute(&chain, contracts, netuid, posted);
        handles.stop.ask("the test");
        worker.join().expect("no panic").expect("it ran");
        let took = disputed - posted;
        println!("{load:?}: the lie of block {posted} was disputed {took} blocks later");
        assert!(took < PERIOD / 2, "{took} blocks of {PERIOD}");
    });
}

/// Waits until an assertion of `netuid` is disputed. Returns the block.
fn wait_for_dispute(chain: &RemoteChain, contracts: Addresses, netuid: NetUid, posted: u32) -> u32 {
    let start = Instant::now();
    loop {
        let events = chain.events(posted).expect("readable");
        let disputed = events.iter().find(|event| {
            let disputed = event.decode::<Disputed>();
            event.contract == contracts.epoch && disputed.is_some_and(|it| it.netuid == netuid)
        });
        if let Some(event) = disputed {
            return event.block;
        }
        let block = chain.block().expect("a block");
        assert!(block < posted + PERIOD, "the lie stands after its period");
        assert!(start.elapsed() < Duration::from_secs(3_600));
        thread::sleep(Duration::from_millis(20));
    }
}
