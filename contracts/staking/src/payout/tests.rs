//! Dividends of children, and what is due to their parents.

use super::{distribute::MOST_ACCESSES, *};
use crate::{
    children::{ChildList, Children},
    stake::{Deposit, EpochClock, PositionKey, Stake},
};
use inktensor_primitives::{
    registry::HotkeyStatus,
    staking::{Child, Payment, HAND_ON_FEE, MAX_PARENTS},
    AccountId, Bps, NetUid, Rao,
};

const NETUID: NetUid = NetUid(1);
const CHILD: u8 = 100;
const STAKED: Rao = Rao(8_000_000);
/// Block of the settlement.
const NOW: u32 = 15_020;

fn account(seed: u8) -> AccountId {
    [seed; 32].into()
}

/// Returns the owner of the hotkey `account(seed)`.
fn owner(seed: u8) -> AccountId {
    account(seed + 100)
}

fn status(seed: u8) -> HotkeyStatus {
    HotkeyStatus {
        subnet_exists: true,
        subnet_started: true,
        transfers: true,
        nominator_min: Rao::ZERO,
        braked_until: None,
        owner: Some(owner(seed)),
    }
}

fn position(netuid: NetUid, seed: u8, coldkey: AccountId) -> PositionKey {
    PositionKey {
        netuid,
        hotkey: account(seed),
        coldkey,
    }
}

/// Returns `parents` parents of one child, each with stake, a nominator and the same part of it.
fn family(parents: u8) -> (Stake, Children) {
    let (mut stake, mut children) = (Stake::default(), Children::default());
    for seed in 1..=parents {
        let status = status(seed);
        for coldkey in [owner(seed), account(250)] {
            let deposit = Deposit::of(STAKED).unwrap();
            let key = position(NETUID, seed, coldkey);
            stake.add(key, deposit, &status, 0).unwrap();
        }
        let clock = EpochClock::default();
        let link = (account(CHILD), account(seed));
        children
            .allow_parent(&mut stake, NETUID, link, true, &clock, 0)
            .unwrap();
        let child = Child {
            proportion: u64::MAX,
            hotkey: account(CHILD),
        };
        let list = ChildList::of(&account(seed), vec![child]).unwrap();
        let key = (NETUID, account(seed));
        children
            .set(&mut stake, key, &list, owner(seed), &clock, 0, |_| Ok(None))
            .unwrap();
    }
    // The stake has shares from the next epoch on.
    for (closing, now) in [(0, 10), (1, 20)] {
        stake.begin_epoch(NETUID, closing, now).unwrap();
    }
    (stake, children)
}

fn pay(stake: &mut Stake, children: &mut Children, amount: u64) -> Rao {
    let payment = Payment {
        hotkey: account(CHILD),
        coldkey: owner(CHILD),
        amount: Rao(amount),
    };
    let epoch = stake.clock(NETUID, NOW).open - 1;
    let done = Distribution::new(stake, children, (NETUID, epoch), NOW)
        .credit(&[payment])
        .unwrap();
    let owners: u64 = done.owners.iter().map(|it| it.0).sum();
    assert_eq!(done.tally.amount().unwrap().0 + owners, amount);
    done.tally.due
}

fn sum_of(handed: &[HandedOver]) -> Rao {
    Rao(handed
        .iter()
        .map(|it| it.staked.0 + it.root.0 + it.fee.0)
        .sum())
}

#[ink::test]
fn a_settlement_leaves_the_parents_stake_alone() {
    let parents = u8::try_from(MAX_PARENTS).unwrap();
    let (mut stake, mut children) = family(parents);
    let before = stake.total();
    let due = pay(&mut stake, &mut children, 80_000);
    assert_eq!((stake.total(), children.dues()), (before, due));
    assert!(due.0 > 79_000, "{due:?}");
}

