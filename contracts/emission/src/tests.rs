//! Messages that call no other contract. Draws and payments are tested on a chain.

use crate::{
    ledger::{Division, Ledger},
    EmissionContract,
};
use ink::env::{
    test::{callee, default_accounts, set_caller},
    DefaultEnvironment,
};
use inktensor_primitives::{
    emission::{
        Emission, EmissionDeployError, EmissionError, Fee, Fees, Payout, Split, SplitPreset,
    },
    token::WireError,
    AccountId, NetUid, Rao, Tao,
};

const NETUID: NetUid = NetUid(1);

fn call_as(caller: AccountId) {
    set_caller::<DefaultEnvironment>(caller);
}

/// A payout of no neurons.
fn nothing() -> Payout {
    Payout {
        proposer: None,
        most: 0,
        before: 0,
        incentives: vec![],
        dividends: vec![],
        keeper: [104; 32].into(),
        fee: Rao::ZERO,
    }
}

/// Deploys the contract as Alice.
fn deployed() -> EmissionContract {
    EmissionContract::with(
        Tao([101; 32].into()),
        [102; 32].into(),
        [103; 32].into(),
        Division {
            fees: Fees::DEFAULT,
            split: Split::DEFAULT,
        },
        default_accounts::<DefaultEnvironment>().alice,
        Ledger::new(Rao(5), 0),
    )
}

#[ink::test]
fn the_deployer_wires_once_and_cannot_draw() {
    let all = default_accounts::<DefaultEnvironment>();
    let mut emission = deployed();
    call_as(all.bob);
    assert_eq!(emission.wire(all.bob), Err(WireError::NotDeployer));
    call_as(all.alice);
    assert_eq!(emission.wire(all.bob), Ok(()));
    assert_eq!(emission.wire(all.alice), Err(WireError::AlreadyWired));
    assert_eq!(
        emission.draw(NETUID, 0, SplitPreset::Network, Rao(1)),
        Err(EmissionError::NotEpoch)
    );
}

/// TAO in a contract that does not expect it would be lost. The registry is known from the staking
/// contract, so that is tested on a chain.
#[ink::test]
fn the_treasury_is_no_contract_of_the_deployment() {
    let (token, staking) = (AccountId::from([101; 32]), AccountId::from([102; 32]));
    for treasury in [token, staking, callee::<DefaultEnvironment>()] {
        let made = EmissionContract::new(token, staking, treasury, Split::DEFAULT, Fees::DEFAULT);
        assert_eq!(made.err(), Some(EmissionDeployError::BadTreasury));
    }
}

#[ink::test]
fn the_treasury_is_no_peer() {
    let mut emission = deployed();
    call_as(default_accounts::<DefaultEnvironment>().alice);
    assert_eq!(emission.wire([103; 32].into()), Err(WireError::BadPeer));
}

#[ink::test]
fn only_the_epoch_contract_draws_pays_carries_and_completes() {
    let all = default_accounts::<DefaultEnvironment>();
    let mut emission = deployed();
    let refused = EmissionError::NotEpoch;
    for wired in [false, true] {
        call_as(all.alice);
        if wired {
            emission.wire(all.bob).unwrap();
        }
        assert_eq!(
            emission.draw(NETUID, 0, SplitPreset::Network, Rao(1)),
            Err(refused.clone())
        );
        assert_eq!(emission.pay(NETUID, 0, nothing()), Err(refused.clone()));
        let completed = emission.complete(NETUID, 0, all.eve, all.eve);
        assert_eq!(completed, Err(refused.clone()));
        let paid = emission.pay_fee(NETUID, 0, Fee::Keeper, all.eve, Rao::ZERO);
        assert_eq!(paid, Err(refused.clone()));
        assert_eq!(emission.carry(NETUID, 0), Err(refused.clone()));
        assert_eq!(emission.pay_owed(NETUID, vec![]), Err(refused.clone()));
    }
}

#[ink::test]
fn without_a_budget_nothing_is_paid() {
    let all = default_accounts::<DefaultEnvironment>();
    let mut emission = deployed();
    call_as(all.alice);
    emission.wire(all.bob).unwrap();
    call_as(all.bob);
    let refused = EmissionError::NotDrawn;
    assert_eq!(emission.pay(NETUID, 0, nothing()), Err(refused.clone()));
    let completed = emission.complete(NETUID, 0, all.eve, all.eve);
    assert_eq!(completed, Err(refused.clone()));
    let paid = emission.pay_fee(NETUID, 0, Fee::Proposer, all.eve, Rao::ZERO);
    assert_eq!(paid, Err(refused.clone()));
    assert_eq!(emission.carry(NETUID, 0), Err(refused));
}

#[ink::test]
fn a_new_deployment_counts_genesis_as_issued() {
    let emission = deployed();
    let issuance = emission.issuance();
    assert_eq!((issuance.issued, issuance.genesis), (Rao(5), Rao(5)));
    assert_eq!(issuance.minted, Rao::ZERO);
    assert_eq!(issuance.per_block, Rao(1_000_000_000));
    assert_eq!(issuance.total_weight, Rao::ZERO);
    assert_eq!(emission.pending(NETUID), Rao::ZERO);
    assert_eq!(emission.budget(NETUID, 0), None);
}
