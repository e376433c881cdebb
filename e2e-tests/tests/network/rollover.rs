//! Rolling over epochs that do not become final.

use inktensor_e2e_tests::{accounts::*, bundles, Network, Prepared, Shape};
use inktensor_primitives::{
    epoch::{Collateral, EpochError, Stage},
    NetUid, Rao,
};

/// Returns a network whose second epoch, which has a budget and reads carry-over state, is closed.
fn with_closed_epoch() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| net.with_closed_epoch());
    PREPARED.network()
}

/// Returns the block at which the closed epoch can be rolled over.
fn rolls_over_at(net: &Network, netuid: NetUid) -> Option<u32> {
    net.status(netuid).expect("a status").rolls_over_at
}

/// Waits until the closed epoch can be rolled over, and rolls it over.
fn roll_over(net: &mut Network, netuid: NetUid) -> Rao {
    let due = rolls_over_at(net, netuid).expect("it can be");
    net.advance_to(due);
    net.as_(STRANGER).roll_over(netuid).expect("rolled over")
}

#[test]
fn roll_over_before_the_delay_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let due = net.block() + net.rules().rollover_delay;
    assert_eq!(rolls_over_at(&net, netuid), Some(due));
    net.advance_to(due - 1);
    net.refuses(
        STRANGER,
        |it| it.roll_over(netuid),
        EpochError::RolloverNotDue(due),
    );
    net.advance(1);
    assert!(net.as_(STRANGER).roll_over(netuid).is_ok());
}

#[test]
fn roll_over_with_nothing_closed_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    for closed_before in [false, true] {
        if closed_before {
            net.run_epoch(netuid);
        }
        net.advance(net.rules().rollover_delay);
        for netuid in [netuid, NetUid(99)] {
            net.refuses(
                STRANGER,
                |it| it.roll_over(netuid),
                EpochError::NothingClosed,
            );
        }
    }
}

#[test]
fn roll_over_keeps_roster_and_memory_and_carries_the_budget() {
    let (mut net, netuid) = with_closed_epoch();
    let budget = net.budget(netuid, 1).expect("drawn");
    let total = budget.unspent().expect("an amount");
    assert!(total > Rao::ZERO);
    let (roster, memory) = (net.roster(netuid), net.memory_hashes(netuid));
    let due = rolls_over_at(&net, netuid).expect("it can be");
    net.advance_to(due);
    let (pending, minted) = (net.pending(netuid), net.total_minted());

    assert_eq!(net.as_(STRANGER).roll_over(netuid), Ok(total));
    assert_eq!(net.pending(netuid), Rao(pending.0 + total.0));
    assert_eq!(net.total_minted(), minted);
    assert_eq!(net.budget(netuid, 1), None);
    assert_eq!(net.roster(netuid), roster);
    assert_eq!(net.memory_hashes(netuid), memory);
    let status = net.status(netuid).expect("a status");
    assert_eq!(status.stage, Stage::Open);
    assert_eq!((status.open, status.final_epoch), (2, Some(0)));
    assert_eq!((status.replays_at, status.rolls_over_at), (None, None));
}

#[test]
fn epoch_after_a_rollover_pays_both_budgets() {
    let (mut net, netuid) = with_closed_epoch();
    let lost = net.header(netuid).expect("closed");
    let roster = net.roster(netuid);
    let carried = roll_over(&mut net, netuid);
    let pending = net.pending(netuid);
    assert!(pending.0 > carried.0);

    let header = net.close(netuid);
    assert_eq!((header.epoch, header.final_epoch), (2, Some(0)));
    assert_eq!(header.previous, lost.previous);
    assert_eq!(header.previous_close, lost.previous_close);
    assert_eq!(header.roster, roster);
    let budget = net.budget(netuid, 2).expect("drawn");
    let total = budget.unspent().expect("an amount");
    assert!(total >= pending, "{total:?} of {pending:?}");
    // It reads the carry-over state of the last final epoch.
    let computed = net.assert_epoch(netuid);
    assert!(computed.pay().0 > carried.0 / 2, "half is the neurons'");
    net.finalize(netuid);
    net.settle(netuid);
    assert_eq!(net.status(netuid).expect("a status").final_epoch, Some(2));
    net.run_epoch(netuid);
}

#[test]
fn roll_over_of_the_first_epoch_succeeds() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.close(netuid);
    assert_eq!(roll_over(&mut net, netuid), Rao::ZERO);
    let computed = net.run_epoch(netuid);
    assert_eq!(
        (computed.header.epoch, computed.header.final_epoch),
        (1, None)
    );
    net.honest_weights(netuid);
    net.run_epoch(netuid);
}

