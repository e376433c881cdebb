//! The network under test: deployment, blocks and raw access.

mod calls;
mod costs;
mod epochs;
mod governing;
mod prepared;
mod reads;
mod refusal;
mod second_chain;
mod setup;
mod snapshot;
mod unwired;

pub use calls::{fits_block, Caller, BLOCK_PROOF, BLOCK_TIME};
pub use costs::Costs;
pub use epochs::EpochRun;
pub use governing::{governed_config, proposal, GUARDS};
pub use prepared::Prepared;
pub use setup::{opinion, Shape};
pub use snapshot::{Snapshot, StorageRoots, SubnetState};

use crate::{accounts::*, bundles::bundles, curve, observer::Observer};
use inktensor_client::{
    chain::{Answer, Bill, Chain, ChainRead, ContractEvent, Typed},
    deploy::{deploy, Addresses, Bundles, Config},
};
use inktensor_compute::epoch::Trace;
use inktensor_devnet::sandbox::{self, SandboxChain};
use inktensor_primitives::{
    emission::{Emission, Split},
    epoch::EpochRules,
    registry::{NetworkRules, Registry},
    AccountId, Bps, Digest, NetUid, Rao,
};
use std::{collections::BTreeMap, mem, sync::OnceLock};

/// TAO of the bank at genesis. Issuance is below the first halving, so a block issues one TAO.
pub const GENESIS: Rao = Rao::from_tao(5_000_000);

/// A deployed network on a chain of its own.
///
/// Dropping it checks the protocol's invariants.
pub struct Network {
    pub(crate) chain: SandboxChain,
    pub(crate) addresses: Addresses,
    pub(crate) observer: Observer,
    /// The carry-over state that epochs computed here leave, by chunk.
    pub(crate) memory: BTreeMap<(NetUid, u32), Vec<Vec<u8>>>,
    /// The cost of typed calls since [`Network::metered`] began.
    pub(crate) spent: Bill,
    /// The cost of these calls with all weights, while [`Network::weighed`] runs.
    pub(crate) costs: Option<Costs>,
    /// Block and storage at which all invariants held, if they were checked.
    pub(crate) checked: Option<(u32, StorageRoots)>,
    /// New subnets that start at the end of the block, and their owners.
    pub(crate) starting: Vec<(NetUid, AccountId)>,
    genesis: Rao,
}

/// A contract's answer to raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The encoded answer.
    pub output: Vec<u8>,
    /// The events of all contracts.
    pub events: Vec<ContractEvent>,
}

/// A saved network, to begin from any number of times. All invariants held when it was saved.
pub struct Template {
    state: sandbox::Snapshot,
    addresses: Addresses,
    observer: Observer,
    memory: BTreeMap<(NetUid, u32), Vec<Vec<u8>>>,
    checked: (u32, StorageRoots),
    starting: Vec<(NetUid, AccountId)>,
    genesis: Rao,
}

/// Returns the default configuration: delays of a few blocks, and subnets that cost little.
pub fn config() -> Config {
    Config {
        network: NetworkRules {
            min_lock: Rao::from_tao(10),
            creation_interval: 0,
            ..NetworkRules::DEFAULT
        },
        rules: EpochRules {
            challenge_period: 5,
            collateral: Rao::from_tao(10),
            collateral_part: Bps(0),
            reward_part: Bps(5_000),
            settle_window: 40,
            replay_delay: 10,
            rollover_delay: 30,
        },
        split: Split::DEFAULT,
        admin: ADMIN,
        ..Config::new(DEPLOYER, TREASURY, vec![(BANK, GENESIS)])
    }
}

