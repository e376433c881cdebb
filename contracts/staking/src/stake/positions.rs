//! Positions, pools and sums in storage. Every change of a position is made here, in one piece.

use super::{
    index::{Index, List, PositionKey},
    subnets::{EpochClock, SubnetStake},
};
use crate::{
    history::root_epoch,
    pool::{Pool, PoolCell, Position, Vested},
    root::{ClaimKey, Root, Settled},
    votes::Votes,
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{staking::StakingError, AccountId, Bps, NetUid, Rao};

/// Subnet and hotkey.
pub(super) type PoolKey = (NetUid, AccountId);
/// Subnet, hotkey and epoch.
type VestedKey = (NetUid, AccountId, u32);

/// All stake.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Stake {
    /// Sum of all stake.
    pub(super) total: Rao,
    pub(super) subnets: Mapping<NetUid, SubnetStake, ManualKey<0x5355_424E>>,
    pub(super) pools: Mapping<PoolKey, PoolCell, ManualKey<0x504F_4F4C>>,
    pub(super) positions: Mapping<PositionKey, Position, ManualKey<0x504F_5349>>,
    /// Vested deposits whose shares are not all collected, and for which the pool's cell has no
    /// slot; and empty cells with room for them: see [`keep_rooms`](Self::keep_rooms).
    pub(super) vested: Mapping<VestedKey, Vested, ManualKey<0x5249_5045>>,
    /// History and dividends of root stake.
    pub(super) root: Root,
    /// Votes of coldkeys.
    votes: Votes,
    /// Positions by coldkey and by hotkey.
    index: Index,
}

/// A pool, up to date with the open epoch.
struct Current {
    key: PoolKey,
    open: u32,
    cell: PoolCell,
    pool: Pool,
    /// Number of rooms that are kept as of the last write.
    rooms: usize,
    /// Vested deposits that are in no slot and have changed, with their epochs.
    vested: Vec<(u32, Vested)>,
}

/// A position, up to date with the open epoch.
#[derive(Clone, Copy)]
struct Held {
    coldkey: AccountId,
    /// The position as it is stored.
    before: Position,
    position: Position,
}

impl PositionKey {
    const fn pool(&self) -> PoolKey {
        (self.netuid, self.hotkey)
    }

    /// Returns the key of the dividends of a root position.
    pub const fn claim(&self) -> ClaimKey {
        ClaimKey {
            hotkey: self.hotkey,
            coldkey: self.coldkey,
        }
    }
}

impl Stake {
    /// Returns the stake on a hotkey on a subnet.
    pub fn on_hotkey(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
        // A sum of parts of all TAO, which every write has checked.
        self.cell((netuid, hotkey)).value().unwrap_or_default()
    }

