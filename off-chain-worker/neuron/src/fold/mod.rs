//! Folds on a network: miners train one state together, and validators run drawn steps again.
//!
//! `docs/train.md` is the specification. In the order of an epoch:
//!
//! - [`Training`]: the fold that a manifest names, loaded; [`Engine`]: the code that computes it
//! - [`pledges`]: the pledges of an epoch and the votes on its end, read from the chain
//! - [`course`]: the state with which each epoch begins, which every neuron follows
//! - [`trainer`]: a miner's steps, on a thread that may be killed at any instruction
//! - [`probe`]: questions and answers on the wire
//! - [`round`]: a validator's questions, and the worth of answers
//! - [`vote`]: a validator's ballot on the ends
//! - [`fraud`]: proofs of fraud, which validators hand round and everyone decides
//! - [`gather`], [`history`]: an audit of an epoch, and the replay of the whole training

pub mod course;
mod engine;
pub mod fraud;
pub mod gather;
pub mod history;
pub mod pledges;
pub mod probe;
pub mod round;
pub mod trainer;
pub mod vote;

#[cfg(test)]
mod tests;

pub use engine::{Engine, EngineJoining};

use crate::{
    manifest::Manifest,
    program::{Limits, ProgramError, MAX_CODE},
};
use inktensor_primitives::{Bps, Digest};
use inktensor_task::{Load, NamedFold};
use inktensor_train::{State, Train, CORPUS_LIMIT, STATE_LIMIT};
use thiserror::Error;

/// Names of the folds that are built in.
pub const FOLDS: [&str; 1] = [Train::NAME];

/// An error of a manifest or of blobs for a fold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FoldError {
    /// The manifest lacks the most steps of an epoch.
    #[error(
        "steps: the manifest of {0} needs the most steps that an epoch pays; add `steps = 64`"
    )]
    NoSteps(&'static str),
    /// The manifest of a task has a number of steps.
    #[error("steps: {0} has no steps, since it is no training; remove the field")]
    Steps(String),
    /// The manifest leaves probes unchecked.
    #[error("check: each probe of {0} is checked; write `check = 1.0`")]
    Check(&'static str),
    /// The bytes of the state or the corpus are not of the training.
    #[error(transparent)]
    Train(#[from] inktensor_train::TrainError),
}

/// The training that a manifest names.
#[derive(Debug)]
pub struct Training {
    /// The fold.
    pub train: Engine,
    /// Most steps of a miner that an epoch pays.
    pub most_steps: u16,
    /// Bytes of each state.
    state_bytes: usize,
}

impl Training {
    /// Returns the training of a manifest. `blob` finds the bytes with a hash, of at most so many;
    /// its first argument names them.
    ///
    /// # Errors
    /// Those of `blob` and of [`check`].
    pub fn load<E: From<ProgramError>>(
        manifest: &Manifest,
        mut blob: impl FnMut(&'static str, &Digest, usize) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let most_steps = check(manifest).map_err(ProgramError::from)?;
        // All blobs are found before the code is compiled, which takes longer.
        let code = match &manifest.program {
            Some(hash) => Some((blob("program", hash, MAX_CODE)?, hash)),
            None => None,
        };
        let state = blob("model", &manifest.state, STATE_LIMIT)?;
        let state = State::load(&state).map_err(ProgramError::from)?;
        let corpus = blob("corpus", &state.corpus, CORPUS_LIMIT)?;
        let program = code.as_ref().map(|(code, hash)| (&code[..], *hash));
        Ok(Self {
            train: Engine::of(&state, corpus, program)?,
            most_steps,
            state_bytes: State::bytes(&state.model.config),
        })
    }

    /// Returns the number of bytes of each state.
    pub const fn state_bytes(&self) -> usize {
        self.state_bytes
    }

    /// Returns this training, computed by the Wasm program with these bytes. `state` and `corpus`
    /// are blobs of it.
    ///
    /// # Errors
    /// Those of [`Engine::of`], and bytes that are no state.
    pub fn by_program(
        &self,
        (code, hash): (&[u8], &Digest),
        state: &[u8],
        corpus: Vec<u8>,
    ) -> Result<Self, ProgramError> {
        let state = State::load(state)?;
        Ok(Self {
            train: Engine::of(&state, corpus, Some((code, hash)))?,
            ..*self
        })
    }
}

/// Returns true if a manifest names a fold.
pub fn is_fold(manifest: &Manifest) -> bool {
    FOLDS.contains(&manifest.task.as_str())
}

/// Checks the fields of a fold's manifest, and returns the most steps that an epoch pays.
///
/// # Errors
/// `Check`, `NoSteps`, in this order.
pub fn check(manifest: &Manifest) -> Result<u16, FoldError> {
    if manifest.check < Bps::ONE {
        return Err(FoldError::Check(Train::NAME));
    }
    manifest.steps.ok_or(FoldError::NoSteps(Train::NAME))
}

/// The limits of the probes of all folds, and of their states.
pub const LIMITS: Limits = Limits {
    question: probe::QUESTION_BYTES,
    answer: probe::ANSWER_BYTES,
    state: CORPUS_LIMIT,
};
