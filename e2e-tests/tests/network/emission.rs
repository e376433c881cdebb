//! Issuance, budgets and their division.

use inktensor_client::deploy::Config;
use inktensor_e2e_tests::{accounts::*, network::config, Network, Shape};
use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Split},
    NetUid, Rao,
};

/// Creates a subnet of one validator and two miners.
fn populated(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    netuid
}

fn drawn(budget: &EpochBudget) -> u64 {
    budget.unspent().expect("an amount").0
}

/// Returns the part of a budget that the split divides.
fn split_up(budget: &EpochBudget) -> u64 {
    drawn(budget) - budget.proposer.0 - budget.keeper.0
}

/// Returns the budget of the subnet's second epoch, the first with anything to pay.
fn second_budget(net: &mut Network, netuid: NetUid) -> EpochBudget {
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    let header = net.close(netuid);
    assert_eq!(header.epoch, 1);
    net.budget(netuid, 1).expect("drawn")
}

#[test]
fn issuance_is_zero_without_stake() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_miners(netuid, 2);
    for _ in 0..2 {
        let computed = net.run_epoch(netuid);
        assert_eq!(computed.header.budget.total(), Rao::ZERO);
    }
    assert_eq!(net.issuance().issued, net.genesis());
    assert_eq!(net.total_minted(), net.genesis().to_u128());
}

#[test]
fn release_of_a_live_subnet_is_refused() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    for netuid in [netuid, NetUid(0), NetUid(9)] {
        net.refuses(STRANGER, |it| it.release(netuid), EmissionError::StillLive);
    }
}

#[test]
fn issuance_is_zero_before_a_weight_is_sampled() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.advance(500);
    assert_eq!(net.pending(netuid), Rao::ZERO);
    let header = net.close(netuid);
    assert_eq!(header.budget.total(), Rao::ZERO);
}

#[test]
fn draw_of_the_only_subnet_is_all_issuance() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let first = net.run_epoch(netuid).header;
    let pending = {
        let closes_at = net.status(netuid).expect("a status").closes_at;
        net.advance_to(closes_at);
        net.pending(netuid)
    };
    let second = net.close(netuid);
    let budget = net.budget(netuid, 1).expect("drawn");
    let issued = (second.closed_at - first.closed_at) * Rao::PER_TAO;
    assert!(issued - drawn(&budget) <= 1, "{budget:?}");
    assert_eq!(drawn(&budget), pending.0);
}

#[test]
fn budget_is_split_by_default_50_25_0_25() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let budget = second_budget(&mut net, netuid);
    let total = split_up(&budget);
    assert_eq!(budget.miners, Rao(total / 2));
    assert_eq!(budget.validators, Rao(total / 4));
    assert_eq!(budget.owner, Rao::ZERO);
    // The rest, rounding included.
    assert_eq!(budget.treasury, Rao(total - total / 2 - total / 4));
    assert_eq!(budget.paid, Rao::ZERO);
}

#[test]
fn treasury_is_paid_when_the_epoch_is_complete() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let budget = second_budget(&mut net, netuid);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    assert_eq!(net.balance(TREASURY), 0);
    net.settle(netuid);
    assert_eq!(net.balance(TREASURY), budget.treasury.to_u128());
}

#[test]
fn bittensor_split_pays_the_owner_as_stake() {
    let mut net = Network::deploy_with(&Config {
        split: Split::BITTENSOR,
        ..config()
    });
    let netuid = populated(&mut net);
    let budget = second_budget(&mut net, netuid);
    let total = split_up(&budget);
    let part =
        |bps: u64| Rao(u64::try_from(u128::from(total) * u128::from(bps) / 10_000).expect("fits"));
    assert_eq!(budget.validators, part(4_100));
    assert_eq!(budget.owner, part(1_800));
    assert_eq!(budget.treasury, Rao::ZERO);
    assert!(budget.miners.0.abs_diff(part(4_100).0) <= 2);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);
    assert_eq!(net.hotkey_stake(netuid, OWNER_HOTKEY), budget.owner);
    let owned = net.stake_of(netuid, OWNER_HOTKEY, OWNER);
    assert!(budget.owner.0 - owned.0 <= 1);
    assert_eq!(net.balance(TREASURY), 0);
}

