//! The window, its nonces, and clocks that part.

use super::*;
use proptest::prelude::*;

const NOW: u64 = 1_764_344_000;

fn fresh(quiet: u64, nonces: usize) -> Freshness {
    Freshness::new(
        &Limits {
            quiet,
            nonces,
            ..Limits::default()
        },
        0,
        clock(NOW),
    )
}

/// Returns a reading of a clock that runs evenly.
fn clock(now: u64) -> Clock {
    apart(now, now)
}

/// Returns a reading of a clock that should have shown `expected`.
fn apart(now: u64, expected: u64) -> Clock {
    thread_local!(static START: Instant = Instant::now());
    let steady = Duration::from_secs(expected - (NOW - 1000));
    Clock {
        seconds: now,
        steady: START.with(|start| *start) + steady,
    }
}

fn key(byte: u8) -> AccountId {
    [byte; 32].into()
}

#[test]
fn check_bounds_created_on_both_sides() {
    let mut fresh = fresh(0, 8);
    for created in [NOW - 10, NOW, NOW + 2] {
        assert_eq!(
            fresh.check(created, created + 20, clock(NOW)),
            Ok(()),
            "{created}"
        );
    }
    for created in [0, NOW - 11, NOW + 3, u64::MAX] {
        let expires = created.saturating_add(20);
        assert_eq!(
            fresh.check(created, expires, clock(NOW)),
            Err(Stale::Outside),
            "{created}"
        );
    }
}

#[test]
fn check_bounds_the_lifetime() {
    let mut fresh = fresh(0, 8);
    assert_eq!(fresh.check(NOW, NOW + 60, clock(NOW)), Ok(()));
    for expires in [0, NOW, NOW - 1, NOW + 61, u64::MAX] {
        assert_eq!(
            fresh.check(NOW, expires, clock(NOW)),
            Err(Stale::Outside),
            "{expires}"
        );
    }
    assert_eq!(fresh.check(NOW - 5, NOW, clock(NOW)), Err(Stale::Outside));
}

#[test]
fn check_after_a_restart_refuses_what_the_process_before_may_have_accepted() {
    let limits = Limits::default();
    let mut before = Freshness::new(
        &Limits {
            quiet: 0,
            ..limits.clone()
        },
        0,
        clock(NOW - 100),
    );
    let mut after = Freshness::new(&limits, 0, clock(NOW));
    // The clock of a restarted process is not behind that of the process before.
    for created in NOW - 20..NOW + 20 {
        let accepted = before.check(created, created + 60, clock(NOW)).is_ok();
        for later in NOW..NOW + 20 {
            let again = after.check(created, created + 60, clock(later));
            assert!(!(accepted && again.is_ok()), "{created} at {later}");
        }
    }
    let mut after = Freshness::new(&limits, 0, clock(NOW));
    assert_eq!(
        after.check(NOW, NOW + 60, clock(NOW)),
        Err(Stale::Early(NOW + 3))
    );
    assert_eq!(after.check(NOW + 3, NOW + 60, clock(NOW + 3)), Ok(()));
}

#[test]
fn check_after_a_restart_with_a_clock_that_went_back_refuses_all_up_to_the_mark() {
    // The process before has accepted a question of this second, and has stored it.
    let mark = NOW + 2;
    for back in [1, 5, 60, 900] {
        let mut after = Freshness::new(&Limits::default(), mark + 1, clock(NOW - back));
        let mut accepted = Vec::new();
        for now in NOW - back..NOW + 20 {
            for created in now - 10..=now + 2 {
                if after.check(created, created + 60, clock(now)).is_ok() {
                    accepted.push(created);
                }
            }
        }
        assert_eq!(accepted.into_iter().min(), Some(mark + 1), "{back}");
    }
}

#[test]
fn remember_refuses_the_same_nonce_of_the_same_key_only() {
    let mut fresh = fresh(0, 8);
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Ok(()));
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Err(Stale::Replayed));
    assert_eq!(fresh.remember(key(2), NOW, [1; 16]), Ok(()));
    assert_eq!(fresh.remember(key(1), NOW, [2; 16]), Ok(()));
    assert_eq!(fresh.kept(), 3);
}

