//! Recomputes a posted epoch from public data and says whether it is right, and if not, where and
//! for whom.
//!
//! The inputs are the chain's own where it still has them, which is for the epoch of a subnet that
//! closed last; for older ones they come from a worker's store, and their header has to be the one
//! that the chain told of when the epoch closed. What was posted comes from the chain's events.

mod error;
mod inputs;
mod recorded;

pub use crate::history::posted::{Fate, Posted};
pub use error::VerifyError;
pub use inputs::Origin;
pub use recorded::{Paid, ValueDifference};

use crate::{kernels::Kernels, store::Store};
use inktensor_client::{chain::ChainRead, deploy::Addresses};
use inktensor_compute::epoch::{
    attempt, compute, first_difference, seats, without, Attempt, Difference, EpochError,
    EpochInputs, Part, Trace,
};
use inktensor_primitives::{assertion::Assertion, Digest, NetUid, Uid};

/// What is looked at to verify an epoch.
pub struct Verifier<'a> {
    /// The chain.
    pub chain: &'a dyn ChainRead,
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
    /// Digest of what it honestly comes to, or why it comes to nothing: then every assertion of it
    /// is false.
    pub honest: Result<Digest, EpochError>,
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
    /// The first step that is wrong. None if only the hash of what is final is known: no assertion
    /// with it was posted.
    pub difference: Option<Difference>,
    /// Whom the first wrong step concerns: the uids of its chunk, or for the roster those that are
    /// one too many or missing.
    pub uids: Vec<Uid>,
    /// Uids that have a permit by what was posted, and should not.
    pub added: Vec<Uid>,
    /// Uids that should have a permit, and have none by what was posted.
    pub missing: Vec<Uid>,
    /// Values that the chain has recorded at settlement, as far as they differ from the honest
    /// ones.
    pub values: Vec<ValueDifference>,
    /// Chunks that were paid another sum than the honest one.
    pub paid: Vec<Paid>,
    /// Chunks with another hash of their results than the honest ones, and whose values the chain
    /// does not have: known is only that they differ.
    pub hidden: Vec<u16>,
}

impl Verifier<'_> {
    /// Recomputes epoch `epoch` of `netuid` and holds it against what was posted: what became
    /// final, else what stands, else what was posted last.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify(&self, netuid: NetUid, epoch: u32) -> Result<Verified, VerifyError> {
        let told = crate::history::posted::Told::about(self.chain, &self.contracts, netuid, epoch)?;
        let (inputs, origin) = self.inputs(netuid, epoch, &told.header_hash)?;
        let posted = told.posted(netuid, epoch)?;
        let header = &inputs.header;
        let engine = self.kernels.engine(self.chain, &header.kernel_code)?;
        let Attempt { trace, failure } = attempt(engine.as_ref(), &inputs)?;
        let (honest, finding) = match failure {
            None => {
                let honest = trace.assertion();
                let right = honest.digest() == posted.digest;
                let finding = (!right)
                    .then(|| self.finding(&trace, &honest, header.neurons, &posted, &told))
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
            header_hash: told.header_hash,
            origin,
            steps: trace.plan.steps(header.neurons),
            honest,
            posted,
            finding,
        })
    }

    /// Recomputes epoch `epoch` of `netuid`, whether anything was posted for it or not.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn recompute(&self, netuid: NetUid, epoch: u32) -> Result<Recomputed, VerifyError> {
        let told = crate::history::posted::Told::about(self.chain, &self.contracts, netuid, epoch)?;
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
        told: &crate::history::posted::Told,
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
            Some(Difference::Step { chunk, .. }) => seats(&trace.plan, chunk, neurons).collect(),
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

/// What is wrong with an assertion of an epoch to which the kernel gives no honest answer. `trace`
/// ends before that step.
fn unanswered(trace: &Trace, inputs: &EpochInputs, claimed: Option<&Assertion>) -> Finding {
    let neurons = inputs.header.neurons;
    let difference = claimed.and_then(|claimed| trace.first_unanswered(neurons, claimed));
    let uids = match difference {
        Some(Difference::Step { chunk, .. }) => seats(&trace.plan, chunk, neurons).collect(),
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
    use inktensor_primitives::{
        kernel::{Budget, EpochHeader, EpochPlan, PhasePlan},
        Rao,
    };

    /// Two phases over two chunks of two neurons; the kernel gives no answer to step 3.
    fn ended_early() -> (Trace, EpochInputs) {
        let header = EpochHeader {
            contract: [1; 32].into(),
            netuid: NetUid(3),
            epoch: 8,
            final_epoch: None,
            opened_at: 0,
            closed_at: 10,
            previous_close: 0,
            tempo: 10,
            neurons: 4,
            kernel: [2; 32].into(),
            kernel_code: [0; 32],
            params: Vec::new(),
            max_validators: 1,
            owner_uid: None,
            budget: Budget::Combined(Rao(0)),
            roster: Vec::new(),
            previous: [0; 32],
        };
        let phase = PhasePlan {
            rows: false,
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
            part: Part::Memory,
        };
        assert_eq!(found, Some(memory));
        let unknown = unanswered(&trace, &inputs, None);
        assert_eq!((unknown.difference, unknown.uids.len()), (None, 4));
    }
}
