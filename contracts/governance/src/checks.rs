//! Checks of a proposal that need no other contract.

use crate::guard;
use ink::scale::Encode;
use inktensor_primitives::{
    governance::{
        Action, GovernanceError, GovernancePeers, NewProposal, Track, MAX_ACTIONS,
        MAX_ACTION_BYTES, MAX_LINK, MAX_RAW_INPUT, MAX_TITLE,
    },
    AccountId, Rao,
};

/// Checks sizes and texts of a proposal.
///
/// # Errors
/// `TooManyActions`, `BadText`.
pub fn sizes(proposal: &NewProposal) -> Result<(), GovernanceError> {
    let actions = &proposal.actions;
    if !(1..=MAX_ACTIONS).contains(&actions.len()) || actions.encoded_size() > MAX_ACTION_BYTES {
        return Err(GovernanceError::TooManyActions);
    }
    if !(1..=MAX_TITLE).contains(&proposal.title.len()) || proposal.link.len() > MAX_LINK {
        return Err(GovernanceError::BadText);
    }
    Ok(())
}

/// Returns the track of these actions, of which some spend `spends` rao together.
///
/// # Errors
/// `MixedTracks`.
pub fn track(actions: &[Action], is_small: bool) -> Result<Track, GovernanceError> {
    let mut tracks = actions.iter().map(|action| action.track(is_small));
    let first = tracks.next().ok_or(GovernanceError::TooManyActions)?;
    tracks
        .try_fold(first, Track::with)
        .ok_or(GovernanceError::MixedTracks)
}

/// Returns the TAO that these actions take out of the treasury together.
///
/// # Errors
/// `Overflow`.
pub fn spends(actions: &[Action]) -> Result<Rao, GovernanceError> {
    let mut amounts = actions.iter().map(Action::spends);
    let sum = amounts.try_fold(Rao::ZERO, Rao::checked_add);
    sum.ok_or(GovernanceError::Overflow)
}

