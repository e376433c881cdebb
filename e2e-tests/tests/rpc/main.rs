//! The client of a node: the same answers and events as the chain in this process, and failures of
//! the node.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod forks;
mod liars;
mod pool;

use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings},
        Answer, CallError, Chain, ChainError, ChainRead, ContractEvent, Cost, Message, Typed,
    },
    deploy::{check, deploy, deploy_with, estimate, Addresses, Config, Record, StepOutcome},
    keys,
};
use inktensor_devnet::{sandbox::SandboxChain, weights::Weights};
use inktensor_e2e_tests::{
    bundles,
    node::{Node, Options},
    proxy::Proxy,
};
use inktensor_primitives::{
    epoch::Epochs, hash::blake2, registry::Registry, staking::Staking, AccountId, NetUid, Rao, Uid,
};
use psp22::PSP22;
use scale::{Decode, Encode};
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};
use subxt_signer::sr25519::{dev, Keypair};

fn config() -> Config {
    let alice = keys::account(&dev::alice());
    let holders = vec![(alice, Rao::from_tao(1_000_000))];
    Config::new(alice, keys::account(&dev::ferdie()), holders)
}

fn settings(url: &str) -> Settings {
    Settings {
        timeout: Duration::from_secs(30),
        ..Settings::of(url)
    }
}

fn keys_of_users() -> [Keypair; 3] {
    [dev::alice(), dev::bob(), dev::charlie()]
}

fn connect(node: &Node) -> RpcChain {
    RpcChain::connect(settings(&node.url()), keys_of_users()).expect("it answers")
}

