//! A seeded generator of integers and of values made from them.

/// A sequence of 64-bit integers that follows from its seed: SplitMix64.
///
/// For weights and rows of data. It is no source of secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Returns the sequence of `seed`. Seeds that are close give sequences that are not.
    pub fn new(seed: u64) -> Self {
        Self(mixed(seed.wrapping_add(STEP)))
    }

    /// Returns the next integer.
    pub fn integer(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// Returns the next integer below `bound`, or zero for a bound of zero.
    ///
    /// It is the high part of a product with the bound. For bounds below 2^32 its bias is below
    /// 2^-32.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.integer()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Returns the next value from zero to below one, a multiple of 2^-24.
    pub fn unit(&mut self) -> f32 {
        // 24 bits are exact.
        (self.integer() >> 40) as f32 * (1.0 / 16_777_216.0)
    }

    /// Returns the next value with mean zero and variance one: twelve units less six.
    pub fn bell(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..12 {
            sum += self.unit();
        }
        sum - 6.0
    }
}

/// The golden ratio in 64 bits.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_is_that_of_splitmix64() {
        // The published first outputs for the state zero.
        let mut rng = Rng(0);
        assert_eq!(rng.integer(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(rng.integer(), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(rng.integer(), 0x06c4_5d18_8009_454f);
    }

    #[test]
    fn values_are_spread_as_documented() {
        let mut rng = Rng::new(5);
        let count = 20_000;
        let (mut sum, mut squares) = (0f64, 0f64);
        for _ in 0..count {
            let unit = rng.unit();
            assert!((0.0..1.0).contains(&unit));
            let bell = f64::from(rng.bell());
            sum += bell;
            squares += bell * bell;
            assert!(rng.below(7) < 7);
        }
        assert!((sum / f64::from(count)).abs() < 0.03);
        assert!((squares / f64::from(count) - 1.0).abs() < 0.05);
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn seeds_that_are_close_give_other_sequences() {
        assert_ne!(Rng::new(1).integer(), Rng::new(2).integer());
        assert_eq!(Rng::new(1).integer(), Rng::new(1).integer());
    }
}
