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
    children.set(key, list, owner, &EpochClock::default(), now, owner_of)
}

fn allow(
    children: &mut Children,
    child: u8,
    parent: u8,
    allowed: bool,
) -> Result<(), StakingError> {
    let (child, parent) = (account(child), account(parent));
    children.allow_parent(NETUID, child, parent, allowed, &EpochClock::default())
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
    let refused = Err(StakingError::StillParent);
    assert_eq!(allow(&mut children, 100, 1, false), refused);
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
    let list = ChildList::of(&account(1), vec![]).unwrap();
    let key = (NETUID, account(1));
    let after = children.set(key, list, account(OWNER), &clock, 20, owner_of);
    assert_eq!(after, Ok(20 + CHILD_COOLDOWN));
    let view = children.children(NETUID, account(1), &clock);
    assert_eq!(view.pending.map(|it| it.after), Some(20 + CHILD_COOLDOWN));
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
        .set_take(NETUID, account(100), Bps(1_000), 0)
        .unwrap();
    stake.begin_epoch(NETUID, 0, 1).unwrap();
    children.set_take(NETUID, account(100), Bps(0), 1).unwrap();
    let clock = stake.clock(NETUID, 1);
    let payment = Payment {
        hotkey: account(100),
        coldkey: account(OWNER + 1),
        miner: Rao(5),
        validator: Rao(1_000),
    };
    let parts = children
        .divide(&stake, NETUID, 1, &payment, &clock)
        .unwrap();
    assert_eq!(parts.len(), 2);
    let of_child = parts[0].validator.0;
    // A tenth, in 32 bits: the rest is rounded in favour of the child.
    assert!((100..=101).contains(&of_child), "{of_child}");
    assert_eq!((parts[0].hotkey, parts[0].miner), (account(100), Rao(5)));
    assert_eq!(
        (parts[1].hotkey, parts[1].coldkey),
        (account(1), account(OWNER))
    );
    assert_eq!(parts[1].validator, Rao(1_000 - of_child));
    // A miner's pay is not shared.
    let payment = Payment {
        validator: Rao::ZERO,
        ..payment
    };
    let parts = children.divide(&stake, NETUID, 1, &payment, &clock);
    assert_eq!(parts, Ok(vec![payment]));
}
