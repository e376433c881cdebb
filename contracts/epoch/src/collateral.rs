//! Collateral accounts: what a worker can lose by asserting a falsehood.

use ink::storage::{traits::ManualKey, Lazy, Mapping};
use inktensor_primitives::{
    epoch::{Collateral, EpochError},
    AccountId, Rao,
};

/// `collateral` with `amount` more to use.
///
/// # Errors
/// `Overflow`; the cap on TAO excludes it.
fn deposited(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let free = collateral
        .free
        .checked_add(amount)
        .ok_or(EpochError::Overflow)?;
    Ok(Collateral { free, ..collateral })
}

/// `collateral` with `amount` less to use.
///
/// # Errors
/// `CollateralTooSmall` with `amount` if less is free.
fn withdrawn(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let free = collateral
        .free
        .checked_sub(amount)
        .ok_or(EpochError::CollateralTooSmall(amount))?;
    Ok(Collateral { free, ..collateral })
}

/// `collateral` with `amount` put behind an assertion.
///
/// # Errors
/// `CollateralTooSmall` with `amount` if less is free, `Overflow`.
fn locked(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let Collateral { free, locked } = withdrawn(collateral, amount)?;
    let locked = locked.checked_add(amount).ok_or(EpochError::Overflow)?;
    Ok(Collateral { free, locked })
}

/// `collateral` with `amount` taken back from behind an assertion.
///
/// # Errors
/// `Overflow` if less is locked; collateral is released once.
fn released(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let locked = collateral
        .locked
        .checked_sub(amount)
        .ok_or(EpochError::Overflow)?;
    deposited(
        Collateral {
            free: collateral.free,
            locked,
        },
        amount,
    )
}

/// `collateral` without `amount` of what was behind an assertion.
///
/// # Errors
/// `Overflow` if less is locked; collateral is slashed once.
fn slashed(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let locked = collateral
        .locked
        .checked_sub(amount)
        .ok_or(EpochError::Overflow)?;
    Ok(Collateral {
        locked,
        ..collateral
    })
}

/// The collateral that an assertion needs after `lost` assertions of the same epoch were slashed: `base`,
/// doubled for each of them, at most the cap on TAO.
pub fn required(base: Rao, lost: u32) -> Rao {
    let factor = 1u64.checked_shl(lost).unwrap_or(u64::MAX);
    Rao(base.0.saturating_mul(factor)).min(Rao::CAP)
}

/// How slashed collateral is split: the challenger's half, rounded down, and what is burned.
pub fn split(collateral: Rao) -> (Rao, Rao) {
    let reward = collateral.0 / 2;
    (Rao(reward), Rao(collateral.0.saturating_sub(reward)))
}

/// The collateral of all workers. Their sum is the contract's balance of TAO.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct CollateralStore {
    accounts: Mapping<AccountId, Collateral, ManualKey<0x4550_0010>>,
    total: Lazy<Rao, ManualKey<0x4550_0011>>,
}

impl CollateralStore {
    /// Collateral of `worker`.
    pub fn of(&self, worker: AccountId) -> Collateral {
        self.accounts.get(worker).unwrap_or_default()
    }

    /// All collateral.
    pub fn total(&self) -> Rao {
        self.total.get_or_default()
    }

