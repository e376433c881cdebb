use super::*;
use alloc::vec;
use inktensor_task::{blake2, Loss};
use proptest::prelude::*;

use crate::{
    toy::{self, entered, seat, Toy},
    Fault,
};

const SEED: Seed = Seed([3; 32]);
/// A fifth.
const ALPHA: Alpha = Alpha(13_107);

/// Plays a round of the toy with everything that was shown.
fn played<T>(
    shown: &[(Entry, Shown)],
    before: &Averages,
    play: impl FnOnce(Round<'_, Toy>, Verdict) -> T,
) -> T {
    let pledges: Vec<Entry> = shown.iter().map(|(entry, _)| *entry).collect();
    let show = |entry: &Entry| {
        let found = shown.iter().find(|(it, _)| it == entry);
        found.unwrap().1.clone()
    };
    let round = Round {
        contest: &Toy,
        epoch: &toy::epoch(),
        pledges: &pledges,
        seed: SEED,
        before,
        alpha: ALPHA,
    };
    let verdict = round.judge(show);
    play(round, verdict)
}

/// Returns the verdict about entries of the toy, after averages.
fn judged(shown: &[(Entry, Shown)], before: &Averages) -> Verdict {
    played(shown, before, |_, verdict| verdict)
}

#[test]
fn verdict_has_a_line_for_each_entry_and_weights_of_those_with_an_average() {
    let mut silent = entered(5, 4, 1);
    silent.1.blob = None;
    let shown = [
        entered(30, 2, 1_000),
        entered(10, 1, 2_000),
        silent,
        // Pledged after the cut-off.
        entered(1_000_001, 3, 1),
    ];
    let verdict = judged(&shown, &Averages::new());
    let seats: Vec<u16> = verdict.lines.iter().map(|it| it.seat.uid).collect();
    assert_eq!(seats, [1, 2, 4]);
    let worths: Vec<u16> = verdict.lines.iter().map(|it| it.worth.0).collect();
    assert_eq!(worths, [32_767, 65_535, 0]);
    assert_eq!(verdict.weights, [(1, 32_770), (2, 65_535)]);
    assert_eq!(verdict.lines[2].finding, Finding::Faulty(Fault::Missing));
}

#[test]
fn averages_follow_from_those_before() {
    let shown = [entered(10, 1, 2_000), entered(30, 2, 2_000)];
    let before = Averages::from([(seat(1), Worth(100)), (seat(2), Worth(30_000))]);
    let verdict = judged(&shown, &before);
    let right = Averages::from([
        (seat(1), ALPHA.average(Worth(100), Worth::WHOLE)),
        (seat(2), ALPHA.average(Worth(30_000), Worth::NONE)),
    ]);
    assert_eq!(verdict.averages(), right);
}

#[test]
fn standings_name_every_reason() {
    let mut silent = entered(5, 4, 1);
    silent.1.opening = None;
    let copied = toy::entered_blob(40, 3, toy::blob(2_000, 1));
    let all = [entered(10, 1, 2_000), entered(30, 2, 2_000), copied, silent];
    let found = played(&all, &Averages::new(), |round, verdict| {
        round.standings(&verdict)
    });
    let right = [
        Standing::Record { newer: 0 },
        Standing::NotBetter { than: seat(1) },
        Standing::SameModel { of: seat(1) },
        Standing::Faulty(Fault::Unopened),
    ];
    let right = (1u16..).map(seat).zip(right).collect();
    assert_eq!(found, right);
}

#[test]
fn hash_is_that_of_the_specification() {
    let verdict = Verdict {
        lines: vec![
            Line {
                seat: seat(1),
                finding: Finding::Judged {
                    model: [9; 32],
                    losses: vec![Loss(0x0102), Loss(5)],
                },
                worth: Worth(3),
                average: Worth(4),
            },
            Line {
                seat: seat(2),
                finding: Finding::Faulty(Fault::OtherBytes),
                worth: Worth(0),
                average: Worth(5),
            },
        ],
        weights: vec![(6, 7)],
    };
    let mut lines = vec![8, 1, 0, 101, 0, 0, 0, 0];
    lines.extend([9; 32]);
    lines.extend([8, 2, 1, 0, 0, 5, 0, 0, 0, 3, 0, 4, 0]);
    lines.extend([2, 0, 102, 0, 0, 0, 1, 4, 0, 0, 5, 0]);
    lines.extend([4, 6, 0, 7, 0]);
    assert_eq!(verdict.encode(), lines);
    let mut preimage = b"ink:cont".to_vec();
    preimage.extend([1; 32]);
    preimage.extend([2, 0, 7, 0, 0, 0, 8, 0, 108, 0, 0, 0]);
    preimage.extend([3; 32]);
    preimage.extend((lines.len() as u64).to_le_bytes());
    preimage.extend(lines);
    let found = verdict.hash(&toy::SUBNET, toy::epoch().number, seat(8), &SEED);
    assert_eq!(found, blake2(&preimage));
}

#[test]
fn largest_verdict_has_the_bytes_of_the_specification() {
    let line = Line {
        seat: seat(1),
        finding: Finding::Judged {
            model: [9; 32],
            losses: vec![Loss(1); crate::ROWS.into()],
        },
        worth: Worth(0),
        average: Worth(0),
    };
    let verdict = Verdict {
        lines: vec![line; crate::ENTRIES_LIMIT],
        weights: vec![(0, 1); crate::ENTRIES_LIMIT],
    };
    assert_eq!(verdict.encode().len(), 274_692);
}

proptest! {
    #[test]
    fn order_of_pledges_does_not_matter(
        entries in prop::collection::vec((0u32..9, 0u16..12, 1_990u32..2_000), 0..12), seed: u8,
    ) {
        let mut shown: Vec<(Entry, Shown)> =
            entries.into_iter().map(|(block, uid, loss)| entered(block, uid, loss)).collect();
        let before = Averages::from([(seat(3), Worth(7))]);
        let verdict = judged(&shown, &before);
        Seed([seed; 32]).draw().shuffle(&mut shown);
        prop_assert_eq!(judged(&shown, &before), verdict);
    }
}
