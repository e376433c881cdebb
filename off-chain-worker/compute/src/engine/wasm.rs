//! Runs a kernel's Wasm, the bytes of the chain, in wasmtime.
//!
//! The profile is deterministic: no floats (the check refuses them), no SIMD, no threads, the
//! memory of a contract, and only the five host functions of a pure contract. A step that does not
//! end is stopped, unless its kernel is trusted to end: a look at the clock in every loop makes a
//! kernel slower by a third. A kernel is compiled and linked once. Each call, of one step or of a
//! group, begins with a fresh instance, as on the chain, or with one that is again what a fresh one
//! is.

use super::{
    answer::decode,
    check::{check, MAX_PAGES, MAX_TABLE, PAGE_SIZE},
    compiled::{Folder, Functions},
    host::Ended,
    inputs::Inputs,
    instance::{Beginning, Globals, Idle, Instance, MAX_IDLE},
    linked::{self, Linked},
    pooled::with_own_memory,
    Engine, EngineError, PhaseJob, StepFailed,
};
use inktensor_primitives::{
    hash::{blake2, hex},
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
    Digest,
};
use scale::{Decode, Encode};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Condvar, Mutex, PoisonError,
    },
    thread,
    time::{Duration, Instant},
};
use wasmtime::{
    Config, Enabled, EngineWeak, InstanceAllocationStrategy, InstancePre, Linker, Module, OptLevel,
    PoolingAllocationConfig, Trap,
};

pub use super::{
    answer::{PLAN, STEP},
    compiled::FolderError,
};

/// Longest time of a step. On the chain it must fit a quarter of a block, which is far less; the
/// margin is for machines under load.
const STEP_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for a kernel to be compiled. It goes on in a thread of its own.
const COMPILE_LIMIT: Duration = Duration::from_secs(30);
/// Time between two ticks of the clock that stops steps.
const TICK: Duration = Duration::from_millis(50);
/// Largest number of steps that run at the same time.
const MAX_INSTANCES: u32 = 32;

/// wasmtime with the deterministic profile, and the kernels loaded so far. Share one.
pub struct Wasm {
    watched: Executor,
    unwatched: Option<Executor>,
    folder: Option<Folder>,
    trusted: HashSet<Digest>,
    limit: Duration,
    compile_limit: Duration,
    kernels: Arc<Kernels>,
}

/// The kernels by code hash.
#[derive(Default)]
struct Kernels {
    loaded: Mutex<HashMap<Digest, Loaded>>,
    /// Called when a kernel is compiled.
    changed: Condvar,
}

/// A kernel that was asked for.
enum Loaded {
    /// It has been compiled since this moment.
    Compiling(Instant),
    /// It was compiled, or refused.
    Done(Result<Arc<WasmKernel>, EngineError>),
}

impl Wasm {
    /// Starts wasmtime.
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run it.
    pub fn new() -> Result<Self, EngineError> {
        Self::with_limit(STEP_LIMIT)
    }

    /// Starts wasmtime with another limit on the time of a step.
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run it.
    pub fn with_limit(limit: Duration) -> Result<Self, EngineError> {
        Ok(Self {
            watched: Executor::new(true, None)?.ticking()?,
            unwatched: None,
            folder: None,
            trusted: HashSet::new(),
            limit,
            compile_limit: COMPILE_LIMIT,
            kernels: Arc::default(),
        })
    }

    /// Keeps compiled kernels in `folder`, so that the next start need not compile them. Only this
    /// account may be able to write there, since what is read there is run.
    ///
    /// # Errors
    /// `Folder` if the folder cannot be used, `Runtime` if this machine cannot run wasmtime.
    pub fn keep_compiled_in(&mut self, folder: &Path) -> Result<(), EngineError> {
        let folder = Folder::open(folder)?;
        self.watched = Executor::new(true, Some(&folder))?.ticking()?;
        if self.unwatched.is_some() {
            self.unwatched = Some(Executor::new(false, Some(&folder))?);
        }
        self.folder = Some(folder);
        Ok(())
    }

    /// Waits for at most `limit` for a kernel to be compiled.
    pub const fn compiling_within(mut self, limit: Duration) -> Self {
        self.compile_limit = limit;
        self
    }

