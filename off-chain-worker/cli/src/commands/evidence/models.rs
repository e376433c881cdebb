//! The models of a contest that an audit needs.

use super::{chain::Chain, source::blob};
use crate::{commands::neural::Means, error::Failure};
use inktensor_contest::MODEL_LIMIT;
use inktensor_neuron::{
    contest::show::held, evidence::facts::Facts, fetch::speaks, manifest::Manifest,
    view::neurons_at,
};
use inktensor_primitives::{Digest, Uid};
use inktensor_wire::{BlobError, Endpoint, FetchError, Mirror};
use std::{cell::RefCell, collections::BTreeMap, time::Duration};

/// Longest transfer of a model from its miner or from the validator.
const DEADLINE: Duration = Duration::from_secs(60);

/// The places of models: the miners, the validator, and then those of all blobs.
pub struct Models<'a> {
    means: &'a Means,
    chain: &'a Chain<'a>,
    facts: &'a Facts,
    manifest: &'a Manifest,
    neurons: BTreeMap<Uid, Mirror>,
    /// The first problem of the own folder, which is no fault of a neuron.
    problem: RefCell<Option<BlobError>>,
}

impl<'a> Models<'a> {
    /// Returns the places. Without a chain there are only files.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn of(
        means: &'a Means,
        chain: &'a Chain<'a>,
        facts: &'a Facts,
        manifest: &'a Manifest,
    ) -> Result<Self, Failure> {
        let mut neurons = BTreeMap::new();
        if chain.is_named() {
            let network = chain.network("the endpoints", "name files with --blob")?;
            let block = network.chain().best()?;
            let all = neurons_at(network.chain(), &network.contracts(), facts.netuid, block)?;
            let serving = all.iter().filter(|it| speaks(it));
            neurons.extend(serving.filter_map(|it| {
                let mirror = Mirror::neuron(&Endpoint::from(it.axon.as_ref()?));
                Some((it.view.uid, mirror))
            }));
        }
        Ok(Self {
            means,
            chain,
            facts,
            manifest,
            neurons,
            problem: RefCell::default(),
        })
    }

    /// Checks that the own folder took every model.
    ///
    /// # Errors
    /// The first problem: the folder is full, or cannot be written.
    pub fn check(&self) -> Result<(), Failure> {
        let problem = self.problem.borrow_mut().take();
        problem.map_or(Ok(()), |error| {
            Err(Failure::input(format_args!(
                "the folder of models: {error}; name another one with --cache"
            )))
        })
    }

    /// Returns the model of the miner on `uid`, if it is to be had. The audit names one that is
    /// not.
    pub fn find(&self, uid: Uid, hash: &Digest) -> Option<Vec<u8>> {
        let (means, most) = (self.means, u64::try_from(MODEL_LIMIT).unwrap_or(u64::MAX));
        let places = [uid, self.facts.uid].map(|uid| self.neurons.get(&uid).cloned());
        let places: Vec<Mirror> = places.into_iter().flatten().collect();
        if !means.blobs.contains(hash) {
            let fetched = means
                .blobs
                .fetch(&means.client, hash, most, &places, DEADLINE);
            // One that failed at these places is looked for at others.
            match means.runtime.block_on(fetched) {
                Err(FetchError::Blob(error)) if !matches!(error, BlobError::Size { .. }) => {
                    self.problem.borrow_mut().get_or_insert(error);
                    return None;
                }
                _ => {}
            }
        }
        if let Ok(Some(bytes)) = held(&means.blobs, hash) {
            return Some(bytes);
        }
        let (netuid, mirrors) = (self.facts.netuid, &self.manifest.mirrors);
        let named = ("model", hash);
        blob(means, self.chain, netuid, named, MODEL_LIMIT, mirrors).ok()
    }
}
