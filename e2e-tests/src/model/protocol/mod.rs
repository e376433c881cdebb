//! The rules of the game in plain integers: what each call answers, and what it changes if it is
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

/// All subnets and everyone who plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// The constants.
    pub rules: EpochRules,
    /// The block.
    pub block: u32,
    /// The subnets.
    pub subnets: BTreeMap<NetUid, SubnetGame>,
    /// The players.
    pub accounts: BTreeMap<AccountId, Account>,
    /// What was burned of slashed collateral.
    pub burned: Rao,
}

/// A player's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Liquid TAO.
    pub purse: Rao,
    /// Its collateral.
    pub collateral: Collateral,
}

/// A subnet's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetGame {
    /// Blocks per epoch.
    pub tempo: u32,
    /// Neurons it has now.
    pub neurons: u16,
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// The epoch before, while it is not final.
    pub closed: Option<ClosedEpoch>,
    /// The last final epoch.
    pub final_epoch: Option<u32>,
    /// That epoch, while it is paid out.
    pub settling: Option<PayOut>,
}

/// An epoch that is closed and not final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedEpoch {
    /// Its number.
    pub epoch: u32,
    /// What it may pay to neurons.
    pub budget: Rao,
    /// What its proposer earns.
    pub proposer_fee: Rao,
    /// What settling it earns in all.
    pub keeper_fee: Rao,
    /// Block at which it closed.
    pub closed_at: u32,
    /// Block at which it last came further: it closed, lost an assertion, or was replayed.
    pub moved_at: u32,
    /// Assertions of it that fell.
    pub fallen: u32,
    /// The assertion that stands.
    pub standing: Option<Standing>,
    /// Steps that the chain has executed of it. After the first nobody can propose.
    pub replayed: u32,
}

/// An assertion that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it says.
    pub claimed: Claimed,
    /// Who says it.
    pub by: AccountId,
    /// What it loses if that is false.
    pub collateral: Rao,
    /// First block at which it can be final.
    pub deadline: u32,
}

/// A final epoch that is paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayOut {
    /// Its number.
    pub epoch: u32,
    /// Block at which it became final.
    pub final_at: u32,
    /// What it may pay.
    pub budget: Rao,
    /// What it has paid.
    pub paid: Rao,
    /// What settling a chunk earns.
    pub fee: Rao,
    /// What each chunk is paid.
    pub results: Vec<Vec<NeuronResult>>,
    /// The chunks that are paid.
    pub settled: BTreeSet<u16>,
}

/// Whether an assertion can be posted at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It can.
    Fits,
    /// It is for another epoch.
    OtherHeader,
    /// It has not the shape of the plan.
    Misshapen,
}

impl Game {
    /// Collateral that the next assertion on a subnet needs: doubled for each that fell, at most all TAO
    /// there may be.
    pub fn collateral_required(&self, netuid: NetUid) -> Rao {
        let closed = self.subnets[&netuid].closed.as_ref();
        let fallen = closed.map_or(0, |closed| closed.fallen);
        let mut collateral = u128::from(self.rules.collateral.0);
        for _ in 0..fallen.min(64) {
            collateral *= 2;
        }
        Rao(u64::try_from(collateral.min(u128::from(Rao::CAP.0))).expect("at most the cap"))
    }

    /// Who plays, with its money.
    pub fn account(&mut self, who: AccountId) -> &mut Account {
        self.accounts.get_mut(&who).expect("a player")
    }

    fn subnet(&mut self, netuid: NetUid) -> &mut SubnetGame {
        self.subnets.get_mut(&netuid).expect("a subnet")
    }

    /// `deposit_collateral`.
    pub fn deposit(&mut self, who: AccountId, amount: Rao) -> Result<(), EpochError> {
        let account = self.account(who);
        if account.purse < amount {
            return Err(EpochError::Payment(amount));
        }
        account.purse.0 -= amount.0;
        account.collateral.free.0 += amount.0;
        Ok(())
    }

    /// `withdraw_collateral`.
    pub fn withdraw(&mut self, who: AccountId, amount: Rao) -> Result<(), EpochError> {
        let account = self.account(who);
        if account.collateral.free < amount {
            return Err(EpochError::CollateralTooSmall(amount));
        }
        account.collateral.free.0 -= amount.0;
        account.purse.0 += amount.0;
        Ok(())
    }

