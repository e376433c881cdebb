//! The tasks that a neuron has loaded: that of the open epoch, and that of the next one.

use crate::{
    error::NeuronError,
    manifest::{Manifest, MAX_MANIFEST},
    pledged::Manifests,
    program::{self, Limits, Program},
    service::Neuron,
    store::{Record, Store},
    view::SubnetView,
};
use inktensor_client::chain::ChainRead;
use inktensor_primitives::{hash::hex, Digest};
use std::{collections::BTreeMap, sync::Arc};
use tracing::{info, warn};

/// Blocks after which a manifest that could not be loaded is tried again.
const TRY_AGAIN: u32 = 5;

impl Record for Manifests {
    const TABLE: &'static str = "manifests";
    const KIND: u8 = 2;
}

/// A manifest that is loaded.
pub struct Working {
    /// Hash of the manifest.
    pub hash: Digest,
    /// The manifest.
    pub manifest: Manifest,
    /// The task with its state. Absent for a miner whose model is in another process.
    pub program: Option<Arc<dyn Program>>,
}

/// The tasks that a neuron has loaded.
pub struct Tasks {
    manifests: Manifests,
    loaded: BTreeMap<Digest, Arc<Working>>,
    /// Manifest that could not be loaded, with the block of the attempt and the reason.
    failed: Option<(Digest, u32, String)>,
}

impl Tasks {
    /// Returns the tasks that the store remembers, none of them loaded.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn remembered(store: &Store) -> Result<Self, NeuronError> {
        Ok(Self {
            manifests: store.only()?.unwrap_or_default(),
            loaded: BTreeMap::new(),
            failed: None,
        })
    }

    /// Returns the task of an epoch, if it is loaded.
    pub fn at(&self, epoch: u32) -> Option<&Arc<Working>> {
        self.loaded.get(&self.manifests.at(epoch)?)
    }

    /// Returns true if a manifest has been pledged.
    pub fn knows_manifest(&self) -> bool {
        self.manifests.newest().is_some()
    }

    /// Reads the pledge of the subnet's owner, and loads the tasks of this epoch and the next.
    ///
    /// # Errors
    /// If the chain does not answer, or the store is unusable. A task that cannot be loaded is
    /// logged, and tried again.
    pub fn look(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &dyn ChainRead,
        view: &SubnetView,
        needs_program: bool,
    ) -> Result<(), NeuronError> {
        let (contracts, netuid) = (&neuron.contracts, neuron.common.netuid);
        let is_new = self
            .manifests
            .look(chain, contracts, netuid, &view.status)?;
        if is_new {
            if let Some((epoch, manifest)) = self.manifests.newest() {
                info!(
                    "the manifest {} counts from epoch {epoch} on",
                    hex(&manifest)
                );
            }
            neuron.store.put_only(&self.manifests)?;
        }
        let open = view.status.open;
        let wanted = [
            self.manifests.at(open),
            self.manifests.at(open.saturating_add(1)),
        ];
        self.loaded.retain(|hash, _| wanted.contains(&Some(*hash)));
        for hash in wanted.into_iter().flatten() {
            if self.loaded.contains_key(&hash) || self.waits(&hash, view.block.number) {
                continue;
            }
            match load(neuron, chain, &hash, needs_program) {
                Ok(working) => {
                    info!(
                        task = working.manifest.task,
                        "loaded the manifest {}",
                        hex(&hash)
                    );
                    self.loaded.insert(hash, Arc::new(working));
                    self.failed = None;
                }
                Err(LoadError::Chain(error)) => return Err(error),
                Err(LoadError::Task(reason)) => self.note(hash, view.block.number, reason),
            }
        }
        Ok(())
    }

    fn waits(&self, hash: &Digest, block: u32) -> bool {
        let failed = self.failed.as_ref();
        failed.is_some_and(|(failed, at, _)| {
            failed == hash && block < at.saturating_add(TRY_AGAIN) && block >= *at
        })
    }

    fn note(&mut self, hash: Digest, block: u32, reason: String) {
        let known = self.failed.as_ref();
        if known.is_none_or(|(known, _, text)| *known != hash || *text != reason) {
            warn!("the manifest {} cannot be used: {reason}", hex(&hash));
        }
        self.failed = Some((hash, block, reason));
    }
}

/// A reason for which a task is not loaded.
enum LoadError {
    Chain(NeuronError),
    Task(String),
}

impl LoadError {
    fn task(error: impl ToString) -> Self {
        Self::Task(error.to_string())
    }
}

fn load(
    neuron: &Neuron<'_>,
    chain: &dyn ChainRead,
    hash: &Digest,
    needs_program: bool,
) -> Result<Working, LoadError> {
    let file = find(neuron, chain, hash, MAX_MANIFEST, &[])?;
    let manifest = Manifest::parse(&file).map_err(LoadError::task)?;
    let most = Limits::of(&manifest.task).map_err(LoadError::task)?.state;
    let program = match needs_program {
        true => {
            let state = find(neuron, chain, &manifest.state, most, &manifest.mirrors)?;
            Some(program::linked(&manifest.task, &state).map_err(LoadError::task)?)
        }
        false => None,
    };
    Ok(Working {
        hash: *hash,
        manifest,
        program,
    })
}

fn find(
    neuron: &Neuron<'_>,
    chain: &dyn ChainRead,
    hash: &Digest,
    most: usize,
    mirrors: &[String],
) -> Result<Vec<u8>, LoadError> {
    let found = neuron.fetcher(chain).find(hash, most, mirrors);
    let found = found.map_err(LoadError::Chain)?;
    found.ok_or_else(|| {
        LoadError::Task(format!(
            "no neuron and no mirror has the blob {}; name its file with --blob",
            hex(hash)
        ))
    })
}
