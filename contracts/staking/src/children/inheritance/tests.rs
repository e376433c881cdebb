use super::*;
use proptest::prelude::*;

fn on_subnet(stake: u64) -> OwnStake {
    OwnStake {
        on_subnet: Rao(stake),
        on_root: Rao::ZERO,
    }
}

const ROOT_CASES: [(u64, u64, u64, u64); 7] = [
    (0, 0, 0, 0),
    (1_000, 0, 1_000, 0),
    (0, 1_000, 52, 1_000_000_000),
    (
        1_000_000_000_000,
        1_000_000_000_000,
        1_052_676_974_330,
        50_040_967,
    ),
    (
        123_456_789_012,
        987_654_321_098_765,
        52_150_098_108_541,
        997_632_664,
    ),
    (
        1,
        21_000_000_000_000_000,
        1_106_216_460_932_047,
        999_999_999,
    ),
    (
        2_500_000_000_000,
        40_000_000_000_000,
        4_607_078_973_203,
        457_356_816,
    ),
];

const HALF: u64 = u64::MAX / 2;

/// Weights computed from the formula of subtensor-reference.md 2.3 in exact integers: own stake,
/// proportions given, parents' stakes and proportions, weight.
#[test]
fn inherited_stake_is_the_references() {
    for (own, given, parents, weight) in [
        (1_000, vec![], vec![], 1_000),
        (1_000, vec![u64::MAX], vec![], 0),
        // A half is 0.49999999976 in 32 bits, so a little more than half stays.
        (1_000, vec![HALF], vec![], 500),
        (1_001, vec![HALF], vec![], 500),
        (0, vec![], vec![(1_000, HALF)], 499),
        (10, vec![HALF], vec![(1_000, u64::MAX), (3, HALF)], 1_006),
        (7, vec![u64::MAX / 3, u64::MAX / 3, u64::MAX / 3], vec![], 0),
        (
            21_000_000_000_000_000,
            vec![HALF],
            vec![(21_000_000_000_000_000, u64::MAX)],
            31_500_000_004_889_443,
        ),
    ] {
        let parents = parents.into_iter().map(|(stake, it)| (Rao(stake), it));
        let found = after_inheritance(Rao(own), given.clone().into_iter(), parents);
        assert_eq!(found, Rao(weight), "{own} {given:?}");
    }
}

/// Computed from the formulas of subtensor-reference.md 2.3 and 3.9 in exact integers, with a
/// weight of 226 245 882 of 2^32 (1.4): stake on the subnet and on root, the weight of both, and
/// root's part of one TAO of dividends.
#[test]
fn root_stake_weighs_and_earns_as_in_the_reference() {
    assert_eq!(ratio(TAO_WEIGHT), 226_245_882);
    for (stake, root, weighs, of_a_tao) in ROOT_CASES {
        let own = OwnStake {
            on_subnet: Rao(stake),
            on_root: Rao(root),
        };
        assert_eq!(weight(own, &[], &[]), Rao(weighs), "{own:?}");
        assert_eq!(root_part(Rao(Rao::PER_TAO), own), Rao(of_a_tao), "{own:?}");
    }
}

/// Half of subnet stake and of root stake is given to a child without stake.
#[test]
fn root_stake_is_given_to_children_too() {
    let own = OwnStake {
        on_subnet: Rao(1_000),
        on_root: Rao(100_000),
    };
    // 50 000 less a little in 32 bits, times 0.0526769743.
    assert_eq!(
        weight(OwnStake::default(), &[], &[(own, HALF)]),
        Rao(499 + 2_633)
    );
    assert_eq!(weight(own, &[HALF], &[]), Rao(500 + 2_633));
    let parent = Parent {
        stake: own,
        proportion: u64::MAX,
        is_foreign: false,
    };
    let (shares, _) = divide(Rao(1_000), own, [].into_iter(), Bps(0), &[parent]);
    assert!(shares[0].0.abs_diff(500) <= 1, "{shares:?}");
}

