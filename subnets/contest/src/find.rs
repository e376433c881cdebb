//! The finding of a validator about one entry.

use alloc::vec::Vec;
use core::fmt;

use inktensor_task::{blake2, Blob, Contest, Digest, Load, Loss, NoLoss, Seed};
use scale::{Decode, Encode};

use crate::{Entry, Opening, Subnet};

/// Everything that a miner has shown of its entry, or a mirror in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The opening of the pledge.
    pub opening: Option<Opening>,
    /// Bytes in answer to the request for the model. A reader stops after one byte more than the
    /// limit.
    pub blob: Option<Vec<u8>>,
}

/// A validator's finding about an entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Finding {
    /// The entry has losses.
    #[codec(index = 0)]
    Judged {
        /// Hash of the model's blob.
        model: Digest,
        /// The loss on each row.
        losses: Vec<Loss>,
    },
    /// The entry has no loss.
    #[codec(index = 1)]
    Faulty(Fault),
}

/// The reason why an entry has no loss. It is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Fault {
    /// There is no opening of the pledge.
    #[codec(index = 0)]
    Unopened,
    /// The opening is that of another pledge.
    #[codec(index = 1)]
    OtherOpening,
    /// There is no blob.
    #[codec(index = 2)]
    Missing,
    /// The blob has more bytes than an entry may have.
    #[codec(index = 3)]
    TooLong,
    /// The blob has another hash than the pledged one: it is damaged, or another file.
    #[codec(index = 4)]
    OtherBytes,
    /// The pledged blob is not an entry.
    #[codec(index = 5)]
    Unreadable,
    /// The entry has no loss in this contest.
    #[codec(index = 6)]
    NoLoss(NoLoss),
}

impl Fault {
    /// Returns true if the fault is the word of one validator about one answer.
    ///
    /// Another answer at another time is no contradiction to it, so it can be neither proven nor
    /// refuted. All other findings follow from the pledge and the pledged blob.
    pub const fn is_word(&self) -> bool {
        match self {
            Self::Unopened
            | Self::OtherOpening
            | Self::Missing
            | Self::TooLong
            | Self::OtherBytes => true,
            Self::Unreadable | Self::NoLoss(_) => false,
        }
    }
}

impl Finding {
    /// Returns the mean loss, rounded down, or `None` without a loss.
    pub fn loss(&self) -> Option<Loss> {
        match self {
            Self::Judged { losses, .. } => Loss::mean(losses),
            Self::Faulty(_) => None,
        }
    }

    /// Returns true if the finding is the word of one validator: see [`Fault::is_word`].
    pub const fn is_word(&self) -> bool {
        match self {
            Self::Judged { .. } => false,
            Self::Faulty(fault) => fault.is_word(),
        }
    }
}

/// Returns the finding about `entry`, of which this was shown, on the data of `seed`.
///
/// The faults are checked in the order of [`Fault`], and the first one counts.
pub fn find<C: Contest>(
    contest: &C,
    subnet: &Subnet,
    entry: &Entry,
    shown: &Shown,
    seed: &Seed,
) -> Finding {
    match judged(contest, subnet, entry, shown, seed) {
        Ok((model, losses)) => Finding::Judged { model, losses },
        Err(fault) => Finding::Faulty(fault),
    }
}

