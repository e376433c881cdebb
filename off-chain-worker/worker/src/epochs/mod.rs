//! The epochs that this worker has computed: the closed epoch of each subnet, and the final one
//! before it.

mod doubt;
mod memory;
mod paid_at_once;
mod read;
mod results;
mod shown;

pub(crate) use memory::as_published;

pub use memory::check_export;
pub use paid_at_once::Sharing;

use crate::{
    error::RoleError,
    kernels::Kernels,
    store::{Store, StoreError, StoredEpoch},
};
use doubt::Doubt;
use inktensor_client::{
    chain::{BlockId, ChainError, ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::{
    attempt_within, compute, engine_difference, Attempt, ComputeError, EpochInputs, Trace,
};
use inktensor_primitives::{
    assertion::Assertion, dispute::StepProof, epoch::Epochs, kernel::EpochHeader, Digest, NetUid,
};
use read::{Gap, KnownInputs};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// Blocks until this machine tries again to compute an epoch that it failed at. A kernel that fails
/// by itself always will.
const TRY_AGAIN: u32 = 5;
/// Longest time to compute an epoch: far less than any challenge period, and far more than the
/// largest epoch takes.
const EPOCH_LIMIT: Duration = Duration::from_secs(60);

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
    store: Option<Arc<Store>>,
    /// Longest time to compute an epoch.
    limit: Duration,
    subnets: BTreeMap<NetUid, Vec<Arc<ComputedEpoch>>>,
    /// Closed epoch of a subnet that cannot be computed.
    failures: BTreeMap<NetUid, Failure>,
    /// Header of the subnet's epoch on which both engines agree.
    agreed: BTreeMap<NetUid, Digest>,
    /// Doubts about a subnet's closed epoch.
    doubts: BTreeMap<NetUid, Doubt>,
    /// Block of the last judgment of an assertion that a single node shows.
    shown: BTreeMap<NetUid, u32>,
    /// Epoch of a subnet of which one call cannot pay a whole chunk, and the most neurons.
    paid_at_once: BTreeMap<NetUid, (u32, u16)>,
    /// Epoch of a subnet in which a call was refused, and how few chunks share one since.
    sharing: BTreeMap<NetUid, (u32, Sharing)>,
}

/// An epoch that could not be computed.
struct Failure {
    header_hash: Digest,
    closed_in: BlockId,
    error: FailureReason,
    /// First block at which it is worth another try; `None` if it never is.
    again_at: Option<u32>,
    inputs: EpochInputs,
    /// Steps before the one that failed.
    trace: Trace,
}

/// The reason for which an epoch could not be computed.
#[derive(Clone, Debug)]
enum FailureReason {
    Computing(ComputeError),
    Gap(Gap),
}

impl From<FailureReason> for RoleError {
    fn from(reason: FailureReason) -> Self {
        match reason {
            FailureReason::Computing(error) => error.into(),
            FailureReason::Gap(gap) => gap.into(),
        }
    }
}

impl EpochCache {
    /// Creates an empty cache for the deployment at `contracts`, without a store. `kernels` may be
    /// shared.
    pub fn new(contracts: Addresses, kernels: impl Into<Arc<Kernels>>) -> Self {
        Self {
            contracts,
            kernels: kernels.into(),
            store: None,
            limit: EPOCH_LIMIT,
            subnets: BTreeMap::new(),
            failures: BTreeMap::new(),
            agreed: BTreeMap::new(),
            doubts: BTreeMap::new(),
            shown: BTreeMap::new(),
            paid_at_once: BTreeMap::new(),
            sharing: BTreeMap::new(),
        }
    }

    /// Adds a store, which keeps what the cache computes, and continues from its contents. Several
    /// caches may share one.
    pub fn with_store(mut self, store: impl Into<Arc<Store>>) -> Self {
        self.store = Some(store.into());
        self
    }

    /// Gives up an epoch that takes longer than `limit` to compute.
    pub const fn computing_within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the store.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_deref()
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
            let is_same =
                failure.header_hash == hash && failure.again_at.is_none_or(|at| block < at);
            if is_same && chain.includes(&best, &failure.closed_in)? {
                return Err(failure.error.clone().into());
            }
        }
        let (known, attempt) = self.resume_or_compute(&pinned, header)?;
        let (inputs, closed_in) = (known.inputs, known.closed_in);
        if let Some(error) = attempt.failure {
            let is_of_this_machine = error.is_of_this_machine();
            let error = match (error, known.gap) {
                (ComputeError::Unknown { .. }, Some(gap)) => FailureReason::Gap(gap),
                (error, _) => FailureReason::Computing(error),
            };
            let failure = Failure {
                header_hash: hash,
                closed_in,
                error: error.clone(),
                again_at: is_of_this_machine.then(|| block.saturating_add(TRY_AGAIN)),
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
    /// the proof; `None` if it is honest, or if the chain does not accept it.
    ///
    /// If the kernel has no honest answer, every assertion is false. If the epoch can be computed
    /// in part only, `claimed` may be false in that part.
    ///
    /// # Errors
    /// As [`EpochCache::closed`].
    pub fn refute(
        &mut self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        claimed: &Assertion,
    ) -> Result<Option<(u32, StepProof)>, RoleError> {
        let error = match self.closed(chain, netuid) {
            Ok(computed) => return Ok(computed.trace.refute(&computed.inputs, claimed)),
            Err(error) => error,
        };
        let Some(Failure { inputs, trace, .. }) = self.failures.get(&netuid) else {
            return Err(error);
        };
        match error {
            RoleError::Epoch(error) if error.is_verdict() => {
                Ok(trace.refute_unfinished(inputs, claimed))
            }
            error => match trace.refute_known(inputs, claimed) {
                Some(refuted) => Ok(Some(refuted)),
                None => Err(error),
            },
        }
    }

    /// Returns true if the closed epoch of `netuid` could be computed in part only.
    pub fn is_partly_known(&self, netuid: NetUid) -> bool {
        self.failures.contains_key(&netuid)
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

    /// Checks that two engines for the kernel of `computed` agree. Each epoch is checked once.
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
        let second = self.kernels.second(chain, &header.kernel_code)?;
        let again = compute(second.as_ref(), &computed.inputs)?;
        if let Some(difference) = engine_difference(&computed.trace, &again, header) {
            return Err(RoleError::EnginesDiffer {
                netuid: header.netuid,
                epoch: header.epoch,
                difference,
            });
        }
        self.agreed.insert(header.netuid, hash);
        Ok(())
    }

    /// Returns the epoch of `header` from the store as far as it is there; computes and stores the
    /// rest, as far as it is known.
    fn resume_or_compute(
        &self,
        chain: &Pinned<'_>,
        header: EpochHeader,
    ) -> Result<(KnownInputs, Attempt), RoleError> {
        let known = match self.stored(chain, &header)? {
            Some(stored) => {
                let trace = self.kept_trace(&stored)?;
                let known = KnownInputs::whole(stored.inputs, stored.plan, stored.closed_in);
                if let Some(trace) = trace {
                    let whole = Attempt {
                        trace,
                        failure: None,
                    };
                    return Ok((known, whole));
                }
                known
            }
            None => self.read(chain, header)?,
        };
        let inputs = &known.inputs;
        let engine = self.kernels.engine(chain, &inputs.header.kernel_code)?;
        let limits = known.limits(Instant::now().checked_add(self.limit));
        let attempt = attempt_within(engine.as_ref(), inputs, &limits)?;
        if attempt.trace.plan != known.plan {
            return Err(RoleError::OtherPlan);
        }
        if let (Some(store), None, None) = (&self.store, &attempt.failure, &known.gap) {
            store.put_outcome(&attempt.trace)?;
        }
        Ok((known, attempt))
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
}

/// Returns a header's block number as the chain counts blocks.
pub(crate) fn block(number: u64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}
