//! Sealed evidence on the chain: the pledge of its root, the weights, and their reveal.

use super::{
    records::{of_epoch, ProgressRecord, SealedRecord},
    Validator,
};
use crate::{
    contest::entries::entry_of,
    error::NeuronError,
    evidence::{any::AnyEvidence, facts::Pledged},
    pledged::pledge_of,
    publish::{PublishError, Publisher},
    service::{AtBlock, Neuron},
};
use inktensor_client::chain::{Answer, CallError, Typed};
use inktensor_primitives::{
    epoch::{CommitState, CommitsView, CommittedWeights, EpochError, Epochs, WeightsRow},
    hash::hex,
    Digest, Uid,
};
use inktensor_worker::service::instrumented::Instrumented;
use metrics::gauge;
use tracing::info;

/// Last epoch of which this validator's evidence is pledged, by netuid.
pub const PLEDGED_EPOCH: &str = "inktensor_neuron_pledged_epoch";

/// Weights as the chain takes them.
struct Row {
    uids: Vec<Uid>,
    weights: Vec<u16>,
}

impl Row {
    fn of(evidence: &AnyEvidence) -> Self {
        let (uids, weights) = evidence.weights().into_iter().unzip();
        Self { uids, weights }
    }
}

/// Returns the first block of an epoch that closes at `closes_at` from which on no evidence is
/// pledged: a pledge that comes into the next epoch would make honest evidence false there.
fn too_late_for_a_pledge(closes_at: u32, tempo: u32) -> u32 {
    closes_at.saturating_sub((tempo / 64).max(1))
}

impl Validator {
    /// Pledges the root of sealed evidence, and sets or commits the weights after it. The chain is
    /// read before each of both, so a restart repeats neither.
    pub(super) fn send(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        sealed: &SealedRecord,
    ) -> Result<(), NeuronError> {
        let key = of_epoch(sealed.epoch);
        let mut progress: ProgressRecord = neuron.store.get(&key)?.unwrap_or_default();
        if progress.missed || (progress.pledged && progress.weighed) {
            return Ok(());
        }
        let evidence = match sealed.evidence() {
            Ok(evidence) => evidence,
            Err(error) => {
                self.noted.note(error);
                return Ok(());
            }
        };
        if !progress.pledged {
            let (block, tempo) = (at.view.block.number, at.view.subnet.tempo);
            if block >= too_late_for_a_pledge(at.view.status.closes_at, tempo) {
                self.noted.note(format_args!(
                    "epoch {} ends too soon for a pledge, which would count in the next one; \
                     nothing is sent",
                    sealed.epoch
                ));
                return Ok(());
            }
            progress.pledged = self.pledge(neuron, chain, &evidence)?;
            if progress.pledged {
                neuron.store.put(&key, &progress)?;
            }
        }
        // Weights without a pledge could not be audited.
        if progress.pledged && !progress.weighed {
            progress.weighed = match &sealed.salt {
                Some(salt) => self.commit(neuron, chain, at, sealed, &evidence, salt)?,
                None => self.set(neuron, chain, at, sealed, &evidence)?,
            };
            if progress.weighed {
                progress.revealed = sealed.salt.is_none();
                neuron.store.put(&key, &progress)?;
            }
        }
        Ok(())
    }

