//! The part by which a later entry must be better, and the proof that this is no luck.

use inktensor_task::Loss;

/// A million parts.
const MILLION: u32 = 1_000_000;
/// Epsilon of entries that were pledged in one block, in millionths: 0.5 %. Source: the subnet 9 of
/// Bittensor, as the two constants below.
pub const EPSILON_FIRST: u32 = 5_000;
/// Epsilon from [`EPSILON_BLOCKS`] on, in millionths: 0.05 %.
pub const EPSILON_LAST: u32 = 500;
/// Blocks in which epsilon falls from the first to the last: a week of blocks of twelve seconds.
pub const EPSILON_BLOCKS: u32 = 7 * 7_200;

/// Returns epsilon in millionths, for an entry that was pledged so many blocks after another one.
///
/// It falls evenly from [`EPSILON_FIRST`] to [`EPSILON_LAST`] in [`EPSILON_BLOCKS`], rounded up: in
/// favor of the earlier entry.
pub const fn epsilon(blocks: u32) -> u32 {
    let range = EPSILON_FIRST.saturating_sub(EPSILON_LAST);
    let blocks = if blocks < EPSILON_BLOCKS {
        blocks
    } else {
        EPSILON_BLOCKS
    };
    // Below 2^28.
    EPSILON_FIRST.saturating_sub(range.saturating_mul(blocks) / EPSILON_BLOCKS)
}

/// Standard errors by which a later entry must be better. Of entries that are equally good one
/// passes by luck about once in 700 draws.
pub const ERRORS: u32 = 3;

/// Returns true if an entry wins against one that was pledged so many `blocks` earlier. Both losses
/// are of the same rows.
///
/// Three conditions, in integers without rounding:
///
/// - the sum of losses is lower: this decides for sums of zero alone;
/// - `later * 1 000 000 <= earlier * (1 000 000 - epsilon)` for the sums;
/// - with `d` the difference of a row, the mean of `d` is at least [`ERRORS`] of its standard
///   errors. With `n` rows, `S` the sum of `d` and `Q` the sum of `d^2`, this is
///   `S^2 (n - 1) >= 9 (n Q - S^2)`.
///
/// Losses of different numbers of rows do not compare: the later entry does not win.
pub fn is_better(later: &[Loss], earlier: &[Loss], blocks: u32) -> bool {
    let (sum, before) = (Loss::sum(later), Loss::sum(earlier));
    let kept = MILLION.saturating_sub(epsilon(blocks));
    let scaled = u128::from(sum).saturating_mul(MILLION.into());
    let bound = u128::from(before).saturating_mul(kept.into());
    later.len() == earlier.len() && sum < before && scaled <= bound && is_proven(later, earlier)
}

