//! The fold `train/1`: steps of AdamW on a GPT, and the join of its ends.

use alloc::{vec, vec::Vec};

use inktensor_exact::gpt::{Config, State as Model, Trainer};
use inktensor_task::{Assignment, End, Fold, Measure, NamedFold, Refused, Seed, Stop};

use crate::{Corpus, Recipe, State, TrainError, CORPUS_LIMIT, STATE_LIMIT};

/// Rows that are drawn for a measure.
pub const MEASURED_ROWS: u16 = 64;

/// The training of one model on one corpus by one recipe.
#[derive(Clone, Debug)]
pub struct Train {
    trainer: Trainer,
    recipe: Recipe,
    corpus: Corpus,
}

impl Train {
    /// Returns the training of a model of these sizes on a corpus.
    ///
    /// # Errors
    /// `Exact` for sizes that no model has, `TooLong` for a state above the limit, `Recipe`,
    /// `CorpusSize` or `Token`.
    pub fn new(config: Config, recipe: Recipe, corpus: Vec<u8>) -> Result<Self, TrainError> {
        recipe.check()?;
        let trainer = Trainer::new(config, recipe.descent)?;
        let bytes = State::bytes(&config);
        if bytes > STATE_LIMIT {
            return Err(TrainError::TooLong { bytes });
        }
        Ok(Self {
            corpus: Corpus::new(corpus, trainer.gpt().row(), config.vocabulary)?,
            trainer,
            recipe,
        })
    }

    /// Returns the training that `state` is one of. The state names everything but the bytes of the
    /// corpus.
    ///
    /// # Errors
    /// `OtherCorpus` if the state names another corpus, otherwise as [`Train::new`].
    pub fn of(state: &State, corpus: Vec<u8>) -> Result<Self, TrainError> {
        let train = Self::new(state.model.config, state.recipe, corpus)?;
        train.accept(state)?;
        Ok(train)
    }

    /// Returns the number of bytes of each state of this training.
    pub fn state_bytes(&self) -> usize {
        State::bytes(self.trainer.gpt().config())
    }

    fn accept(&self, state: &State) -> Result<(), TrainError> {
        if state.corpus != *self.corpus.hash() {
            return Err(TrainError::OtherCorpus);
        }
        if state.recipe != self.recipe || state.model.config != *self.trainer.gpt().config() {
            return Err(TrainError::OtherRecipe);
        }
        Ok(())
    }

    fn stepped(&self, state: State, assignment: &Assignment) -> Result<State, TrainError> {
        self.accept(&state)?;
        let rows = self.corpus.rows(&assignment.seed(), self.recipe.rows);
        Ok(State {
            model: self.trainer.step(state.model, &rows)?,
            ..state
        })
    }

    fn joining(&self, start: State) -> Result<Joining, TrainError> {
        self.accept(&start)?;
        Ok(Joining {
            mean: Mean::new(self.trainer.gpt().parameters()),
            start,
            last: None,
        })
    }

    fn added(&self, joining: &mut Joining, end: &End<State>) -> Result<(), TrainError> {
        let uid = end.seat.uid;
        if joining.last.is_some_and(|last| uid <= last) {
            return Err(TrainError::Order { uid });
        }
        joining.last = Some(uid);
        self.accept(&end.state)?;
        end.state.model.check()?;
        let found = end.state.model.steps;
        let needed = joining.start.model.steps.saturating_add(end.steps.into());
        if found != needed {
            return Err(TrainError::Count { uid, found, needed });
        }
        joining.mean.add(end.steps, &end.state.model);
        Ok(())
    }

    fn loss(&self, state: &State, seed: &Seed) -> Result<Measure, TrainError> {
        self.accept(state)?;
        let rows = self.corpus.held_out_rows(seed, MEASURED_ROWS);
        let loss = self.trainer.loss(&state.model, &rows)?;
        // A conversion cuts off: a half before it rounds to the nearest.
        Ok(Measure((f64::from(loss) * 1e6 + 0.5) as u64))
    }
}

impl Fold for Train {
    type State = State;
    type Joining = Joining;

    fn start(&self, seed: &Seed) -> Result<State, Stop> {
        let word = seed.part("weights").draw().word();
        Ok(State {
            corpus: *self.corpus.hash(),
            recipe: self.recipe,
            model: self.trainer.start(word),
        })
    }

    fn step(&self, state: State, assignment: &Assignment) -> Result<State, Stop> {
        Ok(self.stepped(state, assignment)?)
    }

    fn begin_join(&self, start: State) -> Result<Joining, Stop> {
        Ok(self.joining(start)?)
    }

    fn add_end(&self, joining: &mut Joining, end: End<State>) -> Result<(), Stop> {
        Ok(self.added(joining, &end)?)
    }

    /// Returns the mean of weights, moments and counted steps, each weighed by the steps of its
    /// end.
    ///
    /// A value is `(s1 v1 + s2 v2 + ..) / (s1 + s2 + ..)` in `f64`, added up from zero in order of
    /// uid, and rounded once to `f32`. Every product is exact, since it has at most 40 bits.
    fn finish_join(&self, joining: Joining) -> Result<State, Stop> {
        let Joining { start, mean, .. } = joining;
        Ok(match mean.model(start.model.config) {
            Some(model) => State { model, ..start },
            None => start,
        })
    }

    /// Returns the mean loss on [`MEASURED_ROWS`] held-out rows, in millionths of a nat a byte.
    fn measure(&self, state: &State, seed: &Seed) -> Result<Measure, Stop> {
        Ok(self.loss(state, seed)?)
    }
}

impl NamedFold for Train {
    const NAME: &'static str = "train/1";
    const MAX_DATA: usize = CORPUS_LIMIT;

    /// Returns the training that `state` is one of, on the corpus `data`.
    fn of_blobs(state: &State, data: Vec<u8>) -> Result<Self, Refused> {
        Ok(Self::of(state, data)?)
    }
}

/// A join of ends in the making.
#[derive(Clone, Debug)]
pub struct Joining {
    start: State,
    mean: Mean,
    /// Uid of the last end.
    last: Option<u16>,
}

/// A mean in the making.
#[derive(Clone, Debug)]
struct Mean {
    /// Weights, first moments and second moments, each times its steps.
    sums: [Vec<f64>; 3],
    /// Counted steps times steps.
    counts: u128,
    /// Steps of all ends.
    steps: u64,
}

impl Mean {
    fn new(parameters: usize) -> Self {
        Self {
            sums: [(); 3].map(|()| vec![0.0; parameters]),
            counts: 0,
            steps: 0,
        }
    }

    fn add(&mut self, steps: u16, model: &Model) {
        let weight = f64::from(steps);
        let values = [&model.weights, &model.first, &model.second];
        for (sums, values) in self.sums.iter_mut().zip(values) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight * f64::from(*value);
            }
        }
        let count = u128::from(model.steps).saturating_mul(steps.into());
        self.counts = self.counts.saturating_add(count);
        self.steps = self.steps.saturating_add(steps.into());
    }

    /// Returns the mean, or `None` of no steps.
    fn model(self, config: Config) -> Option<Model> {
        let count = self.counts.checked_div(self.steps.into())?;
        // Below 2^32 steps, which 65 536 uids with 65 535 steps each do not pass: exact.
        let total = self.steps as f64;
        let [weights, first, second] = self.sums.map(|sums| {
            let means = sums.into_iter().map(|sum| (sum / total) as f32);
            means.collect::<Vec<f32>>()
        });
        Some(Model {
            config,
            steps: u32::try_from(count).unwrap_or(u32::MAX),
            weights,
            first,
            second,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
