//! How a closed epoch ends: the part of the shell that assertion, replay and settlement share.

use crate::{
    collateral,
    epoch::Epoch,
    frozen::{ClosedEpoch, Memory},
    gather::{self, Source},
    life::{Life, Released},
    peers::{self, Calls},
    replay::{self, Replay, Told},
    settlement::{payments, Settling, Span},
};
use ink::{codegen::Env, prelude::vec::Vec};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Disputed, Opening},
    emission::Fee,
    epoch::{
        CollateralChanged, EpochError, Finalized, Replayed, ReplayedMemory, ReplayedResults,
        Settled, MEMORY_PART,
    },
    kernel::NeuronResult,
    AccountId, Digest, NetUid, Rao,
};

impl Epoch {
    /// Makes `assertion`, whose digest is given, what the epoch of `closed` came to.
    pub(crate) fn make_final(
        &mut self,
        life: &Life,
        closed: &ClosedEpoch,
        assertion: Assertion,
        digest: Digest,
        proposer: Option<AccountId>,
    ) {
        let netuid = closed.header.netuid;
        let settling = Settling::begin(closed, assertion.results, self.env().block_number());
        self.lives.insert(netuid, life);
        self.rosters.insert(netuid, &assertion.roster);
        self.memories
            .insert(netuid, &Memory::of(closed, assertion.memory));
        self.settling.insert(netuid, &settling);
        self.env().emit_event(Finalized {
            netuid,
            epoch: closed.header.epoch,
            proposer,
            assertion: digest,
        });
    }

    /// Pays the neurons of a chunk of a final epoch, and whoever settles it, and records their
    /// scores.
    ///
    /// # Errors
    /// Those of `settle`.
    pub(crate) fn settle_chunk(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
        results: Vec<NeuronResult>,
    ) -> Result<Rao, EpochError> {
        let mut settling = self.settling.get(netuid).ok_or(EpochError::NotSettling)?;
        let (Span { start, len }, paid) = settling.settle(netuid, epoch, chunk, &results)?;
        let complete = settling.settlement.is_complete();
        if complete {
            self.settling.remove(netuid);
        } else {
            self.settling.insert(netuid, &settling);
        }

        // Whoever had the seat when the epoch closed is paid, replaced since or not.
        let neurons = self.peers.neurons_at(netuid, epoch, start, len)?;
        let payments = payments(&neurons, &results);
        if !payments.is_empty() {
            self.peers.pay(netuid, epoch, payments)?;
        }
        self.peers.record_scores(netuid, epoch, start, results)?;
        let (keeper, fee) = (self.env().caller(), settling.settlement.fee);
        self.peers
            .pay_fee(netuid, epoch, Fee::Keeper, keeper, fee)?;
        if complete {
            self.peers.complete(netuid, &settling.settlement)?;
        }
        self.env().emit_event(Settled {
            netuid,
            epoch,
            chunk,
            paid,
            complete,
        });
        Ok(paid)
    }

    /// Gives `proposer` back what was behind its assertion.
    ///
    /// # Errors
    /// `Overflow`.
    pub(crate) fn free_collateral(&mut self, released: Released) -> Result<(), EpochError> {
        let Released {
            proposer,
            collateral,
        } = released;
        let collateral = self.collateral.release(proposer, collateral)?;
        self.env().emit_event(CollateralChanged {
            worker: proposer,
            collateral,
        });
        Ok(())
    }

    /// Takes what was behind an assertion that step `k` disproves: half for the caller, the rest is
    /// burned.
    ///
    /// # Errors
    /// `Overflow`, `Payment`.
    pub(crate) fn slash(
        &mut self,
        released: Released,
        netuid: NetUid,
        epoch: u32,
        k: u32,
    ) -> Result<(), EpochError> {
        let Released {
            proposer,
            collateral,
        } = released;
        let challenger = self.env().caller();
        let left = self.collateral.slash(proposer, collateral)?;
        let (reward, burned) = collateral::split(collateral);
        self.peers.send(challenger, reward)?;
        self.peers.burn(burned)?;
        self.env().emit_event(CollateralChanged {
            worker: proposer,
            collateral: left,
        });
        self.env().emit_event(Disputed {
            netuid,
            epoch,
            challenger,
            step: k,
            slashed: collateral,
            reward,
        });
        Ok(())
    }

