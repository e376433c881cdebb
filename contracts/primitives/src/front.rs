//! Fronts: small contracts at the addresses of large ones.
//!
//! A chain charges a call for all code of the contract that it calls, so the messages of every
//! epoch would pay for those of every year. A *front* holds the storage of a contract and executes
//! few of its messages itself. It hands all others on, input and all, to the contract's *full
//! code*, which runs in the front's place: same address, storage, caller and events. So the front's
//! address understands every message of the full code, and clients use the metadata of the full
//! code there.
//!
//! A full code answers none of the messages that its front executes: each begins with
//! [`front_only`](crate::front_only), so that the full code has no room for it.
//!
//! The full code is named when the front is deployed, and never changes. The front locks it: no
//! account can remove it from the chain. Anyone can compare it with a release by `full_code`, the
//! one message of a front's own.

use ink::{
    env::{
        call::build_call, decode_input, get_contract_storage, lock_delegate_dependency,
        return_value, set_contract_storage, CallFlags, DefaultEnvironment, ReturnFlags,
    },
    primitives::Hash,
    scale::{Decode, Encode},
    LangError, MessageResult,
};

/// The selector of `full_code`: the one that ink! reserves for a message beside one that takes all
/// selectors.
pub const FULL_CODE: [u8; 4] = [0x9b, 0xae, 0x9d, 0x5e];

/// The key of the cell that holds the hash of the full code. No field of a full code has this key:
/// each has one that is written beside it, and the root cell has 0.
const CELL: u32 = u32::from_be_bytes(*b"full");

/// Stores the hash of the full code, and locks that code on the chain. For a front's constructor,
/// which traps if the code is not on the chain.
pub fn set_full_code(hash: Hash) {
    lock_delegate_dependency::<DefaultEnvironment>(&hash);
    set_contract_storage(&CELL, &hash);
}

/// Returns the hash of the full code.
pub fn full_code() -> Hash {
    // A front without the cell was never made by `set_full_code`; no code has the hash zero.
    let stored = get_contract_storage(&CELL);
    stored.ok().flatten().unwrap_or_default()
}

/// Returns the selector of the message that is called. Input that is shorter calls none.
pub fn selector() -> [u8; 4] {
    decode_input().unwrap_or_default()
}

/// Returns the arguments of the message that is called, or ends the call as ink! does if they do
/// not decode.
pub fn arguments<T: Decode>() -> T {
    match decode_input::<([u8; 4], T)>() {
        Ok((_, arguments)) => arguments,
        Err(_) => return_value(
            ReturnFlags::REVERT,
            &MessageResult::<()>::Err(LangError::CouldNotReadInput),
        ),
    }
}

/// Ends the call with `value` as its answer.
pub fn answer<T: Encode>(value: T) -> ! {
    return_value(ReturnFlags::empty(), &MessageResult::Ok(value))
}

/// Ends the call with `value` as its answer. An error reverts the call.
pub fn answer_or_revert<T: Encode, E: Encode>(value: Result<T, E>) -> ! {
    let flags = if value.is_ok() {
        ReturnFlags::empty()
    } else {
        ReturnFlags::REVERT
    };
    return_value(flags, &MessageResult::Ok(value))
}

/// Ends the call with what the full code answers to it. Traps if the full code does.
pub fn hand_on() -> ! {
    let call = build_call::<DefaultEnvironment>()
        .delegate(full_code())
        .call_flags(CallFlags::FORWARD_INPUT | CallFlags::TAIL_CALL);
    // The chain ends this call with the answer of the full code. It returns only from a trap.
    let _trapped = call.try_invoke();
    panic!("the full code has trapped")
}

/// Executes a message of `$contract` if it is one of those listed, and hands any other on to the
/// full code. Ends the call.
///
/// `answers` lists messages without errors, and `tries` those that return a `Result`; each with the
/// name that its selector is made of. After `writes` are those that change the root cell; it is
/// written for these alone.
#[macro_export]
macro_rules! execute {
    (
        $contract:expr;
        answers { $($read:tt $reads:ident($($r:ident),*)),* $(,)? }
        tries { $($try:tt $tries:ident($($t:ident),*)),* $(,)? }
        writes { $($write:tt $writes:ident($($w:ident),*)),* $(,)? }
    ) => {
        match $crate::front::selector() {
            $(it if it == ::ink::selector_bytes!($read) => {
                let ($($r,)*) = $crate::front::arguments();
                $crate::front::answer($contract.$reads($($r),*))
            })*
            $(it if it == ::ink::selector_bytes!($try) => {
                let ($($t,)*) = $crate::front::arguments();
                $crate::front::answer_or_revert($contract.$tries($($t),*))
            })*
            $(it if it == ::ink::selector_bytes!($write) => {
                let ($($w,)*) = $crate::front::arguments();
                let value = $contract.$writes($($w),*);
                ::ink::env::set_contract_storage(&0u32, &$contract);
                $crate::front::answer_or_revert(value)
            })*
            _ => $crate::front::hand_on(),
        }
    };
}

/// Begins a message that a front executes: in the full code, which is loaded for all others, it
/// traps. In the front, and off the chain, it does nothing.
#[macro_export]
macro_rules! front_only {
    () => {
        if cfg!(not(any(feature = "std", feature = "ink-as-dependency"))) {
            panic!()
        }
    };
}
