//! The proposer's limits on its collateral after a slash or a difference of engines.

use crate::worker::{act, fresh, ledger, populated};
use inktensor_compute::{
    engine::{native::Native, Engine, EngineError},
    epoch::{Difference, StepPart},
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{
    accounts::*,
    intercept::{Intercepted, Transaction},
    Network, Shape, TempDir,
};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::Collateral,
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
    NetUid, Rao, Uid,
};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    roles::{Action, Keeper, Proposer, RoleError, Watcher},
    store::Intent,
};
use std::sync::Arc;

/// Posts a lie signed by the worker, as a stolen key or a broken worker would; a watcher disputes
/// it.
fn slash_the_worker(net: &mut Network, netuid: NetUid, ledger: &mut EpochCache) -> Assertion {
    let mut lie = net.compute(netuid).assertion;
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let watcher = Watcher::new(STRANGER, net.addresses());
    let report = net.with_chain(|chain| watcher.tick(chain, ledger));
    let actions = report.expect("the chain answers").clean();
    assert!(matches!(
        actions.expect("no problem")[..],
        [Action::Disputed { .. }]
    ));
    lie
}

fn is_slashed(refused: Result<Vec<Action>, RoleError>, epoch: u32) -> bool {
    matches!(refused, Err(RoleError::Slashed { epoch: it, .. }) if it == epoch)
}

#[test]
fn slashed_worker_proposes_nothing_until_the_kernel_is_trusted_again() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let folder = TempDir::new();
    let mut worker = fresh(&net, &folder);
    net.close(netuid);
    slash_the_worker(&mut net, netuid, &mut worker);
    let bonds = net.collateral(WORKER);
    assert!(is_slashed(act(&mut net, &mut worker), 0));
    drop(worker);

    // It proposes neither after a restart, nor in the next epoch, nor on another subnet with the
    // kernel.
    let mut worker = fresh(&net, &folder);
    assert!(is_slashed(act(&mut net, &mut worker), 0));
    let other = net.create(Shape::default());
    net.with_validators(other, 2);
    worker.closed(net.chain(), netuid).expect("computed");
    net.as_(BANK)
        .transfer(ALICE, Rao::from_tao(100))
        .expect("the bank has it");
    let honest = Proposer::new(ALICE, net.addresses());
    let mut of_alice = EpochCache::new(
        net.addresses(),
        Kernels::new(EngineChoice::Wasm).expect("wasmtime starts"),
    );
    let report = net.with_chain(|chain| honest.tick(chain, &mut of_alice));
    report.expect("the chain answers").clean().expect("posted");
    net.advance(net.rules().challenge_period);
    net.expect_honest(netuid);
    let keeper = Keeper::new(KEEPER, net.addresses());
    let report = net.with_chain(|chain| keeper.tick(chain, &mut worker));
    report.expect("the chain answers").clean().expect("final");
    for netuid in [netuid, other] {
        net.close(netuid);
    }
    assert!(is_slashed(act(&mut net, &mut worker), 0));
    assert_eq!(net.collateral(WORKER), bonds);

    let store = worker.store().expect("it has one");
    let kernel = net.header(netuid).expect("closed").kernel_code;
    assert!(store.trust(&kernel).expect("changed"));
    let actions = act(&mut net, &mut worker).expect("trusted again");
    assert!(actions.contains(&Action::Proposed { netuid, epoch: 1 }));
    assert!(actions.contains(&Action::Proposed {
        netuid: other,
        epoch: 0
    }));
}

#[test]
fn trusted_worker_posts_another_assertion_but_never_the_same() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let folder = TempDir::new();
    let mut worker = fresh(&net, &folder);
    net.close(netuid);
    let lie = slash_the_worker(&mut net, netuid, &mut worker);
    assert!(is_slashed(act(&mut net, &mut worker), 0));
    let kernel = net.header(netuid).expect("closed").kernel_code;
    worker
        .store()
        .expect("it has one")
        .trust(&kernel)
        .expect("changed");
    // Its own computation differs from the disproved assertion.
    assert_ne!(net.compute(netuid).assertion, lie);
    let actions = act(&mut net, &mut worker).expect("trusted again");
    assert!(actions.contains(&Action::Proposed { netuid, epoch: 0 }));
    net.expect_honest(netuid);
    // The old lie does not count against the new intent.
    drop(worker);
    let mut worker = fresh(&net, &folder);
    act(&mut net, &mut worker).expect("no problem");
}

