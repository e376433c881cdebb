//! Storage form of a pool, with its matured stake by epoch: consensus reads that of closed epochs.

use super::{Pool, SharePool, Slots, Vested};
use ink::prelude::vec::Vec;
use inktensor_primitives::{staking::StakingError, Rao};

/// A stored pool, with its matured stake in the epoch of the last write and in the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PoolCell {
    /// The epoch that was open at the last write.
    epoch: u32,
    /// Matured stake at the end of the epoch before `epoch`.
    before: Rao,
    /// Value of all shares.
    value: Rao,
    /// Number of shares.
    shares: u128,
    /// Number of times the shares have been refined.
    scale: u32,
    /// Deposits of the epoch before `epoch`.
    unvested: Rao,
    /// Deposits of `epoch`.
    pending: Rao,
    /// True if the hotkey is known to have no links on the subnet, so that no call reads them.
    unlinked: bool,
    /// Vested deposits whose shares are not all collected.
    slots: Slots,
}

impl PoolCell {
    /// Returns the pool as of the last write.
    pub fn pool(&self) -> Pool {
        Pool {
            shares: SharePool::new(self.value, self.shares, self.scale),
            unvested: self.unvested,
            pending: self.pending,
        }
    }

    /// Returns the pool in epoch `open`: deposits whose time has come have vested. Their shares are
    /// in the slots; vested deposits for which there is no slot are returned, with their epochs.
    /// The rest of the cell is as of the last write until the next [`write`](Self::write).
    ///
    /// # Errors
    /// `Overflow`.
    pub fn advance(&mut self, open: u32) -> Result<(Pool, Vec<(u32, Vested)>), StakingError> {
        let mut pool = self.pool();
        let vested = pool.advance(self.epoch, open)?;
        let mut displaced = Vec::new();
        for (epoch, vested) in vested {
            displaced.extend(self.slots.put(epoch, vested));
        }
        Ok((pool, displaced))
    }

    /// Returns the vested deposits of `epoch`, if they are in a slot.
    pub fn vested(&mut self, epoch: u32) -> Option<&mut Vested> {
        self.slots.of(epoch)
    }

    /// Returns the number of cells that are kept empty outside, each for the deposits of an epoch
    /// whose shares the slots may have no room for. The deposits of each of four epochs can need a
    /// place: of the open one, of the one before, and those in the slots.
    ///
    /// No passing epoch raises the number: deposits that vest only change their place. If vested
    /// deposits leave the slots, the number falls by one for each.
    pub fn rooms(&self) -> usize {
        let unvested = [self.unvested, self.pending];
        let unvested = unvested.iter().filter(|it| !it.is_zero()).count();
        self.slots
            .used()
            .saturating_add(unvested)
            .saturating_sub(Slots::COUNT)
    }

    /// Returns true if the hotkey is known to have no links on the subnet.
    pub fn is_unlinked(&self) -> bool {
        self.unlinked
    }

    /// Notes if the hotkey is known to have no links on the subnet.
    pub fn set_unlinked(&mut self, unlinked: bool) {
        self.unlinked = unlinked;
    }

    /// Returns all stake in the pool.
    ///
    /// # Errors
    /// `Overflow`, which cannot happen: every write has checked the sum.
    pub fn value(&self) -> Result<Rao, StakingError> {
        self.pool().value()
    }

