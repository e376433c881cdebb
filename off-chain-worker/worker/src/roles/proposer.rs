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
    epoch::{EpochError, EpochStatus, Epochs, Stage, MAX_ASSERTIONS},
    kernel::EpochHeader,
    AccountId, Digest, NetUid, Rao,
};
use psp22::PSP22;

/// Most collateral behind an assertion by default, as a multiple of what the first assertion of the
/// epoch needs. With more than two assertions beside, this proposer waits for a dispute: at most
/// one of them is correct.
const DEFAULT_LIMIT: u64 = 4;

/// The proposer role.
#[derive(Clone, Copy, Debug)]
pub struct Proposer {
    account: AccountId,
    contracts: Addresses,
    /// Most collateral behind an assertion.
    limit: Option<Rao>,
}

impl Proposer {
    /// Creates a proposer that signs, and deposits collateral, as `account` on the deployment at
    /// `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self {
            account,
            contracts,
            limit: None,
        }
    }

    /// Sets the most collateral that this proposer puts behind an assertion. The default is four
    /// times what the first assertion of an epoch needs.
    pub const fn limited_to(mut self, limit: Rao) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Posts every closed epoch in which its assertion does not stand, on all subnets: beside the
    /// assertions of others, which are false, if there is a place.
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
                self.propose(chain, epochs, netuid, status, &mut added)
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
        status: &EpochStatus,
        added: &mut Vec<Action>,
    ) -> Result<Step, RoleError> {
        let computed = epochs.closed(chain, netuid)?;
        let intent = self.intent(&computed);
        let mut standing = status.stage.standing().iter();
        if standing.any(|posted| posted.assertion == intent.assertion) {
            return Ok(Step::Nothing);
        }
        self.must_be_trusted(chain, epochs, &intent)?;
        epochs.agree(chain, &computed)?;
        if let Some(store) = epochs.store() {
            store.put_intent(&intent)?;
        }
        let beside = status.stage.standing().len();
        added.extend(self.fill_collateral(chain, netuid, beside)?);
        let message = self
            .contracts
            .epoch()
            .propose(netuid, computed.assertion.clone());
        let answer = chain.send(self.account, message).answer();
        let action = |_| Action::Proposed {
            netuid,
            epoch: intent.epoch,
        };
        Step::of("Epochs::propose", answer, action, |error| {
            // Another account has posted the same assertion, or one beside; or the next epoch has
            // closed.
            matches!(
                error,
                EpochError::AlreadyAsserted
                    | EpochError::TooManyAssertions(_)
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
        let over = match self.outcome(chain, intent, Some(intent.assertion))? {
            IntentOutcome::Slashed { step } => return Err(self.distrust(epochs, intent, step)),
            IntentOutcome::Final => true,
            IntentOutcome::NotPosted | IntentOutcome::Standing => {
                let header: Option<EpochHeader> =
                    chain.query(self.contracts.epoch().header(intent.netuid))?;
                header.is_none_or(|header| header.digest() != intent.header_hash)
            }
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

    /// Fills the free collateral up to the need of the subnet's next assertion, which doubles with
    /// each of those `beside` it. Approvals and deposits of a killed worker count.
    ///
    /// # Errors
    /// `CollateralAboveLimit`, or those of the calls.
    fn fill_collateral(
        &self,
        chain: &mut dyn Chain,
        netuid: NetUid,
        beside: usize,
    ) -> Result<Option<Action>, RoleError> {
        let epoch = self.contracts.epoch();
        let needed: Rao = chain.query(epoch.collateral_required(netuid))?;
        let limit = self.limit.unwrap_or_else(|| default_limit(needed, beside));
        if needed > limit {
            return Err(RoleError::CollateralAboveLimit {
                netuid,
                needed,
                limit,
            });
        }
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

/// Returns the default limit on the collateral of an assertion that needs `needed` beside this
/// number of others.
fn default_limit(needed: Rao, beside: usize) -> Rao {
    let alone = u32::try_from(beside)
        .ok()
        .and_then(|beside| needed.0.checked_shr(beside))
        .unwrap_or_default();
    Rao(alone.saturating_mul(DEFAULT_LIMIT))
}

/// Returns true if the closed epoch has a place for an assertion.
fn is_due(status: &EpochStatus) -> bool {
    status.stage != Stage::Open && status.stage.standing().len() < usize::from(MAX_ASSERTIONS)
}
