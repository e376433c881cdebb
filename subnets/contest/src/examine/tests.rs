use super::*;
use alloc::{string::ToString, vec};
use inktensor_task::{Alpha, NoLoss, Seed};
use proptest::prelude::*;

use crate::{
    toy::{self, entered, entered_blob, seat, Toy},
    Averages, Epoch, Fault,
};

const ALPHA: Alpha = Alpha(13_107);

/// A round of the toy with everything that was shown.
struct Played {
    epoch: Epoch,
    shown: Vec<(Entry, Shown)>,
    pledges: Vec<Entry>,
    before: Averages,
}

impl Played {
    /// Two records, a copy, a blob that is not an entry, one of another shape, and a silent miner.
    fn new() -> Self {
        let silent = (entered(15, 6, 1).0, Shown::default());
        let shown = vec![
            entered(10, 1, 2_000),
            entered(20, 2, 1_000),
            entered(30, 3, 1_000),
            entered_blob(40, 4, vec![1, 2, 3]),
            entered_blob(40, 5, toy::OTHER_SHAPE.to_le_bytes().to_vec()),
            silent,
        ];
        Self {
            epoch: toy::epoch(),
            pledges: shown.iter().map(|(entry, _)| *entry).collect(),
            shown,
            before: Averages::from([(seat(1), Worth::WHOLE), (seat(3), Worth(9))]),
        }
    }

    fn round(&self) -> Round<'_, Toy> {
        Round {
            contest: &Toy,
            epoch: &self.epoch,
            pledges: &self.pledges,
            seed: Seed([3; 32]),
            before: &self.before,
            alpha: ALPHA,
        }
    }

    fn show(&self, entry: &Entry) -> Shown {
        let found = self.shown.iter().find(|(it, _)| it == entry);
        found.unwrap().1.clone()
    }

    fn verdict(&self) -> Verdict {
        self.round().judge(|entry| self.show(entry))
    }

    fn examined(&self, verdict: &Verdict) -> Examined {
        self.round().examine(verdict, |entry| self.show(entry))
    }

    /// Returns the lie of the true verdict after a change.
    fn lie(&self, change: impl FnOnce(&mut Verdict)) -> Lie {
        let mut verdict = self.verdict();
        change(&mut verdict);
        match self.examined(&verdict) {
            Examined::False(lie) => lie,
            other => panic!("{other:?}"),
        }
    }
}