    /// Returns the stake that weighed at the end of `epoch`, or weighs now if `epoch` is open: what
    /// was there when `epoch` opened and has stayed. For a later epoch, the answer is as if nothing
    /// changed until then.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn matured_at(&self, epoch: u32) -> Result<Rao, StakingError> {
        if epoch > self.epoch {
            self.pool().value()
        } else if epoch == self.epoch {
            self.pool().matured()
        } else if epoch.checked_add(1) == Some(self.epoch) {
            Ok(self.before)
        } else {
            Err(StakingError::TooOld)
        }
    }

    /// Stores `pool` while `open` is the open epoch.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn write(&mut self, open: u32, pool: &Pool) -> Result<(), StakingError> {
        if open > self.epoch {
            self.before = self.matured_at(open.saturating_sub(1))?;
            self.epoch = open;
        }
        self.value = pool.shares.value();
        self.shares = pool.shares.shares();
        self.scale = pool.shares.scale();
        self.unvested = pool.unvested;
        self.pending = pool.pending;
        self.slots.free_spent();
        self.value()?;
        Ok(())
    }

    /// Returns true if the pool is empty in every epoch that can be read. A spent cell is not
    /// stored.
    pub fn is_spent(&self, open: u32) -> bool {
        self.shares == 0
            && self.unvested.is_zero()
            && self.pending.is_zero()
            && self.slots.used() == 0
            && (self.before.is_zero() || self.epoch < open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Position;

    /// Writes `pool`, advanced to epoch `open`.
    fn write(cell: &mut PoolCell, open: u32, change: impl FnOnce(&mut Pool)) {
        let (mut pool, _) = cell.advance(open).unwrap();
        change(&mut pool);
        cell.write(open, &pool).unwrap();
    }

    #[test]
    fn a_closed_epoch_keeps_its_stake() {
        let mut cell = PoolCell::default();
        let mut position = Position::default();
        write(&mut cell, 3, |pool| {
            pool.credit(&mut position, Rao(7)).unwrap();
        });
        write(&mut cell, 4, |pool| {
            pool.withdraw_all(&mut position).unwrap();
        });
        assert_eq!(cell.matured_at(3), Ok(Rao(7)));
        assert_eq!(cell.matured_at(4), Ok(Rao(0)));
        assert_eq!(cell.matured_at(2), Err(StakingError::TooOld));
        assert!(!cell.is_spent(4));
        assert!(cell.is_spent(5));
    }

    #[test]
    fn a_deposit_weighs_from_the_next_epoch_on() {
        for later in [4, 5, 9] {
            let mut cell = PoolCell::default();
            let mut position = Position::default();
            write(&mut cell, 3, |pool| {
                pool.add(&mut position, Rao(7)).unwrap();
            });
            assert_eq!(cell.matured_at(3), Ok(Rao(0)));
            assert_eq!(cell.matured_at(4), Ok(Rao(7)));
            write(&mut cell, later, |pool| {
                position.advance(later);
                pool.add(&mut position, Rao(5)).unwrap();
            });
            let before = Rao(if later == 4 { 0 } else { 7 });
            assert_eq!(cell.matured_at(later - 1), Ok(before));
            assert_eq!(cell.matured_at(later), Ok(Rao(7)));
            assert_eq!(cell.matured_at(later + 1), Ok(Rao(12)));
            assert_eq!(cell.value(), Ok(Rao(12)));
        }
    }

    /// A settlement does not make the cell longer, so that its caller pays no deposit.
    #[test]
    fn a_cell_has_the_same_size_whatever_has_vested() {
        use ink::scale::Encode;
        let mut cell = PoolCell::default();
        let size = cell.encoded_size();
        let mut position = Position::default();
        for open in 1..6 {
            let (mut pool, displaced) = cell.advance(open).unwrap();
            pool.add(&mut position, Rao(1 << 50)).unwrap();
            cell.write(open, &pool).unwrap();
            assert_eq!(cell.encoded_size(), size);
            assert_eq!(displaced.len(), usize::from(open > 4));
        }
        assert_eq!(cell.rooms(), 2);
        let (mut pool, displaced) = cell.advance(7).unwrap();
        assert_eq!(displaced.iter().map(|it| it.0).collect::<Vec<_>>(), [2, 3]);
        pool.reward(Rao(1 << 50)).unwrap();
        cell.write(7, &pool).unwrap();
        assert_eq!((cell.encoded_size(), cell.rooms()), (size, 0));
        assert_eq!(
            Vested::default().encoded_size(),
            displaced[0].1.encoded_size()
        );
    }

    #[test]
    fn a_stored_pool_is_read_as_it_was_written() {
        let mut cell = PoolCell::default();
        let mut pool = Pool::default();
        let mut position = Position::default();
        pool.credit(&mut position, Rao(1)).unwrap();
        pool.reward(Rao(1 << 50)).unwrap();
        pool.add(&mut position, Rao(5)).unwrap();
        cell.write(2, &pool).unwrap();
        assert_eq!(cell.pool(), pool);
        assert_eq!(cell.epoch, 2);
        assert_eq!(cell.matured_at(2), Ok(Rao((1 << 50) + 1)));
        assert_ne!(pool.shares.scale(), 0);
    }
}
