//! A curve of losses for a terminal, of at most 80 columns.

use super::run::nats;

/// Columns of the whole curve.
pub const WIDTH: usize = 80;
/// Columns of a label and the axis.
const LABEL: usize = 10;
/// Rows of the curve.
const ROWS: usize = 12;

/// Returns the lines of a curve of `losses`, of which there is at least one.
///
/// Of more losses than columns each column has the mean of its own.
pub fn lines(losses: &[u64]) -> Vec<String> {
    let columns = WIDTH.saturating_sub(LABEL);
    let means = means(losses, columns);
    let most = means.iter().copied().max().unwrap_or_default();
    let least = means.iter().copied().min().unwrap_or_default();
    let rows = match most > least {
        true => ROWS,
        false => 1,
    };
    let last = rows.saturating_sub(1);
    // The row of a loss, from the top, rounded to the nearest.
    let row = |loss: u64| {
        let part = nats(most.saturating_sub(loss)) / nats(most.saturating_sub(least).max(1));
        (part * last as f64).round() as usize
    };
    let level = |row: usize| {
        let part = row as f64 / last.max(1) as f64;
        nats(most) - part * nats(most.saturating_sub(least))
    };
    let mut lines: Vec<String> = (0..rows)
        .map(|at| {
            let marks: String = means
                .iter()
                .map(|mean| if row(*mean) == at { '*' } else { ' ' })
                .collect();
            fit(format!("{:>8.3} |{marks}", level(at)))
        })
        .collect();
    let axis = "-".repeat(means.len());
    lines.push(fit(format!("{:>8} +{axis}", "")));
    let newest = losses.len().saturating_sub(1).to_string();
    let gap = columns.saturating_sub(1);
    lines.push(fit(format!("{:>9} 0{newest:>gap$}", "epoch")));
    lines
}

fn means(losses: &[u64], columns: usize) -> Vec<u64> {
    let place = |column: usize| column.saturating_mul(losses.len()) / columns.max(1);
    let mean = |column: usize| {
        let from = place(column);
        let to = place(column.saturating_add(1)).max(from.saturating_add(1));
        let part = losses.get(from..to)?;
        let sum: u128 = part.iter().copied().map(u128::from).sum();
        let count = u128::try_from(part.len()).unwrap_or(u128::MAX);
        u64::try_from(sum.checked_div(count)?).ok()
    };
    (0..columns).filter_map(mean).collect()
}

/// Cuts a line, which only a damaged log makes too long.
fn fit(line: String) -> String {
    let cut: String = line.chars().take(WIDTH).collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_loss_falls_from_the_first_row_to_the_last() {
        let losses: Vec<u64> = (0..140).map(|it| 5_000_000 - it * 20_000).collect();
        let lines = lines(&losses);
        assert_eq!(lines.len(), ROWS + 2);
        assert!(lines[0].starts_with("   4.990 |****"), "{}", lines[0]);
        assert!(lines[11].ends_with("***"), "{}", lines[11]);
        assert!(lines[11].starts_with("   2.230 |   "), "{}", lines[11]);
        assert_eq!(lines[12].len(), WIDTH);
        assert!(lines[13].ends_with("139"));
        let marks: usize = lines.iter().map(|it| it.matches('*').count()).sum();
        assert_eq!(marks, WIDTH - LABEL);
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        for count in [1, 2, 3, 69, 70, 71, 1000] {
            for losses in [
                vec![0; count],
                vec![u64::MAX; count],
                (0..count as u64).map(|it| it.pow(2) << 40).collect(),
            ] {
                for line in lines(&losses) {
                    assert!(line.chars().count() <= WIDTH, "{line}");
                }
            }
        }
    }

    #[test]
    fn one_loss_is_one_row() {
        let lines = lines(&[1_234_567]);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("   1.235 |***"), "{}", lines[0]);
    }
}
