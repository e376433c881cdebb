//! Transactions that wait in a node's pool: several of one account together, and one among eight
//! megabytes of others.

use super::{config, keys_of_users, settings};
use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings, Urgent},
        selector, Call, Chain, ChainRead, Message, Typed,
    },
    deploy::{deploy, Addresses},
    keys,
};
use inktensor_e2e_tests::{
    bundles,
    node::{Node, Options},
};
use inktensor_primitives::AccountId;
use psp22::{PSP22Error, PSP22};
use serde_json::json;
use std::{
    thread,
    time::{Duration, Instant},
};
use subxt::{
    config::DefaultExtrinsicParamsBuilder,
    dynamic,
    rpcs::{LegacyRpcMethods, RpcClient},
    OnlineClient, PolkadotConfig,
};
use subxt_signer::sr25519::{dev, Keypair};

/// Bytes of a remark.
const REMARK: usize = 18 * 1024;
/// Number of remarks: more than eight megabytes, of which a node's answer would be larger than it
/// sends.
const REMARKS: u64 = 450;
/// Longest wait for a state of the nodes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns an idle node whose chain has the contracts.
fn idle(test: &str) -> Option<(Node, Addresses)> {
    let mut node = Node::for_test(test, Options::default())?;
    let mut chain = super::connect(&node);
    let made = deploy(&mut chain, bundles(), &config()).expect("deployed");
    drop(chain);
    node.set_idle(true);
    node.restart().expect("it starts again");
    Some((node, made.addresses))
}

/// Starts a node that makes blocks, as a peer of `idle`.
fn author(idle: &Node) -> Node {
    let author = Node::start(Options::default()).expect("it starts");
    author.join(idle).expect("peers");
    author
}

/// Returns the number of transactions of `key` that a node has in blocks and in its pool.
fn count(node: &Node, key: &Keypair) -> u64 {
    let address = inktensor_client::ss58::ss58(&keys::account(key));
    let answer = node.ask("system_accountNextIndex", json!([address]));
    answer.expect("an answer").as_u64().expect("a number")
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Sends remarks of `key` to a node, without waiting for a block.
fn fill(node: &Node, key: &Keypair) {
    let first = count(node, key);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let raw = RpcClient::from_insecure_url(node.url())
            .await
            .expect("it answers");
        let rpc = LegacyRpcMethods::<subxt::config::RpcConfigFor<PolkadotConfig>>::new(raw.clone());
        let client = OnlineClient::<PolkadotConfig>::from_insecure_url(node.url());
        let client = client.await.expect("it answers");
        let at = client.at_current_block().await.expect("a block");
        let transactions = at.transactions();
        for nonce in first..first + REMARKS {
            let remark = vec![nonce.to_le_bytes()[0]; REMARK];
            let payload = dynamic::transaction("System", "remark", (remark,));
            let params = DefaultExtrinsicParamsBuilder::<PolkadotConfig>::new()
                .nonce(nonce)
                .immortal()
                .build();
            let signable = transactions.create_signable_offline(&payload, params);
            let signed = signable.expect("signable").sign(key).expect("signed");
            rpc.author_submit_extrinsic(&signed.into_encoded())
                .await
                .expect("the pool has room");
        }
    });
}

fn approvals(contracts: &Addresses, count: u8) -> Vec<Call> {
    (0..count)
        .map(|spender| {
            let spender = AccountId::from([spender; 32]);
            let message: Message<Result<(), PSP22Error>> =
                contracts.psp22().approve(spender, 7).into();
            message.into()
        })
        .collect()
}

