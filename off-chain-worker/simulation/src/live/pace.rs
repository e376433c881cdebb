//! The pace of a run: how long the window and the blocks must be on this machine.
//!
//! All processes share the machine, and it may do other work beside. A sample of the work is timed
//! first, and the window follows from it. During the run a block is held back while a validator
//! still works: a late process then costs time, and never a claim.

use super::{
    cast::{unusable, QUESTIONS},
    plan::Plan,
    report::PaceReport,
    LiveError,
};
use inktensor_neuron::program::linked;
use inktensor_primitives::hash::blake2;
use inktensor_task::Seed;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Blocks of an epoch. Small, and large enough for the half before the seed, in which the epoch
/// before becomes final and is paid, and for the blocks after the window.
pub const TEMPO: u32 = 20;
/// Shortest window in seconds. Answers take milliseconds; what needs time is a busy machine.
const LEAST_WINDOW: u16 = 5;
/// Longest window in seconds.
const MOST_WINDOW: u16 = 30;
/// Times that the sample's share of a window's work must fit into the window.
const MARGIN: u32 = 4;
/// Milliseconds between two blocks for each second of the window.
const BLOCK_PART: u64 = 50;

/// The pace of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time of the sample.
    pub sample: Duration,
    /// Seconds of the window in which validators ask.
    pub window: u16,
    /// Time between two blocks.
    pub block: Duration,
}

impl Pace {
    /// Returns the pace for a machine on which `sample` passes until a part of a window's work is
    /// done, and the whole has `parts` such parts.
    pub fn of(sample: Duration, parts: u32) -> Self {
        let needed = sample.saturating_mul(parts).saturating_mul(MARGIN);
        let seconds = needed.as_millis().div_ceil(1_000);
        let seconds = u16::try_from(seconds).unwrap_or(u16::MAX);
        let window = seconds.clamp(LEAST_WINDOW, MOST_WINDOW);
        let block = u64::from(window).saturating_mul(BLOCK_PART);
        Self {
            sample,
            window,
            block: Duration::from_millis(block),
        }
    }

    /// Returns true if the machine needs a longer window than the shortest.
    pub fn is_stretched(&self) -> bool {
        self.window > LEAST_WINDOW
    }

    /// Returns the window as a duration.
    pub fn window(&self) -> Duration {
        Duration::from_secs(self.window.into())
    }

    /// Returns the report, with the time for which blocks were held back.
    pub fn report(&self, held: Duration) -> PaceReport {
        PaceReport {
            sample_ms: millis(self.sample),
            window: self.window,
            block_ms: millis(self.block),
            held_ms: millis(held),
        }
    }
}

/// Returns whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the time that a sample of the work takes: as many answers as cores times eight, on all
/// cores at once.
///
/// # Errors
/// `Unusable`.
pub fn sample(seed: u64, state: &[u8]) -> Result<(Duration, u32), LiveError> {
    /// Answers of the sample on each core.
    const EACH: u8 = 8;
    let program = linked("embed/1", state).map_err(unusable)?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    thread::scope(|scope| {
        for core in 0..cores {
            let program = &program;
            scope.spawn(move || {
                for number in 0..EACH {
                    let place = [&seed.to_le_bytes()[..], &core.to_le_bytes(), &[number]].concat();
                    let question = program.question(&Seed(blake2(&place)));
                    // A refusal takes as long; only the time counts.
                    let _ = question.map(|question| program.answer(&question));
                }
            });
        }
    });
    let answers = u32::try_from(cores)
        .unwrap_or(u32::MAX)
        .saturating_mul(EACH.into());
    Ok((start.elapsed(), answers))
}

/// Returns the number of answers in a window: each is computed by a miner and by a validator.
pub fn answers_in_window(plan: &Plan) -> u32 {
    let pairs = plan.asking().saturating_mul(plan.miners.len());
    let pairs = u32::try_from(pairs).unwrap_or(u32::MAX);
    pairs.saturating_mul(QUESTIONS.into()).saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_machine_has_the_shortest_window() {
        let pace = Pace::of(Duration::from_micros(100), 100);
        assert_eq!(pace.window, LEAST_WINDOW);
        assert_eq!(pace.block, Duration::from_millis(250));
        assert!(!pace.is_stretched());
    }

    #[test]
    fn a_slow_machine_has_a_longer_window_and_longer_blocks() {
        let pace = Pace::of(Duration::from_millis(20), 100);
        assert_eq!((pace.window, pace.is_stretched()), (8, true));
        assert_eq!(pace.block, Duration::from_millis(400));
    }

    #[test]
    fn a_window_stays_within_its_bounds() {
        assert_eq!(Pace::of(Duration::ZERO, 0).window, LEAST_WINDOW);
        assert_eq!(Pace::of(Duration::MAX, u32::MAX).window, MOST_WINDOW);
    }
}
