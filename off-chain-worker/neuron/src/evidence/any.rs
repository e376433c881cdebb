//! Evidence of any kind of work: of questions, or of a contest.

use super::{
    codec::{evidence_file, read_evidence, FileError},
    Evidence, Head,
};
use crate::contest::evidence::{ContestEvidence, MAGIC};
use inktensor_primitives::{work::Pledge, Digest, Uid};

/// The evidence of a validator, of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyEvidence {
    /// Of questions of a task or a fold.
    Asked(Evidence),
    /// Of a contest.
    Contest(ContestEvidence),
}

impl AnyEvidence {
    /// Reads a file of evidence.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        match bytes.starts_with(MAGIC) {
            true => ContestEvidence::read(bytes).map(Self::Contest),
            false => read_evidence(bytes).map(Self::Asked),
        }
    }

    /// Returns the file.
    pub fn file(&self) -> Vec<u8> {
        match self {
            Self::Asked(evidence) => evidence_file(evidence),
            Self::Contest(evidence) => evidence.file(),
        }
    }

    /// Returns the head.
    pub const fn head(&self) -> &Head {
        match self {
            Self::Asked(evidence) => &evidence.head,
            Self::Contest(evidence) => &evidence.head,
        }
    }

    /// Returns the root over everything in the evidence.
    pub fn root(&self) -> Digest {
        match self {
            Self::Asked(evidence) => evidence.root(),
            Self::Contest(evidence) => evidence.root(),
        }
    }

    /// Returns the pledge that the validator makes.
    pub fn pledge(&self) -> Pledge {
        match self {
            Self::Asked(evidence) => evidence.pledge(),
            Self::Contest(evidence) => evidence.pledge(),
        }
    }

    /// Returns the weights that the validator sets, by uid and without zeros.
    pub fn weights(&self) -> Vec<(Uid, u16)> {
        match self {
            Self::Asked(evidence) => evidence.weights.clone(),
            Self::Contest(evidence) => evidence.weights(),
        }
    }
}
