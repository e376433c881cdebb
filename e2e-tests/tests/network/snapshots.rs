//! Frozen inputs of a closed epoch: later writes of any account do not change them.

use inktensor_compute::epoch::compute;
use inktensor_e2e_tests::{
    accounts::*,
    adversary::{closed_epoch, Case, Judge, Lie, OnChain, Rng},
    Network, Shape,
};
use inktensor_primitives::{
    epoch::EpochError,
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams},
    AccountId, Bps, NetUid, Rao, Uid,
};

/// The number of writes of a round.
const WRITES: u32 = 25;
const SEATS: u16 = 8;

/// Returns a full subnet of replaceable neurons whose epoch has just closed, after up to two final
/// ones.
fn with_closed_epoch(rng: &mut Rng) -> (Case, OnChain) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: SEATS,
        settings: vec![Hyperparameter::ImmunityPeriod(20)],
        ..Shape::default()
    });
    net.with_validators(netuid, 3).with_miners(netuid, 5);
    let mut before = None;
    for _ in 0..rng.within(0, 2) {
        before = Some(net.run_epoch(netuid).trace);
        net.honest_weights(netuid);
    }
    net.close(netuid);
    closed_epoch(net, netuid, before)
}

/// Returns the hotkey and coldkey of a random neuron.
fn random_neuron(net: &Network, netuid: NetUid, rng: &mut Rng) -> (AccountId, AccountId) {
    let neurons = net.subnet(netuid).expect("the subnet").neurons;
    let uid = Uid(rng.within(0, neurons - 1));
    let neuron = net.neuron(netuid, uid).expect("a neuron");
    (neuron.hotkey, neuron.coldkey)
}

/// Returns a random hyperparameter, including values that prevent the subnet's next epochs.
fn setting(rng: &mut Rng, another_kernel: AccountId) -> Hyperparameter {
    let any = rng.u16();
    match rng.below(9) {
        0 => Hyperparameter::Tempo(u32::from(rng.within(1, 100))),
        1 => Hyperparameter::MaxUids(rng.within(SEATS, 20)),
        2 => Hyperparameter::MaxValidators(rng.within(1, 8)),
        3 => Hyperparameter::RegistrationPrice(Rao(rng.bits() % 1_000_000 + 1)),
        4 => Hyperparameter::OtherParams(rng.bytes(9)),
        5 => Hyperparameter::Kernel(another_kernel),
        6 => Hyperparameter::Kappa(any),
        7 => Hyperparameter::MinStake(Rao(rng.bits() % 1_000_000_000_000)),
        _ => Hyperparameter::Yuma(YumaParams {
            yuma3: rng.percent(50),
            bonds_penalty: any,
            activity_cutoff: 1,
            ..YumaParams::default()
        }),
    }
}

/// Makes a random call. It may be refused.
fn write(net: &mut Network, netuid: NetUid, rng: &mut Rng, number: u32) {
    let (hotkey, coldkey) = random_neuron(net, netuid, rng);
    match rng.below(8) {
        0 | 1 => {
            let amount = Rao::from_tao(rng.within(1, 900).into());
            net.stake(netuid, coldkey, hotkey, amount);
        }
        2 => {
            let _ = net.as_(coldkey).remove_all_stake(netuid, hotkey);
        }
        3 => {
            let _ = net
                .as_(coldkey)
                .remove_stake(netuid, hotkey, Rao::from_tao(1));
        }
        4 => {
            // Without a permit a neuron can weigh itself.
            let uid = net.seat(netuid, hotkey).expect("a seat").uid;
            let weights = vec![rng.u16()];
            net.as_(hotkey)
                .set_weights(netuid, vec![uid], weights)
                .expect("set");
        }
        5 => {
            let neurons = net.subnet(netuid).expect("the subnet").neurons;
            let uids: Vec<Uid> = (0..neurons).map(Uid).filter(|_| rng.percent(60)).collect();
            let weights = uids.iter().map(|_| rng.u16()).collect();
            let _ = net.as_(hotkey).set_weights(netuid, uids, weights);
        }
        6 => {
            net.enrol(netuid, CHARLIE, nth("newcomer", number));
        }
        _ => {
            let take = Bps(rng.within(0, 1_800));
            let _ = net.as_(coldkey).set_take(hotkey, take);
        }
    }
}

