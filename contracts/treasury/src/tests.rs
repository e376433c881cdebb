//! Messages that call no token. Payments are tested on a chain.

use crate::TreasuryContract;
use ink::env::{
    test::{callee, default_accounts, set_caller, DefaultAccounts},
    DefaultEnvironment,
};
use inktensor_primitives::{
    treasury::{NewBudget, NewStream, Treasury, TreasuryDeployError, TreasuryError},
    AccountId, Rao, Tao,
};

const ONE: Rao = Rao(1);

fn token() -> AccountId {
    [101; 32].into()
}

fn accounts() -> DefaultAccounts<DefaultEnvironment> {
    default_accounts::<DefaultEnvironment>()
}

fn treasury_account() -> AccountId {
    callee::<DefaultEnvironment>()
}

fn call_as(caller: AccountId) {
    set_caller::<DefaultEnvironment>(caller);
}

/// Deploys the contract for Bob, and calls as him.
fn deployed() -> TreasuryContract {
    call_as(accounts().bob);
    TreasuryContract::with(Tao(token()), accounts().bob)
}

fn stream(payee: AccountId, total: Rao) -> NewStream {
    NewStream {
        payee,
        total,
        start: 0,
        cliff: 0,
        end: 1,
    }
}

fn budget(manager: AccountId, total: Rao) -> NewBudget {
    NewBudget {
        manager,
        total,
        per_period: total,
        period: 1,
        until: 1,
    }
}

#[ink::test]
fn the_owner_is_neither_the_treasury_nor_the_token() {
    for owner in [treasury_account(), token()] {
        let made = TreasuryContract::new(token(), owner);
        assert_eq!(made.err(), Some(TreasuryDeployError::BadOwner));
    }
}

#[ink::test]
fn a_new_treasury_has_no_grants() {
    let treasury = deployed();
    assert_eq!(treasury.token(), token());
    assert_eq!(treasury.owner(), accounts().bob);
    assert_eq!((treasury.offered_owner(), treasury.grants()), (None, 0));
    assert_eq!((treasury.stream(0), treasury.budget(0)), (None, None));
}

#[ink::test]
fn only_the_owner_pays_and_commits() {
    let mut treasury = deployed();
    let eve = accounts().eve;
    // Alice deployed nothing here, and an offer gives no rights.
    assert_eq!(treasury.offer_owner(Some(eve)), Ok(()));
    for caller in [accounts().alice, eve] {
        call_as(caller);
        let refused = TreasuryError::NotOwner;
        assert_eq!(treasury.pay(eve, ONE), Err(refused));
        assert_eq!(treasury.open_stream(stream(eve, ONE)), Err(refused));
        assert_eq!(treasury.open_budget(budget(eve, ONE)), Err(refused));
        assert_eq!(treasury.revoke(0), Err(refused));
        assert_eq!(treasury.rescue([9; 32].into(), eve, 1), Err(refused));
        assert_eq!(treasury.offer_owner(Some(caller)), Err(refused));
    }
}

#[ink::test]
fn ownership_passes_on_in_two_steps() {
    let mut treasury = deployed();
    let (bob, eve) = (accounts().bob, accounts().eve);
    assert_eq!(treasury.offer_owner(Some(eve)), Ok(()));
    assert_eq!(treasury.offer_owner(None), Ok(()));
    call_as(eve);
    assert_eq!(treasury.accept_owner(), Err(TreasuryError::OwnerNotOffered));
    call_as(bob);
    assert_eq!(treasury.offer_owner(Some(eve)), Ok(()));
    assert_eq!(treasury.accept_owner(), Err(TreasuryError::OwnerNotOffered));
    assert_eq!(
        (treasury.owner(), treasury.offered_owner()),
        (bob, Some(eve))
    );
    call_as(eve);
    assert_eq!(treasury.accept_owner(), Ok(()));
    assert_eq!((treasury.owner(), treasury.offered_owner()), (eve, None));
    assert_eq!(treasury.accept_owner(), Err(TreasuryError::OwnerNotOffered));
    call_as(bob);
    assert_eq!(treasury.offer_owner(None), Err(TreasuryError::NotOwner));
}

#[ink::test]
fn tao_does_not_go_where_it_is_lost() {
    let mut treasury = deployed();
    let refused = TreasuryError::BadAccount;
    for account in [treasury_account(), token()] {
        assert_eq!(treasury.pay(account, ONE), Err(refused));
        assert_eq!(treasury.open_stream(stream(account, ONE)), Err(refused));
        assert_eq!(treasury.open_budget(budget(account, ONE)), Err(refused));
        assert_eq!(treasury.set_payee(0, account), Err(refused));
        assert_eq!(treasury.draw(0, account, ONE), Err(refused));
        assert_eq!(treasury.offer_owner(Some(account)), Err(refused));
    }
}

#[ink::test]
fn zero_is_not_paid() {
    let mut treasury = deployed();
    let (eve, refused) = (accounts().eve, TreasuryError::ZeroAmount);
    assert_eq!(treasury.pay(eve, Rao::ZERO), Err(refused));
    assert_eq!(treasury.open_stream(stream(eve, Rao::ZERO)), Err(refused));
    assert_eq!(treasury.open_budget(budget(eve, Rao::ZERO)), Err(refused));
    assert_eq!(treasury.draw(0, eve, Rao::ZERO), Err(refused));
    assert_eq!(treasury.rescue([9; 32].into(), eve, 0), Err(refused));
}

#[ink::test]
fn tao_is_not_rescued() {
    let mut treasury = deployed();
    let eve = accounts().eve;
    assert_eq!(treasury.rescue(token(), eve, 1), Err(TreasuryError::IsTao));
    let to_itself = treasury.rescue([9; 32].into(), treasury_account(), 1);
    assert_eq!(to_itself, Err(TreasuryError::BadAccount));
}

#[ink::test]
fn absent_grants_are_named() {
    let mut treasury = deployed();
    let eve = accounts().eve;
    assert_eq!(treasury.claim(7), Err(TreasuryError::NoStream(7)));
    assert_eq!(treasury.set_payee(7, eve), Err(TreasuryError::NoStream(7)));
    assert_eq!(treasury.draw(7, eve, ONE), Err(TreasuryError::NoBudget(7)));
    assert_eq!(treasury.revoke(7), Err(TreasuryError::NoGrant(7)));
    assert_eq!(treasury.close(7), Err(TreasuryError::NoGrant(7)));
}
