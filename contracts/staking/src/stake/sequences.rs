//! Random sequences of changes of positions, against a plain model in which every epoch's vested
//! deposits have a place of their own, and no room is kept.

use super::*;
use crate::pool::{Pool, Position, Vested};
use ink::env::{
    test::{callee, count_used_storage_cells},
    DefaultEnvironment,
};
use inktensor_primitives::{staking::StakingError, AccountId, NetUid, Rao};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NETUID: NetUid = NetUid(1);
/// Coldkeys.
const COLDKEYS: u8 = 4;

fn hotkey() -> AccountId {
    [9; 32].into()
}

fn key(coldkey: u8) -> PositionKey {
    PositionKey {
        netuid: NETUID,
        hotkey: hotkey(),
        coldkey: [coldkey; 32].into(),
    }
}

/// Returns the number of cells in storage.
fn cells() -> usize {
    let contract = callee::<DefaultEnvironment>();
    count_used_storage_cells::<DefaultEnvironment>(&contract).unwrap_or_default()
}

/// A change.
#[derive(Clone, Debug)]
enum Change {
    Add { coldkey: u8, amount: u64 },
    Credit { coldkey: u8, amount: u64 },
    Withdraw { coldkey: u8, permille: u64 },
    WithdrawAll { coldkey: u8 },
    Give { from: u8, to: u8, permille: u64 },
    Reward { amount: u64 },
    Close { epochs: u32 },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let amount = || (1u64..1 << 44, 0u32..44).prop_map(|(it, shift)| (it >> shift).max(1));
    let one = || 0..COLDKEYS;
    let permille = || 0u64..=1_000;
    prop::collection::vec(
        prop_oneof![
            6 => (one(), amount()).prop_map(|(coldkey, amount)| Change::Add { coldkey, amount }),
            1 => (one(), amount()).prop_map(|(coldkey, amount)| Change::Credit { coldkey, amount }),
            1 => (one(), permille())
                .prop_map(|(coldkey, permille)| Change::Withdraw { coldkey, permille }),
            1 => one().prop_map(|coldkey| Change::WithdrawAll { coldkey }),
            1 => (one(), one(), permille())
                .prop_map(|(from, to, permille)| Change::Give { from, to, permille }),
            4 => amount().prop_map(|amount| Change::Reward { amount }),
            6 => prop_oneof![4 => Just(1u32), 1 => Just(2), 1 => Just(3)]
                .prop_map(|epochs| Change::Close { epochs }),
        ],
        1..70,
    )
}

/// The plain model: a pool that advances with every close.
#[derive(Clone, Debug, Default)]
struct Model {
    pool: Pool,
    positions: BTreeMap<u8, Position>,
    vested: BTreeMap<u32, Vested>,
    open: u32,
}

impl Model {
    /// Returns a position with the shares of its vested deposits.
    fn touch(&mut self, coldkey: u8) -> Position {
        let mut position = self.positions.get(&coldkey).copied().unwrap_or_default();
        for (epoch, deposits) in position.advance(self.open) {
            let vested = self.vested.get_mut(&epoch).expect("kept");
            self.pool.collect(&mut position, deposits, vested).unwrap();
        }
        self.vested.retain(|_, it| !it.is_spent());
        position
    }

    fn put(&mut self, coldkey: u8, position: Position) {
        if position.is_empty() {
            self.positions.remove(&coldkey);
        } else {
            self.positions.insert(coldkey, position);
        }
    }

    fn change<T>(
        &mut self,
        coldkey: u8,
        change: impl FnOnce(&mut Pool, &mut Position) -> Result<T, StakingError>,
    ) -> Result<T, StakingError> {
        let before = self.clone();
        let mut position = self.touch(coldkey);
        let done = change(&mut self.pool, &mut position);
        match done {
            Ok(_) => self.put(coldkey, position),
            Err(_) => *self = before,
        }
        done
    }
}

/// Stake on one hotkey, and its model.
#[derive(Default)]
struct World {
    stake: Stake,
    model: Model,
    /// Largest number of rooms, and of cells for vested deposits.
    most: (usize, usize),
}

