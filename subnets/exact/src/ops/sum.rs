//! Sums and maxima along a slice, in one fixed order.
//!
//! Lane `l` of eight adds the elements `l`, `l + 8`, `l + 16` and so on, from zero and in this
//! order. Then the lanes are added in pairs: four apart, two apart, one apart. The order is a part
//! of the definition, so a machine with wider vectors gains nothing by another one.

/// Lanes of a sum.
const LANES: usize = 8;

/// Returns the sum of `values` in the order of this module.
pub fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += value;
    }
    fold(lanes)
}

/// Returns the sum of the products of pairs, in the order of this module.
///
/// The longer slice is cut to the length of the shorter one.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let length = left.len().min(right.len());
    let (left, right) = (&left[..length], &right[..length]);
    let mut lanes = [0f32; LANES];
    let (lefts, rights) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let (left_rest, right_rest) = (lefts.remainder(), rights.remainder());
    for (left, right) in lefts.zip(rights) {
        for (lane, (x, y)) in lanes.iter_mut().zip(left.iter().zip(right)) {
            *lane += x * y;
        }
    }
    for (lane, (x, y)) in lanes.iter_mut().zip(left_rest.iter().zip(right_rest)) {
        *lane += x * y;
    }
    fold(lanes)
}

/// Returns the largest of `values`, or `f32::MIN` of no values. It skips values that are not a
/// number.
pub fn max(values: &[f32]) -> f32 {
    let larger = |old: f32, new: f32| if new > old { new } else { old };
    let mut lanes = [f32::MIN; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, *value);
    }
    lanes.into_iter().fold(f32::MIN, larger)
}

fn fold(lanes: [f32; LANES]) -> f32 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_adds_lanes_and_then_pairs() {
        // 2^24 swallows a one that is added to it; in a lane of its own the one stays apart.
        let big = 16_777_216.0;
        assert_eq!(sum(&[big, 1.0, 0.0, 1.0]), big + 2.0);
        assert_eq!(sum(&[big, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]), big);
        assert_eq!(sum(&[]), 0.0);
        let values: [f32; 19] = core::array::from_fn(|index| index as f32);
        assert_eq!(sum(&values), 171.0);
    }

    #[test]
    fn dot_is_the_sum_of_products() {
        let left: [f32; 19] = core::array::from_fn(|index| index as f32 * 0.37 - 2.0);
        let right: [f32; 19] = core::array::from_fn(|index| 1.0 / (index as f32 + 1.0));
        let products: [f32; 19] = core::array::from_fn(|index| left[index] * right[index]);
        assert_eq!(dot(&left, &right).to_bits(), sum(&products).to_bits());
    }

    #[test]
    fn max_of_any_position_is_found() {
        for length in 1..20 {
            for at in 0..length {
                let mut values = alloc::vec![-3.5f32; length];
                values[at] = -1.25;
                assert_eq!(max(&values), -1.25);
            }
        }
        assert_eq!(max(&[]), f32::MIN);
    }
}
