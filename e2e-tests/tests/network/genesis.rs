//! Refusals of constructors, and the token's cap.

use inktensor_client::{
    chain::{Chain, ChainRead},
    deploy::{deploy, Config, DeployError},
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{accounts::*, bundles, network::config, Network};
use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::EpochRules,
    Bps, Rao,
};
use psp22::PSP22Error;
use scale::{Decode, Encode};

/// Returns the contract whose constructor refuses `config`.
fn refused_by(config: &Config) -> &'static str {
    match deploy(&mut SandboxChain::new(), bundles(), config) {
        Err(DeployError::Refused { contract, .. }) => contract,
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
    for holders in [
        vec![],
        vec![(BANK, Rao::ZERO)],
        vec![(BANK, Rao(1)), (BANK, Rao(1))],
        vec![(BANK, Rao::CAP), (ALICE, Rao(1))],
    ] {
        let config = Config {
            holders,
            ..config()
        };
        assert_eq!(refused_by(&config), "token");
    }
}

#[test]
fn split_that_is_not_whole_is_refused() {
    let split = Split {
        treasury: Bps(2_499),
        ..Split::DEFAULT
    };
    assert_eq!(refused_by(&Config { split, ..config() }), "emission");
}

#[test]
fn fees_above_a_tenth_are_refused() {
    let fees = Fees {
        proposer: Bps(1_000),
        keeper: Bps(1),
    };
    assert_eq!(refused_by(&Config { fees, ..config() }), "emission");
}

#[test]
fn rules_out_of_range_are_refused() {
    let rules = config().rules;
    for rules in [
        EpochRules {
            challenge_period: 0,
            ..rules
        },
        EpochRules {
            collateral: Rao::ZERO,
            ..rules
        },
        EpochRules {
            settle_window: 0,
            ..rules
        },
        EpochRules {
            replay_delay: 0,
            ..rules
        },
        EpochRules {
            rollover_delay: rules.replay_delay,
            ..rules
        },
    ] {
        assert_eq!(refused_by(&Config { rules, ..config() }), "epoch");
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
