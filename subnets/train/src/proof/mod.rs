//! Proofs of fraud, which anyone decides with one step.

use alloc::vec::Vec;

use inktensor_task::{Digest, Fault, Fold, Seat};
use scale::{Decode, Encode};

use crate::{
    file::{self, FileError},
    judge, Answer, Epoch, Unfit, Verdict, Work, ANSWER_OVERHEAD,
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
        let context = (self.home, self.netuid, self.epoch);
        if context != (epoch.home, epoch.netuid, epoch.number) {
            return Ok(Verdict::Unfit(Unfit::Context));
        }
        if self.seat != seat {
            return Ok(Verdict::Unfit(Unfit::Seat));
        }
        if self.work != *work {
            return Ok(Verdict::Unfit(Unfit::Pledge));
        }
        judge(fold, epoch, seat, work, &self.answer)
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
