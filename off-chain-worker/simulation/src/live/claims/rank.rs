//! Rank correlation.

/// Returns Spearman's rank correlation of two lists of the same length: 1 for the same order, -1
/// for the opposite one. Equal values share the mean of their ranks. `None` if all values of a list
/// are equal, or the lists are not of one length.
pub fn spearman(left: &[u64], right: &[u64]) -> Option<f64> {
    if left.len() != right.len() {
        return None;
    }
    pearson(&ranks(left), &ranks(right))
}

/// Returns the rank of each value, from 1 on.
fn ranks(values: &[u64]) -> Vec<f64> {
    let rank = |value: &u64| {
        let below = values.iter().filter(|it| *it < value).count();
        let equal = values.iter().filter(|it| *it == value).count();
        // The mean of below + 1 ..= below + equal.
        float(below) + (float(equal) + 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

fn pearson(left: &[f64], right: &[f64]) -> Option<f64> {
    let count = float(left.len());
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (of_left, of_right) = (mean(left), mean(right));
    let (mut both, mut square_left, mut square_right) = (0.0, 0.0, 0.0);
    for (a, b) in left.iter().zip(right) {
        let (a, b) = (a - of_left, b - of_right);
        both += a * b;
        square_left += a * a;
        square_right += b * b;
    }
    let whole = (square_left * square_right).sqrt();
    (whole > 0.0).then(|| both / whole)
}

/// Returns a length as a float. A live run has a few dozen neurons.
fn float(length: usize) -> f64 {
    f64::from(u32::try_from(length).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn same_order_is_one_and_the_opposite_minus_one() {
        assert!(is_close(spearman(&[1, 5, 9], &[10, 11, 900]), 1.0));
        assert!(is_close(spearman(&[1, 5, 9], &[9, 5, 1]), -1.0));
    }

    #[test]
    fn equal_values_share_their_ranks() {
        // Ranks 1.5, 1.5, 3, 4 and 1, 2, 3, 4.
        let found = spearman(&[0, 0, 1, 2], &[0, 1, 2, 3]);
        assert!(is_close(found, 4.5 / (4.5f64 * 5.0).sqrt()), "{found:?}");
    }

    #[test]
    fn swapped_neighbours_cost_by_the_known_formula() {
        // 1 - 6 * sum(d^2) / (n (n^2 - 1)), with two ranks off by one.
        let found = spearman(&[1, 2, 3, 4, 5], &[1, 2, 3, 5, 4]);
        assert!(is_close(found, 1.0 - 6.0 * 2.0 / 120.0), "{found:?}");
    }

    #[test]
    fn lists_without_an_order_have_no_correlation() {
        assert_eq!(spearman(&[3, 3, 3], &[1, 2, 3]), None);
        assert_eq!(spearman(&[1, 2], &[1]), None);
        assert_eq!(spearman(&[], &[]), None);
    }
}
