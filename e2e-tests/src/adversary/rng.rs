//! Random numbers from a seed and the number of a run: the same on every machine and for every
//! number of threads.

use inktensor_primitives::{AccountId, Digest};

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(u64);

/// The increment of the state: odd, without a pattern.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Returns SplitMix64's finish: every bit of the state reaches every bit of the result.
const fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

impl Rng {
    /// Creates the stream of run `number` under `seed`.
    pub const fn new(seed: u64, number: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(STRIDE)).wrapping_add(number)))
    }

    /// Returns the next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STRIDE);
        mix(self.0)
    }

    /// Returns a number below `bound`, which is small against 2^64. Returns 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.bits() % bound).unwrap_or_default()
    }

    /// Returns a number from `least` to `most`. Returns `least` if `most` is below it.
    pub const fn within(&mut self, least: u16, most: u16) -> u16 {
        let count = most.saturating_sub(least) as u64 + 1;
        least + (self.bits() % count) as u16
    }

    /// Returns true in `percent` of a hundred cases.
    pub const fn percent(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }

    /// Returns one of `items`.
    pub fn pick<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
        const { assert!(N > 0) };
        items[self.below(N)]
    }

    /// Returns one of `items`, if there is any.
    pub fn one<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Returns an index below `count`, the first and the last more often than others. `None` if
    /// `count` is 0.
    pub fn place(&mut self, count: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        Some(match self.below(4) {
            0 => 0,
            1 => last,
            _ => self.below(count),
        })
    }

    /// Returns two different indices below `count`, if there are two.
    pub fn two(&mut self, count: usize) -> Option<(usize, usize)> {
        if count < 2 {
            return None;
        }
        let first = self.below(count);
        let second = (first + 1 + self.below(count - 1)) % count;
        Some((first, second))
    }

    /// Returns `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = std::iter::repeat_with(|| self.bits().to_le_bytes());
        words.flatten().take(count).collect()
    }

    /// Returns a random digest.
    pub fn digest(&mut self) -> Digest {
        let mut digest = Digest::default();
        for part in digest.chunks_mut(8) {
            part.copy_from_slice(&self.bits().to_le_bytes());
        }
        digest
    }

    /// Returns a random account.
    pub fn account(&mut self) -> AccountId {
        AccountId::from(self.digest())
    }

    /// Returns 16 bits.
    pub const fn u16(&mut self) -> u16 {
        self.within(0, u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_have_streams_of_their_own() {
        let first = |seed, number| Rng::new(seed, number).bits();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
        // The streams are not shifts of each other either.
        let mut rng = Rng::new(1, 2);
        rng.bits();
        assert_ne!(rng.bits(), first(1, 3));
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut rng = Rng::new(7, 0);
        for _ in 0..1_000 {
            assert!((3..=5).contains(&rng.within(3, 5)));
            assert!(rng.place(4).is_some_and(|place| place < 4));
            let (first, second) = rng.two(3).unwrap();
            assert!(first != second && first < 3 && second < 3);
        }
        assert_eq!((rng.place(0), rng.two(1)), (None, None));
        assert_eq!(rng.bytes(11).len(), 11);
    }
}
