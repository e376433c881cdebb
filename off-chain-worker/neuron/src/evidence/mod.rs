//! Evidence: what a validator asked, was answered and concluded in an epoch, so that anyone can
//! check its scores without a network.
//!
//! The validator pledges the root of its evidence on the chain, and serves the file once its
//! weights are revealed. Questions follow from the chain, answers are signed by miners over the
//! signature of the question, and grades, averages and weights are integers that anyone computes
//! again.
//!
//! - [`Evidence`], [`Head`], [`Receipt`], [`Grade`], [`Standing`]: the format, in order of the file
//! - [`seeds`]: the blocks of an epoch's round, and the seeds of its questions and checks
//! - [`scoring`]: from receipts to grades, averages and weights; validator and auditor both call it
//! - [`facts`]: what the chain says; [`history`], [`read_facts`]: the chain asked for it
//! - [`audit`]: [`verify`](audit::verify), which names the first false item
//! - [`codec`]: files of bounded length
//! - [`any`]: evidence of questions, or of a [contest](crate::contest::evidence)
//!
//! `docs/evidence.md` is the specification.

pub mod any;
pub mod audit;
pub mod codec;
pub mod facts;
pub mod history;
pub mod read_facts;
pub mod scoring;
pub mod seeds;

use crate::fold::vote::FoldVote;
use inktensor_client::chain::BlockId;
use inktensor_primitives::{work::Pledge, AccountId, Digest, NetUid, Uid};
use inktensor_task::{merkle, Hash, Seat, Tag, Worth};
use inktensor_train::FraudProof;
use inktensor_wire::{Outcome, SignedRequest};
use scale::{Decode, Encode};

/// Version of the format. The root covers it. Version 1 had no folds, and version 2 no proofs.
pub const VERSION: u8 = 3;
/// The endpoint that questions go to.
pub const ASK_PATH: &str = "/v1/ask";

/// The tag of a root of evidence.
const EVIDENCE: Tag = Tag(b"ink:evid");
/// The tag of the leaf of a receipt.
const RECEIPT: Tag = Tag(b"ink:rcpt");
/// The tag of all averages.
const STANDINGS: Tag = Tag(b"ink:stnd");
/// The tag of weights.
const WEIGHTS: Tag = Tag(b"ink:evwt");

/// A neuron, as of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Registration {
    /// The uid.
    pub uid: Uid,
    /// Number of the registration on the subnet.
    pub generation: u32,
    /// The hotkey.
    pub hotkey: AccountId,
}

impl Registration {
    /// Returns the seat, without its hotkey.
    pub const fn seat(&self) -> Seat {
        Seat {
            uid: self.uid.0,
            generation: self.generation,
        }
    }
}

/// The head of evidence: whose it is, and what it begins with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// The deployment, see [`inktensor_wire::home`].
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The validator, as of the block of the seed.
    pub validator: Registration,
    /// Hash of the subnet's manifest.
    pub manifest: Digest,
    /// The block that the seed of the questions follows from.
    pub seed_block: BlockId,
    /// Root of the validator's evidence before, from which the averages continue. Absent if it had
    /// not pledged any.
    pub before: Option<Digest>,
}

/// The grade of a question's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Grade {
    /// The answer was recomputed, and has this worth.
    Checked(Worth),
    /// The answer was not drawn for a check. It counts as the miner's checked ones do on average.
    Unchecked,
    /// The answer was signed after the question had expired. No worth.
    Late,
    /// A refusal, silence, or a response without a valid signature. No worth.
    Unanswered,
    /// Of a fold: the state that the answer names was not served in the window. No worth. As for
    /// silence, there is the validator's word alone.
    Withheld,
}

/// A question with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// Uid of the miner. The request names its hotkey and generation.
    pub uid: Uid,
    /// Number of the question to this miner, from 0 on.
    pub number: u16,
    /// The question, signed by the validator. Its text follows from the seed.
    pub asked: SignedRequest,
    /// The outcome, signed by the miner if it answered.
    pub outcome: Outcome,
    /// The grade.
    pub grade: Grade,
}

impl Receipt {
    /// Returns the leaf of the receipt in the tree of all receipts.
    pub fn leaf(&self) -> Digest {
        Hash::new(RECEIPT).bytes(&self.encode()).digest()
    }
}

