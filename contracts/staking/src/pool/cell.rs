//! Storage form of a pool, with its value by epoch: consensus reads the value of closed epochs.

use super::{Pool, SharePool};
use inktensor_primitives::{
    staking::StakingError,
    versioned::{TooOld, Versioned},
    Rao,
};

/// A stored pool, with its value in the open epoch and in the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PoolCell {
    /// All stake in the pool, pending deposits included.
    value: Versioned<Rao>,
    /// Number of shares.
    shares: u128,
    /// Number of times the shares have been refined.
    scale: u32,
    /// Part of the value without shares: deposits of the epoch of the last write.
    pending: Rao,
}

impl PoolCell {
    /// Returns the pool as of the last write.
    ///
    /// # Errors
    /// `Overflow`, which cannot happen: pending deposits are part of the value.
    pub fn pool(&self) -> Result<Pool, StakingError> {
        let pending = self.pending;
        let value = self.value().checked_sub(pending);
        let value = value.ok_or(StakingError::Overflow)?;
        Ok(Pool {
            shares: SharePool::new(value, self.shares, self.scale),
            pending,
        })
    }

    /// Returns the epoch of the last write, in which the pending deposits were made.
    pub fn written_epoch(&self) -> u32 {
        self.value.epoch()
    }

    /// Returns all stake in the pool.
    pub fn value(&self) -> Rao {
        *self.value.now()
    }

    /// Returns the value at the end of `epoch`, or now if `epoch` is open.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn value_at(&self, epoch: u32) -> Result<Rao, StakingError> {
        self.value
            .at(epoch)
            .copied()
            .map_err(|TooOld| StakingError::TooOld)
    }

    /// Stores `pool` while `open` is the open epoch.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn write(&mut self, open: u32, pool: &Pool) -> Result<(), StakingError> {
        self.value.write(open, pool.value()?);
        self.shares = pool.shares.shares();
        self.scale = pool.shares.scale();
        self.pending = pool.pending;
        Ok(())
    }

    /// Returns true if the pool is empty in every epoch that can be read. A spent cell is not
    /// stored.
    pub fn is_spent(&self, open: u32) -> bool {
        self.shares == 0 && self.value.is_spent(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Position;

    #[test]
    fn a_closed_epoch_keeps_its_value() {
        let mut cell = PoolCell::default();
        let mut position = Position::default();
        let mut pool = cell.pool().unwrap();
        pool.credit(&mut position, Rao(7)).unwrap();
        cell.write(3, &pool).unwrap();
        pool.withdraw_all(&mut position).unwrap();
        cell.write(4, &pool).unwrap();
        assert_eq!(cell.value_at(3), Ok(Rao(7)));
        assert_eq!(cell.value_at(4), Ok(Rao(0)));
        assert_eq!(cell.value_at(2), Err(StakingError::TooOld));
        assert!(!cell.is_spent(4));
        assert!(cell.is_spent(5));
    }

    #[test]
    fn a_stored_pool_is_read_as_it_was_written() {
        let mut cell = PoolCell::default();
        let mut pool = Pool::default();
        let mut position = Position::default();
        pool.credit(&mut position, Rao(1)).unwrap();
        pool.reward(Rao(1 << 50)).unwrap();
        pool.add(&mut position, Rao(5), 2).unwrap();
        cell.write(2, &pool).unwrap();
        assert_eq!(cell.pool(), Ok(pool));
        assert_eq!(cell.written_epoch(), 2);
        assert_eq!(cell.value_at(2), Ok(Rao((1 << 50) + 6)));
        assert_ne!(pool.shares.scale(), 0);
    }
}
