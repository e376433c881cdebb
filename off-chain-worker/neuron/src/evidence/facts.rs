//! Facts: what the chain says about a validator and an epoch. With them an audit needs no network.

use super::{seeds::Round, Registration};
use crate::fold::{
    pledges::Pledges,
    round::{FoldRound, States},
    vote::FoldVote,
    Training,
};
use inktensor_client::chain::BlockId;
use inktensor_contest::Entry;
use inktensor_primitives::{
    registry::{Axon, Neuron},
    work::Pledge,
    Digest, NetUid, Uid,
};
use inktensor_wire::PROTOCOL;
use scale::{Decode, Encode};
use std::sync::Arc;

/// A pledge of evidence on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pledged {
    /// Block of the pledge.
    pub block: u32,
    /// The epoch that the pledge names.
    pub epoch: u32,
    /// Root of the evidence.
    pub root: Digest,
    /// Hash of the weights.
    pub weights: Digest,
    /// Number of receipts.
    pub receipts: u32,
    /// The vote of a validator of a fold.
    pub vote: Option<FoldVote>,
}

impl Pledged {
    /// Returns the pledge of evidence in a commitment of `block`. Returns `None` for a pledge of
    /// another kind.
    pub const fn of(pledge: &Pledge, block: u32) -> Option<Self> {
        match *pledge {
            Pledge::Evidence {
                epoch,
                root,
                weights,
                receipts,
            } => Some(Self {
                block,
                epoch,
                root,
                weights,
                receipts,
                vote: None,
            }),
            Pledge::Fold {
                epoch,
                root,
                weights,
                receipts,
                start,
                ballot,
            } => Some(Self {
                block,
                epoch,
                root,
                weights,
                receipts,
                vote: Some(FoldVote { start, ballot }),
            }),
            Pledge::Subnet { .. } | Pledge::Work { .. } => None,
        }
    }
}

/// The weights of an epoch on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChainWeights {
    /// The row of weights that the validator set or committed in the epoch.
    Row(Vec<(Uid, u16)>),
    /// No row, and it is too late for one.
    Absent,
    /// No row yet. It may be set or revealed up to the end of this epoch.
    Expected {
        /// The epoch.
        epoch: u32,
    },
}

/// The facts for the audit of a validator's evidence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Facts {
    /// The deployment, see [`inktensor_wire::home`].
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The uid that the facts are about.
    pub uid: Uid,
    /// Block at which the epoch opened.
    pub opened_at: u32,
    /// Blocks of the epoch.
    pub tempo: u32,
    /// Block at which the epoch closed. Absent while it is open.
    pub closed_at: Option<u32>,
    /// The block that the questions follow from.
    pub seed_block: BlockId,
    /// Hash of the block that the checks follow from. Absent before that block.
    pub check_block: Option<Digest>,
    /// The validator at the block of the seed. Absent if the uid was free.
    pub validator: Option<Registration>,
    /// True if the neuron on the uid had a permit at the block of the seed.
    pub permit: bool,
    /// Neurons to ask, by uid: those with an endpoint at the block of the seed.
    pub miners: Vec<Registration>,
    /// Hash of the manifest that counts in the epoch. Absent if the owner has pledged none.
    pub manifest: Option<Digest>,
    /// The pledges of work, if the subnet runs a fold.
    pub pledges: Pledges,
    /// The entries of a contest, by seat: the earliest ones, in the state after the cut-off.
    pub entries: Vec<Entry>,
    /// The state with which the epoch began, by the votes of most stake in it.
    pub start: Option<Digest>,
    /// The validator's last pledge before the epoch.
    pub before: Option<Pledged>,
    /// The validator's last pledge in the epoch.
    pub pledged: Option<Pledged>,
    /// The validator's weights of the epoch.
    pub weights: ChainWeights,
}

impl Facts {
    /// Returns the blocks of the round, or `None` for a tempo that is too short for one.
    pub const fn round(&self) -> Option<Round> {
        Round::new(self.opened_at, self.tempo)
    }

    /// Returns the rules of a fold in the epoch, if it began with the state `start`.
    pub fn fold_round(
        &self,
        training: &Arc<Training>,
        questions: u16,
        start: Digest,
        states: &Arc<dyn States>,
    ) -> FoldRound {
        let of = (self.home, self.netuid, self.epoch);
        let states = Arc::clone(states);
        FoldRound::of(training, questions, &self.pledges, of, start, states)
    }
}

/// Returns the neurons that the validator on `validator` asks, out of all neurons of the subnet
/// with their endpoints at the block of the seed.
///
/// Every neuron is asked that has published an endpoint with the protocol of questions. Publishing
/// one is how a miner takes part.
pub fn to_ask<'a>(
    neurons: impl IntoIterator<Item = (Uid, &'a Neuron, Option<&'a Axon>)>,
    validator: Uid,
) -> Vec<Registration> {
    let mut asked: Vec<Registration> = neurons
        .into_iter()
        .filter(|(uid, _, axon)| {
            *uid != validator && axon.is_some_and(|axon| axon.protocol == PROTOCOL)
        })
        .map(|(uid, neuron, _)| Registration {
            uid,
            generation: neuron.generation,
            hotkey: neuron.hotkey,
        })
        .collect();
    asked.sort_unstable();
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::registry::Host;

    fn neuron(generation: u32) -> Neuron {
        Neuron {
            hotkey: [7; 32].into(),
            coldkey: [8; 32].into(),
            registered_at: 1,
            registered_epoch: 0,
            generation,
            identity: None,
        }
    }

    fn axon(protocol: u8) -> Axon {
        Axon {
            host: Host::V4([192, 0, 2, 1]),
            port: 1,
            protocol,
            version: 1,
            tls: None,
        }
    }

    #[test]
    fn neurons_to_ask_have_an_endpoint_of_the_protocol_and_are_others() {
        let neurons = [neuron(1), neuron(2), neuron(3), neuron(4), neuron(5)];
        let axons = [
            Some(axon(PROTOCOL)),
            Some(axon(4)),
            None,
            Some(axon(PROTOCOL)),
            Some(axon(PROTOCOL)),
        ];
        let uids = [9, 1, 2, 3, 4].map(Uid);
        let all = uids
            .into_iter()
            .zip(&neurons)
            .zip(&axons)
            .map(|((uid, neuron), axon)| (uid, neuron, axon.as_ref()));
        let found = to_ask(all, Uid(3));
        let found: Vec<_> = found.iter().map(|it| (it.uid.0, it.generation)).collect();
        assert_eq!(found, [(4, 5), (9, 1)]);
    }
}
