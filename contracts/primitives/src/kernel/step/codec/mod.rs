//! SCALE of a step's input and output, faster than derived. The bytes are the same.
//!
//! A derived implementation makes a call for each field of each neuron, and copies a list of bytes
//! by a function that moves four bytes at a time in Wasm. Here a neuron is one piece, and bytes are
//! moved in blocks of a fixed length, which become loads and stores of eight bytes.

use super::{NeuronInput, NeuronResult, Rows, StepInput, StepOutput, StepPart, StepsInput};
use crate::Rao;
use ink::{
    prelude::vec::Vec,
    scale::{Compact, Decode, Encode, EncodeLike, Error, Input, Output},
};

/// Bytes of a block.
const BLOCK: usize = 64;
/// Most bytes for which room is made before they are known to be there.
const UNSEEN: usize = 16 * 1024;

/// Bytes of a [`NeuronInput`]: four numbers of 64 bits and two flags.
const INPUT: usize = 4 * 8 + 2;
/// Bytes of a [`NeuronResult`]: five numbers of 16 bits, two flags and three numbers of 64 bits.
const RESULT: usize = 5 * 2 + 2 + 3 * 8;

/// Fields at the front of the bytes that are left.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// Takes the next `N` bytes. There are always as many: lengths are constants above.
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk() else {
            return [0; N];
        };
        self.0 = rest;
        *field
    }

    #[inline(always)]
    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.next())
    }

    #[inline(always)]
    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.next())
    }

    #[inline(always)]
    fn flag(&mut self) -> Result<bool, Error> {
        match self.next() {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err("a flag is neither 0 nor 1".into()),
        }
    }
}

/// Places for fields at the front of the bytes that are left.
struct Places<'a>(&'a mut [u8]);

impl Places<'_> {
    /// Writes the next field.
    #[inline(always)]
    fn put<const N: usize>(&mut self, field: [u8; N]) {
        if let Some((place, rest)) = core::mem::take(&mut self.0).split_first_chunk_mut() {
            *place = field;
            self.0 = rest;
        }
    }
}

impl Encode for NeuronInput {
    fn size_hint(&self) -> usize {
        INPUT
    }

    fn encode_to<T: Output + ?Sized>(&self, dest: &mut T) {
        let mut bytes = [0; INPUT];
        let mut places = Places(&mut bytes);
        places.put(self.stake.to_le_bytes());
        places.put(self.last_update.to_le_bytes());
        places.put(self.registered_at.to_le_bytes());
        places.put(self.commit_block.to_le_bytes());
        places.put([u8::from(self.permit)]);
        places.put([u8::from(self.newcomer)]);
        dest.write(&bytes);
    }
}

impl EncodeLike for NeuronInput {}

impl Decode for NeuronInput {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let mut bytes = [0; INPUT];
        input.read(&mut bytes)?;
        let mut fields = Fields(&bytes);
        Ok(Self {
            stake: fields.u64(),
            last_update: fields.u64(),
            registered_at: fields.u64(),
            commit_block: fields.u64(),
            permit: fields.flag()?,
            newcomer: fields.flag()?,
        })
    }
}

impl Encode for NeuronResult {
    fn size_hint(&self) -> usize {
        RESULT
    }

    fn encode_to<T: Output + ?Sized>(&self, dest: &mut T) {
        let mut bytes = [0; RESULT];
        let mut places = Places(&mut bytes);
        places.put(self.incentive.to_le_bytes());
        places.put(self.dividends.to_le_bytes());
        places.put(self.consensus.to_le_bytes());
        places.put(self.validator_trust.to_le_bytes());
        places.put(self.stake_weight.to_le_bytes());
        places.put([u8::from(self.active)]);
        places.put([u8::from(self.permit)]);
        places.put(self.miner.0.to_le_bytes());
        places.put(self.validator.0.to_le_bytes());
        places.put(self.emission.0.to_le_bytes());
        dest.write(&bytes);
    }
}

impl EncodeLike for NeuronResult {}

impl Decode for NeuronResult {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let mut bytes = [0; RESULT];
        input.read(&mut bytes)?;
        let mut fields = Fields(&bytes);
        Ok(Self {
            incentive: fields.u16(),
            dividends: fields.u16(),
            consensus: fields.u16(),
            validator_trust: fields.u16(),
            stake_weight: fields.u16(),
            active: fields.flag()?,
            permit: fields.flag()?,
            miner: Rao(fields.u64()),
            validator: Rao(fields.u64()),
            emission: Rao(fields.u64()),
        })
    }
}

