//! The threads that all epochs of this process share.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{hint::black_box, sync::OnceLock, thread};

/// Half of the freed bytes that are kept. No memory is touched for it.
const KEPT: usize = 8 * 1024 * 1024;

/// Does `work` on a thread of the pool if there is one and `large` is true, else on the caller's.
/// On a thread of the pool, parallel iterators use all of them. A thread that waits for others may
/// begin other work meanwhile, so work must not hold a lock, and its time includes that of others.
pub fn enter<R: Send>(large: bool, work: impl FnOnce() -> R + Send) -> R {
    match large.then(pool).flatten() {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Makes the allocator keep memory that an epoch frees for the next one.
///
/// The C library of most Linux systems returns freed memory to the system beyond 128 KiB for each
/// thread. To have it back costs two threads a quarter of an epoch. A large piece that is freed
/// once raises that bound for the process, to twice the piece. Other allocators do nothing.
fn keep_freed_memory() {
    drop(black_box(Vec::<u8>::with_capacity(KEPT)));
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
        keep_freed_memory();
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
