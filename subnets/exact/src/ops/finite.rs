//! The check that values are finite.

use crate::ExactError;

/// Bits of the exponent: all of them are set in an infinite value and in one that is not a number.
const EXPONENT: u32 = 0x7f80_0000;

/// Checks that all `values` are finite.
///
/// The bits of a value that is not a number may differ from machine to machine. So a model checks
/// its values before a comparison can hide one, and before they leave it.
///
/// # Errors
/// `NotFinite` with the first position.
pub fn require_finite(what: &'static str, values: &[f32]) -> Result<(), ExactError> {
    // Without an early return the loop is a vector loop.
    let bad = values.iter().fold(false, |bad, value| {
        bad | (value.to_bits() & EXPONENT == EXPONENT)
    });
    if !bad {
        return Ok(());
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(ExactError::NotFinite { what, index }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_value_that_is_not_finite_is_named() {
        assert_eq!(
            require_finite("x", &[0.0, f32::MAX, f32::MIN, 1e-45]),
            Ok(())
        );
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let refusal = require_finite("x", &[1.0, 2.0, bad, 3.0, bad]);
            assert_eq!(
                refusal,
                Err(ExactError::NotFinite {
                    what: "x",
                    index: 2
                })
            );
        }
    }
}
