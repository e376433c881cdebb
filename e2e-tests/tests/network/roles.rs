//! The worker's roles on the chain: they do what the harness does call by call.

use inktensor_e2e_tests::{accounts::*, bundles, Network, Shape};
use inktensor_primitives::{
    epoch::{Stage, MAX_STATUSES},
    AccountId, NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    roles::{Action, Keeper, Proposer, Role, RoleError, Subnets, TickReport, Turn, Watcher, GROUP},
};

const LIAR: AccountId = named("liar");

/// Creates a subnet of two validators and three miners.
fn populated(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    netuid
}

fn ledger(net: &Network, choice: EngineChoice) -> EpochCache {
    EpochCache::new(
        net.addresses(),
        Kernels::new(choice).expect("wasmtime starts"),
    )
}

/// Returns a proposer with TAO for its collateral.
fn proposer(net: &mut Network) -> Proposer {
    net.fund(WORKER, Rao::from_tao(100));
    Proposer::new(WORKER, net.addresses())
}

fn keeper(net: &Network) -> Keeper {
    Keeper::new(KEEPER, net.addresses())
}

fn keep(net: &mut Network, keeper: &Keeper, ledger: &mut EpochCache) -> TickReport {
    net.with_chain(|chain| keeper.tick(chain, ledger))
        .expect("the chain answers")
}

fn propose(net: &mut Network, proposer: &Proposer, ledger: &mut EpochCache) -> TickReport {
    net.with_chain(|chain| proposer.tick(chain, ledger))
        .expect("the chain answers")
}

/// Runs both roles once per block until `epochs` epochs are settled.
fn run(net: &mut Network, netuid: NetUid, choice: EngineChoice, epochs: u32) -> Vec<Action> {
    let mut ledger = ledger(net, choice);
    let (proposer, keeper) = (proposer(net), keeper(net));
    let mut actions = Vec::new();
    for _ in 0..epochs * 100 {
        for report in [
            keep(net, &keeper, &mut ledger),
            propose(net, &proposer, &mut ledger),
        ] {
            actions.extend(report.clean().expect("no problem"));
        }
        let status = net.status(netuid).expect("a status");
        if status.final_epoch.is_some_and(|it| it + 1 >= epochs) && status.settling.is_none() {
            return actions;
        }
        net.advance(1);
    }
    panic!("{epochs} epochs take no more than 100 blocks each: {actions:?}");
}

#[test]
fn roles_run_an_epoch_from_its_close_to_its_last_chunk() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let actions = run(&mut net, netuid, EngineChoice::Wasm, 1);
    let collateral = net.rules().collateral;
    assert_eq!(
        actions,
        [
            Action::Closed { netuid, epoch: 0 },
            Action::CollateralAdded { amount: collateral },
            Action::Proposed { netuid, epoch: 0 },
            Action::Finalized { netuid, epoch: 0 },
            Action::Settled {
                netuid,
                epoch: 0,
                chunk: 0,
                chunks: 1,
                paid: Rao::ZERO
            },
        ]
    );
}

#[test]
fn roles_end_in_the_state_of_single_calls() {
    let mut by_hand = Network::deploy();
    let netuid = populated(&mut by_hand);
    for _ in 0..3 {
        // Roles settle, and leave it to owners to collect.
        by_hand.close(netuid);
        by_hand.assert_epoch(netuid);
        by_hand.finalize(netuid);
        by_hand.settle_chunks(netuid);
    }
    let choices = [
        EngineChoice::Wasm,
        EngineChoice::Native {
            built: bundles().yuma.code.clone(),
        },
    ];
    for choice in choices {
        let mut by_roles = Network::deploy();
        assert_eq!(populated(&mut by_roles), netuid);
        run(&mut by_roles, netuid, choice, 3);
        assert_eq!(by_roles.header(netuid), by_hand.header(netuid));
        assert_eq!(by_roles.roster(netuid), by_hand.roster(netuid));
        assert_eq!(
            by_roles.memory_hashes(netuid),
            by_hand.memory_hashes(netuid)
        );
        assert_eq!(by_roles.metagraph(netuid, 0), by_hand.metagraph(netuid, 0));
        assert_eq!(by_roles.issuance(), by_hand.issuance());
        assert_eq!(by_roles.total_stake(), by_hand.total_stake());
    }
}

#[test]
fn roles_run_every_subnet() {
    let mut net = Network::deploy();
    let first = populated(&mut net);
    let empty = net.create(Shape::default());
    let last = populated(&mut net);
    let actions = run(&mut net, last, EngineChoice::Wasm, 2);
    assert!(actions.contains(&Action::TempoRestarted { netuid: empty }));
    for netuid in [first, last] {
        assert!(actions.contains(&Action::Finalized { netuid, epoch: 1 }));
    }
}

