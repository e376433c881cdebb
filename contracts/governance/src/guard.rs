//! The guard: members that can delay and stop for a limited time.
//!
//! The guard can neither propose, execute nor pay. It ends by itself, and a vote that it has no
//! power over dismisses it.

use ink::{
    prelude::{vec, vec::Vec},
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    governance::{GovernanceError, GuardAct, GuardView, NewGuard, DAY, MAX_GUARD},
    AccountId,
};

/// Longest term of a guard.
const LONGEST_TERM: u32 = 360 * DAY;
/// Most vetoes of a guard in [`VETO_PERIOD`].
const MOST_VETOES: u8 = 4;
/// Blocks in which the vetoes of a guard are counted.
pub const VETO_PERIOD: u32 = 90 * DAY;
/// Blocks after which a consent lapses.
const CONSENT_TERM: u32 = 7 * DAY;

/// A guard in office.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Guard {
    members: Vec<AccountId>,
    threshold: u8,
    until: u32,
    vetoes: u8,
    /// Blocks of the last vetoes, of this guard and of those before it, oldest first.
    used: Vec<u32>,
    /// Number of the guard. Consents to an earlier one do not count.
    number: u32,
}

/// Consents to an act: the number of the guard, and its members with the block of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Consents {
    guard: u32,
    by: Vec<(AccountId, u32)>,
}

/// The guard, and consents to its acts.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Guards {
    guard: Option<Guard>,
    /// Number of guards so far.
    count: u32,
    /// Blocks of the last vetoes of guards that were dismissed or replaced.
    used: Vec<u32>,
    consents: Mapping<GuardAct, Consents, ManualKey<0x474F_5602>>,
}

/// Returns true if a guard may have these terms.
pub fn is_sound(guard: &NewGuard) -> bool {
    let members = &guard.members;
    let threshold = usize::from(guard.threshold);
    let is_distinct = members.iter().enumerate().all(|(place, member)| {
        members
            .iter()
            .skip(place.saturating_add(1))
            .all(|it| it != member)
    });
    (3..=MAX_GUARD).contains(&members.len())
        && is_distinct
        && threshold <= members.len()
        && threshold.saturating_mul(2) > members.len()
        && (DAY..=LONGEST_TERM).contains(&guard.term)
        && guard.vetoes <= MOST_VETOES
}

impl Guards {
    /// Puts a guard in office at block `now`, in place of the former one.
    ///
    /// # Errors
    /// `BadGuard`.
    pub fn appoint(&mut self, new: NewGuard, now: u32) -> Result<(), GovernanceError> {
        if !is_sound(&new) {
            return Err(GovernanceError::BadGuard);
        }
        self.dismiss();
        self.count = self.count.saturating_add(1);
        self.guard = Some(Guard {
            members: new.members,
            threshold: new.threshold,
            until: now.saturating_add(new.term),
            vetoes: new.vetoes,
            used: core::mem::take(&mut self.used),
            number: self.count,
        });
        Ok(())
    }

    /// Ends the guard's office.
    pub fn dismiss(&mut self) {
        if let Some(guard) = self.guard.take() {
            self.used = guard.used;
        }
    }

    /// Returns the guard at block `now`.
    pub fn view(&self, now: u32) -> Option<GuardView> {
        let guard = self.active(now)?;
        let used = u8::try_from(guard.recent(now).count()).unwrap_or(u8::MAX);
        Some(GuardView {
            members: guard.members.clone(),
            threshold: guard.threshold,
            number: guard.number,
            until: guard.until,
            vetoes_left: guard.vetoes.saturating_sub(used),
        })
    }

    /// Returns the members that have consented to `act` at block `now`.
    pub fn consents(&self, act: GuardAct, now: u32) -> Vec<AccountId> {
        let Some(guard) = self.active(now) else {
            return Vec::new();
        };
        let consents = self.valid(guard, act, now);
        consents.into_iter().map(|(member, _)| member).collect()
    }

    /// Records the consent of `member` to `act` at block `now`. Returns true if enough members have
    /// consented; the consents are used up then.
    ///
    /// # Errors
    /// `NotGuard`, `AlreadyConsented`, `NoVeto`.
    pub fn consent(
        &mut self,
        member: AccountId,
        act: GuardAct,
        now: u32,
    ) -> Result<bool, GovernanceError> {
        let guard = self.active(now).ok_or(GovernanceError::NotGuard)?;
        if !guard.members.contains(&member) {
            return Err(GovernanceError::NotGuard);
        }
        if matches!(act, GuardAct::Veto(_)) {
            guard.ensure_veto(now)?;
        }
        let mut by = self.valid(guard, act, now);
        if by.iter().any(|(who, _)| *who == member) {
            return Err(GovernanceError::AlreadyConsented);
        }
        by.push((member, now));
        let is_done = by.len() >= usize::from(guard.threshold);
        let number = guard.number;
        if is_done {
            self.consents.remove(act);
            if let (GuardAct::Veto(_), Some(guard)) = (act, self.guard.as_mut()) {
                let recent: Vec<u32> = guard.recent(now).collect();
                guard.used = [recent, vec![now]].concat();
            }
        } else {
            self.consents.insert(act, &Consents { guard: number, by });
        }
        Ok(is_done)
    }

    fn active(&self, now: u32) -> Option<&Guard> {
        self.guard.as_ref().filter(|guard| now < guard.until)
    }

