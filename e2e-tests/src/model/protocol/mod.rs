//! The rules of the protocol in plain integers: the answer of each call, and its effect if it is
//! not refused.

mod replay;

use super::{claim::pay, Claimed};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{Collateral, EpochError, EpochRules},
    kernel::NeuronResult,
    AccountId, NetUid, Rao,
};
use std::collections::{BTreeMap, BTreeSet};

/// The state of the model: all subnets and accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The rules of the deployment.
    pub rules: EpochRules,
    /// The block.
    pub block: u32,
    /// The subnets.
    pub subnets: BTreeMap<NetUid, SubnetModel>,
    /// The accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The burned part of slashed collateral.
    pub burned: Rao,
}

/// The TAO of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Liquid TAO.
    pub balance: Rao,
    /// Collateral.
    pub collateral: Collateral,
}

/// A subnet's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetModel {
    /// Blocks per epoch.
    pub tempo: u32,
    /// Neurons it has now.
    pub neurons: u16,
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// The closed epoch, while it is not final.
    pub closed: Option<ClosedEpoch>,
    /// The last final epoch.
    pub final_epoch: Option<u32>,
    /// The pay-out of that epoch, until it is complete.
    pub settling: Option<PayOut>,
}

/// An epoch that is closed and not final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedEpoch {
    /// The number of the epoch.
    pub epoch: u32,
    /// The budget for neurons.
    pub budget: Rao,
    /// The fee of the proposer.
    pub proposer_fee: Rao,
    /// The fee for settling all chunks.
    pub keeper_fee: Rao,
    /// Block at which it closed.
    pub closed_at: u32,
    /// Block of the last progress: the close, or an overturned assertion.
    pub moved_at: u32,
    /// The assertions that stand, in the order in which they were posted.
    pub standing: Vec<Posted>,
    /// Number of replayed steps.
    pub replayed: u32,
    /// Number of all steps, once one is replayed; else 0.
    pub all: u32,
}

/// A posted assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The assertion and its results.
    pub claimed: Claimed,
    /// The proposer.
    pub by: AccountId,
    /// The collateral behind it.
    pub collateral: Rao,
    /// First block at which it can be final.
    pub deadline: u32,
}

/// A final epoch that is paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayOut {
    /// The number of the epoch.
    pub epoch: u32,
    /// Block at which it became final.
    pub final_at: u32,
    /// The budget for neurons.
    pub budget: Rao,
    /// The amount paid so far.
    pub paid: Rao,
    /// The fee for settling a chunk.
    pub fee: Rao,
    /// The results of each chunk.
    pub results: Vec<Vec<NeuronResult>>,
    /// The settled chunks.
    pub settled: BTreeSet<u16>,
}

/// The form of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// An assertion that fits the closed epoch.
    Fits,
    /// An assertion with another header hash.
    OtherHeader,
    /// An assertion of another shape than the plan.
    Misshapen,
    /// An assertion of which a replayed step differs.
    Contradicts,
}

impl Protocol {
    /// Returns the collateral that the next assertion on a subnet needs. It doubles with each
    /// assertion that stands, up to the cap of TAO.
    pub fn collateral_required(&self, netuid: NetUid) -> Rao {
        let closed = self.subnets[&netuid].closed.as_ref();
        let standing = closed.map_or(0, |closed| closed.standing.len());
        let budget = closed.map_or(0, |closed| u128::from(closed.budget.0));
        let part = budget * u128::from(self.rules.collateral_part.0) / 10_000;
        let mut collateral = part.max(u128::from(self.rules.collateral.0));
        for _ in 0..standing {
            collateral *= 2;
        }
        Rao(u64::try_from(collateral.min(u128::from(Rao::CAP.0))).expect("at most the cap"))
    }

    /// Returns the account of `who`.
    pub fn account(&mut self, who: AccountId) -> &mut Account {
        self.accounts.get_mut(&who).expect("a known account")
    }

    fn subnet(&mut self, netuid: NetUid) -> &mut SubnetModel {
        self.subnets.get_mut(&netuid).expect("a subnet")
    }

    /// Models `deposit_collateral`.
    pub fn deposit(&mut self, who: AccountId, amount: Rao) -> Result<(), EpochError> {
        let account = self.account(who);
        if account.balance < amount {
            return Err(EpochError::Payment(amount));
        }
        account.balance.0 -= amount.0;
        account.collateral.free.0 += amount.0;
        Ok(())
    }

