//! Calls to the network's contracts, and raw calls to others. Every refusal is an error of the
//! message, so that all actions of a proposal are undone together.

use ink::{
    codegen::TraitCallBuilder,
    contract_ref,
    env::{
        call::{build_call, ExecutionInput, Selector},
        DefaultEnvironment, Error,
    },
    prelude::vec::Vec,
    scale::{Decode, Encode, Input, Output},
    MessageResult,
};
use inktensor_primitives::{
    governance::{GovernanceError, GovernancePeers, RawCall},
    registry::Registry,
    staking::{Staking, StakingError, Standing},
    treasury::Treasury,
    AccountId, Rao,
};

/// The registry.
pub type RegistryRef = contract_ref!(Registry, DefaultEnvironment);
/// The treasury.
pub type TreasuryRef = contract_ref!(Treasury, DefaultEnvironment);
type StakingRef = contract_ref!(Staking, DefaultEnvironment);

/// Converts the outcome of a call.
///
/// # Errors
/// That of the contract; `PeerUnavailable` without an answer.
pub fn answer<T, E: Into<GovernanceError>>(
    outcome: Result<MessageResult<Result<T, E>>, Error>,
) -> Result<T, GovernanceError> {
    match outcome {
        Ok(Ok(answer)) => answer.map_err(Into::into),
        _ => Err(GovernanceError::PeerUnavailable),
    }
}

/// Converts the outcome of a call of a message that cannot fail.
///
/// # Errors
/// `PeerUnavailable` without an answer.
pub fn value<T>(outcome: Result<MessageResult<T>, Error>) -> Result<T, GovernanceError> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        _ => Err(GovernanceError::PeerUnavailable),
    }
}

/// Returns the standings of `accounts` at the end of root epoch `snapshot`, and the electorate.
///
/// # Errors
/// `Staking`, `PeerUnavailable`.
pub fn standings(
    peers: &GovernancePeers,
    accounts: Vec<AccountId>,
    snapshot: u32,
) -> Result<(Vec<Standing>, Rao), GovernanceError> {
    let staking: StakingRef = peers.staking.into();
    let outcome = staking.call().standings(accounts, snapshot).try_invoke();
    answer::<_, StakingError>(outcome)
}

/// Returns true if the treasury answers with the address of the token.
pub fn treasury_answers(peers: &GovernancePeers) -> bool {
    let outcome = treasury(peers).call().token().try_invoke();
    matches!(outcome, Ok(Ok(token)) if token == peers.token)
}

/// Returns true if staking answers with the addresses of token and registry.
pub fn staking_answers(peers: &GovernancePeers) -> bool {
    let staking: StakingRef = peers.staking.into();
    matches!(
        staking.call().peers().try_invoke(),
        Ok(Ok(found)) if found.token == peers.token && found.registry == peers.registry
    )
}

/// Returns the registry of the network.
pub fn registry(peers: &GovernancePeers) -> RegistryRef {
    peers.registry.into()
}

/// Returns the treasury of the network.
pub fn treasury(peers: &GovernancePeers) -> TreasuryRef {
    peers.treasury.into()
}

/// Returns the free TAO of the treasury, in rao.
///
/// # Errors
/// `PeerUnavailable`.
pub fn free(peers: &GovernancePeers) -> Result<Rao, GovernanceError> {
    value(treasury(peers).call().free().try_invoke())
}

/// Calls a contract that is not the network's own. The caller has checked target and code.
///
/// # Errors
/// `CallFailed` if the contract traps, or its answer is neither empty nor one of success.
pub fn raw(call: &RawCall) -> Result<(), GovernanceError> {
    let input = ExecutionInput::new(Selector::new(call.selector)).push_arg(Arguments(&call.input));
    let outcome = build_call::<DefaultEnvironment>()
        .call(call.target)
        .ref_time_limit(call.ref_time)
        .proof_size_limit(call.proof_size)
        .storage_deposit_limit(call.deposit)
        .exec_input(input)
        .returns::<Answer>()
        .try_invoke();
    match outcome {
        Ok(Ok(Answer(bytes))) if matches!(bytes.first(), None | Some(0)) => Ok(()),
        _ => Err(GovernanceError::CallFailed),
    }
}

/// Arguments that are encoded already.
struct Arguments<'a>(&'a [u8]);

impl Encode for Arguments<'_> {
    fn size_hint(&self) -> usize {
        self.0.len()
    }

    fn encode_to<T: Output + ?Sized>(&self, dest: &mut T) {
        dest.write(self.0);
    }
}

/// The whole answer of a message, of whatever type. ink! would refuse an answer that is longer than
/// its type.
struct Answer(Vec<u8>);

impl Decode for Answer {
    fn decode<I: Input>(input: &mut I) -> Result<Self, ink::scale::Error> {
        let length = input.remaining_len()?.unwrap_or_default();
        let mut bytes = ink::prelude::vec![0; length];
        input.read(&mut bytes)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_answer_is_read_whole() {
        for bytes in [&[][..], &[0], &[1, 2, 3]] {
            let mut input = bytes;
            let Answer(read) = Answer::decode(&mut input).unwrap();
            assert_eq!((read.as_slice(), input), (bytes, &[][..]));
        }
        assert_eq!(Arguments(&[1, 2]).encode(), [1, 2]);
    }
}
