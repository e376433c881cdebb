//! Contests on a network: miners enter models, and validators compare them on rows drawn later.
//!
//! `docs/contest.md` is the specification. In the order of an epoch:
//!
//! - [`load`]: the contest that a manifest names
//! - [`entries`]: the entries of an epoch, read from the chain
//! - [`show`]: everything that a miner shows of its entry, fetched with limits
//! - [`judge`], [`records`]: findings of a validator, on a thread that may be killed
//! - [`evidence`]: the verdict as evidence, with its file
//! - [`audit`]: the verdict computed again by anyone

pub mod audit;
pub mod cores;
pub mod entries;
pub mod evidence;
pub mod judge;
pub mod records;
pub mod show;

use crate::{
    manifest::Manifest,
    program::{Limits, ProgramError, Runs},
    service::AtBlock,
    tasks::Working,
};
use inktensor_contest::{ContestError, Definition, HeldOut, DEFINITION_BYTES};
use inktensor_primitives::{Bps, Digest};
use inktensor_task::{Contest, Load};
use inktensor_train::CORPUS_LIMIT;
use std::sync::Arc;
use thiserror::Error;

/// The name of the contest that is built in.
pub const NAME: &str = HeldOut::NAME;

/// The limits of a contest: no questions, and a corpus.
pub const LIMITS: Limits = Limits {
    question: 0,
    answer: 0,
    state: CORPUS_LIMIT,
};

/// An error of a manifest or of blobs for a contest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadContest {
    /// The manifest names a Wasm program.
    #[error("program: {NAME} is built in; remove the field")]
    Program,
    /// The manifest has a number of steps.
    #[error("steps: {NAME} has no steps, since it is no training; remove the field")]
    Steps,
    /// The manifest demands more than one question.
    #[error(
        "questions: {0} is not 1; a miner of {NAME} shows one entry, so write `questions = 1`"
    )]
    Questions(u16),
    /// The manifest leaves entries unchecked.
    #[error("check: each entry of {NAME} is judged; write `check = 1.0`")]
    Check,
    /// The definition or the corpus cannot be used.
    #[error(transparent)]
    Contest(#[from] ContestError),
}

/// Returns true if a manifest names a contest.
pub fn is_contest(manifest: &Manifest) -> bool {
    manifest.task == NAME
}

/// Returns the contest of an epoch with its manifest, if the manifest names one and is loaded.
pub fn contest_of<'a>(
    at: &AtBlock<'a>,
    epoch: u32,
) -> Option<(&'a Arc<Working>, &'a Arc<HeldOut>)> {
    let working = at.tasks.at(epoch)?;
    match &working.runs {
        Runs::Contest(contest) => Some((working, contest)),
        Runs::Task(_) | Runs::Fold(_) => None,
    }
}

/// Checks the fields of a contest's manifest.
///
/// # Errors
/// `Program`, `Steps`, `Questions`, `Check`, in this order.
pub const fn check(manifest: &Manifest) -> Result<(), BadContest> {
    if manifest.program.is_some() {
        return Err(BadContest::Program);
    }
    if manifest.steps.is_some() {
        return Err(BadContest::Steps);
    }
    if manifest.questions != 1 {
        return Err(BadContest::Questions(manifest.questions));
    }
    match manifest.check.0 < Bps::ONE.0 {
        true => Err(BadContest::Check),
        false => Ok(()),
    }
}

/// Returns the contest of a manifest. `blob` finds the bytes with a hash, of at most so many; its
/// first argument names them.
///
/// # Errors
/// Those of `blob`, of [`check`] and of [`HeldOut::of`].
pub fn load<E: From<ProgramError>>(
    manifest: &Manifest,
    mut blob: impl FnMut(&'static str, &Digest, usize) -> Result<Vec<u8>, E>,
) -> Result<HeldOut, E> {
    check(manifest).map_err(ProgramError::from)?;
    let definition = blob("definition", &manifest.state, DEFINITION_BYTES)?;
    let definition = Definition::load(&definition).map_err(ProgramError::from)?;
    let corpus = blob("corpus", &definition.corpus, CORPUS_LIMIT)?;
    let contest = HeldOut::of(&definition, corpus);
    Ok(contest.map_err(|error| ProgramError::from(BadContest::from(error)))?)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
