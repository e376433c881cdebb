//! Subnets: price, start, ownership, hyperparameters and retirement.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    emission::{EmissionError, SplitPreset},
    epoch::EpochError,
    registry::{
        Hyperparameter, NetworkRules, Parameter, RegistryError, Setter, Subnet, SubnetIdentity,
        ANNOUNCED_FOR, MAX_IDENTITY_FIELD,
    },
    staking::StakingError,
    NetUid, Rao,
};

/// Tries to create a subnet of `ALICE`, who can pay for it, with the limit `max_price`.
fn create(net: &mut Network, max_price: Rao) -> Result<NetUid, RegistryError> {
    let (registry, kernel) = (net.addresses().registry, net.addresses().yuma);
    let price = net.creation_price();
    net.provide(ALICE, registry, price);
    net.as_(ALICE)
        .create_subnet("text".into(), ALICE_HOTKEY, kernel, 20, 64, 4, max_price)
}

/// Changes the rules of a network without subnets, at once.
fn rule(net: &mut Network, change: impl FnOnce(&mut NetworkRules)) {
    let mut rules = net.network_rules();
    change(&mut rules);
    net.as_(ADMIN).set_network_rules(rules).expect("set");
}

#[test]
fn creation_price_doubles_and_falls_back() {
    let mut net = Network::deploy();
    let least = net.network_rules().min_lock;
    assert_eq!(net.creation_price(), least);
    create(&mut net, least).expect("created");
    assert_eq!(net.creation_price(), Rao(least.0 * 2));
    let interval = net.network_rules().lock_interval;
    net.advance(interval / 2);
    let step = least.0 / u64::from(interval);
    assert_eq!(
        net.creation_price(),
        Rao(least.0 * 2 - step * u64::from(interval / 2))
    );
    net.advance(interval);
    assert_eq!(net.creation_price(), least);
}

#[test]
fn create_subnet_above_the_callers_limit_is_refused() {
    let mut net = Network::deploy();
    let price = net.creation_price();
    let registry = net.addresses().registry;
    net.provide(ALICE, registry, price);
    let (before, kernel) = (net.snapshot(), net.addresses().yuma);
    let created = net.as_(ALICE).create_subnet(
        "text".into(),
        ALICE_HOTKEY,
        kernel,
        20,
        64,
        4,
        Rao(price.0 - 1),
    );
    assert_eq!(created, Err(RegistryError::PriceAbove(price)));
    assert_eq!(net.snapshot(), before);
}

#[test]
fn create_subnet_too_soon_after_another_is_refused() {
    let mut net = Network::deploy();
    rule(&mut net, |rules| rules.creation_interval = 100);
    create(&mut net, Rao::CAP).expect("created");
    let again = net.block() + 100;
    net.advance(99);
    assert_eq!(
        create(&mut net, Rao::CAP),
        Err(RegistryError::TooSoon(again))
    );
    net.advance(1);
    assert_eq!(create(&mut net, Rao::CAP), Ok(NetUid(2)));
}

#[test]
fn set_network_rules_by_another_account_is_refused() {
    let mut net = Network::deploy();
    let rules = net.network_rules();
    net.refuses(
        OWNER,
        |it| it.set_network_rules(rules),
        RegistryError::NotAdmin,
    );
    let senseless = NetworkRules {
        subnet_limit: 0,
        ..rules
    };
    assert!(matches!(
        net.refused(ADMIN, |it| it.set_network_rules(senseless)),
        RegistryError::OutOfBounds { .. }
    ));
}

#[test]
fn close_before_the_start_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        starts: false,
        ..Shape::default()
    });
    net.with_validators(netuid, 1);
    net.advance(100);
    assert_eq!(
        net.as_(STRANGER).close(netuid).err(),
        Some(EpochError::NotStarted)
    );
    assert_eq!(net.status(netuid).unwrap().closes_at, u32::MAX);
    assert_eq!(net.as_(ALICE).start(netuid), Err(RegistryError::NotOwner));
    net.as_(OWNER).start(netuid).expect("started");
    let at = net.block();
    assert_eq!(net.status(netuid).unwrap().closes_at, at + 20);
    assert_eq!(
        net.as_(OWNER).start(netuid),
        Err(RegistryError::AlreadyStarted(at))
    );
    net.run_epoch(netuid);
}

