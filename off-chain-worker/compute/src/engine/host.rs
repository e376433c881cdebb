//! The chain's side of a kernel's imports, as `pallet-contracts` answers a contract with an empty
//! root cell.
//!
//! A function that traps on the chain ends with a [`ChainTrap`]. Any other error is one that the
//! chain does not have.

use super::pooled::MEMORY;
use wasmtime::{Caller, Error, Extern, Linker, Memory, Result};

/// An error of a function, with which the chain traps too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChainTrap(String);

impl ChainTrap {
    fn error(reason: impl Into<String>) -> Error {
        Error::new(Self(reason.into()))
    }
}

/// `ReturnErrorCode::Success` of the contracts API.
const SUCCESS: u32 = 0;
/// Key of the cell in which ink! stores a contract's own fields.
const ROOT_CELL: [u8; 4] = [0; 4];
/// The only flag of `seal_return`: revert.
const KNOWN_FLAGS: u32 = 1;

/// A call of a kernel.
#[derive(Default)]
pub struct Call {
    input: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl Call {
    /// Creates a call with this input.
    pub fn new(input: Vec<u8>) -> Self {
        Self {
            input,
            answer: None,
        }
    }

    /// Returns the kernel's return value, once.
    pub fn take_answer(&mut self) -> Option<Vec<u8>> {
        self.answer.take()
    }
}

/// Defines the functions that a kernel may import.
///
/// # Errors
/// If two functions have one name, which cannot happen.
pub fn define(linker: &mut Linker<Call>) -> Result<()> {
    linker.func_wrap("seal0", "input", input)?;
    linker.func_wrap("seal0", "seal_return", seal_return)?;
    linker.func_wrap("seal0", "value_transferred", value_transferred)?;
    linker.func_wrap("seal1", "get_storage", get_storage)?;
    linker.func_wrap("seal2", "set_storage", set_storage)?;
    Ok(())
}

fn input(mut caller: Caller<'_, Call>, out: u32, out_len: u32) -> Result<()> {
    let memory = memory(&mut caller)?;
    let (bytes, call) = memory.data_and_store_mut(&mut caller);
    put(bytes, out, out_len, &call.input)
}

/// Ends the call. The error stops the kernel; the stored answer marks a good end.
fn seal_return(mut caller: Caller<'_, Call>, flags: u32, data: u32, len: u32) -> Result<()> {
    if flags & !KNOWN_FLAGS != 0 {
        return Err(ChainTrap::error("it returned with unknown flags"));
    }
    let memory = memory(&mut caller)?;
    let (bytes, call) = memory.data_and_store_mut(&mut caller);
    call.answer = Some(piece(bytes, data, len)?.to_vec());
    Err(Error::msg("returned"))
}

/// Returns 0: no value is transferred to a kernel.
fn value_transferred(mut caller: Caller<'_, Call>, out: u32, out_len: u32) -> Result<()> {
    let memory = memory(&mut caller)?;
    put(
        memory.data_mut(&mut caller),
        out,
        out_len,
        &0u128.to_le_bytes(),
    )
}

/// Returns the empty root cell. There is no other cell: a kernel with state in one would not be a
/// pure function.
fn get_storage(
    mut caller: Caller<'_, Call>,
    key: u32,
    key_len: u32,
    out: u32,
    out_len: u32,
) -> Result<u32> {
    let memory = memory(&mut caller)?;
    let bytes = memory.data_mut(&mut caller);
    if piece(bytes, key, key_len)? != ROOT_CELL {
        return Err(Error::msg("a step read storage"));
    }
    put(bytes, out, out_len, &[])?;
    Ok(SUCCESS)
}

fn set_storage(_: Caller<'_, Call>, _: u32, _: u32, _: u32, _: u32) -> Result<u32> {
    Err(Error::msg("a step wrote to storage"))
}

fn memory(caller: &mut Caller<'_, Call>) -> Result<Memory> {
    match caller.get_export(MEMORY) {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(Error::msg("it has no memory")),
    }
}

/// Writes `value` to `out` and its length to `out_len`, which holds the size of the buffer before.
fn put(bytes: &mut [u8], out: u32, out_len: u32, value: &[u8]) -> Result<()> {
    let room = piece(bytes, out_len, 4)?
        .try_into()
        .map(u32::from_le_bytes)?;
    let len = u32::try_from(value.len())?;
    if len > room {
        let reason = format!("its buffer of {room} bytes is too small for {len}");
        return Err(ChainTrap::error(reason));
    }
    place(bytes, out, len)?.copy_from_slice(value);
    place(bytes, out_len, 4)?.copy_from_slice(&len.to_le_bytes());
    Ok(())
}

fn piece(bytes: &[u8], start: u32, len: u32) -> Result<&[u8]> {
    let start = usize::try_from(start)?;
    let end = start.saturating_add(usize::try_from(len)?);
    bytes.get(start..end).ok_or_else(outside)
}

fn place(bytes: &mut [u8], start: u32, len: u32) -> Result<&mut [u8]> {
    let start = usize::try_from(start)?;
    let end = start.saturating_add(usize::try_from(len)?);
    bytes.get_mut(start..end).ok_or_else(outside)
}

fn outside() -> Error {
    ChainTrap::error("it passed an address outside its memory")
}
