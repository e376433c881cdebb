//! The keeper without a proposer: it replays the epoch or rolls it over.

use crate::{watcher::with_parents, worker::populated};
use inktensor_client::chain::Typed;
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{
    accounts::*,
    engines::kernels,
    intercept::{Intercepted, Transaction},
    Network, Shape,
};
use inktensor_primitives::{epoch::Epochs, NetUid, Rao, PAGE};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Keeper, Proposer, RoleError},
};
use std::num::NonZeroU32;

/// Returns a ledger without history or store.
fn blank(net: &Network) -> EpochCache {
    let kernels = kernels();
    EpochCache::new(net.addresses(), kernels)
}

/// Runs a keeper that reads only the current state of the chain.
fn keep(net: &mut Network, keeper: &Keeper) -> Result<Vec<Action>, RoleError> {
    let mut ledger = blank(net);
    let report = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
    report.expect("the chain answers").clean()
}

fn replays_at(net: &Network, netuid: NetUid) -> u32 {
    let status = net.status(netuid).expect("a status");
    status.replays_at.expect("replayable")
}

#[test]
fn keeper_replays_and_settles_unposted_epochs_from_public_data() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let two = NonZeroU32::new(2).expect("two");
    let keeper = Keeper::new(KEEPER, net.addresses()).replaying(two);
    for epoch in 0..2 {
        net.close(netuid);
        let steps = net.plan(netuid).expect("a plan").steps(5);
        let at = replays_at(&net, netuid);
        net.advance_to(at - 1);
        assert_eq!(keep(&mut net, &keeper).expect("nothing is due"), []);
        net.advance_to(at);
        let mut expected: Vec<Action> = (1..=steps.div_ceil(2))
            .map(|call| Action::Replayed {
                netuid,
                epoch,
                next: (2 * call).min(steps),
            })
            .collect();
        let actions = keep(&mut net, &keeper).expect("no problem");
        let Some(Action::Settled { paid, .. }) = actions.last() else {
            panic!("the last is to settle: {actions:?}");
        };
        expected.push(Action::Settled {
            netuid,
            epoch,
            chunk: 0,
            chunks: 1,
            paid: *paid,
        });
        assert_eq!(actions, expected);
        net.honest_weights(netuid);
    }
    // A proposer of the next epoch reads its carry-over state from the chain too.
    net.close(netuid);
    let proposer = Proposer::new(WORKER, net.addresses());
    let mut ledger = blank(&net);
    let report = net.with_chain(|chain| proposer.tick(chain, &mut ledger));
    let actions = report.expect("the chain answers").clean();
    assert!(actions
        .expect("no problem")
        .contains(&Action::Proposed { netuid, epoch: 2 }));
}

#[test]
fn proposer_posts_an_epoch_whose_replay_has_begun() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let at = replays_at(&net, netuid);
    net.advance_to(at);
    net.as_(STRANGER)
        .replay(netuid, 1, Vec::new())
        .expect("the first step");
    let proposer = Proposer::new(WORKER, net.addresses());
    let mut ledger = blank(&net);
    let report = net.with_chain(|chain| proposer.tick(chain, &mut ledger));
    let actions = report.expect("the chain answers").clean();
    assert!(actions
        .expect("no problem")
        .contains(&Action::Proposed { netuid, epoch: 0 }));
}

#[test]
fn keeper_without_replays_rolls_stuck_epochs_over() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let keeper = Keeper::new(KEEPER, net.addresses());
    // The first epoch has no budget.
    net.run_epoch(netuid);
    net.close(netuid);
    let status = net.status(netuid).expect("a status");
    let at = status.rolls_over_at.expect("not asserted");
    net.advance_to(at - 1);
    assert_eq!(keep(&mut net, &keeper).expect("nothing is due"), []);
    net.advance_to(at);
    let actions = keep(&mut net, &keeper).expect("no problem");
    // The next epoch, which gets the budget, can close at once.
    let [Action::RolledOver {
        epoch: 1, carried, ..
    }, Action::Closed { epoch: 2, .. }] = actions[..]
    else {
        panic!("given up, and the next one closed: {actions:?}");
    };
    let budget = |net: &Network| net.header(netuid).expect("closed").budget.total();
    assert!(carried > Rao::ZERO);
    assert!(budget(&net) > carried);
    assert_eq!(net.status(netuid).expect("a status").final_epoch, Some(0));
}

