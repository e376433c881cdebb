//! The chain's side of a kernel's imports, as `pallet-contracts` answers a contract with an empty
//! root cell. Both Wasm engines call these functions, on the memory of the kernel.
//!
//! A function that traps on the chain ends with [`Ended::Trap`]. Any other end is one that the
//! chain does not have.

use std::ops::Range;

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
    /// Place of the return value in the kernel's memory.
    answer: Option<Range<usize>>,
}

/// The reason for which a host function ends a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The chain traps too.
    #[error("{0}")]
    Trap(String),
    /// The kernel returned, or did something that the chain answers otherwise.
    #[error("{0}")]
    Apart(&'static str),
}

impl Call {
    /// Creates a call with this input.
    pub fn new(input: Vec<u8>) -> Self {
        Self {
            input,
            answer: None,
        }
    }

    /// Returns the kernel's return value, which is still in its memory; `None` if it did not
    /// return.
    pub fn answer<'a>(&self, memory: &'a [u8]) -> Option<&'a [u8]> {
        memory.get(self.answer.clone()?)
    }

    /// `seal0.input`: writes the input.
    pub fn input(&self, memory: &mut [u8], out: u32, out_len: u32) -> Result<(), Ended> {
        put(memory, out, out_len, &self.input)
    }

    /// `seal0.seal_return`: ends the call. The stored answer marks a good end.
    pub fn seal_return(&mut self, memory: &[u8], flags: u32, data: u32, len: u32) -> Ended {
        if flags & !KNOWN_FLAGS != 0 {
            return Ended::Trap("it returned with unknown flags".into());
        }
        match range(data, len) {
            Ok(place) if memory.get(place.clone()).is_some() => {
                self.answer = Some(place);
                Ended::Apart("returned")
            }
            Ok(_) => outside(),
            Err(ended) => ended,
        }
    }
}

/// `seal0.value_transferred`: writes 0, since no value is transferred to a kernel.
pub fn value_transferred(memory: &mut [u8], out: u32, out_len: u32) -> Result<(), Ended> {
    put(memory, out, out_len, &0u128.to_le_bytes())
}

/// `seal1.get_storage`: writes the empty root cell. There is no other cell: a kernel with state in
/// one would not be a pure function.
pub fn get_storage(
    memory: &mut [u8],
    key: u32,
    key_len: u32,
    out: u32,
    out_len: u32,
) -> Result<u32, Ended> {
    if piece(memory, key, key_len)? != ROOT_CELL {
        return Err(Ended::Apart("a step read storage"));
    }
    put(memory, out, out_len, &[])?;
    Ok(SUCCESS)
}

/// `seal2.set_storage`: no step may write.
pub const fn set_storage() -> Ended {
    Ended::Apart("a step wrote to storage")
}

/// Writes `value` to `out` and its length to `out_len`, which holds the size of the buffer before.
fn put(memory: &mut [u8], out: u32, out_len: u32, value: &[u8]) -> Result<(), Ended> {
    let room: [u8; 4] = piece(memory, out_len, 4)?
        .try_into()
        .map_err(|_| outside())?;
    let room = u32::from_le_bytes(room);
    let len = u32::try_from(value.len()).map_err(|_| outside())?;
    if len > room {
        let reason = format!("its buffer of {room} bytes is too small for {len}");
        return Err(Ended::Trap(reason));
    }
    place(memory, out, len)?.copy_from_slice(value);
    place(memory, out_len, 4)?.copy_from_slice(&len.to_le_bytes());
    Ok(())
}

fn range(start: u32, len: u32) -> Result<Range<usize>, Ended> {
    let start = usize::try_from(start).map_err(|_| outside())?;
    let len = usize::try_from(len).map_err(|_| outside())?;
    Ok(start..start.saturating_add(len))
}

fn piece(memory: &[u8], start: u32, len: u32) -> Result<&[u8], Ended> {
    memory.get(range(start, len)?).ok_or_else(outside)
}

fn place(memory: &mut [u8], start: u32, len: u32) -> Result<&mut [u8], Ended> {
    memory.get_mut(range(start, len)?).ok_or_else(outside)
}

fn outside() -> Ended {
    Ended::Trap("it passed an address outside its memory".into())
}
