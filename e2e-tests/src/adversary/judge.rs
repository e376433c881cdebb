//! The rules that decide on assertions: the contract's own, linked natively, or the contract
//! itself.

use super::{case::Case, kernel::Kernel};
use inktensor_compute::engine::{Engine, EngineError};
use inktensor_epoch::{
    closed_epoch::{ClosedEpoch, Memory},
    dispute::judge,
};
use inktensor_primitives::{
    assertion::Assertion, dispute::StepProof, epoch::EpochError, kernel::ChunkInputs, Digest,
};

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

    /// Disputes step `k` of the posted assertion. `Ok` if the assertion is overturned and its
    /// collateral slashed.
    ///
    /// # Errors
    /// Those of the message `dispute`.
    fn dispute(&mut self, k: u32, proof: &StepProof) -> Result<(), EpochError>;
}

/// The rules of the epoch contract, without a chain.
#[derive(Clone, Debug)]
pub struct NativeJudge {
    kernel: Kernel,
    chunks: Vec<ChunkInputs>,
    closed: ClosedEpoch,
    left: Option<Memory>,
    posted: Option<Digest>,
}

impl NativeJudge {
    /// Creates a judge for the epoch `closed` of `case`. `left` is the carry-over state of the last
    /// final epoch.
    pub fn new(case: &Case, closed: ClosedEpoch, left: Option<Memory>) -> Self {
        Self {
            kernel: case.kernel.clone(),
            chunks: case.inputs.chunks.clone(),
            closed,
            left,
            posted: None,
        }
    }

    /// Replaces the kernel that disputed steps run on.
    pub fn replace_kernel(&mut self, kernel: Kernel) {
        self.kernel = kernel;
    }
}

impl Judge for NativeJudge {
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        if self.posted.is_some() {
            return Err(EpochError::AlreadyAsserted);
        }
        self.closed.check_assertion(assertion)?;
        self.posted = Some(assertion.digest());
        Ok(())
    }

    fn dispute(&mut self, k: u32, proof: &StepProof) -> Result<(), EpochError> {
        let posted = self.posted.ok_or(EpochError::NotAsserted)?;
        if proof.assertion.digest() != posted {
            return Err(EpochError::AssertionMismatch);
        }
        let gather = |closed: &ClosedEpoch, chunk: u16, _: bool| {
            let chunks = closed.plan.chunks(closed.header.neurons);
            let inputs = self.chunks.get(usize::from(chunk));
            inputs.cloned().ok_or(EpochError::ChunkOutOfRange(chunks))
        };
        let run = |input| match self.kernel.step(&input) {
            Ok(output) => Ok(output),
            Err(EngineError::Kernel(error)) => Err(EpochError::Kernel(error)),
            Err(_) => Err(EpochError::KernelUnavailable),
        };
        judge(
            self.closed.clone(),
            k,
            proof.clone(),
            self.left.clone(),
            gather,
            run,
        )?;
        self.posted = None;
        Ok(())
    }
}
