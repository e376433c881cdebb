//! A miner's entry in a contest: a model that is pledged once, is secret up to the cut-off, and is
//! served with the opening of its pledge from then on.
//!
//! [`record`] decides, and this module acts: it reads the chain, pledges, and serves. [`models`]
//! has the files.

mod models;
mod record;

use crate::{
    config::Common,
    contest::{contest_of, cores::OnCores, entries::entry_of},
    error::NeuronError,
    evidence::seeds::Round,
    fetch,
    noted::Noted,
    publish::{PublishError, Publisher},
    service::{random, AtBlock, Neuron},
    tasks::Working,
};
use inktensor_client::{chain::ChainRead, ss58::ss58};
use inktensor_contest::{HeldOut, Model, Opening, Pledge, Subnet};
use inktensor_primitives::{
    hash::{blake2, hex},
    registry::Commitment,
    work::Pledge as OtherPledge,
    Digest,
};
use inktensor_task::{Contest, Seat, Seed};
use inktensor_wire::{BlobError, Blobs};
use inktensor_worker::service::instrumented::Instrumented;
use models::{already_public, lost, names, private, read};
pub use record::EntryRecord;
use record::{Held, Next};
use std::{io, path::PathBuf, sync::Arc};
use tracing::{info, warn};

/// Name of the folder of models that are not served yet, in the store's folder.
const ENTRY: &str = "entry";

/// The entry that an operator names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// The file of the model. Without one the entry in the store goes on.
    pub file: Option<PathBuf>,
    /// True if an entry that another store has pledged is replaced.
    pub replace: bool,
}

/// A miner's part in a contest.
pub struct Entering {
    /// Hash of the named model.
    named: Option<Digest>,
    replace: bool,
    /// The models that are not served yet.
    secret: Blobs,
    /// The opening, once it may be shown.
    opening: Option<Opening>,
    /// A model that has no loss in the contests of these manifests.
    refused: Option<(Digest, Vec<Digest>)>,
    /// The pledge that was logged.
    logged: Option<Pledge>,
    /// Problems of the entry that is to be pledged.
    noted: Noted,
    /// Problems of the entry that is to be shown.
    unshown: Noted,
}

/// A contest in which a model can be entered, with its manifest.
type Open<'a> = (&'a Arc<Working>, &'a Arc<HeldOut>);

impl Entering {
    /// Returns the part of a miner whose store is at the settings' folder.
    ///
    /// # Errors
    /// For a file that is unreadable or no model, for a model that is public before it was shown,
    /// and if the folder is unusable.
    pub fn at(common: &Common, neuron: &Neuron<'_>, named: &Named) -> Result<Self, NeuronError> {
        let folder = common.store.join(ENTRY);
        private(&folder).map_err(|problem| BlobError::File {
            path: folder.clone(),
            problem,
        })?;
        let secret = Blobs::at(&folder, fetch::limits())?;
        let record: Option<EntryRecord> = neuron.store.only()?;
        let model = match &named.file {
            Some(path) => {
                let bytes = read(path)?;
                let hash = blake2(&bytes);
                let was_shown = record.as_ref().is_some_and(|it| it.is_public(&hash));
                match neuron.blobs.contains(&hash) {
                    true if was_shown => Some(hash),
                    true => {
                        return Err(NeuronError::Entry {
                            path: path.clone(),
                            problem: already_public(&hash, &neuron.blobs.path(&hash)),
                        })
                    }
                    false => Some(secret.put(&bytes)?),
                }
            }
            None => None,
        };
        let is_needed = |hash: &Digest| {
            model.as_ref() == Some(hash) || record.as_ref().is_some_and(|it| it.has(hash))
        };
        for hash in secret.hashes() {
            if !is_needed(&hash) {
                secret.remove(&hash)?;
            }
        }
        Ok(Self {
            named: model,
            replace: named.replace,
            secret,
            opening: None,
            refused: None,
            logged: None,
            noted: Noted::default(),
            unshown: Noted::default(),
        })
    }

