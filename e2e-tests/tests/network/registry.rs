//! Subnets, hyperparameters and seats.

use inktensor_e2e_tests::{accounts::*, Network, Shape};
use inktensor_primitives::{
    kernel::{NeuronResult, YumaParams},
    registry::{Hyperparameter, KernelParams, RegistryError, MAX_NAME},
    AccountId, NetUid, Rao, Uid, MAX_UIDS, MAX_VALIDATORS, PAGE,
};

/// A limit above any price in these tests.
const ANY_PRICE: Rao = Rao::from_tao(1_000);

/// Returns a network whose owner can pay for one subnet.
fn with_rich_owner() -> Network {
    let mut net = Network::deploy();
    let registry = net.addresses().registry;
    let price = net.creation_price();
    net.provide(OWNER, registry, price);
    net
}

/// Returns a network with a subnet.
fn with_subnet(shape: Shape) -> (Network, NetUid) {
    let mut net = Network::deploy();
    let netuid = net.create(shape);
    (net, netuid)
}

/// Transfers the price of a registration to `who`. Returns the price.
fn pay_for_seat(net: &mut Network, netuid: NetUid, who: AccountId) -> Rao {
    let price = net.price(netuid);
    let registry = net.addresses().registry;
    net.provide(who, registry, price);
    price
}

fn set(net: &mut Network, netuid: NetUid, value: Hyperparameter) {
    assert_eq!(net.as_(OWNER).set_hyperparameter(netuid, value), Ok(()));
}

#[test]
fn create_subnet_numbers_from_one() {
    let mut net = with_rich_owner();
    let kernel = net.addresses().yuma;
    let created =
        net.as_(OWNER)
            .create_subnet("text".into(), OWNER_HOTKEY, kernel, 20, 64, 4, Rao::CAP);
    assert_eq!(created, Ok(NetUid(1)));
    assert_eq!(net.subnets(), 1);
}

#[test]
fn create_subnet_stores_its_arguments() {
    let mut net = with_rich_owner();
    let kernel = net.addresses().yuma;
    let netuid = net
        .as_(OWNER)
        .create_subnet("text".into(), OWNER_HOTKEY, kernel, 20, 64, 4, Rao::CAP)
        .expect("created");
    let subnet = net.subnet(netuid).expect("it exists");
    assert_eq!(subnet.name, "text");
    assert_eq!((subnet.owner, subnet.owner_hotkey), (OWNER, OWNER_HOTKEY));
    assert_eq!((subnet.kernel, subnet.tempo), (kernel, 20));
    assert_eq!((subnet.max_uids, subnet.max_validators), (64, 4));
    assert_eq!((subnet.epoch, subnet.neurons), (0, 0));
    assert_eq!(subnet.params, KernelParams::Yuma(YumaParams::default()));
}

#[test]
fn create_subnet_locks_its_price() {
    let mut net = with_rich_owner();
    let kernel = net.addresses().yuma;
    let (supply, price) = (net.total_supply(), net.creation_price());
    let netuid = net
        .as_(OWNER)
        .create_subnet("text".into(), OWNER_HOTKEY, kernel, 20, 64, 4, price)
        .expect("created");
    assert_eq!(net.total_supply(), supply);
    assert_eq!(net.balance(OWNER), 0);
    assert_eq!(
        (net.held(), net.subnet(netuid).unwrap().lock),
        (price, price)
    );
}

#[test]
fn create_subnet_without_payment_is_refused() {
    let mut net = Network::deploy();
    let (kernel, price) = (net.addresses().yuma, net.creation_price());
    net.fund(OWNER, price);
    net.agree(OWNER_HOTKEY, OWNER);
    net.refuses(
        OWNER,
        |it| it.create_subnet("text".into(), OWNER_HOTKEY, kernel, 20, 64, 4, Rao::CAP),
        RegistryError::Payment(price),
    );
}

