//! A miner's entry in a contest: a model that is pledged once, is secret up to the cut-off, and is
//! served with the opening of its pledge from then on.

use crate::{
    config::Common,
    contest::{contest_of, cores::OnCores, entries::entry_of},
    error::NeuronError,
    evidence::seeds::Round,
    fetch,
    noted::Noted,
    publish::{PublishError, Publisher},
    service::{random, AtBlock, Neuron},
    store::Record,
};
use inktensor_client::{chain::ChainRead, ss58::ss58};
use inktensor_contest::{HeldOut, Model, ModelError, Opening, Pledge, Subnet, MODEL_LIMIT};
use inktensor_exact::gpt::Config;
use inktensor_primitives::{
    hash::{blake2, hex},
    registry::Commitment,
    work::Pledge as OtherPledge,
    Digest,
};
use inktensor_task::{Contest, Seat, Seed};
use inktensor_wire::Blobs;
use inktensor_worker::service::instrumented::Instrumented;
use scale::{Decode, Encode};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};
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

/// The entry of this store. It is written before it is pledged, so a restarted miner pledges the
/// same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EntryRecord {
    /// The seat.
    pub seat: Seat,
    /// The opening of the pledge.
    pub opening: Opening,
    /// The pledge on the chain that this one replaces, as the operator wants.
    pub replaces: Option<Pledge>,
    /// True once a cut-off has passed after the pledge: opening and model are public.
    pub shown: bool,
}

impl Record for EntryRecord {
    const TABLE: &'static str = "entry";
    const KIND: u8 = 34;
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
    /// A model that is of no use in contests of these sizes.
    refused: Option<(Digest, Config)>,
    /// The pledge that was logged.
    logged: Option<Pledge>,
    noted: Noted,
}

impl Entering {
    /// Returns the part of a miner whose store is at the settings' folder.
    ///
    /// # Errors
    /// For a file that is unreadable or no model, and if the folder is unusable.
    pub fn at(common: &Common, neuron: &Neuron<'_>, named: &Named) -> Result<Self, NeuronError> {
        let secret = Blobs::at(&common.store.join(ENTRY), fetch::limits())?;
        let model = named.file.as_deref().map(read).transpose()?;
        let record: Option<EntryRecord> = neuron.store.only()?;
        let model = match model {
            // A model that is shown already is served.
            Some(bytes) => match blake2(&bytes) {
                hash if neuron.blobs.contains(&hash) => Some(hash),
                _ => Some(secret.put(&bytes)?),
            },
            None => None,
        };
        let needed = [model, record.map(|it| it.opening.model)];
        for hash in secret.hashes() {
            if !needed.contains(&Some(hash)) {
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
        })
    }

    /// Returns the opening of the pledge, once it may be shown.
    pub const fn opening(&self) -> Option<Opening> {
        self.opening
    }