    /// Trusts the kernel with this code hash in three things, each of which makes it faster: to
    /// end; to answer to a group of steps as to the steps one by one; and to load and store within
    /// its memory only, behind which it would not trap. Use it for kernels that are known to do so,
    /// such as the ones built from this repository. All other limits apply.
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run it.
    pub fn trusting(mut self, code_hash: Digest) -> Result<Self, EngineError> {
        if self.unwatched.is_none() {
            self.unwatched = Some(Executor::new(false, self.folder.as_ref())?);
        }
        self.trusted.insert(code_hash);
        Ok(self)
    }

    /// Returns the kernel with code hash `expected`, whose code is `code`: checked, compiled and
    /// linked, at the first call. It is compiled in a thread of its own, so that code made to
    /// compile slowly stalls no caller: all but the first wait for the rest of the time limit.
    ///
    /// # Errors
    /// `WrongCode` if the code has another hash, `Refused` if it is not an acceptable kernel,
    /// `CompileTooSlow` while it is still compiled after the time limit.
    pub fn load(&self, code: &[u8], expected: &Digest) -> Result<Arc<WasmKernel>, EngineError> {
        let found = blake2(code);
        if found != *expected {
            return Err(EngineError::WrongCode {
                expected: *expected,
                found,
            });
        }
        // The map is whole even if a thread panicked while it held the lock.
        let lock = self.kernels.loaded.lock();
        let mut loaded = lock.unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = match loaded.get(expected) {
            Some(Loaded::Compiling(since)) => *since,
            Some(Loaded::Done(kernel)) if is_lasting(kernel) => return kernel.clone(),
            Some(Loaded::Done(_)) | None => {
                self.compile_apart(code, *expected)?;
                loaded.insert(*expected, Loaded::Compiling(now));
                now
            }
        };
        let left = self.compile_limit.saturating_sub(since.elapsed());
        let is_compiling = |loaded: &mut HashMap<Digest, Loaded>| {
            matches!(loaded.get(expected), Some(Loaded::Compiling(_)))
        };
        let waited = self
            .kernels
            .changed
            .wait_timeout_while(loaded, left, is_compiling);
        let (loaded, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match loaded.get(expected) {
            Some(Loaded::Done(kernel)) => kernel.clone(),
            _ => Err(EngineError::CompileTooSlow(self.compile_limit)),
        }
    }

    /// Returns the kernel with this code hash, if it was loaded before. Then its code is not
    /// needed.
    pub fn loaded(&self, code_hash: &Digest) -> Option<Result<Arc<WasmKernel>, EngineError>> {
        let lock = self.kernels.loaded.lock();
        match lock.unwrap_or_else(PoisonError::into_inner).get(code_hash) {
            Some(Loaded::Done(kernel)) if is_lasting(kernel) => Some(kernel.clone()),
            Some(Loaded::Done(_) | Loaded::Compiling(_)) | None => None,
        }
    }

    /// Compiles a kernel in a thread of its own, which stores the outcome.
    fn compile_apart(&self, code: &[u8], hash: Digest) -> Result<(), EngineError> {
        let executor = match &self.unwatched {
            Some(unwatched) if self.trusted.contains(&hash) => unwatched.clone(),
            _ => self.watched.clone(),
        };
        let (code, limit, kernels) = (code.to_vec(), self.limit, Arc::clone(&self.kernels));
        let compile = move || {
            let compiled = executor.compile(&code, &hash, limit).map(Arc::new);
            let lock = kernels.loaded.lock();
            let mut loaded = lock.unwrap_or_else(PoisonError::into_inner);
            loaded.insert(hash, Loaded::Done(compiled));
            kernels.changed.notify_all();
        };
        thread::Builder::new()
            .name("kernel-compiler".into())
            .spawn(compile)
            .map_err(|error| EngineError::Runtime(error.to_string()))?;
        Ok(())
    }
}

/// Returns true unless another try may have another outcome: a machine may be short of memory for a
/// moment.
fn is_lasting(loaded: &Result<Arc<WasmKernel>, EngineError>) -> bool {
    !matches!(loaded, Err(error) if error.is_of_this_machine())
}

/// wasmtime in one of two settings: with a look at the clock, or without.
#[derive(Clone)]
struct Executor {
    engine: wasmtime::Engine,
    linker: Linker<Linked>,
    watched: bool,
    functions: Option<Functions>,
    idle: Idle,
}

impl Executor {
    fn new(watched: bool, folder: Option<&Folder>) -> Result<Self, EngineError> {
        let mut profile = profile(watched);
        let functions = folder.cloned().map(Functions::in_folder);
        if let Some(functions) = functions.clone() {
            profile
                .enable_incremental_compilation(Arc::new(functions))
                .map_err(runtime)?;
        }
        let engine = wasmtime::Engine::new(&profile).map_err(runtime)?;
        let mut linker = Linker::new(&engine);
        linked::define(&mut linker).map_err(runtime)?;
        Ok(Self {
            engine,
            linker,
            watched,
            functions,
            idle: Idle::default(),
        })
    }

