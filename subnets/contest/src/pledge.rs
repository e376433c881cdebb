//! Pledges of entries: the hash that binds a miner before the data is drawn.

use alloc::vec::Vec;

use inktensor_task::{Digest, Hash, Seat, Tag};
use scale::{Decode, DecodeAll, Encode};

/// The tag of a sealed hash of a model.
const ENTRY: Tag = Tag(b"ink:entr");
/// The first bytes of a pledge in a commitment: the version of pledges, and the kind.
const HEAD: [u8; 2] = [1, 2];
/// Bytes of an opening.
pub const OPENING_BYTES: usize = 64;
/// The most entries that an epoch judges.
pub const ENTRIES_LIMIT: usize = 256;

/// The subnet of a contest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: u16,
}

impl Subnet {
    /// Returns a hash of kind `tag` that begins with deployment and subnet.
    pub(crate) fn hash(&self, tag: Tag) -> Hash {
        Hash::new(tag).fixed(&self.home).u16(self.netuid)
    }
}

/// The facts of an epoch that everyone reads from the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The subnet.
    pub subnet: Subnet,
    /// Number of the epoch.
    pub number: u32,
    /// The last block of pledges that count in the epoch. The seeds of data are hashes of later
    /// blocks.
    pub cut_off: u32,
}

/// A miner's pledge of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Pledge {
    /// Hash of the model's blob, or the sealed hash.
    pub model: Digest,
    /// True if the hash is sealed: with the seat and a salt.
    pub salted: bool,
}

/// The preimage of a pledge. Its miner shows it from the cut-off on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// Hash of the model's blob.
    pub model: Digest,
    /// The salt: 32 random bytes, or zeros for a pledge without salt.
    pub salt: [u8; 32],
}

impl Pledge {
    /// Returns the pledge of the hash of a model itself.
    ///
    /// Another account that sees it in the queue of transactions can pledge the same hash in the
    /// same block. Neither of the two earns then.
    pub const fn unsalted(model: Digest) -> Self {
        Self {
            model,
            salted: false,
        }
    }

    /// Returns the pledge that only the miner on `seat` can open: its hash is
    /// `H("ink:entr"; home, netuid, uid, generation, model, salt)`.
    pub fn sealed(subnet: &Subnet, seat: Seat, opening: &Opening) -> Self {
        let model = subnet
            .hash(ENTRY)
            .u16(seat.uid)
            .u32(seat.generation)
            .fixed(&opening.model)
            .fixed(&opening.salt)
            .digest();
        Self {
            model,
            salted: true,
        }
    }

    /// Returns the data of the commitment: the version 1, the kind 2, and the fields.
    pub fn to_data(&self) -> Vec<u8> {
        let mut data = HEAD.to_vec();
        self.encode_to(&mut data);
        data
    }

    /// Returns the pledge in the data of a commitment, or `None` for data of another kind.
    pub fn from_data(data: &[u8]) -> Option<Self> {
        Self::decode_all(&mut data.strip_prefix(&HEAD)?).ok()
    }

    /// Returns true if `opening` opens this pledge of the miner on `seat`.
    pub fn is_opened(&self, subnet: &Subnet, seat: Seat, opening: &Opening) -> bool {
        let right = match self.salted {
            true => Self::sealed(subnet, seat, opening),
            false => Self::unsalted(opening.model),
        };
        *self == right && (self.salted || opening.salt == [0; 32])
    }
}

/// A pledge with its miner and the block that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Entry {
    /// The block: the time stamp of the entry.
    pub block: u32,
    /// The miner.
    pub seat: Seat,
    /// The pledge.
    pub pledge: Pledge,
}

