//! Registration prices against the reference.

use super::*;
use proptest::prelude::*;

fn terms(half_life: u16) -> RegistrationTerms {
    RegistrationTerms {
        min_burn: Rao(0),
        max_burn: Rao::CAP,
        half_life,
        ..RegistrationTerms::default()
    }
}

/// Computes the price block by block, as the reference does.
fn reference(mut price: u64, blocks: u32, half_life: u16) -> u64 {
    let factor = factor(half_life);
    for _ in 0..blocks {
        price = u64::try_from((u128::from(price) * u128::from(factor)) >> 32).unwrap();
    }
    price
}

#[test]
fn the_factor_is_the_references() {
    // From subtensor-reference.md 4.9 and from its rule.
    for (half_life, expected) in [
        (1, 2_147_483_648),
        (2, 3_037_000_500 - 1),
        (10, 4_007_346_185),
        (360, 4_286_705_684),
        (36_100, 4_294_884_830),
    ] {
        let found = factor(half_life);
        assert!(power32(found, half_life) <= HALF);
        assert!(power32(found + 1, half_life) > HALF);
        assert!(found.abs_diff(expected) <= 1, "{half_life}: {found}");
    }
    assert_eq!(factor(360), 4_286_705_684);
}

/// Prices after some blocks with a half-life of 360: the reference's, computed block by block from
/// the rule of subtensor-reference.md 4.9, and the contract's.
#[test]
fn prices_are_the_references_but_for_its_rounding() {
    for (price, blocks, theirs, ours) in [
        (100_000_000, 1, 99_807_644, 99_807_644),
        (100_000_000, 10, 98_093_004, 98_093_008),
        (100_000_000, 100, 82_486_015, 82_486_059),
        (100_000_000, 360, 49_999_863, 49_999_999),
        (100_000_000, 1_440, 6_249_748, 6_249_999),
        (1_000_000_000, 720, 249_999_807, 249_999_997),
        (100_000_000_000, 360, 49_999_999_600, 49_999_999_725),
        (100_000_000_000, 1_440, 6_249_999_623, 6_249_999_862),
    ] {
        assert_eq!(reference(price, blocks, 360), theirs);
        assert_eq!(decayed(Rao(price), blocks, 360), Rao(ours));
    }
}

/// Prices after a registration with the default increase of 1.26 (subtensor-reference.md 4.9).
#[test]
fn a_registration_multiplies_the_price() {
    for (price, next) in [
        (500_000, 630_000),
        (100_000_000, 126_000_000),
        (1_000_000_001, 1_260_000_001),
        (99_999_999_999, 100_000_000_000),
    ] {
        assert_eq!(raised(Rao(price), &RegistrationTerms::default()), Rao(next));
    }
}

#[test]
fn a_block_has_a_limit_of_registrations() {
    let terms = RegistrationTerms {
        per_block: 2,
        ..RegistrationTerms::default()
    };
    let mut price = Price::new(Rao(100_000_000), 5);
    assert_eq!(price.left(9, &terms), 2);
    assert_eq!(price.sell(5, &terms), Ok(Rao(100_000_000)));
    assert_eq!(price.sell(5, &terms), Ok(Rao(126_000_000)));
    assert_eq!(price.sell(5, &terms), Err(RegistryError::TooSoon(6)));
    assert_eq!(price.left(6, &terms), 2);
    assert_eq!(price.sell(6, &terms), Ok(Rao(158_454_616)));
}

#[test]
fn a_price_stays_within_its_bounds() {
    let terms = RegistrationTerms::default();
    let price = Price::new(Rao(100_000_000), 0);
    assert_eq!(price.at(u32::MAX, &terms), terms.min_burn);
    assert_eq!(raised(Rao(u64::MAX), &terms), terms.max_burn);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A price is never below the reference's, and at most as many rao above it as the half-life
    /// has blocks.
    #[test]
    fn never_far_from_the_reference(
        price in 0..=Rao::CAP.0,
        blocks in 1u32..3_000,
        half_life in prop_oneof![1u16..50, 1u16..=36_100],
    ) {
        let theirs = reference(price, blocks, half_life);
        let ours = decayed(Rao(price), blocks, half_life).0;
        prop_assert!(theirs <= ours, "{theirs} {ours}");
        prop_assert!(ours - theirs <= u64::from(half_life), "{theirs} {ours}");
    }

    /// A price never rises with time.
    #[test]
    fn a_price_only_falls(
        price in 0..=Rao::CAP.0,
        (early, late) in (any::<u32>(), any::<u32>()),
        half_life in 1u16..=36_100,
    ) {
        let terms = terms(half_life);
        let price = Price::new(Rao(price), 0);
        let (early, late) = (early.min(late), early.max(late));
        prop_assert!(price.at(late, &terms) <= price.at(early, &terms));
        prop_assert!(price.at(early, &terms) <= price.rao);
    }
}
