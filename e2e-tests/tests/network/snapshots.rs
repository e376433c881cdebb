//! What a close has frozen: nothing written afterwards reaches the epoch, whoever writes it and
//! however much.

use inktensor_compute::epoch::compute;
use inktensor_e2e_tests::{
    accounts::*,
    adversary::{closed, Case, Chance, Court, Lie, OnChain},
    Network, Shape,
};
use inktensor_primitives::{
    epoch::EpochError,
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams},
    AccountId, Bps, NetUid, Rao, Uid,
};

/// Writes between two looks at the epoch.
const WRITES: u32 = 25;
const SEATS: u16 = 8;

/// A full subnet whose seats anybody can take, in the epoch after its second final one, which has
/// just closed.
fn with_closed_epoch(chance: &mut Chance) -> (Case, OnChain) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: SEATS,
        settings: vec![Hyperparameter::ImmunityPeriod(0)],
        ..Shape::default()
    });
    net.with_validators(netuid, 3).with_miners(netuid, 5);
    let mut before = None;
    for _ in 0..chance.within(0, 2) {
        before = Some(net.run_epoch(netuid).trace);
        net.honest_weights(netuid);
    }
    net.close(netuid);
    closed(net, netuid, before)
}

/// Who sits on a seat: hotkey and coldkey.
fn somebody(net: &Network, netuid: NetUid, chance: &mut Chance) -> (AccountId, AccountId) {
    let neurons = net.subnet(netuid).expect("the subnet").neurons;
    let uid = Uid(chance.within(0, neurons - 1));
    let neuron = net.neuron(netuid, uid).expect("a neuron");
    (neuron.hotkey, neuron.coldkey)
}

/// A hyperparameter at will, among them those that end the subnet's next epochs.
fn setting(chance: &mut Chance, another_kernel: AccountId) -> Hyperparameter {
    let any = chance.u16();
    match chance.below(9) {
        0 => Hyperparameter::Tempo(u32::from(chance.within(1, 100))),
        1 => Hyperparameter::MaxUids(chance.within(SEATS, 20)),
        2 => Hyperparameter::MaxValidators(chance.within(1, 8)),
        3 => Hyperparameter::RegistrationPrice(Rao(chance.bits() % 1_000_000 + 1)),
        4 => Hyperparameter::OtherParams(chance.bytes(9)),
        5 => Hyperparameter::Kernel(another_kernel),
        6 => Hyperparameter::Kappa(any),
        7 => Hyperparameter::MinStake(Rao(chance.bits() % 1_000_000_000_000)),
        _ => Hyperparameter::Yuma(YumaParams {
            yuma3: chance.percent(50),
            bonds_penalty: any,
            activity_cutoff: 1,
            ..YumaParams::default()
        }),
    }
}

/// Writes whatever an account can write. That one is refused at times does not matter.
fn write(net: &mut Network, netuid: NetUid, chance: &mut Chance, number: u32) {
    let (hotkey, coldkey) = somebody(net, netuid, chance);
    match chance.below(8) {
        0 | 1 => {
            let amount = Rao::from_tao(chance.within(1, 900).into());
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
            // Without a permit a neuron may still weigh itself.
            let uid = net.seat(netuid, hotkey).expect("a seat").uid;
            let weights = vec![chance.u16()];
            net.as_(hotkey)
                .set_weights(netuid, vec![uid], weights)
                .expect("set");
        }
        5 => {
            let neurons = net.subnet(netuid).expect("the subnet").neurons;
            let uids: Vec<Uid> = (0..neurons)
                .map(Uid)
                .filter(|_| chance.percent(60))
                .collect();
            let weights = uids.iter().map(|_| chance.u16()).collect();
            let _ = net.as_(hotkey).set_weights(netuid, uids, weights);
        }
        6 => {
            net.enrol(netuid, CHARLIE, nth("newcomer", number));
        }
        _ => {
            let take = Bps(chance.within(0, 1_800));
            let _ = net.as_(coldkey).set_take(hotkey, take);
        }
    }
}

