//! The epochs that this worker has computed: the closed epoch of each subnet, and the final one
//! before it.

mod memory;

pub(crate) use memory::as_published;

pub use memory::check_export;

use crate::{
    error::RoleError,
    history::EpochHistory,
    kernels::Kernels,
    store::{Store, StoreError, StoredEpoch},
};
use inktensor_client::{
    chain::{query_all, BlockId, CallError, ChainError, ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_compute::{
    engine::EngineError,
    epoch::{attempt, compute, engine_difference, Attempt, ComputeError, EpochInputs, Trace},
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::{EpochError, Epochs},
    kernel::{ChunkInputs, EpochHeader, EpochPlan, NeuronResult},
    Digest, NetUid,
};
use std::{collections::BTreeMap, sync::Arc};

/// Blocks until this machine tries again to compute an epoch that it failed at. A kernel that fails
/// by itself always will.
const TRY_AGAIN: u32 = 5;

/// A computed epoch.
#[derive(Clone, Debug)]
pub struct ComputedEpoch {
    /// Inputs of the epoch.
    pub inputs: EpochInputs,
    /// Trace of its steps.
    pub trace: Trace,
    /// Assertion that a proposer posts.
    pub assertion: Assertion,
    /// Block in which the epoch closed. The header does not bind the inputs, this block does: on a
    /// fork without it they may be others.
    pub closed_in: BlockId,
}

impl ComputedEpoch {
    fn of(inputs: EpochInputs, trace: Trace, closed_in: BlockId) -> Self {
        Self {
            assertion: trace.assertion(),
            inputs,
            trace,
            closed_in,
        }
    }
}

/// A cache of computed epochs. An epoch is computed once for all roles, and with a [`Store`] once
/// for all starts of the worker.
///
/// The cache holds two epochs per subnet: the last closed one and the last final one, whose results
/// may still have to be settled and whose memory the closed one reads. Older epochs are in the
/// store.
pub struct EpochCache {
    contracts: Addresses,
    kernels: Arc<Kernels>,
    store: Option<Store>,
    subnets: BTreeMap<NetUid, Vec<Arc<ComputedEpoch>>>,
    /// Closed epoch of a subnet that cannot be computed.
    failures: BTreeMap<NetUid, Failure>,
    /// Header of the subnet's epoch on which both engines agree.
    agreed: BTreeMap<NetUid, Digest>,
}

/// An epoch that could not be computed.
struct Failure {
    header_hash: Digest,
    closed_in: BlockId,
    error: ComputeError,
    /// First block at which it is worth another try; `None` if it never is.
    again_at: Option<u32>,
    inputs: EpochInputs,
    /// Steps before the one that failed.
    trace: Trace,
}

impl EpochCache {
    /// Creates an empty cache for the deployment at `contracts`, without a store. `kernels` may be
    /// shared.
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

    /// Adds a store, which keeps what the cache computes, and continues from its contents.
    pub fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Returns the store.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Returns the epoch of `netuid` that closed last. Computes it at the first call, and again if
    /// another block replaces the one in which it closed. All of it is read at one block.
    ///
    /// # Errors
    /// `NothingClosed`, `MemoryUnknown`, `NoKernelCode`, `Engine`, `Epoch`, `OtherPlan`, `Store`,
    /// `Chain`.
    pub fn closed(
        &mut self,
        chain: &dyn ChainRead,
        netuid: NetUid,
    ) -> Result<Arc<ComputedEpoch>, RoleError> {
        let pinned = Pinned::best(chain)?;
        let (chain, best): (&dyn ChainRead, BlockId) = (&pinned, pinned.id());
        let header = chain
            .query(self.contracts.epoch().header(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let known = self.subnets.get(&netuid).map_or(&[][..], Vec::as_slice);
        let hash = header.digest();
        let computed = known.iter().find(|c| c.trace.header_hash == hash);
        if let Some(computed) = computed {
            if chain.includes(&best, &computed.closed_in)? {
                return Ok(Arc::clone(computed));
            }
        }
        let block = best.number;
        if let Some(failure) = self.failures.get(&netuid) {
            let is_same = failure.header_hash == hash && failure.again_at.is_none_or(|at| block < at);
            if is_same && chain.includes(&best, &failure.closed_in)? {
                return Err(failure.error.clone().into());
            }
        }
        let (inputs, attempt, closed_in) = self.resume_or_compute(&pinned, header)?;
        if let Some(error) = attempt.failure {
            let failure = Failure {
                header_hash: hash,
                closed_in,
                error: error.clone(),
                again_at: is_of_this_machine(&error).then(|| block.saturating_add(TRY_AGAIN)),
                inputs,
                trace: attempt.trace,
            };
            self.failures.insert(netuid, failure);
            return Err(error.into());
        }
        self.failures.remove(&netuid);
        let computed = Arc::new(ComputedEpoch::of(inputs, attempt.trace, closed_in));
        let header = &computed.inputs.header;
        let known = self.subnets.entry(netuid).or_default();
        known.retain(|c| Some(c.trace.epoch) == header.final_epoch);
        known.push(Arc::clone(&computed));
        Ok(computed)
    }

    /// Returns the first step at which `claimed` is false about the closed epoch of `netuid`, with
    /// the proof; `None` if it is honest, or if the chain does not accept it. If the kernel has no
    /// honest answer, every assertion is false.
    ///
    /// # Errors
    /// As [`EpochCache::closed`].
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

    /// Returns a computed epoch, if it is in the cache.
    pub fn computed(&self, netuid: NetUid, epoch: u32) -> Option<&Arc<ComputedEpoch>> {
        let known = self.subnets.get(&netuid)?;
        known.iter().find(|c| c.trace.epoch == epoch)
    }

    /// Returns a computed epoch, if it is in the cache and closed on the chain's own fork.
    fn settled_here(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Option<&Arc<ComputedEpoch>>, ChainError> {
        match self.computed(netuid, epoch) {
            Some(computed) if chain.includes(&chain.best()?, &computed.closed_in)? => {
                Ok(Some(computed))
            }
            _ => Ok(None),
        }
    }

    /// Returns the results of each chunk's neurons for an epoch that is final.
    ///
    /// # Errors
    /// `ResultsUnknown`, `Store`, `Chain`.
    pub fn results(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Vec<Vec<NeuronResult>>, RoleError> {
        if let Some(computed) = self.settled_here(chain, netuid, epoch)? {
            return Ok(computed.trace.results.clone());
        }
        if let Some(results) = self.kept_results(chain, netuid, epoch)? {
            return Ok(results);
        }
        let from = self.final_since(chain, netuid, epoch)?;
        EpochHistory::read(chain, &self.contracts, (netuid, epoch), from)?
            .published_results()
            .ok_or(RoleError::ResultsUnknown { netuid, epoch })
    }

    /// Checks that the two engines for the kernel of `computed` agree, if there are two. Each epoch
    /// is checked once.
    ///
    /// # Errors
    /// `EnginesDiffer`, `Epoch`, or the error of loading the kernel.
    pub fn agree(
        &mut self,
        chain: &dyn ChainRead,
        computed: &ComputedEpoch,
    ) -> Result<(), RoleError> {
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

    /// Returns the epoch of `header` from the store as far as it is there; computes and stores the
    /// rest.
    fn resume_or_compute(
        &self,
        chain: &Pinned<'_>,
        header: EpochHeader,
    ) -> Result<(EpochInputs, Attempt, BlockId), RoleError> {
        let (plan, inputs, closed_in) = match self.stored(chain, &header)? {
            Some(stored) => {
                if let Some(trace) = self.kept_trace(&stored)? {
                    let whole = Attempt {
                        trace,
                        failure: None,
                    };
                    return Ok((stored.inputs, whole, stored.closed_in));
                }
                (stored.plan, stored.inputs, stored.closed_in)
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
        Ok((inputs, attempt, closed_in))
    }

    /// Returns the stored epoch with exactly this header, that closed on the chain's own fork.
    fn stored(
        &self,
        chain: &Pinned<'_>,
        header: &EpochHeader,
    ) -> Result<Option<StoredEpoch>, RoleError> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let stored = store.epoch(header.netuid, header.epoch)?;
        let stored = stored.filter(|stored| stored.inputs.header == *header);
        match stored {
            Some(stored) if chain.includes(&chain.id(), &stored.closed_in)? => Ok(Some(stored)),
            _ => Ok(None),
        }
    }

    /// Returns the trace of a stored epoch, if everything that its proofs need is stored.
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
        // Parts of different epochs are not a trace; then the inputs are computed again.
        Ok((trace.assertion() == outcome.assertion).then_some(trace))
    }

    /// Reads plan and inputs of the closed epoch from the chain, finds the memory, and stores them.
    fn read(
        &self,
        chain: &Pinned<'_>,
        header: EpochHeader,
    ) -> Result<(EpochPlan, EpochInputs, BlockId), RoleError> {
        let netuid = header.netuid;
        let number = block(header.closed_at);
        let hash = chain.ancestor(&chain.id(), number)?;
        let closed_in = BlockId {
            number,
            hash: hash.ok_or(ChainError::BlockGone(number))?,
        };
        let plan = chain
            .query(self.contracts.epoch().plan(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let inputs = EpochInputs {
            chunks: self.gather(chain, &header, &plan)?,
            memory: self.memory(chain, &header, &plan)?,
            header,
        };
        // A chain in process has one state only: the next epoch may have closed in between.
        let again: Option<EpochHeader> = chain.query(self.contracts.epoch().header(netuid))?;
        if again.as_ref() != Some(&inputs.header) {
            return Err(ChainError::BlockGone(chain.id().number).into());
        }
        if let Some(store) = &self.store {
            store.put_inputs(&inputs, &plan, &closed_in)?;
        }
        Ok((plan, inputs, closed_in))
    }

    /// Reads the inputs with the function that a dispute reads them with.
    fn gather(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Vec<ChunkInputs>, RoleError> {
        let messages = (0..plan.chunks(header.neurons))
            .map(|chunk| self.contracts.epoch().chunk_inputs(header.netuid, chunk));
        let answers: Vec<Result<ChunkInputs, EpochError>> = query_all(chain, messages)?;
        let refused = |error| RoleError::refused("Epochs::chunk_inputs")(CallError::Refused(error));
        let chunks: Result<Vec<_>, _> = answers.into_iter().collect();
        chunks.map_err(refused)
    }

    /// Returns a block before which there is no event about the outcome of `epoch`, which is final.
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

    /// Returns stored results, unless they are those of another epoch with the same number.
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

/// Returns a header's block number as the chain counts blocks.
pub(crate) fn block(number: u64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// Returns true if the failure may be this machine's, and not the kernel's.
fn is_of_this_machine(error: &ComputeError) -> bool {
    matches!(
        error,
        ComputeError::Plan(EngineError::Runtime(_) | EngineError::TooSlow(_))
            | ComputeError::Step {
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
        let step = |error| ComputeError::Step {
            phase: 0,
            chunk: 0,
            error,
        };
        assert!(is_of_this_machine(&step(EngineError::Runtime("".into()))));
        assert!(!is_of_this_machine(&step(EngineError::Trapped("".into()))));
        assert!(!is_of_this_machine(&ComputeError::UnsoundPlan));
    }
}
