//! One Yuma epoch over whole matrices: a transcription of the rule, in its order and with its
//! fixed-point types.
//!
//! The transcription has no chunks, phases or carries, shares no code with the kernel, and is plain
//! rather than quick. Tests compare the kernel with it on random metagraphs; the benchmark takes it
//! as the baseline. Numbers in brackets are sections of subtensor-reference.md.
#![forbid(unsafe_code)]

mod bonds;
mod emission;
mod median;
mod metagraph;
mod vector;

pub use metagraph::{Metagraph, Neuron, Outcome, Params, Row};

use substrate_fixed::types::{I32F32, I64F64};
use vector::{normalize, normalize_rows, share, share_to_u16, Matrix};

/// Computes the epoch of `metagraph`. [2.4]
pub fn epoch(metagraph: &Metagraph) -> Outcome {
    let Metagraph {
        params,
        neurons,
        weights,
        bonds,
    } = metagraph;
    let n = neurons.len();
    let owner = params.owner_uid.map(usize::from).filter(|owner| *owner < n);

    // 1. Active neurons.
    let active: Vec<bool> = neurons
        .iter()
        .map(|neuron| {
            neuron.last_update.saturating_add(params.activity_cutoff) >= params.current_block
        })
        .collect();

    // 2 and 3. Stake: filtered, normalized in 64.64, then in 32.32.
    let mut stake: Vec<I64F64> = neurons
        .iter()
        .map(|neuron| I64F64::from_num(neuron.stake))
        .collect();
    for (uid, stake) in stake.iter_mut().enumerate() {
        if stake.to_num::<u64>() < params.min_stake && owner != Some(uid) {
            *stake = I64F64::from_num(0);
        }
    }
    let total: I64F64 = stake.iter().sum();
    let stake: Vec<I32F32> = stake
        .iter()
        .map(|stake| I32F32::from_num(stake.checked_div(total).unwrap_or_default()))
        .collect();

    // 4 and 5. Permits now, and for the next epoch.
    let mut permits: Vec<bool> = neurons
        .iter()
        .map(|neuron| neuron.validator_permit)
        .collect();
    let mut next_permits = largest(&stake, usize::from(params.max_allowed_validators));
    if let Some(owner) = owner {
        permits[owner] = true;
        next_permits[owner] = true;
    }

    // 6. Active stake.
    let mut active_stake = stake.clone();
    for uid in 0..n {
        if !active[uid] || !permits[uid] {
            active_stake[uid] = I32F32::from_num(0);
        }
    }
    normalize(&mut active_stake);

    // 7 to 10. Weights.
    let mut w: Matrix = vec![Vec::new(); n];
    for (uid, row) in weights {
        let i = usize::from(*uid);
        if i >= n || !permits[i] {
            continue;
        }
        for (uid, weight) in row {
            let j = usize::from(*uid);
            let own = i == j && owner != Some(i);
            let outdated = j < n && neurons[i].last_update <= neurons[j].registered_at;
            let committed = neurons[i].commit_block.unwrap_or(u64::MAX);
            let uncovered = params.commit_reveal && j < n && committed < neurons[j].registered_at;
            if j < n && !own && !outdated && !uncovered {
                w[i].push((j, I32F32::from_num(*weight)));
            }
        }
    }
    normalize_rows(&mut w);

    // 11 and 12. Consensus, and weights clipped to it.
    let consensus = median::weighted_median_columns(&active_stake, &w, n, share(params.kappa));
    let clipped: Matrix = w
        .iter()
        .map(|row| {
            row.iter()
                .filter(|(j, weight)| consensus[*j] >= *weight || consensus[*j] > 0)
                .map(|(j, weight)| (*j, (*weight).min(consensus[*j])))
                .collect()
        })
        .collect();

    // 13 and 14. Validator trust, ranks, incentive.
    let trust: Vec<I32F32> = clipped
        .iter()
        .map(|row| row.iter().map(|(_, weight)| *weight).sum())
        .collect();
    let mut incentive = vec![I32F32::from_num(0); n];
    for (row, stake) in clipped.iter().zip(&active_stake) {
        for (j, weight) in row {
            incentive[*j] += *stake * *weight;
        }
    }
    normalize(&mut incentive);

    // 15 to 17. Bonds and dividends.
    let followed = bonds::penalize(&w, &clipped, n, params.bonds_penalty);
    let last_tempo = match params.last_mechanism_step_block {
        0 => params.current_block.saturating_sub(params.tempo),
        block => block + 1,
    };
    let mut held: Vec<Vec<(usize, u16)>> = vec![Vec::new(); n];
    for (uid, row) in bonds {
        if usize::from(*uid) < n {
            held[usize::from(*uid)] = row
                .iter()
                .map(|(j, bond)| (usize::from(*j), *bond))
                .filter(|(j, _)| *j < n && last_tempo > neurons[*j].registered_at)
                .collect();
        }
    }
    let (dividends, bonds) = if params.yuma3 {
        bonds::yuma3(
            params,
            followed,
            &held,
            &consensus,
            &incentive,
            &active_stake,
        )
    } else {
        bonds::yuma2(params, followed, &held, &incentive, &active_stake)
    };

    // 18 and 19. Emission.
    let any_active = active_stake.iter().any(|stake| *stake > 0);
    let claims = emission::Claims {
        incentive: &incentive,
        dividends: &dividends,
        fallback: if any_active { &active_stake } else { &stake },
    };
    let pay = match params.split {
        None => claims.combined(params.rao_emission),
        Some((miners, validators)) => claims.split(miners, validators),
    };

    // 20. Outputs.
    let u16s = |shares: &[I32F32]| -> Vec<u16> {
        shares.iter().map(|share| share_to_u16(*share)).collect()
    };
    Outcome {
        active,
        bonds: bonds
            .iter()
            .enumerate()
            .filter(|(uid, _)| next_permits[*uid])
            .map(|(uid, row)| {
                (
                    uid,
                    row.iter()
                        .map(|(j, bond)| (*j, share_to_u16(*bond)))
                        .filter(|(_, bond)| *bond > 0),
                )
            })
            .map(|(uid, row)| {
                (
                    uid as u16,
                    row.map(|(j, bond)| (j as u16, bond)).collect::<Vec<_>>(),
                )
            })
            .filter(|(_, row)| !row.is_empty())
            .collect(),
        consensus: u16s(&consensus),
        dividends: u16s(&dividends),
        emission: pay.total,
        incentive: u16s(&incentive),
        new_validator_permit: next_permits,
        server_emission: pay.servers,
        stake_weight: u16s(&stake),
        validator_emission: pay.validators,
        validator_trust: u16s(&trust),
    }
}

/// Marks the `k` largest values that are not zero. Sorting is stable, so the lower index loses a
/// tie. [2.4, 5]
fn largest(values: &[I32F32], k: usize) -> Vec<bool> {
    let mut result: Vec<bool> = values.iter().map(|value| *value != 0).collect();
    if values.len() >= k {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|index| values[*index]);
        for index in &order[..values.len() - k] {
            result[*index] = false;
        }
    }
    result
}
