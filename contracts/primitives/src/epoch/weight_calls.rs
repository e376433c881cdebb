//! Commits and reveals of weights, and batches of calls about weights.

use crate::{
    hash::{Digest, Preimage, Tag},
    AccountId, NetUid, Uid,
};
use ink::prelude::vec::Vec;

/// Most commits of a neuron that are not revealed. Source: subtensor-reference.md 5.2.
pub const MAX_COMMITS: u16 = 10;
/// Most bytes of a salt.
pub const MAX_SALT: u16 = 64;
/// Most calls of a batch.
pub const MAX_BATCH: u16 = 16;

/// The preimage of a weights commit. The hash hides the weights as long as the salt is secret.
///
/// The hash binds the weights to one registration of one hotkey, on one subnet of one deployment,
/// in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedWeights<'a> {
    /// The epoch contract.
    pub contract: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// Hotkey of the validator.
    pub hotkey: AccountId,
    /// Generation of the validator's neuron.
    pub generation: u32,
    /// Epoch that is open at the commit.
    pub epoch: u32,
    /// Uids that the weights are for.
    pub uids: &'a [Uid],
    /// Weights, one for each uid.
    pub weights: &'a [u16],
    /// Secret bytes that make the weights hard to guess.
    pub salt: &'a [u8],
    /// Version of the client.
    pub version_key: u64,
}

impl CommittedWeights<'_> {
    /// Returns the hash to commit.
    pub fn digest(&self) -> Digest {
        let items = self.uids.len().saturating_add(self.weights.len());
        let mut preimage = Preimage::new(
            Tag::Weights,
            items
                .saturating_mul(2)
                .saturating_add(self.salt.len())
                .saturating_add(100),
        )
        .fixed(self.contract.as_ref())
        .u16(self.netuid.0)
        .fixed(self.hotkey.as_ref())
        .u32(self.generation)
        .u32(self.epoch)
        .len(self.uids.len());
        for uid in self.uids {
            preimage = preimage.u16(uid.0);
        }
        preimage = preimage.len(self.weights.len());
        for weight in self.weights {
            preimage = preimage.u16(*weight);
        }
        preimage.bytes(self.salt).u64(self.version_key).digest()
    }
}

/// The state of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum CommitState {
    /// To be revealed in a later epoch.
    Waiting,
    /// To be revealed in the open epoch.
    Due,
    /// Not revealed in time.
    Missed,
}

/// A commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct CommitView {
    /// The committed hash.
    pub hash: Digest,
    /// Epoch of the commit.
    pub epoch: u32,
    /// Block of the commit.
    pub block: u32,
    /// The only epoch in which the commit can be revealed.
    pub reveals_in: u32,
    /// State of the commit.
    pub state: CommitState,
}

/// The commits of a neuron.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct CommitsView {
    /// Commits that are not revealed, oldest first. Missed ones are listed until the next commit
    /// or reveal drops them.
    pub commits: Vec<CommitView>,
    /// Number of commits that were missed, the listed ones included.
    pub missed: u32,
}

/// One call of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum WeightsCall {
    /// A call of `set_weights`.
    Set {
        /// The subnet.
        netuid: NetUid,
        /// Uids that the weights are for.
        uids: Vec<Uid>,
        /// Weights, one for each uid.
        weights: Vec<u16>,
        /// Version of the client.
        version_key: u64,
    },
    /// A call of `commit_weights`.
    Commit {
        /// The subnet.
        netuid: NetUid,
        /// The open epoch.
        epoch: u32,
        /// The hash of the weights.
        hash: Digest,
    },
    /// A call of `reveal_weights`.
    Reveal {
        /// The subnet.
        netuid: NetUid,
        /// Hotkey that committed.
        hotkey: AccountId,
        /// Uids that the weights are for.
        uids: Vec<Uid>,
        /// Weights, one for each uid.
        weights: Vec<u16>,
        /// Secret bytes of the commit.
        salt: Vec<u8>,
        /// Version of the client.
        version_key: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const UIDS: [Uid; 2] = [Uid(1), Uid(2)];

    fn committed() -> CommittedWeights<'static> {
        CommittedWeights {
            contract: [1; 32].into(),
            netuid: NetUid(1),
            hotkey: [2; 32].into(),
            generation: 3,
            epoch: 4,
            uids: &UIDS,
            weights: &[5, 6],
            salt: b"salt",
            version_key: 7,
        }
    }

    #[test]
    fn a_commit_opens_nothing_else() {
        let base = committed();
        let others = [
            CommittedWeights {
                contract: [9; 32].into(),
                ..base.clone()
            },
            CommittedWeights {
                netuid: NetUid(2),
                ..base.clone()
            },
            CommittedWeights {
                hotkey: [9; 32].into(),
                ..base.clone()
            },
            CommittedWeights {
                generation: 4,
                ..base.clone()
            },
            CommittedWeights {
                epoch: 5,
                ..base.clone()
            },
            CommittedWeights {
                uids: &UIDS[..1],
                ..base.clone()
            },
            CommittedWeights {
                weights: &[5, 7],
                ..base.clone()
            },
            CommittedWeights {
                salt: b"sal",
                ..base.clone()
            },
            CommittedWeights {
                version_key: 8,
                ..base.clone()
            },
        ];
        for other in others {
            assert_ne!(other.digest(), base.digest(), "{other:?}");
        }
        assert_eq!(committed().digest(), base.digest());
    }
}
