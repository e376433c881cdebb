//! Recomputes a posted epoch from public data, and finds the first wrong step and the affected
//! uids.
//!
//! The inputs are the chain's own where it still has them, which is for the epoch of a subnet that
//! closed last. Older inputs come from a worker's store, and their header must be the one of the
//! epoch's close. The assertion comes from the chain's events.

mod error;
mod inputs;
mod recorded;

pub use crate::history::{AssertionStatus, PostedAssertion};
pub use error::VerifyError;
pub use inputs::InputSource;
pub use recorded::{Paid, ValueDifference};

use crate::{history::EpochHistory, kernels::Kernels, store::Store};
use inktensor_client::{chain::ChainRead, deploy::Addresses};
use inktensor_compute::epoch::{
    attempt, chunk_uids, compute, first_difference, without, Attempt, ComputeError, Difference,
    EpochInputs, StepPart, Trace,
};
use inktensor_primitives::{assertion::Assertion, Digest, NetUid, Uid};

/// The sources for verifying epochs.
pub struct Verifier<'a> {
    /// The chain.
    pub chain: &'a dyn ChainRead,
    /// The contracts on it.
    pub contracts: Addresses,
    /// The kernels of the subnets.
    pub kernels: &'a Kernels,
    /// A worker's store, for epochs whose inputs or memory the chain does not have.
    pub store: Option<&'a Store>,
}

/// A recomputed epoch, compared with what was posted.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// Source of the inputs.
    pub origin: InputSource,
    /// Number of steps.
    pub steps: u32,
    /// Digest of the honest assertion, or the error of the kernel: then every assertion is false.
    pub honest: Result<Digest, ComputeError>,
    /// The posted assertion.
    pub posted: PostedAssertion,
    /// The difference; `None` if the posted assertion is right.
    pub finding: Option<Finding>,
}

/// A recomputed epoch.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// Inputs of the epoch.
    pub inputs: EpochInputs,
    /// Source of the inputs.
    pub origin: InputSource,
    /// Honest trace of the epoch.
    pub trace: Trace,
    /// The posted assertion; `None` before the first one.
    pub posted: Option<PostedAssertion>,
}

/// The errors of a posted epoch, and the affected uids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// First wrong step; `None` if only the hash of what is final is known, since no assertion
    /// with it was posted.
    pub difference: Option<Difference>,
    /// Uids affected by the first wrong step: those of its chunk; for the roster those that are
    /// added or missing.
    pub uids: Vec<Uid>,
    /// Uids that have a permit in the assertion, and should not.
    pub added: Vec<Uid>,
    /// Uids that should have a permit, and do not in the assertion.
    pub missing: Vec<Uid>,
    /// Values recorded at settlement that differ from the honest ones.
    pub values: Vec<ValueDifference>,
    /// Chunks that were paid another sum than the honest one.
    pub paid: Vec<Paid>,
    /// Chunks whose results have another hash than the honest ones, and whose values the chain
    /// does not have.
    pub hidden: Vec<u16>,
}

