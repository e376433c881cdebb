//! The same attacks through the contracts: a random subnet on a chain of its own, with the epoch
//! contract as the judge.

use super::{case::Case, judge::Judge, kernel::Kernel, rng::Rng};
use crate::{accounts::*, engines::kernels, Network, Shape};
use inktensor_client::chain::{Answer, Typed};
use inktensor_compute::epoch::{compute, Trace};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::{Collateral, EpochError, Epochs, Stage},
    registry::Hyperparameter,
    Digest, NetUid, Rao, Uid,
};
use inktensor_worker::epochs::EpochCache;

/// The epoch contract as a judge. A worker posts; a stranger disputes with a watcher's proofs.
pub struct OnChain {
    /// The network.
    pub net: Network,
    netuid: NetUid,
    ledger: EpochCache,
}

/// Returns a watcher's ledger, which reads the chain and runs the chain's own kernels.
fn ledger(net: &Network) -> EpochCache {
    EpochCache::new(net.addresses(), kernels())
}

/// Returns a random subnet whose epoch has just closed, after up to two final ones.
pub fn random_epoch(rng: &mut Rng) -> (Case, OnChain) {
    let mut net = Network::deploy();
    let yuma = rng.percent(60);
    let netuid = net.create(Shape {
        permits: rng.within(1, 4),
        seats: 80,
        kernel: if yuma { |at| at.yuma } else { |at| at.mean },
        settings: if yuma { settings(rng) } else { Vec::new() },
        ..Shape::default()
    });
    net.with_validators(netuid, rng.within(0, 3).into());
    let miners = if rng.percent(10) {
        // More than one chunk of the Yuma kernel.
        rng.within(62, 70)
    } else {
        rng.within(1, 5)
    };
    net.enrol_crowd(netuid, ALICE, "miner", miners.into());
    if rng.percent(20) {
        net.enrol(netuid, OWNER, OWNER_HOTKEY);
    }
    let mut before = None;
    let mut ledger = ledger(&net);
    for epoch in 0..rng.within(0, 2) {
        net.close(netuid);
        ledger.closed(net.chain(), netuid).expect("computed");
        before = Some(net.assert_epoch(netuid).trace);
        net.finalize(netuid);
        net.settle(netuid);
        weigh(&mut net, netuid, rng);
        change(&mut net, netuid, rng, epoch);
    }
    net.close(netuid);
    let (case, judge) = closed_epoch(net, netuid, before);
    (case, OnChain { ledger, ..judge })
}

/// Returns the epoch of `netuid` that closed last, after `before`. Its watcher has no earlier
/// epoch.
pub fn closed_epoch(net: Network, netuid: NetUid, before: Option<Trace>) -> (Case, OnChain) {
    let inputs = net.inputs(netuid);
    let kernel = if inputs.header.kernel == net.addresses().mean {
        Kernel::Mean
    } else {
        Kernel::yuma()
    };
    let trace = compute(&kernel, &inputs).expect("the epoch has a trace");
    let case = Case {
        kernel,
        inputs,
        trace,
        unfinished: false,
        before,
        withheld: Vec::new(),
    };
    let ledger = ledger(&net);
    let judge = OnChain {
        net,
        netuid,
        ledger,
    };
    (case, judge)
}

fn settings(rng: &mut Rng) -> Vec<Hyperparameter> {
    vec![
        Hyperparameter::Yuma3(rng.percent(50)),
        Hyperparameter::LiquidAlpha(rng.percent(50)),
        Hyperparameter::Kappa(rng.pick([32_767, 0, u16::MAX])),
        Hyperparameter::BondsMovingAverage(rng.pick([900_000, 0, 975_000])),
        Hyperparameter::BondsPenalty(rng.pick([0, u16::MAX, 30_000])),
        Hyperparameter::ActivityCutoff(rng.pick([1, 20, 5_000])),
        Hyperparameter::ImmunityPeriod(20),
    ]
}

