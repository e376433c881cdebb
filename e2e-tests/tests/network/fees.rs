//! The fees of those who run an epoch.

use inktensor_client::deploy::Config;
use inktensor_e2e_tests::{accounts::*, network::config, EpochRun, Network, Prepared, Shape};
use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Fee, Fees},
    Bps, NetUid, Rao,
};

/// Returns a network of two validators and three miners whose second epoch, the first with a
/// budget, is closed.
fn with_budget() -> (Network, NetUid, EpochBudget) {
    static PREPARED: Prepared<(NetUid, EpochBudget)> =
        Prepared::new(|net| close_with_budget(net, 3));
    let (net, (netuid, budget)) = PREPARED.network();
    (net, netuid, budget)
}

fn close_with_budget(net: &mut Network, miners: u32) -> (NetUid, EpochBudget) {
    let netuid = net.create(Shape {
        seats: 256,
        ..Shape::default()
    });
    net.with_validators(netuid, 2).with_miners(netuid, miners);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    let budget = net.budget(netuid, 1).expect("drawn");
    assert!(budget.proposer > Rao::ZERO && budget.keeper > Rao::ZERO);
    (netuid, budget)
}

/// Returns such a network with 70 miners and its epoch final.
fn with_final_epoch() -> (Network, NetUid, EpochBudget, EpochRun) {
    static PREPARED: Prepared<(NetUid, EpochBudget, EpochRun)> = Prepared::new(|net| {
        let (netuid, budget) = close_with_budget(net, 70);
        let computed = net.assert_epoch(netuid);
        net.finalize(netuid);
        (netuid, budget, computed)
    });
    let (net, (netuid, budget, computed)) = PREPARED.network();
    (net, netuid, budget, computed)
}

#[test]
fn fees_are_deducted_from_the_budget_first() {
    let (net, netuid, budget) = with_budget();
    let total = budget.unspent().expect("an amount");
    let fees = net.fees();
    assert_eq!(fees, Fees::DEFAULT);
    assert_eq!(budget.proposer, fees.proposer.of(total));
    assert_eq!(budget.keeper, fees.keeper.of(total));
    let header = net.header(netuid).expect("closed");
    assert_eq!(
        header.budget.total(),
        Rao(budget.miners.0 + budget.validators.0),
        "the kernel divides the budget less the fees"
    );
}

#[test]
fn finalize_pays_the_proposer() {
    let (mut net, netuid, budget) = with_budget();
    net.assert_epoch(netuid);
    let before = net.balance(WORKER);
    net.finalize(netuid);
    assert_eq!(net.balance(WORKER), before + budget.proposer.to_u128());
    let left = net.budget(netuid, 1).expect("not complete");
    assert_eq!((left.proposer, left.keeper), (Rao::ZERO, budget.keeper));
}

#[test]
fn dispute_takes_the_proposers_fee() {
    let (mut net, netuid, budget) = with_budget();
    let computed = net.compute(netuid);
    let inputs = net.inputs(netuid);
    let mut lie = computed.assertion.clone();
    lie.results[0][0] ^= 1;
    net.propose_lie(netuid, &lie);
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("slashed");
    assert_eq!(net.budget(netuid, 1), Some(budget));
    assert_eq!(net.balance(WORKER), 0);
}

#[test]
fn settle_pays_an_equal_fee_for_each_chunk() {
    let (mut net, netuid, budget, computed) = with_final_epoch();
    let chunks = computed.trace.results.len();
    assert!(chunks > 1, "at least two chunks");
    let part = budget.keeper.0 / u64::try_from(chunks).expect("few");
    for (chunk, results) in (0u16..).zip(&computed.trace.results) {
        let keeper = nth("settler", chunk.into());
        net.as_(keeper)
            .settle(netuid, 1, chunk, results)
            .expect("settled");
        assert_eq!(net.balance(keeper), u128::from(part), "chunk {chunk}");
    }
}

