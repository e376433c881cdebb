//! Compiled programs, their instances, and calls of these.

use crate::{
    check::{check, Refusal, MEMORY},
    error::{Function, WasmError},
    guard::{Exceeded, Guard},
    image::Image,
    Interface, MAX_REASON, MAX_STACK, MAX_TABLE,
};
use inktensor_task::{blake2, guest, Digest, Malformed};
use wasmtime::{
    Config, Engine, Instance, InstancePre, Linker, Memory, Module, OptLevel, Store, Trap,
};

/// A program that was checked and compiled.
pub struct Compiled {
    engine: Engine,
    instance: InstancePre<Guard>,
    interface: Interface,
}

impl Compiled {
    /// Checks and compiles the program whose code has the hash `expected`.
    ///
    /// # Errors
    /// `Hash`, `Code` and `Machine`.
    pub fn new(code: &[u8], expected: &Digest, interface: Interface) -> Result<Self, WasmError> {
        let (found, expected) = (blake2(code), *expected);
        if found != expected {
            return Err(WasmError::Hash { found, expected });
        }
        check(code, interface)?;
        let engine = Engine::new(&profile()).map_err(machine)?;
        let module = Module::new(&engine, code)
            .map_err(|error| Refusal::Invalid(error.root_cause().to_string()))?;
        let instance = Linker::new(&engine)
            .instantiate_pre(&module)
            .map_err(machine)?;
        Ok(Self {
            engine,
            instance,
            interface,
        })
    }

    /// Returns a fresh instance, which has the memory `before` or the one that its code begins
    /// with.
    ///
    /// # Errors
    /// Those of a call, which name the `function` that is called first.
    pub fn open(
        &self,
        function: Function,
        fuel: u64,
        before: Option<&Image>,
    ) -> Result<Open, WasmError> {
        let guard = Guard {
            most: self.interface.most_memory(),
            exceeded: None,
        };
        let mut store = Store::new(&self.engine, guard);
        store.limiter(|guard| guard);
        store.set_fuel(fuel).map_err(machine)?;
        let opened = opened(&mut store, &self.instance, before);
        let (instance, memory) = opened.map_err(|error| failure(&store, function, error, fuel))?;
        Ok(Open {
            store,
            instance,
            memory,
            input: self.interface.input(),
        })
    }

    /// Calls a function of a fresh instance. Returns the result, of at most so many bytes.
    ///
    /// # Errors
    /// Those of a call.
    pub fn call(
        &self,
        function: Function,
        fuel: u64,
        before: Option<&Image>,
        input: &[&[u8]],
        most: usize,
    ) -> Result<Vec<u8>, WasmError> {
        let mut open = self.open(function, fuel, before)?;
        open.call(function, fuel, Some(input), most)
    }

    /// Calls the function for descriptions, which has no input.
    ///
    /// # Errors
    /// Those of a call.
    pub fn describe(&self, function: Function, fuel: u64) -> Result<Vec<u8>, WasmError> {
        let mut open = self.open(function, fuel, None)?;
        open.call(function, fuel, None, MAX_REASON)
    }

    /// Calls a function of a fresh instance, and returns the memory after it.
    ///
    /// # Errors
    /// Those of a call.
    pub fn load(&self, function: Function, fuel: u64, input: &[&[u8]]) -> Result<Image, WasmError> {
        let mut open = self.open(function, fuel, None)?;
        let fresh = open.memory.data(&open.store).to_vec();
        open.call(function, fuel, Some(input), 0)?;
        Ok(Image::of(open.memory.data(&open.store), &fresh))
    }
}

/// Instantiates a program, and writes its memory.
fn opened(
    store: &mut Store<Guard>,
    instance: &InstancePre<Guard>,
    before: Option<&Image>,
) -> wasmtime::Result<(Instance, Memory)> {
    let instance = instance.instantiate(&mut *store)?;
    let memory = instance
        .get_memory(&mut *store, MEMORY)
        .ok_or_else(|| wasmtime::Error::msg("the memory is lost"))?;
    if let Some(image) = before {
        image.restore(store, memory)?;
    }
    Ok((instance, memory))
}

/// An instance, whose memory stays from call to call.
pub struct Open {
    store: Store<Guard>,
    instance: Instance,
    memory: Memory,
    /// Name of the function for inputs.
    input: &'static str,
}

impl Open {
    /// Calls a function with so much fuel. The input is the parts, one after another. Returns the
    /// result, of at most so many bytes.
    ///
    /// # Errors
    /// Those of a call.
    pub fn call(
        &mut self,
        function: Function,
        fuel: u64,
        input: Option<&[&[u8]]>,
        most: usize,
    ) -> Result<Vec<u8>, WasmError> {
        self.store.set_fuel(fuel).map_err(machine)?;
        let packed = self.run(function, input);
        let packed = packed.map_err(|error| failure(&self.store, function, error, fuel))?;
        let output = self.output(function, packed, most)?;
        result(function, output)
    }

    /// Writes the input and runs the function. Returns the place of the output.
    fn run(&mut self, function: Function, input: Option<&[&[u8]]>) -> wasmtime::Result<u64> {
        if let Some(parts) = input {
            self.write(parts)?;
        }
        let store = &mut self.store;
        let function = self
            .instance
            .get_typed_func::<(), u64>(&mut *store, function.name())?;
        function.call(store, ())
    }