#[test]
fn deploy_again_finds_the_deployment() {
    let test = "deploy_again_finds_the_deployment";
    let Some(node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let mut chain = connect(&node);
    let config = Config {
        admin: keys::account(&dev::bob()),
        ..config()
    };
    let planned = estimate(&chain, bundles(), &config).expect("estimated");
    assert!(planned.contracts.iter().all(|it| it.cost.deposit > 0));
    let block = chain.block().expect("a block");
    let mut steps = Vec::new();
    let made = deploy_with(&mut chain, bundles(), &config, &mut |step| {
        steps.push(*step)
    });
    let made = made.expect("deployed");
    assert!(steps.iter().all(|it| it.outcome != StepOutcome::Found));
    assert_eq!(made.addresses, planned.addresses, "as it was planned");
    assert!(chain.block().expect("a block") > block);

    let record = Record::of(&made, "test", chain.genesis().expect("genesis"));
    assert_eq!(check(&chain, &record).expect("checked"), []);
    let governing = ["treasury", "governance"];
    let used = bundles().named().into_iter();
    for (name, bundle) in used.filter(|(name, _)| !governing.contains(name)) {
        let code = chain.code(&blake2(&bundle.code)).expect("asked");
        assert_eq!(code.as_ref(), Some(&bundle.code), "{name}");
    }

    let block = chain.block().expect("a block");
    let mut again = Vec::new();
    let found = deploy_with(&mut chain, bundles(), &config, &mut |step| {
        again.push(*step)
    });
    assert_eq!(found.expect("found").addresses, made.addresses);
    assert!(again.iter().all(|it| it.outcome == StepOutcome::Found));
    assert_eq!(again.len(), steps.len());
    assert_eq!(chain.block().expect("a block"), block, "nothing was sent");
    let planned = estimate(&chain, bundles(), &config).expect("estimated");
    assert!(planned.contracts.iter().all(|it| it.cost.deposit == 0));

    let mut other = record;
    if let Some(token) = other.contracts.get_mut("token") {
        token.code_hash = [1; 32];
    }
    let mismatches = check(&chain, &other).expect("checked");
    assert_eq!(mismatches.len(), 1, "{mismatches:?}");
    assert_eq!(mismatches[0].what, "code of token");
}

/// Two chains that get the same messages and must give the same answers and events.
struct Both {
    here: SandboxChain,
    there: RpcChain,
    contracts: Addresses,
    /// Costs with the weights of the node's pallet in this process, and on the node.
    costs: Vec<(Cost, Cost)>,
}

impl Both {
    fn read<R: Decode + Debug + PartialEq>(&self, message: impl Fn(&Addresses) -> Message<R>) -> R {
        let here = self.here.query(message(&self.contracts)).expect("here");
        let there = self.there.query(message(&self.contracts)).expect("there");
        assert_eq!(here, there);
        here
    }

    fn send<R: Decode + Debug + PartialEq>(
        &mut self,
        who: &Keypair,
        message: impl Fn(&Addresses) -> Message<R>,
    ) -> (R, Vec<ContractEvent>) {
        // Both calls must run in the same block: a node runs a transaction in the block after the
        // best one.
        let blocks = self.there.block().expect("a block") + 1 - self.here.block().expect("a block");
        self.here.advance(blocks);
        let who = keys::account(who);
        let Message { to, input, .. } = message(&self.contracts);
        let cost = self.here.cost_with(Weights::V38, who, to, &input);
        let there = self
            .there
            .send(who, message(&self.contracts))
            .expect("there");
        if !there.events.is_empty() {
            self.costs.push((cost.expect("here"), there.cost));
        }
        let here = self.here.send(who, message(&self.contracts)).expect("here");
        assert_eq!(here.value, there.value);
        assert_eq!(here.events, there.events);
        assert!(there.events.is_empty() || there.cost.fee > 0);
        (here.value, here.events)
    }
}

/// Asserts that the weights of the node's pallet in this process count as the node does: the same
/// proof, and the same time but for the interpreter, which is another version here.
fn assert_costs_agree(costs: &[(Cost, Cost)]) {
    for (here, there) in costs {
        println!("{here:?} {there:?}");
    }
    for (here, there) in costs {
        assert_eq!(here.proof_size, there.proof_size);
        let difference = here.ref_time.abs_diff(there.ref_time);
        assert!(difference < there.ref_time / 5, "{here:?} {there:?}");
    }
}

#[test]
fn messages_have_the_same_answers_and_events_as_in_this_process() {
    let test = "messages_have_the_same_answers_and_events_as_in_this_process";
    let Some(node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let [alice, bob, charlie] = keys_of_users();
    let mut both = {
        let (mut here, mut there) = (SandboxChain::new(), connect(&node));
        let one = deploy(&mut here, bundles(), &config()).expect("deployed");
        let other = deploy(&mut there, bundles(), &config()).expect("deployed");
        assert_eq!(one.addresses, other.addresses);
        Both {
            here,
            there,
            contracts: one.addresses,
            costs: Vec::new(),
        }
    };
    let from = both.there.block().expect("a block") + 1;
    let hotkey = keys::account(&bob);
    let mut told = Vec::new();
    for spender in [both.contracts.registry, both.contracts.staking] {
        let amount = Rao::from_tao(10_000).to_u128();
        told.extend(
            both.send(&alice, |at| at.psp22().approve(spender, amount).into())
                .1,
        );
    }
    let (created, events) = both.send(&alice, |at| {
        let mut registry = at.registry();
        registry
            .create_subnet(
                "one".into(),
                keys::account(&alice),
                at.yuma,
                20,
                8,
                2,
                Rao::CAP,
                None,
            )
            .into()
    });
    assert_eq!(created, Ok(NetUid(1)));
    told.extend(events);
    let netuid = NetUid(1);
    let most = Rao::from_tao(1_000);
    let signature = |registry| Some(keys::agreement(&bob, registry, keys::account(&alice)));
    let (uid, events) = both.send(&alice, |at| {
        let signature = signature(at.registry);
        let mut registry = at.registry();
        registry.register(netuid, hotkey, most, signature).into()
    });
    assert_eq!(uid, Ok(Uid(0)));
    told.extend(events);
    let stake = Rao::from_tao(500);
    let (added, events) = both.send(&alice, |at| {
        at.staking().add_stake(netuid, hotkey, stake).into()
    });
    assert_eq!(added, Ok(()));
    told.extend(events);

    // A refusal needs no transaction.
    let block = both.there.block().expect("a block");
    let (taken, events) = both.send(&alice, |at| {
        let signature = signature(at.registry);
        let mut registry = at.registry();
        registry.register(netuid, hotkey, most, signature).into()
    });
    assert!(taken.is_err() && events.is_empty(), "{taken:?}");
    let (poor, _) = both.send(&charlie, |at| {
        at.staking().add_stake(netuid, hotkey, stake).into()
    });
    assert!(poor.is_err(), "{poor:?}");
    assert_eq!(
        both.there.block().expect("a block"),
        block,
        "nothing was sent"
    );

    // Not the subnet: its price depends on the block, and a node answers for the next block.
    both.read(|at| at.registry().voter(netuid, hotkey).into());
    both.read(|at| at.registry().metagraph(netuid, 0).into());
    both.read(|at| {
        at.staking()
            .stake(netuid, hotkey, keys::account(&alice))
            .into()
    });
    both.read(|at| at.epoch().status(netuid).into());
    both.read(|at| at.staking().peers().into());

    assert_costs_agree(&both.costs);

    // A second client reads the same events later.
    assert_eq!(both.there.events(from).expect("events"), told);
    assert_eq!(both.here.events(from).expect("events"), told);
    assert_eq!(connect(&node).events(from).expect("events"), told);
    let mut listener = connect(&node);
    listener.listen_to([both.contracts.staking]);
    let heard = listener.events(from).expect("events");
    let mine = told
        .iter()
        .filter(|it| it.contract == both.contracts.staking);
    assert_eq!(heard, mine.cloned().collect::<Vec<_>>());
    assert!(!heard.is_empty());

    // The answers of a batch of reads are in order.
    let message: Message<_> = both.contracts.registry().held().into();
    let reads: Vec<_> = (0..70u16)
        .map(|n| {
            if n % 2 == 0 {
                return (message.to, message.input.clone());
            }
            let message: Message<_> = both.contracts.registry().neuron(netuid, Uid(n)).into();
            (message.to, message.input)
        })
        .collect();
    let nobody = AccountId::from([0; 32]);
    let here = both.here.read_all(nobody, &reads).expect("here");
    assert_eq!(both.there.read_all(nobody, &reads).expect("there"), here);
    assert_eq!(here[1].encode(), here[3].encode());
}

#[test]
fn failed_calls_report_the_reason() {
    let Some(node) = Node::for_test("failed_calls_report_the_reason", Options::default()) else {
        return;
    };
    let mut chain = connect(&node);
    let alice = keys::account(&dev::alice());
    let nowhere = AccountId::from([9; 32]);
    assert_eq!(
        chain.submit(alice, nowhere, &[0; 4]),
        Err(ChainError::NoContract(nowhere))
    );
    assert_eq!(
        chain.read(alice, nowhere, &[0; 4]),
        Err(ChainError::NoContract(nowhere))
    );
    assert_eq!(chain.code(&[3; 32]), Ok(None));
    assert_eq!(chain.code_hash(&nowhere), Ok(None));
    assert_eq!(chain.events(0), Ok(Vec::new()));
    let stranger = keys::account(&dev::eve());
    let problem = chain.submit(stranger, nowhere, &[0; 4]).unwrap_err();
    assert!(problem.to_string().contains("no key of"), "{problem}");

    let made = deploy(&mut chain, bundles(), &config()).expect("deployed");
    let message = made.addresses.registry().admin();
    let input = Message::<AccountId>::from(message).input;
    assert_eq!(
        chain.read(alice, made.addresses.registry, &input[..3]),
        Ok(vec![1, 1]),
        "the message is unknown"
    );
    // An account without the chain's own coin cannot pay for a transaction.
    let poor = Keypair::from_uri(&"//poor".parse().expect("a uri")).expect("a key");
    let mut chain = RpcChain::connect(settings(&node.url()), [poor.clone()]).expect("it answers");
    let message = made.addresses.psp22().approve(nowhere, 5);
    let refused: Result<_, CallError<psp22::PSP22Error>> =
        chain.send(keys::account(&poor), message).answer();
    assert!(
        matches!(refused, Err(CallError::Chain(ChainError::Runtime(_)))),
        "{refused:?}"
    );
}

#[test]
fn client_waits_for_a_failed_node_or_uses_another() {
    let test = "client_waits_for_a_failed_node_or_uses_another";
    let Some(mut node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let alice = keys::account(&dev::alice());
    let line = Proxy::to(node.rpc_port());
    let mut chain = RpcChain::connect(settings(&line.url()), keys_of_users()).expect("it answers");
    chain.remark(alice).expect("a block");
    let block = chain.block().expect("a block");

    // The connection is cut and restored within the timeout.
    line.cut();
    let mending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        line.mend();
        line
    });
    assert_eq!(chain.block(), Ok(block), "it was waited for");
    let line = mending.join().expect("mended");

    // Without an answer the client reports an error after the timeout.
    line.cut();
    let hasty = Settings {
        timeout: Duration::from_millis(800),
        ..settings(&line.url())
    };
    let start = Instant::now();
    let problem = RpcChain::connect(hasty.clone(), keys_of_users()).unwrap_err();
    assert!(
        matches!(problem, ChainError::Unreachable { .. }),
        "{problem}"
    );
    assert!(start.elapsed() < Duration::from_secs(10));

    // The client continues with the second address.
    let two = Settings {
        addresses: vec![line.url(), node.url()],
        timeout: Duration::from_secs(20),
        ..hasty
    };
    let mut chain = RpcChain::connect(two, keys_of_users()).expect("the second answers");
    chain.remark(alice).expect("a block");
    assert_eq!(chain.block(), Ok(block + 1));

    // A restarted node with its database is the same chain.
    node.restart().expect("it comes back");
    assert_eq!(chain.block(), Ok(block + 1));
    chain.remark(alice).expect("a block");

    // Another chain is refused.
    let other = Settings {
        genesis: Some([7; 32]),
        timeout: Duration::from_secs(20),
        ..settings(&node.url())
    };
    let problem = RpcChain::connect(other, keys_of_users()).unwrap_err();
    assert!(problem.to_string().contains("another chain"), "{problem}");
}

#[test]
fn transaction_with_a_lost_answer_is_found_in_its_block() {
    let test = "transaction_with_a_lost_answer_is_found_in_its_block";
    let Some(node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let line = Proxy::to(node.rpc_port());
    let two = Settings {
        addresses: vec![line.url(), node.url()],
        ..settings(&line.url())
    };
    let mut chain = RpcChain::connect(two, keys_of_users()).expect("it answers");
    let alice = keys::account(&dev::alice());
    // The code is sent twice: for the dry run, and signed. The second answer is cut off.
    let code = &bundles().epoch.code;
    line.cut_after(u64::try_from(code.len()).expect("small"), 2);
    let block = chain.block().expect("a block");
    let hash = chain.upload(alice, code).expect("it was found");
    assert!(line.is_cut(), "the answer was lost");
    assert_eq!(chain.code(&hash).expect("asked").as_ref(), Some(code));
    assert_eq!(chain.block(), Ok(block + 1), "it was sent once");
}
