//! Vested deposits whose shares are not all collected, in the pool's cell.
//!
//! A position collects the shares of a deposit on its next access, and as a rule that is soon. So
//! the pool's own cell has room for the vested deposits of two epochs, and no further cell is
//! accessed for them. Of more epochs, the oldest get cells of their own.

use super::Vested;

/// Vested deposits of at most two epochs, each with its epoch. A free slot is all zeros, so that
/// the slots always have the same size: no vesting deposit makes the cell longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Slots([(u32, Vested); Slots::COUNT]);

impl Slots {
    /// Number of slots.
    pub const COUNT: usize = 2;

    /// Returns the number of slots that are not free.
    pub fn used(&self) -> usize {
        self.0.iter().filter(|slot| !slot.1.is_spent()).count()
    }

    /// Returns the vested deposits of `epoch`, if they are in a slot.
    pub fn of(&mut self, epoch: u32) -> Option<&mut Vested> {
        let mut slots = self.0.iter_mut();
        let found = slots.find(|slot| slot.0 == epoch && !slot.1.is_spent());
        found.map(|slot| &mut slot.1)
    }

    /// Puts the vested deposits of `epoch`, which are in no slot, into one. If none is free, those
    /// of the oldest epoch make room and are returned.
    #[must_use]
    pub fn put(&mut self, epoch: u32, vested: Vested) -> Option<(u32, Vested)> {
        if let Some(slot) = self.0.iter_mut().find(|slot| slot.1.is_spent()) {
            *slot = (epoch, vested);
            return None;
        }
        let oldest = self.0.iter_mut().min_by_key(|slot| slot.0)?;
        Some(core::mem::replace(oldest, (epoch, vested)))
    }

    /// Frees the slots whose shares are all collected.
    pub fn free_spent(&mut self) {
        for slot in &mut self.0 {
            if slot.1.is_spent() {
                *slot = Default::default();
            }
        }
    }
}