    /// Returns the consents of `guard` to `act` that have not lapsed at block `now`.
    fn valid(&self, guard: &Guard, act: GuardAct, now: u32) -> Vec<(AccountId, u32)> {
        let consents = self.consents.get(act).unwrap_or_default();
        if consents.guard != guard.number {
            return Vec::new();
        }
        let is_valid = |at: u32| now < at.saturating_add(CONSENT_TERM);
        consents
            .by
            .into_iter()
            .filter(|(_, at)| is_valid(*at))
            .collect()
    }
}

impl Guard {
    /// Returns the blocks of the vetoes that still count at block `now`.
    fn recent(&self, now: u32) -> impl Iterator<Item = u32> + '_ {
        let counts = move |at: &u32| now < at.saturating_add(VETO_PERIOD);
        self.used.iter().copied().filter(counts)
    }

    /// Checks that a veto is left at block `now`.
    fn ensure_veto(&self, now: u32) -> Result<(), GovernanceError> {
        let recent: Vec<u32> = self.recent(now).collect();
        let vetoes = usize::from(self.vetoes);
        if recent.len() < vetoes {
            return Ok(());
        }
        // The oldest of the last `vetoes` ones must lapse first.
        let oldest = recent.len().checked_sub(vetoes);
        let from = oldest
            .and_then(|place| recent.get(place))
            .map_or(self.until, |at| at.saturating_add(VETO_PERIOD));
        Err(GovernanceError::NoVeto(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: u8) -> AccountId {
        [number; 32].into()
    }

    fn new(members: u8, threshold: u8) -> NewGuard {
        NewGuard {
            members: (0..members).map(member).collect(),
            threshold,
            term: 360 * DAY,
            vetoes: 2,
        }
    }

    fn in_office() -> Guards {
        let mut guards = Guards::default();
        guards.appoint(new(3, 2), 0).unwrap();
        guards
    }

    #[ink::test]
    fn guard_has_bounds() {
        assert!(is_sound(&new(3, 2)) && is_sound(&new(12, 7)));
        for bad in [
            new(2, 2),
            new(13, 7),
            new(4, 2),
            new(3, 4),
            NewGuard {
                term: 361 * DAY,
                ..new(3, 2)
            },
            NewGuard {
                term: 0,
                ..new(3, 2)
            },
            NewGuard {
                vetoes: 5,
                ..new(3, 2)
            },
            NewGuard {
                members: vec![member(1), member(2), member(1)],
                ..new(3, 2)
            },
        ] {
            assert!(!is_sound(&bad), "{bad:?}");
            let refused = Guards::default().appoint(bad, 0);
            assert_eq!(refused, Err(GovernanceError::BadGuard));
        }
    }

    #[ink::test]
    fn act_is_done_by_enough_members_within_a_week() {
        let mut guards = in_office();
        let act = GuardAct::Hold(7);
        let stranger = guards.consent(member(9), act, 1);
        assert_eq!(stranger, Err(GovernanceError::NotGuard));
        assert_eq!(guards.consent(member(0), act, 1), Ok(false));
        let again = guards.consent(member(0), act, 2);
        assert_eq!(again, Err(GovernanceError::AlreadyConsented));
        // Another act, and one too late, do not count.
        assert_eq!(guards.consent(member(1), GuardAct::Hold(8), 2), Ok(false));
        let late = 1 + CONSENT_TERM;
        assert_eq!(guards.consents(act, late - 1), vec![member(0)]);
        assert_eq!(guards.consents(act, late), vec![]);
        assert_eq!(guards.consent(member(1), act, late), Ok(false));
        assert_eq!(guards.consent(member(2), act, late + 1), Ok(true));
        assert_eq!(guards.consents(act, late + 1), vec![]);
    }

    #[ink::test]
    fn vetoes_are_counted_in_ninety_days_and_across_guards() {
        let mut guards = in_office();
        let veto = |guards: &mut Guards, id, now| {
            guards.consent(member(0), GuardAct::Veto(id), now)?;
            guards.consent(member(1), GuardAct::Veto(id), now)
        };
        assert_eq!(veto(&mut guards, 1, 10), Ok(true));
        assert_eq!(veto(&mut guards, 2, 20), Ok(true));
        assert_eq!(guards.view(20).unwrap().vetoes_left, 0);
        let none = Err(GovernanceError::NoVeto(10 + VETO_PERIOD));
        assert_eq!(veto(&mut guards, 3, 30), none);
        guards.appoint(new(3, 2), 40).unwrap();
        assert_eq!(veto(&mut guards, 3, 50), none);
        assert_eq!(veto(&mut guards, 3, 10 + VETO_PERIOD), Ok(true));
    }

    #[ink::test]
    fn guard_ends_by_itself_or_is_dismissed() {
        let mut guards = in_office();
        let until = 360 * DAY;
        assert!(guards.view(until - 1).is_some());
        assert_eq!(guards.view(until), None);
        let act = GuardAct::Brake(5);
        let over = guards.consent(member(0), act, until);
        assert_eq!(over, Err(GovernanceError::NotGuard));
        assert_eq!(guards.consent(member(0), act, 3), Ok(false));
        guards.dismiss();
        assert_eq!(guards.view(3), None);
        // Consents to the former guard do not count for the next one.
        guards.appoint(new(3, 2), 4).unwrap();
        assert_eq!(guards.consent(member(1), act, 5), Ok(false));
    }
}
