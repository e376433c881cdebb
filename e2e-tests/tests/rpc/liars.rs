//! One of three nodes lies, in each way that a node can: about an epoch's inputs, about an
//! assertion that stands, about a dispute that would succeed, or by standing still. With `--agree
//! 2` none of these costs collateral or hides a false assertion.

use super::{config, connect, keys_of_users};
use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings, Urgent},
        selector, Agreeing, Answer, ChainError, ChainRead, Typed,
    },
    deploy::{deploy, Addresses, Config},
    keys,
};
use inktensor_e2e_tests::{
    bundles,
    engines::kernels,
    liar::{Liar, Request},
    node::{Node, Options},
};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{EpochRules, EpochStatus, Epochs, Stage},
    registry::{NetworkRules, Registry},
    staking::Staking,
    AccountId, NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Listener, Proposer, Role, RoleError, Subnets, Turn, Watcher},
};
use psp22::PSP22;
use serde_json::Value;
use std::{
    rc::Rc,
    thread,
    time::{Duration, Instant},
};
use subxt_signer::sr25519::dev;

const ONE: NetUid = NetUid(1);
const OTHER: NetUid = NetUid(2);
const TEMPO: u32 = 20;

fn alice() -> AccountId {
    keys::account(&dev::alice())
}

/// A node with two subnets of two neurons each, whose first epochs are closed.
struct Net {
    node: Node,
    contracts: Addresses,
}

impl Net {
    fn closed(test: &str) -> Option<Self> {
        let node = Node::for_test(test, Options::default())?;
        let mut chain = connect(&node);
        let config = Config {
            rules: EpochRules {
                challenge_period: 200,
                collateral: Rao::from_tao(10),
                ..Config::RULES
            },
            network: NetworkRules {
                min_lock: Rao::from_tao(10),
                creation_interval: 0,
                ..NetworkRules::DEFAULT
            },
            ..config()
        };
        let contracts = deploy(&mut chain, bundles(), &config)
            .expect("deployed")
            .addresses;
        let net = Self { node, contracts };
        for spender in [contracts.registry, contracts.staking] {
            let amount = Rao::from_tao(100_000).to_u128();
            let approve = contracts.psp22().approve(spender, amount);
            chain.send(alice(), approve).answer().expect("approved");
        }
        for (netuid, stake) in [(ONE, 500), (OTHER, 300)] {
            net.create(&mut chain, netuid, stake);
        }
        for netuid in [ONE, OTHER] {
            while net.status(&chain, netuid).closes_at > chain.block().expect("a block") {
                chain.remark(alice()).expect("a block");
            }
            let close = contracts.epoch().close(netuid);
            chain.send(alice(), close).answer().expect("closed");
        }
        Some(net)
    }

    fn create(&self, chain: &mut RpcChain, netuid: NetUid, stake: u64) {
        let contracts = &self.contracts;
        let create = contracts.registry().create_subnet(
            "net".into(),
            alice(),
            contracts.yuma,
            TEMPO,
            8,
            2,
            Rao::CAP,
            None,
        );
        let created = chain.send(alice(), create).answer().expect("created");
        assert_eq!(created.value, netuid);
        for (key, part) in [(dev::bob(), 2), (dev::charlie(), 1)] {
            let hotkey = keys::account(&key);
            let signature = Some(keys::agreement(&key, contracts.registry, alice()));
            let mut registry = contracts.registry();
            let register = registry.register(netuid, hotkey, Rao::CAP, signature);
            chain.send(alice(), register).answer().expect("registered");
            let add = contracts
                .staking()
                .add_stake(netuid, hotkey, Rao::from_tao(stake * part));
            chain.send(alice(), add).answer().expect("staked");
        }
        // Stake weighs in the epochs that it was there for from their opening on.
        let start = contracts.registry().start(netuid);
        chain.send(alice(), start).answer().expect("started");
    }

    fn status(&self, chain: &dyn ChainRead, netuid: NetUid) -> EpochStatus {
        let status: Option<EpochStatus> = chain
            .query(self.contracts.epoch().status(netuid))
            .expect("it answers");
        status.expect("a subnet")
    }

    /// Returns the honest assertion of a closed epoch.
    fn honest(&self, netuid: NetUid) -> Assertion {
        let mut cache = EpochCache::new(self.contracts, kernels());
        let chain = connect(&self.node);
        let computed = cache.closed(&chain, netuid).expect("computed");
        computed.assertion.clone()
    }

    /// Posts an assertion of subnet 1 that is false from its second step on.
    fn post_lie(&self) {
        let mut lie = self.honest(ONE);
        for step in lie.steps.iter_mut().skip(1) {
            step[0] ^= 1;
        }
        let mut chain = connect(&self.node);
        let epoch = || self.contracts.epoch();
        let amount: Rao = chain
            .query(epoch().collateral_required(ONE))
            .expect("asked");
        let approve = self
            .contracts
            .psp22()
            .approve(self.contracts.epoch, amount.to_u128());
        chain.send(alice(), approve).answer().expect("approved");
        let deposit = epoch().deposit_collateral(amount);
        chain.send(alice(), deposit).answer().expect("deposited");
        let propose = epoch().propose(ONE, lie);
        chain.send(alice(), propose).answer().expect("posted");
    }