    /// Returns history and dividends of root stake.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Sets the take of a hotkey at block `now`. Setting the present take changes nothing.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set_take(&mut self, hotkey: AccountId, take: Bps, now: u32) -> Result<(), StakingError> {
        self.root.set_take(hotkey, take, now)
    }

    /// Returns the votes of coldkeys.
    pub fn votes(&self) -> &Votes {
        &self.votes
    }

    /// Returns the votes of coldkeys, to set a proxy.
    pub fn votes_mut(&mut self) -> &mut Votes {
        &mut self.votes
    }

    /// Returns the number of positions in a list.
    pub fn count(&self, list: List) -> u32 {
        self.index.count(list)
    }

    /// Returns the position at `place` of a list.
    pub fn listed(&self, list: List, place: u32) -> Option<PositionKey> {
        self.index.position(list, place)
    }

    /// Returns the last position of a list of `count`.
    pub fn last(&self, list: List, count: u32) -> Option<PositionKey> {
        let place = count.checked_sub(1)?;
        self.listed(list, place)
    }

    /// Returns the stake of a position at block `now`, rounded down.
    pub fn worth(&self, key: PositionKey, now: u32) -> Rao {
        self.worth_and_pending(key, now).0
    }

    /// Returns the stake of a position at block `now`, rounded down, and its deposits of the open
    /// epoch.
    pub fn worth_and_pending(&self, key: PositionKey, now: u32) -> (Rao, Rao) {
        let open = self.clock(key.netuid, now).open;
        let read = || -> Result<(Rao, Rao), StakingError> {
            let mut current = self.current(key.pool(), open)?;
            let held = self.held(&mut current, key.coldkey)?;
            let worth = current.pool.worth(&held.position)?;
            Ok((worth, held.position.pending(open)))
        };
        if self.positions.contains(key) {
            read().unwrap_or_default()
        } else {
            (Rao::ZERO, Rao::ZERO)
        }
    }

    /// Records for the votes of `coldkey`, at block `now`, that positions counted as the first
    /// amount are worth the second one.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn record_vote(
        &mut self,
        coldkey: AccountId,
        counted: (Rao, Rao),
        now: u32,
    ) -> Result<(), StakingError> {
        self.votes.count(coldkey, counted, root_epoch(now))
    }

    /// Counts a position for votes at block `now`. Returns the amount that was not counted before.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count_vote(&mut self, key: PositionKey, now: u32) -> Result<Rao, StakingError> {
        if !self.positions.contains(key) {
            return Ok(Rao::ZERO);
        }
        let open = self.clock(key.netuid, now).open;
        let counted = self.change(key, open, now, |pool, position| {
            Ok(position.count(pool.worth(position)?))
        })?;
        self.record_vote(key.coldkey, counted, now)?;
        let (before, after) = counted;
        Ok(Rao(after.0.saturating_sub(before.0)))
    }

    /// Runs `change` on a position and its pool in epoch `open` at block `now`. Stores both, or
    /// deletes what is empty. The sums stay as they are: see [`count_in`](Self::count_in).
    ///
    /// # Errors
    /// The errors of `change`, `Overflow`.
    pub fn change<T>(
        &mut self,
        key: PositionKey,
        open: u32,
        now: u32,
        change: impl FnOnce(&mut Pool, &mut Position) -> Result<T, StakingError>,
    ) -> Result<T, StakingError> {
        let mut current = self.current(key.pool(), open)?;
        let mut held = self.held(&mut current, key.coldkey)?;
        let root = self.settle(&current, &[held], now)?;
        let result = change(&mut current.pool, &mut held.position)?;
        self.store(current, &[held], root)?;
        Ok(result)
    }

    /// Adds `amount` of pay to a position, as a deposit of the open epoch at block `now`. The sums
    /// stay as they are. Votes have it once it is counted, so that a call for many owners does not
    /// write the votes of each: see [`count_vote`](Self::count_vote).
    ///
    /// # Errors
    /// `Overflow`.
    pub fn deposit_pay(
        &mut self,
        key: PositionKey,
        amount: Rao,
        clock: &EpochClock,
        now: u32,
    ) -> Result<(), StakingError> {
        if amount.is_zero() {
            return Ok(());
        }
        self.change(key, clock.open, now, |pool, position| {
            pool.add(position, amount)
        })
    }

    /// Runs `change` on the positions of two coldkeys in one pool in epoch `open` at block `now`,
    /// and counts both for votes, as [`count_vote`](Self::count_vote) does.
    ///
    /// # Errors
    /// The errors of `change`, `Overflow`.
    pub fn change_two<T>(
        &mut self,
        key: PositionKey,
        other: AccountId,
        open: u32,
        now: u32,
        change: impl FnOnce(&Pool, &mut Position, &mut Position) -> Result<T, StakingError>,
    ) -> Result<T, StakingError> {
        let mut current = self.current(key.pool(), open)?;
        let mut one = self.held(&mut current, key.coldkey)?;
        let mut other = self.held(&mut current, other)?;
        let root = self.settle(&current, &[one, other], now)?;
        let pool = current.pool;
        let result = change(&pool, &mut one.position, &mut other.position)?;
        for held in [&mut one, &mut other] {
            let counted = held.position.count(pool.worth(&held.position)?);
            self.votes.count(held.coldkey, counted, root_epoch(now))?;
        }
        self.store(current, &[one, other], root)?;
        Ok(result)
    }

    /// Returns the dividends that a root position can claim at block `now`.
    pub fn claimable_dividends(&self, key: PositionKey, now: u32) -> Rao {
        let stake = self.worth(key, now);
        self.root.owed(key.claim(), stake, now)
    }

    /// Removes and returns the dividends that a root position can claim at block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn claim_dividends(&mut self, key: PositionKey, now: u32) -> Result<Rao, StakingError> {
        let stake = self.worth(key, now);
        self.root.claim(key.claim(), stake, now)
    }

    fn cell(&self, key: PoolKey) -> PoolCell {
        self.pools.get(key).unwrap_or_default()
    }

    /// Returns a pool, up to date with epoch `open`: deposits whose time has come have vested.
    fn current(&self, key: PoolKey, open: u32) -> Result<Current, StakingError> {
        let mut cell = self.cell(key);
        let rooms = cell.rooms();
        let (pool, vested) = cell.advance(open)?;
        Ok(Current {
            key,
            open,
            cell,
            pool,
            rooms,
            vested,
        })
    }

    /// Returns the position of `coldkey` in a pool, with the shares of its vested deposits.
    fn held(&self, current: &mut Current, coldkey: AccountId) -> Result<Held, StakingError> {
        let (netuid, hotkey) = current.key;
        let key = PositionKey {
            netuid,
            hotkey,
            coldkey,
        };
        let before = self.positions.get(key).unwrap_or_default();
        let mut position = before;
        for (epoch, deposits) in position.advance(current.open) {
            let Current { cell, vested, .. } = current;
            let part = match cell.vested(epoch) {
                Some(part) => part,
                None => self.displaced((netuid, hotkey, epoch), vested)?,
            };
            current.pool.collect(&mut position, deposits, part)?;
        }
        Ok(Held {
            coldkey,
            before,
            position,
        })
    }

    /// Returns the vested deposits of an epoch that are in no slot, from `changed`, which they are
    /// added to.
    fn displaced<'a>(
        &self,
        key: VestedKey,
        changed: &'a mut Vec<(u32, Vested)>,
    ) -> Result<&'a mut Vested, StakingError> {
        let (_, _, epoch) = key;
        if !changed.iter().any(|(of, _)| *of == epoch) {
            let stored = self.vested.get(key).ok_or(StakingError::Overflow)?;
            changed.push((epoch, stored));
        }
        let found = changed.iter_mut().find(|(of, _)| *of == epoch);
        let (_, part) = found.ok_or(StakingError::Overflow)?;
        Ok(part)
    }

    /// Counts the dividends of positions on root up to block `now`.
    fn settle(
        &self,
        current: &Current,
        positions: &[Held],
        now: u32,
    ) -> Result<Option<Settled>, StakingError> {
        let (netuid, hotkey) = current.key;
        if !netuid.is_root() {
            return Ok(None);
        }
        let mut held = Vec::with_capacity(positions.len());
        for it in positions {
            held.push((it.coldkey, current.pool.worth(&it.position)?));
        }
        self.root.settle(hotkey, held, now).map(Some)
    }

    fn store(
        &mut self,
        current: Current,
        positions: &[Held],
        root: Option<Settled>,
    ) -> Result<(), StakingError> {
        let Current {
            key: (netuid, hotkey),
            open,
            mut cell,
            pool,
            rooms,
            vested,
        } = current;
        if let Some(settled) = root {
            let mut own = Vec::with_capacity(positions.len());
            for held in positions {
                own.push(pool.worth(&held.position)?);
            }
            let stake = (pool.matured()?, pool.pending);
            self.root.record(settled, stake, &own, open)?;
        }
        cell.write(open, &pool)?;
        if cell.is_spent(open) {
            self.pools.remove((netuid, hotkey));
        } else {
            self.pools.insert((netuid, hotkey), &cell);
        }
        self.keep_rooms((netuid, hotkey), rooms, cell.rooms());
        self.store_displaced((netuid, hotkey), vested);
        for held in positions {
            let key = PositionKey {
                netuid,
                hotkey,
                coldkey: held.coldkey,
            };
            self.store_position(key, held);
        }
        Ok(())
    }

    /// Keeps as many empty cells as there may be vested deposits without a slot; their number has
    /// changed from `before` to `after`. Only a deposit raises the number. So the depositor pays
    /// for the cell, and not the caller of a settlement, who would leave that to the position that
    /// collects the shares. Returns the number of cells written.
    pub(super) fn keep_rooms(
        &mut self,
        (netuid, hotkey): PoolKey,
        before: usize,
        after: usize,
    ) -> usize {
        // No epoch has these numbers.
        let rooms = [u32::MAX, u32::MAX.saturating_sub(1)];
        let mut written = 0usize;
        for (place, room) in rooms.into_iter().enumerate() {
            let key = (netuid, hotkey, room);
            match (place < before, place < after) {
                (false, true) => self.vested.insert(key, &Vested::default()),
                (true, false) => {
                    self.vested.remove(key);
                    None
                }
                _ => continue,
            };
            written = written.saturating_add(1);
        }
        written
    }

    /// Stores vested deposits that are in no slot, or deletes those whose shares are collected. In
    /// a settlement, each takes the place of a room: the storage stays as large as it is.
    pub(super) fn store_displaced(
        &mut self,
        (netuid, hotkey): PoolKey,
        vested: Vec<(u32, Vested)>,
    ) {
        for (epoch, vested) in vested {
            let key = (netuid, hotkey, epoch);
            if vested.is_spent() {
                self.vested.remove(key);
            } else {
                self.vested.insert(key, &vested);
            }
        }
    }

    fn store_position(&mut self, key: PositionKey, held: &Held) {
        let Held {
            before, position, ..
        } = held;
        if position.is_empty() {
            self.positions.remove(key);
        } else if position != before {
            self.positions.insert(key, position);
        }
        match (before.is_empty(), position.is_empty()) {
            (true, false) => self.index.add(key),
            (false, true) => self.index.remove(key),
            _ => {}
        }
    }
}

