//! What a node's runtime says to those who ask before they send: the runtime API of
//! `pallet-contracts`, in SCALE.
//!
//! The shapes are those of API version 2, which pallet-contracts has had since version 25. An
//! answer is read as far as it is needed: the events that follow are not.

use crate::chain::Cost;
use inktensor_primitives::{AccountId, Digest};
use scale::{Compact, Decode, Encode, Error, Input};

/// The bit of a contract's flags that says that it has undone all it did.
const REVERTED: u32 = 1;
/// Deterministic code only: what a contract's code has to be.
const ENFORCED: u8 = 0;

/// Time and proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gas {
    /// Picoseconds of the chain's reference machine.
    pub ref_time: u64,
    /// Bytes of proof.
    pub proof_size: u64,
}

impl Decode for Gas {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self {
            ref_time: Compact::<u64>::decode(input)?.0,
            proof_size: Compact::<u64>::decode(input)?.0,
        })
    }
}

/// What a rehearsed message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed<T> {
    /// What it used.
    pub consumed: Gas,
    /// What it has to be given: more than it uses, where it gets some back.
    pub required: Gas,
    /// Deposit it would take; negative if it would give some back.
    pub deposit: i128,
    /// What came of it, or the runtime's error, encoded.
    pub result: Result<T, Vec<u8>>,
}

impl<T> Rehearsed<T> {
    /// What it would cost, but for the fee.
    pub const fn cost(&self) -> Cost {
        Cost {
            ref_time: self.consumed.ref_time,
            proof_size: self.consumed.proof_size,
            deposit: self.deposit,
            fee: 0,
        }
    }
}

/// What a contract returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it has undone all it did.
    pub reverted: bool,
    /// What it said.
    pub data: Vec<u8>,
}

impl Decode for Answer {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self {
            reverted: u32::decode(input)? & REVERTED != 0,
            data: Vec::decode(input)?,
        })
    }
}

/// What a constructor returned, and where the contract would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What it said.
    pub answer: Answer,
    /// The contract.
    pub address: AccountId,
}

impl Decode for Made {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self {
            answer: Answer::decode(input)?,
            address: <[u8; 32]>::decode(input)?.into(),
        })
    }
}

/// Code that was, or would be, taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Decode)]
pub struct Uploaded {
    /// Its hash.
    pub code_hash: Digest,
    /// What is held for it.
    pub deposit: u128,
}

/// The code of a contract to be made.
pub enum Code<'a> {
    /// This.
    New(&'a [u8]),
    /// What has this hash.
    Existing(Digest),
}

/// Arguments of `ContractsApi_call`: a message without a transfer, with no limits but the block's.
pub fn call(origin: AccountId, to: AccountId, input: &[u8]) -> Vec<u8> {
    let unlimited: (Option<()>, Option<u128>) = (None, None);
    (origin, to, 0u128, unlimited, input).encode()
}

/// Arguments of `ContractsApi_instantiate`.
pub fn instantiate(origin: AccountId, code: &Code<'_>, input: &[u8], salt: &[u8]) -> Vec<u8> {
    let unlimited: (Option<()>, Option<u128>) = (None, None);
    let mut arguments = (origin, 0u128, unlimited).encode();
    match code {
        Code::New(code) => (0u8, code).encode_to(&mut arguments),
        Code::Existing(hash) => (1u8, hash).encode_to(&mut arguments),
    }
    (input, salt).encode_to(&mut arguments);
    arguments
}

/// Arguments of `ContractsApi_upload_code`.
pub fn upload(origin: AccountId, code: &[u8]) -> Vec<u8> {
    (origin, code, None::<u128>, ENFORCED).encode()
}

