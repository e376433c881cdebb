//! The threads that all epochs of this process share.
//!
//! A thread that sleeps takes as long to wake as a small epoch takes to compute, or longer: a
//! system may give it the core of the thread that wakes it. So nothing waits for a thread to wake.
//! Work is begun alone, and threads that are awake are invited to help.

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use std::{
    hint::spin_loop,
    sync::{
        atomic::{AtomicUsize, Ordering},
        OnceLock,
    },
    thread,
    time::{Duration, Instant},
};

/// Time for which a thread that has nothing to do stays awake.
const AWAKE: Duration = Duration::from_micros(200);
/// Number of looks at what another thread will soon change, before this one lets others run.
const LOOKS: u32 = 1_000;

/// Invites the threads that are awake and have nothing to do to help. It takes nanoseconds.
pub type Invite<'a> = dyn Fn() + 'a;

/// The threads beside those that have work to share. Each of them sleeps, is awake with nothing to
/// do, or helps.
struct Helpers {
    pool: ThreadPool,
    /// Number of those that sleep.
    asleep: AtomicUsize,
    /// Number of those that are awake, without those that are invited.
    awake: AtomicUsize,
    /// Number of invitations that no thread has seen yet.
    invitations: AtomicUsize,
}

/// Calls `work` on this thread, and `help` on each thread that `work` invites. Begins to wake
/// `wake` threads, if as many sleep. Returns what `work` does when all calls have ended.
///
/// The calls must divide the work among themselves, and `work` alone must be able to do all of it.
/// If a call panics, so does this function.
pub fn share<R>(wake: usize, work: impl FnOnce(&Invite) -> R, help: impl Fn() + Sync) -> R {
    let Some(helpers) = helpers() else {
        return work(&|| ());
    };
    helpers.wake(wake);
    let inside = AtomicUsize::new(0);
    helpers.pool.in_place_scope(|scope| {
        let done = work(&|| helpers.invite(scope, &inside, &help));
        // The end of the scope is waited for asleep.
        let mut looks = 0..LOOKS;
        while inside.load(Ordering::Relaxed) > 0 && looks.next().is_some() {
            spin_loop();
        }
        done
    })
}

/// Returns what `item` makes of each number below `count`, in order. Shared as by [`share`].
pub fn map<T: Send + Sync>(wake: usize, count: usize, item: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let places: Vec<OnceLock<T>> = (0..count).map(|_| OnceLock::new()).collect();
    let taken = AtomicUsize::new(0);
    let fill = |invite: &Invite| {
        while let Some(number) = take(&taken, count) {
            invite();
            if let Some(place) = places.get(number) {
                place.get_or_init(|| item(number));
            }
        }
    };
    share(wake, fill, || fill(&|| ()));
    // Every place is filled, so none is made here.
    let filled = |(number, place): (usize, OnceLock<T>)| {
        let made = place.into_inner();
        made.unwrap_or_else(|| item(number))
    };
    places.into_iter().enumerate().map(filled).collect()
}

/// Takes the next of `count` numbers, of which `taken` counts those that are taken.
pub fn take(taken: &AtomicUsize, count: usize) -> Option<usize> {
    // Each thread counts past the end once, so the number does not overflow.
    let number = taken.fetch_add(1, Ordering::Relaxed);
    (number < count).then_some(number)
}

/// Waits until `ready` returns something, which another thread does soon.
pub fn wait<T>(ready: impl Fn() -> Option<T>) -> T {
    let mut looks = 0..LOOKS;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        match looks.next() {
            Some(_) => spin_loop(),
            None => thread::yield_now(),
        }
    }
}

/// Returns the number of threads that may share work, the caller's included.
pub fn count() -> usize {
    let helpers = helpers().map_or(0, |helpers| helpers.pool.current_num_threads());
    helpers.saturating_add(1)
}

impl Helpers {
    /// Begins to wake `count` threads, if as many sleep. A thread that has woken wakes others: it
    /// takes a part of the time of an epoch.
    fn wake(&'static self, count: usize) {
        let Some(rest) = count.checked_sub(1) else {
            return;
        };
        if take_one(&self.asleep) {
            self.pool.spawn(move || {
                let half = rest / 2;
                self.wake(half);
                self.wake(rest.saturating_sub(half));
                self.stay_awake();
            });
        }
    }