/// Shares computed from the formula of subtensor-reference.md 3.10 in exact integers: own stake,
/// parents, take, shares.
#[test]
fn dividends_are_shared_as_in_the_reference() {
    let parent = |stake, proportion, is_foreign| Parent {
        stake: on_subnet(stake),
        proportion,
        is_foreign,
    };
    for (own, given, parents, take, expected) in [
        (100, vec![], vec![], 1_800, (vec![], 1_000)),
        (
            100,
            vec![],
            vec![parent(100, u64::MAX, false)],
            1_800,
            (vec![500], 500),
        ),
        (
            100,
            vec![],
            vec![parent(100, u64::MAX, true)],
            1_800,
            (vec![410], 590),
        ),
        (
            0,
            vec![],
            vec![parent(100, u64::MAX, true)],
            0,
            (vec![1_000], 0),
        ),
        (
            100,
            vec![u64::MAX],
            vec![parent(100, u64::MAX, false), parent(300, u64::MAX, true)],
            1_000,
            (vec![250], 0),
        ),
        (
            0,
            vec![],
            vec![parent(0, u64::MAX, true)],
            0,
            (vec![0], 1_000),
        ),
    ] {
        let (shares, rest) = divide(
            Rao(1_000),
            on_subnet(own),
            given.into_iter(),
            Bps(take),
            &parents,
        );
        let (first, last) = expected;
        for (share, due) in shares.iter().zip(&first) {
            assert!(share.0.abs_diff(*due) <= 1, "{shares:?}");
        }
        if parents.len() == 1 || parents.is_empty() {
            assert!(rest.0.abs_diff(last) <= 1, "{rest:?}");
        }
        let sum: u64 = shares.iter().map(|it| it.0).sum();
        assert_eq!(sum + rest.0, 1_000);
    }
}

proptest! {
    /// Given weight is inherited weight, but for less than a rao on each side.
    #[test]
    fn weight_is_neither_made_nor_lost(
        parent in 0..=Rao::CAP.0,
        child in 0..=Rao::CAP.0 / 2,
        proportion in any::<u64>(),
    ) {
        let left = after_inheritance(Rao(parent), [proportion].into_iter(), [].into_iter());
        let given = [(Rao(parent), proportion)].into_iter();
        let with = after_inheritance(Rao(child), [].into_iter(), given);
        let sum = u128::from(left.0) + u128::from(with.0);
        let whole = u128::from(parent) + u128::from(child);
        prop_assert!(sum <= whole && whole - sum <= 1);
    }

    /// Every rao is shared, and no parent gets more than its part of the weight.
    #[test]
    fn every_rao_of_dividends_is_shared(
        dividends in 0..=Rao::CAP.0,
        own in 0..=Rao::CAP.0,
        parents in prop::collection::vec((0..=Rao::CAP.0 / 8, any::<u64>(), any::<bool>()), 0..8),
        take in 0u16..=1_800,
    ) {
        let parents: Vec<Parent> = parents
            .into_iter()
            .map(|(stake, proportion, is_foreign)| Parent {
                stake: on_subnet(stake),
                proportion,
                is_foreign,
            })
            .collect();
        let (dividends, take) = (Rao(dividends), Bps(take));
        let (shares, rest) = divide(dividends, on_subnet(own), [].into_iter(), take, &parents);
        let sum: u64 = shares.iter().map(|it| it.0).sum();
        prop_assert_eq!(sum + rest.0, dividends.0);
        let part = |parent: &Parent| {
            parent.stake.on_subnet.0 as f64 * (parent.proportion as f64 / u64::MAX as f64)
        };
        let total = own as f64 + parents.iter().map(part).sum::<f64>();
        let dividends = dividends.0 as f64;
        for (share, parent) in shares.iter().zip(&parents) {
            let due = dividends * part(parent) / total.max(1.0);
            prop_assert!(share.0 as f64 <= due * 1.000_001 + dividends / 4.0e9 + 2.0);
        }
    }
}