/// Returns the entries that an epoch judges, in ascending order of seat, one for each.
///
/// `pledges` are those of registered miners, in any order. Of a miner's pledges the last one up to
/// the cut-off counts. Of more than [`ENTRIES_LIMIT`] entries the earliest remain, and of those of
/// one block the ones with the lower seat.
pub fn entries(epoch: &Epoch, pledges: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    let in_time = |entry: &Entry| entry.block <= epoch.cut_off;
    let mut entries: Vec<Entry> = pledges.into_iter().filter(in_time).collect();
    entries.sort_unstable_by(|a, b| (a.seat, b).cmp(&(b.seat, a)));
    entries.dedup_by_key(|entry| entry.seat);
    entries.sort_unstable();
    entries.truncate(ENTRIES_LIMIT);
    entries.sort_unstable_by_key(|entry| entry.seat);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_task::blake2;
    use proptest::prelude::*;

    const SUBNET: Subnet = Subnet {
        home: [1; 32],
        netuid: 0x0203,
    };
    const EPOCH: Epoch = Epoch {
        subnet: SUBNET,
        number: 4,
        cut_off: 100,
    };
    const OPENING: Opening = Opening {
        model: [5; 32],
        salt: [6; 32],
    };

    fn seat(uid: u16, generation: u32) -> Seat {
        Seat { uid, generation }
    }

    fn entry(block: u32, uid: u16, model: u8) -> Entry {
        Entry {
            block,
            seat: seat(uid, 9),
            pledge: Pledge::unsalted([model; 32]),
        }
    }

    #[test]
    fn sealed_hash_is_that_of_the_specification() {
        let mut preimage = b"ink:entr".to_vec();
        preimage.extend([1; 32]);
        preimage.extend([3, 2, 7, 0, 8, 0, 0, 0]);
        preimage.extend([5; 32]);
        preimage.extend([6; 32]);
        let pledge = Pledge::sealed(&SUBNET, seat(7, 8), &OPENING);
        assert_eq!(pledge.model, blake2(&preimage));
        assert_eq!(pledge.encode(), [&pledge.model[..], &[1]].concat());
    }

    #[test]
    fn data_of_a_commitment_is_that_of_the_format() {
        for salted in [false, true] {
            let model = [5; 32];
            let pledge = Pledge { model, salted };
            let data = pledge.to_data();
            let right = [&[1, 2][..], &model, &[salted.into()]].concat();
            assert_eq!(data, right);
            assert_eq!(Pledge::from_data(&data), Some(pledge));
            for length in 0..data.len() {
                assert_eq!(Pledge::from_data(&data[..length]), None);
            }
            assert_eq!(Pledge::from_data(&[&data[..], &[0]].concat()), None);
            for (at, byte) in [(0, 2), (1, 1), (1, 3), (34, 2)] {
                let mut other = data.clone();
                other[at] = byte;
                assert_eq!(Pledge::from_data(&other), None);
            }
        }
        assert_eq!(OPENING.encode().len(), OPENING_BYTES);
    }

    #[test]
    fn copied_pledge_is_opened_by_no_other_miner() {
        let (miner, copier) = (seat(7, 8), seat(9, 8));
        let pledge = Pledge::sealed(&SUBNET, miner, &OPENING);
        assert!(pledge.is_opened(&SUBNET, miner, &OPENING));
        for other in [copier, seat(7, 9)] {
            assert!(!pledge.is_opened(&SUBNET, other, &OPENING));
        }
        let elsewhere = Subnet {
            netuid: 4,
            ..SUBNET
        };
        assert!(!pledge.is_opened(&elsewhere, miner, &OPENING));
        let mut opening = OPENING;
        opening.salt[31] ^= 1;
        assert!(!pledge.is_opened(&SUBNET, miner, &opening));
        // The same 32 bytes as an unsalted hash are the hash of no blob.
        let unsalted = Pledge::unsalted(pledge.model);
        assert!(!unsalted.is_opened(&SUBNET, copier, &OPENING));
    }

    #[test]
    fn unsalted_pledge_has_one_opening() {
        let pledge = Pledge::unsalted([5; 32]);
        assert!(!pledge.is_opened(&SUBNET, seat(7, 8), &OPENING));
        let opening = Opening {
            salt: [0; 32],
            ..OPENING
        };
        assert!(pledge.is_opened(&SUBNET, seat(7, 8), &opening));
    }

    #[test]
    fn last_pledge_up_to_the_cut_off_counts() {
        let found = entries(
            &EPOCH,
            [
                entry(90, 2, 1),
                entry(101, 2, 2),
                entry(100, 2, 3),
                entry(101, 1, 4),
                entry(7, 0, 5),
            ],
        );
        assert_eq!(found, [entry(7, 0, 5), entry(100, 2, 3)]);
    }

    #[test]
    fn earliest_entries_remain_of_too_many() {
        let all = (0..300u16).map(|uid| entry(u32::from(uid % 3), uid, 0));
        let found = entries(&EPOCH, all);
        assert_eq!(found.len(), ENTRIES_LIMIT);
        let of = |block| found.iter().filter(|it| it.block == block).count();
        assert_eq!([of(0), of(1), of(2)], [100, 100, 56]);
        let last = found.iter().rfind(|it| it.block == 2);
        assert_eq!(last.map(|it| it.seat.uid), Some(2 + 3 * 55));
    }

    proptest! {
        #[test]
        fn order_of_pledges_does_not_matter(
            pledges in prop::collection::vec((0u32..110, 0u16..20, 0u8..4), 0..60),
            seed: u8,
        ) {
            let mut pledges: Vec<Entry> =
                pledges.into_iter().map(|(block, uid, model)| entry(block, uid, model)).collect();
            let found = entries(&EPOCH, pledges.clone());
            inktensor_task::Seed([seed; 32]).draw().shuffle(&mut pledges);
            prop_assert_eq!(entries(&EPOCH, pledges), found);
        }
    }
}
