//! The host functions of a kernel, in the form of wasmtime.

use super::{
    counted,
    host::{self, Call},
};
use wasmtime::{Caller, Error, Global, Linker, Memory, Result};

/// A call of a kernel, and the memory of the instance that runs it.
pub struct Linked {
    /// The call.
    pub call: Call,
    /// The memory, once there is an instance. A host function would take longer to find it by its
    /// name than to do its work.
    pub memory: Option<Memory>,
    /// The global that counts the pages of the memory, if there is one.
    pub counter: Option<Global>,
}

/// Defines the functions that a kernel may import.
///
/// # Errors
/// If two functions have one name, which cannot happen.
pub fn define(linker: &mut Linker<Linked>) -> Result<()> {
    linker.func_wrap("seal0", "input", input)?;
    linker.func_wrap("seal0", "seal_return", seal_return)?;
    linker.func_wrap("seal0", "value_transferred", value_transferred)?;
    linker.func_wrap("seal1", "get_storage", get_storage)?;
    linker.func_wrap("seal2", "set_storage", set_storage)?;
    Ok(())
}

fn input(mut caller: Caller<'_, Linked>, out: u32, out_len: u32) -> Result<()> {
    let (bytes, call) = parts(&mut caller)?;
    Ok(call.input(bytes, out, out_len)?)
}

fn seal_return(mut caller: Caller<'_, Linked>, flags: u32, data: u32, len: u32) -> Result<()> {
    let (bytes, call) = parts(&mut caller)?;
    Err(call.seal_return(bytes, flags, data, len).into())
}

fn value_transferred(mut caller: Caller<'_, Linked>, out: u32, out_len: u32) -> Result<()> {
    let (bytes, _) = parts(&mut caller)?;
    Ok(host::value_transferred(bytes, out, out_len)?)
}

fn get_storage(
    mut caller: Caller<'_, Linked>,
    key: u32,
    key_len: u32,
    out: u32,
    out_len: u32,
) -> Result<u32> {
    let (bytes, _) = parts(&mut caller)?;
    Ok(host::get_storage(bytes, key, key_len, out, out_len)?)
}

fn set_storage(_: Caller<'_, Linked>, _: u32, _: u32, _: u32, _: u32) -> Result<u32> {
    Err(host::set_storage().into())
}

/// Returns the memory's bytes that the kernel has, and the call.
fn parts<'a>(caller: &'a mut Caller<'_, Linked>) -> Result<(&'a mut [u8], &'a mut Call)> {
    let Linked {
        memory, counter, ..
    } = *caller.data();
    let memory = memory.ok_or_else(|| Error::msg("it has no memory"))?;
    let size = counter.map(|counter| counted::bytes(counter, &mut *caller));
    let (bytes, linked) = memory.data_and_store_mut(caller);
    let size = size.unwrap_or(bytes.len()).min(bytes.len());
    Ok((bytes.get_mut(..size).unwrap_or_default(), &mut linked.call))
}
