//! The watcher: computes every closed epoch again, and disputes what was posted wrong. It needs no
//! collateral.

use super::{Action, Report, RoleError};
use crate::{
    epochs::Ledger,
    history::assertion::posted,
    roles::tick::{everywhere, Step},
};
use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::{first_difference, Difference};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Disputed, StepProof},
    epoch::{EpochError, EpochStatus, Epochs, Stage},
    AccountId, Digest, NetUid, Rao,
};

/// The watcher role.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    account: AccountId,
    contracts: Addresses,
}

/// An assertion on the chain.
struct Posted {
    netuid: NetUid,
    epoch: u32,
    digest: Digest,
    /// First block at which it can no longer be disputed.
    deadline: u32,
    /// Block before which it was not posted.
    from: u32,
}

impl Watcher {
    /// A watcher that signs, and is rewarded, as `account` on the deployment at `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self { account, contracts }
    }

    /// Checks every assertion that stands, on all subnets, and disputes each that is false at its
    /// first false step.
    ///
    /// An assertion that cannot be checked is a problem in the report: somebody else has to.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(&self, chain: &mut dyn Chain, ledger: &mut Ledger) -> Result<Report, ChainError> {
        everywhere(
            chain,
            &self.contracts,
            |chain, netuid, status| match asserted(netuid, status) {
                Some(posted) => self.check(chain, ledger, &posted),
                None => Ok(Step::Nothing),
            },
        )
    }

    fn check(
        &self,
        chain: &mut dyn Chain,
        ledger: &mut Ledger,
        posted: &Posted,
    ) -> Result<Step, RoleError> {
        let netuid = posted.netuid;
        match ledger.closed(chain, netuid) {
            Ok(computed) => {
                if let Some(store) = ledger.store() {
                    store.put_posted(netuid, posted.epoch, &posted.digest)?;
                }
                if computed.assertion.digest() == posted.digest {
                    return Ok(Step::Nothing);
                }
            }
            // Where the kernel gives no honest answer, what was posted is false all the same.
            Err(RoleError::Epoch(error)) if error.is_verdict() => {}
            Err(error) => return Err(error),
        }
        let claimed = self.read(chain, posted)?;
        let claimed = claimed.ok_or(RoleError::AssertionUnknown { netuid })?;
        let refuted = ledger.refute(chain, netuid, &claimed)?;
        match refuted {
            Some((k, proof)) if chain.block()? < posted.deadline => {
                self.dispute(chain, posted, k, proof)
            }
            _ => Err(self.told_apart(chain, ledger, netuid, &claimed)?),
        }
    }

    fn dispute(
        &self,
        chain: &mut dyn Chain,
        posted: &Posted,
        step: u32,
        proof: StepProof,
    ) -> Result<Step, RoleError> {
        let Posted { netuid, epoch, .. } = *posted;
        let message = self.contracts.epoch().dispute(netuid, step, proof);
        let refused = RoleError::refused("Epochs::dispute");
        match chain.send(self.account, message).answer() {
            Ok(sent) => {
                let told = sent.told::<Disputed>();
                let reward = told.first().map_or(Rao::ZERO, |told| told.reward);
                Ok(Step::Took(Action::Disputed {
                    netuid,
                    epoch,
                    step,
                    reward,
                }))
            }
            // Somebody disputed it first, or finalised it, or something else is asserted by now.
            Err(
                error @ CallError::Refused(
                    EpochError::NotAsserted
                    | EpochError::AssertionMismatch
                    | EpochError::ChallengeOver(_),
                ),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }

    fn read(
        &self,
        chain: &dyn ChainRead,
        wanted: &Posted,
    ) -> Result<Option<Assertion>, ChainError> {
        posted(
            chain,
            &self.contracts,
            wanted.netuid,
            wanted.from,
            &wanted.digest,
        )
    }

    /// What is wrong with an assertion that is not disputed any more.
    fn told_apart(
        &self,
        chain: &dyn ChainRead,
        ledger: &mut Ledger,
        netuid: NetUid,
        claimed: &Assertion,
    ) -> Result<RoleError, RoleError> {
        let computed = ledger.closed(chain, netuid)?;
        let header = &computed.inputs.header;
        let difference: Option<Difference> = first_difference(
            &computed.trace.plan,
            header.neurons,
            &computed.assertion,
            claimed,
        );
        Ok(RoleError::Disagreement {
            netuid,
            epoch: header.epoch,
            difference,
        })
    }
}

fn asserted(netuid: NetUid, status: &EpochStatus) -> Option<Posted> {
    match status.stage {
        Stage::Asserted {
            assertion,
            deadline,
            ..
        } => Some(Posted {
            netuid,
            epoch: status.open.saturating_sub(1),
            digest: assertion,
            deadline,
            // The open epoch opened when the asserted one closed.
            from: status.opened_at,
        }),
        _ => None,
    }
}
