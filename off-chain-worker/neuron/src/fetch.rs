//! Blobs by their hash: from this folder, from the manifest's mirrors, and from other neurons.

use crate::{
    error::NeuronError,
    view::{neurons_at, Served},
};
use inktensor_client::{chain::ChainRead, deploy::Addresses};
use inktensor_primitives::{Digest, NetUid};
use inktensor_wire::{BlobError, Blobs, Client, Endpoint, FetchError, Mirror, PROTOCOL};
use std::{cmp::Reverse, fs, path::Path, time::Duration};
use tokio::runtime::Runtime;
use tracing::debug;

/// Most neurons that are asked for a blob.
const MOST_NEURONS: usize = 16;
/// Longest time of one mirror. The client ends a transfer that stalls much earlier.
const DEADLINE: Duration = Duration::from_secs(120);

/// Adds a file to a folder of blobs, and returns its hash.
///
/// # Errors
/// `BlobFile`, `Blob`.
pub fn add_file(blobs: &Blobs, path: &Path) -> Result<Digest, NeuronError> {
    let bytes = fs::read(path).map_err(|error| NeuronError::BlobFile {
        path: path.into(),
        error,
    })?;
    Ok(blobs.put(&bytes)?)
}

/// A way to blobs.
pub struct Fetcher<'a> {
    /// The chain, which names the neurons.
    pub chain: &'a dyn ChainRead,
    /// Addresses of the contracts.
    pub contracts: &'a Addresses,
    /// The subnet.
    pub netuid: NetUid,
    /// The client.
    pub client: &'a Client,
    /// The folder in which blobs are kept.
    pub blobs: &'a Blobs,
    /// The runtime of the client.
    pub runtime: &'a Runtime,
}

impl Fetcher<'_> {
    /// Returns the blob with this hash, of at most `most` bytes. Returns `None` if no mirror and no
    /// neuron serves it, or if it is longer.
    ///
    /// # Errors
    /// If the chain does not answer, or the folder is unusable.
    pub fn find(
        &self,
        hash: &Digest,
        most: usize,
        mirrors: &[String],
    ) -> Result<Option<Vec<u8>>, NeuronError> {
        if !self.blobs.contains(hash) {
            let mut places: Vec<Mirror> = mirrors
                .iter()
                .filter_map(|text| Mirror::parse(text).ok())
                .collect();
            places.extend(self.neurons()?);
            let fetched = self.blobs.fetch(self.client, hash, &places, DEADLINE);
            match self.runtime.block_on(fetched) {
                Ok(()) => {}
                Err(FetchError::Blob(error)) => return Err(error.into()),
                Err(error @ FetchError::Nowhere { .. }) => {
                    debug!("{error}");
                    return Ok(None);
                }
            }
        }
        match self.blobs.get(hash) {
            Ok(bytes) if bytes.len() <= most => Ok(Some(bytes)),
            // Damaged files are removed, and fetched again at the next attempt.
            Ok(_) | Err(BlobError::Damaged(_) | BlobError::Unknown(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the neurons that serve blobs, those with most pay first.
    fn neurons(&self) -> Result<Vec<Mirror>, NeuronError> {
        let block = self.chain.best()?;
        let mut neurons = neurons_at(self.chain, self.contracts, self.netuid, block)?;
        let account = self.client.account();
        neurons.retain(|it| speaks(it) && it.view.neuron.hotkey != account);
        neurons.sort_by_key(|it| Reverse(it.view.score.emission));
        let endpoints = neurons.iter().filter_map(|it| it.axon.as_ref());
        Ok(endpoints
            .take(MOST_NEURONS)
            .map(|axon| Mirror::neuron(&Endpoint::from(axon)))
            .collect())
    }
}

/// Returns true if a neuron has published an endpoint of this protocol.
pub fn speaks(neuron: &Served) -> bool {
    let axon = neuron.axon.as_ref();
    axon.is_some_and(|axon| axon.protocol == PROTOCOL)
}
