//! The memory of a worker that may be stopped at any instruction: one file in a folder.
//!
//! # Terms
//! * **store**: the file, for one deployment on one chain, open in one process at a time.
//! * **inputs**: the inputs of an epoch. The chain drops those of past epochs, so the store keeps
//!   them.
//! * **outcome**: the results that this worker computed from the inputs.
//! * **intent**: a note that this worker was about to post an assertion, written before the
//!   assertion.
//!
//! Every change is on the disk before its function returns. The chain is always trusted over the
//! store: memory is checked against the chain's hashes, inputs against the header's, and the
//! outcome of an intent is read from events.
//!
//! The file stays small. Per subnet it has the last [`KEPT_EPOCHS`] epochs, and the carry and
//! scratch of the steps for the last [`KEPT_STEPS`]. The last final epoch is kept however old it
//! is, since the next one reads its memory.

pub mod codec;
mod error;
mod export;
pub mod file;
mod record;
#[cfg(test)]
mod tests;

pub use codec::CodecError;
pub use error::StoreError;
pub use export::MemoryExport;
pub use record::{Distrust, Home, Intent, StoredEpoch, StoredOutcome};

use file::{Batch, File};
use inktensor_client::{chain::BlockId, ss58::ss58};
use inktensor_compute::epoch::{EpochInputs, StepTrace, Trace};
use inktensor_primitives::{
    assertion::Assertion,
    hash::hex,
    kernel::{EpochHeader, EpochPlan, NeuronResult},
    AccountId, Digest, NetUid,
};
use record::{Inputs, Memory, Pardon, PostedDigest, Record, Results, Steps, TABLES};
use std::path::Path;

/// Epochs kept per subnet by default; see [`Store::keeping`]. More than three days of epochs of 360
/// blocks of 12 seconds.
pub const KEPT_EPOCHS: u32 = 64;
/// Epochs per subnet for which the carry and scratch of all steps are kept too, so that a restarted
/// worker need not compute the closed epoch again.
pub const KEPT_STEPS: u32 = 2;

/// Name of the file in its folder.
const FILE: &str = "inktensor.redb";
/// Key of the deployment.
const HOME: &[u8] = b"home";
/// Largest sum of the steps' bytes that is kept; a larger epoch is computed again when needed.
const MAX_STEPS: usize = 64 * 1024 * 1024;

/// The store of a worker.
pub struct Store {
    file: File,
    home: Home,
    kept: u32,
}

impl Store {
    /// Opens or creates the store in `folder` for the deployment `home`.
    ///
    /// # Errors
    /// `Locked`, `OtherDeployment`, `Damaged`, `Unavailable`.
    pub fn open(folder: &Path, home: Home) -> Result<Self, StoreError> {
        let store = Self {
            file: File::open(folder.join(FILE), &TABLES)?,
            home,
            kept: KEPT_EPOCHS,
        };
        match get::<Home>(&store.file, HOME)? {
            Some(found) if found == home => Ok(store),
            Some(found) => Err(StoreError::OtherDeployment {
                path: store.file.path().to_path_buf(),
                found: named(&found),
                asked: named(&home),
            }),
            None => {
                store.change(|batch| store.put(batch, HOME, &home))?;
                Ok(store)
            }
        }
    }

