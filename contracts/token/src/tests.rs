//! Genesis, minting and burning, and the standard's own suite.

use crate::{issuance::Issuance, Token, NOT_MINTER, OVER_CAP};
use ink::{
    env::{
        test::{default_accounts, set_caller, DefaultAccounts},
        DefaultEnvironment,
    },
    prelude::string::String,
};
use inktensor_primitives::{
    token::{check_holders, TokenControl, TokenDeployError, WireError},
    AccountId,
};
use psp22::{PSP22Burnable, PSP22Data, PSP22Error, PSP22Metadata, PSP22Mintable, PSP22};

/// Makes a token whose caller has all of `supply`. The suite also needs a token without supply,
/// which the constructor refuses.
fn held_by_caller(supply: u128) -> Token {
    let caller = ink::env::caller::<DefaultEnvironment>();
    match supply {
        0 => Token {
            data: PSP22Data::default(),
            issuance: Issuance::new(caller, 0),
        },
        _ => Token::new(vec![(caller, supply)]).unwrap(),
    }
}

psp22::tests!(Token, held_by_caller);

fn accounts() -> DefaultAccounts<DefaultEnvironment> {
    default_accounts::<DefaultEnvironment>()
}

fn call_as(caller: AccountId) {
    set_caller::<DefaultEnvironment>(caller);
}

fn refused(reason: &str) -> Result<(), PSP22Error> {
    Err(PSP22Error::Custom(String::from(reason)))
}

/// Deploys TAO as Alice: Bob has 5 rao, Charlie 7.
fn deployed() -> Token {
    call_as(accounts().alice);
    Token::new(vec![(accounts().bob, 5), (accounts().charlie, 7)]).unwrap()
}

#[ink::test]
fn genesis_pays_every_holder_and_counts_as_minted() {
    let token = deployed();
    assert_eq!(token.balance_of(accounts().bob), 5);
    assert_eq!(token.balance_of(accounts().charlie), 7);
    assert_eq!(token.balance_of(accounts().alice), 0);
    assert_eq!((token.total_supply(), token.total_minted()), (12, 12));
    assert_eq!(ink::env::test::recorded_events().count(), 2);
}

#[ink::test]
fn a_bad_genesis_is_refused() {
    assert_eq!(Token::new(vec![]).err(), Some(TokenDeployError::NoHolders));
}

proptest::proptest! {
    #[test]
    fn genesis_is_of_distinct_holders_with_an_amount_each(
        holders in proptest::collection::vec((0u8..12, 0u128..3), 0..8)
    ) {
        let seeds: std::collections::BTreeSet<u8> = holders.iter().map(|(seed, _)| *seed).collect();
        let sound = !holders.is_empty()
            && seeds.len() == holders.len()
            && holders.iter().all(|(_, amount)| *amount > 0);
        let sum: u128 = holders.iter().map(|(_, amount)| amount).sum();
        let given: Vec<(AccountId, u128)> = holders
            .iter()
            .map(|(seed, amount)| ([*seed; 32].into(), *amount))
            .collect();
        proptest::prop_assert_eq!(check_holders(&given).ok(), sound.then_some(sum));
    }
}

#[ink::test]
fn tao_has_nine_decimals_and_its_cap() {
    let token = deployed();
    assert_eq!(token.token_name().as_deref(), Some("TAO"));
    assert_eq!(token.token_symbol().as_deref(), Some("TAO"));
    assert_eq!(token.token_decimals(), 9);
    assert_eq!(token.cap(), 21_000_000_000_000_000);
}

#[ink::test]
fn only_the_deployer_names_the_minter_and_only_once() {
    let mut token = deployed();
    call_as(accounts().bob);
    assert_eq!(
        token.wire(accounts().bob, accounts().frank),
        Err(WireError::NotDeployer)
    );
    assert_eq!(token.minter(), None);
    call_as(accounts().alice);
    assert_eq!(token.wire(accounts().eve, accounts().frank), Ok(()));
    assert_eq!(token.minter(), Some(accounts().eve));
    assert_eq!(
        token.wire(accounts().alice, accounts().frank),
        Err(WireError::AlreadyWired)
    );
    assert_eq!(token.minter(), Some(accounts().eve));
}

#[ink::test]
fn only_the_minter_mints() {
    let mut token = deployed();
    let payees = || vec![(accounts().bob, 1), (accounts().charlie, 2)];
    assert_eq!(token.mint(1), refused(NOT_MINTER));
    assert_eq!(token.mint_to(payees()), refused(NOT_MINTER));
    assert_eq!(token.wire(accounts().eve, accounts().frank), Ok(()));
    assert_eq!(token.mint(1), refused(NOT_MINTER));
    assert_eq!(token.mint_to(payees()), refused(NOT_MINTER));
    call_as(accounts().eve);
    assert_eq!(token.mint(8), Ok(()));
    assert_eq!(token.balance_of(accounts().eve), 8);
    assert_eq!((token.total_supply(), token.total_minted()), (20, 20));
    assert_eq!(token.mint_to(payees()), Ok(()));
    assert_eq!(token.balance_of(accounts().bob), 6);
    assert_eq!(token.balance_of(accounts().charlie), 9);
    assert_eq!((token.total_supply(), token.total_minted()), (23, 23));
}

#[ink::test]
fn burning_makes_no_room_below_the_cap() {
    let mut token = deployed();
    assert_eq!(token.wire(accounts().eve, accounts().frank), Ok(()));
    call_as(accounts().eve);
    assert_eq!(token.mint(token.cap() - 12), Ok(()));
    assert_eq!(token.burn(100), Ok(()));
    assert_eq!(token.total_supply(), token.cap() - 100);
    assert_eq!(token.total_minted(), token.cap());
    assert_eq!(token.mint(1), refused(OVER_CAP));
    let one = vec![(accounts().bob, 1)];
    assert_eq!(token.mint_to(one), refused(OVER_CAP));
    assert_eq!(token.total_supply(), token.cap() - 100);
}

#[ink::test]
fn an_account_burns_at_most_its_balance() {
    let mut token = deployed();
    call_as(accounts().bob);
    assert_eq!(token.burn(6), Err(PSP22Error::InsufficientBalance));
    assert_eq!(token.burn(5), Ok(()));
    assert_eq!(token.balance_of(accounts().bob), 0);
    assert_eq!((token.total_supply(), token.total_minted()), (7, 12));
}
