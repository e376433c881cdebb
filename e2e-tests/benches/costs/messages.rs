//! The costs of each message on a small network, and of the deployment.

use inktensor_client::{
    chain::Message,
    deploy::{deploy, Deployed},
};
use inktensor_devnet::{sandbox::SandboxChain, weights::Weights};
use inktensor_e2e_tests::{accounts::*, bundles, governed_config, network::Costs, Network};
use inktensor_primitives::{
    epoch::CommittedWeights,
    registry::{Axon, CommitmentKind, Host, Hyperparameter, KernelParams},
    staking::{Child, Proxy, Staking, StakingError, ROOT_EPOCH, ROOT_EPOCHS_KEPT},
    AccountId, Bps, NetUid, Rao,
};

/// A sent message and its costs.
pub struct Sent {
    pub contract: &'static str,
    pub message: &'static str,
    /// The circumstance that the cost depends on, if any.
    pub when: &'static str,
    pub costs: Costs,
}

/// Returns the costs of the contracts' constructors with `weights`, and the sizes of their code.
pub fn deployment(weights: Weights) -> Vec<Deployed> {
    let mut chain = SandboxChain::new();
    chain.count_with(weights);
    let deployment = deploy(&mut chain, bundles(), &governed_config());
    deployment.expect("deployed").contracts
}

/// A network whose messages are recorded with their costs.
pub struct Recorder {
    pub net: Network,
    pub sent: Vec<Sent>,
}

impl Recorder {
    /// Returns a recorder of the messages of `net`.
    pub fn of(net: Network) -> Self {
        Self {
            net,
            sent: Vec::new(),
        }
    }

    /// Records the one message that `act` sends.
    pub fn record<T>(
        &mut self,
        contract: &'static str,
        message: &'static str,
        when: &'static str,
        act: impl FnOnce(&mut Network) -> T,
    ) -> T {
        let (result, costs) = self.net.weighed(act);
        let calls = costs.v31.calls;
        assert_eq!(calls, 1, "{contract} {message}: one message at a time");
        self.sent.push(Sent {
            contract,
            message,
            when,
            costs,
        });
        result
    }
}

impl Recorder {
    /// Records the cost of reading the stakes of a chunk in the epoch that closed last, each of
    /// `hotkey`.
    fn read_stakes(&mut self, netuid: NetUid, hotkey: AccountId, when: &'static str) {
        let closed = self.net.status(netuid).expect("a status").open - 1;
        let staking = self.net.addresses().staking();
        let message: Message<Result<Vec<Rao>, StakingError>> =
            staking.stakes_at(netuid, vec![hotkey; 64], closed).into();
        let costs = self.net.costs_of(STRANGER, message.to, &message.input);
        self.sent.push(Sent {
            contract: "staking",
            message: "stakes_at",
            when,
            costs,
        });
    }
}

/// Sends every message but those that run epochs, whose costs depend on the subnet's size.
pub fn all() -> Vec<Sent> {
    let mut noted = Recorder::of(Network::deploy());
    token(&mut noted);
    let netuid = registry(&mut noted);
    staking(&mut noted, netuid);
    moves_and_serving(&mut noted, netuid);
    commit_reveal(&mut noted, netuid);
    root(&mut noted, netuid);
    collateral(&mut noted);
    admin(&mut noted);
    noted.sent
}

fn token(it: &mut Recorder) {
    it.net.fund(ALICE, Rao::from_tao(100));
    let tao = Rao::from_tao(1);
    it.record("token", "transfer", "to a new holder", |net| {
        net.as_(ALICE).transfer(BOB, tao).unwrap();
    });
    it.record("token", "transfer", "", |net| {
        net.as_(ALICE).transfer(BOB, tao).unwrap();
    });
    it.record("token", "approve", "", |net| {
        net.as_(ALICE).approve(BOB, tao.to_u128()).unwrap();
    });
    it.record("token", "increase_allowance", "", |net| {
        net.as_(ALICE)
            .increase_allowance(BOB, tao.to_u128())
            .unwrap();
    });
    it.record("token", "decrease_allowance", "", |net| {
        net.as_(ALICE).decrease_allowance(BOB, 1).unwrap();
    });
    it.record("token", "transfer_from", "", |net| {
        net.as_(BOB)
            .transfer_from(ALICE, BOB, tao.to_u128(), Vec::new())
            .unwrap();
    });
    it.record("token", "burn", "", |net| {
        net.as_(ALICE).burn(tao.to_u128()).unwrap();
    });
}

