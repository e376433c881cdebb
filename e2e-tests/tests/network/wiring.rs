//! Permissions: peers are wired once, the deployer keeps no role, other accounts are refused.

use inktensor_client::chain::ChainRead;
use inktensor_e2e_tests::{accounts::*, network::config, Network, Prepared, Shape};
use inktensor_primitives::{
    emission::{EmissionError, Payout, SplitPreset},
    kernel::NeuronResult,
    registry::{PagePay, RegistryError},
    staking::{Payment, StakingError},
    token::{SuccessionError, Successor, WireError},
    wiring::Wired,
    AccountId, NetUid, Rao, Uid,
};

/// Returns a network with a subnet, a neuron and stake, so that a guarded message would have an
/// effect.
fn with_stake() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 1);
        netuid
    });
    PREPARED.network()
}

/// Returns the accounts that a guarded message must refuse, the contracts that others trust
/// included.
fn outsiders(net: &Network, insider: AccountId) -> Vec<AccountId> {
    let contracts = net.addresses().named().map(|(_, address)| address);
    [
        DEPLOYER,
        STRANGER,
        OWNER,
        BANK,
        TREASURY,
        nth("validator-owner", 0),
    ]
    .into_iter()
    .chain(contracts)
    .filter(|who| *who != insider)
    .collect()
}

#[test]
fn peers_are_the_deployed_contracts() {
    let net = Network::deploy();
    let addresses = net.addresses();
    let peers = net.peers();
    assert_eq!(peers.token, addresses.token);
    assert_eq!(peers.registry, addresses.registry);
    assert_eq!(peers.staking, addresses.staking);
    assert_eq!(peers.emission, addresses.emission);
    assert_eq!(net.minter(), Some(addresses.emission));
    assert_eq!(net.token_registry(), Some(addresses.registry));
    assert_eq!(net.treasury(), TREASURY);
}

#[test]
fn wire_emits_the_peers_of_each_contract() {
    // A network of its own: one that begins from a saved state has no earlier events.
    let net = Network::deploy_with(&config());
    let it = net.addresses();
    let events = net.chain().events(0).expect("the events");
    let wired: Vec<(AccountId, Vec<AccountId>)> = events
        .iter()
        .filter_map(|event| Some((event.contract, event.decode::<Wired>()?.peers)))
        .collect();
    assert_eq!(
        wired,
        [
            (it.token, vec![it.emission, it.registry]),
            (it.registry, vec![it.epoch]),
            (it.staking, vec![it.emission, it.epoch]),
            (it.emission, vec![it.epoch]),
        ]
    );
}

