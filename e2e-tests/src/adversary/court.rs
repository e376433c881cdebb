//! Who decides whether an assertion stands: the contract's own rules, linked natively, or the
//! contract itself.

use super::{case::Case, program::Program};
use epoch::{
    closed_epoch::{ClosedEpoch, Memory},
    dispute::judge,
};
use inktensor_compute::engine::{Engine, EngineError};
use inktensor_primitives::{
    assertion::Assertion, dispute::StepProof, epoch::EpochError, kernel::ChunkInputs, Digest,
};

/// Takes assertions of one closed epoch, and takes them down.
pub trait Court {
    /// Posts an assertion.
    ///
    /// # Errors
    /// Those of the message `propose`.
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError>;

    /// What an honest watcher disputes in `lie` about `case`, if anything: the step, and the proof.
    fn watch(&mut self, case: &Case, lie: &Assertion) -> Option<(u32, StepProof)> {
        case.refute(lie)
    }

    /// Has step `k` of the posted assertion executed again. `Ok` if it was taken down and its collateral
    /// slashed.
    ///
    /// # Errors
    /// Those of the message `dispute`.
    fn dispute(&mut self, k: u32, proof: &StepProof) -> Result<(), EpochError>;
}

/// The rules of the epoch contract, without a chain.
#[derive(Clone, Debug)]
pub struct Bench {
    program: Program,
    chunks: Vec<ChunkInputs>,
    closed: ClosedEpoch,
    left: Option<Memory>,
    posted: Option<Digest>,
}

impl Bench {
    /// For the epoch `closed`, which is that of `case`. `left` is the memory of the last final
    /// epoch.
    pub fn new(case: &Case, closed: ClosedEpoch, left: Option<Memory>) -> Self {
        Self {
            program: case.program.clone(),
            chunks: case.inputs.chunks.clone(),
            closed,
            left,
            posted: None,
        }
    }

    /// Takes `program` for the kernel from now on.
    pub fn judge_by(&mut self, program: Program) {
        self.program = program;
    }
}

impl Court for Bench {
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
        let gather = |closed: &ClosedEpoch, chunk: u16| {
            let chunks = closed.plan.chunks(closed.header.neurons);
            let inputs = self.chunks.get(usize::from(chunk));
            inputs.cloned().ok_or(EpochError::ChunkOutOfRange(chunks))
        };
        let run = |input| match self.program.step(&input) {
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
