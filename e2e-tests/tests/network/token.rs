//! TAO as any PSP22 client sees it: the built Wasm, called by the standard's selectors and raw
//! bytes.

use inktensor_e2e_tests::{accounts::*, network::Raw, Network};
use inktensor_primitives::{AccountId, Rao};
use psp22::{PSP22Error, Transfer};
use scale::{Decode, Encode};

/// Selectors of the PSP22 standard and its extensions.
mod selector {
    pub const TOTAL_SUPPLY: [u8; 4] = [0x16, 0x2d, 0xf8, 0xc2];
    pub const BALANCE_OF: [u8; 4] = [0x65, 0x68, 0x38, 0x2f];
    pub const ALLOWANCE: [u8; 4] = [0x4d, 0x47, 0xd9, 0x21];
    pub const TRANSFER: [u8; 4] = [0xdb, 0x20, 0xf9, 0xf5];
    pub const TRANSFER_FROM: [u8; 4] = [0x54, 0xb3, 0xc7, 0x6e];
    pub const APPROVE: [u8; 4] = [0xb2, 0x0f, 0x1b, 0xbd];
    pub const INCREASE_ALLOWANCE: [u8; 4] = [0x96, 0xd6, 0xb5, 0x7a];
    pub const DECREASE_ALLOWANCE: [u8; 4] = [0xfe, 0xcb, 0x57, 0xd5];
    pub const TOKEN_NAME: [u8; 4] = [0x3d, 0x26, 0x1b, 0xd4];
    pub const TOKEN_SYMBOL: [u8; 4] = [0x34, 0x20, 0x5b, 0xe5];
    pub const TOKEN_DECIMALS: [u8; 4] = [0x72, 0x71, 0xb7, 0x82];
    pub const BURN: [u8; 4] = [0x7a, 0x9d, 0xa5, 0x10];
    pub const MINT: [u8; 4] = [0xfc, 0x3c, 0x75, 0xd4];
}

/// The answer of a message that returns `R`. The outer result is an error if the message is
/// unknown.
type Answer<R> = Result<R, ink::LangError>;
/// The answer of a message that can fail.
type Outcome = Answer<Result<(), PSP22Error>>;

fn message(selector: [u8; 4], arguments: impl Encode) -> Vec<u8> {
    (selector, arguments).encode()
}

fn query<R: Decode>(net: &mut Network, selector: [u8; 4], arguments: impl Encode) -> R {
    let token = net.addresses().token;
    let answer = net.raw_read(token, message(selector, arguments));
    Answer::<R>::decode(&mut answer.as_slice())
        .expect("the answer decodes")
        .expect("a known message")
}

fn send(net: &mut Network, who: AccountId, selector: [u8; 4], arguments: impl Encode) -> Raw {
    let token = net.addresses().token;
    net.raw_call(who, token, message(selector, arguments))
}

fn balance(net: &mut Network, who: AccountId) -> u128 {
    query(net, selector::BALANCE_OF, who)
}

fn allowance(net: &mut Network, owner: AccountId, spender: AccountId) -> u128 {
    query(net, selector::ALLOWANCE, (owner, spender))
}

/// Returns the encoded answer of success.
fn done() -> Vec<u8> {
    let outcome: Outcome = Ok(Ok(()));
    outcome.encode()
}

/// Returns the encoded answer `error`.
fn refused(error: PSP22Error) -> Vec<u8> {
    let outcome: Outcome = Ok(Err(error));
    outcome.encode()
}

/// Returns a network in which Alice has 100 rao.
fn with_alice() -> Network {
    let mut net = Network::deploy();
    net.fund(ALICE, Rao(100));
    net
}

#[test]
fn metadata_is_tao_with_nine_decimals() {
    let net = &mut Network::deploy();
    let name: Option<String> = query(net, selector::TOKEN_NAME, ());
    let symbol: Option<String> = query(net, selector::TOKEN_SYMBOL, ());
    let decimals: u8 = query(net, selector::TOKEN_DECIMALS, ());
    assert_eq!(name.as_deref(), Some("TAO"));
    assert_eq!(symbol.as_deref(), Some("TAO"));
    assert_eq!(decimals, 9);
}

#[test]
fn total_supply_is_genesis_at_first() {
    let net = &mut Network::deploy();
    let supply: u128 = query(net, selector::TOTAL_SUPPLY, ());
    assert_eq!(supply, net.genesis().to_u128());
    assert_eq!(balance(net, BANK), supply);
}

#[test]
fn transfer_moves_the_value() {
    let net = &mut with_alice();
    let answer = send(net, ALICE, selector::TRANSFER, (BOB, 40u128, vec![1u8, 2]));
    assert_eq!(answer.output, done());
    assert_eq!((balance(net, ALICE), balance(net, BOB)), (60, 40));
}

#[test]
fn transfer_emits_from_to_and_value() {
    let net = &mut with_alice();
    let answer = send(
        net,
        ALICE,
        selector::TRANSFER,
        (BOB, 40u128, Vec::<u8>::new()),
    );
    let [event] = answer.events.as_slice() else {
        panic!("one event, not {}", answer.events.len());
    };
    assert_eq!(event.contract, net.addresses().token);
    // The signature, and one topic each for `from` and `to`.
    assert_eq!(event.topics.len(), 3);
    let transfer = Transfer::decode(&mut event.data.as_slice()).expect("a Transfer");
    assert_eq!(transfer.from, Some(ALICE));
    assert_eq!(transfer.to, Some(BOB));
    assert_eq!(transfer.value, 40);
}

