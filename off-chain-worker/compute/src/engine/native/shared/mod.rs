//! An epoch of the linked kernel whose chunks several threads share.
//!
//! The work on a chunk reads facts of earlier phases only, so the chunks of a phase are worked on
//! in any order. The sums of a phase are a chain: each thread adds up its own works and what the
//! others have in all, and makes the outputs of its own steps. So threads wait for each other's
//! sums once a phase, a thread may join at any time, and one alone computes the epoch.

#[cfg(test)]
mod tests;

use super::wide;
use crate::{
    engine::{EpochJob, PhaseJob, WholeEpoch},
    threads::{self, Help, Invite},
};
use inktensor_primitives::kernel::StepOutput;
use inktensor_yuma::{Carry, Epoch, Room, Totals, Work};
use std::{
    iter, mem,
    ops::Range,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        OnceLock,
    },
    time::Instant,
};

/// An epoch that is being computed.
struct Shared<'a> {
    epoch: Epoch<'a>,
    phases: Vec<Phase<'a>>,
    /// Number of threads that have joined.
    joined: AtomicUsize,
    /// True once all steps are computed, or one has failed.
    over: AtomicBool,
}

/// A phase that is being computed.
struct Phase<'a> {
    job: PhaseJob<'a>,
    /// Of each part of the chunks, the number of those that a thread has taken.
    taken: Vec<AtomicUsize>,
    /// The steps of each thread.
    done: Vec<Done>,
}

/// The steps of a phase that one thread has done.
#[derive(Default)]
struct Done {
    /// The runs of chunks that it has worked on, ascending.
    runs: OnceLock<Vec<Run>>,
    /// The outputs of its steps with their places, ascending.
    outputs: OnceLock<Vec<(usize, StepOutput)>>,
}

/// Neighbouring chunks.
struct Run {
    places: Range<usize>,
    /// Their part of the sums; `None` if no other thread has done a step of the phase.
    totals: Option<Totals>,
}

/// Computes the epoch of `job`, with the help of threads that are awake. `None` if a step fails.
pub(super) fn compute(job: &EpochJob, help: Help) -> Option<WholeEpoch> {
    let start = Instant::now();
    let shared = Shared::new(job, help.most)?;
    let helper = || shared.help(&|| ());
    let ends = threads::share(help, |invite| shared.lead(invite), helper)?;
    Some(shared.finish(start, &ends))
}

impl<'a> Shared<'a> {
    /// Prepares the epoch for at most `helpers` helpers. `None` without chunks, for a header that
    /// the kernel refuses, and for a plan that is not the kernel's.
    fn new(job: &EpochJob<'a>, helpers: usize) -> Option<Self> {
        let epoch = Epoch::new(job.header).ok()?;
        let chunks = usize::from(epoch.plan().chunks(job.header.neurons));
        if job.inputs.is_empty() || job.inputs.len() != chunks || job.plan != epoch.plan() {
            return None;
        }
        let threads = helpers.saturating_add(1);
        let phase = |(phase, reads)| Phase {
            job: job.phase(phase, reads),
            taken: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
            done: (0..threads).map(|_| Done::default()).collect(),
        };
        let reads = job.plan.phases.iter().copied();
        Some(Self {
            epoch,
            phases: (0..).zip(reads).map(phase).collect(),
            joined: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        })
    }

    /// Computes with the others until no step is left. Returns the moment at which each phase
    /// ended. `None` if a step fails.
    fn run(&self, invite: &Invite) -> Option<Vec<Instant>> {
        let me = self.joined.fetch_add(1, Ordering::Relaxed);
        let mut room = Room::default();
        let mut ends = Vec::with_capacity(self.phases.len());
        let (mut before, mut carry) = (None, Carry::first(&self.epoch));
        for phase in &self.phases {
            if self.over.load(Ordering::Relaxed) {
                return None;
            }
            let works = self.work(me, phase, before, &carry, &mut room, invite)?;
            carry = if works.is_empty() {
                self.carry_behind(phase)?
            } else {
                self.fold(me, phase, works, carry)?
            };
            ends.push(Instant::now());
            before = Some(phase);
        }
        Some(ends)
    }

