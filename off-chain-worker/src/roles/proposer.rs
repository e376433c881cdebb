//! The proposer: computes a closed epoch and posts it behind a bond.

use super::{everywhere, Action, Ledger, Report, RoleError};
use crate::{
    chain::{CallError, Chain, ChainError, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs, Stage},
    AccountId, NetUid, Rao,
};
use psp22::PSP22;

/// The proposer role.
#[derive(Clone, Copy, Debug)]
pub struct Proposer {
    account: AccountId,
    contracts: Addresses,
}

impl Proposer {
    /// A proposer that signs, and pays bonds, as `account` on the deployment at `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self { account, contracts }
    }

    /// Posts every closed epoch that nobody has posted, on all subnets.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(&self, chain: &mut dyn Chain, ledger: &mut Ledger) -> Result<Report, ChainError> {
        let mut bonded = Vec::new();
        let mut report = everywhere(chain, &self.contracts, |chain, netuid, status| {
            if is_due(status) {
                self.propose(chain, ledger, netuid, &mut bonded)
            } else {
                Ok(None)
            }
        })?;
        // A bond stands before the first epoch it is put behind.
        report.actions.splice(0..0, bonded);
        Ok(report)
    }

    fn propose(
        &self,
        chain: &mut dyn Chain,
        ledger: &mut Ledger,
        netuid: NetUid,
        bonded: &mut Vec<Action>,
    ) -> Result<Option<Action>, RoleError> {
        let computed = ledger.closed(chain, netuid)?;
        let post = |chain: &mut dyn Chain| {
            let assertion = computed.assertion.clone();
            chain.run(
                self.account,
                self.contracts.epoch().propose(netuid, assertion),
            )
        };
        let posted = match post(chain) {
            Err(CallError::Refused(EpochError::BondTooSmall(needed))) => {
                bonded.push(self.add_bond(chain, needed)?);
                post(chain)
            }
            posted => posted,
        };
        posted.map_err(RoleError::refused("Epochs::propose"))?;
        Ok(Some(Action::Proposed {
            netuid,
            epoch: computed.trace.epoch,
        }))
    }

    /// Fills the free bond up to `needed`.
    fn add_bond(&self, chain: &mut dyn Chain, needed: Rao) -> Result<Action, RoleError> {
        let bond = chain.query(self.contracts.epoch().bond(self.account))?;
        let amount = needed.checked_sub(bond.free).unwrap_or_default();
        chain
            .run(
                self.account,
                self.contracts
                    .psp22()
                    .approve(self.contracts.epoch, amount.to_u128()),
            )
            .map_err(RoleError::refused("PSP22::approve"))?;
        chain
            .run(self.account, self.contracts.epoch().deposit_bond(amount))
            .map_err(RoleError::refused("Epochs::deposit_bond"))?;
        Ok(Action::Bonded { amount })
    }
}

/// A closed epoch is to be posted while nobody has posted it.
fn is_due(status: &EpochStatus) -> bool {
    status.stage == Stage::Closed
}
