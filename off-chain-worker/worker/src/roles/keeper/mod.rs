//! The keeper: closes due epochs, finalizes undisputed assertions, settles every chunk, and replays
//! or rolls over epochs that no proposer posts.

use super::{Action, RoleError, TickReport};
use crate::{
    epochs::EpochCache,
    history::EpochHistory,
    roles::tick::{tick_all, Step},
};
use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, Sent, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::first_difference;
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs, Settlement, Stage},
    kernel::EpochHeader,
    AccountId, Digest, NetUid, Rao,
};
use std::num::NonZeroU32;

/// The keeper role.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    account: AccountId,
    contracts: Addresses,
    /// Steps of a replay per call; `None` for a keeper that does not replay.
    replays: Option<NonZeroU32>,
}

/// The step that is due on a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Due {
    Settle { epoch: u32, chunk: u16 },
    Finalize { assertion: Digest },
    Close,
    Replay { next: u32 },
    RollOver,
    Nothing,
}

impl Due {
    /// Returns the step that is due at `block`. Settling comes first: the next epoch cannot close
    /// before, or pay would be lost to its window. A replay comes before a rollover: it saves the
    /// epoch.
    fn at(status: &EpochStatus, block: u32, replays: bool) -> Self {
        if let Some((epoch, chunk)) = status.settling.as_ref().and_then(unsettled) {
            return Due::Settle { epoch, chunk };
        }
        let is_due = |at: Option<u32>| at.is_some_and(|at| block >= at);
        match &status.stage {
            Stage::Closed if replays && is_due(status.replays_at) => Due::Replay {
                next: status.replayed,
            },
            _ if is_due(status.rolls_over_at) => Due::RollOver,
            // The deadline of the first passes first, and it alone can be finalized.
            Stage::Asserted(standing) => match standing.first() {
                Some(first) if block >= first.deadline => Due::Finalize {
                    assertion: first.assertion,
                },
                _ => Due::Nothing,
            },
            Stage::Open if block >= status.closes_at => Due::Close,
            _ => Due::Nothing,
        }
    }
}

fn unsettled(settlement: &Settlement) -> Option<(u32, u16)> {
    (0..settlement.chunks())
        .find(|chunk| !settlement.is_settled(*chunk))
        .map(|chunk| (settlement.epoch, chunk))
}

