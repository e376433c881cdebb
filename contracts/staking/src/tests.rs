//! Tests of messages that call no other contract. Calls that move TAO are tested on a chain.

use crate::{PositionKey, StakingContract, DEFAULT_TAKE, MIN_STAKE};
use ink::env::{
    test::{callee, default_accounts, get_contract_storage_rw, recorded_events, set_caller},
    DefaultEnvironment,
};
use inktensor_primitives::{
    staking::{Credited, Payment, Staking, StakingError, MAX_TAKE},
    token::WireError,
    AccountId, Bps, NetUid, Rao, PAGE,
};

const NETUID: NetUid = NetUid(1);

fn hotkey() -> AccountId {
    [7; 32].into()
}

/// Alice deploys; Bob is the emission contract, Charlie the epoch contract; Django and Eve own
/// hotkeys.
struct Accounts {
    alice: AccountId,
    bob: AccountId,
    charlie: AccountId,
    django: AccountId,
    eve: AccountId,
}

fn accounts() -> Accounts {
    let all = default_accounts::<DefaultEnvironment>();
    Accounts {
        alice: all.alice,
        bob: all.bob,
        charlie: all.charlie,
        django: all.django,
        eve: all.eve,
    }
}

fn become_(who: AccountId) {
    set_caller::<DefaultEnvironment>(who);
}

fn deployed() -> StakingContract {
    let token = AccountId::from([101; 32]);
    let registry = AccountId::from([102; 32]);
    StakingContract::deployed_by(accounts().alice, token, registry)
}

fn wired() -> StakingContract {
    let mut staking = deployed();
    become_(accounts().alice);
    staking.wire(accounts().bob, accounts().charlie).unwrap();
    staking
}

fn payment(hotkey: AccountId, coldkey: AccountId, amount: u64) -> Payment {
    Payment {
        hotkey,
        coldkey,
        amount: Rao(amount),
    }
}

/// Stakes pay that owners collect.
fn stake_pay(staking: &mut StakingContract, payments: Vec<Payment>) -> Rao {
    become_(accounts().bob);
    staking.stake_pay(NETUID, payments).unwrap()
}

fn begin_epoch(staking: &mut StakingContract, closing: u32) {
    become_(accounts().charlie);
    staking.begin_epoch(NETUID, closing).unwrap();
}

#[ink::test]
fn the_deployer_wires_once_and_has_no_role_after() {
    let Accounts {
        alice,
        bob,
        charlie,
        ..
    } = accounts();
    let mut staking = deployed();
    become_(bob);
    assert_eq!(staking.wire(bob, charlie), Err(WireError::NotDeployer));
    become_(alice);
    assert_eq!(staking.wire(bob, charlie), Ok(()));
    assert_eq!(staking.wire(alice, alice), Err(WireError::AlreadyWired));
    let refused = Err(StakingError::NotEmission);
    assert_eq!(staking.distribute(NETUID, 0, Vec::new()), refused);
    let refused = Err(StakingError::NotEmission);
    assert_eq!(staking.stake_pay(NETUID, Vec::new()), refused);
    let refused = Err(StakingError::NotEpoch);
    assert_eq!(staking.begin_epoch(NETUID, 0), refused);
}

#[ink::test]
fn before_wiring_no_account_pays_or_opens_epochs() {
    let mut staking = deployed();
    become_(accounts().alice);
    let refused = Err(StakingError::NotEmission);
    assert_eq!(staking.distribute(NETUID, 0, Vec::new()), refused);
    let refused = Err(StakingError::NotEmission);
    assert_eq!(staking.stake_pay(NETUID, Vec::new()), refused);
    let refused = Err(StakingError::NotEpoch);
    assert_eq!(staking.begin_epoch(NETUID, 0), refused);
}

#[ink::test]
fn a_peer_does_not_have_the_other_peers_role() {
    let mut staking = wired();
    become_(accounts().charlie);
    let refused = Err(StakingError::NotEmission);
    assert_eq!(staking.distribute(NETUID, 0, Vec::new()), refused);
    let refused = Err(StakingError::NotEmission);
    assert_eq!(staking.stake_pay(NETUID, Vec::new()), refused);
    become_(accounts().bob);
    let refused = Err(StakingError::NotEpoch);
    assert_eq!(staking.begin_epoch(NETUID, 0), refused);
}

