//! Workers that are stopped and started again on the same store.

use crate::worker::{act, fresh, ledger, populated};
use inktensor_client::chain::ChainError;
use inktensor_compute::engine::{native::Native, Engine, EngineError, PhaseJob, StepFailed};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{
    accounts::*,
    intercept::{Intercepted, Transaction},
    Network, TempDir,
};
use inktensor_primitives::{
    epoch::Stage,
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
    NetUid,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Keeper, Proposer, RoleError, Watcher},
    store::{MemoryExport, StoreError},
};
use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

/// The linked kernel with a count of planned epochs.
#[derive(Default)]
struct Counting {
    epochs: AtomicU32,
}

impl Engine for Counting {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        self.epochs.fetch_add(1, Ordering::Relaxed);
        Native::on_one_core().plan(header)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        Native::on_one_core().step(input)
    }

    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        Native::on_one_core().phase(job)
    }
}

/// Runs one worker until epoch `epoch` is closed and posted.
fn run_until_posted(net: &mut Network, netuid: NetUid, ledger: &mut EpochCache, epoch: u32) {
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
fn worker_restarted_at_every_block_computes_each_epoch_once() {
    let mut net = Network::deploy();
    populated(&mut net);
    let folder = TempDir::new();
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
    assert_eq!(count(|it| matches!(it, Action::CollateralAdded { .. })), 1);
}

/// Returns a network whose epoch 2 is posted, with the worker that was there from the start.
fn with_a_veteran(folder: &TempDir) -> (Network, NetUid, EpochCache) {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let mut veteran = fresh(&net, folder);
    run_until_posted(&mut net, netuid, &mut veteran, 0);
    net.advance(net.rules().challenge_period);
    act(&mut net, &mut veteran).expect("no problem");
    net.honest_weights(netuid);
    run_until_posted(&mut net, netuid, &mut veteran, 2);
    (net, netuid, veteran)
}

#[test]
fn new_worker_reads_the_memory_that_settlement_published() {
    let (old, new) = (TempDir::new(), TempDir::new());
    let (net, netuid, _) = with_a_veteran(&old);
    let mut newcomer = fresh(&net, &new);
    let computed = newcomer.closed(net.chain(), netuid).expect("computed");
    let [posted] = net.standing(netuid)[..] else {
        panic!("the veteran has posted it");
    };
    assert_eq!(computed.assertion.digest(), posted.assertion);
}

#[test]
fn new_worker_imports_memory_with_the_final_hashes_only() {
    let (old, new) = (TempDir::new(), TempDir::new());
    let (net, netuid, veteran) = with_a_veteran(&old);
    let newcomer = fresh(&net, &new);
    let export = veteran.export(netuid, 1).expect("computed");
    let bends: [fn(&mut MemoryExport); 3] = [
        |it| it.memory[0].push(1),
        |it| it.memory.push(Vec::new()),
        |it| it.epoch = 0,
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
}

/// The moment of a kill: transaction number `at`, which reaches the chain or not.
#[derive(Clone, Copy, Debug)]
struct Kill {
    at: usize,
    arrives: bool,
}

/// Runs roles with a store for two epochs, with one kill and restart. Returns the number of
/// transactions.
fn run_killed(net: &mut Network, netuid: NetUid, kill: Option<Kill>) -> usize {
    let folder = TempDir::new();
    let mut sent = 0;
    let mut worker = Some(fresh(net, &folder));
    for _ in 0..100 {
        let status = net.status(netuid).expect("a status");
        if status.final_epoch == Some(1) && status.settling.is_none() {
            return sent;
        }
        loop {
            // The killed worker has released the store.
            let mut ledger = match worker.take() {
                Some(ledger) => ledger,
                None => fresh(net, &folder),
            };
            let mut killed = false;
            let roles = (
                Keeper::new(KEEPER, net.addresses()),
                Proposer::new(WORKER, net.addresses()),
                Watcher::new(STRANGER, net.addresses()),
            );
            let acted = net.with_chain(|chain| {
                let mut mortal = Intercepted {
                    chain,
                    intercept: |chain: &mut SandboxChain, transaction: Transaction<'_>| {
                        let dead = || {
                            Err(ChainError::Unreachable {
                                address: "here".into(),
                                reason: "killed".into(),
                            })
                        };
                        let now = sent;
                        sent += usize::from(!killed);
                        match kill {
                            _ if killed => dead(),
                            Some(kill) if kill.at == now => {
                                killed = true;
                                if kill.arrives {
                                    transaction.submit(chain)?;
                                }
                                dead()
                            }
                            _ => transaction.submit(chain),
                        }
                    },
                };
                let mut actions = Vec::new();
                actions.extend(roles.0.tick(&mut mortal, &mut ledger)?.clean()?);
                actions.extend(roles.1.tick(&mut mortal, &mut ledger)?.clean()?);
                actions.extend(roles.2.tick(&mut mortal, &mut ledger)?.clean()?);
                Ok::<_, RoleError>(actions)
            });
            if killed {
                assert!(acted.is_err(), "a dead worker does nothing");
                continue;
            }
            worker = Some(ledger);
            if acted.expect("no problem").is_empty() {
                break;
            }
        }
        let status = net.status(netuid).expect("a status");
        net.advance_to(match (&status.stage, status.stage.standing().first()) {
            (Stage::Open, _) => status.closes_at,
            (_, Some(posted)) => posted.deadline,
            (stage, None) => panic!("the proposer has nothing to wait for: {stage:?}"),
        });
    }
    panic!("two epochs take fewer turns");
}

/// A kill between any two steps or during one pays nothing twice and loses no collateral: the final
/// state is the same in every byte.
#[test]
fn worker_killed_at_any_transaction_ends_in_the_same_state() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let begin = net.template();
    let mut undisturbed = Network::begin_from(&begin);
    let transactions = run_killed(&mut undisturbed, netuid, None);
    let end = undisturbed.snapshot();
    // Two epochs of close, propose, and finalize with settle; one approval and one deposit of
    // collateral.
    assert_eq!(transactions, 8);
    for at in 0..transactions {
        for arrives in [false, true] {
            let kill = Kill { at, arrives };
            let mut net = Network::begin_from(&begin);
            run_killed(&mut net, netuid, Some(kill));
            assert_eq!(net.snapshot(), end, "{kill:?}");
        }
    }
}
