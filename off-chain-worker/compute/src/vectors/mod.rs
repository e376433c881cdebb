//! Epochs as JSON: the form of the test vectors, of recorded metagraphs, and of the output of
//! `inktensor audit`.
//!
//! One object is `{name, input: {params, neurons, weights, bonds}, expected}`. A file holds one
//! object or several, one per line or spread over lines. Unknown fields are ignored. [`read`]
//! checks everything that an epoch could fail on, and an error names file, line and the path within
//! the object.

mod convert;
mod form;
mod outcome;
mod place;
mod read;

pub use form::{Input, Neuron, Params, Row, Vector};
pub use outcome::{Mismatch, Outcome, UnreadableMemory};
pub use place::{Location, VectorError};
pub use read::{read, Located};
