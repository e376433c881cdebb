//! The stake-weighted median: the highest weight that a majority of the stake supports. [2.7]
//!
//! The reference's rule: the lowest score such that the stake behind it and all lower scores is
//! more than `sum - kappa`. Seen from above: the highest score such that the stake behind it and
//! all higher scores is at least `kappa`; the lowest score if there is no such one.
//!
//! A neuron without weights by a majority has the median zero, which is found without its scores
//! ([`Electorate::heard`]). For the others, the search adds up stake in 32 buckets by the leading
//! bits of scores, from the highest bucket down to the one with the median. Then it repeats on the
//! scores of that bucket alone. The cost is linear in the number of scores, for any distribution.

use crate::{
    columns::{bit, Bits, WIDTH},
    fixed::{self, Q32},
};
use ink::prelude::vec::Vec;

const BUCKETS: usize = 32;
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();
const LAST_BUCKET: u32 = 31;

/// Number of scores up to which the search compares them one by one.
const FEW: usize = 12;

/// The validators whose scores have a median, with their stake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Electorate {
    /// Active stake of each validator.
    stakes: Vec<u64>,
    majority: Majority,
}

/// Computes medians of scores by the same validators.
pub struct Median {
    majority: Majority,
    /// Scores that may be the median, each with the stake behind it.
    candidates: Vec<(u32, u64)>,
}

/// Stake that must support the median.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Majority {
    /// Any, but no stake is active. There is no consensus.
    NoStake,
    /// Zero. The median is the highest score.
    Zero,
    /// This amount.
    Of(u64),
    /// More than all active stake, which is this amount. The median is the lowest score.
    MoreThan(u64),
}

impl Electorate {
    /// Takes validators of the given active stake and a majority of `kappa`.
    pub fn new(active: &[Q32], kappa: Q32) -> Self {
        let mut stakes = active.to_vec();
        fixed::normalize(&mut stakes);
        let sum = fixed::sum(&stakes);
        let majority = match kappa {
            _ if sum == Q32::ZERO => Majority::NoStake,
            Q32::ZERO => Majority::Zero,
            kappa if kappa > sum => Majority::MoreThan(sum.0),
            kappa => Majority::Of(kappa.0),
        };
        Self {
            stakes: stakes.into_iter().map(|stake| stake.0).collect(),
            majority,
        }
    }

    /// Returns the active stake of each validator.
    pub fn stakes(&self) -> &[u64] {
        &self.stakes
    }

    /// Returns the mask of the columns whose median is not zero. `masks` has the columns with
    /// weights of each validator.
    #[inline(always)]
    pub fn heard(&self, masks: &[u64]) -> u64 {
        let required = match self.majority {
            Majority::NoStake => return 0,
            Majority::Zero => 1,
            Majority::Of(stake) | Majority::MoreThan(stake) => stake,
        };
        // A row is walked by what it has or by what it lacks, whichever is shorter.
        let (mut everywhere, mut backing) = (0u64, [0u64; WIDTH]);
        for (mask, stake) in masks.iter().zip(&self.stakes) {
            if mask.count_zeros() > mask.count_ones() {
                for column in Bits(*mask) {
                    backing[column] = backing[column].wrapping_add(*stake);
                }
            } else {
                everywhere = everywhere.wrapping_add(*stake);
                for column in Bits(!*mask) {
                    backing[column] = backing[column].wrapping_sub(*stake);
                }
            }
        }
        let enough = |(column, backing): (usize, &u64)| {
            let enough = backing.wrapping_add(everywhere) >= required;
            if enough {
                bit(column)
            } else {
                0
            }
        };
        backing
            .iter()
            .enumerate()
            .map(enough)
            .fold(0, |all, one| all | one)
    }
}

impl Median {
    /// Prepares for scores by `electorate`.
    pub fn new(electorate: &Electorate) -> Self {
        Self {
            majority: electorate.majority,
            candidates: Vec::with_capacity(electorate.stakes.len()),
        }
    }

