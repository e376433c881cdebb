//! Runs a kernel's Wasm, the bytes of the chain, in the interpreter of `pallet-contracts`, with the
//! pallet's settings: its stack, its traps and its fuel.
//!
//! It is slow, and it is the chain's own judge. A proposer without a native build compares it with
//! wasmtime, and `inktensor kernel check --vectors` measures the time that the chain charges for a
//! step.

use super::{
    answer::{decode, PLAN, STEP},
    check::check,
    host::{self, Call, Ended},
    Engine, EngineError,
};
use inktensor_primitives::{
    hash::blake2,
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
    Digest,
};
use scale::{Decode, Encode};
use wasmi::{
    core::{HostError, Trap, TrapCode},
    Caller, Config, Error, FuelConsumptionMode, Linker, Memory, MemoryType, Module, Store,
};

/// Time that the chain charges for a unit of fuel, in picoseconds of its reference machine: the
/// weight of a load and a store in pallet-contracts 31, by its count of instructions. Version 38
/// charges less.
pub const TIME_PER_FUEL: u64 = 14_888 / 6;
/// Most time that a step may take on the chain, in picoseconds: a quarter of a block of two
/// seconds.
pub const STEP_TIME: u64 = 500_000_000_000;

/// A kernel in the interpreter.
pub struct Interpreted {
    engine: wasmi::Engine,
    module: Module,
    linker: Linker<Frame>,
    memory: MemoryType,
}

/// The state of one call.
struct Frame {
    call: Call,
    memory: Option<Memory>,
}

/// The outcome of a step, and its cost.
#[derive(Debug)]
pub struct Measured {
    /// Output of the step.
    pub output: Result<StepOutput, EngineError>,
    /// Time that the chain charges, in picoseconds.
    pub time: u64,
}

impl Interpreted {
    /// Loads the kernel with code hash `expected`, whose code is `code`.
    ///
    /// # Errors
    /// `WrongCode` if the code has another hash, `Refused` if it is not an acceptable kernel.
    pub fn load(code: &[u8], expected: &Digest) -> Result<Self, EngineError> {
        let found = blake2(code);
        if found != *expected {
            return Err(EngineError::WrongCode {
                expected: *expected,
                found,
            });
        }
        let report = check(code)?;
        let engine = wasmi::Engine::new(&settings());
        let module = Module::new(&engine, code).map_err(runtime)?;
        let mut linker = Linker::new(&engine);
        define(&mut linker).map_err(runtime)?;
        let memory = MemoryType::new(report.initial_pages, Some(report.maximum_pages));
        Ok(Self {
            memory: memory.map_err(runtime)?,
            engine,
            module,
            linker,
        })
    }

    /// Computes one step, and measures its cost.
    pub fn measure(&self, input: &StepInput) -> Measured {
        let (output, fuel) = self.call((STEP, input).encode());
        Measured {
            output,
            time: fuel.saturating_mul(TIME_PER_FUEL),
        }
    }

    /// Calls the message with the encoded `input` (selector first), and decodes its answer. Returns
    /// the fuel that the call took too.
    fn call<T: Decode>(&self, input: Vec<u8>) -> (Result<T, EngineError>, u64) {
        let size = input.len();
        let frame = Frame {
            call: Call::new(input),
            memory: None,
        };
        let mut store = Store::new(&self.engine, frame);
        let ended = self.enter(&mut store);
        let fuel = store.fuel_consumed().unwrap_or_default();
        let Frame { call, memory } = store.data();
        let bytes = memory.map_or(&[][..], |memory| memory.data(&store));
        let answer = match (call.answer(bytes), ended) {
            (Some(answer), _) => decode(answer, size),
            (None, Err(Error::Trap(trap))) => Err(stopped(&trap)),
            (None, Err(error)) => Err(runtime(error)),
            (None, Ok(())) => Err(EngineError::BadAnswer("it returned nothing".into())),
        };
        (answer, fuel)
    }

