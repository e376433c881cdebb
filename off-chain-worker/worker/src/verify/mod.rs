//! Recomputes a posted epoch from public data, and finds the first wrong step and the affected
//! uids.
//!
//! The inputs are the chain's own where it still has them: for the epoch of a subnet that closed
//! last, and for older ones on a node that keeps the state of their close. All of them are read at
//! one block. Other inputs come from a worker's store, and their header must be the one of the
//! epoch's close. The assertion comes from the chain's events.

mod closing;
mod error;
mod inputs;
mod memory;
mod recorded;

pub use crate::history::{AssertionStatus, PostedAssertion};
pub use error::VerifyError;
pub use inputs::InputSource;
pub use memory::FinalMemory;
pub use recorded::{Paid, ValueDifference};

use crate::{epochs::block, history::EpochHistory, kernels::Kernels, store::Store};
use inktensor_client::{
    chain::{ChainRead, Pinned},
    deploy::Addresses,
};
use inktensor_compute::epoch::{
    attempt, chunk_uids, compute, first_difference, without, Attempt, ComputeError, Difference,
    EpochInputs, StepPart, Trace,
};
use inktensor_primitives::{assertion::Assertion, epoch::EpochStatus, Digest, NetUid, Uid};

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
    /// The posted assertion. `None` if the chain has discarded the events of a final epoch: then
    /// the epoch is compared with the values and the memory that the chain recorded.
    pub posted: Option<PostedAssertion>,
    /// The difference; `None` if the outcome is right.
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
    /// The posted assertion; `None` before the first one, and if its events were discarded.
    pub posted: Option<PostedAssertion>,
    /// First block whose events are known: the block of the close, unless some were discarded.
    pub since: u32,
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
    /// Chunks whose recorded memory has another hash than the honest one.
    pub memory: Vec<u16>,
}

/// Knowledge of an epoch: how the chain stands with it, and its events.
struct Known {
    status: EpochStatus,
    inputs: EpochInputs,
    origin: InputSource,
    history: EpochHistory,
}

