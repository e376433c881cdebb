//! The network's contracts, deployed and wired in a session.

use crate::{bundle, Failure};
use drink::{
    minimal::{MinimalSandbox, RuntimeEvent},
    pallet_contracts::Event,
    sandbox_api::prelude::*,
    session::{error::SessionError, Session, NO_ENDOWMENT},
    AccountId32, Sandbox, Weight,
};
use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::{EpochError, EpochRules, EpochStatus, MemoryPublished, ResultsPublished},
    kernel::{EpochHeader, YumaParams},
    registry::{KernelParams, NetworkRules, RegistryError},
    staking::StakingError,
    token::WireError,
    AccountId, Bps, NetUid, Rao, Uid,
};
use psp22::PSP22Error;
use scale::{Decode, DecodeAll};
use std::{collections::BTreeMap, fmt::Debug};

/// The account that has all TAO at first.
pub const BANK: AccountId = account("bank");
/// The account that deploys the contracts and stays the network's admin.
pub const DEPLOYER: AccountId = account("deployer");
/// The account of the protocol's reserve.
pub const TREASURY: AccountId = account("treasury");

/// TAO at first.
const GENESIS: Rao = Rao::from_tao(5_000_000);
/// The chain's own coin that an account has at least. It pays for storage.
const COIN: u128 = 1_000_000_000_000;
/// Weight that a call may use: far more than one call needs.
const LIMIT: Weight = Weight::from_parts(u64::MAX / 4, u64::MAX / 4);
/// Delays short enough for tests.
const RULES: EpochRules = EpochRules {
    challenge_period: 5,
    collateral: Rao::from_tao(10),
            collateral_part: Bps(0),
            reward_part: Bps(5_000),
    settle_window: 40,
    replay_delay: 10,
    rollover_delay: 30,
};

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
    /// Deploys the network's contracts in `session` and wires them.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn deploy(mut session: Session<MinimalSandbox>) -> Result<Self, Failure> {
        session.set_gas_limit(LIMIT);
        let mut deploy = |name: &str, arguments: &[String]| {
            deploy_contract(&mut session, DEPLOYER, name, arguments)
        };
        let holders = format!("[({}, {})]", argument(BANK), GENESIS.0);
        let token = deploy("token", &[holders])?;
        let rules = format!("{:?}", NetworkRules::DEFAULT);
        let registry = deploy("registry", &[argument(token), rules])?;
        let staking = deploy("staking", &[argument(token), argument(registry)])?;
        let emission = deploy(
            "emission",
            &[
                argument(token),
                argument(staking),
                argument(TREASURY),
                format!("{:?}", Split::DEFAULT),
                format!("{:?}", Fees::DEFAULT),
            ],
        )?;
        let peers = format!(
            "{{ token: {}, registry: {}, staking: {}, emission: {} }}",
            argument(token),
            argument(registry),
            argument(staking),
            argument(emission)
        );
        let epoch = deploy("epoch", &[peers, format!("{RULES:?}")])?;
        let yuma = deploy("yuma", &[])?;
        let addresses = Addresses {
            token,
            registry,
            staking,
            emission,
            epoch,
            yuma,
        };
        let mut net = Self {
            session,
            addresses,
            memory: BTreeMap::new(),
        };
        net.wire()?;
        Ok(net)
    }

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

    /// Returns the TAO of `who`, in rao.
    ///
    /// # Errors
    /// `Session`.
    pub fn balance(&mut self, who: AccountId) -> Result<u128, Failure> {
        self.read(self.addresses.token, "PSP22::balance_of", &[argument(who)])
    }

    /// Returns all TAO, in rao.
    ///
    /// # Errors
    /// `Session`.
    pub fn total_supply(&mut self) -> Result<u128, Failure> {
        self.read(self.addresses.token, "PSP22::total_supply", &[])
    }

    /// Sends `amount` of the bank's TAO to `who`.
    ///
    /// # Errors
    /// `Refused` if the bank has less.
    pub fn fund(&mut self, who: AccountId, amount: Rao) -> Result<(), Failure> {
        let arguments = [argument(who), amount.0.to_string(), "[]".into()];
        self.pay(BANK, "PSP22::transfer", &arguments)
    }

    /// Lets `contract` collect `amount` of the TAO of `who`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn approve(
        &mut self,
        who: AccountId,
        contract: AccountId,
        amount: Rao,
    ) -> Result<(), Failure> {
        let arguments = [argument(contract), amount.0.to_string()];
        self.pay(who, "PSP22::approve", &arguments)
    }

    /// Creates and starts a subnet of `owner` that runs Yuma, paid with the bank's TAO.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn create_subnet(
        &mut self,
        owner: AccountId,
        hotkey: AccountId,
        tempo: u32,
    ) -> Result<NetUid, Failure> {
        let registry = self.addresses.registry;
        let price: Rao = self.read(registry, "Registry::creation_price", &[])?;
        self.fund(owner, price)?;
        self.approve(owner, registry, price)?;
        let arguments = [
            "\"example\"".into(),
            argument(hotkey),
            argument(self.addresses.yuma),
            tempo.to_string(),
            "64".into(),
            "8".into(),
            price.0.to_string(),
        ];
        let create = "Registry::create_subnet";
        let created = self.call::<NetUid, RegistryError>(owner, registry, create, &arguments)?;
        let netuid = succeeded(create, created)?;
        let start = "Registry::start";
        let arguments = [netuid.0.to_string()];
        let started = self.call::<(), RegistryError>(owner, registry, start, &arguments)?;
        succeeded(start, started)?;
        Ok(netuid)
    }

    /// Registers `hotkey` for `coldkey`, which pays with the bank's TAO.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn register(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        hotkey: AccountId,
    ) -> Result<Uid, Failure> {
        let registry = self.addresses.registry;
        // A registration makes the next one dearer; what is left over stays with the coldkey.
        let limit = Rao::from_tao(100);
        self.fund(coldkey, limit)?;
        self.approve(coldkey, registry, limit)?;
        let message = "Registry::register";
        let arguments = [netuid.0.to_string(), argument(hotkey), limit.0.to_string()];
        let registered = self.call::<Uid, RegistryError>(coldkey, registry, message, &arguments)?;
        succeeded(message, registered)
    }

    /// Stakes `amount` of the bank's TAO on `hotkey` for `coldkey`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn add_stake(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), Failure> {
        let staking = self.addresses.staking;
        self.fund(coldkey, amount)?;
        self.approve(coldkey, staking, amount)?;
        let message = "Staking::add_stake";
        let arguments = [netuid.0.to_string(), argument(hotkey), amount.0.to_string()];
        let added = self.call::<(), StakingError>(coldkey, staking, message, &arguments)?;
        succeeded(message, added)
    }

    /// Sets the weights of `hotkey`: pairs of uid and weight.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn set_weights(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        weights: &[(u16, u16)],
    ) -> Result<(), Failure> {
        let (uids, weights): (Vec<u16>, Vec<u16>) = weights.iter().copied().unzip();
        let arguments = [
            netuid.0.to_string(),
            format!("{uids:?}"),
            format!("{weights:?}"),
            "0".into(),
        ];
        let message = "Epochs::set_weights";
        let epoch = self.addresses.epoch;
        let set = self.call::<(), EpochError>(hotkey, epoch, message, &arguments)?;
        succeeded(message, set)
    }

    /// Returns the state of a subnet's epochs, if the subnet exists.
    ///
    /// # Errors
    /// `Session`.
    pub fn status(&mut self, netuid: NetUid) -> Result<Option<EpochStatus>, Failure> {
        let arguments = [netuid.0.to_string()];
        self.read(self.addresses.epoch, "Epochs::status", &arguments)
    }

    /// Waits for the end of the subnet's epoch, closes the epoch, has the chain execute it and pays
    /// every neuron.
    ///
    /// A network with workers computes epochs off the chain; this way needs none. A subnet's first
    /// epoch pays nothing: its budget follows from the stake at the close before. The subnet may
    /// have one chunk, which is 64 neurons.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn run_epoch(&mut self, netuid: NetUid) -> Result<(), Failure> {
        let epoch = self.addresses.epoch;
        let subnet = netuid.0.to_string();
        let status = self.known_status(netuid)?;
        self.advance_to(status.closes_at);
        let close = "Epochs::close";
        let arguments = [subnet.clone()];
        let closed =
            self.call::<Option<EpochHeader>, EpochError>(BANK, epoch, close, &arguments)?;
        succeeded(close, closed)?;

        let status = self.known_status(netuid)?;
        self.advance_to(status.replays_at.unwrap_or_default());
        let before = self.memory.remove(&netuid).unwrap_or_default();
        let mut results = Vec::new();
        let mut memory: Vec<u8> = Vec::new();
        while self.known_status(netuid)?.final_epoch == status.final_epoch {
            self.replay_step(netuid, &before)?;
            results.extend(self.events::<ResultsPublished>());
            let parts = self.events::<MemoryPublished>();
            memory.extend(parts.into_iter().flat_map(|part| part.bytes));
        }
        self.memory.insert(netuid, memory.clone());

        let settle = "Epochs::settle";
        for event in results {
            let arguments = [
                subnet.clone(),
                event.epoch.to_string(),
                event.chunk.to_string(),
                format!("{:?}", event.results),
                format!("{memory:?}"),
            ];
            let settled = self.call::<Rao, EpochError>(BANK, epoch, settle, &arguments)?;
            succeeded(settle, settled)?;
        }
        Ok(())
    }

    /// Has the chain execute the next step, with the memory of the epoch before if the step reads
    /// it.
    fn replay_step(&mut self, netuid: NetUid, memory: &[u8]) -> Result<(), Failure> {
        let replay = "Epochs::replay";
        let mut replayed = Err(EpochError::NoSteps);
        for opened in ["[]".to_owned(), format!("[{memory:?}]")] {
            let arguments = [netuid.0.to_string(), "1".into(), opened];
            replayed =
                self.call::<u32, EpochError>(BANK, self.addresses.epoch, replay, &arguments)?;
            if !matches!(replayed, Err(EpochError::OpeningMismatch(_))) {
                break;
            }
        }
        succeeded(replay, replayed)?;
        Ok(())
    }

    /// Names each contract's peers and allows the kernel.
    fn wire(&mut self) -> Result<(), Failure> {
        let Addresses {
            token,
            registry,
            staking,
            emission,
            epoch,
            yuma,
        } = self.addresses;
        let wirings = [
            (token, "TokenControl::wire", vec![argument(emission)]),
            (registry, "Registry::wire", vec![argument(epoch)]),
            (
                staking,
                "Staking::wire",
                vec![argument(emission), argument(epoch)],
            ),
            (emission, "Emission::wire", vec![argument(epoch)]),
        ];
        for (contract, message, arguments) in wirings {
            let wired = self.call::<(), WireError>(DEPLOYER, contract, message, &arguments)?;
            succeeded(message, wired)?;
        }
        let hash = self.session.sandbox().execute_with(|| {
            drink::minimal::Contracts::code_hash(&AccountId32::new(yuma.0)).unwrap_or_default()
        });
        let arguments = [
            argument(yuma),
            format!("{hash:?}"),
            format!("{:?}", KernelParams::Yuma(YumaParams::default())),
        ];
        let message = "Registry::allow_kernel";
        let allowed = self.call::<(), RegistryError>(DEPLOYER, registry, message, &arguments)?;
        succeeded(message, allowed)
    }

    /// Sends a message of the token.
    fn pay(
        &mut self,
        who: AccountId,
        message: &'static str,
        arguments: &[String],
    ) -> Result<(), Failure> {
        let paid = self.call::<(), PSP22Error>(who, self.addresses.token, message, arguments)?;
        succeeded(message, paid)
    }

    fn known_status(&mut self, netuid: NetUid) -> Result<EpochStatus, Failure> {
        self.status(netuid)?.ok_or(Failure::Refused {
            message: "Epochs::status",
            error: format!("no subnet {}", netuid.0),
        })
    }

    /// Makes blocks until `block`; none if that is over.
    fn advance_to(&mut self, block: u32) {
        let now = self.block();
        self.advance(block.saturating_sub(now));
    }

    /// Returns the events of type `E` that the epoch contract emitted in the last call.
    fn events<E: Decode + ink::env::Event>(&self) -> Vec<E> {
        let emitter = AccountId32::new(self.addresses.epoch.0);
        let batch = self.session.record().last_event_batch();
        let data = batch
            .all_events()
            .iter()
            .filter_map(|record| match &record.event {
                RuntimeEvent::Contracts(Event::ContractEmitted { contract, data })
                    if *contract == emitter =>
                {
                    Some((record.topics.first(), data))
                }
                _ => None,
            });
        data.filter(|(topic, _)| topic.map(|topic| topic.0) == E::SIGNATURE_TOPIC)
            .filter_map(|(_, data)| E::decode_all(&mut &data[..]).ok())
            .collect()
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
