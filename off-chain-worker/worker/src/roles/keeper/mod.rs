//! The keeper: closes due epochs, finalizes undisputed assertions, settles every chunk, and replays
//! or rolls over epochs that no proposer posts.

mod due;
mod groups;
mod settle;
#[cfg(test)]
mod tests;

pub use groups::settlement_calls;

use super::{
    stakes::is_too_large,
    standing::closed_epoch,
    turn::{self, Due, Look, Remedy, Step},
    Action, Role, RoleError, Subnets, TickReport, Turn, GROUP,
};
use crate::epochs::EpochCache;
use due::DueStep;
use inktensor_client::{
    chain::{CallError, Chain, ChainError, ChainRead, Sent, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    emission::{Emission, EpochBudget, Fees},
    epoch::{EpochError, EpochStatus, Epochs, Stage},
    kernel::EpochHeader,
    AccountId, NetUid, Rao,
};
use std::num::NonZeroU32;

/// Blocks for which a keeper that also proposes leaves a due rollover alone, as long as it can
/// compute the epoch: its proposer posts it instead.
const POST_FIRST: u32 = 100;

/// The keeper role.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    account: AccountId,
    contracts: Addresses,
    /// Steps of a replay per call; `None` for a keeper that does not replay.
    replays: Option<NonZeroU32>,
    /// True if this worker also proposes.
    proposes: bool,
    /// Least fee of an epoch.
    min_fee: Rao,
}