#[ink::test]
fn collected_pay_becomes_stake_to_the_last_rao() {
    let Accounts { django, eve, .. } = accounts();
    let mut staking = wired();
    let other = AccountId::from([8; 32]);
    let paid = stake_pay(
        &mut staking,
        vec![
            payment(hotkey(), django, 1_099),
            payment(other, eve, 0),
            payment(other, eve, 5),
        ],
    );
    assert_eq!(paid, Rao(1_104));
    assert_eq!(staking.total_stake(), Rao(1_104));
    assert_eq!(staking.subnet_stake(NETUID), Rao(1_104));
    assert_eq!(staking.subnet_stake(NetUid(2)), Rao::ZERO);
    assert_eq!(staking.hotkey_stake(NETUID, hotkey()), Rao(1_099));
    assert_eq!(staking.stake(NETUID, hotkey(), django), Rao(1_099));
    assert_eq!(staking.stake(NETUID, other, eve), Rao(5));
    assert_eq!(staking.stake(NETUID, other, django), Rao::ZERO);
    // The wiring, and the pay.
    assert_eq!(recorded_events().count(), 2);
}

#[ink::test]
fn dividends_go_to_stakers_and_the_take_is_returned() {
    let Accounts { django, eve, .. } = accounts();
    let mut staking = wired();
    stake_pay(&mut staking, vec![payment(hotkey(), django, 1_000)]);
    begin_epoch(&mut staking, 0);
    begin_epoch(&mut staking, 1);
    become_(accounts().bob);
    let other = AccountId::from([8; 32]);
    let paid = vec![payment(hotkey(), django, 100), payment(other, eve, 7)];
    let credited = staking.distribute(NETUID, 1, paid).unwrap();
    // Without stakers the owner gets everything, and no pool is made.
    let expected = Credited {
        owners: vec![Rao(18), Rao(7)],
        amount: Rao(82),
    };
    assert_eq!(credited, expected);
    assert_eq!(staking.stake(NETUID, hotkey(), django), Rao(1_082));
    assert_eq!(staking.total_stake(), Rao(1_082));
    assert!(!staking.stake.stores_pool(NETUID, other));
}

/// Reads and writes of storage cells so far.
fn accesses() -> usize {
    let contract = callee::<DefaultEnvironment>();
    let (reads, writes) = get_contract_storage_rw::<DefaultEnvironment>(&contract);
    reads + writes
}

/// Pays 64 hotkeys for the closed epoch. Returns the accesses of each call.
fn distribute_64(staking: &mut StakingContract) -> Vec<usize> {
    let all: Vec<Payment> = (0..64)
        .map(|seed| payment([seed; 32].into(), accounts().django, 100))
        .collect();
    let epoch = staking.open_epoch(NETUID) - 1;
    let (mut left, mut calls) = (all.as_slice(), Vec::new());
    while !left.is_empty() {
        become_(accounts().bob);
        let before = accesses();
        let credited = staking.distribute(NETUID, epoch, left.to_vec()).unwrap();
        calls.push(accesses() - before);
        assert!(!credited.owners.is_empty(), "a call credits at least one");
        left = &left[credited.owners.len()..];
    }
    calls
}

/// The sums of the subnet are read and written once. Each hotkey has its pool, its root account,
/// and the pool again.
#[ink::test]
fn a_chunk_of_64_hotkeys_that_collect_every_epoch_is_one_call() {
    let mut staking = wired();
    let mut all = Vec::new();
    for epoch in 0..5 {
        let pay = (0..64).map(|seed| payment([seed; 32].into(), accounts().django, 1_000));
        stake_pay(&mut staking, pay.collect());
        begin_epoch(&mut staking, epoch);
        all.push(distribute_64(&mut staking));
    }
    // In epoch 1, no deposit has shares. Links are read until dividends are credited for the first
    // time.
    let plain = vec![2 + 64 * 3];
    let first = vec![2 + 64 * 4];
    assert_eq!(
        all,
        [&plain, &first, &plain, &plain, &plain].map(Clone::clone)
    );
}