    /// Works on the chunks that no other thread takes, and returns the works with their places,
    /// ascending.
    fn work(
        &self,
        me: usize,
        phase: &Phase,
        before: Option<&Phase>,
        carry: &Carry,
        room: &mut Room,
        invite: &Invite,
    ) -> Option<Vec<(usize, Work)>> {
        let mut works = Vec::with_capacity(phase.part());
        while let Some((place, number)) = phase.take(me) {
            invite();
            let scratch = match before {
                Some(before) => &self.wait(|| before.output(me, place))?.scratch[..],
                None => &[],
            };
            let (neurons, rows) = phase.job.gathered(number);
            let memory = phase.job.memory(number);
            let chunk = self
                .epoch
                .chunk(phase.job.phase, number, neurons, rows, scratch, memory);
            let work = wide::run(carry.task(&self.epoch, &chunk.ok()?), room).ok()?;
            works.push((place, work));
        }
        works.sort_unstable_by_key(|(place, _)| *place);
        Some(works)
    }

    /// Waits for the works on all chunks, and returns their runs in order. `None` if one fails.
    fn all_runs<'b>(&self, phase: &'b Phase) -> Option<Vec<&'b Run>> {
        let runs = || {
            phase
                .done
                .iter()
                .filter_map(|done| done.runs.get())
                .flatten()
        };
        let chunks = || runs().map(|run| run.places.len()).sum::<usize>();
        self.wait(|| (chunks() >= phase.job.inputs.len()).then_some(()))?;
        let mut runs: Vec<&Run> = runs().collect();
        runs.sort_unstable_by_key(|run| run.places.start);
        Some(runs)
    }

    /// Adds up the sums of all chunks, of which thread `me` has done `works`, and makes the outputs
    /// of its steps. Returns the next phase's carry.
    fn fold(
        &self,
        me: usize,
        phase: &Phase,
        works: Vec<(usize, Work)>,
        mut carry: Carry,
    ) -> Option<Carry> {
        let done = phase.done.get(me)?;
        done.runs.set(phase.runs(&works)?).ok()?;
        let runs = self.all_runs(phase)?;
        let last = phase.job.inputs.len().saturating_sub(1);
        let mut outputs = Vec::with_capacity(works.len());
        let mut works = works.into_iter().peekable();
        for run in runs {
            if works
                .peek()
                .is_none_or(|(place, _)| *place != run.places.start)
            {
                carry.add_totals(run.totals.as_ref()?).ok()?;
                if run.places.contains(&last) {
                    (carry, _) = carry.seal(&self.epoch);
                }
                continue;
            }
            for (place, work) in works.by_ref().take(run.places.len()) {
                carry.add(&work).ok()?;
                let mut roster = Vec::new();
                if place == last {
                    (carry, roster) = carry.seal(&self.epoch);
                }
                outputs.push((place, work.output(carry.encode(&self.epoch), roster)));
            }
        }
        done.outputs.set(outputs).ok()?;
        Some(carry)
    }

    /// Returns the carry behind `phase`, of which other threads do all steps.
    fn carry_behind(&self, phase: &Phase) -> Option<Carry> {
        let next = phase.job.phase.saturating_add(1);
        if usize::from(next) >= self.phases.len() {
            return Some(Carry::Done);
        }
        let last = phase.job.inputs.len().checked_sub(1)?;
        let output = self.wait(|| phase.output(0, last))?;
        Carry::decode(&self.epoch, next, 0, &output.carry).ok()
    }

    /// Waits for what `ready` returns, which another thread does. `None` if it will not be done.
    fn wait<T>(&self, ready: impl Fn() -> Option<T>) -> Option<T> {
        threads::wait(|| match ready() {
            // It was perhaps done since.
            None if self.over.load(Ordering::Acquire) => Some(ready()),
            None => None,
            found => Some(found),
        })
    }

    /// Waits for the outputs of all steps. `None` if a step fails.
    fn complete(&self) -> Option<()> {
        self.phases.iter().try_for_each(|phase| {
            let outputs = || phase.done.iter().filter_map(|done| done.outputs.get());
            let steps = || outputs().map(Vec::len).sum::<usize>();
            self.wait(|| (steps() >= phase.job.inputs.len()).then_some(()))
        })
    }

    /// Computes the epoch, together with those who help. Returns the moment at which each phase
    /// ended. `None` if a step fails.
    fn lead(&self, invite: &Invite) -> Option<Vec<Instant>> {
        let _over = Over(&self.over);
        let mut ends = self.run(invite)?;
        self.complete()?;
        if let Some(last) = ends.last_mut() {
            *last = Instant::now();
        }
        Some(ends)
    }

    /// Helps with the epoch until no step is left.
    fn help(&self, invite: &Invite) {
        let over = Over(&self.over);
        if self.run(invite).is_some() {
            // The thread that is helped may still wait for others.
            mem::forget(over);
        }
    }

    /// Returns the outputs of all steps, and the times of the phases, which ended at `ends`.
    fn finish(self, start: Instant, ends: &[Instant]) -> WholeEpoch {
        let starts = iter::once(&start).chain(ends);
        let times = starts
            .zip(ends)
            .map(|(start, end)| end.duration_since(*start));
        let timing = times.collect();
        let steps = self.phases.iter().map(|phase| phase.job.inputs.len());
        let mut all = Vec::with_capacity(steps.sum());
        for phase in self.phases {
            let mut steps = Vec::with_capacity(phase.job.inputs.len());
            for done in phase.done {
                steps.extend(done.outputs.into_inner().unwrap_or_default());
            }
            steps.sort_by_key(|(place, _)| *place);
            all.extend(steps.into_iter().map(|(_, output)| output));
        }
        WholeEpoch {
            outputs: all,
            timing,
        }
    }
}

