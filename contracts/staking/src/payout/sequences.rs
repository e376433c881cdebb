//! Random sequences of the calls that change stake, links and dividends.

use super::*;
use crate::{
    children::{ChildList, Children},
    stake::{Deposit, PositionKey, Stake},
};
use ink::env::{
    test::{callee, count_used_storage_cells},
    DefaultEnvironment,
};
use inktensor_primitives::{
    registry::HotkeyStatus,
    staking::{Child, Payment, StakingError},
    AccountId, Bps, NetUid, Rao,
};
use proptest::prelude::*;

const NETUID: NetUid = NetUid(1);
/// Hotkeys and coldkeys. The first two coldkeys own the hotkeys.
const ACCOUNTS: u8 = 4;

fn hotkey(seed: u8) -> AccountId {
    [seed; 32].into()
}

fn coldkey(seed: u8) -> AccountId {
    [100 + seed; 32].into()
}

fn owner(hotkey: AccountId) -> AccountId {
    let bytes: &[u8; 32] = hotkey.as_ref();
    coldkey(bytes[0] % 2)
}

/// A call.
#[derive(Clone, Debug)]
enum Call {
    SetChildren {
        parent: u8,
        children: Vec<(u8, u64)>,
    },
    AllowParent {
        child: u8,
        parent: u8,
        allowed: bool,
    },
    SetChildTake {
        hotkey: u8,
        take: u16,
    },
    Add {
        on: NetUid,
        hotkey: u8,
        coldkey: u8,
        amount: u64,
    },
    Remove {
        on: NetUid,
        hotkey: u8,
        coldkey: u8,
        amount: Option<u64>,
    },
    Collect {
        hotkey: u8,
        amount: u64,
    },
    HandOn {
        child: u8,
        parents: Vec<u8>,
    },
    Close {
        blocks: u32,
    },
    Distribute {
        payments: Vec<(u8, u64)>,
    },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let one = || 0..ACCOUNTS;
    let netuid = || prop_oneof![3 => Just(NETUID), 1 => Just(NetUid::ROOT)];
    let amount = || 2_000_000u64..1 << 40;
    let part = 1..u64::MAX / 2;
    let children = prop::collection::vec((one(), part), 0..3);
    let payments = || prop::collection::vec((one(), 0..1u64 << 40), 1..6);
    prop::collection::vec(
        prop_oneof![
            2 => (one(), children)
                .prop_map(|(parent, children)| Call::SetChildren { parent, children }),
            1 => (one(), one(), any::<bool>())
                .prop_map(|(child, parent, allowed)| Call::AllowParent { child, parent, allowed }),
            1 => (one(), 0u16..2_000)
                .prop_map(|(hotkey, take)| Call::SetChildTake { hotkey, take }),
            6 => (netuid(), one(), one(), amount()).prop_map(|(on, hotkey, coldkey, amount)| {
                Call::Add { on, hotkey, coldkey, amount }
            }),
            3 => (netuid(), one(), one(), prop::option::of(amount())).prop_map(
                |(on, hotkey, coldkey, amount)| Call::Remove { on, hotkey, coldkey, amount },
            ),
            3 => (one(), amount()).prop_map(|(hotkey, amount)| Call::Collect { hotkey, amount }),
            1 => (one(), prop::collection::vec(one(), 0..3))
                .prop_map(|(child, parents)| Call::HandOn { child, parents }),
            5 => prop_oneof![Just(100), Just(8_000)].prop_map(|blocks| Call::Close { blocks }),
            6 => payments().prop_map(|payments| Call::Distribute { payments }),
        ],
        1..80,
    )
}

#[derive(Default)]
struct World {
    stake: Stake,
    children: Children,
    now: u32,
}

