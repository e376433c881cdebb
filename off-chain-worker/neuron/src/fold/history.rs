//! The past of a training on a chain, for its replay.
//!
//! All of it are states after given blocks, so a node must still have these: an archive has all.

use super::{
    pledges::{Pledges, Votes},
    Training,
};
use crate::{
    evidence::{
        history::{FactsError, History, MAX_BACK},
        seeds::Round,
    },
    pledged::{manifest_now, PledgedManifest, NOTICE},
};
use inktensor_client::{
    chain::{BlockId, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{Registry, Subnet},
    Digest, NetUid,
};
use inktensor_task::{Blob, Fault, Fold, Load, Stop};
use inktensor_train::{
    candidates, members, voted_start, Epoch, Guard, Join, JoinError, Member, State, Trace, Work,
};
use inktensor_wire::Blobs;
use thiserror::Error;

/// An epoch of a training, as the chain has it.
#[derive(Clone, Debug)]
pub struct PastEpoch {
    /// Number of the epoch.
    pub number: u32,
    /// The pledges.
    pub pledges: Pledges,
    votes: Votes,
    candidates: Vec<Member>,
    home: Digest,
    netuid: NetUid,
    most_steps: u16,
}

/// An epoch, computed again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The miners whose ends are joined, by uid.
    pub members: Vec<Member>,
    /// Steps that were computed.
    pub steps: u64,
    /// Blob of the state that the next epoch begins with.
    pub next: Vec<u8>,
}

/// A false item of a training's past.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FalseStep {
    /// The start is not a state, or the training refuses it.
    #[error("epoch {epoch}: the state with which it begins is not one of the training")]
    Start {
        /// The epoch.
        epoch: u32,
    },
    /// The folder for the ends is unusable, which makes nothing false.
    #[error("{0}")]
    Folder(String),
    /// The fold was not computed, which makes nothing false.
    #[error(transparent)]
    Failed(#[from] Fault),
    /// A member whose pledge is not of the steps that the training demands.
    #[error(
        "epoch {epoch}, uid {uid}: the joined work is not that of the training, which leads to \
         another root or end"
    )]
    Work {
        /// The epoch.
        epoch: u32,
        /// Uid of the member.
        uid: u16,
    },
}

/// Returns the first epoch of the run of epochs in which a manifest counts that was pledged at
/// `block`. The same manifest may have been pledged before, and goes on then.
///
/// # Errors
/// If the chain has discarded the state after that block.
pub fn first_epoch(
    history: &History<'_>,
    contracts: &Addresses,
    netuid: NetUid,
    pledged: &PledgedManifest,
) -> Result<u32, FactsError> {
    let mut block = pledged.block;
    for _ in 0..MAX_BACK {
        let at = history.at(block)?;
        let status: Option<EpochStatus> = at.query(contracts.epoch().status(netuid))?;
        let status = status.ok_or(FactsError::UnknownSubnet(netuid))?;
        let first = status.open.saturating_add(NOTICE);
        // The pledge that counts in the epoch before is the one at the end of `open - 1`.
        let end = status.opened_at.saturating_sub(1);
        if end == 0 {
            return Ok(first);
        }
        let before = manifest_now(&history.at(end)?, contracts, netuid)?;
        match before.filter(|it| it.manifest == pledged.manifest && it.block < block) {
            Some(before) => block = before.block,
            None => return Ok(first),
        }
    }
    Err(FactsError::NoBlock(block))
}

