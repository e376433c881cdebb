//! The values of flags: numbers, amounts, parts, weights, addresses. Each parser says what it
//! expects.

use crate::output::format;
use inktensor_client::ss58;
use inktensor_primitives::{registry::Host, AccountId, Bps, Digest, NetUid, Rao, Uid};
use std::{net::IpAddr, ops::RangeInclusive};

/// Returns a parser of whole numbers of type `T` within `range`.
pub fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = whole_number(text, &range)?;
        T::try_from(number).map_err(|_| expected(&range))
    }
}

/// Returns a parser of whole numbers of type `T` from 1 on.
pub fn at_least_one<T: TryFrom<u64>>() -> impl Fn(&str) -> Result<T, String> + Clone {
    |text| {
        let number = whole_number(text, &(1..=u64::MAX))?;
        T::try_from(number).map_err(|_| format!("{number} is too large"))
    }
}

fn whole_number(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    if is_negative(text) {
        return Err(format!("must not be negative; {}", expected(range)));
    }
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| expected(range))
}

fn expected(range: &RangeInclusive<u64>) -> String {
    match (*range.start(), *range.end()) {
        (0, u64::MAX) => "expected a whole number".into(),
        (least, u64::MAX) => format!("expected a whole number, at least {least}"),
        (least, most) => format!("expected a whole number from {least} to {most}"),
    }
}

fn is_negative(text: &str) -> bool {
    let digits = text.strip_prefix('-');
    digits.is_some_and(|it| it.starts_with(|first: char| first.is_ascii_digit() || first == '.'))
}

/// Parses the number of a subnet, 0 for root.
pub fn netuid(text: &str) -> Result<NetUid, String> {
    whole(0..=u64::from(u16::MAX))(text).map(NetUid)
}

/// Parses the number of a neuron.
pub fn uid(text: &str) -> Result<Uid, String> {
    whole(0..=u64::from(u16::MAX))(text).map(Uid)
}

/// Parses a number with at most `places` decimals, in units of its last decimal.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > places {
        return None;
    }
    let one = 10u64.checked_pow(u32::try_from(places).ok()?)?;
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<places$}").parse().ok()?;
    whole.checked_mul(one)?.checked_add(fraction)
}

/// Parses an amount of TAO with up to nine decimals.
pub fn tao(text: &str) -> Result<Rao, String> {
    if is_negative(text) {
        return Err("an amount must not be negative".into());
    }
    let parsed = decimal(text, 9).map(Rao);
    parsed.filter(|rao| *rao <= Rao::CAP).ok_or_else(|| {
        format!(
            "expected an amount of TAO such as 12 or 0.5, with up to nine decimals, at most {}",
            Rao::CAP.0 / Rao::PER_TAO
        )
    })
}

/// Parses an amount of TAO above 0, as [`tao`].
pub fn some_tao(text: &str) -> Result<Rao, String> {
    match tao(text)? {
        Rao::ZERO => Err("give an amount above 0".into()),
        amount => Ok(amount),
    }
}

/// Parses a number with up to three decimals, in thousandths and at most `most` of them.
pub fn thousandths(most: u16) -> impl Fn(&str) -> Result<u16, String> + Clone {
    move |text| {
        let number = decimal(text, 3).and_then(|it| u16::try_from(it).ok());
        number.filter(|it| *it <= most).ok_or_else(|| {
            format!(
                "expected a number from 0 to {} with up to three decimals",
                f32::from(most) / 1000.0
            )
        })
    }
}

/// Parses a number from 0 to 1 with up to nine decimals.
pub fn ratio(text: &str) -> Result<f32, String> {
    let billionths = decimal(text, 9).filter(|it| *it <= Rao::PER_TAO);
    let billionths = billionths.and_then(|it| u32::try_from(it).ok());
    let number = billionths.map(|it| (f64::from(it) / 1e9) as f32);
    number.ok_or_else(|| "expected a number from 0 to 1 with up to nine decimals".into())
}

/// Parses a part in per cent, with up to two decimals and at most `most`: `12`, `12%`, `0.12%`.
///
/// A number below 1 without a sign is refused: tools of Bittensor write 0.12 for 12 %.
pub fn percent(text: &str, most: Bps) -> Result<Bps, String> {
    if is_negative(text) {
        return Err("a part must not be negative".into());
    }
    let wrong = || {
        format!(
            "expected per cent such as 9.5 or 9.5%, with up to two decimals, at most {}%",
            most.0 / 100
        )
    };
    let number = text.strip_suffix('%').map(str::trim_end);
    let has_sign = number.is_some();
    let number = number.unwrap_or(text);
    if !has_sign {
        if let Some(meant) = fraction(number) {
            return Err(meant);
        }
    }
    let bps = decimal(number, 2).and_then(|it| u16::try_from(it).ok());
    bps.map(Bps).filter(|it| *it <= most).ok_or_else(wrong)
}

