//! The keeper: closes epochs that are due, finalises what nobody disputed, settles every chunk, and
//! ends what no proposer posts.

use super::{Action, Report, RoleError};
use crate::{
    epochs::Ledger,
    history::assertion::posted,
    roles::tick::{everywhere, Step},
};
use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::first_difference;
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs, Settlement, Stage},
    AccountId, Digest, NetUid,
};
use std::num::NonZeroU32;

/// The keeper role.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    account: AccountId,
    contracts: Addresses,
    /// Steps of a replay per call, if it replays.
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
    /// What is due at `block`. Settling comes first: the next epoch cannot close before, or pay
    /// would be lost to its window. A replay comes before giving up: it saves the epoch.
    fn at(status: &EpochStatus, block: u32, replays: bool) -> Self {
        if let Some((epoch, chunk)) = status.settling.as_ref().and_then(unsettled) {
            return Due::Settle { epoch, chunk };
        }
        let is_due = |at: Option<u32>| at.is_some_and(|at| block >= at);
        match status.stage {
            Stage::Closed if replays && is_due(status.replays_at) => Due::Replay { next: 0 },
            Stage::Replaying { next } if replays && is_due(status.replays_at) => {
                Due::Replay { next }
            }
            _ if is_due(status.rolls_over_at) => Due::RollOver,
            Stage::Asserted {
                assertion,
                deadline,
                ..
            } if block >= deadline => Due::Finalize { assertion },
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
    /// A keeper that signs as `account` on the deployment at `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self {
            account,
            contracts,
            replays: None,
        }
    }

    /// Lets the chain execute epochs that nobody has posted, as soon as it may, with so many steps
    /// per call. That costs far more than to post them, and earns the proposer's fee.
    pub const fn replaying(mut self, steps_per_call: NonZeroU32) -> Self {
        self.replays = Some(steps_per_call);
        self
    }

    /// Takes every step that is due now, on all subnets.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(&self, chain: &mut dyn Chain, ledger: &mut Ledger) -> Result<Report, ChainError> {
        let block = chain.block()?;
        everywhere(
            chain,
            &self.contracts,
            |chain, netuid, status| match Due::at(status, block, self.replays.is_some()) {
                Due::Settle { epoch, chunk } => self.settle(chain, ledger, netuid, epoch, chunk),
                Due::Finalize { assertion } => {
                    self.finalize(chain, ledger, netuid, status.opened_at, &assertion)
                }
                Due::Close => self.close(chain, netuid),
                Due::Replay { next } => match self.replay(chain, ledger, netuid, status, next) {
                    // What cannot be executed is given up when its time has come.
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
        let refused = RoleError::refused("Epochs::close");
        match chain
            .send(self.account, self.contracts.epoch().close(netuid))
            .answer()
        {
            Ok(sent) => Ok(Step::Took(match sent.value {
                Some(header) => Action::Closed {
                    netuid,
                    epoch: header.epoch,
                },
                None => Action::RolledOver { netuid },
            })),
            // Somebody else may still settle what this keeper does not know the results of.
            Err(CallError::Refused(EpochError::Unsettled(_))) => Ok(Step::Nothing),
            // Somebody else has closed it.
            Err(
                error @ CallError::Refused(
                    EpochError::EpochUnfinished | EpochError::TempoNotOver(_),
                ),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }

    fn finalize(
        &self,
        chain: &mut dyn Chain,
        ledger: &mut Ledger,
        netuid: NetUid,
        from: u32,
        digest: &Digest,
    ) -> Result<Step, RoleError> {
        let computed = ledger.closed(chain, netuid)?;
        let header = &computed.inputs.header;
        if computed.assertion.digest() != *digest {
            let difference =
                posted(chain, &self.contracts, netuid, from, digest)?.and_then(|posted| {
                    let plan = &computed.trace.plan;
                    first_difference(plan, header.neurons, &computed.assertion, &posted)
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
        let refused = RoleError::refused("Epochs::finalize");
        match chain.send(self.account, message).answer() {
            Ok(_) => Ok(Step::Took(Action::Finalized {
                netuid,
                epoch: header.epoch,
            })),
            // Somebody else has finalised it, or something else is asserted by now.
            Err(
                error @ CallError::Refused(
                    EpochError::NotAsserted
                    | EpochError::AssertionMismatch
                    | EpochError::ChallengePeriod(_),
                ),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }

    /// Has the chain execute the next steps, for as many as a call takes.
    fn replay(
        &self,
        chain: &mut dyn Chain,
        ledger: &Ledger,
        netuid: NetUid,
        status: &EpochStatus,
        next: u32,
    ) -> Result<Step, RoleError> {
        let steps = self.replays.map_or(1, NonZeroU32::get);
        let memory = ledger.memory_of_steps(chain, netuid, next, steps)?;
        let message = self.contracts.epoch().replay(netuid, steps, memory);
        let refused = RoleError::refused("Epochs::replay");
        match chain.send(self.account, message).answer() {
            Ok(sent) => Ok(Step::Took(Action::Replayed {
                netuid,
                epoch: closed_epoch(status),
                next: sent.value,
            })),
            // Somebody else has posted it, or executed these steps.
            Err(
                error @ CallError::Refused(
                    EpochError::AlreadyAsserted
                    | EpochError::NothingClosed
                    | EpochError::OpeningMismatch(_),
                ),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }

    fn roll_over(
        &self,
        chain: &mut dyn Chain,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<Step, RoleError> {
        let refused = RoleError::refused("Epochs::roll_over");
        match chain
            .send(self.account, self.contracts.epoch().roll_over(netuid))
            .answer()
        {
            Ok(sent) => Ok(Step::Took(Action::GivenUp {
                netuid,
                epoch: closed_epoch(status),
                carried: sent.value,
            })),
            // Somebody else has, or it moves again.
            Err(
                error @ CallError::Refused(
                    EpochError::NothingClosed
                    | EpochError::AlreadyAsserted
                    | EpochError::RolloverNotDue(_),
                ),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }

    fn settle(
        &self,
        chain: &mut dyn Chain,
        ledger: &Ledger,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
    ) -> Result<Step, RoleError> {
        let results = ledger
            .results(chain, netuid, epoch)?
            .into_iter()
            .nth(usize::from(chunk))
            .ok_or(RoleError::ResultsUnknown { netuid, epoch })?;
        let message = self.contracts.epoch().settle(netuid, epoch, chunk, results);
        let refused = RoleError::refused("Epochs::settle");
        match chain.send(self.account, message).answer() {
            Ok(sent) => Ok(Step::Took(Action::Settled {
                netuid,
                epoch,
                chunk,
                paid: sent.value,
            })),
            // Somebody else has settled it.
            Err(
                error @ CallError::Refused(EpochError::AlreadySettled | EpochError::NotSettling),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }
}

/// The epoch that is closed and not final: the one before the open one.
fn closed_epoch(status: &EpochStatus) -> u32 {
    status.open.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::Rao;

    fn open() -> EpochStatus {
        EpochStatus {
            open: 4,
            opened_at: 100,
            closes_at: 150,
            stage: Stage::Open,
            final_epoch: Some(3),
            settling: None,
            replays_at: None,
            rolls_over_at: None,
        }
    }

    fn asserted(deadline: u32) -> EpochStatus {
        EpochStatus {
            stage: Stage::Asserted {
                assertion: [1; 32],
                proposer: [2; 32].into(),
                collateral: Rao(1),
                deadline,
            },
            ..open()
        }
    }

    fn settling(settled: u8) -> EpochStatus {
        EpochStatus {
            settling: Some(Settlement {
                epoch: 3,
                neurons: 130,
                chunk: 64,
                final_at: 140,
                settled: vec![settled],
                budget: Rao(9),
                paid: Rao(0),
                owner: [3; 32].into(),
                owner_hotkey: [4; 32].into(),
                fee: Rao(0),
            }),
            ..open()
        }
    }

    #[test]
    fn an_epoch_is_closed_at_the_first_block_it_can_be() {
        assert_eq!(Due::at(&open(), 149, false), Due::Nothing);
        assert_eq!(Due::at(&open(), 150, false), Due::Close);
    }

    #[test]
    fn an_assertion_is_finalised_at_its_deadline_and_not_before() {
        assert_eq!(Due::at(&asserted(160), 159, false), Due::Nothing);
        let assertion = [1; 32];
        assert_eq!(
            Due::at(&asserted(160), 160, false),
            Due::Finalize { assertion }
        );
    }

    #[test]
    fn a_closed_epoch_waits_for_a_proposer() {
        let status = EpochStatus {
            stage: Stage::Closed,
            ..open()
        };
        assert_eq!(Due::at(&status, 1_000, false), Due::Nothing);
    }

    #[test]
    fn what_nobody_posts_is_replayed_by_who_replays_and_given_up_by_all() {
        let status = |stage| EpochStatus {
            stage,
            replays_at: Some(200),
            rolls_over_at: Some(300),
            ..open()
        };
        let closed = status(Stage::Closed);
        assert_eq!(Due::at(&closed, 199, true), Due::Nothing);
        assert_eq!(Due::at(&closed, 200, true), Due::Replay { next: 0 });
        assert_eq!(Due::at(&closed, 299, false), Due::Nothing);
        assert_eq!(Due::at(&closed, 300, false), Due::RollOver);
        assert_eq!(Due::at(&closed, 300, true), Due::Replay { next: 0 });
        let replaying = status(Stage::Replaying { next: 7 });
        assert_eq!(Due::at(&replaying, 200, true), Due::Replay { next: 7 });
        assert_eq!(Due::at(&replaying, 300, false), Due::RollOver);
    }

    #[test]
    fn an_assertion_whose_kernel_has_changed_is_given_up_and_not_finalised() {
        let status = EpochStatus {
            rolls_over_at: Some(200),
            ..asserted(160)
        };
        assert_eq!(Due::at(&status, 200, false), Due::RollOver);
    }

    #[test]
    fn chunks_are_settled_in_order_and_before_the_next_close() {
        let settle = |chunk| Due::Settle { epoch: 3, chunk };
        assert_eq!(Due::at(&settling(0b000), 150, false), settle(0));
        assert_eq!(Due::at(&settling(0b011), 150, false), settle(2));
        assert_eq!(Due::at(&settling(0b111), 150, false), Due::Close);
    }
}
