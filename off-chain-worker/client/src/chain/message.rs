//! Typed messages: the traits of `inktensor-primitives` state the arguments of a message and the
//! type of its answer.

use super::{
    BlockId, Call, CallError, Chain, ChainError, ChainRead, ContractError, ContractEvent, Cost,
    Receipt,
};
use ink::env::{
    call::{
        self as ink_call,
        utils::{ReturnType, Set},
        CallBuilder, ExecutionInput,
    },
    DefaultEnvironment,
};
use inktensor_primitives::AccountId;
use scale::{Decode, DecodeAll, Encode};
use std::marker::PhantomData;

/// The messages of each interface. `contracts::registry(address).subnet(netuid)` is a message,
/// ready to be read or sent.
pub mod contracts {
    use super::{AccountId, DefaultEnvironment, Message, PhantomData};
    use ink::codegen::TraitCallBuilder;
    use inktensor_primitives::{
        emission, epoch, front::FULL_CODE, governance, kernel, registry, staking, token, treasury,
        Digest,
    };

    macro_rules! interface {
        ($(#[$doc:meta])* $function:ident, $alias:ident, $($path:tt)+) => {
            $(#[$doc])*
            pub type $alias = <ink::contract_ref!($($path)+, DefaultEnvironment) as TraitCallBuilder>::Builder;

            $(#[$doc])*
            pub fn $function(address: AccountId) -> $alias {
                address.into()
            }
        };
    }

    interface!(
        /// Returns the PSP22 messages of a token.
        psp22, Psp22Calls, psp22::PSP22
    );
    interface!(
        /// Returns the PSP22 metadata messages of a token.
        psp22_metadata, Psp22MetadataCalls, psp22::PSP22Metadata
    );
    interface!(
        /// Returns the message that burns a token.
        psp22_burnable, Psp22BurnableCalls, psp22::PSP22Burnable
    );
    interface!(
        /// Returns the message that mints a token.
        psp22_mintable, Psp22MintableCalls, psp22::PSP22Mintable
    );
    interface!(
        /// Returns the messages of TAO beyond PSP22.
        token, TokenCalls, token::TokenControl
    );
    interface!(
        /// Returns the messages of the registry.
        registry, RegistryCalls, registry::Registry
    );
    interface!(
        /// Returns the messages of the staking contract.
        staking, StakingCalls, staking::Staking
    );
    interface!(
        /// Returns the messages of the emission contract.
        emission, EmissionCalls, emission::Emission
    );
    interface!(
        /// Returns the messages of the treasury.
        treasury, TreasuryCalls, treasury::Treasury
    );
    interface!(
        /// Returns the messages of governance.
        governance, GovernanceCalls, governance::Governance
    );
    interface!(
        /// Returns the messages of the epoch contract.
        epoch, EpochCalls, epoch::Epochs
    );
    interface!(
        /// Returns the messages of a kernel.
        kernel, KernelCalls, kernel::IncentiveKernel
    );

    /// Returns the message of a front that returns the hash of its full code.
    pub fn full_code(front: AccountId) -> Message<Digest> {
        Message {
            to: front,
            input: FULL_CODE.to_vec(),
            answer: PhantomData,
        }
    }
}

type Builder<Args, R> = CallBuilder<
    DefaultEnvironment,
    Set<ink_call::Call<DefaultEnvironment>>,
    Set<ExecutionInput<Args>>,
    Set<ReturnType<R>>,
>;

/// A message to a contract whose answer is an `R`.
pub struct Message<R> {
    /// Contract that receives the message.
    pub to: AccountId,
    /// Selector and arguments.
    pub input: Vec<u8>,
    answer: PhantomData<fn() -> R>,
}

impl<R> Clone for Message<R> {
    fn clone(&self) -> Self {
        Self {
            to: self.to,
            input: self.input.clone(),
            answer: PhantomData,
        }
    }
}

impl<Args: Encode, R> From<Builder<Args, R>> for Message<R> {
    fn from(builder: Builder<Args, R>) -> Self {
        let params = builder.params();
        Self {
            to: *params.callee(),
            input: params.exec_input().encode(),
            answer: PhantomData,
        }
    }
}

impl<R> From<Message<R>> for Call {
    fn from(message: Message<R>) -> Self {
        Self {
            to: message.to,
            input: message.input,
        }
    }
}

/// Returns the selector of a message of a trait, such as `Registry::register`.
pub fn selector(name: &str) -> [u8; 4] {
    let hash = inktensor_primitives::hash::blake2(name.as_bytes());
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The outcome of a transaction, with the contract's answer decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent<R> {
    /// Answer of the contract.
    pub value: R,
    /// Events that contracts emitted during the transaction.
    pub events: Vec<ContractEvent>,
    /// Cost of the transaction.
    pub cost: Cost,
}

impl<R: Decode> Sent<R> {
    /// Decodes the answer in the receipt of a message that answers with an `R`.
    ///
    /// # Errors
    /// `NotUnderstood`, `BadAnswer`.
    pub fn of(receipt: Receipt) -> Result<Self, ChainError> {
        Ok(Self {
            value: decode(&receipt.output)?,
            events: receipt.events,
            cost: receipt.cost,
        })
    }
}

impl<R> Sent<R> {
    /// Returns the events of kind `E`.
    pub fn events_of<E: ink::env::Event + Decode>(&self) -> Vec<E> {
        self.events
            .iter()
            .filter_map(ContractEvent::decode)
            .collect()
    }
}

/// Typed access to a chain: reads messages, and sends them.
///
/// Both return what the message returns. A message that may refuse returns a `Result`, which
/// [`Answer::answer`] unfolds.
pub trait Typed: ChainRead {
    /// Reads a message, without a particular caller.
    fn query<R: Decode>(&self, message: impl Into<Message<R>>) -> Result<R, ChainError> {
        self.query_as([0; 32].into(), message)
    }

    /// Reads a message as `caller`: the answer is the one that sending it now would have.
    fn query_as<R: Decode>(
        &self,
        caller: AccountId,
        message: impl Into<Message<R>>,
    ) -> Result<R, ChainError> {
        let message = message.into();
        decode(&self.read(caller, message.to, &message.input)?)
    }

    /// Sends a message signed by `signer`.
    fn send<R: Decode>(
        &mut self,
        signer: AccountId,
        message: impl Into<Message<R>>,
    ) -> Result<Sent<R>, ChainError>
    where
        Self: Chain,
    {
        let message = message.into();
        Sent::of(self.submit(signer, message.to, &message.input)?)
    }

    /// Sends a message signed by `signer`, on forks with the block `after` only.
    fn send_after<R: Decode>(
        &mut self,
        signer: AccountId,
        message: impl Into<Message<R>>,
        after: &BlockId,
    ) -> Result<Sent<R>, ChainError>
    where
        Self: Chain,
    {
        let message = message.into();
        Sent::of(self.submit_after(signer, message.to, &message.input, after)?)
    }
}

impl<C: ChainRead + ?Sized> Typed for C {}

/// The answer to a message that may refuse.
pub trait Answer {
    /// The result of a message that was accepted.
    type Accepted;
    /// The contract's error.
    type Refusal: ContractError;

    /// Unfolds the contract's own `Result`.
    ///
    /// # Errors
    /// `Refused` with the contract's error; `Chain` if there is no answer.
    fn answer(self) -> Result<Self::Accepted, CallError<Self::Refusal>>;
}

impl<T, E: ContractError> Answer for Result<Result<T, E>, ChainError> {
    type Accepted = T;
    type Refusal = E;

    fn answer(self) -> Result<T, CallError<E>> {
        self?.map_err(CallError::Refused)
    }
}

impl<T, E: ContractError> Answer for Result<Sent<Result<T, E>>, ChainError> {
    type Accepted = Sent<T>;
    type Refusal = E;

    fn answer(self) -> Result<Sent<T>, CallError<E>> {
        let sent = self?;
        Ok(Sent {
            value: sent.value.map_err(CallError::Refused)?,
            events: sent.events,
            cost: sent.cost,
        })
    }
}

/// Reads several messages of one kind, without a particular caller.
///
/// # Errors
/// The first error of any.
pub fn query_all<R: Decode, M: Into<Message<R>>>(
    chain: &dyn ChainRead,
    messages: impl IntoIterator<Item = M>,
) -> Result<Vec<R>, ChainError> {
    let reads: Vec<(AccountId, Vec<u8>)> = messages
        .into_iter()
        .map(|message| {
            let message = message.into();
            (message.to, message.input)
        })
        .collect();
    let outputs = chain.read_all([0; 32].into(), &reads)?;
    outputs.iter().map(|output| decode(output)).collect()
}

/// Unwraps ink!'s own layer, which states if the contract understood the message.
fn decode<R: Decode>(mut output: &[u8]) -> Result<R, ChainError> {
    match output.split_first() {
        Some((0, rest)) => output = rest,
        Some((1, _)) => return Err(ChainError::NotUnderstood),
        _ => return Err(ChainError::BadAnswer),
    }
    R::decode_all(&mut output).map_err(|_| ChainError::BadAnswer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{epoch::Epochs, registry::Registry, NetUid, Uid};
    use psp22::PSP22;

    const SOMEONE: [u8; 32] = [7; 32];

    #[test]
    fn a_message_is_selector_and_arguments() {
        let message: Message<_> = contracts::registry(SOMEONE.into())
            .neuron(NetUid(1), Uid(2))
            .into();
        let mut expected = selector("Registry::neuron").to_vec();
        expected.extend([1, 0, 2, 0]);
        assert_eq!(message.to, SOMEONE.into());
        assert_eq!(message.input, expected);
    }

    #[test]
    fn selectors_of_the_token_are_those_of_the_standard() {
        let message: Message<_> = contracts::psp22(SOMEONE.into())
            .transfer([1; 32].into(), 5, vec![])
            .into();
        assert_eq!(message.input[..4], [0xdb, 0x20, 0xf9, 0xf5]);
        assert_eq!(selector("PSP22::transfer"), [0xdb, 0x20, 0xf9, 0xf5]);
    }

    #[test]
    fn an_answer_is_decoded_to_its_last_byte() {
        assert_eq!(decode::<u8>(&[0, 5]), Ok(5));
        assert_eq!(decode::<u8>(&[0, 5, 5]), Err(ChainError::BadAnswer));
        assert_eq!(decode::<u8>(&[1, 1]), Err(ChainError::NotUnderstood));
        assert_eq!(decode::<u8>(&[]), Err(ChainError::BadAnswer));
    }

    #[test]
    fn messages_of_all_kinds_can_be_built() {
        let _: Message<_> = contracts::epoch(SOMEONE.into()).close(NetUid(1)).into();
    }
}
