//! The functions of a fold as a Wasm program, over bytes. `docs/wasm-tasks.md` is the
//! specification.
//!
//! [`export_fold!`](crate::export_fold!) is all that an author uses.

use super::{output, parts, Problem};
use crate::{Assignment, Blob, End, Load, Malformed, NamedFold, Seat, Seed};
use alloc::vec::Vec;

/// Version of the interface between a fold and its host.
pub const VERSION: u32 = 1;
/// Bytes of an assignment: seed of the epoch, uid, generation and step.
pub const ASSIGNMENT_BYTES: usize = 42;
/// Bytes before the state of an end: uid, generation and steps.
pub const END_BYTES: usize = 8;
/// Bytes of a measure.
pub const MEASURE_BYTES: usize = 8;

/// Names of the exported functions.
pub mod names {
    /// Returns the place for an input.
    pub const INPUT: &str = "fold_input";
    /// Describes the fold.
    pub const DESCRIBE: &str = "fold_describe";
    /// Makes the fold of a state and data.
    pub const LOAD: &str = "fold_load";
    /// Returns the first state.
    pub const START: &str = "fold_start";
    /// Does a step.
    pub const STEP: &str = "fold_step";
    /// Measures a state.
    pub const MEASURE: &str = "fold_measure";
    /// Begins a join.
    pub const BEGIN_JOIN: &str = "fold_begin_join";
    /// Adds an end to the join.
    pub const ADD_END: &str = "fold_add_end";
    /// Ends the join.
    pub const FINISH_JOIN: &str = "fold_finish_join";
}

/// Returns the bytes of an assignment, which [`step`] reads.
pub fn assignment_bytes(assignment: &Assignment) -> Vec<u8> {
    let mut bytes = assignment.epoch.0.to_vec();
    bytes.extend(assignment.seat.uid.to_le_bytes());
    bytes.extend(assignment.seat.generation.to_le_bytes());
    bytes.extend(assignment.step.to_le_bytes());
    bytes
}

/// Returns the bytes before the state of an end, which [`add_end`] reads.
pub fn end_bytes(seat: Seat, steps: u16) -> Vec<u8> {
    let mut bytes = seat.uid.to_le_bytes().to_vec();
    bytes.extend(seat.generation.to_le_bytes());
    bytes.extend(steps.to_le_bytes());
    bytes
}

/// A reader of the numbers before a state.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Malformed::Shape)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn seed(&mut self) -> Result<Seed, Problem> {
        self.array().map(Seed)
    }

    fn u16(&mut self) -> Result<u16, Problem> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Problem> {
        self.array().map(u32::from_le_bytes)
    }

    fn seat(&mut self) -> Result<Seat, Problem> {
        Ok(Seat {
            uid: self.u16()?,
            generation: self.u32()?,
        })
    }

    fn state<S: Load>(&self) -> Result<S, Problem> {
        read(self.0)
    }
}

/// Returns the state in bytes.
fn read<S: Load>(bytes: &[u8]) -> Result<S, Problem> {
    let (found, most) = (bytes.len(), S::MAX_BYTES);
    match found <= most {
        true => Ok(S::load(bytes)?),
        false => Err(Malformed::TooLong { bytes: found, most }.into()),
    }
}

/// Returns the description: the version, the limits of state and data, and the name.
pub fn describe<F: NamedFold>() -> Vec<u8> {
    let limits = [F::State::MAX_BYTES, F::MAX_DATA];
    let mut description = VERSION.to_le_bytes().to_vec();
    description.extend(limits.map(super::length).concat());
    description.extend(F::NAME.as_bytes());
    output(Ok(description))
}

/// Returns the fold of a state and data. The input is the length of the state as a `u32`, the
/// state, and the data.
///
/// # Errors
/// The output that refuses the input.
pub fn load<F: NamedFold>(input: Vec<u8>) -> Result<F, Vec<u8>> {
    loaded(input).map_err(|problem| output(Err(problem)))
}

fn loaded<F: NamedFold>(mut input: Vec<u8>) -> Result<F, Problem> {
    let (state, data) = parts(&input).ok_or(Malformed::Shape)?;
    let (bytes, most) = (data.len(), F::MAX_DATA);
    if bytes > most {
        return Err(Malformed::TooLong { bytes, most }.into());
    }
    let state = read(state)?;
    // The data stays where it is: it may be half of the memory.
    let head = input.len().saturating_sub(bytes);
    input.drain(..head);
    input.shrink_to_fit();
    Ok(F::of_blobs(&state, input)?)
}