/// Writes much, the subnet's owner and the admin of kernels among those who do, and looks at what
/// the epoch reads.
fn write_much(case: &Case, court: &mut OnChain, chance: &mut Chance, round: u32) {
    let netuid = court.netuid();
    let (plan, token) = (court.net.plan(netuid), court.net.addresses().token);
    let stored = court.net.snapshot().storage;
    for number in 0..WRITES {
        write(&mut court.net, netuid, chance, round * WRITES + number);
        if chance.percent(30) {
            let setting = setting(chance, token);
            let _ = court.net.as_(OWNER).set_hyperparameter(netuid, setting);
        }
        assert_eq!(court.net.inputs(netuid), case.inputs);
    }
    let now = court.net.snapshot().storage;
    for contract in ["registry", "staking", "epoch"] {
        assert_ne!(now[contract], stored[contract], "{contract} was written to");
    }
    assert_eq!(court.net.plan(netuid), plan);
    let again = compute(&case.program, &court.net.inputs(netuid)).expect("a trace");
    assert_eq!(again.assertion(), case.trace.assertion());
}

/// Allows a contract that is no kernel, for owners to choose.
fn allow_token(net: &mut Network) {
    let token = net.addresses().token;
    let code = net.code_hash(token).expect("deployed");
    let defaults = KernelParams::Yuma(YumaParams::default());
    net.as_(ADMIN)
        .allow_kernel(token, code, defaults)
        .expect("allowed");
}

#[test]
fn a_lie_is_disputed_and_the_truth_stands_whatever_is_written_meanwhile() {
    for seed in 0..4 {
        let mut chance = Chance::new(seed, 0);
        let (case, mut court) = with_closed_epoch(&mut chance);
        let netuid = court.netuid();
        allow_token(&mut court.net);

        let lies = Lie::all();
        let told = std::iter::repeat_with(|| chance.one(&lies)?.tell(&case, &mut chance))
            .flatten()
            .find(|lie| court.propose(lie).is_ok())
            .expect("a lie that is taken");
        let (k, proof) = case.refute(&told).expect("a lie");
        write_much(&case, &mut court, &mut chance, 0);
        court.net.advance(1);
        write_much(&case, &mut court, &mut chance, 1);
        assert_eq!(court.dispute(k, &proof), Ok(()), "seed {seed}");

        let honest = case.trace.assertion();
        assert_eq!(court.propose(&honest), Ok(()));
        let yuma = court.net.addresses().yuma;
        court.net.as_(ADMIN).retire_kernel(yuma).expect("retired");
        write_much(&case, &mut court, &mut chance, 2);
        for k in (0..).take(case.steps()) {
            let proof = case.trace.proof(&case.inputs, &honest, k).expect("a step");
            assert_eq!(court.dispute(k, &proof), Err(EpochError::StepIsCorrect));
        }
        court.go_on(&case);
        assert_eq!(court.net.roster(netuid), case.trace.roster);
    }
}

/// An epoch is read by its own number until the next one closes; then the next one's writes are
/// what counts.
#[test]
fn what_is_written_after_a_close_is_read_by_the_next_epoch() {
    let mut chance = Chance::new(9, 0);
    let (case, mut court) = with_closed_epoch(&mut chance);
    let netuid = court.netuid();
    let hotkey = court.net.neuron(netuid, Uid(0)).expect("a neuron").hotkey;
    let more = Rao::from_tao(77);
    court.net.stake(netuid, BOB, hotkey, more);
    assert_eq!(court.net.inputs(netuid), case.inputs);
    court
        .propose(&case.trace.assertion())
        .expect("honest, and taken");
    court.go_on(&case);
    court.net.close(netuid);
    let stake = |inputs: &inktensor_compute::epoch::EpochInputs| inputs.chunks[0].neurons[0].stake;
    assert!(stake(&court.net.inputs(netuid)) >= stake(&case.inputs) + more.0);
}