#[test]
fn hyperparameters_have_value_bounds_setter_and_cooldown() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.start_all();
    net.with_validators(netuid, 1);
    let find = |net: &Network, parameter| {
        let all = net.hyperparameters(netuid);
        *all.iter()
            .find(|it| it.parameter == parameter)
            .expect("listed")
    };
    let tempo = find(&net, Parameter::Tempo);
    assert_eq!((tempo.value, tempo.min, tempo.max), (20, 1, 50_400));
    assert_eq!(tempo.setter, Setter::Owner);
    let allowed = find(&net, Parameter::RegistrationAllowed);
    assert_eq!((allowed.value, allowed.setter), (1, Setter::Admin));

    // The owner's cooldown is two tempos; the view has its end.
    net.as_(OWNER)
        .set_hyperparameter(netuid, Hyperparameter::BondsPenalty(1))
        .expect("set");
    let until = net.block() + 40;
    let penalty = find(&net, Parameter::BondsPenalty);
    assert_eq!(penalty.changes_from, until);
    assert_eq!((penalty.value, penalty.next), (65_535, Some(1)));
    for value in [
        Hyperparameter::BondsPenalty(2),
        Hyperparameter::Yuma3(false),
    ] {
        net.refuses(
            OWNER,
            |it| it.set_hyperparameter(netuid, value),
            RegistryError::Cooldown(until),
        );
    }
    net.as_(OWNER)
        .set_hyperparameter(netuid, Hyperparameter::ImmunityPeriod(30))
        .expect("another parameter");
    net.as_(ADMIN)
        .set_hyperparameter(netuid, Hyperparameter::Kappa(3))
        .expect("the admin has no cooldown");
}

#[test]
fn set_hyperparameter_counts_from_the_next_epoch_on() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1);
    net.start_all();
    let due = net.status(netuid).unwrap().closes_at;
    net.advance_to(due);
    net.as_(OWNER)
        .set_hyperparameter(netuid, Hyperparameter::Tempo(30))
        .expect("set");
    net.as_(ADMIN)
        .set_hyperparameter(netuid, Hyperparameter::MaxValidators(9))
        .expect("set");
    let sizes = |subnet: Option<Subnet>| {
        let subnet = subnet.expect("the subnet");
        (subnet.tempo, subnet.max_validators)
    };
    assert_eq!(sizes(net.subnet(netuid)), (20, 4));
    assert_eq!(sizes(net.next_subnet(netuid)), (30, 9));
    assert_eq!(net.close(netuid).max_validators, 4);
    assert_eq!(sizes(net.subnet(netuid)), (30, 9));
    let opened = net.block();
    assert_eq!(net.status(netuid).unwrap().closes_at, opened + 30);
    net.finish_epoch(netuid);
    assert_eq!(net.close(netuid).max_validators, 9);
}

#[test]
fn set_hyperparameter_of_the_network_by_the_owner_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    for value in [
        Hyperparameter::MaxValidators(1),
        Hyperparameter::MinStake(Rao(1)),
        Hyperparameter::Kappa(1),
        Hyperparameter::RegistrationAllowed(false),
        Hyperparameter::MinNonImmuneUids(1),
        Hyperparameter::WeightsRateLimit(1),
        Hyperparameter::StakeThreshold(Rao(1)),
    ] {
        net.refuses(
            OWNER,
            |it| it.set_hyperparameter(netuid, value),
            RegistryError::SetByAdmin,
        );
    }
}

#[test]
fn split_of_a_subnet_divides_its_budgets() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        settings: vec![Hyperparameter::Split(SplitPreset::Bittensor)],
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    let header = net.close(netuid);
    let budget = net.budget(netuid, header.epoch).expect("drawn");
    let parts = [
        budget.miners,
        budget.validators,
        budget.owner,
        budget.treasury,
    ];
    let whole: u64 = parts.iter().map(|part| part.0).sum();
    assert!(whole > 0);
    assert_eq!(budget.owner, Rao(whole * 18 / 100));
    assert_eq!(
        (budget.validators, budget.treasury),
        (Rao(whole * 41 / 100), Rao(0))
    );
}

