//! Values by root epoch: the present one, and one record of each root epoch that has changed it.
//!
//! Records that no read of the last root epochs needs are dropped, two for each that is added. So a
//! history has at most one record more than root epochs are kept, in one cell.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{StakingError, ROOT_EPOCH},
    Rao,
};

/// Most records that are dropped when one is added.
const DROPPED_AT_ONCE: usize = 2;

/// Returns the root epoch of block `block`.
pub fn root_epoch(block: u32) -> u32 {
    block.checked_div(ROOT_EPOCH).unwrap_or_default()
}

/// The value at the end of a root epoch.
pub trait Record: Copy + Default {
    /// Returns the root epoch.
    fn epoch(&self) -> u32;

    /// Returns the record of root epoch `epoch`, which is not before this one's, if nothing changes
    /// until its end.
    fn in_epoch(self, epoch: u32) -> Self;

    /// Returns true for the value of an account that was never used.
    fn is_empty(&self) -> bool;
}

/// The records of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct History<R> {
    /// The last record.
    now: R,
    /// Earlier records, oldest first.
    past: Vec<R>,
}

impl<R: Record> History<R> {
    /// Returns the value in the open root epoch `open`.
    pub fn now(&self, open: u32) -> R {
        self.now.in_epoch(open.max(self.now.epoch()))
    }

    /// Returns the last record.
    pub fn last(&self) -> R {
        self.now
    }

    /// Returns the value at the end of root epoch `epoch`, in root epoch `open`. The records of the
    /// last `kept` root epochs are kept.
    ///
    /// # Errors
    /// `TooOld` if a record that would tell may have been dropped.
    pub fn at(&self, epoch: u32, open: u32, kept: u32) -> Result<R, StakingError> {
        let past = self.past.iter().rev();
        let mut newest_first = core::iter::once(&self.now).chain(past);
        match newest_first.find(|record| record.epoch() <= epoch) {
            Some(record) => Ok(record.in_epoch(epoch)),
            None if epoch.saturating_add(kept) < open => Err(StakingError::TooOld),
            None => Ok(R::default()),
        }
    }

    /// Writes the value in the open root epoch, which is the record's.
    pub fn write(&mut self, record: R, kept: u32) {
        let open = record.epoch();
        if self.now.epoch() < open {
            if !self.past.is_empty() || !self.now.is_empty() {
                self.past.push(self.now);
            }
            let oldest = open.saturating_sub(kept);
            for _ in 0..DROPPED_AT_ONCE {
                // A record is read until the next one begins.
                if self.past.get(1).is_some_and(|next| next.epoch() <= oldest) {
                    self.past.remove(0);
                }
            }
        }
        self.now = record;
    }

    /// Returns the number of earlier records.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.past.len()
    }
}

/// Stake by age in a root epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Aged {
    /// Stake that was there when the root epoch began, and has stayed.
    pub matured: Rao,
    /// Stake that was added in the root epoch.
    pub pending: Rao,
}

impl Aged {
    /// Returns all of it.
    pub fn total(&self) -> Rao {
        // Both are parts of all TAO.
        Rao(self.matured.0.saturating_add(self.pending.0))
    }

    /// Returns the same stake in a later root epoch.
    pub fn matured(self) -> Self {
        Self {
            matured: self.total(),
            pending: Rao::ZERO,
        }
    }

    /// Returns this stake after a change of its total to `total`: what is new is pending, and what
    /// leaves is taken from the pending part first.
    pub fn changed_to(self, total: Rao) -> Self {
        let matured = self.matured.min(total);
        Self {
            matured,
            pending: Rao(total.0.saturating_sub(matured.0)),
        }
    }
}
