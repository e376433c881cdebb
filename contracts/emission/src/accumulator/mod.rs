//! Sharing of emission between subnets by weight, at the cost of one subnet per call.
//!
//! The earnings of one unit of weight since the start are one growing number. A subnet's share is
//! its weight times the growth since its last draw. Fractions of a rao are kept, here and per
//! subnet, so that in units of 2^-64 rao everything is exact:
//!
//! ```text
//! added * 2^64 = drawn * 2^64 + remainder
//!     + sum over subnets (weight * (per_weight - entry) + fraction)
//! ```
//!
//! The curve adds what it issues. Earnings of a retired subnet, and of stake that has left, are
//! drawn and added again.

use inktensor_primitives::Rao;

/// Fraction bits of amounts, in rao.
const FRACTION_BITS: u32 = 64;

/// The state that all subnets share.
///
/// Every product fits: what a share earns between two draws is a part of all TAO, below 2^119 in
/// units of 2^-64 rao. Only differences of `per_weight` are used, so it counts modulo 2^128: what
/// is added again and again over a tiny weight wraps it around and changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Accumulator {
    /// Earnings of one unit of weight since the start, in 2^-64 rao, rounded down, modulo 2^128.
    per_weight: u128,
    /// Rest of rounding down so far, in 2^-64 rao.
    remainder: u128,
    /// Sum of all subnets' weights. Weights are of different times, so the sum can exceed all
    /// stake.
    total_weight: u128,
}

/// A subnet's share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Share {
    /// Weight since the last draw.
    weight: Rao,
    /// `per_weight` at the last draw.
    entry: u128,
    /// Fraction of a rao that the last draw left, in 2^-64 rao.
    fraction: u64,
}

impl Share {
    /// Returns the weight since the last draw.
    pub fn weight(&self) -> Rao {
        self.weight
    }
}

impl Accumulator {
    /// Returns true if any subnet shares.
    pub fn is_shared(&self) -> bool {
        self.total_weight > 0
    }

    /// Returns the sum of the weights, at most the largest amount.
    pub fn total_weight(&self) -> Rao {
        Rao(u64::try_from(self.total_weight).unwrap_or(u64::MAX))
    }

    /// Divides `amount` between all subnets by weight. Returns `None` if no subnet shares.
    pub fn add(&mut self, amount: Rao) -> Option<()> {
        let amount = amount
            .to_u128()
            .checked_shl(FRACTION_BITS)?
            .checked_add(self.remainder)?;
        let growth = amount.checked_div(self.total_weight)?;
        self.remainder = amount.checked_rem(self.total_weight)?;
        self.per_weight = self.per_weight.wrapping_add(growth);
        Some(())
    }

    /// Returns the earnings of `share` since its last draw: whole rao and the fraction.
    pub fn earned(&self, share: &Share) -> Option<(Rao, u64)> {
        let earned = self
            .per_weight
            .wrapping_sub(share.entry)
            .checked_mul(share.weight.to_u128())?
            .checked_add(u128::from(share.fraction))?;
        let whole = u64::try_from(earned >> FRACTION_BITS).ok()?;
        let fraction = u64::try_from(earned & u128::from(u64::MAX)).ok()?;
        Some((Rao(whole), fraction))
    }

    /// Draws the earnings of `share`, rounded down with the fraction kept. Sets its weight from now
    /// on. Returns the earnings.
    pub fn draw(&mut self, share: &mut Share, weight: Rao) -> Option<Rao> {
        let (earned, fraction) = self.earned(share)?;
        self.total_weight = self
            .total_weight
            .checked_sub(share.weight.to_u128())?
            .checked_add(weight.to_u128())?;
        *share = Share {
            weight,
            entry: self.per_weight,
            fraction,
        };
        Some(earned)
    }
}

#[cfg(test)]
mod tests;
