//! The states of a fold that an audit needs.

use super::{chain::Chain, source::blob};
use crate::{commands::neural::Means, error::Failure};
use inktensor_neuron::{
    evidence::{facts::Facts, Evidence},
    fold::{gather::gather, round::States, Training},
    manifest::Manifest,
};
use inktensor_primitives::Digest;
use std::sync::Arc;

/// Brings the states that the answers of a fold name into the folder of blobs, as far as they can
/// be had: an item without its state cannot be judged, and others can.
///
/// # Errors
/// For an unusable folder.
pub fn bring(
    means: &Means,
    chain: &Chain<'_>,
    facts: &Facts,
    (evidence, training): (&Evidence, &Arc<Training>),
    (manifest, states): (&Manifest, &Arc<dyn States>),
) -> Result<(), Failure> {
    let Some(vote) = evidence.vote else {
        return Ok(());
    };
    let most = training.state_bytes();
    let fetched = |what, hash: &Digest| {
        blob(
            means,
            chain,
            facts.netuid,
            (what, hash),
            most,
            &manifest.mirrors,
        )
    };
    if fetched("state with which the epoch began,", &vote.start).is_err() {
        return Ok(());
    }
    let round = facts.fold_round(training, manifest.questions, vote.start, states);
    let others = gather(&round, evidence, &means.blobs).map_err(Failure::input)?;
    for hash in others {
        // The audit names the first state that is not here.
        let _ = fetched("state", &hash);
    }
    Ok(())
}
