use super::*;
use crate::stake::{Deposit, EpochClock, PositionKey, Stake};
use inktensor_primitives::{
    registry::HotkeyStatus,
    staking::{Child, Payment, StakingError, CHILD_COOLDOWN, MAX_PARENTS},
    AccountId, Bps, NetUid, Rao,
};

const NETUID: NetUid = NetUid(1);
/// Coldkey that owns the hotkeys below 100. Hotkeys from 100 on are another coldkey's.
const OWNER: u8 = 200;

fn account(seed: u8) -> AccountId {
    [seed; 32].into()
}

fn owner_of(hotkey: AccountId) -> Result<Option<AccountId>, StakingError> {
    let bytes: &[u8; 32] = hotkey.as_ref();
    Ok(match bytes[0] {
        0 => None,
        1..100 => Some(account(OWNER)),
        _ => Some(account(OWNER + 1)),
    })
}

fn set(children: &mut Children, parent: u8, child: u8, now: u32) -> Result<u32, StakingError> {
    let list = ChildList::of(
        &account(parent),
        vec![Child {
            proportion: u64::MAX,
            hotkey: account(child),
        }],
    )?;
    let key = (NETUID, account(parent));
    let owner = owner_of(account(parent))?.unwrap();
    let (stake, clock) = (&mut Stake::default(), EpochClock::default());
    children.set(stake, key, &list, owner, &clock, now, owner_of)
}

fn allow(
    children: &mut Children,
    child: u8,
    parent: u8,
    allowed: bool,
) -> Result<u32, StakingError> {
    let link = (account(child), account(parent));
    let stake = &mut Stake::default();
    children.allow_parent(stake, NETUID, link, allowed, &EpochClock::default(), 7)
}

/// Returns the clock after a close at block `now`.
fn next(clock: &EpochClock, now: u32) -> EpochClock {
    EpochClock {
        open: clock.open + 1,
        opened_at: now,
        previous_opened_at: clock.opened_at,
        now,
    }
}

fn parents(children: &Children, hotkey: u8) -> Vec<(AccountId, u64)> {
    let views = children.parents(NETUID, account(hotkey), &EpochClock::default());
    views.iter().map(|it| (it.hotkey, it.proportion)).collect()
}

#[ink::test]
fn a_child_of_another_owner_must_have_allowed_the_parent() {
    let mut children = Children::default();
    let refused = Err(StakingError::NotAccepted(account(100)));
    assert_eq!(set(&mut children, 1, 100, 0), refused);
    assert_eq!(
        set(&mut children, 1, 0, 0),
        Err(StakingError::UnknownHotkey)
    );
    allow(&mut children, 100, 1, true).unwrap();
    assert_eq!(parents(&children, 100), [(account(1), 0)]);
    // Before the first close, a list is effective at once.
    assert_eq!(set(&mut children, 1, 100, 7), Ok(7));
    assert_eq!(parents(&children, 100), [(account(1), u64::MAX)]);
    // So is its end.
    assert_eq!(allow(&mut children, 100, 1, false), Ok(7));
    assert_eq!(parents(&children, 100), []);
    let refused = Err(StakingError::NotAccepted(account(100)));
    assert_eq!(set(&mut children, 1, 100, 157), refused);
}

#[ink::test]
fn two_hotkeys_are_not_each_others_children() {
    let mut children = Children::default();
    set(&mut children, 1, 2, 0).unwrap();
    let refused = Err(StakingError::Cycle(account(1)));
    assert_eq!(set(&mut children, 2, 1, 0), refused);
}

#[ink::test]
fn parents_without_the_child_make_room() {
    let mut children = Children::default();
    let most = u8::try_from(MAX_PARENTS).unwrap();
    for parent in 1..=most {
        allow(&mut children, 100, parent, true).unwrap();
    }
    for parent in 1..most {
        set(&mut children, parent, 100, 0).unwrap();
    }
    // The last one has no children.
    allow(&mut children, 100, 50, true).unwrap();
    set(&mut children, 50, 100, 0).unwrap();
    let found = parents(&children, 100);
    assert_eq!(found.len(), usize::from(MAX_PARENTS));
    assert!(!found.contains(&(account(most), 0)));
    let refused = Err(StakingError::TooManyParents(MAX_PARENTS));
    assert_eq!(allow(&mut children, 100, 51, true), refused);
}

#[ink::test]
fn a_list_is_pending_after_the_first_close() {
    let mut children = Children::default();
    let clock = EpochClock {
        open: 1,
        opened_at: 10,
        ..EpochClock::default()
    };
    let child = Child {
        proportion: 5,
        hotkey: account(2),
    };
    let list = ChildList::of(&account(1), vec![child]).unwrap();
    let key = (NETUID, account(1));
    let stake = &mut Stake::default();
    let after = children.set(stake, key, &list, account(OWNER), &clock, 20, owner_of);
    assert_eq!(after, Ok(20 + CHILD_COOLDOWN));
    let view = children.children(NETUID, account(1), &clock);
    assert_eq!(view.pending.map(|it| it.after), Some(20 + CHILD_COOLDOWN));
}

