//! Recomputes a posted epoch from public data and says whether it is right, and if not, where and for whom.
//!
//! The inputs are the chain's own where it still has them, which is for the epoch of a subnet that closed last; for older
//! ones they come from a worker's store, and their header has to be the one that the chain told of when the epoch closed. What
//! was posted comes from the chain's events.

mod error;
mod inputs;
mod posted;
mod recorded;

pub use error::VerifyError;
pub use inputs::Origin;
pub use posted::{Fate, Posted};
pub use recorded::{Paid, ValueDifference};

use crate::{
    chain::Chain,
    deploy::Addresses,
    epoch::{compute, first_difference, Difference, EpochInputs, Part, Trace},
    roles::Kernels,
    store::Store,
};
use inktensor_primitives::{assertion::Assertion, Digest, NetUid, Uid};

/// What is looked at to verify an epoch.
pub struct Verifier<'a> {
    /// The chain.
    pub chain: &'a dyn Chain,
    /// The contracts on it.
    pub contracts: Addresses,
    /// What runs the subnets' kernels.
    pub kernels: &'a Kernels,
    /// A worker's store, for epochs whose inputs or memory the chain does not have.
    pub store: Option<&'a Store>,
}

/// An epoch that was recomputed.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Hash of its header.
    pub header_hash: Digest,
    /// Where its inputs are from.
    pub origin: Origin,
    /// How many steps it has.
    pub steps: u32,
    /// Digest of what it honestly comes to.
    pub honest: Digest,
    /// What was posted.
    pub posted: Posted,
    /// Where the two part; none if what was posted is right.
    pub finding: Option<Finding>,
}

/// What an epoch was computed from, and what it honestly comes to.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// What it was computed from.
    pub inputs: EpochInputs,
    /// Where that is from.
    pub origin: Origin,
    /// What it comes to.
    pub trace: Trace,
    /// What was posted; none if nothing was yet.
    pub posted: Option<Posted>,
}

/// Where a posted epoch is wrong, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The first step that is wrong. None if only the hash of what is final is known: no assertion with it was posted.
    pub difference: Option<Difference>,
    /// Whom the first wrong step concerns: the uids of its chunk, or for the roster those that are one too many or missing.
    pub uids: Vec<Uid>,
    /// Uids that have a permit by what was posted, and should not.
    pub added: Vec<Uid>,
    /// Uids that should have a permit, and have none by what was posted.
    pub missing: Vec<Uid>,
    /// Values that the chain has recorded at settlement, as far as they differ from the honest ones.
    pub values: Vec<ValueDifference>,
    /// Chunks that were paid another sum than the honest one.
    pub paid: Vec<Paid>,
    /// Chunks with another hash of their results than the honest ones, and whose values the chain does not have: known is
    /// only that they differ.
    pub hidden: Vec<u16>,
}

impl Verifier<'_> {
    /// Recomputes epoch `epoch` of `netuid` and holds it against what was posted: what became final, else what stands, else
    /// what was posted last.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify(&self, netuid: NetUid, epoch: u32) -> Result<Verified, VerifyError> {
        let told = posted::Told::about(self.chain, &self.contracts, netuid, epoch)?;
        let (inputs, origin) = self.inputs(netuid, epoch, &told.header_hash)?;
        let posted = told.posted(netuid, epoch)?;
        let header = &inputs.header;
        let trace = self.trace(&inputs)?;
        let honest = trace.assertion();
        let digest = honest.digest();
        let finding = if digest == posted.digest {
            None
        } else {
            let neurons = header.neurons;
            Some(self.finding(&trace, &honest, neurons, &posted, &told)?)
        };
        Ok(Verified {
            netuid,
            epoch,
            header_hash: told.header_hash,
            origin,
            steps: trace.plan.steps(neurons_of(&trace)),
            honest: digest,
            posted,
            finding,
        })
    }

    /// Recomputes epoch `epoch` of `netuid`, whether anything was posted for it or not.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn recompute(&self, netuid: NetUid, epoch: u32) -> Result<Recomputed, VerifyError> {
        let told = posted::Told::about(self.chain, &self.contracts, netuid, epoch)?;
        let (inputs, origin) = self.inputs(netuid, epoch, &told.header_hash)?;
        let posted = match told.posted(netuid, epoch) {
            Ok(posted) => Some(posted),
            Err(VerifyError::NothingPosted { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Recomputed {
            trace: self.trace(&inputs)?,
            inputs,
            origin,
            posted,
        })
    }

    fn trace(&self, inputs: &EpochInputs) -> Result<Trace, VerifyError> {
        let code = &inputs.header.kernel_code;
        let engine = self.kernels.engine(self.chain, code)?;
        Ok(compute(engine.as_ref(), inputs)?)
    }

    fn finding(
        &self,
        trace: &Trace,
        honest: &Assertion,
        neurons: u16,
        posted: &Posted,
        told: &posted::Told,
    ) -> Result<Finding, VerifyError> {
        let claimed = posted.assertion.as_ref();
        let difference =
            claimed.and_then(|claimed| first_difference(&trace.plan, neurons, honest, claimed));
        let roster = claimed.map_or(&honest.roster, |claimed| &claimed.roster);
        let (added, missing) = (
            without(roster, &honest.roster),
            without(&honest.roster, roster),
        );
        let recorded = match posted.fate {
            Fate::Final => recorded::compare(self.chain, &self.contracts, trace, told)?,
            Fate::Standing { .. } | Fate::Slashed => recorded::Recorded::default(),
        };
        let hidden = |chunk: &u16| {
            let place = usize::from(*chunk);
            let differs = claimed
                .is_some_and(|claimed| claimed.results.get(place) != honest.results.get(place));
            differs && !recorded.seen.contains(chunk)
        };
        let uids = match difference {
            Some(Difference::Step {
                part: Part::Roster, ..
            }) => {
                let mut uids = [added.clone(), missing.clone()].concat();
                uids.sort_unstable();
                uids
            }
            Some(Difference::Step { chunk, .. }) => {
                let (start, count) = trace.plan.span(chunk, neurons);
                (start.0..).map(Uid).take(usize::from(count)).collect()
            }
            Some(Difference::Header | Difference::Shape) | None => (0..neurons).map(Uid).collect(),
        };
        Ok(Finding {
            difference,
            uids,
            added,
            missing,
            hidden: (0..trace.plan.chunks(neurons)).filter(hidden).collect(),
            values: recorded.values,
            paid: recorded.paid,
        })
    }
}

fn neurons_of(trace: &Trace) -> u16 {
    u16::try_from(trace.neurons().count()).unwrap_or(u16::MAX)
}

/// What is in `list` and not in `other`.
fn without(list: &[Uid], other: &[Uid]) -> Vec<Uid> {
    let only = list.iter().filter(|uid| !other.contains(uid));
    only.copied().collect()
}