    /// Models `withdraw_collateral`.
    pub fn withdraw(&mut self, who: AccountId, amount: Rao) -> Result<(), EpochError> {
        let account = self.account(who);
        if account.collateral.free < amount {
            return Err(EpochError::CollateralTooSmall(amount));
        }
        account.collateral.free.0 -= amount.0;
        account.balance.0 += amount.0;
        Ok(())
    }

    /// Models `close`. Returns false for an epoch without neurons, whose tempo restarts.
    pub fn close(&mut self, netuid: NetUid) -> Result<bool, EpochError> {
        let (block, window) = (self.block, self.rules.settle_window);
        let subnet = self.subnet(netuid);
        let due = subnet.opened_at + subnet.tempo;
        if block < due {
            return Err(EpochError::TempoNotOver(due));
        }
        if subnet.closed.is_some() {
            return Err(EpochError::EpochUnfinished);
        }
        if subnet.neurons == 0 {
            subnet.opened_at = block;
            return Ok(false);
        }
        if let Some(settling) = &subnet.settling {
            let until = settling.final_at + window;
            if block < until {
                return Err(EpochError::Unsettled(until));
            }
        }
        subnet.settling = None;
        subnet.closed = Some(ClosedEpoch {
            epoch: subnet.open,
            budget: Rao::ZERO,
            proposer_fee: Rao::ZERO,
            keeper_fee: Rao::ZERO,
            closed_at: block,
            moved_at: block,
            standing: Vec::new(),
            replayed: 0,
            all: 0,
        });
        subnet.open += 1;
        subnet.opened_at = block;
        Ok(true)
    }

    /// Sets the closed epoch's budget for neurons, proposer and keepers, which emission decides.
    pub fn set_budget(&mut self, netuid: NetUid, neurons: Rao, proposer: Rao, keeper: Rao) {
        let closed = self.subnet(netuid).closed.as_mut();
        let closed = closed.expect("a closed epoch");
        closed.budget = neurons;
        closed.proposer_fee = proposer;
        closed.keeper_fee = keeper;
    }

    /// Models `propose`.
    pub fn propose(
        &mut self,
        netuid: NetUid,
        who: AccountId,
        claimed: Claimed,
        fit: Fit,
    ) -> Result<(), EpochError> {
        let needed = self.collateral_required(netuid);
        let deadline = self.block + self.rules.challenge_period;
        let free = self.account(who).collateral.free;
        let Some(closed) = &mut self.subnet(netuid).closed else {
            return Err(EpochError::NothingClosed);
        };
        let mut standing = closed.standing.iter();
        if standing.any(|posted| posted.claimed.assertion == claimed.assertion) {
            return Err(EpochError::AlreadyAsserted);
        }
        if closed.standing.len() == 4 {
            return Err(EpochError::TooManyAssertions(4));
        }
        match fit {
            Fit::Fits => {}
            Fit::OtherHeader => return Err(EpochError::HeaderMismatch),
            Fit::Misshapen => return Err(EpochError::BadShape),
            Fit::Contradicts => return Err(EpochError::ContradictsReplay),
        }
        if free < needed {
            return Err(EpochError::CollateralTooSmall(needed));
        }
        closed.standing.push(Posted {
            claimed,
            by: who,
            collateral: needed,
            deadline,
        });
        let collateral = &mut self.account(who).collateral;
        collateral.free.0 -= needed.0;
        collateral.locked.0 += needed.0;
        Ok(())
    }

    /// Models `dispute` with the verdict on a proof about `assertion`, which may stand.
    pub fn dispute(
        &mut self,
        netuid: NetUid,
        challenger: AccountId,
        assertion: &Assertion,
        verdict: impl FnOnce() -> Result<(), EpochError>,
    ) -> Result<(), EpochError> {
        let place = self.disputable(netuid, assertion)?;
        verdict()?;
        let block = self.block;
        let closed = self.subnet(netuid).closed.as_mut().expect("it was");
        let Posted { by, collateral, .. } = closed.standing.remove(place);
        closed.moved_at = block;
        self.account(by).collateral.locked.0 -= collateral.0;
        let reward = self.rules.reward_part.of(collateral);
        self.account(challenger).balance.0 += reward.0;
        self.burned.0 += collateral.0 - reward.0;
        Ok(())
    }