#[ink::test]
fn a_refused_parent_has_the_child_until_the_cooldown_ends() {
    let (mut children, mut stake) = (Children::default(), Stake::default());
    let (child, parent) = (account(100), account(1));
    allow(&mut children, 100, 1, true).unwrap();
    set(&mut children, 1, 100, 0).unwrap();
    let clock = next(&EpochClock::default(), 10);
    let after = 20 + CHILD_COOLDOWN;
    let refused = children.allow_parent(&mut stake, NETUID, (child, parent), false, &clock, 20);
    assert_eq!(refused, Ok(after));
    // A second refusal does not put it off, and neither does a list without the child.
    let again = children.allow_parent(&mut stake, NETUID, (child, parent), false, &clock, 30);
    assert_eq!(again, Ok(30), "nothing is left to end");
    let list = ChildList::of(&parent, vec![]).unwrap();
    children
        .set(
            &mut stake,
            (NETUID, parent),
            &list,
            account(OWNER),
            &clock,
            200,
            owner_of,
        )
        .unwrap();
    let now = |clock: &EpochClock| {
        let given = children.children(NETUID, parent, clock).children;
        let received = children.parents(NETUID, child, clock);
        assert_eq!(
            given.iter().map(|it| it.proportion).collect::<Vec<_>>(),
            received.iter().map(|it| it.proportion).collect::<Vec<_>>(),
            "both ends are the same"
        );
        given.len()
    };
    assert_eq!(now(&clock), 1);
    let clock = next(&clock, after);
    assert_eq!(now(&clock), 1);
    let clock = next(&clock, after + 1);
    assert_eq!(now(&clock), 0);
}

#[ink::test]
fn a_child_has_the_parents_weight_and_shares_its_dividends() {
    let (mut children, mut stake) = (Children::default(), Stake::default());
    let status = HotkeyStatus {
        subnet_exists: true,
        subnet_started: false,
        transfers: true,
        nominator_min: Rao::ZERO,
        braked_until: None,
        owner: Some(account(OWNER)),
    };
    let key = PositionKey {
        netuid: NETUID,
        hotkey: account(1),
        coldkey: account(OWNER),
    };
    let deposit = Deposit::of(Rao(8_000_000)).unwrap();
    stake.add(key, deposit, &status, 0).unwrap();
    allow(&mut children, 100, 1, true).unwrap();
    set(&mut children, 1, 100, 0).unwrap();
    let clock = stake.clock(NETUID, 0);
    let weight = |hotkey| children.weight_at(&stake, NETUID, account(hotkey), 0, &clock);
    assert_eq!(
        (weight(1), weight(100)),
        (Ok(Rao::ZERO), Ok(Rao(8_000_000)))
    );

    // The take counts for epochs that open after it is set.
    children
        .set_take(&mut stake, NETUID, account(100), Bps(1_000), 0)
        .unwrap();
    stake.begin_epoch(NETUID, 0, 1).unwrap();
    children
        .set_take(&mut stake, NETUID, account(100), Bps(0), 1)
        .unwrap();
    let clock = stake.clock(NETUID, 1);
    let payment = Payment {
        hotkey: account(100),
        coldkey: account(OWNER + 1),
        amount: Rao(1_000),
    };
    let division = children
        .divide(
            &stake,
            &stake.hotkey(NETUID, account(100)),
            1,
            &payment,
            &clock,
        )
        .unwrap();
    // A tenth, in 32 bits: the rest is rounded in favour of the child.
    let of_child = division.own.0;
    assert!((100..=101).contains(&of_child), "{of_child}");
    let [share] = division.parents[..] else {
        panic!("one parent");
    };
    assert_eq!((share.hotkey, share.owner), (account(1), account(OWNER)));
    assert_eq!(share.amount, Rao(1_000 - of_child));
    assert_eq!(share.stake.on_subnet, Rao(8_000_000));
}

#[ink::test]
fn dues_stay_in_the_link_until_they_are_taken() {
    let (mut children, mut stake) = (Children::default(), Stake::default());
    let status = HotkeyStatus {
        subnet_exists: true,
        subnet_started: false,
        transfers: true,
        nominator_min: Rao::ZERO,
        braked_until: None,
        owner: Some(account(OWNER)),
    };
    let (child, clock) = (account(100), EpochClock::default());
    for parent in [1, 2] {
        let key = PositionKey {
            netuid: NETUID,
            hotkey: account(parent),
            coldkey: account(OWNER),
        };
        let deposit = Deposit::of(Rao(8_000_000)).unwrap();
        stake.add(key, deposit, &status, 0).unwrap();
        allow(&mut children, 100, parent, true).unwrap();
        set(&mut children, parent, 100, 0).unwrap();
    }
    let payment = Payment {
        hotkey: child,
        coldkey: account(OWNER + 1),
        amount: Rao(1_000),
    };
    let mut owed = 0;
    for _ in 0..2 {
        let division = children
            .divide(&stake, &stake.hotkey(NETUID, child), 0, &payment, &clock)
            .unwrap();
        let dues: Vec<Due> = division
            .parents
            .iter()
            .map(|share| Due {
                dividends: share.amount,
                ..Due::default()
            })
            .collect();
        owed += children.owe((NETUID, child), division, &dues).unwrap().0;
        assert_eq!(children.dues(), Rao(owed));
    }
    let each = owed / 2;
    assert!(each > 0);
    let strangers = [account(50), account(1), account(1)];
    let taken = children.take_dues((NETUID, child), &strangers).unwrap();
    let due = Due {
        dividends: Rao(each),
        ..Due::default()
    };
    assert_eq!(taken, [(account(1), account(OWNER), due)], "once");
    assert_eq!(children.dues(), Rao(owed - each));
    let left: Vec<Rao> = children
        .parents(NETUID, child, &clock)
        .iter()
        .map(|it| it.due)
        .collect();
    assert_eq!(left, [Rao::ZERO, Rao(each)]);
}
