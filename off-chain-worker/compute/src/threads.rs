//! The threads that all epochs of this process share.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{sync::OnceLock, thread};

/// Does `work` on a thread of the pool if there is one and `large` is true, else on the caller's.
/// On a thread of the pool, parallel iterators use all of them. A thread that waits for others may
/// begin other work meanwhile, so work must not hold a lock, and its time includes that of others.
pub fn enter<R: Send>(large: bool, work: impl FnOnce() -> R + Send) -> R {
    match large.then(pool).flatten() {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Returns true on a thread of the pool.
pub fn is_within() -> bool {
    rayon::current_thread_index().is_some()
}

/// Returns the pool, one thread per core, started when it is first needed. `None` if the system
/// gives no threads: then the caller's thread computes alone, and the log says so.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let start = || {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let pool = ThreadPoolBuilder::new().thread_name(|number| format!("kernel-{number}"));
        let pool = pool.num_threads(cores).build();
        pool.inspect_err(|error| {
            tracing::warn!(%error, "epochs are computed on one core: no threads could be started");
        })
        .ok()
    };
    POOL.get_or_init(start).as_ref()
}