#[test]
fn transfer_of_zero_or_to_oneself_emits_nothing() {
    let net = &mut with_alice();
    for (to, value) in [(BOB, 0u128), (ALICE, 40)] {
        let answer = send(
            net,
            ALICE,
            selector::TRANSFER,
            (to, value, Vec::<u8>::new()),
        );
        assert_eq!((answer.output, answer.events.len()), (done(), 0));
    }
    assert_eq!(balance(net, ALICE), 100);
}

#[test]
fn transfer_above_the_balance_is_refused() {
    let net = &mut with_alice();
    let before = net.snapshot();
    let answer = send(
        net,
        ALICE,
        selector::TRANSFER,
        (BOB, 101u128, Vec::<u8>::new()),
    );
    assert_eq!(answer.output, refused(PSP22Error::InsufficientBalance));
    // The second variant of the standard's error.
    assert_eq!(answer.output, [0, 1, 1]);
    assert_eq!(net.snapshot(), before);
}

#[test]
fn approve_sets_the_allowance() {
    let net = &mut with_alice();
    assert_eq!(
        send(net, ALICE, selector::APPROVE, (BOB, 30u128)).output,
        done()
    );
    assert_eq!(
        send(net, ALICE, selector::APPROVE, (BOB, 20u128)).output,
        done()
    );
    assert_eq!(allowance(net, ALICE, BOB), 20);
    assert_eq!(allowance(net, BOB, ALICE), 0);
}

#[test]
fn increase_and_decrease_change_the_allowance() {
    let net = &mut with_alice();
    assert_eq!(
        send(net, ALICE, selector::INCREASE_ALLOWANCE, (BOB, 30u128)).output,
        done()
    );
    assert_eq!(
        send(net, ALICE, selector::DECREASE_ALLOWANCE, (BOB, 10u128)).output,
        done()
    );
    assert_eq!(allowance(net, ALICE, BOB), 20);
}

#[test]
fn decrease_below_zero_is_refused() {
    let net = &mut with_alice();
    send(net, ALICE, selector::APPROVE, (BOB, 5u128));
    let before = net.snapshot();
    let answer = send(net, ALICE, selector::DECREASE_ALLOWANCE, (BOB, 6u128));
    assert_eq!(answer.output, refused(PSP22Error::InsufficientAllowance));
    assert_eq!(net.snapshot(), before);
}

#[test]
fn transfer_from_spends_the_allowance() {
    let net = &mut with_alice();
    send(net, ALICE, selector::APPROVE, (BOB, 30u128));
    let arguments = (ALICE, CHARLIE, 25u128, Vec::<u8>::new());
    assert_eq!(
        send(net, BOB, selector::TRANSFER_FROM, arguments).output,
        done()
    );
    assert_eq!((balance(net, ALICE), balance(net, CHARLIE)), (75, 25));
    assert_eq!(allowance(net, ALICE, BOB), 5);
}

#[test]
fn transfer_from_above_the_allowance_is_refused() {
    let net = &mut with_alice();
    send(net, ALICE, selector::APPROVE, (BOB, 30u128));
    let before = net.snapshot();
    let arguments = (ALICE, CHARLIE, 31u128, Vec::<u8>::new());
    let answer = send(net, BOB, selector::TRANSFER_FROM, arguments);
    assert_eq!(answer.output, refused(PSP22Error::InsufficientAllowance));
    assert_eq!(net.snapshot(), before);
}

#[test]
fn burn_lowers_the_supply_but_not_the_minted_amount() {
    let net = &mut with_alice();
    let supply: u128 = query(net, selector::TOTAL_SUPPLY, ());
    let minted = net.total_minted();
    let answer = send(net, ALICE, selector::BURN, 40u128);
    assert_eq!(answer.output, done());
    assert_eq!(balance(net, ALICE), 60);
    assert_eq!(
        query::<u128>(net, selector::TOTAL_SUPPLY, ()),
        supply.saturating_sub(40)
    );
    assert_eq!(net.total_minted(), minted);
}

#[test]
fn burn_above_the_balance_is_refused() {
    let net = &mut with_alice();
    let before = net.snapshot();
    let answer = send(net, ALICE, selector::BURN, 101u128);
    assert_eq!(answer.output, refused(PSP22Error::InsufficientBalance));
    assert_eq!(net.snapshot(), before);
}

#[test]
fn mint_by_another_account_is_refused() {
    let net = &mut with_alice();
    let before = net.snapshot();
    for who in [ALICE, BANK, DEPLOYER] {
        let answer = send(net, who, selector::MINT, 1u128);
        let outcome = Outcome::decode(&mut answer.output.as_slice()).expect("an outcome");
        assert!(matches!(outcome, Ok(Err(PSP22Error::Custom(_)))));
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn unknown_selector_is_refused() {
    let net = &mut with_alice();
    let before = net.snapshot();
    let answer = send(net, ALICE, [0xde, 0xad, 0xbe, 0xef], ());
    let outcome = Outcome::decode(&mut answer.output.as_slice()).expect("an outcome");
    assert_eq!(outcome, Err(ink::LangError::CouldNotReadInput));
    assert_eq!(net.snapshot(), before);
}
