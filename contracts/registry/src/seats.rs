//! Counters of a subnet: the open epoch, seats taken, registrations so far, and the price of the
//! next one.

use crate::price::Price;
use inktensor_primitives::{registry::RegistryError, versioned::TooOld, Uid, Versioned};

/// State that changes with every registration and every close. It is one cell, so that both read
/// and write it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Seats {
    epoch: u32,
    opened_at: u32,
    taken: Versioned<u16>,
    registrations: u32,
    /// Price of the next registration.
    pub price: Price,
}

impl Seats {
    /// Makes the state of a new subnet: no neurons, epoch 0, and this price.
    pub fn new(price: Price) -> Self {
        Self {
            epoch: 0,
            opened_at: 0,
            taken: Versioned::new(0, 0),
            registrations: 0,
            price,
        }
    }

    /// Returns the open epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Returns the block at which the open epoch opened. Epoch 0 opens at the start of the subnet,
    /// or with its first neuron if that comes later.
    pub fn opened_at(&self) -> u32 {
        self.opened_at
    }

    /// Records the start of the subnet at block `now`.
    pub fn start(&mut self, now: u32) {
        self.opened_at = now;
    }

    /// Returns the number of seats taken. Seats are taken in order and never freed, so uids run
    /// from 0 to below this number.
    pub fn taken(&self) -> u16 {
        *self.taken.now()
    }

    /// Returns the number of seats taken at the end of `epoch`, or now if it is open.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn taken_at(&self, epoch: u32) -> Result<u16, TooOld> {
        self.taken.at(epoch).copied()
    }

    /// Returns the number of the next registration, from 1 on.
    ///
    /// # Errors
    /// `Exhausted`.
    pub fn next_generation(&mut self) -> Result<u32, RegistryError> {
        self.registrations = self
            .registrations
            .checked_add(1)
            .ok_or(RegistryError::Exhausted)?;
        Ok(self.registrations)
    }

    /// Takes the next free seat at block `now`. Returns its uid.
    ///
    /// # Errors
    /// `Exhausted`.
    pub fn take_next(&mut self, now: u32) -> Result<Uid, RegistryError> {
        let uid = self.taken();
        if uid == 0 {
            // No epoch closes before the first neuron comes.
            self.opened_at = now;
        }
        let taken = uid.checked_add(1).ok_or(RegistryError::Exhausted)?;
        self.taken.write(self.epoch, taken);
        Ok(Uid(uid))
    }

    /// Opens the epoch after `closing` at block `now`.
    ///
    /// # Errors
    /// `WrongEpoch` if `closing` is not the open one, `Exhausted` after the last.
    pub fn close(&mut self, closing: u32, now: u32) -> Result<(), RegistryError> {
        if closing != self.epoch {
            return Err(RegistryError::WrongEpoch(self.epoch));
        }
        self.epoch = closing.checked_add(1).ok_or(RegistryError::Exhausted)?;
        self.opened_at = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::Rao;

    fn seats() -> Seats {
        Seats::new(Price::new(Rao(1), 0))
    }

    #[test]
    fn seats_are_taken_in_order_and_counted_per_epoch() {
        let mut seats = seats();
        assert_eq!(seats.take_next(0), Ok(Uid(0)));
        assert_eq!(seats.take_next(0), Ok(Uid(1)));
        assert_eq!(seats.close(0, 0), Ok(()));
        assert_eq!(seats.take_next(0), Ok(Uid(2)));
        assert_eq!((seats.taken_at(0), seats.taken_at(1)), (Ok(2), Ok(3)));
        assert_eq!(seats.close(1, 0), Ok(()));
        assert_eq!(seats.take_next(0), Ok(Uid(3)));
        assert_eq!(seats.taken_at(0), Err(TooOld));
    }

    #[test]
    fn only_the_open_epoch_closes() {
        let mut seats = seats();
        assert_eq!(seats.close(1, 0), Err(RegistryError::WrongEpoch(0)));
        assert_eq!(seats.close(0, 0), Ok(()));
        assert_eq!(seats.close(0, 0), Err(RegistryError::WrongEpoch(1)));
        assert_eq!(seats.epoch(), 1);
    }

    #[test]
    fn generations_are_never_used_twice() {
        let mut seats = seats();
        assert_eq!(seats.next_generation(), Ok(1));
        assert_eq!(seats.next_generation(), Ok(2));
        seats.registrations = u32::MAX;
        assert_eq!(seats.next_generation(), Err(RegistryError::Exhausted));
    }

    #[test]
    fn counters_end_without_wrapping() {
        let mut seats = seats();
        seats.taken.write(0, u16::MAX);
        assert_eq!(seats.take_next(0), Err(RegistryError::Exhausted));
        seats.epoch = u32::MAX;
        assert_eq!(seats.close(u32::MAX, 0), Err(RegistryError::Exhausted));
    }
}
