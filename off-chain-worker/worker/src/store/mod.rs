//! What a worker has to remember when it is stopped, at whatever instruction: in one file of a
//! folder.
//!
//! # Terms
//! * **store**: the file, for one deployment on one chain, open in one process at a time.
//! * **inputs**: all that an epoch depends on. The chain forgets the inputs of past epochs, so they
//!   are kept here.
//! * **outcome**: what this worker computed of them.
//! * **intent**: that this worker was about to post an assertion, written before it did.
//!
//! Every change is on the disk before the function that makes it returns. Nothing here is trusted
//! over the chain: memory is checked against the chain's hashes, inputs against the header's, and
//! what became of an intent is read from events.
//!
//! The file is kept small: per subnet the last [`KEPT_EPOCHS`] epochs, and what their steps handed
//! on for the last [`KEPT_STEPS`]. The last final epoch is kept however old it is, since the next
//! one reads its memory.

mod codec;
mod error;
mod export;
mod file;
mod record;
#[cfg(test)]
mod tests;

pub use codec::CodecError;
pub use error::StoreError;
pub use export::MemoryExport;
pub use record::{Distrust, Home, Intent, Outcome, StoredEpoch};

use file::{Batch, File};
use inktensor_compute::epoch::{EpochInputs, StepTrace, Trace};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    assertion::Assertion,
    kernel::{EpochHeader, EpochPlan, NeuronResult},
    AccountId, Digest, NetUid,
};
use record::{Inputs, Memory, Pardon, Posted, Record, Results, Steps, TABLES};
use std::path::Path;

/// Epochs of a subnet that are kept unless [`Store::keeping`] says otherwise: more than three days
/// of epochs of 360 blocks of 12 seconds.
pub const KEPT_EPOCHS: u32 = 64;
/// Epochs of a subnet for which also what the steps handed on is kept, so that a worker that starts
/// again need not compute the closed epoch again.
pub const KEPT_STEPS: u32 = 2;

/// Name of the file in its folder.
const FILE: &str = "inktensor.redb";
/// Where a store keeps which deployment it is for.
const HOME: &[u8] = b"home";
/// Most bytes of the steps' values that are kept; of a larger epoch they are computed again when
/// they are needed.
const MAX_STEPS: usize = 64 * 1024 * 1024;

/// What a worker remembers.
pub struct Store {
    file: File,
    home: Home,
    kept: u32,
}

impl Store {
    /// Opens the store in `folder`, or makes one, for the deployment `home`.
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

    /// Opens the store that is in `folder`, whatever deployment it is for.
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

    /// Keeps so many epochs of each subnet from the next one on, at least one.
    pub fn keeping(mut self, epochs: u32) -> Self {
        self.kept = epochs.max(1);
        self
    }

    /// The deployment that it is for.
    pub const fn home(&self) -> Home {
        self.home
    }

