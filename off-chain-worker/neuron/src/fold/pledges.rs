//! The pledges of an epoch, read from the chain: of miners their work, of validators their votes.

use crate::{
    evidence::seeds::{epoch_seed, guard_seed, Round},
    pledged::pledge_of,
    view::{neurons_at, Served, SubnetView},
};
use inktensor_client::{
    chain::{query_all, BlockId, ChainError, ChainRead, Pinned},
    deploy::Addresses,
};
use inktensor_primitives::{
    registry::{Axon, Registry, ServingView},
    work::Pledge,
    Digest, NetUid,
};
use inktensor_task::{Seat, Seed};
use inktensor_train::{Ballot, Epoch, Member, Vote, Voter, Work};
use inktensor_wire::PROTOCOL;
use scale::{Decode, Encode};
use std::collections::BTreeMap;

/// The facts of an epoch of a fold that all neurons know, once its probes are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Pledges {
    /// Hash of the block that the rows of all steps follow from.
    pub assigned: Digest,
    /// Hash of the block that the guard's rows follow from, as validators' probes do.
    pub asked: Digest,
    /// The pledges of work that were made in time, by uid.
    pub works: Vec<Member>,
}

impl Pledges {
    /// Reads the pledges of a round with all neurons, if the hash of the block [`Round::asked_at`]
    /// is final.
    ///
    /// # Errors
    /// If the chain does not answer, or has discarded the state.
    pub fn read(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        round: Round,
        finalized: BlockId,
    ) -> Result<Option<(Self, Vec<Served>)>, ChainError> {
        let number = round.asked_at();
        // On a chain in one process the hash of a block is fixed with the next block only.
        if finalized.number <= number {
            return Ok(None);
        }
        let assigned = chain.ancestor(&finalized, round.assigned_at())?;
        let asked = chain.ancestor(&finalized, number)?;
        let (Some(assigned), Some(asked)) = (assigned, asked) else {
            return Ok(None);
        };
        let block = BlockId {
            number,
            hash: asked,
        };
        let neurons = neurons_at(chain, contracts, netuid, block)?;
        let pledges = Self {
            assigned,
            asked,
            works: works(&neurons, round),
        };
        Ok(Some((pledges, neurons)))
    }

    /// Returns the facts of the epoch for the rules.
    pub fn epoch(
        &self,
        home: Digest,
        netuid: NetUid,
        number: u32,
        start: Digest,
        most: u16,
    ) -> Epoch {
        facts((home, netuid, number), &self.assigned, start, most)
    }

    /// Returns the seed of the guard.
    pub fn guard(&self, home: &Digest, netuid: NetUid, epoch: u32) -> Seed {
        guard_seed(home, netuid, epoch, &self.asked)
    }

    /// Returns the pledges by the miners' seats.
    pub fn by_seat(&self) -> BTreeMap<Seat, Work> {
        self.works.iter().map(|it| (it.seat, it.work)).collect()
    }
}

/// Returns the facts of an epoch whose rows follow from the hash of the block `assigned`.
pub fn facts(
    (home, netuid, number): (Digest, NetUid, u32),
    assigned: &Digest,
    start: Digest,
    most_steps: u16,
) -> Epoch {
    Epoch {
        home,
        netuid: netuid.0,
        number,
        seed: epoch_seed(&home, netuid, number, assigned),
        start,
        most_steps,
    }
}

/// Returns the pledges of work of all neurons, as of the block [`Round::asked_at`]. A pledge that
/// was made after [`Round::cut_off`] counts as none.
pub fn works(neurons: &[Served], round: Round) -> Vec<Member> {
    let of = |neuron: &Served| {
        let commitment = neuron.commitment.as_ref()?;
        let made = round.opened_at()..=round.cut_off();
        if !made.contains(&commitment.block) {
            return None;
        }
        let work = work_of(&pledge_of(commitment)?)?;
        let seat = neuron.registration().seat();
        Some(Member { seat, work })
    };
    neurons.iter().filter_map(of).collect()
}

/// Returns the work in a pledge of work.
pub const fn work_of(pledge: &Pledge) -> Option<Work> {
    match *pledge {
        Pledge::Work {
            epoch,
            steps,
            root,
            end,
        } => Some(Work {
            epoch,
            steps,
            root,
            end,
        }),
        Pledge::Subnet { .. } | Pledge::Evidence { .. } | Pledge::Fold { .. } => None,
    }
}

/// Returns the pledge of a miner's work.
pub const fn pledge(work: &Work) -> Pledge {
    Pledge::Work {
        epoch: work.epoch,
        steps: work.steps,
        root: work.root,
        end: work.end,
    }
}

/// The validators of an epoch with their votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    /// The validators with a permit, by seat.
    pub voters: BTreeMap<Seat, Voter>,
    /// True if one of them has pledged a vote on any epoch.
    pub any: bool,
    /// The endpoints of those with a vote.
    pub axons: Vec<Axon>,
}

impl Votes {
    /// Reads the votes on `epoch` in the state after `block`, with the stakes of that block.
    /// Returns `None` for a subnet that does not exist.
    ///
    /// # Errors
    /// If the chain does not answer, or has discarded the state.
    pub fn read(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        block: BlockId,
        epoch: u32,
    ) -> Result<Option<Self>, ChainError> {
        let pinned = Pinned::new(chain, block);
        let Some(view) = SubnetView::at(&pinned, contracts, netuid)? else {
            return Ok(None);
        };
        let messages = view
            .permitted
            .iter()
            .map(|it| contracts.registry().serving(netuid, it.uid));
        let serving: Vec<Option<ServingView>> = query_all(&pinned, messages)?;
        let mut votes = Self {
            voters: BTreeMap::new(),
            any: false,
            axons: Vec::new(),
        };
        for (permitted, serving) in view.permitted.iter().zip(serving) {
            let (axon, commitment) = serving.map_or((None, None), |it| (it.axon, it.commitment));
            let pledge = commitment.as_ref().and_then(pledge_of);
            let mut vote = None;
            if let Some(Pledge::Fold {
                epoch: of,
                start,
                ballot,
                ..
            }) = pledge
            {
                votes.any = true;
                let ballot = Ballot::from_bytes(ballot);
                vote = (of == epoch).then_some(Vote { start, ballot });
            }
            if vote.is_some() {
                votes
                    .axons
                    .extend(axon.filter(|it| it.protocol == PROTOCOL));
            }
            let seat = Seat {
                uid: permitted.uid.0,
                generation: permitted.neuron.generation,
            };
            let stake = permitted.stake.0;
            votes.voters.insert(seat, Voter { stake, vote });
        }
        Ok(Some(votes))
    }
}
