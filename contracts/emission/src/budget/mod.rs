//! An epoch's budget: divided between roles, then spent.

use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Fee, Fees, Split},
    staking::Payment,
    Rao,
};

/// Takes the pots of `fees` off `total` and divides the rest by `split`. All parts sum to `total`
/// exactly: each is rounded down, and the rao that the split's rounding leaves (at most three) go
/// to the first of treasury, miners, validators and owner that has a part at all.
///
/// # Errors
/// `Overflow` if fees or split are more than a whole.
pub fn divide(total: Rao, split: &Split, fees: &Fees) -> Result<EpochBudget, EmissionError> {
    let (proposer, keeper) = (fees.proposer.of(total), fees.keeper.of(total));
    let rest = total
        .checked_sub(sum([proposer, keeper])?)
        .ok_or(EmissionError::Overflow)?;
    let mut budget = EpochBudget {
        miners: split.miners.of(rest),
        validators: split.validators.of(rest),
        owner: split.owner.of(rest),
        treasury: split.treasury.of(rest),
        paid: Rao::ZERO,
        proposer,
        keeper,
    };
    let parts = sum([
        budget.miners,
        budget.validators,
        budget.owner,
        budget.treasury,
    ])?;
    let left = rest.checked_sub(parts).ok_or(EmissionError::Overflow)?;
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

/// Books `amount` as paid to miners and validators. Between these two it is the kernel's results
/// that divide, since without incentive the validators get the miners' part.
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

/// Takes `amount` out of one of the pots.
///
/// # Errors
/// `OverBudget` with what is left in it.
pub fn take(budget: &mut EpochBudget, fee: Fee, amount: Rao) -> Result<(), EmissionError> {
    let pot = match fee {
        Fee::Proposer => &mut budget.proposer,
        Fee::Keeper => &mut budget.keeper,
    };
    *pot = pot
        .checked_sub(amount)
        .ok_or(EmissionError::OverBudget(*pot))?;
    Ok(())
}

/// All that `budget` has not spent.
///
/// # Errors
/// `Overflow` if more was paid than there was, which `spend` prevents.
pub fn unspent(budget: &EpochBudget) -> Result<Rao, EmissionError> {
    budget.unspent().ok_or(EmissionError::Overflow)
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
pub fn sum(parts: impl IntoIterator<Item = Rao>) -> Result<Rao, EmissionError> {
    parts
        .into_iter()
        .try_fold(Rao::ZERO, Rao::checked_add)
        .ok_or(EmissionError::Overflow)
}

#[cfg(test)]
mod tests;
