//! Training: a fold of pure steps over a state.

use super::{Config, Gpt, State};
use crate::{adamw::AdamW, ops::require_finite, ExactError};
use alloc::vec;

/// The most rows of a step.
pub const MAX_ROWS: usize = 4096;

/// A model and the recipe of its training.
///
/// A step is a function of a state and rows of tokens. Any step can be repeated alone, on any
/// machine, and ends in the same bytes.
#[derive(Clone, Debug)]
pub struct Trainer {
    gpt: Gpt,
    recipe: AdamW,
}

impl Trainer {
    /// Returns the training of a model of these sizes.
    ///
    /// # Errors
    /// As [`Gpt::new`].
    pub fn new(config: Config, recipe: AdamW) -> Result<Self, ExactError> {
        Ok(Self {
            gpt: Gpt::new(config)?,
            recipe,
        })
    }

    /// Returns the model.
    pub fn gpt(&self) -> &Gpt {
        &self.gpt
    }

    /// Returns the first state: weights that follow from `seed`, and moments of zero.
    pub fn start(&self, seed: u64) -> State {
        let parameters = self.gpt.parameters();
        State {
            config: *self.gpt.config(),
            steps: 0,
            weights: self.gpt.weights(seed),
            first: vec![0.0; parameters],
            second: vec![0.0; parameters],
        }
    }

    /// Returns the state after one step of AdamW on the mean loss of `rows`.
    ///
    /// # Errors
    /// `Size` if the state is of a model of other sizes; `Limit` if there are too many rows or the
    /// state cannot count another step; as [`Gpt::gradient`]; `NotFinite` if a weight or a moment
    /// is not finite after the step.
    pub fn step(&self, mut state: State, rows: &[u8]) -> Result<State, ExactError> {
        self.check(&state)?;
        let count = rows.len() / self.gpt.row();
        if count > MAX_ROWS {
            return Err(ExactError::Limit {
                what: "the number of rows",
                size: count,
                limit: MAX_ROWS,
            });
        }
        let steps = state.steps.checked_add(1).ok_or(ExactError::Limit {
            what: "the number of steps",
            size: usize::MAX,
            limit: usize::try_from(u32::MAX).unwrap_or(usize::MAX),
        })?;
        let mut gradient = vec![0.0; self.gpt.parameters()];
        self.gpt.gradient(&state.weights, rows, &mut gradient)?;
        self.recipe.step(
            steps,
            &gradient,
            &mut state.weights,
            &mut state.first,
            &mut state.second,
        )?;
        state.steps = steps;
        require_finite("weights", &state.weights)?;
        require_finite("first moments", &state.first)?;
        require_finite("second moments", &state.second)?;
        Ok(state)
    }

    /// Returns the mean loss of `rows` in nats a token.
    ///
    /// # Errors
    /// `Size` if the state is of a model of other sizes, otherwise as [`Gpt::loss`].
    pub fn loss(&self, state: &State, rows: &[u8]) -> Result<f32, ExactError> {
        self.check(state)?;
        self.gpt.loss(&state.weights, rows)
    }

    fn check(&self, state: &State) -> Result<(), ExactError> {
        if state.config == *self.gpt.config() {
            return Ok(());
        }
        Err(ExactError::Size {
            what: "the model of a state",
            size: state.config.parameters(),
            needed: self.gpt.parameters(),
        })
    }
}
