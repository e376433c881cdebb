//! The proposer: computes a closed epoch and posts it behind collateral.
//!
//! Collateral can be lost. Before any is put behind an assertion, both engines for the kernel
//! agree, no assertion of this worker was ever disproved with this kernel, and the intent is in the
//! store. The outcome of an intent is read from the chain.

use super::{
    standing::{closed_epoch, standing},
    turn::{self, Look},
    Action, Role, RoleError, SubnetStatus, Subnets, TickReport, Turn,
};
use crate::{
    epochs::{ComputedEpoch, EpochCache},
    history::{EpochHistory, IntentOutcome},
    store::{Distrust, Intent},
};
use inktensor_client::{
    chain::{Answer, Chain, ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    emission::{Emission, EpochBudget},
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
    /// True if an epoch is posted before its close is final.
    early: bool,
    /// Most collateral behind an assertion.
    limit: Option<Rao>,
    /// Least fee of an epoch.
    min_fee: Rao,
}

impl Proposer {
    /// Creates a proposer that signs, and deposits collateral, as `account` on the deployment at
    /// `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self {
            account,
            contracts,
            early: false,
            limit: None,
            min_fee: Rao::ZERO,
        }
    }

    /// Makes the proposer post epochs before their close is final, if `early`. By default it waits:
    /// a fork can replace the close, and the fee would be lost.
    pub const fn posting_early(mut self, early: bool) -> Self {
        self.early = early;
        self
    }

    /// Sets the most collateral that this proposer puts behind an assertion. The default is four
    /// times what the first assertion of an epoch needs.
    pub const fn limited_to(mut self, limit: Rao) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Makes the proposer leave alone epochs whose assertion earns less than `fee`.
    pub const fn for_at_least(mut self, fee: Rao) -> Self {
        self.min_fee = fee;
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
        turn::tick(self, Subnets::of(self.contracts), chain, epochs)
    }

    fn look(
        &self,
        turn: &mut Turn<'_>,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<Look, RoleError> {
        if !is_due(status) || !self.is_worth_it(turn.chain, netuid, status)? {
            return Ok(Look::NOTHING);
        }
        let (chain, epochs) = (&mut *turn.chain, &mut *turn.epochs);
        let computed = epochs.closed(chain, netuid)?;
        if !self.early && chain.finalized()?.number < computed.closed_in.number {
            return Ok(Look::NOTHING);
        }
        let intent = self.intent(&computed);
        let standing = status.stage.standing();
        if standing
            .iter()
            .any(|posted| posted.assertion == intent.assertion)
        {
            return Ok(Look::NOTHING);
        }
        self.must_be_trusted(chain, epochs, &intent)?;
        epochs.agree(chain, &computed)?;
        let needed = self.collateral(chain, netuid, standing.len())?;
        if let Some(store) = epochs.store() {
            store.put_intent(&intent)?;
        }
        if let Some(added) = self.fill_collateral(chain, needed)? {
            turn.listener.took(added);
            return Ok(Look::Moved);
        }
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
        let step = turn::answered("Epochs::propose", answer, action, |error| {
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
        })?;
        turn::taken(turn, netuid, status, step)
    }

    /// Returns true if the epoch's assertion earns the least fee.
    fn is_worth_it(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<bool, ChainError> {
        if self.min_fee.is_zero() {
            return Ok(true);
        }
        let budget = self
            .contracts
            .emission()
            .budget(netuid, closed_epoch(status));
        let budget: Option<EpochBudget> = chain.query(budget)?;
        Ok(budget.is_some_and(|budget| budget.proposer >= self.min_fee))
    }

    /// Returns the collateral that the next assertion of the closed epoch needs, which doubles with
    /// each of those `beside` it.
    ///
    /// # Errors
    /// `CollateralAboveLimit` if that is more than this worker puts behind one.
    fn collateral(
        &self,
        chain: &dyn ChainRead,
        netuid: NetUid,
        beside: usize,
    ) -> Result<Rao, RoleError> {
        let needed: Rao = chain.query(self.contracts.epoch().collateral_required(netuid))?;
        let limit = self.limit.unwrap_or_else(|| default_limit(needed, beside));
        if needed > limit {
            return Err(RoleError::CollateralAboveLimit {
                netuid,
                needed,
                limit,
            });
        }
        Ok(needed)
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
        match self.outcome(chain, intent, only) {
            Ok(IntentOutcome::Slashed { step }) => Err(self.distrust(epochs, intent, step)),
            Ok(_) => Ok(()),
            // The node has forgotten the events. Without an intent, nothing was posted from here.
            Err(error) if !error.is_of_the_connection() && self.is_first(epochs, intent)? => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns true if there is a store, and no intent of the same epoch in it.
    fn is_first(&self, epochs: &EpochCache, intent: &Intent) -> Result<bool, RoleError> {
        let Some(store) = epochs.store() else {
            return Ok(false);
        };
        let mut earlier = store.intents(self.account)?.into_iter();
        Ok(!earlier.any(|it| (it.netuid, it.epoch) == (intent.netuid, intent.epoch)))
    }

    /// Reads the outcome of each open intent from the chain, unless its assertion still stands, and
    /// removes the finished ones.
    fn end_intents(
        &self,
        chain: &dyn ChainRead,
        epochs: &EpochCache,
        statuses: &[SubnetStatus],
    ) -> Vec<(NetUid, RoleError)> {
        let Some(store) = epochs.store() else {
            return Vec::new();
        };
        let intents = match store.intents(self.account) {
            Ok(intents) => intents,
            // The store is for all subnets; the first subnet stands for them.
            Err(error) => return vec![(NetUid(1), error.into())],
        };
        let stands = |intent: &&Intent| {
            let standing = statuses
                .iter()
                .filter(|(netuid, _)| *netuid == intent.netuid)
                .flat_map(|(netuid, status)| standing(*netuid, status));
            standing
                .into_iter()
                .any(|posted| posted.digest == intent.assertion)
        };
        let ended = intents
            .iter()
            .filter(|intent| !stands(intent))
            .map(|intent| {
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
        let is_over = match self.outcome(chain, intent, Some(intent.assertion)) {
            Ok(IntentOutcome::Slashed { step }) => {
                return Err(self.distrust(epochs, intent, step));
            }
            Ok(IntentOutcome::Final) => true,
            Ok(IntentOutcome::NotPosted | IntentOutcome::Standing) => is_past,
            // A node that has forgotten the events of a past epoch never has them again.
            Err(error) if is_past && !error.is_of_the_connection() => true,
            Err(error) => return Err(error.into()),
        };
        if let (true, Some(store)) = (is_over, epochs.store()) {
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
        match history.intent_outcome(self.account, only) {
            // A slash may be among the events that the chain has discarded.
            IntentOutcome::NotPosted | IntentOutcome::Standing
                if history.since() > intent.closed_at =>
            {
                let first = intent.closed_at.saturating_add(1);
                Err(ChainError::Pruned { first })
            }
            outcome => Ok(outcome),
        }
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

    /// Fills the free collateral up to `needed`. Approvals and deposits of a killed worker count.
    fn fill_collateral(
        &self,
        chain: &mut dyn Chain,
        needed: Rao,
    ) -> Result<Option<Action>, RoleError> {
        let epoch = self.contracts.epoch();
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

impl Role for Proposer {
    fn turn(&self, turn: &mut Turn<'_>) -> Result<bool, ChainError> {
        let statuses = turn.subnets.read(turn.chain)?;
        for (netuid, problem) in self.end_intents(turn.chain, turn.epochs, &statuses) {
            turn::report(turn.listener, netuid, problem)?;
        }
        turn::take(turn, self.account, statuses, |turn, netuid, status| {
            self.look(turn, netuid, status)
        })
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