    /// Returns the opening of the pledge, once it may be shown.
    pub const fn opening(&self) -> Option<Opening> {
        self.opening
    }

    /// Acts on a block: shows the entry whose pledge is on the chain, and makes or pledges the one
    /// that is to replace it.
    ///
    /// # Errors
    /// If the chain does not answer, or the store is unusable.
    pub fn block(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let open = at.view.status.open;
        let counts = contest_of(at, open);
        // A pledge before the first epoch of a manifest counts in it.
        let next = contest_of(at, open.saturating_add(1));
        let mut contests: Vec<Open<'_>> = counts.into_iter().chain(next).collect();
        contests.dedup_by_key(|(working, _)| working.hash);
        if contests.is_empty() {
            self.opening = None;
            let is_loaded = at.tasks.at(open).is_some();
            if is_loaded && self.named.is_some() {
                self.noted
                    .note("--entry: the subnet runs no contest, so no model is entered");
            }
            return Ok(());
        }
        if at.view.subnet.owner_hotkey == neuron.account() {
            return Err(NeuronError::OwnersHotkey(ss58(&neuron.account())));
        }
        let subnet = Subnet {
            home: neuron.home,
            netuid: neuron.common.netuid.0,
        };
        let seat = Seat {
            uid: at.seat.uid.0,
            generation: at.seat.generation,
        };
        let before: Option<EntryRecord> = neuron.store.only()?;
        let of_seat = before.as_ref().filter(|it| it.seat == seat);
        let mut record = of_seat.cloned().unwrap_or_else(|| EntryRecord::of(seat));
        // A new registration has no pledge: the model of the last one is pledged again.
        let named = self.named.or(match (of_seat, &before) {
            (None, Some(before)) => before.last_model(),
            _ => None,
        });

        let commitment = commitment(neuron, chain)?;
        let pledge = commitment.as_ref().and_then(entry_of);
        let place = pledge.and_then(|it| record.place(&subnet, &it));
        let found = place.zip(commitment.as_ref().map(|it| it.block));
        let next = record.look(found, named);
        if of_seat.is_some_and(|it| *it != record) {
            neuron.store.put_only(&record)?;
        }
        let finalized = chain.finalized()?.number;
        let round = Round::new(at.view.status.opened_at, at.view.subnet.tempo);
        let cut_off = round.filter(|_| counts.is_some()).map(|it| it.cut_off());
        let cut_off = cut_off.filter(|it| finalized > *it);
        let opened = place.and_then(|place| record.opened(place, cut_off));
        self.log(&record, found, pledge);
        match opened {
            Some(index) => self.show(neuron, &mut record, index)?,
            None => self.opening = None,
        }
        if let Some(index) = opened.filter(|_| opened == place) {
            let mut after = record.clone();
            let gone = after.retire(index);
            if !gone.is_empty() {
                // The record goes last: a kill in between removes the same models again.
                self.forget(neuron, &contests, &after, &gone)?;
                neuron.store.put_only(&after)?;
                // The indices have changed: the next block goes on.
                return Ok(());
            }
        }

        if next == Next::Keep || !self.may_replace(commitment.as_ref(), place, &record) {
            return Ok(());
        }
        let index = match next {
            Next::Keep => return Ok(()),
            Next::Name => {
                self.noted
                    .note("no model is entered; name its file with --entry");
                return Ok(());
            }
            Next::Pledge(index) => index,
            Next::Make(model) => {
                // Of three pledges that another branch of the chain could bring back, one could
                // not be opened.
                if found.is_some_and(|(_, block)| block > finalized)
                    || !self.is_of_use(neuron, &contests, &model)?
                {
                    return Ok(());
                }
                if let Some(last) = of_seat.and_then(EntryRecord::last_model) {
                    warn!("the model {} is entered no more", hex(&last));
                }
                let entry = Held {
                    opening: Opening {
                        model,
                        salt: random()?,
                    },
                    replaces: pledge.filter(|_| place.is_none()),
                    block: None,
                    is_public: before.as_ref().is_some_and(|it| it.is_public(&model)),
                    shown: false,
                    is_dropped: false,
                };
                let (index, mut gone) = record.prepare(entry, place, opened);
                if of_seat.is_none() {
                    gone.extend(before.iter().flat_map(|it| &it.entries));
                }
                self.forget(neuron, &contests, &record, &gone)?;
                neuron.store.put_only(&record)?;
                index
            }
        };
        match record.entries.get(index) {
            Some(entry) => {
                let pledge = Pledge::sealed(&subnet, seat, &entry.opening);
                self.pledge(neuron, chain, pledge)
            }
            None => Ok(()),
        }
    }