/// Reads the answer of `ContractsApi_call` or `ContractsApi_instantiate`.
pub fn rehearsed<T: Decode>(mut bytes: &[u8]) -> Result<Rehearsed<T>, Error> {
    let input = &mut bytes;
    let (consumed, required) = (Gas::decode(input)?, Gas::decode(input)?);
    let deposit = match (u8::decode(input)?, u128::decode(input)?) {
        (0, refund) => i128::try_from(refund).map_or(i128::MIN, |it| -it),
        (1, charge) => i128::try_from(charge).unwrap_or(i128::MAX),
        _ => return Err("a deposit is neither taken nor given back".into()),
    };
    let _debug_message = Vec::<u8>::decode(input)?;
    Ok(Rehearsed {
        consumed,
        required,
        deposit,
        result: result(input)?,
    })
}

/// Reads a `Result` whose error is the runtime's; that is handed on encoded.
pub fn result<T: Decode>(input: &mut &[u8]) -> Result<Result<T, Vec<u8>>, Error> {
    match u8::decode(input)? {
        0 => T::decode(input).map(Ok),
        1 => Ok(Err(input.to_vec())),
        _ => Err("a result is neither good nor bad".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer as pallet-contracts encodes it, with events behind it.
    fn encoded(deposit: (u8, u128), result: Vec<u8>) -> Vec<u8> {
        let gas = |time: u64, proof: u64| (Compact(time), Compact(proof)).encode();
        let debug_message: &[u8] = b"seen";
        let mut bytes = gas(5, 6);
        bytes.extend(gas(7, 80_000));
        bytes.extend((deposit, debug_message).encode());
        bytes.extend(result);
        bytes.extend([1, 4, 9]);
        bytes
    }

    #[test]
    fn an_answer_is_read_up_to_the_events() {
        let good = (0u8, 0u32, vec![1u8, 2]).encode();
        let read = rehearsed::<Answer>(&encoded((1, 40), good)).unwrap();
        assert_eq!(read.consumed.proof_size, 6);
        assert_eq!(read.required.proof_size, 80_000);
        assert_eq!(read.deposit, 40);
        let answer = read.result.unwrap();
        assert_eq!((answer.reverted, answer.data), (false, vec![1, 2]));
    }

    #[test]
    fn a_refund_is_negative_and_an_error_is_handed_on() {
        let bad = (1u8, 3u8, [8u8, 1, 0, 0, 0]).encode();
        let read = rehearsed::<Answer>(&encoded((0, 40), bad)).unwrap();
        assert_eq!(read.deposit, -40);
        assert_eq!(read.result.unwrap_err()[..6], [3, 8, 1, 0, 0, 0]);
    }

    #[test]
    fn a_constructors_answer_has_an_address() {
        let made = (0u8, 1u32, vec![0u8, 1, 2], [7u8; 32]).encode();
        let read = rehearsed::<Made>(&encoded((1, 0), made)).unwrap();
        let made = read.result.unwrap();
        assert!(made.answer.reverted);
        assert_eq!(made.address, [7; 32].into());
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        let good = (0u8, 0u32, vec![1u8, 2]).encode();
        let whole = encoded((1, 40), good);
        for length in 0..whole.len() - 3 {
            assert!(rehearsed::<Answer>(&whole[..length]).is_err(), "{length}");
        }
        let mut other = whole;
        other[7] = 9;
        assert!(rehearsed::<Answer>(&other).is_err());
    }

    #[test]
    fn arguments_are_laid_out_as_the_runtime_reads_them() {
        let bytes = call([1; 32].into(), [2; 32].into(), &[9, 9]);
        let mut wanted = [[1u8; 32], [2; 32]].concat();
        wanted.extend([0; 16]);
        wanted.extend([0, 0, 8, 9, 9]);
        assert_eq!(bytes, wanted);
        let bytes = instantiate([1; 32].into(), &Code::Existing([3; 32]), &[9], &[]);
        assert_eq!(bytes[32..50], [0; 18]);
        assert_eq!(bytes[50], 1);
        assert_eq!(bytes[83..], [4, 9, 0]);
    }
}