    /// `close`. Whether there is an epoch to compute: one without neurons starts anew.
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
            fallen: 0,
            standing: None,
            replayed: 0,
        });
        subnet.open += 1;
        subnet.opened_at = block;
        Ok(true)
    }

    /// What a closed epoch may pay, which is emission's business: to neurons, to its proposer, and
    /// to those who settle it.
    pub fn set_budget(&mut self, netuid: NetUid, neurons: Rao, proposer: Rao, keeper: Rao) {
        let closed = self.subnet(netuid).closed.as_mut();
        let closed = closed.expect("a closed epoch");
        closed.budget = neurons;
        closed.proposer_fee = proposer;
        closed.keeper_fee = keeper;
    }

    /// `propose`.
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
        if closed.standing.is_some() {
            return Err(EpochError::AlreadyAsserted);
        }
        if closed.replayed > 0 {
            return Err(EpochError::Replaying);
        }
        match fit {
            Fit::Fits => {}
            Fit::OtherHeader => return Err(EpochError::HeaderMismatch),
            Fit::Misshapen => return Err(EpochError::BadShape),
        }
        if free < needed {
            return Err(EpochError::CollateralTooSmall(needed));
        }
        closed.standing = Some(Standing {
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

    /// `dispute`, with a proof about what stands or not, and what must come of that proof.
    pub fn dispute(
        &mut self,
        netuid: NetUid,
        challenger: AccountId,
        about_standing: bool,
        verdict: impl FnOnce(&Assertion) -> Result<(), EpochError>,
    ) -> Result<(), EpochError> {
        let standing = self.disputable(netuid)?;
        if !about_standing {
            return Err(EpochError::AssertionMismatch);
        }
        verdict(&standing.claimed.assertion)?;
        let Standing { by, collateral, .. } = standing.clone();
        let block = self.block;
        let closed = self.subnet(netuid).closed.as_mut().expect("it was");
        closed.standing = None;
        closed.fallen += 1;
        closed.moved_at = block;
        self.account(by).collateral.locked.0 -= collateral.0;
        let reward = Rao(collateral.0 / 2);
        self.account(challenger).purse.0 += reward.0;
        self.burned.0 += collateral.0 - reward.0;
        Ok(())
    }

    /// What stands on a subnet and can still be disputed.
    fn disputable(&self, netuid: NetUid) -> Result<&Standing, EpochError> {
        let closed = self.subnets[&netuid].closed.as_ref();
        let Some(standing) = closed.and_then(|closed| closed.standing.as_ref()) else {
            return Err(EpochError::NotAsserted);
        };
        if self.block >= standing.deadline {
            return Err(EpochError::ChallengeOver(standing.deadline));
        }
        Ok(standing)
    }

    /// `finalize`, with what stands or another assertion.
    pub fn finalize(&mut self, netuid: NetUid, with_standing: bool) -> Result<(), EpochError> {
        let block = self.block;
        let subnet = self.subnet(netuid);
        let Some(closed) = &subnet.closed else {
            return Err(EpochError::NotAsserted);
        };
        let Some(standing) = &closed.standing else {
            return Err(EpochError::NotAsserted);
        };
        if block < standing.deadline {
            return Err(EpochError::ChallengePeriod(standing.deadline));
        }
        if !with_standing {
            return Err(EpochError::AssertionMismatch);
        }
        let (by, collateral, fee) = (standing.by, standing.collateral, closed.proposer_fee);
        let results = standing.claimed.results.clone();
        subnet.make_final(results, block);
        let account = self.account(by);
        account.collateral.locked.0 -= collateral.0;
        account.collateral.free.0 += collateral.0;
        account.purse.0 += fee.0;
        Ok(())
    }

    /// `settle`.
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
        self.account(who).purse.0 += fee.0;
        Ok(Rao(amount))
    }
}

impl SubnetGame {
    /// The closed epoch is final and comes to `results`.
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

    /// First block after `block` at which something can happen that cannot before; `block` if there
    /// is none.
    pub fn due(&self, rules: &EpochRules, block: u32) -> u32 {
        let closes = self.opened_at + self.tempo;
        let deadline = self
            .closed
            .as_ref()
            .and_then(|closed| closed.standing.as_ref())
            .map(|standing| standing.deadline);
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
    /// How many chunks there are.
    pub fn chunks(&self) -> u16 {
        u16::try_from(self.results.len()).expect("few chunks")
    }
}
