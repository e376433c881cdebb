use super::*;
use proptest::prelude::*;

fn key(seed: u8) -> AccountId {
    [seed; 32].into()
}

fn child(seed: u8, proportion: u64) -> Child {
    Child {
        proportion,
        hotkey: key(seed),
    }
}

fn list(children: Vec<Child>) -> ChildList {
    ChildList::of(&key(0), children).unwrap()
}

#[test]
fn lists_are_checked() {
    let parent = key(0);
    let half = u64::MAX / 2;
    for list in [vec![], vec![child(1, half), child(2, half)]] {
        assert!(ChildList::of(&parent, list).is_ok());
    }
    let six: Vec<Child> = (1..7).map(|seed| child(seed, 1)).collect();
    assert!(ChildList::of(&parent, six[..5].to_vec()).is_ok());
    for (list, refused) in [
        (six, StakingError::TooManyChildren(5)),
        (vec![child(0, 1)], StakingError::BadChild(key(0))),
        (
            vec![child(1, 1), child(1, 1)],
            StakingError::BadChild(key(1)),
        ),
        (vec![child(1, 0)], StakingError::BadChild(key(1))),
        (
            vec![child(1, u64::MAX), child(2, 1)],
            StakingError::TooMuchGiven,
        ),
    ] {
        assert_eq!(ChildList::of(&parent, list), Err(refused));
    }
}

#[test]
fn a_list_is_effective_from_the_first_epoch_that_opens_after_its_cooldown() {
    let mut relations = Relations::default();
    let mut clock = EpochClock {
        open: 4,
        opened_at: 400,
        previous_opened_at: 300,
        now: 0,
    };
    relations
        .set(list(vec![child(1, 5)]), 410, 500, &clock)
        .unwrap();
    assert_eq!(relations.children_at(4, &clock), Ok(&[][..]));
    assert!(relations.pending(&clock).is_some());
    // An epoch that opens at the last block of the cooldown.
    clock = EpochClock {
        open: 5,
        opened_at: 500,
        previous_opened_at: 400,
        now: 0,
    };
    assert_eq!(relations.children_at(5, &clock), Ok(&[][..]));
    clock = EpochClock {
        open: 6,
        opened_at: 600,
        previous_opened_at: 500,
        now: 0,
    };
    assert_eq!(relations.children_at(6, &clock), Ok(&[child(1, 5)][..]));
    assert_eq!(
        relations.children_at(5, &clock),
        Ok(&[][..]),
        "the closed one stays"
    );
    assert_eq!(relations.pending(&clock), None);
    // A new list does not change the effective one.
    relations
        .set(list(vec![child(2, 7)]), 610, 700, &clock)
        .unwrap();
    assert_eq!(relations.children_at(6, &clock), Ok(&[child(1, 5)][..]));
    assert_eq!(relations.children_at(5, &clock), Ok(&[][..]));
    assert_eq!(
        relations.set(list(vec![]), 611, 700, &clock),
        Err(StakingError::ChildrenTooSoon(760))
    );
}

proptest! {
    /// Against a plain history: the list of an epoch is the last one set whose cooldown had ended
    /// when the epoch opened, and a later call never changes it.
    #[test]
    fn a_closed_epochs_list_stays(
        steps in prop::collection::vec((150u32..400, any::<bool>(), 1u8..6), 1..30),
        cooldown in 0u32..600,
    ) {
        let mut relations = Relations::default();
        let mut clock = EpochClock {
            open: 1,
            opened_at: 1,
            ..EpochClock::default()
        };
        let mut now = 1;
        // A list that is not effective when the next one is set is dropped.
        let mut counts: Vec<Child> = Vec::new();
        let mut waiting: Option<(Vec<Child>, u32)> = None;
        let mut by_epoch = std::collections::BTreeMap::from([(0, vec![]), (1, vec![])]);
        for (blocks, closes, seed) in steps {
            now += blocks;
            if closes {
                clock = EpochClock {
                    open: clock.open + 1,
                    opened_at: now,
                    previous_opened_at: clock.opened_at,
                    now,
                };
                if let Some((list, after)) = waiting.clone() {
                    if now > after {
                        counts = list;
                        waiting = None;
                    }
                }
                by_epoch.insert(clock.open, counts.clone());
            } else {
                let list = vec![child(seed, u64::from(now))];
                relations.set(self::list(list.clone()), now, now + cooldown, &clock).unwrap();
                waiting = Some((list, now + cooldown));
            }
            for epoch in [clock.open - 1, clock.open] {
                prop_assert_eq!(relations.children_at(epoch, &clock), Ok(&by_epoch[&epoch][..]));
            }
        }
    }
}