/// Sends the registry's messages. Returns a full subnet of four seats.
fn registry(it: &mut Recorder) -> NetUid {
    let (registry, kernel) = (it.net.addresses().registry, it.net.addresses().yuma);
    let price = it.net.creation_price();
    it.net.provide(OWNER, registry, price);
    it.record("registry", "agree", "", |net| {
        net.agree(OWNER_HOTKEY, OWNER);
    });
    let netuid = it.record("registry", "create_subnet", "", |net| {
        net.as_(OWNER)
            .create_subnet("costs".into(), OWNER_HOTKEY, kernel, 20, 4, 2, Rao::CAP)
            .unwrap()
    });
    it.record("registry", "set_hyperparameter", "", |net| {
        net.set(netuid, Hyperparameter::ImmunityPeriod(20));
    });
    for seat in 0..4 {
        it.net.agree(nth("hotkey", seat), ALICE);
        let price = it.net.price(netuid);
        it.net.provide(ALICE, registry, price);
        let register = |net: &mut Network| {
            let hotkey = nth("hotkey", seat);
            net.as_(ALICE).register(netuid, hotkey, price).unwrap();
        };
        if seat == 1 {
            it.record("registry", "register", "a free seat", register);
        } else {
            register(&mut it.net);
        }
    }
    it.net.advance(20);
    let price = it.net.price(netuid);
    it.net.provide(BOB, registry, price);
    it.net.agree(BOB_HOTKEY, BOB);
    it.record("registry", "register", "replacing a neuron", |net| {
        net.as_(BOB).register(netuid, BOB_HOTKEY, price).unwrap();
    });
    netuid
}

fn staking(it: &mut Recorder, netuid: NetUid) {
    let staking = it.net.addresses().staking;
    let tao = Rao::from_tao(10);
    it.net.provide(BOB, staking, Rao(2 * tao.0));
    it.record("staking", "add_stake", "a new position", |net| {
        net.as_(BOB).add_stake(netuid, BOB_HOTKEY, tao).unwrap();
    });
    it.record("staking", "add_stake", "", |net| {
        net.as_(BOB).add_stake(netuid, BOB_HOTKEY, tao).unwrap();
    });
    it.record("staking", "remove_stake", "", |net| {
        net.as_(BOB).remove_stake(netuid, BOB_HOTKEY, tao).unwrap();
    });
    it.record("staking", "remove_all_stake", "", |net| {
        net.as_(BOB).remove_all_stake(netuid, BOB_HOTKEY).unwrap();
    });
    it.record("staking", "set_take", "", |net| {
        net.as_(BOB).set_take(BOB_HOTKEY, Bps(900)).unwrap();
    });
}

/// Sends messages that move stake, set children, and publish data.
fn moves_and_serving(it: &mut Recorder, netuid: NetUid) {
    let (registry, staking) = (it.net.addresses().registry, it.net.addresses().staking);
    let tao = Rao::from_tao(10);
    let (one, two, three) = (nth("hotkey", 1), nth("hotkey", 2), nth("hotkey", 3));
    it.net.provide(BOB, staking, tao);
    it.net.as_(BOB).add_stake(netuid, BOB_HOTKEY, tao).unwrap();
    let half = Some(Rao(tao.0 / 2));
    it.record("staking", "move_stake", "to a new position", |net| {
        net.as_(BOB)
            .move_stake(netuid, BOB_HOTKEY, netuid, one, half)
            .unwrap();
    });
    it.record("staking", "transfer_stake", "to a new position", |net| {
        net.as_(BOB)
            .transfer_stake(netuid, one, CHARLIE, half)
            .unwrap();
    });
    it.record("staking", "set_proxy", "the first one", |net| {
        let proxy = Proxy::Account(ALICE);
        net.as_(CHARLIE).set_proxy(proxy).unwrap();
    });
    it.record("staking", "count_vote", "a validator's own stake", |net| {
        net.as_(CHARLIE).count_vote(netuid, one, ALICE).unwrap();
    });
    it.record("staking", "unstake_all", "from one place", |net| {
        net.as_(BOB).unstake_all(64).unwrap();
    });
    it.record("staking", "set_children", "two of them", |net| {
        let children = [two, three].map(|hotkey| Child {
            proportion: u64::MAX / 4,
            hotkey,
        });
        net.as_(ALICE)
            .set_children(netuid, one, children.to_vec())
            .unwrap();
    });
    let rules = it.net.network_rules();
    it.net.provide(BOB_HOTKEY, registry, rules.serving_deposit);
    let axon = Axon {
        host: Host::V4([203, 0, 113, 7]),
        port: 8_091,
        protocol: 4,
        version: 1,
        tls: None,
    };
    it.record("registry", "serve_axon", "the first thing", |net| {
        net.as_(BOB_HOTKEY).serve_axon(netuid, axon).unwrap();
    });
    it.record("registry", "commit", "", |net| {
        net.as_(BOB_HOTKEY)
            .commit(netuid, CommitmentKind::Hash, vec![7; 32])
            .unwrap();
    });
    it.record("registry", "stop_serving", "", |net| {
        net.as_(BOB_HOTKEY).stop_serving(netuid).unwrap();
    });
    it.record("registry", "offer_subnet", "", |net| {
        net.as_(OWNER).offer_subnet(netuid, Some(BOB)).unwrap();
    });
    it.record("registry", "start", "", |net| {
        net.as_(OWNER).start(netuid).unwrap();
    });
}