/// Returns the first state, of the seed in `input`.
pub fn start<F: NamedFold>(fold: &F, input: Vec<u8>) -> Vec<u8> {
    output((|| {
        let seed = input.try_into().map_err(|_| Malformed::Shape)?;
        Ok(fold.start(&Seed(seed))?.to_blob())
    })())
}

/// Returns the state after a step. The input is the assignment and the state before.
pub fn step<F: NamedFold>(fold: &F, input: Vec<u8>) -> Vec<u8> {
    output((|| {
        let mut reader = Reader(&input);
        let assignment = Assignment {
            epoch: reader.seed()?,
            seat: reader.seat()?,
            step: reader.u32()?,
        };
        let state = reader.state()?;
        // A step needs much memory.
        drop(input);
        Ok(fold.step(state, &assignment)?.to_blob())
    })())
}

/// Returns the measure of a state, as a `u64`. The input is the seed and the state.
pub fn measure<F: NamedFold>(fold: &F, input: Vec<u8>) -> Vec<u8> {
    output((|| {
        let mut reader = Reader(&input);
        let (seed, state) = (reader.seed()?, reader.state()?);
        drop(input);
        let measure = fold.measure(&state, &seed)?;
        Ok(measure.0.to_le_bytes().into())
    })())
}

/// Begins the join of ends that continue the state in `input`, and returns the output.
pub fn begin_join<F: NamedFold>(
    fold: &F,
    joining: &mut Option<F::Joining>,
    input: Vec<u8>,
) -> Vec<u8> {
    output((|| {
        let start = read(&input)?;
        drop(input);
        *joining = Some(fold.begin_join(start)?);
        Ok(Vec::new())
    })())
}

/// Adds an end to the join, and returns the output. The input is uid, generation and steps, and the
/// state. A join that has refused an end is over.
pub fn add_end<F: NamedFold>(
    fold: &F,
    joining: &mut Option<F::Joining>,
    input: Vec<u8>,
) -> Vec<u8> {
    output((|| {
        let mut begun = joining.take().ok_or(Malformed::Shape)?;
        let mut reader = Reader(&input);
        let end = End {
            seat: reader.seat()?,
            steps: reader.u16()?,
            state: reader.state()?,
        };
        drop(input);
        fold.add_end(&mut begun, end)?;
        *joining = Some(begun);
        Ok(Vec::new())
    })())
}