impl World {
    fn change<T: PartialEq + core::fmt::Debug>(
        &mut self,
        coldkey: u8,
        change: impl Fn(&mut Pool, &mut Position) -> Result<T, StakingError>,
    ) {
        let expected = self.model.change(coldkey, &change);
        let done = self.stake.change(key(coldkey), self.model.open, 0, &change);
        assert_eq!(done, expected);
    }

    fn perform(&mut self, change: &Change) {
        let open = self.model.open;
        match *change {
            Change::Add { coldkey, amount } => {
                self.change(coldkey, |pool, it| pool.add(it, Rao(amount)));
            }
            Change::Credit { coldkey, amount } => {
                self.change(coldkey, |pool, it| pool.credit(it, Rao(amount)));
            }
            Change::Withdraw { coldkey, permille } => self.change(coldkey, |pool, it| {
                let amount = Rao(pool.worth(it)?.0 / 1_000 * permille);
                pool.withdraw(it, amount)
            }),
            Change::WithdrawAll { coldkey } => self.change(coldkey, Pool::withdraw_all),
            Change::Give { from, to, .. } if from == to => {}
            Change::Give { from, to, permille } => {
                let give = |pool: &Pool, from: &mut Position, to: &mut Position| {
                    let amount = Rao(pool.worth(from)?.0 / 1_000 * permille);
                    pool.transfer(from, to, amount)
                };
                let mut one = self.model.touch(from);
                let mut other = self.model.touch(to);
                let pool = self.model.pool;
                give(&pool, &mut one, &mut other).unwrap();
                for (coldkey, mut position) in [(from, one), (to, other)] {
                    position.count(pool.worth(&position).unwrap());
                    self.model.put(coldkey, position);
                }
                let other = key(to).coldkey;
                self.stake
                    .change_two(key(from), other, open, 0, give)
                    .unwrap();
            }
            Change::Reward { amount } => self.reward(amount),
            Change::Close { epochs } => {
                let next = open + epochs;
                let vested = self.model.pool.advance(open, next).unwrap();
                self.model.vested.extend(vested);
                self.model.open = next;
            }
        }
    }

    /// Credits dividends, which creates no storage: neither cells, nor longer ones.
    fn reward(&mut self, amount: u64) {
        let open = self.model.open;
        if !self.model.pool.shares.is_empty() {
            self.model.pool.reward(Rao(amount)).unwrap();
        }
        let before = cells();
        let clock = EpochClock {
            open,
            ..EpochClock::default()
        };
        let hotkey = self.stake.hotkey(NETUID, hotkey());
        let written = self.stake.reward(hotkey, Rao::ZERO, &clock, |pool| {
            if pool.shares.is_empty() {
                return Ok(());
            }
            pool.reward(Rao(amount))
        });
        assert!(written.unwrap() <= MOST_REWARD_WRITES);
        assert_eq!(cells(), before, "a settlement creates no storage");
    }

    /// Checks pool, positions and rooms.
    fn check(&mut self) {
        let open = self.model.open;
        let (mut cell, rooms, displaced) = self.stake.stored_pool(NETUID, hotkey(), open);
        assert_eq!(rooms, cell.rooms());
        assert!(rooms <= 2);
        // A cell without a slot for it has every vested deposit of the last write.
        let (pool, passing) = cell.advance(open).unwrap();
        assert_eq!(pool, self.model.pool);
        assert!(
            passing.len() <= rooms,
            "a room for each that will leave its slot"
        );
        for (epoch, vested) in &self.model.vested {
            let passes = passing.iter().find(|it| it.0 == *epoch);
            let slot = cell.vested(*epoch).map(|it| *it);
            let is_displaced = displaced.contains(epoch);
            let places = [passes.is_some(), slot.is_some(), is_displaced];
            assert_eq!(places.iter().filter(|it| **it).count(), 1, "{places:?}");
            let found = slot.or(passes.map(|it| it.1));
            assert!(is_displaced || found == Some(*vested));
        }
        let is_vested = |epoch: &u32| self.model.vested.contains_key(epoch);
        assert!(displaced.iter().all(is_vested));
        for coldkey in 0..COLDKEYS {
            let position = self.model.positions.get(&coldkey).copied();
            let stored = self.stake.stored_position(key(coldkey));
            assert_eq!(stored, position.unwrap_or_default());
            let mut model = self.model.clone();
            let position = model.touch(coldkey);
            let worth = model.pool.worth(&position).unwrap();
            let found = self.stake.change(key(coldkey), open, 0, |pool, it| {
                // Refused, so that nothing is stored.
                assert_eq!(*it, position);
                Err::<(), _>(StakingError::NotEnoughStake(pool.worth(it)?))
            });
            assert_eq!(found, Err(StakingError::NotEnoughStake(worth)));
        }
        self.most = (self.most.0.max(rooms), self.most.1.max(displaced.len()));
    }
}

