//! The states that the probes of a fold need besides their answers.

use super::seconds_left;
use crate::{
    evidence::scoring::answer,
    fold::{course::keep, probe::read_answer},
    store::Store,
};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_wire::{
    Blobs, Cause, Client, Endpoint, FetchError, Mirror, MirrorProblem, Outcome, SignedResponse,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

/// Pause before a miner whose places are taken is asked for a state again.
const PAUSE: Duration = Duration::from_millis(300);
/// Statuses of a server whose places are taken, or that was asked too often.
const BUSY: [u16; 2] = [429, 503];

/// The states of a miner that a validator needs: the one before the probed step, which the answer
/// names, and with the first question the pledged end.
pub struct Fetch {
    /// The folder that takes the states.
    pub blobs: Arc<Blobs>,
    /// The store, which knows for which epoch a state is kept.
    pub store: Arc<Store>,
    /// The epoch.
    pub epoch: u32,
    /// Bytes of a state.
    pub most: usize,
    /// The pledged end.
    pub end: Option<Digest>,
    /// Last second of the window.
    pub ends_at: u64,
}

/// The folder or the store of this validator failed, which is no fault of a miner.
#[derive(Debug)]
pub struct OwnFault;

impl Fetch {
    /// Fetches the states from the miner itself, up to the end of the window. A state that is not
    /// here then fails its probe, and an end that is not here is not named.
    ///
    /// `transfers` lets one transfer from this miner through at a time.
    ///
    /// # Errors
    /// If the own folder or store is unusable, which is logged.
    pub async fn run(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        outcome: &Outcome,
        transfers: &Semaphore,
    ) -> Result<(), OwnFault> {
        let before = answer(outcome)
            .and_then(SignedResponse::body)
            .and_then(|body| read_answer(body).ok())
            .map(|it| it.before.state);
        let mirror = Mirror::neuron(endpoint);
        for state in before.into_iter().chain(self.end) {
            if self.blobs.contains(&state) {
                continue;
            }
            // Fails only when the semaphore is closed, which never happens.
            let _turn = transfers.acquire().await.ok();
            self.keep(state).await?;
            while self.is_worth_a_retry(client, &mirror, &state).await? {
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    /// Records that a state is kept, off the threads that ask: it waits for the disk.
    async fn keep(&self, state: Digest) -> Result<(), OwnFault> {
        let (store, epoch) = (Arc::clone(&self.store), self.epoch);
        let kept = spawn_blocking(move || keep(&store, epoch, &state)).await;
        match kept {
            Ok(kept) => kept.map_err(|error| own_fault(&error)),
            Err(error) => Err(own_fault(&error)),
        }
    }

    /// Fetches a state, if it is not here. Returns true if the miner did not serve it for now, and
    /// there is time.
    async fn is_worth_a_retry(
        &self,
        client: &Client,
        mirror: &Mirror,
        state: &Digest,
    ) -> Result<bool, OwnFault> {
        if self.blobs.contains(state) {
            return Ok(false);
        }
        let Some(left) = seconds_left(self.ends_at) else {
            debug!(
                "the window was over before the state {} was here",
                hex(state)
            );
            return Ok(false);
        };
        let most = u64::try_from(self.most).unwrap_or(u64::MAX);
        let (places, deadline) = (std::slice::from_ref(mirror), Duration::from_secs(left));
        let fetched = self.blobs.fetch(client, state, most, places, deadline);
        match timeout(deadline, fetched).await {
            Ok(Ok(())) => Ok(false),
            Ok(Err(FetchError::Blob(error))) => Err(own_fault(&error)),
            Ok(Err(error)) => {
                debug!("{error}");
                Ok(is_passing(&error))
            }
            // The next turn finds that the window is over.
            Err(_) => Ok(true),
        }
    }
}

fn own_fault(error: &dyn std::fmt::Display) -> OwnFault {
    warn!("a state cannot be kept: {error}");
    OwnFault
}

/// Returns true if the miner may serve the blob a moment later: its places were taken, or the
/// connection failed.
fn is_passing(error: &FetchError) -> bool {
    let FetchError::Nowhere { tried, .. } = error else {
        return false;
    };
    let passing = |problem: &MirrorProblem| match problem {
        MirrorProblem::Cause(Cause::Status(status)) => BUSY.contains(status),
        MirrorProblem::Cause(_) => true,
        MirrorProblem::Hash
        | MirrorProblem::Length(_)
        | MirrorProblem::Range
        | MirrorProblem::Blob(_) => false,
    };
    tried.iter().any(|(_, problem)| passing(problem))
}

#[cfg(test)]
mod tests;
