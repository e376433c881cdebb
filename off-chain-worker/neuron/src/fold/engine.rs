//! The code that computes a training: native code, or a Wasm program.

use crate::program::ProgramError;
use inktensor_exact::gpt::Config;
use inktensor_primitives::Digest;
use inktensor_task::{Assignment, Blob, End, Fault, Fold, Measure, NamedFold, Seed, Stop};
use inktensor_train::{Joining, Recipe, State, Train};
use inktensor_wasm_task::{FoldCode, WasmFold, WasmJoining};
use std::fmt;

/// A training with the code that computes it. Both kinds of code lead to the same states.
pub enum Engine {
    /// The code that is built in.
    Native(Box<Train>),
    /// A Wasm program.
    Wasm {
        /// The fold of the program.
        fold: Box<WasmFold<State>>,
        /// Hash of the program.
        program: Digest,
        /// The part that all states of the training have in common.
        common: Common,
    },
}

/// The part that all states of a training have in common: the corpus, the recipe and the sizes of
/// the model.
#[derive(Clone, Copy, PartialEq)]
pub struct Common(Digest, Recipe, Config);

impl Common {
    const fn of(state: &State) -> Self {
        Self(state.corpus, state.recipe, state.model.config)
    }

    /// Returns a state that a program has computed. One of another training is a fault of the
    /// program: no neuron takes as many bytes, and no miner is to blame.
    fn own(&self, state: State) -> Result<State, Stop> {
        match Self::of(&state) == *self {
            true => Ok(state),
            false => Err(Stop::Failed(Fault(
                "the program returned a state of another training: its corpus, recipe or sizes \
                 are others"
                    .into(),
            ))),
        }
    }
}

impl Engine {
    /// Returns the training that `state` is one of, on a corpus. It is computed by the Wasm program
    /// with these bytes and this hash, or by native code.
    ///
    /// # Errors
    /// Those of [`Train::of`] and of [`FoldCode`].
    pub fn of(
        state: &State,
        corpus: Vec<u8>,
        program: Option<(&[u8], &Digest)>,
    ) -> Result<Self, ProgramError> {
        let Some((code, hash)) = program else {
            let train = Train::of(state, corpus).map_err(super::FoldError::from)?;
            return Ok(train.into());
        };
        let code = FoldCode::load(code, hash, Train::NAME)?;
        Ok(Self::Wasm {
            fold: Box::new(code.with_blobs(&state.to_blob(), &corpus)?),
            program: *hash,
            common: Common::of(state),
        })
    }

    /// Returns the hash of the Wasm program, or `None` of native code.
    pub const fn program(&self) -> Option<Digest> {
        match self {
            Self::Native(_) => None,
            Self::Wasm { program, .. } => Some(*program),
        }
    }
}

impl From<Train> for Engine {
    fn from(train: Train) -> Self {
        Self::Native(Box::new(train))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.program()).finish()
    }
}

/// A join in the making.
pub enum EngineJoining {
    /// By native code.
    Native(Box<Joining>),
    /// By a Wasm program.
    Wasm(WasmJoining),
}

impl Fold for Engine {
    type State = State;
    type Joining = EngineJoining;

    fn start(&self, seed: &Seed) -> Result<State, Stop> {
        match self {
            Self::Native(train) => train.start(seed),
            Self::Wasm { fold, common, .. } => common.own(fold.start(seed)?),
        }
    }

    fn step(&self, state: State, assignment: &Assignment) -> Result<State, Stop> {
        match self {
            Self::Native(train) => train.step(state, assignment),
            Self::Wasm { fold, common, .. } => common.own(fold.step(state, assignment)?),
        }
    }

    fn begin_join(&self, start: State) -> Result<EngineJoining, Stop> {
        Ok(match self {
            Self::Native(train) => EngineJoining::Native(Box::new(train.begin_join(start)?)),
            Self::Wasm { fold, .. } => EngineJoining::Wasm(fold.begin_join(start)?),
        })
    }

    fn add_end(&self, joining: &mut EngineJoining, end: End<State>) -> Result<(), Stop> {
        match (self, joining) {
            (Self::Native(train), EngineJoining::Native(joining)) => train.add_end(joining, end),
            (Self::Wasm { fold, .. }, EngineJoining::Wasm(joining)) => fold.add_end(joining, end),
            _ => Err(other_join()),
        }
    }

    fn finish_join(&self, joining: EngineJoining) -> Result<State, Stop> {
        match (self, joining) {
            (Self::Native(train), EngineJoining::Native(joining)) => train.finish_join(*joining),
            (Self::Wasm { fold, common, .. }, EngineJoining::Wasm(joining)) => {
                common.own(fold.finish_join(joining)?)
            }
            _ => Err(other_join()),
        }
    }

    fn measure(&self, state: &State, seed: &Seed) -> Result<Measure, Stop> {
        match self {
            Self::Native(train) => train.measure(state, seed),
            Self::Wasm { fold, .. } => fold.measure(state, seed),
        }
    }
}

/// The fault of a join that goes on with other code than it began with.
fn other_join() -> Stop {
    Stop::Failed(Fault(
        "the join was begun by other code; begin it again".into(),
    ))
}