impl PastEpoch {
    /// Reads an epoch whose votes can be counted. Returns `None` before the block of the votes.
    ///
    /// # Errors
    /// See [`FactsError`].
    pub fn read(
        history: &History<'_>,
        contracts: &Addresses,
        (home, netuid): (Digest, NetUid),
        training: &Training,
        number: u32,
    ) -> Result<Option<Self>, FactsError> {
        let opened_at = history.opened(number)?;
        let subnet: Option<Subnet> = history
            .at(opened_at)?
            .query(contracts.registry().subnet(netuid))?;
        let tempo = subnet.ok_or(FactsError::UnknownSubnet(netuid))?.tempo;
        let round = Round::new(opened_at, tempo).ok_or(FactsError::Tempo(tempo))?;
        if round.due_at() >= history.best.number {
            return Ok(None);
        }
        let (chain, best) = (history.chain, history.best);
        let pledges = Pledges::read(chain, contracts, netuid, round, best)?;
        let (pledges, _) = pledges.ok_or(FactsError::NoBlock(round.asked_at()))?;
        let most_steps = training.most_steps;
        let facts = pledges.epoch(home, netuid, number, [0; 32], most_steps);
        let candidates = candidates(&facts, &pledges.by_seat());
        let block: BlockId = history.block(round.due_at())?;
        let votes = Votes::read(chain, contracts, netuid, block, number)?;
        Ok(Some(Self {
            number,
            votes: votes.ok_or(FactsError::UnknownSubnet(netuid))?,
            pledges,
            candidates,
            home,
            netuid,
            most_steps,
        }))
    }

    /// Returns the miners whose ends are joined, if the epoch begins with the state `start`.
    pub fn members(&self, start: &Digest) -> Vec<Member> {
        members(&self.candidates, &self.votes.voters, start)
    }

    /// Returns the start of the epoch that most stake names.
    pub fn voted_start(&self) -> Option<Digest> {
        voted_start(&self.votes.voters)
    }

    /// Computes the work of all members again, and joins it. The ends are put into `blobs`.
    ///
    /// # Errors
    /// The first false item, or an unusable folder.
    pub fn replay(
        &self,
        training: &Training,
        start: &[u8],
        blobs: &Blobs,
    ) -> Result<Replayed, FalseStep> {
        let epoch = self.number;
        let hash = inktensor_task::blake2(start);
        let start_is_false = FalseStep::Start { epoch };
        let first = State::load(start).map_err(|_| start_is_false.clone())?;
        let facts = self
            .pledges
            .epoch(self.home, self.netuid, epoch, hash, self.most_steps);
        let members = self.members(&hash);
        let fold = &training.train;
        let mut steps = 0u64;
        for member in &members {
            let (work, end) = computed(training, &facts, member, first.clone())?;
            steps = steps.saturating_add(work.steps.into());
            if work != member.work {
                let uid = member.seat.uid;
                return Err(FalseStep::Work { epoch, uid });
            }
            let put = blobs.put(&end);
            put.map_err(|error| FalseStep::Folder(error.to_string()))?;
        }
        let next = match members.is_empty() {
            true => start.to_vec(),
            false => {
                let seed = self.pledges.guard(&self.home, self.netuid, epoch);
                let guard = Guard::new(fold, start, seed).map_err(|stop| match stop {
                    Stop::Refused(_) => start_is_false.clone(),
                    Stop::Failed(fault) => FalseStep::Failed(fault),
                })?;
                let join = Join { fold, start, guard };
                let end = |member: &Member| blobs.get(&member.work.end).ok();
                let joined = join.next_state(&members, end);
                let joined = joined.map_err(|error| match error {
                    JoinError::Failed(fault) => FalseStep::Failed(fault),
                    _ => start_is_false,
                });
                joined?.to_blob()
            }
        };
        Ok(Replayed {
            members,
            steps,
            next,
        })
    }
}

/// Returns the work of a miner from the start on, with its end. A step that the training refuses
/// ends it.
fn computed(
    training: &Training,
    facts: &Epoch,
    member: &Member,
    start: State,
) -> Result<(Work, Vec<u8>), Fault> {
    let mut trace = Trace::new(*facts, member.seat);
    let mut end = Vec::new();
    let mut state = start;
    for step in 0..member.work.steps {
        let stepped = training
            .train
            .step(state, &facts.assignment(member.seat, step));
        let stepped = match stepped {
            Ok(stepped) => stepped,
            Err(Stop::Refused(_)) => break,
            Err(Stop::Failed(fault)) => return Err(fault),
        };
        end = stepped.to_blob();
        trace.push(inktensor_task::blake2(&end));
        state = stepped;
    }
    Ok((trace.pledge(), end))
}