/// Returns true if the mean difference is at least [`ERRORS`] of its standard errors.
fn is_proven(later: &[Loss], earlier: &[Loss]) -> bool {
    // At most 2^32 each, so all values are below 2^127 for up to 2^20 rows.
    let difference = |(later, earlier): (&Loss, &Loss)| {
        i128::from(earlier.0).saturating_sub(i128::from(later.0))
    };
    let (mut sum, mut squares, mut rows) = (0i128, 0i128, 0i128);
    for difference in later.iter().zip(earlier).map(difference) {
        sum = sum.saturating_add(difference);
        squares = squares.saturating_add(difference.saturating_mul(difference));
        rows = rows.saturating_add(1);
    }
    let square = sum.saturating_mul(sum);
    let spread = rows.saturating_mul(squares).saturating_sub(square);
    let errors = i128::from(ERRORS.saturating_mul(ERRORS));
    square.saturating_mul(rows.saturating_sub(1)) >= errors.saturating_mul(spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};
    use inktensor_task::Seed;
    use proptest::prelude::*;

    #[test]
    fn epsilon_falls_from_half_a_percent_to_a_twentieth_in_a_week() {
        for (blocks, right) in [
            (0, 5_000),
            (1, 5_000),
            (11, 5_000),
            (12, 4_999),
            (25_200, 2_750),
            (50_399, 501),
            (50_400, 500),
            (u32::MAX, 500),
        ] {
            assert_eq!(epsilon(blocks), right, "{blocks}");
        }
    }

    /// Compares losses of one row, which has no spread.
    fn wins(later: u32, earlier: u32, blocks: u32) -> bool {
        is_better(&[Loss(later)], &[Loss(earlier)], blocks)
    }

    #[test]
    fn bound_is_a_win() {
        assert!(wins(1_990_000, 2_000_000, 0));
        assert!(!wins(1_990_001, 2_000_000, 0));
        assert!(wins(1_999_000, 2_000_000, EPSILON_BLOCKS));
        assert!(!wins(1_999_001, 2_000_000, EPSILON_BLOCKS));
        assert!(!wins(2_000_000, 2_000_000, u32::MAX));
    }

    #[test]
    fn small_losses_round_in_favor_of_the_earlier_entry() {
        assert!(!wins(0, 0, 0));
        assert!(wins(0, 1, 0));
        // A hundred less 0.5 is more than 99.
        assert!(!wins(100, 100, 0));
        assert!(wins(99, 100, 0));
        assert!(!wins(u32::MAX, u32::MAX, u32::MAX));
    }

    fn losses(of: &[u32]) -> Vec<Loss> {
        of.iter().copied().map(Loss).collect()
    }

    #[test]
    fn difference_of_three_standard_errors_is_a_win() {
        let earlier = losses(&[1_000; 10]);
        let later = |low, high| losses(&[low, high, low, high, low, high, low, high, low, high]);
        // Ten differences of 0 and 4 have the mean 2, and it has the standard error 2/3.
        assert!(is_better(&later(996, 1_000), &earlier, EPSILON_BLOCKS));
        assert!(!is_better(&later(996, 1_001), &earlier, EPSILON_BLOCKS));
        // Half a percent of the mean, in one row of ten.
        let mut lucky = earlier.clone();
        lucky[3] = Loss(900);
        assert!(!is_better(&lucky, &earlier, 0));
        let evenly = losses(&[990; 10]);
        assert!(is_better(&evenly, &earlier, 0));
    }

    #[test]
    fn losses_of_other_numbers_of_rows_do_not_win() {
        assert!(!is_better(&losses(&[1]), &losses(&[9, 9]), 0));
        assert!(!is_better(&losses(&[1, 1]), &losses(&[9]), 0));
        assert!(!is_better(&[], &losses(&[9]), 0));
        assert!(!is_better(&[], &[], 0));
    }

    #[test]
    fn largest_losses_do_not_overflow() {
        let (least, most) = (vec![Loss(0); 4_096], vec![Loss(u32::MAX); 4_096]);
        assert!(is_better(&least, &most, 0));
        assert!(!is_better(&most, &least, 0));
        let half = [&least[..2_048], &most[2_048..]].concat();
        assert!(is_better(&half, &most, 0));
    }

    #[test]
    fn luck_passes_seldom() {
        let mut draw = Seed([8; 32]).draw();
        let mut rows = || {
            let row = |_| Loss(1_000_000 + draw.below(100_000));
            (0..64).map(row).collect::<Vec<Loss>>()
        };
        let (mut lower, mut wins) = (0, 0);
        for _ in 0..4_000 {
            let (later, earlier) = (rows(), rows());
            let is_lower = Loss::sum(&later) < Loss::sum(&earlier);
            lower += u32::from(is_lower);
            wins += u32::from(is_lower && is_proven(&later, &earlier));
        }
        assert!((1_900..2_100).contains(&lower), "{lower}");
        // A normal distribution gives 5.4, and the one of 64 rows 7.7.
        assert!(wins < 20, "{wins}");
    }

    proptest! {
        #[test]
        fn waiting_never_loses_a_win(later: [u32; 8], earlier: [u32; 8], blocks: u32, more: u32) {
            let after = blocks.saturating_add(more);
            prop_assert!(epsilon(after) <= epsilon(blocks));
            prop_assert!(epsilon(blocks) >= EPSILON_LAST);
            let (later, earlier) = (later.map(Loss), earlier.map(Loss));
            let wins = is_better(&later, &earlier, blocks);
            prop_assert!(!wins || is_better(&later, &earlier, after));
            prop_assert!(!wins || !is_better(&earlier, &later, blocks));
        }

        #[test]
        fn better_than_a_record_is_better_than_the_one_before(
            first in prop::array::uniform8(500_000u32..600_000),
            gains in prop::array::uniform8(0u32..60_000),
            more in prop::array::uniform8(0u32..60_000),
            between in 0u32..100_000, after in 0u32..100_000,
        ) {
            let less = |from: [u32; 8], by: [u32; 8]| {
                let mut to = from;
                to.iter_mut().zip(by).for_each(|(it, by)| *it -= by);
                to
            };
            let (record, last) = (less(first, gains), less(less(first, gains), more));
            let [first, record, last] = [first, record, last].map(|it| it.map(Loss));
            prop_assume!(is_better(&record, &first, between));
            prop_assume!(is_better(&last, &record, after));
            prop_assert!(is_better(&last, &first, between + after));
        }
    }
}