impl Keeper {
    /// Creates a keeper that signs as `account` on the deployment at `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self {
            account,
            contracts,
            replays: None,
        }
    }

    /// Makes the keeper replay epochs that no proposer posts, as soon as the chain allows it, with
    /// this number of steps per call. A replay costs far more than an assertion, and earns the
    /// proposer's fee.
    pub const fn replaying(mut self, steps_per_call: NonZeroU32) -> Self {
        self.replays = Some(steps_per_call);
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
        let block = chain.block()?;
        tick_all(
            chain,
            &self.contracts,
            |chain, netuid, status| match Due::at(status, block, self.replays.is_some()) {
                Due::Settle { epoch, chunk } => {
                    self.settle(chain, epochs, netuid, status, (epoch, chunk))
                }
                Due::Finalize { assertion } => {
                    self.finalize(chain, epochs, netuid, status.opened_at, &assertion)
                }
                Due::Close => self.close(chain, netuid),
                Due::Replay { next } => match self.replay(chain, epochs, netuid, status, next) {
                    // An epoch that cannot be replayed is rolled over when it is time.
                    Err(_) if status.rolls_over_at.is_some_and(|at| block >= at) => {
                        self.roll_over(chain, netuid, status)
                    }
                    replayed => replayed,
                },
                Due::RollOver => self.roll_over(chain, netuid, status),
                Due::Nothing => Ok(Step::Nothing),
            },
        )
    }

    fn close(&self, chain: &mut dyn Chain, netuid: NetUid) -> Result<Step, RoleError> {
        let message = self.contracts.epoch().close(netuid);
        let answer = chain.send(self.account, message).answer();
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
        Step::of("Epochs::close", answer, action, |error| {
            // Another account has closed it.
            matches!(
                error,
                EpochError::EpochUnfinished | EpochError::TempoNotOver(_)
            )
        })
    }

    fn finalize(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
        netuid: NetUid,
        from: u32,
        digest: &Digest,
    ) -> Result<Step, RoleError> {
        let computed = epochs.closed(chain, netuid)?;
        let header = &computed.inputs.header;
        if computed.assertion.digest() != *digest {
            let epoch = (netuid, header.epoch);
            let history = EpochHistory::read(chain, &self.contracts, epoch, from)?;
            let difference = history.assertion(digest).and_then(|posted| {
                let plan = &computed.trace.plan;
                first_difference(plan, header.neurons, &computed.assertion, posted)
            });
            return Err(RoleError::Disagreement {
                netuid,
                epoch: header.epoch,
                difference,
            });
        }
        let message = self
            .contracts
            .epoch()
            .finalize(netuid, computed.assertion.clone());
        let answer = chain.send(self.account, message).answer();
        let action = |_| Action::Finalized {
            netuid,
            epoch: header.epoch,
        };
        Step::of("Epochs::finalize", answer, action, |error| {
            // Another account has finalized it, or another assertion stands by now.
            matches!(
                error,
                EpochError::NotAsserted
                    | EpochError::AssertionMismatch
                    | EpochError::ChallengePeriod(_)
            )
        })
    }

    /// Makes the chain execute the next steps, as many as a call takes.
    fn replay(
        &self,
        chain: &mut dyn Chain,
        epochs: &EpochCache,
        netuid: NetUid,
        status: &EpochStatus,
        next: u32,
    ) -> Result<Step, RoleError> {
        let steps = self.replays.map_or(1, NonZeroU32::get);
        let memory = epochs.memory_of_steps(chain, netuid, next, steps)?;
        let message = self.contracts.epoch().replay(netuid, steps, memory);
        let answer = chain.send(self.account, message).answer();
        let action = |sent: Sent<u32>| Action::Replayed {
            netuid,
            epoch: closed_epoch(status),
            next: sent.value,
        };
        Step::of("Epochs::replay", answer, action, |error| {
            // Another account has posted the epoch, or executed these steps.
            matches!(
                error,
                EpochError::AlreadyAsserted
                    | EpochError::NothingClosed
                    | EpochError::OpeningMismatch(_)
            )
        })
    }

    fn roll_over(
        &self,
        chain: &mut dyn Chain,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<Step, RoleError> {
        let message = self.contracts.epoch().roll_over(netuid);
        let answer = chain.send(self.account, message).answer();
        let action = |sent: Sent<Rao>| Action::RolledOver {
            netuid,
            epoch: closed_epoch(status),
            carried: sent.value,
        };
        Step::of("Epochs::roll_over", answer, action, |error| {
            // Another account has rolled it over, or it makes progress again.
            matches!(
                error,
                EpochError::NothingClosed
                    | EpochError::AlreadyAsserted
                    | EpochError::RolloverNotDue(_)
            )
        })
    }

    fn settle(
        &self,
        chain: &mut dyn Chain,
        epochs: &EpochCache,
        netuid: NetUid,
        status: &EpochStatus,
        (epoch, chunk): (u32, u16),
    ) -> Result<Step, RoleError> {
        let results = epochs
            .results(chain, netuid, epoch)?
            .into_iter()
            .nth(usize::from(chunk))
            .ok_or(RoleError::ResultsUnknown { netuid, epoch })?;
        let chunks = status.settling.as_ref().map_or(0, Settlement::chunks);
        let memory = epochs
            .final_memory(chain, netuid, epoch, chunks)?
            .into_iter()
            .nth(usize::from(chunk))
            .ok_or(RoleError::MemoryUnknown { netuid, epoch })?;
        let mut contract = self.contracts.epoch();
        let message = contract.settle(netuid, epoch, chunk, results, memory);
        let answer = chain.send(self.account, message).answer();
        let action = |sent: Sent<Rao>| Action::Settled {
            netuid,
            epoch,
            chunk,
            paid: sent.value,
        };
        Step::of("Epochs::settle", answer, action, |error| {
            // Another account has settled it.
            matches!(error, EpochError::AlreadySettled | EpochError::NotSettling)
        })
    }
}

/// Returns the epoch that is closed and not final: the one before the open one.
fn closed_epoch(status: &EpochStatus) -> u32 {
    status.open.saturating_sub(1)
}

#[cfg(test)]
mod tests;
