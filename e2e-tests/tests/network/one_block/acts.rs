//! Messages of colluders and of anyone in the block.

use super::{coldkey, hotkey, netuid, COLLUDERS, LIQUID, ROOT_PLACE, SUBNETS};
use inktensor_e2e_tests::{accounts::*, Network};
use inktensor_primitives::{
    registry::Hyperparameter,
    staking::{Child, Proxy, MAX_TAKE},
    Bps, Rao, Uid,
};
use proptest::prelude::*;

/// One message of the block.
#[derive(Clone, Debug)]
pub enum Act {
    /// A coldkey (the last) adds stake on a hotkey.
    Add(usize, u32, u32, u64),
    /// That coldkey removes stake.
    Remove(usize, u32, u32, u64),
    /// That coldkey removes all stake.
    RemoveAll(usize, u32, u32),
    /// A coldkey moves stake from place and hotkey to place and hotkey.
    Move(usize, u32, usize, u32, u32, Option<u64>),
    /// A coldkey transfers stake on a hotkey to another coldkey.
    Transfer(usize, u32, u32, u32, Option<u64>),
    /// A coldkey removes all its stake.
    UnstakeAll(u32),
    /// A coldkey claims the dividends of its root stake.
    ClaimRoot(u32, u32),
    /// A coldkey sets its hotkey's take.
    Take(u32, u16),
    /// A coldkey sets its hotkey's take as a child.
    ChildTake(usize, u32, u16),
    /// A coldkey makes another's hotkey a child of its own, or ends that.
    Children(usize, u32, Option<u32>),
    /// A coldkey allows a parent.
    Parent(usize, u32, u32, bool),
    /// The owner of the last subnet sets a hyperparameter.
    Set(Hyperparameter),
    /// A coldkey registers one more hotkey.
    Register(usize, u32),
    /// A coldkey names a proxy for its votes: a coldkey, itself to set them aside, or none.
    Proxy(u32, Option<u32>),
    /// A subnet's epoch is closed. Anyone can do this, so it happens on the copy too.
    Close(usize),
    /// Pay of all neurons of a subnet is collected, by anyone.
    Collect(usize),
    /// Pay of the parents of a hotkey is handed on, by anyone.
    HandOn(usize, u32, u32),
}
fn place() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..SUBNETS, 1 => Just(ROOT_PLACE)]
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => 0..10_000_000u64,
        2 => 1_000_000_000..100_000_000_000u64,
        3 => 500_000_000_000..=LIQUID.0,
    ]
}

/// Returns what a colluder signs.
pub fn act() -> impl Strategy<Value = Act> {
    let who = || 0..COLLUDERS;
    let some = || prop::option::of(amount());
    prop_oneof![
        8 => (place(), who(), who(), amount()).prop_map(|(at, on, by, x)| Act::Add(at, on, by, x)),
        3 => (place(), who(), who(), amount())
            .prop_map(|(at, on, by, x)| Act::Remove(at, on, by, x)),
        3 => (place(), who(), who()).prop_map(|(at, on, by)| Act::RemoveAll(at, on, by)),
        6 => (place(), who(), place(), who(), who(), some())
            .prop_map(|(at, on, to, other, by, x)| Act::Move(at, on, to, other, by, x)),
        3 => (place(), who(), who(), who(), some())
            .prop_map(|(at, on, by, to, x)| Act::Transfer(at, on, by, to, x)),
        1 => who().prop_map(Act::UnstakeAll),
        1 => (who(), who()).prop_map(|(on, by)| Act::ClaimRoot(on, by)),
        1 => (who(), 0..=MAX_TAKE.0).prop_map(|(by, take)| Act::Take(by, take)),
        1 => (0..SUBNETS, who(), 0..=MAX_TAKE.0).prop_map(|(at, by, x)| Act::ChildTake(at, by, x)),
        2 => (0..SUBNETS, who(), prop::option::of(who()))
            .prop_map(|(at, by, child)| Act::Children(at, by, child)),
        1 => (0..SUBNETS, who(), who(), any::<bool>())
            .prop_map(|(at, by, parent, yes)| Act::Parent(at, by, parent, yes)),
        2 => setting().prop_map(Act::Set),
        1 => (0..SUBNETS, who()).prop_map(|(at, by)| Act::Register(at, by)),
        2 => (who(), prop::option::of(who())).prop_map(|(by, to)| Act::Proxy(by, to)),
    ]
}

/// Returns what anyone can send to the same effect.
pub fn public() -> impl Strategy<Value = Act> {
    let who = || 0..COLLUDERS;
    prop_oneof![
        8 => (0..SUBNETS).prop_map(Act::Close),
        2 => (0..SUBNETS).prop_map(Act::Collect),
        1 => (0..SUBNETS, who(), who()).prop_map(|(at, on, to)| Act::HandOn(at, on, to)),
    ]
}

