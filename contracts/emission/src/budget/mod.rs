//! An epoch's budget: its division between roles, and spending.

use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Fee, Fees, Split},
    Rao,
};

/// Takes `fees` off `total` and divides the rest by `split`. All parts sum to `total` exactly.
///
/// Each part is rounded down. The rest of the split's rounding, at most three rao, goes to the
/// first of treasury, miners, validators and owner whose part is not zero.
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

/// Returns the amount that is left for miners and validators.
///
/// # Errors
/// `Overflow` if more was paid than the budget had, which `spend` prevents.
pub fn unpaid(budget: &EpochBudget) -> Result<Rao, EmissionError> {
    sum([budget.miners, budget.validators])?
        .checked_sub(budget.paid)
        .ok_or(EmissionError::Overflow)
}

/// Records `amount` as paid to miners and validators. The kernel's results divide it between these
/// two, since validators get the miners' part if no neuron has incentive.
///
/// # Errors
/// `OverBudget` with the amount left.
pub fn spend(budget: &mut EpochBudget, amount: Rao) -> Result<(), EmissionError> {
    let left = unpaid(budget)?;
    if amount > left {
        return Err(EmissionError::OverBudget(left));
    }
    budget.paid = sum([budget.paid, amount])?;
    Ok(())
}

/// Takes `amount` off a fee.
///
/// # Errors
/// `OverBudget` with the amount that the fee has left.
pub fn take(budget: &mut EpochBudget, fee: Fee, amount: Rao) -> Result<(), EmissionError> {
    let left = match fee {
        Fee::Proposer => &mut budget.proposer,
        Fee::Keeper => &mut budget.keeper,
    };
    *left = left
        .checked_sub(amount)
        .ok_or(EmissionError::OverBudget(*left))?;
    Ok(())
}

/// Returns the unspent rest of `budget`.
///
/// # Errors
/// `Overflow` if more was paid than the budget had, which `spend` prevents.
pub fn unspent(budget: &EpochBudget) -> Result<Rao, EmissionError> {
    budget.unspent().ok_or(EmissionError::Overflow)
}

/// Returns the part of `fee` for the neurons `before .. after` of a chunk of `all`. The parts of a
/// whole chunk sum to the fee.
pub fn fee_part(fee: Rao, (before, after, all): (u16, u16, u16)) -> Rao {
    let up_to = |neurons: u16| {
        let share = fee.to_u128().saturating_mul(neurons.min(all).into());
        share.checked_div(all.into()).unwrap_or_default()
    };
    let part = up_to(after).saturating_sub(up_to(before));
    Rao(u64::try_from(part).unwrap_or(fee.0))
}

/// Returns the sum of `parts`.
///
/// # Errors
/// `Overflow`.
pub fn sum(parts: impl IntoIterator<Item = Rao>) -> Result<Rao, EmissionError> {
    parts
        .into_iter()
        .try_fold(Rao::ZERO, Rao::checked_add)
        .ok_or(EmissionError::Overflow)
}

#[cfg(test)]
mod tests;
