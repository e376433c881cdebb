//! Folds in Wasm.

use crate::{
    call::{limit, numbers, wrong, Compiled, Open},
    error::{Function, WasmError},
    image::Image,
    task::check_head,
    FoldFuel, Interface, MAX_DATA, MAX_STATE,
};
use inktensor_task::{
    guest::{self, fold::MEASURE_BYTES},
    Assignment, Blob, Digest, End, Fault, Fold, Load, Measure, Refused, Seed, Stop,
};
use std::marker::PhantomData;

/// The reason of each refusal of a program, where a text of its own has no place.
/// [`WasmFold::step_blob`] and the functions beside it return the program's reason.
const REFUSED: Refused = Refused("the program of the fold refuses it");

/// The limits of a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldLimits {
    /// Most bytes of a state.
    pub state: usize,
    /// Most bytes of the data.
    pub data: usize,
}

/// A fold, compiled. It has no state and no data yet.
pub struct FoldCode {
    program: Compiled,
    fuel: FoldFuel,
    name: String,
    limits: FoldLimits,
}

impl FoldCode {
    /// Checks and compiles the fold `name`, whose code has the hash `expected`.
    ///
    /// # Errors
    /// `Hash`, `Code`, `Version`, `Name`, `Limit`, and those of a call.
    pub fn load(code: &[u8], expected: &Digest, name: &str) -> Result<Self, WasmError> {
        Self::with_fuel(code, expected, name, FoldFuel::STANDARD)
    }

    /// Checks and compiles a fold, whose calls get other fuel than those of every host.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn with_fuel(
        code: &[u8],
        expected: &Digest,
        name: &str,
        fuel: FoldFuel,
    ) -> Result<Self, WasmError> {
        let program = Compiled::new(code, expected, Interface::Fold)?;
        let function = Function::DescribeFold;
        let description = program.describe(function, fuel.of(function))?;
        let ([version, state, data], found) = numbers(&description).ok_or_else(|| {
            let problem = format!("a description of {} bytes", description.len());
            wrong(function, problem)
        })?;
        check_head((version, guest::fold::VERSION), found, name)?;
        Ok(Self {
            program,
            fuel,
            name: name.into(),
            limits: FoldLimits {
                state: limit("state", state, MAX_STATE)?,
                data: limit("blob of data", data, MAX_DATA)?,
            },
        })
    }

    /// Returns the fold's name, with its version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the fold's limits.
    pub const fn limits(&self) -> FoldLimits {
        self.limits
    }

    /// Makes the fold of the blobs of a state and of data, whose hashes the caller has compared.
    ///
    /// # Errors
    /// `StateTooLong`, `DataTooLong`, `Refused`, and those of a call.
    pub fn with_blobs<S: Blob>(self, state: &[u8], data: &[u8]) -> Result<WasmFold<S>, WasmError> {
        let FoldLimits {
            state: most,
            data: most_data,
        } = self.limits;
        let (bytes, bytes_data) = (state.len(), data.len());
        if bytes > most {
            return Err(WasmError::StateTooLong { bytes, most });
        }
        if bytes_data > most_data {
            return Err(WasmError::DataTooLong {
                bytes: bytes_data,
                most: most_data,
            });
        }
        let function = Function::LoadFold;
        let length = u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        let fuel = self.fuel.of(function);
        let loaded = self.program.load(function, fuel, &[&length, state, data]);
        Ok(WasmFold {
            memory: loaded.map_err(|error| misread(function, error))?,
            code: self,
            state: PhantomData,
        })
    }
}

/// A fold of a state and data, which a program computes. Each call has an instance of its own, but
/// for those of one join.
///
/// `S` is the state on this side: [`Opaque`] for any fold, or the type of native code, whose blobs
/// are the same. A program that returns bytes which are no state of that type fails.
pub struct WasmFold<S> {
    code: FoldCode,
    /// The memory that each call begins with.
    memory: Image,
    state: PhantomData<fn() -> S>,
}

impl<S: Blob> WasmFold<S> {
    /// Returns the fold's name, with its version.
    pub fn name(&self) -> &str {
        self.code.name()
    }

    /// Returns the fold's limits.
    pub const fn limits(&self) -> FoldLimits {
        self.code.limits()
    }

    /// Returns the blob of the first state.
    ///
    /// # Errors
    /// `Refused`, and those of a call.
    pub fn start_blob(&self, seed: &Seed) -> Result<Vec<u8>, WasmError> {
        self.call(Function::Start, &[&seed.0], self.limits().state)
    }

    /// Returns the blob of the state after a step.
    ///
    /// # Errors
    /// `Refused`, `StateTooLong`, and those of a call.
    pub fn step_blob(&self, state: &[u8], assignment: &Assignment) -> Result<Vec<u8>, WasmError> {
        self.within(state)?;
        let head = guest::fold::assignment_bytes(assignment);
        self.call(Function::Step, &[&head, state], self.limits().state)
    }

    /// Returns the measure of the state in a blob.
    ///
    /// # Errors
    /// `Refused`, `StateTooLong`, and those of a call.
    pub fn measure_blob(&self, state: &[u8], seed: &Seed) -> Result<Measure, WasmError> {
        self.within(state)?;
        let function = Function::Measure;
        let measure = self.call(function, &[&seed.0, state], MEASURE_BYTES)?;
        match <[u8; MEASURE_BYTES]>::try_from(&measure[..]) {
            Ok(measure) => Ok(Measure(u64::from_le_bytes(measure))),
            Err(_) => Err(wrong(
                function,
                format!(
                    "a measure of {} bytes, which has {MEASURE_BYTES}",
                    measure.len()
                ),
            )),
        }
    }