#[test]
fn roll_over_of_two_epochs_in_a_row_succeeds() {
    let (mut net, netuid) = with_closed_epoch();
    let first = roll_over(&mut net, netuid);
    net.close(netuid);
    let second = roll_over(&mut net, netuid);
    assert!(second > first);
    let computed = net.run_epoch(netuid);
    assert_eq!(
        (computed.header.epoch, computed.header.final_epoch),
        (3, Some(0))
    );
    assert!(computed.pay().0 > second.0 / 2);
}

#[test]
fn roll_over_of_an_asserted_epoch_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    net.assert_epoch(netuid);
    assert_eq!(rolls_over_at(&net, netuid), None);
    net.advance(2 * net.rules().rollover_delay);
    net.refuses(
        STRANGER,
        |it| it.roll_over(netuid),
        EpochError::AlreadyAsserted,
    );
    net.finalize(netuid);
}

#[test]
fn slashed_assertion_delays_the_rollover() {
    let (mut net, netuid) = with_closed_epoch();
    let closed_at = net.block();
    let delay = net.rules().rollover_delay;
    net.advance(delay - 2);
    let (computed, inputs) = (net.compute(netuid), net.inputs(netuid));
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    net.advance(2);
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("slashed");
    assert_eq!(net.block(), closed_at + delay);
    let due = net.block() + delay;
    assert_eq!(
        net.as_(STRANGER).roll_over(netuid),
        Err(EpochError::RolloverNotDue(due))
    );
    net.advance_to(due);
    assert!(net.as_(STRANGER).roll_over(netuid).is_ok());
    assert_eq!(net.collateral_required(netuid), net.rules().collateral);
}

#[test]
fn replayed_step_delays_the_rollover_and_is_dropped_by_it() {
    let (mut net, netuid) = with_closed_epoch();
    let template = net.template();
    let budget = net.budget(netuid, 1).expect("drawn");
    let replays_at = net.status(netuid).expect("a status").replays_at;
    net.advance_to(replays_at.expect("it can be"));
    let memory = net.memory_for(netuid, 0, 2);
    net.as_(ALICE).replay(netuid, 2, memory).expect("replayed");
    // Two steps buy their share of one more delay.
    let (status, delay) = (
        net.status(netuid).expect("a status"),
        net.rules().rollover_delay,
    );
    let steps = net.compute(netuid).steps();
    let due = status.opened_at + delay + delay * 2 / steps;
    assert_eq!(rolls_over_at(&net, netuid), Some(due));
    let paid = net.balance(ALICE);
    assert!(paid > 0, "two steps earn something");

    let carried = roll_over(&mut net, netuid);
    let total = budget.unspent().expect("an amount");
    assert_eq!(u128::from(carried.0) + paid, total.to_u128());
    // The contract's storage is that of an epoch without a replay.
    let mut idle = Network::begin_from(&template);
    roll_over(&mut idle, netuid);
    let [replayed, idle] = [&net, &idle].map(|net| net.snapshot().storage["epoch"]);
    assert_eq!(replayed, idle);
    let computed = net.run_epoch(netuid);
    assert!(computed.pay().0 > carried.0 / 2);
}

#[test]
fn epoch_without_its_kernel_can_only_be_rolled_over() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = (net.compute(netuid), net.inputs(netuid));
    net.assert_epoch(netuid);
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let Collateral { free, locked } = net.collateral(WORKER);
    assert_eq!(locked, Rao(3 * net.rules().collateral.0));
    let kernel = net.addresses().yuma;
    net.replace_code(kernel, &bundles().token.code);
    assert!(rolls_over_at(&net, netuid).is_some());

    let proof = computed
        .trace
        .proof(&inputs, &computed.assertion, 0)
        .expect("a step");
    net.refuses(
        STRANGER,
        |it| it.dispute(netuid, 0, &proof),
        EpochError::KernelChanged,
    );
    net.advance(net.rules().challenge_period);
    net.refuses(
        KEEPER,
        |it| it.finalize(netuid, &computed.assertion),
        EpochError::KernelChanged,
    );

    roll_over(&mut net, netuid);
    assert_eq!(
        net.collateral(WORKER),
        Collateral {
            free: Rao(free.0 + locked.0),
            locked: Rao::ZERO
        }
    );
    assert_eq!(net.status(netuid).expect("a status").stage, Stage::Open);
    net.replace_code(kernel, &bundles().yuma.code);
    net.run_epoch(netuid);
}

#[test]
fn assertion_with_its_kernel_restored_can_be_finalized() {
    let (mut net, netuid) = with_closed_epoch();
    net.assert_epoch(netuid);
    let kernel = net.addresses().yuma;
    net.replace_code(kernel, &bundles().token.code);
    net.replace_code(kernel, &bundles().yuma.code);
    net.advance(net.rules().rollover_delay);
    assert_eq!(
        net.as_(STRANGER).roll_over(netuid),
        Err(EpochError::AlreadyAsserted)
    );
    net.finalize(netuid);
}
