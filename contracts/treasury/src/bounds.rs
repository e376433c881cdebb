//! Bounds of the numbers of a new grant.

use core::ops::RangeInclusive;
use inktensor_primitives::treasury::{GrantField, TreasuryError};

/// Checks that `value` is within `bounds`.
///
/// # Errors
/// `OutOfBounds`.
pub fn check<T: Copy + Into<u64> + PartialOrd>(
    field: GrantField,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<(), TreasuryError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(TreasuryError::OutOfBounds {
        field,
        value: value.into(),
        min: (*bounds.start()).into(),
        max: (*bounds.end()).into(),
    })
}