/// The moving average of a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Standing {
    /// Uid of the miner.
    pub uid: Uid,
    /// Generation of the miner.
    pub generation: u32,
    /// Moving average of the miner's worth.
    pub average: Worth,
    /// The last epoch of a fold in which a probe of the miner failed, while the failure still bars
    /// it from pay.
    pub failed: Option<u32>,
}

impl Standing {
    /// Returns the seat of the miner.
    pub const fn seat(&self) -> Seat {
        Seat {
            uid: self.uid.0,
            generation: self.generation,
        }
    }
}

/// A validator's evidence of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Evidence {
    /// The head.
    pub head: Head,
    /// One receipt for each miner and question, by uid and number.
    pub receipts: Vec<Receipt>,
    /// The average of each miner, by uid.
    pub standings: Vec<Standing>,
    /// The weights that the validator sets, by uid and without zeros.
    pub weights: Vec<(Uid, u16)>,
    /// The vote on the next state of a fold. Absent for a task.
    pub vote: Option<FoldVote>,
    /// Proofs of fraud in earlier epochs of a fold, by seat and without their states, each of which
    /// bars its miner. A task has none.
    pub proofs: Vec<FraudProof>,
}

impl Evidence {
    /// Returns the root over everything in the evidence.
    pub fn root(&self) -> Digest {
        let receipts = self.receipts_root();
        let mut standings = Hash::new(STANDINGS).u64(count(self.standings.len()));
        for it in &self.standings {
            standings = standings.u16(it.uid.0).u32(it.generation).u16(it.average.0);
            standings = match it.failed {
                Some(epoch) => standings.u8(1).u32(epoch),
                None => standings.u8(0),
            };
        }
        let hash = Hash::new(EVIDENCE)
            .u8(VERSION)
            .bytes(&self.head.encode())
            .fixed(&receipts)
            .fixed(&standings.digest())
            .fixed(&weights_digest(&receipts, &self.weights));
        let hash = match &self.vote {
            Some(vote) => hash.u8(1).fixed(&vote.start).bytes(&vote.ballot),
            None => hash.u8(0),
        };
        hash.bytes(&self.proofs.encode()).digest()
    }

    /// Returns the root of the tree of receipts.
    pub fn receipts_root(&self) -> Digest {
        let leaves: Vec<Digest> = self.receipts.iter().map(Receipt::leaf).collect();
        merkle::root(&leaves)
    }

    /// Returns the pledge that the validator makes.
    pub fn pledge(&self) -> Pledge {
        let (epoch, root) = (self.head.epoch, self.root());
        let weights = weights_digest(&self.receipts_root(), &self.weights);
        let receipts = u32::try_from(self.receipts.len()).unwrap_or(u32::MAX);
        match self.vote {
            None => Pledge::Evidence {
                epoch,
                root,
                weights,
                receipts,
            },
            Some(FoldVote { start, ballot }) => Pledge::Fold {
                epoch,
                root,
                weights,
                receipts,
                start,
                ballot,
            },
        }
    }
}

/// Returns an outcome in the form that evidence keeps.
///
/// The reason of a refusal is not kept: its signature holds without. An answer above the limit of
/// evidence counts as one that is not signed, so that no miner can make evidence unreadable.
pub fn kept(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Refused(response) => Outcome::Refused(response.without_body()),
        Outcome::Signed(response)
            if response
                .body()
                .is_some_and(|body| body.len() > codec::MAX_ANSWER) =>
        {
            Outcome::Unsigned {
                status: response.status,
            }
        }
        other => other,
    }
}

/// Returns the hash of weights in a pledge.
///
/// The root of the receipts is part of it: it covers signatures that are unknown to others, so the
/// weights cannot be guessed from the hash before the evidence is served.
pub fn weights_digest(receipts_root: &Digest, weights: &[(Uid, u16)]) -> Digest {
    let mut hash = Hash::new(WEIGHTS)
        .fixed(receipts_root)
        .u64(count(weights.len()));
    for (uid, weight) in weights {
        hash = hash.u16(uid.0).u16(*weight);
    }
    hash.digest()
}

/// Returns a length as hashes hold it. No machine has lengths above `u64::MAX`.
fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
