//! Everything that a miner shows of its entry: the opening of its pledge, and the model.
//!
//! A miner may answer with nothing, with other bytes, byte by byte, or without an end. It costs a
//! window of time, and of memory and disk no more than a model.

use crate::fetch::{self, Held};
use inktensor_contest::{Entry, Opening, Subnet, MODEL_LIMIT, OPENING_BYTES};
use inktensor_primitives::Digest;
use inktensor_wire::{BlobError, Blobs, Client, Endpoint, FetchError, Mirror, MirrorProblem, Path};
use scale::DecodeAll;
use std::{sync::Arc, time::Duration};
use tokio::time::{sleep, Instant};
use tracing::debug;

/// The path at which a miner shows the opening of its pledge.
pub const OPENING: &str = "/v1/opening";
/// Pause before a miner is asked again: it may see the cut-off a moment later, or be busy.
const PAUSE: Duration = Duration::from_millis(500);

/// A miner of an entry, and the time that it has.
#[derive(Clone)]
pub struct Miner {
    /// The client.
    pub client: Arc<Client>,
    /// The folder that takes the model.
    pub blobs: Arc<Blobs>,
    /// The subnet.
    pub subnet: Subnet,
    /// The entry.
    pub entry: Entry,
    /// The endpoint. A neuron without one shows nothing.
    pub endpoint: Option<Endpoint>,
    /// The time for opening and model together.
    pub window: Duration,
}

impl Miner {
    /// Returns the opening of the pledge, if the miner shows it in its time. An opening that the
    /// validator `knows` is not asked for.
    ///
    /// The last answer of the right length is returned, even if it opens another pledge.
    pub async fn opening(&self, knows: Option<Opening>, until: Instant) -> Option<Opening> {
        if let Some(opening) = knows.filter(|it| self.opens(it)) {
            return Some(opening);
        }
        let endpoint = self.endpoint.as_ref()?;
        let path = Path::new(OPENING)
            .inspect_err(|error| debug!("{error}"))
            .ok()?;
        let mut last = None;
        while let Some(left) = left(until) {
            match self.client.page(endpoint, &path, OPENING_BYTES, left).await {
                Ok(bytes) => {
                    last = Opening::decode_all(&mut &bytes[..]).ok().or(last);
                    if last.is_some_and(|it| self.opens(&it)) {
                        break;
                    }
                }
                Err(cause) => debug!(uid = self.entry.seat.uid, "no opening: {cause}"),
            }
            sleep(PAUSE).await;
        }
        last
    }

    /// Returns true if `opening` opens the pledge.
    pub fn opens(&self, opening: &Opening) -> bool {
        let (pledge, seat) = (self.entry.pledge, self.entry.seat);
        pledge.is_opened(&self.subnet, seat, opening)
    }

    /// Brings the model with this hash into the folder, if the miner serves it in its time.
    ///
    /// # Errors
    /// If the folder is unusable or full, which is no fault of the miner.
    pub async fn model(&self, model: &Digest, until: Instant) -> Result<(), BlobError> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        let places = [Mirror::neuron(endpoint)];
        let most = u64::try_from(MODEL_LIMIT).unwrap_or(u64::MAX);
        while let Some(left) = left(until).filter(|_| !self.blobs.contains(model)) {
            let fetched = self.blobs.fetch(&self.client, model, most, &places, left);
            match fetched.await {
                Ok(()) => break,
                Err(FetchError::Blob(BlobError::Size { .. })) => break,
                Err(FetchError::Blob(error)) => return Err(error),
                Err(error) => {
                    debug!(uid = self.entry.seat.uid, "no model: {error}");
                    if served_others(&error) {
                        break;
                    }
                }
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Returns the last moment of the miner's time, which begins now.
    pub fn until(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.window).unwrap_or(now)
    }
}

/// Returns true if a miner has served whole bytes that are not its model. It is not asked again:
/// its bytes would cost as much each time.
fn served_others(error: &FetchError) -> bool {
    let FetchError::Nowhere { tried, .. } = error else {
        return false;
    };
    tried.iter().any(|(_, problem)| {
        matches!(
            problem,
            MirrorProblem::Hash | MirrorProblem::Length(_) | MirrorProblem::Range
        )
    })
}

/// Returns the time that is left, or `None` after its end.
fn left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// Returns the model with this hash from the folder, or `None` if it is not here. A longer blob
/// than a model is not read.
///
/// # Errors
/// If the folder is unusable.
pub fn held(blobs: &Blobs, model: &Digest) -> Result<Option<Vec<u8>>, BlobError> {
    match fetch::held(blobs, model, MODEL_LIMIT)? {
        Held::Whole(bytes) => Ok(Some(bytes)),
        Held::TooLong(_) | Held::Absent => Ok(None),
    }
}
