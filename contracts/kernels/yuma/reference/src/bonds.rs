//! Bonds by both rules. [2.4, 15, 2.5 and 2.6]

use crate::{
    vector::{divide, normalize, normalize_columns, share, upscale_columns, Matrix},
    Params,
};
use substrate_fixed::{
    transcendental,
    types::{I32F32, I64F64},
};

type Held = Vec<Vec<(usize, u16)>>;

fn zero() -> I32F32 {
    I32F32::from_num(0)
}

fn one() -> I32F32 {
    I32F32::from_num(1)
}

fn dense(row: &[(usize, I32F32)], columns: usize) -> Vec<I32F32> {
    let mut result = vec![zero(); columns];
    for (j, value) in row {
        result[*j] = *value;
    }
    result
}

fn sparse(row: impl IntoIterator<Item = I32F32>) -> Vec<(usize, I32F32)> {
    row.into_iter()
        .enumerate()
        .filter(|(_, value)| *value > 0)
        .collect()
}

/// Computes weights between the given and the clipped ones.
pub fn penalize(weights: &Matrix, clipped: &Matrix, columns: usize, penalty: u16) -> Matrix {
    match penalty {
        0 => weights.clone(),
        u16::MAX => clipped.clone(),
        _ => weights
            .iter()
            .zip(clipped)
            .map(|(given, clipped)| {
                let (given, clipped) = (dense(given, columns), dense(clipped, columns));
                sparse(
                    given
                        .iter()
                        .zip(&clipped)
                        .map(|(given, clipped)| *given + share(penalty) * (*clipped - *given)),
                )
            })
            .collect(),
    }
}

/// Returns the part of new weights that enters the bonds.
fn rate(params: &Params) -> I32F32 {
    let inertia = I64F64::from_num(params.bonds_moving_average) / I64F64::from_num(1_000_000);
    one() - I32F32::from_num(inertia)
}

fn move_all(new: &Matrix, old: &Matrix, columns: usize, rate: I32F32) -> Matrix {
    new.iter()
        .zip(old)
        .map(|(new, old)| {
            let (new, old) = (dense(new, columns), dense(old, columns));
            sparse(
                new.iter()
                    .zip(&old)
                    .map(|(new, old)| rate * *new + (one() - rate) * *old),
            )
        })
        .collect()
}

/// Computes dividends and new bonds by Yuma3.
pub fn yuma3(
    params: &Params,
    weights: Matrix,
    held: &Held,
    consensus: &[I32F32],
    incentive: &[I32F32],
    active_stake: &[I32F32],
) -> (Vec<I32F32>, Matrix) {
    let n = weights.len();
    let held: Matrix = held
        .iter()
        .map(|row| row.iter().map(|(j, bond)| (*j, share(*bond))).collect())
        .collect();
    let moved = if params.liquid_alpha && consensus.iter().any(|consensus| *consensus != 0) {
        weights
            .iter()
            .zip(&held)
            .map(|(row, held)| {
                let held = dense(held, n);
                row.iter()
                    .map(|(j, weight)| {
                        let alpha = liquid_alpha(params, consensus[*j], *weight, held[*j]);
                        let bond = (one() - alpha) * held[*j] + (alpha * *weight).max(zero());
                        (*j, bond.min(one()))
                    })
                    .filter(|(_, bond)| *bond > 0)
                    .collect()
            })
            .collect()
    } else {
        move_all(&weights, &held, n, rate(params))
    };
    let mut parts = moved.clone();
    normalize_columns(&mut parts, n);
    let mut dividends: Vec<I32F32> = parts
        .iter()
        .zip(active_stake)
        .map(|(row, stake)| {
            row.iter()
                .map(|(j, part)| *part * incentive[*j])
                .sum::<I32F32>()
                * *stake
        })
        .collect();
    normalize(&mut dividends);
    (dividends, moved)
}

/// Computes dividends and new bonds by Yuma2.
pub fn yuma2(
    params: &Params,
    weights: Matrix,
    held: &Held,
    incentive: &[I32F32],
    active_stake: &[I32F32],
) -> (Vec<I32F32>, Matrix) {
    let n = weights.len();
    let mut held: Matrix = held
        .iter()
        .map(|row| {
            row.iter()
                .map(|(j, bond)| (*j, I32F32::from_num(*bond)))
                .collect()
        })
        .collect();
    normalize_columns(&mut held, n);
    let mut bought: Matrix = weights
        .iter()
        .zip(active_stake)
        .map(|(row, stake)| {
            row.iter()
                .map(|(j, weight)| (*j, *weight * *stake))
                .collect()
        })
        .collect();
    normalize_columns(&mut bought, n);
    let mut moved = move_all(&bought, &held, n, rate(params));
    normalize_columns(&mut moved, n);
    let mut dividends: Vec<I32F32> = moved
        .iter()
        .map(|row| row.iter().map(|(j, part)| incentive[*j] * *part).sum())
        .collect();
    normalize(&mut dividends);
    upscale_columns(&mut moved, n);
    (dividends, moved)
}

/// Computes the rate of one bond: a sigmoid of the validator's distance from consensus.
fn liquid_alpha(params: &Params, consensus: I32F32, weight: I32F32, bond: I32F32) -> I32F32 {
    let clamp = |value: I32F32| value.min(one()).max(zero());
    let (buy, sell) = (clamp(weight - consensus), clamp(bond - weight));
    let distance = if weight >= bond { buy } else { sell };
    let (low, high) = (share(params.alpha_low), share(params.alpha_high));
    let slope = I32F32::from_num(params.alpha_sigmoid_steepness) / I32F32::from_num(-100);
    let exponent = slope.saturating_mul(distance - I32F32::from_num(0.5));
    let sigmoid = divide(one(), one().saturating_add(exp(exponent)));
    (low + sigmoid.saturating_mul(high - low))
        .min(high)
        .max(low)
}

fn exp(exponent: I32F32) -> I32F32 {
    let bound = I32F32::from_num(20);
    let exponent = exponent.min(bound).max(-bound);
    let failed = if exponent <= 0 {
        zero()
    } else {
        I32F32::max_value()
    };
    transcendental::exp(exponent).unwrap_or(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The library's series has the peculiarities on which the rule depends. [1.3]
    #[test]
    fn exponentials_are_the_rules_own() {
        assert_eq!(exp(one()).to_bits(), 11_674_931_200);
        assert_eq!(exp(I32F32::from_num(-20)).to_bits(), 8);
        assert_eq!(exp(I32F32::from_num(20)).to_num::<u64>(), 481_239_357);
    }
}