    /// Acts on a block: makes, pledges or shows the entry.
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
        let Some((_, contest)) = counts.or(next) else {
            self.opening = None;
            let is_loaded = at.tasks.at(open).is_some();
            if is_loaded && self.named.is_some() {
                self.noted
                    .note("--entry: the subnet runs no contest, so no model is entered");
            }
            return Ok(());
        };
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
        let commitment = commitment(neuron, chain)?;
        let known: Option<EntryRecord> = neuron.store.only()?;
        let known = known.filter(|it| it.seat == seat);
        let is_same = |it: &EntryRecord| self.named.is_none_or(|named| named == it.opening.model);
        let record = match known.filter(is_same) {
            Some(record) => Some(record),
            None => {
                let own = known.map(|it| Pledge::sealed(&subnet, seat, &it.opening));
                let own = [own, known.and_then(|it| it.replaces)];
                match self.may_replace(commitment.as_ref(), &own) {
                    true => self.make(neuron, contest, (seat, commitment.as_ref()))?,
                    false => None,
                }
            }
        };
        let Some(record) = record else {
            return Ok(());
        };
        let pledge = Pledge::sealed(&subnet, seat, &record.opening);
        let found = commitment
            .as_ref()
            .filter(|it| entry_of(it) == Some(pledge));
        let Some(found) = found else {
            if self.may_replace(commitment.as_ref(), &[record.replaces]) {
                self.pledge(neuron, chain, pledge)?;
            }
            return Ok(());
        };
        if self.logged != Some(pledge) {
            info!(
                block = found.block,
                model = hex(&record.opening.model),
                "the entry is on the chain"
            );
            self.logged = Some(pledge);
            self.noted.clear();
        }
        let round = Round::new(at.view.status.opened_at, at.view.subnet.tempo);
        let round = round.filter(|_| counts.is_some());
        let (is_due, block) = match round {
            Some(round) => {
                let is_final = chain.finalized()?.number > round.cut_off();
                (found.block <= round.cut_off() && is_final, found.block)
            }
            None => (false, found.block),
        };
        if record.shown || is_due {
            self.show(neuron, record, block)?;
        }
        Ok(())
    }

    /// Returns true if the commitment may be replaced by an entry: it is no entry, or one of `own`.
    /// An entry of another store cannot be opened from this one, and its block would be lost.
    fn may_replace(&mut self, commitment: Option<&Commitment>, own: &[Option<Pledge>]) -> bool {
        let Some(commitment) = commitment else {
            return true;
        };
        match (entry_of(commitment), crate::pledged::pledge_of(commitment)) {
            (Some(pledge), _) if own.contains(&Some(pledge)) || self.replace => true,
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

    /// Makes the record of the named model, if there is one and it is of use in the contest.
    fn make(
        &mut self,
        neuron: &Neuron<'_>,
        contest: &Arc<HeldOut>,
        (seat, commitment): (Seat, Option<&Commitment>),
    ) -> Result<Option<EntryRecord>, NeuronError> {
        let before: Option<EntryRecord> = neuron.store.only()?;
        // A new registration has no pledge: the model of the last one is pledged again.
        let model = self.named.or(before.map(|it| it.opening.model));
        let Some(model) = model else {
            self.noted
                .note("no model is entered; name its file with --entry");
            return Ok(None);
        };
        if self.refused == Some((model, *contest.config())) {
            return Ok(None);
        }
        let Some(bytes) = self.bytes(neuron, &model)? else {
            return Ok(None);
        };
        let seed = Seed(random()?);
        let loss = Model::read(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|model| {
                let loss = OnCores(contest).loss(&model, &seed);
                loss.map_err(|error| error.to_string())
            });
        let loss = match loss {
            Ok(loss) => loss,
            Err(problem) => {
                self.refused = Some((model, *contest.config()));
                self.noted.note(format_args!("--entry: {problem}"));
                return Ok(None);
            }
        };
        info!(
            "the model {} has a loss of {loss} {} on rows drawn here",
            hex(&model),
            HeldOut::UNIT
        );
        if let Some(before) = before.filter(|it| it.seat == seat) {
            warn!(
                "the model {} is entered no more",
                hex(&before.opening.model)
            );
        }
        let record = EntryRecord {
            seat,
            opening: Opening {
                model,
                salt: random()?,
            },
            replaces: commitment.and_then(entry_of),
            shown: false,
        };
        neuron.store.put_only(&record)?;
        self.opening = None;
        Ok(Some(record))
    }

    /// Returns the bytes of a model that is secret still, or served.
    fn bytes(
        &mut self,
        neuron: &Neuron<'_>,
        model: &Digest,
    ) -> Result<Option<Vec<u8>>, NeuronError> {
        for blobs in [&self.secret, neuron.blobs.as_ref()] {
            if blobs.contains(model) {
                return Ok(Some(blobs.get(model)?));
            }
        }
        self.noted.note(format_args!(
            "the file of the model {} is lost; name it with --entry",
            hex(model)
        ));
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

    /// Serves the model, and shows the opening.
    fn show(
        &mut self,
        neuron: &Neuron<'_>,
        record: EntryRecord,
        block: u32,
    ) -> Result<(), NeuronError> {
        if self.opening == Some(record.opening) {
            return Ok(());
        }
        let model = &record.opening.model;
        if !neuron.blobs.contains(model) {
            let Some(bytes) = self.bytes(neuron, model)? else {
                return Ok(());
            };
            neuron.blobs.put(&bytes)?;
        }
        self.secret.remove(model)?;
        let shown = EntryRecord {
            shown: true,
            ..record
        };
        if shown != record {
            neuron.store.put_only(&shown)?;
        }
        info!(
            model = hex(model),
            "showing the entry of block {block}, whose cut-off has passed"
        );
        self.opening = Some(record.opening);
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

/// Returns the bytes of a model's file.
fn read(path: &Path) -> Result<Vec<u8>, NeuronError> {
    let refused = |problem: String| NeuronError::Entry {
        path: path.into(),
        problem,
    };
    let reason = |error| refused(inktensor_client::io_error::reason(&error));
    let most = u64::try_from(MODEL_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too long.
    let file = File::open(path).map_err(reason)?;
    let mut part = file.take(most.saturating_add(1));
    part.read_to_end(&mut bytes).map_err(reason)?;
    let read = match bytes.len() > MODEL_LIMIT {
        true => Err(ModelError::TooLong { bytes: bytes.len() }),
        false => Model::read(&bytes),
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(refused(error.to_string())),
    }
}