#[cfg(test)]
impl Stake {
    /// Queues `amount` of dividends for the hotkey's root stake, which must be non-zero.
    pub fn queue_dividends(
        &mut self,
        hotkey: AccountId,
        amount: Rao,
        now: u32,
    ) -> Result<(), StakingError> {
        let account = self.root.account(hotkey);
        self.root.queue(hotkey, account, amount, now)
    }

    /// Returns a hotkey's own stake that weighed at the end of `epoch`.
    pub fn own_at(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        clock: &super::EpochClock,
    ) -> Result<super::OwnStake, StakingError> {
        self.hotkey(netuid, hotkey).own_at(epoch, clock)
    }

    /// Returns true if the position is stored.
    pub fn stores_position(&self, key: PositionKey) -> bool {
        self.positions.contains(key)
    }

    /// Returns the position as it is stored.
    pub fn stored_position(&self, key: PositionKey) -> Position {
        self.positions.get(key).unwrap_or_default()
    }

    /// Returns the pool's cell as it is stored, the number of rooms that are kept for the pool, and
    /// the epochs before `open` whose vested deposits have cells of their own.
    pub fn stored_pool(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        open: u32,
    ) -> (PoolCell, usize, Vec<u32>) {
        let is_stored = |epoch: &u32| self.vested.contains((netuid, hotkey, *epoch));
        let rooms = (u32::MAX - 8..=u32::MAX).filter(is_stored).count();
        let epochs = (0..open).filter(is_stored).collect();
        (self.cell((netuid, hotkey)), rooms, epochs)
    }

    /// Returns true if the pool of a hotkey on a subnet is stored.
    pub fn stores_pool(&self, netuid: NetUid, hotkey: AccountId) -> bool {
        self.pools.contains((netuid, hotkey))
    }
}