    /// Opens the store in `folder`, whatever its deployment.
    ///
    /// # Errors
    /// `Missing`, `Locked`, `Damaged`, `Unavailable`.
    pub fn reopen(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Err(StoreError::Missing(path));
        }
        let file = File::open(path, &TABLES)?;
        let home = get(&file, HOME)?.ok_or_else(|| StoreError::Missing(file.path().into()))?;
        Ok(Self {
            file,
            home,
            kept: KEPT_EPOCHS,
        })
    }

    /// Keeps this number of epochs of each subnet from the next one on, at least one.
    pub fn keeping(mut self, epochs: u32) -> Self {
        self.kept = epochs.max(1);
        self
    }

    /// Returns the deployment of the store.
    pub const fn home(&self) -> Home {
        self.home
    }

    /// Returns an epoch whose inputs are stored.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn epoch(&self, netuid: NetUid, epoch: u32) -> Result<Option<StoredEpoch>, StoreError> {
        let key = key(netuid, epoch);
        let Some(Inputs {
            inputs,
            plan,
            closed_in,
        }) = self.get(&key)?
        else {
            return Ok(None);
        };
        if (inputs.header.netuid, inputs.header.epoch) != (netuid, epoch) {
            return Err(damaged::<Inputs>(&self.file, CodecError::Value));
        }
        let outcome = match (self.get(&key)?, self.get(&key)?, self.get(&key)?) {
            (Some(assertion), Some(Memory(memory)), Some(Results(results))) => {
                Some(StoredOutcome {
                    assertion,
                    memory,
                    results,
                })
            }
            _ => None,
        };
        let posted = self.get(&key)?.map(|PostedDigest(digest)| digest);
        Ok(Some(StoredEpoch {
            inputs,
            plan,
            closed_in,
            outcome,
            posted,
        }))
    }

    /// Returns carry and scratch of the steps of an epoch.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn steps(&self, netuid: NetUid, epoch: u32) -> Result<Option<Vec<StepTrace>>, StoreError> {
        Ok(self.get(&key(netuid, epoch))?.map(|Steps(steps)| steps))
    }

    /// Returns the memory of each chunk from an epoch: computed here, imported, or published on the
    /// chain.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn memory(&self, netuid: NetUid, epoch: u32) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        Ok(self.get(&key(netuid, epoch))?.map(|Memory(memory)| memory))
    }

    /// Returns the results of each chunk's neurons for an epoch: computed here, or published on the
    /// chain.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn results(
        &self,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Option<Vec<Vec<NeuronResult>>>, StoreError> {
        let results = self.get(&key(netuid, epoch))?;
        Ok(results.map(|Results(results)| results))
    }

    /// Stores the inputs of an epoch that closed in the block `closed_in`, and removes old epochs.
    /// Removes the outcome of another epoch with the same number, or of the same one on a fork.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_inputs(
        &self,
        inputs: &EpochInputs,
        plan: &EpochPlan,
        closed_in: &BlockId,
    ) -> Result<(), StoreError> {
        let header = &inputs.header;
        let key = key(header.netuid, header.epoch);
        let known = self.get::<Inputs>(&key)?;
        let same =
            known.is_some_and(|known| known.inputs == *inputs && known.closed_in == *closed_in);
        let kept = Inputs {
            inputs: inputs.clone(),
            plan: plan.clone(),
            closed_in: *closed_in,
        };
        self.change(|batch| {
            if !same {
                for table in [
                    Assertion::TABLE,
                    Memory::TABLE,
                    Results::TABLE,
                    Steps::TABLE,
                    PostedDigest::TABLE,
                ] {
                    batch.remove(table, &key)?;
                }
            }
            self.put(batch, &key, &kept)?;
            self.prune(batch, header)
        })
    }

    /// Stores the outcome of a closed epoch.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_outcome(&self, trace: &Trace) -> Result<(), StoreError> {
        let key = key(trace.netuid, trace.epoch);
        let size = trace
            .steps
            .iter()
            .map(|step| step.carry.len().saturating_add(step.scratch.len()));
        let size = size.fold(0usize, usize::saturating_add);
        self.change(|batch| {
            self.put(batch, &key, &trace.assertion())?;
            self.put(batch, &key, &Memory(trace.memory.clone()))?;
            self.put(batch, &key, &Results(trace.results.clone()))?;
            if size <= MAX_STEPS {
                self.put(batch, &key, &Steps(trace.steps.clone()))?;
            }
            Ok(())
        })
    }

    /// Stores the memory of each chunk from an epoch that was not computed here. Check it against
    /// the chain's hashes before.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_memory(
        &self,
        netuid: NetUid,
        epoch: u32,
        memory: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        let memory = Memory(memory.to_vec());
        self.change(|batch| self.put(batch, &key(netuid, epoch), &memory))
    }

    /// Returns the memory of an epoch for another worker.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn export(&self, netuid: NetUid, epoch: u32) -> Result<Option<MemoryExport>, StoreError> {
        let memory = self.memory(netuid, epoch)?;
        Ok(memory.map(|memory| MemoryExport {
            home: self.home,
            netuid,
            epoch,
            memory,
        }))
    }

    /// Checks that `export` is of the store's deployment.
    ///
    /// # Errors
    /// `OtherExport`.
    pub fn accept(&self, export: &MemoryExport) -> Result<(), StoreError> {
        export.check_home(&self.home)
    }

    /// Stores the results of an epoch that was not computed here.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_results(
        &self,
        netuid: NetUid,
        epoch: u32,
        results: &[Vec<NeuronResult>],
    ) -> Result<(), StoreError> {
        let results = Results(results.to_vec());
        self.change(|batch| self.put(batch, &key(netuid, epoch), &results))
    }

    /// Removes everything that was read and computed of an epoch.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn remove_epoch(&self, netuid: NetUid, epoch: u32) -> Result<(), StoreError> {
        let key = key(netuid, epoch);
        self.change(|batch| {
            for table in [
                Inputs::TABLE,
                Assertion::TABLE,
                Memory::TABLE,
                Results::TABLE,
                Steps::TABLE,
            ] {
                batch.remove(table, &key)?;
            }
            Ok(())
        })
    }

    /// Stores the digest of the assertion that stands on the chain.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_posted(
        &self,
        netuid: NetUid,
        epoch: u32,
        posted: &Digest,
    ) -> Result<(), StoreError> {
        let key = key(netuid, epoch);
        match self.get(&key)? {
            Some(PostedDigest(known)) if known == *posted => Ok(()),
            _ => self.change(|batch| self.put(batch, &key, &PostedDigest(*posted))),
        }
    }

    /// Returns the intents of `account` whose outcome is not known.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn intents(&self, account: AccountId) -> Result<Vec<Intent>, StoreError> {
        let mut intents: Vec<Intent> = Vec::new();
        for (key, value) in self.file.all(Intent::TABLE)? {
            intents.push(opened(&self.file, &key, &value)?);
        }
        intents.retain(|intent| intent.account == account);
        Ok(intents)
    }

    /// Stores an intent. Do this before the assertion is sent.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        self.change(|batch| self.put(batch, &intent_key(intent), intent))
    }

    /// Removes an intent whose outcome is known.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn end_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        self.change(|batch| batch.remove(Intent::TABLE, &intent_key(intent)))
    }

    /// Removes an intent whose assertion was slashed, and stores that its kernel is distrusted.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_distrust(&self, distrust: &Distrust, of: Option<&Intent>) -> Result<(), StoreError> {
        self.change(|batch| {
            if let Some(intent) = of {
                batch.remove(Intent::TABLE, &intent_key(intent))?;
            }
            self.put(batch, &distrust.kernel_code, distrust)
        })
    }

    /// Returns the reason for which the kernel with this code hash is distrusted.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn distrust(&self, kernel_code: &Digest) -> Result<Option<Distrust>, StoreError> {
        self.get(kernel_code)
    }

    /// Trusts the kernel with this code hash again. Removes the outcome of the slashed epoch, so
    /// that it is computed again. Returns true if the kernel was distrusted.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn trust(&self, kernel_code: &Digest) -> Result<bool, StoreError> {
        let Some(distrust) = self.distrust(kernel_code)? else {
            return Ok(false);
        };
        let key = key(distrust.netuid, distrust.epoch);
        self.change(|batch| {
            for table in [
                Assertion::TABLE,
                Memory::TABLE,
                Results::TABLE,
                Steps::TABLE,
            ] {
                batch.remove(table, &key)?;
            }
            self.put(batch, &key, &Pardon(distrust.clone()))?;
            batch.remove(Distrust::TABLE, kernel_code)
        })?;
        Ok(true)
    }

    /// Returns true if [`Store::trust`] pardoned the slashed assertion of this epoch.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn is_pardoned(&self, netuid: NetUid, epoch: u32) -> Result<bool, StoreError> {
        Ok(self.get::<Pardon>(&key(netuid, epoch))?.is_some())
    }

    /// Removes what is too old when the epoch of `header` has closed.
    fn prune(&self, batch: &mut Batch, header: &EpochHeader) -> Result<(), redb::Error> {
        let first = key(header.netuid, 0);
        let spared = header.final_epoch.map(|epoch| key(header.netuid, epoch));
        let spared = spared.as_ref().map(<[u8; 6]>::as_slice);
        for (table, kept) in [
            (Inputs::TABLE, self.kept),
            (Assertion::TABLE, self.kept),
            (Memory::TABLE, self.kept),
            (Results::TABLE, self.kept),
            (PostedDigest::TABLE, self.kept),
            (Pardon::TABLE, self.kept),
            (Steps::TABLE, KEPT_STEPS.min(self.kept)),
        ] {
            let end = header.epoch.saturating_add(1).saturating_sub(kept);
            batch.remove_range(table, &first, &key(header.netuid, end), spared)?;
        }
        Ok(())
    }

    fn get<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        get(&self.file, key)
    }

    fn put<R: Record>(&self, batch: &mut Batch, key: &[u8], value: &R) -> Result<(), redb::Error> {
        let bytes = codec::seal(R::KIND, key, value)
            .map_err(|_| redb::Error::ValueTooLarge(codec::MAX_VALUE))?;
        batch.put(R::TABLE, key, &bytes)
    }

    fn change(
        &self,
        changes: impl FnOnce(&mut Batch) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        self.file.change(changes)
    }
}

