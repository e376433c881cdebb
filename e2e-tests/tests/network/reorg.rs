//! A fork around the close of an epoch. The header of an epoch does not bind its inputs, so the
//! same header may stand on two forks with other weights. A worker that computed one of them must
//! not act on the other one with it.

use crate::worker::{fresh, populated};
use inktensor_client::chain::{ChainError, ChainRead, Typed};
use inktensor_e2e_tests::{accounts::*, Network, TempDir};
use inktensor_primitives::{epoch::Epochs, NetUid, Rao, Uid};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Proposer, TickReport, Watcher},
};

/// Two forks of a network. On both, epoch 1 closes in the same block, with the same header and
/// other weights.
struct Forked {
    netuid: NetUid,
    one: Network,
    other: Network,
}

impl Forked {
    fn new() -> Self {
        let mut net = Network::deploy();
        let netuid = populated(&mut net);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        let closes_at = net.status(netuid).expect("a status").closes_at;
        net.advance_to(closes_at);
        let before = net.template();
        let (mut one, mut other) = (Network::begin_from(&before), Network::begin_from(&before));
        one.close(netuid);
        // A block with another author holds another transaction in front of the close.
        let hotkey = other.neuron(netuid, Uid(0)).expect("a neuron").hotkey;
        other
            .as_(hotkey)
            .set_weights(netuid, vec![Uid(2)], vec![1])
            .expect("set");
        other.close(netuid);
        Self { netuid, one, other }
    }

    /// Returns the ledger of a worker that has computed the epoch on the first fork.
    fn worker(&mut self, folder: &TempDir) -> EpochCache {
        let mut worker = fresh(&self.one, folder);
        let netuid = self.netuid;
        let computed = self.one.with_chain(|chain| worker.closed(chain, netuid));
        assert_eq!(
            computed.expect("computed").assertion,
            self.one.compute(netuid).assertion
        );
        worker
    }
}

fn propose(net: &mut Network, worker: &mut EpochCache, proposer: &Proposer) -> TickReport {
    net.with_chain(|chain| proposer.tick(chain, worker))
        .expect("the chain answers")
}

#[test]
fn header_is_the_same_on_forks_with_other_inputs() {
    let forked = Forked::new();
    let netuid = forked.netuid;
    assert_eq!(forked.one.header(netuid), forked.other.header(netuid));
    let (one, other) = (forked.one.compute(netuid), forked.other.compute(netuid));
    assert_eq!(one.assertion.header_hash, other.assertion.header_hash);
    assert_ne!(one.assertion, other.assertion);
}

#[test]
fn proposal_of_a_replaced_close_is_not_sent() {
    let mut forked = Forked::new();
    let folder = TempDir::new();
    let worker = forked.worker(&folder);
    let netuid = forked.netuid;
    let computed = worker.computed(netuid, 1).expect("computed");
    let before = forked.other.snapshot();
    let message = forked
        .other
        .addresses()
        .epoch()
        .propose(netuid, computed.assertion.clone());
    let sent = forked
        .other
        .with_chain(|chain| chain.send_after(WORKER, message, &computed.closed_in));
    assert_eq!(
        sent.err(),
        Some(ChainError::BlockGone(computed.closed_in.number))
    );
    assert_eq!(forked.other.snapshot(), before);
}

#[test]
fn proposer_after_a_reorg_posts_the_epoch_of_its_fork_and_loses_nothing() {
    let mut forked = Forked::new();
    let folder = TempDir::new();
    let mut worker = forked.worker(&folder);
    let netuid = forked.netuid;
    let net = &mut forked.other;
    let proposer = Proposer::new(WORKER, net.addresses());
    let actions = propose(net, &mut worker, &proposer).clean();
    let actions = actions.expect("no problem");
    assert!(actions.contains(&Action::Proposed { netuid, epoch: 1 }));
    let honest = net.compute(netuid);
    let stage = net.status(netuid).expect("a status").stage;
    let posted = stage.standing().first().expect("it is posted");
    assert_eq!(posted.assertion, honest.assertion.digest());
    let watched = TempDir::new();
    let mut other = fresh(net, &watched);
    let watcher = Watcher::new(STRANGER, net.addresses());
    let report = net.with_chain(|chain| watcher.tick(chain, &mut other));
    let disputes = report.expect("the chain answers").clean();
    assert_eq!(disputes.expect("no problem"), []);
    net.expect_honest(netuid);
}

#[test]
fn restarted_worker_does_not_use_what_it_stored_on_another_fork() {
    let mut forked = Forked::new();
    let folder = TempDir::new();
    drop(forked.worker(&folder));
    let netuid = forked.netuid;
    let net = &mut forked.other;
    let mut restarted = fresh(net, &folder);
    let computed = net.with_chain(|chain| restarted.closed(chain, netuid));
    assert_eq!(
        computed.expect("computed").assertion,
        net.compute(netuid).assertion
    );
}

#[test]
fn watcher_after_a_reorg_disputes_what_was_right_on_the_other_fork() {
    let mut forked = Forked::new();
    let folder = TempDir::new();
    let mut worker = forked.worker(&folder);
    let netuid = forked.netuid;
    let of_the_other = forked.one.compute(netuid).assertion;
    let net = &mut forked.other;
    net.propose_lie(netuid, &of_the_other);
    let watcher = Watcher::new(STRANGER, net.addresses());
    let report = net.with_chain(|chain| watcher.tick(chain, &mut worker));
    let actions = report.expect("the chain answers").clean();
    let actions = actions.expect("no problem");
    assert!(
        matches!(actions[..], [Action::Disputed { epoch: 1, .. }]),
        "{actions:?}"
    );
}

#[test]
fn proposer_waits_until_the_close_is_final_unless_it_is_early() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let folder = TempDir::new();
    let mut worker = fresh(&net, &folder);
    net.close(netuid);
    net.with_chain(|chain| chain.lag_finality(3));
    let proposer = Proposer::new(WORKER, net.addresses());
    let before = net.collateral(WORKER);
    for _ in 0..3 {
        let report = propose(&mut net, &mut worker, &proposer);
        assert_eq!(report.clean().expect("no problem"), []);
        assert_eq!(net.collateral(WORKER), before);
        net.advance(1);
    }
    let actions = propose(&mut net, &mut worker, &proposer).clean();
    let posted = Action::Proposed { netuid, epoch: 0 };
    assert!(actions.expect("no problem").contains(&posted));
    net.expect_honest(netuid);

    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let folder = TempDir::new();
    let mut worker = fresh(&net, &folder);
    net.close(netuid);
    net.with_chain(|chain| chain.lag_finality(3));
    let early = Proposer::new(WORKER, net.addresses()).posting_early(true);
    let actions = propose(&mut net, &mut worker, &early).clean();
    assert!(actions.expect("no problem").contains(&posted));
    net.expect_honest(netuid);
    assert_eq!(net.balance(WORKER), Rao::from_tao(90).to_u128());
}

#[test]
fn an_epoch_is_computed_once_although_blocks_follow_its_close() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let folder = TempDir::new();
    let mut worker = fresh(&net, &folder);
    net.close(netuid);
    let first = net.with_chain(|chain| worker.closed(chain, netuid).expect("computed"));
    net.fund(ALICE, Rao(1));
    net.advance(3);
    let again = net.with_chain(|chain| worker.closed(chain, netuid).expect("known"));
    assert!(std::sync::Arc::ptr_eq(&first, &again));
    assert!(net.block() > net.chain().finalized().expect("final").number - 1);
}