#[test]
fn wire_twice_is_refused_even_by_the_deployer() {
    let mut net = Network::deploy();
    let addresses = net.addresses();
    let before = net.snapshot();
    for who in [DEPLOYER, STRANGER] {
        for answer in [
            net.as_(who).wire_token(who, who),
            net.as_(who).wire_registry(who),
            net.as_(who).wire_staking(who, who),
            net.as_(who).wire_emission(who),
            net.as_(who)
                .wire_token(addresses.emission, addresses.registry),
        ] {
            assert_eq!(answer, Err(WireError::AlreadyWired));
        }
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn wire_by_another_account_is_refused() {
    let mut net = Network::half_deployed();
    let before = net.snapshot();
    for answer in [
        net.as_(STRANGER).wire_token(STRANGER, STRANGER),
        net.as_(STRANGER).wire_registry(STRANGER),
        net.as_(STRANGER).wire_staking(STRANGER, STRANGER),
        net.as_(STRANGER).wire_emission(STRANGER),
    ] {
        assert_eq!(answer, Err(WireError::NotDeployer));
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn wire_of_the_treasury_as_epoch_contract_is_refused() {
    let mut net = Network::half_deployed();
    let epoch = net.addresses().epoch;
    net.refuses(
        DEPLOYER,
        |it| it.wire_emission(TREASURY),
        WireError::BadPeer,
    );
    // A refusal leaves the contract as it was, so the deployer can still name the right one.
    assert_eq!(net.as_(DEPLOYER).wire_emission(epoch), Ok(()));
}

#[test]
fn succeed_by_other_accounts_is_refused() {
    let mut net = Network::deploy();
    let insider = net.addresses().registry;
    let to = Some(Successor {
        minter: STRANGER,
        registry: STRANGER,
    });
    for who in outsiders(&net, insider).into_iter().chain([ADMIN]) {
        net.refuses(who, |it| it.succeed(to), SuccessionError::NotRegistry);
    }
}

#[test]
fn registry_refuses_all_but_the_epoch_contract() {
    let (mut net, netuid) = with_stake();
    let insider = net.addresses().epoch;
    for who in outsiders(&net, insider) {
        net.refuses(
            who,
            |it| it.begin_registry_epoch(netuid, 0, Vec::new()),
            RegistryError::NotEpoch,
        );
        let pay = PagePay {
            start: Uid(0),
            scores: vec![NeuronResult::default()],
            owed: vec![Rao(1)],
        };
        net.refuses(
            who,
            |it| it.record_pay(netuid, 0, vec![pay]),
            RegistryError::NotEpoch,
        );
        net.refuses(
            who,
            |it| it.take_owed(netuid, vec![Uid(0)]),
            RegistryError::NotEpoch,
        );
        net.refuses(who, |it| it.take_left(netuid, who), RegistryError::NotEpoch);
    }
}

#[test]
fn begin_epoch_by_other_accounts_is_refused() {
    let (mut net, netuid) = with_stake();
    let insider = net.addresses().epoch;
    for who in outsiders(&net, insider) {
        net.refuses(
            who,
            |it| it.begin_staking_epoch(netuid, 0),
            StakingError::NotEpoch,
        );
    }
}

#[test]
fn distribute_by_other_accounts_is_refused() {
    let (mut net, netuid) = with_stake();
    let insider = net.addresses().emission;
    let payment = Payment {
        hotkey: nth("validator", 0),
        coldkey: STRANGER,
        amount: Rao::from_tao(1),
    };
    for who in outsiders(&net, insider) {
        net.refuses(
            who,
            |it| it.distribute(netuid, 0, vec![payment]),
            StakingError::NotEmission,
        );
        net.refuses(
            who,
            |it| it.stake_pay(netuid, vec![payment]),
            StakingError::NotEmission,
        );
    }
}

#[test]
fn emission_refuses_all_but_the_epoch_contract() {
    let (mut net, netuid) = with_stake();
    let insider = net.addresses().epoch;
    for who in outsiders(&net, insider) {
        net.refuses(
            who,
            |it| it.draw(netuid, 0, SplitPreset::Network, Rao(1)),
            EmissionError::NotEpoch,
        );
        let payout = Payout {
            proposer: None,
            most: 0,
            before: 0,
            incentives: vec![Rao(1)],
            dividends: vec![],
            keeper: who,
            fee: Rao(1),
        };
        net.refuses(who, |it| it.pay(netuid, 0, payout), EmissionError::NotEpoch);
        let payment = Payment {
            hotkey: nth("validator", 0),
            coldkey: who,
            amount: Rao(1),
        };
        net.refuses(
            who,
            |it| it.pay_owed(netuid, vec![payment]),
            EmissionError::NotEpoch,
        );
        net.refuses(
            who,
            |it| it.complete(netuid, 0, who, who),
            EmissionError::NotEpoch,
        );
    }
}

#[test]
fn mint_by_other_accounts_is_refused() {
    let (mut net, _) = with_stake();
    let insider = net.addresses().emission;
    let before = net.snapshot();
    for who in outsiders(&net, insider) {
        let refused = net.as_(who).mint(Rao(1));
        assert!(refused.is_err(), "{who:?} minted");
    }
    assert_eq!(net.snapshot(), before);
}
