//! A network from a seed: Pareto stakes, honest validators with noise, a copier, an idle one, a
//! cabal.

use super::{Behaviour, KernelPlan, NeuronPlan, Nomination, Scenario, SubnetPlan};
use crate::rng::Rng;
use inktensor_devnet::account;
use inktensor_primitives::{kernel::YumaParams, Bps, Rao};

/// Least stake of a validator, in TAO.
const LEAST_STAKE: f64 = 2_000.0;
/// Least stake of a miner in TAO; the most is twice that: far too little for a permit.
const MINER_STAKE: f64 = 1.0;

/// The shape of a generated subnet.
struct Shape {
    name: &'static str,
    tempo: u32,
    kernel: KernelPlan,
    neurons: usize,
    /// True if the owner has a neuron, an honest validator.
    owner_validates: bool,
    /// Behaviours of the validators by rank of stake, the largest first.
    validators: Vec<Behaviour>,
    cabal_miners: usize,
}

impl Scenario {
    /// Two subnets: one of 128 neurons under Yuma3 with liquid alpha, one of 64 on the mean kernel.
    ///
    /// On both, honest validators hold the majority of stake, and cabals a minority.
    pub fn generate(seed: u64) -> Self {
        Self {
            seed,
            subnets: vec![subnet(seed, 1, large()), subnet(seed, 2, small())],
            notes: Vec::new(),
        }
    }

    /// Creates the small subnet alone, to stand beside a recorded one.
    pub(super) fn companion(seed: u64) -> SubnetPlan {
        subnet(seed, 2, small())
    }
}

fn honest(noise: f64) -> Behaviour {
    Behaviour::Honest { noise }
}

fn large() -> Shape {
    Shape {
        name: "translation",
        tempo: 360,
        kernel: KernelPlan::Yuma(YumaParams {
            liquid_alpha: true,
            ..YumaParams::default()
        }),
        neurons: 128,
        owner_validates: true,
        validators: vec![
            honest(0.05),
            honest(0.10),
            Behaviour::Copier,
            honest(0.05),
            Behaviour::Cabal,
            honest(0.20),
            Behaviour::Idle,
            honest(0.10),
            honest(0.30),
            honest(0.05),
            Behaviour::Cabal,
            honest(0.10),
            honest(0.15),
            Behaviour::Cabal,
            honest(0.25),
            honest(0.10),
        ],
        cabal_miners: 6,
    }
}

fn small() -> Shape {
    Shape {
        name: "storage",
        tempo: 300,
        kernel: KernelPlan::Mean,
        neurons: 64,
        owner_validates: false,
        validators: vec![
            honest(0.10),
            honest(0.05),
            Behaviour::Cabal,
            honest(0.15),
            Behaviour::Copier,
            honest(0.10),
            Behaviour::Idle,
            honest(0.20),
        ],
        cabal_miners: 3,
    }
}

fn subnet(seed: u64, number: u64, shape: Shape) -> SubnetPlan {
    let name = |what: &str| format!("{seed} {number} {what}");
    let mut rng = Rng::new(seed, "subnet", &[number]);
    let cabal = account(&name("cabal"));
    let max_validators = u16::try_from(shape.validators.len()).unwrap_or(u16::MAX);

    // Half of the others' least stake: no validator holds more than a third.
    let most = LEAST_STAKE * f64::from(max_validators.saturating_sub(1)) / 2.0;
    let mut stakes: Vec<f64> = shape
        .validators
        .iter()
        .map(|_| rng.pareto(LEAST_STAKE, most))
        .collect();
    stakes.sort_by(|a, b| b.total_cmp(a));
    let validators = stakes.into_iter().zip(shape.validators);
    let mut neurons: Vec<NeuronPlan> = validators.map(|(stake, role)| plan(stake, role)).collect();
    for rank in 0..shape.neurons.saturating_sub(neurons.len()) {
        let role = if rank < shape.cabal_miners {
            Behaviour::CabalMiner
        } else {
            Behaviour::Miner {
                quality: quality(&mut rng),
            }
        };
        neurons.push(plan(MINER_STAKE * (1.0 + rng.unit()), role));
    }
    rng.shuffle(&mut neurons);
    for (uid, neuron) in neurons.iter_mut().enumerate() {
        neuron.hotkey = account(&name(&format!("hotkey {uid}")));
        neuron.coldkey = match neuron.role {
            // One owner has all of the cabal.
            Behaviour::Cabal | Behaviour::CabalMiner => cabal,
            _ => account(&name(&format!("coldkey {uid}"))),
        };
    }
    let owner_neuron = neurons
        .iter()
        .find(|neuron| shape.owner_validates && matches!(neuron.role, Behaviour::Honest { .. }));
    let (owner, owner_hotkey) = match owner_neuron {
        Some(neuron) => (neuron.coldkey, neuron.hotkey),
        None => (account(&name("owner")), account(&name("owner's hotkey"))),
    };
    SubnetPlan {
        name: shape.name.into(),
        owner,
        owner_hotkey,
        tempo: shape.tempo,
        max_validators,
        kernel: shape.kernel,
        nominations: nominations(seed, number, &neurons),
        neurons,
    }
}

