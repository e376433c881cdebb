//! What can go wrong between the worker and a contract.

use inktensor_primitives::{hash::hex, AccountId};
use scale::{Decode, Encode};
use std::fmt::Debug;
use thiserror::Error;

/// The chain did not run a message to its end, or its answer made no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error, Encode, Decode)]
pub enum ChainError {
    /// Nothing is deployed at the address.
    #[error("there is no contract at {}", hex(.0.as_ref()))]
    NoContract(AccountId),
    /// No code with the hash is on the chain.
    #[error("there is no code with hash {}", hex(.0))]
    NoCode([u8; 32]),
    /// The contract stopped in the middle: a panic, or a peer that did.
    #[error("the contract trapped")]
    Trapped,
    /// The message needs more time or proof than a transaction may take.
    #[error("the message ran out of gas")]
    OutOfGas,
    /// The runtime refused, for the reason named.
    #[error("the runtime refused: {0}")]
    Runtime(String),
    /// The contract does not know the message, or not these arguments.
    #[error("the contract does not understand the message")]
    NotUnderstood,
    /// The answer is not of the type that the interface states.
    #[error("the contract's answer has another type than its interface states")]
    BadAnswer,
    /// Nobody answered within the time given, or not in the protocol of a served chain. Nothing
    /// was sent, or nothing that changes the chain.
    #[error("the chain at {address} does not answer: {reason}; start it, or name another one")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What happened instead.
        reason: String,
    },
    /// The connection was lost after a transaction was sent: it may or may not have been carried
    /// out. Look at the chain before sending it again.
    #[error("it is not known whether the transaction was carried out: {0}; look at the chain before sending it again")]
    OutcomeUnknown(String),
    /// The worker itself kept the transaction back.
    #[error("nothing was sent: {0}")]
    NotSent(String),
}

impl ChainError {
    /// Whether it is about the way to the chain: the same may succeed when the chain is reached
    /// again.
    pub const fn is_of_the_connection(&self) -> bool {
        matches!(
            self,
            ChainError::Unreachable { .. } | ChainError::OutcomeUnknown(_)
        )
    }
}

/// A typed message failed: on the way, or because the contract said no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError<E: Debug> {
    /// The contract was not asked, or did not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The contract answered with an error of its own.
    #[error("the contract refused: {0:?}")]
    Refused(E),
}

impl<E: Debug> CallError<E> {
    /// The contract's own error, if it is one.
    pub fn refusal(self) -> Option<E> {
        match self {
            CallError::Chain(_) => None,
            CallError::Refused(error) => Some(error),
        }
    }
}