#[test]
fn remember_refuses_above_the_bound_and_forgets_whole_seconds() {
    let mut fresh = fresh(0, 3);
    for nonce in 0..3 {
        assert_eq!(fresh.remember(key(1), NOW, [nonce; 16]), Ok(()));
    }
    assert_eq!(fresh.remember(key(1), NOW, [3; 16]), Err(Stale::Full));
    assert_eq!(fresh.check(NOW + 11, NOW + 20, clock(NOW + 11)), Ok(()));
    assert_eq!(fresh.kept(), 0);
    assert_eq!(fresh.remember(key(1), NOW + 11, [3; 16]), Ok(()));
}

#[test]
fn a_clock_that_is_set_back_reopens_no_window() {
    let mut fresh = fresh(0, 8);
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Ok(()));
    assert_eq!(fresh.check(NOW + 30, NOW + 40, clock(NOW + 30)), Ok(()));
    assert_eq!(fresh.check(NOW, NOW + 60, clock(NOW)), Err(Stale::Outside));
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Err(Stale::Outside));
}

#[test]
fn one_reading_ahead_shuts_nothing() {
    let mut fresh = fresh(0, 8);
    let day = 86_400;
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Ok(()));
    let ahead = apart(NOW + day, NOW + 1);
    assert_eq!(fresh.check(NOW, NOW + 60, ahead), Err(Stale::Outside));
    assert_eq!(fresh.check(NOW + 2, NOW + 60, clock(NOW + 2)), Ok(()));
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Err(Stale::Replayed));
}

#[test]
fn a_clock_that_stays_ahead_is_taken_for_right() {
    let mut fresh = fresh(0, 8);
    let day = 86_400;
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Ok(()));
    let believed = BELIEVED.as_secs();
    for (passed, kept) in [(1, 1), (believed, 1), (believed + 1, 0)] {
        let now = NOW + day + passed;
        let reading = apart(now, NOW + passed);
        // Questions are answered by the clock all the time.
        assert_eq!(fresh.check(now, now + 60, reading), Ok(()));
        assert_eq!(fresh.kept(), kept, "after {passed}");
    }
    assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Err(Stale::Outside));
    let back = clock(NOW + believed + 2);
    let created = back.seconds;
    assert_eq!(
        fresh.check(created, created + 60, back),
        Err(Stale::Outside)
    );
}

#[test]
fn a_steady_clock_keeps_no_more_seconds_than_the_window() {
    let mut fresh = fresh(0, 1024);
    for passed in 0..60 {
        for created in NOW + passed - 10..=NOW + passed + 2 {
            let nonce = [u8::try_from(passed).unwrap(); 16];
            assert_eq!(
                fresh.check(created, created + 60, clock(NOW + passed)),
                Ok(())
            );
            assert_eq!(fresh.remember(key(1), created, nonce), Ok(()));
        }
        assert_eq!(fresh.seen.len(), 13);
    }
}

proptest! {
    /// No nonce is accepted twice, however clock and times move.
    #[test]
    fn no_nonce_is_accepted_twice(
        events in prop::collection::vec(
            (0u64..40, 0u64..40, 1u64..61, 0u8..3, 0u64..30),
            1..200,
        )
    ) {
        let mut fresh = fresh(3, 64);
        let mut accepted = HashSet::new();
        let mut passed = 0;
        for (clock, created, life, nonce, pause) in events {
            passed += pause;
            let reading = apart(NOW + clock, NOW + passed);
            let created = NOW + created;
            let nonce = [nonce; 16];
            let checked = fresh.check(created, created + life, reading);
            if checked.is_ok() && fresh.remember(key(1), created, nonce).is_ok() {
                prop_assert!(accepted.insert((created, nonce)));
            }
            prop_assert!(fresh.kept() <= 64);
        }
    }
}