    /// Pledges evidence. Returns true if the pledge is on the chain.
    fn pledge(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        evidence: &AnyEvidence,
    ) -> Result<bool, NeuronError> {
        let pledge = evidence.pledge();
        let mut publisher = Publisher {
            contracts: &neuron.contracts,
            netuid: neuron.common.netuid,
            hotkey: neuron.account(),
            chain,
        };
        let serving = match publisher.serving() {
            Ok(serving) => serving,
            Err(PublishError::Chain(error)) => return Err(error.into()),
            Err(error) => {
                self.noted.note(error);
                return Ok(false);
            }
        };
        let commitment = serving.and_then(|it| it.commitment);
        let entry = commitment.as_ref().and_then(entry_of);
        if entry.is_some() && matches!(evidence, AnyEvidence::Contest(_)) {
            self.noted.note(
                "the hotkey has pledged an entry as a miner, which a pledge of evidence would \
                 replace; validate with another hotkey",
            );
            return Ok(false);
        }
        let pledged = commitment
            .as_ref()
            .and_then(|it| Pledged::of(&pledge_of(it)?, it.block));
        if let Some(Pledged { epoch, root, .. }) = pledged {
            if epoch == evidence.head().epoch && root != evidence.root() {
                let key = of_epoch(epoch);
                let missed = ProgressRecord {
                    missed: true,
                    ..ProgressRecord::default()
                };
                neuron.store.put(&key, &missed)?;
                self.noted.note(format_args!(
                    "another process of this hotkey has pledged {} for epoch {epoch}; nothing is \
                     sent: run one validator with one store",
                    hex(&root)
                ));
                return Ok(false);
            }
        }
        match publisher.pledge(&pledge) {
            Ok(is_new) => {
                if is_new {
                    let epoch = evidence.head().epoch;
                    info!(epoch, root = hex(&evidence.root()), "pledged the evidence");
                    gauge!(PLEDGED_EPOCH, "netuid" => neuron.common.netuid.0.to_string())
                        .set(f64::from(epoch));
                }
                Ok(true)
            }
            Err(PublishError::Chain(error)) => Err(error.into()),
            Err(error) => {
                self.noted.note(format_args!("pledge: {error}"));
                Ok(false)
            }
        }
    }

    /// Sets weights. Returns true if they are on the chain, or if there are none to set.
    fn set(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        sealed: &SealedRecord,
        evidence: &AnyEvidence,
    ) -> Result<bool, NeuronError> {
        let Row { uids, weights } = Row::of(evidence);
        if uids.is_empty() {
            info!(epoch = sealed.epoch, "no neuron has earned a weight");
            return Ok(true);
        }
        let (netuid, epochs) = (neuron.common.netuid, || neuron.contracts.epoch());
        let row: Option<WeightsRow> = chain.query(epochs().weights(netuid, at.seat.uid))?;
        let is_set = row.is_some_and(|row| {
            row.updated_at >= at.view.status.opened_at && row.uids == uids && row.weights == weights
        });
        if is_set {
            return Ok(true);
        }
        let message =
            || epochs().set_weights(netuid, uids.clone(), weights.clone(), sealed.version_key);
        let account = neuron.account();
        let tried: Result<(), EpochError> = chain.query_as(account, message())?;
        if let Err(error) = tried {
            return self.refused(neuron, sealed, &error);
        }
        let sent = chain.send(account, message()).answer();
        let count = evidence.weights().len();
        self.sent(sent.map(drop), || {
            info!(epoch = sealed.epoch, count, "set weights");
        })
    }

    /// Commits weights. Returns true if the commit is on the chain, or if there is nothing to
    /// commit to.
    fn commit(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
        sealed: &SealedRecord,
        evidence: &AnyEvidence,
        salt: &[u8],
    ) -> Result<bool, NeuronError> {
        let hash = committed(neuron, at.seat.generation, sealed, evidence, salt);
        if evidence.weights().is_empty() {
            info!(epoch = sealed.epoch, "no neuron has earned a weight");
            return Ok(true);
        }
        let (netuid, account) = (neuron.common.netuid, neuron.account());
        let epochs = || neuron.contracts.epoch();
        let commits: CommitsView = chain.query(epochs().commits(netuid, account))?;
        if commits.commits.iter().any(|it| it.hash == hash) {
            return Ok(true);
        }
        let message = || epochs().commit_weights(netuid, sealed.epoch, hash);
        let tried: Result<(), EpochError> = chain.query_as(account, message())?;
        if let Err(error) = tried {
            return self.refused(neuron, sealed, &error);
        }
        let sent = chain.send(account, message()).answer();
        let from = sealed.served_from;
        self.sent(sent.map(drop), || {
            info!(
                epoch = sealed.epoch,
                "committed weights, to be revealed in epoch {from}"
            );
        })
    }

