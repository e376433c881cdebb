//! The guard of the model: a state that makes it worse does not follow.
//!
//! A miner that invents one of `n` steps passes two drawn probes with the chance
//! `(n - 3) / (n - 1)`, and an invented step may lead to any state. The guard bounds the harm: to
//! the model, not to pay.

use inktensor_task::{Assignment, Fold, Load, Refused, Seat, Seed};

/// A state may be worse than the start by one part of so many.
///
/// The loss of true work rises by less than a hundredth between epochs where the model learns no
/// more. A thirty-second is far above that and far below what an invented state is for.
pub const WORSE_PART: u64 = 32;

/// Returns true if the state in the blob `state` may follow the one in the blob `start`.
///
/// Both are measured on rows that `seed` draws: it is public, and known only after all pledges. The
/// state must be at most one [`WORSE_PART`] worse than the start, at once and after one more step.
/// The step shows moments that would spoil the work of others. Bytes that are not a state, and a
/// state that the work refuses, may not follow.
pub fn is_sound<F: Fold>(fold: &F, start: &[u8], state: &[u8], seed: &Seed) -> bool {
    measured(fold, start, state, seed).unwrap_or(false)
}

fn measured<F: Fold>(fold: &F, start: &[u8], state: &[u8], seed: &Seed) -> Result<bool, Refused> {
    let before = fold.measure(&F::State::load(start)?, seed)?.0;
    let most = before.saturating_add(before / WORSE_PART);
    let state = F::State::load(state)?;
    if fold.measure(&state, seed)?.0 > most {
        return Ok(false);
    }
    // A seat that no registration has: generations count from 1.
    let trial = Assignment {
        epoch: seed.part("trial"),
        seat: Seat {
            uid: 0,
            generation: 0,
        },
        step: 0,
    };
    let after = fold.step(state, &trial)?;
    Ok(fold.measure(&after, seed)?.0 <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        toy::{start, Number, Toy, SPOILED, STUCK},
        train::tests::{end, start as first, tiny},
        State,
    };
    use inktensor_task::Blob;

    const SEED: Seed = Seed([8; 32]);

    fn sound(number: u64) -> bool {
        let state = Number(number).to_blob();
        is_sound(&Toy, &start().to_blob(), &state, &SEED)
    }

    #[test]
    fn states_that_are_worse_or_stuck_or_none_do_not_follow() {
        assert!(sound(5));
        assert!(!sound(SPOILED));
        assert!(!sound(STUCK));
        assert!(!is_sound(&Toy, &start().to_blob(), b"none", &SEED));
        assert!(!is_sound(&Toy, b"none", &start().to_blob(), &SEED));
    }

    #[test]
    fn true_work_of_any_length_follows() {
        for steps in 1..20 {
            let state = end(1, steps).state.to_blob();
            assert!(
                is_sound(&tiny(), &first().to_blob(), &state, &SEED),
                "{steps}"
            );
        }
    }

    fn spoiled(change: fn(&mut State)) -> bool {
        let mut state = end(1, 3).state;
        change(&mut state);
        is_sound(&tiny(), &first().to_blob(), &state.to_blob(), &SEED)
    }

    #[test]
    fn spoiled_weights_and_moments_do_not_follow() {
        assert!(spoiled(|_| ()));
        assert!(!spoiled(|it| it
            .model
            .weights
            .iter_mut()
            .for_each(|it| *it *= -9.0)));
        assert!(!spoiled(|it| it.model.weights.fill(1e30)));
        // Weights are as before: only the next step shows it.
        assert!(!spoiled(|it| {
            it.model.first.fill(1.0);
            it.model.second.fill(0.0);
        }));
    }
}
