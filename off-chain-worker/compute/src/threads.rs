//! The threads that all epochs of this process share.
//!
//! A thread that sleeps takes as long to wake as a small epoch takes to compute, or longer: a
//! system may give it the core of the thread that wakes it. So no work waits for a thread to wake.
//! It is begun alone, and threads that are awake are invited to help.

use rayon::{Scope, ThreadPool, ThreadPoolBuilder, Yield};
use std::{
    cell::Cell,
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
/// Looks after the last helper has gone, until the pool knows it too.
const LAST_LOOKS: u32 = 50;

thread_local! {
    /// True on a thread that stays awake.
    static STAYING: Cell<bool> = const { Cell::new(false) };
}

/// Threads that may share work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// Largest number of threads that help. With zero, none is invited or started.
    pub most: usize,
    /// Number of threads that are woken for it, if they sleep.
    pub wake: usize,
}

/// Invites threads that are awake and have nothing to do. It takes nanoseconds if there are none.
pub type Invite<'a> = dyn Fn() + 'a;

/// The threads beside those that have work to share.
struct Helpers {
    pool: ThreadPool,
    /// Number of those that sleep.
    asleep: AtomicUsize,
    /// Number of those that are awake, less the invitations that are not over.
    awake: AtomicUsize,
}

/// Calls `work` on this thread, and `helper` on each thread that `work` invites, within the limits
/// of `help`. Returns what `work` does when all calls have ended.
///
/// The calls must divide the work among themselves, and `work` alone must be able to do all of it.
/// If a call panics, so does this function.
pub fn share<R>(help: Help, work: impl FnOnce(&Invite) -> R, helper: impl Fn() + Sync) -> R {
    let helpers = (help.most > 0).then(helpers).flatten();
    // A helper that waited for others would do their work meanwhile.
    let others = helpers.filter(|helpers| helpers.pool.current_thread_index().is_none());
    let Some(helpers) = others else {
        return work(&|| ());
    };
    helpers.wake(help.wake.min(help.most));
    let left = AtomicUsize::new(help.most);
    let inside = AtomicUsize::new(0);
    helpers.pool.in_place_scope(|scope| {
        let done = work(&|| helpers.invite(scope, &left, &inside, &helper));
        // The end of the scope is waited for asleep.
        let mut looks = 0..LOOKS;
        while inside.load(Ordering::Relaxed) > 0 && looks.next().is_some() {
            spin_loop();
        }
        if left.load(Ordering::Relaxed) < help.most {
            (0..LAST_LOOKS).for_each(|_| spin_loop());
        }
        done
    })
}

/// Returns what `item` makes of each number below `count`, in order, within the limits of `help`.
pub fn map<T: Send + Sync>(help: Help, count: usize, item: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if help.most == 0 {
        return (0..count).map(item).collect();
    }
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
    share(help, fill, || fill(&|| ()));
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

/// Returns the number of threads that may help.
pub fn count() -> usize {
    helpers().map_or(0, |helpers| helpers.pool.current_num_threads())
}

impl Helpers {
    /// Begins to wake threads until `count` are awake, if as many sleep.
    fn wake(&'static self, count: usize) {
        for _ in self.awake.load(Ordering::Relaxed)..count {
            if !take_one(&self.asleep) {
                break;
            }
            self.pool.spawn(|| self.stay_awake());
        }
    }

    /// Invites threads that are awake, as many as are `left` to be invited.
    fn invite<'a>(
        &'static self,
        scope: &Scope<'a>,
        left: &AtomicUsize,
        inside: &'a AtomicUsize,
        helper: &'a (impl Fn() + Sync),
    ) {
        while left.load(Ordering::Relaxed) > 0 && take_one(&self.awake) {
            left.fetch_sub(1, Ordering::Relaxed);
            inside.fetch_add(1, Ordering::Relaxed);
            scope.spawn(|_| {
                let _leaving = Leaving(&self.awake, inside);
                helper();
            });
        }
    }

    /// Accepts invitations, until there has been none for a moment.
    fn stay_awake(&self) {
        if STAYING.replace(true) {
            // This thread has found, while it stays awake, what was to wake another one.
            self.asleep.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.awake.fetch_add(1, Ordering::Relaxed);
        let mut since = Instant::now();
        loop {
            if rayon::yield_now() == Some(Yield::Executed) {
                since = Instant::now();
            }
            // Without one to take, a thread is invited, and this one may be it.
            if since.elapsed() >= AWAKE && take_one(&self.awake) {
                self.asleep.fetch_add(1, Ordering::Relaxed);
                STAYING.set(false);
                return;
            }
            spin_loop();
        }
    }
}

/// Takes one off `number`. Returns false if nothing is left.
fn take_one(number: &AtomicUsize) -> bool {
    // A look is cheaper than an exchange.
    number.load(Ordering::Relaxed) > 0
        && number
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
                number.checked_sub(1)
            })
            .is_ok()
}

/// Ends an invitation, however the help ends.
struct Leaving<'a>(&'a AtomicUsize, &'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.fetch_sub(1, Ordering::Relaxed);
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
        let pool = pool.ok()?;
        Some(Helpers {
            asleep: AtomicUsize::new(pool.current_num_threads()),
            awake: AtomicUsize::new(0),
            pool,
        })
    };
    HELPERS.get_or_init(start).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, AssertUnwindSafe};

    const ALL: Help = Help {
        most: usize::MAX,
        wake: usize::MAX,
    };
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
            if catch_unwind(AssertUnwindSafe(|| share(ALL, work, help))).is_err() {
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
                    for help in [Help::default(), Help { most: 1, wake: 0 }, ALL] {
                        assert_eq!(map(help, 1_000, |number| number * number), squares);
                    }
                });
            }
        });
        assert!(map(ALL, 0, |number| number).is_empty());
    }

    #[test]
    fn threads_that_wake_help_again_and_again() {
        if count() == 0 {
            return;
        }
        for panics in [false, true, false] {
            let panicked = until_helped(|| assert!(!panics, "a thread that panics"));
            assert_eq!(panicked, panics);
        }
    }
}
