//! Two-slot cells: a value of the open epoch, and the value of the epoch before.

/// A value that consensus reads, stored for the open epoch and the epoch before.
///
/// The value of epoch `e` is the last one written while `e` was open. Epoch `e + 1` cannot close
/// before `e` is final, and settled or past the settle window. So two slots always suffice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Versioned<T> {
    /// The epoch that was open at the last write.
    epoch: u32,
    /// The last value written.
    now: T,
    /// The last value written before `epoch` opened.
    before: T,
}

/// The error of a read: the epoch is older than both slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOld;

impl<T: Clone + Default> Versioned<T> {
    /// Returns a cell first written in `epoch`. Before that epoch it held the default.
    pub fn new(epoch: u32, value: T) -> Self {
        Self {
            epoch,
            now: value,
            before: T::default(),
        }
    }

    /// Writes `value` while `open` is the open epoch.
    pub fn write(&mut self, open: u32, value: T) {
        if self.epoch < open {
            self.before = core::mem::replace(&mut self.now, value);
            self.epoch = open;
        } else {
            self.now = value;
        }
    }

    /// Returns the value at the end of `epoch`, or the current value while `epoch` is open.
    ///
    /// # Errors
    /// `TooOld` if values of two later epochs have been written.
    pub fn at(&self, epoch: u32) -> Result<&T, TooOld> {
        if self.epoch <= epoch {
            Ok(&self.now)
        } else if self.epoch.checked_sub(1) == Some(epoch) {
            Ok(&self.before)
        } else {
            Err(TooOld)
        }
    }

    /// Returns the epoch that was open at the last write.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Returns the value written last.
    pub fn now(&self) -> &T {
        &self.now
    }

    /// Returns true if every epoch that can still be read holds the default. `open` is the open
    /// epoch.
    pub fn is_spent(&self, open: u32) -> bool
    where
        T: PartialEq,
    {
        let default = T::default();
        self.now == default && (self.before == default || self.epoch < open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_returns_the_last_write_of_each_epoch() {
        let mut cell = Versioned::new(3, 10u64);
        assert_eq!(cell.at(2), Ok(&0));
        assert_eq!(cell.at(3), Ok(&10));
        cell.write(3, 11);
        cell.write(5, 12);
        cell.write(5, 13);
        assert_eq!(cell.at(4), Ok(&11));
        assert_eq!(cell.at(5), Ok(&13));
        assert_eq!(cell.at(9), Ok(&13));
        assert_eq!(cell.at(3), Err(TooOld));
    }

    #[test]
    fn spent_only_when_no_readable_epoch_has_a_value() {
        let mut cell = Versioned::new(1, 5u64);
        cell.write(2, 0);
        assert!(!cell.is_spent(2));
        assert!(cell.is_spent(3));
    }
}
