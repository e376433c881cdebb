//! The memory of a program with its state, with which each call begins.

use crate::{guard::Guard, PAGE};
use wasmtime::{Memory, Store};

/// The content of a memory, as its difference from that of a fresh instance.
#[derive(Default)]
pub struct Image {
    /// Length of the memory.
    length: usize,
    /// Parts that differ, with their addresses.
    parts: Vec<(usize, Vec<u8>)>,
}

impl Image {
    /// Bytes of a part: those of a page of most machines, which are touched together.
    const PART: usize = 4096;

    /// Returns the difference of `memory` from a `fresh` one.
    pub fn of(memory: &[u8], fresh: &[u8]) -> Self {
        let differs = |(number, part): &(usize, &[u8])| {
            let from = number.saturating_mul(Self::PART);
            match fresh.get(from..from.saturating_add(part.len())) {
                Some(fresh) => fresh != *part,
                None => part.iter().any(|byte| *byte != 0),
            }
        };
        let parts = memory.chunks(Self::PART).enumerate().filter(differs);
        Self {
            length: memory.len(),
            parts: parts
                .map(|(number, part)| (number.saturating_mul(Self::PART), part.to_vec()))
                .collect(),
        }
    }

    /// Makes this the content of a fresh memory.
    pub fn restore(&self, store: &mut Store<Guard>, memory: Memory) -> wasmtime::Result<()> {
        let missing = self.length.saturating_sub(memory.data_size(&*store));
        memory.grow(&mut *store, u64::try_from(missing.div_ceil(PAGE))?)?;
        for (address, part) in &self.parts {
            memory.write(&mut *store, *address, part)?;
        }
        Ok(())
    }
}
