//! The part by which a later entry must be better.

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

/// Returns true if an entry wins against one that was pledged so many `blocks` earlier.
///
/// It does if `later * 1 000 000 <= earlier * (1 000 000 - epsilon)`, in integers without rounding,
/// and is below `earlier`. The second condition decides only for a loss of zero.
pub const fn is_better(later: Loss, earlier: Loss, blocks: u32) -> bool {
    let kept = MILLION.saturating_sub(epsilon(blocks));
    // Below 2^84.
    let scaled = (later.0 as u128).saturating_mul(MILLION as u128);
    let bound = (earlier.0 as u128).saturating_mul(kept as u128);
    later.0 < earlier.0 && scaled <= bound
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn bound_is_a_win() {
        let earlier = Loss(2_000_000);
        assert!(is_better(Loss(1_990_000), earlier, 0));
        assert!(!is_better(Loss(1_990_001), earlier, 0));
        assert!(is_better(Loss(1_999_000), earlier, EPSILON_BLOCKS));
        assert!(!is_better(Loss(1_999_001), earlier, EPSILON_BLOCKS));
        assert!(!is_better(earlier, earlier, u32::MAX));
    }

    #[test]
    fn small_losses_round_in_favor_of_the_earlier_entry() {
        assert!(!is_better(Loss(0), Loss(0), 0));
        assert!(is_better(Loss(0), Loss(1), 0));
        // A hundred less 0.5 is more than 99.
        assert!(!is_better(Loss(100), Loss(100), 0));
        assert!(is_better(Loss(99), Loss(100), 0));
        assert!(!is_better(Loss(u64::MAX), Loss(u64::MAX), u32::MAX));
    }

    proptest! {
        #[test]
        fn waiting_never_loses_a_win(later: u64, earlier: u64, blocks: u32, more: u32) {
            let after = blocks.saturating_add(more);
            prop_assert!(epsilon(after) <= epsilon(blocks));
            prop_assert!(epsilon(blocks) >= EPSILON_LAST);
            let wins = is_better(Loss(later), Loss(earlier), blocks);
            prop_assert!(!wins || is_better(Loss(later), Loss(earlier), after));
        }

        #[test]
        fn better_than_a_record_is_better_than_the_one_before(
            first in 1u64..10_000_000, gain: u16, last in 0u64..10_000_000,
            between in 0u32..100_000, after in 0u32..100_000,
        ) {
            let record = first - u64::from(gain).min(first);
            prop_assume!(is_better(Loss(record), Loss(first), between));
            prop_assume!(is_better(Loss(last), Loss(record), after));
            prop_assert!(is_better(Loss(last), Loss(first), between + after));
        }
    }
}
