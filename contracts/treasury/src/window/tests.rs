use super::*;
use proptest::prelude::*;

const TAO: u64 = Rao::PER_TAO;

fn refused(amount: u64, left: u64) -> Result<(), TreasuryError> {
    Err(TreasuryError::AboveLimit {
        amount: Rao(amount),
        left: Rao(left),
    })
}

#[test]
fn a_tenth_goes_out_at_once_or_in_slices() {
    let mut window = Window::default();
    assert_eq!(window.spend(Rao(1_000), Rao(101), 0), refused(101, 100));
    assert_eq!(window.spend(Rao(1_000), Rao(40), 0), Ok(()));
    assert_eq!(window.spend(Rao(960), Rao(61), 5 * DAY), refused(61, 60));
    assert_eq!(window.spend(Rao(960), Rao(60), 5 * DAY), Ok(()));
    assert_eq!(window.spend(Rao(900), Rao(1), 6 * DAY), refused(1, 0));
    let limits = window.limits(Rao(900), Rao(7), 6 * DAY);
    assert_eq!(
        limits,
        Limits {
            from: 0,
            ends: Some(31 * DAY),
            base: Rao(1_000),
            out: Rao(100),
            left: Rao(0),
            free: Rao(900),
            committed: Rao(7),
        }
    );
}

/// Two tenths within a few blocks would be the flaw of windows that follow each other.
#[test]
fn the_first_and_the_last_block_of_a_window_share_one_tenth() {
    for first in [0, 1, DAY - 1, DAY, 5 * DAY + 17] {
        let mut window = Window::default();
        assert_eq!(window.spend(Rao(1_000), Rao(100), first), Ok(()));
        let last = first + WINDOW - 1;
        assert_eq!(window.spend(Rao(900), Rao(1), last), refused(1, 0));
        // A day later at the latest the first amount counts no more.
        let after = first + WINDOW + DAY;
        assert_eq!(window.spend(Rao(900), Rao(91), after), refused(91, 90));
        assert_eq!(window.spend(Rao(900), Rao(90), after), Ok(()));
    }
}

#[test]
fn receipts_raise_the_limit_at_once_and_returns_after_a_window() {
    let mut window = Window::default();
    assert_eq!(window.spend(Rao(1_000), Rao(100), 0), Ok(()));
    assert_eq!(window.spend(Rao(1_100), Rao(21), 1), refused(21, 20));
    window.give_back(Rao(100), 1).unwrap();
    // The whole thousand is free again, and the tenth is used up.
    assert_eq!(window.spend(Rao(1_000), Rao(1), 2), refused(1, 0));
    let after = WINDOW + DAY;
    assert_eq!(window.spend(Rao(1_000), Rao(100), after), Ok(()));
}

#[test]
fn opening_and_revoking_in_turns_lets_no_more_out() {
    let (mut window, mut out) = (Window::default(), 0);
    for block in 0..200 {
        let left = window.limits(Rao(1_000 * TAO), Rao::ZERO, block).left;
        let amount = left.0.div_ceil(2);
        window.spend(Rao(1_000 * TAO), Rao(amount), block).unwrap();
        window.give_back(Rao(amount), block).unwrap();
        out += amount;
    }
    assert_eq!(out, 100 * TAO);
}

#[test]
fn sums_out_of_range_are_refused() {
    let mut window = Window::default();
    window.spend(Rao(u64::MAX), Rao(1), 0).unwrap();
    let overflow = Err(TreasuryError::Overflow);
    assert_eq!(window.spend(Rao(u64::MAX), Rao(1), 0), overflow);
    window.give_back(Rao(u64::MAX), 0).unwrap();
    assert_eq!(window.give_back(Rao(1), 0), overflow);
    assert_eq!(window.limits(Rao(5), Rao::ZERO, 0).left, Rao::ZERO);
    window.spend(Rao(10), Rao(1), u32::MAX).unwrap();
    assert_eq!(window.limits(Rao(9), Rao::ZERO, u32::MAX).out, Rao(1));
}

/// A thing that happens to the free amount.
#[derive(Clone, Copy, Debug)]
enum Move {
    Receive(u64),
    /// Spends so many thousandths of what is left, and one rao more where it is above 1000.
    Spend(u64),
    /// Returns so many thousandths of what went out and did not return.
    Return(u64),
}

fn moves() -> impl Strategy<Value = Vec<(u32, Move)>> {
    let wait = prop_oneof![
        4 => 0u32..3,
        4 => 0..2 * DAY,
        2 => WINDOW - DAY - 2..=WINDOW + DAY + 2,
        1 => 0..3 * WINDOW,
    ];
    let a_move = prop_oneof![
        (0..1_000 * TAO).prop_map(Move::Receive),
        (0u64..=1_001).prop_map(Move::Spend),
        Just(Move::Spend(1_000)),
        (0u64..=1_000).prop_map(Move::Return),
    ];
    proptest::collection::vec((wait, a_move), 1..60)
}

/// One thing that happened: its block, the free amount before, and what moved.
struct Past {
    block: u32,
    free: u64,
    received: u64,
    out: u64,
}

proptest! {
    /// The guarantee of the module, for every span of at most 216 000 blocks, against a plain list
    /// of all that happened.
    #[test]
    fn at_most_a_tenth_goes_out_in_any_window(moves in moves(), first in 0..2 * DAY) {
        let (mut window, mut now, mut free) = (Window::default(), first, 0u64);
        let (mut committed, mut past) = (0u64, Vec::<Past>::new());
        for (wait, a_move) in moves {
            now += wait;
            let mut it = Past { block: now, free, received: 0, out: 0 };
            match a_move {
                Move::Receive(amount) => it.received = amount,
                Move::Spend(thousandths) => {
                    let left = window.limits(Rao(free), Rao::ZERO, now).left.0;
                    let amount = left * thousandths.min(1_000) / 1_000
                        + u64::from(thousandths > 1_000);
                    let spent = window.spend(Rao(free), Rao(amount), now);
                    if amount > left {
                        prop_assert_eq!(spent, refused(amount, left));
                    } else {
                        prop_assert_eq!(spent, Ok(()));
                        it.out = amount;
                        committed += amount;
                    }
                }
                Move::Return(thousandths) => {
                    let amount = committed / 1_000 * thousandths;
                    window.give_back(Rao(amount), now).unwrap();
                    committed -= amount;
                    free += amount;
                }
            }
            prop_assert!(it.out <= it.free / 10);
            free = free + it.received - it.out;
            past.push(it);
            prop_assert!(window.days.len() <= 31);
            let (mut out, mut received) = (0, 0);
            for before in past.iter().rev().take_while(|it| now - it.block < WINDOW) {
                out += before.out;
                received += before.received;
                prop_assert!(
                    out * 10 <= before.free + received,
                    "{} of {} + {}", out, before.free, received
                );
            }
        }
    }

    /// After a window without payments exactly a tenth of the free amount may go out.
    #[test]
    fn the_limit_recovers(spent in 0..100 * TAO, free in 1_000 * TAO..Rao::CAP.0, at in 0..9 * DAY) {
        let mut window = Window::default();
        window.spend(Rao(free), Rao(spent), at).unwrap();
        window.give_back(Rao(spent), at).unwrap();
        let limits = window.limits(Rao(free), Rao::ZERO, at + WINDOW + DAY);
        prop_assert_eq!((limits.left.0, limits.out.0, limits.ends), (free / 10, 0, None));
    }
}