/// Sets random weights of most neurons with a permit.
fn weigh(net: &mut Network, netuid: NetUid, rng: &mut Rng) {
    let neurons = net.subnet(netuid).expect("the subnet").neurons;
    for uid in net.roster(netuid) {
        if rng.percent(15) {
            continue;
        }
        let uids: Vec<Uid> = (0..neurons).map(Uid).filter(|_| rng.percent(80)).collect();
        let weights = uids.iter().map(|_| rng.u16()).collect();
        let hotkey = net.neuron(netuid, uid).expect("a neuron").hotkey;
        // A recently registered neuron has no permit yet.
        let _ = net.as_(hotkey).set_weights(netuid, uids, weights);
    }
}

/// Adds stake and a neuron at random.
fn change(net: &mut Network, netuid: NetUid, rng: &mut Rng, epoch: u16) {
    if rng.percent(50) {
        let amount = Rao::from_tao(rng.within(1, 300).into());
        net.stake(netuid, BOB, nth("miner", 0), amount);
    }
    if rng.percent(50) {
        net.enrol(netuid, CHARLIE, nth("newcomer", epoch.into()));
    }
}

impl OnChain {
    /// Returns the subnet.
    pub fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// Finalizes and settles the honest assertion of `case`, which stands first.
    pub fn finish(&mut self, case: &Case) {
        self.net.finalize(self.netuid);
        self.settle(case);
    }

    /// Settles the epoch of `case`, which is final by its honest assertion.
    pub fn settle(&mut self, case: &Case) {
        let key = (self.netuid, case.inputs.header.epoch);
        self.net.memory.insert(key, case.trace.memory.clone());
        self.net.observer.record_honest(self.netuid, &case.trace);
        self.net.settle(self.netuid);
    }

    fn stage(&self) -> Stage {
        self.net.status(self.netuid).expect("a status").stage
    }
}

impl Judge for OnChain {
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

    /// Returns the refutation of the watcher's ledger, which must be that of the case.
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

    /// Disputes, and checks that the contract carries out the whole slash, or changes nothing.
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
                "a failed dispute changes nothing"
            );
            return disputed;
        }
        let digest = proof.assertion.digest();
        let mut standing = stage.standing().to_vec();
        let place = standing.iter().position(|it| it.assertion == digest);
        let lost = standing.remove(place.expect("it stood")).collateral;
        assert_eq!(
            self.stage().standing(),
            standing,
            "the others stand as before"
        );
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

    fn dispute_starved(&mut self, k: u32, proof: &StepProof, permille: u64) -> bool {
        const PLENTY: u64 = 1 << 60;
        let (net, netuid) = (&mut self.net, self.netuid);
        let (_, bill) = net.metered(|net| net.as_(STRANGER).dispute(netuid, k, proof));
        let before = net.snapshot();
        let message = net.addresses.epoch().dispute(netuid, k, proof.clone());
        let slashed = net.with_chain(|chain| {
            chain.limit_time(bill.total.ref_time / 1_000 * permille);
            let answer = chain.send(STRANGER, message).answer();
            chain.limit_time(PLENTY);
            answer.is_ok()
        });
        assert_eq!(net.snapshot(), before, "a starved dispute changes nothing");
        slashed
    }

    fn finalize(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        self.net.as_(KEEPER).finalize(self.netuid, assertion)
    }

    fn replay(&mut self, _: &Case, steps: usize) {
        let due = self.net.status(self.netuid).expect("a status").replays_at;
        self.net.advance_to(due.expect("nothing is asserted"));
        let steps = u32::try_from(steps).expect("few steps");
        let memory = self.net.memory_for(self.netuid, 0, steps);
        let replayed = self.net.as_(STRANGER).replay(self.netuid, steps, memory);
        assert_eq!(replayed, Ok(steps));
    }

    fn advance(&mut self, blocks: u32) {
        self.net.advance(blocks);
    }

    fn period(&self) -> u32 {
        self.net.rules().challenge_period
    }

    fn standing(&self) -> Vec<Digest> {
        let standing = self.net.standing(self.netuid);
        standing.iter().map(|posted| posted.assertion).collect()
    }
}
