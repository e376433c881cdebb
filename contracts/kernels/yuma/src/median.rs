//! The stake-weighted median: the highest weight that a majority of the stake supports. [2.7]
//!
//! The reference's rule: the lowest score such that the stake behind it and all lower scores is
//! more than `sum - kappa`. Seen from above: the highest score such that the stake behind it and
//! all higher scores is at least `kappa`; the lowest score if there is no such one.
//!
//! The search adds up stake in 32 buckets by the leading bits of scores, from the highest bucket
//! down to the one with the median. Then it repeats on the scores of that bucket alone. The cost is
//! linear in the number of scores, for any distribution.

use crate::{
    fixed::{self, Q32},
    score::Score,
};
use ink::prelude::vec::Vec;

/// Scores per group of the inner loops. A list of scores is padded with zeros to a multiple.
const GROUP: usize = 8;

const BUCKETS: usize = 32;
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();
const LAST_BUCKET: u32 = 31;

/// Number of scores up to which the search compares them one by one.
const FEW: usize = 12;

/// Computes medians of scores by the same validators.
pub struct Median {
    /// Active stake of each validator, padded with zeros.
    stakes: Vec<u64>,
    majority: Majority,
    /// Scores that may be the median, each with the stake behind it.
    candidates: Vec<(u32, u64)>,
}

/// Stake that must support the median.
#[derive(Clone, Copy)]
enum Majority {
    /// Any, but no stake is active. There is no consensus.
    NoStake,
    /// Zero. The median is the highest score.
    Zero,
    /// This amount.
    Of(u64),
    /// More than all active stake. The median is the lowest score.
    MoreThanAll,
}

impl Median {
    /// Prepares for validators of the given active stake and a majority of `kappa`.
    pub fn new(active: &[Q32], kappa: Q32) -> Self {
        let mut stakes = active.to_vec();
        fixed::normalize(&mut stakes);
        let sum = fixed::sum(&stakes);
        let majority = match kappa {
            _ if sum == Q32::ZERO => Majority::NoStake,
            Q32::ZERO => Majority::Zero,
            kappa if kappa > sum => Majority::MoreThanAll,
            kappa => Majority::Of(kappa.0),
        };
        let mut stakes: Vec<u64> = stakes.into_iter().map(|stake| stake.0).collect();
        stakes.resize(padded(active.len()), 0);
        Self {
            stakes,
            majority,
            candidates: Vec::with_capacity(active.len()),
        }
    }

    /// Returns the median of one score per validator, [`padded`] with zeros.
    pub fn of(&mut self, scores: &[Score]) -> Score {
        let backed = scores
            .iter()
            .zip(&self.stakes)
            .filter(|(_, stake)| **stake != 0)
            .map(|(score, _)| *score);
        match self.majority {
            Majority::NoStake => Score::default(),
            Majority::Zero => backed.max().unwrap_or_default(),
            Majority::MoreThanAll => backed.min().unwrap_or_default(),
            Majority::Of(kappa) => self.search(scores, kappa),
        }
    }

    /// Returns the highest score that, with all higher ones, has `kappa` of the stake. All stake is
    /// at least `kappa`.
    fn search(&mut self, scores: &[Score], kappa: u64) -> Score {
        let (highest, backing) = survey(scores, &self.stakes);
        if backing < kappa {
            return Score::default(); // Validators without a weight for this neuron are the
                                     // majority.
        }
        let mut shift = 32u32
            .saturating_sub(highest.leading_zeros())
            .saturating_sub(BUCKET_BITS);
        let mut buckets = Buckets::new();
        for (scores, stakes) in groups(scores, &self.stakes) {
            for (score, stake) in scores.iter().zip(stakes) {
                buckets.add(score.0 >> shift, *stake);
            }
        }
        let (bucket, mut above) = buckets.descend(0, kappa);
        self.candidates.clear();
        for (scores, stakes) in groups(scores, &self.stakes) {
            for (score, stake) in scores.iter().zip(stakes) {
                if score.0 >> shift == bucket {
                    self.candidates.push((score.0, *stake));
                }
            }
        }
        while shift > 0 && self.candidates.len() > FEW {
            // With few bits left, a bucket's number begins with bits that all candidates share.
            shift = shift.saturating_sub(BUCKET_BITS);
            let mut buckets = Buckets::new();
            self.candidates
                .iter()
                .for_each(|(score, stake)| buckets.add(score >> shift, *stake));
            let (bucket, more) = buckets.descend(above, kappa);
            self.candidates
                .retain(|(score, _)| Buckets::number(score >> shift) == Buckets::number(bucket));
            above = more;
        }
        Score(decide(&self.candidates, above, kappa))
    }
}

/// Returns the length to which a list of `count` scores is padded.
pub const fn padded(count: usize) -> usize {
    count.next_multiple_of(GROUP)
}

type Group<'a> = (&'a [Score; GROUP], &'a [u64; GROUP]);

/// Returns scores and stakes in groups whose length the compiler knows.
fn groups<'a>(scores: &'a [Score], stakes: &'a [u64]) -> impl Iterator<Item = Group<'a>> {
    let pairs = scores.chunks_exact(GROUP).zip(stakes.chunks_exact(GROUP));
    pairs.filter_map(|(scores, stakes)| Some((scores.try_into().ok()?, stakes.try_into().ok()?)))
}

