//! The network under test: deployment, blocks, and raw access.

mod elsewhere;
mod unwired;

use crate::{accounts::*, book::Book, calls::Caller, curve};
use inktensor_client::{
    chain::{Bill, Chain, ContractEvent, Typed},
    deploy::{deploy, Addresses, Bundles, Config},
};
use inktensor_devnet::sandbox::{self, SandboxChain};
use inktensor_primitives::{
    emission::{Emission, Split},
    epoch::EpochRules,
    registry::NetworkRules,
    AccountId, Digest, NetUid, Rao,
};
use std::{collections::BTreeMap, mem, sync::OnceLock};

/// What the bank holds at genesis: enough for all, and one TAO per block is issued.
pub const GENESIS: Rao = Rao::from_tao(5_000_000);

/// A deployed network on a chain of its own.
///
/// When it is dropped, the protocol's invariants are checked.
pub struct Network {
    pub(crate) chain: SandboxChain,
    pub(crate) addresses: Addresses,
    pub(crate) book: Book,
    /// What each chunk remembers from an epoch computed here.
    pub(crate) memory: BTreeMap<(NetUid, u32), Vec<Vec<u8>>>,
    /// What typed calls have cost since the meter was read.
    pub(crate) spent: Bill,
    genesis: Rao,
}

/// What a contract answered to raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Its answer, encoded.
    pub output: Vec<u8>,
    /// What contracts told.
    pub events: Vec<ContractEvent>,
}

/// A network to begin from, any number of times.
pub struct Template {
    state: sandbox::Snapshot,
    addresses: Addresses,
    book: Book,
    memory: BTreeMap<(NetUid, u32), Vec<Vec<u8>>>,
    genesis: Rao,
}

/// The default configuration: rounds short enough for tests, prices low enough for crowds.
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
            settle_window: 40,
            replay_delay: 10,
            rollover_delay: 30,
        },
        split: Split::DEFAULT,
        admin: ADMIN,
        ..Config::new(DEPLOYER, TREASURY, vec![(BANK, GENESIS)])
    }
}

/// The built contracts; fails with the command that builds them.
pub fn bundles() -> &'static Bundles {
    static BUNDLES: OnceLock<Bundles> = OnceLock::new();
    BUNDLES.get_or_init(|| match Bundles::load() {
        Ok(bundles) => bundles,
        Err(error) => panic!("{error}"),
    })
}