/// Makes many random calls, of the owner too, and checks that the inputs do not change.
fn write_round(case: &Case, judge: &mut OnChain, rng: &mut Rng, round: u32) {
    let netuid = judge.netuid();
    let (plan, token) = (judge.net.plan(netuid), judge.net.addresses().token);
    let stored = judge.net.snapshot().storage;
    for number in 0..WRITES {
        write(&mut judge.net, netuid, rng, round * WRITES + number);
        if rng.percent(30) {
            let setting = setting(rng, token);
            let _ = judge.net.as_(OWNER).set_hyperparameter(netuid, setting);
        }
        assert_eq!(judge.net.inputs(netuid), case.inputs);
    }
    let now = judge.net.snapshot().storage;
    for contract in ["registry", "staking", "epoch"] {
        assert_ne!(now[contract], stored[contract], "{contract} was written to");
    }
    assert_eq!(judge.net.plan(netuid), plan);
    let again = compute(&case.kernel, &judge.net.inputs(netuid)).expect("a trace");
    assert_eq!(again.assertion(), case.trace.assertion());
}

/// Allows a contract that is not a kernel, for owners to choose.
fn allow_token(net: &mut Network) {
    let token = net.addresses().token;
    let code = net.code_hash(token).expect("deployed");
    let defaults = KernelParams::Yuma(YumaParams::default());
    net.as_(ADMIN)
        .allow_kernel(token, code, defaults)
        .expect("allowed");
}

#[test]
fn closed_inputs_do_not_change_with_random_writes() {
    for seed in 0..4 {
        let mut rng = Rng::new(seed, 0);
        let (case, mut judge) = with_closed_epoch(&mut rng);
        let netuid = judge.netuid();
        allow_token(&mut judge.net);

        let lies = Lie::all();
        let told = std::iter::repeat_with(|| rng.one(&lies)?.falsify(&case, &mut rng))
            .flatten()
            .find(|lie| judge.propose(lie).is_ok())
            .expect("a lie of the right shape");
        let (k, proof) = case.refute(&told).expect("a lie");
        write_round(&case, &mut judge, &mut rng, 0);
        judge.net.advance(1);
        write_round(&case, &mut judge, &mut rng, 1);
        assert_eq!(judge.dispute(k, &proof), Ok(()), "seed {seed}");

        let honest = case.trace.assertion();
        assert_eq!(judge.propose(&honest), Ok(()));
        let yuma = judge.net.addresses().yuma;
        judge.net.as_(ADMIN).retire_kernel(yuma).expect("retired");
        write_round(&case, &mut judge, &mut rng, 2);
        for k in (0..).take(case.steps()) {
            let proof = case.trace.proof(&case.inputs, &honest, k).expect("a step");
            assert_eq!(judge.dispute(k, &proof), Err(EpochError::StepIsCorrect));
        }
        judge.net.finalize(netuid);
        judge.settle(&case);
        assert_eq!(judge.net.roster(netuid), case.trace.roster);
    }
}

/// Writes after a close belong to the next epoch, and stake weighs one epoch later.
#[test]
fn stake_after_a_close_is_read_by_the_epoch_after_the_next() {
    let mut rng = Rng::new(9, 0);
    let (case, mut judge) = with_closed_epoch(&mut rng);
    let netuid = judge.netuid();
    let hotkey = judge.net.neuron(netuid, Uid(0)).expect("a neuron").hotkey;
    let more = Rao::from_tao(77);
    judge.net.stake(netuid, BOB, hotkey, more);
    assert_eq!(judge.net.inputs(netuid), case.inputs);
    judge
        .propose(&case.trace.assertion())
        .expect("honest, and taken");
    judge.net.finalize(netuid);
    judge.settle(&case);
    judge.net.run_epoch(netuid);
    judge.net.close(netuid);
    let stake = |inputs: &inktensor_compute::epoch::EpochInputs| inputs.chunks[0].neurons[0].stake;
    assert!(stake(&judge.net.inputs(netuid)) >= stake(&case.inputs) + more.0);
}