impl World {
    /// Withdraws all stake: no share, room or vested deposit is left.
    fn empty(&mut self) {
        for coldkey in 0..COLDKEYS {
            self.perform(&Change::WithdrawAll { coldkey });
            self.check();
        }
        let (cell, rooms, displaced) = self.stake.stored_pool(NETUID, hotkey(), self.model.open);
        assert_eq!((cell.value(), rooms), (Ok(Rao::ZERO), 0));
        assert!(displaced.is_empty());
    }
}

fn add(coldkey: u8) -> Change {
    Change::Add {
        coldkey,
        amount: 1 << 30,
    }
}

const CLOSE: Change = Change::Close { epochs: 1 };

/// Performs changes with a check after each.
fn run(changes: &[Change]) -> World {
    let mut world = World::default();
    for change in changes {
        world.perform(change);
        world.check();
    }
    world
}

/// Four coldkeys deposit, each in another epoch, and collect nothing. Two epochs' deposits leave
/// their slots in settlements, at once if `epochs` pass before the next one.
fn four_depositors(epochs: u32) -> World {
    run(&[
        add(0),
        CLOSE,
        add(1),
        CLOSE,
        add(2),
        CLOSE,
        add(3),
        Change::Close { epochs },
        Change::Reward { amount: 1 << 31 },
        CLOSE,
        Change::Reward { amount: 1 << 31 },
    ])
}

#[test]
fn deposits_of_four_epochs_without_access_are_all_collected() {
    for epochs in [1, 2, 3] {
        ink::env::test::run_test::<DefaultEnvironment, _>(|_| {
            let mut world = four_depositors(epochs);
            assert_eq!(world.most, (2, 2), "{epochs}");
            let value = world.model.pool.value().unwrap();
            assert_eq!(value, Rao((4 << 30) + (2 << 31)));
            world.empty();
            Ok(())
        })
        .unwrap();
    }
}

/// Of deposits whose shares are not collected, the first two need no room, and each further one
/// pays for one.
#[ink::test]
fn a_depositor_pays_for_the_room() {
    let mut world = World::default();
    let mut created = Vec::new();
    for epoch in 0..4 {
        // Each on a position that exists, so that nothing but rooms is created.
        if epoch == 0 {
            (0..4).for_each(|it| {
                world.perform(&Change::Credit {
                    coldkey: it,
                    amount: 5,
                })
            });
        }
        let before = cells();
        world.perform(&add(epoch));
        created.push(cells() - before);
        world.perform(&CLOSE);
        world.perform(&Change::Reward { amount: 1_000 });
        world.check();
    }
    assert_eq!(created, [0, 0, 1, 1]);
}

#[ink::test]
fn a_staker_that_collects_in_every_epoch_needs_no_room() {
    let mut world = World::default();
    world.perform(&add(0));
    for _ in 0..6 {
        world.perform(&CLOSE);
        world.perform(&Change::Reward { amount: 1_000 });
        let before = cells();
        world.perform(&add(0));
        world.check();
        assert_eq!(cells(), before);
    }
    assert_eq!(world.most, (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Against the plain model: pool, positions, shares and worth are the same, and rooms are kept
    /// so that a settlement creates no storage. In the end all shares are collected.
    #[test]
    fn slots_and_rooms_change_no_share(changes in changes()) {
        ink::env::test::run_test::<DefaultEnvironment, _>(|_| {
            let mut world = run(&changes);
            world.empty();
            Ok(())
        })
        .unwrap();
    }
}
