//! Worth of answers and its moving average, in integers.

use scale::{Decode, Encode};

/// A part of the whole, in parts of 65 535.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Worth(pub u16);

impl Worth {
    /// No worth.
    pub const NONE: Worth = Worth(0);
    /// The worth of a right answer.
    pub const WHOLE: Worth = Worth(u16::MAX);

    /// Returns all or nothing.
    pub const fn whole_if(right: bool) -> Self {
        match right {
            true => Self::WHOLE,
            false => Self::NONE,
        }
    }

    /// Returns `sum / count` of worths, rounded down. The mean of no worths is 0.
    pub fn mean(sum: u64, count: u32) -> Self {
        let mean = sum.checked_div(count.into()).unwrap_or_default();
        Worth(u16::try_from(mean).unwrap_or(u16::MAX))
    }
}

/// The weight of the newest worth in a moving average, in parts of 65 535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Alpha(pub u16);

impl Alpha {
    /// Returns the moving average after `now`, for the average `before`.
    ///
    /// The change is `alpha * |now - before| / 65 535`, rounded up. So an average never passes
    /// `now`, and reaches it after finitely many steps: a miner that stops ends at exactly zero. An
    /// alpha of 0 changes nothing.
    pub fn average(self, before: Worth, now: Worth) -> Worth {
        let whole = u32::from(u16::MAX);
        let distance = u32::from(before.0.abs_diff(now.0));
        // Below 2^32, since both factors are at most 65 535.
        let change = u32::from(self.0).saturating_mul(distance).div_ceil(whole);
        let change = u16::try_from(change).unwrap_or(u16::MAX);
        Worth(match now >= before {
            true => before.0.saturating_add(change),
            false => before.0.saturating_sub(change),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mean_rounds_down() {
        assert_eq!(Worth::mean(5, 2), Worth(2));
        assert_eq!(Worth::mean(3 * 65_535, 3), Worth::WHOLE);
        assert_eq!(Worth::mean(0, 0), Worth::NONE);
    }

    #[test]
    fn average_reaches_zero_and_the_whole() {
        let alpha = Alpha(13_107);
        let mut worth = Worth::WHOLE;
        for _ in 0..60 {
            worth = alpha.average(worth, Worth::NONE);
        }
        assert_eq!(worth, Worth::NONE);
        assert_eq!(alpha.average(worth, Worth::WHOLE), Worth(13_107));
        for _ in 0..60 {
            worth = alpha.average(worth, Worth::WHOLE);
        }
        assert_eq!(worth, Worth::WHOLE);
    }

    proptest! {
        #[test]
        fn average_lies_between(alpha: u16, before: u16, now: u16) {
            let after = Alpha(alpha).average(Worth(before), Worth(now)).0;
            prop_assert!(after >= before.min(now) && after <= before.max(now));
            prop_assert_eq!(Alpha(0).average(Worth(before), Worth(now)), Worth(before));
            prop_assert_eq!(Alpha(u16::MAX).average(Worth(before), Worth(now)), Worth(now));
            let exact = f64::from(before)
                + (f64::from(now) - f64::from(before)) * f64::from(alpha) / 65_535.0;
            prop_assert!((f64::from(after) - exact).abs() < 1.0);
        }
    }
}
