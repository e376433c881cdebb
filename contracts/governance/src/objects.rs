//! Objects that actions stop: a grant, a proposal, a brake, an announcement, a guard, an offer.
//!
//! A proposal notes the number of each object when it is made. Executed later, an action whose
//! object is gone, or is another one, is skipped. So no account undoes a proposal by ending an
//! object before, and no vote stops what came after it.

use crate::calls;
use ink::codegen::TraitCallBuilder;
use inktensor_primitives::{
    governance::{Action, GovernanceError, GovernancePeers},
    registry::Registry,
    treasury::Treasury,
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
    /// Returns true if `action` still has the object that was noted as `noted`.
    pub const fn is_still(self, action: &Action, noted: u32) -> bool {
        match (self, action) {
            (Self::None, _) => true,
            (Self::Gone, _) => false,
            // The guard may shorten its brake, and a later one ends at least a week later.
            (Self::Is(until), Action::LiftBrake) => until <= noted,
            // Another announcement has the changes of the one before, at a later block.
            (Self::Is(_), Action::CancelRules | Action::CancelCloseDown) => true,
            (Self::Is(number), _) => number == noted,
        }
    }
}

/// Returns the object of an action at block `now`. `own` finds the objects of governance itself.
///
/// # Errors
/// `PeerUnavailable`, and those of `own`.
pub fn object(
    action: &Action,
    peers: &GovernancePeers,
    now: u32,
    own: impl FnOnce(&Action) -> Result<Option<u32>, GovernanceError>,
) -> Result<Object, GovernanceError> {
    let registry = calls::registry(peers);
    let treasury = calls::treasury(peers);
    let number = match action {
        Action::Cancel(_) | Action::DismissGuard => own(action)?,
        Action::Revoke(id) => {
            let stream = calls::value(treasury.call().stream(*id).try_invoke())?;
            let is_stream = stream.is_some_and(|it| it.revoked_at.is_none());
            let is_there =
                is_stream || calls::value(treasury.call().budget(*id).try_invoke())?.is_some();
            is_there.then_some(*id)
        }
        Action::LiftBrake => calls::value(registry.call().braked_until().try_invoke())?,
        Action::CancelRules => {
            let found = calls::value(registry.call().announced_rules().try_invoke())?;
            found.map(|it| it.from)
        }
        Action::CancelCloseDown => {
            let at = calls::value(registry.call().closes_down_at().try_invoke())?;
            at.filter(|at| now < *at)
        }
        Action::WithdrawKernel(kernel) => {
            let entry = calls::value(registry.call().kernel(*kernel).try_invoke())?;
            let from = entry.filter(|it| !it.retired).map(|it| it.from);
            from.filter(|from| now < *from)
        }
        Action::WithdrawOffers => {
            let admin = calls::value(registry.call().offered_admin().try_invoke())?;
            let owner = calls::value(treasury.call().offered_owner().try_invoke())?;
            (admin.is_some() || owner.is_some()).then_some(0)
        }
        _ => return Ok(Object::None),
    };
    Ok(number.map_or(Object::Gone, Object::Is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_is_the_same_until_it_ends() {
        for (object, action, noted, expected) in [
            (Object::None, Action::LiftBrake, 0, true),
            (Object::Gone, Action::LiftBrake, 7, false),
            (Object::Is(7), Action::LiftBrake, 7, true),
            (Object::Is(6), Action::LiftBrake, 7, true),
            (Object::Is(8), Action::LiftBrake, 7, false),
            (Object::Is(8), Action::CancelRules, 7, true),
            (Object::Is(2), Action::DismissGuard, 1, false),
            (Object::Is(1), Action::DismissGuard, 1, true),
        ] {
            assert_eq!(object.is_still(&action, noted), expected, "{object:?}");
        }
    }
}