#[test]
fn rest_of_the_pots_goes_to_the_next_budget() {
    let (mut net, netuid, budget, computed) = with_final_epoch();
    // The first chunk is not settled, so its keeper's fee stays in the pot.
    let pending = net.pending(netuid);
    let chunks = u64::try_from(computed.trace.results.len()).expect("few");
    let part = budget.keeper.0 / chunks;
    for (chunk, results) in (0u16..).zip(&computed.trace.results).skip(1) {
        net.as_(KEEPER)
            .settle(netuid, 1, chunk, results)
            .expect("settled");
    }
    let left = net.budget(netuid, 1).expect("not complete");
    assert_eq!(left.keeper, Rao(budget.keeper.0 - (chunks - 1) * part));
    let unpaid = left.miners.0 + left.validators.0 - left.paid.0;

    let settled_at = net.block();
    net.advance(net.rules().settle_window);
    net.close(netuid);
    let issued = u64::from(net.block() - settled_at) * Rao::PER_TAO;
    let drawn = net.budget(netuid, 2).and_then(|budget| budget.unspent());
    let due = pending.0 + issued + unpaid + left.keeper.0;
    let drawn = drawn.expect("an amount").0;
    assert!(drawn.abs_diff(due) <= 1, "{drawn} of {due}");
}

#[test]
fn fees_and_pay_sum_to_the_budget() {
    let (mut net, netuid, budget, computed) = with_final_epoch();
    let minted = net.issuance().minted;
    let worker = net.balance(WORKER);
    let pending = net.pending(netuid);
    net.settle(netuid);
    let carried = net.pending(netuid).0 - pending.0;
    let paid = net.issuance().minted.0 - minted.0;
    // The proposer's fee was paid at finality.
    let total = budget.unspent().expect("an amount").0 - budget.proposer.0;
    assert_eq!(paid + carried, total);
    let keeper = net.balance(KEEPER);
    assert_eq!(
        u128::from(paid),
        keeper + u128::from(computed.pay().0 + budget.treasury.0)
    );
    assert_eq!(net.balance(WORKER), worker);
}

#[test]
fn fees_of_zero_pay_neither_proposer_nor_keeper() {
    let fees = Fees {
        proposer: Bps(0),
        keeper: Bps(0),
    };
    let mut net = Network::deploy_with(&Config { fees, ..config() });
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    let computed = net.run_epoch(netuid);
    assert!(computed.pay() > Rao::ZERO);
    assert_eq!((net.balance(WORKER), net.balance(KEEPER)), (0, 0));
}

#[test]
fn pay_fee_and_carry_by_other_accounts_are_refused() {
    let (mut net, netuid, _) = with_budget();
    let addresses = net.addresses();
    for who in [STRANGER, DEPLOYER, WORKER, addresses.registry] {
        for fee in [Fee::Proposer, Fee::Keeper] {
            net.refuses(
                who,
                |it| it.pay_fee(netuid, 1, fee, who, Rao(1)),
                EmissionError::NotEpoch,
            );
        }
        net.refuses(who, |it| it.carry(netuid, 1), EmissionError::NotEpoch);
    }
}

/// Even the epoch contract cannot draw more from a pot than its content. Accounts need no keys
/// here, so the test can sign for the contract.
#[test]
fn pay_fee_beyond_the_pot_is_refused() {
    let (mut net, netuid, budget) = with_budget();
    let epoch = net.addresses().epoch;
    for (fee, pot) in [
        (Fee::Proposer, budget.proposer),
        (Fee::Keeper, budget.keeper),
    ] {
        net.refuses(
            epoch,
            |it| it.pay_fee(netuid, 1, fee, ALICE, Rao(pot.0 + 1)),
            EmissionError::OverBudget(pot),
        );
    }
    net.refuses(
        epoch,
        |it| it.pay_fee(netuid, 7, Fee::Keeper, ALICE, Rao(1)),
        EmissionError::NotDrawn,
    );
    net.refuses(epoch, |it| it.carry(netuid, 7), EmissionError::NotDrawn);
}
