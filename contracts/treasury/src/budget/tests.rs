use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MANAGER: [u8; 32] = [1; 32];

fn new(total: u64, per_period: u64, period: u32, until: u32) -> NewBudget {
    NewBudget {
        manager: MANAGER.into(),
        total: Rao(total),
        per_period: Rao(per_period),
        period,
        until,
    }
}

fn draw(budget: &mut Budget, amount: u64, now: u32) -> Result<(), TreasuryError> {
    budget.draw(MANAGER.into(), Rao(amount), now)
}

fn above(amount: u64, left: u64, next_period: u32) -> Result<(), TreasuryError> {
    Err(TreasuryError::AboveBudget {
        amount: Rao(amount),
        left: Rao(left),
        next_period,
    })
}

#[test]
fn the_manager_draws_so_much_a_period() {
    let mut budget = Budget::open(&new(100, 40, 10, 35), 5).unwrap();
    let refused = budget.draw([2; 32].into(), Rao(1), 5);
    assert_eq!(refused, Err(TreasuryError::NotManager));
    assert_eq!(draw(&mut budget, 30, 5), Ok(()));
    assert_eq!(draw(&mut budget, 11, 14), above(11, 10, 15));
    assert_eq!(draw(&mut budget, 10, 14), Ok(()));
    // What a period leaves is not carried over.
    assert_eq!(draw(&mut budget, 41, 25), above(41, 40, 35));
    assert_eq!(draw(&mut budget, 40, 25), Ok(()));
    assert_eq!((budget.left(), budget.is_over(34)), (Rao(20), false));
    assert_eq!(draw(&mut budget, 1, 35), Err(TreasuryError::Ended(35)));
    assert_eq!((budget.drawable(35), budget.is_over(35)), (Rao(0), true));
}

#[test]
fn the_last_period_has_what_is_left() {
    let mut budget = Budget::open(&new(50, 40, 10, 1_000), 0).unwrap();
    assert_eq!(draw(&mut budget, 40, 0), Ok(()));
    assert_eq!(draw(&mut budget, 11, 10), above(11, 10, 20));
    assert_eq!(draw(&mut budget, 10, 10), Ok(()));
    assert!(budget.is_over(10));
    assert_eq!(draw(&mut budget, 1, 20), above(1, 0, 30));
}

#[test]
fn bad_numbers_are_refused_with_their_bounds() {
    let most = LONGEST_GRANT;
    let all = |field, value, min, max| {
        Some(TreasuryError::OutOfBounds {
            field,
            value,
            min,
            max,
        })
    };
    let longest = u64::from(most);
    for (budget, error) in [
        (new(9, 0, 1, 6), all(GrantField::PerPeriod, 0, 1, 9)),
        (new(9, 10, 1, 6), all(GrantField::PerPeriod, 10, 1, 9)),
        (new(9, 9, 0, 6), all(GrantField::Period, 0, 1, longest)),
        (
            new(9, 9, most + 1, 6),
            all(GrantField::Period, longest + 1, 1, longest),
        ),
        (new(9, 9, 1, 5), all(GrantField::Until, 5, 6, longest + 5)),
        (
            new(9, 9, 1, most + 6),
            all(GrantField::Until, longest + 6, 6, longest + 5),
        ),
        (new(9, 9, most, most + 5), None),
        (new(9, 9, 1, 6), None),
    ] {
        assert_eq!(Budget::open(&budget, 5).err(), error, "{budget:?}");
    }
}

proptest! {
    /// Draws of each period, counted on their own, stay within the period's amount, and all of them
    /// within the whole. What may be drawn is refused only above that.
    #[test]
    fn periods_and_the_whole_are_kept(
        total in 1u64..10_000,
        per_period in 1u64..2_000,
        period in 1u32..50,
        opened in 0u32..1_000,
        draws in proptest::collection::vec((0u32..40, 1u64..1_500), 0..60),
    ) {
        let (per_period, until) = (per_period.min(total), opened + 600);
        let mut budget = Budget::open(&new(total, per_period, period, until), opened).unwrap();
        let (mut now, mut drawn) = (opened, BTreeMap::<u32, u64>::new());
        for (wait, amount) in draws {
            now += wait;
            let all: u64 = drawn.values().sum();
            let of_period = drawn.entry((now - opened) / period).or_default();
            let allowed = now < until && all + amount <= total
                && *of_period + amount <= per_period;
            prop_assert_eq!(draw(&mut budget, amount, now).is_ok(), allowed);
            if allowed {
                *of_period += amount;
            }
            let all: u64 = drawn.values().sum();
            prop_assert_eq!(budget.left(), Rao(total - all));
        }
    }
}
