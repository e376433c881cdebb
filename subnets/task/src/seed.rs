//! Numbers that follow from the chain, so that no neuron chooses them.

use crate::{Digest, Hash, Seat, Tag};
use scale::{Decode, Encode};

/// The tag of the seed of one question.
const QUESTION: Tag = Tag(b"ink:ques");
/// The tag of a part of a seed.
const PART: Tag = Tag(b"ink:part");
/// The tag of the blocks of a draw.
const DRAW: Tag = Tag(b"ink:draw");

/// A seed. Everything that is drawn from it follows from its 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seed(pub Digest);

impl Seed {
    /// Returns the seed of question `number` to the miner on `to`, for a validator's seed of an
    /// epoch.
    pub fn question(&self, to: Seat, number: u32) -> Seed {
        Seed(
            Hash::new(QUESTION)
                .fixed(&self.0)
                .u16(to.uid)
                .u32(to.generation)
                .u32(number)
                .digest(),
        )
    }

    /// Returns the seed of a part, named by `label`. Parts of different names are independent.
    pub fn part(&self, label: &str) -> Seed {
        Seed(
            Hash::new(PART)
                .fixed(&self.0)
                .bytes(label.as_bytes())
                .digest(),
        )
    }

    /// Returns the numbers of this seed, from the first one on. Draw for different purposes from
    /// different [parts](Seed::part).
    pub fn draw(&self) -> Draw {
        Draw {
            seed: *self,
            block: 0,
            words: [0; 4],
            left: 0,
        }
    }
}

/// An endless sequence of numbers that follow from a seed. The same on every machine.
#[derive(Clone, Debug)]
pub struct Draw {
    seed: Seed,
    /// Number of the next block of four words.
    block: u64,
    words: [u64; 4],
    /// Number of words that are left of the last block.
    left: usize,
}

impl Draw {
    /// Returns the next number, of all `u64`.
    pub fn word(&mut self) -> u64 {
        if self.left == 0 {
            let digest = Hash::new(DRAW).fixed(&self.seed.0).u64(self.block).digest();
            // A sequence of 2^66 words ends in no one's lifetime.
            self.block = self.block.wrapping_add(1);
            for (word, bytes) in self.words.iter_mut().zip(digest.chunks_exact(8)) {
                *word = bytes
                    .iter()
                    .rev()
                    .fold(0, |word, byte| (word << 8) | u64::from(*byte));
            }
            self.left = self.words.len();
        }
        self.left = self.left.saturating_sub(1);
        self.words.get(self.left).copied().unwrap_or_default()
    }

    /// Returns a number below `bound`, or 0 for a bound of 0. No number is likelier than another by
    /// more than 2^-32 of its chance.
    pub fn below(&mut self, bound: u32) -> u32 {
        let wide = u128::from(self.word()).saturating_mul(bound.into()) >> 64;
        u32::try_from(wide).unwrap_or_default()
    }

    /// Returns an index of a list of `len` items. Above `u32::MAX` items only the first ones are
    /// drawn. An empty list gives 0.
    pub fn index(&mut self, len: usize) -> usize {
        let bound = u32::try_from(len).unwrap_or(u32::MAX);
        usize::try_from(self.below(bound)).unwrap_or_default()
    }

    /// Returns one of `items`, or `None` if there are no items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }

    /// Puts `items` in random order, each order equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last.saturating_add(1)));
        }
    }

    /// Returns true in `parts` of 65 535 cases.
    pub fn chance(&mut self, parts: u16) -> bool {
        self.below(u16::MAX.into()) < u32::from(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};

    const SEED: Seed = Seed([7; 32]);

    #[test]
    fn sequence_is_that_of_the_specification() {
        // Word i of block b is bytes 8 i .. 8 i + 8 of H("ink:draw"; seed, b), last word first.
        let digest = Hash::new(DRAW).fixed(&[7; 32]).u64(1).digest();
        let mut draw = SEED.draw();
        let words: Vec<_> = (0..8).map(|_| draw.word()).collect();
        for (i, word) in words[4..].iter().enumerate() {
            let from = 8 * (3 - i);
            assert_eq!(word.to_le_bytes(), digest[from..from + 8]);
        }
    }

    #[test]
    fn seeds_differ_by_every_field() {
        let seat = |uid, generation| Seat { uid, generation };
        let seeds = [
            SEED,
            SEED.question(seat(1, 2), 3),
            SEED.question(seat(2, 2), 3),
            SEED.question(seat(1, 3), 3),
            SEED.question(seat(1, 2), 4),
            Seed([8; 32]).question(seat(1, 2), 3),
            SEED.part(""),
            SEED.part("a"),
            SEED.part("b"),
        ];
        let distinct: BTreeSet<_> = seeds.iter().map(|seed| seed.draw().word()).collect();
        assert_eq!(distinct.len(), seeds.len());
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all() {
        let mut draw = SEED.draw();
        for bound in [1, 2, 3, 7] {
            let seen: BTreeSet<_> = (0..200).map(|_| draw.below(bound)).collect();
            assert_eq!(seen, (0..bound).collect());
        }
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.pick::<u8>(&[]), None);
    }

    #[test]
    fn shuffle_reaches_every_order_evenly() {
        let mut draw = SEED.draw();
        let mut counts = [0u32; 6];
        for _ in 0..6_000 {
            let mut items = [0, 1, 2];
            draw.shuffle(&mut items);
            counts[items[0] * 2 + usize::from(items[1] > items[2])] += 1;
        }
        assert!(
            counts.iter().all(|count| (900..1_100).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn chance_is_none_at_0_and_certain_at_all_parts() {
        let mut draw = SEED.draw();
        assert!((0..1_000).all(|_| !draw.chance(0)));
        assert!((0..1_000).all(|_| draw.chance(u16::MAX)));
        let half = (0..10_000).filter(|_| draw.chance(32_768)).count();
        assert!((4_800..5_200).contains(&half), "{half}");
    }
}
