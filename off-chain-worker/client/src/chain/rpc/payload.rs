//! The transactions that a client sends: calls of the runtime.

use super::api::Gas;
use inktensor_primitives::{AccountId, Digest};
use subxt::{
    dynamic,
    ext::{
        scale_encode::{EncodeAsFields, EncodeAsType},
        scale_value::Value,
    },
    tx::StaticPayload,
    utils::{AccountId32, MultiAddress},
};

/// Creates a message to a contract.
pub fn call(to: AccountId, gas: Gas, deposit: u128, input: &[u8]) -> impl Payload {
    let to: MultiAddress<AccountId32, ()> = MultiAddress::Id(AccountId32(raw(&to)));
    let arguments = (to, 0u128, weight(gas), Some(deposit), input.to_vec());
    dynamic::transaction("Contracts", "call", arguments)
}

/// Creates an upload of code.
pub fn upload(code: &[u8], deposit: u128) -> impl Payload {
    let enforced = Value::unnamed_variant("Enforced", []);
    let arguments = (code.to_vec(), Some(deposit), enforced);
    dynamic::transaction("Contracts", "upload_code", arguments)
}

/// Creates an instantiation of a contract.
pub fn instantiate(
    code_hash: Digest,
    gas: Gas,
    deposit: u128,
    input: &[u8],
    salt: &[u8],
) -> impl Payload {
    let (input, salt) = (input.to_vec(), salt.to_vec());
    let arguments = (0u128, weight(gas), Some(deposit), code_hash, input, salt);
    dynamic::transaction("Contracts", "instantiate", arguments)
}

/// Creates a transaction that does nothing.
pub fn remark() -> impl Payload {
    dynamic::transaction("System", "remark", (Vec::<u8>::new(),))
}

/// A transaction that can be signed.
pub trait Payload: subxt::tx::Payload {}

impl<T: EncodeAsFields> Payload for StaticPayload<T> {}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Weight {
    ref_time: u64,
    proof_size: u64,
}

const fn weight(gas: Gas) -> Weight {
    Weight {
        ref_time: gas.ref_time,
        proof_size: gas.proof_size,
    }
}

/// Returns the bytes of an account.
pub fn raw(account: &AccountId) -> [u8; 32] {
    *AsRef::<[u8; 32]>::as_ref(account)
}
