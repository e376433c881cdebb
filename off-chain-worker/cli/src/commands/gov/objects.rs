//! Objects that actions stop, as the contract finds them: an action whose object is gone, or is
//! another one than when it was proposed, is skipped at execution.

use crate::{error::Failure, network::Network};
use inktensor_client::deploy::Governing;
use inktensor_primitives::{
    governance::{Action, Governance, GuardView, ProposalView},
    registry::{AnnouncedRules, KernelEntry, Registry},
    treasury::{BudgetView, StreamView, Treasury},
    AccountId,
};

/// The object of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// The action stops nothing.
    None,
    /// The object of this number.
    Is(u32),
    /// No object of the kind is there.
    Gone,
}

impl Object {
    /// Reads the object of an action.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn of(network: &Network, at: Governing, action: &Action) -> Result<Self, Failure> {
        let registry = || network.contracts().registry();
        let number = match action {
            Action::Cancel(id) => {
                let view: Option<ProposalView> = network.query(at.governance().proposal(*id))?;
                view.filter(|it| !it.state.is_final()).map(|_| *id)
            }
            Action::DismissGuard => {
                let guard: Option<GuardView> = network.query(at.governance().guard())?;
                guard.map(|it| it.number)
            }
            Action::Revoke(id) => {
                let stream: Option<StreamView> = network.query(at.treasury().stream(*id))?;
                let budget: Option<BudgetView> = network.query(at.treasury().budget(*id))?;
                let is_stream = stream.is_some_and(|it| it.revoked_at.is_none());
                (is_stream || budget.is_some()).then_some(*id)
            }
            Action::LiftBrake => network.query(registry().braked_until())?,
            Action::CancelRules => {
                let announced: Option<AnnouncedRules> =
                    network.query(registry().announced_rules())?;
                announced.map(|it| it.from)
            }
            Action::CancelCloseDown => {
                let at: Option<u32> = network.query(registry().closes_down_at())?;
                let now = network.block()?;
                at.filter(|at| now < *at)
            }
            Action::WithdrawKernel(kernel) => {
                let entry: Option<KernelEntry> = network.query(registry().kernel(*kernel))?;
                let now = network.block()?;
                let from = entry.filter(|it| !it.retired).map(|it| it.from);
                from.filter(|from| now < *from)
            }
            Action::WithdrawOffers => {
                let admin: Option<AccountId> = network.query(registry().offered_admin())?;
                let owner: Option<AccountId> = network.query(at.treasury().offered_owner())?;
                (admin.is_some() || owner.is_some()).then_some(0)
            }
            _ => return Ok(Self::None),
        };
        Ok(number.map_or(Self::Gone, Self::Is))
    }

    /// Returns true if `action` still has the object that was noted as `noted`. The rule is that
    /// of the governance contract.
    pub const fn is_still(self, action: &Action, noted: u32) -> bool {
        match (self, action) {
            (Self::None, _) => true,
            (Self::Gone, _) => false,
            // A guard may shorten its brake.
            (Self::Is(until), Action::LiftBrake) => until <= noted,
            // Another announcement has the changes of the one before.
            (Self::Is(_), Action::CancelRules | Action::CancelCloseDown) => true,
            (Self::Is(number), _) => number == noted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_the_noted_one_by_the_rule_of_the_contract() {
        for (object, action, noted, expected) in [
            (Object::None, Action::Cancel(1), 0, true),
            (Object::Gone, Action::Cancel(1), 1, false),
            (Object::Is(6), Action::LiftBrake, 7, true),
            (Object::Is(8), Action::LiftBrake, 7, false),
            (Object::Is(8), Action::CancelRules, 7, true),
            (Object::Is(8), Action::CancelCloseDown, 7, true),
            (Object::Is(2), Action::DismissGuard, 1, false),
            (Object::Is(1), Action::DismissGuard, 1, true),
        ] {
            assert_eq!(object.is_still(&action, noted), expected, "{object:?}");
        }
    }
}