impl World {
    /// Makes a call. What the rules refuse is refused.
    fn make(&mut self, call: &Call) -> Result<(), StakingError> {
        let Self {
            stake,
            children,
            now,
        } = self;
        *now += 1;
        let (clock, now) = (stake.clock(NETUID, *now), *now);
        match call {
            Call::SetChildren {
                parent,
                children: list,
            } => {
                let list = list.iter().map(|(child, proportion)| Child {
                    proportion: *proportion,
                    hotkey: hotkey(*child),
                });
                let parent = hotkey(*parent);
                let list = ChildList::of(&parent, list.collect())?;
                let owner_of = |it| Ok(Some(owner(it)));
                let key = (NETUID, parent);
                children.set(stake, key, &list, owner(parent), &clock, now, owner_of)?;
            }
            Call::AllowParent {
                child,
                parent,
                allowed,
            } => {
                let link = (hotkey(*child), hotkey(*parent));
                children.allow_parent(stake, NETUID, link, *allowed, &clock, now)?;
            }
            Call::SetChildTake {
                hotkey: child,
                take,
            } => children.set_take(stake, NETUID, hotkey(*child), Bps(*take), now)?,
            Call::Add {
                on,
                hotkey,
                coldkey,
                amount,
            } => {
                let key = position(*on, *hotkey, *coldkey);
                let status = status(key.hotkey, clock.open > 0);
                stake.add(key, Deposit::of(Rao(*amount))?, &status, now)?;
            }
            Call::Remove {
                on,
                hotkey,
                coldkey,
                amount,
            } => {
                let key = position(*on, *hotkey, *coldkey);
                stake.remove(key, amount.map(Rao), Rao::ZERO, now)?;
            }
            Call::Collect { hotkey, amount } => {
                stake_pay(stake, NETUID, &[payment(*hotkey, *amount)], now)?;
            }
            Call::HandOn { child, parents } => {
                let parents: Vec<_> = parents.iter().copied().map(hotkey).collect();
                hand_on(stake, children, (NETUID, hotkey(*child)), &parents, now)?;
            }
            Call::Close { blocks } => {
                self.now += blocks;
                stake.begin_epoch(NETUID, clock.open, self.now)?;
            }
            Call::Distribute { payments } => {
                let payments = payments.iter().map(|(hotkey, it)| payment(*hotkey, *it));
                let payments: Vec<_> = payments.collect();
                if let Some(epoch) = clock.open.checked_sub(1) {
                    let before = cells();
                    let chunk = Distribution::new(stake, children, (NETUID, epoch), now);
                    chunk.credit(&payments)?;
                    assert_eq!(cells(), before, "a settlement creates no storage");
                }
            }
        }
        Ok(())
    }

    /// Checks what pools note of links. Returns the number of notes.
    fn check_notes(&self) -> usize {
        let Self {
            stake,
            children,
            now,
        } = self;
        let clock = stake.clock(NETUID, *now);
        for hotkey in (0..ACCOUNTS).map(hotkey) {
            let is_unlinked = stake.hotkey(NETUID, hotkey).is_unlinked();
            assert!(!is_unlinked || !children.has_links(NETUID, hotkey));
            for epoch in clock.open.saturating_sub(2)..clock.open + 2 {
                assert_eq!(
                    children.weight_at(stake, NETUID, hotkey, epoch, &clock),
                    children.weight_by_links(stake, NETUID, hotkey, epoch, &clock),
                );
            }
        }
        let all = (0..ACCOUNTS).map(|seed| stake.hotkey(NETUID, hotkey(seed)));
        all.filter(|it| it.is_unlinked()).count()
    }
}

/// Returns the number of cells in storage.
fn cells() -> usize {
    let contract = callee::<DefaultEnvironment>();
    count_used_storage_cells::<DefaultEnvironment>(&contract).unwrap_or_default()
}

fn position(netuid: NetUid, hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey {
        netuid,
        hotkey: self::hotkey(hotkey),
        coldkey: self::coldkey(coldkey),
    }
}

fn payment(seed: u8, amount: u64) -> Payment {
    Payment {
        hotkey: hotkey(seed),
        coldkey: owner(hotkey(seed)),
        amount: Rao(amount),
    }
}

fn status(hotkey: AccountId, started: bool) -> HotkeyStatus {
    HotkeyStatus {
        subnet_exists: true,
        subnet_started: started,
        transfers: true,
        nominator_min: Rao::ZERO,
        braked_until: None,
        owner: Some(owner(hotkey)),
    }
}

#[ink::test]
fn a_note_of_no_links_is_made_by_a_settlement_and_ends_with_the_first_link() {
    let mut world = World::default();
    let add = Call::Add {
        on: NETUID,
        hotkey: 1,
        coldkey: 1,
        amount: 2_000_000,
    };
    let settle = Call::Distribute {
        payments: vec![(1, 1_000)],
    };
    for call in [add, Call::Close { blocks: 100 }, settle] {
        assert_eq!(world.check_notes(), 0);
        world.make(&call).unwrap();
    }
    assert_eq!(world.check_notes(), 1);
    let take = Call::SetChildTake { hotkey: 1, take: 5 };
    world.make(&take).unwrap();
    assert_eq!(world.check_notes(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    /// A pool that notes that its hotkey has no links is right, so that the weight is the same as
    /// if the links were read.
    #[test]
    fn a_hotkey_noted_as_unlinked_has_no_links(calls in calls()) {
        ink::env::test::run_test::<DefaultEnvironment, _>(|_| {
            let mut world = World::default();
            for call in &calls {
                let _ = world.make(call);
                world.check_notes();
            }
            Ok(())
        })
        .unwrap();
    }
}
