//! Each message once, on a small network, and what the deployment takes.

use inktensor_client::{
    chain::{Cost, Typed},
    deploy::{deploy, Deployed},
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{
    accounts::*,
    network::{bundles, config},
    Network, Shape,
};
use inktensor_primitives::{
    epoch::CommittedWeights,
    registry::{Axon, CommitmentKind, Host, Hyperparameter, KernelParams},
    staking::{Child, Staking},
    AccountId, Bps, NetUid, Rao,
};

/// A message, when it is sent, and what it cost.
pub struct Sent {
    pub contract: &'static str,
    pub message: &'static str,
    /// What makes the difference, if anything does.
    pub when: &'static str,
    pub cost: Cost,
}

/// What the contracts' constructors cost, and how large their code is.
pub fn deployment() -> Vec<Deployed> {
    let deployment = deploy(&mut SandboxChain::new(), bundles(), &config());
    deployment.expect("deployed").contracts
}

/// A network whose messages are noted.
struct Noted {
    net: Network,
    sent: Vec<Sent>,
}

impl Noted {
    /// Notes the one message that `act` sends.
    fn note<T>(
        &mut self,
        contract: &'static str,
        message: &'static str,
        when: &'static str,
        act: impl FnOnce(&mut Network) -> T,
    ) -> T {
        let (result, bill) = self.net.metered(act);
        assert_eq!(bill.calls, 1, "{contract} {message}: one message at a time");
        let cost = bill.total;
        self.sent.push(Sent {
            contract,
            message,
            when,
            cost,
        });
        result
    }
}

impl Noted {
    /// Notes what it costs to read the stakes of a chunk in the epoch that closed last, each as of
    /// `hotkey`.
    fn read_stakes(&mut self, netuid: NetUid, hotkey: AccountId, when: &'static str) {
        let closed = self.net.status(netuid).expect("a status").open - 1;
        let staking = self.net.addresses().staking();
        let message = staking.stakes_at(netuid, vec![hotkey; 64], closed);
        let sent = self.net.with_chain(|chain| chain.send(STRANGER, message));
        let sent = sent.expect("an answer");
        sent.value.expect("kept");
        self.sent.push(Sent {
            contract: "staking",
            message: "stakes_at",
            when,
            cost: sent.cost,
        });
    }
}

/// Every message that an account can send, but those of an epoch's life, which depend on the
/// subnet's size.
pub fn all() -> Vec<Sent> {
    let mut noted = Noted {
        net: Network::deploy(),
        sent: Vec::new(),
    };
    token(&mut noted);
    let netuid = registry(&mut noted);
    staking(&mut noted, netuid);
    market(&mut noted, netuid);
    secrets(&mut noted, netuid);
    root(&mut noted, netuid);
    bonds(&mut noted);
    admin(&mut noted);
    noted.sent
}

fn token(it: &mut Noted) {
    it.net.fund(ALICE, Rao::from_tao(100));
    let tao = Rao::from_tao(1);
    it.note("token", "transfer", "to a new holder", |net| {
        net.as_(ALICE).transfer(BOB, tao).unwrap();
    });
    it.note("token", "transfer", "", |net| {
        net.as_(ALICE).transfer(BOB, tao).unwrap();
    });
    it.note("token", "approve", "", |net| {
        net.as_(ALICE).approve(BOB, tao.to_u128()).unwrap();
    });
    it.note("token", "increase_allowance", "", |net| {
        net.as_(ALICE)
            .increase_allowance(BOB, tao.to_u128())
            .unwrap();
    });
    it.note("token", "decrease_allowance", "", |net| {
        net.as_(ALICE).decrease_allowance(BOB, 1).unwrap();
    });
    it.note("token", "transfer_from", "", |net| {
        net.as_(BOB)
            .transfer_from(ALICE, BOB, tao.to_u128(), Vec::new())
            .unwrap();
    });
    it.note("token", "burn", "", |net| {
        net.as_(ALICE).burn(tao.to_u128()).unwrap();
    });
}

/// Leaves a subnet of four seats, all taken.
fn registry(it: &mut Noted) -> NetUid {
    let (registry, kernel) = (it.net.addresses().registry, it.net.addresses().yuma);
    let price = it.net.creation_price();
    it.net.provide(OWNER, registry, price);
    let netuid = it.note("registry", "create_subnet", "", |net| {
        net.as_(OWNER)
            .create_subnet("costs".into(), OWNER_HOTKEY, kernel, 20, 4, 2, Rao::CAP)
            .unwrap()
    });
    it.note("registry", "set_hyperparameter", "", |net| {
        net.set(netuid, Hyperparameter::ImmunityPeriod(0));
    });
    for seat in 0..4 {
        let price = it.net.price(netuid);
        it.net.provide(ALICE, registry, price);
        let register = |net: &mut Network| {
            let hotkey = nth("hotkey", seat);
            net.as_(ALICE).register(netuid, hotkey, price).unwrap();
        };
        if seat == 1 {
            it.note("registry", "register", "a free seat", register);
        } else {
            register(&mut it.net);
        }
    }
    it.net.advance(1);
    let price = it.net.price(netuid);
    it.net.provide(BOB, registry, price);
    it.note("registry", "register", "replacing a neuron", |net| {
        net.as_(BOB).register(netuid, BOB_HOTKEY, price).unwrap();
    });
    netuid
}

fn staking(it: &mut Noted, netuid: NetUid) {
    let staking = it.net.addresses().staking;
    let tao = Rao::from_tao(10);
    it.net.provide(BOB, staking, Rao(2 * tao.0));
    it.note("staking", "add_stake", "a new position", |net| {
        net.as_(BOB).add_stake(netuid, BOB_HOTKEY, tao).unwrap();
    });
    it.note("staking", "add_stake", "", |net| {
        net.as_(BOB).add_stake(netuid, BOB_HOTKEY, tao).unwrap();
    });
    it.note("staking", "remove_stake", "", |net| {
        net.as_(BOB).remove_stake(netuid, BOB_HOTKEY, tao).unwrap();
    });
    it.note("staking", "remove_all_stake", "", |net| {
        net.as_(BOB).remove_all_stake(netuid, BOB_HOTKEY).unwrap();
    });
    it.note("staking", "set_take", "", |net| {
        net.as_(BOB).set_take(BOB_HOTKEY, Bps(900)).unwrap();
    });
}

/// Stake on its way, children, and what neurons show.
fn market(it: &mut Noted, netuid: NetUid) {
    let (registry, staking) = (it.net.addresses().registry, it.net.addresses().staking);
    let tao = Rao::from_tao(10);
    let (one, two, three) = (nth("hotkey", 1), nth("hotkey", 2), nth("hotkey", 3));
    it.net.provide(BOB, staking, tao);
    it.net.as_(BOB).add_stake(netuid, BOB_HOTKEY, tao).unwrap();
    let half = Some(Rao(tao.0 / 2));
    it.note("staking", "move_stake", "to a new position", |net| {
        net.as_(BOB)
            .move_stake(netuid, BOB_HOTKEY, netuid, one, half)
            .unwrap();
    });
    it.note("staking", "transfer_stake", "to a new position", |net| {
        net.as_(BOB)
            .transfer_stake(netuid, one, CHARLIE, half)
            .unwrap();
    });
    it.note("staking", "unstake_all", "from one place", |net| {
        net.as_(BOB).unstake_all(64).unwrap();
    });
    it.note("staking", "set_children", "two of them", |net| {
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
    it.note("registry", "serve_axon", "the first thing", |net| {
        net.as_(BOB_HOTKEY).serve_axon(netuid, axon).unwrap();
    });
    it.note("registry", "commit", "", |net| {
        net.as_(BOB_HOTKEY)
            .commit(netuid, CommitmentKind::Hash, vec![7; 32])
            .unwrap();
    });
    it.note("registry", "stop_serving", "", |net| {
        net.as_(BOB_HOTKEY).stop_serving(netuid).unwrap();
    });
    it.note("registry", "offer_subnet", "", |net| {
        net.as_(OWNER).offer_subnet(netuid, Some(BOB)).unwrap();
    });
    it.note("registry", "start", "", |net| {
        net.as_(OWNER).start(netuid).unwrap();
    });
}

/// Weights that are committed to and revealed, and a swap of the hotkey that did.
fn secrets(it: &mut Noted, netuid: NetUid) {
    it.net
        .set(netuid, Hyperparameter::CommitRevealWeights(true));
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
    it.note("epoch", "commit_weights", "", |net| {
        net.as_(BOB_HOTKEY)
            .commit_weights(netuid, seat.epoch, hash)
            .unwrap();
    });
    it.net.run_epoch(netuid);
    it.note("epoch", "reveal_weights", "one weight", |net| {
        net.as_(BOB)
            .reveal_weights(netuid, BOB_HOTKEY, uids.to_vec(), vec![1], vec![7; 32], 0)
            .unwrap();
    });
    let (registry, fee) = (it.net.addresses().registry, it.net.network_rules().swap_fee);
    it.net.provide(BOB, registry, fee);
    it.note("registry", "swap_hotkey", "", |net| {
        net.as_(BOB)
            .swap_hotkey(netuid, BOB_HOTKEY, named("bob-other"))
            .unwrap();
    });
}

/// Stake on root, and what it adds to reading the stakes of a chunk of a closed epoch: as it was at
/// the close, and after it has changed again and again.
fn root(it: &mut Noted, netuid: NetUid) {
    let staking = it.net.addresses().staking;
    let hotkey = nth("hotkey", 1);
    let tao = Rao::from_tao(1);
    let other = it.net.create(Shape::default());
    it.net.with_miners(other, 1);
    it.net.run_epoch(netuid);
    it.read_stakes(netuid, hotkey, "64 hotkeys without root stake");
    it.net.provide(BOB, staking, Rao::from_tao(40));
    it.note("staking", "add_stake", "on root, a new position", |net| {
        net.as_(BOB).add_stake(NetUid::ROOT, hotkey, tao).unwrap();
    });
    it.net.run_epoch(netuid);
    it.read_stakes(netuid, hotkey, "64 hotkeys with root stake");
    it.note("staking", "add_stake", "on root", |net| {
        net.as_(BOB).add_stake(NetUid::ROOT, hotkey, tao).unwrap();
    });
    for _ in 0..31 {
        it.net.run_epoch(other);
        it.net
            .as_(BOB)
            .add_stake(NetUid::ROOT, hotkey, tao)
            .unwrap();
    }
    let when = "64 hotkeys, root stake of each changed 32 times since the close";
    it.read_stakes(netuid, hotkey, when);
}

fn bonds(it: &mut Noted) {
    let epoch = it.net.addresses().epoch;
    let tao = Rao::from_tao(10);
    it.net.provide(WORKER, epoch, Rao(2 * tao.0));
    it.note("epoch", "deposit_collateral", "the first", |net| {
        net.as_(WORKER).deposit_collateral(tao).unwrap();
    });
    it.note("epoch", "deposit_collateral", "", |net| {
        net.as_(WORKER).deposit_collateral(tao).unwrap();
    });
    it.note("epoch", "withdraw_collateral", "", |net| {
        net.as_(WORKER).withdraw_collateral(tao).unwrap();
    });
}

fn admin(it: &mut Noted) {
    let kernel = it.net.addresses().token;
    let code = it.net.code_hash(kernel).unwrap();
    it.note("registry", "allow_kernel", "", |net| {
        net.as_(ADMIN)
            .allow_kernel(kernel, code, KernelParams::Other(Vec::new()))
            .unwrap();
    });
    it.note("registry", "retire_kernel", "", |net| {
        net.as_(ADMIN).retire_kernel(kernel).unwrap();
    });
    it.note("registry", "set_admin", "", |net| {
        net.as_(ADMIN).set_admin(ALICE).unwrap();
    });
}
