//! The tasks that a neuron has loaded: that of the open epoch, and that of the next one.
//!
//! Their blobs are fetched beside the neuron's loop, one at a time: mirrors that stall must not
//! keep a neuron from its chain.

use crate::{
    contest,
    error::NeuronError,
    fetch::{fetch, held, Fetched, FindError, Held},
    fold,
    manifest::{Manifest, MAX_MANIFEST},
    pledged::Manifests,
    program::{Limits, Program, ProgramError, Runs},
    service::Neuron,
    store::{Record, Store},
    view::SubnetView,
};
use inktensor_client::chain::ChainRead;
use inktensor_primitives::{hash::hex, Digest};
use inktensor_wire::{BlobError, Mirror};
use std::{
    collections::BTreeMap,
    sync::{
        mpsc::{self, Receiver, TryRecvError},
        Arc,
    },
};
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
    /// The task, the fold or the contest that the manifest names.
    pub runs: Runs,
}

impl Working {
    /// Returns the task with its state. Returns `None` for a fold and for a contest, which answer
    /// no questions of users.
    pub const fn task(&self) -> Option<&Arc<dyn Program>> {
        match &self.runs {
            Runs::Task(program) => Some(program),
            Runs::Fold(_) | Runs::Contest(_) => None,
        }
    }

    /// Returns the limits of questions and answers.
    pub fn limits(&self) -> Limits {
        match &self.runs {
            Runs::Task(program) => program.limits(),
            Runs::Fold(_) => fold::LIMITS,
            Runs::Contest(_) => contest::LIMITS,
        }
    }
}

/// The tasks that a neuron has loaded.
pub struct Tasks {
    manifests: Manifests,
    loaded: BTreeMap<Digest, Arc<Working>>,
    /// Manifest that could not be loaded, with the block of the attempt and the reason.
    failed: Option<(Digest, u32, String)>,
    fetching: Option<Fetching>,
}