#[test]
fn second_proposer_does_nothing() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    net.assert_epoch(netuid);
    let mut ledger = ledger(&net, EngineChoice::Wasm);
    let second = Proposer::new(ALICE, net.addresses());
    net.fund(ALICE, Rao::from_tao(100));
    let report = propose(&mut net, &second, &mut ledger);
    assert_eq!(report.clean().expect("no problem"), []);
}

/// Posts three different lies of a liar beside each other.
fn lie_in_three_places(net: &mut Network, netuid: NetUid) {
    let honest = net.compute(netuid).assertion;
    net.give_collateral(LIAR, Rao::from_tao(1_000));
    for byte in 1..=3 {
        let mut lie = honest.clone();
        lie.results[0] = [byte; 32];
        net.as_(LIAR).propose(netuid, &lie).expect("posted");
    }
}

#[test]
fn proposer_posts_beside_a_lie_and_once() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let mut lie = net.compute(netuid).assertion;
    lie.results[0] = [7; 32];
    net.give_collateral(LIAR, Rao::from_tao(1_000));
    net.as_(LIAR).propose(netuid, &lie).expect("posted");
    let mut ledger = ledger(&net, EngineChoice::Wasm);
    let proposer = proposer(&mut net);
    let report = propose(&mut net, &proposer, &mut ledger);
    let actions = report.clean().expect("no problem");
    assert_eq!(actions.last(), Some(&Action::Proposed { netuid, epoch: 0 }));
    assert_eq!(net.standing(netuid).len(), 2);
    let again = propose(&mut net, &proposer, &mut ledger);
    assert_eq!(again.clean().expect("no problem"), []);
}

/// Beside three assertions the collateral is eight times that of the first. The proposer waits for
/// a dispute.
#[test]
fn proposer_locks_no_more_than_its_limit() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    lie_in_three_places(&mut net, netuid);
    let mut ledger = ledger(&net, EngineChoice::Wasm);
    let proposer = proposer(&mut net);
    let base = net.rules().collateral;
    let report = propose(&mut net, &proposer, &mut ledger);
    let Err(RoleError::CollateralAboveLimit { needed, limit, .. }) = report.clean() else {
        panic!("it is above the limit");
    };
    assert_eq!((needed, limit), (Rao(8 * base.0), Rao(4 * base.0)));
    let watcher = Watcher::new(STRANGER, net.addresses());
    let watched = net.with_chain(|chain| watcher.tick(chain, &mut ledger));
    let disputed = watched.expect("the chain answers").clean();
    assert_eq!(disputed.expect("no problem").len(), 3);
    let report = propose(&mut net, &proposer, &mut ledger);
    let actions = report.clean().expect("no problem");
    assert_eq!(actions.last(), Some(&Action::Proposed { netuid, epoch: 0 }));

    // An own limit, below the collateral of the first assertion.
    let frugal = proposer.limited_to(Rao(base.0 - 1));
    let second = populated(&mut net);
    net.close(second);
    let report = propose(&mut net, &frugal, &mut ledger);
    assert!(matches!(
        report.clean(),
        Err(RoleError::CollateralAboveLimit { .. })
    ));
}

#[test]
fn proposer_without_tao_reports_it() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let mut ledger = ledger(&net, EngineChoice::Wasm);
    let poor = Proposer::new(STRANGER, net.addresses());
    let report = propose(&mut net, &poor, &mut ledger);
    let Err(RoleError::Refused { message, .. }) = report.clean() else {
        panic!("it has nothing to put behind it");
    };
    assert_eq!(message, "Epochs::deposit_collateral");
    assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
}

#[test]
fn keeper_does_not_finalize_a_lie() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let mut lie = net.compute(netuid).assertion;
    lie.steps[3] = [7; 32];
    net.propose_lie(netuid, &lie);
    net.advance(net.rules().challenge_period);
    let (mut ledger, keeper) = (ledger(&net, EngineChoice::Wasm), keeper(&net));
    let report = keep(&mut net, &keeper, &mut ledger);
    let Err(RoleError::Disagreement { difference, .. }) = report.clean() else {
        panic!("the keeper computes something else");
    };
    let difference = difference.expect("an assertion in the events");
    assert!(
        difference.to_string().starts_with("step 3 "),
        "{difference}"
    );
    let status = net.status(netuid).expect("a status");
    assert!(matches!(status.stage, Stage::Asserted(_)));
}

#[test]
fn worker_without_memory_reads_it_from_the_settlement() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    run(&mut net, netuid, EngineChoice::Wasm, 1);
    // Without weights there is no carry-over state, so the guess of none is right.
    net.honest_weights(netuid);
    run(&mut net, netuid, EngineChoice::Wasm, 2);
    let closes_at = net.status(netuid).expect("a status").closes_at;
    net.advance_to(closes_at);
    net.as_(KEEPER).close(netuid).expect("closed");
    let mut fresh = ledger(&net, EngineChoice::Wasm);
    let proposer = proposer(&mut net);
    let report = propose(&mut net, &proposer, &mut fresh);
    let actions = report.clean().expect("no problem");
    assert!(
        matches!(actions.last(), Some(Action::Proposed { epoch: 2, .. })),
        "{actions:?}"
    );
}

