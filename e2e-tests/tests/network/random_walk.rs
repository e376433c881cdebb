//! Anything anybody might do, in any order: the invariants hold, and no contract ever traps.

use inktensor_e2e_tests::{accounts::*, Network, Shape, Template};
use inktensor_primitives::{
    epoch::Stage, registry::Hyperparameter, staking::MAX_TAKE, AccountId, Bps, NetUid, Rao, Uid,
};
use proptest::prelude::*;
use std::sync::OnceLock;

const PEOPLE: u32 = 6;
const WALKS: u32 = 16;

/// Something that somebody tries to do. It may be refused.
#[derive(Clone, Debug)]
enum Act {
    Wait(u32),
    Register(u32),
    Stake {
        on: u32,
        by: u32,
        amount: u64,
    },
    Unstake {
        on: u32,
        by: u32,
        amount: u64,
    },
    UnstakeAll {
        on: u32,
        by: u32,
    },
    Take(u32, u16),
    Weights(u32, Vec<(u16, u16)>),
    Setting(Hyperparameter),
    Bond(u32, u64),
    Unbond(u32, u64),
    /// Whatever the epoch's life asks for next.
    Live,
    /// Closing, even if the epoch before is not paid yet.
    Close,
    Burn(u32, u64),
}

fn person() -> impl Strategy<Value = u32> {
    0..PEOPLE
}

fn rao() -> impl Strategy<Value = u64> {
    prop_oneof![0..10u64, 1_900_000..2_100_000u64, 0..50_000_000_000u64]
}

fn setting() -> impl Strategy<Value = Hyperparameter> {
    prop_oneof![
        (1..60u32).prop_map(Hyperparameter::Tempo),
        (0..7u16).prop_map(Hyperparameter::MaxUids),
        (0..4u16).prop_map(Hyperparameter::MaxValidators),
        (0..30u32).prop_map(Hyperparameter::ImmunityPeriod),
        any::<u16>().prop_map(Hyperparameter::Kappa),
        any::<u16>().prop_map(Hyperparameter::BondsPenalty),
        any::<bool>().prop_map(Hyperparameter::Yuma3),
        any::<bool>().prop_map(Hyperparameter::LiquidAlpha),
        rao().prop_map(|amount| Hyperparameter::MinStake(Rao(amount))),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (1..50u32).prop_map(Act::Wait),
        3 => person().prop_map(Act::Register),
        4 => (person(), person(), rao()).prop_map(|(on, by, amount)| Act::Stake { on, by, amount }),
        2 => (person(), person(), rao()).prop_map(|(on, by, amount)| Act::Unstake { on, by, amount }),
        1 => (person(), person()).prop_map(|(on, by)| Act::UnstakeAll { on, by }),
        1 => (person(), 0..=MAX_TAKE.0 + 1).prop_map(|(who, take)| Act::Take(who, take)),
        3 => (person(), prop::collection::vec((0..7u16, any::<u16>()), 0..5))
            .prop_map(|(who, row)| Act::Weights(who, row)),
        1 => setting().prop_map(Act::Setting),
        1 => (person(), rao()).prop_map(|(who, amount)| Act::Bond(who, amount)),
        1 => (person(), rao()).prop_map(|(who, amount)| Act::Unbond(who, amount)),
        16 => Just(Act::Live),
        1 => Just(Act::Close),
        1 => (person(), rao()).prop_map(|(who, amount)| Act::Burn(who, amount)),
    ]
}

fn coldkey(person: u32) -> AccountId {
    nth("person", person)
}

fn hotkey(person: u32) -> AccountId {
    nth("hotkey", person)
}

