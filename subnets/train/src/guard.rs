//! The guard of the model: a state that makes it worse does not follow.
//!
//! A miner that invents one of `n` steps passes two drawn probes with the chance
//! `(n - 3) / (n - 1)`, and an invented step may lead to any state. The guard bounds the harm: to
//! the model, not to pay.

use inktensor_task::{Assignment, Fault, Fold, Load, Seat, Seed, Stop};

/// A state may be worse than the start by one part of so many.
///
/// The loss of true work rises by less than a hundredth between epochs where the model learns no
/// more. A thirty-second is far above that and far below what an invented state is for.
pub const WORSE_PART: u64 = 32;

/// The bound on states that may follow a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    seed: Seed,
    /// The highest measure of a state that may follow.
    most: u64,
}

impl Guard {
    /// Returns the guard of an epoch that begins with the state in the blob `start`.
    ///
    /// `seed` is public, and known only after all pledges.
    ///
    /// # Errors
    /// A start that is not a state, or cannot be measured. A fault of the fold.
    pub fn new<F: Fold>(fold: &F, start: &[u8], seed: Seed) -> Result<Self, Stop> {
        let before = fold.measure(&F::State::load(start)?, &seed)?.0;
        let most = before.saturating_add(before / WORSE_PART);
        Ok(Self { seed, most })
    }

    /// Returns true if the state in the blob `state` may follow.
    ///
    /// It must be at most one [`WORSE_PART`] worse than the start, on rows that the seed draws, at
    /// once and after one more step. The step shows moments that would spoil the work of others.
    /// Bytes that are not a state, and a state that the work refuses, may not follow.
    ///
    /// # Errors
    /// A fault of the fold.
    pub fn is_sound<F: Fold>(&self, fold: &F, state: &[u8]) -> Result<bool, Fault> {
        match self.measured(fold, state) {
            Ok(is_sound) => Ok(is_sound),
            Err(Stop::Refused(_)) => Ok(false),
            Err(Stop::Failed(fault)) => Err(fault),
        }
    }

    fn measured<F: Fold>(&self, fold: &F, state: &[u8]) -> Result<bool, Stop> {
        let state = F::State::load(state)?;
        if fold.measure(&state, &self.seed)?.0 > self.most {
            return Ok(false);
        }
        // A seat that no registration has: generations count from 1.
        let trial = Assignment {
            epoch: self.seed.part("trial"),
            seat: Seat {
                uid: 0,
                generation: 0,
            },
            step: 0,
        };
        let after = fold.step(state, &trial)?;
        Ok(fold.measure(&after, &self.seed)?.0 <= self.most)
    }
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

    fn toy() -> Guard {
        Guard::new(&Toy, &start().to_blob(), SEED).unwrap()
    }

    fn guard() -> Guard {
        Guard::new(&tiny(), &first().to_blob(), SEED).unwrap()
    }

    fn sound(number: u64) -> bool {
        toy().is_sound(&Toy, &Number(number).to_blob()).unwrap()
    }

    #[test]
    fn states_that_are_worse_or_stuck_or_none_do_not_follow() {
        assert!(sound(5));
        assert!(!sound(SPOILED));
        assert!(!sound(STUCK));
        assert_eq!(toy().is_sound(&Toy, b"none"), Ok(false));
        assert!(Guard::new(&Toy, b"none", SEED).is_err());
    }

    #[test]
    fn true_work_of_any_length_follows() {
        for steps in 1..20 {
            let state = end(1, steps).state.to_blob();
            assert_eq!(guard().is_sound(&tiny(), &state), Ok(true), "{steps}");
        }
    }

    fn spoiled(change: fn(&mut State)) -> bool {
        let mut state = end(1, 3).state;
        change(&mut state);
        guard().is_sound(&tiny(), &state.to_blob()).unwrap()
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