    /// Returns the place of `assertion` among those that stand, if it can still be disputed.
    fn disputable(&self, netuid: NetUid, assertion: &Assertion) -> Result<usize, EpochError> {
        let standing = self.standing(netuid);
        if standing.is_empty() {
            return Err(EpochError::NotAsserted);
        }
        let place = standing
            .iter()
            .position(|posted| posted.claimed.assertion == *assertion);
        let place = place.ok_or(EpochError::AssertionMismatch)?;
        let deadline = standing[place].deadline;
        if self.block >= deadline {
            return Err(EpochError::ChallengeOver(deadline));
        }
        Ok(place)
    }

    /// Returns the assertions that stand on a subnet, in the order in which they were posted.
    pub fn standing(&self, netuid: NetUid) -> &[Posted] {
        let closed = self.subnets[&netuid].closed.as_ref();
        closed.map_or(&[], |closed| &closed.standing)
    }

    /// Models `finalize` with `assertion`.
    pub fn finalize(&mut self, netuid: NetUid, assertion: &Assertion) -> Result<(), EpochError> {
        let block = self.block;
        let standing = self.standing(netuid).to_vec();
        let first = standing.first().ok_or(EpochError::NotAsserted)?;
        if block < first.deadline {
            return Err(EpochError::ChallengePeriod(first.deadline));
        }
        if first.claimed.assertion != *assertion {
            return Err(EpochError::AssertionMismatch);
        }
        let subnet = self.subnet(netuid);
        let closed = subnet.closed.as_ref().expect("it is asserted");
        let fee = Rao(closed.proposer_fee.0 - closed.earned().0);
        subnet.make_final(first.claimed.results.clone(), block);
        self.account(first.by).balance.0 += fee.0;
        for Posted { by, collateral, .. } in &standing {
            let account = self.account(*by);
            account.collateral.locked.0 -= collateral.0;
            account.collateral.free.0 += collateral.0;
        }
        Ok(())
    }

    /// Models `settle`.
    pub fn settle(
        &mut self,
        netuid: NetUid,
        who: AccountId,
        epoch: u32,
        chunk: u16,
        results: &[NeuronResult],
    ) -> Result<Rao, EpochError> {
        let subnet = self.subnet(netuid);
        let settling = subnet.settling.as_mut().filter(|it| it.epoch == epoch);
        let Some(settling) = settling else {
            return Err(EpochError::NotSettling);
        };
        let chunks = settling.chunks();
        let Some(due) = settling.results.get(usize::from(chunk)) else {
            return Err(EpochError::ChunkOutOfRange(chunks));
        };
        if settling.settled.contains(&chunk) {
            return Err(EpochError::AlreadySettled);
        }
        if due != results {
            return Err(EpochError::ResultsMismatch);
        }
        let amount: u64 = results.iter().map(pay).sum();
        let left = settling.budget.0 - settling.paid.0;
        if amount > left {
            return Err(EpochError::OverBudget(Rao(left)));
        }
        settling.paid.0 += amount;
        settling.settled.insert(chunk);
        let fee = settling.fee;
        if settling.settled.len() == usize::from(chunks) {
            subnet.settling = None;
        }
        self.account(who).balance.0 += fee.0;
        Ok(Rao(amount))
    }
}

impl SubnetModel {
    /// Makes the closed epoch final with `results`.
    fn make_final(&mut self, results: Vec<Vec<NeuronResult>>, block: u32) {
        let closed = self.closed.take().expect("a closed epoch");
        let chunks = u64::try_from(results.len()).expect("few chunks");
        self.settling = Some(PayOut {
            epoch: closed.epoch,
            final_at: block,
            budget: closed.budget,
            paid: Rao::ZERO,
            fee: Rao(closed.keeper_fee.0 / chunks),
            results,
            settled: BTreeSet::new(),
        });
        self.final_epoch = Some(closed.epoch);
    }

    /// Returns the first block after `block` at which another call becomes possible, or `block`.
    pub fn due(&self, rules: &EpochRules, block: u32) -> u32 {
        let closes = self.opened_at + self.tempo;
        let deadline = self
            .closed
            .as_ref()
            .and_then(|closed| closed.standing.first())
            .map(|first| first.deadline);
        let held = self
            .settling
            .as_ref()
            .map(|settling| settling.final_at + rules.settle_window);
        let (replays, rolls_over) = (self.replays_at(rules), self.rolls_over_at(rules));
        [Some(closes), deadline, held, replays, rolls_over]
            .into_iter()
            .flatten()
            .filter(|due| *due > block)
            .min()
            .unwrap_or(block)
    }
}

impl PayOut {
    /// Returns the number of chunks.
    pub fn chunks(&self) -> u16 {
        u16::try_from(self.results.len()).expect("few chunks")
    }
}