impl Network {
    /// A network of its own in the default configuration.
    ///
    /// The contracts are deployed once per process; every network starts from a copy of that state.
    pub fn deploy() -> Self {
        static TEMPLATE: OnceLock<Template> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| Self::deploy_with(&config()).template());
        Self::begin_from(template)
    }

    /// A network of its own that begins as `template` was.
    pub fn begin_from(template: &Template) -> Self {
        let mut chain = SandboxChain::new();
        chain.restore(&template.state);
        Self {
            chain,
            addresses: template.addresses,
            book: template.book.clone(),
            memory: template.memory.clone(),
            spent: Bill::default(),
            genesis: template.genesis,
        }
    }

    /// This network as it is now, for others to begin from.
    pub fn template(&mut self) -> Template {
        Template {
            state: self.chain.snapshot(),
            addresses: self.addresses,
            book: self.book.clone(),
            memory: self.memory.clone(),
            genesis: self.genesis,
        }
    }

    /// A network deployed as `config` says.
    pub fn deploy_with(config: &Config) -> Self {
        let (chain, addresses, book) = fresh(config);
        Self {
            chain,
            addresses,
            book,
            memory: BTreeMap::new(),
            spent: Bill::default(),
            genesis: Rao(config.holders.iter().map(|(_, amount)| amount.0).sum()),
        }
    }

    /// A network whose contracts are deployed but not told their peers.
    pub fn half_deployed() -> Self {
        let mut chain = SandboxChain::new();
        let addresses = deployed(&mut unwired::Unwired(&mut chain), &config());
        Self {
            book: opened(&chain, &addresses),
            chain,
            addresses,
            memory: BTreeMap::new(),
            spent: Bill::default(),
            genesis: GENESIS,
        }
    }

    /// The chain, to read from.
    pub fn chain(&self) -> &SandboxChain {
        &self.chain
    }

    /// Where the contracts are.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What all holders had at genesis.
    pub fn genesis(&self) -> Rao {
        self.genesis
    }

    /// The block.
    pub fn block(&self) -> u32 {
        self.chain.block().expect("the block")
    }

    /// Lets `blocks` blocks pass.
    pub fn advance(&mut self, blocks: u32) {
        // What these blocks issue is scheduled now, by whether any subnet has weight.
        if self.issuance().total_weight > Rao::ZERO {
            self.book.issued = curve::issue(self.book.issued, blocks);
        }
        self.chain.advance(blocks);
    }

    /// Lets blocks pass until `block`; none if it is over.
    pub fn advance_to(&mut self, block: u32) {
        let now = self.block();
        if block > now {
            self.advance(block - now);
        }
    }

    /// Lets `who` speak.
    pub fn as_(&mut self, who: AccountId) -> Caller<'_> {
        Caller { net: self, who }
    }

    /// Sends raw bytes to a contract, signed by `who`.
    pub fn raw_call(&mut self, who: AccountId, to: AccountId, input: Vec<u8>) -> Raw {
        let receipt = self
            .chain
            .submit(who, to, &input)
            .expect("the contract answers");
        self.note(&receipt.events);
        Raw {
            output: receipt.output,
            events: receipt.events,
        }
    }

    /// Reads a contract's answer to raw bytes.
    pub fn raw_read(&self, to: AccountId, input: Vec<u8>) -> Vec<u8> {
        self.chain
            .read(STRANGER, to, &input)
            .expect("the contract answers")
    }

    /// Lets `act` use the chain as a worker does, and notes what contracts told meanwhile.
    pub fn with_chain<T>(&mut self, act: impl FnOnce(&mut SandboxChain) -> T) -> T {
        let block = self.block();
        let before = self.chain.events(block).expect("the events").len();
        let result = act(&mut self.chain);
        let events = self.chain.events(block).expect("the events");
        self.note(&events[before..]);
        result
    }

    /// Lets `act` happen, and says what the typed calls in it have cost.
    pub fn metered<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> (T, Bill) {
        let before = mem::take(&mut self.spent);
        let result = act(self);
        (result, mem::replace(&mut self.spent, before))
    }

    /// The code hash of the contract at `address`.
    pub fn code_hash(&self, address: AccountId) -> Option<Digest> {
        self.chain.code_hash(&address).expect("the code hash")
    }

    /// Gives a contract other code, as only the chain's root can. Returns the new code's hash.
    pub fn replace_code(&mut self, address: AccountId, code: &[u8]) -> Digest {
        let hash = self.chain.upload(DEPLOYER, code).expect("uploaded");
        self.chain.replace_code(address, hash).expect("replaced");
        hash
    }

    /// Writes down what contracts told, and at a close what the epoch froze.
    pub(crate) fn note(&mut self, events: &[ContractEvent]) {
        let closed = self.book.note(&self.addresses, events);
        self.meet_owners();
        for netuid in closed {
            self.freeze(netuid);
        }
    }

    /// Writes down where new subnets' owners are paid, which no event tells.
    fn meet_owners(&mut self) {
        let subnets = self.book.subnets.iter();
        let unknown: Vec<NetUid> = subnets
            .filter(|(_, history)| !history.owner_known)
            .map(|(netuid, _)| *netuid)
            .collect();
        for netuid in unknown {
            let subnet = self.subnet(netuid).expect("a created subnet");
            self.book.meet_owner(netuid, &subnet);
        }
    }

    fn freeze(&mut self, netuid: NetUid) {
        let header = self.header(netuid).expect("a closed epoch has a header");
        let plan = self.plan(netuid).expect("a closed epoch has a plan");
        let inputs = (0..plan.chunks(header.neurons))
            .map(|chunk| self.chunk_inputs(netuid, chunk).expect("readable"))
            .collect();
        self.book.freeze(header, inputs);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_invariants();
        }
    }
}

/// Deploys on a fresh chain.
fn fresh(config: &Config) -> (SandboxChain, Addresses, Book) {
    let mut chain = SandboxChain::new();
    let addresses = deployed(&mut chain, config);
    let book = opened(&chain, &addresses);
    (chain, addresses, book)
}

fn deployed(chain: &mut dyn Chain, config: &Config) -> Addresses {
    match deploy(chain, bundles(), config) {
        Ok(deployment) => deployment.addresses,
        Err(error) => panic!("{error}"),
    }
}

/// A book that knows what happened during deployment.
fn opened(chain: &SandboxChain, addresses: &Addresses) -> Book {
    let issued = chain
        .query(addresses.emission().issuance())
        .expect("the issuance")
        .issued;
    let mut book = Book::new(issued);
    let told = chain.events(0).expect("the events");
    book.note(addresses, &told);
    book
}