#[test]
fn create_subnet_of_bad_name_is_refused() {
    let mut net = with_rich_owner();
    let kernel = net.addresses().yuma;
    for name in [String::new(), "x".repeat(MAX_NAME + 1)] {
        net.refuses(
            OWNER,
            |it| it.create_subnet(name, OWNER_HOTKEY, kernel, 20, 64, 4, Rao::CAP),
            RegistryError::BadName,
        );
    }
}

#[test]
fn create_subnet_out_of_bounds_is_refused() {
    let mut net = with_rich_owner();
    let kernel = net.addresses().yuma;
    for (tempo, seats, permits) in [
        (0, 64, 4),
        (50_401, 64, 4),
        (20, 0, 4),
        (20, MAX_UIDS + 1, 4),
        (20, 64, 0),
        (20, 64, MAX_VALIDATORS + 1),
    ] {
        let created = net.refused(OWNER, |it| {
            it.create_subnet(
                "text".into(),
                OWNER_HOTKEY,
                kernel,
                tempo,
                seats,
                permits,
                Rao::CAP,
            )
        });
        assert!(
            matches!(created, RegistryError::OutOfBounds { .. }),
            "{created:?}"
        );
    }
}

#[test]
fn set_hyperparameter_by_the_owner_succeeds() {
    let (mut net, netuid) = with_subnet(Shape::default());
    set(&mut net, netuid, Hyperparameter::Tempo(33));
    set(&mut net, netuid, Hyperparameter::BondsPenalty(40_000));
    let subnet = net.subnet(netuid).expect("it exists");
    assert_eq!(subnet.tempo, 33);
    let KernelParams::Yuma(params) = subnet.params else {
        panic!("the kernel is Yuma");
    };
    assert_eq!(params.bonds_penalty, 40_000);
}

#[test]
fn set_hyperparameter_by_another_account_is_refused() {
    let (mut net, netuid) = with_subnet(Shape::default());
    for who in [STRANGER, DEPLOYER, OWNER_HOTKEY] {
        net.refuses(
            who,
            |it| it.set_hyperparameter(netuid, Hyperparameter::Tempo(33)),
            RegistryError::NotOwner,
        );
    }
}

#[test]
fn set_hyperparameter_out_of_bounds_is_refused() {
    let (mut net, netuid) = with_subnet(Shape::default());
    for value in [
        Hyperparameter::Tempo(0),
        Hyperparameter::MaxUids(MAX_UIDS + 1),
        Hyperparameter::MaxRegistrationsPerBlock(5),
        Hyperparameter::ImmunityPeriod(19),
        Hyperparameter::ImmunityPeriod(1_000_001),
        Hyperparameter::RegistrationPrice(Rao::ZERO),
        Hyperparameter::ActivityCutoff(0),
        Hyperparameter::BondsMovingAverage(975_001),
        Hyperparameter::AlphaValues(50_000, 40_000),
        Hyperparameter::AlphaSigmoidSteepness(-1),
    ] {
        let answer = net.refused(OWNER, |it| it.set_hyperparameter(netuid, value.clone()));
        assert!(
            matches!(answer, RegistryError::OutOfBounds { .. }),
            "{value:?}: {answer:?}"
        );
    }
}

#[test]
fn set_hyperparameter_of_yuma_for_another_kernel_is_refused() {
    let (mut net, netuid) = with_subnet(Shape {
        kernel: |addresses| addresses.mean,
        ..Shape::default()
    });
    net.refuses(
        OWNER,
        |it| it.set_hyperparameter(netuid, Hyperparameter::BondsPenalty(1)),
        RegistryError::NotYuma,
    );
    set(&mut net, netuid, Hyperparameter::OtherParams(vec![1, 2, 3]));
    let yuma = net.create(Shape::default());
    net.refuses(
        OWNER,
        |it| it.set_hyperparameter(yuma, Hyperparameter::OtherParams(Vec::new())),
        RegistryError::IsYuma,
    );
}

#[test]
fn set_hyperparameter_of_an_unknown_subnet_is_refused() {
    let mut net = Network::deploy();
    net.refuses(
        OWNER,
        |it| it.set_hyperparameter(NetUid(1), Hyperparameter::Tempo(1)),
        RegistryError::UnknownSubnet,
    );
}

