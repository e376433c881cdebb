//! The entries of a store, and the decision about them: functions of the record, the pledge on the
//! chain and the named model.
//!
//! An entry that is replaced stays until the cut-off of its successor has passed. Up to then its
//! pledge may count, or come back with another branch of the chain, and only its salt opens it.

use crate::store::Record;
use inktensor_contest::{Opening, Pledge, Subnet};
use inktensor_primitives::Digest;
use inktensor_task::Seat;
use scale::{Decode, Encode};

/// Most entries of a store: the one that is opened, the one whose pledge is on the chain, and the
/// one that is to replace it.
pub const MOST: usize = 3;

/// An entry of this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Held {
    /// The opening of the pledge.
    pub opening: Opening,
    /// The pledge of another store that this one replaces, as the operator wants.
    pub replaces: Option<Pledge>,
    /// Block of the pledge, if it is on the chain, or was until a later entry replaced it.
    pub block: Option<u32>,
    /// True once the model may be served.
    pub is_public: bool,
    /// True once a cut-off has passed after the pledge: opening and model are public.
    pub shown: bool,
    /// True if the operator wants another model. Its pledge may still be on its way.
    pub is_dropped: bool,
}

/// The entries of this store, in the order in which they are pledged. Each is written before it is
/// pledged, so a restarted miner pledges the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EntryRecord {
    /// The seat of all entries.
    pub seat: Seat,
    /// The entries, at most [`MOST`].
    pub entries: Vec<Held>,
}

impl Record for EntryRecord {
    const TABLE: &'static str = "entry";
    const KIND: u8 = 35;
}

/// The next action of a miner about its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The pledge on the chain stays.
    Keep,
    /// The entry with this index is pledged.
    Pledge(usize),
    /// An entry with this model is made.
    Make(Digest),
    /// There is no model: the operator has to name one.
    Name,
}

impl EntryRecord {
    /// Returns the record of a seat without entries.
    pub const fn of(seat: Seat) -> Self {
        Self {
            seat,
            entries: Vec::new(),
        }
    }

    /// Returns the index of the entry with this pledge.
    pub fn place(&self, subnet: &Subnet, pledge: &Pledge) -> Option<usize> {
        let is_pledge = |it: &Held| Pledge::sealed(subnet, self.seat, &it.opening) == *pledge;
        self.entries.iter().rposition(is_pledge)
    }

    /// Returns the model that was entered last.
    pub fn last_model(&self) -> Option<Digest> {
        let mut wanted = self.entries.iter().filter(|it| !it.is_dropped);
        wanted.next_back().map(|it| it.opening.model)
    }

    /// Returns true if an entry names this model.
    pub fn has(&self, model: &Digest) -> bool {
        self.entries.iter().any(|it| it.opening.model == *model)
    }