    /// Starts the clock that stops steps. It ends with the engine.
    fn ticking(self) -> Result<Self, EngineError> {
        let clock = self.engine.weak();
        thread::Builder::new()
            .name("kernel-clock".into())
            .spawn(move || tick(&clock))
            .map_err(|error| EngineError::Runtime(error.to_string()))?;
        Ok(self)
    }

    fn compile(
        &self,
        code: &[u8],
        hash: &Digest,
        limit: Duration,
    ) -> Result<WasmKernel, EngineError> {
        check(code)?;
        let pooled = with_own_memory(code, !self.watched)?;
        let compile = || Module::new(&self.engine, &pooled.code).map_err(runtime);
        let (module, compiled) = match &self.functions {
            Some(functions) => {
                let kernel = (hash, self.watched);
                let (module, number) = functions.keep(&self.engine, kernel, compile);
                (module?, Some(number))
            }
            None => (compile()?, None),
        };
        let instance = self.linker.instantiate_pre(&module).map_err(runtime)?;
        let mut kernel = WasmKernel {
            hash: *hash,
            engine: self.engine.clone(),
            instance,
            globals: Globals {
                count: pooled.globals.unwrap_or_default(),
                counter: pooled.counter,
            },
            beginning: None,
            idle: self.idle.clone(),
            compiled,
            limit: self.watched.then_some(limit),
            groups: AtomicBool::new(!self.watched),
        };
        if pooled.globals.is_some() {
            // Without it, each step has an instance of its own.
            kernel.beginning = kernel
                .fresh()
                .ok()
                .and_then(|mut first| Beginning::of(&mut first));
        }
        Ok(kernel)
    }
}

/// Returns the deterministic profile.
fn profile(watched: bool) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    let instances = MAX_INSTANCES.saturating_add(MAX_IDLE);
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_memory_size(pages_to_bytes(MAX_PAGES))
        // A step touches some dozens of the memory's pages. Where the system reports which,
        // clearing those by hand is cheaper than returning them and faulting them in again.
        .linear_memory_keep_resident(pages_to_bytes(MAX_PAGES))
        // So is clearing the table, which fits a page or two.
        .table_keep_resident(table_size())
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_bulk_memory(false)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_extended_const(false)
        .wasm_tail_call(false)
        .wasm_backtrace_max_frames(None)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(watched)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Returns the bytes of the largest table: an element is a pointer.
fn table_size() -> usize {
    usize::try_from(MAX_TABLE)
        .unwrap_or(usize::MAX)
        .saturating_mul(size_of::<usize>())
}

fn pages_to_bytes(pages: u32) -> usize {
    usize::try_from(pages)
        .unwrap_or(usize::MAX)
        .saturating_mul(PAGE_SIZE)
}

/// Advances wasmtime's clock until the engine is dropped.
fn tick(engine: &EngineWeak) {
    loop {
        thread::sleep(TICK);
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
    }
}

/// A kernel ready to run.
pub struct WasmKernel {
    hash: Digest,
    engine: wasmtime::Engine,
    instance: InstancePre<Linked>,
    /// The exported globals.
    globals: Globals,
    /// State before a step; `None` if it cannot be restored.
    beginning: Option<Beginning>,
    idle: Idle,
    compiled: Option<usize>,
    limit: Option<Duration>,
    /// True if the kernel is trusted to compute groups of steps.
    groups: AtomicBool,
}

impl WasmKernel {
    /// Returns the number of functions that were compiled because the folder of compiled kernels
    /// did not have them; `None` without such a folder.
    pub const fn compiled(&self) -> Option<usize> {
        self.compiled
    }

