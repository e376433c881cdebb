//! Each neuron's pay.

use crate::{carry::Carry, chunk::Chunk};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    kernel::{Budget, KernelError, NeuronResult},
    Rao, Uid,
};

/// Computes the results of the chunk's neurons. `roster` are the uids that get a permit.
///
/// # Errors
/// `BadScratch` for scores that do not fit these neurons, `BadCarry` for sums smaller than their
/// parts.
pub fn results(
    carry: &Carry,
    chunk: &Chunk,
    roster: &[Uid],
) -> Result<Vec<NeuronResult>, KernelError> {
    let (miners, validators) = parts(chunk.header.budget);
    let seats = carry.seats.iter().filter(|seat| seat.is_validator());
    let staked = seats
        .map(|seat| seat.stake)
        .try_fold(0u64, u64::checked_add)
        .ok_or(KernelError::BadCarry)?;
    let mut results = Vec::with_capacity(chunk.neurons.len());
    for ((uid, neuron), score) in chunk.seats().zip(chunk.scores()?) {
        let place = chunk.header.roster.binary_search(&uid).ok();
        let seat = place.and_then(|place| carry.seats.get(place));
        let seat = seat.filter(|seat| seat.is_validator());
        let stake = seat.map_or(0, |seat| seat.stake);
        let miner = portion(miners, score, carry.score)?;
        let validator = portion(validators, stake, staked)?;
        let incentive = share(score, carry.score)?;
        results.push(NeuronResult {
            incentive,
            dividends: share(stake, staked)?,
            // The mean is the consensus, and it clips no weight.
            consensus: incentive,
            validator_trust: if seat.is_some() { u16::MAX } else { 0 },
            stake_weight: share(neuron.stake, carry.stake)?,
            // The kernel has no activity cutoff.
            active: true,
            permit: roster.binary_search(&uid).is_ok(),
            miner: Rao(miner),
            validator: Rao(validator),
            // Parts of two budgets whose sum is an amount.
            emission: Rao(miner.checked_add(validator).ok_or(KernelError::BadInputs)?),
        });
    }
    Ok(results)
}

/// Returns the miners' and the validators' part of a budget.
fn parts(budget: Budget) -> (u64, u64) {
    match budget {
        Budget::Split { miners, validators } => (miners.0, validators.0),
        Budget::Combined(total) => (total.0 / 2, total.0.div_ceil(2)),
    }
}

/// Returns `whole * part / all`, rounded down, or zero if `all` is zero.
fn portion(whole: u64, part: u64, all: u64) -> Result<u64, KernelError> {
    if part > all {
        return Err(KernelError::BadCarry);
    }
    let product = u128::from(whole).checked_mul(part.into());
    let portion = product.and_then(|product| product.checked_div(all.into()));
    u64::try_from(portion.unwrap_or_default()).map_err(|_| KernelError::BadCarry)
}

/// Returns `part / all` in parts of 65535, rounded down.
fn share(part: u64, all: u64) -> Result<u16, KernelError> {
    let share = portion(u16::MAX.into(), part, all)?;
    u16::try_from(share).map_err(|_| KernelError::BadCarry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_rounded_down_and_never_more_than_the_whole() {
        assert_eq!(portion(10, 1, 3), Ok(3));
        assert_eq!(portion(u64::MAX, u64::MAX, u64::MAX), Ok(u64::MAX));
        assert_eq!(portion(10, 0, 0), Ok(0));
        assert_eq!(portion(10, 4, 3), Err(KernelError::BadCarry));
        assert_eq!(share(1, 2), Ok(32_767));
    }

    #[test]
    fn a_combined_budget_is_two_halves() {
        assert_eq!(parts(Budget::Combined(Rao(5))), (2, 3));
        let (miners, validators) = (Rao(1), Rao(2));
        assert_eq!(parts(Budget::Split { miners, validators }), (1, 2));
    }
}
