use super::*;
use crate::pool::Position;
use proptest::prelude::*;

#[test]
fn the_take_is_rounded_down() {
    let split = Split::of(Rao(99), Bps(1_800)).unwrap();
    let expected = Split {
        take: Rao(17),
        dividends: Rao(82),
        root: Rao::ZERO,
    };
    assert_eq!(split, expected);
}

#[test]
fn dividends_reach_stakers_by_their_stake() {
    let (mut pool, mut owner, mut nominator) =
        (Pool::default(), Position::default(), Position::default());
    pool.credit(&mut owner, Rao(1_000_000)).unwrap();
    pool.credit(&mut nominator, Rao(3_000_000)).unwrap();
    let mut split = Split::of(Rao(400_000), Bps(0)).unwrap();
    split.apply(&mut pool).unwrap();
    assert_eq!(split.take, Rao::ZERO);
    assert_eq!(pool.worth(&owner), Ok(Rao(1_100_000)));
    assert_eq!(pool.worth(&nominator), Ok(Rao(3_300_000)));
}

#[test]
fn the_take_is_in_no_pool() {
    let (mut pool, mut nominator) = (Pool::default(), Position::default());
    pool.credit(&mut nominator, Rao(900)).unwrap();
    let mut split = Split::of(Rao(1_000), Bps(1_000)).unwrap();
    split.apply(&mut pool).unwrap();
    assert_eq!(split.take, Rao(100));
    assert_eq!(pool.worth(&nominator), Ok(Rao(1_800)));
}

#[test]
fn without_stakers_the_owner_gets_the_dividends() {
    let mut pool = Pool::default();
    let mut split = Split::of(Rao(5), Bps(0)).unwrap();
    split.apply(&mut pool).unwrap();
    assert_eq!((split.take, split.dividends), (Rao(5), Rao::ZERO));
    assert_eq!(pool, Pool::default());
}

#[test]
fn dividends_of_root_stake_are_in_no_pool() {
    let (mut pool, mut nominator) = (Pool::default(), Position::default());
    pool.credit(&mut nominator, Rao(5)).unwrap();
    let mut split = Split::of(Rao(100), Bps(1_000)).unwrap();
    split.give_root(Rao(60)).unwrap();
    split.apply(&mut pool).unwrap();
    assert_eq!(pool.worth(&nominator), Ok(Rao(35)));
    assert_eq!(split.total(), Ok(Rao(100)));
    let mut tally = Tally::default();
    tally.add(&split, Rao(7)).unwrap();
    assert_eq!((tally.owners, tally.amount()), (Rao(10), Ok(Rao(97))));
    assert_eq!(split.give_root(Rao(31)), Err(StakingError::Overflow));
}

proptest! {
    #[test]
    fn every_rao_is_credited_or_the_owners(
        staked in 0u64..1 << 50,
        amount in 0u64..1 << 50,
        take in 0u16..=1_800,
        root in 0u16..=10_000,
    ) {
        let (mut pool, mut nominator) = (Pool::default(), Position::default());
        if staked > 0 {
            pool.credit(&mut nominator, Rao(staked)).unwrap();
        }
        let mut split = Split::of(Rao(amount), Bps(take)).unwrap();
        let root = Bps(root).of(split.dividends);
        split.give_root(root).unwrap();
        split.apply(&mut pool).unwrap();
        prop_assert_eq!(split.total(), Ok(Rao(amount)));
        let pooled = staked + amount - split.take.0 - root.0;
        prop_assert_eq!(pool.value(), Ok(Rao(pooled)));
    }
}
