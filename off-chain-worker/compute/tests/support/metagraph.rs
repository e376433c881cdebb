//! Random metagraphs, the same ones for the same seed.

use inktensor_compute::vectors::{Input, Neuron, Params, Row, Vector};

/// A generator of numbers, good enough to vary metagraphs.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Never zero, from which the generator would not move.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn u16(&mut self) -> u16 {
        (self.next() >> 48) as u16
    }
}

/// What a metagraph is to look like.
#[derive(Clone, Debug)]
pub struct Shape {
    pub seed: u64,
    pub neurons: u16,
    pub validators: u16,
    /// How many of a validator's weights and bonds are there, in per cent.
    pub density: u64,
    pub params: Params,
}

impl Shape {
    /// A common subnet: all validators active, all their weights count.
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

/// The metagraph: validators are spread over the uids.
pub fn metagraph(shape: &Shape) -> Vector {
    let dice = &mut Dice::new(shape.seed);
    let step = (shape.neurons / shape.validators.max(1)).max(1);
    let validators: Vec<u16> = (0..shape.validators)
        .map(|v| v * step)
        .filter(|uid| *uid < shape.neurons)
        .collect();
    let neurons = (0..shape.neurons)
        .map(|uid| {
            let validator = validators.contains(&uid);
            let stake = if validator {
                1_000_000_000_000 + dice.below(1 << 50)
            } else {
                dice.below(1 << 32)
            };
            Neuron {
                stake,
                last_update: shape.params.current_block - dice.below(300),
                registered_at: dice.below(900_000),
                validator_permit: validator,
                commit_block: None,
                hotkey: None,
                coldkey: None,
            }
        })
        .collect();
    let rows = |dice: &mut Dice| -> Vec<Row> {
        let row = |uid: &u16, dice: &mut Dice| {
            let entries = (0..shape.neurons).filter_map(|column| {
                let value = dice.u16().max(1);
                dice.chance(shape.density).then_some((column, value))
            });
            (*uid, entries.collect())
        };
        validators.iter().map(|uid| row(uid, dice)).collect()
    };
    let (weights, bonds) = (rows(dice), rows(dice));
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

/// As [`metagraph`], with everything that may be odd about a subnet mixed in: inactive and unstaked
/// validators, late registrations, commits, equal scores, an owner without stake.
pub fn odd_metagraph(shape: &Shape) -> Vector {
    let mut vector = metagraph(shape);
    let dice = &mut Dice::new(shape.seed ^ 0x0DD);
    let (block, cutoff) = (shape.params.current_block, shape.params.activity_cutoff);
    let input = &mut vector.input;
    let all_unstaked = dice.chance(5);
    for neuron in &mut input.neurons {
        if all_unstaked || dice.chance(10) {
            neuron.stake = 0;
        }
        if dice.chance(10) {
            neuron.last_update = block.saturating_sub(cutoff + dice.below(3));
        }
        if dice.chance(15) {
            neuron.registered_at = block - dice.below(700);
        }
        if dice.chance(10) {
            neuron.commit_block = Some(block - dice.below(700));
        }
        if dice.chance(5) {
            neuron.validator_permit = !neuron.validator_permit;
        }
    }
    let same = dice.chance(30).then(|| dice.u16().max(1));
    for (_, row) in &mut input.weights {
        for (_, weight) in row {
            *weight = match same {
                Some(same) => same,
                None if dice.chance(5) => 0,
                None => *weight,
            };
        }
    }
    vector
}
