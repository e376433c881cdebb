use super::*;
use inktensor_primitives::AccountId;
use proptest::prelude::*;

fn payment(miner: u64, validator: u64) -> Payment {
    Payment {
        hotkey: AccountId::from([1; 32]),
        coldkey: AccountId::from([2; 32]),
        miner: Rao(miner),
        validator: Rao(validator),
    }
}

#[test]
fn the_take_is_rounded_down_and_only_on_dividends() {
    let credit = Credit::of(&payment(1_000, 99), Bps(1_800)).unwrap();
    assert_eq!(
        credit,
        Credit {
            miner: Rao(1_000),
            take: Rao(17),
            dividends: Rao(82),
            root: Rao::ZERO,
        }
    );
}

#[test]
fn dividends_reach_nominators_by_their_stake() {
    let (mut pool, mut owner, mut nominator) = Default::default();
    Pool::credit(&mut pool, &mut owner, Rao(1_000_000)).unwrap();
    pool.credit(&mut nominator, Rao(3_000_000)).unwrap();
    let credit = Credit::of(&payment(0, 400_000), Bps(0)).unwrap();
    credit.apply(&mut pool, &mut owner).unwrap();
    assert_eq!(pool.worth(&owner), Ok(Rao(1_100_000)));
    assert_eq!(pool.worth(&nominator), Ok(Rao(3_300_000)));
}

#[test]
fn shares_of_the_take_get_dividends() {
    let (mut pool, mut owner, mut nominator) = Default::default();
    Pool::credit(&mut pool, &mut nominator, Rao(900)).unwrap();
    let credit = Credit::of(&payment(0, 1_000), Bps(1_000)).unwrap();
    credit.apply(&mut pool, &mut owner).unwrap();
    // Take 100 makes a pool of 1000, in which the owner has a tenth of the remaining 900.
    assert_eq!(pool.worth(&owner), Ok(Rao(190)));
    assert_eq!(pool.worth(&nominator), Ok(Rao(1_710)));
}

#[test]
fn without_stakers_the_owner_gets_the_dividends() {
    let (mut pool, mut owner) = Default::default();
    let credit = Credit::of(&payment(0, 5), Bps(0)).unwrap();
    credit.apply(&mut pool, &mut owner).unwrap();
    assert_eq!(Pool::worth(&pool, &owner), Ok(Rao(5)));
}

#[test]
fn a_payment_of_nothing_changes_nothing() {
    let (mut pool, mut owner) = Default::default();
    let credit = Credit::of(&payment(0, 0), Bps(1_800)).unwrap();
    credit.apply(&mut pool, &mut owner).unwrap();
    assert_eq!((pool, owner), (Pool::default(), Position::default()));
}

#[test]
fn more_than_an_amount_can_hold_is_refused() {
    let refused = Credit::of(&payment(u64::MAX, 1), Bps(0));
    assert_eq!(refused, Err(StakingError::Overflow));
}

#[test]
fn dividends_of_root_stake_are_in_no_pool() {
    let (mut pool, mut owner) = Default::default();
    let mut credit = Credit::of(&payment(5, 100), Bps(1_000)).unwrap();
    credit.give_root(Rao(60)).unwrap();
    credit.apply(&mut pool, &mut owner).unwrap();
    assert_eq!(Pool::worth(&pool, &owner), Ok(Rao(45)));
    assert_eq!(credit.total(), Ok(Rao(105)));
    let mut tally = Tally::default();
    tally.add(&credit).unwrap();
    assert_eq!((tally.staked(), tally.total()), (Ok(Rao(45)), Ok(Rao(105))));
    assert_eq!(credit.give_root(Rao(31)), Err(StakingError::Overflow));
}

proptest! {
    #[test]
    fn every_rao_of_a_payment_is_credited(
        staked in 0u64..1 << 50,
        miner in 0u64..1 << 50,
        validator in 0u64..1 << 50,
        take in 0u16..=1_800,
    ) {
        let (mut pool, mut owner, mut nominator) = Default::default();
        if staked > 0 {
            Pool::credit(&mut pool, &mut nominator, Rao(staked)).unwrap();
        }
        let credit = Credit::of(&payment(miner, validator), Bps(take)).unwrap();
        credit.apply(&mut pool, &mut owner).unwrap();
        let mut tally = Tally::default();
        tally.add(&credit).unwrap();
        prop_assert_eq!(tally.total(), Ok(Rao(miner + validator)));
        prop_assert_eq!(pool.value(), Ok(Rao(staked + miner + validator)));
    }
}
