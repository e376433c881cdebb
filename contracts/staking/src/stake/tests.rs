use super::{transfers::Added, *};
use inktensor_primitives::{
    registry::HotkeyStatus,
    staking::{StakingError, ROOT_EPOCH},
    AccountId, NetUid, Rao, PAGE,
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
        subnet_started: true,
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
    add_at(stake, key, amount, 0).map(|_| ())
}

fn add_at(
    stake: &mut Stake,
    key: PositionKey,
    amount: u64,
    now: u32,
) -> Result<Added, StakingError> {
    let hotkey: &[u8; 32] = key.hotkey.as_ref();
    stake.add(key, Deposit::of(Rao(amount))?, &status(hotkey[0]), now)
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
    assert_eq!(stake.add(own, deposit, &unknown, 0).map(|_| ()), refused);
    unknown.subnet_exists = false;
    let refused = Err(StakingError::UnknownSubnet);
    assert_eq!(stake.add(own, deposit, &unknown, 0).map(|_| ()), refused);
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
    let mut remove = |amount| {
        let removed = stake.remove(key, Some(Rao(amount)), LEAST, 0)?;
        Ok(removed.amount)
    };
    assert_eq!(remove(0), Err(StakingError::TooLittle(MIN_STAKE)));
    let refused = Err(StakingError::NotEnoughStake(Rao(20_000_000)));
    assert_eq!(remove(20_000_001), refused);
    assert_eq!(remove(15_000_000), Ok(Rao(15_000_000)));
    assert_eq!(remove(1), Ok(LEAST));
    assert_eq!((stake.worth(key, 0), stake.total()), (Rao::ZERO, Rao::ZERO));
    assert!(!stake.stores_position(key));
}

#[ink::test]
fn a_transfer_keeps_the_sum_and_moves_the_position_in_the_lists() {
    let mut stake = Stake::default();
    let (from, to) = (position(NETUID, 1, 2), position(NetUid(2), 3, 2));
    add(&mut stake, from, 20_000_000).unwrap();
    let transfer = |stake: &mut Stake, amount: Option<u64>| {
        stake.transfer((from, to), amount.map(Rao), LEAST, &status(3), 0)
    };
    let moved = |amount, forgoes| {
        Ok(Moved {
            amount: Rao(amount),
            forgoes: Rao(forgoes),
        })
    };
    assert_eq!(transfer(&mut stake, Some(8_000_000)), moved(8_000_000, 0));
    // The rest weighs in the next epoch, and no longer if it moves.
    stake.begin_epoch(NETUID, 0, 1).unwrap();
    assert_eq!(transfer(&mut stake, None), moved(12_000_000, 12_000_000));
    let none = Err(StakingError::NotEnoughStake(Rao::ZERO));
    assert_eq!(transfer(&mut stake, None), none);
    assert_eq!(stake.total(), Rao(20_000_000));
    assert_eq!(stake.on_subnet(NETUID), Rao::ZERO);
    let found = stake.positions(to.coldkey, 0, 0);
    assert_eq!((found.len(), found[0].netuid), (1, to.netuid));
    assert_eq!(found[0].stake, Rao(20_000_000));
    assert_eq!(found[0].pending, Rao(20_000_000));
    assert!(stake.nominators(from.hotkey, 0, 0).is_empty());
    assert!(stake.positions(to.coldkey, 1, 0).is_empty());
}

