//! Weights that are committed to first and revealed later, and several calls about weights in one.

use crate::{
    hash::{Digest, Preimage, Tag},
    AccountId, NetUid, Uid,
};
use ink::prelude::vec::Vec;

/// Most commits of a neuron that wait to be revealed. Source: subtensor-reference.md 5.2.
pub const MAX_COMMITS: u16 = 10;
/// Most bytes of a salt.
pub const MAX_SALT: u16 = 64;
/// Most calls of a batch.
pub const MAX_BATCH: u16 = 16;

/// What a validator commits to. Its hash says nothing about the weights as long as the salt is
/// secret, and opens nothing but this: the weights of this registration of this hotkey, on this
/// subnet of this deployment, committed to in this epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedWeights<'a> {
    /// The epoch contract.
    pub contract: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The validator.
    pub hotkey: AccountId,
    /// The generation of its neuron.
    pub generation: u32,
    /// The epoch that is open when it commits.
    pub epoch: u32,
    /// Whom the weights are for.
    pub uids: &'a [Uid],
    /// The weights.
    pub weights: &'a [u16],
    /// What makes it hard to guess.
    pub salt: &'a [u8],
    /// The client's version.
    pub version_key: u64,
}

impl CommittedWeights<'_> {
    /// The hash that is committed.
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

/// Where a commit is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum CommitState {
    /// It can be revealed in a later epoch.
    Waiting,
    /// It can be revealed now.
    Due,
    /// It can be revealed no more.
    Missed,
}

/// A commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct CommitView {
    /// What was committed to.
    pub hash: Digest,
    /// The epoch in which it was.
    pub epoch: u32,
    /// The block.
    pub block: u32,
    /// The only epoch in which it can be revealed.
    pub reveals_in: u32,
    /// Where it is.
    pub state: CommitState,
}

/// The commits of a neuron.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct CommitsView {
    /// Those that are not revealed, oldest first; missed ones too, until the next commit or reveal
    /// drops them.
    pub commits: Vec<CommitView>,
    /// How many were never revealed, those listed as missed included.
    pub missed: u32,
}

/// One call of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum WeightsCall {
    /// `set_weights`.
    Set {
        /// The subnet.
        netuid: NetUid,
        /// Whom the weights are for.
        uids: Vec<Uid>,
        /// The weights.
        weights: Vec<u16>,
        /// The client's version.
        version_key: u64,
    },
    /// `commit_weights`.
    Commit {
        /// The subnet.
        netuid: NetUid,
        /// The open epoch.
        epoch: u32,
        /// What is committed to.
        hash: Digest,
    },
    /// `reveal_weights`.
    Reveal {
        /// The subnet.
        netuid: NetUid,
        /// Whose commit it is.
        hotkey: AccountId,
        /// Whom the weights are for.
        uids: Vec<Uid>,
        /// The weights.
        weights: Vec<u16>,
        /// What made it hard to guess.
        salt: Vec<u8>,
        /// The client's version.
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
