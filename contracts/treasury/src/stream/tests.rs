use super::*;
use proptest::prelude::*;

const PAYEE: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn new(total: u64, [start, cliff, end]: [u32; 3]) -> NewStream {
    NewStream {
        payee: PAYEE.into(),
        total: Rao(total),
        start,
        cliff,
        end,
    }
}

fn out_of_bounds(field: GrantField, [value, min, max]: [u64; 3]) -> TreasuryError {
    TreasuryError::OutOfBounds {
        field,
        value,
        min,
        max,
    }
}

#[test]
fn a_stream_vests_from_its_cliff_to_its_end() {
    let stream = Stream::open(&new(1_000, [100, 150, 400]), 120).unwrap();
    for (now, vested) in [
        (0, 0),
        (149, 0),
        (150, 166),
        (151, 170),
        (399, 996),
        (400, 1_000),
        (u32::MAX, 1_000),
    ] {
        assert_eq!(stream.vested(now), Rao(vested), "{now}");
    }
}

#[test]
fn bad_times_are_refused_with_their_bounds() {
    let latest = u64::from(5 + LONGEST_GRANT);
    let end = |values| Some(out_of_bounds(GrantField::End, values));
    let cliff = |values| Some(out_of_bounds(GrantField::Cliff, values));
    for (times, error) in [
        ([7, 7, 7], end([7, 8, latest])),
        ([7, 7, 6], end([6, 8, latest])),
        ([7, 7, 6 + LONGEST_GRANT], end([latest + 1, 8, latest])),
        ([7, 6, 9], cliff([6, 7, 9])),
        ([7, 10, 9], cliff([10, 7, 9])),
        (
            [u32::MAX, u32::MAX, u32::MAX],
            end([u64::from(u32::MAX), u64::from(u32::MAX), latest]),
        ),
        ([7, 7, 8], None),
        ([0, 0, 5 + LONGEST_GRANT], None),
    ] {
        assert_eq!(Stream::open(&new(1, times), 5).err(), error, "{times:?}");
    }
}

#[test]
fn a_stream_is_claimed_in_parts_and_once() {
    let mut stream = Stream::open(&new(10, [0, 0, 10]), 0).unwrap();
    assert_eq!(stream.claim(0), Err(TreasuryError::NothingToClaim));
    assert_eq!(stream.claim(4), Ok(Rao(4)));
    assert_eq!(stream.claim(4), Err(TreasuryError::NothingToClaim));
    assert_eq!((stream.claimable(9), stream.owed()), (Rao(5), Rao(6)));
    assert_eq!(stream.claim(99), Ok(Rao(6)));
    assert_eq!((stream.claimable(100), stream.owed()), (Rao(0), Rao(0)));
}

#[test]
fn what_has_vested_outlives_the_revocation() {
    let mut stream = Stream::open(&new(10, [0, 0, 10]), 0).unwrap();
    assert_eq!(stream.claim(2), Ok(Rao(2)));
    assert_eq!(stream.revoke(5), Ok(Rao(5)));
    assert_eq!(stream.revoke(6), Err(TreasuryError::AlreadyRevoked(5)));
    assert_eq!((stream.owed(), stream.vested(99)), (Rao(3), Rao(5)));
    assert_eq!(stream.claim(99), Ok(Rao(3)));
    assert_eq!(stream.claim(99), Err(TreasuryError::NothingToClaim));
    let mut early = Stream::open(&new(10, [0, 5, 10]), 0).unwrap();
    assert_eq!((early.revoke(4), early.owed()), (Ok(Rao(10)), Rao(0)));
    let mut late = Stream::open(&new(10, [0, 5, 10]), 0).unwrap();
    assert_eq!((late.revoke(10), late.owed()), (Ok(Rao(0)), Rao(10)));
}

#[test]
fn only_the_payee_names_another_one() {
    let mut stream = Stream::open(&new(10, [0, 0, 10]), 0).unwrap();
    let refused = stream.set_payee(OTHER.into(), OTHER.into());
    assert_eq!(refused, Err(TreasuryError::NotPayee));
    let from = stream.set_payee(PAYEE.into(), OTHER.into());
    assert_eq!(from, Ok(PAYEE.into()));
    let refused = stream.set_payee(PAYEE.into(), PAYEE.into());
    assert_eq!(refused, Err(TreasuryError::NotPayee));
    assert_eq!(stream.payee(), OTHER.into());
}

proptest! {
    /// T4: what has vested never falls, is at most the amount, and is the exact quotient.
    #[test]
    fn vesting_is_monotone_and_exact(
        total in 1..=u64::MAX,
        start in 0u32..1_000_000,
        to_cliff in 0u32..100_000,
        to_end in 1u32..100_000,
        blocks in proptest::collection::vec(0u32..2_000_000, 1..30),
    ) {
        let (cliff, end) = (start + to_cliff, start + to_cliff + to_end);
        let stream = Stream::open(&new(total, [start, cliff, end]), 0).unwrap();
        let (mut blocks, mut before) = (blocks, Rao::ZERO);
        blocks.extend([start, cliff, end, cliff.saturating_sub(1), end - 1]);
        blocks.sort_unstable();
        for now in blocks {
            let vested = stream.vested(now);
            prop_assert!(before <= vested && vested <= Rao(total));
            let (elapsed, length) = (now.min(end).saturating_sub(start), end - start);
            let (part, whole) = (u128::from(vested.0) * u128::from(length),
                u128::from(total) * u128::from(elapsed));
            if now < cliff {
                prop_assert_eq!(vested, Rao::ZERO);
            } else {
                prop_assert!(part <= whole && whole < part + u128::from(length));
            }
            before = vested;
        }
    }

    /// Claims, whenever they come, and what a revocation frees sum to the amount.
    #[test]
    fn claims_and_the_freed_rest_are_the_amount(
        total in 1..=Rao::CAP.0,
        waits in proptest::collection::vec(0u32..300, 0..20),
        revoked in proptest::option::of(0usize..20),
    ) {
        let mut stream = Stream::open(&new(total, [10, 200, 1_000]), 0).unwrap();
        let (mut now, mut paid, mut freed) = (0, 0, 0);
        for (step, wait) in waits.into_iter().enumerate() {
            now += wait;
            if revoked == Some(step) {
                freed = stream.revoke(now).unwrap().0;
            }
            paid += stream.claim(now).unwrap_or_default().0;
            prop_assert_eq!(paid + freed + stream.owed().0, total);
        }
        paid += stream.claim(5_000).unwrap_or_default().0;
        prop_assert_eq!((paid + freed, stream.owed()), (total, Rao::ZERO));
    }
}
