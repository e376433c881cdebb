//! The stake-weighted median: the weight that a majority of the stake agrees on. [2.7]
//!
//! The reference's rule reads: the lowest score whose voters and all below hold more than `sum -
//! kappa`. Seen from above it is: the highest score that, with all above, holds at least `kappa`;
//! if none does, the lowest.
//!
//! The search is that of a telephone book: stake is added up in 32 buckets by the scores' leading
//! bits, the bucket that holds the median is found from above, and only its few scores are looked
//! at again. Its cost is linear in the number of scores, however they lie.

use crate::{
    fixed::{self, Q32},
    score::Score,
};
use ink::prelude::vec::Vec;

/// Scores are looked at in groups of so many. A list of scores is padded with zeros to a multiple.
const GROUP: usize = 8;

const BUCKETS: usize = 32;
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();
const LAST_BUCKET: u32 = 31;

/// Scores that are looked at one by one rather than put into buckets again.
const FEW: usize = 12;

/// Finds the medians of scores by the same voters.
pub struct Median {
    /// Stake of each voter, padded; zero for a validator without active stake, who has no vote.
    votes: Vec<u64>,
    majority: Majority,
    /// Ballots still in question: score and vote.
    ballots: Vec<(u32, u64)>,
}

#[derive(Clone, Copy)]
enum Majority {
    /// Nobody votes: there is no consensus.
    Nobody,
    /// No stake is asked for: the highest score.
    None,
    /// This much of it is.
    Of(u64),
    /// More than there is: the lowest score.
    TooMuch,
}

impl Median {
    /// Prepares for validators of the given active stake and a majority of `kappa`.
    pub fn new(active: &[Q32], kappa: Q32) -> Self {
        let mut votes = active.to_vec();
        fixed::normalise(&mut votes);
        let sum = fixed::sum(&votes);
        let majority = match kappa {
            _ if sum == Q32::ZERO => Majority::Nobody,
            Q32::ZERO => Majority::None,
            kappa if kappa > sum => Majority::TooMuch,
            kappa => Majority::Of(kappa.0),
        };
        let mut votes: Vec<u64> = votes.into_iter().map(|vote| vote.0).collect();
        votes.resize(padded(active.len()), 0);
        Self {
            votes,
            majority,
            ballots: Vec::with_capacity(active.len()),
        }
    }

    /// The median of one score per validator, [`padded`] with zeros.
    pub fn of(&mut self, scores: &[Score]) -> Score {
        let voted = scores
            .iter()
            .zip(&self.votes)
            .filter(|(_, vote)| **vote != 0)
            .map(|(score, _)| *score);
        match self.majority {
            Majority::Nobody => Score::default(),
            Majority::None => voted.max().unwrap_or_default(),
            Majority::TooMuch => voted.min().unwrap_or_default(),
            Majority::Of(kappa) => self.search(scores, kappa),
        }
    }

    /// The highest score that, with all above, has `kappa` of the votes. All votes together have
    /// it.
    fn search(&mut self, scores: &[Score], kappa: u64) -> Score {
        let (highest, votes) = survey(scores, &self.votes);
        if votes < kappa {
            return Score::default(); // Those without a weight for this neuron have the majority.
        }
        let mut shift = 32u32
            .saturating_sub(highest.leading_zeros())
            .saturating_sub(BUCKET_BITS);
        let mut buckets = Buckets::new();
        for (scores, votes) in groups(scores, &self.votes) {
            for (score, vote) in scores.iter().zip(votes) {
                buckets.add(score.0 >> shift, *vote);
            }
        }
        let (bucket, mut above) = buckets.descend(0, kappa);
        self.ballots.clear();
        for (scores, votes) in groups(scores, &self.votes) {
            for (score, vote) in scores.iter().zip(votes) {
                if score.0 >> shift == bucket {
                    self.ballots.push((score.0, *vote));
                }
            }
        }
        while shift > 0 && self.ballots.len() > FEW {
            // With few bits left, the leading ones of a bucket's number are those that all these
            // scores share.
            shift = shift.saturating_sub(BUCKET_BITS);
            let mut buckets = Buckets::new();
            self.ballots
                .iter()
                .for_each(|(score, vote)| buckets.add(score >> shift, *vote));
            let (bucket, more) = buckets.descend(above, kappa);
            self.ballots
                .retain(|(score, _)| Buckets::number(score >> shift) == Buckets::number(bucket));
            above = more;
        }
        Score(decide(&self.ballots, above, kappa))
    }
}

