//! Pledges: what a neuron binds itself to with its commitment in the registry.
//!
//! A pledge is the data of a commitment of kind `Raw`. The registry adds the block and emits an
//! event, so the chain shows which pledge was first. The first byte is the version of the format
//! and the second is the kind of the pledge; the fields follow in SCALE.

use crate::{registry::MAX_COMMITMENT, Digest};
use ink::{
    prelude::vec::Vec,
    scale::{DecodeAll, Encode},
};

/// Version of the format: the first byte.
pub const PLEDGE_VERSION: u8 = 1;

/// Bytes of a ballot in a pledge: one bit for each candidate.
pub const BALLOT_BYTES: usize = 21;

/// Every pledge fits a commitment.
const _: () = assert!(2 + WORK_BYTES <= MAX_COMMITMENT && 2 + FOLD_BYTES <= MAX_COMMITMENT);
/// Bytes of the fields of [`Pledge::Work`].
const WORK_BYTES: usize = 4 + 2 + 32 + 32;
/// Bytes of the fields of [`Pledge::Evidence`].
const EVIDENCE_BYTES: usize = 4 + 32 + 32 + 4;
/// Bytes of the fields of [`Pledge::Fold`].
const FOLD_BYTES: usize = EVIDENCE_BYTES + 32 + BALLOT_BYTES;

/// A pledge of a neuron. Variant indexes are a format: a new kind gets a new index, and none
/// changes its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Pledge {
    /// The work of a subnet. Counts if it is of the subnet owner's neuron.
    #[codec(index = 0)]
    Subnet {
        /// Hash of the manifest: the task, its state, and the way in which validators ask.
        manifest: Digest,
    },
    /// The work of a miner in an epoch of a fold: all its states at once.
    #[codec(index = 1)]
    Work {
        /// The epoch.
        epoch: u32,
        /// Number of steps.
        steps: u16,
        /// Root of the trace, which has a leaf for the start and for the state after each step.
        root: Digest,
        /// Hash of the last state.
        end: Digest,
    },
    /// The evidence of a validator: questions, answers and verdicts of an epoch.
    #[codec(index = 3)]
    Evidence {
        /// The epoch.
        epoch: u32,
        /// Root of the evidence.
        root: Digest,
        /// Hash of the weights that follow from the evidence. It hides them until the evidence is
        /// served.
        weights: Digest,
        /// Number of receipts in the evidence.
        receipts: u32,
    },
    /// The evidence of a validator of a fold, with its vote on the next state.
    #[codec(index = 4)]
    Fold {
        /// The epoch.
        epoch: u32,
        /// Root of the evidence.
        root: Digest,
        /// Hash of the weights, as in [`Pledge::Evidence`].
        weights: Digest,
        /// Number of receipts in the evidence.
        receipts: u32,
        /// Hash of the state with which the epoch began.
        start: Digest,
        /// One bit for each candidate: bit `i % 8` of byte `i / 8` is set if the end of candidate
        /// `i` may be joined into the next state. The bits of other candidates are 0.
        ballot: [u8; BALLOT_BYTES],
    },
}

/// The reason why a commitment is not a pledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAPledge {
    /// The first byte is not the version of this format, or the data is empty.
    Version(Option<u8>),
    /// The second byte or the fields are not those of a pledge of this version.
    Fields,
}

#[cfg(feature = "std")]
impl core::fmt::Display for NotAPledge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Version(None) => f.write_str("the commitment is empty; pledge first"),
            Self::Version(Some(version)) => write!(
                f,
                "the commitment begins with version {version}, and pledges with {PLEDGE_VERSION}; \
                 it is of another program, or of a newer one"
            ),
            Self::Fields => f.write_str(
                "the commitment has the version of a pledge and other fields; it is of another \
                 program",
            ),
        }
    }
}

#[cfg(feature = "std")]
impl std::error::Error for NotAPledge {}