    /// Logs once that an entry is on the chain.
    fn log(&mut self, record: &EntryRecord, found: Option<(usize, u32)>, pledge: Option<Pledge>) {
        let Some((index, block)) = found else {
            return;
        };
        if self.logged == pledge {
            return;
        }
        if let Some(entry) = record.entries.get(index) {
            let model = hex(&entry.opening.model);
            info!(block, model, "the entry is on the chain");
        }
        self.logged = pledge;
        self.noted.clear();
    }

    /// Returns true if the commitment may be replaced by an entry: it is no entry, or one of this
    /// store, or one that this store replaces. An entry of another store cannot be opened from this
    /// one, and its block would be lost.
    fn may_replace(
        &mut self,
        commitment: Option<&Commitment>,
        place: Option<usize>,
        record: &EntryRecord,
    ) -> bool {
        let Some(commitment) = commitment.filter(|_| place.is_none()) else {
            return true;
        };
        let is_given_up = |pledge: Pledge| {
            let mut entries = record.entries.iter();
            entries.any(|it| it.replaces == Some(pledge))
        };
        match (entry_of(commitment), crate::pledged::pledge_of(commitment)) {
            (Some(pledge), _) if self.replace || is_given_up(pledge) => true,
            (Some(_), _) => {
                self.noted.note(format_args!(
                    "the hotkey has pledged an entry in block {} that is not in this store; use \
                     the store it is in, or give it up with --replace-entry",
                    commitment.block
                ));
                false
            }
            (None, Some(OtherPledge::Evidence { .. } | OtherPledge::Fold { .. })) => {
                self.noted.note(
                    "the hotkey has pledged evidence as a validator; enter with another hotkey",
                );
                false
            }
            (None, _) => true,
        }
    }