#[test]
fn register_gives_seats_in_order() {
    let (mut net, netuid) = with_subnet(Shape::default());
    assert_eq!(net.enrol(netuid, ALICE, ALICE_HOTKEY), Uid(0));
    assert_eq!(net.enrol(netuid, BOB, BOB_HOTKEY), Uid(1));
    let seat = net.seat(netuid, BOB_HOTKEY).expect("it sits");
    assert_eq!((seat.uid, seat.neurons, seat.epoch), (Uid(1), 2, 0));
    assert_eq!(net.owner_of(BOB_HOTKEY), Some(BOB));
}

#[test]
fn register_burns_its_price() {
    let (mut net, netuid) = with_subnet(Shape::default());
    let price = pay_for_seat(&mut net, netuid, ALICE);
    let supply = net.total_supply();
    assert_eq!(
        net.as_(ALICE).register(netuid, ALICE_HOTKEY, price),
        Ok(Uid(0))
    );
    assert_eq!(net.total_supply(), supply - price.to_u128());
    assert_eq!(net.balance(ALICE), 0);
}

#[test]
fn register_above_the_callers_limit_is_refused() {
    let (mut net, netuid) = with_subnet(Shape::default());
    let price = pay_for_seat(&mut net, netuid, ALICE);
    let limit = Rao(price.0 - 1);
    net.agree(ALICE_HOTKEY, ALICE);
    net.refuses(
        ALICE,
        |it| it.register(netuid, ALICE_HOTKEY, limit),
        RegistryError::PriceAbove(price),
    );
}

#[test]
fn register_without_payment_is_refused() {
    let (mut net, netuid) = with_subnet(Shape::default());
    let price = net.price(netuid);
    let registry = net.addresses().registry;
    // Enough allowance, but one rao short of balance.
    net.provide(ALICE, registry, price);
    net.as_(ALICE).transfer(BOB, Rao(1)).expect("transferred");
    net.agree(ALICE_HOTKEY, ALICE);
    net.refuses(
        ALICE,
        |it| it.register(netuid, ALICE_HOTKEY, ANY_PRICE),
        RegistryError::Payment(price),
    );
}

#[test]
fn register_twice_is_refused() {
    let (mut net, netuid) = with_subnet(Shape::default());
    let uid = net.enrol(netuid, ALICE, ALICE_HOTKEY);
    pay_for_seat(&mut net, netuid, ALICE);
    net.refuses(
        ALICE,
        |it| it.register(netuid, ALICE_HOTKEY, ANY_PRICE),
        RegistryError::AlreadyRegistered(uid),
    );
}

#[test]
fn register_of_anothers_hotkey_is_refused() {
    let (mut net, netuid) = with_subnet(Shape::default());
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    let second = net.create(Shape::default());
    pay_for_seat(&mut net, second, BOB);
    net.refuses(
        BOB,
        |it| it.register(second, ALICE_HOTKEY, ANY_PRICE),
        RegistryError::NotHotkeyOwner,
    );
}

#[test]
fn register_on_unknown_subnet_is_refused() {
    let mut net = Network::deploy();
    net.refuses(
        ALICE,
        |it| it.register(NetUid(1), ALICE_HOTKEY, ANY_PRICE),
        RegistryError::UnknownSubnet,
    );
}

#[test]
fn register_on_a_full_subnet_of_the_owners_neurons_is_refused() {
    let (mut net, netuid) = with_subnet(Shape {
        seats: 2,
        ..Shape::default()
    });
    set(&mut net, netuid, Hyperparameter::ImmuneOwnerUids(2));
    net.enrol(netuid, OWNER, OWNER_HOTKEY);
    net.enrol(netuid, OWNER, named("owner-miner"));
    pay_for_seat(&mut net, netuid, CHARLIE);
    net.agree(named("charlie-hotkey"), CHARLIE);
    net.refuses(
        CHARLIE,
        |it| it.register(netuid, named("charlie-hotkey"), ANY_PRICE),
        RegistryError::AllImmune,
    );
}