    fn enter(&self, store: &mut Store<Frame>) -> Result<(), Error> {
        store
            .add_fuel(STEP_TIME / TIME_PER_FUEL)
            .map_err(Error::Store)?;
        let memory = Memory::new(&mut *store, self.memory).map_err(Error::Memory)?;
        store.data_mut().memory = Some(memory);
        let mut linker = self.linker.clone();
        linker
            .define("env", "memory", memory)
            .map_err(Error::Linker)?;
        let instance = linker.instantiate(&mut *store, &self.module)?;
        let instance = instance.start(&mut *store)?;
        let entry = instance.get_typed_func::<(), ()>(&*store, "call")?;
        entry.call(&mut *store, ()).map_err(Error::Trap)
    }
}

impl Engine for Interpreted {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        self.call((PLAN, header).encode()).0
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        self.measure(input).output
    }
}

/// Returns the pallet's settings.
fn settings() -> Config {
    let mut config = Config::default();
    config
        .wasm_multi_value(false)
        .wasm_mutable_global(false)
        .wasm_sign_extension(true)
        .wasm_bulk_memory(false)
        .wasm_reference_types(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_saturating_float_to_int(false)
        .floats(false)
        .consume_fuel(true)
        .fuel_consumption_mode(FuelConsumptionMode::Eager);
    config
}

/// Returns the reason for which a call ended without an answer.
fn stopped(trap: &Trap) -> EngineError {
    match trap.trap_code() {
        Some(TrapCode::OutOfFuel) => EngineError::TooCostly(STEP_TIME),
        Some(TrapCode::UnreachableCodeReached) => EngineError::Trapped("it panicked".into()),
        Some(code) => EngineError::Trapped(code.to_string()),
        None => match trap.downcast_ref::<Ended>() {
            Some(Ended::Trap(reason)) => EngineError::Trapped(reason.clone()),
            _ => EngineError::Stopped(trap.to_string()),
        },
    }
}

fn runtime(error: impl Into<Error>) -> EngineError {
    EngineError::Runtime(error.into().to_string())
}

/// Defines the functions that a kernel may import.
fn define(linker: &mut Linker<Frame>) -> Result<(), Error> {
    linker.func_wrap("seal0", "input", input)?;
    linker.func_wrap("seal0", "seal_return", seal_return)?;
    linker.func_wrap("seal0", "value_transferred", value_transferred)?;
    linker.func_wrap("seal1", "get_storage", get_storage)?;
    linker.func_wrap("seal2", "set_storage", set_storage)?;
    Ok(())
}

fn input(mut caller: Caller<'_, Frame>, out: u32, out_len: u32) -> Result<(), Trap> {
    let memory = memory(&caller)?;
    let (bytes, frame) = memory.data_and_store_mut(&mut caller);
    frame.call.input(bytes, out, out_len).map_err(trap)
}

fn seal_return(mut caller: Caller<'_, Frame>, flags: u32, data: u32, len: u32) -> Result<(), Trap> {
    let memory = memory(&caller)?;
    let (bytes, frame) = memory.data_and_store_mut(&mut caller);
    Err(trap(frame.call.seal_return(bytes, flags, data, len)))
}

fn value_transferred(mut caller: Caller<'_, Frame>, out: u32, out_len: u32) -> Result<(), Trap> {
    let memory = memory(&caller)?;
    host::value_transferred(memory.data_mut(&mut caller), out, out_len).map_err(trap)
}

fn get_storage(
    mut caller: Caller<'_, Frame>,
    key: u32,
    key_len: u32,
    out: u32,
    out_len: u32,
) -> Result<u32, Trap> {
    let memory = memory(&caller)?;
    let bytes = memory.data_mut(&mut caller);
    host::get_storage(bytes, key, key_len, out, out_len).map_err(trap)
}

fn set_storage(_: Caller<'_, Frame>, _: u32, _: u32, _: u32, _: u32) -> Result<u32, Trap> {
    Err(trap(host::set_storage()))
}

fn memory(caller: &Caller<'_, Frame>) -> Result<Memory, Trap> {
    let memory = caller.data().memory;
    memory.ok_or_else(|| Trap::new("it has no memory"))
}

fn trap(ended: Ended) -> Trap {
    Trap::from(ended)
}

impl HostError for Ended {}