impl Pledge {
    /// Returns the data of the commitment, at most [`MAX_COMMITMENT`] bytes.
    pub fn to_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(MAX_COMMITMENT);
        data.push(PLEDGE_VERSION);
        self.encode_to(&mut data);
        data
    }

    /// Returns the pledge in the data of a commitment.
    ///
    /// # Errors
    /// See [`NotAPledge`].
    pub fn from_data(data: &[u8]) -> Result<Self, NotAPledge> {
        match data.split_first() {
            Some((&PLEDGE_VERSION, mut fields)) => {
                Self::decode_all(&mut fields).map_err(|_| NotAPledge::Fields)
            }
            other => Err(NotAPledge::Version(other.map(|(version, _)| *version))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBNET: Pledge = Pledge::Subnet {
        manifest: [0xab; 32],
    };
    const EVIDENCE: Pledge = Pledge::Evidence {
        epoch: 0x0102_0304,
        root: [0x11; 32],
        weights: [0x22; 32],
        receipts: 0x0506_0708,
    };

    const WORK: Pledge = Pledge::Work {
        epoch: 0x0102_0304,
        steps: 0x0506,
        root: [0x11; 32],
        end: [0x22; 32],
    };
    const FOLD: Pledge = Pledge::Fold {
        epoch: 0x0102_0304,
        root: [0x11; 32],
        weights: [0x22; 32],
        receipts: 0x0506_0708,
        start: [0x33; 32],
        ballot: [0x44; BALLOT_BYTES],
    };
    const ALL: [Pledge; 4] = [SUBNET, WORK, EVIDENCE, FOLD];

    #[test]
    fn bytes_are_those_of_the_format() {
        assert_eq!(SUBNET.to_data(), [&[1, 0][..], &[0xab; 32]].concat());
        let work = [&[1, 1, 4, 3, 2, 1, 6, 5][..], &[0x11; 32], &[0x22; 32]];
        assert_eq!(WORK.to_data(), work.concat());
        let evidence = [
            &[1, 3, 4, 3, 2, 1][..],
            &[0x11; 32],
            &[0x22; 32],
            &[8, 7, 6, 5],
        ];
        assert_eq!(EVIDENCE.to_data(), evidence.concat());
        let mut fold = evidence.concat();
        fold[1] = 4;
        fold.extend([0x33; 32]);
        fold.extend([0x44; 21]);
        assert_eq!(FOLD.to_data(), fold);
    }

    #[test]
    fn every_pledge_fits_a_commitment_and_is_read_back() {
        for pledge in ALL {
            let data = pledge.to_data();
            assert!(data.len() <= MAX_COMMITMENT, "{}", data.len());
            assert_eq!(Pledge::from_data(&data), Ok(pledge));
        }
        let bytes = [32, WORK_BYTES, EVIDENCE_BYTES, FOLD_BYTES];
        assert_eq!(ALL.map(|it| it.to_data().len()), bytes.map(|it| 2 + it));
    }

    #[test]
    fn other_versions_are_named() {
        let mut data = SUBNET.to_data();
        data[0] = 2;
        assert_eq!(Pledge::from_data(&data), Err(NotAPledge::Version(Some(2))));
        assert_eq!(Pledge::from_data(&[]), Err(NotAPledge::Version(None)));
        let text = NotAPledge::Version(Some(2)).to_string();
        assert!(text.contains("version 2, and pledges with 1"), "{text}");
    }

    #[test]
    fn data_of_any_other_length_or_kind_is_refused() {
        for pledge in ALL {
            let data = pledge.to_data();
            for len in 1..data.len() {
                assert_eq!(Pledge::from_data(&data[..len]), Err(NotAPledge::Fields));
            }
            let longer = [&data[..], &[0]].concat();
            assert_eq!(Pledge::from_data(&longer), Err(NotAPledge::Fields));
            for kind in (0..=255).filter(|kind| ![0, 1, 3, 4].contains(kind)) {
                let mut other = data.clone();
                other[1] = kind;
                assert_eq!(Pledge::from_data(&other), Err(NotAPledge::Fields));
            }
        }
    }
}
