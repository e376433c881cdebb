//! Clocks and medians of the benches.

/// Returns the seconds of processor time that this process has used, so that other load counts
/// less. The clock has ticks of ten milliseconds.
///
/// # Panics
/// Where `/proc/self/stat` is not that of Linux.
pub fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name, in brackets, may have spaces. User and system time are fields 14 and 15.
    let (_, after) = text.rsplit_once(')').unwrap();
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    ticks as f64 / 100.0
}

/// Returns the processor seconds of one call, of as many calls as take `least` seconds.
pub fn seconds_of(least: f64, mut call: impl FnMut()) -> f64 {
    let start = cpu_seconds();
    let mut calls = 0u32;
    loop {
        call();
        calls += 1;
        let seconds = cpu_seconds() - start;
        if seconds >= least {
            return seconds / f64::from(calls);
        }
    }
}

/// Returns the median.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
