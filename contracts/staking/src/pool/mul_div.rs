//! Exact products and quotients of an amount in rao (64 bits) and shares (128 bits), without wider
//! integers.
//!
//! All return `None` for a division by zero or a result that does not fit its type.

/// Returns `floor(amount * shares / value)`.
pub fn floor(amount: u64, shares: u128, value: u64) -> Option<u128> {
    parts(amount, shares, value).map(|(quotient, _)| quotient)
}

/// Returns `ceil(amount * shares / value)`.
pub fn ceil(amount: u64, shares: u128, value: u64) -> Option<u128> {
    match parts(amount, shares, value)? {
        (quotient, 0) => Some(quotient),
        (quotient, _) => quotient.checked_add(1),
    }
}

/// Returns quotient and remainder of `amount * shares / value`.
///
/// With `shares = q * value + r` the result is `amount * q + amount * r / value`, and `amount * r`
/// fits because both are below 2^64.
fn parts(amount: u64, shares: u128, value: u64) -> Option<(u128, u128)> {
    let (amount, value) = (u128::from(amount), u128::from(value));
    let whole = amount.checked_mul(shares.checked_div(value)?)?;
    let rest = amount.checked_mul(shares.checked_rem(value)?)?;
    let quotient = whole.checked_add(rest.checked_div(value)?)?;
    Some((quotient, rest.checked_rem(value)?))
}

/// Returns `floor(value * part / whole)` for a `part` of `whole`, at most `value`. Returns `None`
/// also if the part exceeds the whole or the whole is 2^127 or more.
///
/// Multiplies bit by bit and divides after each: `quotient * whole + rest` is the product of
/// `part` and the bits of `value` so far, and `rest < whole`.
pub fn portion(value: u64, part: u128, whole: u128) -> Option<u64> {
    if whole == 0 || part > whole || whole >> 127 != 0 {
        return None;
    }
    if part == whole {
        return Some(value);
    }
    let (mut quotient, mut rest) = (0u64, 0u128);
    for bit in (0..u64::BITS).rev() {
        quotient = quotient.checked_mul(2)?;
        rest = rest.checked_mul(2)?;
        if rest >= whole {
            rest = rest.checked_sub(whole)?;
            quotient = quotient.checked_add(1)?;
        }
        if (value >> bit) & 1 == 1 {
            rest = rest.checked_add(part)?;
            if rest >= whole {
                rest = rest.checked_sub(whole)?;
                quotient = quotient.checked_add(1)?;
            }
        }
    }
    Some(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitive_types::U256;
    use proptest::prelude::*;

    fn wide(amount: u64, shares: u128, value: u64) -> (U256, bool) {
        let (quotient, rest) = (U256::from(amount) * U256::from(shares)).div_mod(U256::from(value));
        (quotient, rest.is_zero())
    }

    fn narrow(result: U256) -> Option<u128> {
        u128::try_from(result).ok()
    }

    #[test]
    fn nothing_divides_by_zero() {
        assert_eq!(floor(1, 1, 0), None);
        assert_eq!(ceil(1, 1, 0), None);
        assert_eq!(portion(1, 0, 0), None);
    }

    #[test]
    fn a_part_is_at_most_the_whole() {
        assert_eq!(portion(u64::MAX, 5, 5), Some(u64::MAX));
        assert_eq!(portion(10, 6, 5), None);
        assert_eq!(portion(3, 1, 2), Some(1));
        assert_eq!(portion(3, 1, 1 << 127), None);
    }

    /// Numbers of every length, so that the borders between words are tested.
    fn any_length() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0u32..128).prop_map(|(bits, shift)| bits >> shift)
    }

    proptest! {
        #[test]
        fn floor_and_ceil_agree_with_wide_integers(
            amount in any_length(),
            shares in any_length(),
            value in any_length(),
        ) {
            let (amount, value) = (amount as u64, (value as u64).max(1));
            let (quotient, exact) = wide(amount, shares, value);
            prop_assert_eq!(floor(amount, shares, value), narrow(quotient));
            let up = if exact { quotient } else { quotient + 1 };
            prop_assert_eq!(ceil(amount, shares, value), narrow(up));
        }

        #[test]
        fn portion_agrees_with_wide_integers(
            value in any_length(),
            part in any_length(),
            whole in any_length(),
        ) {
            let whole = (whole >> 1).max(1);
            let (value, part) = (value as u64, part % (whole + 1));
            let expected = U256::from(value) * U256::from(part) / U256::from(whole);
            prop_assert_eq!(portion(value, part, whole), Some(expected.as_u64()));
        }
    }
}
