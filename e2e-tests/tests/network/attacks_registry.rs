//! Attacks by owners, by the admin and by squatters: each is made as an attacker would, and fails.

use inktensor_client::{chain::Typed, keys};
use inktensor_e2e_tests::{
    accounts::*, bundles, network::config, Network, Prepared, Shape, Template,
};
use inktensor_primitives::{
    emission::SplitPreset,
    hash::blake2,
    kernel::YumaParams,
    registry::{
        BoundedField, Hyperparameter, KernelParams, NetworkRules, Registry, RegistryError,
        ANNOUNCED_FOR, RETIREMENT_INTERVAL, STUCK_AFTER,
    },
    AccountId, Bps, NetUid, Rao, Uid,
};
use std::sync::OnceLock;
use subxt_signer::sr25519::dev;

/// The attacker's miner.
const ACCOMPLICE: AccountId = named("accomplice");

/// Returns a subnet whose second epoch may close. Its validators have set weights on its miners,
/// and the owner has a hotkey with little stake and a miner.
fn due() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 2).with_miners(netuid, 2);
        net.enrol(netuid, OWNER, OWNER_HOTKEY);
        net.enrol(netuid, OWNER, ACCOMPLICE);
        net.stake(netuid, OWNER, OWNER_HOTKEY, Rao(2_000_000));
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        let closes_at = net.status(netuid).expect("a status").closes_at;
        net.advance_to(closes_at);
        netuid
    });
    PREPARED.network()
}

/// The owner changes everything that it can in the block in which the epoch closes (H1).
#[test]
fn owner_at_the_due_block_changes_nothing_of_the_epoch() {
    let (mut honest, netuid) = due();
    let accomplice = honest.seat(netuid, ACCOMPLICE).expect("a seat").uid;
    let expected = honest.close(netuid);
    let fair = honest.compute(netuid).trace.results[0][usize::from(accomplice.0)].miner;

    let (mut net, netuid) = due();
    let mean = net.addresses().mean;
    let params = YumaParams {
        min_stake: Rao::CAP,
        ..YumaParams::default()
    };
    for value in [
        Hyperparameter::MinStake(Rao::CAP),
        Hyperparameter::Kappa(0),
        Hyperparameter::MaxValidators(1),
        Hyperparameter::Yuma(params),
    ] {
        net.refuses(
            OWNER,
            |it| it.set_hyperparameter(netuid, value),
            RegistryError::SetByAdmin,
        );
    }
    for value in [
        Hyperparameter::BondsPenalty(0),
        Hyperparameter::Split(SplitPreset::Bittensor),
        Hyperparameter::Tempo(1),
        Hyperparameter::Kernel(mean),
    ] {
        net.as_(OWNER)
            .set_hyperparameter(netuid, value)
            .expect("it counts from the next epoch on");
    }
    net.as_(OWNER_HOTKEY)
        .set_weights(netuid, vec![accomplice], vec![1])
        .expect("set");
    let header = net.close(netuid);
    assert_eq!(header, expected, "the epoch obeys what it opened with");
    let computed = net.assert_epoch(netuid);
    let paid = |uid: Uid| computed.trace.results[0][usize::from(uid.0)];
    assert!(paid(Uid(0)).validator > Rao::ZERO, "the honest are paid");
    // The owner's hotkey has a millionth of the stake.
    assert!(paid(accomplice).miner.0 <= fair.0 + fair.0 / 1_000);
    net.finalize(netuid);
    net.settle(netuid);
}

/// No account closes for hours, and the owner changes its mind in the block in which it closes
/// itself.
#[test]
fn owner_of_a_late_epoch_changes_nothing_without_notice() {
    let (mut net, netuid) = due();
    net.advance(STUCK_AFTER);
    net.as_(OWNER)
        .set_hyperparameter(netuid, Hyperparameter::BondsPenalty(0))
        .expect("set");
    let before = net.subnet(netuid).expect("it").params;
    let KernelParams::Yuma(before) = before else {
        panic!("the kernel is Yuma");
    };
    let header = net.close(netuid);
    assert_eq!(header.params, scale::Encode::encode(&before));
}

