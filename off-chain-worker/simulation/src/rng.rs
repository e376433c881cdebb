//! Random numbers from a seed. All arithmetic rounds alike on every machine, so a seed gives the
//! same numbers everywhere.

use inktensor_primitives::hash::blake2;
use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};

/// A stream of random numbers.
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// Creates the stream of `seed` for the purpose `about`; streams for other purposes, or other
    /// `numbers`, are independent of it.
    pub fn new(seed: u64, about: &str, numbers: &[u64]) -> Self {
        let mut key = seed.to_le_bytes().to_vec();
        for number in numbers {
            key.extend(number.to_le_bytes());
        }
        key.extend(about.as_bytes());
        Self(ChaCha8Rng::from_seed(blake2(&key)))
    }

    /// Returns a number above 0 and at most 1, evenly distributed.
    pub fn unit(&mut self) -> f64 {
        // 53 bits: all that a float holds exactly.
        let bits = (self.0.next_u64() >> 11) + 1;
        bits as f64 / (1u64 << 53) as f64
    }

    /// Returns a number below `bound`, evenly distributed, for a `bound` that is small against
    /// 2^64; 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0.next_u64() % bound).unwrap_or_default()
    }

    /// Returns a bell-shaped number around 0, within -1 and 1, mostly within -0.3 and 0.3.
    pub fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.unit() / 2.0).sum::<f64>() - 1.0
    }

    /// Returns a Pareto-distributed number with exponent 4/3 from `least` on, cut off at `most`:
    /// few are large, as with stake.
    pub fn pareto(&mut self, least: f64, most: f64) -> f64 {
        let root = self.unit().sqrt();
        (least / (root * root.sqrt())).min(most)
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_stream() {
        let throw = |seed, about| Rng::new(seed, about, &[1]).unit();
        assert_eq!(throw(1, "stake").to_bits(), throw(1, "stake").to_bits());
        assert_ne!(throw(1, "stake").to_bits(), throw(2, "stake").to_bits());
        assert_ne!(throw(1, "stake").to_bits(), throw(1, "noise").to_bits());
    }

    #[test]
    fn throws_stay_within_their_bounds() {
        let mut rng = Rng::new(7, "bounds", &[]);
        for _ in 0..10_000 {
            assert!((f64::MIN_POSITIVE..=1.0).contains(&rng.unit()));
            assert!((-1.0..=1.0).contains(&rng.bell()));
            assert!((10.0..=90.0).contains(&rng.pareto(10.0, 90.0)));
            assert!(rng.below(3) < 3);
        }
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn shuffling_keeps_all_items() {
        let mut items: Vec<u8> = (0..100).collect();
        Rng::new(7, "cards", &[]).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<u8>>());
    }
}
