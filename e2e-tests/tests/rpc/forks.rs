//! Two authors on a fork: a transaction that is bound to a block does not get into the chain that
//! replaces it.

use super::{config, connect};
use inktensor_client::{
    chain::{rpc::RpcChain, Answer, BlockId, ChainError, ChainRead, Pinned, Typed},
    deploy::deploy,
    keys,
};
use inktensor_e2e_tests::{
    bundles,
    node::{Node, Options},
};
use inktensor_primitives::AccountId;
use psp22::PSP22;
use serde_json::json;
use std::{
    thread,
    time::{Duration, Instant},
};
use subxt_signer::sr25519::dev;

/// Longest wait for a state of the nodes.
const PATIENCE: Duration = Duration::from_secs(240);
/// Time after which a connection of two nodes is made again.
const RETRY: Duration = Duration::from_secs(30);

/// Returns the options of an author whose blocks are not final for a long time.
fn options() -> Options {
    Options {
        arguments: vec!["--finalize-delay-sec".into(), "255".into()],
        ..Options::default()
    }
}

/// Connects `dialer`, which was just started, to `peer`, and waits until both have the same best
/// block, which has `block` in its past. Returns it.
///
/// A node may make an empty block after the last transaction. A connection that a busy machine lets
/// time out is not tried again by the nodes for minutes, so it is made again here. Both may put the
/// transactions of a fork that is no more into a block of their own: two forks of one length, which
/// stand until one of them grows.
fn meet(dialer: &Node, peer: &Node, block: &BlockId) -> BlockId {
    let mut nodes = [connect(dialer), connect(peer)];
    let best = |nodes: &[RpcChain; 2]| {
        nodes
            .each_ref()
            .map(|node: &RpcChain| node.best().expect("it answers"))
    };
    let start = Instant::now();
    loop {
        dialer.join(peer).expect("peers");
        let tried = Instant::now();
        while tried.elapsed() < RETRY {
            let [one, other] = best(&nodes);
            if one == other && nodes[0].includes(&one, block) == Ok(true) {
                return one;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let [one, other] = best(&nodes);
        if one != other && one.number == other.number {
            // The dialer's may be given up for the other one meanwhile: the next look decides.
            let _grown = nodes[0].remark(keys::account(&dev::charlie()));
        }
        if start.elapsed() > PATIENCE {
            let health = |node: &Node| node.ask("system_health", json!([]));
            let (of, best) = ([dialer, peer].map(health), best(&nodes));
            panic!("the nodes do not meet after {block:?}: {of:?}, {best:?}");
        }
    }
}

#[test]
fn transaction_that_is_bound_to_a_replaced_block_is_never_carried_out() {
    let test = "transaction_that_is_bound_to_a_replaced_block_is_never_carried_out";
    let Some(one) = Node::for_test(test, options()) else {
        return;
    };
    let mut other = Node::start(options()).expect("it starts");
    let alice = keys::account(&dev::alice());
    let mut chain = connect(&one);
    let contracts = deploy(&mut chain, bundles(), &config())
        .expect("deployed")
        .addresses;
    let deployed = chain.best().expect("a block");
    let common = meet(&other, &one, &deployed);
    // Without its peer, the other author makes blocks of its own.
    other.restart().expect("it starts again");
    let mut rival = connect(&other);
    assert_eq!(rival.best(), Ok(common));

    let spender = |number: u8| AccountId::from([number; 32]);
    let approve = |number| contracts.psp22().approve(spender(number), 7);
    let allowance = |chain: &dyn ChainRead, number| -> u128 {
        let message = contracts.psp22().allowance(alice, spender(number));
        chain.query(message).expect("it answers")
    };
    chain.send(alice, approve(1)).answer().expect("sent");
    let replaced = chain.best().expect("a block");
    let bound = chain.send_after(alice, approve(2), &replaced).answer();
    bound.expect("it is on the fork with that block");
    let pinned = chain.best().expect("a block");
    assert_eq!(allowance(&chain, 2), 7);
    // More than an empty block or two of the first author can make up for.
    while rival.best().expect("a block").number < pinned.number + 4 {
        rival.remark(keys::account(&dev::bob())).expect("a block");
    }
    let longer = rival.best().expect("a block");
    meet(&other, &one, &longer);
    // What was read is of a fork that is no more, and says so.
    assert_eq!(chain.includes(&longer, &replaced), Ok(false));
    assert_eq!(chain.includes(&longer, &common), Ok(true));
    assert_eq!(
        chain
            .send_after(alice, approve(3), &replaced)
            .answer()
            .err(),
        Some(ChainError::BlockGone(replaced.number).into())
    );
    // The first one is valid on both forks, and is carried out again. The second one is not.
    for _ in 0..3 {
        rival.remark(keys::account(&dev::bob())).expect("a block");
    }
    let start = Instant::now();
    while allowance(&chain, 1) == 0 {
        assert!(start.elapsed() < PATIENCE, "it is valid on both forks");
        chain
            .remark(keys::account(&dev::charlie()))
            .expect("a block");
        thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(allowance(&chain, 2), 0);
    assert_eq!(allowance(&chain, 3), 0);
}

#[test]
fn reads_of_a_block_are_those_of_its_state_and_fail_without_it() {
    let test = "reads_of_a_block_are_those_of_its_state_and_fail_without_it";
    let Some(node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let alice = keys::account(&dev::alice());
    let mut chain = connect(&node);
    let contracts = deploy(&mut chain, bundles(), &config())
        .expect("deployed")
        .addresses;
    let allowance = || contracts.psp22().allowance(alice, [1; 32].into());
    let before = chain.best().expect("a block");
    let sent = chain.send(alice, contracts.psp22().approve([1; 32].into(), 7));
    sent.answer().expect("sent");
    let best = chain.best().expect("a block");
    assert_eq!(Pinned::new(&chain, before).query(allowance()), Ok(0u128));
    assert_eq!(Pinned::new(&chain, best).query(allowance()), Ok(7u128));
    assert_eq!(chain.ancestor(&best, before.number), Ok(Some(before.hash)));
    assert_eq!(chain.ancestor(&before, best.number), Ok(None));
    assert_eq!(chain.ancestor(&best, 0), chain.genesis().map(Some));
    let nowhere = BlockId {
        hash: [7; 32],
        ..best
    };
    let gone = Err(ChainError::BlockGone(best.number));
    assert_eq!(
        Pinned::new(&chain, nowhere).query::<u128>(allowance()),
        gone
    );
    let gone = chain.ancestor(&nowhere, before.number);
    assert_eq!(gone, Err(ChainError::BlockGone(best.number)));
}

#[test]
fn discarded_states_are_named_and_the_rest_is_read() {
    let test = "discarded_states_are_named_and_the_rest_is_read";
    let options = Options {
        arguments: vec!["--state-pruning".into(), "8".into()],
        ..Options::default()
    };
    let Some(node) = Node::for_test(test, options) else {
        return;
    };
    let alice = keys::account(&dev::alice());
    let mut chain = connect(&node);
    let contracts = deploy(&mut chain, bundles(), &config())
        .expect("deployed")
        .addresses;
    let early = chain.best().expect("a block");
    for _ in 0..12 {
        chain.remark(alice).expect("a block");
    }
    let start = Instant::now();
    let first = loop {
        assert!(start.elapsed() < PATIENCE, "final blocks are discarded");
        thread::sleep(Duration::from_millis(500));
        chain.remark(alice).expect("a block");
        // A client that has read the blocks keeps their events, so each look is a new one's.
        if let Err(ChainError::Pruned { first }) = connect(&node).events(1) {
            if first > early.number {
                break first;
            }
        }
    };
    let message = contracts.psp22().allowance(alice, [1; 32].into());
    let read = Pinned::new(&chain, early).query::<u128>(message);
    assert!(
        matches!(read, Err(ChainError::Pruned { first }) if first > early.number),
        "{read:?}"
    );
    // A client that begins now reads what is there.
    let newcomer = connect(&node);
    let Err(ChainError::Pruned { first: oldest }) = newcomer.events(1) else {
        panic!("old blocks are discarded");
    };
    assert!(oldest >= first);
    assert!(newcomer.events(oldest + 2).is_ok());
}
