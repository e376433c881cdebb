use super::*;
use inktensor_primitives::{
    registry::HotkeyStatus, staking::StakingError, AccountId, NetUid, Rao, PAGE,
};

const NETUID: NetUid = NetUid(1);
const LEAST: Rao = Rao(5_000_000);

fn account(seed: u8) -> AccountId {
    [seed; 32].into()
}

/// Coldkey 1 owns hotkey 1, and so on.
fn status(owner: u8) -> HotkeyStatus {
    HotkeyStatus {
        subnet_exists: true,
        transfers: true,
        nominator_min: LEAST,
        braked_until: None,
        owner: Some(account(owner)),
    }
}

fn position(netuid: NetUid, hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey {
        netuid,
        hotkey: account(hotkey),
        coldkey: account(coldkey),
    }
}

fn add(stake: &mut Stake, key: PositionKey, amount: u64) -> Result<(), StakingError> {
    let hotkey: &[u8; 32] = key.hotkey.as_ref();
    stake.add(key, Deposit::of(Rao(amount))?, &status(hotkey[0]), 0)
}

#[ink::test]
fn deposits_are_refused_by_subnet_hotkey_and_least_amount() {
    let mut stake = Stake::default();
    let (own, nomination) = (position(NETUID, 1, 1), position(NETUID, 1, 2));
    let least = MIN_STAKE.0;
    let refused = Err(StakingError::TooLittle(MIN_STAKE));
    assert_eq!(Deposit::of(Rao(least - 1)).map(|_| ()), refused);
    let deposit = Deposit::of(MIN_STAKE).unwrap();
    let mut unknown = status(1);
    unknown.owner = None;
    let refused = Err(StakingError::UnknownHotkey);
    assert_eq!(stake.add(own, deposit, &unknown, 0), refused);
    unknown.subnet_exists = false;
    let refused = Err(StakingError::UnknownSubnet);
    assert_eq!(stake.add(own, deposit, &unknown, 0), refused);
    // The least nomination binds other coldkeys than the owner, with all they have there.
    assert_eq!(add(&mut stake, own, least), Ok(()));
    let refused = Err(StakingError::TooLittle(LEAST));
    assert_eq!(add(&mut stake, nomination, LEAST.0 - 1), refused);
    assert_eq!(add(&mut stake, nomination, LEAST.0), Ok(()));
    assert_eq!(add(&mut stake, nomination, least), Ok(()));
    assert_eq!(stake.total(), Rao(LEAST.0 + 2 * least));
    assert_eq!(stake.on_subnet(NETUID), stake.total());
    assert_eq!(stake.on_hotkey(NETUID, account(1)), stake.total());
}

#[ink::test]
fn a_withdrawal_takes_a_remainder_below_the_least() {
    let mut stake = Stake::default();
    let key = position(NETUID, 1, 2);
    add(&mut stake, key, 20_000_000).unwrap();
    let mut remove = |amount| stake.remove(key, Some(Rao(amount)), LEAST, 0);
    assert_eq!(remove(0), Err(StakingError::TooLittle(MIN_STAKE)));
    let refused = Err(StakingError::NotEnoughStake(Rao(20_000_000)));
    assert_eq!(remove(20_000_001), refused);
    assert_eq!(remove(15_000_000), Ok(Rao(15_000_000)));
    assert_eq!(remove(1), Ok(LEAST));
    assert_eq!((stake.worth(key), stake.total()), (Rao::ZERO, Rao::ZERO));
    assert!(!stake.stores_position(key));
}

#[ink::test]
fn a_transfer_keeps_the_sum_and_moves_the_position_in_the_lists() {
    let mut stake = Stake::default();
    let (from, to) = (position(NETUID, 1, 2), position(NetUid(2), 3, 2));
    add(&mut stake, from, 20_000_000).unwrap();
    let mut transfer =
        |amount: Option<u64>| stake.transfer((from, to), amount.map(Rao), LEAST, &status(3), 0);
    assert_eq!(transfer(Some(8_000_000)), Ok(Rao(8_000_000)));
    assert_eq!(transfer(None), Ok(Rao(12_000_000)));
    let none = Err(StakingError::NotEnoughStake(Rao::ZERO));
    assert_eq!(transfer(None), none);
    assert_eq!(stake.total(), Rao(20_000_000));
    assert_eq!(stake.on_subnet(NETUID), Rao::ZERO);
    let found = stake.positions(to.coldkey, 0);
    assert_eq!((found.len(), found[0].netuid), (1, to.netuid));
    assert_eq!(found[0].stake, Rao(20_000_000));
    assert!(stake.nominators(from.hotkey, 0).is_empty());
    assert!(stake.positions(to.coldkey, 1).is_empty());
}

#[ink::test]
fn a_page_of_positions_is_bounded() {
    let mut stake = Stake::default();
    let keys = (0..=u8::try_from(PAGE).unwrap()).map(|hotkey| position(NETUID, hotkey, 200));
    for key in keys {
        add(&mut stake, key, LEAST.0).unwrap();
    }
    let page = |page| stake.positions(account(200), page).len();
    assert_eq!((page(0), page(1), page(2)), (usize::from(PAGE), 1, 0));
    assert_eq!(page(u32::MAX), 0);
}

#[ink::test]
fn removing_a_root_position_returns_its_dividends() {
    let mut stake = Stake::default();
    let (key, other) = (position(NetUid::ROOT, 1, 1), position(NetUid::ROOT, 1, 2));
    // All root stake is a power of two, so that no part is rounded.
    add(&mut stake, key, 1 << 23).unwrap();
    add(&mut stake, other, 3 << 23).unwrap();
    stake.queue_dividends(key.hotkey, Rao(3_600), 0).unwrap();
    assert_eq!(stake.claimable_dividends(key, 180), Rao(450));
    let removed = stake.remove_all(key, 360).unwrap();
    assert_eq!(removed.stake, Rao(1 << 23));
    assert_eq!(removed.dividends, Rao(900));
    assert_eq!(removed.total(), Ok(Rao((1 << 23) + 900)));
    assert_eq!(stake.root().unclaimed(), Rao(2_700));
    assert_eq!(stake.claim_dividends(other, 360), Ok(Rao(2_700)));
    assert_eq!(stake.claim_dividends(other, 360), Ok(Rao::ZERO));
}

#[ink::test]
fn own_stake_of_a_closed_epoch_stays() {
    let mut stake = Stake::default();
    let (here, root) = (position(NETUID, 1, 1), position(NetUid::ROOT, 1, 1));
    add(&mut stake, here, 10_000_000).unwrap();
    add(&mut stake, root, 20_000_000).unwrap();
    stake.begin_epoch(NETUID, 0, 100).unwrap();
    add(&mut stake, here, 5_000_000).unwrap();
    stake.remove_all(root, 100).unwrap();
    let clock = stake.clock(NETUID);
    let own = |epoch| {
        let own = stake.own_at(NETUID, account(1), epoch, &clock).unwrap();
        (own.on_subnet, own.on_root)
    };
    assert_eq!(own(0), (Rao(10_000_000), Rao(20_000_000)));
    assert_eq!(own(1), (Rao(15_000_000), Rao::ZERO));
}
