//! A verdict as evidence: with its head, and the openings of the pledges that it rests on.
//!
//! A file is `ink:cevd`, the version 1, and SCALE of the fields of [`ContestEvidence`].

use super::entries::rows_seed;
use crate::evidence::{
    audit::claim::Claimed,
    codec::{at_most, decode, file, FileError},
    weights_digest, Head,
};
use inktensor_contest::{Finding, Opening, Subnet, Verdict, ENTRIES_LIMIT, ROWS};
use inktensor_primitives::{work::Pledge, Digest, Uid};
use inktensor_task::{Hash, Seat, Tag};
use scale::{Decode, Encode};

/// The first bytes of a file.
pub const MAGIC: &[u8; 8] = b"ink:cevd";
/// Version of the format. The root covers it.
const VERSION: u8 = 1;
/// Most bytes of a file, several times those of the largest honest one. Items of a hostile one take
/// more memory than bytes.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// The tag of a root.
const ROOT: Tag = Tag(MAGIC);

/// A validator's evidence of an epoch of a contest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ContestEvidence {
    /// The head.
    pub head: Head,
    /// The openings that miners have shown, by seat: one for each finding that is not the
    /// validator's word alone.
    pub openings: Vec<(Seat, Opening)>,
    /// The verdict.
    pub verdict: Verdict,
}

impl ContestEvidence {
    /// Returns the root over everything in the evidence.
    pub fn root(&self) -> Digest {
        self.root_with(&self.verdict_hash())
    }

    fn root_with(&self, verdict: &Digest) -> Digest {
        Hash::new(ROOT)
            .u8(VERSION)
            .bytes(&self.head.encode())
            .bytes(&self.openings.encode())
            .fixed(verdict)
            .digest()
    }

    /// Returns the hash of the verdict.
    fn verdict_hash(&self) -> Digest {
        let head = &self.head;
        let (subnet, validator) = (subnet_of(head), head.validator.seat());
        let seed = rows_seed(head);
        self.verdict.hash(&subnet, head.epoch, validator, &seed)
    }

    /// Returns the weights, by uid.
    pub fn weights(&self) -> Vec<(Uid, u16)> {
        let weights = self.verdict.weights.iter();
        weights.map(|(uid, weight)| (Uid(*uid), *weight)).collect()
    }

    /// Returns the parts of the pledge that follow from the evidence. The hash of the verdict,
    /// which is not in the pledge, takes the place of the receipts' root in that of the weights.
    pub(crate) fn claimed(&self) -> Claimed {
        let verdict = self.verdict_hash();
        Claimed {
            root: self.root_with(&verdict),
            weights: weights_digest(&verdict, &self.weights()),
            receipts: self.verdict.lines.len(),
        }
    }

    /// Returns the pledge that the validator makes. Lines of the verdict count as receipts.
    pub fn pledge(&self) -> Pledge {
        let claimed = self.claimed();
        Pledge::Evidence {
            epoch: self.head.epoch,
            root: claimed.root,
            weights: claimed.weights,
            receipts: u32::try_from(claimed.receipts).unwrap_or(u32::MAX),
        }
    }

    /// Returns the opening of the miner on `seat`, if the evidence has it.
    pub fn opening(&self, seat: Seat) -> Option<Opening> {
        let opening = self.openings.iter().find(|(of, _)| *of == seat);
        opening.map(|(_, opening)| *opening)
    }

    /// Returns the file.
    pub fn file(&self) -> Vec<u8> {
        file(MAGIC, VERSION, self)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        if bytes.len() > MOST_BYTES {
            let (found, most) = (bytes.len(), MOST_BYTES);
            let what = "bytes of a contest's evidence";
            return Err(FileError::TooMany { what, found, most });
        }
        let name = "files of evidence of a contest";
        let evidence: Self = decode((MAGIC, VERSION), name, bytes)?;
        at_most("openings", evidence.openings.len(), ENTRIES_LIMIT)?;
        at_most("lines", evidence.verdict.lines.len(), ENTRIES_LIMIT)?;
        at_most("weights", evidence.verdict.weights.len(), ENTRIES_LIMIT)?;
        for line in &evidence.verdict.lines {
            if let Finding::Judged { losses, .. } = &line.finding {
                at_most("losses of an entry", losses.len(), ROWS.into())?;
            }
        }
        Ok(evidence)
    }
}

/// Returns the subnet of a head.
pub const fn subnet_of(head: &Head) -> Subnet {
    Subnet {
        home: head.home,
        netuid: head.netuid.0,
    }
}
