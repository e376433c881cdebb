//! Transactions that a node does not take at once, or does not tell of: a full pool, blocks without
//! them, several of one account on their way together.
//!
//! A node of development makes a block of each transaction that it gets. So a proxy in front of it
//! plays the pool: it refuses as a full pool does, or keeps transactions to itself.

use super::{config, connect, keys_of_users, settings};
use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings, Urgent},
        selector, Call, Chain, Message, Typed,
    },
    deploy::{deploy, Addresses},
    keys,
};
use inktensor_e2e_tests::{
    bundles,
    liar::{Liar, Request},
    node::{Node, Options},
};
use inktensor_primitives::AccountId;
use psp22::{PSP22Error, PSP22};
use serde_json::{json, Value};
use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use subxt_signer::sr25519::dev;

/// Longest wait for a state of the nodes.
const PATIENCE: Duration = Duration::from_secs(120);
/// A node's code for a pool without room.
const FULL: i64 = 1016;

/// The transactions that a proxy has kept.
type Kept = Arc<Mutex<Vec<Value>>>;

/// Returns a node whose chain has the contracts, and a proxy to it.
fn with_proxy(test: &str) -> Option<(Node, Addresses, Liar)> {
    let node = Node::for_test(test, Options::default())?;
    let made = deploy(&mut connect(&node), bundles(), &config()).expect("deployed");
    let proxy = Liar::to(node.rpc_port());
    Some((node, made.addresses, proxy))
}

fn is_submission(request: &Request<'_>) -> bool {
    request.method.starts_with("author_submit")
}

/// Makes the proxy keep transactions as if the node's pool had them. Returns those that are kept.
fn keep(proxy: &Liar) -> Kept {
    let kept = Kept::default();
    let shared = Arc::clone(&kept);
    proxy.lie(move |request| {
        if is_submission(request) {
            let mut kept = shared.lock().expect("no panic");
            if !kept.contains(&request.params[0]) {
                kept.push(request.params[0].clone());
            }
            request.answer = Some(json!({"result": format!("0x{}", "00".repeat(32))}));
        }
    });
    kept
}

/// Waits until the proxy has kept so many transactions.
fn wait_for(kept: &Kept, count: usize) {
    let start = Instant::now();
    while kept.lock().expect("no panic").len() < count {
        assert!(start.elapsed() < PATIENCE, "{count} transactions are sent");
        thread::sleep(Duration::from_millis(20));
    }
}

fn approval(contracts: &Addresses, spender: u8) -> Call {
    let spender = AccountId::from([spender; 32]);
    let message: Message<Result<(), PSP22Error>> = contracts.psp22().approve(spender, 7).into();
    message.into()
}

/// Sends an urgent approval by the proxy, and returns its fee with the tip.
fn send_urgent(proxy: &Liar, contracts: Addresses) -> thread::JoinHandle<u128> {
    let urgent = Settings {
        urgent: Urgent {
            selectors: vec![selector("PSP22::approve")],
            most_tip: None,
        },
        ..settings(&proxy.url())
    };
    thread::spawn(move || {
        let mut chain = RpcChain::connect(urgent, keys_of_users()).expect("it answers");
        let message = contracts.psp22().approve([9; 32].into(), 7);
        let sent = chain.send(keys::account(&dev::alice()), message);
        sent.expect("carried out").cost.fee
    })
}

/// Returns the fee of an approval without a tip.
fn usual_fee(node: &Node, contracts: &Addresses) -> u128 {
    let message = contracts.psp22().approve([8; 32].into(), 7);
    let sent = connect(node).send(keys::account(&dev::charlie()), message);
    sent.expect("carried out").cost.fee
}

/// Attack W4: a pool full of eight megabytes takes a transaction for a higher tip only, and cannot
/// be read, since the answer would be larger than a node sends.
#[test]
fn full_pool_stops_no_transaction() {
    let test = "full_pool_stops_no_transaction";
    let Some((node, contracts, proxy)) = with_proxy(test) else {
        return;
    };
    let mut refused = 0;
    proxy.lie(move |request| {
        let error = match request.method {
            "author_pendingExtrinsics" => json!({"code": -32008, "message": "Response is too big"}),
            _ if is_submission(request) && refused < 2 => {
                refused += 1;
                json!({"code": FULL, "message": "Immediately Dropped"})
            }
            _ => return,
        };
        request.answer = Some(json!({ "error": error }));
    });
    let paid = send_urgent(&proxy, contracts).join().expect("sent");
    let usual = usual_fee(&node, &contracts);
    assert!(
        paid * 10 >= usual * 45,
        "the tip is four fees: {paid} of {usual}"
    );
    let message = contracts
        .psp22()
        .allowance(keys::account(&dev::alice()), [9; 32].into());
    assert_eq!(connect(&node).query(message), Ok(7u128));
}

#[test]
fn tip_doubles_with_a_block_that_does_not_take_the_transaction() {
    let test = "tip_doubles_with_a_block_that_does_not_take_the_transaction";
    let Some((node, contracts, proxy)) = with_proxy(test) else {
        return;
    };
    let kept = keep(&proxy);
    let sending = send_urgent(&proxy, contracts);
    let mut other = connect(&node);
    for count in 1..3 {
        wait_for(&kept, count);
        other.remark(keys::account(&dev::bob())).expect("a block");
    }
    proxy.repent();
    other.remark(keys::account(&dev::bob())).expect("a block");
    let paid = sending.join().expect("sent");
    let usual = usual_fee(&node, &contracts);
    assert!(
        paid * 10 >= usual * 28,
        "the tip is two fees or more: {paid} of {usual}"
    );
    // The nonce is used up: the versions with lower tips can be carried out no more.
    for version in kept.lock().expect("no panic").iter() {
        assert!(node
            .ask("author_submitExtrinsic", json!([version]))
            .is_err());
    }
}

#[test]
fn several_transactions_of_one_account_are_sent_together() {
    let test = "several_transactions_of_one_account_are_sent_together";
    let Some((node, contracts, proxy)) = with_proxy(test) else {
        return;
    };
    let kept = keep(&proxy);
    let url = proxy.url();
    let start = move || RpcChain::connect(settings(&url), keys_of_users()).expect("it answers");
    let (one, other) = (start.clone(), start);
    let alice = keys::account(&dev::alice());
    let sending = thread::spawn(move || {
        let calls: Vec<Call> = (0..5).map(|it| approval(&contracts, it)).collect();
        one().submit_many(alice, &calls)
    });
    wait_for(&kept, 5);
    // Another connection of the same process goes on after their nonces.
    let another = thread::spawn(move || {
        let call = approval(&contracts, 9);
        other().submit(alice, call.to, &call.input)
    });
    wait_for(&kept, 6);
    proxy.repent();
    for transaction in kept.lock().expect("no panic").iter() {
        // The client may have sent it again by now. That each is carried out is checked below.
        let _ = node.ask("author_submitExtrinsic", json!([transaction]));
    }
    for receipt in sending.join().expect("no panic") {
        assert_eq!(receipt.expect("carried out").events.len(), 1);
    }
    another.join().expect("no panic").expect("carried out");
    let chain = connect(&node);
    for spender in [0, 4, 9] {
        let message = contracts.psp22().allowance(alice, [spender; 32].into());
        assert_eq!(chain.query(message), Ok(7u128));
    }
}
