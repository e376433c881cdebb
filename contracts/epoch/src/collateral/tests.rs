//! Collateral accounts: each rule alone, then any order of calls.

use super::*;
use crate::tests::RULES;
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
    let required = |standing| required(&RULES, Rao::ZERO, standing);
    assert_eq!(required(0), Rao(100));
    assert_eq!(required(1), Rao(200));
    assert_eq!(required(5), Rao(3_200));
    for standing in [62, 63, 64, u8::MAX] {
        assert_eq!(required(standing), Rao::CAP);
    }
}

/// A lie moves at most the budget, so what stands behind it grows with the budget.
#[test]
fn the_collateral_grows_with_the_budget() {
    assert_eq!(required(&RULES, Rao(400), 0), Rao(100));
    assert_eq!(required(&RULES, Rao(407), 0), Rao(101));
    assert_eq!(required(&RULES, Rao(4_000), 1), Rao(2_000));
    assert_eq!(required(&RULES, Rao(u64::MAX), 0), Rao::CAP);
}

#[test]
fn the_odd_rao_is_burned() {
    assert_eq!(split(Rao(7), Bps(5_000)), (Rao(3), Rao(4)));
    assert_eq!(split(Rao(19), Bps(1_000)), (Rao(1), Rao(18)));
    assert_eq!(split(Rao(1), Bps(5_000)), (Rao(0), Rao(1)));
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
    /// Slashed collateral is split without a rest, and no challenger gets more than half: disputing
    /// an assertion of one's own costs.
    #[test]
    fn nothing_of_a_slashed_collateral_is_left(
        collateral in any::<u64>(),
        part in 0..=EpochRules::MAX_REWARD.0,
    ) {
        let (reward, burned) = split(Rao(collateral), Bps(part));
        prop_assert_eq!(reward.checked_add(burned), Some(Rao(collateral)));
        prop_assert!(reward <= burned);
    }

    /// Each assertion that stands makes the next one dearer.
    #[test]
    fn standing_beside_one_more_costs_twice(base in 1u64..=Rao::CAP.0, standing in 0u8..100) {
        let rules = EpochRules { collateral: Rao(base), ..RULES };
        let required = |standing| required(&rules, Rao::ZERO, standing);
        let (now, next) = (required(standing), required(standing + 1));
        prop_assert_eq!(next.0, (2 * now.0).min(Rao::CAP.0));
    }

    /// The total is the sum of all accounts after any calls in any order.
    #[test]
    fn the_total_is_the_sum(
        actions in prop::collection::vec((0u8..5, 0u8..3, 0u64..20), 0..60)
    ) {
        ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
            let mut store = CollateralStore::default();
            let mut balance = 0u64;
            let account = |worker: u8| AccountId::from([worker; 32]);
            for (action, worker, amount) in actions {
                let worker = account(worker);
                let before = store.of(worker);
                let asserted = Released { proposer: worker, collateral: Rao(amount) };
                let changed = match action {
                    0 => store.deposit(worker, Rao(amount)).inspect(|_| balance += amount),
                    1 => store.withdraw(worker, Rao(amount)).inspect(|_| balance -= amount),
                    2 => store.lock(worker, Rao(amount)),
                    3 => store.slash(asserted, Bps(1_000)).map(|slash| {
                        balance -= amount;
                        assert_eq!(slash.reward.0 + slash.burned.0, amount);
                        slash.changed
                    }),
                    _ => store.release(asserted),
                };
                match changed {
                    Ok(changed) => {
                        assert_eq!(changed.worker, worker);
                        assert_eq!(changed.collateral, store.of(worker));
                    }
                    Err(_) => assert_eq!(store.of(worker), before),
                }
                let sum: u64 = (0..3)
                    .map(|worker| store.of(account(worker)))
                    .map(|collateral| collateral.free.0 + collateral.locked.0)
                    .sum();
                assert_eq!((sum, store.total()), (balance, Rao(balance)));
            }
            Ok(())
        }).unwrap();
    }
}
