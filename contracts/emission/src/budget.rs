//! An epoch's budget: divided between roles, then spent.

use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Split},
    staking::Payment,
    Rao,
};

/// Divides `total` by `split`. The parts sum to `total` exactly: each is rounded down, and the rao that
/// rounding leaves (at most three) go to the first of treasury, miners, validators and owner that has a part at all.
///
/// # Errors
/// `Overflow` if the split is more than a whole.
pub fn divide(total: Rao, split: &Split) -> Result<EpochBudget, EmissionError> {
    let mut budget = EpochBudget {
        miners: split.miners.of(total),
        validators: split.validators.of(total),
        owner: split.owner.of(total),
        treasury: split.treasury.of(total),
        paid: Rao::ZERO,
    };
    let parts = sum([
        budget.miners,
        budget.validators,
        budget.owner,
        budget.treasury,
    ])?;
    let left = total.checked_sub(parts).ok_or(EmissionError::Overflow)?;
    let taker = if split.treasury.0 > 0 {
        &mut budget.treasury
    } else if split.miners.0 > 0 {
        &mut budget.miners
    } else if split.validators.0 > 0 {
        &mut budget.validators
    } else {
        &mut budget.owner
    };
    *taker = sum([*taker, left])?;
    Ok(budget)
}

/// What miners and validators can still be paid.
///
/// # Errors
/// `Overflow` if more was paid than there was, which `spend` prevents.
pub fn unpaid(budget: &EpochBudget) -> Result<Rao, EmissionError> {
    sum([budget.miners, budget.validators])?
        .checked_sub(budget.paid)
        .ok_or(EmissionError::Overflow)
}

/// Books `amount` as paid to miners and validators. Between these two it is the kernel's results that divide,
/// since without incentive the validators get the miners' part.
///
/// # Errors
/// `OverBudget` with what is left.
pub fn spend(budget: &mut EpochBudget, amount: Rao) -> Result<(), EmissionError> {
    let left = unpaid(budget)?;
    if amount > left {
        return Err(EmissionError::OverBudget(left));
    }
    budget.paid = sum([budget.paid, amount])?;
    Ok(())
}

/// The sum of all parts of all payments.
///
/// # Errors
/// `Overflow`.
pub fn total(payments: &[Payment]) -> Result<Rao, EmissionError> {
    sum(payments
        .iter()
        .flat_map(|payment| [payment.miner, payment.validator]))
}

/// A sum that may not leave its range.
fn sum(parts: impl IntoIterator<Item = Rao>) -> Result<Rao, EmissionError> {
    parts
        .into_iter()
        .try_fold(Rao::ZERO, Rao::checked_add)
        .ok_or(EmissionError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{AccountId, Bps};
    use proptest::prelude::*;

    fn split(miners: u16, validators: u16, owner: u16, treasury: u16) -> Split {
        Split {
            miners: Bps(miners),
            validators: Bps(validators),
            owner: Bps(owner),
            treasury: Bps(treasury),
        }
    }

    fn parts(budget: &EpochBudget) -> [u64; 4] {
        [
            budget.miners,
            budget.validators,
            budget.owner,
            budget.treasury,
        ]
        .map(|rao| rao.0)
    }

    #[test]
    fn the_presets_are_50_25_0_25_and_41_41_18_0() {
        let default = divide(Rao(1_000), &Split::DEFAULT).unwrap();
        assert_eq!(parts(&default), [500, 250, 0, 250]);
        let bittensor = divide(Rao(1_000), &Split::BITTENSOR).unwrap();
        assert_eq!(parts(&bittensor), [410, 410, 180, 0]);
    }

    #[test]
    fn rounding_goes_to_the_first_that_has_a_part() {
        let given = |split| parts(&divide(Rao(7), &split).unwrap());
        assert_eq!(given(Split::DEFAULT), [3, 1, 0, 3]);
        assert_eq!(given(Split::BITTENSOR), [4, 2, 1, 0]);
        assert_eq!(given(split(0, 5_000, 5_000, 0)), [0, 4, 3, 0]);
        assert_eq!(given(split(0, 0, 10_000, 0)), [0, 0, 7, 0]);
    }

    #[test]
    fn more_than_a_whole_is_refused() {
        let refused = divide(Rao(10), &split(9_000, 9_000, 0, 0));
        assert_eq!(refused, Err(EmissionError::Overflow));
    }

    #[test]
    fn spending_stops_at_what_miners_and_validators_have() {
        let mut budget = divide(Rao(1_000), &Split::DEFAULT).unwrap();
        assert_eq!(spend(&mut budget, Rao(600)), Ok(()));
        let before = budget;
        let refused = spend(&mut budget, Rao(151));
        assert_eq!(refused, Err(EmissionError::OverBudget(Rao(150))));
        assert_eq!(budget, before);
        assert_eq!(spend(&mut budget, Rao(150)), Ok(()));
        assert_eq!(unpaid(&budget), Ok(Rao::ZERO));
    }

    #[test]
    fn payments_that_wrap_around_are_refused() {
        let payment = |miner, validator| Payment {
            hotkey: AccountId::from([1; 32]),
            coldkey: AccountId::from([2; 32]),
            miner: Rao(miner),
            validator: Rao(validator),
        };
        assert_eq!(total(&[payment(1, 2), payment(3, 4)]), Ok(Rao(10)));
        let wrapping = [payment(u64::MAX, 0), payment(0, 1)];
        assert_eq!(total(&wrapping), Err(EmissionError::Overflow));
        assert_eq!(total(&[]), Ok(Rao::ZERO));
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_whole(
            amount in 0..=Rao::CAP.0,
            cuts in prop::array::uniform3(0u16..=10_000),
        ) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let [a, b, c] = cuts;
            let split = split(a, b - a, c - b, 10_000 - c);
            prop_assert!(split.is_whole());
            let budget = divide(Rao(amount), &split).unwrap();
            prop_assert_eq!(parts(&budget).iter().sum::<u64>(), amount);
            let shares = [split.miners, split.validators, split.owner, split.treasury];
            for (part, share) in parts(&budget).into_iter().zip(shares) {
                let exact = u128::from(amount) * u128::from(share.0);
                prop_assert!(u128::from(part) * 10_000 < exact + 4 * 10_000);
                prop_assert!(u128::from(part) * 10_000 + 10_000 > exact);
                prop_assert!(share.0 > 0 || part == 0);
            }
        }
    }
}
