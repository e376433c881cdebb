//! The trait of a contest: entries that are compared by a loss on data drawn after their pledge.

use crate::{Blob, Seed};
use alloc::vec::Vec;
use core::fmt;
use scale::{Decode, Encode};

/// Parts of a unit of loss, of which a [`Loss`] is a whole number.
const PARTS: u32 = 1_000_000;

/// A loss in millionths of the contest's [unit](Contest::UNIT). Lower is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Loss(pub u32);

impl Loss {
    /// The largest loss: a thousand units. A guess among 256 bytes costs 5.5 nats.
    pub const LIMIT: Loss = Loss(1_000 * PARTS);

    /// Returns a loss of so many units, rounded to the nearest millionth, with halves up.
    ///
    /// Product and sum are exact in `f64`, but for losses below a billionth, which give zero.
    ///
    /// # Errors
    /// `NotFinite` for a value that is not a number, is infinite, rounds below zero, or is above
    /// [`Loss::LIMIT`].
    pub fn of_units(units: f32) -> Result<Self, NoLoss> {
        let parts = f64::from(units) * f64::from(PARTS) + 0.5;
        // Not a number is within no range. A conversion cuts off.
        match (0.0..=f64::from(Self::LIMIT.0) + 0.5).contains(&parts) {
            true => Ok(Self(parts as u32).min(Self::LIMIT)),
            false => Err(NoLoss::NotFinite),
        }
    }

    /// Returns the sum of losses, in millionths. The order of losses has no influence.
    pub fn sum(losses: &[Loss]) -> u64 {
        let add = |sum: u64, loss: &Loss| sum.saturating_add(loss.0.into());
        losses.iter().fold(0, add)
    }

    /// Returns the mean of losses, rounded down, or `None` of no losses.
    pub fn mean(losses: &[Loss]) -> Option<Self> {
        let count = u64::try_from(losses.len()).ok()?;
        let mean = Self::sum(losses).checked_div(count)?;
        u32::try_from(mean).ok().map(Self)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / PARTS, self.0 % PARTS)
    }
}

/// The reason why an entry has no loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum NoLoss {
    /// The entry has other sizes than the contest demands.
    #[codec(index = 0)]
    OtherShape,
    /// A value on the way to the loss, or the loss, is not a finite number in its range.
    #[codec(index = 1)]
    NotFinite,
}

impl fmt::Display for NoLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherShape => {
                "the entry has other sizes than the contest demands; enter one of its sizes"
            }
            Self::NotFinite => {
                "the entry leads to a value that is not a finite number in its range; enter one \
                 with smaller weights"
            }
        })
    }
}

impl core::error::Error for NoLoss {}

/// Entries that are compared on data which is drawn after they were pledged.
///
/// A miner makes an entry in any way, and pledges its hash. Then a seed draws the data, and every
/// validator and auditor computes the entry's loss. So no entry can be made for the data, and a
/// false loss is off by a number that anyone computes.
///
/// All functions must give the same bits on every machine: integers, or floats in a fixed order. An
/// entry without a loss is a result as well: it must follow from the entry and the seed.
///
/// ```
/// use inktensor_task::{Blob, Contest, Load, Loss, NoLoss, Refused, Seed};
///
/// /// A guess of the mean of drawn numbers below 100.
/// struct Guesses;
/// struct Guess(u8);
///
/// impl Load for Guess {
///     const MAX_BYTES: usize = 1;
///     fn load(blob: &[u8]) -> Result<Self, Refused> {
///         match blob {
///             [guess] => Ok(Guess(*guess)),
///             _ => Err(Refused("a guess has one byte")),
///         }
///     }
/// }
/// impl Blob for Guess {
///     fn to_blob(&self) -> Vec<u8> {
///         [self.0].into()
///     }
/// }
/// impl Contest for Guesses {
///     type Entry = Guess;
///     const NAME: &'static str = "guesses/1";
///     const UNIT: &'static str = "squares of a hundred";
///     fn losses(&self, entry: &Guess, seed: &Seed) -> Result<Vec<Loss>, NoLoss> {
///         let mut draw = seed.part("numbers").draw();
///         let mut miss = || draw.below(100).abs_diff(entry.0.into());
///         Ok((0..50).map(|_| Loss(100 * miss().pow(2))).collect())
///     }
/// }
///
/// let loss = |guess| Guesses.loss(&Guess(guess), &Seed([7; 32]));
/// assert!(loss(50)? < loss(90)?);
/// # Ok::<(), NoLoss>(())
/// ```
pub trait Contest: Send + Sync {
    /// An entry, such as a model. Its [`Load::MAX_BYTES`](crate::Load::MAX_BYTES) bounds its blob.
    type Entry: Blob;

    /// Name of the contest with its version, such as `contest/1`.
    const NAME: &'static str;

    /// Unit of losses in the plural, such as `nats a byte`.
    const UNIT: &'static str;

    /// Returns the loss of `entry` on each row of the data that `seed` draws: at least one.
    ///
    /// The same seed draws the same rows for every entry, so that two entries are compared row by
    /// row.
    ///
    /// # Errors
    /// An entry that has no loss. It comes from a stranger, so nothing about it may be taken for
    /// granted. The errors, too, must not depend on the machine.
    fn losses(&self, entry: &Self::Entry, seed: &Seed) -> Result<Vec<Loss>, NoLoss>;

    /// Returns the mean of [`losses`](Contest::losses), rounded down.
    ///
    /// # Errors
    /// As [`losses`](Contest::losses).
    fn loss(&self, entry: &Self::Entry, seed: &Seed) -> Result<Loss, NoLoss> {
        Loss::mean(&self.losses(entry, seed)?).ok_or(NoLoss::NotFinite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn units_round_to_the_nearest_millionth() {
        for (units, loss) in [
            (0.0, 0),
            (-0.0, 0),
            (4e-7, 0),
            (5.1e-7, 1),
            (1.0, 1_000_000),
            (2.5, 2_500_000),
            (0.1, 100_000),
            // The float next above 2.
            (2.000_000_2, 2_000_000),
            (1_000.0, 1_000_000_000),
        ] {
            assert_eq!(Loss::of_units(units), Ok(Loss(loss)), "{units}");
        }
    }

    #[test]
    fn values_out_of_range_are_no_losses() {
        for units in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            -1e-3,
            1_000.1,
        ] {
            assert_eq!(Loss::of_units(units), Err(NoLoss::NotFinite), "{units}");
        }
    }

    #[test]
    fn mean_rounds_down() {
        assert_eq!(Loss::mean(&[1, 2, 5].map(Loss)), Some(Loss(2)));
        assert_eq!(Loss::mean(&[Loss(u32::MAX); 3]), Some(Loss(u32::MAX)));
        assert_eq!(Loss::mean(&[]), None);
    }

    #[test]
    fn losses_are_printed_in_units() {
        assert_eq!(Loss(2_035_014).to_string(), "2.035014");
        assert_eq!(Loss(7).to_string(), "0.000007");
    }

    proptest! {
        #[test]
        fn larger_units_never_round_to_smaller_losses(a in 0f32..1_000.0, b in 0f32..1_000.0) {
            let (less, more) = if a < b { (a, b) } else { (b, a) };
            let (low, high) = (Loss::of_units(less).unwrap(), Loss::of_units(more).unwrap());
            prop_assert!(low <= high && high <= Loss::LIMIT);
            let back = f64::from(low.0) / 1e6;
            prop_assert!((back - f64::from(less)).abs() <= 5.1e-7);
        }
    }
}