/// Attack W9: a worker that comes back late finds its epoch due to be rolled over.
#[test]
fn worker_that_can_compute_an_epoch_posts_it_before_it_is_rolled_over() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.run_epoch(netuid);
    net.close(netuid);
    let at = net.status(netuid).expect("a status").rolls_over_at;
    let at = at.expect("not asserted");
    net.advance_to(at);
    let keeper = Keeper::new(KEEPER, net.addresses()).proposing();
    let mut ledger = blank(&net);
    let keep = |net: &mut Network, ledger: &mut EpochCache| {
        let report = net.with_chain(|chain| keeper.tick(chain, ledger));
        report
            .expect("the chain answers")
            .clean()
            .expect("no problem")
    };
    assert_eq!(keep(&mut net, &mut ledger), []);
    let proposer = Proposer::new(WORKER, net.addresses());
    let report = net.with_chain(|chain| proposer.tick(chain, &mut ledger));
    let actions = report.expect("the chain answers").clean();
    assert!(actions
        .expect("no problem")
        .contains(&Action::Proposed { netuid, epoch: 1 }));
    net.expect_honest(netuid);
}

#[test]
fn epoch_that_its_worker_does_not_post_is_rolled_over_in_the_end() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let at = net.status(netuid).expect("a status").rolls_over_at;
    let at = at.expect("not asserted");
    let keeper = Keeper::new(KEEPER, net.addresses()).proposing();
    net.advance_to(at + 99);
    assert_eq!(keep(&mut net, &keeper).expect("nothing is due"), []);
    net.advance(1);
    let actions = keep(&mut net, &keeper).expect("no problem");
    assert!(matches!(actions[0], Action::RolledOver { epoch: 0, .. }));
}

/// A chunk that one call has no room for is paid in several.
#[test]
fn keeper_pays_fewer_neurons_where_a_call_has_no_room_for_all() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 40);
    for _ in 0..2 {
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    let chunk = (netuid, computed.header.epoch, 0);
    let template = net.template();
    let [half, whole] = [21, PAGE].map(|most| {
        let mut net = Network::begin_from(&template);
        net.finalize(netuid);
        let (results, memory) = (&computed.trace.results[0], &computed.trace.memory[0]);
        let (_, bill) = net.metered(|net| {
            let caller = net.as_(KEEPER);
            let settled = caller.settle_some(chunk, results, memory.clone(), most);
            settled.expect("settled");
        });
        bill.total.ref_time
    });
    assert!(half < whole, "{half} and {whole} ps");
    let limit = whole - (whole - half) / 8;
    net.advance_to(net.standing(netuid)[0].deadline);
    let mut ledger = blank(&net);
    let actions = keep_within(&mut net, &mut ledger, limit);
    assert_eq!(settled(&actions).len(), 2, "{actions:?}");
    let settling = net.status(netuid).expect("a status").settling;
    assert!(settling.is_none_or(|it| it.is_complete()));
}

/// Runs a keeper whose messages may take `limit` picoseconds each.
fn keep_within(net: &mut Network, ledger: &mut EpochCache, limit: u64) -> Vec<Action> {
    let keeper = Keeper::new(KEEPER, net.addresses());
    let report = net.with_chain(|chain| {
        let mut limited = Intercepted {
            chain,
            intercept: |chain: &mut SandboxChain, transaction: Transaction<'_>| {
                transaction.submit_within(chain, limit)
            },
        };
        keeper.tick(&mut limited, ledger)
    });
    report.expect("the chain answers").clean().expect("settled")
}

/// Returns a network whose epoch of 252 neurons is closed.
fn with_four_chunks() -> (Network, NetUid) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 256,
        ..Shape::default()
    });
    net.with_validators(netuid, 2).with_miners(netuid, 250);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    (net, netuid)
}

/// Returns such a network whose epoch is asserted and can be final.
fn with_final_assertion() -> (Network, NetUid, EpochCache) {
    let (mut net, netuid) = with_four_chunks();
    net.assert_epoch(netuid);
    net.advance_to(net.standing(netuid)[0].deadline);
    let ledger = blank(&net);
    (net, netuid, ledger)
}

/// Returns the first chunk of each settlement, and the number of chunks.
fn settled(actions: &[Action]) -> Vec<(u16, u16)> {
    let settled = actions.iter().filter_map(|action| match action {
        Action::Settled { chunk, chunks, .. } => Some((*chunk, *chunks)),
        _ => None,
    });
    settled.collect()
}

#[test]
fn keeper_finalizes_and_settles_by_one_call() {
    let (mut net, netuid, mut ledger) = with_final_assertion();
    let keeper = Keeper::new(KEEPER, net.addresses());
    let mut sent = 0;
    let report = net.with_chain(|chain| {
        let mut counted = Intercepted {
            chain,
            intercept: |chain: &mut SandboxChain, transaction: Transaction<'_>| {
                sent += 1;
                transaction.submit(chain)
            },
        };
        keeper.tick(&mut counted, &mut ledger)
    });
    let actions = report.expect("the chain answers").clean().expect("settled");
    assert!(actions.contains(&Action::Finalized { netuid, epoch: 1 }));
    assert_eq!((settled(&actions), sent), (vec![(0, 4)], 1));
    let status = net.status(netuid).expect("a status");
    assert_eq!((status.final_epoch, status.settling), (Some(1), None));
}