fn judged<C: Contest>(
    contest: &C,
    subnet: &Subnet,
    entry: &Entry,
    shown: &Shown,
    seed: &Seed,
) -> Result<(Digest, Vec<Loss>), Fault> {
    let opening = shown.opening.ok_or(Fault::Unopened)?;
    if !entry.pledge.is_opened(subnet, entry.seat, &opening) {
        return Err(Fault::OtherOpening);
    }
    let blob = shown.blob.as_deref().ok_or(Fault::Missing)?;
    if blob.len() > C::Entry::MAX_BYTES {
        return Err(Fault::TooLong);
    }
    if blake2(blob) != opening.model {
        return Err(Fault::OtherBytes);
    }
    let read = C::Entry::load(blob).map_err(|_| Fault::Unreadable)?;
    // A blob is the only one of its entry, or else a copy could have another hash.
    if read.hash() != opening.model {
        return Err(Fault::Unreadable);
    }
    let losses = contest.losses(&read, seed).map_err(Fault::NoLoss)?;
    match losses.is_empty() {
        true => Err(Fault::NoLoss(NoLoss::NotFinite)),
        false => Ok((opening.model, losses)),
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judged { losses, .. } => {
                let loss = Loss::mean(losses).unwrap_or(Loss(0));
                write!(f, "a loss of {loss} on {} rows", losses.len())
            }
            Self::Faulty(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unopened => f.write_str("no opening of the pledge; serve it from the cut-off on"),
            Self::OtherOpening => {
                f.write_str("an opening of another pledge; serve the salt of the pledged hash")
            }
            Self::Missing => f.write_str("no model; serve its blob from the cut-off on"),
            Self::TooLong => f.write_str("a blob over the limit of bytes; enter a smaller model"),
            Self::OtherBytes => {
                f.write_str("a blob with another hash than the pledged one; serve the pledged file")
            }
            Self::Unreadable => f.write_str(
                "a blob that is not an entry; write it as the contest's page says, and pledge again",
            ),
            Self::NoLoss(no_loss) => no_loss.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::{self, Toy};
    use crate::Pledge;
    use alloc::{string::ToString, vec};

    const SEED: Seed = Seed([3; 32]);

    fn found(entry: &Entry, shown: &Shown) -> Finding {
        find(&Toy, &toy::SUBNET, entry, shown, &SEED)
    }

    #[test]
    fn entry_that_is_shown_is_judged() {
        let (entry, shown) = toy::entered(10, 1, 500);
        let model = shown.opening.unwrap().model;
        let losses = vec![Loss(500)];
        let finding = found(&entry, &shown);
        assert_eq!(finding.loss(), Some(Loss(500)));
        assert_eq!(finding, Finding::Judged { model, losses });
    }

    #[test]
    fn each_fault_is_named() {
        let (entry, shown) = toy::entered(10, 1, 500);
        let (_, other) = toy::entered(10, 2, 500);
        let with_blob = |blob: Option<Vec<u8>>| Shown {
            blob,
            ..shown.clone()
        };
        let with_opening = |opening| Shown {
            opening,
            ..shown.clone()
        };
        let mut damaged = shown.blob.clone().unwrap();
        damaged[0] ^= 1;
        for (shown, fault) in [
            (Shown::default(), Fault::Unopened),
            (with_opening(None), Fault::Unopened),
            (with_opening(other.opening), Fault::OtherOpening),
            (with_blob(None), Fault::Missing),
            (with_blob(Some(vec![0; 9])), Fault::TooLong),
            (with_blob(Some(damaged)), Fault::OtherBytes),
            (with_blob(Some(Vec::new())), Fault::OtherBytes),
        ] {
            assert_eq!(found(&entry, &shown), Finding::Faulty(fault));
            assert!(fault.is_word());
        }
    }

    #[test]
    fn pledged_blobs_without_a_loss_are_named_and_proven() {
        for (blob, fault) in [
            (vec![1; 7], Fault::Unreadable),
            (
                toy::OTHER_SHAPE.to_le_bytes().to_vec(),
                Fault::NoLoss(NoLoss::OtherShape),
            ),
            (
                toy::OVERFLOW.to_le_bytes().to_vec(),
                Fault::NoLoss(NoLoss::NotFinite),
            ),
        ] {
            let (entry, shown) = toy::entered_blob(10, 1, blob);
            assert_eq!(found(&entry, &shown), Finding::Faulty(fault));
            assert!(!fault.is_word());
            assert!(fault.to_string().contains("; "), "{fault}");
        }
    }

    #[test]
    fn pledge_copied_from_the_queue_of_transactions_opens_nothing() {
        let (entry, shown) = toy::entered(10, 1, 500);
        let copied = Entry {
            seat: toy::seat(2),
            ..entry
        };
        let right = Finding::Faulty(Fault::OtherOpening);
        assert_eq!(found(&copied, &shown), right);
        let unsalted = Entry {
            pledge: Pledge::unsalted(entry.pledge.model),
            ..copied
        };
        assert_eq!(found(&unsalted, &shown), right);
    }
}
