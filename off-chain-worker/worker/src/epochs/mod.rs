//! What the worker has computed itself: the closed epoch of each subnet, and the final one before
//! it.

mod memory;

pub(crate) use memory::is_memory;

use crate::store::{Store, StoreError, StoredEpoch};
use crate::{history::replay, kernels::Kernels, roles::RoleError};
use inktensor_client::{
    chain::{query_all, CallError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::engine_difference;
use inktensor_compute::{
    engine::EngineError,
    epoch::{attempt, compute, Attempt, EpochError, EpochInputs, Trace},
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::{EpochError as ContractError, Epochs},
    kernel::{ChunkInputs, EpochHeader, EpochPlan, NeuronResult},
    Digest, NetUid,
};
use std::{collections::BTreeMap, sync::Arc};

/// Blocks until an epoch is tried again that this machine failed to compute. A kernel that fails by
/// itself always will.
const TRY_AGAIN: u32 = 5;

/// An epoch computed here.
#[derive(Clone, Debug)]
pub struct Computed {
    /// What was computed from.
    pub inputs: EpochInputs,
    /// What came out.
    pub trace: Trace,
    /// What a proposer posts.
    pub assertion: Assertion,
}

impl Computed {
    fn of(inputs: EpochInputs, trace: Trace) -> Self {
        Self {
            assertion: trace.assertion(),
            inputs,
            trace,
        }
    }
}

/// The epochs computed here. An epoch is computed once, whoever asks for it, and with a [`Store`]
/// once however often the worker is started.
///
/// At hand are, per subnet, the last closed epoch and the last final one, whose results may still
/// have to be settled and whose memory the closed one reads. What is older is in the store.
pub struct Ledger {
    contracts: Addresses,
    kernels: Arc<Kernels>,
    store: Option<Store>,
    subnets: BTreeMap<NetUid, Vec<Arc<Computed>>>,
    /// The closed epoch of a subnet that cannot be computed.
    failures: BTreeMap<NetUid, Failure>,
    /// Header of the epoch of a subnet on which both engines agree.
    agreed: BTreeMap<NetUid, Digest>,
}

/// An epoch that could not be computed.
struct Failure {
    header_hash: Digest,
    error: EpochError,
    /// First block at which it is worth another try, if ever.
    again_at: Option<u32>,
    inputs: EpochInputs,
    /// The steps before the one that failed.
    trace: Trace,
}

impl Ledger {
    /// An empty ledger for the deployment at `contracts`. It forgets all when it goes; `kernels`
    /// may be shared with others.
    pub fn new(contracts: Addresses, kernels: impl Into<Arc<Kernels>>) -> Self {
        Self {
            contracts,
            kernels: kernels.into(),
            store: None,
            subnets: BTreeMap::new(),
            failures: BTreeMap::new(),
            agreed: BTreeMap::new(),
        }
    }

    /// Keeps what it computes in `store`, and goes on from what is there.
    pub fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// What it keeps, if it keeps anything.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// The epoch of `netuid` that closed last, computed now if it was not before.
    ///
    /// # Errors
    /// `NothingClosed`, `MemoryUnknown`, `NoKernelCode`, `Engine`, `Epoch`, `OtherPlan`, `Store`,
    /// `Chain`.
    pub fn closed(
        &mut self,
        chain: &dyn ChainRead,
        netuid: NetUid,
    ) -> Result<Arc<Computed>, RoleError> {
        let header = chain
            .query(self.contracts.epoch().header(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let known = self.subnets.get(&netuid).map_or(&[][..], Vec::as_slice);
        let hash = header.digest();
        if let Some(computed) = known.iter().find(|c| c.trace.header_hash == hash) {
            return Ok(Arc::clone(computed));
        }
        let block = chain.block()?;
        if let Some(failure) = self.failures.get(&netuid) {
            if failure.header_hash == hash && failure.again_at.is_none_or(|at| block < at) {
                return Err(failure.error.clone().into());
            }
        }
        let (inputs, attempt) = self.resume_or_compute(chain, header)?;
        if let Some(error) = attempt.failure {
            let failure = Failure {
                header_hash: hash,
                error: error.clone(),
                again_at: is_of_this_machine(&error).then(|| block.saturating_add(TRY_AGAIN)),
                inputs,
                trace: attempt.trace,
            };
            self.failures.insert(netuid, failure);
            return Err(error.into());
        }
        self.failures.remove(&netuid);
        let computed = Arc::new(Computed::of(inputs, attempt.trace));
        let header = &computed.inputs.header;
        let known = self.subnets.entry(netuid).or_default();
        known.retain(|c| Some(c.trace.epoch) == header.final_epoch);
        known.push(Arc::clone(&computed));
        Ok(computed)
    }

    /// The first step at which `claimed` is false about the closed epoch of `netuid`, and the
    /// proof. None if it is honest, or one that the chain does not take. Where the kernel
    /// itself gives no honest answer, every assertion is false.
    ///
    /// # Errors
    /// As [`Ledger::closed`].
    pub fn refute(
        &mut self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        claimed: &Assertion,
    ) -> Result<Option<(u32, StepProof)>, RoleError> {
        match self.closed(chain, netuid) {
            Ok(computed) => Ok(computed.trace.refute(&computed.inputs, claimed)),
            Err(RoleError::Epoch(error)) if error.is_verdict() => {
                let failure = self.failures.get(&netuid);
                let failure = failure.ok_or(RoleError::Epoch(error))?;
                Ok(failure.trace.refute_unfinished(&failure.inputs, claimed))
            }
            Err(error) => Err(error),
        }
    }

    /// An epoch computed before, if it is still at hand.
    pub fn computed(&self, netuid: NetUid, epoch: u32) -> Option<&Arc<Computed>> {
        let known = self.subnets.get(&netuid)?;
        known.iter().find(|c| c.trace.epoch == epoch)
    }

    /// What each chunk's neurons get by an epoch that is final.
    ///
    /// # Errors
    /// `ResultsUnknown`, `Store`, `Chain`.
    pub fn results(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Vec<Vec<NeuronResult>>, RoleError> {
        if let Some(computed) = self.computed(netuid, epoch) {
            return Ok(computed.trace.results.clone());
        }
        if let Some(results) = self.kept_results(chain, netuid, epoch)? {
            return Ok(results);
        }
        let told = chain.events(self.final_since(chain, netuid, epoch)?)?;
        replay::results(&told, self.contracts.epoch, (netuid, epoch))
            .ok_or(RoleError::ResultsUnknown { netuid, epoch })
    }

    /// Makes sure that the two ways to run the kernel of `computed` come to the same, if there are
    /// two. Each epoch is looked at once.
    ///
    /// # Errors
    /// `EnginesDiffer`, `Epoch`, or what keeps the kernel from being loaded.
    pub fn agree(&mut self, chain: &dyn ChainRead, computed: &Computed) -> Result<(), RoleError> {
        let header = &computed.inputs.header;
        let hash = computed.trace.header_hash;
        if self.agreed.get(&header.netuid) == Some(&hash) {
            return Ok(());
        }
        if let Some(second) = self.kernels.second(chain, &header.kernel_code)? {
            let again = compute(second.as_ref(), &computed.inputs)?;
            if let Some(difference) = engine_difference(&computed.trace, &again, header) {
                return Err(RoleError::EnginesDiffer {
                    netuid: header.netuid,
                    epoch: header.epoch,
                    difference,
                });
            }
        }
        self.agreed.insert(header.netuid, hash);
        Ok(())
    }

    /// The epoch of `header` out of the store, as far as it is there; the rest is computed and
    /// kept.
    fn resume_or_compute(
        &self,
        chain: &dyn ChainRead,
        header: EpochHeader,
    ) -> Result<(EpochInputs, Attempt), RoleError> {
        let (plan, inputs) = match self.stored(&header)? {
            Some(stored) => {
                if let Some(trace) = self.kept_trace(&stored)? {
                    let whole = Attempt {
                        trace,
                        failure: None,
                    };
                    return Ok((stored.inputs, whole));
                }
                (stored.plan, stored.inputs)
            }
            None => self.read(chain, header)?,
        };
        let engine = self.kernels.engine(chain, &inputs.header.kernel_code)?;
        let attempt = attempt(engine.as_ref(), &inputs)?;
        if attempt.trace.plan != plan {
            return Err(RoleError::OtherPlan);
        }
        if let (Some(store), None) = (&self.store, &attempt.failure) {
            store.put_outcome(&attempt.trace)?;
        }
        Ok((inputs, attempt))
    }

    /// What is kept of the epoch with exactly this header.
    fn stored(&self, header: &EpochHeader) -> Result<Option<StoredEpoch>, StoreError> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let stored = store.epoch(header.netuid, header.epoch)?;
        Ok(stored.filter(|stored| stored.inputs.header == *header))
    }

    /// The trace of a stored epoch, if all that its proofs need is kept.
    fn kept_trace(&self, stored: &StoredEpoch) -> Result<Option<Trace>, StoreError> {
        let header = &stored.inputs.header;
        let steps = match &self.store {
            Some(store) => store.steps(header.netuid, header.epoch)?,
            None => None,
        };
        let (Some(outcome), Some(steps)) = (&stored.outcome, steps) else {
            return Ok(None);
        };
        let trace = Trace {
            netuid: header.netuid,
            epoch: header.epoch,
            header_hash: header.digest(),
            plan: stored.plan.clone(),
            steps,
            memory: outcome.memory.clone(),
            results: outcome.results.clone(),
            roster: outcome.assertion.roster.clone(),
            timing: Vec::new(),
        };
        // Parts that do not belong together are no trace; the inputs say again what they come to.
        Ok((trace.assertion() == outcome.assertion).then_some(trace))
    }

    /// Plan and inputs of the closed epoch, from the chain; the memory from where it is known. They
    /// are kept.
    fn read(
        &self,
        chain: &dyn ChainRead,
        header: EpochHeader,
    ) -> Result<(EpochPlan, EpochInputs), RoleError> {
        let netuid = header.netuid;
        let plan = chain
            .query(self.contracts.epoch().plan(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let inputs = EpochInputs {
            chunks: self.gather(chain, &header, &plan)?,
            memory: self.memory(chain, &header, &plan)?,
            header,
        };
        if let Some(store) = &self.store {
            store.put_inputs(&inputs, &plan)?;
        }
        Ok((plan, inputs))
    }

    /// Reads the inputs with the function that a judge reads them with.
    fn gather(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Vec<ChunkInputs>, RoleError> {
        let messages = (0..plan.chunks(header.neurons))
            .map(|chunk| self.contracts.epoch().chunk_inputs(header.netuid, chunk));
        let answers: Vec<Result<ChunkInputs, ContractError>> = query_all(chain, messages)?;
        let refused = |error| RoleError::refused("Epochs::chunk_inputs")(CallError::Refused(error));
        let chunks: Result<Vec<_>, _> = answers.into_iter().collect();
        chunks.map_err(refused)
    }

    /// A block before which nothing was told about the outcome of `epoch`, which is final.
    fn final_since(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<u32, RoleError> {
        let header: Option<EpochHeader> = chain.query(self.contracts.epoch().header(netuid))?;
        Ok(match header {
            Some(header) if header.epoch == epoch => block(header.closed_at),
            Some(header) => block(header.previous_close),
            None => 0,
        })
    }

    /// Results that are kept, unless they are those of another epoch with the same number.
    fn kept_results(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Option<Vec<Vec<NeuronResult>>>, RoleError> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let header: Option<EpochHeader> = chain.query(self.contracts.epoch().header(netuid))?;
        let stored = store.epoch(netuid, epoch)?;
        let other = header
            .filter(|header| header.epoch == epoch)
            .zip(stored)
            .is_some_and(|(header, stored)| stored.inputs.header != header);
        if other {
            return Ok(None);
        }
        Ok(store.results(netuid, epoch)?)
    }
}

/// A header's block as the chain counts it.
pub(crate) fn block(number: u64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// Whether the failure may be this machine's, and not the kernel's.
fn is_of_this_machine(error: &EpochError) -> bool {
    matches!(
        error,
        EpochError::Plan(EngineError::Runtime(_) | EngineError::TooSlow(_))
            | EpochError::Step {
                error: EngineError::Runtime(_) | EngineError::TooSlow(_),
                ..
            }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_machine_failed_at_is_tried_again() {
        let step = |error| EpochError::Step {
            phase: 0,
            chunk: 0,
            error,
        };
        assert!(is_of_this_machine(&step(EngineError::Runtime("".into()))));
        assert!(!is_of_this_machine(&step(EngineError::Trapped("".into()))));
        assert!(!is_of_this_machine(&EpochError::UnsoundPlan));
    }
}
