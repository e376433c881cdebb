//! Endpoints and pledges of a neuron in the registry.

use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, Message, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    registry::{Axon, CommitmentKind, NetworkRules, Registry, RegistryError, Seat, ServingView},
    work::Pledge,
    AccountId, NetUid, Rao,
};
use psp22::{PSP22Error, PSP22};
use thiserror::Error;

/// An error of publishing.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The chain does not answer, or did not take the transaction.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The hotkey has no seat.
    #[error("the hotkey has no seat on the subnet; register it with `inktensor neuron register`")]
    NotSeated,
    /// The neuron published too recently.
    #[error("the neuron published too recently; not before block {0}, by the subnet's serving_rate_limit")]
    TooSoon(u32),
    /// The serving deposit could not be paid.
    #[error("the serving deposit of {0} rao cannot be paid: {1}; transfer TAO to the hotkey")]
    Deposit(u64, String),
    /// The registry refused for another reason.
    #[error("registry: {0}")]
    Refused(String),
}

/// The registry, for one neuron that publishes.
pub struct Publisher<'a> {
    /// The chain.
    pub chain: &'a mut dyn Chain,
    /// Addresses of the contracts.
    pub contracts: &'a Addresses,
    /// The subnet.
    pub netuid: NetUid,
    /// The neuron's hotkey, which signs.
    pub hotkey: AccountId,
}

impl Publisher<'_> {
    /// Returns what the neuron serves now.
    ///
    /// # Errors
    /// `Chain`, `NotSeated`.
    pub fn serving(&self) -> Result<Option<ServingView>, PublishError> {
        let registry = || self.contracts.registry();
        let seat: Option<Seat> = self
            .chain
            .query(registry().seat(self.netuid, self.hotkey))?;
        let seat = seat.ok_or(PublishError::NotSeated)?;
        Ok(self
            .chain
            .query(registry().serving(self.netuid, seat.uid))?)
    }

    /// Publishes an endpoint, unless it is published already. Returns true if it was sent.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn axon(&mut self, axon: &Axon) -> Result<bool, PublishError> {
        let serving = self.serving()?;
        if serving.as_ref().and_then(|it| it.axon.as_ref()) == Some(axon) {
            return Ok(false);
        }
        let message = self
            .contracts
            .registry()
            .serve_axon(self.netuid, axon.clone());
        self.send(serving.is_none(), message)?;
        Ok(true)
    }

    /// Publishes a pledge, unless it is published already. Returns true if it was sent.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn pledge(&mut self, pledge: &Pledge) -> Result<bool, PublishError> {
        let (serving, data) = (self.serving()?, pledge.to_data());
        let commitment = serving.as_ref().and_then(|it| it.commitment.as_ref());
        if commitment.is_some_and(|it| it.kind == CommitmentKind::Raw && it.data == data) {
            return Ok(false);
        }
        let message = self
            .contracts
            .registry()
            .commit(self.netuid, CommitmentKind::Raw, data);
        self.send(serving.is_none(), message)?;
        Ok(true)
    }

    /// Sends a message, after approving the serving deposit if it is due.
    fn send(
        &mut self,
        is_first: bool,
        message: impl Into<Message<Result<(), RegistryError>>>,
    ) -> Result<(), PublishError> {
        let message = message.into();
        // A refusal costs a fee, so it is looked for first. Without a deposit in place the refusal
        // for the payment is the last one.
        let tried = self.chain.query_as(self.hotkey, message.clone())?;
        match tried {
            Err(RegistryError::TooSoon(block)) => return Err(PublishError::TooSoon(block)),
            Err(RegistryError::Payment(_)) if is_first => self.approve_deposit()?,
            Err(error) => return Err(PublishError::Refused(error.to_string())),
            Ok(()) => {}
        }
        match self.chain.send(self.hotkey, message).answer() {
            Ok(_) => Ok(()),
            Err(CallError::Chain(error)) => Err(error.into()),
            Err(CallError::Refused(RegistryError::TooSoon(block))) => {
                Err(PublishError::TooSoon(block))
            }
            Err(CallError::Refused(error)) => Err(PublishError::Refused(error.to_string())),
        }
    }

    fn approve_deposit(&mut self) -> Result<(), PublishError> {
        let rules: NetworkRules = self
            .chain
            .query(self.contracts.registry().network_rules())?;
        let deposit: Rao = rules.serving_deposit;
        let approve = self
            .contracts
            .psp22()
            .approve(self.contracts.registry, deposit.to_u128());
        let sent = self.chain.send(self.hotkey, approve).answer();
        match sent {
            Ok(_) => Ok(()),
            Err(CallError::Chain(error)) => Err(error.into()),
            Err(CallError::<PSP22Error>::Refused(error)) => {
                use inktensor_client::chain::ContractError;
                Err(PublishError::Deposit(deposit.0, error.text()))
            }
        }
    }
}
