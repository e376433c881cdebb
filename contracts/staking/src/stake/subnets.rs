//! Epochs and sums of a subnet, as far as stake depends on them.

use crate::history::root_epoch;
use inktensor_primitives::{
    staking::{StakingError, ROOT_EPOCH},
    Rao,
};

/// The open epoch of a subnet or of root, and when the last two epochs opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EpochClock {
    /// The open epoch.
    pub open: u32,
    /// Block at which the open epoch opened.
    pub opened_at: u32,
    /// Block at which the epoch before opened.
    pub previous_opened_at: u32,
    /// The present block.
    pub now: u32,
}

impl EpochClock {
    /// Returns the clock of root at block `now`.
    pub fn of_root(now: u32) -> Self {
        let open = root_epoch(now);
        let opened_at = open.saturating_mul(ROOT_EPOCH);
        Self {
            open,
            opened_at,
            previous_opened_at: opened_at.saturating_sub(ROOT_EPOCH),
            now,
        }
    }

    /// Returns true if `epoch` is the one before the open epoch.
    pub fn is_previous(&self, epoch: u32) -> bool {
        epoch.checked_add(1) == Some(self.open)
    }

    /// Returns the block at which `epoch` opened.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn opening_block(&self, epoch: u32) -> Result<u32, StakingError> {
        if epoch >= self.open {
            Ok(self.opened_at)
        } else if self.is_previous(epoch) {
            Ok(self.previous_opened_at)
        } else {
            Err(StakingError::TooOld)
        }
    }

    /// Returns the block at which `epoch` closed, or the present one if it is open.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn closing_block(&self, epoch: u32) -> Result<u32, StakingError> {
        if epoch >= self.open {
            Ok(self.now)
        } else if self.is_previous(epoch) {
            Ok(self.opened_at)
        } else {
            Err(StakingError::TooOld)
        }
    }
}

/// The stored state of a subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SubnetStake {
    /// The open epoch.
    open: u32,
    /// Block at which the open epoch opened.
    opened_at: u32,
    /// Block at which the epoch before opened.
    previous_opened_at: u32,
    /// Sum of the values of all pools.
    pub total: Rao,
    /// Part of the sum that was deposited in the open epoch. Not counted on root.
    pending: Rao,
    /// Stake that weighed in the epoch that closed last.
    pub matured: Rao,
}

impl SubnetStake {
    /// Returns the epochs of the subnet at block `now`.
    pub fn clock(&self, now: u32) -> EpochClock {
        EpochClock {
            open: self.open,
            opened_at: self.opened_at,
            previous_opened_at: self.previous_opened_at,
            now,
        }
    }

    /// Closes epoch `closing` at block `now`: its deposits mature.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn close(&mut self, closing: u32, now: u32) -> Result<(), StakingError> {
        let matured = self.total.checked_sub(self.pending);
        *self = Self {
            open: closing.checked_add(1).ok_or(StakingError::Overflow)?,
            opened_at: now,
            previous_opened_at: self.opened_at,
            total: self.total,
            pending: Rao::ZERO,
            matured: matured.ok_or(StakingError::Overflow)?,
        };
        Ok(())
    }

    /// Adds `amount` to the sum, of which `pending` are deposits of the open epoch.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(&mut self, amount: Rao, pending: Rao) -> Result<(), StakingError> {
        let sum = |a: Rao, b: Rao| a.checked_add(b).ok_or(StakingError::Overflow);
        self.total = sum(self.total, amount)?;
        self.pending = sum(self.pending, pending)?;
        Ok(())
    }

    /// Subtracts `amount` from the sum, of which `pending` were deposits of the open epoch.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn subtract(&mut self, amount: Rao, pending: Rao) -> Result<(), StakingError> {
        let difference = |a: Rao, b: Rao| a.checked_sub(b).ok_or(StakingError::Overflow);
        self.total = difference(self.total, amount)?;
        self.pending = difference(self.pending, pending)?;
        Ok(())
    }
}

/// A hotkey's own stake that weighs, before children and parents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnStake {
    /// Stake on the subnet.
    pub on_subnet: Rao,
    /// Stake on root.
    pub on_root: Rao,
}