impl Keeper {
    /// Creates a keeper that signs as `account` on the deployment at `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self {
            account,
            contracts,
            replays: None,
            proposes: false,
            min_fee: Rao::ZERO,
        }
    }

    /// Makes the keeper replay epochs that no proposer posts, as soon as the chain allows it, with
    /// this number of steps per call. A replay costs far more than an assertion, and earns the
    /// proposer's fee.
    pub const fn replaying(mut self, steps_per_call: NonZeroU32) -> Self {
        self.replays = Some(steps_per_call);
        self
    }

    /// Says that this worker also proposes. It then rolls over no epoch that the worker
    /// can compute, until the proposer has had time to post it.
    pub const fn proposing(mut self) -> Self {
        self.proposes = true;
        self
    }

    /// Makes the keeper leave alone epochs that pay less than `fee` for their settlement.
    pub const fn for_at_least(mut self, fee: Rao) -> Self {
        self.min_fee = fee;
        self
    }

    /// Takes every step that is due now, on all subnets.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
    ) -> Result<TickReport, ChainError> {
        turn::tick(self, Subnets::of(self.contracts), chain, epochs)
    }

    fn look(
        &self,
        turn: &mut Turn<'_>,
        block: u32,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<Look, RoleError> {
        let step = DueStep::at(netuid, status, block, self.replays.is_some());
        if step == DueStep::Nothing || !self.is_worth_it(turn.chain, netuid, status, &step)? {
            return Ok(Look::NOTHING);
        }
        let due = match step {
            DueStep::Settle => match self.settle(turn, netuid, status) {
                // Once the settle window is over, the epoch closes with what was settled.
                Err(problem) if status.stage == Stage::Open && block >= status.closes_at => {
                    turn::report(turn.listener, netuid, problem)?;
                    self.close(netuid)
                }
                settled => return settled,
            },
            DueStep::Finalize(posted) => match self.finalize(turn, &posted)? {
                Some(due) => due,
                None => return Ok(Look::NOTHING),
            },
            DueStep::Close => self.close(netuid),
            DueStep::Replay { next } => match self.replay(turn, netuid, status, next) {
                // An epoch that cannot be replayed is rolled over when it is time.
                Err(_) if status.rolls_over_at.is_some_and(|at| block >= at) => {
                    self.roll_over(netuid, status)
                }
                due => due?,
            },
            DueStep::RollOver { due_at } if self.may_be_posted(turn, netuid, block, due_at)? => {
                return Ok(Look::NOTHING);
            }
            DueStep::RollOver { .. } => self.roll_over(netuid, status),
            DueStep::Nothing => return Ok(Look::NOTHING),
        };
        Ok(Look::Due(vec![due]))
    }

    /// Returns true if this worker's proposer may still post the epoch.
    fn may_be_posted(
        &self,
        turn: &mut Turn<'_>,
        netuid: NetUid,
        block: u32,
        due_at: u32,
    ) -> Result<bool, ChainError> {
        if !self.proposes || block >= due_at.saturating_add(POST_FIRST) {
            return Ok(false);
        }
        match turn.epochs.closed(turn.chain, netuid) {
            Ok(_) => Ok(true),
            Err(error) => match error.trouble() {
                Some(trouble) => Err(trouble.clone()),
                None => Ok(false),
            },
        }
    }

    /// Returns true if the epoch that `step` is about pays the least fee.
    fn is_worth_it(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        status: &EpochStatus,
        step: &DueStep,
    ) -> Result<bool, ChainError> {
        if self.min_fee.is_zero() {
            return Ok(true);
        }
        let emission = self.contracts.emission();
        let fee = match step {
            DueStep::Nothing => return Ok(false),
            DueStep::Settle => match &status.settling {
                Some(settling) => Rao(settling.fee.0.saturating_mul(settling.chunks().into())),
                None => Rao::ZERO,
            },
            DueStep::Close => {
                let fees: Fees = chain.query(emission.fees())?;
                let pending = self.contracts.emission().pending(netuid);
                fees.keeper.of(chain.query(pending)?)
            }
            // A worker that has posted for the proposer's fee gets its collateral back.
            DueStep::Finalize(_) | DueStep::Replay { .. } | DueStep::RollOver { .. } => {
                let budget: Option<EpochBudget> =
                    chain.query(emission.budget(netuid, closed_epoch(status)))?;
                budget.map_or(Rao::ZERO, |budget| budget.keeper.max(budget.proposer))
            }
        };
        Ok(fee >= self.min_fee)
    }

    fn close(&self, netuid: NetUid) -> Due {
        let message = self.contracts.epoch().close(netuid);
        Due::new(message, move |answer| {
            // Another keeper may know the missing results and settle.
            if let Err(CallError::Refused(EpochError::Unsettled(_))) = answer {
                return Ok(Step::Nothing);
            }
            let action = |sent: Sent<Option<EpochHeader>>| match sent.value {
                Some(header) => Action::Closed {
                    netuid,
                    epoch: header.epoch,
                },
                None => Action::TempoRestarted { netuid },
            };
            turn::answered("Epochs::close", answer, action, |error| {
                // Another account has closed it.
                matches!(
                    error,
                    EpochError::EpochUnfinished | EpochError::TempoNotOver(_)
                )
            })
        })
    }

    /// Makes the chain execute the next steps, as many as a call takes.
    fn replay(
        &self,
        turn: &Turn<'_>,
        netuid: NetUid,
        status: &EpochStatus,
        next: u32,
    ) -> Result<Due, RoleError> {
        let steps = self.replays.map_or(1, NonZeroU32::get);
        let memory = turn
            .epochs
            .memory_of_steps(turn.chain, netuid, next, steps)?;
        let message = self.contracts.epoch().replay(netuid, steps, memory);
        let epoch = closed_epoch(status);
        let action = move |sent: Sent<u32>| Action::Replayed {
            netuid,
            epoch,
            next: sent.value,
        };
        Ok(Due::new(message, move |answer| match answer {
            Err(error) if is_too_large(&error) => Ok(Step::Reducible {
                remedy: Remedy::StoreStakes { k: next },
                problem: RoleError::refused("Epochs::replay")(error),
            }),
            answer => turn::answered("Epochs::replay", answer, action, |error| {
                // Another account has posted the epoch, or executed these steps.
                matches!(
                    error,
                    EpochError::AlreadyAsserted
                        | EpochError::NothingClosed
                        | EpochError::OpeningMismatch(_)
                )
            }),
        }))
    }

    fn roll_over(&self, netuid: NetUid, status: &EpochStatus) -> Due {
        let message = self.contracts.epoch().roll_over(netuid);
        let epoch = closed_epoch(status);
        let action = move |sent: Sent<Rao>| Action::RolledOver {
            netuid,
            epoch,
            carried: sent.value,
        };
        Due::step("Epochs::roll_over", message, action, |error| {
            // Another account has rolled it over, or it makes progress again.
            matches!(
                error,
                EpochError::NothingClosed
                    | EpochError::AlreadyAsserted
                    | EpochError::RolloverNotDue(_)
            )
        })
    }
}

impl Role for Keeper {
    fn turn(&self, turn: &mut Turn<'_>) -> Result<bool, ChainError> {
        let statuses = turn.subnets.read(turn.chain)?;
        let block = turn.chain.block()?;
        turn::take(turn, self.account, statuses, |turn, netuid, status| {
            self.look(turn, block, netuid, status)
        })
    }
}
