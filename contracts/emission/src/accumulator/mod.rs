//! Emission shared between subnets by weight, at the cost of one subnet per call.
//!
//! What one unit of weight has earned since the beginning is one growing number. A subnet's share
//! is its weight times the growth since its last draw. Fractions of a rao are carried, here and per
//! subnet, so that in units of 2^-64 rao everything is exact:
//!
//! ```text
//! added * 2^64 = drawn * 2^64 + remainder + sum over subnets (weight * (per_weight - entry) + fraction)
//! ```
//!
//! What is added is what the curve issues, and what a retired subnet had earned: that was drawn and
//! is added again.

use inktensor_primitives::Rao;

/// Bits of fraction: amounts here are in units of 2^-64 rao.
const FRACTION_BITS: u32 = 64;

/// What all subnets share.
///
/// Every product fits: by what the curve issues `per_weight` grows by at most `cap * 2^64 < 2^119`
/// in all, as a weight is at least one. What is added again is never more than that either, so it
/// takes hundreds of retirements that each hold the whole cap, over a weight of one rao, to leave
/// the range; then a call fails and changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Accumulator {
    /// Earned by one unit of weight since the beginning, in 2^-64 rao, rounded down.
    per_weight: u128,
    /// What rounding down has left so far, in 2^-64 rao.
    remainder: u128,
    /// Sum of all subnets' weights. Sampled at different times, so it can exceed all stake there
    /// is.
    total_weight: u128,
}

/// What one subnet has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Share {
    /// Its weight since its last draw.
    weight: Rao,
    /// `per_weight` at its last draw.
    entry: u128,
    /// The fraction of a rao that its last draw left, in 2^-64 rao.
    fraction: u64,
}

impl Accumulator {
    /// Whether anybody shares.
    pub fn is_shared(&self) -> bool {
        self.total_weight > 0
    }

    /// Sum of the weights; the largest amount if it is more than that.
    pub fn total_weight(&self) -> Rao {
        Rao(u64::try_from(self.total_weight).unwrap_or(u64::MAX))
    }

    /// Spreads `amount` over all weights. `None` if nobody shares.
    pub fn add(&mut self, amount: Rao) -> Option<()> {
        let amount = amount
            .to_u128()
            .checked_shl(FRACTION_BITS)?
            .checked_add(self.remainder)?;
        let growth = amount.checked_div(self.total_weight)?;
        self.remainder = amount.checked_rem(self.total_weight)?;
        self.per_weight = self.per_weight.checked_add(growth)?;
        Some(())
    }

    /// What `share` has earned since its last draw: whole rao and the fraction.
    pub fn earned(&self, share: &Share) -> Option<(Rao, u64)> {
        let earned = self
            .per_weight
            .checked_sub(share.entry)?
            .checked_mul(share.weight.to_u128())?
            .checked_add(u128::from(share.fraction))?;
        let whole = u64::try_from(earned >> FRACTION_BITS).ok()?;
        let fraction = u64::try_from(earned & u128::from(u64::MAX)).ok()?;
        Some((Rao(whole), fraction))
    }

    /// Takes what `share` has earned, rounded down with the fraction carried, and gives it `weight`
    /// from now on.
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
