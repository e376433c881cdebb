//! The memory of a server: connections, nonces, buckets, counters. All of it is bounded.

use super::{
    bucket::{Bucket, Rate},
    freshness::{Clock, Freshness},
    gate::Gate,
    works::Works,
    Admitted, Limits, Mark, Roster,
};
use bytes::Bytes;
use inktensor_primitives::AccountId;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;

/// Seconds by which the mark may be ahead of the clock when a process that was killed starts again.
const SHORT: u64 = 10;

/// A kind of event that the server counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Connections that were admitted.
    Connected,
    /// Connections that were closed at once.
    Closed,
    /// Unsigned pages that were served.
    Read,
    /// Requests that were refused before their signature was verified.
    Unsigned,
    /// Requests whose signature was wrong.
    Forged,
    /// Signed questions that were refused: replayed, too many, busy, or with a wrong body.
    Refused,
    /// Questions that the service answered in time, with any status.
    Answered,
}

/// The numbers of events since a server's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were admitted.
    pub connected: u64,
    /// Connections that were closed at once: too many, or too fast.
    pub closed: u64,
    /// Unsigned pages that were served.
    pub read: u64,
    /// Requests that were refused before their signature was verified.
    pub unsigned: u64,
    /// Requests whose signature was wrong.
    pub forged: u64,
    /// Signed questions that were refused: replayed, too many, busy, or with a wrong body.
    pub refused: u64,
    /// Questions that the service answered in time, with any status.
    pub answered: u64,
    /// Connections of callers of the roster that were meant for another certificate or hotkey.
    pub misled: u64,
}

/// A page that was signed in a second, so that it is signed once a second at most.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) created: u64,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) limits: Limits,
    pub(super) works: Works,
    pub(super) transfers: Arc<Semaphore>,
    pub(super) mark: Option<Arc<Mark>>,
    gate: Mutex<Gate>,
    freshness: Mutex<Freshness>,
    buckets: Mutex<Buckets>,
    hello: Mutex<Option<Signed>>,
    counts: [AtomicU64; 7],
}

#[derive(Debug)]
struct Buckets {
    callers: HashMap<AccountId, Bucket>,
    guests: Bucket,
}

impl State {
    pub(super) fn new(limits: Limits, mark: Option<Arc<Mark>>) -> Self {
        let clock = Clock::read();
        let first = first(mark.as_deref(), clock.seconds);
        let guests = Rate::new(limits.guests, limits.burst);
        Self {
            works: Works::new(&limits),
            transfers: Arc::new(Semaphore::new(limits.transfers)),
            gate: Mutex::new(Gate::new(&limits)),
            freshness: Mutex::new(Freshness::new(&limits, first, clock)),
            buckets: Mutex::new(Buckets {
                callers: HashMap::new(),
                guests: Bucket::new(guests, Instant::now()),
            }),
            hello: Mutex::new(None),
            counts: Default::default(),
            mark,
            limits,
        }
    }