/// Does what it can of `act`; a refusal is no failure, a trap is.
fn perform(net: &mut Network, netuid: NetUid, act: Act) {
    let addresses = net.addresses();
    match act {
        Act::Wait(blocks) => net.advance(blocks),
        Act::Register(who) => {
            let price = net.price(netuid);
            let _ = net.as_(coldkey(who)).register(netuid, hotkey(who), price);
        }
        Act::Stake { on, by, amount } => {
            let amount = Rao(amount);
            let _ = net.as_(coldkey(by)).add_stake(netuid, hotkey(on), amount);
        }
        Act::Unstake { on, by, amount } => {
            let amount = Rao(amount);
            let _ = net
                .as_(coldkey(by))
                .remove_stake(netuid, hotkey(on), amount);
        }
        Act::UnstakeAll { on, by } => {
            let _ = net.as_(coldkey(by)).remove_all_stake(netuid, hotkey(on));
        }
        Act::Take(who, take) => {
            let _ = net.as_(coldkey(who)).set_take(hotkey(who), Bps(take));
        }
        Act::Weights(who, row) => {
            let (uids, weights) = row
                .into_iter()
                .map(|(uid, weight)| (Uid(uid), weight))
                .unzip();
            let _ = net.as_(hotkey(who)).set_weights(netuid, uids, weights);
        }
        Act::Setting(value) => {
            let _ = net.as_(OWNER).set_hyperparameter(netuid, value);
        }
        Act::Bond(who, amount) => {
            let who = coldkey(who);
            let _ = net.as_(who).approve(addresses.epoch, u128::from(amount));
            let _ = net.as_(who).deposit_bond(Rao(amount));
            allow_all(net, who);
        }
        Act::Unbond(who, amount) => {
            let _ = net.as_(coldkey(who)).withdraw_bond(Rao(amount));
        }
        Act::Burn(who, amount) => {
            let _ = net.as_(coldkey(who)).burn(u128::from(amount));
        }
        Act::Live => live(net, netuid),
        Act::Close => {
            let _ = net.as_(KEEPER).close(netuid);
        }
    }
}

/// The next call of the epoch's life, whatever it is.
fn live(net: &mut Network, netuid: NetUid) {
    let status = net.status(netuid).expect("a status");
    match status.stage {
        Stage::Closed => {
            net.assert_epoch(netuid);
        }
        Stage::Asserted { .. } => net.finalize(netuid),
        Stage::Open if status.settling.is_some() => net.settle(netuid),
        Stage::Open => {
            net.advance_to(status.closes_at);
            net.as_(KEEPER).close(netuid).expect("closes");
        }
    }
}

/// Lets every contract that takes payments take what it wants from `who`.
fn allow_all(net: &mut Network, who: AccountId) {
    let addresses = net.addresses();
    for spender in [addresses.registry, addresses.staking, addresses.epoch] {
        net.as_(who).approve(spender, u128::MAX).expect("allowed");
    }
}

/// Two small subnets full of people with stake and permits, in the middle of their second epochs.
fn inhabited() -> (Network, [NetUid; 2]) {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let mut net = Network::deploy();
        for person in 0..PEOPLE {
            net.fund(coldkey(person), Rao::from_tao(500));
            allow_all(&mut net, coldkey(person));
        }
        for (seats, permits) in [(4, 2), (5, 3)] {
            let settings = vec![Hyperparameter::ImmunityPeriod(10)];
            let netuid = net.create(Shape {
                seats,
                permits,
                settings,
                ..Shape::default()
            });
            for person in 0..u32::from(seats) {
                let who = coldkey(person);
                let price = net.price(netuid);
                net.as_(who)
                    .register(netuid, hotkey(person), price)
                    .expect("registered");
                let amount = Rao::from_tao(10 + u64::from(person));
                net.as_(who)
                    .add_stake(netuid, hotkey(person), amount)
                    .expect("staked");
            }
            net.run_epoch(netuid);
            net.honest_weights(netuid);
        }
        net.template()
    });
    (Network::begin_from(template), [NetUid(1), NetUid(2)])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: WALKS,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_walk_breaks_an_invariant(acts in prop::collection::vec((0..2usize, act()), 40..160)) {
        let (mut net, subnets) = inhabited();
        for (subnet, act) in acts {
            perform(&mut net, subnets[subnet], act);
        }
    }
}