#[ink::test]
fn hand_on_credits_take_and_dividends_less_the_fee() {
    let (mut stake, mut children) = family(2);
    let due = pay(&mut stake, &mut children, 40_000);
    let before = stake.total();
    let child = (NETUID, account(CHILD));
    let one = [account(1)];
    let handed = hand_on(&mut stake, &mut children, child, &one, NOW).unwrap();
    let [first] = handed[..] else {
        panic!("one parent");
    };
    assert_eq!(Rao(first.staked.0 + first.fee.0), Rao(due.0 / 2));
    let fee = HAND_ON_FEE.of(Rao(due.0 / 2));
    assert!(first.fee <= fee && fee.0 - first.fee.0 <= 2);
    assert_eq!(stake.total(), Rao(before.0 + first.staked.0));
    assert_eq!(children.dues(), Rao(due.0 - due.0 / 2));
    // The nominator has half of the parent's stake, and the owner a take of 18 %.
    let nominator = stake.worth(position(NETUID, 1, account(250)), NOW);
    let dividends = Bps(8_200).of(Rao(due.0 / 2)).0;
    let part = (dividends - HAND_ON_FEE.of(Rao(dividends)).0) / 2;
    assert!(nominator.0.abs_diff(STAKED.0 + part) <= 2, "{nominator:?}");
    // Again there is nothing for the first, and the rest for the second.
    let both = [account(1), account(2)];
    let rest = hand_on(&mut stake, &mut children, child, &both, NOW).unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(Rao(sum_of(&handed).0 + sum_of(&rest).0), due);
    assert_eq!(children.dues(), Rao::ZERO);
}

#[ink::test]
fn hand_on_to_a_parent_without_stakers_pays_its_owner() {
    let (mut stake, mut children) = family(1);
    let due = pay(&mut stake, &mut children, 40_000);
    for coldkey in [owner(1), account(250)] {
        stake.remove_all(position(NETUID, 1, coldkey), 6).unwrap();
    }
    let one = [account(1)];
    let child = (NETUID, account(CHILD));
    let handed = hand_on(&mut stake, &mut children, child, &one, NOW).unwrap();
    assert_eq!(sum_of(&handed), due);
    assert_eq!(
        stake.worth(position(NETUID, 1, owner(1)), NOW),
        handed[0].staked
    );
    assert_eq!(stake.total(), handed[0].staked);
}

#[ink::test]
fn the_root_part_of_a_due_goes_to_root_stake_while_there_is_any() {
    let (mut stake, mut children) = family(1);
    let root = position(NetUid::ROOT, 1, owner(1));
    let deposit = Deposit::of(Rao(1_000_000_000)).unwrap();
    stake.add(root, deposit, &status(1), 20).unwrap();
    // The stake matures with the next epoch of root.
    for (closing, now) in [(2, 15_000), (3, 15_010)] {
        stake.begin_epoch(NETUID, closing, now).unwrap();
    }
    let child = (NETUID, account(CHILD));
    let one = [account(1)];
    pay(&mut stake, &mut children, 40_000);
    let handed = hand_on(&mut stake, &mut children, child, &one, NOW).unwrap();
    assert!(handed[0].root > Rao::ZERO);
    assert_eq!(stake.root().unclaimed(), handed[0].root);
    let due = pay(&mut stake, &mut children, 40_000);
    stake.remove_all(root, NOW).unwrap();
    let handed = hand_on(&mut stake, &mut children, child, &one, NOW).unwrap();
    assert_eq!((handed[0].root, sum_of(&handed)), (Rao::ZERO, due));
}

/// A call stays below its bound although each hotkey has the most parents, root stake, and deposits
/// that vest.
#[ink::test]
fn a_call_for_hotkeys_with_most_parents_is_bounded() {
    let parents = u8::try_from(MAX_PARENTS).unwrap();
    let (mut stake, mut children) = family(parents);
    for netuid in [NETUID, NetUid::ROOT] {
        let key = position(netuid, CHILD, owner(CHILD));
        let deposit = Deposit::of(STAKED).unwrap();
        stake.add(key, deposit, &status(CHILD), 20).unwrap();
    }
    for (closing, now) in [(2, 15_000), (3, 15_010)] {
        stake.begin_epoch(NETUID, closing, now).unwrap();
    }
    let payment = Payment {
        hotkey: account(CHILD),
        coldkey: owner(CHILD),
        amount: Rao(80_000_000),
    };
    let accesses = || {
        let contract = ink::env::test::callee::<ink::env::DefaultEnvironment>();
        let (reads, writes) =
            ink::env::test::get_contract_storage_rw::<ink::env::DefaultEnvironment>(&contract);
        reads + writes
    };
    let before = accesses();
    let done = Distribution::new(&mut stake, &mut children, (NETUID, 3), NOW)
        .credit(&[payment; 64])
        .unwrap();
    let made = accesses() - before;
    let sums = 2;
    assert!(
        made <= sums + usize::try_from(MOST_ACCESSES).unwrap(),
        "{made}"
    );
    // Cells, links and parents are read; links, pool and root account are written. The last hotkey
    // is read only.
    let each = 2 + 1 + 8 * 2 + 1 + 2;
    assert!(
        made == sums + done.owners.len() * each || made == sums + 19 + done.owners.len() * each
    );
    assert!(done.parts.root.len() == done.owners.len() && done.owners.len() > 10);
}
