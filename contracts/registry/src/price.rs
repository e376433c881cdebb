//! The price of a registration: falls with time, rises with each seat that is sold.
//!
//! Source: subtensor-reference.md 4.9. The reference multiplies the price in every block and rounds
//! down each time. Here it is computed in one go for any number of blocks, rounded down once: never
//! below the reference's, and at most as many rao above it as the half-life has blocks.

use inktensor_primitives::{
    registry::{RegistrationTerms, RegistryError},
    Bps, Rao,
};

/// One half, in 2^-32.
const HALF: u64 = 1 << 31;

/// The price as it was set last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Price {
    /// Rao, as of block `at`.
    pub rao: Rao,
    /// The block.
    pub at: u32,
    /// Seats sold in that block.
    pub sold: u16,
}

impl Price {
    /// A price set at block `at`.
    pub const fn new(rao: Rao, at: u32) -> Self {
        Self { rao, at, sold: 0 }
    }

    /// This price changed to `rao` at block `now`.
    pub const fn set(&self, rao: Rao, now: u32) -> Self {
        let sold = if self.at == now { self.sold } else { 0 };
        Self { rao, at: now, sold }
    }

    /// Says the same price as of block `now`, so that other terms count from there on.
    pub fn rebase(&mut self, now: u32, terms: &RegistrationTerms) {
        *self = self.set(self.at(now, terms), now);
    }

    /// The price at block `now`: halved for each half-life since it was set, rounded down, and
    /// within its bounds.
    pub fn at(&self, now: u32, terms: &RegistrationTerms) -> Rao {
        bounded(
            decayed(self.rao, now.saturating_sub(self.at), terms.half_life),
            terms,
        )
    }

    /// Seats that can still be sold in block `now`.
    pub fn left(&self, now: u32, terms: &RegistrationTerms) -> u16 {
        let sold = if self.at == now { self.sold } else { 0 };
        terms.per_block.saturating_sub(sold)
    }

    /// Sells a seat in block `now`: returns what it costs. The next one costs more.
    ///
    /// # Errors
    /// `TooSoon` if no more are sold in this block.
    pub fn sell(&mut self, now: u32, terms: &RegistrationTerms) -> Result<Rao, RegistryError> {
        if self.left(now, terms) == 0 {
            return Err(RegistryError::TooSoon(now.saturating_add(1)));
        }
        let rao = self.at(now, terms);
        *self = self.set(raised(rao, terms), now);
        self.sold = self.sold.saturating_add(1);
        Ok(rao)
    }
}

/// What a price becomes by a registration: multiplied by the increase, rounded down, and within its
/// bounds.
pub fn raised(price: Rao, terms: &RegistrationTerms) -> Rao {
    let product = price.to_u128().saturating_mul(terms.increase.0.into());
    let raised = product.checked_div(Bps::ONE.0.into()).unwrap_or(product);
    bounded(Rao(u64::try_from(raised).unwrap_or(u64::MAX)), terms)
}

fn bounded(price: Rao, terms: &RegistrationTerms) -> Rao {
    price.max(terms.min_burn).min(terms.max_burn)
}

/// `price` after `blocks`, rounded down.
///
/// It costs the same whatever `blocks` is: what a call needs now, by a rehearsal, it must not
/// exceed a block later.
fn decayed(price: Rao, blocks: u32, half_life: u16) -> Rao {
    let left = power64(factor(half_life), blocks);
    let product = price.to_u128().saturating_mul(left) >> 64;
    Rao(u64::try_from(product).unwrap_or(u64::MAX))
}

/// What a block leaves of a price, in 2^-32: the largest number whose power by `half_life` is at
/// most one half. A half-life of nothing counts as one block.
fn factor(half_life: u16) -> u64 {
    let (mut low, mut high) = (0u64, u64::from(u32::MAX));
    while low < high {
        let middle = low.saturating_add(high).saturating_add(1) / 2;
        if power32(middle, half_life.max(1)) <= HALF {
            low = middle;
        } else {
            high = middle.saturating_sub(1);
        }
    }
    low
}

/// `base` to the power of `exponent`, both in 2^-32, each product rounded down. `base` is below
/// one.
fn power32(base: u64, exponent: u16) -> u64 {
    let product = |a: u64, b: u64| a.saturating_mul(b) >> 32;
    let mut square = base;
    let mut power: Option<u64> = None;
    for bit in 0..u16::BITS {
        if (exponent >> bit) & 1 == 1 {
            power = Some(power.map_or(square, |power| product(power, square)));
        }
        square = product(square, square);
    }
    power.unwrap_or(u64::from(u32::MAX))
}

/// `base`, in 2^-32 and below one, to the power of `exponent`, in 2^-64; each product rounded down.
fn power64(base: u64, exponent: u32) -> u128 {
    /// `a * b`, of numbers up to one, in 2^-64; `b` is below one.
    fn product(a: u128, b: u128) -> u128 {
        a.saturating_mul(b) >> 64
    }
    let mut square = u128::from(base) << 32;
    let mut power: u128 = 1 << 64;
    for bit in 0..u32::BITS {
        // Computed in any case, so that every exponent costs the same.
        let next = product(power, square);
        if (exponent >> bit) & 1 == 1 {
            power = next;
        }
        square = product(square, square);
    }
    power
}

#[cfg(test)]
mod tests {
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

    /// Block by block, as the reference does it.
    fn reference(mut price: u64, blocks: u32, half_life: u16) -> u64 {
        let factor = factor(half_life);
        for _ in 0..blocks {
            price = u64::try_from((u128::from(price) * u128::from(factor)) >> 32).unwrap();
        }
        price
    }

    #[test]
    fn the_factor_is_the_references() {
        // subtensor-reference.md 4.9; the others computed from its rule.
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

    /// Prices after blocks with a half-life of 360: the reference's, computed block by block from
    /// the rule of subtensor-reference.md 4.9, and ours.
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

    /// What registrations make of a price with the default increase of 1.26 (subtensor-reference.md
    /// 4.9).
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
    fn a_block_sells_so_many_seats_and_no_more() {
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

        /// Never below the reference, and at most as many rao above as the half-life has blocks.
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

        /// More time never makes it dearer.
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
}
