//! The proposer: computes a closed epoch and posts it behind collateral.
//!
//! Collateral is at stake, so before any is put behind an assertion: both ways to run the kernel agree,
//! no assertion of this worker was ever disproved with this kernel, and the store knows of the
//! intent. What became of an intent is read from the chain.

use super::{Action, Report, RoleError};
use crate::store::{Distrust, Intent};
use crate::{
    epochs::{Computed, Ledger},
    history::assertion::Fate,
    roles::tick::{everywhere, Step},
};
use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, ChainRead, Typed},
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
}

impl Proposer {
    /// A proposer that signs, and pays collateral, as `account` on the deployment at `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self { account, contracts }
    }

    /// Posts every closed epoch that nobody has posted, on all subnets.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(&self, chain: &mut dyn Chain, ledger: &mut Ledger) -> Result<Report, ChainError> {
        let mut added = Vec::new();
        let ended = self.end_intents(chain, ledger);
        let mut report = everywhere(chain, &self.contracts, |chain, netuid, status| {
            if is_due(status) {
                self.propose(chain, ledger, netuid, &mut added)
            } else {
                Ok(Step::Nothing)
            }
        })?;
        // Collateral stands before the first epoch it is put behind.
        report.actions.splice(0..0, added);
        report.problems.extend(ended);
        Ok(report)
    }

    fn propose(
        &self,
        chain: &mut dyn Chain,
        ledger: &mut Ledger,
        netuid: NetUid,
        added: &mut Vec<Action>,
    ) -> Result<Step, RoleError> {
        let computed = ledger.closed(chain, netuid)?;
        let intent = self.intent(&computed);
        self.must_be_trusted(chain, ledger, &intent)?;
        ledger.agree(chain, &computed)?;
        if let Some(store) = ledger.store() {
            store.put_intent(&intent)?;
        }
        added.extend(self.fill_collateral(chain, netuid)?);
        let message = self
            .contracts
            .epoch()
            .propose(netuid, computed.assertion.clone());
        let refused = RoleError::refused("Epochs::propose");
        match chain.send(self.account, message).answer() {
            Ok(_) => Ok(Step::Took(Action::Proposed {
                netuid,
                epoch: intent.epoch,
            })),
            // Somebody else has posted it, lost collateral on it, begun to replay it, or the next epoch
            // has closed.
            Err(
                error @ CallError::Refused(
                    EpochError::AlreadyAsserted
                    | EpochError::Replaying
                    | EpochError::NothingClosed
                    | EpochError::HeaderMismatch
                    | EpochError::CollateralTooSmall(_),
                ),
            ) => Ok(Step::Overtaken(refused(error))),
            Err(error) => Err(refused(error)),
        }
    }

    fn intent(&self, computed: &Computed) -> Intent {
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

    /// Nothing is put behind a kernel with which this worker was proven wrong: neither in this
    /// epoch, by the chain's events, nor in any before, by the store.
    fn must_be_trusted(
        &self,
        chain: &dyn ChainRead,
        ledger: &Ledger,
        intent: &Intent,
    ) -> Result<(), RoleError> {
        let mut only = None;
        if let Some(store) = ledger.store() {
            if let Some(distrust) = store.distrust(&intent.kernel_code)? {
                return Err(slashed(&distrust));
            }
            if store.is_pardoned(intent.netuid, intent.epoch)? {
                // Told to try again: another assertion than the one that was disproved.
                only = Some(intent.assertion);
            }
        }
        match self.fate(chain, intent, only)? {
            Fate::Slashed { step } => Err(self.distrust(ledger, intent, step)),
            _ => Ok(()),
        }
    }

    /// Looks what became of the intents that are still open, on the chain, and closes those that
    /// have come to an end.
    fn end_intents(&self, chain: &dyn ChainRead, ledger: &Ledger) -> Vec<(NetUid, RoleError)> {
        let Some(store) = ledger.store() else {
            return Vec::new();
        };
        let intents = match store.intents(self.account) {
            Ok(intents) => intents,
            // The store is for all subnets; the first stands for them.
            Err(error) => return vec![(NetUid(1), error.into())],
        };
        let ended = intents.iter().map(|intent| {
            self.end_intent(chain, ledger, intent)
                .map_err(|problem| (intent.netuid, problem))
        });
        ended.filter_map(Result::err).collect()
    }

    fn end_intent(
        &self,
        chain: &dyn ChainRead,
        ledger: &Ledger,
        intent: &Intent,
    ) -> Result<(), RoleError> {
        let over = match self.fate(chain, intent, Some(intent.assertion))? {
            Fate::Slashed { step } => return Err(self.distrust(ledger, intent, step)),
            Fate::Final => true,
            Fate::NotPosted | Fate::Standing => {
                let header: Option<EpochHeader> =
                    chain.query(self.contracts.epoch().header(intent.netuid))?;
                header.is_none_or(|header| header.digest() != intent.header_hash)
            }
        };
        if let (true, Some(store)) = (over, ledger.store()) {
            store.end_intent(intent)?;
        }
        Ok(())
    }

    fn fate(
        &self,
        chain: &dyn ChainRead,
        intent: &Intent,
        only: Option<Digest>,
    ) -> Result<Fate, ChainError> {
        Fate::of(
            chain,
            &self.contracts,
            self.account,
            (intent.netuid, intent.epoch),
            intent.closed_at,
            only,
        )
    }

    /// Keeps that the kernel is not to be trusted, and says so.
    fn distrust(&self, ledger: &Ledger, intent: &Intent, step: u32) -> RoleError {
        let distrust = Distrust {
            kernel_code: intent.kernel_code,
            netuid: intent.netuid,
            epoch: intent.epoch,
            step,
        };
        let kept = ledger
            .store()
            .map_or(Ok(()), |store| store.put_distrust(&distrust, Some(intent)));
        kept.map_or_else(RoleError::from, |()| slashed(&distrust))
    }

    /// Fills the free collateral up to what the subnet's next assertion needs. What a killed worker had
    /// already approved or deposited counts.
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

/// A closed epoch is to be posted while nobody has posted it.
fn is_due(status: &EpochStatus) -> bool {
    status.stage == Stage::Closed
}
