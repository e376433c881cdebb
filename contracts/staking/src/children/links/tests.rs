use super::*;

fn key(seed: u8) -> AccountId {
    [seed; 32].into()
}

fn child(seed: u8, proportion: u64) -> Child {
    Child {
        proportion,
        hotkey: key(seed),
    }
}

const fn clock(open: u32, opened_at: u32, previous_opened_at: u32) -> EpochClock {
    EpochClock {
        open,
        opened_at,
        previous_opened_at,
        now: opened_at,
    }
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
fn pending_children_are_those_after_every_cooldown() {
    let mut links = Links::default();
    links.give(key(1), 5, 0, &clock(0, 0, 0));
    assert_eq!(links.pending_children(&clock(0, 0, 0)), None);
    let now = clock(1, 100, 0);
    links.give(key(1), 0, 300, &now);
    links.give(key(2), 7, 300, &now);
    assert_eq!(links.children_now(&now), [child(1, 5)]);
    let pending = links.pending_children(&now).unwrap();
    assert_eq!((pending.children, pending.after), (vec![child(2, 7)], 300));
    let later = clock(2, 301, 100);
    assert_eq!(links.children_now(&later), [child(2, 7)]);
    assert_eq!(links.pending_children(&later), None);
    assert!(links.has_child(&key(1), &later), "epoch 1 is read");
    let last = clock(3, 400, 301);
    links.prune_children(&last);
    assert_eq!(links.children.len(), 1);
}

#[test]
fn zero_does_not_put_off_an_earlier_zero() {
    let mut links = Links::default();
    links.give(key(1), 5, 0, &clock(0, 0, 0));
    let now = clock(1, 100, 0);
    links.give(key(1), 0, 300, &now);
    let given = links.give(key(1), 0, 400, &now);
    assert_eq!(given.pending(&now), Some((0, 300)));
}

#[test]
fn parents_that_give_nothing_make_room() {
    let now = clock(0, 0, 0);
    let mut links = Links::default();
    let mut given = Effective::default();
    given.set(5, 0, &now);
    for seed in 1..=8 {
        links.allow(key(seed), &now).unwrap();
        if seed < 8 {
            links.receive(&key(seed), Some(key(99)), given.clone());
        }
    }
    links.allow(key(9), &now).unwrap();
    assert_eq!(links.parents.len(), usize::from(MAX_PARENTS));
    assert_eq!(links.parent(&key(8)), None);
    links.receive(&key(9), Some(key(99)), given);
    let refused = Err(StakingError::TooManyParents(MAX_PARENTS));
    assert_eq!(links.allow(key(10), &now), refused);
}

#[test]
fn a_parent_with_a_due_keeps_its_place_until_it_is_handed_on() {
    let now = clock(0, 0, 0);
    let mut links = Links::default();
    for seed in 1..=8 {
        links.allow(key(seed), &now).unwrap();
        links.parent_mut(&key(seed)).unwrap().due.take = Rao(1);
    }
    links.disallow(&key(1), &now);
    let refused = Err(StakingError::TooManyParents(MAX_PARENTS));
    assert_eq!(links.allow(key(9), &now), refused);
    links.parent_mut(&key(1)).unwrap().due = Due::default();
    assert_eq!(links.allow(key(9), &now), Ok(()));
    assert_eq!(links.parent(&key(1)), None);
}

#[test]
fn a_deduction_is_a_part_of_each_amount_rounded_down() {
    let mut due = Due {
        take: Rao(10_000),
        dividends: Rao(399),
        root: Rao(400),
    };
    assert_eq!(due.deduct(Bps(25)), Ok(Rao(26)));
    let rest = Due {
        take: Rao(9_975),
        dividends: Rao(399),
        root: Rao(399),
    };
    assert_eq!(due, rest);
    assert_eq!(due.total(), Ok(Rao(10_773)));
}
