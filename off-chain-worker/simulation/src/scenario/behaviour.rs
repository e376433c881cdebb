//! The weights of a validator, by its behaviour.

use super::{Behaviour, NeuronPlan, Scenario, SubnetPlan};
use crate::rng::Rng;

/// Change of a miner's quality from epoch to epoch, as a share of it.
const DRIFT: f64 = 0.4;

impl Scenario {
    /// Returns the weights that the neuron on `uid` of subnet `place` sets in open epoch `epoch`,
    /// given the consensus of the last final one; `None` if it sets no weights, or keeps its
    /// weights.
    pub(crate) fn weights(
        &self,
        place: usize,
        uid: u16,
        epoch: u32,
        consensus: &[u16],
    ) -> Option<Vec<(u16, u16)>> {
        let subnet = self.subnets.get(place)?;
        let number = u64::try_from(place).ok()?;
        let weights = match &subnet.neurons.get(usize::from(uid))?.role {
            Behaviour::Honest { noise } => {
                let mut errors = Rng::new(self.seed, "errors", &[number, uid.into(), epoch.into()]);
                each(subnet, |other, neuron| {
                    let worth = self.worth(number, other, neuron, epoch);
                    scaled(worth * (1.0 + noise * errors.bell()))
                })
            }
            Behaviour::Copier => each(subnet, |other, _| {
                consensus
                    .get(usize::from(other))
                    .copied()
                    .unwrap_or_default()
            }),
            Behaviour::Cabal => each(subnet, |_, neuron| match neuron.role {
                Behaviour::CabalMiner => u16::MAX,
                _ => 0,
            }),
            Behaviour::Recorded { weights } => weights.clone(),
            Behaviour::Idle | Behaviour::Miner { .. } | Behaviour::CabalMiner => return None,
        };
        (!weights.is_empty()).then_some(weights)
    }

    /// Returns the quality of the neuron on `uid` in `epoch`, before errors of measurement.
    fn worth(&self, number: u64, uid: u16, neuron: &NeuronPlan, epoch: u32) -> f64 {
        match neuron.role {
            Behaviour::Miner { quality } => {
                let mut drift = Rng::new(self.seed, "drift", &[number, uid.into(), epoch.into()]);
                quality * (1.0 + DRIFT * drift.bell())
            }
            _ => 0.0,
        }
    }
}

/// Returns the weights that are not zero.
fn each(subnet: &SubnetPlan, mut weight: impl FnMut(u16, &NeuronPlan) -> u16) -> Vec<(u16, u16)> {
    (0..)
        .zip(&subnet.neurons)
        .map(|(uid, neuron)| (uid, weight(uid, neuron)))
        .filter(|(_, weight)| *weight > 0)
        .collect()
}

/// A quality of 1 is half the scale, so that errors and drift upwards fit.
fn scaled(worth: f64) -> u16 {
    // A cast from float to integer rounds down and saturates.
    (worth * f64::from(u16::MAX) / 2.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid_of(scenario: &Scenario, role: &str) -> u16 {
        let neurons = &scenario.subnets[0].neurons;
        let place = neurons.iter().position(|neuron| neuron.role.name() == role);
        u16::try_from(place.expect("the role is there")).expect("a uid")
    }

    #[test]
    fn honest_validators_agree_roughly_and_weigh_miners_only() {
        let scenario = Scenario::generate(5);
        let row = scenario
            .weights(0, uid_of(&scenario, "honest"), 1, &[])
            .expect("weights");
        assert!(row.len() > 50);
        for (uid, _) in row {
            let role = &scenario.subnets[0].neurons[usize::from(uid)].role;
            assert!(matches!(role, Behaviour::Miner { quality } if *quality > 0.0));
        }
    }

    #[test]
    fn a_cabal_weighs_its_own() {
        let scenario = Scenario::generate(5);
        let row = scenario
            .weights(0, uid_of(&scenario, "cabal"), 1, &[])
            .expect("weights");
        assert_eq!(row.len(), 6);
        assert!(row.iter().all(|(_, weight)| *weight == u16::MAX));
    }

    #[test]
    fn a_copier_sets_what_consensus_was_and_the_idle_one_nothing() {
        let scenario = Scenario::generate(5);
        let copier = uid_of(&scenario, "copier");
        assert_eq!(scenario.weights(0, copier, 1, &[]), None);
        let consensus = [0, 9, 0, 4];
        let row = scenario.weights(0, copier, 2, &consensus);
        assert_eq!(row, Some(vec![(1, 9), (3, 4)]));
        let idle = uid_of(&scenario, "idle");
        assert_eq!(scenario.weights(0, idle, 2, &consensus), None);
    }

    #[test]
    fn weights_move_with_time_and_repeat_with_the_seed() {
        let scenario = Scenario::generate(5);
        let honest = uid_of(&scenario, "honest");
        let row = |epoch| scenario.weights(0, honest, epoch, &[]);
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
    }
}
