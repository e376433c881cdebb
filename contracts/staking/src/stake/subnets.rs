//! Epochs and sum of a subnet, as far as stake depends on them.

use inktensor_primitives::{staking::StakingError, Rao};

/// The open epoch of a subnet, and when the last two epochs opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochClock {
    /// The open epoch.
    pub open: u32,
    /// Block at which the open epoch opened.
    pub opened_at: u32,
    /// Block at which the epoch before opened.
    pub previous_opened_at: u32,
    /// The close that opened the open epoch, counted from 1 over all subnets.
    pub opened_by_close: u32,
}

impl EpochClock {
    /// Returns the clock after the `close`th close of all, which closes epoch `closing` at block
    /// `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn next(self, closing: u32, now: u32, close: u32) -> Result<Self, StakingError> {
        Ok(Self {
            open: closing.checked_add(1).ok_or(StakingError::Overflow)?,
            opened_at: now,
            previous_opened_at: self.opened_at,
            opened_by_close: close,
        })
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
}

/// The stored state of a subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SubnetStake {
    /// Epochs.
    pub clock: EpochClock,
    /// Sum of the values of all pools.
    pub total: Rao,
}

/// A hotkey's own stake: what its stakers have on it, before children and parents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnStake {
    /// Stake on the subnet.
    pub on_subnet: Rao,
    /// Stake on root.
    pub on_root: Rao,
}