/// The lie is overturned, and another account's assertion becomes final, while the worker is
/// stopped.
#[test]
fn worker_slashed_while_stopped_detects_it_at_the_start() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let folder = TempDir::new();
    net.close(netuid);
    let header = net.header(netuid).expect("closed");
    let mut lie = net.compute(netuid).assertion;
    lie.results[0] = [1; 32];
    let store = folder.store(&net).expect("made");
    let intent = Intent {
        netuid,
        epoch: 0,
        account: WORKER,
        header_hash: header.digest(),
        assertion: lie.digest(),
        closed_at: u32::try_from(header.closed_at).expect("a block"),
        kernel_code: header.kernel_code,
    };
    store.put_intent(&intent).expect("kept");
    drop(store);
    let elsewhere = TempDir::new();
    let mut watcher = fresh(&net, &elsewhere);
    slash_the_worker(&mut net, netuid, &mut watcher);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);

    let mut worker = fresh(&net, &folder);
    assert!(is_slashed(act(&mut net, &mut worker), 0));
    let store = worker.store().expect("it has one");
    assert!(store
        .distrust(&header.kernel_code)
        .expect("readable")
        .is_some());
    assert_eq!(store.intents(WORKER).expect("readable"), []);
}

/// A kernel like the linked one that pays the last neuron of each chunk a rao more.
struct Generous;

impl Engine for Generous {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        Native::on_one_core().plan(header)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        let mut output = Native::on_one_core().step(input)?;
        if let Some(last) = output.results.last_mut() {
            last.miner.0 += 1;
        }
        Ok(output)
    }
}

#[test]
fn proposer_with_differing_engines_proposes_nothing_and_reports_the_step() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let folder = TempDir::new();
    let store = folder.store(&net).expect("made");
    let mut worker = ledger(&net, store, Arc::new(Generous));
    let before = net.snapshot();
    let proposer = Proposer::new(WORKER, net.addresses());
    let report = net.with_chain(|chain| proposer.tick(chain, &mut worker));
    let refused = report.expect("the chain answers").clean();
    let Err(RoleError::EnginesDiffer { difference, .. }) = refused else {
        panic!("they differ: {refused:?}");
    };
    assert_eq!(difference.uids, [Uid(4)]);
    assert!(matches!(
        difference.difference,
        Difference::Step {
            part: StepPart::Results,
            chunk: 0,
            ..
        }
    ));
    assert_eq!(net.snapshot(), before);
    let store = worker.store().expect("it has one");
    assert_eq!(store.intents(WORKER).expect("readable"), []);
}

/// Another account sends a copy of every transaction of keeper and proposer just before it.
#[test]
fn roles_that_lose_every_race_report_no_error() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let epoch = net.addresses().epoch;
    let collateral = net.rules().collateral;
    net.provide(ALICE, epoch, collateral);
    net.as_(ALICE)
        .deposit_collateral(collateral)
        .expect("deposited");
    let folder = TempDir::new();
    let mut ledger = fresh(&net, &folder);
    let (keeper, proposer) = (
        Keeper::new(KEEPER, net.addresses()),
        Proposer::new(WORKER, net.addresses()),
    );
    for _ in 0..100 {
        if net.status(netuid).expect("a status").final_epoch == Some(1) {
            assert_eq!(
                net.collateral(WORKER),
                Collateral {
                    free: collateral,
                    locked: Rao::ZERO
                }
            );
            return;
        }
        let actions = net.with_chain(|chain| {
            let mut rushed = Intercepted {
                chain,
                intercept: |chain: &mut SandboxChain, transaction: Transaction<'_>| {
                    if transaction.to == epoch {
                        let signer = ALICE;
                        Transaction {
                            signer,
                            ..transaction
                        }
                        .submit(chain)?;
                    }
                    transaction.submit(chain)
                },
            };
            let mut actions = keeper.tick(&mut rushed, &mut ledger)?.clean()?;
            actions.extend(proposer.tick(&mut rushed, &mut ledger)?.clean()?);
            Ok::<_, RoleError>(actions)
        });
        for action in actions.expect("a lost race is no error") {
            assert!(
                matches!(action, Action::CollateralAdded { .. }),
                "{action:?}"
            );
        }
        net.advance(1);
    }
    panic!("two epochs take fewer blocks");
}
