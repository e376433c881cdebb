//! Weights: set at once, or committed to and revealed.

use crate::{
    epoch::Epoch,
    frozen,
    gather::Source,
    peers::Calls,
    weights::{
        check_rate, check_stake, reveals_in, row, Ballot, Commit, Facts, Queue, RowWriter, Way,
    },
};
use ink::{
    codegen::Env,
    prelude::{vec, vec::Vec},
};
use inktensor_primitives::{
    epoch::{
        CommitsView, CommittedWeights, EpochError, Epochs, RevealsMissed, WeightsCall,
        WeightsCommitted, WeightsSet, MAX_SALT,
    },
    registry::{Seat, Voter},
    AccountId, Digest, NetUid, Rao, Uid,
};

/// What storage and the other contracts know of a voter.
struct Known<'a> {
    epoch: &'a Epoch,
    netuid: NetUid,
    identity: AccountId,
    seat: &'a Seat,
}

impl Facts for Known<'_> {
    fn stake(&self) -> Result<Rao, EpochError> {
        let stakes =
            self.epoch
                .peers
                .stakes_at(self.netuid, vec![self.identity], self.seat.epoch)?;
        stakes.first().copied().ok_or(EpochError::PeerUnavailable)
    }

    fn updated_at(&self) -> Option<u32> {
        let Seat {
            uid, generation, ..
        } = *self.seat;
        let set = self.epoch.rows.updated_at(self.netuid, uid, generation);
        set.max(self.epoch.commits.get(self.netuid, generation).last())
    }

    fn has_permit(&self) -> bool {
        let life = self.epoch.lives.get(self.netuid);
        let final_epoch = life.and_then(|life| life.last).map(|last| last.epoch);
        !frozen::is_newcomer(self.seat.registered_epoch, final_epoch)
            && self
                .epoch
                .roster(self.netuid)
                .binary_search(&self.seat.uid)
                .is_ok()
    }
}

/// What is revealed.
pub(crate) struct Opening<'a> {
    pub(crate) ballot: Ballot<'a>,
    pub(crate) salt: &'a [u8],
}

impl Epoch {
    fn known<'a>(&'a self, netuid: NetUid, voter: &'a Voter) -> Known<'a> {
        Known {
            epoch: self,
            netuid,
            identity: voter.identity,
            seat: &voter.seat,
        }
    }

    /// Who sets weights now, and the row that they come to.
    ///
    /// # Errors
    /// Those of `set_weights`.
    pub(crate) fn to_set(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        ballot: Ballot,
        block: u32,
    ) -> Result<(Voter, Vec<u16>), EpochError> {
        let voter = self.peers.voter(netuid, hotkey)?;
        let known = self.known(netuid, &voter);
        let row = row(&voter, Way::Set(block), ballot, &known)?;
        Ok((voter, row))
    }

    /// Who reveals weights now, the row that they come to, and the commit.
    ///
    /// # Errors
    /// Those of `reveal_weights`.
    pub(crate) fn to_reveal(
        &self,
        contract: AccountId,
        netuid: NetUid,
        hotkey: AccountId,
        opening: &Opening,
    ) -> Result<(Voter, Vec<u16>, Commit), EpochError> {
        let voter = self.peers.voter(netuid, hotkey)?;
        if opening.salt.len() > usize::from(MAX_SALT) {
            return Err(EpochError::SaltTooLong(MAX_SALT));
        }
        let generation = voter.seat.generation;
        let ballot = opening.ballot;
        let queue = self.commits.get(netuid, generation);
        let commit = queue.find(voter.seat.epoch, voter.terms.reveal_period, |epoch| {
            CommittedWeights {
                contract,
                netuid,
                hotkey,
                generation,
                epoch,
                uids: ballot.uids,
                weights: ballot.weights,
                salt: opening.salt,
                version_key: ballot.version_key,
            }
            .digest()
        })?;
        let known = self.known(netuid, &voter);
        let row = row(&voter, Way::Reveal, ballot, &known)?;
        Ok((voter, row, commit))
    }

    /// Sets weights at once. What was committed to before is older, and is dropped.
    pub(crate) fn vote(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        ballot: Ballot,
    ) -> Result<(), EpochError> {
        let block = self.env().block_number();
        let (voter, row) = self.to_set(netuid, hotkey, ballot, block)?;
        let generation = voter.seat.generation;
        let mut queue = self.commits.get(netuid, generation);
        if queue != Queue::default() {
            queue.clear();
            self.commits.put(netuid, generation, &queue);
        }
        self.write_row(netuid, hotkey, &voter, &row, block)
    }

