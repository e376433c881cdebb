//! What storage keeps: a pool whose value consensus reads by epoch, and a subnet's sum.

use crate::pool::Pool;
use inktensor_primitives::{
    staking::StakingError,
    versioned::{TooOld, Versioned},
    Rao,
};

/// A pool, with its value as of the open epoch and as of the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PoolCell {
    /// All stake in it: the hotkey's weight in consensus.
    value: Versioned<Rao>,
    /// All shares of it.
    shares: u128,
    /// Steps its shares have been refined by.
    scale: u32,
}

impl PoolCell {
    /// The pool as of now.
    pub fn pool(&self) -> Pool {
        Pool::new(*self.value.now(), self.shares, self.scale)
    }

    /// Its value at the end of `epoch`, or now if `epoch` is open.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn value_at(&self, epoch: u32) -> Result<Rao, StakingError> {
        self.value
            .at(epoch)
            .copied()
            .map_err(|TooOld| StakingError::TooOld)
    }

    /// Keeps `pool` while `open` is the open epoch.
    pub fn write(&mut self, open: u32, pool: &Pool) {
        self.value.write(open, pool.value());
        self.shares = pool.shares();
        self.scale = pool.scale();
    }

    /// Whether it is empty and no epoch that can be read knew it otherwise, so that it need not be kept.
    pub fn is_spent(&self, open: u32) -> bool {
        self.shares == 0 && self.value.is_spent(open)
    }
}

/// What is kept of a subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SubnetStake {
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// Block at which the one before opened.
    pub before_at: u32,
    /// Sum of the subnet's pools.
    pub total: Rao,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Position;

    #[test]
    fn a_closed_epoch_keeps_its_value() {
        let mut cell = PoolCell::default();
        let mut position = Position::default();
        let mut pool = cell.pool();
        pool.deposit(&mut position, Rao(7)).unwrap();
        cell.write(3, &pool);
        pool.withdraw_all(&mut position).unwrap();
        cell.write(4, &pool);
        assert_eq!(cell.value_at(3), Ok(Rao(7)));
        assert_eq!(cell.value_at(4), Ok(Rao(0)));
        assert_eq!(cell.value_at(2), Err(StakingError::TooOld));
        assert!(!cell.is_spent(4));
        assert!(cell.is_spent(5));
    }

    #[test]
    fn what_is_kept_is_what_comes_back() {
        let mut cell = PoolCell::default();
        let mut pool = Pool::default();
        pool.deposit(&mut Position::default(), Rao(1)).unwrap();
        pool.reward(Rao(1 << 50)).unwrap();
        cell.write(0, &pool);
        assert_eq!(cell.pool(), pool);
        assert_ne!(pool.scale(), 0);
    }
}