/// The admin allows a kernel, chooses it and closes, in one block (H4).
#[test]
fn admin_with_an_evil_kernel_takes_no_epoch() {
    let (mut net, netuid) = due();
    let (yuma, evil) = (net.addresses().yuma, net.addresses().token);
    let code = net.code_hash(evil).expect("deployed");
    let defaults = KernelParams::Yuma(YumaParams::default());
    net.as_(ADMIN)
        .allow_kernel(evil, code, defaults)
        .expect("announced");
    let from = net.block() + ANNOUNCED_FOR;
    assert_eq!(net.kernel_entry(evil).expect("listed").from, from);
    let choice = || Hyperparameter::Kernel(evil);
    net.refuses(
        ADMIN,
        |it| it.set_hyperparameter(netuid, choice()),
        RegistryError::KernelByOwner,
    );
    net.refuses(
        OWNER,
        |it| it.set_hyperparameter(netuid, choice()),
        RegistryError::Announced(from),
    );
    assert_eq!(net.close(netuid).kernel, yuma);
    net.finish_epoch(netuid);

    // A day later the kernel may be chosen, by the owner alone while epochs close.
    for _ in 0..3 {
        net.honest_weights(netuid);
        net.run_epoch(netuid);
    }
    net.advance_to(from);
    net.run_epoch(netuid);
    net.refuses(
        ADMIN,
        |it| it.set_hyperparameter(netuid, choice()),
        RegistryError::KernelByOwner,
    );
    net.as_(ADMIN).retire_kernel(evil).expect("withdrawn");
    net.refuses(
        OWNER,
        |it| it.set_hyperparameter(netuid, choice()),
        RegistryError::KernelNotAllowed,
    );
}

#[test]
fn admin_chooses_a_kernel_after_three_epochs_without_pay() {
    let (mut net, netuid) = due();
    let mean = net.addresses().mean;
    let choice = || Hyperparameter::Kernel(mean);
    for _ in 0..4 {
        net.refuses(
            ADMIN,
            |it| it.set_hyperparameter(netuid, choice()),
            RegistryError::KernelByOwner,
        );
        net.close(netuid);
        net.advance(net.rules().rollover_delay);
        net.as_(KEEPER).roll_over(netuid).expect("rolled over");
    }
    let closes_at = net.status(netuid).expect("a status").closes_at;
    net.advance_to(closes_at);
    net.as_(ADMIN)
        .set_hyperparameter(netuid, choice())
        .expect("three epochs rolled over");
    assert_eq!(net.close(netuid).kernel, net.addresses().yuma);
    net.finish_epoch(netuid);
    assert_eq!(net.close(netuid).kernel, mean);
}

/// Returns a network of rules by default, but a low price, with three running subnets.
fn three_subnets() -> Network {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let mut config = config();
        config.network = NetworkRules {
            min_lock: Rao::from_tao(10),
            creation_interval: 300,
            ..NetworkRules::DEFAULT
        };
        let mut net = Network::deploy_with(&config);
        for _ in 0..3 {
            let netuid = net.create(Shape::default());
            net.with_validators(netuid, 1);
            net.advance(300);
        }
        net.template()
    });
    Network::begin_from(template)
}

