//! Random metagraphs of every shape: one neuron and many, no validator, no stake, equal scores,
//! scores of one, sizes that chunks do not divide, parameters at their ends.

use inktensor_yuma_reference::{Metagraph, Neuron, Params, Row};
use proptest::prelude::*;

/// The rough form of a metagraph. Shrinking makes it smaller; the seed fills in the rest.
#[derive(Clone, Debug)]
pub struct Shape {
    pub neurons: u16,
    pub validators: u16,
    pub max_validators: u16,
    pub stakes: Stakes,
    pub weights: Weights,
    /// Per cent of neurons that registered lately, and of validators that committed.
    pub churn: u64,
    pub seed: u64,
}

#[derive(Clone, Copy, Debug)]
pub enum Stakes {
    None,
    Equal,
    Few,
    Uniform,
    Skewed,
}

#[derive(Clone, Copy, Debug)]
pub enum Weights {
    None,
    /// Each validator sets one weight: all scores are one.
    Single,
    /// All validators agree.
    Equal,
    Dense,
    Sparse,
}

pub fn shapes() -> impl Strategy<Value = Shape> {
    let sizes = prop_oneof![
        Just(1u16),
        2..10u16,
        30..36u16,
        60..70u16,
        Just(128),
        90..150u16
    ];
    let stakes = prop_oneof![
        1 => Just(Stakes::None),
        2 => Just(Stakes::Equal),
        1 => Just(Stakes::Few),
        4 => Just(Stakes::Uniform),
        4 => Just(Stakes::Skewed),
    ];
    let weights = prop_oneof![
        1 => Just(Weights::None),
        2 => Just(Weights::Single),
        2 => Just(Weights::Equal),
        6 => Just(Weights::Dense),
        4 => Just(Weights::Sparse),
    ];
    let churn = prop_oneof![Just(0u64), Just(5), Just(50)];
    (
        sizes,
        any::<u16>(),
        any::<u16>(),
        stakes,
        weights,
        churn,
        any::<u64>(),
    )
        .prop_map(
            |(neurons, validators, max_validators, stakes, weights, churn, seed)| Shape {
                neurons,
                validators: validators % neurons.saturating_add(1).min(70),
                max_validators: max_validators % neurons.saturating_add(3).min(70),
                stakes,
                weights,
                churn,
                seed,
            },
        )
}

/// SplitMix64, a small generator of random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn u16(&mut self) -> u16 {
        (self.next() & 0xFFFF) as u16
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

const BLOCK: u64 = 1_000_000;
const TEMPO: u64 = 100;

impl Shape {
    /// Makes the metagraph of this shape.
    pub fn metagraph(&self) -> Metagraph {
        let mut random = Random(self.seed);
        let params = self.params(&mut random);
        let mut neurons: Vec<Neuron> = (0..self.neurons)
            .map(|_| self.neuron(&mut random))
            .collect();
        let mut permits = 0;
        while permits < self.validators {
            let uid = random.below(self.neurons.into()) as usize;
            if !neurons[uid].validator_permit {
                neurons[uid].validator_permit = true;
                permits += 1;
            }
        }
        let common = self.row(&mut random);
        let mut weights: Vec<Row> = Vec::new();
        let mut bonds: Vec<Row> = Vec::new();
        for uid in 0..self.neurons {
            if neurons[usize::from(uid)].validator_permit || params.owner_uid == Some(uid) {
                let row = if matches!(self.weights, Weights::Equal) {
                    common.clone()
                } else {
                    self.row(&mut random)
                };
                weights.push((uid, row));
                if random.chance(80) {
                    let density = random.pick(&[5, 100]);
                    let row = (0..self.neurons)
                        .filter(|_| random.chance(density))
                        .collect::<Vec<_>>();
                    bonds.push((
                        uid,
                        row.into_iter().map(|j| (j, random.u16().max(1))).collect(),
                    ));
                }
            } else if random.chance(10) {
                weights.push((uid, self.row(&mut random))); // Without a permit: void.
            }
        }
        Metagraph {
            params,
            neurons,
            weights,
            bonds,
        }
    }

    fn params(&self, random: &mut Random) -> Params {
        let any_u16 = random.u16();
        let owner = random.below(u64::from(self.neurons) + 2) as u16;
        Params {
            activity_cutoff: random.pick(&[1, 150, 5_000]),
            alpha_high: random.pick(&[58_982, 65_535, any_u16]),
            alpha_low: random.pick(&[45_875, 0, any_u16]),
            alpha_sigmoid_steepness: random.pick(&[1_000, 0, -1_000, 200, any_u16 as i16]),
            bonds_moving_average: random.pick(&[900_000, 975_000, 0, 1_000_000, 333_333]),
            bonds_penalty: random.pick(&[0, 65_535, 32_767, any_u16]),
            commit_reveal: random.chance(50),
            current_block: BLOCK,
            kappa: random.pick(&[32_767, 32_767, 0, 65_535, any_u16]),
            last_mechanism_step_block: random.pick(&[0, BLOCK - TEMPO]),
            liquid_alpha: random.chance(60),
            max_allowed_validators: self.max_validators,
            min_stake: random.pick(&[0, 0, 1_000_000_000_000]),
            owner_uid: random.chance(40).then_some(owner),
            rao_emission: random.pick(&[1_000_000_000, 0, 360_000_000_000, 21_000_000_000_000_000]),
            split: None,
            tempo: TEMPO,
            yuma3: random.chance(60),
        }
    }

    fn neuron(&self, random: &mut Random) -> Neuron {
        let stake = match self.stakes {
            Stakes::None => 0,
            Stakes::Equal => 1_000_000_000_000,
            Stakes::Few => random.below(4),
            Stakes::Uniform => random.below(5_000_000_000_000_000),
            Stakes::Skewed => 1 << random.below(53),
        };
        let recent = |random: &mut Random| BLOCK - random.below(2 * TEMPO + 3);
        let registered_at = if random.chance(self.churn) {
            recent(random)
        } else {
            random.below(BLOCK / 2)
        };
        let lately = recent(random);
        let updated = random.pick(&[lately, BLOCK - 4_000, BLOCK - 6_000]);
        Neuron {
            commit_block: random.chance(self.churn).then(|| recent(random)),
            last_update: updated.max(registered_at),
            registered_at,
            stake,
            validator_permit: false,
        }
    }

    /// Returns weights, at times only the largest and smallest ones.
    fn row(&self, random: &mut Random) -> Vec<(u16, u16)> {
        let single = random.below(self.neurons.into()) as u16;
        let kind = random.pick(&[0, 0, 1]);
        let chosen = |random: &mut Random, uid: u16| match self.weights {
            Weights::None => false,
            Weights::Single => uid == single,
            Weights::Equal | Weights::Dense => true,
            Weights::Sparse => random.chance(15),
        };
        let mut row = Vec::new();
        for uid in 0..self.neurons {
            if chosen(random, uid) {
                let weight = if kind == 0 {
                    random.u16().max(1)
                } else {
                    random.pick(&[1, 65_535])
                };
                row.push((uid, weight));
            }
        }
        row
    }
}