/// The chunk with dividends stands alone where one call has no room.
#[test]
fn keeper_puts_fewer_chunks_into_a_call_that_has_no_room() {
    let (mut net, netuid, mut ledger) = with_final_assertion();
    let template = net.template();
    let mut whole = Network::begin_from(&template);
    let (_, bill) = whole.metered(|net| net.finalize_and_settle(netuid));
    let limit = bill.total.ref_time - bill.total.ref_time / 20;
    let actions = keep_within(&mut net, &mut ledger, limit);
    assert_eq!(actions[0], Action::Finalized { netuid, epoch: 1 });
    assert_eq!(settled(&actions), [(1, 3), (0, 1)]);
    assert_eq!(net.status(netuid).expect("a status").settling, None);
}

/// A lie about one chunk that was not disputed is final, and only its author can settle the chunk.
/// The keeper, which knows the true outcome, settles all others.
#[test]
fn keeper_settles_the_chunks_beside_one_that_is_false() {
    let (mut net, netuid) = with_four_chunks();
    for worker in [STRANGER, WORKER] {
        net.give_collateral(worker, Rao::from_tao(10_000));
    }
    let mut lie = net.compute(netuid).assertion;
    lie.memory[2] = [7; 32];
    net.as_(STRANGER).propose(netuid, &lie).expect("posted");
    // The worker posts the truth, behind the lie.
    let mut ledger = blank(&net);
    let proposer = Proposer::new(WORKER, net.addresses());
    let report = net.with_chain(|chain| proposer.tick(chain, &mut ledger));
    let posted = report.expect("the chain answers").clean().expect("posted");
    assert!(posted.contains(&Action::Proposed { netuid, epoch: 1 }));
    net.finalize(netuid);

    let keeper = Keeper::new(KEEPER, net.addresses());
    let report = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
    let report = report.expect("the chain answers");
    assert_eq!(settled(&report.actions), [(0, 1), (1, 1), (3, 1)]);
    let problems: Vec<String> = report.problems.iter().map(|it| it.1.to_string()).collect();
    assert!(
        matches!(&problems[..], [one] if one.contains("memory")),
        "{problems:?}"
    );
    let settling = net.status(netuid).expect("a status").settling;
    let settled = settling.expect("one chunk is left");
    assert!([0, 1, 3].iter().all(|chunk| settled.is_settled(*chunk)) && !settled.is_settled(2));
}

/// A step that reads the stake of many parents has no room in a call. The keeper has the chain
/// store those stakes first.
#[test]
fn keeper_gathers_stakes_for_a_replay_that_one_call_has_no_room_for() {
    let (mut net, netuid) = with_parents();
    net.expect_honest(netuid);
    let computed = net.compute(netuid);
    let phases = &computed.trace.plan.phases;
    let heavy = phases.iter().position(|phase| phase.rows && phase.stake);
    let heavy = u32::try_from(heavy.expect("a phase that reads both")).expect("few");
    net.advance_to(replays_at(&net, netuid));

    // The time of that step's replay, if the stakes are stored and if they are not.
    let template = net.template();
    let [stored, whole] = [PAGE, 0].map(|count| {
        let mut net = Network::begin_from(&template);
        for next in 0..heavy {
            let memory = net.memory_for(netuid, next, 1);
            net.as_(STRANGER).replay(netuid, 1, memory).expect("a step");
        }
        if count > 0 {
            let gathered = net.as_(STRANGER).gather(netuid, 0, count);
            assert_eq!(gathered, Ok(computed.header.neurons));
        }
        let memory = net.memory_for(netuid, heavy, 1);
        let (replayed, bill) = net.metered(|net| net.as_(STRANGER).replay(netuid, 1, memory));
        assert_eq!(replayed, Ok(heavy + 1));
        bill.total.ref_time
    });
    assert!(stored < whole, "{stored} and {whole} ps");
    let limit = whole - (whole - stored) / 8;

    let one = NonZeroU32::new(1).expect("one");
    let keeper = Keeper::new(KEEPER, net.addresses()).replaying(one);
    let mut ledger = blank(&net);
    let report = net.with_chain(|chain| {
        let mut limited = Intercepted {
            chain,
            intercept: |chain: &mut SandboxChain, transaction: Transaction<'_>| {
                transaction.submit_within(chain, limit)
            },
        };
        keeper.tick(&mut limited, &mut ledger)
    });
    let actions = report
        .expect("the chain answers")
        .clean()
        .expect("replayed");
    let replayed = |action: &&Action| matches!(action, Action::Replayed { .. });
    let steps = usize::try_from(computed.steps()).expect("few");
    assert_eq!(
        actions.iter().filter(replayed).count(),
        steps,
        "{actions:?}"
    );
    let gathered = net.addresses().epoch().gathered(netuid, 0);
    assert_eq!(net.chain().query(gathered), Ok(computed.header.neurons));
}