impl Network {
    /// Returns a new network in the default configuration.
    ///
    /// The contracts are deployed once per process; every network begins from a copy of that state.
    pub fn deploy() -> Self {
        static TEMPLATE: OnceLock<Template> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| Self::deploy_with(&config()).template());
        Self::begin_from(template)
    }

    /// Returns a new network that begins in the state of `template`.
    pub fn begin_from(template: &Template) -> Self {
        let mut chain = SandboxChain::new();
        chain.restore(&template.state);
        Self {
            chain,
            addresses: template.addresses,
            observer: template.observer.clone(),
            memory: template.memory.clone(),
            spent: Bill::default(),
            costs: None,
            checked: Some(template.checked.clone()),
            starting: template.starting.clone(),
            genesis: template.genesis,
        }
    }

    /// Saves the current state, for others to begin from.
    ///
    /// # Panics
    /// If an invariant of the protocol does not hold.
    pub fn template(&mut self) -> Template {
        self.check_invariants();
        Template {
            state: self.chain.snapshot(),
            addresses: self.addresses,
            observer: self.observer.clone(),
            memory: self.memory.clone(),
            checked: (self.block(), self.storage_roots()),
            starting: self.starting.clone(),
            genesis: self.genesis,
        }
    }

    /// Deploys a network in the configuration `config`.
    pub fn deploy_with(config: &Config) -> Self {
        Self::deploy_bundles(bundles(), config)
    }

    /// Deploys a network in the default configuration, with `code` in place of the mean kernel.
    pub fn deploy_with_kernel(code: Vec<u8>) -> Self {
        let mut bundles = bundles().clone();
        bundles.mean.code = code;
        Self::deploy_bundles(&bundles, &config())
    }

    fn deploy_bundles(bundles: &Bundles, config: &Config) -> Self {
        let (chain, addresses, observer) = fresh(bundles, config);
        Self {
            chain,
            addresses,
            observer,
            memory: BTreeMap::new(),
            spent: Bill::default(),
            costs: None,
            checked: None,
            starting: Vec::new(),
            genesis: Rao(config.holders.iter().map(|(_, amount)| amount.0).sum()),
        }
    }

    /// Deploys a network without wiring its contracts.
    pub fn half_deployed() -> Self {
        let mut chain = SandboxChain::new();
        let addresses = deployed(&mut unwired::Unwired(&mut chain), bundles(), &config());
        Self {
            observer: opened(&chain, &addresses),
            chain,
            addresses,
            memory: BTreeMap::new(),
            spent: Bill::default(),
            costs: None,
            checked: None,
            starting: Vec::new(),
            genesis: GENESIS,
        }
    }

    /// Deploys the next generation of contracts, with the same token. From then on this is its
    /// network; returns the addresses of the former one.
    ///
    /// # Panics
    /// If an invariant of the former one does not hold.
    pub fn begin_generation(&mut self, config: &Config) -> Addresses {
        self.check_invariants();
        let addresses = deployed(&mut self.chain, bundles(), config);
        let mut observer = opened(&self.chain, &addresses);
        observer.holders.append(&mut self.observer.holders);
        observer.holders.extend(addresses.named().map(|(_, it)| it));
        self.observer = observer;
        self.memory.clear();
        self.checked = None;
        let former = mem::replace(&mut self.addresses, addresses);
        self.genesis = self.issuance().genesis;
        former
    }

    /// Returns the chain, to read from.
    pub fn chain(&self) -> &SandboxChain {
        &self.chain
    }

    /// Returns the addresses of the contracts.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Returns the TAO of all holders at genesis.
    pub fn genesis(&self) -> Rao {
        self.genesis
    }

    /// Returns the current block.
    pub fn block(&self) -> u32 {
        self.chain.block().expect("the block")
    }

    /// Starts the epochs of new subnets, as the end of the block does.
    pub fn start_all(&mut self) {
        for (netuid, owner) in mem::take(&mut self.starting) {
            self.as_(owner).start(netuid).expect("started");
        }
    }

    /// Makes `blocks` empty blocks.
    pub fn advance(&mut self, blocks: u32) {
        self.start_all();
        self.pass(blocks);
    }

    /// Makes `blocks` empty blocks, and starts no subnet.
    pub(crate) fn pass(&mut self, blocks: u32) {
        // These blocks issue TAO only if a subnet has weight now.
        if self.issuance().total_weight > Rao::ZERO {
            self.observer.issued = curve::issue(self.observer.issued, blocks);
        }
        self.chain.advance(blocks);
    }

    /// Makes empty blocks until `block`, unless that is over.
    pub fn advance_to(&mut self, block: u32) {
        let now = self.block();
        if block > now {
            self.advance(block - now);
        }
    }

    /// Returns the calls that `who` signs.
    pub fn as_(&mut self, who: AccountId) -> Caller<'_> {
        Caller { net: self, who }
    }

    /// Sends raw bytes to a contract, signed by `who`.
    pub fn raw_call(&mut self, who: AccountId, to: AccountId, input: Vec<u8>) -> Raw {
        let receipt = self
            .chain
            .submit(who, to, &input)
            .expect("the contract answers");
        self.record(&receipt.events);
        Raw {
            output: receipt.output,
            events: receipt.events,
        }
    }

    /// Returns a contract's answer to raw bytes, without changing the chain.
    pub fn raw_read(&self, to: AccountId, input: Vec<u8>) -> Vec<u8> {
        self.chain
            .read(STRANGER, to, &input)
            .expect("the contract answers")
    }

    /// Runs `act` on the chain, as a worker would, and records the events. New subnets start
    /// before.
    pub fn with_chain<T>(&mut self, act: impl FnOnce(&mut SandboxChain) -> T) -> T {
        self.start_all();
        let block = self.block();
        let before = self.chain.events(block).expect("the events").len();
        let result = act(&mut self.chain);
        let events = self.chain.events(block).expect("the events");
        self.record(&events[before..]);
        result
    }

    /// Runs `act`. Returns the cost of its typed calls too.
    pub fn metered<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> (T, Bill) {
        let before = mem::take(&mut self.spent);
        let result = act(self);
        (result, mem::replace(&mut self.spent, before))
    }

    /// Returns the code hash of the contract at `address`.
    pub fn code_hash(&self, address: AccountId) -> Option<Digest> {
        self.chain.code_hash(&address).expect("the code hash")
    }

    /// Replaces the code of a contract, as only the chain's root can. Returns the new code's hash.
    pub fn replace_code(&mut self, address: AccountId, code: &[u8]) -> Digest {
        let hash = self.chain.upload(DEPLOYER, code).expect("uploaded");
        self.chain.replace_code(address, hash).expect("replaced");
        hash
    }

    /// Records events, and the inputs of every epoch that they close.
    pub(crate) fn record(&mut self, events: &[ContractEvent]) {
        let closed = self.observer.record(&self.addresses, events);
        self.record_owners();
        for netuid in closed {
            self.record_close(netuid);
        }
    }

    /// Records the honest result and memory of an epoch. The next check covers all invariants
    /// again.
    pub fn record_honest(&mut self, netuid: NetUid, trace: &Trace) {
        self.checked = None;
        self.memory
            .insert((netuid, trace.epoch), trace.memory.clone());
        self.observer.record_honest(netuid, trace);
    }

    /// Records the memory that a final epoch has left, if that is not what was computed here.
    pub fn set_memory(&mut self, netuid: NetUid, epoch: u32, memory: Vec<Vec<u8>>) {
        self.memory.insert((netuid, epoch), memory);
    }

    /// Records the positions that the owners of new subnets are paid to. No event has them.
    fn record_owners(&mut self) {
        let subnets = self.observer.subnets.iter();
        let unknown: Vec<NetUid> = subnets
            .filter(|(_, history)| !history.owner_known)
            .map(|(netuid, _)| *netuid)
            .collect();
        for netuid in unknown {
            let subnet = self.subnet(netuid).expect("a created subnet");
            self.observer.record_owner(netuid, &subnet);
        }
    }

    fn record_close(&mut self, netuid: NetUid) {
        let header = self.header(netuid).expect("a closed epoch has a header");
        let plan = self.plan(netuid).expect("a closed epoch has a plan");
        let inputs = (0..plan.chunks(header.neurons))
            .map(|chunk| self.chunk_inputs(netuid, chunk).expect("readable"))
            .collect();
        self.observer.record_close(header, inputs);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_invariants();
        }
    }
}

/// Deploys on a new chain.
fn fresh(bundles: &Bundles, config: &Config) -> (SandboxChain, Addresses, Observer) {
    let mut chain = SandboxChain::new();
    let addresses = deployed(&mut chain, bundles, config);
    let observer = opened(&chain, &addresses);
    (chain, addresses, observer)
}

fn deployed(chain: &mut dyn Chain, bundles: &Bundles, config: &Config) -> Addresses {
    let addresses = match deploy(chain, bundles, config) {
        Ok(deployment) => deployment.addresses,
        Err(error) => panic!("{error}"),
    };
    if addresses.governing.is_none() && config.admin != config.deployer {
        let accepted = chain.send(config.admin, addresses.registry().accept_admin());
        accepted.answer().expect("the role is offered");
    }
    addresses
}

/// Returns a record of the deployment.
fn opened(chain: &SandboxChain, addresses: &Addresses) -> Observer {
    let issued = chain
        .query(addresses.emission().issuance())
        .expect("the issuance")
        .issued;
    let mut observer = Observer::new(issued);
    let events = chain.events(0).expect("the events");
    observer.record(addresses, &events);
    observer
}