    fn write(&mut self, parts: &[&[u8]]) -> wasmtime::Result<()> {
        let store = &mut self.store;
        let length = parts
            .iter()
            .fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let place = self
            .instance
            .get_typed_func::<u32, u32>(&mut *store, self.input)?;
        let address = place.call(&mut *store, u32::try_from(length)?)?;
        let size = self.memory.data_size(&*store);
        let mut at = usize::try_from(address)?;
        // All of the input fits, or none of it is written.
        if at.checked_add(length).is_none_or(|end| end > size) {
            return Err(Outside(format!(
                "the address {address} for an input of {length} bytes, outside its memory of \
                 {size} bytes"
            ))
            .into());
        }
        for part in parts {
            self.memory.write(&mut *store, at, part)?;
            at = at.saturating_add(part.len());
        }
        Ok(())
    }

    /// Returns the output at a place. It has a first byte, and a result of at most so many bytes or
    /// a reason.
    fn output(&self, function: Function, packed: u64, most: usize) -> Result<Vec<u8>, WasmError> {
        let address = usize::try_from(packed & u64::from(u32::MAX)).unwrap_or(usize::MAX);
        let length = usize::try_from(packed >> 32).unwrap_or(usize::MAX);
        let most = most.max(MAX_REASON).saturating_add(1);
        if length > most {
            return Err(wrong(
                function,
                format!("an output of {length} bytes, and {most} is the most"),
            ));
        }
        let memory = self.memory.data(&self.store);
        let output = memory.get(address..address.saturating_add(length));
        output.map(<[u8]>::to_vec).ok_or_else(|| {
            wrong(
                function,
                format!(
                    "an output of {length} bytes at the address {address}, outside its memory of \
                     {} bytes",
                    memory.len()
                ),
            )
        })
    }
}

/// Returns the result in an output.
fn result(function: Function, mut output: Vec<u8>) -> Result<Vec<u8>, WasmError> {
    let (first, rest) = output
        .split_first()
        .ok_or_else(|| wrong(function, "an empty output".into()))?;
    match (*first, rest) {
        (guest::DONE, _) => {
            output.remove(0);
            Ok(output)
        }
        (guest::SHAPE, []) => Err(Malformed::Shape.into()),
        (guest::TOO_LONG, [a, b, c, d, e, f, g, h]) => {
            let number = |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
            Err(WasmError::Malformed(Malformed::TooLong {
                bytes: number([*a, *b, *c, *d]),
                most: number([*e, *f, *g, *h]),
            }))
        }
        (guest::REFUSED, reason) if reason.len() <= MAX_REASON => {
            match std::str::from_utf8(reason) {
                Ok(reason) if !reason.contains(char::is_control) => {
                    Err(WasmError::Refused(reason.into()))
                }
                _ => Err(wrong(
                    function,
                    "a reason that is not one line of text".into(),
                )),
            }
        }
        (guest::FAILED, fault) if fault.len() <= MAX_REASON => {
            let fault = String::from_utf8_lossy(fault);
            Err(wrong(
                function,
                format!("a fault of its own: {}", fault.escape_debug()),
            ))
        }
        (first, rest) => Err(wrong(
            function,
            format!(
                "an output with the first byte {first} and {} more",
                rest.len()
            ),
        )),
    }
}

/// Returns the error of an output that has another form.
pub const fn wrong(function: Function, problem: String) -> WasmError {
    WasmError::Output { function, problem }
}

/// Returns the reason for which a call ended without an output.
fn failure(
    store: &Store<Guard>,
    function: Function,
    error: wasmtime::Error,
    fuel: u64,
) -> WasmError {
    let guard = store.data();
    match guard.exceeded {
        Some(Exceeded::Memory(bytes)) => {
            return WasmError::Memory {
                function,
                bytes,
                most: guard.most,
            }
        }
        Some(Exceeded::Table(elements)) => {
            return WasmError::Table {
                function,
                elements,
                most: MAX_TABLE,
            }
        }
        Some(Exceeded::Machine) => return machine(error),
        None => {}
    }
    if let Some(Outside(problem)) = error.downcast_ref() {
        return wrong(function, problem.clone());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => WasmError::NoEnd { function, fuel },
        Some(Trap::UnreachableCodeReached) => WasmError::Trap {
            function,
            trap: "it panicked".into(),
        },
        Some(trap) => WasmError::Trap {
            function,
            trap: trap.to_string(),
        },
        None => machine(error),
    }
}

/// Returns the numbers before the name in a description, and the name.
pub fn numbers<const N: usize>(description: &[u8]) -> Option<([u32; N], &[u8])> {
    let mut rest = description;
    let mut numbers = [0; N];
    for number in &mut numbers {
        let (bytes, after) = rest.split_first_chunk()?;
        (*number, rest) = (u32::from_le_bytes(*bytes), after);
    }
    Some((numbers, rest))
}

/// Compares a declared limit with that of all programs.
///
/// # Errors
/// `Limit`.
pub fn limit(part: &'static str, found: u32, most: usize) -> Result<usize, WasmError> {
    match usize::try_from(found) {
        Ok(found) if found <= most => Ok(found),
        _ => Err(WasmError::Limit {
            part,
            found: usize::try_from(found).unwrap_or(usize::MAX),
            most,
        }),
    }
}

/// A place outside a program's memory.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Outside(String);

/// Returns the deterministic profile: Wasm 2.0, with one bit pattern for all values that are not a
/// number, and with fuel.
fn profile() -> Config {
    let mut config = Config::new();
    config
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_extended_const(false)
        .wasm_tail_call(false)
        .wasm_backtrace_max_frames(None)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .consume_fuel(true)
        .max_wasm_stack(MAX_STACK);
    config
}

fn machine(error: wasmtime::Error) -> WasmError {
    WasmError::Machine(error.root_cause().to_string())
}