#[ink::test]
fn a_page_of_positions_is_bounded() {
    let mut stake = Stake::default();
    let keys = (0..=u8::try_from(PAGE).unwrap()).map(|hotkey| position(NETUID, hotkey, 200));
    for key in keys {
        add(&mut stake, key, LEAST.0).unwrap();
    }
    let page = |page| stake.positions(account(200), page, 0).len();
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

fn own(stake: &Stake, epoch: u32, now: u32) -> (u64, u64) {
    let clock = stake.clock(NETUID, now);
    let own = stake.own_at(NETUID, account(1), epoch, &clock).unwrap();
    (own.on_subnet.0, own.on_root.0)
}

#[ink::test]
fn stake_weighs_from_the_epoch_after_its_deposit() {
    let mut stake = Stake::default();
    let (here, root) = (position(NETUID, 1, 1), position(NetUid::ROOT, 1, 1));
    let added = add_at(&mut stake, here, 10_000_000, 10).unwrap();
    assert_eq!(added.weighs_from, 1);
    let added = add_at(&mut stake, root, 20_000_000, 10).unwrap();
    assert_eq!(added.weighs_from, 2);
    assert_eq!(own(&stake, 0, 10), (0, 0));
    assert_eq!(own(&stake, 1, 10), (10_000_000, 0));
    stake.begin_epoch(NETUID, 0, 100).unwrap();
    assert_eq!(stake.matured(NETUID), Rao::ZERO);
    add_at(&mut stake, here, 5_000_000, 110).unwrap();
    assert_eq!(own(&stake, 0, 110), (0, 0));
    assert_eq!(own(&stake, 1, 110), (10_000_000, 0));
    // Root stake weighs after a whole root epoch, whatever the subnet's epochs are.
    assert_eq!(own(&stake, 1, 2 * ROOT_EPOCH - 1), (10_000_000, 0));
    assert_eq!(own(&stake, 1, 2 * ROOT_EPOCH), (10_000_000, 20_000_000));
    stake.begin_epoch(NETUID, 1, 2 * ROOT_EPOCH).unwrap();
    assert_eq!(stake.matured(NETUID), Rao(10_000_000));
    stake.remove_all(root, 2 * ROOT_EPOCH).unwrap();
    stake.remove_all(here, 2 * ROOT_EPOCH).unwrap();
    let now = 4 * ROOT_EPOCH;
    assert_eq!(own(&stake, 1, now), (10_000_000, 20_000_000));
    assert_eq!(own(&stake, 2, now), (0, 0));
    assert_eq!(stake.matured(NETUID), Rao(10_000_000));
    stake.begin_epoch(NETUID, 2, now).unwrap();
    assert_eq!(stake.matured(NETUID), Rao::ZERO);
}

#[ink::test]
fn stake_of_one_block_around_a_close_weighs_nowhere() {
    let mut stake = Stake::default();
    let key = position(NETUID, 1, 1);
    for epoch in 0..3 {
        let now = (epoch + 1) * 100;
        add_at(&mut stake, key, 90_000_000, now).unwrap();
        stake.begin_epoch(NETUID, epoch, now).unwrap();
        let removed = stake.remove_all(key, now).unwrap();
        assert_eq!(removed.stake, Rao(90_000_000));
        assert_eq!(own(&stake, epoch, now), (0, 0));
        assert_eq!(own(&stake, epoch + 1, now), (0, 0));
        assert_eq!(stake.matured(NETUID), Rao::ZERO);
    }
}

#[ink::test]
fn stake_on_a_subnet_that_has_not_started_weighs_from_its_first_epoch() {
    let mut stake = Stake::default();
    let key = position(NETUID, 1, 1);
    let before_start = HotkeyStatus {
        subnet_started: false,
        ..status(1)
    };
    let deposit = Deposit::of(Rao(10_000_000)).unwrap();
    let added = stake.add(key, deposit, &before_start, 3).unwrap();
    assert_eq!(added.weighs_from, 0);
    assert_eq!(own(&stake, 0, 3), (10_000_000, 0));
    stake.begin_epoch(NETUID, 0, 100).unwrap();
    assert_eq!(stake.matured(NETUID), Rao(10_000_000));
}

#[ink::test]
fn a_gift_keeps_age_shares_and_sums() {
    let mut stake = Stake::default();
    let (from, to) = (position(NETUID, 1, 1), position(NETUID, 1, 2));
    add(&mut stake, from, 10_000_000).unwrap();
    stake.begin_epoch(NETUID, 0, 1).unwrap();
    add(&mut stake, from, 7_000_000).unwrap();
    let give = |stake: &mut Stake, amount: Option<u64>| {
        stake.give(from, to.coldkey, amount.map(Rao), &status(1), 1)
    };
    let refused = Err(StakingError::NotEnoughStake(Rao(17_000_000)));
    assert_eq!(give(&mut stake, Some(17_000_001)), refused);
    assert_eq!(
        give(&mut stake, Some(1)),
        Err(StakingError::TooLittle(MIN_STAKE))
    );
    // Below the least nomination of the taker.
    assert_eq!(
        give(&mut stake, Some(4_000_000)),
        Err(StakingError::TooLittle(LEAST))
    );
    assert_eq!(give(&mut stake, Some(9_000_000)), Ok(Rao(9_000_000)));
    let parts = |stake: &Stake, key| stake.worth_and_pending(key, 1);
    assert_eq!(parts(&stake, from), (Rao(8_000_000), Rao::ZERO));
    assert_eq!(parts(&stake, to), (Rao(9_000_000), Rao(7_000_000)));
    assert_eq!(own(&stake, 1, 1), (10_000_000, 0));
    stake.begin_epoch(NETUID, 1, 2).unwrap();
    // The pay of epoch 1 is for what weighed in it: 8 and 2 million.
    let open = stake.clock(NETUID, 2).open;
    stake
        .change(from, open, 2, |pool, _| pool.reward(Rao(1_000)))
        .unwrap();
    let subnet = stake.open_subnet(NETUID, 2);
    stake.count_in(subnet, Rao(1_000), Rao::ZERO).unwrap();
    assert_eq!(give(&mut stake, None), Ok(Rao(8_000_800)));
    assert!(!stake.stores_position(from));
    assert_eq!(stake.worth(to, 2), Rao(17_001_000));
    assert_eq!(stake.total(), Rao(17_001_000));
    assert_eq!(
        give(&mut stake, None),
        Err(StakingError::NotEnoughStake(Rao::ZERO))
    );
}

#[ink::test]
fn a_gift_of_root_stake_leaves_its_dividends() {
    let mut stake = Stake::default();
    let (from, to) = (position(NetUid::ROOT, 1, 1), position(NetUid::ROOT, 1, 2));
    add(&mut stake, from, 1 << 23).unwrap();
    stake.queue_dividends(from.hotkey, Rao(3_600), 0).unwrap();
    stake.give(from, to.coldkey, None, &status(1), 180).unwrap();
    assert_eq!(stake.claimable_dividends(from, 360), Rao(1_800));
    assert_eq!(stake.claimable_dividends(to, 360), Rao(1_800));
    assert_eq!(stake.claim_dividends(from, 360), Ok(Rao(1_800)));
    let removed = stake.remove_all(to, 360).unwrap();
    assert_eq!(removed.total(), Ok(Rao((1 << 23) + 1_800)));
    assert_eq!(stake.root().unclaimed(), Rao::ZERO);
}

#[ink::test]
fn a_move_keeps_the_age_of_votes() {
    let mut stake = Stake::default();
    let (from, to) = (position(NETUID, 1, 2), position(NetUid(2), 3, 2));
    add(&mut stake, from, 20_000_000).unwrap();
    let votes = |stake: &Stake, epoch: u32, open: u32| {
        let (found, all) = stake.votes().standings(&[account(2)], epoch, open).unwrap();
        assert_eq!(found[0].own, all);
        (found[0].own.0, found[0].own_now.0)
    };
    stake
        .transfer((from, to), None, LEAST, &status(3), ROOT_EPOCH)
        .unwrap();
    assert_eq!(votes(&stake, 1, 2), (20_000_000, 20_000_000));
    stake
        .give(to, account(9), None, &status(3), 2 * ROOT_EPOCH)
        .unwrap();
    assert_eq!(votes(&stake, 1, 3), (20_000_000, 0));
    let (found, all) = stake.votes().standings(&[account(9)], 2, 3).unwrap();
    assert_eq!(
        (found[0].own, found[0].own_now),
        (Rao::ZERO, Rao(20_000_000))
    );
    assert_eq!(all, Rao::ZERO);
}

#[ink::test]
fn pay_is_counted_for_votes_once() {
    let mut stake = Stake::default();
    let key = position(NETUID, 1, 2);
    let clock = |stake: &Stake| stake.clock(NETUID, 0).open;
    add(&mut stake, key, 20_000_000).unwrap();
    for epoch in 0..2 {
        stake.begin_epoch(NETUID, epoch, 0).unwrap();
    }
    let open = clock(&stake);
    stake
        .change(key, open, 0, |pool, _| pool.reward(Rao(500)))
        .unwrap();
    let subnet = stake.open_subnet(NETUID, 0);
    stake.count_in(subnet, Rao(500), Rao::ZERO).unwrap();
    let own_now =
        |stake: &Stake| stake.votes().standings(&[account(2)], 0, 1).unwrap().0[0].own_now;
    assert_eq!(own_now(&stake), Rao(20_000_000));
    assert_eq!(stake.count_vote(key, 0), Ok(Rao(500)));
    assert_eq!(stake.count_vote(key, 0), Ok(Rao::ZERO));
    assert_eq!(own_now(&stake), Rao(20_000_500));
    assert_eq!(stake.count_vote(position(NETUID, 1, 3), 0), Ok(Rao::ZERO));
}