/// The admin retires all subnets in one block, and takes their seats (H4).
#[test]
fn admin_retires_one_subnet_an_hour_and_announces_it_a_day_before() {
    let mut net = three_subnets();
    let subnets = net.live_subnets();
    assert_eq!(subnets.len(), 3);
    let rules = net.network_rules();
    for (field, bad) in [
        (
            BoundedField::SubnetLimit,
            NetworkRules {
                subnet_limit: 1,
                ..rules
            },
        ),
        (
            BoundedField::SubnetImmunity,
            NetworkRules {
                subnet_immunity: 1,
                ..rules
            },
        ),
        (
            BoundedField::CreationInterval,
            NetworkRules {
                creation_interval: 0,
                ..rules
            },
        ),
    ] {
        let refused = net.refused(ADMIN, |it| it.set_network_rules(bad));
        let RegistryError::OutOfBounds { field: found, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(found, field);
    }
    // The worst that the bounds allow.
    let worst = NetworkRules {
        subnet_limit: 3,
        subnet_immunity: 50_400,
        creation_interval: 300,
        min_lock: Rao::ZERO,
        ..rules
    };
    net.as_(ADMIN).set_network_rules(worst).expect("announced");
    let from = net.block() + ANNOUNCED_FOR;
    let announced = net.announced_rules().expect("all can see it");
    assert_eq!((announced.rules, announced.from), (worst, from));
    net.advance(ANNOUNCED_FOR - 1);
    assert_eq!(net.network_rules(), rules);
    net.advance(50_400);
    assert_eq!(net.network_rules(), worst);
    let create = |net: &mut Network, hotkey| {
        let (registry, kernel, price) = (
            net.addresses().registry,
            net.addresses().yuma,
            net.creation_price(),
        );
        net.provide(ADMIN, registry, price);
        net.as_(ADMIN)
            .create_subnet("evil".into(), hotkey, kernel, 20, 64, 4, Rao::CAP)
    };
    assert!(create(&mut net, ALICE_HOTKEY).is_ok());
    let next = net.block() + RETIREMENT_INTERVAL;
    assert_eq!(
        create(&mut net, ALICE_HOTKEY),
        Err(RegistryError::TooSoon(next))
    );
    let left = net.live_subnets();
    assert_eq!(left.iter().filter(|it| subnets.contains(it)).count(), 2);
    net.advance_to(next);
    assert!(create(&mut net, ALICE_HOTKEY).is_ok());
}

/// Returns a network whose subnets can be retired after ten blocks.
fn mortal() -> Network {
    let mut net = Network::deploy();
    let rules = NetworkRules {
        subnet_immunity: 10,
        ..net.network_rules()
    };
    net.as_(ADMIN)
        .set_network_rules(rules)
        .expect("there is no subnet yet");
    net
}

/// Creates a subnet of a validator with `stake` TAO and a miner.
fn subnet(net: &mut Network, tempo: u32, stake: u64) -> NetUid {
    let netuid = net.create(Shape {
        tempo,
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    let (owner, hotkey) = (nth("validator-owner", 0), nth("validator", 0));
    net.stake(netuid, owner, hotkey, Rao::from_tao(stake));
    netuid
}

/// Runs an epoch. Returns its pay.
fn run(net: &mut Network, netuid: NetUid) -> Rao {
    let paid = net.run_epoch(netuid).pay();
    net.honest_weights(netuid);
    paid
}

/// A subnet with little stake and a long tempo is paid much at once (M1).
#[test]
fn long_tempo_does_not_outrank_stake() {
    let mut net = mortal();
    let (strong, weak) = (subnet(&mut net, 20, 9_000), subnet(&mut net, 400, 1_000));
    // The first epochs give weight and permits.
    for netuid in [strong, weak, strong, weak] {
        run(&mut net, netuid);
    }
    let of_weak = run(&mut net, weak);
    let of_strong = [(); 3].map(|()| run(&mut net, strong));
    assert!(of_weak > of_strong[1].max(of_strong[2]), "pay per epoch");
    assert_eq!(net.retirement_candidate(), Some(weak), "pay per block");
}

/// A subnet that stopped keeps its last epochs for ever (M1).
#[test]
fn strength_of_a_subnet_that_stopped_fades() {
    let mut net = mortal();
    let (stopped, small) = (subnet(&mut net, 20, 900), subnet(&mut net, 20, 100));
    for _ in 0..4 {
        run(&mut net, small);
        run(&mut net, stopped);
    }
    assert_eq!(net.retirement_candidate(), Some(small));
    net.advance(3_000);
    run(&mut net, small);
    run(&mut net, small);
    assert_eq!(net.retirement_candidate(), Some(stopped));
}

/// A stranger registers the hotkeys of others on a subnet of its own, or is quicker (M4).
#[test]
fn squatter_gets_no_hotkey_that_has_not_agreed() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        owner: STRANGER,
        owner_hotkey: STRANGER,
        ..Shape::default()
    });
    let (registry, kernel) = (net.addresses().registry, net.addresses().yuma);
    net.provide(STRANGER, registry, Rao::from_tao(1_000));
    let refused = || RegistryError::NotAgreed;
    for _ in 0..2 {
        net.refuses(
            STRANGER,
            |it| it.register_signed(netuid, ALICE_HOTKEY, Rao::CAP, None),
            refused(),
        );
        net.refuses(
            STRANGER,
            |it| {
                let (name, hotkey) = ("squat".into(), ALICE_HOTKEY);
                it.create_subnet_signed(name, hotkey, kernel, 20, 64, 4, Rao::CAP, None)
            },
            refused(),
        );
        // The same after the hotkey has agreed to belong to its real owner.
        net.agree(ALICE_HOTKEY, ALICE);
    }
    // A swap and a transfer to the hotkey of another coldkey.
    net.enrol(netuid, STRANGER, STRANGER);
    net.refuses(
        STRANGER,
        |it| it.swap_hotkey_signed(netuid, STRANGER, ALICE_HOTKEY, None),
        refused(),
    );
    net.as_(STRANGER)
        .offer_subnet(netuid, Some(STRANGER))
        .expect("offered");
    net.refuses(
        STRANGER,
        |it| it.accept_subnet_signed(netuid, ALICE_HOTKEY, None),
        refused(),
    );
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    assert_eq!(net.owner_of(ALICE_HOTKEY), Some(ALICE));
    net.refuses(
        ALICE_HOTKEY,
        |it| it.agree(Some(STRANGER)),
        RegistryError::HotkeyOwned,
    );
}

