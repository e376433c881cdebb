//! The findings of a validator about all entries of an epoch, on a thread of its own.
//!
//! Openings and models are fetched from several miners at a time, each with a time of its own. They
//! are judged one after the other: one model is in memory at a time. Each finding is in the store
//! before the next one is made, so a killed validator continues.

use super::{
    cores::OnCores,
    records::{keep, of_uid, FoundRecord, OpeningRecord},
    show::{held, Miner},
};
use crate::store::Store;
use inktensor_contest::{find, Entry, Finding, HeldOut, Opening, Shown, Subnet};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_task::Seed;
use inktensor_wire::{Blobs, Client, Endpoint};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
        Arc,
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};
use tracing::debug;

/// Miners that show their entries at a time. 256 hostile ones take 16 times the window.
const MINERS: usize = 16;

/// The entries of an epoch for which there is no finding yet, and the means to judge them.
pub struct Job {
    /// The contest.
    pub contest: Arc<HeldOut>,
    /// The subnet.
    pub subnet: Subnet,
    /// The epoch.
    pub epoch: u32,
    /// The seed of the rows.
    pub seed: Seed,
    /// The entries with the endpoints of their miners, and the openings that are known.
    pub entries: Vec<(Entry, Option<Endpoint>, Option<Opening>)>,
    /// The time of each miner.
    pub window: Duration,
    /// The store.
    pub store: Arc<Store>,
    /// The folder of models.
    pub blobs: Arc<Blobs>,
    /// The client.
    pub client: Arc<Client>,
    /// The runtime of the client.
    pub runtime: Handle,
    /// Set once the findings are of no more use.
    pub stop: Arc<AtomicBool>,
}

/// An entry whose miner has had its time, with the opening that it showed. The error is one of this
/// validator.
type Arrived = (Entry, Result<Option<Opening>, String>);

impl Job {
    /// Makes all findings.
    ///
    /// # Errors
    /// If the folder or the store of this validator is unusable, or the round was abandoned.
    pub fn run(self) -> Result<(), String> {
        let arrived = self.fetch();
        // Rows and judge are the same for all: copies of a model are judged once.
        let mut known = BTreeMap::new();
        for _ in &self.entries {
            let (entry, opening) = arrived.recv().map_err(|_| "a transfer failed")?;
            let opening = opening?;
            if self.stops() {
                return Err("the round was abandoned".into());
            }
            self.judge(&entry, opening, &mut known)?;
        }
        Ok(())
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Begins to fetch openings and models.
    fn fetch(&self) -> Receiver<Arrived> {
        let (sender, arrived) = mpsc::channel();
        let places = Arc::new(Semaphore::new(MINERS));
        for (entry, endpoint, known) in &self.entries {
            let miner = Miner {
                client: Arc::clone(&self.client),
                blobs: Arc::clone(&self.blobs),
                subnet: self.subnet,
                entry: *entry,
                endpoint: endpoint.clone(),
                window: self.window,
            };
            let (sender, places, known) = (sender.clone(), Arc::clone(&places), *known);
            let (store, epoch) = (Arc::clone(&self.store), self.epoch);
            let stop = Arc::clone(&self.stop);
            self.runtime.spawn(async move {
                // Fails only when the semaphore is closed, which never happens.
                let _place = places.acquire().await.ok();
                let shown = match stop.load(Ordering::Relaxed) {
                    true => Ok(None),
                    false => shown(&miner, known, store, epoch).await,
                };
                // Fails only if the round was abandoned.
                let _ = sender.send((miner.entry, shown));
            });
        }
        arrived
    }

    /// Makes and stores the finding about an entry.
    fn judge(
        &self,
        entry: &Entry,
        opening: Option<Opening>,
        known: &mut BTreeMap<Digest, Finding>,
    ) -> Result<(), String> {
        let opens = |it: &Opening| entry.pledge.is_opened(&self.subnet, entry.seat, it);
        let opened = opening.filter(opens);
        let finding = match opened.and_then(|it| known.get(&it.model).cloned()) {
            Some(finding) => finding,
            None => {
                let blob = match &opened {
                    Some(opening) => self.model(&opening.model)?,
                    None => None,
                };
                let shown = Shown { opening, blob };
                let contest = OnCores(&self.contest);
                find(&contest, &self.subnet, entry, &shown, &self.seed)
            }
        };
        if let Some(opening) = opened.filter(|_| !finding.is_word()) {
            known.insert(opening.model, finding.clone());
        }
        debug!(epoch = self.epoch, uid = entry.seat.uid, "{finding}");
        let record = FoundRecord {
            seat: entry.seat,
            opening: opened,
            finding,
        };
        let key = of_uid(self.epoch, entry.seat.uid);
        let stored = self.store.put(&key, &record);
        stored.map_err(|error| error.to_string())
    }

    /// Returns the model with this hash, if it is here.
    fn model(&self, model: &Digest) -> Result<Option<Vec<u8>>, String> {
        if !self.blobs.contains(model) {
            return Ok(None);
        }
        let found = held(&self.blobs, model).map_err(|error| error.to_string())?;
        // A damaged file is removed, and is no fault of the miner.
        match found.is_none() && !self.blobs.contains(model) {
            true => Err(format!("the file of the model {} was damaged", hex(model))),
            false => Ok(found),
        }
    }
}

/// Returns the opening that a miner shows, once its model is here or its time is over.
async fn shown(
    miner: &Miner,
    known: Option<Opening>,
    store: Arc<Store>,
    epoch: u32,
) -> Result<Option<Opening>, String> {
    let until = miner.until();
    let opening = miner.opening(known, until).await;
    let Some(opened) = opening.filter(|it| miner.opens(it)) else {
        return Ok(opening);
    };
    // A blob that was here for another reason is not removed with the models.
    let is_new = !miner.blobs.contains(&opened.model);
    let (seat, model) = (miner.entry.seat, opened.model);
    // Off the threads that ask: it waits for the disk.
    let stored = spawn_blocking(move || {
        if known != Some(opened) {
            let record = OpeningRecord {
                seat,
                opening: opened,
            };
            store.put(&seat.uid.to_be_bytes(), &record)?;
        }
        match is_new {
            true => keep(&store, epoch, &model),
            false => Ok(()),
        }
    });
    match stored.await {
        Ok(stored) => stored.map_err(|error| error.to_string())?,
        Err(error) => return Err(error.to_string()),
    }
    let fetched = miner.model(&model, until).await;
    fetched.map_err(|error| error.to_string())?;
    Ok(opening)
}
