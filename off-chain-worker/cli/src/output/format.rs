//! Numbers, amounts and names as people read them.

use inktensor_client::chain::Cost;
use inktensor_primitives::{Bps, NetUid, Rao};

/// Returns an amount in TAO to the last rao, without zeros at the end.
pub fn tao(amount: Rao) -> String {
    let (whole, fraction) = (amount.0 / Rao::PER_TAO, amount.0 % Rao::PER_TAO);
    if fraction == 0 {
        return whole.to_string();
    }
    let fraction = format!("{fraction:09}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// Returns an amount in TAO with `decimals` decimals, rounded down, and spaces between thousands.
pub fn tao_rounded(amount: Rao, decimals: usize) -> String {
    let whole = grouped(amount.0 / Rao::PER_TAO);
    let fraction = format!("{:09}", amount.0 % Rao::PER_TAO);
    match fraction.get(..decimals.min(9)) {
        None | Some("") => whole,
        Some(digits) => format!("{whole}.{digits}"),
    }
}

/// Returns a number with spaces between thousands.
pub fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let text = grouped_digits(&number.unsigned_abs().to_string());
    if number < 0 {
        format!("-{text}")
    } else {
        text
    }
}

fn grouped_digits(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Returns a share of 65535 with four decimals, and a dot for zero.
pub fn share(share: u16) -> String {
    match share {
        0 => String::from("·"),
        share => format!("{:.4}", f64::from(share) / f64::from(u16::MAX)),
    }
}

/// Returns a share of 1 as per cent, with two decimals.
pub fn share_of(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Returns basis points as per cent, with two decimals.
pub fn percent(share: Bps) -> String {
    format!("{}.{:02} %", share.0 / 100, share.0 % 100)
}

/// Returns a proportion of `u64::MAX` as per cent, rounded to two decimals.
pub fn percent_of_max(proportion: u64) -> String {
    let whole = u128::from(u64::MAX);
    let bps = (u128::from(proportion) * u128::from(Bps::ONE.0) + whole / 2) / whole;
    percent(Bps(u16::try_from(bps).unwrap_or(u16::MAX)))
}

/// Returns the first `head` and the last `tail` letters of a long text.
pub fn short(text: &str, head: usize, tail: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= head + tail + 1 {
        return text.into();
    }
    let start: String = letters.iter().take(head).collect();
    let end: String = letters.iter().skip(letters.len() - tail).collect();
    format!("{start}…{end}")
}

/// Returns a subnet as it stands in a column.
pub fn netuid(netuid: NetUid) -> String {
    if netuid.is_root() {
        "root".into()
    } else {
        netuid.0.to_string()
    }
}

/// Returns a subnet as it stands in a sentence.
pub fn subnet(netuid: NetUid) -> String {
    if netuid.is_root() {
        "root".into()
    } else {
        format!("subnet {}", netuid.0)
    }
}

/// Returns `number` with its noun: "1 position", "2 positions".
pub fn count(number: impl Into<i128>, noun: &str) -> String {
    let number = number.into();
    let plural = match (number, noun) {
        (1, noun) => return format!("1 {noun}"),
        (_, "child") => "children".to_owned(),
        (_, noun) => format!("{noun}s"),
    };
    format!("{} {plural}", grouped(number))
}

/// Returns the line that says what transactions cost on a chain with fees, and nothing for a chain
/// without.
pub fn cost(cost: &Cost) -> Option<String> {
    if cost.fee == 0 {
        return None;
    }
    let fee = grouped_digits(&cost.fee.to_string());
    let deposit = match cost.deposit {
        0 => String::new(),
        taken @ 1.. => format!(", deposit {} taken", grouped(taken)),
        returned => format!(
            ", deposit {} returned",
            grouped_digits(&returned.unsigned_abs().to_string())
        ),
    };
    let unit = "in the smallest unit of the chain's coin";
    Some(format!("fee {fee}{deposit}, {unit}"))
}

/// Returns "yes", or nothing.
pub fn yes(holds: bool) -> String {
    if holds { "yes" } else { "" }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_down_and_grouped() {
        assert_eq!(tao_rounded(Rao(1_234_567_999_999_999), 3), "1 234 567.999");
        assert_eq!(tao_rounded(Rao(5), 9), "0.000000005");
        assert_eq!(tao_rounded(Rao(1_999_999_999), 0), "1");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0u64), "0");
        assert_eq!(grouped(999u64), "999");
        assert_eq!(grouped(-1_234_567i64), "-1 234 567");
    }

    #[test]
    fn long_names_are_cut_in_the_middle() {
        assert_eq!(short("0123456789", 3, 2), "012…89");
        assert_eq!(short("012345", 3, 2), "012345");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1u32, "position"), "1 position");
        assert_eq!(count(0u32, "position"), "0 positions");
        assert_eq!(count(2u32, "child"), "2 children");
        assert_eq!(count(1_000u32, "weight"), "1 000 weights");
    }

    #[test]
    fn a_chain_without_fees_shows_none() {
        let with = |fee, deposit| {
            let cost = Cost {
                fee,
                deposit,
                ..Cost::default()
            };
            super::cost(&cost)
        };
        assert_eq!(with(0, 5), None);
        let unit = "in the smallest unit of the chain's coin";
        assert_eq!(
            with(6_910, 1_000),
            Some(format!("fee 6 910, deposit 1 000 taken, {unit}"))
        );
        assert_eq!(
            with(1, -7),
            Some(format!("fee 1, deposit 7 returned, {unit}"))
        );
    }
}