    /// Returns true if a model has a loss in one of the contests.
    fn is_of_use(
        &mut self,
        neuron: &Neuron<'_>,
        contests: &[Open<'_>],
        model: &Digest,
    ) -> Result<bool, NeuronError> {
        let refused = self.refused.as_ref().filter(|(it, _)| it == model);
        let is_tried =
            |hash: &Digest| refused.is_some_and(|(_, manifests)| manifests.contains(hash));
        let left = contests.iter().filter(|(it, _)| !is_tried(&it.hash));
        let left: Vec<Open<'_>> = left.copied().collect();
        if left.is_empty() {
            return Ok(false);
        }
        let Some(bytes) = self.bytes(neuron, model)? else {
            self.noted.note(lost(model));
            return Ok(false);
        };
        let read = Model::read(&bytes);
        let mut problem = None;
        for (_, contest) in left {
            let seed = Seed(random()?);
            let loss = match &read {
                Ok(read) => {
                    let loss = OnCores(contest).loss(read, &seed);
                    loss.map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            match loss {
                Ok(loss) => {
                    info!(
                        "the model {} has a loss of {loss} {} on rows drawn here",
                        hex(model),
                        HeldOut::UNIT
                    );
                    self.refused = None;
                    return Ok(true);
                }
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        let manifests = contests.iter().map(|(it, _)| it.hash).collect();
        self.refused = Some((*model, manifests));
        if let Some(problem) = problem {
            self.noted.note(format_args!("--entry: {problem}"));
        }
        Ok(false)
    }

    /// Returns the bytes of a model that is secret still, or served. Returns `None` if its file is
    /// lost or damaged.
    fn bytes(&self, neuron: &Neuron<'_>, model: &Digest) -> Result<Option<Vec<u8>>, NeuronError> {
        for blobs in [&self.secret, neuron.blobs.as_ref()] {
            match blobs.get(model) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(BlobError::Unknown(_) | BlobError::Damaged(_)) => {}
                Err(BlobError::File { problem, .. })
                    if problem.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Pledges the entry.
    fn pledge(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        pledge: Pledge,
    ) -> Result<(), NeuronError> {
        match publisher(neuron, chain).commit(pledge.to_data()) {
            Ok(true) => {
                info!(hash = hex(&pledge.model), "pledged the entry");
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(PublishError::Chain(error)) => Err(error.into()),
            Err(error) => {
                self.noted.note(format!("pledge: {error}"));
                Ok(())
            }
        }
    }

    /// Serves the model of an entry, and shows the opening.
    fn show(
        &mut self,
        neuron: &Neuron<'_>,
        record: &mut EntryRecord,
        index: usize,
    ) -> Result<(), NeuronError> {
        let Some(entry) = record.entries.get_mut(index) else {
            return Ok(());
        };
        let (opening, block) = (entry.opening, entry.block);
        if self.opening == Some(opening) {
            return Ok(());
        }
        self.opening = None;
        let model = &opening.model;
        // The record goes first: after a kill in between, a public model is known to be one.
        if !(entry.shown && entry.is_public) {
            (entry.shown, entry.is_public) = (true, true);
            neuron.store.put_only(&*record)?;
        }
        if !neuron.blobs.contains(model) {
            let Some(bytes) = self.bytes(neuron, model)? else {
                self.unshown.note(lost(model));
                return Ok(());
            };
            match neuron.blobs.put(&bytes) {
                Ok(_) => {}
                Err(error @ BlobError::Full { .. }) => {
                    self.unshown
                        .note(format_args!("the entry is not shown: {error}"));
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.secret.remove(model)?;
        info!(
            model = hex(model),
            "showing the entry of block {}, whose cut-off has passed",
            block.unwrap_or_default()
        );
        self.opening = Some(opening);
        self.unshown.clear();
        Ok(())
    }

    /// Removes the models of entries that are replaced, except those that another entry, the
    /// operator or a manifest names.
    fn forget(
        &self,
        neuron: &Neuron<'_>,
        contests: &[Open<'_>],
        record: &EntryRecord,
        gone: &[Held],
    ) -> Result<(), NeuronError> {
        for entry in gone {
            let model = &entry.opening.model;
            if self.named.as_ref() == Some(model) || record.has(model) {
                continue;
            }
            self.secret.remove(model)?;
            let is_used = contests
                .iter()
                .any(|(working, _)| names(neuron, working, model));
            if entry.is_public && !is_used {
                neuron.blobs.remove(model)?;
            }
        }
        Ok(())
    }
}

/// Returns the commitment of this neuron.
fn commitment(
    neuron: &Neuron<'_>,
    chain: &mut Instrumented,
) -> Result<Option<Commitment>, NeuronError> {
    match publisher(neuron, chain).serving() {
        Err(PublishError::Chain(error)) => Err(error.into()),
        serving => Ok(serving.ok().flatten().and_then(|it| it.commitment)),
    }
}

fn publisher<'a>(neuron: &'a Neuron<'_>, chain: &'a mut Instrumented) -> Publisher<'a> {
    Publisher {
        contracts: &neuron.contracts,
        netuid: neuron.common.netuid,
        hotkey: neuron.account(),
        chain,
    }
}