/// The length that a list of `count` scores is padded to.
pub const fn padded(count: usize) -> usize {
    count.next_multiple_of(GROUP)
}

type Group<'a> = (&'a [Score; GROUP], &'a [u64; GROUP]);

/// Scores and votes in groups whose length the compiler knows.
fn groups<'a>(scores: &'a [Score], votes: &'a [u64]) -> impl Iterator<Item = Group<'a>> {
    let pairs = scores.chunks_exact(GROUP).zip(votes.chunks_exact(GROUP));
    pairs.filter_map(|(scores, votes)| Some((scores.try_into().ok()?, votes.try_into().ok()?)))
}

/// The highest score, and the votes for any but zero.
fn survey(scores: &[Score], votes: &[u64]) -> (u32, u64) {
    let (mut highest, mut sum) = (0, 0u64);
    for (scores, votes) in groups(scores, votes) {
        for (score, vote) in scores.iter().zip(votes) {
            highest = score.0.max(highest);
            sum = sum.wrapping_add(if score.0 == 0 { 0 } else { *vote });
        }
    }
    (highest, sum)
}

/// Votes by the leading bits of the score.
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
    fn add(&mut self, bits: u32, vote: u64) {
        if let Some(bucket) = self.0.get_mut(Self::number(bits) as usize) {
            *bucket = bucket.wrapping_add(vote);
        }
    }

    /// The highest bucket that, with all above it, has `kappa`, given what is above all buckets;
    /// and what is above it.
    fn descend(&self, mut above: u64, kappa: u64) -> (u32, u64) {
        for (number, votes) in (0..=LAST_BUCKET).rev().zip(self.0.iter().rev()) {
            let with = above.wrapping_add(*votes);
            if with >= kappa {
                return (number, above);
            }
            above = with;
        }
        (0, above)
    }
}

/// The median among a few ballots, or among many that are alike.
fn decide(ballots: &[(u32, u64)], mut above: u64, kappa: u64) -> u32 {
    let mut limit = u32::MAX;
    loop {
        let next = ballots
            .iter()
            .map(|(score, _)| *score)
            .filter(|score| *score <= limit)
            .max();
        let Some(highest) = next else { return 0 };
        for (score, vote) in ballots {
            above = above.wrapping_add(if *score == highest { *vote } else { 0 });
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

    /// The rule in the reference's words: sort, and take the first score whose cumulative stake
    /// exceeds the minority.
    fn by_sorting(scores: &[u32], votes: &[u64], kappa: u64) -> u32 {
        let mut ballots: Vec<_> = scores
            .iter()
            .zip(votes)
            .filter(|(_, vote)| **vote > 0)
            .collect();
        ballots.sort();
        let sum: u64 = votes.iter().sum();
        let minority = i128::from(sum) - i128::from(kappa);
        let mut below = 0i128;
        for (index, (score, vote)) in ballots.iter().enumerate() {
            below += i128::from(**vote);
            let last_of_its_score = ballots.get(index + 1).is_none_or(|(next, _)| next != score);
            if last_of_its_score && below > minority {
                return **score;
            }
        }
        ballots.last().map_or(0, |(score, _)| **score)
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

    fn elections() -> impl Strategy<Value = (Vec<u32>, Vec<u64>)> {
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
        fn search_finds_what_sorting_finds((scores, stakes) in elections(), share in any::<u16>(), exact in any::<bool>()) {
            let active: Vec<Q32> = stakes.iter().map(|stake| Q32(*stake)).collect();
            let mut votes = active.clone();
            fixed::normalise(&mut votes);
            // A majority at random, or one that some of the votes meet to the last bit.
            let some: u64 = votes.iter().take(usize::from(share)).map(|vote| vote.0).sum();
            let kappa = if exact { Q32(some.min(Q32::ONE.0)) } else { Q32::from_u16(share) };
            let mut ballots: Vec<Score> = scores.iter().map(|score| Score(*score)).collect();
            ballots.resize(padded(scores.len()), Score::default());
            let found = Median::new(&active, kappa).of(&ballots);
            let votes: Vec<u64> = votes.iter().map(|vote| vote.0).collect();
            prop_assert_eq!(found.0, by_sorting(&scores, &votes, kappa.0));
        }
    }

    #[test]
    fn nobody_votes() {
        assert_eq!(
            Median::new(&[Q32::ZERO; 2], Q32::ONE).of(&[Score(5); 8]),
            Score(0)
        );
        assert_eq!(Median::new(&[], Q32::ONE).of(&[]), Score(0));
    }
}