    /// Notes why the chain refuses weights. If the pledge is not on the chain any more, after a
    /// reorg or another commitment of the hotkey, it is made again.
    fn refused(
        &mut self,
        neuron: &Neuron<'_>,
        sealed: &SealedRecord,
        error: &EpochError,
    ) -> Result<bool, NeuronError> {
        self.noted.note(format_args!("weights: {error}"));
        if *error == EpochError::EvidenceFirst(sealed.epoch) {
            let key = of_epoch(sealed.epoch);
            let progress: ProgressRecord = neuron.store.get(&key)?.unwrap_or_default();
            let progress = ProgressRecord {
                pledged: false,
                ..progress
            };
            neuron.store.put(&key, &progress)?;
        }
        Ok(false)
    }

    fn sent(
        &mut self,
        sent: Result<(), CallError<EpochError>>,
        log: impl FnOnce(),
    ) -> Result<bool, NeuronError> {
        match sent {
            Ok(()) => {
                log();
                self.noted.clear();
                Ok(true)
            }
            Err(CallError::Chain(error)) => Err(error.into()),
            Err(CallError::Refused(error)) => {
                self.noted.note(format_args!("weights: {error}"));
                Ok(false)
            }
        }
    }

    /// Reveals the weights that are due in the open epoch.
    pub(super) fn reveal(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let open = at.view.status.open;
        let (netuid, account) = (neuron.common.netuid, neuron.account());
        for (key, mut progress) in neuron.store.all::<ProgressRecord>(&[])? {
            if !progress.weighed || progress.revealed {
                continue;
            }
            let sealed: Option<SealedRecord> = neuron.store.get(&key)?;
            let Some(sealed) = sealed.filter(|it| it.served_from <= open) else {
                continue;
            };
            let (Some(salt), Ok(evidence)) = (sealed.salt, sealed.evidence()) else {
                continue;
            };
            let generation = evidence.head().validator.generation;
            let hash = committed(neuron, generation, &sealed, &evidence, &salt);
            let epochs = || neuron.contracts.epoch();
            let commits: CommitsView = chain.query(epochs().commits(netuid, account))?;
            let state = commits.commits.iter().find(|it| it.hash == hash);
            match state.map(|it| it.state) {
                Some(CommitState::Waiting) => continue,
                Some(CommitState::Due) => {
                    let Row { uids, weights } = Row::of(&evidence);
                    let message = epochs().reveal_weights(
                        netuid,
                        account,
                        uids,
                        weights,
                        salt.to_vec(),
                        sealed.version_key,
                    );
                    let sent = chain.send(account, message).answer();
                    let is_sent = self.sent(sent.map(drop), || {
                        info!(epoch = sealed.epoch, "revealed weights");
                    })?;
                    if !is_sent {
                        continue;
                    }
                }
                Some(CommitState::Missed) => {
                    self.noted.note(format_args!(
                        "the weights of epoch {} were not revealed in epoch {}",
                        sealed.epoch, sealed.served_from
                    ));
                }
                // Anyone who has weights and salt may reveal, and nothing was committed without
                // weights.
                None => {}
            }
            progress.revealed = true;
            neuron.store.put(&key, &progress)?;
        }
        Ok(())
    }
}

/// Returns the hash of a commit to the weights of sealed evidence.
fn committed(
    neuron: &Neuron<'_>,
    generation: u32,
    sealed: &SealedRecord,
    evidence: &AnyEvidence,
    salt: &[u8],
) -> Digest {
    let Row { uids, weights } = Row::of(evidence);
    CommittedWeights {
        contract: neuron.contracts.epoch,
        netuid: neuron.common.netuid,
        hotkey: neuron.account(),
        generation,
        epoch: sealed.epoch,
        uids: &uids,
        weights: &weights,
        salt,
        version_key: sealed.version_key,
    }
    .digest()
}