    /// Connects to three nodes, in this order. The first is in use.
    fn believing(&self, urls: &[String], wanted: usize) -> Believing {
        let settings = Settings {
            addresses: urls.to_vec(),
            timeout: Duration::from_secs(30),
            urgent: Urgent {
                selectors: vec![selector("Epochs::dispute")],
                most_tip: None,
            },
            ..Settings::of("")
        };
        let mut chain = RpcChain::connect(settings, keys_of_users()).expect("one answers");
        chain.listen_to(self.contracts.named().map(|(_, address)| address));
        let nodes = chain.nodes().into_iter();
        let views: Vec<Rc<dyn ChainRead>> = nodes
            .map(|node| Rc::new(node) as Rc<dyn ChainRead>)
            .collect();
        Believing {
            chain: Agreeing::new(chain, views.clone(), wanted),
            views,
            epochs: EpochCache::new(self.contracts, kernels()),
            subnets: Subnets::of(self.contracts).only([ONE]),
        }
    }
}

/// A worker that believes what several nodes agree on.
struct Believing {
    chain: Agreeing<RpcChain>,
    views: Vec<Rc<dyn ChainRead>>,
    epochs: EpochCache,
    subnets: Subnets,
}

/// The steps and problems of a role.
#[derive(Default)]
struct Heard {
    actions: Vec<Action>,
    problems: Vec<RoleError>,
}

impl Listener for Heard {
    fn took(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn overtaken(&mut self, _: NetUid, _: RoleError) {}

    fn problem(&mut self, _: NetUid, problem: RoleError) {
        self.problems.push(problem);
    }
}

impl Believing {
    /// Lets a role take its turns.
    fn act(&mut self, role: &dyn Role) -> Result<Heard, ChainError> {
        let mut heard = Heard::default();
        for _ in 0..5 {
            let moved = role.turn(&mut Turn {
                chain: &mut self.chain,
                epochs: &mut self.epochs,
                subnets: &mut self.subnets,
                listener: &mut heard,
                views: &self.views,
            })?;
            if !moved {
                break;
            }
        }
        Ok(heard)
    }

