//! A network to work on: signs, approves and sends, and says in one line what was refused.

use crate::{error::Failure, network::Network, output::format::tao};
use ink::env::Event;
use inktensor_client::{
    chain::{rpc::Wait, ContractError, ContractEvent, Cost, Message, Typed},
    ss58::ss58,
};
use inktensor_primitives::{
    registry::{KernelEntry, Registry},
    AccountId, Rao,
};
use inktensor_worker::chain_source::ChainSource;
use psp22::PSP22;
use scale::Decode;

/// A network to work on.
pub struct Session {
    /// The network.
    pub network: Network,
    /// The account that signs.
    pub account: AccountId,
    /// When a transaction counts as carried out.
    pub wait: Wait,
    /// The cause of the registry's `TooSoon`, which depends on the command.
    pub too_soon: &'static str,
    /// The subject of the staking contract's `TooLittle`, if the command knows it.
    pub too_little: Option<&'static str>,
}

/// A transaction that a contract carried out.
pub struct Done<T> {
    /// The contract's answer.
    pub value: T,
    /// The events that contracts emitted.
    pub events: Vec<ContractEvent>,
    /// The cost of all transactions of the command so far.
    pub cost: Cost,
}

impl<T> Done<T> {
    /// Returns the first event of type `E`.
    ///
    /// An event says what happened. The contract's answer is that of a dry run, which other
    /// transactions of the block may have overtaken.
    pub fn event<E: Event + Decode>(&self) -> Option<E> {
        self.all_events().next()
    }

    /// Returns all events of type `E`.
    pub fn all_events<'a, E: Event + Decode + 'a>(&'a self) -> impl Iterator<Item = E> + 'a {
        self.events.iter().filter_map(ContractEvent::decode)
    }
}

impl Session {
    /// Sends a message.
    ///
    /// # Errors
    /// The contract's refusal after its name: `staking: 0.001 TAO is below ..`.
    pub fn send<T: Decode, E: Decode + ContractError>(
        &mut self,
        message: impl Into<Message<Result<T, E>>>,
    ) -> Result<Done<T>, Failure> {
        let message = message.into();
        let contract = message.to;
        // A refusal comes before anything is waited for. In a folder only a transaction makes a
        // block, so the message runs in a later one than a read.
        if matches!(self.network.source, ChainSource::Nodes(_)) {
            let tried = self.network.query_as(self.account, message.clone())?;
            tried.map_err(|error| self.refused(contract, &error))?;
        }
        self.network.now_waits_for(match self.wait {
            Wait::Best => "the transaction to be in a block",
            Wait::Finalized => "the transaction to be final",
        });
        let sent = self.network.opened.chain.send(self.account, message);
        self.network.now_waits_for_chain();
        let sent = sent.map_err(|error| self.network.failed(error))?;
        match sent.value {
            Ok(value) => Ok(Done {
                value,
                events: sent.events,
                cost: sent.cost,
            }),
            Err(error) => Err(self.refused(contract, &error)),
        }
    }

    /// Sends a message for which its contract takes `amount` of the signer's TAO, and approves the
    /// amount first. If the message would be refused for another reason than the payment, nothing
    /// is approved and nothing is sent.
    ///
    /// # Errors
    /// As [`Session::send`]; that the signer has too little TAO.
    pub fn pay<T: Decode, E: Decode + ContractError, M: Into<Message<Result<T, E>>>>(
        &mut self,
        amount: Rao,
        message: impl Fn() -> M,
    ) -> Result<Done<T>, Failure> {
        let spender = self.check(&message)?;
        let approved = self.approve(spender, amount)?;
        let done = self.send(message())?;
        Ok(Done {
            cost: approved.and(done.cost),
            ..done
        })
    }

    /// Reads a message as the signer, to see whether the contract would refuse it for another
    /// reason than the payment. Returns the contract.
    ///
    /// # Errors
    /// The refusal, as in [`Session::send`].
    pub fn check<T: Decode, E: Decode + ContractError, M: Into<Message<Result<T, E>>>>(
        &self,
        message: impl Fn() -> M,
    ) -> Result<AccountId, Failure> {
        let message = message().into();
        let contract = message.to;
        match self.network.query_as(self.account, message)? {
            Err(error) if !error.is_payment() => Err(self.refused(contract, &error)),
            _ => Ok(contract),
        }
    }

    /// Approves `amount` of the signer's TAO for `spender`, unless as much is approved already.
    fn approve(&mut self, spender: AccountId, amount: Rao) -> Result<Cost, Failure> {
        self.afford(amount)?;
        let psp22 = || self.network.contracts().psp22();
        let allowed: u128 = self
            .network
            .query(psp22().allowance(self.account, spender))?;
        if allowed >= amount.to_u128() {
            return Ok(Cost::default());
        }
        let message = psp22().approve(spender, amount.to_u128());
        Ok(self.send(message)?.cost)
    }

    /// Checks that the signer has `amount` of TAO.
    pub fn afford(&self, amount: Rao) -> Result<(), Failure> {
        let balance = self.network.balance(self.account)?;
        if balance >= amount {
            return Ok(());
        }
        Err(Failure::input(format_args!(
            "{} TAO are needed, and the account has {}",
            tao(amount),
            tao(balance)
        )))
    }

    /// Checks that the signer owns `hotkey`.
    ///
    /// # Errors
    /// With the owner, or that the hotkey has no owner.
    pub fn check_owns(&self, hotkey: AccountId) -> Result<(), Failure> {
        match self.network.owner_of(hotkey)? {
            Some(owner) if owner == self.account => Ok(()),
            Some(owner) => Err(Failure::input(format_args!(
                "the hotkey {} belongs to {}; sign with that coldkey",
                ss58(&hotkey),
                ss58(&owner)
            ))),
            None => Err(Failure::input(format_args!(
                "the hotkey {} has never registered, so it has no owner; check the address",
                ss58(&hotkey)
            ))),
        }
    }

    /// Checks that a subnet may choose `kernel`.
    ///
    /// # Errors
    /// That the kernel is not allowed, or retired.
    pub fn check_kernel(&self, kernel: AccountId) -> Result<(), Failure> {
        let registry = self.network.contracts().registry();
        let entry: Option<KernelEntry> = self.network.query(registry.kernel(kernel))?;
        let address = ss58(&kernel);
        match entry {
            Some(entry) if !entry.retired => Ok(()),
            Some(_) => Err(Failure::input(format_args!(
                "the kernel {address} is retired; choose another one"
            ))),
            None => Err(Failure::input(format_args!(
                "the kernel {address} is not allowed on this network; choose yuma or mean, or ask \
                 the admin to allow it"
            ))),
        }
    }

    fn refused(&self, contract: AccountId, error: &impl ContractError) -> Failure {
        let mut named = self.network.contracts().named();
        let name = named.find(|(_, address)| *address == contract);
        let name = name.map_or("the contract", |(name, _)| name);
        let text = match (error.too_soon(), error.too_little(), self.too_little) {
            (Some(block), ..) => format!(
                "not before block {block}: {}; try again then",
                self.too_soon
            ),
            (None, Some(least), Some(subject)) => {
                format!("{subject} is below the least stake of {least}; stake more")
            }
            _ => error.text(),
        };
        Failure::Refused(format!("{name}: {text}"))
    }
}