/// Returns the highest score, and the stake behind all scores but zero.
fn survey(scores: &[Score], stakes: &[u64]) -> (u32, u64) {
    let (mut highest, mut sum) = (0, 0u64);
    for (scores, stakes) in groups(scores, stakes) {
        for (score, stake) in scores.iter().zip(stakes) {
            highest = score.0.max(highest);
            sum = sum.wrapping_add(if score.0 == 0 { 0 } else { *stake });
        }
    }
    (highest, sum)
}

/// Stake by the leading bits of the score.
struct Buckets([u64; BUCKETS]);

impl Buckets {
    const fn new() -> Self {
        Self([0; BUCKETS])
    }

    #[inline(always)]
    const fn number(bits: u32) -> u32 {
        bits & LAST_BUCKET
    }

    #[inline(always)]
    fn add(&mut self, bits: u32, stake: u64) {
        if let Some(bucket) = self.0.get_mut(Self::number(bits) as usize) {
            *bucket = bucket.wrapping_add(stake);
        }
    }

    /// Returns the highest bucket that, with all stake above it, has `kappa`, and the stake above
    /// it. `above` is the stake above all buckets.
    fn descend(&self, mut above: u64, kappa: u64) -> (u32, u64) {
        for (number, stake) in (0..=LAST_BUCKET).rev().zip(self.0.iter().rev()) {
            let with = above.wrapping_add(*stake);
            if with >= kappa {
                return (number, above);
            }
            above = with;
        }
        (0, above)
    }
}

/// Returns the median among a few candidates, or among many with the same score.
fn decide(candidates: &[(u32, u64)], mut above: u64, kappa: u64) -> u32 {
    let mut limit = u32::MAX;
    loop {
        let next = candidates
            .iter()
            .map(|(score, _)| *score)
            .filter(|score| *score <= limit)
            .max();
        let Some(highest) = next else { return 0 };
        for (score, stake) in candidates {
            above = above.wrapping_add(if *score == highest { *stake } else { 0 });
        }
        match highest.checked_sub(1) {
            Some(lower) if above < kappa => limit = lower,
            _ => return highest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Finds the median as the reference states the rule: sort, and take the first score whose
    /// cumulative stake exceeds the minority.
    fn by_sorting(scores: &[u32], stakes: &[u64], kappa: u64) -> u32 {
        let mut sorted: Vec<_> = scores
            .iter()
            .zip(stakes)
            .filter(|(_, stake)| **stake > 0)
            .collect();
        sorted.sort();
        let sum: u64 = stakes.iter().sum();
        let minority = i128::from(sum) - i128::from(kappa);
        let mut below = 0i128;
        for (index, (score, stake)) in sorted.iter().enumerate() {
            below += i128::from(**stake);
            let last_of_its_score = sorted.get(index + 1).is_none_or(|(next, _)| next != score);
            if last_of_its_score && below > minority {
                return **score;
            }
        }
        sorted.last().map_or(0, |(score, _)| **score)
    }

    fn scores(len: usize) -> impl Strategy<Value = Vec<u32>> {
        let score = prop_oneof![
            2 => Just(0u32),
            1 => Just(u32::MAX),
            2 => 0..4u32,
            2 => (0u32..32).prop_map(|shift| 1 << shift),
            2 => 1_000_000..1_000_040u32,
            4 => any::<u32>(),
        ];
        prop_oneof![
            prop::collection::vec(score, len),
            prop::collection::vec(1_000_000..1_001_000u32, len),
            any::<u32>().prop_map(move |score| vec![score; len]),
        ]
    }

    fn scores_and_stakes() -> impl Strategy<Value = (Vec<u32>, Vec<u64>)> {
        (1usize..130).prop_flat_map(|len| {
            let stake = prop_oneof![
                Just(0u64),
                Just(1),
                0..1_000_000_000u64,
                (0u32..32).prop_map(|bits| 1 << bits)
            ];
            (scores(len), prop::collection::vec(stake, len))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn search_agrees_with_sorting(
            (scores, stakes) in scores_and_stakes(),
            share in any::<u16>(),
            exact in any::<bool>(),
        ) {
            let active: Vec<Q32> = stakes.iter().map(|stake| Q32(*stake)).collect();
            let mut normal = active.clone();
            fixed::normalize(&mut normal);
            // A majority at random, or one that some of the stake meets to the last bit.
            let some: u64 = normal.iter().take(usize::from(share)).map(|stake| stake.0).sum();
            let kappa = if exact { Q32(some.min(Q32::ONE.0)) } else { Q32::from_u16(share) };
            let mut row: Vec<Score> = scores.iter().map(|score| Score(*score)).collect();
            row.resize(padded(scores.len()), Score::default());
            let found = Median::new(&active, kappa).of(&row);
            let normal: Vec<u64> = normal.iter().map(|stake| stake.0).collect();
            prop_assert_eq!(found.0, by_sorting(&scores, &normal, kappa.0));
        }
    }

    #[test]
    fn without_active_stake_there_is_no_consensus() {
        assert_eq!(
            Median::new(&[Q32::ZERO; 2], Q32::ONE).of(&[Score(5); 8]),
            Score(0)
        );
        assert_eq!(Median::new(&[], Q32::ONE).of(&[]), Score(0));
    }
}
