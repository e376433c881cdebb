use super::*;
use crate::{chain_source::ChainSource, kernels::EngineChoice};
use inktensor_client::{
    chain::{Answer, ChainRead, Receipt, Typed},
    deploy::{deploy, Bundles, Config as Deployment},
    forward_deploys, forward_reads,
};
use inktensor_devnet::{account, sandbox::SandboxChain};
use inktensor_primitives::{
    registry::{NetworkRules, Registry},
    NetUid, Rao,
};
use psp22::PSP22;
use std::{
    cell::{Cell, Ref, RefCell},
    collections::BTreeSet,
    env, fs,
    path::PathBuf,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

const LONG: Duration = Duration::from_secs(600);
/// Blocks per epoch of the subnet.
pub const TEMPO: u32 = 5;

/// A chain with a subnet that has no neurons. Tests can read it directly, and put it out of reach.
#[derive(Clone)]
pub struct Net {
    pub chain: Rc<RefCell<SandboxChain>>,
    pub contracts: Addresses,
    pub is_out_of_reach: Rc<Cell<bool>>,
    pub sent: Rc<Cell<u32>>,
}

impl Net {
    pub fn new() -> Self {
        let bundles = Bundles::load().expect("the contracts are built");
        let bank = account("bank");
        let holders = vec![(bank, Rao::from_tao(10_000))];
        let config = Deployment::new(bank, account("treasury"), holders);
        let mut chain = SandboxChain::new();
        let contracts = deploy(&mut chain, &bundles, &config).unwrap().addresses;
        let net = Self {
            chain: Rc::new(RefCell::new(chain)),
            contracts,
            is_out_of_reach: Rc::default(),
            sent: Rc::default(),
        };
        net.create_subnet();
        net
    }

    /// Creates and starts a subnet without neurons.
    pub fn create_subnet(&self) -> NetUid {
        let (bank, contracts) = (account("bank"), self.contracts);
        let mut chain = self.chain.borrow_mut();
        chain.advance(NetworkRules::DEFAULT.creation_interval);
        let price: Rao = chain.query(contracts.registry().creation_price()).unwrap();
        let approve = contracts
            .psp22()
            .approve(contracts.registry, price.to_u128());
        chain.send(bank, approve).answer().unwrap();
        let subnet = contracts.registry().create_subnet(
            "test".into(),
            bank,
            contracts.yuma,
            TEMPO,
            8,
            2,
            Rao::CAP,
            None,
        );
        let netuid = chain.send(bank, subnet).answer().unwrap().value;
        chain
            .send(bank, contracts.registry().start(netuid))
            .answer()
            .unwrap();
        netuid
    }

    pub fn advance(&self, blocks: u32) {
        self.chain.borrow_mut().advance(blocks);
    }

    /// Returns the storage root of the epoch contract.
    pub fn root(&self) -> Option<Digest> {
        let chain = self.chain.borrow();
        chain.storage_root(&self.contracts.epoch).unwrap()
    }

    fn reach(&self) -> Result<Ref<'_, SandboxChain>, ChainError> {
        match self.is_out_of_reach.get() {
            true => Err(ChainError::Unreachable {
                address: "here".into(),
                reason: "a test".into(),
            }),
            false => Ok(self.chain.borrow()),
        }
    }
}

impl ChainRead for Net {
    forward_reads!(self => self.reach()?);
}

impl Chain for Net {
    forward_deploys!(self => self.chain.borrow_mut());

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        drop(self.reach()?);
        self.sent.set(self.sent.get() + 1);
        self.chain.borrow_mut().submit(signer, to, input)
    }
}

/// The loops of a worker on a network, without threads, with a store that is removed in the end.
struct AtWork {
    loops: Vec<RoleLoop>,
    handles: Handles,
    store: PathBuf,
}

fn handles() -> Handles {
    Handles {
        status: Arc::new(Status::new(LONG)),
        stop: Arc::default(),
    }
}

impl AtWork {
    fn new(net: &Net, dry_run: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let store = env::temp_dir().join(format!("inktensor-run-{}-{next}", std::process::id()));
        let config = Config {
            roles: [Role::Keeper, Role::Proposer, Role::Watcher].into(),
            chain: ChainSource::Served("here".into()),
            deployment: None,
            store: store.clone(),
            account: None,
            suri_file: None,
            netuids: BTreeSet::new(),
            min_fee: Rao::ZERO,
            max_bond: None,
            replay: None,
            agree: 1,
            early: false,
            max_tip: None,
            poll: Duration::from_millis(1),
            stagger: Duration::ZERO,
            stalled_after: LONG,
            log_format: logging::LogFormat::Text,
            log: String::new(),
            http: None,
            dry_run,
        };
        let handles = handles();
        let opened = || Opened {
            chain: Box::new(net.clone()),
            nodes: Vec::new(),
            contracts: net.contracts,
            store: None,
        };
        let signer = account("worker");
        let kernels = Kernels::new(EngineChoice::Wasm).unwrap();
        let never = || Err(ChainError::BadAnswer.into());
        let service =
            Service::new(&config, signer, never, &opened(), kernels, handles.clone()).unwrap();
        let role_loop = |role: &Role| {
            let status = handles.status.begin_loop(name(*role));
            service.role_loop(*role, opened(), status).unwrap()
        };
        let loops = config.roles.iter().map(role_loop).collect();
        Self {
            loops,
            handles,
            store,
        }
    }

