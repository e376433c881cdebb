//! The admin: its succession, the brake and the close-down.
//!
//! What the admin announces counts later, and what it stops goes on by itself. No power here
//! reaches stake, balances, or an epoch that is open.

use inktensor_primitives::{
    registry::{BoundedField, RegistryError, BRAKE_PERIOD, CLOSE_DOWN_DELAY},
    AccountId,
};

/// The admin, and what it has announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Admin {
    account: AccountId,
    /// The account that may accept the role.
    offered_to: Option<AccountId>,
    /// End of the last brake.
    braked_until: Option<u32>,
    /// Block from which no epoch closes.
    closes_down_at: Option<u32>,
}

impl Admin {
    /// Makes `account` the admin of a network that has no brake and does not close down.
    pub const fn new(account: AccountId) -> Self {
        Self {
            account,
            offered_to: None,
            braked_until: None,
            closes_down_at: None,
        }
    }

    /// Returns the admin's account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Checks that `caller` is the admin.
    ///
    /// # Errors
    /// `NotAdmin`.
    pub fn only(&self, caller: AccountId) -> Result<(), RegistryError> {
        if caller == self.account {
            Ok(())
        } else {
            Err(RegistryError::NotAdmin)
        }
    }

    /// Offers the role of `caller` to `to`, or withdraws the offer.
    ///
    /// # Errors
    /// `NotAdmin`.
    pub fn offer(&mut self, caller: AccountId, to: Option<AccountId>) -> Result<(), RegistryError> {
        self.only(caller)?;
        self.offered_to = to;
        Ok(())
    }

    /// Returns the account that the role is offered to.
    pub const fn offered_to(&self) -> Option<AccountId> {
        self.offered_to
    }

    /// Makes `caller` the admin, to whom the role is offered. Returns the former admin.
    ///
    /// # Errors
    /// `AdminNotOffered`.
    pub fn accept(&mut self, caller: AccountId) -> Result<AccountId, RegistryError> {
        if self.offered_to != Some(caller) {
            return Err(RegistryError::AdminNotOffered);
        }
        self.offered_to = None;
        Ok(core::mem::replace(&mut self.account, caller))
    }

    /// Sets a brake at block `now` that ends at block `until`, or ends a brake earlier.
    ///
    /// # Errors
    /// `TooSoon` within a week after the last brake; `OutOfBounds` if the end is not later than
    /// now, more than a week away, or later than that of the present brake.
    pub fn brake(&mut self, now: u32, until: u32) -> Result<(), RegistryError> {
        let (min, max) = match self.braked_until {
            Some(end) if now < end => (now, end),
            Some(end) if now < end.saturating_add(BRAKE_PERIOD) => {
                return Err(RegistryError::TooSoon(end.saturating_add(BRAKE_PERIOD)));
            }
            _ => (now.saturating_add(1), now.saturating_add(BRAKE_PERIOD)),
        };
        if !(min..=max).contains(&until) {
            return Err(RegistryError::OutOfBounds {
                field: BoundedField::Brake,
                value: until.into(),
                min: min.into(),
                max: max.into(),
            });
        }
        self.braked_until = Some(until);
        Ok(())
    }

    /// Returns the end of the brake that holds at block `now`.
    pub fn braked_until(&self, now: u32) -> Option<u32> {
        self.braked_until.filter(|until| now < *until)
    }

    /// Announces the close-down at block `now`. Returns the block from which the network is closed.
    ///
    /// # Errors
    /// `ClosedDown`.
    pub fn close_down(&mut self, now: u32) -> Result<u32, RegistryError> {
        self.check_not_closed(now)?;
        let at = now.saturating_add(CLOSE_DOWN_DELAY);
        self.closes_down_at = Some(at);
        Ok(at)
    }

    /// Withdraws the announced close-down at block `now`. Returns the block that it was for.
    ///
    /// # Errors
    /// `NothingAnnounced`, `ClosedDown`.
    pub fn cancel_close_down(&mut self, now: u32) -> Result<u32, RegistryError> {
        let at = self.closes_down_at.ok_or(RegistryError::NothingAnnounced)?;
        self.check_not_closed(now)?;
        self.closes_down_at = None;
        Ok(at)
    }

    /// Returns the block from which the network is closed, if a close-down is announced.
    pub const fn closes_down_at(&self) -> Option<u32> {
        self.closes_down_at
    }

