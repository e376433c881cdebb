//! The watcher on the chain: it disputes false assertions, and checks all other subnets after an
//! error.

use inktensor_e2e_tests::{accounts::*, engines::kernels, intercept::Intercepted, Network, Shape};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{Collateral, Stage},
    NetUid, Rao, Uid,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Keeper, RoleError, TickReport, Watcher},
};

/// Runs the first epoch of `netuids`. Returns a ledger that has computed them.
fn experienced(net: &mut Network, netuids: &[NetUid]) -> EpochCache {
    let kernels = kernels();
    let mut ledger = EpochCache::new(net.addresses(), kernels);
    for netuid in netuids {
        net.close(*netuid);
        ledger.closed(net.chain(), *netuid).expect("computed");
        net.assert_epoch(*netuid);
        net.finalize(*netuid);
        net.settle(*netuid);
        net.honest_weights(*netuid);
    }
    ledger
}

fn populated(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    netuid
}

/// Returns a network whose second epoch, which reads weights and carry-over state, is closed, and a
/// watcher's ledger.
fn watched() -> (Network, NetUid, EpochCache) {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let ledger = experienced(&mut net, &[netuid]);
    net.close(netuid);
    (net, netuid, ledger)
}

fn watch(net: &mut Network, ledger: &mut EpochCache) -> TickReport {
    let watcher = Watcher::new(STRANGER, net.addresses());
    net.with_chain(|chain| watcher.tick(chain, ledger))
        .expect("the chain answers")
}

fn lie_about_results(net: &mut Network, netuid: NetUid) {
    let mut lie = net.compute(netuid).assertion;
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
}

/// Posts a lie on every subnet in one block, so that no deadline passes during another close.
fn lie_everywhere(net: &mut Network, netuids: &[NetUid]) {
    for netuid in netuids {
        net.close(*netuid);
    }
    for netuid in netuids {
        lie_about_results(net, *netuid);
    }
}

#[test]
fn watcher_disputes_every_kind_of_lie_without_collateral() {
    let (mut net, netuid, mut ledger) = watched();
    let honest = net.compute(netuid);
    let steps = u32::try_from(honest.assertion.steps.len()).expect("few steps");
    let plan = honest.trace.plan.clone();
    type Lie<'a> = (u32, &'a dyn Fn(&mut Assertion));
    let lies: [Lie; 8] = [
        (0, &|it| it.steps[0][0] ^= 1),
        (steps / 2, &|it| it.steps[steps as usize / 2][0] ^= 1),
        (1, &|it| {
            it.steps.iter_mut().skip(1).for_each(|step| step[0] ^= 1);
        }),
        (steps - 1, &|it| it.steps[steps as usize - 1][0] ^= 1),
        (plan.memory_phase.into(), &|it| it.memory[0][0] ^= 1),
        (plan.results_phase.into(), &|it| it.results[0][0] ^= 1),
        (steps - 1, &|it| it.roster.clear()),
        (steps - 1, &|it| it.roster = vec![Uid(4)]),
    ];
    let reward = Rao(net.rules().collateral.0 / 2);
    for (step, bend) in lies {
        let mut lie = honest.assertion.clone();
        bend(&mut lie);
        assert_ne!(lie, honest.assertion);
        net.propose_lie(netuid, &lie);
        let before = net.balance(STRANGER);
        assert_eq!(
            watch(&mut net, &mut ledger).clean().expect("no problem"),
            [Action::Disputed {
                netuid,
                epoch: 1,
                step,
                reward
            }]
        );
        assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
        assert_eq!(net.balance(STRANGER), before + reward.to_u128());
    }
    assert_eq!(net.collateral(STRANGER), Collateral::default());
    net.assert_epoch(netuid);
    let nothing = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert_eq!(nothing, []);
}

/// The honest assertion stands between two lies.
#[test]
fn watcher_disputes_every_lie_beside_the_truth() {
    let (mut net, netuid, mut ledger) = watched();
    let honest = net.compute(netuid).assertion;
    let lie = |byte| {
        let mut lie = honest.clone();
        lie.results[0] = [byte; 32];
        lie
    };
    net.propose_lie(netuid, &lie(1));
    net.assert_epoch(netuid);
    net.propose_lie(netuid, &lie(2));
    let actions = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert!(
        matches!(
            actions[..],
            [Action::Disputed { .. }, Action::Disputed { .. }]
        ),
        "{actions:?}"
    );
    let [standing] = net.standing(netuid)[..] else {
        panic!("one is left");
    };
    assert_eq!(standing.assertion, honest.digest());
    net.finalize(netuid);
}