#[test]
fn split_that_the_rules_do_not_allow_is_refused() {
    let mut net = Network::deploy();
    rule(&mut net, |rules| rules.bittensor_split = false);
    let netuid = net.create(Shape::default());
    assert_eq!(
        net.as_(OWNER)
            .set_hyperparameter(netuid, Hyperparameter::Split(SplitPreset::Bittensor)),
        Err(RegistryError::SplitNotAllowed)
    );
}

#[test]
fn accept_subnet_changes_the_owner() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    assert_eq!(
        net.as_(BOB).accept_subnet(netuid, BOB_HOTKEY),
        Err(RegistryError::NotOffered)
    );
    net.as_(OWNER)
        .offer_subnet(netuid, Some(BOB))
        .expect("offered");
    assert_eq!(net.offered_to(netuid), Some(BOB));
    assert_eq!(net.subnet(netuid).unwrap().owner, OWNER);
    for (who, hotkey, refused) in [
        (ALICE, ALICE_HOTKEY, RegistryError::NotOffered),
        (BOB, OWNER_HOTKEY, RegistryError::NotHotkeyOwner),
    ] {
        assert_eq!(net.as_(who).accept_subnet(netuid, hotkey), Err(refused));
    }
    net.as_(BOB)
        .accept_subnet(netuid, BOB_HOTKEY)
        .expect("accepted");
    let subnet = net.subnet(netuid).unwrap();
    assert_eq!((subnet.owner, subnet.owner_hotkey), (BOB, BOB_HOTKEY));
    assert_eq!(net.offered_to(netuid), None);
    assert_eq!(
        net.as_(OWNER)
            .set_hyperparameter(netuid, Hyperparameter::Tempo(30)),
        Err(RegistryError::NotOwner)
    );
    net.as_(BOB)
        .set_hyperparameter(netuid, Hyperparameter::Tempo(30))
        .expect("the new owner may");
}

#[test]
fn offer_subnet_can_be_withdrawn_by_the_owner() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    assert_eq!(
        net.as_(BOB).offer_subnet(netuid, Some(BOB)),
        Err(RegistryError::NotOwner)
    );
    net.as_(OWNER)
        .offer_subnet(netuid, Some(BOB))
        .expect("offered");
    net.as_(OWNER)
        .offer_subnet(netuid, None)
        .expect("taken back");
    assert_eq!(
        net.as_(BOB).accept_subnet(netuid, BOB_HOTKEY),
        Err(RegistryError::NotOffered)
    );
}

#[test]
fn set_identity_and_symbol_by_the_owner_succeed() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let identity = SubnetIdentity {
        name: "text".into(),
        url: "https://example.org".into(),
        ..SubnetIdentity::default()
    };
    net.as_(OWNER)
        .set_identity(netuid, Some(identity.clone()))
        .expect("set");
    assert_eq!(net.identity(netuid), Some(identity.clone()));
    net.as_(OWNER).set_symbol(netuid, "τ".into()).expect("set");
    assert_eq!(net.subnet(netuid).unwrap().symbol, "τ");
    let before = net.snapshot();
    let long = SubnetIdentity {
        contact: "x".repeat(MAX_IDENTITY_FIELD + 1),
        ..identity.clone()
    };
    assert!(matches!(
        net.refused(OWNER, |it| it.set_identity(netuid, Some(long))),
        RegistryError::OutOfBounds { max: 256, .. }
    ));
    assert!(matches!(
        net.refused(OWNER, |it| it
            .set_symbol(netuid, "seventeen letters".into())),
        RegistryError::OutOfBounds { max: 16, .. }
    ));
    for answer in [
        net.as_(ALICE).set_identity(netuid, Some(identity)),
        net.as_(ALICE).set_symbol(netuid, "x".into()),
    ] {
        assert_eq!(answer, Err(RegistryError::NotOwner));
    }
    assert_eq!(net.snapshot(), before);
    net.as_(OWNER)
        .set_identity(netuid, None)
        .expect("taken back");
    assert_eq!(net.identity(netuid), None);
}

/// Returns a full network of two replaceable subnets. The second has earned TAO, the first has not.
fn full() -> (Network, NetUid, NetUid) {
    static PREPARED: Prepared<(NetUid, NetUid)> = Prepared::new(|net| {
        rule(net, |rules| {
            rules.subnet_limit = 2;
            rules.subnet_immunity = 10;
        });
        let (weak, strong) = (net.create(Shape::default()), net.create(Shape::default()));
        for netuid in [weak, strong] {
            net.with_validators(netuid, 1).with_miners(netuid, 1);
        }
        for _ in 0..2 {
            net.run_epoch(strong);
        }
        (weak, strong)
    });
    let (net, (weak, strong)) = PREPARED.network();
    (net, weak, strong)
}

