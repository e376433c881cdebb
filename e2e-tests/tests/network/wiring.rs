//! Who may do what: peers are named once, the deployer keeps nothing, strangers are refused
//! everywhere.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    emission::{EmissionError, SplitPreset},
    kernel::NeuronResult,
    registry::RegistryError,
    staking::{Payment, StakingError},
    token::WireError,
    AccountId, NetUid, Rao, Uid,
};

/// A network with a subnet, a neuron and some stake, so that a guarded message would have something
/// to do.
fn with_something_at_stake() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 1);
        netuid
    });
    PREPARED.network()
}

/// Everybody that a guarded message must refuse, contracts that other messages trust among them.
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
fn peers_are_those_deployed() {
    let net = Network::deploy();
    let addresses = net.addresses();
    let peers = net.peers();
    assert_eq!(peers.token, addresses.token);
    assert_eq!(peers.registry, addresses.registry);
    assert_eq!(peers.staking, addresses.staking);
    assert_eq!(peers.emission, addresses.emission);
    assert_eq!(net.minter(), Some(addresses.emission));
    assert_eq!(net.treasury(), TREASURY);
}

#[test]
fn wiring_twice_is_refused_even_to_the_deployer() {
    let mut net = Network::deploy();
    let addresses = net.addresses();
    let before = net.snapshot();
    for who in [DEPLOYER, STRANGER] {
        for answer in [
            net.as_(who).wire_token(who),
            net.as_(who).wire_registry(who),
            net.as_(who).wire_staking(who, who),
            net.as_(who).wire_emission(who),
            net.as_(who).wire_token(addresses.emission),
        ] {
            assert_eq!(answer, Err(WireError::AlreadyWired));
        }
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn wiring_by_anyone_but_the_deployer_is_refused() {
    let mut net = Network::half_deployed();
    let before = net.snapshot();
    for answer in [
        net.as_(STRANGER).wire_token(STRANGER),
        net.as_(STRANGER).wire_registry(STRANGER),
        net.as_(STRANGER).wire_staking(STRANGER, STRANGER),
        net.as_(STRANGER).wire_emission(STRANGER),
    ] {
        assert_eq!(answer, Err(WireError::NotDeployer));
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn registry_obeys_only_the_epoch_contract() {
    let (mut net, netuid) = with_something_at_stake();
    let insider = net.addresses().epoch;
    let before = net.snapshot();
    for who in outsiders(&net, insider) {
        assert_eq!(
            net.as_(who).begin_registry_epoch(netuid, 0),
            Err(RegistryError::NotEpoch)
        );
        let scores = vec![NeuronResult::default()];
        assert_eq!(
            net.as_(who).record_scores(netuid, 0, Uid(0), scores),
            Err(RegistryError::NotEpoch)
        );
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn staking_opens_epochs_only_for_the_epoch_contract() {
    let (mut net, netuid) = with_something_at_stake();
    let insider = net.addresses().epoch;
    let before = net.snapshot();
    for who in outsiders(&net, insider) {
        assert_eq!(
            net.as_(who).begin_staking_epoch(netuid, 0),
            Err(StakingError::NotEpoch)
        );
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn staking_credits_only_what_emission_brings() {
    let (mut net, netuid) = with_something_at_stake();
    let insider = net.addresses().emission;
    let before = net.snapshot();
    let payment = Payment {
        hotkey: nth("validator", 0),
        coldkey: STRANGER,
        miner: Rao::from_tao(1),
        validator: Rao::ZERO,
    };
    for who in outsiders(&net, insider) {
        assert_eq!(
            net.as_(who).distribute(netuid, 0, vec![payment]),
            Err(StakingError::NotEmission)
        );
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn emission_obeys_only_the_epoch_contract() {
    let (mut net, netuid) = with_something_at_stake();
    let insider = net.addresses().epoch;
    let before = net.snapshot();
    for who in outsiders(&net, insider) {
        assert_eq!(
            net.as_(who).draw(netuid, 0, SplitPreset::Network),
            Err(EmissionError::NotEpoch)
        );
        assert_eq!(
            net.as_(who).pay(netuid, 0, vec![]),
            Err(EmissionError::NotEpoch)
        );
        assert_eq!(
            net.as_(who).complete(netuid, 0, who, who),
            Err(EmissionError::NotEpoch)
        );
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn token_mints_only_for_the_emission_contract() {
    let (mut net, _) = with_something_at_stake();
    let insider = net.addresses().emission;
    let before = net.snapshot();
    for who in outsiders(&net, insider) {
        let refused = net.as_(who).mint(Rao(1));
        assert!(refused.is_err(), "{who:?} minted");
    }
    assert_eq!(net.snapshot(), before);
}
