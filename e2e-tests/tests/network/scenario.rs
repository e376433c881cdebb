//! Longer runs of networks: several epochs and subnets, with stakers and neurons that come and go.

use inktensor_compute::epoch::EpochInputs;
use inktensor_e2e_tests::{accounts::*, EpochRun, Network, Shape, Template};
use inktensor_primitives::{
    epoch::EpochError, kernel::NeuronResult, registry::Hyperparameter, AccountId, Bps, NetUid, Rao,
    Uid, MAX_UIDS, MAX_VALIDATORS,
};
use std::sync::OnceLock;

/// Creates two subnets that differ in tempo, permits and every kernel parameter.
fn two_subnets(net: &mut Network) -> [NetUid; 2] {
    let first = net.create(Shape {
        tempo: 20,
        seats: 8,
        permits: 3,
        settings: vec![
            Hyperparameter::Yuma3(true),
            Hyperparameter::LiquidAlpha(true),
            Hyperparameter::ImmunityPeriod(20),
        ],
        ..Shape::default()
    });
    let second = net.create(Shape {
        tempo: 30,
        seats: 80,
        permits: 2,
        settings: vec![
            Hyperparameter::Yuma3(false),
            Hyperparameter::Kappa(20_000),
            Hyperparameter::BondsPenalty(32_768),
            Hyperparameter::BondsMovingAverage(500_000),
            Hyperparameter::MinStake(Rao::from_tao(101)),
        ],
        ..Shape::default()
    });
    [first, second]
}

/// Returns the gain of `coldkey` on `hotkey` since its stake was `before`.
fn gain(net: &Network, netuid: NetUid, hotkey: AccountId, coldkey: AccountId, before: Rao) -> u64 {
    net.stake_of(netuid, hotkey, coldkey).0 - before.0
}

/// Returns the result of a uid in an epoch.
fn result(computed: &EpochRun, uid: Uid) -> NeuronResult {
    computed
        .trace
        .neurons()
        .nth(usize::from(uid.0))
        .copied()
        .expect("a result")
}

#[test]
fn two_subnets_run_six_epochs() {
    let mut net = Network::deploy();
    let [first, second] = two_subnets(&mut net);

    // Four validators on the first subnet, which has three permits; the same four and many miners
    // on the second.
    net.with_validators(first, 4).with_miners(first, 4);
    net.with_validators(second, 4).with_miners(second, 70);
    let [v0, v3] = [0, 3].map(|i| nth("validator", i));
    net.as_(nth("validator-owner", 3))
        .set_take(v3, Bps(1_800))
        .expect("set");

    // Epoch 0: there are no permits and no sampled weights yet, so the budget is zero.
    for netuid in [first, second] {
        let computed = net.run_epoch(netuid);
        assert_eq!(computed.pay(), Rao::ZERO);
    }
    assert_eq!(net.roster(first), [Uid(1), Uid(2), Uid(3)]);
    assert_eq!(net.roster(second), [Uid(2), Uid(3)]);

    // The validator of least stake has no permit.
    assert_eq!(
        net.as_(v0).set_weights(first, vec![Uid(5)], vec![1]),
        Err(EpochError::NoPermit)
    );

    // Epoch 1: permits and weights; a nominator stakes. Its stake does not weigh yet.
    let nominator = named("nominator");
    let invested = Rao::from_tao(50);
    net.stake(first, nominator, v3, invested);
    for netuid in [first, second] {
        net.honest_weights(netuid);
        net.run_epoch(netuid);
    }
    assert_eq!(gain(&net, first, v3, nominator, invested), 0);

    // Epoch 2.
    for netuid in [first, second] {
        net.honest_weights(netuid);
        let computed = net.run_epoch(netuid);
        assert_eq!(
            result(&computed, Uid(0)).dividends,
            0,
            "no permit, no dividends"
        );
        assert!(result(&computed, Uid(3)).validator > Rao::ZERO);
        assert!(result(&computed, Uid(5)).miner > Rao::ZERO);
    }
    let won = gain(&net, first, v3, nominator, invested);
    assert!(won > 0, "the nominator shares in the dividends");

    // Epoch 3: the nominator removes its stake after the close and gets no further pay.
    net.close(first);
    let with_nominator = net.assert_epoch(first);
    let back = net
        .as_(nominator)
        .remove_all_stake(first, v3)
        .expect("removed");
    assert_eq!(back, Rao(invested.0 + won));
    assert_eq!(net.balance(nominator), back.to_u128());

    // A neuron is replaced between close and settle: the old neuron is paid; the new one gets its
    // seat and no score.
    let newcomer = named("newcomer-hotkey");
    let seat = net.enrol(first, named("newcomer"), newcomer);
    let old = with_nominator.neuron(seat.0).clone();
    assert_eq!(net.seat(first, old.hotkey), None);
    let had = net.stake_of(first, old.hotkey, old.coldkey);
    net.finalize(first);
    net.settle(first);
    net.collect_what_is_left(first, old.hotkey);
    let due = result(&with_nominator, seat);
    let paid = gain(&net, first, old.hotkey, old.coldkey, had);
    assert!(paid.abs_diff(due.miner.0 + due.validator.0) <= 1);
    assert_eq!(net.hotkey_stake(first, newcomer), Rao::ZERO);
    assert_eq!(
        net.metagraph(first, 0)[usize::from(seat.0)].score,
        NeuronResult::default()
    );
    assert_eq!(gain(&net, first, v3, nominator, Rao::ZERO), 0);
    net.honest_weights(second);
    net.run_epoch(second);

    // Epochs 4 and 5: another nominator lifts the validator without a permit above the others.
    let patron = named("patron");
    net.stake(first, patron, v0, Rao::from_tao(1_000));
    for _ in 0..2 {
        for netuid in [first, second] {
            net.honest_weights(netuid);
            net.run_epoch(netuid);
        }
    }
    let lifted = net.seat(first, v0);
    // Unless the new neuron has replaced it.
    if let Some(lifted) = lifted {
        assert!(net.roster(first).contains(&lifted.uid));
    }
    for netuid in [first, second] {
        let status = net.status(netuid).expect("a status");
        assert_eq!(status.final_epoch, Some(5));
        assert_eq!(status.settling, None);
    }
}

