//! Slice: the neurons of a chunk that one call pays.

use crate::budget;
use ink::prelude::vec::Vec;
use inktensor_primitives::{emission::EmissionError, staking::Credited, Rao};

/// The neurons that one call pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Pay that is owed to the owner of each of these neurons.
    pub owners: Vec<Rao>,
    /// Number of neurons of the chunk that were not paid before the call.
    all: usize,
}

impl Slice {
    /// Returns the slice of a chunk's `incentives` after the dividends at `places` were `credited`,
    /// in order: it ends before the first neuron whose dividends were not, and has `most` neurons
    /// at most.
    ///
    /// # Errors
    /// `Staking` if more was credited than asked for, `Overflow`.
    pub fn of(
        incentives: Vec<Rao>,
        places: &[u16],
        credited: &Credited,
        most: u16,
    ) -> Result<Self, EmissionError> {
        let all = incentives.len();
        let done = credited.owners.len();
        if done > places.len() {
            return Err(EmissionError::Staking);
        }
        let end = places.get(done).map_or(all, |place| usize::from(*place));
        let mut owners = incentives;
        owners.truncate(end.min(most.into()));
        for (place, part) in places.iter().zip(&credited.owners) {
            if let Some(owed) = owners.get_mut(usize::from(*place)) {
                *owed = budget::sum([*owed, *part])?;
            }
        }
        Ok(Self { owners, all })
    }

    /// Returns the sum that is owed to the owners.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn owed(&self) -> Result<Rao, EmissionError> {
        budget::sum(self.owners.iter().copied())
    }

    /// Returns the part of a chunk's `fee` for this slice, of a chunk of which `before` neurons
    /// were paid before.
    pub fn fee(&self, fee: Rao, before: u16) -> Rao {
        let count = |len: usize| {
            let len = u16::try_from(len).unwrap_or(u16::MAX);
            before.saturating_add(len)
        };
        let range = (before, count(self.owners.len()), count(self.all));
        budget::fee_part(fee, range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credited(owners: &[u64]) -> Credited {
        Credited {
            owners: owners.iter().copied().map(Rao).collect(),
            amount: Rao(1_000),
        }
    }

    fn incentives() -> Vec<Rao> {
        (1..=6).map(Rao).collect()
    }

    #[test]
    fn a_slice_ends_before_the_first_dividends_that_were_not_credited() {
        for (owners, expected) in [
            (&[][..], &[1][..]),
            (&[10], &[1, 12, 3]),
            (&[10, 20], &[1, 12, 3, 24, 5]),
            (&[10, 20, 30], &[1, 12, 3, 24, 5, 36]),
        ] {
            let slice = Slice::of(incentives(), &[1, 3, 5], &credited(owners), 64).unwrap();
            let owed: Vec<u64> = slice.owners.iter().map(|it| it.0).collect();
            assert_eq!(owed, expected);
        }
        let refused = Slice::of(incentives(), &[1], &credited(&[1, 2]), 64);
        assert_eq!(refused, Err(EmissionError::Staking));
    }

    #[test]
    fn the_fees_of_all_slices_sum_to_the_fee() {
        let fee = Rao(1_000_003);
        for first in [
            Slice::of(incentives(), &[4], &credited(&[]), 64),
            Slice::of(incentives(), &[], &credited(&[]), 4),
        ] {
            let first = first.unwrap();
            let rest = incentives().split_off(4);
            let second = Slice::of(rest, &[0], &credited(&[9]), 64).unwrap();
            assert_eq!((first.owners.len(), second.owners.len()), (4, 2));
            let (a, b) = (first.fee(fee, 0), second.fee(fee, 4));
            assert_eq!(a.0 + b.0, fee.0);
            assert_eq!(a, Rao(fee.0 * 4 / 6));
        }
    }
}