    /// Lets each role take turns until nothing is due.
    fn turn(&mut self) {
        for role in &mut self.loops {
            while role.turn() {}
        }
    }

    fn problems(&self) -> usize {
        let loops = self.loops.iter();
        loops.map(|role| role.progress.problems.len()).sum()
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.store);
    }
}

#[test]
fn a_step_that_is_due_is_taken_once() {
    let net = Net::new();
    let mut worker = AtWork::new(&net, false);
    worker.turn();
    assert_eq!(net.sent.get(), 0);
    net.advance(TEMPO);
    worker.turn();
    worker.turn();
    assert_eq!(net.sent.get(), 1);
    assert_eq!(worker.problems(), 0);
}

#[test]
fn a_dry_run_changes_nothing_and_is_no_problem() {
    let net = Net::new();
    net.advance(TEMPO);
    let before = net.root();
    let mut worker = AtWork::new(&net, true);
    for _ in 0..3 {
        worker.turn();
        net.advance(1);
    }
    assert_eq!((net.root(), net.sent.get()), (before, 0));
    assert_eq!(worker.problems(), 0);
    assert!(worker.handles.status.readiness().is_ok());
}

#[test]
fn a_worker_without_a_chain_is_not_ready_looks_less_often_and_recovers() {
    let net = Net::new();
    let mut worker = AtWork::new(&net, false);
    worker.turn();
    assert!(worker.handles.status.readiness().is_ok());
    net.is_out_of_reach.set(true);
    for failures in 1..4 {
        worker.turn();
        let counted = worker.loops.iter().map(|role| role.progress.failures);
        assert!(counted.eq([failures; 3]));
        let problem = worker.handles.status.readiness().unwrap_err();
        assert!(problem.contains("does not answer"), "{problem}");
        assert!(worker.handles.status.health(None).is_ok());
    }
    // Each role has its own connection.
    assert_eq!(worker.problems(), 3);
    net.is_out_of_reach.set(false);
    // The same block is looked at again.
    worker.turn();
    assert!(worker.handles.status.readiness().is_ok());
    assert_eq!(worker.loops[0].progress.failures, 0);
    assert_eq!(worker.problems(), 0);
}

#[test]
fn a_chain_that_is_not_there_yet_is_waited_for() {
    let net = Net::new();
    let stop = Stop::default();
    let chain = ChainSource::Served("127.0.0.1:1".into());
    let mut attempts = 0;
    let told = Cell::new(0);
    let waits = |_| told.set(told.get() + 1);
    let open = || {
        attempts += 1;
        net.is_out_of_reach.set(attempts < 3);
        net.reach()?;
        Ok(Opened {
            chain: Box::new(net.clone()),
            nodes: Vec::new(),
            contracts: net.contracts,
            store: None,
        })
    };
    let found = opened(&stop, &chain, Duration::from_millis(1), open, waits).unwrap();
    assert!(found.is_some() && attempts == 3 && told.get() == 2);
    let never = || Err(ChainError::BadAnswer.into());
    let refused = opened(&stop, &chain, LONG, never, waits);
    assert!(matches!(refused, Err(SourceError::Chain(_))));
    stop.ask("SIGTERM");
    assert!(matches!(
        opened(&stop, &chain, LONG, never, waits),
        Ok(None)
    ));
}

#[test]
fn a_worker_that_is_to_end_sends_nothing_more() {
    let net = Net::new();
    net.advance(TEMPO);
    let mut worker = AtWork::new(&net, false);
    worker.handles.stop.ask("SIGTERM");
    worker.turn();
    assert_eq!(net.sent.get(), 0);
    assert_eq!(worker.problems(), 0);
}

#[test]
fn the_wait_for_a_chain_doubles_up_to_a_limit() {
    let poll = Duration::from_millis(200);
    assert_eq!(pause(poll, 0), poll);
    assert_eq!(pause(poll, 3), 8 * poll);
    assert_eq!(pause(poll, 100), LONGEST_WAIT);
    // A configured longer pause is kept.
    assert_eq!(pause(LONG, 100), LONG);
}

#[test]
fn of_several_workers_another_one_is_first_each_time() {
    let longest = Duration::from_secs(4);
    let accounts = ["one", "two", "three"].map(account);
    let mut firsts = [0; 3];
    for block in 0..300 {
        let waits = accounts.map(|account| stagger(longest, &account, block));
        assert!(waits.iter().all(|wait| *wait <= longest), "{waits:?}");
        let first = waits.iter().enumerate().min_by_key(|(_, wait)| **wait);
        firsts[first.unwrap().0] += 1;
    }
    assert!(firsts.iter().all(|times| *times > 60), "{firsts:?}");
    assert_eq!(stagger(Duration::ZERO, &accounts[0], 1), Duration::ZERO);
}
