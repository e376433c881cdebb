//! Chance from a seed. Only arithmetic that every machine rounds alike is used, so a seed means the
//! same everywhere.

use inktensor_primitives::hash::blake2;
use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};

/// A stream of chance.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `seed` for the purpose `about`; streams for other purposes, or other
    /// `numbers`, are independent of it.
    pub fn new(seed: u64, about: &str, numbers: &[u64]) -> Self {
        let mut key = seed.to_le_bytes().to_vec();
        for number in numbers {
            key.extend(number.to_le_bytes());
        }
        key.extend(about.as_bytes());
        Self(ChaCha8Rng::from_seed(blake2(&key)))
    }

    /// Evenly distributed, above 0 and at most 1.
    pub fn unit(&mut self) -> f64 {
        // 53 bits: all that a float holds exactly.
        let bits = (self.0.next_u64() >> 11) + 1;
        bits as f64 / (1u64 << 53) as f64
    }

    /// Evenly distributed below `bound`, which is small against 2^64; 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0.next_u64() % bound).unwrap_or_default()
    }

    /// Bell-shaped around 0, within -1 and 1, mostly within -0.3 and 0.3.
    pub fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.unit() / 2.0).sum::<f64>() - 1.0
    }

    /// Pareto-distributed with exponent 4/3 from `least` on, cut off at `most`: few have much, as
    /// with stake.
    pub fn pareto(&mut self, least: f64, most: f64) -> f64 {
        let root = self.unit().sqrt();
        (least / (root * root.sqrt())).min(most)
    }

    /// Puts `items` in random order.
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
        let throw = |seed, about| Dice::new(seed, about, &[1]).unit();
        assert_eq!(throw(1, "stake").to_bits(), throw(1, "stake").to_bits());
        assert_ne!(throw(1, "stake").to_bits(), throw(2, "stake").to_bits());
        assert_ne!(throw(1, "stake").to_bits(), throw(1, "noise").to_bits());
    }

    #[test]
    fn throws_stay_within_their_bounds() {
        let mut dice = Dice::new(7, "bounds", &[]);
        for _ in 0..10_000 {
            assert!((f64::MIN_POSITIVE..=1.0).contains(&dice.unit()));
            assert!((-1.0..=1.0).contains(&dice.bell()));
            assert!((10.0..=90.0).contains(&dice.pareto(10.0, 90.0)));
            assert!(dice.below(3) < 3);
        }
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn shuffling_keeps_all_items() {
        let mut items: Vec<u8> = (0..100).collect();
        Dice::new(7, "cards", &[]).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<u8>>());
    }
}
