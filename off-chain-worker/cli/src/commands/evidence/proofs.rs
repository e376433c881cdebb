//! The proofs of fraud that evidence of a training names, decided by the facts of their epochs.

use super::{
    chain::Chain,
    source::{blob, endpoint_of, Named},
};
use crate::commands::neural::Means;
use inktensor_neuron::{
    evidence::facts::Facts,
    fold::fraud::{Past, Ruling},
    program::Runs,
};
use inktensor_primitives::Digest;
use inktensor_train::FraudProof;
use inktensor_wire::Mirror;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

/// Longest transfer of a state from the validator.
const DEADLINE: Duration = Duration::from_secs(60);

/// The means to decide proofs of earlier epochs than that of the facts.
pub struct Proofs<'a> {
    means: &'a Means,
    chain: &'a Chain<'a>,
    facts: &'a Facts,
    named: &'a Named,
    /// Epochs that were read, each once.
    read: RefCell<BTreeMap<u32, Result<Past, String>>>,
}

impl<'a> Proofs<'a> {
    /// Returns the means of an audit.
    pub const fn of(
        means: &'a Means,
        chain: &'a Chain<'a>,
        facts: &'a Facts,
        named: &'a Named,
    ) -> Self {
        Self {
            means,
            chain,
            facts,
            named,
            read: RefCell::new(BTreeMap::new()),
        }
    }

    /// Returns the ruling on a proof.
    pub fn ruling(&self, proof: &FraudProof) -> Ruling {
        let Runs::Fold(training) = &self.named.runs else {
            return Ruling::Falls("the manifest names no training".into());
        };
        let mut read = self.read.borrow_mut();
        let epoch = proof.epoch;
        let past = read.entry(epoch).or_insert_with(|| self.past(epoch));
        let past = match past {
            Ok(past) => past,
            Err(reason) => return Ruling::Open(reason.clone()),
        };
        let is_withheld = Cell::new(false);
        let state = |hash: &_| {
            let (named, most) = (("state", hash), training.state_bytes());
            let mirrors = &self.named.manifest.mirrors;
            let is_refused = self.is_refused(hash, most);
            let found = blob(self.means, self.chain, past.netuid, named, most, mirrors).ok();
            is_withheld.set(is_refused && found.is_none());
            found
        };
        match Ruling::of(past, self.facts.manifest, training, proof, state) {
            Ruling::Open(reason) if is_withheld.get() => Ruling::Open(format!(
                "the state before the step is withheld by the validator, or too old: {reason}"
            )),
            ruling => ruling,
        }
    }

    /// Fetches a state from the validator itself, which has named the proof. Returns true if the
    /// validator was asked and has not served it.
    fn is_refused(&self, hash: &Digest, most: usize) -> bool {
        let (means, facts) = (self.means, self.facts);
        if means.blobs.contains(hash) {
            return false;
        }
        let network = self
            .chain
            .network("the state before a step", "name its file with --blob");
        let endpoint = network.and_then(|it| endpoint_of(it, facts.netuid, facts.uid));
        let Ok(Some(endpoint)) = endpoint else {
            return false;
        };
        let mirror = [Mirror::neuron(&endpoint)];
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let fetched = means
            .blobs
            .fetch(&means.client, hash, most, &mirror, DEADLINE);
        means.runtime.block_on(fetched).is_err()
    }

    fn past(&self, epoch: u32) -> Result<Past, String> {
        let what = format!("the pledges of epoch {epoch}");
        let network = self.chain.network(&what, "audit where one is at hand");
        let network = network.map_err(|failure| failure.to_string())?;
        let (contracts, netuid) = (network.contracts(), self.facts.netuid);
        let past = Past::read(network.chain(), &contracts, netuid, epoch);
        past.map_err(|error| error.to_string())
    }
}
