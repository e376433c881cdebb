//! Instances of kernels. A step that returned leaves its instance to a later step of the same
//! kernel, once it is again what it was at the beginning: to make an instance takes longer than to
//! clear one.
//!
//! A step can change three things of its instance: the memory's bytes, the memory's size, and the
//! mutable globals. Tables are fixed: the check accepts no instruction that writes to one. Every
//! byte and every mutable global is written again. Of a memory that grows by a
//! [counter](super::counted), these are the bytes of the pages that were counted.
//!
//! An instance whose memory has grown otherwise is dropped instead, since memory cannot shrink. So
//! is one whose step ended without an answer, one with a large memory, and one with many mutable
//! globals.

use super::{
    counted,
    host::Call,
    linked::Linked,
    pooled::{global, MEMORY},
};
use inktensor_primitives::Digest;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use wasmtime::{Engine, Global, InstancePre, Memory, Store, TypedFunc, Val};

/// Most instances that wait for a step, of all kernels of a setting together.
pub const MAX_IDLE: u32 = 8;
/// Ticks of the clock within which an instance is set up.
const SETUP_TICKS: u64 = 1_000;
/// Largest memory in bytes with which a kernel may begin whose instances are used again. To make an
/// instance is cheaper than to clear a larger one, most of which a step does not touch.
const MAX_CLEARED: usize = 512 * 1024;

/// The globals that a module exports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Globals {
    /// Their number.
    pub count: u32,
    /// The number of the one that counts the pages of the memory, if there is one.
    pub counter: Option<u32>,
}

/// An instance of a kernel.
pub struct Instance {
    pub store: Store<Linked>,
    entry: TypedFunc<(), ()>,
    memory: Memory,
    globals: Vec<Global>,
    /// The global that counts the pages of the memory.
    counter: Option<Global>,
}

impl Instance {
    /// Makes an instance of a module that exports `globals`.
    ///
    /// # Errors
    /// If the machine is short of memory.
    pub fn new(
        engine: &Engine,
        pre: &InstancePre<Linked>,
        globals: Globals,
    ) -> wasmtime::Result<Self> {
        let lost = || wasmtime::Error::msg("an export is lost");
        let linked = Linked {
            call: Call::new(Vec::new()),
            memory: None,
            counter: None,
        };
        let mut store = Store::new(engine, linked);
        // A module's own set-up is bounded. Each step sets a deadline of its own.
        store.set_epoch_deadline(SETUP_TICKS);
        let instance = pre.instantiate(&mut store)?;
        let entry = instance.get_typed_func(&mut store, "call")?;
        let memory = instance.get_memory(&mut store, MEMORY).ok_or_else(lost)?;
        store.data_mut().memory = Some(memory);
        let mut exported = |number: u32| {
            let name = global(number);
            instance.get_global(&mut store, &name).ok_or_else(lost)
        };
        let all = (0..globals.count).map(&mut exported);
        let all = all.collect::<Result<_, _>>()?;
        let counter = globals.counter.map(exported).transpose()?;
        store.data_mut().counter = counter;
        Ok(Self {
            store,
            entry,
            memory,
            globals: all,
            counter,
        })
    }

    /// Returns the size of the memory in bytes, as the kernel sees it.
    fn size(&mut self) -> usize {
        let whole = self.memory.data_size(&self.store);
        let Some(counter) = self.counter else {
            return whole;
        };
        counted::bytes(counter, &mut self.store).min(whole)
    }

    /// Runs the entry point on `input`.
    ///
    /// # Errors
    /// The reason for which it ended: always, unless it returns without calling the host.
    pub fn run(&mut self, input: Vec<u8>) -> wasmtime::Result<()> {
        self.store.data_mut().call = Call::new(input);
        self.entry.call(&mut self.store, ())
    }

    /// Returns what the entry point returned; `None` if it did not call `seal_return`.
    pub fn answer(&self) -> Option<&[u8]> {
        let call = &self.store.data().call;
        call.answer(self.memory.data(&self.store))
    }
}

/// The state of an instance before its first step.
pub struct Beginning {
    /// Size of the memory in bytes.
    size: usize,
    /// Number of zeros before the data.
    zeros: usize,
    /// Bytes of the memory from the first one to the last one that is not zero.
    data: Vec<u8>,
    globals: Vec<Val>,
}

