//! The same model in `f64`, loop by loop, for comparison.

use super::{Config, Layout};
use std::{vec, vec::Vec};

/// Returns the mean loss of `rows`.
pub(super) fn loss(config: &Config, weights: &[f64], rows: &[u8]) -> f64 {
    let row = config.context + 1;
    let losses: Vec<f64> = rows
        .chunks(row)
        .map(|row| row_loss(config, weights, row))
        .collect();
    losses.iter().sum::<f64>() / losses.len() as f64
}

fn row_loss(config: &Config, weights: &[f64], row: &[u8]) -> f64 {
    let layout = Layout::new(config);
    let (width, heads) = (config.width, config.heads);
    let head = width / heads;
    let tokens = &weights[layout.tokens.clone()];
    let positions = &weights[layout.positions.clone()];
    let mut x: Vec<Vec<f64>> = (0..config.context)
        .map(|t| {
            let token = usize::from(row[t]);
            (0..width)
                .map(|j| tokens[token * width + j] + positions[t * width + j])
                .collect()
        })
        .collect();
    for layer in &layout.layers {
        let normed = norm(&x, &weights[layer.attention_gain.clone()]);
        let qkv = times(&normed, &weights[layer.attention_in.clone()], 3 * width);
        let mut attended = vec![vec![0.0; width]; config.context];
        for h in 0..heads {
            let column = h * head;
            for t in 0..config.context {
                let scores: Vec<f64> = (0..=t)
                    .map(|u| {
                        let products =
                            (0..head).map(|j| qkv[t][column + j] * qkv[u][width + column + j]);
                        products.sum::<f64>() / (head as f64).sqrt()
                    })
                    .collect();
                let total: f64 = scores.iter().map(|score| score.exp()).sum();
                for (u, score) in scores.iter().enumerate() {
                    for j in 0..head {
                        attended[t][column + j] +=
                            score.exp() / total * qkv[u][2 * width + column + j];
                    }
                }
            }
        }
        add(
            &mut x,
            &times(&attended, &weights[layer.attention_out.clone()], width),
        );
        let normed = norm(&x, &weights[layer.hidden_gain.clone()]);
        let mut hidden = times(&normed, &weights[layer.hidden_in.clone()], config.hidden);
        hidden
            .iter_mut()
            .flatten()
            .for_each(|value| *value = value.max(0.0));
        add(
            &mut x,
            &times(&hidden, &weights[layer.hidden_out.clone()], width),
        );
    }
    let normed = norm(&x, &weights[layout.gain.clone()]);
    let mut total = 0.0;
    for (t, x) in normed.iter().enumerate() {
        let logits: Vec<f64> = tokens
            .chunks(width)
            .map(|token| token.iter().zip(x).map(|(a, b)| a * b).sum())
            .collect();
        let sum: f64 = logits.iter().map(|logit: &f64| logit.exp()).sum();
        total += sum.ln() - logits[usize::from(row[t + 1])];
    }
    total / config.context as f64
}

fn norm(x: &[Vec<f64>], gain: &[f64]) -> Vec<Vec<f64>> {
    x.iter()
        .map(|x| {
            let square = x.iter().map(|value| value * value).sum::<f64>() / x.len() as f64;
            let factor = 1.0 / (square + f64::from(super::EPSILON)).sqrt();
            x.iter()
                .zip(gain)
                .map(|(value, gain)| value * factor * gain)
                .collect()
        })
        .collect()
}

fn times(x: &[Vec<f64>], matrix: &[f64], columns: usize) -> Vec<Vec<f64>> {
    x.iter()
        .map(|x| {
            (0..columns)
                .map(|j| {
                    x.iter()
                        .enumerate()
                        .map(|(p, value)| value * matrix[p * columns + j])
                        .sum()
                })
                .collect()
        })
        .collect()
}

fn add(x: &mut [Vec<f64>], other: &[Vec<f64>]) {
    for (value, other) in x.iter_mut().flatten().zip(other.iter().flatten()) {
        *value += other;
    }
}