impl Verifier<'_> {
    /// Recomputes epoch `epoch` of `netuid` and compares it with what was posted: the final
    /// assertion, else the one that stands, else the one posted last.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify(&self, netuid: NetUid, epoch: u32) -> Result<Verified, VerifyError> {
        let (history, header_hash) = self.history(netuid, epoch)?;
        let (inputs, origin) = self.inputs(netuid, epoch, &header_hash)?;
        let posted = history.posted();
        let posted = posted.ok_or(VerifyError::NothingPosted { netuid, epoch })?;
        let header = &inputs.header;
        let engine = self.kernels.engine(self.chain, &header.kernel_code)?;
        let Attempt { trace, failure } = attempt(engine.as_ref(), &inputs)?;
        let (honest, finding) = match failure {
            None => {
                let honest = trace.assertion();
                let right = honest.digest() == posted.digest;
                let finding = (!right)
                    .then(|| self.finding(&trace, &honest, header.neurons, &posted, &history))
                    .transpose()?;
                (Ok(honest.digest()), finding)
            }
            Some(error) if error.is_verdict() => {
                let claimed = posted.assertion.as_ref();
                (Err(error), Some(unanswered(&trace, &inputs, claimed)))
            }
            Some(error) => return Err(error.into()),
        };
        Ok(Verified {
            netuid,
            epoch,
            header_hash,
            origin,
            steps: trace.plan.steps(header.neurons),
            honest,
            posted,
            finding,
        })
    }

    /// Recomputes epoch `epoch` of `netuid`, posted or not.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn recompute(&self, netuid: NetUid, epoch: u32) -> Result<Recomputed, VerifyError> {
        let (history, header_hash) = self.history(netuid, epoch)?;
        let (inputs, origin) = self.inputs(netuid, epoch, &header_hash)?;
        Ok(Recomputed {
            trace: self.trace(&inputs)?,
            inputs,
            origin,
            posted: history.posted(),
        })
    }

    /// Reads the events of the epoch, and the hash of the header that it closed with.
    fn history(&self, netuid: NetUid, epoch: u32) -> Result<(EpochHistory, Digest), VerifyError> {
        let history = EpochHistory::read(self.chain, &self.contracts, (netuid, epoch), 0)?;
        let header_hash = history.header_hash();
        let header_hash = header_hash.ok_or(VerifyError::NotClosed { netuid, epoch })?;
        Ok((history, header_hash))
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
        posted: &PostedAssertion,
        history: &EpochHistory,
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
            AssertionStatus::Final => {
                recorded::compare(self.chain, &self.contracts, trace, history)?
            }
            AssertionStatus::Standing { .. } | AssertionStatus::Slashed => {
                recorded::Recorded::default()
            }
        };
        let hidden = |chunk: &u16| {
            let place = usize::from(*chunk);
            let differs = claimed
                .is_some_and(|claimed| claimed.results.get(place) != honest.results.get(place));
            differs && !recorded.seen.contains(chunk)
        };
        let uids = match difference {
            Some(Difference::Step {
                part: StepPart::Roster,
                ..
            }) => {
                let mut uids = [added.clone(), missing.clone()].concat();
                uids.sort_unstable();
                uids
            }
            Some(Difference::Step { chunk, .. }) => {
                chunk_uids(&trace.plan, chunk, neurons).collect()
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

/// Returns the errors of an assertion of an epoch to which the kernel has no honest answer. `trace`
/// ends before that step.
fn unanswered(trace: &Trace, inputs: &EpochInputs, claimed: Option<&Assertion>) -> Finding {
    let neurons = inputs.header.neurons;
    let difference = claimed.and_then(|claimed| trace.first_unanswered(neurons, claimed));
    let uids = match difference {
        Some(Difference::Step { chunk, .. }) => chunk_uids(&trace.plan, chunk, neurons).collect(),
        Some(Difference::Header | Difference::Shape) | None => (0..neurons).map(Uid).collect(),
    };
    Finding {
        difference,
        uids,
        added: Vec::new(),
        missing: Vec::new(),
        values: Vec::new(),
        paid: Vec::new(),
        hidden: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_compute::epoch::StepTrace;
    use inktensor_primitives::kernel::{EpochHeader, EpochPlan, PhasePlan};
    use inktensor_test_support::header;

    /// Two phases over two chunks of two neurons; the kernel has no answer to step 3.
    fn ended_early() -> (Trace, EpochInputs) {
        let header = EpochHeader {
            neurons: 4,
            ..header()
        };
        let phase = PhasePlan {
            rows: false,
            stake: true,
            memory: false,
        };
        let trace = Trace {
            netuid: header.netuid,
            epoch: header.epoch,
            header_hash: header.digest(),
            plan: EpochPlan {
                chunk: 2,
                phases: vec![phase; 2],
                memory_phase: 0,
                results_phase: 1,
            },
            steps: vec![StepTrace::default(); 3],
            memory: vec![Vec::new(); 2],
            results: vec![Vec::new()],
            roster: Vec::new(),
            timing: Vec::new(),
        };
        let inputs = EpochInputs {
            header,
            chunks: Vec::new(),
            memory: vec![Vec::new(); 2],
        };
        (trace, inputs)
    }

    #[test]
    fn without_an_honest_answer_the_step_that_has_none_is_wrong_unless_an_earlier_one_is() {
        let (trace, inputs) = ended_early();
        let mut claimed = trace.assertion();
        claimed.steps.push([7; 32]);
        claimed.results.push([7; 32]);
        let wrong = |claimed: &Assertion| {
            let found = unanswered(&trace, &inputs, Some(claimed));
            match found.difference {
                Some(Difference::Step { k, .. }) => (k, found.uids),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(wrong(&claimed), (3, vec![Uid(2), Uid(3)]));
        claimed.steps[0] = [7; 32];
        assert_eq!(wrong(&claimed), (0, vec![Uid(0), Uid(1)]));
        claimed.steps[0] = trace.assertion().steps[0];
        claimed.memory[1] = [7; 32];
        let found = unanswered(&trace, &inputs, Some(&claimed)).difference;
        let memory = Difference::Step {
            k: 1,
            phase: 0,
            chunk: 1,
            part: StepPart::Memory,
        };
        assert_eq!(found, Some(memory));
        let unknown = unanswered(&trace, &inputs, None);
        assert_eq!((unknown.difference, unknown.uids.len()), (None, 4));
    }
}
