//! SCALE of the records of which a step has one per neuron, each in one piece. The bytes are those
//! that a derived implementation writes, which would make a call for each field.

use super::{NeuronInput, NeuronResult};
use crate::Rao;
use ink::scale::{Decode, Encode, EncodeLike, Error, Input, Output};

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

    fn encoded_fixed_size() -> Option<usize> {
        Some(INPUT)
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

    fn encoded_fixed_size() -> Option<usize> {
        Some(RESULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neuron() -> NeuronInput {
        NeuronInput {
            stake: 1,
            last_update: u64::MAX,
            registered_at: 3 << 40,
            commit_block: 4,
            permit: true,
            newcomer: false,
        }
    }

    fn result() -> NeuronResult {
        NeuronResult {
            incentive: 1,
            dividends: 2 << 8,
            consensus: 3,
            validator_trust: u16::MAX,
            stake_weight: 5,
            active: false,
            permit: true,
            miner: Rao(6 << 40),
            validator: Rao(7),
            emission: Rao(u64::MAX),
        }
    }

    #[test]
    fn records_have_the_bytes_of_their_fields() {
        let NeuronInput {
            stake,
            last_update,
            registered_at,
            commit_block,
            permit,
            newcomer,
        } = neuron();
        let fields = (
            stake,
            last_update,
            registered_at,
            commit_block,
            permit,
            newcomer,
        );
        assert_eq!(neuron().encode(), fields.encode());
        let of = result();
        let shares = (
            of.incentive,
            of.dividends,
            of.consensus,
            of.validator_trust,
            of.stake_weight,
        );
        let rest = (of.active, of.permit, of.miner, of.validator, of.emission);
        assert_eq!(of.encode(), (shares, rest).encode());
        assert_eq!(of.encoded_size(), RESULT);
        assert_eq!(neuron().encoded_size(), INPUT);
    }

    #[test]
    fn records_are_read_back_and_other_bytes_refused() {
        let bytes = vec![neuron(); 2].encode();
        assert_eq!(Vec::decode(&mut &bytes[..]), Ok(vec![neuron(); 2]));
        let bytes = result().encode();
        assert_eq!(NeuronResult::decode(&mut &bytes[..]), Ok(result()));
        assert!(NeuronResult::decode(&mut &bytes[1..]).is_err());
        for flag in [INPUT - 2, INPUT - 1] {
            let mut bytes = neuron().encode();
            bytes[flag] = 2;
            assert!(NeuronInput::decode(&mut &bytes[..]).is_err());
        }
        for flag in [10, 11] {
            let mut bytes = result().encode();
            bytes[flag] = 2;
            assert!(NeuronResult::decode(&mut &bytes[..]).is_err());
        }
    }
}
