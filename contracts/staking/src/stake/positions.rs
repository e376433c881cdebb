//! Positions, pools and sums in storage. Every change of a position is made here, in one piece.

use super::{
    index::{Index, List, PositionKey},
    subnets::{EpochClock, OwnStake, SubnetStake},
};
use crate::{
    pool::{Pool, PoolCell, Position, Vested},
    root::{ClaimKey, Root, Settled},
};
use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{staking::StakingError, AccountId, NetUid, Rao};

/// Subnet and hotkey.
type PoolKey = (NetUid, AccountId);
/// Subnet, hotkey and epoch.
type VestedKey = (NetUid, AccountId, u32);

/// All stake.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Stake {
    /// Sum of all stake.
    total: Rao,
    /// Number of epochs, of any subnet, that have closed.
    closes: u32,
    subnets: Mapping<NetUid, SubnetStake, ManualKey<0x5355_424E>>,
    pools: Mapping<PoolKey, PoolCell, ManualKey<0x504F_4F4C>>,
    positions: Mapping<PositionKey, Position, ManualKey<0x504F_5349>>,
    /// Deposits of closed epochs whose shares are not all collected.
    vested: Mapping<VestedKey, Vested, ManualKey<0x5249_5045>>,
    /// History and dividends of root stake.
    root: Root,
    /// Positions by coldkey and by hotkey.
    index: Index,
}

/// A position and its pool, up to date with the open epoch.
struct Current {
    pool: Pool,
    position: Position,
    /// Deposits that have just vested, with their epoch.
    vested: Option<(u32, Vested)>,
    /// Vested deposits of which the position has just collected its part, with their epoch.
    collected: Option<(u32, Vested)>,
}

/// A position and its pool, loaded for a change.
struct Loaded {
    key: PositionKey,
    open: u32,
    cell: PoolCell,
    before: Position,
    current: Current,
    /// Dividends up to now, if the position is on root.
    root: Option<Settled>,
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
    /// Returns the sum of all stake.
    pub fn total(&self) -> Rao {
        self.total
    }

    /// Returns the sum of the stake on a subnet.
    pub fn on_subnet(&self, netuid: NetUid) -> Rao {
        self.subnet(netuid).total
    }

    /// Returns the epochs of a subnet.
    pub fn clock(&self, netuid: NetUid) -> EpochClock {
        self.subnet(netuid).clock
    }

    /// Returns the stake on a hotkey on a subnet.
    pub fn on_hotkey(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
        self.cell((netuid, hotkey)).value()
    }

    /// Returns history and dividends of root stake.
    pub fn root(&self) -> &Root {
        &self.root
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

    /// Returns the stake of a position, rounded down.
    pub fn worth(&self, key: PositionKey) -> Rao {
        let Some(position) = self.positions.get(key) else {
            return Rao::ZERO;
        };
        let cell = self.cell(key.pool());
        let open = self.clock(key.netuid).open;
        let current = self.current(key, open, &cell, position);
        current
            .and_then(|it| it.pool.worth(&it.position))
            .unwrap_or_default()
    }

    /// Returns a hotkey's own stake at the end of `epoch`, or now if `epoch` is open.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn own_at(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        clock: &EpochClock,
    ) -> Result<OwnStake, StakingError> {
        let on_subnet = self.cell((netuid, hotkey)).value_at(epoch)?;
        let on_root = if epoch >= clock.open {
            self.root.stake(hotkey)
        } else if clock.is_previous(epoch) {
            self.root.stake_at(hotkey, clock.opened_by_close)
        } else if self.root.is_known(hotkey) {
            return Err(StakingError::TooOld);
        } else {
            // The hotkey has never had root stake.
            Rao::ZERO
        };
        Ok(OwnStake { on_subnet, on_root })
    }