    pub(super) fn gate(&self) -> MutexGuard<'_, Gate> {
        lock(&self.gate)
    }

    pub(super) fn freshness(&self) -> MutexGuard<'_, Freshness> {
        lock(&self.freshness)
    }

    pub(super) fn hello(&self) -> MutexGuard<'_, Option<Signed>> {
        lock(&self.hello)
    }

    /// Takes a token of a caller, whose share follows its stake of `all`, or of the guests.
    ///
    /// # Errors
    /// The seconds after which there is one again, rounded up.
    pub(super) fn take(
        &self,
        hotkey: AccountId,
        admitted: Option<Admitted>,
        all: u128,
    ) -> Result<(), u64> {
        let now = Instant::now();
        let limits = &self.limits;
        let mut buckets = lock(&self.buckets);
        let taken = match admitted {
            Some(Admitted { stake, .. }) => {
                let stake = stake.to_u128();
                let rate = Rate::of_stake(limits.floor, limits.capacity, stake, all, limits.burst);
                let bucket = buckets.callers.entry(hotkey);
                bucket
                    .or_insert_with(|| Bucket::new(rate, now))
                    .take(rate, now)
            }
            None => buckets
                .guests
                .take(Rate::new(limits.guests, limits.burst), now),
        };
        taken.map_err(seconds_after)
    }

    /// Looks whether the bucket of the guests has a token now, and takes none.
    ///
    /// # Errors
    /// The seconds after which there is one again, rounded up.
    pub(super) fn guests_have_a_token(&self) -> Result<(), u64> {
        let rate = Rate::new(self.limits.guests, self.limits.burst);
        let mut looked_at = lock(&self.buckets).guests;
        looked_at.take(rate, Instant::now()).map_err(seconds_after)
    }

    /// Forgets the buckets of callers that left the roster.
    pub(super) fn keep_buckets_of(&self, roster: &Roster) {
        lock(&self.buckets)
            .callers
            .retain(|hotkey, _| roster.callers.contains_key(hotkey));
    }

    pub(super) fn count(&self, event: Event) {
        if let Some(count) = self.counts.get(event.place()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let of = |event: Event| {
            let count = self.counts.get(event.place());
            count.map_or(0, |count| count.load(Ordering::Relaxed))
        };
        Counts {
            connected: of(Event::Connected),
            closed: of(Event::Closed),
            read: of(Event::Read),
            unsigned: of(Event::Unsigned),
            forged: of(Event::Forged),
            refused: of(Event::Refused),
            answered: of(Event::Answered),
            misled: self.gate().count_misled(),
        }
    }

    /// Records a question of a caller of the roster from an address.
    pub(super) fn welcome(&self, caller: AccountId, address: IpAddr) {
        let misled = self.gate().welcome(caller, address, Instant::now());
        warn_of_misled(misled, address);
    }

    /// Records a connection that was meant for another certificate or another hotkey.
    pub(super) fn misled(&self, address: IpAddr) {
        let misled = self.gate().misled(address, Instant::now());
        warn_of_misled(misled, address);
    }

    /// Returns when all connections have ended, or the grace is over.
    pub(super) async fn drained(&self) {
        let step = Duration::from_millis(20);
        let none = async {
            while self.gate().open() > 0 {
                tokio::time::sleep(step).await;
            }
        };
        // The connections that remain then end with their own grace.
        let _ = timeout(self.limits.grace, none).await;
    }
}

impl Event {
    const fn place(self) -> usize {
        match self {
            Self::Connected => 0,
            Self::Closed => 1,
            Self::Read => 2,
            Self::Unsigned => 3,
            Self::Forged => 4,
            Self::Refused => 5,
            Self::Answered => 6,
        }
    }
}

/// Returns the first `created` above the mark, which no server before this one has accepted. Logs a
/// warning if the clock is far behind it.
fn first(mark: Option<&Mark>, now: u64) -> u64 {
    let Some(mark) = mark else {
        return 0;
    };
    let first = mark.first();
    let behind = first.saturating_sub(now);
    if behind > SHORT {
        warn!(
            "the clock is {behind} s behind the newest question that may have been answered; \
             questions are refused until it is past {first}; set the clock right, or remove {} if \
             the clock was ahead before",
            mark.path().display()
        );
    }
    first
}

fn warn_of_misled(number: Option<u32>, address: IpAddr) {
    if let Some(number) = number {
        warn!(
            "{number} connections of {address}, from which a caller of the roster asks, were meant \
             for another certificate or hotkey; find the neurons that publish this host and port \
             with `inktensor metagraph`"
        );
    }
}

/// Returns the seconds to wait for a token, rounded up.
fn seconds_after(wait: Option<Duration>) -> u64 {
    // A rate of zero never has a token again: a minute is as good as any answer.
    let wait = wait.unwrap_or(Duration::from_secs(60));
    wait.as_secs().saturating_add(1)
}

/// Returns the seconds since 1970.
pub(crate) fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |it| it.as_secs())
}

// A panic elsewhere leaves the state of this module whole: each lock is held for one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