#[test]
fn subnets_share_by_stake() {
    let mut net = Network::deploy();
    let (small, large) = (net.create(Shape::default()), net.create(Shape::default()));
    for (netuid, stake) in [(small, 100), (large, 300)] {
        net.enrol(netuid, ALICE, ALICE_HOTKEY);
        net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(stake));
    }
    // Both weights are sampled at the same block, and both second epochs close at the same block.
    net.close(small);
    net.close(large);
    for netuid in [small, large] {
        net.assert_epoch(netuid);
    }
    for netuid in [small, large] {
        net.finalize(netuid);
    }
    for netuid in [small, large] {
        net.settle(netuid);
    }
    net.close(small);
    net.close(large);
    let [a, b] = [small, large].map(|netuid| drawn(&net.budget(netuid, 1).expect("drawn")));
    let blocks = u64::from(Shape::default().tempo);
    assert!(a.abs_diff(blocks * Rao::PER_TAO / 4) <= 1, "{a}");
    assert!(b.abs_diff(blocks * Rao::PER_TAO * 3 / 4) <= 1, "{b}");
}

#[test]
fn weight_is_sampled_once_per_epoch() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.run_epoch(netuid);
    let before = net.issuance().total_weight;
    net.stake(netuid, ALICE, nth("validator", 0), Rao::from_tao(1_000));
    assert_eq!(net.issuance().total_weight, before);
    // It weighs from the next epoch on.
    net.run_epoch(netuid);
    let sampled = net.issuance().total_weight;
    assert!(sampled < Rao(before.0 + Rao::from_tao(100).0), "{sampled}");
    net.close(netuid);
    let weight = net.issuance().total_weight;
    assert_eq!(weight, net.matured_stake(netuid));
    assert!(weight > Rao(sampled.0 + Rao::from_tao(1_000).0), "{weight}");
    // All other stake is pay that was collected in the epoch.
    assert!(weight < net.subnet_stake(netuid), "{weight}");
}

#[test]
fn issuance_halves_inside_a_span() {
    // 25 blocks before the first halving; the first epoch samples the weight, the second crosses.
    let genesis = Rao(Rao::from_tao(10_500_000).0 - 25 * Rao::PER_TAO);
    let mut net = Network::deploy_with(&Config {
        holders: vec![(BANK, genesis)],
        ..config()
    });
    let netuid = net.create(Shape {
        tempo: 40,
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    net.run_epoch(netuid);
    assert_eq!(net.issuance().per_block, Rao(1_000_000_000));
    net.close(netuid);
    let issuance = net.issuance();
    assert_eq!(issuance.per_block, Rao(500_000_000));
    let budget = net.budget(netuid, 1).expect("drawn");
    let expected = 25 * Rao::PER_TAO + 15 * Rao::PER_TAO / 2;
    assert!(expected - drawn(&budget) <= 1, "{budget:?}");
}

#[test]
fn issuance_stops_at_the_cap() {
    let genesis = Rao(Rao::CAP.0 - 2);
    let mut net = Network::deploy_with(&Config {
        holders: vec![(BANK, genesis)],
        ..config()
    });
    let netuid = populated(&mut net);
    for _ in 0..2 {
        net.run_epoch(netuid);
    }
    let issuance = net.issuance();
    assert!(issuance.issued <= Rao::CAP);
    assert_eq!(issuance.per_block, Rao::ZERO);
}

#[test]
fn miners_part_goes_to_validators_without_incentive() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.run_epoch(netuid);
    // No weights are set.
    let computed = net.run_epoch(netuid);
    let results = computed.trace.results.concat();
    assert!(results.iter().all(|result| result.miner == Rao::ZERO));
    let budget = computed.header.budget.total();
    assert!(budget.0 - computed.pay().0 <= 2 + budget.0 / (1 << 30));
    assert!(results[0].validator.0 > 0);
}

#[test]
fn unpaid_rounding_goes_to_the_next_budget() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    second_budget(&mut net, netuid);
    let computed = net.assert_epoch(netuid);
    net.finalize(netuid);
    let before = net.pending(netuid);
    net.settle(netuid);
    let carried = computed.header.budget.total().0 - computed.pay().0;
    assert_eq!(net.pending(netuid), Rao(before.0 + carried));
}