/// Reads the length of a list whose items have `size` bytes each, at least one. Returns it with the
/// number of items to make room for, which is no more than the input has, if that is known.
fn read_len<I: Input>(input: &mut I, size: usize) -> Result<(usize, usize), Error> {
    let len = Compact::<u32>::decode(input)?.0 as usize;
    let bytes = len.checked_mul(size).ok_or("a list is too long")?;
    match input.remaining_len()? {
        Some(left) if left < bytes => Err("a list is longer than the input".into()),
        Some(_) => Ok((len, len)),
        None => Ok((len, len.min(UNSEEN.checked_div(size).unwrap_or(0)))),
    }
}

/// Reads a list of bytes.
fn read_bytes<I: Input>(input: &mut I) -> Result<Vec<u8>, Error> {
    let (len, room) = read_len(input, 1)?;
    let mut bytes = Vec::with_capacity(room);
    let mut block = [0; BLOCK];
    let mut left = len;
    while left >= BLOCK {
        input.read(&mut block)?;
        bytes.extend_from_slice(&block);
        left = left.saturating_sub(BLOCK);
    }
    let rest = block.get_mut(..left).unwrap_or_default();
    input.read(rest)?;
    bytes.extend_from_slice(rest);
    Ok(bytes)
}

/// Reads a list of numbers of `N` bytes, of which a block has `M`.
fn read_numbers<I: Input, T: Decode, const N: usize, const M: usize>(
    input: &mut I,
) -> Result<Vec<T>, Error>
where
    [T; M]: Decode,
{
    let (len, room) = read_len(input, N)?;
    let mut numbers = Vec::with_capacity(room);
    let mut left = len;
    while left >= M {
        numbers.extend(<[T; M]>::decode(input)?);
        left = left.saturating_sub(M);
    }
    for _ in 0..left {
        numbers.push(T::decode(input)?);
    }
    Ok(numbers)
}

impl Decode for Rows {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let masks = read_numbers::<_, u64, 8, { BLOCK / 8 }>(input)?;
        let weights = read_numbers::<_, u16, 2, { BLOCK / 2 }>(input)?;
        Rows::of(masks, weights).ok_or_else(|| "there is not one weight per bit".into())
    }
}

/// Writes a list of bytes.
fn write_bytes<T: Output + ?Sized>(bytes: &[u8], dest: &mut T) {
    Compact(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).encode_to(dest);
    write_in_blocks(bytes, dest);
}

/// Writes bytes as they are, in blocks of a fixed length, which become loads and stores of eight
/// bytes.
pub fn write_in_blocks<T: Output + ?Sized>(bytes: &[u8], dest: &mut T) {
    let blocks = bytes.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    for block in blocks {
        if let Ok(block) = <&[u8; BLOCK]>::try_from(block) {
            dest.write(block);
        }
    }
    dest.write(rest);
}

impl Decode for StepPart {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self {
            scratch: read_bytes(input)?,
            memory: read_bytes(input)?,
            neurons: Decode::decode(input)?,
            rows: Decode::decode(input)?,
        })
    }
}

impl Decode for StepInput {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let (header, phase, chunk) = Decode::decode(input)?;
        let carry = read_bytes(input)?;
        let part = StepPart::decode(input)?;
        Ok(Self {
            header,
            phase,
            chunk,
            carry,
            scratch: part.scratch,
            memory: part.memory,
            neurons: part.neurons,
            rows: part.rows,
        })
    }
}

impl Decode for StepsInput {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let (header, phase, chunk) = Decode::decode(input)?;
        Ok(Self {
            header,
            phase,
            chunk,
            carry: read_bytes(input)?,
            chunks: Decode::decode(input)?,
        })
    }
}

impl Encode for StepOutput {
    fn size_hint(&self) -> usize {
        let bytes = [&self.carry, &self.scratch, &self.memory].map(Vec::len);
        let lists = bytes.into_iter().fold(20, usize::saturating_add);
        let results = self.results.len().saturating_mul(RESULT);
        let roster = self.roster.len().saturating_mul(2);
        lists.saturating_add(results).saturating_add(roster)
    }

    fn encode_to<T: Output + ?Sized>(&self, dest: &mut T) {
        write_bytes(&self.carry, dest);
        write_bytes(&self.scratch, dest);
        write_bytes(&self.memory, dest);
        self.results.encode_to(dest);
        self.roster.encode_to(dest);
    }
}

impl EncodeLike for StepOutput {}

#[cfg(test)]
mod tests;
