//! The watcher: computes every closed epoch again, and disputes false assertions. It needs no
//! collateral.

use super::{Action, RoleError, TickReport};
use crate::{
    epochs::EpochCache,
    history::EpochHistory,
    roles::{
        stakes::Chunk,
        tick::{tick_all, Step},
    },
};
use inktensor_client::{
    chain::{Answer, Chain, ChainError, ChainRead, Sent, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::{first_difference, Difference};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Disputed, StepProof},
    epoch::{EpochError, EpochStatus, Epochs},
    AccountId, Digest, NetUid, Rao,
};

/// The watcher role.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    account: AccountId,
    contracts: Addresses,
}

/// An assertion that stands.
struct StandingAssertion {
    netuid: NetUid,
    epoch: u32,
    digest: Digest,
    /// First block at which it can no longer be disputed.
    deadline: u32,
    /// Block at which its epoch closed.
    from: u32,
}

impl Watcher {
    /// Creates a watcher that signs, and is rewarded, as `account` on the deployment at
    /// `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self { account, contracts }
    }

    /// Checks every assertion that stands, on all subnets, and disputes each false one at its first
    /// false step. Assertions of one epoch stand side by side, and at most one is correct.
    ///
    /// An assertion that cannot be checked is a problem in the report: another watcher has to check
    /// it.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
    ) -> Result<TickReport, ChainError> {
        tick_all(chain, &self.contracts, |chain, netuid, status| {
            self.check_all(chain, epochs, &asserted(netuid, status))
        })
    }

    /// Checks the assertions of an epoch up to the first that it disputes. One that cannot be
    /// checked or disputed does not hide those after it.
    fn check_all(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
        standing: &[StandingAssertion],
    ) -> Result<Step, RoleError> {
        let mut outcome = Ok(Step::Nothing);
        for posted in standing {
            match self.check(chain, epochs, posted) {
                Ok(Step::Took(action)) => return Ok(Step::Took(action)),
                Ok(Step::Nothing) => {}
                hindrance if matches!(outcome, Ok(Step::Nothing)) => outcome = hindrance,
                _ => {}
            }
        }
        outcome
    }

    fn check(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
        posted: &StandingAssertion,
    ) -> Result<Step, RoleError> {
        let netuid = posted.netuid;
        match epochs.closed(chain, netuid) {
            Ok(computed) => {
                if let Some(store) = epochs.store() {
                    store.put_posted(netuid, posted.epoch, &posted.digest)?;
                }
                if computed.assertion.digest() == posted.digest {
                    return Ok(Step::Nothing);
                }
            }
            // If the kernel has no honest answer, every assertion is false.
            Err(RoleError::Epoch(error)) if error.is_verdict() => {}
            Err(error) => return Err(error),
        }
        let claimed = self.read(chain, posted)?;
        let claimed = claimed.ok_or(RoleError::AssertionUnknown { netuid })?;
        let refuted = epochs.refute(chain, netuid, &claimed)?;
        match refuted {
            Some((k, proof)) if chain.block()? < posted.deadline => {
                self.dispute(chain, posted, k, proof)
            }
            _ => Err(self.disagreement(chain, epochs, netuid, &claimed)?),
        }
    }

    fn dispute(
        &self,
        chain: &mut dyn Chain,
        posted: &StandingAssertion,
        step: u32,
        proof: StepProof,
    ) -> Result<Step, RoleError> {
        let StandingAssertion { netuid, epoch, .. } = *posted;
        let dispute = |chain: &mut dyn Chain| {
            let mut epochs = self.contracts.epoch();
            let message = epochs.dispute(netuid, step, proof.clone());
            chain.send(self.account, message).answer()
        };
        let chunk = Chunk::of_step(netuid, step, &proof.assertion);
        let answer = chunk.send_with_stakes(chain, &self.contracts, self.account, dispute);
        let action = |sent: Sent<()>| {
            let disputed = sent.events_of::<Disputed>();
            Action::Disputed {
                netuid,
                epoch,
                step,
                reward: disputed.first().map_or(Rao::ZERO, |it| it.reward),
            }
        };
        Step::of("Epochs::dispute", answer, action, |error| {
            // Another account disputed it first, or finalized it.
            matches!(
                error,
                EpochError::NotAsserted
                    | EpochError::AssertionMismatch
                    | EpochError::ChallengeOver(_)
            )
        })
    }

    fn read(
        &self,
        chain: &dyn ChainRead,
        wanted: &StandingAssertion,
    ) -> Result<Option<Assertion>, ChainError> {
        let epoch = (wanted.netuid, wanted.epoch);
        let history = EpochHistory::read(chain, &self.contracts, epoch, wanted.from)?;
        Ok(history.assertion(&wanted.digest).cloned())
    }

    /// Returns the problem of an assertion that can no longer be disputed.
    fn disagreement(
        &self,
        chain: &dyn ChainRead,
        epochs: &mut EpochCache,
        netuid: NetUid,
        claimed: &Assertion,
    ) -> Result<RoleError, RoleError> {
        let computed = epochs.closed(chain, netuid)?;
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

/// Returns the assertions that stand on `netuid`, in the order in which they were posted.
fn asserted(netuid: NetUid, status: &EpochStatus) -> Vec<StandingAssertion> {
    let standing = status.stage.standing().iter();
    let standing = standing.map(|posted| StandingAssertion {
        netuid,
        epoch: status.open.saturating_sub(1),
        digest: posted.assertion,
        deadline: posted.deadline,
        // The open epoch opened when the asserted one closed.
        from: status.opened_at,
    });
    standing.collect()
}
