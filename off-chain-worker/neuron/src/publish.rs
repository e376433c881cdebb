//! Endpoints and pledges of a neuron in the registry.

use crate::config::Common;
use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, Message, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    registry::{
        Axon, CommitmentKind, Host, NetworkRules, Registry, RegistryError, Seat, ServingView,
    },
    work::Pledge,
    AccountId, NetUid, Rao,
};
use inktensor_wire::client::address::check_published;
use psp22::{PSP22Error, PSP22};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};
use thiserror::Error;

/// Time for which an endpoint is not published after another process has replaced it. Each
/// publication costs a fee, and two processes would replace each other's in every block.
const HOLD: Duration = Duration::from_secs(600);
/// Publications that may be missing from the chain before they count as replaced: a block with one
/// may be abandoned.
const MAX_LOST: u32 = 2;

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

/// An endpoint that is not published, since callers or the registry refuse it.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// A port or an address that callers refuse.
    #[error("{flag}: callers refuse it: {problem}")]
    Refused {
        /// The flag with its value.
        flag: String,
        /// The reason.
        problem: inktensor_wire::client::AddressError,
    },
    /// An address that no other machine reaches.
    #[error(
        "--host {0}: the registry refuses this address; use one that others reach, or on one \
         machine a name such as m0.localhost with --allow-private"
    )]
    Host(IpAddr),
}

/// Checks the endpoint of the settings before it is published. Port 0 stands for a free one.
///
/// # Errors
/// `Refused` for the port, `Host`, `Refused` for the host, in this order.
pub fn check_endpoint(common: &Common) -> Result<(), EndpointError> {
    let (host, listen) = (&common.host, common.listen);
    let (flag, port) = match common.port {
        Some(port) => (format!("--port {port}"), port),
        None => (format!("--listen {listen}"), listen.port()),
    };
    // Free ports are above those that callers refuse.
    let port = if port == 0 { u16::MAX } else { port };
    let refused = |flag| move |problem| EndpointError::Refused { flag, problem };
    check_published(&Host::V4([1, 1, 1, 1]), port, true).map_err(refused(flag))?;
    let address: Option<IpAddr> = match host {
        Host::V4(address) => Some(Ipv4Addr::from(*address).into()),
        Host::V6(address) => Some(Ipv6Addr::from(*address).into()),
        Host::Name(_) => None,
    };
    // The rule of the registry, which has no exception.
    let is_refused = |address: &IpAddr| {
        let all_ones = match address {
            IpAddr::V4(address) => address.is_broadcast(),
            IpAddr::V6(address) => address.octets() == [u8::MAX; 16],
        };
        address.is_unspecified() || address.is_loopback() || all_ones
    };
    if let Some(address) = address.filter(is_refused) {
        return Err(EndpointError::Host(address));
    }
    let flag = "--host".to_owned();
    check_published(host, port, common.allow_private).map_err(refused(flag))
}

/// A neuron's own endpoint on the chain, over time: finds out that another process replaces it.
#[derive(Debug, Default)]
pub struct OwnEndpoint {
    /// Publications that the chain has not shown yet.
    sent: u32,
    /// True once the chain has shown the own endpoint.
    shown: bool,
    held_until: Option<Instant>,
}

/// The thing to do about an endpoint on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The endpoint is published.
    Nothing,
    /// The endpoint is to be published.
    Publish,
    /// Another process has replaced it just now: publish nothing for a while.
    Conflict,
    /// Another process has replaced it: publish nothing yet.
    Hold,
}

impl OwnEndpoint {
    /// Returns what is due if the chain shows the endpoint `found`, and the own one is `own`.
    pub fn due(&mut self, found: Option<&Axon>, own: &Axon, now: Instant) -> Due {
        if found == Some(own) {
            self.shown = true;
            self.sent = 0;
            return Due::Nothing;
        }
        if self.held_until.is_some_and(|until| now < until) {
            return Due::Hold;
        }
        // A seat that is new shows nothing. What it shows then is another's.
        if found.is_some() && (self.shown || self.sent >= MAX_LOST) {
            *self = Self {
                held_until: now.checked_add(HOLD),
                ..Self::default()
            };
            return Due::Conflict;
        }
        Due::Publish
    }

    /// Records a publication.
    pub fn sent(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }
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

