//! A validator: asks every neuron with an endpoint the questions of each epoch, checks the answers,
//! pledges the root of its evidence, and sets weights.
//!
//! A round is an epoch, see [`seeds`](crate::evidence::seeds). Each step is in the store before it
//! is taken, and the chain is read before each transaction. So a validator that was killed at any
//! instruction goes on in the same epoch: it asks nothing again that it has a receipt for, and it
//! never pledges two roots for an epoch. A validator that was down for the rest of the window
//! leaves the epoch out: it must not call miners silent that it did not ask.

mod asking;
mod concluding;
mod judging;
mod proofs;
pub mod records;
mod round;
mod sending;
mod users;

use crate::{
    ask::miners,
    clock,
    config::Common,
    contest::contest_of,
    error::NeuronError,
    evidence::{any::AnyEvidence, seeds::Round},
    fold::course::Course,
    missing::Part,
    noted::Noted,
    service::{self, AtBlock, Neuron, Play},
    view::neurons_at,
};
use inktensor_client::ss58::ss58;
use inktensor_primitives::Digest;
use inktensor_wire::Guests;
use inktensor_worker::{
    chain_source::{Opened, SourceError},
    service::{instrumented::Instrumented, Handles},
};
use judging::Judging;
use proofs::Exchange;
use records::{of_epoch, ProgressRecord, RoundRecord, SealedRecord, KEPT_EPOCHS, TABLES};
use round::Current;
use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};
use subxt_signer::sr25519::Keypair;
use tracing::warn;
use users::{Known, Shared, Users};

/// Blocks between two reads of the miners for users' questions.
const MINERS_EVERY: u32 = 20;

/// Runs a validator until it is asked to stop. With `users` it also answers accounts without a
/// permit.
///
/// # Errors
/// See [`NeuronError`].
pub fn run(
    common: &Common,
    users: bool,
    keys: Keypair,
    open: &(dyn Fn() -> Result<Opened, SourceError> + Sync),
    handles: Handles,
) -> Result<(), NeuronError> {
    service::run(common, keys, open, handles, &TABLES, |neuron| {
        let mut validator = Validator {
            shared: Arc::new(Shared {
                home: neuron.home,
                netuid: common.netuid,
                hotkey: neuron.account(),
                users,
                client: Arc::clone(&neuron.client),
                known: RwLock::new(Known::default()),
            }),
            current: None,
            judging: None,
            course: Course::default(),
            proofs: Exchange::default(),
            files: BTreeMap::new(),
            imported: imported(common)?,
            read_at: None,
            left_out: None,
            noted: Noted::default(),
        };
        for (_, sealed) in neuron.store.all::<SealedRecord>(&[])? {
            validator.remember(&sealed);
        }
        Ok(validator)
    })
}

/// A validator.
pub struct Validator {
    shared: Arc<Shared>,
    /// The round of the open epoch.
    current: Option<Current>,
    /// The round of the open epoch of a contest.
    judging: Option<Judging>,
    /// The course of the training, on a subnet that runs one.
    course: Course,
    /// The exchange of proofs of fraud with other validators.
    proofs: Exchange,
    /// Files of sealed evidence by epoch, with the first epoch in which each is served.
    files: BTreeMap<u32, (u32, Digest)>,
    /// Evidence of this hotkey that was given as a file, by its root.
    imported: BTreeMap<Digest, SealedRecord>,
    /// Block at which the miners were read for users' questions.
    read_at: Option<u32>,
    /// Epoch that is left out, with the reason in the log.
    left_out: Option<u32>,
    /// Problem that was logged.
    noted: Noted,
}

/// Returns the files of evidence among the blobs: a validator that lost its store continues from
/// such a file.
fn imported(common: &Common) -> Result<BTreeMap<Digest, SealedRecord>, NeuronError> {
    let mut found = BTreeMap::new();
    for path in &common.blobs {
        let bytes = std::fs::read(path).map_err(|error| NeuronError::BlobFile {
            path: path.clone(),
            error,
        })?;
        if let Ok(evidence) = AnyEvidence::read(&bytes) {
            let sealed = SealedRecord::of(&evidence, None, 0, evidence.head().epoch);
            found.insert(evidence.root(), sealed);
        }
    }
    Ok(found)
}

impl Play for Validator {
    const NAME: &'static str = "validator";
    const PART: Part = Part::Validator;
    type Service = Users;

    fn service(&self) -> Users {
        Users(Arc::clone(&self.shared))
    }

    fn guests(&self) -> Guests {
        match self.shared.users {
            true => Guests::Admitted,
            false => Guests::Refused,
        }
    }

