//! Prices, rules and the order of retirement.

use super::*;
use proptest::prelude::*;

/// Compares with prices of the formula of subtensor-reference.md 4.9 with its interval of 100 800
/// blocks and least price of 1000 TAO: last price in TAO, blocks since, price in rao.
#[test]
fn lock_costs_are_the_references() {
    for (last, blocks, expected) in [
        (1_000, 0, 2_000_000_000_000),
        (1_000, 1, 1_999_990_079_366),
        (1_000, 50_400, 1_500_000_024_000),
        (1_000, 100_800, 1_000_000_048_000),
        (1_000, 200_000, 1_000_000_000_000),
        (2_000, 100_800, 2_000_000_096_000 - 64_000),
        (8_000, 7_200, 15_428_571_432_000),
    ] {
        let step = last * 1_000_000_000 / 100_800;
        let by_hand = (2 * last * 1_000_000_000 - step * blocks).max(1_000_000_000_000);
        let found = lock_cost(
            Rao::from_tao(last),
            u32::try_from(blocks).unwrap(),
            100_800,
            Rao::from_tao(1_000),
        );
        assert_eq!(found, Rao(by_hand));
        assert!(
            found.0.abs_diff(expected) < 100_000,
            "{last} {blocks} {found:?}"
        );
    }
}

fn rules() -> NetworkRules {
    NetworkRules {
        min_lock: Rao(100),
        lock_interval: 10,
        creation_interval: 5,
        ..NetworkRules::DEFAULT
    }
}

#[test]
fn the_price_doubles_and_falls_back() {
    let mut creation = Creation::new(rules()).unwrap();
    assert_eq!(creation.price(77), Rao(100));
    assert_eq!(
        creation.lock(77, Rao(99)),
        Err(RegistryError::PriceAbove(Rao(100)))
    );
    assert_eq!(creation.lock(77, Rao(100)), Ok(Rao(100)));
    assert_eq!(creation.price(77), Rao(200));
    assert_eq!(creation.lock(81, Rao(999)), Err(RegistryError::TooSoon(82)));
    assert_eq!(creation.lock(82, Rao(999)), Ok(Rao(150)));
    assert_eq!(creation.held(), Rao(250));
    assert_eq!(creation.unlock(Rao(150)), Ok(()));
    assert_eq!(creation.held(), Rao(100));
    assert_eq!(creation.price(1_000), Rao(100));
}

#[test]
fn rules_out_of_bounds_are_refused() {
    for refused in [
        NetworkRules {
            min_lock: Rao(Rao::CAP.0 + 1),
            ..rules()
        },
        NetworkRules {
            lock_interval: 0,
            ..rules()
        },
        NetworkRules {
            subnet_limit: 0,
            ..rules()
        },
        NetworkRules {
            subnet_limit: 1_025,
            ..rules()
        },
    ] {
        assert!(Creation::new(refused).is_err());
        let mut creation = Creation::new(rules()).unwrap();
        assert!(creation.announce(refused, 0, 0, 0).is_err());
        assert_eq!(creation.rules(0), rules());
    }
}

#[test]
fn announced_rules_count_from_their_block_on() {
    let limited = |subnet_limit| NetworkRules {
        subnet_limit,
        ..NetworkRules::DEFAULT
    };
    let mut creation = Creation::new(rules()).unwrap();
    assert_eq!(creation.cancel(0), Err(RegistryError::NothingAnnounced));
    assert_eq!(creation.announce(limited(7), 3, 10, 0), Ok(()));
    assert_eq!(creation.rules(9), rules());
    assert_eq!(creation.announced(9).map(|it| it.rules), Some(limited(7)));
    assert_eq!(
        (creation.rules(10), creation.announced(10)),
        (limited(7), None)
    );
    assert_eq!(creation.cancel(10), Err(RegistryError::NothingAnnounced));
    assert_eq!(creation.announce(limited(8), 3, 30, 20), Ok(()));
    assert_eq!(creation.rules(29), limited(7));
    assert_eq!(creation.cancel(29), Ok(limited(8)));
    assert_eq!(creation.rules(99), limited(7));
}

#[test]
fn rules_of_a_network_with_subnets_protect_them() {
    let good = NetworkRules {
        creation_interval: 300,
        subnet_immunity: 50_400,
        subnet_limit: 3,
        ..NetworkRules::DEFAULT
    };
    assert_eq!(good.check(3), Ok(()));
    for bad in [
        NetworkRules {
            subnet_limit: 2,
            ..good
        },
        NetworkRules {
            subnet_immunity: 50_399,
            ..good
        },
        NetworkRules {
            creation_interval: 299,
            ..good
        },
    ] {
        assert!(bad.check(3).is_err());
        assert_eq!(bad.check(0), Ok(()));
    }
}

#[test]
fn one_subnet_is_retired_an_hour() {
    let mut creation = Creation::new(rules()).unwrap();
    assert_eq!(creation.retire(7), Ok(()));
    assert_eq!(creation.retire(306), Err(RegistryError::TooSoon(307)));
    assert_eq!(creation.retire(307), Ok(()));
}

fn subnet(netuid: u16, strength: u128, created_at: u32) -> Candidate {
    Candidate {
        strength,
        created_at,
        netuid: NetUid(netuid),
    }
}

#[test]
fn the_weakest_then_oldest_is_retired_after_its_immunity() {
    let all = [
        subnet(1, 5, 0),
        subnet(2, 3, 9),
        subnet(3, 3, 4),
        subnet(4, 0, 95),
    ];
    let found = |now| weakest(all.into_iter(), now, 10);
    assert_eq!(found(100), Ok(NetUid(3)));
    assert_eq!(found(105), Ok(NetUid(4)));
    assert_eq!(found(12), Ok(NetUid(1)));
    assert_eq!(found(3), Err(RegistryError::NetworkFull(10)));
}

proptest! {
    /// The price starts at twice the last one, never rises with time, and stays within its bounds.
    #[test]
    fn a_lock_cost_only_falls(
        last in 0..=Rao::CAP.0,
        (early, late) in (any::<u32>(), any::<u32>()),
        interval in 1..=u32::MAX,
        min in 0..=Rao::CAP.0,
    ) {
        let cost = |blocks| lock_cost(Rao(last), blocks, interval, Rao(min));
        let (early, late) = (early.min(late), early.max(late));
        prop_assert!(cost(late) <= cost(early));
        prop_assert_eq!(cost(0), Rao(last * 2).max(Rao(min)).min(Rao::CAP));
        prop_assert!(Rao(min) <= cost(late));
    }
}