    /// An epoch, if its inputs are kept.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn epoch(&self, netuid: NetUid, epoch: u32) -> Result<Option<StoredEpoch>, StoreError> {
        let key = key(netuid, epoch);
        let Some(Inputs { inputs, plan }) = self.get(&key)? else {
            return Ok(None);
        };
        if (inputs.header.netuid, inputs.header.epoch) != (netuid, epoch) {
            return Err(damaged::<Inputs>(&self.file, CodecError::Value));
        }
        let outcome = match (self.get(&key)?, self.get(&key)?, self.get(&key)?) {
            (Some(assertion), Some(Memory(memory)), Some(Results(results))) => Some(Outcome {
                assertion,
                memory,
                results,
            }),
            _ => None,
        };
        let posted = self.get(&key)?.map(|Posted(digest)| digest);
        Ok(Some(StoredEpoch {
            inputs,
            plan,
            outcome,
            posted,
        }))
    }

    /// What the steps of an epoch handed on, if it is kept.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn steps(&self, netuid: NetUid, epoch: u32) -> Result<Option<Vec<StepTrace>>, StoreError> {
        Ok(self.get(&key(netuid, epoch))?.map(|Steps(steps)| steps))
    }

    /// What each chunk remembers from an epoch: computed here, brought in, or told by the chain.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn memory(&self, netuid: NetUid, epoch: u32) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        Ok(self.get(&key(netuid, epoch))?.map(|Memory(memory)| memory))
    }

    /// What each chunk's neurons get by an epoch: computed here, or told by the chain.
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

    /// Keeps all that a closed epoch depends on, and forgets what is too old. An outcome of another
    /// epoch with the same number goes.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_inputs(&self, inputs: &EpochInputs, plan: &EpochPlan) -> Result<(), StoreError> {
        let header = &inputs.header;
        let key = key(header.netuid, header.epoch);
        let known = self.get::<Inputs>(&key)?;
        let same = known.is_some_and(|known| known.inputs == *inputs);
        let kept = Inputs {
            inputs: inputs.clone(),
            plan: plan.clone(),
        };
        self.change(|batch| {
            if !same {
                for table in [
                    Assertion::TABLE,
                    Memory::TABLE,
                    Results::TABLE,
                    Steps::TABLE,
                    Posted::TABLE,
                ] {
                    batch.remove(table, &key)?;
                }
            }
            self.put(batch, &key, &kept)?;
            self.prune(batch, header)
        })
    }

    /// Keeps what a closed epoch came to.
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

    /// Keeps what each chunk remembers from an epoch that was not computed here. Check it against
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

    /// What each chunk remembers from an epoch, for another worker, if it is known.
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

    /// Makes sure that `export` is of the deployment that this store is for.
    ///
    /// # Errors
    /// `OtherExport`.
    pub fn accept(&self, export: &MemoryExport) -> Result<(), StoreError> {
        if export.home == self.home {
            return Ok(());
        }
        Err(StoreError::OtherExport {
            found: named(&export.home),
            asked: named(&self.home),
        })
    }

    /// Keeps the results of an epoch that was not computed here.
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

    /// Keeps the digest of the assertion that stands on the chain.
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
            Some(Posted(known)) if known == *posted => Ok(()),
            _ => self.change(|batch| self.put(batch, &key, &Posted(*posted))),
        }
    }

    /// The intents of `account` whose end is not known.
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

    /// Keeps an intent. Do this before the assertion is sent.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn put_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        self.change(|batch| self.put(batch, &intent_key(intent), intent))
    }

    /// Forgets an intent whose end is known.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn end_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        self.change(|batch| batch.remove(Intent::TABLE, &intent_key(intent)))
    }

    /// Forgets an intent whose assertion was slashed, and keeps that its kernel is not to be
    /// trusted here.
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

    /// Why the kernel with this code hash is not trusted here, if it is not.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn distrust(&self, kernel_code: &Digest) -> Result<Option<Distrust>, StoreError> {
        self.get(kernel_code)
    }

    /// Trusts the kernel with this code hash again. What was computed of the epoch that was slashed
    /// goes, so that it is computed anew. Says whether it was not trusted.
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

    /// Whether [`Store::trust`] was told to forgive what was slashed in this epoch.
    ///
    /// # Errors
    /// `Damaged`, `Unavailable`.
    pub fn is_pardoned(&self, netuid: NetUid, epoch: u32) -> Result<bool, StoreError> {
        Ok(self.get::<Pardon>(&key(netuid, epoch))?.is_some())
    }

    /// Takes away what is too old when the epoch of `header` has closed.
    fn prune(&self, batch: &mut Batch, header: &EpochHeader) -> Result<(), redb::Error> {
        let first = key(header.netuid, 0);
        let spared = header.final_epoch.map(|epoch| key(header.netuid, epoch));
        let spared = spared.as_ref().map(<[u8; 6]>::as_slice);
        for (table, kept) in [
            (Inputs::TABLE, self.kept),
            (Assertion::TABLE, self.kept),
            (Memory::TABLE, self.kept),
            (Results::TABLE, self.kept),
            (Posted::TABLE, self.kept),
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

/// The value of kind `R` that `file` has at `key`.
fn get<R: Record>(file: &File, key: &[u8]) -> Result<Option<R>, StoreError> {
    match file.get(R::TABLE, key)? {
        None => Ok(None),
        Some(bytes) => opened(file, key, &bytes).map(Some),
    }
}

/// The value of kind `R` that `file` had at `key` as `bytes`.
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

/// A deployment in an error.
fn named(home: &Home) -> String {
    format!(
        "epoch contract {} on the chain {}",
        hex(home.epoch.as_ref()),
        hex(&home.genesis)
    )
}

/// Where what is kept of an epoch is.
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