/// Returns parameters that an owner would set to its own advantage.
fn setting() -> impl Strategy<Value = Hyperparameter> {
    prop_oneof![
        (1..400u32).prop_map(Hyperparameter::Tempo),
        (0..400u32).prop_map(Hyperparameter::ImmunityPeriod),
        any::<u16>().prop_map(Hyperparameter::Kappa),
        (0..8u16).prop_map(Hyperparameter::MaxValidators),
        amount().prop_map(|x| Hyperparameter::MinStake(Rao(x))),
        any::<bool>().prop_map(Hyperparameter::Yuma3),
        any::<u16>().prop_map(Hyperparameter::BondsPenalty),
    ]
}
/// Sends a message. A refusal is as good as no message.
pub fn perform(net: &mut Network, act: &Act) {
    let on = |net: &Network, place: usize| netuid(net, place);
    match act.clone() {
        Act::Add(at, hot, by, x) => {
            let at = on(net, at);
            let _ = net.as_(coldkey(by)).add_stake(at, hotkey(hot), Rao(x));
        }
        Act::Remove(at, hot, by, x) => {
            let at = on(net, at);
            let _ = net.as_(coldkey(by)).remove_stake(at, hotkey(hot), Rao(x));
        }
        Act::RemoveAll(at, hot, by) => {
            let at = on(net, at);
            let _ = net.as_(coldkey(by)).remove_all_stake(at, hotkey(hot));
        }
        Act::Move(at, hot, to, other, by, x) => {
            let (at, to) = (on(net, at), on(net, to));
            let moved = net.as_(coldkey(by));
            let _ = moved.move_stake(at, hotkey(hot), to, hotkey(other), x.map(Rao));
        }
        Act::Transfer(at, hot, by, to, x) => {
            let at = on(net, at);
            let sent = net.as_(coldkey(by));
            let _ = sent.transfer_stake(at, hotkey(hot), coldkey(to), x.map(Rao));
        }
        Act::UnstakeAll(by) => {
            let _ = net.as_(coldkey(by)).unstake_all(8);
        }
        Act::ClaimRoot(hot, by) => {
            let _ = net.as_(coldkey(by)).claim_root(hotkey(hot));
        }
        Act::Take(by, take) => {
            let _ = net.as_(coldkey(by)).set_take(hotkey(by), Bps(take));
        }
        Act::ChildTake(at, by, take) => {
            let at = on(net, at);
            let _ = net
                .as_(coldkey(by))
                .set_child_take(at, hotkey(by), Bps(take));
        }
        Act::Children(at, by, child) => {
            let at = on(net, at);
            let children = child.map(|child| Child {
                hotkey: hotkey(child),
                proportion: u64::MAX,
            });
            let children = children.into_iter().collect();
            let _ = net.as_(coldkey(by)).set_children(at, hotkey(by), children);
        }
        Act::Parent(at, by, parent, yes) => {
            let at = on(net, at);
            let allowed = net.as_(coldkey(by));
            let _ = allowed.allow_parent(at, hotkey(by), hotkey(parent), yes);
        }
        Act::Set(value) => {
            let at = on(net, SUBNETS - 1);
            let _ = net.as_(coldkey(0)).set_hyperparameter(at, value);
        }
        Act::Register(at, by) => {
            let at = on(net, at);
            let price = net.price(at);
            let _ = net.as_(coldkey(by)).register(at, nth("more", by), price);
        }
        Act::Proxy(by, to) => {
            let proxy = match to {
                Some(to) if to == by => Proxy::Aside,
                Some(to) => Proxy::Account(coldkey(to)),
                None => Proxy::None,
            };
            let _ = net.as_(coldkey(by)).set_proxy(proxy);
        }
        Act::Close(at) => {
            let at = on(net, at);
            let _ = net.as_(STRANGER).close(at);
        }
        Act::Collect(at) => {
            let at = on(net, at);
            let neurons = net.metagraph(at, 0).into_iter();
            let owed = neurons.filter(|neuron| neuron.owed > Rao::ZERO);
            let uids: Vec<Uid> = owed.map(|neuron| neuron.uid).collect();
            let _ = net.as_(STRANGER).collect(at, uids);
            let _ = net.as_(STRANGER).collect_cut(at);
        }
        Act::HandOn(at, hot, to) => {
            let at = on(net, at);
            let parents = vec![hotkey(to)];
            let _ = net.as_(STRANGER).hand_on(at, hotkey(hot), parents);
        }
    }
}
