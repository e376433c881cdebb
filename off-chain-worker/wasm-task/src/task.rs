//! Tasks in Wasm.

use crate::{
    call::{limit, numbers, wrong, Compiled},
    check::shown,
    error::{Function, WasmError},
    image::Image,
    Fuel, Interface, MAX_ANSWER, MAX_QUESTION, MAX_STATE,
};
use inktensor_task::{guest, Digest, Malformed, Seed, Worth};

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
    program: Compiled,
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
        let mut task = Self {
            program: Compiled::new(code, expected, Interface::Task)?,
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
        let description = self.program.describe(function, self.fuel.of(function))?;
        let read = numbers(&description).ok_or_else(|| {
            wrong(
                function,
                format!("a description of {} bytes", description.len()),
            )
        })?;
        let ([version, question, answer, state], found) = read;
        check_head((version, guest::VERSION), found, name)?;
        self.limits = TaskLimits {
            question: limit("question", question, MAX_QUESTION)?,
            answer: limit("answer", answer, MAX_ANSWER)?,
            state: limit("state", state, MAX_STATE)?,
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
        let fuel = self.fuel.of(Function::Load);
        let memory = self.program.load(Function::Load, fuel, &[blob])?;
        Ok(WasmProgram { task: self, memory })
    }
}

/// Compares version and name of a program with those of this host and of the manifest.
///
/// # Errors
/// `Version` and `Name`.
pub fn check_head(
    (found, expected): (u32, u32),
    found_name: &[u8],
    name: &str,
) -> Result<(), WasmError> {
    if found != expected {
        return Err(WasmError::Version { found, expected });
    }
    match found_name == name.as_bytes() {
        true => Ok(()),
        false => Err(WasmError::Name {
            found: shown(&String::from_utf8_lossy(found_name)),
            expected: name.into(),
        }),
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
        let input = [&length.to_le_bytes(), question, answer];
        let worth = self.call(function, &input, 2)?;
        match <[u8; 2]>::try_from(&worth[..]) {
            Ok(worth) => Ok(Worth(u16::from_le_bytes(worth))),
            Err(_) => Err(wrong(
                function,
                format!("a worth of {} bytes, which has 2", worth.len()),
            )),
        }
    }

    /// Calls a function whose result is JSON.
    fn text(&self, function: Function, input: &[u8], most: usize) -> Result<Vec<u8>, WasmError> {
        let text = self.call(function, &[input], most)?;
        // A value: what is only skipped may have strings of any bytes, and any depth.
        match serde_json::from_slice::<serde_json::Value>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(wrong(
                function,
                format!("{} bytes that are not JSON: {error}", text.len()),
            )),
        }
    }

    fn call(&self, function: Function, input: &[&[u8]], most: usize) -> Result<Vec<u8>, WasmError> {
        let fuel = self.task.fuel.of(function);
        let before = Some(&self.memory);
        self.task.program.call(function, fuel, before, input, most)
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