/// Checks the values of action `number`, as far as they need no other contract: an action that
/// could never be executed is not voted on. `own` is the address of governance.
///
/// # Errors
/// `BadAction`, `BadTrackRules`, `BadGuard`, `BadTarget`.
pub fn values(
    number: u16,
    action: &Action,
    own: AccountId,
    peers: &GovernancePeers,
) -> Result<(), GovernanceError> {
    let is_foreign = |address: &AccountId| *address != own && !peers.contains(*address);
    let is_possible = match action {
        Action::SetHyperparameter(netuid, _) => !netuid.is_root(),
        // A contract of the network would keep it for good.
        Action::Pay { to, amount } => !amount.is_zero() && is_foreign(to),
        Action::OpenStream(stream) => !stream.total.is_zero() && is_foreign(&stream.payee),
        Action::OpenBudget(budget) => {
            let is_some = !budget.total.is_zero() && !budget.per_period.is_zero();
            is_some && is_foreign(&budget.manager)
        }
        Action::Rescue { token, amount, .. } => *amount > 0 && *token != peers.token,
        Action::SetTrack(track, rules) => {
            let fault = rules.fault(*track);
            return fault.map_or(Ok(()), |it| Err(GovernanceError::BadTrackRules(it)));
        }
        Action::SetGuard(new) if !guard::is_sound(new) => return Err(GovernanceError::BadGuard),
        Action::OfferRoles(to) => is_foreign(to),
        Action::Raw(call) => {
            if !is_foreign(&call.target) || call.input.len() > MAX_RAW_INPUT {
                return Err(GovernanceError::BadTarget);
            }
            // Zero would be all that is left, which the account that executes chooses.
            call.ref_time > 0 && call.proof_size > 0 && call.deposit > 0
        }
        _ => true,
    };
    if is_possible {
        Ok(())
    } else {
        Err(GovernanceError::BadAction(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{
        governance::{NetworkRule, NewGuard, RawCall, TrackField, TrackRules},
        registry::Hyperparameter,
        NetUid,
    };

    const OWN: [u8; 32] = [9; 32];

    fn peers() -> GovernancePeers {
        GovernancePeers {
            token: [1; 32].into(),
            registry: [2; 32].into(),
            staking: [3; 32].into(),
            emission: [4; 32].into(),
            epoch: [5; 32].into(),
            treasury: [6; 32].into(),
        }
    }

    fn pay(amount: u64) -> Action {
        Action::Pay {
            to: [7; 32].into(),
            amount: Rao(amount),
        }
    }

    fn proposal(actions: Vec<Action>) -> NewProposal {
        NewProposal {
            actions,
            title: "a title".into(),
            link: String::new(),
            text_hash: [0; 32],
            after: None,
            overriding: None,
        }
    }

    fn raw(target: [u8; 32], input: usize) -> Action {
        Action::Raw(RawCall {
            target: target.into(),
            code_hash: [0; 32],
            selector: [0; 4],
            input: vec![0; input],
            ref_time: 1,
            proof_size: 1,
            deposit: 1,
        })
    }

    #[test]
    fn sizes_are_limited() {
        assert_eq!(sizes(&proposal(vec![pay(1); MAX_ACTIONS])), Ok(()));
        let many = Err(GovernanceError::TooManyActions);
        assert_eq!(sizes(&proposal(vec![])), many);
        assert_eq!(sizes(&proposal(vec![pay(1); MAX_ACTIONS + 1])), many);
        assert_eq!(sizes(&proposal(vec![raw([7; 32], 1_024); 4])), many);
        for (title, link) in [("".into(), 0), ("t".repeat(81), 0), ("t".into(), 257)] {
            let mut long = proposal(vec![pay(1)]);
            long.title = title;
            long.link = "l".repeat(link);
            assert_eq!(sizes(&long), Err(GovernanceError::BadText));
        }
    }

    #[test]
    fn track_is_that_of_the_hardest_action() {
        let rule = Action::ChangeRule(NetworkRule::SwapFee(Rao(1)));
        let yuma = Action::SetHyperparameter(NetUid(1), Hyperparameter::Kappa(1));
        let tempo = Action::SetHyperparameter(NetUid(1), Hyperparameter::Tempo(720));
        for (actions, expected) in [
            (vec![pay(1)], Ok(Track::SpendSmall)),
            (vec![tempo.clone(), pay(1)], Ok(Track::Parameter)),
            (vec![rule.clone(), yuma, tempo], Ok(Track::Kernel)),
            (vec![Action::LiftBrake, Action::Cancel(1)], Ok(Track::Stop)),
            (
                vec![Action::LiftBrake, rule],
                Err(GovernanceError::MixedTracks),
            ),
        ] {
            assert_eq!(track(&actions, true), expected);
        }
        assert_eq!(track(&[pay(1)], false), Ok(Track::SpendLarge));
        assert_eq!(spends(&[pay(3), pay(4)]), Ok(Rao(7)));
        let much = [pay(u64::MAX), pay(1)];
        assert_eq!(spends(&much), Err(GovernanceError::Overflow));
    }

    #[test]
    fn actions_that_can_never_be_executed_are_refused() {
        let check = |action: &Action| values(2, action, OWN.into(), &peers());
        let bad = Err(GovernanceError::BadAction(2));
        let unlimited = |ref_time, proof_size| {
            let Action::Raw(call) = raw([7; 32], 0) else {
                unreachable!()
            };
            Action::Raw(RawCall {
                ref_time,
                proof_size,
                ..call
            })
        };
        for action in [
            pay(0),
            Action::Pay {
                to: peers().treasury,
                amount: Rao(1),
            },
            unlimited(0, 1),
            unlimited(1, 0),
            Action::SetHyperparameter(NetUid::ROOT, Hyperparameter::Tempo(9)),
            Action::OfferRoles(OWN.into()),
            Action::OfferRoles(peers().epoch),
        ] {
            assert_eq!(check(&action), bad, "{action:?}");
        }
        for target in [OWN, [1; 32], [4; 32], [6; 32]] {
            let refused = check(&raw(target, 0));
            assert_eq!(refused, Err(GovernanceError::BadTarget));
        }
        assert_eq!(check(&raw([7; 32], 1_025)), Err(GovernanceError::BadTarget));
        assert_eq!(check(&raw([7; 32], 1_024)), Ok(()));
        let rules = TrackRules {
            places: 0,
            ..Track::Rules.default_rules()
        };
        assert_eq!(
            check(&Action::SetTrack(Track::Rules, rules)),
            Err(GovernanceError::BadTrackRules(TrackField::Places))
        );
        let guard = NewGuard {
            members: vec![],
            threshold: 0,
            term: 0,
            vetoes: 0,
        };
        assert_eq!(
            check(&Action::SetGuard(guard)),
            Err(GovernanceError::BadGuard)
        );
        assert_eq!(check(&pay(1)), Ok(()));
    }
}