impl Phase<'_> {
    /// Returns the number of chunks of a part.
    fn part(&self) -> usize {
        self.job
            .inputs
            .len()
            .div_ceil(self.taken.len().max(1))
            .max(1)
    }

    /// Takes a chunk for thread `me`, and returns its place too. A thread begins with a part of the
    /// chunks that no other begins with, which is the same in each phase: its inputs are in the
    /// cache of the thread's core.
    fn take(&self, me: usize) -> Option<(usize, u16)> {
        let (chunks, part) = (self.job.inputs.len(), self.part());
        self.taken.get(me)?;
        let (before, from) = self.taken.split_at_checked(me)?;
        for (number, taken) in (me..).zip(from).chain((0..).zip(before)) {
            let first = number.saturating_mul(part).min(chunks);
            let count = chunks.saturating_sub(first).min(part);
            if taken.load(Ordering::Relaxed) < count {
                if let Some(behind) = threads::take(taken, count) {
                    let place = first.saturating_add(behind);
                    return Some((place, u16::try_from(place).ok()?));
                }
            }
        }
        None
    }

    /// Returns the runs of `works`, which ascend.
    fn runs(&self, works: &[(usize, Work)]) -> Option<Vec<Run>> {
        let alone = works.len() >= self.job.inputs.len();
        let runs = works.chunk_by(|(place, _), (next, _)| place.saturating_add(1) == *next);
        let run = |works: &[(usize, Work)]| {
            let (first, _) = works.first()?;
            let totals = || Totals::of(works.iter().map(|(_, work)| work));
            Some(Run {
                places: *first..first.saturating_add(works.len()),
                totals: if alone { None } else { Some(totals()?) },
            })
        };
        runs.map(run).collect()
    }

    /// Returns the output of the step at `place`, if it is done. Looks at those of thread `me`
    /// first.
    fn output(&self, me: usize, place: usize) -> Option<&StepOutput> {
        let (before, from) = self.done.split_at_checked(me)?;
        from.iter().chain(before).find_map(|done| {
            let outputs = done.outputs.get()?;
            let found = outputs.binary_search_by_key(&place, |(of, _)| *of).ok()?;
            outputs.get(found).map(|(_, output)| output)
        })
    }
}

/// Ends the epoch for all threads when it is dropped, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
