//! Errors of a chain, and of a message to a contract.

use inktensor_primitives::{
    emission::EmissionError, epoch::EpochError, governance::GovernanceError, hash::hex,
    kernel::KernelError, registry::RegistryError, ss58::ss58, staking::StakingError,
    token::WireError, treasury::TreasuryError, AccountId, Rao,
};
use psp22::PSP22Error;
use scale::{Decode, Encode};
use std::fmt::Debug;
use thiserror::Error;

/// An error of a chain: it did not carry out a message, or its answer is malformed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Encode, Decode)]
pub enum ChainError {
    /// No contract has this address.
    #[error("there is no contract at {}; `inktensor deployment check` compares the chain with the deployment's file", ss58(.0))]
    NoContract(AccountId),
    /// No code on the chain has this hash.
    #[error("there is no code with hash {}", hex(.0))]
    NoCode([u8; 32]),
    /// The contract stopped in the middle: it panicked, or a contract that it called did. The full
    /// code of a front that runs out of gas stops it too.
    #[error("the contract trapped, or ran out of gas")]
    Trapped,
    /// The message needs more time or proof than a transaction may take.
    #[error("the message ran out of gas")]
    OutOfGas,
    /// The runtime refused, for this reason.
    #[error("the runtime refused: {0}")]
    Runtime(String),
    /// The contract has no such message, or its arguments are of other types.
    #[error("the contract does not understand the message; is it of another version?")]
    NotUnderstood,
    /// The answer is not of the type that the interface states.
    #[error("the contract's answer has another type than its interface states")]
    BadAnswer,
    /// No answer within the timeout, or none in the protocol of a served chain. Nothing was sent
    /// that changes the chain.
    #[error("the chain at {address} does not answer: {reason}; start it, or name another one")]
    Unreachable {
        /// Address of the chain.
        address: String,
        /// Reason, such as a refused connection.
        reason: String,
    },
    /// The connection was lost after a transaction was sent. It may have been carried out. Look at
    /// the chain before you send it again.
    #[error("it is not known whether the transaction was carried out: {0}; look at the chain before sending it again")]
    OutcomeUnknown(String),
    /// Another block has replaced the one with this number, so what was read at it is of a fork
    /// that is no more.
    #[error("block {0} was replaced by another one; read again")]
    BlockGone(u32),
    /// The node has discarded the state that was asked for.
    #[error("the node has discarded the state before block {first}; a node keeps that of 256 blocks by default, and all of it with --state-pruning archive")]
    Pruned {
        /// Oldest block whose state the node has.
        first: u32,
    },
    /// Too few nodes of the chain give the same answer.
    #[error("{agree} of the nodes give the same answer, and {wanted} must (--agree): find out which of the nodes in --chain is wrong")]
    NodesDiffer {
        /// Most nodes with the same answer.
        agree: u32,
        /// Number of nodes that must agree.
        wanted: u32,
    },
    /// The worker itself held the transaction back.
    #[error("nothing was sent: {0}")]
    NotSent(String),
}

impl ChainError {
    /// Returns true if the error is one of the connection, or of its nodes: the same call may
    /// succeed once the chain is read again.
    pub const fn is_of_the_connection(&self) -> bool {
        matches!(
            self,
            ChainError::Unreachable { .. }
                | ChainError::OutcomeUnknown(_)
                | ChainError::BlockGone(_)
                | ChainError::NodesDiffer { .. }
        )
    }
}

/// The error of a contract, which has a text for people.
pub trait ContractError: Debug {
    /// Returns what is wrong and what to do.
    fn text(&self) -> String;

    /// Returns true if the caller's balance or allowance is too small, and nothing else is wrong.
    fn is_payment(&self) -> bool {
        false
    }

    /// Returns the block from which on the message is accepted, if it follows an earlier one too
    /// soon. The caller knows of what.
    fn too_soon(&self) -> Option<u32> {
        None
    }

    /// Returns the least stake, if an amount or the stake after it is below. The caller knows
    /// which.
    fn too_little(&self) -> Option<Rao> {
        None
    }
}

macro_rules! displayed {
    ($($error:ident $(with $payment:ident)? $(and $soon:ident)? $(or $little:ident)?),+) => {$(
        impl ContractError for $error {
            fn text(&self) -> String {
                self.to_string()
            }
            $(
                fn is_payment(&self) -> bool {
                    matches!(self, $error::$payment(_))
                }
            )?
            $(
                fn too_soon(&self) -> Option<u32> {
                    match self {
                        $error::$soon(block) => Some(*block),
                        _ => None,
                    }
                }
            )?
            $(
                fn too_little(&self) -> Option<Rao> {
                    match self {
                        $error::$little(least) => Some(*least),
                        _ => None,
                    }
                }
            )?
        }
    )+};
}

displayed!(
    EmissionError,
    EpochError with Payment,
    KernelError,
    RegistryError with Payment and TooSoon,
    StakingError with Payment or TooLittle,
    GovernanceError with Payment,
    TreasuryError,
    WireError
);

impl ContractError for PSP22Error {
    fn text(&self) -> String {
        match self {
            PSP22Error::Custom(reason) | PSP22Error::SafeTransferCheckFailed(reason) => {
                reason.clone()
            }
            PSP22Error::InsufficientBalance => "the account has too little TAO".into(),
            PSP22Error::InsufficientAllowance => {
                "the owner has not approved so much; approve it first".into()
            }
            PSP22Error::ZeroRecipientAddress => "the recipient is the zero address".into(),
            PSP22Error::ZeroSenderAddress => "the sender is the zero address".into(),
        }
    }
}

/// An error of a typed message: of the chain, or of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError<E: ContractError> {
    /// The message did not reach the contract, or there is no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The contract returned an error of its own.
    #[error("the contract refused: {}", .0.text())]
    Refused(E),
}

impl<E: ContractError> CallError<E> {
    /// Returns the contract's own error.
    pub fn refusal(self) -> Option<E> {
        match self {
            CallError::Chain(_) => None,
            CallError::Refused(error) => Some(error),
        }
    }
}
