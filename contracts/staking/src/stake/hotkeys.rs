//! The cells of one hotkey that decide its weight and its dividends, each read once.

use super::{
    positions::{PoolKey, Stake},
    subnets::{EpochClock, OwnStake},
};
use crate::{
    pool::{Pool, PoolCell},
    root::RootAccount,
};
use inktensor_primitives::{staking::StakingError, AccountId, Bps, NetUid, Rao};

/// Cells that [`Stake::hotkey`] reads.
pub const HOTKEY_READS: u32 = 2;
/// Most cells that [`Stake::reward`] writes: the pool, the root account, and two cells for each of
/// the vested deposits of two epochs that get no slot of the pool's cell.
pub const MOST_REWARD_WRITES: u32 = 6;

/// A hotkey's pool on a subnet and its root account, as they are stored.
#[derive(Clone, Debug)]
pub struct HotkeyCells {
    key: PoolKey,
    /// The pool, if it is stored.
    pool: Option<PoolCell>,
    root: RootAccount,
}

impl HotkeyCells {
    /// Returns the subnet and the hotkey.
    pub fn key(&self) -> (NetUid, AccountId) {
        self.key
    }

    /// Returns all root stake on the hotkey.
    pub fn root_stake(&self) -> Rao {
        self.root.stake()
    }

    /// Returns the hotkey's own stake that weighed at the end of `epoch`, or weighs now if `epoch`
    /// is open.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn own_at(&self, epoch: u32, clock: &EpochClock) -> Result<OwnStake, StakingError> {
        let on_subnet = match &self.pool {
            Some(pool) => pool.matured_at(epoch)?,
            None => Rao::ZERO,
        };
        let close = clock.closing_block(epoch)?;
        let on_root = self.root.stake_at(close, clock.now)?;
        Ok(OwnStake { on_subnet, on_root })
    }

    /// Returns the take that counts for an epoch which opened at block `opened_at`.
    pub fn take_at(&self, opened_at: u32) -> Bps {
        self.root.take_at(opened_at)
    }

    /// Returns true if the hotkey has no links on the subnet. False means unknown.
    pub fn is_unlinked(&self) -> bool {
        self.pool.as_ref().is_some_and(PoolCell::is_unlinked)
    }

    /// Notes that the hotkey has no links on the subnet, which the caller has read. The next
    /// [`reward`](Stake::reward) that writes the pool keeps the note.
    pub fn note_unlinked(&mut self) {
        if let Some(pool) = &mut self.pool {
            pool.set_unlinked(true);
        }
    }
}

impl Stake {
    /// Reads the cells of a hotkey on a subnet.
    pub fn hotkey(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyCells {
        let key = (netuid, hotkey);
        HotkeyCells {
            key,
            pool: self.pools.get(key),
            root: self.root.account(hotkey),
        }
    }

    /// Runs `change` on the pool of a hotkey in the open epoch, if the pool is stored. Otherwise on
    /// an empty pool, which is not stored. Queues `to_root` of dividends for the hotkey's root
    /// stake, which must be non-zero unless `to_root` is zero. The sums stay as they are. Returns
    /// the number of cells written.
    ///
    /// No other call may have changed the cells since they were read.
    ///
    /// # Errors
    /// The errors of `change`, `Overflow`.
    pub fn reward(
        &mut self,
        cells: HotkeyCells,
        to_root: Rao,
        clock: &EpochClock,
        change: impl FnOnce(&mut Pool) -> Result<(), StakingError>,
    ) -> Result<u32, StakingError> {
        let HotkeyCells { key, pool, root } = cells;
        let mut written = 0u32;
        if !to_root.is_zero() {
            self.root.queue(key.1, root, to_root, clock.now)?;
            written = written.saturating_add(1);
        }
        let Some(mut cell) = pool else {
            change(&mut Pool::default())?;
            return Ok(written);
        };
        let rooms = cell.rooms();
        let (mut pool, displaced) = cell.advance(clock.open)?;
        let before = pool;
        change(&mut pool)?;
        if pool == before {
            return Ok(written);
        }
        cell.write(clock.open, &pool)?;
        self.pools.insert(key, &cell);
        let cells = self
            .keep_rooms(key, rooms, cell.rooms())
            .saturating_add(displaced.len())
            .saturating_add(1);
        self.store_displaced(key, displaced);
        Ok(written.saturating_add(u32::try_from(cells).unwrap_or(u32::MAX)))
    }

    /// Ends the note that a hotkey has no links on a subnet. To be called with its first link.
    pub fn mark_linked(&mut self, key: (NetUid, AccountId)) {
        if let Some(mut cell) = self.pools.get(key).filter(PoolCell::is_unlinked) {
            cell.set_unlinked(false);
            self.pools.insert(key, &cell);
        }
    }
}
