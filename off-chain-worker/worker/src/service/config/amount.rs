//! An amount of TAO in a configuration.

use inktensor_primitives::Rao;
use std::{fmt, str::FromStr};

/// Decimals of TAO.
const PLACES: usize = 9;

/// An amount of TAO, written with up to nine decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tao(pub Rao);

impl FromStr for Tao {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parsed(text).ok_or_else(|| {
            format!(
                "expected an amount of TAO such as 40 or 0.5, with up to nine decimals, at most {}",
                Rao::CAP.0 / Rao::PER_TAO
            )
        })
    }
}

fn parsed(text: &str) -> Option<Tao> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > PLACES {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(Rao::PER_TAO)?;
    let fraction: u64 = format!("{fraction:0<PLACES$}").parse().ok()?;
    let amount = Rao(whole.checked_add(fraction)?);
    (amount <= Rao::CAP).then_some(Tao(amount))
}

impl fmt::Display for Tao {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 .0 / Rao::PER_TAO, self.0 .0 % Rao::PER_TAO);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:0>PLACES$}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_as_it_is_written() {
        for (text, rao) in [
            ("40", 40_000_000_000),
            ("0.5", 500_000_000),
            ("0.000000001", 1),
        ] {
            let amount: Tao = text.parse().unwrap();
            assert_eq!((amount, amount.to_string().as_str()), (Tao(Rao(rao)), text));
        }
        for text in ["", ".", "1.", "-1", "1e3", "0.0000000001", "21000001"] {
            assert!(text.parse::<Tao>().is_err(), "{text}");
        }
    }
}