/// Takes one turn of a role. Returns true if more may be due, and the outcome.
fn turn(
    net: &mut Network,
    role: &dyn Role,
    subnets: &mut Subnets,
    ledger: &mut EpochCache,
) -> (bool, TickReport) {
    let mut report = TickReport::default();
    let moved = net.with_chain(|chain| {
        role.turn(&mut Turn {
            chain,
            epochs: ledger,
            subnets,
            listener: &mut report,
            views: &[],
        })
    });
    (moved.expect("the chain answers"), report)
}

/// Attack W2: a role that has much to do is not busy for longer than one group of transactions.
#[test]
fn turn_of_a_keeper_ends_with_its_first_group_and_the_next_serves_other_subnets() {
    let mut net = Network::deploy();
    let netuids: Vec<NetUid> = (0..GROUP + 2)
        .map(|_| net.create(Shape::default()))
        .collect();
    net.start_all();
    let closes = netuids
        .iter()
        .map(|it| net.status(*it).expect("a status").closes_at);
    let all_due = closes.max().expect("subnets");
    net.advance_to(all_due);
    let (keeper, mut ledger) = (keeper(&net), ledger(&net, EngineChoice::Wasm));
    let mut subnets = Subnets::of(net.addresses());
    let restarted = |netuids: &[NetUid]| -> Vec<Action> {
        let actions = netuids.iter();
        actions
            .map(|netuid| Action::TempoRestarted { netuid: *netuid })
            .collect()
    };
    let (moved, report) = turn(&mut net, &keeper, &mut subnets, &mut ledger);
    assert!(moved);
    assert_eq!(
        report.clean().expect("no problem"),
        restarted(&netuids[..GROUP])
    );
    let (moved, report) = turn(&mut net, &keeper, &mut subnets, &mut ledger);
    assert!(moved);
    assert_eq!(
        report.clean().expect("no problem"),
        restarted(&netuids[GROUP..])
    );
    let (moved, report) = turn(&mut net, &keeper, &mut subnets, &mut ledger);
    assert!(!moved);
    assert_eq!(report.clean().expect("no problem"), []);
}

#[test]
fn only_the_subnets_that_are_named_are_served() {
    let mut net = Network::deploy();
    let (first, second) = (net.create(Shape::default()), net.create(Shape::default()));
    net.start_all();
    let due = net.status(second).expect("a status").closes_at;
    net.advance_to(due);
    let (keeper, mut ledger) = (keeper(&net), ledger(&net, EngineChoice::Wasm));
    let mut subnets = Subnets::of(net.addresses()).only([second]);
    let (_, report) = turn(&mut net, &keeper, &mut subnets, &mut ledger);
    let served = [Action::TempoRestarted { netuid: second }];
    assert_eq!(report.clean().expect("no problem"), served);
    assert!(net.status(first).expect("a status").closes_at <= due);
}

/// Attack L9: a subnet without stake, whose epochs pay nothing.
#[test]
fn epochs_that_pay_too_little_are_left_alone() {
    let mut net = Network::deploy();
    let poor = net.create(Shape::default());
    net.with_miners(poor, 3);
    let rich = populated(&mut net);
    net.run_epoch(rich);
    let due = |net: &Network, netuid| net.status(netuid).expect("a status").closes_at;
    let both = due(&net, poor).max(due(&net, rich));
    net.advance_to(both);
    let mut ledger = ledger(&net, EngineChoice::Wasm);
    let keeper = keeper(&net).for_at_least(Rao(1));
    let actions = keep(&mut net, &keeper, &mut ledger).clean();
    let closed = [Action::Closed {
        netuid: rich,
        epoch: 1,
    }];
    assert_eq!(actions.expect("no problem"), closed);
    // Another keeper closes it all the same.
    net.as_(STRANGER).close(poor).expect("closed");
    let proposer = proposer(&mut net).for_at_least(Rao(1));
    let actions = propose(&mut net, &proposer, &mut ledger).clean();
    let posted = actions.expect("no problem");
    assert!(posted.contains(&Action::Proposed {
        netuid: rich,
        epoch: 1
    }));
    assert_eq!(net.status(poor).expect("a status").stage, Stage::Closed);
}

#[test]
fn statuses_are_those_of_each_subnet_up_to_the_limit() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let unknown = NetUid(99);
    let known = net.status(netuid);
    assert!(known.is_some());
    let asked = vec![unknown, netuid];
    assert_eq!(net.statuses(asked), [None, known.clone()]);
    let many = net.statuses(vec![netuid; MAX_STATUSES + 3]);
    assert_eq!(many, vec![known; MAX_STATUSES]);
}