    /// Returns the median of a neuron that is heard. `scores` has all scores of validators that are
    /// not zero, each with the validator's stake. `highest` is the largest of them.
    pub fn of(
        &mut self,
        highest: u32,
        scores: impl ExactSizeIterator<Item = (u32, u64)> + Clone,
    ) -> u32 {
        match self.majority {
            Majority::NoStake => 0,
            Majority::Of(kappa) => self.search(highest, scores, kappa),
            Majority::Zero | Majority::MoreThan(_) => {
                self.candidates.clear();
                self.candidates
                    .extend(scores.filter(|(_, stake)| *stake != 0));
                self.extreme()
            }
        }
    }

    /// Returns the highest of the candidates' scores, or the lowest if the majority is more than
    /// all stake.
    fn extreme(&self) -> u32 {
        let scores = self.candidates.iter().map(|(score, _)| *score);
        let found = match self.majority {
            Majority::MoreThan(_) => scores.min(),
            _ => scores.max(),
        };
        found.unwrap_or_default()
    }

    /// Returns the highest score that, with all higher ones, has `kappa` of the stake. All stake is
    /// at least `kappa`.
    fn search(
        &mut self,
        highest: u32,
        scores: impl ExactSizeIterator<Item = (u32, u64)> + Clone,
        kappa: u64,
    ) -> u32 {
        self.candidates.clear();
        if scores.len() <= FEW {
            self.candidates.extend(scores);
            return decide(&self.candidates, 0, kappa);
        }
        let shift = 32u32
            .saturating_sub(highest.leading_zeros())
            .saturating_sub(BUCKET_BITS);
        let mut buckets = Buckets::new();
        for (score, stake) in scores.clone() {
            buckets.add(score >> shift, stake);
        }
        let (bucket, above) = buckets.descend(0, kappa);
        for (score, stake) in scores {
            if score >> shift == bucket {
                self.candidates.push((score, stake));
            }
        }
        self.narrow(shift, above, kappa)
    }

    /// Returns the median among the candidates, whose scores have the same bits above `shift`.
    /// `above` is the stake behind all higher scores.
    fn narrow(&mut self, mut shift: u32, mut above: u64, kappa: u64) -> u32 {
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
        decide(&self.candidates, above, kappa)
    }
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
            full in any::<u64>(),
        ) {
            let active: Vec<Q32> = stakes.iter().map(|stake| Q32(*stake)).collect();
            let mut normal = active.clone();
            fixed::normalize(&mut normal);
            // A majority at random, or one that some of the stake meets to the last bit.
            let some: u64 = normal.iter().take(usize::from(share)).map(|stake| stake.0).sum();
            let kappa = if exact { Q32(some.min(Q32::ONE.0)) } else { Q32::from_u16(share) };
            let electorate = Electorate::new(&active, kappa);
            let mut median = Median::new(&electorate);
            // The first column, in rows that have few other columns or all of them.
            let others = |place: usize| if full >> (place % 64) & 1 == 0 { 0 } else { !1 };
            let masks: Vec<u64> = scores
                .iter()
                .enumerate()
                .map(|(place, score)| others(place) | u64::from(*score != 0))
                .collect();
            let pairs = || scores.iter().copied().zip(electorate.stakes().to_vec());
            let highest = scores.iter().copied().max().unwrap_or_default();
            let all: Vec<_> = pairs().collect();
            let given: Vec<_> = pairs().filter(|(score, _)| *score != 0).collect();
            let normal: Vec<u64> = normal.iter().map(|stake| stake.0).collect();
            let expected = by_sorting(&scores, &normal, kappa.0);
            prop_assert_eq!(electorate.heard(&masks) & 1, u64::from(expected != 0));
            if expected != 0 {
                prop_assert_eq!(median.of(highest, given.into_iter()), expected);
                prop_assert_eq!(median.of(highest, all.into_iter()), expected);
            }
        }
    }

    #[test]
    fn without_active_stake_there_is_no_consensus() {
        assert_eq!(Electorate::new(&[Q32::ZERO; 2], Q32::ONE).heard(&[1; 2]), 0);
        assert_eq!(Electorate::new(&[], Q32::ONE).heard(&[]), 0);
    }
}
