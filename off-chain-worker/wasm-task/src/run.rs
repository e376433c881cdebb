//! Compiled tasks, and their calls.

use crate::{
    check::{check, shown, Refusal, MEMORY},
    error::{Function, WasmError},
    guard::{Exceeded, Guard, MAX_MEMORY},
    image::Image,
    Fuel, MAX_ANSWER, MAX_QUESTION, MAX_REASON, MAX_STACK, MAX_STATE, MAX_TABLE,
};
use inktensor_task::{blake2, guest, Digest, Malformed, Seed, Worth};
use wasmtime::{
    Config, Engine, Instance, InstancePre, Linker, Memory, Module, OptLevel, Store, Trap,
};

/// The limits of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimits {
    /// Most bytes of a question.
    pub question: usize,
    /// Most bytes of an answer.
    pub answer: usize,
    /// Most bytes of the state.
    pub state: usize,
}

/// A task, compiled. It has no state yet.
pub struct WasmTask {
    engine: Engine,
    instance: InstancePre<Guard>,
    fuel: Fuel,
    name: String,
    limits: TaskLimits,
}

impl WasmTask {
    /// Checks and compiles the task `name`, whose code has the hash `expected`.
    ///
    /// # Errors
    /// `Hash`, `Code`, `Version`, `Name`, `Limit`, and those of a call.
    pub fn load(code: &[u8], expected: &Digest, name: &str) -> Result<Self, WasmError> {
        Self::with_fuel(code, expected, name, Fuel::STANDARD)
    }

    /// Checks and compiles a task, whose calls get other fuel than those of a neuron.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn with_fuel(
        code: &[u8],
        expected: &Digest,
        name: &str,
        fuel: Fuel,
    ) -> Result<Self, WasmError> {
        let (found, expected) = (blake2(code), *expected);
        if found != expected {
            return Err(WasmError::Hash { found, expected });
        }
        check(code)?;
        let engine = Engine::new(&profile()).map_err(machine)?;
        let module = Module::new(&engine, code)
            .map_err(|error| Refusal::Invalid(error.root_cause().to_string()))?;
        let instance = Linker::new(&engine)
            .instantiate_pre(&module)
            .map_err(machine)?;
        let mut task = Self {
            engine,
            instance,
            fuel,
            name: String::new(),
            limits: TaskLimits {
                question: 0,
                answer: 0,
                state: 0,
            },
        };
        task.describe(name)?;
        Ok(task)
    }

    /// Reads the description, and compares it with the manifest's name and with all limits.
    fn describe(&mut self, name: &str) -> Result<(), WasmError> {
        let function = Function::Describe;
        let (_, description) = self.call(function, None, &[], MAX_REASON)?;
        let read = Description::parse(&description).ok_or_else(|| WasmError::Output {
            function,
            problem: format!("a description of {} bytes", description.len()),
        })?;
        if read.version != guest::VERSION {
            return Err(WasmError::Version {
                found: read.version,
                expected: guest::VERSION,
            });
        }
        if read.name != name.as_bytes() {
            return Err(WasmError::Name {
                found: shown(&String::from_utf8_lossy(read.name)),
                expected: name.into(),
            });
        }
        let limit = |part, found: u32, most| match usize::try_from(found) {
            Ok(found) if found <= most => Ok(found),
            _ => Err(WasmError::Limit {
                part,
                found: usize::try_from(found).unwrap_or(usize::MAX),
                most,
            }),
        };
        self.limits = TaskLimits {
            question: limit("question", read.question, MAX_QUESTION)?,
            answer: limit("answer", read.answer, MAX_ANSWER)?,
            state: limit("state", read.state, MAX_STATE)?,
        };
        self.name = name.into();
        Ok(())
    }

    /// Returns the task's name, with its version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the task's limits.
    pub const fn limits(&self) -> TaskLimits {
        self.limits
    }

    /// Loads the state in `blob`, whose hash the caller has compared.
    ///
    /// # Errors
    /// `StateTooLong`, `Refused`, and those of a call.
    pub fn with_state(self, blob: &[u8]) -> Result<WasmProgram, WasmError> {
        let most = self.limits.state;
        if blob.len() > most {
            return Err(WasmError::StateTooLong {
                bytes: blob.len(),
                most,
            });
        }
        let (memory, _) = self.call(Function::Load, None, blob, 0)?;
        Ok(WasmProgram { task: self, memory })
    }

    /// Calls a function of a fresh instance, which has the memory `before` or the one that its code
    /// begins with. Returns the memory after the call, of `task_load` only, and the result, of at
    /// most so many bytes.
    fn call(
        &self,
        function: Function,
        before: Option<&Image>,
        input: &[u8],
        most: usize,
    ) -> Result<(Image, Vec<u8>), WasmError> {
        let mut store = Store::new(&self.engine, Guard::default());
        store.limiter(|guard| guard);
        let fuel = self.fuel.of(function);
        store.set_fuel(fuel).map_err(machine)?;
        let mut call = Call {
            function,
            store,
            fresh: Vec::new(),
        };
        let packed = call.run(&self.instance, before, input);
        let (memory, packed) = packed.map_err(|error| call.failure(error, fuel))?;
        let output = call.output(memory, packed, most)?;
        let result = call.result(&output)?;
        let after = match function {
            Function::Load => Image::of(memory.data(&call.store), &call.fresh),
            _ => Image::default(),
        };
        Ok((after, result))
    }
}

