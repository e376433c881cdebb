//! Proofs of fraud, which anyone decides with one step.

use alloc::vec::Vec;

use inktensor_task::{Digest, Fault, Fold, Seat};
use scale::{Decode, Encode};

use crate::{
    file::{self, FileError},
    judge,
    verdict::opens,
    Answer, Epoch, Unfit, Verdict, Work, ANSWER_OVERHEAD,
};

/// The first bytes of a file with a proof.
const PROOF: &[u8; 8] = b"ink:frau";

/// A claim that a miner's pledge is false, with all that is needed to decide it.
///
/// Anyone who has the facts of the epoch and the pledge on the chain needs no network. The claim
/// names no kind of fraud: the decision does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FraudProof {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: u16,
    /// The epoch.
    pub epoch: u32,
    /// The miner.
    pub seat: Seat,
    /// The miner's pledge.
    pub work: Work,
    /// The answer that shows the fraud, with its state.
    pub answer: Answer,
}

impl FraudProof {
    /// Returns the claim that `answer` shows a fraud in `work`. It stands if [`judge`] finds one.
    pub const fn new(epoch: &Epoch, seat: Seat, work: &Work, answer: Answer) -> Self {
        Self {
            home: epoch.home,
            netuid: epoch.netuid,
            epoch: epoch.number,
            seat,
            work: *work,
            answer,
        }
    }

    /// Returns the verdict of anyone who knows the epoch, and the pledge of the miner on `seat`.
    ///
    /// The proof stands if the verdict is [`Verdict::False`], which has the false item.
    ///
    /// # Errors
    /// A fault of the fold, which is no verdict.
    pub fn decide<F: Fold>(
        &self,
        fold: &F,
        epoch: &Epoch,
        seat: Seat,
        work: &Work,
    ) -> Result<Verdict, Fault> {
        if let Err(unfit) = self.names(epoch, seat, work) {
            return Ok(Verdict::Unfit(unfit));
        }
        judge(fold, epoch, seat, work, &self.answer)
    }

    /// Checks everything that needs no state and no step, so that junk costs neither.
    ///
    /// # Errors
    /// The first item that does not fit.
    pub fn check(&self, epoch: &Epoch, seat: Seat, work: &Work) -> Result<(), Unfit> {
        self.names(epoch, seat, work)?;
        opens(epoch, seat, work, &self.answer)
    }

    fn names(&self, epoch: &Epoch, seat: Seat, work: &Work) -> Result<(), Unfit> {
        let context = (self.home, self.netuid, self.epoch);
        if context != (epoch.home, epoch.netuid, epoch.number) {
            return Err(Unfit::Context);
        }
        if self.seat != seat {
            return Err(Unfit::Seat);
        }
        match self.work == *work {
            true => Ok(()),
            false => Err(Unfit::Pledge),
        }
    }

    /// Returns the proof without the bytes of its state, which is fetched by its hash.
    pub fn without_state(mut self) -> Self {
        self.answer.state = Vec::new();
        self
    }

    /// Returns the file of the proof.
    pub fn to_file(&self) -> Vec<u8> {
        file::write(PROOF, self)
    }

    /// Reads the file of a proof, whose state has at most `state_bytes` bytes.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn from_file(bytes: &[u8], state_bytes: usize) -> Result<Self, FileError> {
        let most = state_bytes.saturating_add(ANSWER_OVERHEAD);
        file::read(PROOF, "a proof of fraud", bytes, most)
    }
}

#[cfg(test)]
mod tests;
