//! Workers that are stopped and started again on the same store.

use inktensor_e2e_tests::{accounts::*, network::bundles, Folder, Network, Shape};
use inktensor_primitives::{
    epoch::Stage,
    hash::blake2,
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
    NetUid, Rao,
};
use inktensor_worker::{
    engine::{native::Native, Engine, EngineError, PhaseJob, StepFailed},
    roles::{Action, EngineChoice, Keeper, Kernels, Ledger, Proposer, RoleError},
    store::{MemoryExport, Store, StoreError},
};
use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

/// The linked kernel, counting the epochs that it is asked to plan.
#[derive(Default)]
struct Counting {
    epochs: AtomicU32,
}

impl Engine for Counting {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        self.epochs.fetch_add(1, Ordering::Relaxed);
        Native::on_threads(1).plan(header)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        Native::on_threads(1).step(input)
    }

    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        Native::on_threads(1).phase(job)
    }
}

/// A subnet of two validators and three miners.
fn community(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    net.fund(WORKER, Rao::from_tao(100));
    netuid
}

fn ledger(net: &Network, store: Store, engine: Arc<dyn Engine>) -> Ledger {
    let built = bundles().yuma.code.clone();
    let yuma = blake2(&built);
    let kernels = Kernels::new(EngineChoice::Native { built }).expect("wasmtime starts");
    Ledger::new(net.addresses(), kernels.with_native(yuma, engine)).with_store(store)
}

fn fresh(net: &Network, folder: &Folder) -> Ledger {
    let store = folder.store(net).expect("opened");
    ledger(net, store, Arc::new(Counting::default()))
}

/// Both roles act once.
fn act(net: &mut Network, ledger: &mut Ledger) -> Result<Vec<Action>, RoleError> {
    let (keeper, proposer) = (
        Keeper::new(KEEPER, net.addresses()),
        Proposer::new(WORKER, net.addresses()),
    );
    let mut actions = Vec::new();
    net.with_chain(|chain| {
        actions.extend(keeper.tick(chain, ledger)?.clean()?);
        actions.extend(proposer.tick(chain, ledger)?.clean()?);
        Ok(actions)
    })
}

/// Lets one worker act until epoch `epoch` is closed and posted.
fn live_until_posted(net: &mut Network, netuid: NetUid, ledger: &mut Ledger, epoch: u32) {
    for _ in 0..200 {
        let actions = act(net, ledger).expect("no problem");
        if actions.contains(&Action::Proposed { netuid, epoch }) {
            return;
        }
        net.advance(1);
    }
    panic!("an epoch takes less than 100 blocks");
}

#[test]
fn worker_started_at_every_block_goes_on_and_computes_each_epoch_once() {
    let mut net = Network::deploy();
    community(&mut net);
    let folder = Folder::new();
    let engine = Arc::new(Counting::default());
    let mut actions = Vec::new();
    for _ in 0..80 {
        let store = folder.store(&net).expect("opened");
        let mut ledger = ledger(&net, store, engine.clone());
        actions.extend(act(&mut net, &mut ledger).expect("no problem"));
        net.advance(1);
    }
    let count = |wanted: fn(&Action) -> bool| actions.iter().filter(|it| wanted(it)).count();
    assert!(count(|it| matches!(it, Action::Settled { .. })) >= 2);
    let epochs = count(|it| matches!(it, Action::Closed { .. }));
    assert_eq!(engine.epochs.load(Ordering::Relaxed) as usize, epochs);
    assert_eq!(count(|it| matches!(it, Action::Bonded { .. })), 1);
}

#[test]
fn newcomer_brings_in_the_memory_of_the_last_final_epoch() {
    let mut net = Network::deploy();
    let netuid = community(&mut net);
    let (old, new) = (Folder::new(), Folder::new());
    let mut veteran = fresh(&net, &old);
    live_until_posted(&mut net, netuid, &mut veteran, 1);

    let mut newcomer = fresh(&net, &new);
    let unknown = newcomer.closed(net.chain(), netuid).expect_err("no memory");
    assert!(
        matches!(unknown, RoleError::MemoryUnknown { epoch: 0, .. }),
        "{unknown}"
    );
    assert!(unknown.to_string().contains("store import"), "{unknown}");

    let export = veteran.export(netuid, 0).expect("computed");
    let bends: [fn(&mut MemoryExport); 3] = [
        |it| it.memory[0].push(1),
        |it| it.memory.push(Vec::new()),
        |it| it.epoch = 1,
    ];
    for bend in bends {
        let mut bent = export.clone();
        bend(&mut bent);
        let refused = newcomer.import(net.chain(), &bent).expect_err("refused");
        assert!(
            matches!(refused, RoleError::OtherMemory { .. }),
            "{refused}"
        );
    }
    let mut foreign = export.clone();
    foreign.home.epoch = net.addresses().token;
    let refused = newcomer.import(net.chain(), &foreign).expect_err("refused");
    assert!(
        matches!(refused, RoleError::Store(StoreError::OtherExport { .. })),
        "{refused}"
    );

    newcomer.import(net.chain(), &export).expect("brought in");
    let computed = newcomer.closed(net.chain(), netuid).expect("computed");
    let Stage::Asserted { assertion, .. } = net.status(netuid).expect("a status").stage else {
        panic!("the veteran has posted it");
    };
    assert_eq!(computed.assertion.digest(), assertion);
}