/// A task with its state.
pub struct WasmProgram {
    task: WasmTask,
    /// The memory that each call begins with.
    memory: Image,
}

impl WasmProgram {
    /// Returns the task's name, with its version.
    pub fn name(&self) -> &str {
        self.task.name()
    }

    /// Returns the task's limits.
    pub const fn limits(&self) -> TaskLimits {
        self.task.limits()
    }

    /// Returns the question that `seed` draws.
    ///
    /// # Errors
    /// Those of a call, and `Malformed` for a task that breaks its own limits.
    pub fn question(&self, seed: &Seed) -> Result<Vec<u8>, WasmError> {
        self.text(Function::Question, &seed.0, self.limits().question)
    }

    /// Returns a question of the caller's as the task writes it.
    ///
    /// # Errors
    /// `Malformed`, `Refused`, and those of a call.
    pub fn check_question(&self, question: &[u8]) -> Result<Vec<u8>, WasmError> {
        let most = self.limits().question;
        within(question, most)?;
        self.text(Function::CheckQuestion, question, most)
    }

    /// Returns a model's answer as the task writes it.
    ///
    /// # Errors
    /// `Malformed`, and those of a call.
    pub fn check_answer(&self, answer: &[u8]) -> Result<Vec<u8>, WasmError> {
        let most = self.limits().answer;
        within(answer, most)?;
        self.text(Function::CheckAnswer, answer, most)
    }

    /// Returns the answer to a question.
    ///
    /// # Errors
    /// `Malformed`, `Refused`, and those of a call.
    pub fn answer(&self, question: &[u8]) -> Result<Vec<u8>, WasmError> {
        within(question, self.limits().question)?;
        self.text(Function::Answer, question, self.limits().answer)
    }

    /// Returns the worth of an answer. An answer of another shape is worth nothing.
    ///
    /// # Errors
    /// `Malformed` for the question, and those of a call.
    pub fn worth(&self, question: &[u8], answer: &[u8]) -> Result<Worth, WasmError> {
        within(question, self.limits().question)?;
        // A task reads no longer answer. One without bytes has another shape for every task.
        let answer = match within(answer, self.limits().answer) {
            Ok(()) => answer,
            Err(_) => &[],
        };
        let function = Function::Worth;
        let length = u32::try_from(question.len()).unwrap_or(u32::MAX);
        let input = [&length.to_le_bytes(), question, answer].concat();
        let (_, worth) = self.task.call(function, Some(&self.memory), &input, 2)?;
        match <[u8; 2]>::try_from(&worth[..]) {
            Ok(worth) => Ok(Worth(u16::from_le_bytes(worth))),
            Err(_) => Err(WasmError::Output {
                function,
                problem: format!("a worth of {} bytes, which has 2", worth.len()),
            }),
        }
    }

    /// Calls a function whose result is JSON.
    fn text(&self, function: Function, input: &[u8], most: usize) -> Result<Vec<u8>, WasmError> {
        let (_, text) = self.task.call(function, Some(&self.memory), input, most)?;
        // A value: what is only skipped may have strings of any bytes, and any depth.
        match serde_json::from_slice::<serde_json::Value>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(WasmError::Output {
                function,
                problem: format!("{} bytes that are not JSON: {error}", text.len()),
            }),
        }
    }
}

/// Returns an error for a body that is too long for the task.
const fn within(body: &[u8], most: usize) -> Result<(), Malformed> {
    let bytes = body.len();
    match bytes <= most {
        true => Ok(()),
        false => Err(Malformed::TooLong { bytes, most }),
    }
}

