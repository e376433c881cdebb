//! The contest `contest/1`: the held-out loss of a GPT.

use alloc::vec::Vec;

use inktensor_exact::{
    gpt::{Config, Gpt},
    ExactError,
};
use inktensor_task::{blake2, Contest, Loss, NoLoss, Seed};
use inktensor_train::Corpus;

use crate::{ContestError, Definition, Model, MODEL_LIMIT};

/// Rows that are drawn for a loss. With a context of 64 they are 16 384 bytes: then the standard
/// error of the difference of two models is in the range of epsilon.
pub const ROWS: u16 = 256;
/// The most multiplications of a loss, about: 2^36. With the model of 1 230 464 weights and a
/// context of 128 a loss takes two thirds of it.
pub const WORK_LIMIT: u64 = 1 << 36;

/// The contest of models of one architecture on the held-out part of a corpus.
#[derive(Clone, Debug)]
pub struct HeldOut {
    gpt: Gpt,
    corpus: Corpus,
}

impl HeldOut {
    /// Returns the contest of models of these sizes on `corpus`.
    ///
    /// The held-out part has at least as many bytes as the weights. So no model has the room for
    /// all of it.
    ///
    /// # Errors
    /// `Sizes`, `ModelBytes`, `Work`, `Corpus` or `HeldOut`, in this order.
    pub fn new(config: Config, corpus: Vec<u8>) -> Result<Self, ContestError> {
        let gpt = Gpt::new(config)?;
        let bytes = Model::bytes(&config);
        if bytes > MODEL_LIMIT {
            return Err(ContestError::ModelBytes { bytes });
        }
        let work = work(&gpt);
        if work > WORK_LIMIT {
            return Err(ContestError::Work { work });
        }
        let corpus = Corpus::new(corpus, gpt.row(), config.vocabulary)?;
        let (found, least) = (corpus.held_out_bytes(), gpt.parameters().saturating_mul(4));
        match found < least {
            true => Err(ContestError::HeldOut { found, least }),
            false => Ok(Self { gpt, corpus }),
        }
    }

    /// Returns the contest that `definition` names, with its corpus.
    ///
    /// # Errors
    /// `OtherCorpus` for bytes with another hash, then as [`HeldOut::new`].
    pub fn of(definition: &Definition, corpus: Vec<u8>) -> Result<Self, ContestError> {
        match blake2(&corpus) == definition.corpus {
            true => Self::new(definition.config, corpus),
            false => Err(ContestError::OtherCorpus),
        }
    }

    /// Returns the number of bytes of a row: one more than the context.
    pub fn row(&self) -> usize {
        self.gpt.row()
    }

    /// Returns the [`ROWS`] held-out rows that `seed` draws, one after the other.
    pub fn rows(&self, seed: &Seed) -> Vec<u8> {
        self.corpus.held_out_rows(seed, ROWS)
    }

    /// Returns the loss on each of `rows`. A row's loss does not depend on the other rows.
    ///
    /// # Errors
    /// `OtherShape` for a model of other sizes, and `NotFinite`.
    pub fn row_losses(&self, entry: &Model, rows: &[u8]) -> Result<Vec<Loss>, NoLoss> {
        if entry.config() != self.config() {
            return Err(NoLoss::OtherShape);
        }
        let losses = self.gpt.row_losses(entry.weights(), rows);
        let losses = losses.map_err(|error| match error {
            ExactError::NotFinite { .. } => NoLoss::NotFinite,
            // Rows and weights have the sizes of the model by now.
            _ => NoLoss::OtherShape,
        })?;
        losses.into_iter().map(Loss::of_units).collect()
    }

    /// Returns the sizes of models.
    pub fn config(&self) -> &Config {
        self.gpt.config()
    }

    /// Returns the corpus.
    pub const fn corpus(&self) -> &Corpus {
        &self.corpus
    }
}

impl Contest for HeldOut {
    type Entry = Model;

    const NAME: &'static str = "contest/1";

    const UNIT: &'static str = "nats a byte";

    /// Returns the loss on each of [`ROWS`] held-out rows, rounded to the nearest millionth of a
    /// nat a byte, with halves up.
    fn losses(&self, entry: &Model, seed: &Seed) -> Result<Vec<Loss>, NoLoss> {
        self.row_losses(entry, &self.rows(seed))
    }
}

/// Returns the number of multiplications of a loss.
fn work(gpt: &Gpt) -> u64 {
    let work = gpt.config().work().saturating_mul(ROWS.into());
    u64::try_from(work).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
