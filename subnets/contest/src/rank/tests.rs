use super::*;
use alloc::vec;
use inktensor_task::Seed;
use proptest::prelude::*;

use crate::{toy::seat, EPSILON_BLOCKS};

/// An entry of uid `uid`, with a model of its own.
fn entry(block: u32, uid: u16, loss: u32) -> Judged {
    Judged {
        block,
        seat: seat(uid),
        model: [uid as u8; 32],
        losses: vec![Loss(loss)],
    }
}

/// Returns the standings of entries with uids 0, 1, .. in order.
fn ranked(entries: &[Judged]) -> Vec<Standing> {
    let standings = rank(entries);
    assert_eq!(standings.len(), entries.len());
    (0..entries.len() as u16)
        .map(|uid| standings[&seat(uid)])
        .collect()
}

const fn record(newer: u32) -> Standing {
    Standing::Record { newer }
}

const fn not_better(than: u16) -> Standing {
    Standing::NotBetter { than: seat(than) }
}

#[test]
fn better_model_is_the_last_record_and_a_worse_one_is_not_one() {
    let found = ranked(&[
        entry(10, 0, 2_000_000),
        entry(20, 1, 1_995_000),
        entry(30, 2, 1_980_000),
        entry(40, 3, 2_100_000),
    ]);
    assert_eq!(found, [record(1), not_better(0), record(0), not_better(2)]);
}

#[test]
fn entry_that_is_no_record_blocks_no_better_one() {
    // The third is better than the first by 0.6 %, and than the second by 0.3 %. In a table of all
    // wins the three would be a circle.
    let losses = [2_000_000, 1_994_000, 1_988_000];
    let found = ranked(&[
        entry(10, 0, losses[0]),
        entry(20, 1, losses[1]),
        entry(30, 2, losses[2]),
    ]);
    assert_eq!(found, [record(1), not_better(0), record(0)]);
}

#[test]
fn same_improvement_wins_after_a_week() {
    let by_a_thousandth =
        |blocks| ranked(&[entry(10, 0, 2_000_000), entry(10 + blocks, 1, 1_998_000)]);
    assert_eq!(by_a_thousandth(100), [record(0), not_better(0)]);
    assert_eq!(by_a_thousandth(EPSILON_BLOCKS), [record(1), record(0)]);
}

#[test]
fn model_counts_with_the_earliest_entry() {
    let copy = |block, uid| Judged {
        model: [0; 32],
        ..entry(block, uid, 2_000_000)
    };
    let of = |uid| Standing::SameModel { of: seat(uid) };
    let found = ranked(&[copy(30, 0), copy(10, 1), copy(20, 2), entry(40, 3, 1)]);
    assert_eq!(found, [of(1), record(1), of(1), record(0)]);
    // Two of one block: neither is the original.
    let found = ranked(&[copy(30, 0), copy(10, 1), copy(10, 2), entry(40, 3, 9)]);
    assert_eq!(found, [of(1), of(2), of(1), record(0)]);
}

#[test]
fn without_its_original_a_copy_is_a_record() {
    let entries = [entry(10, 0, 2_000_000), entry(20, 1, 2_000_000)];
    assert_eq!(ranked(&entries), [record(0), not_better(0)]);
    let left = rank(&entries[1..]);
    assert_eq!(left, BTreeMap::from([(seat(1), record(0))]));
}

#[test]
fn best_of_a_block_alone_is_a_record() {
    let found = ranked(&[
        entry(10, 0, 2_000_000),
        entry(20, 1, 1_500_000),
        entry(20, 2, 1_400_000),
        entry(20, 3, 2_500_000),
    ]);
    assert_eq!(found, [record(1), not_better(2), record(0), not_better(0)]);
}

#[test]
fn lucky_row_of_a_block_does_not_hide_a_proven_win() {
    let of = |block, uid, losses: [u32; 4]| Judged {
        losses: losses.map(Loss).into(),
        ..entry(block, uid, 0)
    };
    let found = ranked(&[
        of(10, 0, [1_000; 4]),
        // The lowest sum, in one row.
        of(20, 1, [1_000, 1_000, 1_000, 500]),
        of(20, 2, [900, 900, 900, 901]),
    ]);
    assert_eq!(found, [record(1), not_better(0), record(0)]);
}

#[test]
fn equal_losses_of_a_block_are_tied() {
    let tied = |uid| Standing::Tied { with: seat(uid) };
    let found = ranked(&[
        entry(10, 0, 2_000_000),
        entry(20, 1, 1_500_000),
        entry(20, 2, 1_500_000),
        entry(20, 3, 1_600_000),
        entry(30, 4, 1_900_000),
    ]);
    let right = [record(1), tied(2), tied(1), not_better(1), record(0)];
    assert_eq!(found, right);
    // A loss that wins nothing is not tied.
    let found = ranked(&[
        entry(10, 0, 2_000_000),
        entry(20, 1, 2_000_000),
        entry(20, 2, 2_000_000),
    ]);
    assert_eq!(found, [record(0), not_better(0), not_better(0)]);
}

#[test]
fn worth_halves_with_each_newer_record() {
    let entries: Vec<Judged> = (0..6u16)
        .map(|uid| entry(u32::from(uid), uid, 6_000 - 1_000 * u32::from(uid)))
        .collect();
    let worths: Vec<u16> = ranked(&entries).iter().map(|it| it.worth().0).collect();
    assert_eq!(worths, [0, 0, 8_191, 16_383, 32_767, 65_535]);
    assert_eq!(rank(&[]), BTreeMap::new());
}

