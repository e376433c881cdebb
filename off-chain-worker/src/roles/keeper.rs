//! The keeper: closes epochs that are due, finalises what nobody disputed, settles every chunk.

use super::{
    everywhere::{everywhere, Step},
    posted::posted,
    Action, Ledger, Report, RoleError,
};
use crate::{
    chain::{CallError, Chain, ChainError, Typed},
    deploy::Addresses,
    epoch::first_difference,
};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs, Settlement, Stage},
    AccountId, Digest, NetUid,
};

/// The keeper role.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    account: AccountId,
    contracts: Addresses,
}

/// The step that is due on a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Due {
    Settle { epoch: u32, chunk: u16 },
    Finalize { assertion: Digest },
    Close,
    Nothing,
}

impl Due {
    /// What is due at `block`. Settling comes first: the next epoch cannot close before, or pay would be lost to its window.
    fn at(status: &EpochStatus, block: u32) -> Self {
        if let Some((epoch, chunk)) = status.settling.as_ref().and_then(unsettled) {
            return Due::Settle { epoch, chunk };
        }
        match status.stage {
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
        Self { account, contracts }
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
            |chain, netuid, status| match Due::at(status, block) {
                Due::Settle { epoch, chunk } => self.settle(chain, ledger, netuid, epoch, chunk),
                Due::Finalize { assertion } => {
                    self.finalize(chain, ledger, netuid, status.opened_at, &assertion)
                }
                Due::Close => self.close(chain, netuid),
                Due::Nothing => Ok(Step::Nothing),
            },
        )
    }

    fn close(&self, chain: &mut dyn Chain, netuid: NetUid) -> Result<Step, RoleError> {
        let refused = RoleError::refused("Epochs::close");
        match chain.run(self.account, self.contracts.epoch().close(netuid)) {
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
        match chain.run(self.account, message) {
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
        match chain.run(self.account, message) {
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
                bond: Rao(1),
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
        assert_eq!(Due::at(&open(), 149), Due::Nothing);
        assert_eq!(Due::at(&open(), 150), Due::Close);
    }

    #[test]
    fn an_assertion_is_finalised_at_its_deadline_and_not_before() {
        assert_eq!(Due::at(&asserted(160), 159), Due::Nothing);
        let assertion = [1; 32];
        assert_eq!(Due::at(&asserted(160), 160), Due::Finalize { assertion });
    }

    #[test]
    fn a_closed_epoch_waits_for_a_proposer() {
        let status = EpochStatus {
            stage: Stage::Closed,
            ..open()
        };
        assert_eq!(Due::at(&status, 1_000), Due::Nothing);
    }

    #[test]
    fn chunks_are_settled_in_order_and_before_the_next_close() {
        let settle = |chunk| Due::Settle { epoch: 3, chunk };
        assert_eq!(Due::at(&settling(0b000), 150), settle(0));
        assert_eq!(Due::at(&settling(0b011), 150), settle(2));
        assert_eq!(Due::at(&settling(0b111), 150), Due::Close);
    }
}
