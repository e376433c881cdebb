//! The states that a neuron holds: those of the course are fetched if they are missing, and old
//! ones are removed.

use super::{
    records::{keep, kept_state, of_epoch, EpochRecord, KeptRecord, LastRecord},
    Counting, Course,
};
use crate::{
    error::NeuronError,
    fetch::{fetch, Fetched},
    fold::fraud::PROOF_EPOCHS,
    service::{AtBlock, Neuron},
};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_worker::service::instrumented::Instrumented;
use std::sync::{
    mpsc::{self, Receiver, TryRecvError},
    Arc,
};
use tracing::info;

/// Returns the number of epochs for which states are kept and served after their own, with weights
/// that are hidden for `hidden` epochs: until the newest evidence that names a proof about the
/// epoch is served, and one more to audit it.
const fn kept_epochs(hidden: u32) -> u32 {
    hidden.saturating_add(1).saturating_add(PROOF_EPOCHS)
}

/// A state on its way.
pub(super) struct Fetching {
    state: Digest,
    fetched: Receiver<Result<(), String>>,
}

impl Course {
    /// Fetches the state of the open epoch, if it is not here.
    pub(super) fn bring(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        open: u32,
        counting: &Counting<'_>,
    ) -> Result<(), NeuronError> {
        let block = counting.finalized.number;
        if let Some(fetching) = &self.fetching {
            let problem = match fetching.fetched.try_recv() {
                Err(TryRecvError::Empty) => return Ok(()),
                Ok(Ok(())) => None,
                Ok(Err(problem)) => Some(problem),
                Err(TryRecvError::Disconnected) => Some("fetching a state failed".into()),
            };
            let state = fetching.state;
            self.fetching = None;
            match problem {
                None => info!("fetched the state {}", hex(&state)),
                Some(problem) => {
                    self.failed_at = Some(block);
                    self.noted.note(problem);
                }
            }
        }
        // The join of the epoch before may wait for its start.
        let mut wanted = None;
        for epoch in [open.checked_sub(1), Some(open)].into_iter().flatten() {
            let record = self.epoch(&neuron.store, epoch)?;
            let record = record.filter(|it| epoch == open || !it.ended);
            let start = record.and_then(|it| it.start);
            let missing = start.filter(|hash| !neuron.blobs.contains(hash));
            wanted = wanted.or(missing.map(|state| (epoch, state)));
        }
        let Some((epoch, state)) = wanted.filter(|_| !self.waits(block)) else {
            return Ok(());
        };
        keep(&neuron.store, epoch, &state)?;
        let mirrors = &counting.working.manifest.mirrors;
        let places = neuron.fetcher(chain).places(mirrors)?;
        let (sender, fetched) = mpsc::channel();
        let (client, blobs) = (Arc::clone(&neuron.client), Arc::clone(&neuron.blobs));
        let most = counting.training.state_bytes();
        neuron.runtime.spawn(async move {
            let fetched = match fetch(&client, &blobs, &state, most, &places).await {
                Ok(Fetched::Here) => Ok(()),
                Ok(Fetched::Absent) => Err(format!("no neuron has the state {}", hex(&state))),
                Ok(Fetched::Unknown(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            // Fails only if the neuron has ended.
            let _ = sender.send(fetched);
        });
        self.fetching = Some(Fetching { state, fetched });
        Ok(())
    }

    /// Removes the states of old epochs, but for those of which the course still speaks. States are
    /// kept until evidence of their epoch is served and can be audited.
    pub(super) fn clean(
        &mut self,
        neuron: &Neuron<'_>,
        at: &AtBlock<'_>,
        first: &Digest,
    ) -> Result<(), NeuronError> {
        let open = at.view.status.open;
        if self.cleaned == Some(open) {
            return Ok(());
        }
        self.cleaned = Some(open);
        let terms = &at.view.subnet.terms.weights;
        let hidden = match terms.commit_reveal {
            true => terms.reveal_period,
            false => 0,
        };
        let oldest = of_epoch(open.saturating_sub(kept_epochs(hidden)));
        let all = neuron.store.all::<KeptRecord>(&[])?;
        let (old, new): (Vec<_>, Vec<_>) = all
            .iter()
            .map(|(key, _)| key)
            .partition(|key| key.get(..4) < Some(&oldest[..]));
        let mut needed: Vec<Digest> = new.into_iter().filter_map(|key| kept_state(key)).collect();
        needed.push(*first);
        // The next manifest may begin with an old state.
        let next = at.tasks.at(open.saturating_add(1));
        needed.extend(next.map(|it| it.manifest.state));
        let last: Option<LastRecord> = neuron.store.only()?;
        needed.extend(last.map(|it| it.start));
        let epochs = neuron.store.all::<EpochRecord>(&[])?;
        let starts = epochs.iter().filter(|(key, _)| key[..] >= oldest[..]);
        needed.extend(starts.filter_map(|(_, record)| record.start));
        for hash in old.into_iter().filter_map(|key| kept_state(key)) {
            if !needed.contains(&hash) {
                neuron.blobs.remove(&hash)?;
            }
        }
        neuron.store.change(|changes| {
            changes.remove_before::<KeptRecord>(&oldest);
            changes.remove_before::<EpochRecord>(&oldest);
            Ok(())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_here_while_evidence_that_names_a_proof_about_it_is_audited() {
        for hidden in [0_u32, 1, 3] {
            // The last evidence that names the proof, and the epoch in which it is served first.
            let (of, named) = (9, 9 + PROOF_EPOCHS);
            let served = named + hidden.max(1);
            assert!(served - kept_epochs(hidden) <= of, "{hidden}");
        }
    }
}