    /// Executes up to `steps` of the next steps of `closed` and tells what they come to. `memory`
    /// is what the caller gives of what the last final epoch left.
    ///
    /// # Errors
    /// `NoSteps`, those of [`ReplayStore::step`](crate::replay::ReplayStore::step), and
    /// `OpeningMismatch` if something of `memory` is left over.
    pub(crate) fn execute(
        &mut self,
        closed: &ClosedEpoch,
        steps: u32,
        memory: Vec<Vec<u8>>,
    ) -> Result<Replay, EpochError> {
        if steps == 0 {
            return Err(EpochError::NoSteps);
        }
        let (netuid, epoch) = (closed.header.netuid, closed.header.epoch);
        let left = self.memories.get(netuid);
        let hashes = left.map(|left| left.for_epoch(closed)).unwrap_or_default();
        let mut memory = memory.into_iter();
        let mut replay = self.replays.resume(netuid);
        let until = replay.next().saturating_add(steps).min(closed.steps());
        while replay.next() < until {
            let told = self.replays.step(
                &mut replay,
                closed,
                &hashes,
                &mut memory,
                |closed, chunk| gather::chunk_inputs(&self.peers, &self.rows, closed, chunk),
                peers::step,
            )?;
            self.tell(netuid, epoch, told);
        }
        if memory.next().is_some() {
            return Err(EpochError::OpeningMismatch(Opening::Memory));
        }
        self.env().emit_event(Replayed {
            netuid,
            epoch,
            caller: self.env().caller(),
            next: replay.next(),
        });
        Ok(replay)
    }

    /// Pays the caller for steps `from .. to`.
    ///
    /// # Errors
    /// Those of emission.
    pub(crate) fn pay_replayer(
        &self,
        closed: &ClosedEpoch,
        from: u32,
        to: u32,
    ) -> Result<(), EpochError> {
        let fee = replay::fee(closed.proposer_fee, from, to, closed.steps());
        let (netuid, epoch) = (closed.header.netuid, closed.header.epoch);
        self.peers
            .pay_fee(netuid, epoch, Fee::Proposer, self.env().caller(), fee)
    }

    /// Ends the settlement of the last final epoch, if one is left over and its window has passed:
    /// what it has not paid goes back to the subnet's budget.
    ///
    /// # Errors
    /// `Unsettled` with the first block at which it has passed, or those of emission.
    pub(crate) fn end_settlement(&mut self, netuid: NetUid, block: u32) -> Result<(), EpochError> {
        let Some(settling) = self.settling.get(netuid) else {
            return Ok(());
        };
        let held_until = settling.held_until(self.rules.settle_window)?;
        if block < held_until {
            return Err(EpochError::Unsettled(held_until));
        }
        self.settling.remove(netuid);
        self.peers.complete(netuid, &settling.settlement)
    }

    /// Tells what a step came to.
    fn tell(&self, netuid: NetUid, epoch: u32, told: Told) {
        let Told {
            chunk,
            memory,
            results,
        } = told;
        let memory = memory.unwrap_or_default();
        for (offset, bytes) in (0u32..)
            .step_by(MEMORY_PART)
            .zip(memory.chunks(MEMORY_PART))
        {
            self.env().emit_event(ReplayedMemory {
                netuid,
                epoch,
                chunk,
                offset,
                bytes: bytes.to_vec(),
            });
        }
        if let Some(results) = results {
            self.env().emit_event(ReplayedResults {
                netuid,
                epoch,
                chunk,
                results,
            });
        }
    }
}
