//! Units: a type for each kind of number.

/// An amount of TAO in rao: 1 TAO = 10^9 rao. The whole supply is 21 * 10^15 rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Rao(pub u64);

impl Rao {
    /// Zero.
    pub const ZERO: Rao = Rao(0);
    /// Rao in one TAO.
    pub const PER_TAO: u64 = 1_000_000_000;
    /// The cap on all TAO ever issued: 21 000 000 TAO.
    pub const CAP: Rao = Rao(21_000_000 * Self::PER_TAO);

    /// Returns `tao` whole TAO, at most the largest amount.
    pub const fn from_tao(tao: u64) -> Self {
        Rao(tao.saturating_mul(Self::PER_TAO))
    }

    /// Returns the sum, or `None` above the largest amount.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Rao(sum)),
            None => None,
        }
    }

    /// Returns the difference, or `None` below zero.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Rao(rest)),
            None => None,
        }
    }

    /// Returns true for the amount zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the amount as the number that PSP22 uses.
    pub const fn to_u128(self) -> u128 {
        self.0 as u128
    }
}

/// The number of a subnet. 0 is root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NetUid(pub u16);

impl NetUid {
    /// Root: no subnet. Stake on root counts on every subnet.
    pub const ROOT: NetUid = NetUid(0);

    /// Returns true for root.
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
    /// Returns the storage page of the seat.
    pub const fn page(self) -> u16 {
        self.0 / crate::PAGE
    }

    /// Returns the seat's offset within the page.
    pub const fn offset(self) -> usize {
        (self.0 % crate::PAGE) as usize
    }
}

/// A ratio in basis points: 10 000 is one, 100 is one per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Bps(pub u16);

impl Bps {
    /// The whole.
    pub const ONE: Bps = Bps(10_000);

    /// Returns this share of `amount`, rounded down. A ratio above one gives the whole amount.
    pub fn of(self, amount: Rao) -> Rao {
        let bps = u128::from(self.0.min(Self::ONE.0));
        let share = u128::from(amount.0).saturating_mul(bps) / u128::from(Self::ONE.0);
        Rao(u64::try_from(share).unwrap_or(amount.0))
    }
}

#[cfg(feature = "std")]
mod text {
    use super::{Bps, NetUid, Rao, Uid};
    use core::fmt;

    /// Writes `value / 10^digits` without trailing zeros.
    fn decimal(f: &mut fmt::Formatter<'_>, value: u64, digits: usize) -> fmt::Result {
        let all = format!("{value:0width$}", width = digits.saturating_add(1));
        let (whole, part) = all.split_at(all.len().saturating_sub(digits));
        match part.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            part => write!(f, "{whole}.{part}"),
        }
    }

    impl fmt::Display for Rao {
        /// Writes the amount in TAO, such as `0.002 TAO`.
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            decimal(f, self.0, 9)?;
            f.write_str(" TAO")
        }
    }

    impl fmt::Display for NetUid {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl fmt::Display for Uid {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl fmt::Display for Bps {
        /// Writes the ratio in per cent, such as `18 %`.
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            decimal(f, self.0.into(), 2)?;
            f.write_str(" %")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_tao() {
        for (rao, text) in [
            (0, "0 TAO"),
            (1, "0.000000001 TAO"),
            (2_000_000, "0.002 TAO"),
            (1_500_000_000, "1.5 TAO"),
            (Rao::CAP.0, "21000000 TAO"),
            (u64::MAX, "18446744073.709551615 TAO"),
        ] {
            assert_eq!(Rao(rao).to_string(), text);
        }
    }

    #[test]
    fn ratios_are_written_in_per_cent() {
        for (bps, text) in [
            (0, "0 %"),
            (5, "0.05 %"),
            (1_800, "18 %"),
            (10_050, "100.5 %"),
        ] {
            assert_eq!(Bps(bps).to_string(), text);
        }
    }

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
