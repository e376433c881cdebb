//! Bounds on what an instance may ask for.

use crate::MAX_TABLE;
use wasmtime::ResourceLimiter;

/// Bounds the memory of an instance. A program that asks for more ends: an answer to it would let
/// the program compute something else, and a machine with less memory would differ.
pub struct Guard {
    /// Most bytes of memory.
    pub most: usize,
    /// The limit that has ended the call.
    pub exceeded: Option<Exceeded>,
}

/// A limit that an instance has exceeded.
pub enum Exceeded {
    /// Memory, with the bytes asked for.
    Memory(usize),
    /// Tables, with the elements asked for.
    Table(usize),
    /// The memory of this machine.
    Machine,
}

impl Guard {
    fn end(&mut self, exceeded: Exceeded) -> wasmtime::Error {
        self.exceeded = Some(exceeded);
        wasmtime::Error::msg("a limit is exceeded")
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        match desired <= self.most {
            // Above its own maximum a program reads that it gets no more.
            true => Ok(maximum.is_none_or(|maximum| desired <= maximum)),
            false => Err(self.end(Exceeded::Memory(desired))),
        }
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.exceeded.get_or_insert(Exceeded::Machine);
        Err(error)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        match u64::try_from(desired).is_ok_and(|elements| elements <= MAX_TABLE) {
            true => Ok(maximum.is_none_or(|maximum| desired <= maximum)),
            false => Err(self.end(Exceeded::Table(desired))),
        }
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.exceeded.get_or_insert(Exceeded::Machine);
        Err(error)
    }
}