    /// Adds `amount`, which the contract has received, to the free collateral of `worker`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn deposit(&mut self, worker: AccountId, amount: Rao) -> Result<Collateral, EpochError> {
        let total = self
            .total()
            .checked_add(amount)
            .ok_or(EpochError::Overflow)?;
        let collateral = self.change(worker, amount, deposited)?;
        self.total.set(&total);
        Ok(collateral)
    }

    /// Takes `amount`, which the contract is to send, from the free collateral of `worker`.
    ///
    /// # Errors
    /// `CollateralTooSmall`, `Overflow`.
    pub fn withdraw(&mut self, worker: AccountId, amount: Rao) -> Result<Collateral, EpochError> {
        let collateral = self.change(worker, amount, withdrawn)?;
        let total = self
            .total()
            .checked_sub(amount)
            .ok_or(EpochError::Overflow)?;
        self.total.set(&total);
        Ok(collateral)
    }

    /// Puts `amount` of the free collateral of `worker` behind an assertion.
    ///
    /// # Errors
    /// `CollateralTooSmall`, `Overflow`.
    pub fn lock(&mut self, worker: AccountId, amount: Rao) -> Result<Collateral, EpochError> {
        self.change(worker, amount, locked)
    }

    /// Frees `amount` of what `worker` has behind assertions.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn release(&mut self, worker: AccountId, amount: Rao) -> Result<Collateral, EpochError> {
        self.change(worker, amount, released)
    }

    /// Takes `amount`, which the contract is to pay out or burn, of what `worker` has behind
    /// assertions.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn slash(&mut self, worker: AccountId, amount: Rao) -> Result<Collateral, EpochError> {
        let collateral = self.change(worker, amount, slashed)?;
        let total = self
            .total()
            .checked_sub(amount)
            .ok_or(EpochError::Overflow)?;
        self.total.set(&total);
        Ok(collateral)
    }

    fn change(
        &mut self,
        worker: AccountId,
        amount: Rao,
        rule: fn(Collateral, Rao) -> Result<Collateral, EpochError>,
    ) -> Result<Collateral, EpochError> {
        let collateral = rule(self.of(worker), amount)?;
        if collateral == Collateral::default() {
            self.accounts.remove(worker);
        } else {
            self.accounts.insert(worker, &collateral);
        }
        Ok(collateral)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOME: Collateral = Collateral {
        free: Rao(10),
        locked: Rao(5),
    };

    #[test]
    fn a_locked_collateral_cannot_be_withdrawn() {
        let collateral = locked(SOME, Rao(10)).unwrap();
        assert_eq!(
            collateral,
            Collateral {
                free: Rao(0),
                locked: Rao(15)
            }
        );
        assert_eq!(
            withdrawn(collateral, Rao(1)),
            Err(EpochError::CollateralTooSmall(Rao(1)))
        );
        assert_eq!(released(collateral, Rao(10)), Ok(SOME));
    }

    #[test]
    fn nothing_is_released_twice() {
        assert_eq!(released(SOME, Rao(6)), Err(EpochError::Overflow));
    }

    #[test]
    fn only_a_locked_collateral_is_slashed() {
        assert_eq!(
            slashed(SOME, Rao(5)),
            Ok(Collateral {
                free: Rao(10),
                locked: Rao(0)
            })
        );
        assert_eq!(slashed(SOME, Rao(6)), Err(EpochError::Overflow));
    }

    #[test]
    fn the_collateral_doubles_up_to_the_cap() {
        assert_eq!(required(Rao(100), 0), Rao(100));
        assert_eq!(required(Rao(100), 1), Rao(200));
        assert_eq!(required(Rao(100), 5), Rao(3_200));
        for lost in [62, 63, 64, u32::MAX] {
            assert_eq!(required(Rao(100), lost), Rao::CAP);
        }
    }

    #[test]
    fn the_odd_rao_is_burned() {
        assert_eq!(split(Rao(7)), (Rao(3), Rao(4)));
        assert_eq!(split(Rao(1)), (Rao(0), Rao(1)));
    }

    #[test]
    fn one_rao_too_much_is_too_much() {
        assert_eq!(
            withdrawn(SOME, Rao(10)).map(|collateral| collateral.free),
            Ok(Rao(0))
        );
        assert_eq!(
            withdrawn(SOME, Rao(11)),
            Err(EpochError::CollateralTooSmall(Rao(11)))
        );
        assert_eq!(
            locked(SOME, Rao(11)),
            Err(EpochError::CollateralTooSmall(Rao(11)))
        );
    }

    #[ink::test]
    fn an_empty_account_is_deleted() {
        let mut store = CollateralStore::default();
        let worker = AccountId::from([1; 32]);
        store.deposit(worker, Rao(3)).unwrap();
        assert!(store.accounts.contains(worker));
        store.withdraw(worker, Rao(3)).unwrap();
        assert!(!store.accounts.contains(worker));
        assert_eq!(store.total(), Rao::ZERO);
    }

    proptest! {
        /// slashed collateral is split without rest, and no challenger gets more than half: disputing oneself costs.
        #[test]
        fn nothing_of_a_slashed_collateral_is_left(collateral in any::<u64>()) {
            let (reward, burned) = split(Rao(collateral));
            prop_assert_eq!(reward.checked_add(burned), Some(Rao(collateral)));
            prop_assert!(reward <= burned);
        }

        /// Each slashed assertion makes the next one dearer, until no one could pay it.
        #[test]
        fn losing_again_costs_twice(base in 1u64..=Rao::CAP.0, lost in 0u32..100) {
            let (now, next) = (required(Rao(base), lost), required(Rao(base), lost + 1));
            prop_assert_eq!(next.0, (2 * now.0).min(Rao::CAP.0));
        }

        /// The total is the sum of all accounts, whatever is done in whatever order.
        #[test]
        fn the_total_is_the_sum(
            actions in prop::collection::vec((0u8..5, 0u8..3, 0u64..20), 0..60)
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let mut store = CollateralStore::default();
                let mut balance = 0u64;
                let worker = |who: u8| AccountId::from([who; 32]);
                for (what, who, amount) in actions {
                    let before = store.of(worker(who));
                    let done = match what {
                        0 => store.deposit(worker(who), Rao(amount)).map(|_| balance += amount),
                        1 => store.withdraw(worker(who), Rao(amount)).map(|_| balance -= amount),
                        2 => store.lock(worker(who), Rao(amount)).map(|_| ()),
                        3 => store.slash(worker(who), Rao(amount)).map(|_| balance -= amount),
                        _ => store.release(worker(who), Rao(amount)).map(|_| ()),
                    };
                    if done.is_err() {
                        assert_eq!(store.of(worker(who)), before);
                    }
                    let sum: u64 =
                        (0..3).map(|who| store.of(worker(who))).map(|collateral| collateral.free.0 + collateral.locked.0).sum();
                    assert_eq!((sum, store.total()), (balance, Rao(balance)));
                }
                Ok(())
            }).unwrap();
        }
    }
}