    /// Commits to weights.
    pub(crate) fn commit(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        hash: Digest,
    ) -> Result<(), EpochError> {
        let block = self.env().block_number();
        let voter = self.peers.voter(netuid, hotkey)?;
        let (seat, terms) = (&voter.seat, &voter.terms);
        if !terms.commit_reveal {
            return Err(EpochError::NoCommitReveal);
        }
        let known = self.known(netuid, &voter);
        check_stake(&voter, &known)?;
        check_rate(terms, block, known.updated_at())?;
        if epoch != seat.epoch {
            return Err(EpochError::WrongEpoch(seat.epoch));
        }
        let mut queue = self.commits.get(netuid, seat.generation);
        let missed = queue.expire(seat.epoch, terms.reveal_period);
        let commit = Commit { hash, epoch, block };
        queue.add(commit)?;
        self.commits.put(netuid, seat.generation, &queue);
        self.tell_missed(netuid, hotkey, missed);
        self.env().emit_event(WeightsCommitted {
            netuid,
            hotkey,
            hash,
            reveals_in: reveals_in(&commit, terms.reveal_period),
        });
        Ok(())
    }

    /// Reveals weights, and sets them as of the block of their commit: towards a neuron that came
    /// later they do not count.
    pub(crate) fn reveal(
        &mut self,
        contract: AccountId,
        netuid: NetUid,
        hotkey: AccountId,
        opening: &Opening,
    ) -> Result<(), EpochError> {
        let (voter, row, commit) = self.to_reveal(contract, netuid, hotkey, opening)?;
        let (seat, terms) = (&voter.seat, &voter.terms);
        let mut queue = self.commits.get(netuid, seat.generation);
        queue.reveal(&commit);
        let missed = queue.expire(seat.epoch, terms.reveal_period);
        self.commits.put(netuid, seat.generation, &queue);
        self.tell_missed(netuid, hotkey, missed);
        self.write_row(netuid, hotkey, &voter, &row, commit.block)
    }

    /// Makes one call of a batch.
    pub(crate) fn call(
        &mut self,
        contract: AccountId,
        caller: AccountId,
        call: WeightsCall,
    ) -> Result<(), EpochError> {
        match call {
            WeightsCall::Set {
                netuid,
                uids,
                weights,
                version_key,
            } => self.vote(netuid, caller, ballot(&uids, &weights, version_key)),
            WeightsCall::Commit {
                netuid,
                epoch,
                hash,
            } => self.commit(netuid, caller, epoch, hash),
            WeightsCall::Reveal {
                netuid,
                hotkey,
                uids,
                weights,
                salt,
                version_key,
            } => {
                let opening = Opening {
                    ballot: ballot(&uids, &weights, version_key),
                    salt: &salt,
                };
                self.reveal(contract, netuid, hotkey, &opening)
            }
        }
    }

    /// What a hotkey's neuron has committed to.
    pub(crate) fn look_up_commits(&self, netuid: NetUid, hotkey: AccountId) -> CommitsView {
        let Ok(voter) = self.peers.voter(netuid, hotkey) else {
            return CommitsView::default();
        };
        let queue = self.commits.get(netuid, voter.seat.generation);
        queue.view(voter.seat.epoch, voter.terms.reveal_period)
    }

    fn write_row(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        voter: &Voter,
        row: &[u16],
        block: u32,
    ) -> Result<(), EpochError> {
        let uid = voter.seat.uid;
        let writer = RowWriter {
            netuid,
            uid,
            generation: voter.seat.generation,
            open: voter.seat.epoch,
            block,
        };
        let entries = self.rows.write(writer, row)?;
        self.env().emit_event(WeightsSet {
            netuid,
            hotkey,
            uid,
            entries,
        });
        Ok(())
    }

    fn tell_missed(&self, netuid: NetUid, hotkey: AccountId, count: u32) {
        if count > 0 {
            self.env().emit_event(RevealsMissed {
                netuid,
                hotkey,
                count,
            });
        }
    }
}

/// What somebody wants to set.
pub(crate) fn ballot<'a>(uids: &'a [Uid], weights: &'a [u16], version_key: u64) -> Ballot<'a> {
    Ballot {
        uids,
        weights,
        version_key,
    }
}