/// Returns the question that a number below 1 raises, if `number` is one.
fn fraction(number: &str) -> Option<String> {
    let billionths = decimal(number, 9)?;
    if billionths == 0 || billionths >= Rao::PER_TAO {
        return None;
    }
    // As a fraction, in per cent: 0.125 is 12.5 %.
    let percent = format::tao(Rao(billionths * 100));
    Some(match decimal(number, 2) {
        Some(_) => {
            format!("write {percent}% if a fraction is meant, {number}% if per cent are meant")
        }
        None => format!("write {percent}%: parts are in per cent"),
    })
}

/// Weights as a user writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The number, in billionths.
    billionths: u64,
    is_whole: bool,
}

/// Parses one weight: a number, of which only the ratio to the others counts.
pub fn weight(text: &str) -> Result<Weight, String> {
    if is_negative(text) {
        return Err("a weight must not be negative".into());
    }
    let is_whole = !text.contains('.');
    let parsed = decimal(text, 9);
    let most = u64::from(u16::MAX) * Rao::PER_TAO;
    let billionths = parsed.filter(|it| *it <= most).ok_or_else(|| {
        format!(
            "expected a number from 0 to {}, such as 30 or 0.3; only the ratio of weights counts",
            u16::MAX
        )
    })?;
    Ok(Weight {
        billionths,
        is_whole,
    })
}

/// Returns weights as the chain takes them.
///
/// Whole numbers stay as they are. If one weight has decimals, all are scaled so that the largest
/// is 65535, and rounded.
pub fn weights(all: &[Weight]) -> Vec<u16> {
    let largest = all.iter().map(|it| it.billionths).max().unwrap_or(0);
    let scaled = |it: &Weight| {
        let number = if all.iter().all(|it| it.is_whole) {
            u128::from(it.billionths / Rao::PER_TAO)
        } else {
            let full = u128::from(it.billionths) * u128::from(u16::MAX) * 2;
            let largest = u128::from(largest.max(1));
            (full + largest) / (largest * 2)
        };
        u16::try_from(number).unwrap_or(u16::MAX)
    };
    all.iter().map(scaled).collect()
}

/// Parses an address: SS58, or 32 bytes in hexadecimal after `0x`.
pub fn address(text: &str) -> Result<AccountId, String> {
    ss58::parse_address(text).map_err(|error| error.to_string())
}

/// Parses 32 bytes in hexadecimal after `0x`.
pub fn digest(text: &str) -> Result<Digest, String> {
    ss58::parse_digest(text).map_err(|error| error.to_string())
}

/// Parses bytes in hexadecimal, with or without `0x` before them.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    ss58::hexadecimal(text.strip_prefix("0x").unwrap_or(text))
}

