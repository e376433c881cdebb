//! The same attacks through the real contracts: a random subnet on a chain of its own, and the
//! epoch contract as the court.

use super::{case::Case, chance::Chance, court::Court, program::Program};
use crate::{accounts::*, Network, Shape};
use inktensor_compute::epoch::{compute, Trace};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::{Collateral, EpochError, Stage},
    registry::Hyperparameter,
    NetUid, Rao, Uid,
};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
};
use std::sync::{Arc, OnceLock};

/// The epoch contract, with the worker who posts and the stranger who disputes what a watcher's
/// ledger refutes.
pub struct OnChain {
    /// The network.
    pub net: Network,
    netuid: NetUid,
    ledger: EpochCache,
}

/// A watcher's ledger, which reads the chain and runs the chain's own kernels.
fn ledger(net: &Network) -> EpochCache {
    // Kernels are compiled once, and networks made often.
    static KERNELS: OnceLock<Arc<Kernels>> = OnceLock::new();
    let kernels = KERNELS
        .get_or_init(|| Arc::new(Kernels::new(EngineChoice::Wasm).expect("wasmtime starts")));
    EpochCache::new(net.addresses(), Arc::clone(kernels))
}

/// A subnet with a life before it, whose epoch is closed now, and what an honest worker knows of
/// that epoch.
pub fn scene(chance: &mut Chance) -> (Case, OnChain) {
    let mut net = Network::deploy();
    let yuma = chance.percent(60);
    let netuid = net.create(Shape {
        permits: chance.within(1, 4),
        seats: 80,
        kernel: if yuma { |at| at.yuma } else { |at| at.mean },
        settings: if yuma { settings(chance) } else { Vec::new() },
        ..Shape::default()
    });
    net.with_validators(netuid, chance.within(0, 3).into());
    let miners = if chance.percent(10) {
        // More than one chunk of the Yuma kernel.
        chance.within(62, 70)
    } else {
        chance.within(1, 5)
    };
    net.enrol_crowd(netuid, ALICE, "miner", miners.into());
    if chance.percent(20) {
        net.enrol(netuid, OWNER, OWNER_HOTKEY);
    }
    let mut before = None;
    let mut ledger = ledger(&net);
    for epoch in 0..chance.within(0, 2) {
        net.close(netuid);
        ledger.closed(net.chain(), netuid).expect("computed");
        before = Some(net.assert_epoch(netuid).trace);
        net.finalize(netuid);
        net.settle(netuid);
        weigh(&mut net, netuid, chance);
        live(&mut net, netuid, chance, epoch);
    }
    net.close(netuid);
    let (case, court) = closed(net, netuid, before);
    (case, OnChain { ledger, ..court })
}

/// The case of the epoch of `netuid` that closed last, after `before`. Its watcher knows of no
/// epoch before.
pub fn closed(net: Network, netuid: NetUid, before: Option<Trace>) -> (Case, OnChain) {
    let inputs = net.inputs(netuid);
    let program = if inputs.header.kernel == net.addresses().mean {
        Program::Mean
    } else {
        Program::yuma()
    };
    let trace = compute(&program, &inputs).expect("the epoch has a trace");
    let case = Case {
        program,
        inputs,
        trace,
        unfinished: false,
        before,
    };
    let ledger = ledger(&net);
    let court = OnChain {
        net,
        netuid,
        ledger,
    };
    (case, court)
}

fn settings(chance: &mut Chance) -> Vec<Hyperparameter> {
    vec![
        Hyperparameter::Yuma3(chance.percent(50)),
        Hyperparameter::LiquidAlpha(chance.percent(50)),
        Hyperparameter::Kappa(chance.pick([32_767, 0, u16::MAX])),
        Hyperparameter::BondsMovingAverage(chance.pick([900_000, 0, 1_000_000])),
        Hyperparameter::BondsPenalty(chance.pick([0, u16::MAX, 30_000])),
        Hyperparameter::ActivityCutoff(chance.pick([1, 20, 5_000])),
        Hyperparameter::ImmunityPeriod(0),
    ]
}

