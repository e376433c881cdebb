//! The table's rows, and what follows from them.

use super::*;
use crate::kernel::MAX_PARAMS;
use ink::scale::Encode;

/// Variant numbers are ABI, and keys of storage.
#[test]
fn variants_have_the_numbers_of_the_first_release() {
    for (parameter, number) in [
        (Parameter::Tempo, 0),
        (Parameter::Kernel, 1),
        (Parameter::Yuma, 7),
        (Parameter::AlphaLow, 15),
        (Parameter::AlphaHigh, 16),
        (Parameter::CommitReveal, 18),
        (Parameter::Split, 27),
        (Parameter::ServingRateLimit, 35),
        (Parameter::EvidenceRequired, 36),
    ] {
        assert_eq!(parameter.encode(), [number]);
    }
    for (value, number) in [
        (Hyperparameter::AlphaValues(1, 2), 15),
        (Hyperparameter::AlphaSigmoidSteepness(1), 16),
        (Hyperparameter::Split(SplitPreset::Network), 26),
        (Hyperparameter::ServingRateLimit(1), 34),
        (Hyperparameter::EvidenceRequired(true), 35),
    ] {
        assert_eq!(value.encode().first(), Some(&number));
    }
    assert_eq!(Parameter::ALL.len(), 37);
}

#[test]
fn names_are_unique_and_find_their_parameter() {
    for parameter in Parameter::ALL {
        assert_eq!(Parameter::from_name(parameter.name()), Some(*parameter));
    }
    assert_eq!(Parameter::from_name("colour"), None);
}

#[test]
fn a_number_within_its_bounds_makes_a_hyperparameter() {
    let others = ["kernel", "other_params", "yuma", "alpha_low", "alpha_high"];
    for parameter in Parameter::ALL {
        let (min, max) = parameter.bounds();
        for number in [min, max] {
            let made = Hyperparameter::from_number(*parameter, number);
            assert_eq!(made.is_none(), others.contains(&parameter.name()));
            assert!(made.is_none_or(|made| made.parameter() == *parameter));
        }
    }
    assert_eq!(
        Hyperparameter::from_number(Parameter::MaxUids, 65_536),
        None
    );
    assert_eq!(Hyperparameter::from_number(Parameter::Yuma3, 2), None);
}

#[test]
fn numbers_convert_both_ways() {
    assert_eq!((-1i16).number(), 65_535);
    assert_eq!(i16::from_number(32_768), None);
    assert_eq!(i16::from_number(7).map(Number::number), Some(7));
    for split in [SplitPreset::Network, SplitPreset::Bittensor] {
        assert_eq!(SplitPreset::from_number(split.number()), Some(split));
    }
}

/// Help states bounds as `least ..= largest` or as "at most largest". They must be the table's.
#[test]
fn help_is_sentences_with_the_bounds_of_the_table() {
    let number = |text: &str| text.replace(' ', "").parse::<u64>().ok();
    for parameter in Parameter::ALL {
        let (help, (min, max)) = (parameter.help(), parameter.bounds());
        assert!(help.ends_with('.') && !help.contains("  "), "{help}");
        let quoted = help.split('`').nth(1);
        if let Some((least, largest)) = quoted.and_then(|text| text.split_once("..=")) {
            assert_eq!(
                (number(least), number(largest)),
                (Some(min), Some(max)),
                "{help}"
            );
        }
        if let Some((_, rest)) = help.split_once("at most ") {
            let digits = rest.split(|c: char| c != ' ' && !c.is_ascii_digit());
            let stated = digits.take(1).find_map(number);
            let bytes = u64::try_from(MAX_PARAMS).ok();
            assert!([None, Some(max), bytes].contains(&stated), "{help}");
        }
    }
}
