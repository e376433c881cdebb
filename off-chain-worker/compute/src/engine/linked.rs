//! The host functions of a kernel, in the form of wasmtime.

use super::{
    host::{self, Call},
    pooled::MEMORY,
};
use wasmtime::{Caller, Error, Extern, Linker, Memory, Result};

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
    Ok(call.input(bytes, out, out_len)?)
}

fn seal_return(mut caller: Caller<'_, Call>, flags: u32, data: u32, len: u32) -> Result<()> {
    let memory = memory(&mut caller)?;
    let (bytes, call) = memory.data_and_store_mut(&mut caller);
    Err(call.seal_return(bytes, flags, data, len).into())
}

fn value_transferred(mut caller: Caller<'_, Call>, out: u32, out_len: u32) -> Result<()> {
    let memory = memory(&mut caller)?;
    let bytes = memory.data_mut(&mut caller);
    Ok(host::value_transferred(bytes, out, out_len)?)
}

fn get_storage(
    mut caller: Caller<'_, Call>,
    key: u32,
    key_len: u32,
    out: u32,
    out_len: u32,
) -> Result<u32> {
    let memory = memory(&mut caller)?;
    let bytes = memory.data_mut(&mut caller);
    Ok(host::get_storage(bytes, key, key_len, out, out_len)?)
}

fn set_storage(_: Caller<'_, Call>, _: u32, _: u32, _: u32, _: u32) -> Result<u32> {
    Err(host::set_storage().into())
}

fn memory(caller: &mut Caller<'_, Call>) -> Result<Memory> {
    match caller.get_export(MEMORY) {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(Error::msg("it has no memory")),
    }
}