#[test]
fn create_subnet_on_a_full_network_retires_the_weakest() {
    let (mut net, weak, strong) = full();
    assert_eq!(net.retirement_candidate(), Some(weak));
    let (lock, had) = (net.subnet(weak).unwrap().lock, net.balance(OWNER));
    let netuid = create(&mut net, Rao::CAP).expect("created");
    assert_eq!(netuid, NetUid(3), "no netuid is used twice");
    assert_eq!(net.live_subnets(), [strong, netuid]);
    let retired = net.subnet(weak).unwrap();
    assert_eq!(
        (retired.retired_at, retired.lock),
        (Some(net.block()), Rao(0))
    );
    assert_eq!(net.balance(OWNER), had + lock.to_u128(), "the lock is back");
}

#[test]
fn create_subnet_on_a_full_network_of_immune_subnets_is_refused() {
    let (mut net, weak, _) = full();
    let rules = NetworkRules {
        subnet_immunity: 60_000,
        creation_interval: 300,
        ..net.network_rules()
    };
    net.as_(ADMIN).set_network_rules(rules).expect("announced");
    assert_eq!(net.retirement_candidate(), Some(weak));
    net.advance(ANNOUNCED_FOR);
    let free = net.subnet(weak).unwrap().created_at + 60_000;
    assert_eq!(net.retirement_candidate(), None);
    assert_eq!(
        create(&mut net, Rao::CAP),
        Err(RegistryError::NetworkFull(free))
    );
}

#[test]
fn retired_subnet_refuses_calls_and_pays_stake_back() {
    let (mut net, weak, _) = full();
    create(&mut net, Rao::CAP).expect("created");
    let at = net.block();
    let registry = net.addresses().registry;
    net.provide(BOB, registry, Rao::from_tao(1));
    assert_eq!(
        net.as_(BOB).register(weak, BOB_HOTKEY, Rao::from_tao(1)),
        Err(RegistryError::Retired(at))
    );
    net.advance(100);
    assert_eq!(
        net.as_(BOB).close(weak).err(),
        Some(EpochError::Retired(at))
    );
    let (owner, hotkey) = (nth("validator-owner", 0), nth("validator", 0));
    assert_eq!(
        net.as_(owner).add_stake(weak, hotkey, Rao::from_tao(1)),
        Err(StakingError::UnknownSubnet)
    );
    let staked = net.as_(owner).remove_all_stake(weak, hotkey).expect("out");
    assert!(staked >= Rao::from_tao(100));
}

#[test]
fn epoch_closed_before_the_retirement_is_paid() {
    let (mut net, weak, _) = full();
    net.run_epoch(weak);
    net.honest_weights(weak);
    let header = net.close(weak);
    // The other subnet has earned more, so this one is retired between its close and its
    // settlement.
    assert_eq!(net.retirement_candidate(), Some(weak));
    create(&mut net, Rao::CAP).expect("created");
    net.finish_epoch(weak);
    let status = net.status(weak).unwrap();
    assert_eq!(status.final_epoch, Some(header.epoch));
    assert!(header.budget.total() > Rao::ZERO);
    assert_eq!(net.budget(weak, header.epoch), None, "it is paid out");
}

#[test]
fn release_divides_a_retired_subnets_share() {
    let (mut net, weak, strong) = full();
    net.run_epoch(weak);
    net.advance(20);
    create(&mut net, Rao::CAP).expect("created");
    let pending = (net.pending(weak), net.pending(strong));
    assert!(pending.0 > Rao::ZERO);
    let amount = net.as_(STRANGER).release(weak).expect("released");
    assert_eq!(amount, pending.0);
    assert_eq!(net.pending(weak), Rao::ZERO);
    let now = net.pending(strong).0;
    let due = pending.1 .0 + amount.0;
    assert!(now <= due && due - now <= 1, "{now} of {due}");
    net.advance(20);
    assert_eq!(net.pending(weak), Rao::ZERO, "it has no weight any more");
    assert_eq!(
        net.as_(STRANGER).release(strong),
        Err(EmissionError::StillLive)
    );
}
