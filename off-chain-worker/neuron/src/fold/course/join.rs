//! The join of an epoch's ends, on a thread: ends are fetched, checked by their hash, and joined.

use super::records::keep;
use crate::{fold::Training, service::Neuron, store::Store};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_task::{blake2, Blob, Fold, Measure, Seed};
use inktensor_train::{Epoch, Guard, Join, Member};
use inktensor_wire::{BlobError, Blobs, Client, FetchError, Mirror};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinSet, time::sleep};

/// Ends that are fetched at a time.
const FETCHES: usize = 4;
/// Longest time of one place, for an end.
const DEADLINE: Duration = Duration::from_secs(20);
/// Rounds of all places for an end, with a pause after each.
const ROUNDS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// The places of ends.
#[derive(Clone)]
pub struct Places {
    /// The endpoints of validators, which keep the ends that they name.
    pub validators: Vec<Mirror>,
    /// Each miner's own endpoint, by uid.
    pub miners: BTreeMap<u16, Mirror>,
}

/// The means of a thread that fetches blobs.
#[derive(Clone)]
pub struct Means {
    client: Arc<Client>,
    blobs: Arc<Blobs>,
    store: Arc<Store>,
    runtime: Handle,
}

impl Means {
    /// Returns the means of a neuron.
    pub fn of(neuron: &Neuron<'_>) -> Self {
        Self {
            client: Arc::clone(&neuron.client),
            blobs: Arc::clone(&neuron.blobs),
            store: Arc::clone(&neuron.store),
            runtime: neuron.runtime.handle().clone(),
        }
    }
}

/// The state that the next epoch begins with.
pub struct Joined {
    /// Hash of the state.
    pub next: Digest,
    /// Number of members.
    pub members: usize,
    /// The state's loss on the guard's rows, for people.
    pub measure: Option<Measure>,
}

/// The join of an epoch's ends.
pub struct Job {
    /// The fold.
    pub training: Arc<Training>,
    /// The epoch.
    pub epoch: Epoch,
    /// The seed of the guard.
    pub guard: Seed,
    /// The miners whose ends are joined.
    pub members: Vec<Member>,
    /// The means to fetch.
    pub means: Means,
    /// The places of the ends.
    pub places: Places,
}

impl Job {
    /// Fetches and joins the ends.
    ///
    /// # Errors
    /// The reason for which there is no next state yet.
    pub fn run(self) -> Result<Joined, String> {
        self.means.runtime.block_on(self.bring())?;
        let (blobs, fold) = (&self.means.blobs, &self.training.train);
        let text = |error: BlobError| error.to_string();
        let start = blobs.get(&self.epoch.start).map_err(text)?;
        let guard = Guard::new(fold, &start, self.guard).map_err(|error| error.to_string())?;
        let join = Join {
            fold,
            start: &start,
            guard,
        };
        let end = |member: &Member| blobs.get(&member.work.end).ok();
        let next = join.next_state(&self.members, end);
        let next = next.map_err(|error| error.to_string())?;
        let measure = fold.measure(&next, &self.guard).ok();
        let blob = next.to_blob();
        // Known as kept before it is written: a kill between both leaves no file behind.
        let following = self.epoch.number.saturating_add(1);
        keep(&self.means.store, following, &blake2(&blob)).map_err(|error| error.to_string())?;
        Ok(Joined {
            next: blobs.put(&blob).map_err(text)?,
            members: self.members.len(),
            measure,
        })
    }

    /// Fetches the ends, some at a time: one place that is slow holds up no other end.
    async fn bring(&self) -> Result<(), String> {
        let permits = Arc::new(Semaphore::new(FETCHES));
        let mut fetches = JoinSet::new();
        for member in &self.members {
            let kept = keep(&self.means.store, self.epoch.number, &member.work.end);
            kept.map_err(|error| error.to_string())?;
            let (permits, means) = (Arc::clone(&permits), self.means.clone());
            let (end, most) = (member.work.end, self.training.state_bytes());
            let places = self.places_of(member);
            fetches.spawn(async move {
                // Fails only when the semaphore is closed, which never happens.
                let _permit = permits.acquire_owned().await.ok();
                means.end(&end, most, &places).await
            });
        }
        while let Some(fetched) = fetches.join_next().await {
            fetched.map_err(|error| error.to_string())??;
        }
        Ok(())
    }

    /// Returns the places of an end: validators in an order of this neuron's own, so that not all
    /// neurons ask the same one, and the miner at last.
    fn places_of(&self, member: &Member) -> Vec<Mirror> {
        let mut places = self.places.validators.clone();
        let own = self.means.client.account();
        let spread = blake2(&[own.as_ref(), &member.work.end[..]].concat());
        let turn = usize::from(spread[0]).checked_rem(places.len());
        places.rotate_left(turn.unwrap_or_default());
        places.extend(self.places.miners.get(&member.seat.uid).cloned());
        places
    }
}

impl Means {
    async fn end(&self, end: &Digest, most: usize, places: &[Mirror]) -> Result<(), String> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        for _ in 0..ROUNDS {
            for place in places {
                let place = std::slice::from_ref(place);
                let fetched = self.blobs.fetch(&self.client, end, most, place, DEADLINE);
                match fetched.await {
                    Ok(()) => return Ok(()),
                    Err(FetchError::Blob(error)) => return Err(error.to_string()),
                    Err(error @ FetchError::Nowhere { .. }) => tracing::debug!("{error}"),
                }
            }
            sleep(PAUSE).await;
        }
        Err(format!(
            "no validator and no miner has served the end {} yet",
            hex(end)
        ))
    }
}
