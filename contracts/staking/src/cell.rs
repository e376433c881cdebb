//! What storage keeps: a pool whose value consensus reads by epoch, and a subnet's sum.

use crate::{fund::Fund, pool::Pool};
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
    /// What of its value has no shares: added in the epoch of the last write.
    fresh: Rao,
}

impl PoolCell {
    /// What it held when it was last written.
    ///
    /// # Errors
    /// `Overflow`, which cannot happen: what waits is part of the value.
    pub fn fund(&self) -> Result<Fund, StakingError> {
        let fresh = self.fresh;
        let value = self.value().checked_sub(fresh);
        let value = value.ok_or(StakingError::Overflow)?;
        Ok(Fund {
            pool: Pool::new(value, self.shares, self.scale),
            fresh,
        })
    }

    /// The epoch in which was added what has no shares.
    pub fn fresh_epoch(&self) -> u32 {
        self.value.epoch()
    }

    /// All stake in it.
    pub fn value(&self) -> Rao {
        *self.value.now()
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

    /// Keeps `fund` while `open` is the open epoch.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn write(&mut self, open: u32, fund: &Fund) -> Result<(), StakingError> {
        self.value.write(open, fund.value()?);
        self.shares = fund.pool.shares();
        self.scale = fund.pool.scale();
        self.fresh = fund.fresh;
        Ok(())
    }

    /// Whether it is empty and no epoch that can be read knew it otherwise, so that it need not be
    /// kept.
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
    /// Which close of all opened it, counted from 1.
    pub opened_by: u32,
    /// Sum of the subnet's pools.
    pub total: Rao,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fund::Holding;

    #[test]
    fn a_closed_epoch_keeps_its_value() {
        let mut cell = PoolCell::default();
        let mut holding = Holding::default();
        let mut fund = cell.fund().unwrap();
        fund.credit(&mut holding, Rao(7)).unwrap();
        cell.write(3, &fund).unwrap();
        fund.withdraw_all(&mut holding).unwrap();
        cell.write(4, &fund).unwrap();
        assert_eq!(cell.value_at(3), Ok(Rao(7)));
        assert_eq!(cell.value_at(4), Ok(Rao(0)));
        assert_eq!(cell.value_at(2), Err(StakingError::TooOld));
        assert!(!cell.is_spent(4));
        assert!(cell.is_spent(5));
    }

    #[test]
    fn what_is_kept_is_what_comes_back() {
        let mut cell = PoolCell::default();
        let mut fund = Fund::default();
        let mut holding = Holding::default();
        fund.credit(&mut holding, Rao(1)).unwrap();
        fund.reward(Rao(1 << 50)).unwrap();
        fund.add(&mut holding, Rao(5), 2).unwrap();
        cell.write(2, &fund).unwrap();
        assert_eq!(cell.fund(), Ok(fund));
        assert_eq!(cell.fresh_epoch(), 2);
        assert_eq!(cell.value_at(2), Ok(Rao((1 << 50) + 6)));
        assert_ne!(fund.pool.scale(), 0);
    }
}
