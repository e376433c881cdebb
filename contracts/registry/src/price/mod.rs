//! The price of a registration, which falls with time and rises with each registration.
//!
//! Source: subtensor-reference.md 4.9. The reference multiplies the price in every block and rounds
//! down each time. Here one formula covers any number of blocks, and rounds down once. The result
//! is never below the reference's price, and at most as many rao above it as the half-life has
//! blocks.

use inktensor_primitives::{
    registry::{RegistrationTerms, RegistryError},
    Bps, Rao,
};

/// One half, in 2^-32.
const HALF: u64 = 1 << 31;

/// The price as of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Price {
    /// Price in rao as of block `at`.
    pub rao: Rao,
    /// Block of the last change.
    pub at: u32,
    /// Registrations in that block.
    pub sold: u16,
}

impl Price {
    /// Makes a price set at block `at`.
    pub const fn new(rao: Rao, at: u32) -> Self {
        Self { rao, at, sold: 0 }
    }

    /// Returns this price, changed to `rao` at block `now`.
    pub const fn set(&self, rao: Rao, now: u32) -> Self {
        let sold = if self.at == now { self.sold } else { 0 };
        Self { rao, at: now, sold }
    }

    /// Restates the price as of block `now`, so that new terms apply from that block on.
    pub fn rebase(&mut self, now: u32, terms: &RegistrationTerms) {
        *self = self.set(self.at(now, terms), now);
    }

    /// Returns the price at block `now`: halved for each half-life since the last change, rounded
    /// down, and within its bounds.
    pub fn at(&self, now: u32, terms: &RegistrationTerms) -> Rao {
        bounded(
            decayed(self.rao, now.saturating_sub(self.at), terms.half_life),
            terms,
        )
    }

    /// Returns the number of registrations still possible in block `now`.
    pub fn left(&self, now: u32, terms: &RegistrationTerms) -> u16 {
        let sold = if self.at == now { self.sold } else { 0 };
        terms.per_block.saturating_sub(sold)
    }

    /// Sells a seat in block `now` and raises the price. Returns the price of this seat.
    ///
    /// # Errors
    /// `TooSoon` if the block has no registrations left.
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

/// Returns a price after one registration: multiplied by the increase, rounded down, and within its
/// bounds.
pub fn raised(price: Rao, terms: &RegistrationTerms) -> Rao {
    let product = price.to_u128().saturating_mul(terms.increase.0.into());
    let raised = product.checked_div(Bps::ONE.0.into()).unwrap_or(product);
    bounded(Rao(u64::try_from(raised).unwrap_or(u64::MAX)), terms)
}

fn bounded(price: Rao, terms: &RegistrationTerms) -> Rao {
    price.max(terms.min_burn).min(terms.max_burn)
}

/// Returns `price` after `blocks`, rounded down.
///
/// The computation takes the same gas for any number of blocks. So a call that runs some blocks
/// after its dry run stays within the estimate.
fn decayed(price: Rao, blocks: u32, half_life: u16) -> Rao {
    let left = power64(factor(half_life), blocks);
    let product = price.to_u128().saturating_mul(left) >> 64;
    Rao(u64::try_from(product).unwrap_or(u64::MAX))
}

/// Returns the factor of one block, in 2^-32: the largest number whose power by `half_life` is at
/// most one half. A half-life of zero counts as one block.
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

/// Returns `base` to the power of `exponent`, in 2^-32, each product rounded down. `base` is below
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

/// Returns `base`, in 2^-32 and below one, to the power of `exponent`, in 2^-64. Each product is
/// rounded down.
fn power64(base: u64, exponent: u32) -> u128 {
    /// Returns `a * b` of numbers up to one, in 2^-64. `b` is below one.
    fn product(a: u128, b: u128) -> u128 {
        a.saturating_mul(b) >> 64
    }
    let mut square = u128::from(base) << 32;
    let mut power: u128 = 1 << 64;
    for bit in 0..u32::BITS {
        // Computed in any case, so that every exponent takes the same gas.
        let next = product(power, square);
        if (exponent >> bit) & 1 == 1 {
            power = next;
        }
        square = product(square, square);
    }
    power
}

#[cfg(test)]
mod tests;
