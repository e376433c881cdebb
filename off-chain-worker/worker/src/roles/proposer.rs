//! The proposer: computes a closed epoch and posts it behind collateral.
//!
//! Collateral can be lost. Before any is put behind an assertion, both engines for the kernel
//! agree, no assertion of this worker was ever disproved with this kernel, and the intent is in the
//! store. The outcome of an intent is read from the chain.

use super::{Action, RoleError, TickReport};
use crate::{
    epochs::{ComputedEpoch, EpochCache},
    history::{EpochHistory, IntentOutcome},
    roles::tick::{tick_all, Step},
    store::{Distrust, Intent},
};
use inktensor_client::{
    chain::{Answer, Chain, ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs, Stage},
    kernel::EpochHeader,
    AccountId, Digest, NetUid, Rao,
};
use psp22::PSP22;

/// The proposer role.
#[derive(Clone, Copy, Debug)]
pub struct Proposer {
    account: AccountId,
    contracts: Addresses,
    /// True if an epoch is posted before its close is final.
    early: bool,
}

impl Proposer {
    /// Creates a proposer that signs, and deposits collateral, as `account` on the deployment at
    /// `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self {
            account,
            contracts,
            early: false,
        }
    }

    /// Makes the proposer post epochs before their close is final, if `early`. By default it waits:
    /// a fork can replace the close, and the fee would be lost.
    pub const fn posting_early(mut self, early: bool) -> Self {
        self.early = early;
        self
    }

    /// Posts every closed epoch without an assertion, on all subnets.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
    ) -> Result<TickReport, ChainError> {
        let mut added = Vec::new();
        let ended = self.end_intents(chain, epochs);
        let mut report = tick_all(chain, &self.contracts, |chain, netuid, status| {
            if is_due(status) {
                self.propose(chain, epochs, netuid, &mut added)
            } else {
                Ok(Step::Nothing)
            }
        })?;
        // The collateral is there before the first assertion.
        report.actions.splice(0..0, added);
        report.problems.extend(ended);
        Ok(report)
    }

    fn propose(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
        netuid: NetUid,
        added: &mut Vec<Action>,
    ) -> Result<Step, RoleError> {
        let computed = epochs.closed(chain, netuid)?;
        if !self.early && chain.finalized()?.number < computed.closed_in.number {
            return Ok(Step::Nothing);
        }
        let intent = self.intent(&computed);
        self.must_be_trusted(chain, epochs, &intent)?;
        epochs.agree(chain, &computed)?;
        if let Some(store) = epochs.store() {
            store.put_intent(&intent)?;
        }
        added.extend(self.fill_collateral(chain, netuid)?);
        let message = self
            .contracts
            .epoch()
            .propose(netuid, computed.assertion.clone());
        // On a fork without the close the inputs may be others, and the assertion false.
        let closed_in = &computed.closed_in;
        let answer = chain.send_after(self.account, message, closed_in).answer();
        let action = |_| Action::Proposed {
            netuid,
            epoch: intent.epoch,
        };
        Step::of("Epochs::propose", answer, action, |error| {
            // Another account has posted the epoch, or lost collateral on it; or the next epoch has
            // closed.
            matches!(
                error,
                EpochError::AlreadyAsserted
                    | EpochError::NothingClosed
                    | EpochError::HeaderMismatch
                    | EpochError::CollateralTooSmall(_)
            )
        })
    }

    fn intent(&self, computed: &ComputedEpoch) -> Intent {
        let header = &computed.inputs.header;
        Intent {
            netuid: header.netuid,
            epoch: header.epoch,
            account: self.account,
            header_hash: computed.trace.header_hash,
            assertion: computed.assertion.digest(),
            closed_at: u32::try_from(header.closed_at).unwrap_or_default(),
            kernel_code: header.kernel_code,
        }
    }

    /// Checks that no assertion of this worker was disproved with this kernel: in this epoch by the
    /// chain's events, in earlier epochs by the store.
    fn must_be_trusted(
        &self,
        chain: &dyn ChainRead,
        epochs: &EpochCache,
        intent: &Intent,
    ) -> Result<(), RoleError> {
        let mut only = None;
        if let Some(store) = epochs.store() {
            if let Some(distrust) = store.distrust(&intent.kernel_code)? {
                return Err(slashed(&distrust));
            }
            if store.is_pardoned(intent.netuid, intent.epoch)? {
                // The operator allows another try: with another assertion than the disproved one.
                only = Some(intent.assertion);
            }
        }
        match self.outcome(chain, intent, only)? {
            IntentOutcome::Slashed { step } => Err(self.distrust(epochs, intent, step)),
            _ => Ok(()),
        }
    }

    /// Reads the outcome of each open intent from the chain and removes the finished ones.
    fn end_intents(&self, chain: &dyn ChainRead, epochs: &EpochCache) -> Vec<(NetUid, RoleError)> {
        let Some(store) = epochs.store() else {
            return Vec::new();
        };
        let intents = match store.intents(self.account) {
            Ok(intents) => intents,
            // The store is for all subnets; the first subnet stands for them.
            Err(error) => return vec![(NetUid(1), error.into())],
        };
        let ended = intents.iter().map(|intent| {
            self.end_intent(chain, epochs, intent)
                .map_err(|problem| (intent.netuid, problem))
        });
        ended.filter_map(Result::err).collect()
    }

    fn end_intent(
        &self,
        chain: &dyn ChainRead,
        epochs: &EpochCache,
        intent: &Intent,
    ) -> Result<(), RoleError> {
        let header: Option<EpochHeader> =
            chain.query(self.contracts.epoch().header(intent.netuid))?;
        let is_past = header.is_none_or(|header| header.digest() != intent.header_hash);
        // Of events that the chain has discarded nothing is known: the intent ends with its epoch.
        let over = match self.outcome(chain, intent, Some(intent.assertion))? {
            IntentOutcome::Slashed { step } => return Err(self.distrust(epochs, intent, step)),
            IntentOutcome::Final => true,
            IntentOutcome::NotPosted | IntentOutcome::Standing => is_past,
        };
        if let (true, Some(store)) = (over, epochs.store()) {
            store.end_intent(intent)?;
        }
        Ok(())
    }

    fn outcome(
        &self,
        chain: &dyn ChainRead,
        intent: &Intent,
        only: Option<Digest>,
    ) -> Result<IntentOutcome, ChainError> {
        let epoch = (intent.netuid, intent.epoch);
        let history = EpochHistory::read(chain, &self.contracts, epoch, intent.closed_at)?;
        Ok(history.intent_outcome(self.account, only))
    }

    /// Stores that the kernel is distrusted, and returns the error that states it.
    fn distrust(&self, epochs: &EpochCache, intent: &Intent, step: u32) -> RoleError {
        let distrust = Distrust {
            kernel_code: intent.kernel_code,
            netuid: intent.netuid,
            epoch: intent.epoch,
            step,
        };
        let kept = epochs
            .store()
            .map_or(Ok(()), |store| store.put_distrust(&distrust, Some(intent)));
        kept.map_or_else(RoleError::from, |()| slashed(&distrust))
    }

    /// Fills the free collateral up to the need of the subnet's next assertion. Approvals and
    /// deposits of a killed worker count.
    fn fill_collateral(
        &self,
        chain: &mut dyn Chain,
        netuid: NetUid,
    ) -> Result<Option<Action>, RoleError> {
        let epoch = self.contracts.epoch();
        let needed: Rao = chain.query(epoch.collateral_required(netuid))?;
        let free = chain.query(epoch.collateral(self.account))?.free;
        let amount = needed.checked_sub(free).unwrap_or_default();
        if amount.is_zero() {
            return Ok(None);
        }
        let spender = self.contracts.epoch;
        let allowed: u128 = chain.query(self.contracts.psp22().allowance(self.account, spender))?;
        if allowed < amount.to_u128() {
            let message = self.contracts.psp22().approve(spender, amount.to_u128());
            chain
                .send(self.account, message)
                .answer()
                .map_err(RoleError::refused("PSP22::approve"))?;
        }
        chain
            .send(
                self.account,
                self.contracts.epoch().deposit_collateral(amount),
            )
            .answer()
            .map_err(RoleError::refused("Epochs::deposit_collateral"))?;
        Ok(Some(Action::CollateralAdded { amount }))
    }
}

fn slashed(distrust: &Distrust) -> RoleError {
    RoleError::Slashed {
        netuid: distrust.netuid,
        epoch: distrust.epoch,
        step: distrust.step,
        kernel_code: distrust.kernel_code,
    }
}

/// Returns true if the closed epoch has no assertion yet.
fn is_due(status: &EpochStatus) -> bool {
    status.stage == Stage::Closed
}