/// Returns the value of kind `R` in `file` at `key`.
fn get<R: Record>(file: &File, key: &[u8]) -> Result<Option<R>, StoreError> {
    match file.get(R::TABLE, key)? {
        None => Ok(None),
        Some(bytes) => opened(file, key, &bytes).map(Some),
    }
}

/// Decodes the value of kind `R` that `file` has at `key` as `bytes`.
fn opened<R: Record>(file: &File, key: &[u8], bytes: &[u8]) -> Result<R, StoreError> {
    let value: R = codec::open(R::KIND, key, bytes).map_err(|error| damaged::<R>(file, error))?;
    if value.is_sound() {
        Ok(value)
    } else {
        Err(damaged::<R>(file, CodecError::Value))
    }
}

fn damaged<R: Record>(file: &File, error: CodecError) -> StoreError {
    StoreError::Damaged {
        path: file.path().to_path_buf(),
        what: format!("a value of its table `{}`: {error}", R::TABLE),
    }
}

/// Returns a deployment's text for errors.
fn named(home: &Home) -> String {
    format!(
        "epoch contract {} on the chain {}",
        ss58(&home.epoch),
        hex(&home.genesis)
    )
}

/// Returns the key of an epoch's values.
fn key(netuid: NetUid, epoch: u32) -> [u8; 6] {
    let [a, b] = netuid.0.to_be_bytes();
    let [c, d, e, f] = epoch.to_be_bytes();
    [a, b, c, d, e, f]
}

fn intent_key(intent: &Intent) -> Vec<u8> {
    let mut bytes = key(intent.netuid, intent.epoch).to_vec();
    bytes.extend_from_slice(intent.account.as_ref());
    bytes
}