    /// Begins a join of ends that continue the state in a blob, in an instance of its own.
    ///
    /// # Errors
    /// `Refused`, `StateTooLong`, and those of a call.
    pub fn begin_join_blob(&self, start: &[u8]) -> Result<WasmJoining, WasmError> {
        self.within(start)?;
        let function = Function::BeginJoin;
        let fuel = self.code.fuel.of(function);
        let open = self.code.program.open(function, fuel, Some(&self.memory))?;
        let mut joining = WasmJoining { open: Some(open) };
        joining.call(function, fuel, &[start], 0)?;
        Ok(joining)
    }

    /// Adds an end to a join. A join that has refused an end, or has failed, is over.
    ///
    /// # Errors
    /// `Refused`, `StateTooLong`, and those of a call.
    pub fn add_end_blob(
        &self,
        joining: &mut WasmJoining,
        end: &End<Vec<u8>>,
    ) -> Result<(), WasmError> {
        self.within(&end.state)?;
        let function = Function::AddEnd;
        let head = guest::fold::end_bytes(end.seat, end.steps);
        let fuel = self.code.fuel.of(function);
        joining.call(function, fuel, &[&head, &end.state], 0)?;
        Ok(())
    }

    /// Returns the blob of the state that a join leads to.
    ///
    /// # Errors
    /// `Refused`, and those of a call.
    pub fn finish_join_blob(&self, mut joining: WasmJoining) -> Result<Vec<u8>, WasmError> {
        let function = Function::FinishJoin;
        let fuel = self.code.fuel.of(function);
        joining.call(function, fuel, &[], self.limits().state)
    }

    const fn within(&self, state: &[u8]) -> Result<(), WasmError> {
        let (bytes, most) = (state.len(), self.limits().state);
        match bytes <= most {
            true => Ok(()),
            false => Err(WasmError::StateTooLong { bytes, most }),
        }
    }

    fn call(&self, function: Function, input: &[&[u8]], most: usize) -> Result<Vec<u8>, WasmError> {
        let fuel = self.code.fuel.of(function);
        let before = Some(&self.memory);
        let result = self.code.program.call(function, fuel, before, input, most);
        result.map_err(|error| misread(function, error))
    }
}

/// Returns the state in a blob that `function` has returned.
fn read<S: Load>(function: Function, blob: &[u8]) -> Result<S, Stop> {
    let state = match blob.len() <= S::MAX_BYTES {
        true => S::load(blob),
        false => Err(Refused("it has too many bytes")),
    };
    state.map_err(|reason| {
        let problem = format!("{} bytes that are no state: {reason}", blob.len());
        stop(wrong(function, problem))
    })
}

/// Returns the error of a call of a fold. The host has checked the form of the input, so a program
/// that cannot read it fails.
fn misread(function: Function, error: WasmError) -> WasmError {
    match error {
        WasmError::Malformed(malformed) => wrong(
            function,
            format!("that it cannot read its input: {malformed}"),
        ),
        error => error,
    }
}

/// Returns what an error means to the rules of a fold: a refusal, or a fault, which is no result.
fn stop(error: WasmError) -> Stop {
    match error {
        WasmError::Refused(_) | WasmError::StateTooLong { .. } => Stop::Refused(REFUSED),
        error => Stop::Failed(Fault(error.to_string())),
    }
}

/// A join in the making, in an instance of its own.
pub struct WasmJoining {
    /// The instance, until the join is over.
    open: Option<Open>,
}

impl WasmJoining {
    fn call(
        &mut self,
        function: Function,
        fuel: u64,
        input: &[&[u8]],
        most: usize,
    ) -> Result<Vec<u8>, WasmError> {
        let over = || wrong(function, "nothing, since the join is over".into());
        let mut open = self.open.take().ok_or_else(over)?;
        let result = open.call(function, fuel, Some(input), most);
        let result = result.map_err(|error| misread(function, error))?;
        self.open = Some(open);
        Ok(result)
    }
}

impl<S: Blob> Fold for WasmFold<S> {
    type State = S;
    type Joining = WasmJoining;

    fn start(&self, seed: &Seed) -> Result<S, Stop> {
        let blob = self.start_blob(seed).map_err(stop)?;
        read(Function::Start, &blob)
    }

    fn step(&self, state: S, assignment: &Assignment) -> Result<S, Stop> {
        let before = state.to_blob();
        drop(state);
        let blob = self.step_blob(&before, assignment).map_err(stop)?;
        read(Function::Step, &blob)
    }

    fn begin_join(&self, start: S) -> Result<WasmJoining, Stop> {
        self.begin_join_blob(&start.to_blob()).map_err(stop)
    }

    fn add_end(&self, joining: &mut WasmJoining, end: End<S>) -> Result<(), Stop> {
        let End { seat, steps, state } = end;
        let state = state.to_blob();
        let end = End { seat, steps, state };
        self.add_end_blob(joining, &end).map_err(stop)
    }

    fn finish_join(&self, joining: WasmJoining) -> Result<S, Stop> {
        let blob = self.finish_join_blob(joining).map_err(stop)?;
        read(Function::FinishJoin, &blob)
    }

    fn measure(&self, state: &S, seed: &Seed) -> Result<Measure, Stop> {
        self.measure_blob(&state.to_blob(), seed).map_err(stop)
    }
}

/// The state of a fold that this side does not know: any bytes. The program refuses those that are
/// no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque(pub Vec<u8>);

impl Load for Opaque {
    const MAX_BYTES: usize = MAX_STATE;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        match blob.len() <= Self::MAX_BYTES {
            true => Ok(Self(blob.into())),
            false => Err(Refused("the state is over the limit of bytes")),
        }
    }
}

impl Blob for Opaque {
    fn to_blob(&self) -> Vec<u8> {
        self.0.clone()
    }
}
