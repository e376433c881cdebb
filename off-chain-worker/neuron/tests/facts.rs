//! Facts read from a chain with the real contracts, with the states of its past.
//!
//! The subnet's owner validates with its own hotkey, which always has a permit. So no epoch has to
//! become final: each is rolled over.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use inktensor_client::{
    chain::{Answer, ChainRead, ContractError, Message, Typed},
    deploy::{deploy, Addresses, Bundles, Config},
};
use inktensor_devnet::{account, sandbox::SandboxChain};
use inktensor_neuron::evidence::{
    facts::{ChainWeights, Pledged},
    history::FactsError,
    read_facts,
};
use inktensor_primitives::{
    epoch::{EpochRules, EpochStatus, Epochs},
    registry::{Axon, CommitmentKind, Host, Hyperparameter, NetworkRules, Registry},
    work::Pledge,
    NetUid, Rao, Uid,
};
use inktensor_wire::PROTOCOL;
use psp22::PSP22;
use scale::Decode;

const TEMPO: u32 = 20;
const VALIDATOR: Uid = Uid(0);
const MINER: Uid = Uid(1);
/// Blocks after which a closed epoch can be rolled over.
const ROLLOVER: u32 = 2;

struct Net {
    chain: SandboxChain,
    contracts: Addresses,
    netuid: NetUid,
}

impl Net {
    /// Returns a started subnet with a validator and a miner that serves.
    fn start() -> Self {
        let mut chain = SandboxChain::new();
        chain.keep_states(1_000);
        let holders = ["owner", "miner"].map(|name| (account(name), Rao::from_tao(10_000)));
        let config = Config {
            network: NetworkRules {
                min_lock: Rao::from_tao(1),
                creation_interval: 0,
                ..NetworkRules::DEFAULT
            },
            rules: EpochRules {
                replay_delay: 1,
                rollover_delay: ROLLOVER,
                ..Config::RULES
            },
            ..Config::new(account("deployer"), account("treasury"), holders.to_vec())
        };
        let bundles = Bundles::load().unwrap_or_else(|error| panic!("{error}"));
        let contracts = deploy(&mut chain, &bundles, &config).unwrap().addresses;
        let mut net = Self {
            chain,
            contracts,
            netuid: NetUid(1),
        };
        let registry = contracts.registry;
        for name in ["owner", "miner"] {
            let all = Rao::from_tao(5_000).to_u128();
            net.send(name, contracts.psp22().approve(registry, all));
        }
        let owner = account("owner");
        let most = Rao::from_tao(5_000);
        let create = contracts.registry().create_subnet(
            "facts".into(),
            owner,
            contracts.mean,
            TEMPO,
            16,
            4,
            most,
            None,
        );
        net.netuid = net.send("owner", create);
        let unlimited = Hyperparameter::ServingRateLimit(0);
        let set = contracts
            .registry()
            .set_hyperparameter(net.netuid, unlimited);
        net.send("deployer", set);
        for name in ["owner", "miner"] {
            let register = contracts
                .registry()
                .register(net.netuid, account(name), most, None);
            net.send(name, register);
        }
        net.send("owner", contracts.registry().start(net.netuid));
        let axon = Axon {
            host: Host::V4([192, 0, 2, 1]),
            port: 8091,
            protocol: PROTOCOL,
            version: 1,
            tls: None,
        };
        net.send("miner", contracts.registry().serve_axon(net.netuid, axon));
        net
    }

    fn send<T: Decode, E: ContractError + Decode>(
        &mut self,
        signer: &str,
        message: impl Into<Message<Result<T, E>>>,
    ) -> T {
        match self.chain.send(account(signer), message).answer() {
            Ok(sent) => sent.value,
            Err(error) => panic!("{error}"),
        }
    }

    fn status(&self) -> EpochStatus {
        let status = self.chain.query(self.contracts.epoch().status(self.netuid));
        status.unwrap().unwrap()
    }

    fn advance_to(&mut self, block: u32) {
        while self.chain.block().unwrap() < block {
            self.chain.advance(1);
        }
    }