/// Sends commits and reveals of weights, and a swap of the committing hotkey.
fn commit_reveal(it: &mut Recorder, netuid: NetUid) {
    it.net
        .set(netuid, Hyperparameter::CommitRevealWeights(true));
    it.net.run_epoch(netuid);
    let seat = it.net.seat(netuid, BOB_HOTKEY).expect("a seat");
    let uids = [seat.uid];
    let committed = CommittedWeights {
        contract: it.net.addresses().epoch,
        netuid,
        hotkey: BOB_HOTKEY,
        generation: seat.generation,
        epoch: seat.epoch,
        uids: &uids,
        weights: &[1],
        salt: &[7; 32],
        version_key: 0,
    };
    let hash = committed.digest();
    it.record("epoch", "commit_weights", "", |net| {
        net.as_(BOB_HOTKEY)
            .commit_weights(netuid, seat.epoch, hash)
            .unwrap();
    });
    it.net.run_epoch(netuid);
    it.record("epoch", "reveal_weights", "one weight", |net| {
        net.as_(BOB)
            .reveal_weights(netuid, BOB_HOTKEY, uids.to_vec(), vec![1], vec![7; 32], 0)
            .unwrap();
    });
    let (registry, fee) = (it.net.addresses().registry, it.net.network_rules().swap_fee);
    it.net.provide(BOB, registry, fee);
    it.net.agree(named("bob-other"), BOB);
    it.record("registry", "swap_hotkey", "", |net| {
        net.as_(BOB)
            .swap_hotkey(netuid, BOB_HOTKEY, named("bob-other"))
            .unwrap();
    });
}

/// Stakes on root, and records its effect on reading the stakes of a closed epoch: unchanged since
/// the close, and changed many times.
fn root(it: &mut Recorder, netuid: NetUid) {
    let staking = it.net.addresses().staking;
    let hotkey = nth("hotkey", 1);
    let tao = Rao::from_tao(1);
    it.net.run_epoch(netuid);
    it.read_stakes(netuid, hotkey, "64 hotkeys without root stake");
    it.net.provide(BOB, staking, Rao::from_tao(40));
    it.record("staking", "add_stake", "on root, a new position", |net| {
        net.as_(BOB).add_stake(NetUid::ROOT, hotkey, tao).unwrap();
    });
    it.net.mature_root();
    it.net.run_epoch(netuid);
    it.read_stakes(netuid, hotkey, "64 hotkeys with root stake");
    it.record("staking", "add_stake", "on root", |net| {
        net.as_(BOB).add_stake(NetUid::ROOT, hotkey, tao).unwrap();
    });
    for _ in 0..ROOT_EPOCHS_KEPT {
        it.net.advance(ROOT_EPOCH);
        it.net
            .as_(BOB)
            .add_stake(NetUid::ROOT, hotkey, tao)
            .unwrap();
    }
    it.net.run_epoch(netuid);
    let when = "64 hotkeys, root stake of each changed in 16 root epochs";
    it.read_stakes(netuid, hotkey, when);
}

fn collateral(it: &mut Recorder) {
    let epoch = it.net.addresses().epoch;
    let tao = Rao::from_tao(10);
    it.net.provide(WORKER, epoch, Rao(2 * tao.0));
    it.record("epoch", "deposit_collateral", "the first", |net| {
        net.as_(WORKER).deposit_collateral(tao).unwrap();
    });
    it.record("epoch", "deposit_collateral", "", |net| {
        net.as_(WORKER).deposit_collateral(tao).unwrap();
    });
    it.record("epoch", "withdraw_collateral", "", |net| {
        net.as_(WORKER).withdraw_collateral(tao).unwrap();
    });
}

fn admin(it: &mut Recorder) {
    let kernel = it.net.addresses().token;
    let code = it.net.code_hash(kernel).unwrap();
    it.record("registry", "allow_kernel", "", |net| {
        net.as_(ADMIN)
            .allow_kernel(kernel, code, KernelParams::Other(Vec::new()))
            .unwrap();
    });
    it.record("registry", "retire_kernel", "", |net| {
        net.as_(ADMIN).retire_kernel(kernel).unwrap();
    });
    it.record("registry", "brake", "", |net| {
        let until = net.block() + 1;
        net.as_(ADMIN).brake(until).unwrap();
    });
    it.record("registry", "offer_admin", "", |net| {
        net.as_(ADMIN).offer_admin(Some(ALICE)).unwrap();
    });
    it.record("registry", "accept_admin", "", |net| {
        net.as_(ALICE).accept_admin().unwrap();
    });
}