/// A neuron without keys.
fn plan(stake: f64, role: Behaviour) -> NeuronPlan {
    let take = match &role {
        // Some delegates compete by their take; the others keep the default.
        Behaviour::Honest { noise } if *noise <= 0.1 => Some(Bps(900)),
        Behaviour::Copier => Some(Bps(0)),
        _ => None,
    };
    let unnamed = account("unnamed");
    NeuronPlan {
        hotkey: unnamed,
        coldkey: unnamed,
        stake: tao(stake),
        take,
        role,
    }
}

/// Returns miners of which a quarter does no work; the others differ much.
fn quality(rng: &mut Rng) -> f64 {
    if rng.unit() < 0.25 {
        0.0
    } else {
        let quality = rng.unit();
        quality * quality
    }
}

/// Returns nominators of the three largest honest validators, and one of the copier. One joins
/// late, one leaves.
/// late, one leaves.
fn nominations(seed: u64, number: u64, neurons: &[NeuronPlan]) -> Vec<Nomination> {
    let mut ranked: Vec<(u16, &NeuronPlan)> = (0..).zip(neurons).collect();
    ranked.sort_by_key(|(_, neuron)| std::cmp::Reverse(neuron.stake));
    let honest = ranked
        .iter()
        .filter(|(_, neuron)| matches!(neuron.role, Behaviour::Honest { .. }));
    let mut of: Vec<u16> = honest.take(3).map(|(uid, _)| *uid).collect();
    // The largest has two.
    of.extend(of.first().copied());
    let copier = ranked
        .iter()
        .find(|(_, neuron)| neuron.role == Behaviour::Copier);
    of.extend(copier.map(|(uid, _)| *uid));
    let mut rng = Rng::new(seed, "nominators", &[number]);
    (0u32..)
        .zip(of)
        .map(|(place, uid)| Nomination {
            coldkey: account(&format!("{seed} {number} nominator {place}")),
            uid,
            amount: tao(100.0 + 1_900.0 * rng.unit()),
            joins: if place == 3 { 2 } else { 0 },
            leaves: (place == 1).then_some(3),
        })
        .collect()
}

/// Returns an amount, rounded down to the rao.
fn tao(tao: f64) -> Rao {
    Rao((tao * Rao::PER_TAO as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::{super::LEAST_STAKED, *};
    use std::collections::BTreeSet;

    #[test]
    fn no_validator_has_a_third_of_the_stake_alone() {
        for seed in 0..200 {
            for subnet in Scenario::generate(seed).subnets {
                let stakes = || subnet.neurons.iter().map(|neuron| neuron.stake.0);
                let largest = stakes().max().unwrap_or_default();
                assert!(largest <= stakes().sum::<u64>() / 3, "seed {seed}");
            }
        }
    }

    fn share(subnet: &SubnetPlan, of: impl Fn(&Behaviour) -> bool) -> f64 {
        let stake = |neurons: &mut dyn Iterator<Item = &NeuronPlan>| {
            neurons.map(|neuron| neuron.stake.0 as f64).sum::<f64>()
        };
        let some = stake(&mut subnet.neurons.iter().filter(|neuron| of(&neuron.role)));
        some / stake(&mut subnet.neurons.iter())
    }

    #[test]
    fn a_seed_means_the_same_network() {
        assert_eq!(Scenario::generate(7), Scenario::generate(7));
        assert_ne!(Scenario::generate(7), Scenario::generate(8));
    }

    #[test]
    fn every_kind_of_validator_takes_part() {
        for subnet in Scenario::generate(1).subnets {
            let names: BTreeSet<&str> = subnet.neurons.iter().map(|n| n.role.name()).collect();
            let expected = ["cabal", "cabal miner", "copier", "honest", "idle", "miner"];
            assert_eq!(names, BTreeSet::from(expected), "{}", subnet.name);
        }
    }

    #[test]
    fn cabals_are_a_minority_whatever_the_seed() {
        for seed in 0..200 {
            for subnet in Scenario::generate(seed).subnets {
                let cabal = share(&subnet, |role| *role == Behaviour::Cabal);
                let honest = share(&subnet, |role| matches!(role, Behaviour::Honest { .. }));
                assert!(cabal < 0.4, "seed {seed}, {}: {cabal}", subnet.name);
                assert!(honest > cabal, "seed {seed}, {}: {honest}", subnet.name);
            }
        }
    }

    #[test]
    fn all_stakes_can_be_staked() {
        for seed in 0..50 {
            for subnet in Scenario::generate(seed).subnets {
                let stakes = subnet.neurons.iter().map(|neuron| neuron.stake);
                let nominated = subnet.nominations.iter().map(|n| n.amount);
                assert!(stakes.chain(nominated).all(|stake| stake >= LEAST_STAKED));
            }
        }
    }

    #[test]
    fn hotkeys_differ_and_nominators_choose_validators() {
        let mut hotkeys = BTreeSet::new();
        for subnet in Scenario::generate(3).subnets {
            for neuron in &subnet.neurons {
                assert!(hotkeys.insert(neuron.hotkey), "a hotkey twice");
            }
            assert_eq!(subnet.nominations.len(), 5);
            for nomination in &subnet.nominations {
                let role = &subnet.neurons[usize::from(nomination.uid)].role;
                assert!(matches!(role, Behaviour::Honest { .. } | Behaviour::Copier));
            }
        }
    }
}