fn loss(line: &mut Line) -> &mut u32 {
    match &mut line.finding {
        Finding::Judged { losses, .. } => &mut losses[0].0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn honest_verdict_is_true_and_names_words() {
    let played = Played::new();
    let right = Examined::True {
        unproven: vec![seat(6)],
        unchecked: vec![],
    };
    assert_eq!(played.examined(&played.verdict()), right);
}

#[test]
fn false_loss_is_off_by_a_number() {
    let played = Played::new();
    // The lie makes the copy the best entry.
    let lie = played.lie(|it| *loss(&mut it.lines[2]) = 900);
    assert_eq!(lie.off_by(), Some(100));
    let text = lie.to_string();
    assert!(
        text.contains("uid 3") && text.contains("off by 0.000100"),
        "{text}"
    );
    let Lie::Finding { seat: of, .. } = lie else {
        panic!("{lie:?}");
    };
    assert_eq!(of, seat(3));
}

#[test]
fn first_false_item_is_named() {
    let played = Played::new();
    let worth = |found, right| Lie::Worth {
        seat: seat(3),
        found: Worth(found),
        right: Worth(right),
    };
    assert_eq!(played.lie(|it| it.lines[2].worth.0 = 5), worth(5, 0));
    let average = played.verdict().lines[0].average;
    let right = Lie::Average {
        seat: seat(1),
        found: Worth(average.0 + 3),
        right: average,
    };
    assert_eq!(played.lie(|it| it.lines[0].average.0 += 3), right);
    assert_eq!(right.off_by(), Some(3));
    let weight = |uid, found, right| Lie::Weight { uid, found, right };
    let weights = played.verdict().weights;
    assert_eq!(weights.iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2, 3]);
    let (_, last) = weights[2];
    assert_eq!(
        played.lie(|it| it.weights[2].1 = u16::MAX),
        weight(3, u16::MAX, last)
    );
    assert_eq!(played.lie(|it| it.weights.push((5, 1))), weight(5, 1, 0));
    assert_eq!(played.lie(|it| it.weights.truncate(2)), weight(3, 0, last));
}

#[test]
fn entries_that_are_left_out_or_added_are_named() {
    let played = Played::new();
    let left_out = |uid| Lie::LeftOut { seat: seat(uid) };
    for index in 0..6 {
        let lie = played.lie(|it| {
            it.lines.remove(index);
        });
        assert_eq!(lie, left_out(index as u16 + 1));
    }
    let extra = |uid| Lie::Extra { seat: seat(uid) };
    let doubled = |it: &mut Verdict, to| it.lines.insert(to, it.lines[2].clone());
    assert_eq!(played.lie(|it| doubled(it, 3)), extra(3));
    assert_eq!(played.lie(|it| doubled(it, 6)), extra(3));
    assert_eq!(played.lie(|it| it.lines[5].seat = seat(7)), left_out(6));
    assert_eq!(played.lie(|it| it.lines.swap(0, 1)), left_out(1));
}

#[test]
fn invented_faults_are_found_unless_they_are_a_word() {
    let played = Played::new();
    for fault in [
        Fault::Unreadable,
        Fault::NoLoss(NoLoss::OtherShape),
        Fault::NoLoss(NoLoss::NotFinite),
    ] {
        let lie = played.lie(|it| it.lines[1].finding = Finding::Faulty(fault));
        assert_eq!(lie.off_by(), None);
        let Lie::Finding {
            seat: of, found, ..
        } = lie
        else {
            panic!("{lie:?}");
        };
        assert_eq!((of, found), (seat(2), Finding::Faulty(fault)));
    }
    // A loss for bytes that have none.
    let model = played.shown[3].1.opening.unwrap().model;
    let losses = vec![Loss(1)];
    let finding = Finding::Judged { model, losses };
    let lie = played.lie(|it| it.lines[3].finding = finding);
    assert!(matches!(
        lie,
        Lie::Finding {
            right: Finding::Faulty(Fault::Unreadable),
            ..
        }
    ));
    // Silence cannot be refuted. It is named as a word, and worths must follow from it.
    let silence = Finding::Faulty(Fault::Missing);
    let lie = played.lie(|it| it.lines[1].finding = silence);
    assert!(matches!(lie, Lie::Worth { .. }), "{lie:?}");
    let silent = played.round().judge(|entry| match entry.seat.uid {
        2 => Shown {
            blob: None,
            ..played.show(entry)
        },
        _ => played.show(entry),
    });
    let right = Examined::True {
        unproven: vec![seat(2), seat(6)],
        unchecked: vec![],
    };
    assert_eq!(played.examined(&silent), right);
}

#[test]
fn models_that_the_examiner_does_not_have_are_named() {
    let played = Played::new();
    let verdict = played.verdict();
    let found = played.round().examine(&verdict, |_| Shown::default());
    let right = Examined::True {
        unproven: vec![seat(6)],
        unchecked: (1..=5).map(seat).collect(),
    };
    assert_eq!(found, right);
}

#[test]
fn other_seeds_averages_and_alphas_are_other_verdicts() {
    let played = Played::new();
    let verdict = played.verdict();
    let other = Averages::new();
    let round = Round {
        before: &other,
        ..played.round()
    };
    let found = round.examine(&verdict, |entry| played.show(entry));
    assert!(matches!(found, Examined::False(Lie::Average { .. })));
    let round = Round {
        alpha: Alpha(1),
        ..played.round()
    };
    let found = round.examine(&verdict, |entry| played.show(entry));
    assert!(matches!(found, Examined::False(Lie::Average { .. })));
}

proptest! {
    /// Any change of one number of a verdict is found, but for a word in place of a finding.
    #[test]
    fn every_changed_number_is_found(line in 0usize..6, item in 0u8..5, bit in 0u32..16) {
        let played = Played::new();
        let mut verdict = played.verdict();
        let lines = &mut verdict.lines;
        match item {
            0 => lines[line].worth.0 ^= 1 << bit,
            1 => lines[line].average.0 ^= 1 << bit,
            2 => lines[line].seat.generation ^= 1 << bit,
            3 => *loss(&mut lines[line % 3]) ^= 1 << bit,
            _ => {
                let weights = &mut verdict.weights;
                let at = line % weights.len();
                weights[at].1 ^= 1 << bit;
            }
        }
        prop_assert!(matches!(played.examined(&verdict), Examined::False(_)));
    }

    #[test]
    fn honest_verdicts_are_true(
        entries in prop::collection::vec((0u32..9, 0u16..12, 1_990u32..2_000), 0..12),
        average: u16,
    ) {
        let mut played = Played::new();
        let entered = |(block, uid, loss)| entered(block, uid, loss);
        played.shown = entries.into_iter().map(entered).collect();
        played.pledges = played.shown.iter().map(|(entry, _)| *entry).collect();
        played.before = Averages::from([(seat(3), Worth(average))]);
        let right = Examined::True { unproven: vec![], unchecked: vec![] };
        prop_assert_eq!(played.examined(&played.verdict()), right);
    }
}