/// Lets most who have a permit set weights.
fn weigh(net: &mut Network, netuid: NetUid, chance: &mut Chance) {
    let neurons = net.subnet(netuid).expect("the subnet").neurons;
    for uid in net.roster(netuid) {
        if chance.percent(15) {
            continue;
        }
        let uids: Vec<Uid> = (0..neurons)
            .map(Uid)
            .filter(|_| chance.percent(80))
            .collect();
        let weights = uids.iter().map(|_| chance.u16()).collect();
        let hotkey = net.neuron(netuid, uid).expect("a neuron").hotkey;
        // A neuron that took its seat lately has no permit yet.
        let _ = net.as_(hotkey).set_weights(netuid, uids, weights);
    }
}

/// Lets stake move and neurons come.
fn live(net: &mut Network, netuid: NetUid, chance: &mut Chance, epoch: u16) {
    if chance.percent(50) {
        let amount = Rao::from_tao(chance.within(1, 300).into());
        net.stake(netuid, BOB, nth("miner", 0), amount);
    }
    if chance.percent(50) {
        net.enrol(netuid, CHARLIE, nth("newcomer", epoch.into()));
    }
}

impl OnChain {
    /// The subnet.
    pub fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// Lets the honest assertion of `case`, which is posted, become final, and settles it.
    pub fn go_on(&mut self, case: &Case) {
        let key = (self.netuid, case.inputs.header.epoch);
        self.net.memory.insert(key, case.trace.memory.clone());
        self.net.book.note_honest(self.netuid, &case.trace);
        self.net.finalize(self.netuid);
        self.net.settle(self.netuid);
    }

    fn stage(&self) -> Stage {
        self.net.status(self.netuid).expect("a status").stage
    }
}

impl Court for OnChain {
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        let (net, netuid) = (&mut self.net, self.netuid);
        let needed = net.collateral_required(netuid);
        if net.collateral(WORKER).free < needed {
            let epoch = net.addresses.epoch;
            net.provide(WORKER, epoch, needed);
            net.as_(WORKER)
                .deposit_collateral(needed)
                .expect("deposited");
        }
        let before = net.snapshot();
        let proposed = net.as_(WORKER).propose(netuid, assertion);
        if proposed.is_err() {
            assert_eq!(
                net.snapshot(),
                before,
                "a refused assertion changes nothing"
            );
        }
        proposed
    }

    /// What the watcher's ledger refutes, by what it reads from the chain. It comes to what the
    /// case knows.
    fn watch(&mut self, case: &Case, lie: &Assertion) -> Option<(u32, StepProof)> {
        let refuted = self.ledger.refute(self.net.chain(), self.netuid, lie);
        let refuted = refuted.expect("the watcher computes the epoch");
        assert_eq!(
            refuted,
            case.refute(lie),
            "a ledger reads what the harness does"
        );
        refuted
    }

    /// Besides what the contract says, holds it to what it has to do: all of a slash, or nothing.
    fn dispute(&mut self, k: u32, proof: &StepProof) -> Result<(), EpochError> {
        let before = self.net.snapshot();
        let stage = self.stage();
        let balance = self.net.balance(STRANGER);
        let collateral = self.net.collateral(WORKER);
        let disputed = self.net.as_(STRANGER).dispute(self.netuid, k, proof);
        if disputed.is_err() {
            assert_eq!(
                self.net.snapshot(),
                before,
                "a dispute in vain changes nothing"
            );
            return disputed;
        }
        let Stage::Asserted {
            collateral: lost, ..
        } = stage
        else {
            panic!("nothing was asserted");
        };
        assert_eq!(self.stage(), Stage::Closed, "the epoch awaits an assertion");
        let left = Collateral {
            free: collateral.free,
            locked: Rao(collateral.locked.0 - lost.0),
        };
        assert_eq!(self.net.collateral(WORKER), left, "the collateral is gone");
        let (reward, burned) = (lost.0 / 2, lost.0 - lost.0 / 2);
        let now = self.net.balance(STRANGER);
        assert_eq!(
            now,
            balance + u128::from(reward),
            "half goes to the challenger"
        );
        let supply = before.supply - u128::from(burned);
        assert_eq!(self.net.total_supply(), supply, "half is burned");
        disputed
    }
}