/// Parses an IP address or a host name.
pub fn host(text: &str) -> Result<Host, String> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => return Ok(Host::V4(address.octets())),
        Ok(IpAddr::V6(address)) => return Ok(Host::V6(address.octets())),
        Err(_) => {}
    }
    // A name's last label is never a number: such text is an address gone wrong.
    let last = text.rsplit('.').next().unwrap_or_default();
    if text.contains(':') || (!last.is_empty() && last.bytes().all(|it| it.is_ascii_digit())) {
        return Err(format!("{text:?} is not an IP address"));
    }
    Ok(Host::Name(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_what_they_may_be() {
        for (text, said) in [
            ("-1", "must not be negative"),
            ("abc", "a whole number from 0 to 65535"),
            ("0.5", "a whole number from 0 to 65535"),
            ("65536", "from 0 to 65535"),
        ] {
            let problem = netuid(text).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
        assert_eq!(netuid("7"), Ok(NetUid(7)));
        let problem = at_least_one::<u32>()("0").unwrap_err();
        assert!(problem.contains("at least 1"), "{problem}");
        assert!(at_least_one::<u32>()("4294967296").is_err());
        assert_eq!(whole::<u16>(1..=9)("9"), Ok(9));
    }

    #[test]
    fn amounts_are_read_to_the_last_rao() {
        for (text, rao) in [
            ("0", 0),
            ("12", 12_000_000_000),
            ("0.5", 500_000_000),
            ("1.000000001", 1_000_000_001),
            ("21000000", 21_000_000_000_000_000),
        ] {
            assert_eq!(tao(text), Ok(Rao(rao)), "{text}");
            assert_eq!(format::tao(Rao(rao)), text);
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "1.0000000001",
            "21000000.1",
            "99999999999999999999",
        ] {
            assert!(tao(text).is_err(), "{text}");
        }
        assert!(tao("-5").unwrap_err().contains("negative"));
        assert_eq!(some_tao("0.5"), tao("0.5"));
        for text in ["0", "0.0"] {
            assert_eq!(some_tao(text), Err("give an amount above 0".into()));
        }
        assert_eq!(some_tao("x"), tao("x"));
    }

    #[test]
    fn thousandths_have_three_decimals_and_a_limit() {
        for (text, number) in [("0", 0), ("0.8", 800), ("1", 1000), ("1.25", 1250)] {
            assert_eq!(thousandths(1250)(text), Ok(number), "{text}");
        }
        for text in ["", "-1", "1.251", "0.0001", "1e1", "99999999"] {
            let problem = thousandths(1250)(text).unwrap_err();
            assert!(problem.contains("from 0 to 1.25 with"), "{problem}");
        }
    }

    #[test]
    fn ratios_are_those_of_their_decimals() {
        for text in ["0", "1", "0.003", "0.000000001", "0.1", "0.99"] {
            assert_eq!(ratio(text), Ok(text.parse().unwrap()), "{text}");
        }
        for text in ["", "-0.1", "1.1", "1e-3", "0.0000000001", "nan"] {
            assert!(ratio(text).unwrap_err().contains("from 0 to 1"), "{text}");
        }
    }

    #[test]
    fn parts_are_read_to_the_last_basis_point() {
        for (text, bps) in [
            ("0", 0),
            ("18", 1_800),
            ("18%", 1_800),
            ("9.5", 950),
            ("9.50 %", 950),
            ("0.05%", 5),
            ("1", 100),
        ] {
            assert_eq!(percent(text, Bps(1_800)), Ok(Bps(bps)), "{text}");
        }
        for text in ["", "%", "18.01", "-1", "9.555", "9,5", "700", "9%%"] {
            assert!(percent(text, Bps(1_800)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fraction_without_a_sign_is_a_question() {
        for (text, fraction, per_cent) in [
            ("0.12", "12%", "0.12%"),
            ("0.5", "50%", "0.5%"),
            ("0.01", "1%", "0.01%"),
        ] {
            let problem = percent(text, Bps::ONE).unwrap_err();
            let said = format!("write {fraction} if a fraction is meant, {per_cent} if");
            assert!(problem.starts_with(&said), "{problem}");
        }
        let problem = percent("0.125", Bps::ONE).unwrap_err();
        assert!(problem.starts_with("write 12.5%:"), "{problem}");
    }

    fn scaled(texts: &[&str]) -> Vec<u16> {
        let all: Vec<Weight> = texts.iter().map(|it| weight(it).unwrap()).collect();
        weights(&all)
    }

    #[test]
    fn weights_are_whole_numbers_or_ratios() {
        assert_eq!(scaled(&["60", "30", "10", "0"]), [60, 30, 10, 0]);
        assert_eq!(scaled(&["0.5", "0.5"]), [65_535, 65_535]);
        assert_eq!(scaled(&["0.6", "0.3", "0"]), [65_535, 32_768, 0]);
        assert_eq!(scaled(&["1", "0.5"]), [65_535, 32_768]);
        assert_eq!(scaled(&["0.0", "0"]), [0, 0]);
        for text in ["-1", "65536", "x", "1.", "0.1234567890"] {
            assert!(weight(text).is_err(), "{text}");
        }
        assert!(weight("x").unwrap_err().contains("only the ratio"));
    }

    #[test]
    fn a_host_is_an_address_or_a_name() {
        assert!(matches!(
            host("203.0.113.7"),
            Ok(Host::V4([203, 0, 113, 7]))
        ));
        assert!(matches!(host("2001:db8::1"), Ok(Host::V6(_))));
        assert_eq!(host("a.example"), Ok(Host::Name("a.example".into())));
        for text in ["999.1.1.1", "1.2.3", "2001:xyz::"] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_may_begin_with_0x() {
        for text in ["0x00abff", "00abff"] {
            assert_eq!(bytes(text), Some(vec![0, 0xab, 0xff]));
        }
        assert_eq!(bytes("0x1"), None);
    }
}
