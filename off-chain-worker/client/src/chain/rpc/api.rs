//! The runtime API of `pallet-contracts`, which runs a call without a transaction: arguments and
//! answers in SCALE.
//!
//! The shapes are those of API version 2, which pallet-contracts has had since version 25. An
//! answer is decoded as far as needed: the events at its end are not.

use crate::chain::Cost;
use inktensor_primitives::{AccountId, Digest};
use scale::{Compact, Decode, Encode, Error, Input};

/// Bit of a contract's flags that marks a reverted call.
const REVERTED: u32 = 1;
/// Determinism of a contract's code: enforced.
const ENFORCED: u8 = 0;

/// Time and proof size.
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

/// The outcome of a dry run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun<T> {
    /// Gas that the message used.
    pub consumed: Gas,
    /// Gas that the message needs at its peak. Some of it may be returned.
    pub required: Gas,
    /// Deposit that the message would take; negative if it would return some.
    pub deposit: i128,
    /// Output, or the runtime's error, encoded.
    pub result: Result<T, Vec<u8>>,
}

impl<T> DryRun<T> {
    /// Returns the cost without the fee.
    pub const fn cost(&self) -> Cost {
        Cost {
            ref_time: self.consumed.ref_time,
            proof_size: self.consumed.proof_size,
            deposit: self.deposit,
            fee: 0,
        }
    }
}

/// The output of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutput {
    /// True if the contract reverted.
    pub reverted: bool,
    /// Encoded return value.
    pub data: Vec<u8>,
}

impl Decode for CallOutput {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self {
            reverted: u32::decode(input)? & REVERTED != 0,
            data: Vec::decode(input)?,
        })
    }
}

/// The output of a constructor, and the address of its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstantiateOutput {
    /// Output of the constructor.
    pub answer: CallOutput,
    /// Address of the contract.
    pub address: AccountId,
}

impl Decode for InstantiateOutput {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self {
            answer: CallOutput::decode(input)?,
            address: <[u8; 32]>::decode(input)?.into(),
        })
    }
}

/// Uploaded code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Decode)]
pub struct Uploaded {
    /// Hash of the code.
    pub code_hash: Digest,
    /// Deposit held for the code.
    pub deposit: u128,
}

/// The code of a contract to make.
pub enum Code<'a> {
    /// New code.
    New(&'a [u8]),
    /// Uploaded code with this hash.
    Existing(Digest),
}

/// Encodes the arguments of `ContractsApi_call`: a message without a transfer, limited by the block
/// only.
pub fn call(origin: AccountId, to: AccountId, input: &[u8]) -> Vec<u8> {
    let unlimited: (Option<()>, Option<u128>) = (None, None);
    (origin, to, 0u128, unlimited, input).encode()
}

/// Encodes the arguments of `ContractsApi_instantiate`.
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

/// Encodes the arguments of `ContractsApi_upload_code`.
pub fn upload(origin: AccountId, code: &[u8]) -> Vec<u8> {
    (origin, code, None::<u128>, ENFORCED).encode()
}

/// Decodes the answer of `ContractsApi_call` or `ContractsApi_instantiate`.
pub fn dry_run<T: Decode>(mut bytes: &[u8]) -> Result<DryRun<T>, Error> {
    let input = &mut bytes;
    let (consumed, required) = (Gas::decode(input)?, Gas::decode(input)?);
    let deposit = match (u8::decode(input)?, u128::decode(input)?) {
        (0, refund) => i128::try_from(refund).map_or(i128::MIN, |it| -it),
        (1, charge) => i128::try_from(charge).unwrap_or(i128::MAX),
        _ => return Err("a deposit is neither taken nor given back".into()),
    };
    let _debug_message = Vec::<u8>::decode(input)?;
    Ok(DryRun {
        consumed,
        required,
        deposit,
        result: result(input)?,
    })
}

/// Decodes a `Result` whose error is the runtime's; the error stays encoded.
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

    /// Encodes an answer as pallet-contracts does, with events at its end.
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
        let read = dry_run::<CallOutput>(&encoded((1, 40), good)).unwrap();
        assert_eq!(read.consumed.proof_size, 6);
        assert_eq!(read.required.proof_size, 80_000);
        assert_eq!(read.deposit, 40);
        let answer = read.result.unwrap();
        assert_eq!((answer.reverted, answer.data), (false, vec![1, 2]));
    }

    #[test]
    fn a_refund_is_negative_and_an_error_is_handed_on() {
        let bad = (1u8, 3u8, [8u8, 1, 0, 0, 0]).encode();
        let read = dry_run::<CallOutput>(&encoded((0, 40), bad)).unwrap();
        assert_eq!(read.deposit, -40);
        assert_eq!(read.result.unwrap_err()[..6], [3, 8, 1, 0, 0, 0]);
    }

    #[test]
    fn a_constructors_answer_has_an_address() {
        let made = (0u8, 1u32, vec![0u8, 1, 2], [7u8; 32]).encode();
        let read = dry_run::<InstantiateOutput>(&encoded((1, 0), made)).unwrap();
        let made = read.result.unwrap();
        assert!(made.answer.reverted);
        assert_eq!(made.address, [7; 32].into());
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        let good = (0u8, 0u32, vec![1u8, 2]).encode();
        let whole = encoded((1, 40), good);
        for length in 0..whole.len() - 3 {
            assert!(dry_run::<CallOutput>(&whole[..length]).is_err(), "{length}");
        }
        let mut other = whole;
        other[7] = 9;
        assert!(dry_run::<CallOutput>(&other).is_err());
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