    /// Returns true if the network is closed at block `now`.
    pub fn is_closed(&self, now: u32) -> bool {
        self.check_not_closed(now).is_err()
    }

    /// Checks that the network is not closed at block `now`.
    ///
    /// # Errors
    /// `ClosedDown`.
    pub fn check_not_closed(&self, now: u32) -> Result<(), RegistryError> {
        match self.closes_down_at {
            Some(at) if now >= at => Err(RegistryError::ClosedDown(at)),
            _ => Ok(()),
        }
    }

    /// Checks that seats and subnets are sold at block `now`.
    ///
    /// # Errors
    /// `ClosedDown`, `Braked`.
    pub fn check_open(&self, now: u32) -> Result<(), RegistryError> {
        self.check_not_closed(now)?;
        match self.braked_until(now) {
            Some(until) => Err(RegistryError::Braked(until)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADMIN: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];

    fn admin() -> Admin {
        Admin::new(ADMIN.into())
    }

    #[test]
    fn the_role_passes_on_when_it_is_accepted() {
        let mut admin = admin();
        let refused = admin.offer(OTHER.into(), Some(OTHER.into()));
        assert_eq!(refused, Err(RegistryError::NotAdmin));
        assert_eq!(
            admin.accept(OTHER.into()),
            Err(RegistryError::AdminNotOffered)
        );
        assert_eq!(admin.offer(ADMIN.into(), Some(OTHER.into())), Ok(()));
        assert_eq!(admin.only(ADMIN.into()), Ok(()));
        assert_eq!(admin.accept(OTHER.into()), Ok(ADMIN.into()));
        assert_eq!((admin.account(), admin.offered_to()), (OTHER.into(), None));
    }

    #[test]
    fn a_brake_ends_within_a_week_and_is_followed_by_a_week_without_one() {
        let mut admin = admin();
        assert!(admin.brake(100, 100).is_err());
        assert!(admin.brake(100, 101 + BRAKE_PERIOD).is_err());
        assert_eq!(admin.brake(100, 100 + BRAKE_PERIOD), Ok(()));
        let end = 100 + BRAKE_PERIOD;
        assert_eq!(admin.check_open(end - 1), Err(RegistryError::Braked(end)));
        assert_eq!(admin.check_open(end), Ok(()));
        assert!(admin.brake(200, end + 1).is_err());
        assert_eq!(admin.brake(200, 200), Ok(()));
        assert_eq!(admin.check_open(200), Ok(()));
        let next = 200 + BRAKE_PERIOD;
        assert_eq!(
            admin.brake(next - 1, next),
            Err(RegistryError::TooSoon(next))
        );
        assert_eq!(admin.brake(next, next + 1), Ok(()));
    }

    #[test]
    fn a_close_down_is_for_good_once_it_counts() {
        let mut admin = admin();
        assert_eq!(
            admin.cancel_close_down(0),
            Err(RegistryError::NothingAnnounced)
        );
        let at = CLOSE_DOWN_DELAY + 5;
        assert_eq!(admin.close_down(5), Ok(at));
        assert_eq!(admin.cancel_close_down(at - 1), Ok(at));
        assert_eq!(admin.close_down(5), Ok(at));
        assert!(!admin.is_closed(at - 1) && admin.is_closed(at));
        let closed = RegistryError::ClosedDown(at);
        assert_eq!(admin.cancel_close_down(at), Err(closed.clone()));
        assert_eq!(admin.close_down(at), Err(closed.clone()));
        assert_eq!(admin.check_open(at), Err(closed));
    }

    proptest! {
            /// At least half of the time has no brake.
        #[test]
        fn brakes_leave_half_of_the_time(
            calls in proptest::collection::vec((0u32..80_000, 0u32..80_000), 0..40)
        ) {
            let mut admin = admin();
            let (mut now, mut braked, mut free) = (0u64, 0u64, u64::from(BRAKE_PERIOD));
            for (wait, length) in calls {
                let then = now + u64::from(wait);
                let until = u64::from(admin.braked_until(u32::try_from(now).unwrap()).unwrap_or(0));
                let held = until.clamp(now, then) - now;
                braked += held;
                free += then - now - held;
                now = then;
                let at = u32::try_from(now).unwrap();
                let _ = admin.brake(at, at + length);
            }
            prop_assert!(braked <= free, "{} {}", braked, free);
        }
    }
}