    /// Publishes an endpoint, if `own` finds that it is due. Returns what was due, and the endpoint
    /// that the chain showed.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn axon(
        &mut self,
        axon: &Axon,
        own: &mut OwnEndpoint,
    ) -> Result<(Due, Option<Axon>), PublishError> {
        let serving = self.serving()?;
        let found = serving.as_ref().and_then(|it| it.axon.clone());
        let due = own.due(found.as_ref(), axon, Instant::now());
        if due != Due::Publish {
            return Ok((due, found));
        }
        let message = self
            .contracts
            .registry()
            .serve_axon(self.netuid, axon.clone());
        self.send(serving.is_none(), message)?;
        own.sent();
        Ok((due, found))
    }

    /// Publishes a pledge, unless it is published already. Returns true if it was sent.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn pledge(&mut self, pledge: &Pledge) -> Result<bool, PublishError> {
        self.commit(pledge.to_data())
    }

    /// Publishes the data of a pledge, unless it is published already. Returns true if it was sent.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn commit(&mut self, data: Vec<u8>) -> Result<bool, PublishError> {
        let serving = self.serving()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Fields, MineLayer};
    use std::num::NonZeroU16;

    fn axon(port: u16) -> Axon {
        Axon {
            host: Host::V4([8, 8, 4, 4]),
            port,
            protocol: 9,
            version: 1,
            tls: None,
        }
    }

    #[test]
    fn two_processes_of_a_hotkey_publish_once_in_a_while() {
        let start = Instant::now();
        let (mut first, mut second) = (OwnEndpoint::default(), OwnEndpoint::default());
        let (mut chain, mut sent, mut conflicts) = (None, 0, 0);
        // A block a second, for an hour.
        for block in 0..3600 {
            let now = start + Duration::from_secs(block);
            for (own, axon) in [(&mut first, axon(2001)), (&mut second, axon(2002))] {
                match own.due(chain.as_ref(), &axon, now) {
                    Due::Publish => {
                        own.sent();
                        chain = Some(axon);
                        sent += 1;
                    }
                    Due::Conflict => conflicts += 1,
                    Due::Nothing | Due::Hold => {}
                }
            }
        }
        assert!((2..=16).contains(&sent), "{sent} transactions in an hour");
        assert!((1..=14).contains(&conflicts), "{conflicts}");
    }

    #[test]
    fn a_new_endpoint_and_a_new_seat_are_published_at_once() {
        let now = Instant::now();
        let mut own = OwnEndpoint::default();
        assert_eq!(own.due(Some(&axon(1)), &axon(2), now), Due::Publish);
        own.sent();
        assert_eq!(own.due(Some(&axon(2)), &axon(2), now), Due::Nothing);
        assert_eq!(own.due(None, &axon(2), now), Due::Publish);
        // A block with the publication was abandoned.
        let mut own = OwnEndpoint::default();
        own.sent();
        assert_eq!(own.due(Some(&axon(1)), &axon(2), now), Due::Publish);
    }

    #[test]
    fn an_endpoint_that_others_refuse_is_refused_before_the_start() {
        let problem = |host: &str, listen: &str, allow_private| {
            let layer = MineLayer {
                netuid: NonZeroU16::new(1),
                chain: Some("tcp://127.0.0.1:1".parse().unwrap()),
                listen: Some(listen.parse().unwrap()),
                host: Some(host.into()),
                store: Some("store".into()),
                allow_private: Some(allow_private),
                ..MineLayer::defaults()
            };
            let checked = check_endpoint(&layer.common().unwrap());
            checked.map_err(|problem| problem.to_string()).err()
        };
        for listen in ["0.0.0.0:80", "0.0.0.0:443", "0.0.0.0:1024", "0.0.0.0:0"] {
            assert_eq!(problem("m0.example.org", listen, false), None);
        }
        assert_eq!(problem("m0.localhost", "127.0.0.1:0", true), None);
        assert_eq!(problem("10.0.0.1", "127.0.0.1:0", true), None);
        for (host, listen, allow_private, named) in [
            ("m0.example.org", "0.0.0.0:81", true, "--listen 0.0.0.0:81"),
            ("127.0.0.1", "0.0.0.0:8091", true, "--host 127.0.0.1"),
            ("0.0.0.0", "0.0.0.0:8091", false, "--host 0.0.0.0"),
            ("10.0.0.1", "0.0.0.0:8091", false, "10.0.0.1 is not"),
            ("m0.localhost", "0.0.0.0:8091", false, "m0.localhost is"),
        ] {
            let problem = problem(host, listen, allow_private).unwrap();
            assert!(
                problem.contains(named) && !problem.contains('\n'),
                "{problem}"
            );
        }
    }
}