/// Returns the state that the join leads to. The join is over then.
pub fn finish_join<F: NamedFold>(
    fold: &F,
    joining: &mut Option<F::Joining>,
    _: Vec<u8>,
) -> Vec<u8> {
    output((|| {
        let begun = joining.take().ok_or(Malformed::Shape)?;
        Ok(fold.finish_join(begun)?.to_blob())
    })())
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub use memory::Guest;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod memory {
    use crate::{
        guest::{
            loaded,
            memory::{locked, Buffers},
        },
        NamedFold,
    };
    use alloc::vec::Vec;
    use std::sync::{Mutex, OnceLock};

    /// A fold in a program's memory, with a join in the making.
    pub struct Guest<F: NamedFold> {
        fold: OnceLock<F>,
        joining: Mutex<Option<F::Joining>>,
        buffers: Buffers,
    }

    impl<F: NamedFold> Guest<F> {
        /// Returns the place of a fold that is not loaded yet.
        #[allow(clippy::new_without_default)]
        pub const fn new() -> Self {
            Self {
                fold: OnceLock::new(),
                joining: Mutex::new(None),
                buffers: Buffers::new(),
            }
        }

        /// Makes room for an input of so many bytes, and returns its address.
        pub fn input(&self, length: usize) -> usize {
            self.buffers.input(length)
        }

        /// Describes the fold.
        pub fn describe(&self) -> u64 {
            self.buffers.finish(super::describe::<F>())
        }

        /// Makes the fold of the state and the data in the input. The first one that is made stays.
        pub fn load(&self) -> u64 {
            let output = match super::load(self.buffers.take()) {
                Ok(fold) => {
                    self.fold.get_or_init(|| fold);
                    loaded()
                }
                Err(refusal) => refusal,
            };
            self.buffers.finish(output)
        }

        /// Runs a function on the input.
        ///
        /// # Panics
        /// Without a fold, which a host loads first.
        pub fn run(&self, function: fn(&F, Vec<u8>) -> Vec<u8>) -> u64 {
            let output = function(self.fold(), self.buffers.take());
            self.buffers.finish(output)
        }

        /// Runs a function of a join on the input.
        ///
        /// # Panics
        /// Without a fold, which a host loads first.
        pub fn join(&self, function: fn(&F, &mut Option<F::Joining>, Vec<u8>) -> Vec<u8>) -> u64 {
            let mut joining = locked(&self.joining);
            let output = function(self.fold(), &mut joining, self.buffers.take());
            self.buffers.finish(output)
        }

        #[allow(clippy::expect_used)]
        fn fold(&self) -> &F {
            self.fold.get().expect("fold_load comes first")
        }
    }
}

/// Exports a fold as a Wasm program.
///
/// The argument is a type that is a [`NamedFold`](crate::NamedFold). For other targets than
/// `wasm32-unknown-unknown` nothing is exported. A program has one fold or one task, so let no
/// other crate depend on the one with this line. See [`export!`](crate::export!) about unsafe code.
///
/// ```
/// # use inktensor_task::{
/// #     Assignment, Blob, End, Fold, Load, Measure, NamedFold, Refused, Seed, Stop,
/// # };
/// # struct Count(u8);
/// # impl Load for Count {
/// #     const MAX_BYTES: usize = 1;
/// #     fn load(blob: &[u8]) -> Result<Self, Refused> {
/// #         blob.first().map(|it| Count(*it)).ok_or(Refused("a count has one byte"))
/// #     }
/// # }
/// # impl Blob for Count {
/// #     fn to_blob(&self) -> Vec<u8> {
/// #         vec![self.0]
/// #     }
/// # }
/// # struct Counts;
/// # impl Fold for Counts {
/// #     type State = Count;
/// #     type Joining = Count;
/// #     fn start(&self, _: &Seed) -> Result<Count, Stop> {
/// #         Ok(Count(0))
/// #     }
/// #     fn step(&self, state: Count, _: &Assignment) -> Result<Count, Stop> {
/// #         Ok(Count(state.0.wrapping_add(1)))
/// #     }
/// #     fn begin_join(&self, start: Count) -> Result<Count, Stop> {
/// #         Ok(start)
/// #     }
/// #     fn add_end(&self, joining: &mut Count, end: End<Count>) -> Result<(), Stop> {
/// #         joining.0 = joining.0.max(end.state.0);
/// #         Ok(())
/// #     }
/// #     fn finish_join(&self, joining: Count) -> Result<Count, Stop> {
/// #         Ok(joining)
/// #     }
/// #     fn measure(&self, state: &Count, _: &Seed) -> Result<Measure, Stop> {
/// #         Ok(Measure(state.0.into()))
/// #     }
/// # }
/// # impl NamedFold for Counts {
/// #     const NAME: &'static str = "counts/1";
/// #     const MAX_DATA: usize = 0;
/// #     fn of_blobs(_: &Count, _: Vec<u8>) -> Result<Self, Refused> {
/// #         Ok(Counts)
/// #     }
/// # }
/// inktensor_task::export_fold!(Counts);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_fold {
    ($fold:path) => {
        #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
        const _: () = {
            static GUEST: $crate::guest::fold::Guest<$fold> = $crate::guest::fold::Guest::new();

            #[unsafe(no_mangle)]
            extern "C" fn fold_input(length: usize) -> usize {
                GUEST.input(length)
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_describe() -> u64 {
                GUEST.describe()
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_load() -> u64 {
                GUEST.load()
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_start() -> u64 {
                GUEST.run($crate::guest::fold::start)
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_step() -> u64 {
                GUEST.run($crate::guest::fold::step)
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_measure() -> u64 {
                GUEST.run($crate::guest::fold::measure)
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_begin_join() -> u64 {
                GUEST.join($crate::guest::fold::begin_join)
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_add_end() -> u64 {
                GUEST.join($crate::guest::fold::add_end)
            }
            #[unsafe(no_mangle)]
            extern "C" fn fold_finish_join() -> u64 {
                GUEST.join($crate::guest::fold::finish_join)
            }
        };
    };
}

#[cfg(test)]
mod tests;