impl Beginning {
    /// Returns the state of `instance`, which has run no step; `None` if it is too large to be
    /// restored.
    pub fn of(instance: &mut Instance) -> Option<Self> {
        let size = instance.size();
        let bytes = instance.memory.data(&instance.store).get(..size)?;
        let is_set = |byte: &u8| *byte != 0;
        let zeros = bytes.iter().position(is_set).unwrap_or(bytes.len());
        let end = bytes
            .iter()
            .rposition(is_set)
            .map_or(zeros, |last| last + 1);
        let data = bytes.get(zeros..end)?.to_vec();
        let globals = instance.globals.iter();
        let globals = globals.map(|global| global.get(&mut instance.store));
        (size <= MAX_CLEARED).then(|| Self {
            size,
            zeros,
            data,
            globals: globals.collect(),
        })
    }

    /// Restores this state. Returns false if that is not possible: then the instance must not be
    /// used again.
    #[must_use]
    pub fn restore(&self, instance: &mut Instance) -> bool {
        let size = instance.size();
        if size != self.size && instance.counter.is_none() {
            return false;
        }
        let bytes = instance.memory.data_mut(&mut instance.store);
        let Some((zeros, rest)) = bytes
            .get_mut(..size)
            .and_then(|bytes| bytes.split_at_mut_checked(self.zeros))
        else {
            return false;
        };
        let Some((data, rest)) = rest.split_at_mut_checked(self.data.len()) else {
            return false;
        };
        // All memory that the kernel had is written: which parts a step has touched is not known.
        zeros.fill(0);
        data.copy_from_slice(&self.data);
        rest.fill(0);
        // The input is needed no longer, and may be large.
        instance.store.data_mut().call = Call::new(Vec::new());
        let globals = instance.globals.iter().zip(&self.globals);
        globals
            .map(|(global, value)| global.set(&mut instance.store, *value))
            .all(|set| set.is_ok())
    }
}

/// Instances that wait for a step, with the code hashes of their kernels.
#[derive(Clone, Default)]
pub struct Idle(Arc<Mutex<VecDeque<(Digest, Instance)>>>);

impl Idle {
    /// Takes an instance of the kernel with this code hash, the last one that was put.
    pub fn take(&self, kernel: &Digest) -> Option<Instance> {
        let mut all = self.all();
        let place = all.iter().rposition(|(of, _)| of == kernel)?;
        all.remove(place).map(|(_, instance)| instance)
    }

    /// Puts an instance that is as at its beginning. The one that waits longest makes room.
    pub fn put(&self, kernel: Digest, instance: Instance) {
        let mut all = self.all();
        all.push_back((kernel, instance));
        let oldest = (all.len() > Self::most()).then(|| all.pop_front());
        drop(all);
        // Not under the lock: to drop an instance takes longer than the rest.
        drop(oldest);
    }

    /// Returns the number of instances that wait.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.all().len()
    }

    fn most() -> usize {
        usize::try_from(MAX_IDLE).unwrap_or(usize::MAX)
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(Digest, Instance)>> {
        // The list is whole even if a thread panicked while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{
        wasm::{Wasm, WasmKernel},
        Engine,
    };
    use inktensor_primitives::hash::blake2;
    use std::sync::Arc;

    /// Returns a kernel whose entry point is `body`.
    fn kernel(globals: &str, body: &str, trusted: bool) -> Arc<WasmKernel> {
        let code = wat::parse_str(format!(
            r#"(module
                (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
                (import "env" "memory" (memory 1 2))
                {globals}
                (func (export "deploy"))
                (func (export "call") {body}))"#
        ));
        let code = code.unwrap();
        let mut wasm = Wasm::new().unwrap();
        if trusted {
            wasm = wasm.trusting(blake2(&code)).unwrap();
        }
        wasm.load(&code, &blake2(&code)).unwrap()
    }

    #[test]
    fn an_instance_waits_for_the_next_step_only_if_it_can_be_restored() {
        let answer = "(call $return (i32.const 0) (i32.const 0) (i32.const 1))";
        let grow = format!("(drop (memory.grow (i32.const 1))) {answer}");
        let global = "(global (mut i32) (i32.const 0))";
        let many = global.repeat(65);
        // The last number is that of a trusted kernel, whose memory grows by a counter.
        for (globals, body, waiting, trusted) in [
            ("", answer, 1, 1),
            ("", "(unreachable)", 0, 0),
            ("", grow.as_str(), 0, 0),
            (global, grow.as_str(), 0, 1),
            (many.as_str(), answer, 0, 0),
        ] {
            for (trusts, waiting) in [(false, waiting), (true, trusted)] {
                let kernel = kernel(globals, body, trusts);
                for _ in 0..3 {
                    let _ = kernel.plan(&inktensor_test_support::header());
                    assert_eq!(kernel.waiting(), waiting, "{body}, trusted: {trusts}");
                }
            }
        }
    }
}
