//! Many runs, on several threads.

use super::{run::Kinds, tally::Tally};
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// Which runs to make.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Of all chance.
    pub seed: u64,
    /// Numbers of the runs.
    pub runs: Range<u64>,
    /// Threads, at least one. They do not matter to what comes out.
    pub threads: usize,
    /// Every so many runs one is played through the real contracts too; none if 0.
    pub sample: u64,
}

impl Campaign {
    /// Makes all runs. `done` is told after each.
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