#[test]
fn several_transactions_of_one_account_are_sent_together() {
    let test = "several_transactions_of_one_account_are_sent_together";
    let Some((node, contracts)) = idle(test) else {
        return;
    };
    let alice = dev::alice();
    let (before, block) = (count(&node, &alice), super::connect(&node).block());
    let url = node.url();
    let sending = thread::spawn(move || {
        let mut chain = RpcChain::connect(settings(&url), keys_of_users()).expect("it answers");
        chain.submit_many(keys::account(&dev::alice()), &approvals(&contracts, 5))
    });
    // Another connection of the same process goes on after their nonces.
    wait_until("five are sent", || count(&node, &alice) == before + 5);
    let url = node.url();
    let another = thread::spawn(move || {
        let mut chain = RpcChain::connect(settings(&url), keys_of_users()).expect("it answers");
        let message = contracts.psp22().approve([9; 32].into(), 7);
        chain.send(keys::account(&dev::alice()), message)
    });
    wait_until("six are sent", || count(&node, &alice) == before + 6);
    let chain = super::connect(&node);
    assert_eq!(chain.block(), block, "no block has one of them");
    let _author = author(&node);
    for receipt in sending.join().expect("sent") {
        assert_eq!(receipt.expect("carried out").events.len(), 1);
    }
    another.join().expect("sent").expect("carried out");
    for spender in [0, 4, 9] {
        let message = contracts
            .psp22()
            .allowance(keys::account(&alice), [spender; 32].into());
        assert_eq!(chain.query(message), Ok(7u128));
    }
}

/// Sends an urgent approval to a node, and returns its fee with the tip.
fn send_urgent(url: String, contracts: Addresses) -> thread::JoinHandle<u128> {
    thread::spawn(move || {
        let urgent = Settings {
            urgent: Urgent {
                selectors: vec![selector("PSP22::approve")],
                most_tip: None,
            },
            ..settings(&url)
        };
        let mut chain = RpcChain::connect(urgent, keys_of_users()).expect("it answers");
        let message = contracts.psp22().approve([9; 32].into(), 7);
        let sent = chain.send(keys::account(&dev::alice()), message);
        sent.expect("carried out").cost.fee
    })
}

/// Returns the fee of an approval without a tip.
fn usual_fee(node: &Node, contracts: &Addresses) -> u128 {
    let message = contracts.psp22().approve([8; 32].into(), 7);
    let sent = super::connect(node).send(keys::account(&dev::charlie()), message);
    sent.expect("carried out").cost.fee
}

#[test]
fn full_pool_stops_no_transaction() {
    let test = "full_pool_stops_no_transaction";
    let Some((node, contracts)) = idle(test) else {
        return;
    };
    fill(&node, &dev::bob());
    let all = node.ask("author_pendingExtrinsics", json!([]));
    assert!(all.is_err(), "the whole pool is larger than an answer");
    let alice = dev::alice();
    let before = count(&node, &alice);
    let sending = send_urgent(node.url(), contracts);
    wait_until("it is sent", || count(&node, &alice) == before + 1);
    let author = author(&node);
    let paid = sending.join().expect("sent");
    let usual = usual_fee(&author, &contracts);
    assert!(
        paid * 10 >= usual * 19,
        "the tip is a fee: {paid} of {usual}"
    );
    let message = contracts
        .psp22()
        .allowance(keys::account(&alice), [9; 32].into());
    assert_eq!(super::connect(&node).query(message), Ok(7u128));
}

#[test]
fn tip_doubles_with_a_block_that_does_not_take_the_transaction() {
    let test = "tip_doubles_with_a_block_that_does_not_take_the_transaction";
    let Some((node, contracts)) = idle(test) else {
        return;
    };
    let alice = dev::alice();
    let before = count(&node, &alice);
    // An author with the same chain, and some blocks that the idle node does not have yet.
    let mut author = author(&node);
    let best = super::connect(&node).best().expect("a block");
    wait_until("the author has the chain", || {
        super::connect(&author).best().expect("a block") == best
    });
    author.restart().expect("it starts again");
    let mut rival = super::connect(&author);
    for _ in 0..4 {
        rival.remark(keys::account(&dev::bob())).expect("a block");
    }
    let sending = send_urgent(node.url(), contracts);
    wait_until("it is sent", || count(&node, &alice) == before + 1);
    author.join(&node).expect("peers");
    let paid = sending.join().expect("sent");
    assert_eq!(
        count(&node, &alice),
        before + 1,
        "one of them was carried out"
    );
    let usual = usual_fee(&author, &contracts);
    assert!(
        paid * 10 >= usual * 28,
        "the tip is two fees: {paid} of {usual}"
    );
}