impl Verifier<'_> {
    /// Recomputes epoch `epoch` of `netuid` and compares it with what was posted: the final
    /// assertion, else the one that stands, else the one posted last. If the chain has discarded
    /// the events of a final epoch, it is compared with what the chain recorded.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify(&self, netuid: NetUid, epoch: u32) -> Result<Verified, VerifyError> {
        let pinned = Pinned::best(self.chain)?;
        let verifier = self.at(&pinned);
        let known = verifier.known(&pinned, netuid, epoch)?;
        let posted = known.posted()?;
        let header = &known.inputs.header;
        let engine = self.kernels.engine(self.chain, &header.kernel_code)?;
        let Attempt { trace, failure } = attempt(engine.as_ref(), &known.inputs)?;
        let (honest, finding) = match failure {
            None => {
                let finding = match &posted {
                    Some(posted) => verifier.compared(&trace, posted, &known)?,
                    None => verifier.compared_with_record(&trace, &known)?,
                };
                (Ok(trace.assertion().digest()), finding)
            }
            Some(error) if error.is_verdict() => {
                let claimed = posted.as_ref().and_then(|posted| posted.assertion.as_ref());
                (Err(error), Some(unanswered(&trace, &known.inputs, claimed)))
            }
            Some(error) => return Err(error.into()),
        };
        Ok(Verified {
            netuid,
            epoch,
            header_hash: header.digest(),
            origin: known.origin,
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
        let pinned = Pinned::best(self.chain)?;
        let verifier = self.at(&pinned);
        let known = verifier.known(&pinned, netuid, epoch)?;
        Ok(Recomputed {
            trace: self.trace(&known.inputs)?,
            posted: known.history.posted(),
            since: known.history.since(),
            inputs: known.inputs,
            origin: known.origin,
        })
    }

    /// Returns this verifier on the pinned chain.
    const fn at<'b>(&'b self, chain: &'b Pinned<'b>) -> Verifier<'b> {
        Verifier {
            chain,
            contracts: self.contracts,
            kernels: self.kernels,
            store: self.store,
        }
    }

    /// Reads the inputs and the events of an epoch.
    fn known(&self, chain: &Pinned<'_>, netuid: NetUid, epoch: u32) -> Result<Known, VerifyError> {
        let status = self.status(netuid, epoch)?;
        let (inputs, origin) = self.inputs(chain, &status, (netuid, epoch))?;
        let header = &inputs.header;
        let from = block(header.closed_at);
        let history = EpochHistory::read(self.chain, &self.contracts, (netuid, epoch), from)?;
        let other = match (history.header_hash(), origin) {
            (Some(hash), _) => hash != header.digest(),
            (None, InputSource::Chain) => false,
            // The events since the close are there, and the close is not among them.
            (None, InputSource::Store) if history.since() <= from => true,
            (None, InputSource::Store) => {
                let first = history.since();
                return Err(VerifyError::Discarded {
                    netuid,
                    epoch,
                    first,
                });
            }
        };
        if other {
            return Err(VerifyError::OtherHeader { netuid, epoch });
        }
        Ok(Known {
            status,
            inputs,
            origin,
            history,
        })
    }

    fn trace(&self, inputs: &EpochInputs) -> Result<Trace, VerifyError> {
        let code = &inputs.header.kernel_code;
        let engine = self.kernels.engine(self.chain, code)?;
        Ok(compute(engine.as_ref(), inputs)?)
    }

    /// Returns the difference of what was posted, if there is one.
    fn compared(
        &self,
        trace: &Trace,
        posted: &PostedAssertion,
        known: &Known,
    ) -> Result<Option<Finding>, VerifyError> {
        let honest = trace.assertion();
        if honest.digest() == posted.digest {
            return Ok(None);
        }
        self.finding(trace, &honest, posted, known).map(Some)
    }

    /// Returns the difference of what the chain recorded of a final epoch, if there is one.
    fn compared_with_record(
        &self,
        trace: &Trace,
        known: &Known,
    ) -> Result<Option<Finding>, VerifyError> {
        let header = &known.inputs.header;
        let (netuid, epoch) = (header.netuid, header.epoch);
        let recorded = recorded::compare(self.chain, &self.contracts, trace, known.record())?;
        let memory = recorded::memory(self.chain, &self.contracts, trace)?;
        if recorded.seen.is_empty() && memory.seen == 0 {
            let first = known.history.since();
            return Err(VerifyError::Discarded {
                netuid,
                epoch,
                first,
            });
        }
        if recorded.values.is_empty() && recorded.paid.is_empty() && memory.differs.is_empty() {
            return Ok(None);
        }
        let of_values = recorded.values.iter().map(|it| it.uid);
        let chunks = memory.differs.iter();
        let of_memory = chunks.flat_map(|chunk| chunk_uids(&trace.plan, *chunk, header.neurons));
        let mut uids: Vec<Uid> = of_values.chain(of_memory).collect();
        uids.sort_unstable();
        uids.dedup();
        Ok(Some(Finding {
            difference: None,
            uids,
            added: Vec::new(),
            missing: Vec::new(),
            values: recorded.values,
            paid: recorded.paid,
            hidden: Vec::new(),
            memory: memory.differs,
        }))
    }

    fn finding(
        &self,
        trace: &Trace,
        honest: &Assertion,
        posted: &PostedAssertion,
        known: &Known,
    ) -> Result<Finding, VerifyError> {
        let neurons = known.inputs.header.neurons;
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
                recorded::compare(self.chain, &self.contracts, trace, known.record())?
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
            memory: Vec::new(),
        })
    }
}

impl Known {
    /// Returns the assertion that counts. Returns `None` if the epoch is final and the events of
    /// the assertion were discarded.
    ///
    /// # Errors
    /// `NothingPosted`, `Discarded`.
    fn posted(&self) -> Result<Option<PostedAssertion>, VerifyError> {
        let header = &self.inputs.header;
        let (netuid, epoch) = (header.netuid, header.epoch);
        if let Some(posted) = self.history.posted() {
            return Ok(Some(posted));
        }
        let is_last = epoch.checked_add(1) == Some(self.status.open);
        match self.status.stage.standing().first() {
            Some(first) if is_last => Ok(Some(PostedAssertion {
                assertion: None,
                digest: first.assertion,
                proposer: Some(first.proposer),
                fate: AssertionStatus::Standing {
                    deadline: first.deadline,
                },
                slashed: 0,
            })),
            _ if self.history.since() <= block(header.closed_at) => {
                Err(VerifyError::NothingPosted { netuid, epoch })
            }
            // Scores and memory on the chain are those of the last final epoch.
            _ if self.status.final_epoch == Some(epoch) => Ok(None),
            _ if is_last => Err(VerifyError::NothingPosted { netuid, epoch }),
            _ => Err(VerifyError::Discarded {
                netuid,
                epoch,
                first: self.history.since(),
            }),
        }
    }

    /// Returns what the chain has recorded of the epoch.
    fn record(&self) -> recorded::Record<'_> {
        let epoch = self.inputs.header.epoch;
        let settling = self.status.settling.as_ref();
        recorded::Record {
            paid: self.history.settled(),
            is_last: self.status.final_epoch == Some(epoch) && !self.history.is_outdated(),
            settling: settling.filter(|settling| settling.epoch == epoch),
        }
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
        memory: Vec::new(),
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
