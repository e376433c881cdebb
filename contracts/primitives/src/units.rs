//! Units. A number that means something has a type that says what.

/// An amount of TAO in rao: 1 TAO = 10^9 rao. The whole supply, 21e15 rao, fits with room to spare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Rao(pub u64);

impl Rao {
    /// Nothing.
    pub const ZERO: Rao = Rao(0);
    /// Rao in one TAO.
    pub const PER_TAO: u64 = 1_000_000_000;
    /// The cap on all TAO ever issued: 21 000 000 TAO.
    pub const CAP: Rao = Rao(21_000_000 * Self::PER_TAO);

    /// `tao` whole TAO; saturates at the largest amount.
    pub const fn from_tao(tao: u64) -> Self {
        Rao(tao.saturating_mul(Self::PER_TAO))
    }

    /// The sum, or `None` past the largest amount.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Rao(sum)),
            None => None,
        }
    }

    /// The difference, or `None` below zero.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Rao(rest)),
            None => None,
        }
    }

    /// True for no amount at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount as PSP22 counts it.
    pub const fn to_u128(self) -> u128 {
        self.0 as u128
    }
}

/// Identifies a subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NetUid(pub u16);

impl NetUid {
    /// Root: no subnet, but where stake counts on all of them.
    pub const ROOT: NetUid = NetUid(0);

    /// Whether it is root.
    pub const fn is_root(self) -> bool {
        self.0 == Self::ROOT.0
    }
}

/// A neuron's seat on a subnet, `0 .. n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Uid(pub u16);

impl Uid {
    /// The storage page this seat is kept in.
    pub const fn page(self) -> u16 {
        self.0 / crate::PAGE
    }

    /// The place within its page.
    pub const fn offset(self) -> usize {
        (self.0 % crate::PAGE) as usize
    }
}

/// A ratio in basis points: 10 000 is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Bps(pub u16);

impl Bps {
    /// One whole.
    pub const ONE: Bps = Bps(10_000);

    /// This share of `amount`, rounded down. A ratio above one gives the whole amount.
    pub fn of(self, amount: Rao) -> Rao {
        let bps = u128::from(self.0.min(Self::ONE.0));
        let share = u128::from(amount.0).saturating_mul(bps) / u128::from(Self::ONE.0);
        Rao(u64::try_from(share).unwrap_or(amount.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bps_rounds_down_and_never_exceeds_the_whole() {
        assert_eq!(Bps(1_800).of(Rao(9)), Rao(1));
        assert_eq!(Bps(10_000).of(Rao(u64::MAX)), Rao(u64::MAX));
        assert_eq!(Bps(u16::MAX).of(Rao(7)), Rao(7));
    }

    #[test]
    fn uid_knows_its_page() {
        assert_eq!((Uid(63).page(), Uid(63).offset()), (0, 63));
        assert_eq!((Uid(64).page(), Uid(64).offset()), (1, 0));
    }
}
