//! Many runs, on several threads.

use super::{run::Kinds, tally::Tally};
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// A set of runs.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The seed of all randomness.
    pub seed: u64,
    /// The numbers of the runs.
    pub runs: Range<u64>,
    /// The number of threads, at least one. The result does not depend on it.
    pub threads: usize,
    /// The interval of runs that go through the contracts too; 0 for none.
    pub sample: u64,
}

impl Campaign {
    /// Makes all runs, and calls `done` after each.
    pub fn run(&self, done: &(dyn Fn() + Sync)) -> Tally {
        let kinds = Kinds::all();
        let next = AtomicU64::new(self.runs.start);
        let work = || {
            let mut tally = Tally::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.runs.end {
                    return tally;
                }
                kinds.run(self.seed, number, &mut tally);
                if number.checked_rem(self.sample) == Some(0) {
                    kinds.run_on_chain(self.seed, number, &mut tally);
                }
                done();
            }
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let mut tally = work();
            for other in others {
                match other.join() {
                    Ok(more) => tally.add(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            tally
        })
    }
}