/// Entries of different models, with blocks and losses that are often equal.
fn some() -> impl Strategy<Value = Vec<Judged>> {
    let loss = prop_oneof![0u32..3, 1_980_000u32..2_000_000, 1u32..];
    prop::collection::vec((0u32..6, loss, prop::bool::weighted(0.2)), 0..12).prop_map(|all| {
        let of = |(uid, (block, loss, is_copy)): (u16, (u32, u32, bool))| {
            let mut entry = entry(block * 9_000, uid, loss);
            if is_copy {
                // The same models have the same losses.
                (entry.model, entry.losses) = ([99; 32], vec![Loss(1_990_000)]);
            }
            entry
        };
        (0..).zip(all).map(of).collect()
    })
}

fn worths(entries: &[Judged]) -> BTreeMap<Seat, Worth> {
    let worths = rank(entries).into_iter();
    worths.map(|(seat, it)| (seat, it.worth())).collect()
}

proptest! {
    #[test]
    fn order_of_entries_does_not_matter(entries in some(), seed: u8) {
        let mut shuffled = entries.clone();
        Seed([seed; 32]).draw().shuffle(&mut shuffled);
        prop_assert_eq!(rank(&shuffled), rank(&entries));
    }

    #[test]
    fn every_record_wins_against_every_one_before(entries in some()) {
        let standings = rank(&entries);
        prop_assert_eq!(standings.len(), entries.len());
        let mut records: Vec<&Judged> = entries.iter()
            .filter(|it| matches!(standings[&it.seat], Standing::Record { .. }))
            .collect();
        records.sort_by_key(|it| it.block);
        for (index, later) in records.iter().enumerate() {
            let newer = (records.len() - 1 - index) as u32;
            prop_assert_eq!(standings[&later.seat], Standing::Record { newer });
            for earlier in &records[..index] {
                let blocks = later.block - earlier.block;
                prop_assert!(blocks > 0 && is_better(&later.losses, &earlier.losses, blocks));
            }
        }
    }

    #[test]
    fn copy_earns_nothing_and_takes_nothing(
        entries in some(), of in any::<prop::sample::Index>(), later in 1u32..100_000, worse: u32,
        gain in 0u32..500,
    ) {
        prop_assume!(!entries.is_empty());
        let original = entries[of.index(entries.len())].clone();
        let before = worths(&entries);
        let block = entries.iter().map(|it| it.block).max().unwrap() + later;
        let uid = entries.len() as u16;
        // The same bits.
        let copy = Judged { block, seat: seat(uid), ..original };
        let mut with = entries.clone();
        with.push(copy.clone());
        let mut right = before.clone();
        right.insert(copy.seat, Worth::NONE);
        // Two entries of one block with one model have no original, and neither has the copy.
        prop_assert_eq!(worths(&with), right.clone());
        // Other bits with a loss that is worse, or better by less than the least epsilon, than the
        // last record.
        let last = entries.iter().find(|it| rank(&entries)[&it.seat] == record(0));
        if let Some(last) = last {
            let loss = last.losses[0].0;
            let less = u64::from(loss) * u64::from(gain) / 1_000_000;
            for loss in [loss - less as u32, loss.saturating_add(worse)] {
                let losses = vec![Loss(loss)];
                *with.last_mut().unwrap() = Judged { model: [77; 32], losses, ..copy.clone() };
                prop_assert_eq!(worths(&with), right.clone());
            }
        }
    }

    #[test]
    fn last_record_has_more_than_half_of_all_worth(entries in some()) {
        let worths = worths(&entries);
        let sum: u32 = worths.values().map(|it| u32::from(it.0)).sum();
        let most = worths.values().max().copied().unwrap_or_default();
        prop_assert!(most == Worth::NONE || most == Worth::WHOLE);
        prop_assert!(sum < 2 * u32::from(u16::MAX));
        prop_assert!(worths.values().filter(|it| **it > Worth::NONE).count() <= 4);
    }

    #[test]
    fn better_model_wins_everything_before_it(entries in some(), later in 1u32..100_000) {
        let best = entries.iter().map(|it| it.losses[0].0).min();
        prop_assume!(best > Some(0));
        let block = entries.iter().map(|it| it.block).max().unwrap() + later;
        let loss = best.unwrap() - best.unwrap().div_ceil(200);
        let new = entry(block, 50, loss);
        let with = [&entries[..], &[new]].concat();
        prop_assert_eq!(rank(&with)[&seat(50)], record(0));
    }
}

#[test]
fn texts_name_the_other_miner() {
    use alloc::string::ToString;
    for (standing, text) in [
        (record(0), "the last record"),
        (record(2), "with 2 newer ones"),
        (not_better(7), "than uid 7"),
        (Standing::SameModel { of: seat(8) }, "of uid 8"),
        (Standing::Tied { with: seat(9) }, "of uid 9"),
        (Standing::Faulty(Fault::Missing), "no model"),
    ] {
        assert!(standing.to_string().contains(text), "{standing}");
    }
    assert_eq!(vec![record(0)], ranked(&[entry(1, 0, 1)]));
}
