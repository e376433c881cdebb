//! A validator that asks no miner and copies the last consensus.

use super::{Lie, Scene};
use crate::live::{network::NETUID, LiveError};
use inktensor_client::chain::Typed;
use inktensor_neuron::evidence::{facts::Facts, Evidence};
use inktensor_primitives::{
    registry::{NeuronView, Registry},
    Uid,
};

/// A validator that copies the last consensus. Its evidence has no receipts: it has none.
pub struct Copier;

impl Lie for Copier {
    fn evidence(&mut self, scene: &Scene, facts: &Facts) -> Result<Option<Evidence>, LiveError> {
        let page = scene.contracts.registry().metagraph(NETUID, 0);
        let neurons: Vec<NeuronView> = scene.chain.query(page)?;
        let weights: Vec<(Uid, u16)> = neurons
            .iter()
            .map(|it| (it.uid, it.score.consensus))
            .filter(|(_, consensus)| *consensus > 0)
            .collect();
        // Before the first epoch with weights there is nothing to copy, and all weigh the same.
        let weights = match weights.is_empty() {
            true => facts.miners.iter().map(|it| (it.uid, u16::MAX)).collect(),
            false => weights,
        };
        if weights.is_empty() {
            return Ok(None);
        }
        Ok(Some(Evidence {
            head: scene.head(facts)?,
            receipts: Vec::new(),
            standings: Vec::new(),
            weights: scaled(&weights),
            vote: None,
            proofs: Vec::new(),
        }))
    }
}

/// Scales weights so that the largest is 65535, as the chain stores them.
fn scaled(weights: &[(Uid, u16)]) -> Vec<(Uid, u16)> {
    let largest = weights.iter().map(|(_, weight)| *weight).max();
    let largest = u32::from(largest.unwrap_or_default().max(1));
    let scale = |weight: u16| {
        let scaled = u32::from(weight).saturating_mul(u16::MAX.into()) / largest;
        u16::try_from(scaled).unwrap_or(u16::MAX)
    };
    weights
        .iter()
        .map(|(uid, weight)| (*uid, scale(*weight)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_scaled_to_the_largest() {
        let weights = [(Uid(1), 100), (Uid(2), 50), (Uid(3), 0)];
        let expected = [(Uid(1), 65_535), (Uid(2), 32_767), (Uid(3), 0)];
        assert_eq!(scaled(&weights), expected);
        assert!(scaled(&[]).is_empty());
    }
}
