//! Disputes of false and honest assertions on the chain.

use inktensor_client::chain::{Answer, CallError, Typed};
use inktensor_compute::epoch::EpochInputs;
use inktensor_e2e_tests::{accounts::*, EpochRun, Network, Prepared};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Opening, StepProof},
    epoch::{Collateral, EpochError, Epochs, Stage},
    NetUid, Rao, Uid,
};

/// Returns a network whose second epoch, which reads weights and carry-over state, is closed.
fn with_closed_epoch() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| net.with_closed_epoch());
    PREPARED.network()
}

/// Returns the honest computation of the closed epoch, with its inputs.
fn known(net: &Network, netuid: NetUid) -> (EpochRun, EpochInputs) {
    (net.compute(netuid), net.inputs(netuid))
}

/// A name, and a change that makes an assertion false.
type Lie = (&'static str, fn(&mut Assertion));

const LIES: [Lie; 6] = [
    ("the first step", |it| it.steps[0][0] ^= 1),
    ("a step in the middle", |it| {
        let middle = it.steps.len() / 2;
        it.steps[middle][0] ^= 1;
    }),
    ("all steps from the second on", |it| {
        for step in it.steps.iter_mut().skip(1) {
            step[0] ^= 1;
        }
    }),
    ("a memory", |it| it.memory[0][0] ^= 1),
    ("results", |it| it.results[0][0] ^= 1),
    ("the roster", |it| {
        it.roster = if it.roster == [Uid(0)] {
            Vec::new()
        } else {
            vec![Uid(0)]
        };
    }),
];

/// Posts a lie and disputes it, signed by the stranger, who has no collateral.
fn slash_once(net: &mut Network, netuid: NetUid) {
    let (computed, inputs) = known(net, netuid);
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    assert_eq!(net.as_(STRANGER).dispute(netuid, k, &proof), Ok(()));
}

#[test]
fn dispute_of_any_lie_slashes_the_proposer() {
    for (what, bend) in LIES {
        let (mut net, netuid) = with_closed_epoch();
        let (computed, inputs) = known(&net, netuid);
        let mut lie = computed.assertion.clone();
        bend(&mut lie);
        net.propose_lie(netuid, &lie);
        let collateral = net.rules().collateral;
        let free = net.collateral(WORKER).free;
        let (supply, bonds) = (net.total_supply(), net.total_collateral());
        let before = net.balance(STRANGER);

        let (k, proof) = computed.trace.refute(&inputs, &lie).expect(what);
        assert_eq!(
            net.as_(STRANGER).dispute(netuid, k, &proof),
            Ok(()),
            "{what}"
        );

        let status = net.status(netuid).expect("a status");
        assert_eq!(status.stage, Stage::Closed, "{what}");
        let (reward, burned) = (collateral.0 / 2, collateral.0 - collateral.0 / 2);
        assert_eq!(net.balance(STRANGER), before + u128::from(reward));
        assert_eq!(net.total_supply(), supply - u128::from(burned));
        assert_eq!(net.total_collateral(), Rao(bonds.0 - collateral.0));
        let left = Collateral {
            free,
            locked: Rao::ZERO,
        };
        assert_eq!(net.collateral(WORKER), left);
        net.assert_invariants();
    }
}

#[test]
fn dispute_reopens_the_epoch() {
    let (mut net, netuid) = with_closed_epoch();
    slash_once(&mut net, netuid);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);
    net.run_epoch(netuid);
}

#[test]
fn dispute_of_a_correct_step_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    net.assert_epoch(netuid);
    assert_eq!(computed.trace.refute(&inputs, &computed.assertion), None);
    for k in (0..).take(computed.assertion.steps.len()) {
        let proof = computed
            .trace
            .proof(&inputs, &computed.assertion, k)
            .expect("a step");
        net.refuses(
            STRANGER,
            |it| it.dispute(netuid, k, &proof),
            EpochError::StepIsCorrect,
        );
    }
}