    /// Returns true if neighbouring steps are computed in one call: if the kernel is trusted, and
    /// no such call has failed whose steps succeed one by one.
    pub fn in_groups(&self) -> bool {
        self.groups.load(Ordering::Relaxed)
    }

    /// Returns the number of instances that wait for a step.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.idle.count()
    }

    /// Calls the message with the encoded `input` (selector first) and decodes its answer.
    fn call<T: Decode>(&self, input: Vec<u8>) -> Result<T, EngineError> {
        let size = input.len();
        let mut instance = match self.idle.take(&self.hash) {
            Some(restored) => restored,
            None => self.fresh()?,
        };
        if let Some(limit) = self.limit {
            instance.store.set_epoch_deadline(ticks(limit));
        }
        let ended = instance.run(input);
        let Some(answer) = instance.answer() else {
            return Err(match ended {
                Err(error) => self.stopped(&error),
                Ok(()) => EngineError::BadAnswer("it returned nothing".into()),
            });
        };
        let decoded = decode(answer, size);
        let beginning = self.beginning.as_ref();
        if beginning.is_some_and(|beginning| beginning.restore(&mut instance)) {
            self.idle.put(self.hash, instance);
        }
        decoded
    }

    fn fresh(&self) -> Result<Instance, EngineError> {
        Instance::new(&self.engine, &self.instance, self.globals).map_err(runtime)
    }

    /// Returns the reason for which a call ended without an answer.
    fn stopped(&self, error: &wasmtime::Error) -> EngineError {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => EngineError::TooSlow(self.limit.unwrap_or_default()),
            Some(Trap::UnreachableCodeReached) => EngineError::Trapped("it panicked".into()),
            Some(trap) if is_of_wasm(*trap) => EngineError::Trapped(trap.to_string()),
            Some(trap) => EngineError::Stopped(trap.to_string()),
            None => match error.downcast_ref::<Ended>() {
                Some(Ended::Trap(reason)) => EngineError::Trapped(reason.clone()),
                _ => EngineError::Stopped(error.root_cause().to_string()),
            },
        }
    }
}

impl Engine for WasmKernel {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        self.call((PLAN, header).encode())
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        self.call((STEP, input).encode())
    }

    /// Computes the phase, neighbouring steps in one call if the kernel is trusted.
    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        let inputs = Inputs::new(job);
        let step = |chunk: u16, carry: &[u8]| self.call(inputs.of_step(chunk, carry));
        if !self.in_groups() {
            return job.run(step);
        }
        let mut alone = false;
        let group = |chunks: Range<u16>, carry: &[u8]| {
            let count = chunks.len();
            let found: Result<Vec<StepOutput>, _> = self.call(inputs.of_steps(chunks, carry));
            match found {
                Ok(found) if found.len() == count => Some(found),
                // This machine may be able to at another time.
                Err(error) if error.is_of_this_machine() => None,
                _ => {
                    alone = true;
                    None
                }
            }
        };
        let outputs = job.run_in_groups(group, step)?;
        if alone {
            // The steps themselves succeed, so this is about groups.
            let kernel = hex(&self.hash);
            tracing::warn!(
                kernel,
                "the kernel computes no groups of steps: one by one is slower"
            );
            self.groups.store(false, Ordering::Relaxed);
        }
        Ok(outputs)
    }
}

/// Returns true for a trap that the Wasm specification requires. Every engine has it at the same
/// place; the others are limits of wasmtime, such as the depth of its stack.
const fn is_of_wasm(trap: Trap) -> bool {
    matches!(
        trap,
        Trap::UnreachableCodeReached
            | Trap::MemoryOutOfBounds
            | Trap::TableOutOfBounds
            | Trap::IndirectCallToNull
            | Trap::BadSignature
            | Trap::IntegerOverflow
            | Trap::IntegerDivisionByZero
    )
}

/// Returns the deadline in ticks, one more since the running tick has begun already.
fn ticks(limit: Duration) -> u64 {
    let ticks = limit.as_millis().div_ceil(TICK.as_millis().max(1));
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

fn runtime(error: wasmtime::Error) -> EngineError {
    EngineError::Runtime(error.root_cause().to_string())
}
