//! The network's contracts in a session, and the calls to them.

mod deploy;
mod epochs;
mod setup;

use crate::{bundle, Failure};
use drink::{
    minimal::MinimalSandbox,
    sandbox_api::prelude::*,
    session::{error::SessionError, Session, NO_ENDOWMENT},
    AccountId32,
};
use inktensor_primitives::{AccountId, NetUid};
use scale::Decode;
use std::{collections::BTreeMap, fmt::Debug};

/// The account that has all TAO at first.
pub const BANK: AccountId = account("bank");
/// The account that deploys the contracts and stays the network's admin.
pub const DEPLOYER: AccountId = account("deployer");
/// The account of the protocol's reserve.
pub const TREASURY: AccountId = account("treasury");

/// The chain's own coin that an account has at least. It pays for storage.
const COIN: u128 = 1_000_000_000_000;

/// Returns the account whose bytes are `name`, so that a failure prints a readable account.
///
/// # Panics
/// If `name` has more than 32 bytes.
pub const fn account(name: &str) -> AccountId {
    let mut bytes = [0; 32];
    let name = name.as_bytes();
    let mut at = 0;
    while at < name.len() {
        bytes[at] = name[at];
        at += 1;
    }
    AccountId(bytes)
}

/// The addresses of the network's contracts.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// TAO.
    pub token: AccountId,
    /// Subnets and neurons.
    pub registry: AccountId,
    /// Stake.
    pub staking: AccountId,
    /// Emission.
    pub emission: AccountId,
    /// Weights and epochs.
    pub epoch: AccountId,
    /// The Yuma kernel.
    pub yuma: AccountId,
}

/// A deployed network and the session that it runs in.
pub struct Network {
    session: Session<MinimalSandbox>,
    /// The addresses of its contracts.
    pub addresses: Addresses,
    /// The memory that the last epoch of each subnet left.
    memory: BTreeMap<NetUid, Vec<u8>>,
}

impl Network {
    /// Returns the session, for what the network's own methods do not offer.
    pub fn session(&mut self) -> &mut Session<MinimalSandbox> {
        &mut self.session
    }

    /// Deploys the contract `name` with its constructor `new`, signed by `who`. Returns the
    /// contract's address.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn deploy_contract(
        &mut self,
        who: AccountId,
        name: &str,
        arguments: &[String],
    ) -> Result<AccountId, Failure> {
        deploy_contract(&mut self.session, who, name, arguments)
    }

    /// Sends `message` to `contract`, signed by `who`. Returns the contract's answer.
    ///
    /// The message is named as in the contract's metadata, such as `Staking::add_stake`; a message
    /// outside a trait has its bare name. Arguments are written as for `cargo contract call`.
    ///
    /// # Errors
    /// `Session` if the chain does not run the call. A contract's refusal is the inner result.
    pub fn call<T: Decode, E: Decode>(
        &mut self,
        who: AccountId,
        contract: AccountId,
        message: &str,
        arguments: &[String],
    ) -> Result<Result<T, E>, Failure> {
        sign(&mut self.session, who);
        let session = &mut self.session;
        let address = AccountId32::new(contract.0);
        let called = session.call_with_address(address, message, arguments, NO_ENDOWMENT);
        let answer = match called {
            Err(reverted @ SessionError::CallReverted(_)) => reverted.decode_revert(),
            called => called,
        };
        let answer = answer.map_err(failed(message))?;
        answer.map_err(|error| Failure::Session {
            message: message.into(),
            source: SessionError::Decoding(error.to_string()),
        })
    }

    /// Returns the answer of a message that cannot refuse, such as a view.
    ///
    /// # Errors
    /// `Session` if the chain does not run the call.
    pub fn read<T: Decode>(
        &mut self,
        contract: AccountId,
        message: &str,
        arguments: &[String],
    ) -> Result<T, Failure> {
        sign(&mut self.session, BANK);
        let address = AccountId32::new(contract.0);
        let session = &mut self.session;
        let answer = session
            .call_with_address(address, message, arguments, NO_ENDOWMENT)
            .map_err(failed(message))?;
        answer.map_err(|error| Failure::Session {
            message: message.into(),
            source: SessionError::Decoding(error.to_string()),
        })
    }

    /// Makes `blocks` blocks in which nothing happens.
    pub fn advance(&mut self, blocks: u32) {
        self.session.sandbox().build_blocks(blocks);
    }

    /// Returns the number of the current block.
    pub fn block(&mut self) -> u32 {
        self.session.sandbox().block_number()
    }

    /// Makes blocks until `block`; none if that is over.
    fn advance_to(&mut self, block: u32) {
        let now = self.block();
        self.advance(block.saturating_sub(now));
    }
}

/// Returns `who` as an argument of a message.
pub fn argument(who: AccountId) -> String {
    let digits: String = who.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

/// Deploys the bundle `name` with its constructor `new`, signed by `who`.
fn deploy_contract(
    session: &mut Session<MinimalSandbox>,
    who: AccountId,
    name: &str,
    arguments: &[String],
) -> Result<AccountId, Failure> {
    sign(session, who);
    // A number of its own, so that a contract can be deployed twice with the same arguments.
    let salt = session.record().deploy_returns().len().to_le_bytes();
    let address = session
        .deploy_bundle(bundle(name)?, "new", arguments, salt.to_vec(), NO_ENDOWMENT)
        .map_err(failed(name))?;
    Ok(AccountId(address.into()))
}

/// Lets `who` sign the next call, with enough of the chain's own coin to pay for storage.
fn sign(session: &mut Session<MinimalSandbox>, who: AccountId) {
    let who = AccountId32::new(who.0);
    if session.sandbox().free_balance(&who) < COIN / 2 {
        // Fails only beyond 128 bits; then the call fails for want of coin.
        let _ = session.sandbox().mint_into(&who, COIN);
    }
    session.set_actor(who);
}

/// Names the message that the session did not run.
fn failed(message: &str) -> impl FnOnce(SessionError) -> Failure + '_ {
    move |source| Failure::Session {
        message: message.into(),
        source,
    }
}

/// Returns the value of an answer that has to be one.
fn succeeded<T, E: Debug>(message: &'static str, answer: Result<T, E>) -> Result<T, Failure> {
    answer.map_err(|error| Failure::Refused {
        message,
        error: format!("{error:?}"),
    })
}
