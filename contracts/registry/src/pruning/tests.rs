//! Orders of replacement.

use super::*;
use inktensor_primitives::{kernel::NeuronResult, Versioned, PAGE};
use proptest::prelude::*;

fn standing(emission: u64, registered_at: u32) -> Standing {
    Standing {
        registered_at,
        tenure: Versioned::new(0, None),
        score: NeuronResult {
            emission: Rao(emission),
            ..NeuronResult::default()
        },
        owed: Rao::ZERO,
    }
}

/// Returns the uids in order of replacement at block `now`.
fn order(now: u32, immunity: u32, min: u16, spared: &[Uid], all: &[Standing]) -> Vec<u16> {
    let mut search = Search::new(now, immunity, spared, MOST_CANDIDATES);
    for (page, standings) in (0..).zip(all.chunks(PAGE.into())) {
        search.page(Uid(page * PAGE), standings);
    }
    let found = search.found(min).into_iter();
    found.map(|(candidate, _)| candidate.uid.0).collect()
}

/// Orders computed by hand from the rule of subtensor-reference.md 4.9. At block 100 with an
/// immunity of 10, neurons that registered after block 90 are immune.
#[test]
fn orders_are_those_of_the_rule() {
    let s = standing;
    let all = [s(5, 1), s(3, 9), s(3, 2), s(3, 2), s(0, 95), s(1, 99)];
    for (min, spared, expected) in [
        // Emission, then age, then uid; the immune ones last.
        (0, vec![], vec![2, 3, 1, 0, 4, 5]),
        // Two must stay: after two have gone the immune ones are next.
        (2, vec![], vec![2, 3, 4, 5, 1, 0]),
        (4, vec![], vec![4, 5, 2, 3, 1, 0]),
        (10, vec![], vec![4, 5, 2, 3, 1, 0]),
        // The owner's neurons are no candidates, and do not count.
        (0, vec![Uid(2)], vec![3, 1, 0, 4, 5]),
        (3, vec![Uid(2)], vec![4, 5, 3, 1, 0]),
    ] {
        assert_eq!(order(100, 10, min, &spared, &all), expected, "{min}");
    }
}

#[test]
fn immunity_ends_with_its_period() {
    let all = [standing(0, 90), standing(7, 1)];
    assert_eq!(order(99, 10, 0, &[], &all), [1, 0]);
    assert_eq!(order(100, 10, 0, &[], &all), [0, 1]);
    assert_eq!(order(90, 0, 0, &[], &all), [0, 1]);
}

#[test]
fn the_owners_neurons_are_never_replaced() {
    let all = [standing(0, 0), standing(7, 1)];
    assert_eq!(order(99, 10, 0, &[Uid(0)], &all), [1]);
    assert!(order(99, 10, 0, &[Uid(0)], &all[..1]).is_empty());
}

proptest! {
    /// The order agrees with a plain sort of the whole subnet.
    #[test]
    fn same_as_a_sort(
        standings in proptest::collection::vec((0u64..4, 0u32..60), 0..200),
        now in 60u32..120,
        immunity in 0u32..120,
        min in 0u16..30,
        spared in proptest::collection::vec(0u16..200, 0..4),
    ) {
        let standings: Vec<Standing> = standings.into_iter().map(|(e, at)| standing(e, at)).collect();
        let spared: Vec<Uid> = spared.into_iter().map(Uid).collect();
        let (mut ripe, mut immune) = (Vec::new(), Vec::new());
        for (uid, it) in (0u16..).zip(&standings) {
            if !spared.contains(&Uid(uid)) {
                let key = (it.score.emission.0, it.registered_at, uid);
                let group = if now < it.registered_at + immunity { &mut immune } else { &mut ripe };
                group.push(key);
            }
        }
        ripe.sort_unstable();
        immune.sort_unstable();
        let spare = ripe.len().saturating_sub(min.into());
        let expected: Vec<u16> = ripe[..spare]
            .iter()
            .chain(&immune)
            .chain(&ripe[spare..])
            .map(|key| key.2)
            .take(MOST_CANDIDATES)
            .collect();
        let found = order(now, immunity, min, &spared, &standings);
        // Neurons that must stay are listed only as far as they are among the least.
        let sure = expected.len().min(spare.min(MOST_CANDIDATES) + immune.len());
        prop_assert_eq!(&found[..sure.min(found.len())], &expected[..sure.min(found.len())]);
        prop_assert_eq!(found.first(), expected.first());
    }
}