    /// Returns true if this model was shown with an entry.
    pub fn is_public(&self, model: &Digest) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|it| it.opening.model == *model && it.is_public)
    }

    /// Notes the index of the entry whose pledge is on the chain, with its block, and returns what
    /// is to be done if the operator names the model `named`. Without a name the last entry goes
    /// on.
    ///
    /// A prepared entry with another model than the named one is dropped.
    pub fn look(&mut self, found: Option<(usize, u32)>, named: Option<Digest>) -> Next {
        let later = found.map_or(0, |(index, _)| index.saturating_add(1));
        for (index, entry) in self.entries.iter_mut().enumerate() {
            match found {
                Some((place, block)) if index == place => {
                    entry.block = Some(block);
                    entry.is_dropped = false;
                }
                Some((place, _)) if index < place => {}
                _ => entry.block = None,
            }
        }
        let on_chain = found.and_then(|(index, _)| self.entries.get(index));
        let on_chain = on_chain.map(|it| it.opening.model);
        let prepared = |is_wanted: &dyn Fn(&Held) -> bool| {
            let index = self.entries.iter().rposition(is_wanted);
            index.filter(|index| *index >= later)
        };
        let Some(named) = named else {
            return match (prepared(&|it: &Held| !it.is_dropped), on_chain) {
                (Some(index), _) => Next::Pledge(index),
                (None, Some(_)) => Next::Keep,
                (None, None) => Next::Name,
            };
        };
        if on_chain == Some(named) {
            self.drop_prepared(later, None);
            return Next::Keep;
        }
        match prepared(&|it: &Held| it.opening.model == named) {
            Some(index) => {
                self.drop_prepared(later, Some(index));
                Next::Pledge(index)
            }
            None => Next::Make(named),
        }
    }

    /// Drops the entries from `later` on, but for one.
    fn drop_prepared(&mut self, later: usize, kept: Option<usize>) {
        for (index, entry) in self.entries.iter_mut().enumerate().skip(later) {
            entry.is_dropped = kept != Some(index);
        }
    }

    /// Returns the index of the entry to open while the pledge of `place` is on the chain: the last
    /// one that a cut-off has passed. `cut_off` is that of the open epoch, once it is final.
    pub fn opened(&self, place: usize, cut_off: Option<u32>) -> Option<usize> {
        let pledged = self.entries.get(..=place)?;
        let counts = |it: &Held| {
            let times = it.block.zip(cut_off);
            it.shown || times.is_some_and(|(block, cut_off)| block <= cut_off)
        };
        pledged.iter().rposition(counts)
    }

    /// Adds an entry that is to be pledged, in place of other prepared ones. Returns its index, and
    /// the entries that had to go: the oldest of more than [`MOST`], without the one that is
    /// opened and the one on the chain.
    pub fn prepare(
        &mut self,
        entry: Held,
        place: Option<usize>,
        opened: Option<usize>,
    ) -> (usize, Vec<Held>) {
        let later = place.map_or(0, |place| place.saturating_add(1));
        self.drop_prepared(later, None);
        let mut beyond = self.entries.len().saturating_add(1).saturating_sub(MOST);
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for (index, it) in self.entries.drain(..).enumerate() {
            if beyond > 0 && Some(index) != place && Some(index) != opened {
                beyond = beyond.saturating_sub(1);
                gone.push(it);
            } else {
                kept.push(it);
            }
        }
        kept.push(entry);
        self.entries = kept;
        (self.entries.len().saturating_sub(1), gone)
    }

    /// Removes the entries before `place` if the cut-off of that one has passed, and returns them:
    /// they count no more.
    pub fn retire(&mut self, place: usize) -> Vec<Held> {
        match self.entries.get(place) {
            Some(it) if it.shown => self.entries.drain(..place).collect(),
            Some(_) | None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scale::DecodeAll;

    const SEAT: Seat = Seat {
        uid: 3,
        generation: 7,
    };
    const SUBNET: Subnet = Subnet {
        home: [9; 32],
        netuid: 1,
    };
    const A: Digest = [1; 32];
    const B: Digest = [2; 32];
    const C: Digest = [3; 32];

    fn held(model: Digest) -> Held {
        Held {
            opening: Opening {
                model,
                salt: [model[0] + 100; 32],
            },
            replaces: None,
            block: None,
            is_public: false,
            shown: false,
            is_dropped: false,
        }
    }

    fn record(models: &[Digest]) -> EntryRecord {
        EntryRecord {
            seat: SEAT,
            entries: models.iter().copied().map(held).collect(),
        }
    }

    fn dropped(record: &EntryRecord) -> Vec<bool> {
        record.entries.iter().map(|it| it.is_dropped).collect()
    }

    #[test]
    fn decision_follows_from_record_chain_and_name() {
        for (models, on_chain, named, next) in [
            (&[][..], None, None, Next::Name),
            (&[], None, Some(A), Next::Make(A)),
            // Killed between record and pledge: the same entry is pledged.
            (&[A], None, None, Next::Pledge(0)),
            (&[A], None, Some(A), Next::Pledge(0)),
            (&[A], None, Some(B), Next::Make(B)),
            (&[A], Some(0), None, Next::Keep),
            (&[A], Some(0), Some(A), Next::Keep),
            (&[A], Some(0), Some(B), Next::Make(B)),
            // A prepared entry keeps its salt.
            (&[A, B], Some(0), None, Next::Pledge(1)),
            (&[A, B], Some(0), Some(B), Next::Pledge(1)),
            (&[A, B], Some(0), Some(A), Next::Keep),
            (&[A, B], Some(0), Some(C), Next::Make(C)),
            // The successor is on the chain: the first one is entered again with another salt.
            (&[A, B], Some(1), None, Next::Keep),
            (&[A, B], Some(1), Some(B), Next::Keep),
            (&[A, B], Some(1), Some(A), Next::Make(A)),
            (&[A, B, C], Some(1), Some(B), Next::Keep),
            (&[A, B, C], Some(0), Some(B), Next::Pledge(1)),
            // A branch of the chain without pledges.
            (&[A, B], None, None, Next::Pledge(1)),
        ] {
            let mut it = record(models);
            let found = on_chain.map(|index| (index, 50));
            assert_eq!(
                it.look(found, named),
                next,
                "{models:?} {on_chain:?} {named:?}"
            );
            assert_eq!(it.entries.len(), models.len(), "no opening is lost");
        }
    }

    #[test]
    fn prepared_entry_is_dropped_if_the_one_on_the_chain_is_named() {
        let mut it = record(&[A, B]);
        assert_eq!(it.look(Some((0, 50)), Some(A)), Next::Keep);
        assert_eq!(dropped(&it), [false, true]);
        // It is not pledged later on, and wanted again with the same salt.
        assert_eq!(it.look(Some((0, 50)), None), Next::Keep);
        assert_eq!(it.look(Some((0, 50)), Some(B)), Next::Pledge(1));
        assert_eq!(dropped(&it), [false, false]);
        // Its pledge was on its way: it can be opened.
        it.look(Some((0, 50)), Some(A));
        assert_eq!(it.look(Some((1, 51)), None), Next::Keep);
        assert_eq!(dropped(&it), [false, false]);
        assert_eq!(it.opened(1, Some(51)), Some(1));
    }

    #[test]
    fn replaced_entry_is_opened_up_to_the_cut_off_of_its_successor() {
        let mut it = record(&[A, B]);
        it.look(Some((0, 50)), None);
        assert_eq!(it.opened(0, None), None, "the cut-off is not final");
        assert_eq!(it.opened(0, Some(49)), None, "it counts in the next epoch");
        assert_eq!(it.opened(0, Some(50)), Some(0));
        // The successor is pledged after the cut-off: the first one counts in this epoch.
        it.look(Some((1, 55)), None);
        assert_eq!(it.opened(1, Some(52)), Some(0));
        assert!(it.retire(1).is_empty(), "its successor does not count yet");
        it.entries[0].shown = true;
        assert_eq!(it.opened(1, None), Some(0));
        assert_eq!(it.opened(1, Some(152)), Some(1));
        it.entries[1].shown = true;
        assert_eq!(it.retire(1).len(), 1);
        assert_eq!(it.entries.len(), 1);
        assert_eq!(it.opened(0, None), Some(0));
    }

    #[test]
    fn pledge_that_left_the_chain_is_not_opened() {
        let mut it = record(&[A, B]);
        it.look(Some((1, 55)), None);
        // Another branch: the first pledge is there again, in another block.
        assert_eq!(it.look(Some((0, 53)), None), Next::Pledge(1));
        let blocks: Vec<_> = it.entries.iter().map(|it| it.block).collect();
        assert_eq!(blocks, [Some(53), None]);
        assert_eq!(it.opened(0, Some(60)), Some(0));
    }

    #[test]
    fn opened_entry_and_the_one_on_the_chain_survive_every_replacement() {
        let mut it = record(&[A, B]);
        it.entries[0].shown = true;
        it.look(Some((1, 55)), None);
        let (index, gone) = it.prepare(held(C), Some(1), it.opened(1, None));
        assert_eq!((index, gone.len()), (2, 0));
        for number in 4..20 {
            let (index, gone) = it.prepare(held([number; 32]), Some(1), it.opened(1, None));
            assert_eq!((index, gone.len()), (2, 1));
            assert_eq!(it.entries.len(), MOST);
            assert!(it.has(&A) && it.has(&B) && it.has(&[number; 32]));
        }
        // The one before is replaced before its cut-off: it never counts.
        it.look(Some((2, 57)), None);
        let (index, gone) = it.prepare(held(C), Some(2), it.opened(2, None));
        assert_eq!((index, gone[0].opening.model), (2, B));
        assert!(it.has(&A) && it.has(&[19; 32]) && it.has(&C));
    }

    #[test]
    fn pledge_is_found_by_its_own_seat_alone() {
        let it = record(&[A, B]);
        let pledge = |seat| Pledge::sealed(&SUBNET, seat, &held(B).opening);
        assert_eq!(it.place(&SUBNET, &pledge(SEAT)), Some(1));
        let other = Seat {
            generation: 8,
            ..SEAT
        };
        assert_eq!(it.place(&SUBNET, &pledge(other)), None);
        assert_eq!(it.place(&SUBNET, &Pledge::unsalted(B)), None);
    }

    #[test]
    fn record_is_read_as_it_was_written() {
        let mut it = record(&[A, B]);
        it.entries[1].replaces = Some(Pledge::unsalted(C));
        it.entries[0].is_public = true;
        it.look(Some((0, 50)), Some(A));
        assert_eq!(EntryRecord::decode_all(&mut &it.encode()[..]).unwrap(), it);
        assert!(it.is_public(&A) && !it.is_public(&B));
        assert_eq!(it.last_model(), Some(A));
    }
}