/// A blob on its way.
struct Fetching {
    /// The manifest that needs the blob.
    manifest: Digest,
    /// The blob.
    blob: Digest,
    /// Nothing once it is there, or the problem.
    fetched: Receiver<Result<(), String>>,
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
            fetching: None,
        })
    }

    /// Returns the task of an epoch, if it is loaded.
    pub fn at(&self, epoch: u32) -> Option<&Arc<Working>> {
        self.loaded.get(&self.manifests.at(epoch)?)
    }

    /// Returns the hash of the manifest of an epoch, which may not be loaded.
    pub fn manifest_at(&self, epoch: u32) -> Option<Digest> {
        self.manifests.at(epoch)
    }

    /// Returns the manifest that counts last, with its first epoch. It may not be loaded.
    pub fn newest(&self) -> Option<(u32, Digest)> {
        self.manifests.newest()
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
        self.fetched(view.block.number);
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
            match load(neuron, &hash) {
                Ok(working) => {
                    info!(
                        task = working.manifest.task,
                        "loaded the manifest {}",
                        hex(&hash)
                    );
                    self.loaded.insert(hash, Arc::new(working));
                    self.failed = None;
                }
                Err(LoadError::Folder(error)) => return Err(error),
                Err(LoadError::Task(reason)) => self.note(hash, view.block.number, reason),
                Err(LoadError::Absent { .. }) if self.fetching.is_some() => {}
                Err(LoadError::Absent {
                    blob,
                    most,
                    mirrors,
                }) => {
                    let places = neuron.fetcher(chain).places(&mirrors)?;
                    self.fetching = Some(fetching(neuron, hash, (blob, most), places));
                }
            }
        }
        Ok(())
    }

    /// Takes note of a blob that has arrived, or that no place has.
    fn fetched(&mut self, block: u32) {
        let Some(fetching) = &self.fetching else {
            return;
        };
        let (manifest, blob) = (fetching.manifest, hex(&fetching.blob));
        let problem = match fetching.fetched.try_recv() {
            Err(TryRecvError::Empty) => return,
            Ok(Ok(())) => None,
            Ok(Err(problem)) => Some(problem),
            Err(TryRecvError::Disconnected) => Some(format!("fetching the blob {blob} failed")),
        };
        self.fetching = None;
        if let Some(problem) = problem {
            self.note(manifest, block, problem);
        }
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

/// Begins to fetch a blob of at most so many bytes.
fn fetching(
    neuron: &Neuron<'_>,
    manifest: Digest,
    (blob, most): (Digest, usize),
    places: Vec<Mirror>,
) -> Fetching {
    let (sender, fetched) = mpsc::channel();
    let (client, blobs) = (Arc::clone(&neuron.client), Arc::clone(&neuron.blobs));
    neuron.runtime.spawn(async move {
        let fetched = fetch(&client, &blobs, &blob, most, &places).await;
        // Fails only if the neuron has ended.
        let _ = sender.send(problem(&blob, fetched));
    });
    Fetching {
        manifest,
        blob,
        fetched,
    }
}

/// Returns the problem of a search, which the operator reads.
fn problem(blob: &Digest, fetched: Result<Fetched, BlobError>) -> Result<(), String> {
    match fetched {
        Ok(Fetched::Here) => Ok(()),
        Ok(Fetched::Absent) => Err(format!(
            "no neuron and no mirror has the blob {}; name its file with --blob",
            hex(blob)
        )),
        Ok(Fetched::Unknown(error)) => Err(FindError::Nowhere(error).to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// A reason for which a task is not loaded.
enum LoadError {
    /// The folder of blobs is unusable.
    Folder(NeuronError),
    /// The task cannot be used.
    Task(String),
    /// A blob, of at most `most` bytes, is not there.
    Absent {
        blob: Digest,
        most: usize,
        mirrors: Vec<String>,
    },
}

impl LoadError {
    fn task(error: impl ToString) -> Self {
        Self::Task(error.to_string())
    }
}

impl From<ProgramError> for LoadError {
    fn from(error: ProgramError) -> Self {
        Self::task(error)
    }
}

fn load(neuron: &Neuron<'_>, hash: &Digest) -> Result<Working, LoadError> {
    let file = find(neuron, hash, MAX_MANIFEST, &[])?;
    let manifest = Manifest::parse(&file).map_err(LoadError::task)?;
    let runs = Runs::load(&manifest, |_, hash, most| {
        find(neuron, hash, most, &manifest.mirrors)
    })?;
    Ok(Working {
        hash: *hash,
        manifest,
        runs,
    })
}

fn find(
    neuron: &Neuron<'_>,
    hash: &Digest,
    most: usize,
    mirrors: &[String],
) -> Result<Vec<u8>, LoadError> {
    let found = held(&neuron.blobs, hash, most);
    match found.map_err(|error| LoadError::Folder(error.into()))? {
        Held::Whole(bytes) => Ok(bytes),
        Held::TooLong(size) => Err(LoadError::Task(format!(
            "the blob {} has {size} bytes, and at most {most} are used",
            hex(hash)
        ))),
        Held::Absent => Err(LoadError::Absent {
            blob: *hash,
            most,
            mirrors: mirrors.to_vec(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_wire::{FetchError, MirrorProblem};

    #[test]
    fn an_operator_reads_why_a_blob_is_not_there() {
        let blob = [7; 32];
        assert_eq!(problem(&blob, Ok(Fetched::Here)), Ok(()));
        let absent = problem(&blob, Ok(Fetched::Absent)).unwrap_err();
        assert!(
            absent.starts_with("no neuron and no mirror has"),
            "{absent}"
        );
        let place = Mirror::parse("http://mirror.example").unwrap();
        let error = FetchError::Nowhere {
            hash: blob,
            tried: vec![(place, MirrorProblem::Hash)],
        };
        let unknown = problem(&blob, Ok(Fetched::Unknown(error))).unwrap_err();
        for part in ["mirror.example", "another hash", "--blob"] {
            assert!(unknown.contains(part), "{unknown}");
        }
    }
}