    /// Watches once, and asserts that it disputes the lie at its false step.
    fn dispute_the_lie(&mut self, contracts: Addresses) {
        let watcher = Watcher::new(keys::account(&dev::bob()), contracts);
        let heard = self.act(&watcher).expect("enough nodes agree");
        let is_dispute = |action: &Action| matches!(action, Action::Disputed { .. });
        let disputes: Vec<Action> = heard.actions.into_iter().filter(is_dispute).collect();
        assert!(
            matches!(disputes[..], [Action::Disputed { step: 1, .. }]),
            "{disputes:?}"
        );
    }
}

/// Returns the hexadecimal text of a message's selector.
fn hex(name: &str) -> String {
    selector(name)
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect()
}

/// Changes the parameters of a dry run whose arguments have `text`: in place of it they have `lie`.
fn replace(request: &mut Request<'_>, text: &str, lie: &str) {
    if request.method != "state_call" {
        return;
    }
    if let Some(Value::String(arguments)) = request.params.get_mut(1) {
        *arguments = arguments.replace(text, lie);
    }
}

/// Makes a node answer about subnet 2 when it is asked for the inputs of subnet 1.
fn swap_inputs(liar: &Liar) {
    let name = hex("Epochs::chunk_inputs");
    let (asked, lie) = (format!("{name}0100"), format!("{name}0200"));
    liar.lie(move |request| replace(request, &asked, &lie));
}

/// Makes a node answer questions about statuses from the state of an earlier block.
fn hide_assertions(liar: &Liar, before: &inktensor_client::chain::BlockId) {
    let block = format!(
        "0x{}",
        inktensor_primitives::hash::hex(&before.hash).trim_start_matches("0x")
    );
    let names = [hex("Epochs::status"), hex("Epochs::statuses")];
    liar.lie(move |request| {
        if request.method != "state_call" || request.params.len() < 2 {
            return;
        }
        let arguments = request.params[1].as_str().unwrap_or_default().to_owned();
        if names.iter().any(|name| arguments.contains(name)) {
            request.params.truncate(2);
            request.params.push(Value::String(block.clone()));
        }
    });
}

#[test]
fn node_that_lies_about_inputs_costs_no_collateral() {
    let test = "node_that_lies_about_inputs_costs_no_collateral";
    let Some(net) = Net::closed(test) else {
        return;
    };
    let liar = Liar::to(net.node.rpc_port());
    swap_inputs(&liar);
    let honest = net.honest(ONE);
    // Whom one node is enough posts a false assertion.
    let mut credulous = net.believing(&[liar.url(), net.node.url(), net.node.url()], 1);
    let computed = credulous.epochs.closed(&credulous.chain, ONE);
    assert_ne!(computed.expect("computed").assertion, honest);

    let mut believing = net.believing(&[liar.url(), net.node.url(), net.node.url()], 2);
    let proposer = Proposer::new(alice(), net.contracts).posting_early(true);
    let heard = believing.act(&proposer).expect("two agree");
    let posted = Action::Proposed {
        netuid: ONE,
        epoch: 0,
    };
    assert!(heard.actions.contains(&posted), "{:?}", heard.problems);
    let stage = net.status(&connect(&net.node), ONE).stage;
    let posted = stage.standing().first().expect("it is posted");
    assert_eq!(posted.assertion, honest.digest());
}

#[test]
fn two_nodes_that_differ_are_not_believed() {
    let test = "two_nodes_that_differ_are_not_believed";
    let Some(net) = Net::closed(test) else {
        return;
    };
    let liar = Liar::to(net.node.rpc_port());
    swap_inputs(&liar);
    let mut believing = net.believing(&[liar.url(), net.node.url()], 2);
    let proposer = Proposer::new(alice(), net.contracts).posting_early(true);
    let differ = ChainError::NodesDiffer {
        agree: 1,
        wanted: 2,
    };
    assert_eq!(believing.act(&proposer).err(), Some(differ));
    assert_eq!(net.status(&connect(&net.node), ONE).stage, Stage::Closed);
    liar.repent();
    let heard = believing.act(&proposer).expect("two agree");
    assert!(matches!(
        heard.actions.last(),
        Some(Action::Proposed { .. })
    ));
}

#[test]
fn node_that_hides_an_assertion_hides_no_lie() {
    let test = "node_that_hides_an_assertion_hides_no_lie";
    let Some(net) = Net::closed(test) else {
        return;
    };
    let before = connect(&net.node).best().expect("a block");
    net.post_lie();
    let liar = Liar::to(net.node.rpc_port());
    hide_assertions(&liar, &before);
    let mut believing = net.believing(&[liar.url(), net.node.url(), net.node.url()], 2);
    believing.dispute_the_lie(net.contracts);
}

#[test]
fn lie_that_one_node_alone_shows_is_disputed() {
    let test = "lie_that_one_node_alone_shows_is_disputed";
    let Some(net) = Net::closed(test) else {
        return;
    };
    let before = connect(&net.node).best().expect("a block");
    net.post_lie();
    let liars = [(); 2].map(|()| Liar::to(net.node.rpc_port()));
    for liar in &liars {
        hide_assertions(liar, &before);
    }
    let [one, other] = liars.each_ref().map(Liar::url);
    let mut believing = net.believing(&[one, other, net.node.url()], 2);
    assert_eq!(net.status(&believing.chain, ONE).stage, Stage::Closed);
    believing.dispute_the_lie(net.contracts);
}

#[test]
fn node_that_refuses_a_good_dispute_stops_none() {
    let test = "node_that_refuses_a_good_dispute_stops_none";
    let Some(net) = Net::closed(test) else {
        return;
    };
    net.post_lie();
    let liar = Liar::to(net.node.rpc_port());
    // Asked about step 1, it answers about step 0, which is right.
    let name = hex("Epochs::dispute");
    let (asked, lie) = (format!("{name}010001000000"), format!("{name}010000000000"));
    liar.lie(move |request| replace(request, &asked, &lie));
    let mut believing = net.believing(&[liar.url(), net.node.url(), net.node.url()], 2);
    believing.dispute_the_lie(net.contracts);
}

#[test]
fn node_that_stands_still_or_mixes_blocks_is_left() {
    let test = "node_that_stands_still_or_mixes_blocks_is_left";
    let Some(net) = Net::closed(test) else {
        return;
    };
    let liar = Liar::to(net.node.rpc_port());
    let urls = vec![liar.url(), net.node.url(), net.node.url()];
    let settings = Settings {
        addresses: urls.clone(),
        ..Settings::of("")
    };
    let chain = RpcChain::connect(settings, keys_of_users()).expect("it answers");
    let still = chain.best().expect("a block");
    let number = still.number;
    liar.lie(move |request| {
        // The best block, and the state of it, are always the same.
        if request.method == "chain_getBlockHash" && request.params.iter().all(Value::is_null) {
            *request.params = vec![number.into()];
        }
        if request.method == "chain_getHeader" && request.params.iter().all(Value::is_null) {
            *request.params = vec![Value::Null];
        }
    });
    let mut honest = connect(&net.node);
    for _ in 0..8 {
        honest.remark(alice()).expect("a block");
    }
    let best = honest.best().expect("a block");
    // All agree but one.
    let believing = net.believing(&urls, 2);
    assert_eq!(believing.chain.best(), Ok(best));
    let start = Instant::now();
    while chain.best().expect("it answers").number < best.number {
        assert!(start.elapsed() < Duration::from_secs(60), "it is not left");
        thread::sleep(Duration::from_millis(200));
    }
}
