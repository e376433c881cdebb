use super::*;
use proptest::prelude::*;

/// Computes the reference's formula in its own numbers, I96F32 as plain integers:
/// `floor(trunc(1 / 2^k) * 10^9)` with `k = floor(log2(trunc(1 / (1 - trunc(I / cap)))))`.
fn reference_rate(issued: u64) -> u64 {
    const ONE: u128 = 1 << 32;
    let cap = u128::from(Rao::CAP.0);
    if u128::from(issued) >= cap {
        return 0;
    }
    let ratio = (u128::from(issued) * ONE * ONE) / (cap * ONE);
    let inverse = ONE * ONE / (ONE - ratio);
    let k = inverse.ilog2() - 32;
    let factor = ONE * ONE / (ONE << k);
    u64::try_from(factor * u128::from(Rao::PER_TAO) / ONE).unwrap()
}

/// Computes the curve block by block.
fn block_by_block(issued: u64, blocks: u32) -> u64 {
    (0..blocks).fold(issued, |issued, _| issued + per_block(Rao(issued)).0)
}

fn near_thresholds() -> impl Strategy<Value = u64> {
    (0u32..=31, -40_000_000_000i64..=40_000_000_000, 0u32..40).prop_map(|(k, offset, shift)| {
        threshold(k)
            .saturating_add_signed(offset >> shift)
            .min(Rao::CAP.0)
    })
}

#[test]
fn the_first_thresholds_and_rates_are_known() {
    let known = [
        (10_500_000_000_000_000, 500_000_000),
        (15_750_000_000_000_000, 250_000_000),
        (18_375_000_000_000_000, 125_000_000),
        (19_687_500_000_000_000, 62_500_000),
    ];
    assert_eq!(per_block(Rao(0)), Rao(1_000_000_000));
    for (threshold, rate) in known {
        assert_eq!(per_block(Rao(threshold)), Rao(rate));
        assert_eq!(per_block(Rao(threshold - 1)), Rao(rate * 2));
    }
}

#[test]
fn rates_below_a_rao_are_rounded_down() {
    let rates: Vec<_> = (7..13).map(|k| per_block(Rao(threshold(k))).0).collect();
    assert_eq!(
        rates,
        [7_812_500, 3_906_250, 1_953_125, 976_562, 488_281, 244_140]
    );
    assert_eq!(per_block(Rao(threshold(29))), Rao(1));
    assert_eq!(per_block(Rao(threshold(30))), Rao(0));
    assert_eq!(per_block(Rao::CAP), Rao(0));
    assert_eq!(per_block(Rao(u64::MAX)), Rao(0));
}

#[test]
fn the_whole_curve_ends_below_the_cap() {
    let mut issued = Rao::ZERO;
    for _ in 0..16 {
        issued = issued_after(issued, u32::MAX);
        assert!(issued <= Rao::CAP);
    }
    // The rate falls to zero at the thirtieth threshold: less than 0.02 TAO is never issued.
    assert_eq!(per_block(issued), Rao::ZERO);
    assert_eq!(issued.0, threshold(30));
    assert!(Rao::CAP.0 - issued.0 < 20_000_000);
}

#[test]
fn a_halving_takes_ten_and_a_half_million_blocks() {
    assert_eq!(issued_after(Rao(0), 10_499_999).0, 10_499_999_000_000_000);
    assert_eq!(issued_after(Rao(0), 10_500_000).0, 10_500_000_000_000_000);
    assert_eq!(issued_after(Rao(0), 10_500_001).0, 10_500_000_500_000_000);
}

#[test]
fn above_the_cap_nothing_changes() {
    assert_eq!(issued_after(Rao(u64::MAX), 7), Rao(u64::MAX));
    assert_eq!(issued_after(Rao::CAP, u32::MAX), Rao::CAP);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn rates_are_the_references(issued in prop_oneof![near_thresholds(), 0..=Rao::CAP.0]) {
        prop_assert_eq!(per_block(Rao(issued)).0, reference_rate(issued));
    }

    #[test]
    fn the_closed_form_is_the_sum_of_blocks(issued in near_thresholds(), blocks in 0u32..2_000) {
        let expected = block_by_block(issued, blocks);
        prop_assert_eq!(issued_after(Rao(issued), blocks), Rao(expected));
        prop_assert!(expected <= Rao::CAP.0);
    }

    #[test]
    fn a_span_may_be_cut_anywhere(
        issued in prop_oneof![near_thresholds(), 0..=Rao::CAP.0],
        first in any::<u32>(),
        second in any::<u32>(),
    ) {
        let second = second.min(u32::MAX - first);
        let at_once = issued_after(Rao(issued), first + second);
        let in_two = issued_after(issued_after(Rao(issued), first), second);
        prop_assert_eq!(at_once, in_two);
        prop_assert!(at_once >= Rao(issued) && at_once <= Rao::CAP);
    }
}