    fn block(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        if at.view.subnet.owner_hotkey == neuron.account() {
            return Err(NeuronError::OwnersHotkey(ss58(&neuron.account())));
        }
        self.course.look(neuron, chain, at)?;
        self.exchange(neuron, chain, at)?;
        self.show(neuron, chain, at)?;
        self.reveal(neuron, chain, at)?;
        let epoch = at.view.status.open;
        let sealed: Option<SealedRecord> = neuron.store.get(&of_epoch(epoch))?;
        match sealed {
            Some(sealed) => {
                self.current = None;
                self.judging = None;
                self.send(neuron, chain, at, &sealed)
            }
            None => match contest_of(at, epoch) {
                Some(contest) => {
                    self.current = None;
                    self.judge(neuron, chain, at, contest)
                }
                None => {
                    self.judging = None;
                    self.work(neuron, chain, at)
                }
            },
        }
    }

    fn between(&mut self, neuron: &Neuron<'_>) -> Result<(), NeuronError> {
        match &mut self.current {
            Some(current) => current.receive(&neuron.store),
            None => Ok(()),
        }
    }
}

/// Returns the second up to which users are refused: the end of the window, from the block of the
/// seed on.
fn closed_until(neuron: &Neuron<'_>, at: &AtBlock<'_>) -> Result<u64, NeuronError> {
    let status = &at.view.status;
    let Some(working) = at.tasks.at(status.open) else {
        return Ok(0);
    };
    let window = u64::from(working.manifest.window).saturating_add(1);
    let record: Option<RoundRecord> = neuron.store.get(&of_epoch(status.open))?;
    if let Some(record) = record {
        return Ok(record.began_at.saturating_add(window));
    }
    let block = at.view.block.number;
    let round = Round::new(status.opened_at, at.view.subnet.tempo);
    let is_window = round.is_some_and(|it| (it.asked_at()..it.checked_at()).contains(&block));
    Ok(match is_window {
        true => clock::now().saturating_add(window),
        false => 0,
    })
}

impl Validator {
    /// Keeps the place of sealed evidence for serving.
    fn remember(&mut self, sealed: &SealedRecord) {
        let hash = inktensor_primitives::hash::blake2(&sealed.file);
        self.files.insert(sealed.epoch, (sealed.served_from, hash));
    }

    /// Gives the server the facts of this block: the epoch, the miners, and the evidence that may
    /// be served.
    fn show(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let (open, block) = (at.view.status.open, at.view.block);
        let is_due = self.read_at.is_none_or(|read| {
            block.number >= read.saturating_add(MINERS_EVERY) || block.number < read
        });
        let found = match self.shared.users && is_due {
            true => {
                let (contracts, netuid) = (&neuron.contracts, neuron.common.netuid);
                let neurons = neurons_at(chain, contracts, netuid, block)?;
                self.read_at = Some(block.number);
                Some(Arc::new(miners(&neurons, &at.view.permitted)))
            }
            false => None,
        };
        let oldest = open.saturating_sub(KEPT_EPOCHS);
        while let Some(entry) = self.files.first_entry().filter(|it| *it.key() < oldest) {
            let (_, (_, hash)) = entry.remove_entry();
            neuron.blobs.remove(&hash)?;
        }
        let mut served = BTreeMap::new();
        for (epoch, (from, hash)) in &self.files {
            if *from > open {
                continue;
            }
            if !neuron.blobs.contains(hash) {
                let progress: Option<ProgressRecord> = neuron.store.get(&of_epoch(*epoch))?;
                let sealed: Option<SealedRecord> = neuron.store.get(&of_epoch(*epoch))?;
                // Evidence that was never pledged proves nothing.
                match (progress, sealed) {
                    (Some(progress), Some(sealed)) if progress.pledged => {
                        if let Err(error) = neuron.blobs.put(&sealed.file) {
                            // Room may be made later. The rest of the work goes on.
                            self.noted.note(format_args!(
                                "the evidence of epoch {epoch} cannot be served: {error}"
                            ));
                            continue;
                        }
                    }
                    _ => continue,
                }
            }
            served.insert(*epoch, *hash);
        }
        let closed_until = closed_until(neuron, at)?;
        self.shared.change(|known| {
            known.epoch = open;
            known.closed_until = closed_until;
            known.generation = at.seat.generation;
            known.task = at.tasks.at(open).cloned();
            known.evidence = served;
            if let Some(found) = found {
                known.miners = found;
            }
        });
        Ok(())
    }

    /// Leaves the round of an epoch out, and logs the reason once.
    fn leave_out(&mut self, epoch: u32, reason: impl ToString) {
        if self.left_out != Some(epoch) {
            warn!(epoch, "this epoch is left out: {}", reason.to_string());
            self.left_out = Some(epoch);
        }
        self.current = None;
        self.judging = None;
    }
}
