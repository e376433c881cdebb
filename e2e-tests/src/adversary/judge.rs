//! The rules that decide on assertions: the contract's own, linked natively, or the contract
//! itself.

use super::{case::Case, kernel::Kernel};
use inktensor_compute::engine::{Engine, EngineError};
use inktensor_epoch::{
    closed_epoch::{ClosedEpoch, Memory},
    dispute::judge,
    lifecycle::{Lifecycle, Posting},
    replay::Progress,
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::EpochError,
    kernel::{ChunkInputs, PhasePlan},
    AccountId, Digest, Rao,
};

/// The challenge period of the native judge.
const PERIOD: u32 = 5;

/// A judge of assertions about one closed epoch.
pub trait Judge {
    /// Posts an assertion.
    ///
    /// # Errors
    /// Those of the message `propose`.
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError>;

    /// Returns the step of `lie` that an honest watcher disputes, with its proof.
    fn watch(&mut self, case: &Case, lie: &Assertion) -> Option<(u32, StepProof)> {
        case.refute(lie)
    }

    /// Disputes step `k` of an assertion that stands. `Ok` if the assertion is overturned and its
    /// collateral slashed.
    ///
    /// # Errors
    /// Those of the message `dispute`.
    fn dispute(&mut self, k: u32, proof: &StepProof) -> Result<(), EpochError>;

    /// Disputes as [`Judge::dispute`] does, with this share of the gas that the dispute needs, in
    /// thousandths. Returns true if the assertion is overturned.
    fn dispute_starved(&mut self, _k: u32, _proof: &StepProof, _permille: u64) -> bool {
        false
    }

    /// Finalizes an assertion.
    ///
    /// # Errors
    /// Those of the message `finalize`.
    fn finalize(&mut self, assertion: &Assertion) -> Result<(), EpochError>;

    /// Has the chain execute the first `steps` steps of the epoch of `case`, which are not all.
    fn replay(&mut self, case: &Case, steps: usize);

    /// Waits this number of blocks.
    fn advance(&mut self, blocks: u32);

    /// Returns the challenge period.
    fn period(&self) -> u32;

    /// Returns the digests of the assertions that stand, in the order in which they were posted.
    fn standing(&self) -> Vec<Digest>;
}

/// The rules of the epoch contract, without a chain.
#[derive(Clone, Debug)]
pub struct NativeJudge {
    kernel: Kernel,
    chunks: Vec<ChunkInputs>,
    closed: ClosedEpoch,
    left: Option<Memory>,
    lifecycle: Lifecycle,
    replayed: Progress,
    block: u32,
}

impl NativeJudge {
    /// Creates a judge for the epoch `closed` of `case`. `left` is the carry-over state of the last
    /// final epoch.
    pub fn new(case: &Case, closed: ClosedEpoch, left: Option<Memory>) -> Self {
        let mut lifecycle = Lifecycle::new(0);
        let due = lifecycle.due_close(0, 0).expect("the tempo is over");
        due.close(closed.steps()).expect("the first epoch");
        Self {
            kernel: case.kernel.clone(),
            chunks: case.inputs.chunks.clone(),
            closed,
            left,
            lifecycle,
            replayed: Progress::default(),
            block: 0,
        }
    }

    /// Replaces the kernel that disputed steps run on.
    pub fn replace_kernel(&mut self, kernel: Kernel) {
        self.kernel = kernel;
    }
}

impl Judge for NativeJudge {
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        let digest = assertion.digest();
        let due = self.lifecycle.due_assertion(&digest)?;
        self.closed.check_assertion(assertion)?;
        if due.replayed() > 0 && !self.replayed.agrees_with(assertion) {
            return Err(EpochError::ContradictsReplay);
        }
        let posting = Posting {
            assertion: digest,
            proposer: AccountId::from([1; 32]),
            collateral: Rao::ZERO,
        };
        due.post(self.block, PERIOD, posting)?;
        Ok(())
    }

    fn dispute(&mut self, k: u32, proof: &StepProof) -> Result<(), EpochError> {
        let mut lifecycle = self.lifecycle.clone();
        lifecycle.overturn(self.block, &proof.assertion.digest())?;
        let gather = |closed: &ClosedEpoch, chunk: u16, _: PhasePlan| {
            let chunks = closed.plan.chunks(closed.header.neurons);
            let inputs = self.chunks.get(usize::from(chunk));
            inputs.cloned().ok_or(EpochError::ChunkOutOfRange(chunks))
        };
        let run = |input| match self.kernel.step(&input) {
            Ok(output) => Ok(output),
            Err(EngineError::Kernel(error)) => Err(EpochError::Kernel(error)),
            Err(EngineError::Trapped(_) | EngineError::BadAnswer(_)) => {
                Err(EpochError::KernelTrapped)
            }
            Err(_) => Err(EpochError::KernelFailed),
        };
        judge(
            self.closed.clone(),
            k,
            proof.clone(),
            self.left.clone(),
            gather,
            run,
        )?;
        self.lifecycle = lifecycle;
        Ok(())
    }

    fn finalize(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        let digest = assertion.digest();
        let last = self.closed.ended_as(&digest, &assertion.roster);
        self.lifecycle.finalize(self.block, &digest, last)?;
        Ok(())
    }

    fn replay(&mut self, case: &Case, steps: usize) {
        let due = self.lifecycle.due_replay(self.block, 0);
        let due = due.expect("nothing is asserted");
        due.pause(u32::try_from(steps).expect("few steps"));
        let (plan, neurons) = (&self.closed.plan, self.closed.header.neurons);
        let written = |phase: u8| {
            let places = (0..).take(steps).filter_map(|k| plan.place(k, neurons));
            places.filter(|(of, _)| *of == phase).count()
        };
        let honest = case.trace.assertion();
        self.replayed = Progress {
            steps: honest.steps[..steps].to_vec(),
            memory: honest.memory[..written(plan.memory_phase)].to_vec(),
            results: honest.results[..written(plan.results_phase)].to_vec(),
        };
    }

    fn advance(&mut self, blocks: u32) {
        self.block += blocks;
    }

    fn period(&self) -> u32 {
        PERIOD
    }

    fn standing(&self) -> Vec<Digest> {
        let standing = self.lifecycle.stage.standing().iter();
        standing.map(|posted| posted.assertion).collect()
    }
}
