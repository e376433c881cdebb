//! Numbers as people read them.

use inktensor_primitives::Rao;

/// An amount in TAO with so many decimals, rounded down, and spaces between thousands.
pub fn tao(rao: u64, decimals: usize) -> String {
    let whole = grouped(rao / Rao::PER_TAO);
    let fraction = format!("{:09}", rao % Rao::PER_TAO);
    match fraction.get(..decimals.min(9)) {
        None | Some("") => whole,
        Some(digits) => format!("{whole}.{digits}"),
    }
}

/// A number with spaces between thousands.
pub fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A share of 65535 with four decimals; nothing for zero.
pub fn share(share: u16) -> String {
    match share {
        0 => String::from("·"),
        share => format!("{:.4}", f64::from(share) / f64::from(u16::MAX)),
    }
}

/// The ends of an address or a hash.
pub fn short(text: &str, head: usize, tail: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= head + tail + 1 {
        return text.into();
    }
    let start: String = letters.iter().take(head).collect();
    let end: String = letters.iter().skip(letters.len() - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_down_and_grouped() {
        assert_eq!(tao(1_234_567_999_999_999, 3), "1 234 567.999");
        assert_eq!(tao(5, 9), "0.000000005");
        assert_eq!(tao(1_999_999_999, 0), "1");
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
}