    /// Opens the epoch after `closing` at block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn begin_epoch(
        &mut self,
        netuid: NetUid,
        closing: u32,
        now: u32,
    ) -> Result<(), StakingError> {
        let mut subnet = self.subnet(netuid);
        self.closes = self.closes.checked_add(1).ok_or(StakingError::Overflow)?;
        subnet.clock = subnet.clock.next(closing, now, self.closes)?;
        self.subnets.insert(netuid, &subnet);
        Ok(())
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
        let mut loaded = self.load(key, open, now)?;
        let Current { pool, position, .. } = &mut loaded.current;
        let result = change(pool, position)?;
        self.store(loaded)?;
        Ok(result)
    }

    /// Runs `change` on the pool of a hotkey in the open epoch, if the pool is stored. Otherwise on
    /// an empty pool, which is not stored. The sums stay as they are.
    ///
    /// # Errors
    /// The errors of `change`, `Overflow`.
    pub fn reward(
        &mut self,
        key: PoolKey,
        clock: &EpochClock,
        change: impl FnOnce(&mut Pool) -> Result<(), StakingError>,
    ) -> Result<(), StakingError> {
        let Some(mut cell) = self.pools.get(key) else {
            return change(&mut Pool::default());
        };
        let written = cell.written_epoch();
        let mut pool = cell.pool()?;
        let vested = if written < clock.open {
            pool.vest()?
        } else {
            None
        };
        let before = pool;
        change(&mut pool)?;
        if pool == before {
            return Ok(());
        }
        cell.write(clock.open, &pool)?;
        self.pools.insert(key, &cell);
        if let Some(vested) = vested {
            self.vested.insert((key.0, key.1, written), &vested);
        }
        Ok(())
    }

    /// Adds `amount` of pay to a position, as a deposit of the open epoch at block `now`. The sums
    /// stay as they are.
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
        let open = clock.open;
        self.change(key, open, now, |pool, position| {
            pool.add(position, amount, open)
        })
    }

    /// Adds `amount` to the sums of the subnet and of all stake.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count_in(&mut self, netuid: NetUid, amount: Rao) -> Result<(), StakingError> {
        self.recount(netuid, |sum| sum.checked_add(amount))
    }

    /// Subtracts `amount` from the sums of the subnet and of all stake.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count_out(&mut self, netuid: NetUid, amount: Rao) -> Result<(), StakingError> {
        self.recount(netuid, |sum| sum.checked_sub(amount))
    }

    /// Queues `amount` of dividends for the hotkey's root stake, which must be non-zero.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn queue_dividends(
        &mut self,
        hotkey: AccountId,
        amount: Rao,
        now: u32,
    ) -> Result<(), StakingError> {
        self.root.queue(hotkey, amount, now)
    }

    /// Returns the dividends that a root position can claim at block `now`.
    pub fn claimable_dividends(&self, key: PositionKey, now: u32) -> Rao {
        let stake = self.worth(key);
        self.root.owed(key.claim(), stake, now)
    }

    /// Removes and returns the dividends that a root position can claim at block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn claim_dividends(&mut self, key: PositionKey, now: u32) -> Result<Rao, StakingError> {
        let stake = self.worth(key);
        self.root.claim(key.claim(), stake, now)
    }

    fn subnet(&self, netuid: NetUid) -> SubnetStake {
        self.subnets.get(netuid).unwrap_or_default()
    }

    fn cell(&self, key: PoolKey) -> PoolCell {
        self.pools.get(key).unwrap_or_default()
    }

    /// Brings a stored position, and the pool in `cell`, up to date with epoch `open`: pending
    /// deposits of closed epochs vest, and the position collects its shares.
    fn current(
        &self,
        key: PositionKey,
        open: u32,
        cell: &PoolCell,
        mut position: Position,
    ) -> Result<Current, StakingError> {
        let mut pool = cell.pool()?;
        let written = cell.written_epoch();
        let vested = if written < open { pool.vest()? } else { None };
        let mut vested = vested.map(|vested| (written, vested));
        let mut collected = None;
        if let Some(epoch) = position.uncollected(open) {
            let just = vested.take_if(|(written, _)| *written == epoch);
            let part = just.map(|(_, vested)| vested);
            let part = part.or_else(|| self.vested.get((key.netuid, key.hotkey, epoch)));
            let mut part = part.ok_or(StakingError::Overflow)?;
            pool.collect(&mut position, &mut part)?;
            collected = Some((epoch, part));
        }
        Ok(Current {
            pool,
            position,
            vested,
            collected,
        })
    }

    fn load(&self, key: PositionKey, open: u32, now: u32) -> Result<Loaded, StakingError> {
        let cell = self.cell(key.pool());
        let before = self.positions.get(key).unwrap_or_default();
        let current = self.current(key, open, &cell, before)?;
        let root = if key.netuid.is_root() {
            let stake = current.pool.worth(&current.position)?;
            Some(self.root.settle(key.claim(), stake, now)?)
        } else {
            None
        };
        Ok(Loaded {
            key,
            open,
            cell,
            before,
            current,
            root,
        })
    }

    fn store(&mut self, loaded: Loaded) -> Result<(), StakingError> {
        let Loaded {
            key,
            open,
            mut cell,
            before,
            current,
            root,
        } = loaded;
        let Current {
            pool,
            position,
            vested,
            collected,
        } = current;
        if let Some(settled) = root {
            let stakes = (pool.value()?, pool.worth(&position)?);
            self.root.record(settled, stakes, self.closes)?;
        }
        cell.write(open, &pool)?;
        if cell.is_spent(open) {
            self.pools.remove(key.pool());
        } else {
            self.pools.insert(key.pool(), &cell);
        }
        for (epoch, vested) in vested.into_iter().chain(collected) {
            let key = (key.netuid, key.hotkey, epoch);
            if vested.is_spent() {
                self.vested.remove(key);
            } else {
                self.vested.insert(key, &vested);
            }
        }
        if position.is_empty() {
            self.positions.remove(key);
        } else if position != before {
            self.positions.insert(key, &position);
        }
        match (before.is_empty(), position.is_empty()) {
            (true, false) => self.index.add(key),
            (false, true) => self.index.remove(key),
            _ => {}
        }
        Ok(())
    }

    fn recount(
        &mut self,
        netuid: NetUid,
        change: impl Fn(Rao) -> Option<Rao>,
    ) -> Result<(), StakingError> {
        let mut subnet = self.subnet(netuid);
        subnet.total = change(subnet.total).ok_or(StakingError::Overflow)?;
        self.total = change(self.total).ok_or(StakingError::Overflow)?;
        self.subnets.insert(netuid, &subnet);
        Ok(())
    }
}

#[cfg(test)]
impl Stake {
    /// Returns true if the position is stored.
    pub fn stores_position(&self, key: PositionKey) -> bool {
        self.positions.contains(key)
    }

    /// Returns true if the pool of a hotkey on a subnet is stored.
    pub fn stores_pool(&self, netuid: NetUid, hotkey: AccountId) -> bool {
        self.pools.contains((netuid, hotkey))
    }
}