/// An assertion that can no longer be disputed does not hide a lie beside it.
#[test]
fn watcher_disputes_a_lie_beside_one_past_its_deadline() {
    let (mut net, netuid, mut ledger) = watched();
    lie_about_results(&mut net, netuid);
    net.advance(net.rules().challenge_period - 1);
    let mut second = net.compute(netuid).assertion;
    second.results[0] = [2; 32];
    net.propose_lie(netuid, &second);
    net.advance(1);
    let report = watch(&mut net, &mut ledger);
    assert!(matches!(report.actions[..], [Action::Disputed { .. }]));
    assert!(matches!(
        report.problems[..],
        [(_, RoleError::Disagreement { .. })]
    ));
    assert_eq!(net.standing(netuid).len(), 1);
}

#[test]
fn watcher_that_loses_a_race_disputes_the_next_lie() {
    let mut net = Network::deploy();
    let netuids = [populated(&mut net), populated(&mut net)];
    let mut ledger = experienced(&mut net, &netuids);
    lie_everywhere(&mut net, &netuids);
    let watcher = Watcher::new(STRANGER, net.addresses());
    let mut copied = 0;
    let report = net.with_chain(|chain| {
        // On the first subnet another account sends a copy of the dispute first.
        let mut rushed = Intercepted {
            chain,
            intercept:
                |chain: &mut _, mut transaction: inktensor_e2e_tests::intercept::Transaction<'_>| {
                    if copied == 0 {
                        let own = transaction.signer;
                        transaction.signer = ALICE;
                        transaction.submit(chain)?;
                        transaction.signer = own;
                    }
                    copied += 1;
                    transaction.submit(chain)
                },
        };
        watcher.tick(&mut rushed, &mut ledger)
    });
    let actions = report
        .expect("the chain answers")
        .clean()
        .expect("a lost race is no error");
    let [Action::Disputed { netuid, .. }] = actions[..] else {
        panic!("one lie is left for this watcher: {actions:?}");
    };
    assert_eq!((netuid, copied), (netuids[1], 2));
    for netuid in netuids {
        assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
    }
}

#[test]
fn watcher_new_to_a_subnet_reads_its_memory_and_checks_it() {
    let mut net = Network::deploy();
    let (unknown, known) = (populated(&mut net), populated(&mut net));
    // This watcher has not seen the first subnet's epoch that left carry-over state.
    let _ = experienced(&mut net, &[unknown, unknown]);
    let mut ledger = experienced(&mut net, &[known]);
    lie_everywhere(&mut net, &[unknown, known]);
    let report = watch(&mut net, &mut ledger);
    let actions = report.clean().expect("both can be checked");
    let disputed: Vec<NetUid> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Disputed { netuid, .. } => Some(*netuid),
            _ => None,
        })
        .collect();
    assert_eq!(disputed, [unknown, known]);
}

#[test]
fn lie_past_its_deadline_is_an_error_for_watcher_and_keeper() {
    let (mut net, netuid, mut ledger) = watched();
    lie_about_results(&mut net, netuid);
    net.advance(net.rules().challenge_period);
    let report = watch(&mut net, &mut ledger);
    let Err(RoleError::Disagreement { difference, .. }) = report.clean() else {
        panic!("it can no longer be disputed");
    };
    assert!(difference.is_some());
    let keeper = Keeper::new(KEEPER, net.addresses());
    let report = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
    assert!(matches!(
        report.expect("the chain answers").clean(),
        Err(RoleError::Disagreement { .. })
    ));
}

#[test]
fn watcher_disputes_up_to_the_block_before_the_deadline() {
    let (mut net, netuid, mut ledger) = watched();
    lie_about_results(&mut net, netuid);
    net.advance(net.rules().challenge_period - 1);
    let actions = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert!(matches!(actions[..], [Action::Disputed { .. }]));
}
