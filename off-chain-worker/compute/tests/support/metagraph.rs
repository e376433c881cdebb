//! Random metagraphs, the same ones for the same seed.

use inktensor_compute::vectors::{Input, Neuron, Params, Row, Vector};
use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};

/// Returns a number below `bound`, which is not zero.
fn below(rng: &mut impl RngCore, bound: u64) -> u64 {
    rng.next_u64() % bound
}

/// Returns true in `percent` of all cases.
fn chance(rng: &mut impl RngCore, percent: u64) -> bool {
    below(rng, 100) < percent
}

/// Returns a weight or bond.
fn value(rng: &mut impl RngCore) -> u16 {
    (rng.next_u64() >> 48) as u16
}

/// The shape of a random metagraph.
#[derive(Clone, Debug)]
pub struct Shape {
    pub seed: u64,
    pub neurons: u16,
    pub validators: u16,
    /// Share of a validator's weights and bonds that are not zero, in per cent.
    pub density: u64,
    pub params: Params,
}

impl Shape {
    /// Returns a common subnet: all validators active, all their weights count.
    pub fn plain(neurons: u16, validators: u16, density: u64) -> Self {
        Self {
            seed: 1,
            neurons,
            validators,
            density,
            params: plain_params(validators),
        }
    }
}

impl Shape {
    /// A shape with another number of permits than of validators.
    pub fn with_permits(neurons: u16, validators: u16, density: u64, permits: u16) -> Self {
        let plain = Self::plain(neurons, validators, density);
        Self {
            params: Params {
                max_allowed_validators: permits,
                ..plain.params
            },
            ..plain
        }
    }
}

pub fn plain_params(validators: u16) -> Params {
    Params {
        activity_cutoff: 5_000,
        alpha_high: 58_982,
        alpha_low: 45_875,
        alpha_sigmoid_steepness: 1_000,
        bonds_moving_average: 900_000,
        bonds_penalty: 65_535,
        commit_reveal: false,
        current_block: 1_000_000,
        kappa: 32_767,
        last_mechanism_step_block: 999_640,
        liquid_alpha: false,
        max_allowed_validators: validators,
        min_stake: 0,
        owner_uid: None,
        rao_emission: 360_000_000_000,
        tempo: 360,
        yuma3: true,
    }
}

/// Creates the metagraph. Validators are spread over the uids.
pub fn metagraph(shape: &Shape) -> Vector {
    let rng = &mut ChaCha8Rng::seed_from_u64(shape.seed);
    let step = (shape.neurons / shape.validators.max(1)).max(1);
    let validators: Vec<u16> = (0..shape.validators)
        .map(|v| v * step)
        .filter(|uid| *uid < shape.neurons)
        .collect();
    let neurons = (0..shape.neurons)
        .map(|uid| {
            let validator = validators.contains(&uid);
            let stake = if validator {
                1_000_000_000_000 + below(rng, 1 << 50)
            } else {
                below(rng, 1 << 32)
            };
            Neuron {
                stake,
                last_update: shape.params.current_block - below(rng, 300),
                registered_at: below(rng, 900_000),
                validator_permit: validator,
                commit_block: None,
                hotkey: None,
                coldkey: None,
            }
        })
        .collect();
    let rows = |rng: &mut ChaCha8Rng| -> Vec<Row> {
        let row = |uid: &u16, rng: &mut ChaCha8Rng| {
            let entries = (0..shape.neurons).filter_map(|column| {
                let value = value(rng).max(1);
                chance(rng, shape.density).then_some((column, value))
            });
            (*uid, entries.collect())
        };
        validators.iter().map(|uid| row(uid, rng)).collect()
    };
    let (weights, bonds) = (rows(rng), rows(rng));
    let input = Input {
        params: shape.params.clone(),
        neurons,
        weights,
        bonds,
    };
    Vector {
        name: None,
        input,
        expected: None,
    }
}

/// Creates a metagraph with everything that may be odd about a subnet: inactive and unstaked
/// validators, late registrations, commits, equal scores, an owner without stake.
pub fn odd_metagraph(shape: &Shape) -> Vector {
    let mut vector = metagraph(shape);
    let rng = &mut ChaCha8Rng::seed_from_u64(shape.seed ^ 0x0DD);
    let (block, cutoff) = (shape.params.current_block, shape.params.activity_cutoff);
    let input = &mut vector.input;
    let all_unstaked = chance(rng, 5);
    for neuron in &mut input.neurons {
        if all_unstaked || chance(rng, 10) {
            neuron.stake = 0;
        }
        if chance(rng, 10) {
            neuron.last_update = block.saturating_sub(cutoff + below(rng, 3));
        }
        if chance(rng, 15) {
            neuron.registered_at = block - below(rng, 700);
        }
        if chance(rng, 10) {
            neuron.commit_block = Some(block - below(rng, 700));
        }
        if chance(rng, 5) {
            neuron.validator_permit = !neuron.validator_permit;
        }
    }
    let same = chance(rng, 30).then(|| value(rng).max(1));
    for (_, row) in &mut input.weights {
        for (_, weight) in row {
            *weight = match same {
                Some(same) => same,
                None if chance(rng, 5) => 0,
                None => *weight,
            };
        }
    }
    vector
}
