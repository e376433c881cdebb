//! The keeper where no proposer comes: it has the chain execute the epoch, or gives it up.

use crate::worker::community;
use inktensor_e2e_tests::{accounts::*, Network};
use inktensor_primitives::{NetUid, Rao};
use inktensor_worker::{
    epochs::Ledger,
    kernels::{EngineChoice, Kernels},
    roles::{Action, Keeper, Proposer, RoleError},
};
use std::num::NonZeroU32;

/// A ledger that has seen nothing, and keeps nothing.
fn blank(net: &Network) -> Ledger {
    let kernels = Kernels::new(EngineChoice::Wasm).expect("wasmtime starts");
    Ledger::new(net.addresses(), kernels)
}

/// A keeper that knows nothing but what the chain tells it now.
fn keep(net: &mut Network, keeper: &Keeper) -> Result<Vec<Action>, RoleError> {
    let mut ledger = blank(net);
    let report = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
    report.expect("the chain answers").clean()
}

fn replays_at(net: &Network, netuid: NetUid) -> u32 {
    let status = net.status(netuid).expect("a status");
    status.replays_at.expect("it can be replayed")
}

#[test]
fn keeper_replays_and_settles_what_nobody_posts_from_what_the_chain_tells() {
    let mut net = Network::deploy();
    let netuid = community(&mut net);
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
            paid: *paid,
        });
        assert_eq!(actions, expected);
        net.honest_weights(netuid);
    }
    // Whoever posts the next epoch has its memory from the chain, too.
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
fn proposer_leaves_an_epoch_alone_that_is_being_replayed() {
    let mut net = Network::deploy();
    let netuid = community(&mut net);
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
    assert_eq!(actions.expect("no problem"), []);
}

#[test]
fn keeper_that_does_not_replay_gives_up_what_does_not_move() {
    let mut net = Network::deploy();
    let netuid = community(&mut net);
    let keeper = Keeper::new(KEEPER, net.addresses());
    // The first epoch has nothing to pay out yet.
    net.run_epoch(netuid);
    net.close(netuid);
    let status = net.status(netuid).expect("a status");
    let at = status.rolls_over_at.expect("it can be given up");
    net.advance_to(at - 1);
    assert_eq!(keep(&mut net, &keeper).expect("nothing is due"), []);
    net.advance_to(at);
    let actions = keep(&mut net, &keeper).expect("no problem");
    // The next epoch, which gets the budget, is long enough open to be closed at once.
    let [Action::GivenUp {
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