#[test]
fn subnet_of_one_uid_pays_its_neuron_everything() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 1,
        permits: 1,
        ..Shape::default()
    });
    net.with_validators(netuid, 1);
    net.run_epoch(netuid);
    for epoch in 1..5 {
        // It can only weigh itself.
        net.as_(nth("validator", 0))
            .set_weights(netuid, vec![Uid(0)], vec![1])
            .expect("set");
        let computed = net.run_epoch(netuid);
        assert_eq!(computed.header.epoch, epoch);
        let budget = computed.header.budget.total();
        assert!(budget > Rao::ZERO);
        assert!(
            budget.0 - computed.pay().0 <= 1 + budget.0 / (1 << 30),
            "{computed:?}"
        );
    }
}

/// Returns a full subnet of 4096 uids with 64 permits, on which uids 0 to 127 have stake.
pub fn full_subnet() -> (Network, NetUid) {
    const NETUID: NetUid = NetUid(1);
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let mut net = Network::deploy();
        let netuid = net.create(Shape {
            tempo: 100,
            seats: MAX_UIDS,
            permits: 64,
            settings: vec![Hyperparameter::ImmunityPeriod(100)],
            ..Shape::default()
        });
        assert_eq!(netuid, NETUID);
        let validators = u32::from(MAX_VALIDATORS);
        let miners = u32::from(MAX_UIDS) - validators;
        net.with_validators(netuid, validators)
            .enrol_crowd(netuid, named("farm"), "miner", miners);
        assert_eq!(net.subnet(netuid).expect("it").neurons, MAX_UIDS);
        net.template()
    });
    (Network::begin_from(template), NETUID)
}

/// Returns true if the budget is paid but for rounding.
fn pays_all(computed: &EpochRun) -> bool {
    let budget = computed.header.budget.total();
    let rounding = u64::from(computed.header.neurons) + budget.0 / (1 << 20);
    budget > Rao::ZERO && budget.0 - computed.pay().0 <= rounding
}