    /// Closes the open epoch when it is due, and rolls it over.
    fn next_epoch(&mut self) {
        self.advance_to(self.status().closes_at);
        self.send("miner", self.contracts.epoch().close(self.netuid));
        self.advance_to(self.chain.block().unwrap() + ROLLOVER);
        self.send("miner", self.contracts.epoch().roll_over(self.netuid));
    }

    fn pledge(&mut self, pledge: &Pledge) -> u32 {
        let kind = CommitmentKind::Raw;
        let message = self
            .contracts
            .registry()
            .commit(self.netuid, kind, pledge.to_data());
        self.send("owner", message);
        self.chain.block().unwrap()
    }

    /// Pledges evidence in the open epoch, once its checks are known.
    fn validate(&mut self, mark: u8) -> Pledged {
        let status = self.status();
        self.advance_to(status.opened_at + TEMPO - TEMPO / 8);
        let pledge = Pledge::Evidence {
            epoch: status.open,
            root: [mark; 32],
            weights: [mark + 1; 32],
            receipts: mark.into(),
        };
        Pledged {
            block: self.pledge(&pledge),
            epoch: status.open,
            root: [mark; 32],
            weights: [mark + 1; 32],
            receipts: mark.into(),
            vote: None,
        }
    }
}

#[test]
fn facts_are_those_that_the_contracts_recorded() {
    let mut net = Net::start();
    let manifest = [5; 32];
    net.pledge(&Pledge::Subnet { manifest });
    net.next_epoch();
    net.next_epoch();
    let opened_at = net.status().opened_at;
    let second = net.validate(20);
    let set = net
        .contracts
        .epoch()
        .set_weights(net.netuid, vec![MINER], vec![7], 0);
    net.send("owner", set);
    let open = read_facts::read(&net.chain, &net.contracts, net.netuid, 2, VALIDATOR).unwrap();
    assert_eq!((open.closed_at, open.pledged), (None, Some(second)));
    net.next_epoch();
    let closed_at = net.status().opened_at;
    let third = net.validate(30);
    net.next_epoch();

    let read = |epoch, uid| read_facts::read(&net.chain, &net.contracts, net.netuid, epoch, uid);
    let facts = read(2, VALIDATOR).unwrap();
    assert_eq!((facts.opened_at, facts.tempo), (opened_at, TEMPO));
    assert_eq!(facts.closed_at, Some(closed_at));
    assert_eq!(facts.seed_block.number, opened_at + TEMPO / 2 + 2);
    let best = net.chain.best().unwrap();
    let hash = |number| net.chain.ancestor(&best, number).unwrap();
    assert_eq!(Some(facts.seed_block.hash), hash(facts.seed_block.number));
    assert_eq!(facts.check_block, hash(opened_at + TEMPO - TEMPO / 4));
    let validator = facts.validator.unwrap();
    assert_eq!(
        (validator.uid, validator.hotkey),
        (VALIDATOR, account("owner"))
    );
    let miners: Vec<_> = facts.miners.iter().map(|it| (it.uid, it.hotkey)).collect();
    assert_eq!(miners, [(MINER, account("miner"))]);
    assert_eq!(facts.manifest, Some(manifest));
    assert_eq!((facts.before, facts.pledged), (None, Some(second)));
    assert_eq!(facts.weights, ChainWeights::Row(vec![(MINER, 65_535)]));

    let facts = read(3, VALIDATOR).unwrap();
    assert_eq!((facts.before, facts.pledged), (Some(second), Some(third)));
    // The row of epoch 2 still stands, and is not of epoch 3.
    assert_eq!(facts.weights, ChainWeights::Absent);
    // The manifest that counts is in the owner's commitment of epoch 1.
    assert_eq!(facts.manifest, Some(manifest));

    let miner = read(2, MINER).unwrap();
    assert_eq!((miner.pledged, miner.weights), (None, ChainWeights::Absent));
    assert_eq!((facts.permit, miner.permit), (true, false));
    assert_eq!((facts.uid, miner.uid), (VALIDATOR, MINER));
    assert!(miner.miners.is_empty(), "the validator has no endpoint");
    let early = read(9, VALIDATOR);
    assert!(
        matches!(early, Err(FactsError::NotOpen { epoch: 9, open: 4 })),
        "{early:?}"
    );
}