/// The sums of the subnet are read and written once. Each payment reads and writes the pool and the
/// position. Before the first one, positions, lists and pools are created.
#[ink::test]
fn pay_that_is_collected_every_epoch_accesses_the_pool_and_the_position() {
    let mut staking = wired();
    let mut all = Vec::new();
    for epoch in 0..6 {
        let pay = (0..64).map(|seed| payment([seed; 32].into(), accounts().django, 1_000));
        let before = accesses();
        stake_pay(&mut staking, pay.collect());
        all.push(accesses() - before);
        begin_epoch(&mut staking, epoch);
        distribute_64(&mut staking);
    }
    assert_eq!(all[0], 2 + 64 * 11);
    assert_eq!(all[1..], [2 + 64 * 4; 5]);
}

#[ink::test]
fn pay_weighs_from_the_epoch_after_it_is_collected_on() {
    let mut staking = wired();
    let pay = vec![payment(hotkey(), accounts().django, 100)];
    stake_pay(&mut staking, pay.clone());
    begin_epoch(&mut staking, 0);
    stake_pay(&mut staking, pay.clone());
    begin_epoch(&mut staking, 1);
    stake_pay(&mut staking, pay);
    assert_eq!(staking.open_epoch(NETUID), 2);
    let at = |epoch| staking.stake_at(NETUID, hotkey(), epoch);
    assert_eq!(at(0), Err(StakingError::TooOld));
    assert_eq!(at(1), Ok(Rao(100)));
    assert_eq!(at(2), Ok(Rao(200)));
    let unknown = AccountId::from([9; 32]);
    assert_eq!(
        staking.stakes_at(NETUID, vec![unknown, hotkey()], 1),
        Ok(vec![Rao::ZERO, Rao(100)])
    );
}

#[ink::test]
fn a_page_is_the_most_that_is_read_at_once() {
    let staking = wired();
    let hotkeys = |count: u16| vec![hotkey(); usize::from(count)];
    assert!(staking.stakes_at(NETUID, hotkeys(PAGE), 0).is_ok());
    assert_eq!(
        staking.stakes_at(NETUID, hotkeys(PAGE + 1), 0),
        Err(StakingError::TooMany(PAGE))
    );
}

#[ink::test]
fn amounts_and_takes_out_of_bounds_are_refused_before_any_call() {
    let mut staking = wired();
    assert_eq!(
        staking.add_stake(NETUID, hotkey(), Rao(MIN_STAKE.0 - 1)),
        Err(StakingError::TooLittle(MIN_STAKE))
    );
    assert_eq!(
        staking.remove_stake(NETUID, hotkey(), Rao::ZERO),
        Err(StakingError::TooLittle(Rao(1)))
    );
    assert_eq!(
        staking.remove_stake(NETUID, hotkey(), Rao(1)),
        Err(StakingError::NotEnoughStake(Rao::ZERO))
    );
    assert_eq!(
        staking.remove_all_stake(NETUID, hotkey()),
        Err(StakingError::NotEnoughStake(Rao::ZERO))
    );
    assert_eq!(
        staking.set_take(hotkey(), Bps(1_801)),
        Err(StakingError::TakeAbove(MAX_TAKE))
    );
    assert_eq!(staking.take(hotkey()), DEFAULT_TAKE);
}

#[ink::test]
fn empty_positions_and_unread_pools_are_deleted() {
    let django = accounts().django;
    let mut staking = wired();
    let position = PositionKey {
        netuid: NETUID,
        hotkey: hotkey(),
        coldkey: django,
    };
    stake_pay(&mut staking, vec![payment(hotkey(), django, 100)]);
    begin_epoch(&mut staking, 0);
    begin_epoch(&mut staking, 1);
    let remove_all =
        |staking: &mut StakingContract| staking.stake.remove_all(position, 0).unwrap().stake;
    assert_eq!(remove_all(&mut staking), Rao(100));
    assert!(!staking.stake.stores_position(position));
    // Epoch 1, in which the pay weighed, still reads the pool.
    assert!(staking.stake.stores_pool(NETUID, hotkey()));
    assert_eq!(staking.stake_at(NETUID, hotkey(), 1), Ok(Rao(100)));

    begin_epoch(&mut staking, 2);
    stake_pay(&mut staking, vec![payment(hotkey(), django, 7)]);
    assert_eq!(remove_all(&mut staking), Rao(7));
    assert!(!staking.stake.stores_pool(NETUID, hotkey()));
    assert_eq!(staking.stake_at(NETUID, hotkey(), 2), Ok(Rao::ZERO));
}