#[test]
fn subnet_of_4096_uids_and_64_validators_pays_all() {
    let (mut net, netuid) = full_subnet();
    net.run_epoch(netuid);
    assert_eq!(net.roster(netuid).len(), 64);
    net.honest_weights(netuid);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);

    // One of the full subnet's neurons is replaced before it is paid.
    let newcomer = net.enrol(netuid, ALICE, ALICE_HOTKEY);
    let old = computed.neuron(newcomer.0).clone();
    let had = net.stake_of(netuid, old.hotkey, old.coldkey);
    net.finalize(netuid);
    net.settle(netuid);
    net.collect_what_is_left(netuid, old.hotkey);
    let due = result(&computed, newcomer);
    let paid = gain(&net, netuid, old.hotkey, old.coldkey, had);
    assert!(paid.abs_diff(due.miner.0 + due.validator.0) <= 1);
    assert!(pays_all(&computed));
    assert_eq!(net.status(netuid).expect("a status").settling, None);
}

/// Returns a subnet at all limits of the protocol: 4096 uids, 128 permits and the owner's. Its
/// third epoch, which reads weights and carry-over state, is closed.
fn largest_closed_epoch() -> (Network, NetUid) {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let netuid = NetUid(1);
    let template = TEMPLATE.get_or_init(|| {
        let (mut net, same) = full_subnet();
        assert_eq!(same, netuid);
        net.set(netuid, Hyperparameter::MaxValidators(MAX_VALIDATORS));
        // The most expensive rule of bonds.
        net.set(netuid, Hyperparameter::LiquidAlpha(true));
        net.stake(netuid, ALICE, nth("miner", 0), Rao::from_tao(1));
        // All count from the second epoch on.
        net.run_epoch(netuid);
        // The owner's neuron replaces the oldest one, a validator.
        let owner = net.enrol(netuid, OWNER, OWNER_HOTKEY);
        net.run_epoch(netuid);
        let permits = usize::from(MAX_VALIDATORS) + 1;
        assert_eq!(net.roster(netuid).len(), permits);
        assert!(net.roster(netuid).contains(&owner));
        net.honest_weights(netuid);
        let computed = net.run_epoch(netuid);
        assert_eq!(computed.header.roster.len(), permits);
        assert!(pays_all(&computed));
        net.honest_weights(netuid);
        net.close(netuid);
        net.template()
    });
    (Network::begin_from(template), netuid)
}

#[test]
fn largest_epoch_fits_the_chain() {
    let (mut net, netuid) = largest_closed_epoch();
    let inputs = net.inputs(netuid);
    let computed = net.assert_epoch(netuid);
    assert_disputes_are_cheap(&mut net, &inputs, &computed);
    net.finalize(netuid);
    net.settle(netuid);
    assert!(pays_all(&computed));
}

#[test]
fn largest_epoch_can_be_replayed() {
    let (mut net, netuid) = largest_closed_epoch();
    let (computed, bill) = net.metered(|net| net.replay(netuid, 1));
    assert_eq!(bill.calls, u64::from(computed.steps()));
    assert!(bill.largest.ref_time < QUARTER, "{bill:?}");
    let status = net.status(netuid).expect("a status");
    assert_eq!(status.final_epoch, Some(computed.header.epoch));
    net.settle(netuid);
    assert!(pays_all(&computed));
}

/// The longest dispute or replay of a step: a quarter of a block of two seconds, in picoseconds.
const QUARTER: u64 = 500_000_000_000;

/// Checks that a dispute of any step takes less than a quarter of a block, with the first and the
/// last chunk of each phase.
fn assert_disputes_are_cheap(net: &mut Network, inputs: &EpochInputs, computed: &EpochRun) {
    let netuid = inputs.header.netuid;
    let chunks = inputs.chunks.len();
    let phases = computed.trace.plan.phases.len();
    for k in (0..phases).flat_map(|phase| [phase * chunks, (phase + 1) * chunks - 1]) {
        let k = u32::try_from(k).expect("few steps");
        let proof = computed
            .trace
            .proof(inputs, &computed.assertion, k)
            .expect("a step");
        let (outcome, bill) = net.metered(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
        assert_eq!(outcome, Err(EpochError::StepIsCorrect), "step {k}");
        assert!(bill.total.ref_time < QUARTER, "step {k}: {bill:?}");
    }
}