/// A squatter copies a registration with its signature from the pool of transactions (M4).
#[test]
fn copied_signature_is_of_use_to_its_coldkey_alone() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let registry = net.addresses().registry;
    let key = dev::bob();
    let hotkey = keys::account(&key);
    let signature = Some(keys::agreement(&key, registry, ALICE));
    assert_eq!(
        net.agreement(hotkey, ALICE),
        inktensor_primitives::registry::Agreement {
            registry,
            hotkey,
            coldkey: ALICE
        }
        .bytes()
    );
    for who in [ALICE, STRANGER] {
        net.provide(who, registry, Rao::from_tao(10));
    }
    let elsewhere = Some(keys::agreement(&key, STRANGER, ALICE));
    for (who, signature) in [
        (STRANGER, signature),
        (ALICE, elsewhere),
        (ALICE, Some([0; 64])),
        (ALICE, None),
    ] {
        net.refuses(
            who,
            |it| it.register_signed(netuid, hotkey, Rao::CAP, signature),
            RegistryError::NotAgreed,
        );
    }
    assert_eq!(
        net.as_(ALICE)
            .register_signed(netuid, hotkey, Rao::CAP, signature),
        Ok(Uid(0))
    );
    assert_eq!(net.owner_of(hotkey), Some(ALICE));
}

/// An owner replaces all others for a rao each, in one block (L10).
#[test]
fn owner_evicts_few_in_one_block_and_no_newcomer() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 12,
        settings: vec![
            Hyperparameter::ImmunityPeriod(20),
            Hyperparameter::MinBurn(Rao(1)),
            Hyperparameter::BurnIncrease(Bps::ONE),
            Hyperparameter::RegistrationPrice(Rao(1)),
        ],
        ..Shape::default()
    });
    net.with_miners(netuid, 12);
    for value in [
        Hyperparameter::ImmunityPeriod(0),
        Hyperparameter::ImmunityPeriod(19),
        Hyperparameter::MaxRegistrationsPerBlock(5),
        Hyperparameter::MaxRegistrationsPerBlock(u16::MAX),
    ] {
        let refused = net.refused(OWNER, |it| it.set_hyperparameter(netuid, value.clone()));
        assert!(
            matches!(refused, RegistryError::OutOfBounds { .. }),
            "{value:?}"
        );
    }
    // All can be replaced by now. A newcomer takes the place of one.
    net.advance(20);
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    let registry = net.addresses().registry;
    net.provide(OWNER, registry, Rao(100));
    for block in 0..2 {
        net.advance(1);
        let mut evicted = 0;
        for i in 0..12 {
            let hotkey = nth("owned", 12 * block + i);
            net.agree(hotkey, OWNER);
            match net.as_(OWNER).register(netuid, hotkey, Rao(1)) {
                Ok(_) => evicted += 1,
                Err(error) => assert_eq!(error, RegistryError::TooSoon(net.block() + 1)),
            }
        }
        assert_eq!(evicted, 4);
    }
    let is_there = |hotkey| net.seat(netuid, hotkey).is_some();
    assert!(is_there(ALICE_HOTKEY), "the newcomer stays");
    let left = (0..12).filter(|i| is_there(nth("miner", *i))).count();
    assert_eq!(left, 12 - 1 - 8);
}

/// The code of a kernel that is allowed is that of the hash, no matter the announcer.
#[test]
fn announced_kernel_is_the_code_that_was_announced() {
    let (mut net, _) = due();
    let mean = net.addresses().mean;
    let listed = net.chain().query(net.addresses().registry().kernel(mean));
    let entry = listed.expect("readable").expect("listed");
    assert_eq!(entry.code_hash, blake2(&bundles().mean.code));
    assert!(entry.from <= 1, "kernels of the deployment count at once");
    let other = blake2(&bundles().token.code);
    net.refuses(
        ADMIN,
        |it| it.allow_kernel(mean, other, KernelParams::Other(Vec::new())),
        RegistryError::KernelCode(Some(entry.code_hash)),
    );
}