    /// Invites the threads that are awake.
    fn invite<'a>(
        &'static self,
        scope: &Scope<'a>,
        inside: &'a AtomicUsize,
        help: &'a (impl Fn() + Sync),
    ) {
        while take_one(&self.awake) {
            inside.fetch_add(1, Ordering::Relaxed);
            scope.spawn(|_| {
                // It stays awake afterwards. What it leaves ends with its last act here.
                rayon::spawn(|| self.stay_awake());
                let _leaving = Leaving(inside);
                help();
            });
            self.invitations.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits for an invitation, for a moment. What it invites to is the pool's next job.
    fn stay_awake(&self) {
        self.awake.fetch_add(1, Ordering::Release);
        let until = Instant::now().checked_add(AWAKE);
        while !take_one(&self.invitations) {
            let is_over = until.is_none_or(|until| Instant::now() >= until);
            // A thread that is invited now waits to see it.
            if is_over && take_one(&self.awake) {
                self.asleep.fetch_add(1, Ordering::Release);
                return;
            }
            spin_loop();
        }
    }
}

/// Takes one off `number`. Returns false if nothing is left.
fn take_one(number: &AtomicUsize) -> bool {
    // A look is cheaper than an exchange.
    number.load(Ordering::Acquire) > 0
        && number
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |number| {
                number.checked_sub(1)
            })
            .is_ok()
}

/// Counts a thread that helps as gone, however its help ends.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the threads, one per core but the caller's, started when they are first needed. `None`
/// if there is one core, or if the system gives no threads: then the caller's thread works alone,
/// and the log says so.
fn helpers() -> Option<&'static Helpers> {
    static HELPERS: OnceLock<Option<Helpers>> = OnceLock::new();
    let start = || {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let count = cores.checked_sub(1).filter(|count| *count > 0)?;
        let pool = ThreadPoolBuilder::new().thread_name(|number| format!("kernel-{number}"));
        let pool = pool.num_threads(count).build();
        let pool = pool.inspect_err(|error| {
            tracing::warn!(%error, "epochs are computed on one core: no threads could be started");
        });
        Some(Helpers {
            pool: pool.ok()?,
            asleep: AtomicUsize::new(count),
            awake: AtomicUsize::new(0),
            invitations: AtomicUsize::new(0),
        })
    };
    HELPERS.get_or_init(start).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, AssertUnwindSafe};

    /// Longest wait for a thread to help. On a machine under load one may sleep again before it
    /// is invited.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Wakes and invites threads until one has called `help`, or one has panicked. Returns true if
    /// a call has panicked.
    fn until_helped(help: impl Fn() + Sync) -> bool {
        let came = AtomicUsize::new(0);
        let help = || {
            came.fetch_add(1, Ordering::Relaxed);
            help();
        };
        let work = |invite: &Invite| {
            for _ in 0..1_000 {
                invite();
                thread::yield_now();
            }
        };
        let start = Instant::now();
        while came.load(Ordering::Relaxed) == 0 {
            assert!(start.elapsed() < PATIENCE, "no thread helps");
            if catch_unwind(AssertUnwindSafe(|| share(usize::MAX, work, help))).is_err() {
                return true;
            }
        }
        false
    }

    #[test]
    fn numbers_keep_their_order() {
        let squares: Vec<usize> = (0..1_000).map(|number| number * number).collect();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for wake in [0, 1, usize::MAX] {
                        assert_eq!(map(wake, 1_000, |number| number * number), squares);
                    }
                });
            }
        });
        assert!(map(usize::MAX, 0, |number| number).is_empty());
    }

    #[test]
    fn threads_that_wake_help_again_and_again() {
        if count() == 1 {
            return;
        }
        for panics in [false, true, false] {
            let panicked = until_helped(|| assert!(!panics, "a thread that panics"));
            assert_eq!(panicked, panics);
        }
    }
}