/// The description of a task.
struct Description<'a> {
    version: u32,
    question: u32,
    answer: u32,
    state: u32,
    name: &'a [u8],
}

impl<'a> Description<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut number = || {
            let (number, after) = rest.split_first_chunk()?;
            rest = after;
            Some(u32::from_le_bytes(*number))
        };
        Some(Self {
            version: number()?,
            question: number()?,
            answer: number()?,
            state: number()?,
            name: rest,
        })
    }
}

/// A call of a fresh instance.
struct Call {
    function: Function,
    store: Store<Guard>,
    /// The memory before the call, of `task_load` only.
    fresh: Vec<u8>,
}

impl Call {
    /// Writes the input and runs the function. Returns the memory, and the place of the output.
    fn run(
        &mut self,
        instance: &InstancePre<Guard>,
        before: Option<&Image>,
        input: &[u8],
    ) -> wasmtime::Result<(Memory, u64)> {
        let store = &mut self.store;
        let instance = instance.instantiate(&mut *store)?;
        let memory = instance
            .get_memory(&mut *store, MEMORY)
            .ok_or_else(|| wasmtime::Error::msg("the memory is lost"))?;
        if let Some(image) = before {
            image.restore(store, memory)?;
        }
        if self.function == Function::Load {
            self.fresh = memory.data(&*store).to_vec();
        }
        if self.function != Function::Describe {
            self.input(instance, memory, input)?;
        }
        let function = self.function.name();
        let function = instance.get_typed_func::<(), u64>(&mut self.store, function)?;
        Ok((memory, function.call(&mut self.store, ())?))
    }

    fn input(&mut self, instance: Instance, memory: Memory, input: &[u8]) -> wasmtime::Result<()> {
        let store = &mut self.store;
        let place = instance.get_typed_func::<u32, u32>(&mut *store, guest::names::INPUT)?;
        let address = place.call(&mut *store, u32::try_from(input.len())?)?;
        let size = memory.data_size(&*store);
        memory
            .write(&mut *store, usize::try_from(address)?, input)
            .map_err(|_| {
                let length = input.len();
                Outside(format!(
                    "the address {address} for an input of {length} bytes, outside its memory of \
                     {size} bytes"
                ))
                .into()
            })
    }

    /// Returns the output at a place. It has a first byte, and a result of at most so many bytes or
    /// a reason.
    fn output(&self, memory: Memory, packed: u64, most: usize) -> Result<Vec<u8>, WasmError> {
        let address = usize::try_from(packed & u64::from(u32::MAX)).unwrap_or(usize::MAX);
        let length = usize::try_from(packed >> 32).unwrap_or(usize::MAX);
        let most = most.max(MAX_REASON).saturating_add(1);
        if length > most {
            return Err(self.wrong(format!(
                "an output of {length} bytes, and {most} is the most"
            )));
        }
        let memory = memory.data(&self.store);
        let output = memory.get(address..address.saturating_add(length));
        output.map(<[u8]>::to_vec).ok_or_else(|| {
            self.wrong(format!(
                "an output of {length} bytes at the address {address}, outside its memory of {} \
                 bytes",
                memory.len()
            ))
        })
    }

    /// Returns the result in an output.
    fn result(&self, output: &[u8]) -> Result<Vec<u8>, WasmError> {
        let (first, rest) = output
            .split_first()
            .ok_or_else(|| self.wrong("an empty output".into()))?;
        match (*first, rest) {
            (guest::DONE, result) => Ok(result.to_vec()),
            (guest::SHAPE, []) => Err(Malformed::Shape.into()),
            (guest::TOO_LONG, [a, b, c, d, e, f, g, h]) => {
                let number =
                    |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
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
                    _ => Err(self.wrong("a reason that is not one line of text".into())),
                }
            }
            (first, rest) => Err(self.wrong(format!(
                "an output with the first byte {first} and {} more",
                rest.len()
            ))),
        }
    }

    fn wrong(&self, problem: String) -> WasmError {
        WasmError::Output {
            function: self.function,
            problem,
        }
    }

    /// Returns the reason for which a call ended without an output.
    fn failure(&self, error: wasmtime::Error, fuel: u64) -> WasmError {
        let function = self.function;
        match self.store.data().exceeded {
            Some(Exceeded::Memory(bytes)) => {
                return WasmError::Memory {
                    function,
                    bytes,
                    most: MAX_MEMORY,
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
            return self.wrong(problem.clone());
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
