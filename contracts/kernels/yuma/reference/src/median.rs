//! The stake-weighted median by the selection of its definition. [2.7]

use crate::vector::{normalize, Matrix};
use substrate_fixed::types::I32F32;

/// Computes the median of each column over the rows with stake. A missing entry is a zero.
pub fn weighted_median_columns(
    stake: &[I32F32],
    scores: &Matrix,
    columns: usize,
    majority: I32F32,
) -> Vec<I32F32> {
    let zero = I32F32::from_num(0);
    let voters: Vec<usize> = (0..stake.len()).filter(|i| stake[*i] > 0).collect();
    let mut votes: Vec<I32F32> = voters.iter().map(|i| stake[*i]).collect();
    normalize(&mut votes);
    let sum: I32F32 = votes.iter().sum();
    let minority = sum.saturating_sub(majority);

    let mut table = vec![vec![zero; voters.len()]; columns];
    for (voter, i) in voters.iter().enumerate() {
        for (j, score) in &scores[*i] {
            table[*j][voter] = *score;
        }
    }
    let all: Vec<usize> = (0..voters.len()).collect();
    table
        .iter()
        .map(|scores| select(&votes, scores, &all, minority, zero, sum))
        .collect()
}

/// Selects among the `ballots`, whose votes lie between `low` and `high` on the way from 0 to the
/// sum of all.
fn select(
    votes: &[I32F32],
    scores: &[I32F32],
    ballots: &[usize],
    minority: I32F32,
    low: I32F32,
    high: I32F32,
) -> I32F32 {
    match ballots {
        [] => return I32F32::from_num(0),
        [one] => return scores[*one],
        _ => (),
    }
    let pivot = scores[ballots[ballots.len() / 2]];
    let below: Vec<usize> = ballots
        .iter()
        .copied()
        .filter(|i| scores[*i] < pivot)
        .collect();
    let above: Vec<usize> = ballots
        .iter()
        .copied()
        .filter(|i| scores[*i] > pivot)
        .collect();
    let votes_of = |some: &[usize]| -> I32F32 { some.iter().map(|i| votes[*i]).sum() };
    let up_to_below = low + votes_of(&below);
    let from_above = high - votes_of(&above);
    if minority < up_to_below && !below.is_empty() {
        select(votes, scores, &below, minority, low, up_to_below)
    } else if from_above <= minority && !above.is_empty() {
        select(votes, scores, &above, minority, from_above, high)
    } else {
        pivot
    }
}
