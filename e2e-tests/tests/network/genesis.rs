//! Refusals of constructors, and the token's cap.

use inktensor_client::{
    chain::{Chain, ChainRead},
    deploy::{deploy, Config, DeployError},
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{accounts::*, bundles, network::config, Network};
use inktensor_primitives::{
    emission::{EmissionDeployError, Fees, Split},
    epoch::{EpochDeployError, EpochRules},
    token::TokenDeployError,
    Bps, Rao,
};
use psp22::PSP22Error;
use scale::{Decode, Encode};
use std::fmt::Display;

/// Checks that the constructor of `contract` refuses `config` with the text of `expected`.
fn refuses(config: &Config, contract: &str, expected: impl Display) {
    match deploy(&mut SandboxChain::new(), bundles(), config) {
        Err(DeployError::Refused {
            contract: refusing,
            error,
        }) => assert_eq!((refusing, error), (contract, expected.to_string())),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn genesis_gives_holders_their_tao() {
    let net = Network::deploy_with(&Config {
        holders: vec![(BANK, Rao(7)), (ALICE, Rao(5))],
        ..config()
    });
    assert_eq!((net.balance(BANK), net.balance(ALICE)), (7, 5));
    assert_eq!(net.total_supply(), 12);
    assert_eq!(net.issuance().genesis, Rao(12));
}

#[test]
fn genesis_up_to_the_cap_succeeds() {
    let net = Network::deploy_with(&Config {
        holders: vec![(BANK, Rao::CAP)],
        ..config()
    });
    assert_eq!(net.total_supply(), net.cap());
}

#[test]
fn genesis_out_of_range_is_refused() {
    for (holders, error) in [
        (vec![], TokenDeployError::NoHolders),
        (vec![(BANK, Rao::ZERO)], TokenDeployError::ZeroAmount(BANK)),
        (
            vec![(BANK, Rao(1)), (BANK, Rao(1))],
            TokenDeployError::DuplicateHolder(BANK),
        ),
        (
            vec![(BANK, Rao::CAP), (ALICE, Rao(1))],
            TokenDeployError::OverCap,
        ),
    ] {
        let config = Config {
            holders,
            ..config()
        };
        refuses(&config, "token", error);
    }
}

#[test]
fn split_that_is_not_whole_is_refused() {
    let split = Split {
        treasury: Bps(2_499),
        ..Split::DEFAULT
    };
    let config = Config { split, ..config() };
    refuses(&config, "emission", EmissionDeployError::SplitNotWhole);
}

#[test]
fn fees_above_a_tenth_are_refused() {
    let fees = Fees {
        proposer: Bps(1_000),
        keeper: Bps(1),
    };
    let config = Config { fees, ..config() };
    refuses(&config, "emission", EmissionDeployError::FeesTooHigh);
}

#[test]
fn treasury_that_is_a_contract_is_refused() {
    // Addresses follow from code and arguments. Of these contracts none is given the treasury.
    let it = Network::deploy().addresses();
    for treasury in [it.token, it.registry, it.staking] {
        let config = Config {
            treasury,
            ..config()
        };
        refuses(&config, "emission", EmissionDeployError::BadTreasury);
    }
}

#[test]
fn rules_out_of_range_are_refused() {
    let rules = config().rules;
    let with = |change: fn(&mut EpochRules)| {
        let mut rules = rules;
        change(&mut rules);
        Config { rules, ..config() }
    };
    for (config, error) in [
        (
            with(|it| it.challenge_period = 0),
            EpochDeployError::NoChallengePeriod,
        ),
        (
            with(|it| it.collateral = Rao::ZERO),
            EpochDeployError::NoCollateral,
        ),
        (
            with(|it| it.settle_window = 0),
            EpochDeployError::NoSettleWindow,
        ),
        (
            with(|it| it.replay_delay = 0),
            EpochDeployError::NoReplayDelay,
        ),
        (
            with(|it| it.rollover_delay = it.replay_delay),
            EpochDeployError::RolloverBeforeReplay,
        ),
    ] {
        refuses(&config, "epoch", error);
    }
}

#[test]
fn mint_above_the_cap_is_refused_even_by_the_minter() {
    let mut net = Network::deploy();
    let before = net.snapshot();
    let addresses = net.addresses();
    assert_eq!(net.minter(), Some(addresses.emission));
    // Accounts need no keys here, so the test can sign for the emission contract.
    let left = net.cap() - net.total_minted();
    let mint: [u8; 4] = [0xfc, 0x3c, 0x75, 0xd4];
    let answer = net.raw_call(
        addresses.emission,
        addresses.token,
        (mint, left + 1).encode(),
    );
    let outcome = Result::<Result<(), PSP22Error>, ink::LangError>::decode(&mut &answer.output[..])
        .expect("an outcome")
        .expect("a known message");
    assert!(matches!(outcome, Err(PSP22Error::Custom(_))), "{outcome:?}");
    assert_eq!(net.snapshot(), before);
}

#[test]
fn code_of_every_contract_is_below_the_limit() {
    let net = Network::deploy();
    for (name, address) in net.addresses().named() {
        let hash = net.code_hash(address).expect("deployed");
        let size = net.code_size(&hash);
        assert!(size <= 123 * 1024, "{name} has {size} bytes");
    }
}

#[test]
fn code_hash_is_the_hash_of_the_code() {
    let mut chain = SandboxChain::new();
    let code = &bundles().yuma.code;
    let hash = chain.upload(DEPLOYER, code).expect("uploaded");
    assert_eq!(hash, inktensor_primitives::hash::blake2(code));
    assert_eq!(chain.code(&hash).expect("readable").as_ref(), Some(code));
}