/// A challenger can make the kernel trap with a low gas limit. That does not slash an honest
/// assertion.
#[test]
fn dispute_with_too_little_gas_changes_nothing() {
    const PLENTY: u64 = 1 << 60;
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    net.assert_epoch(netuid);
    let k = computed.steps() / 2;
    let proof = computed
        .trace
        .proof(&inputs, &computed.assertion, k)
        .expect("a step");
    let (answer, bill) = net.metered(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
    assert_eq!(answer, Err(EpochError::StepIsCorrect));
    let before = net.snapshot();
    let mut epoch = net.addresses().epoch();
    let (mut starved, mut others) = (0, Vec::new());
    for permille in 20..1_000 {
        let share = |all: u64| all / 1_000 * permille;
        for (time, bytes) in [
            (share(bill.total.ref_time), PLENTY),
            (PLENTY, share(bill.total.proof_size)),
        ] {
            let message = epoch.dispute(netuid, k, proof.clone());
            let answer = net.with_chain(|chain| {
                chain.limit_time(time);
                chain.limit_proof(bytes);
                let answer = chain.send(STRANGER, message).answer();
                chain.limit_time(PLENTY);
                chain.limit_proof(PLENTY);
                answer
            });
            match answer {
                Ok(_) => panic!("slashed with {permille} ‰ of the gas"),
                Err(CallError::Refused(EpochError::KernelFailed)) => starved += 1,
                Err(other) => others.push(format!("{permille} ‰: {other}")),
            }
        }
    }
    assert_eq!(net.snapshot(), before);
    assert!(
        starved > 0,
        "the kernel runs out of gas at times: {others:#?}"
    );
}

/// Writes after the close belong to the next epoch. A dispute must not read them.
#[test]
fn dispute_ignores_writes_after_the_close() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    net.assert_epoch(netuid);
    net.enrol(netuid, ALICE, nth("latecomer", 0));
    net.stake(netuid, ALICE, nth("miner", 0), Rao::from_tao(5));
    for k in (0..).take(computed.assertion.steps.len()) {
        let proof = computed
            .trace
            .proof(&inputs, &computed.assertion, k)
            .expect("a step");
        assert_eq!(
            net.as_(STRANGER).dispute(netuid, k, &proof),
            Err(EpochError::StepIsCorrect),
            "step {k}"
        );
    }
}

#[test]
fn dispute_with_a_wrong_opening_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    let wrong = |change: fn(&mut StepProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        proof
    };
    for (proof, part) in [
        (wrong(|it| it.carry.push(0)), Opening::Carry),
        (wrong(|it| it.scratch.push(0)), Opening::Scratch),
        (wrong(|it| it.memory.push(0)), Opening::Memory),
    ] {
        let error = EpochError::OpeningMismatch(part);
        net.refuses(STRANGER, |it| it.dispute(netuid, k, &proof), error);
    }
    let mut other = proof.clone();
    other.assertion = computed.assertion;
    let error = EpochError::AssertionMismatch;
    net.refuses(STRANGER, |it| it.dispute(netuid, k, &other), error);
    let steps = u32::try_from(lie.steps.len()).expect("few steps");
    let error = EpochError::StepOutOfRange(steps);
    net.refuses(STRANGER, |it| it.dispute(netuid, steps, &proof), error);
}

#[test]
fn dispute_in_the_block_before_the_deadline_succeeds() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let deadline = net.block() + net.rules().challenge_period;
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    net.advance_to(deadline - 1);
    assert_eq!(net.as_(STRANGER).dispute(netuid, k, &proof), Ok(()));
}

#[test]
fn dispute_from_the_deadline_on_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let deadline = net.block() + net.rules().challenge_period;
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    net.advance_to(deadline);
    net.refuses(
        STRANGER,
        |it| it.dispute(netuid, k, &proof),
        EpochError::ChallengeOver(deadline),
    );
}

#[test]
fn dispute_with_nothing_asserted_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = known(&net, netuid);
    let proof = computed
        .trace
        .proof(&inputs, &computed.assertion, 0)
        .expect("a step");
    assert_eq!(
        net.as_(STRANGER).dispute(netuid, 0, &proof),
        Err(EpochError::NotAsserted)
    );
    assert_eq!(
        net.as_(STRANGER).dispute(NetUid(99), 0, &proof),
        Err(EpochError::NotAsserted)
    );
}

#[test]
fn collateral_doubles_with_each_assertion_that_stands() {
    let (mut net, netuid) = with_closed_epoch();
    let collateral = net.rules().collateral;
    assert_eq!(net.collateral_required(netuid), collateral);
    slash_once(&mut net, netuid);
    assert_eq!(net.collateral_required(netuid), collateral);
    let honest = net.compute(netuid).assertion;
    for (byte, factor) in [(1, 2), (2, 4)] {
        let mut lie = honest.clone();
        lie.results[0] = [byte; 32];
        net.propose_lie(netuid, &lie);
        let needed = Rao(factor * collateral.0);
        assert_eq!(net.collateral_required(netuid), needed);
    }

    let needed = Rao(4 * collateral.0);
    let epoch = net.addresses().epoch;
    let almost = Rao(needed.0 - 1);
    net.provide(ALICE, epoch, almost);
    net.as_(ALICE)
        .deposit_collateral(almost)
        .expect("deposited");
    assert_eq!(
        net.as_(ALICE).propose(netuid, &honest),
        Err(EpochError::CollateralTooSmall(needed))
    );
    net.give_collateral(ALICE, Rao(1));
    net.as_(ALICE).propose(netuid, &honest).expect("posted");
    assert_eq!(net.collateral(ALICE).locked, needed);
}