#[test]
fn register_on_a_full_subnet_replaces_the_oldest_of_least_score() {
    let (mut net, netuid) = with_subnet(Shape {
        seats: 3,
        ..Shape::default()
    });
    set(&mut net, netuid, Hyperparameter::ImmunityPeriod(20));
    for i in 0..3 {
        net.enrol(netuid, nth("miner-owner", i), nth("miner", i));
        if i == 0 {
            // Only uid 0 has stake, so only it earns.
            net.stake(netuid, ALICE, nth("miner", 0), Rao::from_tao(10));
        }
        net.advance(1);
    }
    net.run_epoch(netuid);
    net.run_epoch(netuid);
    let charlie = named("charlie-hotkey");
    assert_eq!(net.enrol(netuid, CHARLIE, charlie), Uid(1));
    assert_eq!(net.seat(netuid, nth("miner", 1)), None);
    let neuron = net.neuron(netuid, Uid(1)).expect("a neuron");
    assert_eq!((neuron.hotkey, neuron.coldkey), (charlie, CHARLIE));
}

#[test]
fn replaced_neuron_keeps_its_stake_and_its_owner() {
    let (mut net, netuid) = with_subnet(Shape {
        seats: 1,
        ..Shape::default()
    });
    set(&mut net, netuid, Hyperparameter::ImmunityPeriod(20));
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(10));
    net.advance(20);
    net.enrol(netuid, BOB, BOB_HOTKEY);
    assert_eq!(net.seat(netuid, ALICE_HOTKEY), None);
    assert_eq!(net.owner_of(ALICE_HOTKEY), Some(ALICE));
    assert_eq!(net.stake_of(netuid, ALICE_HOTKEY, ALICE), Rao::from_tao(10));
}

#[test]
fn replaced_neuron_leaves_no_score() {
    let (mut net, netuid) = with_subnet(Shape {
        seats: 1,
        ..Shape::default()
    });
    set(&mut net, netuid, Hyperparameter::ImmunityPeriod(20));
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(10));
    net.run_epoch(netuid);
    let [line] = net.metagraph(netuid, 0).try_into().expect("one neuron");
    assert_ne!(line.score, NeuronResult::default());
    net.enrol(netuid, BOB, BOB_HOTKEY);
    let [line] = net.metagraph(netuid, 0).try_into().expect("one neuron");
    assert_eq!(line.neuron.hotkey, BOB_HOTKEY);
    assert_eq!(line.score, NeuronResult::default());
}

#[test]
fn metagraph_is_paged() {
    let (mut net, netuid) = with_subnet(Shape {
        seats: 128,
        ..Shape::default()
    });
    let count = PAGE + 2;
    for i in 0..u32::from(count) {
        net.enrol(netuid, nth("miner-owner", i), nth("miner", i));
    }
    assert_eq!(net.metagraph(netuid, 0).len(), usize::from(PAGE));
    let second = net.metagraph(netuid, 1);
    assert_eq!(second.len(), 2);
    assert_eq!(second[1].uid, Uid(PAGE + 1));
    assert_eq!(second[1].neuron.hotkey, nth("miner", u32::from(PAGE) + 1));
    assert!(net.metagraph(netuid, 2).is_empty());
}

#[test]
fn neurons_at_returns_the_neurons_of_the_closed_epoch() {
    let (mut net, netuid) = with_subnet(Shape {
        seats: 1,
        ..Shape::default()
    });
    set(&mut net, netuid, Hyperparameter::ImmunityPeriod(20));
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.close(netuid);
    net.enrol(netuid, BOB, BOB_HOTKEY);
    let then = net.neurons_at(netuid, 0, Uid(0), 1).expect("kept");
    let now = net.neurons_at(netuid, 1, Uid(0), 1).expect("kept");
    assert_eq!(then[0].hotkey, ALICE_HOTKEY);
    assert_eq!(now[0].hotkey, BOB_HOTKEY);
}
