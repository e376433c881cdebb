//! Attacks that delay or falsify an epoch: their cost, and their end. Some tests print figures.

use inktensor_client::chain::{Cost, Typed};
use inktensor_e2e_tests::{
    accounts::*,
    model::{Claim, HonestEpoch, Lie},
    Network, Prepared, Shape,
};
use inktensor_primitives::{
    assertion::memory_digest,
    epoch::{EpochError, Epochs},
    AccountId, NetUid, Rao,
};

const EVE: AccountId = named("eve");

/// Returns a network whose second epoch, which reads weights and carry-over state, is closed, and
/// the honest computation of it.
fn with_closed_epoch() -> (Network, NetUid, HonestEpoch) {
    static PREPARED: Prepared<(NetUid, HonestEpoch)> = Prepared::new(|net| {
        let netuid = net.with_closed_epoch();
        let known = HonestEpoch::of(net, netuid);
        (netuid, known)
    });
    let (net, (netuid, known)) = PREPARED.network();
    (net, netuid, known)
}

/// Posts a false assertion of Eve.
fn lie(net: &mut Network, netuid: NetUid, known: &HonestEpoch) -> Result<(), EpochError> {
    let claimed = Claim::Lie(Lie::Results(0)).about(known);
    net.as_(EVE).propose(netuid, &claimed.assertion)
}

/// Disputes Eve's assertion.
fn dispute(net: &mut Network, netuid: NetUid, known: &HonestEpoch) {
    let claimed = Claim::Lie(Lie::Results(0)).about(known);
    let refutation = known.trace.refute(&known.inputs, &claimed.assertion);
    let (k, proof) = refutation.expect("a lie");
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("it is false");
}

/// Replays `steps` steps, signed by `who`. Returns the cost.
fn replay(net: &mut Network, netuid: NetUid, who: AccountId, next: u32, steps: u32) -> Cost {
    let memory = net.memory_for(netuid, next, steps);
    let message = net.addresses().epoch().replay(netuid, steps, memory);
    let sent = net.with_chain(|chain| chain.send(who, message));
    let sent = sent.expect("answered");
    assert!(sent.value.is_ok(), "{:?}", sent.value);
    sent.cost
}

#[test]
fn replay_is_refused_only_while_a_lie_is_posted() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(EVE, Rao::from_tao(1_000));
    let due = net.block() + net.rules().replay_delay;
    net.advance_to(due - 1);
    lie(&mut net, netuid, &known).expect("posted");
    net.advance(1);
    let memory = net.memory_for(netuid, 0, 1);
    assert_eq!(
        net.as_(STRANGER).replay(netuid, 1, memory),
        Err(EpochError::AlreadyAsserted)
    );
    dispute(&mut net, netuid, &known);
    // A replay can begin in the block of the dispute.
    replay(&mut net, netuid, STRANGER, 0, 1);
}

/// A replay that is begun to bar proposers bars no one: the honest assertion is posted, and its
/// proposer gets what the replay has left of the fee.
#[test]
fn replay_begun_to_bar_proposers_bars_nobody() {
    let (mut net, netuid, known) = with_closed_epoch();
    let collateral = net.rules().collateral;
    net.give_collateral(WORKER, collateral);
    let all = u32::try_from(known.assertion.steps.len()).expect("few steps");
    let pot = net.budget(netuid, 1).expect("drawn").proposer;
    net.advance(net.rules().replay_delay);
    replay(&mut net, netuid, EVE, 0, 2);
    assert_eq!(net.status(netuid).expect("a status").replayed, 2);
    let hers = net.balance(EVE);
    assert_eq!(hers, pot.to_u128() * 2 / u128::from(all));
    let before = net.balance(WORKER);
    assert_eq!(net.as_(WORKER).propose(netuid, &known.assertion), Ok(()));
    net.record_honest(netuid, &known.trace);
    net.finalize(netuid);
    assert_eq!(net.balance(WORKER) - before, pot.to_u128() - hers);
    net.settle(netuid);
}

/// Replayed steps are evidence: an assertion that contradicts them is refused, without a proof.
#[test]
fn assertion_that_contradicts_a_replayed_step_is_refused() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(EVE, Rao::from_tao(1_000));
    net.advance(net.rules().replay_delay);
    replay(&mut net, netuid, STRANGER, 0, 1);
    let mut false_at_0 = known.assertion.clone();
    false_at_0.steps[0] = [9; 32];
    net.refuses(
        EVE,
        |it| it.propose(netuid, &false_at_0),
        EpochError::ContradictsReplay,
    );
    // A later lie can be posted and disputed. The replay then goes on where it was.
    lie(&mut net, netuid, &known).expect("posted");
    dispute(&mut net, netuid, &known);
    replay(&mut net, netuid, STRANGER, 1, 1);
    assert_eq!(net.status(netuid).expect("a status").replayed, 2);
}

/// A replay one step at a time delays the epoch by one rollover delay altogether, not for each
/// step.
#[test]
fn replay_of_one_step_at_a_time_at_most_doubles_the_delay() {
    let (mut net, netuid, known) = with_closed_epoch();
    let all = u32::try_from(known.assertion.steps.len()).expect("few steps");
    let (rules, closed_at) = (net.rules(), net.block());
    let mut next = 0;
    loop {
        let due = net.status(netuid).expect("a status").rolls_over_at;
        let due = due.expect("nothing is asserted");
        net.advance_to(due - 1);
        if next == all - 1 {
            break;
        }
        replay(&mut net, netuid, EVE, next, 1);
        next += 1;
        let bought = rules.rollover_delay * next / all;
        let status = net.status(netuid).expect("a status");
        let due = closed_at + rules.rollover_delay + bought;
        assert_eq!(status.rolls_over_at, Some(due));
        if due <= net.block() {
            break;
        }
    }
    let due = net.status(netuid).expect("a status").rolls_over_at;
    net.advance_to(due.expect("nothing is asserted"));
    assert!(net.block() - closed_at < 2 * rules.rollover_delay);
    assert!(net.as_(STRANGER).roll_over(netuid).is_ok());
}

#[test]
fn roll_over_and_propose_in_one_block_exclude_each_other() {
    let (mut net, netuid, known) = with_closed_epoch();
    let collateral = net.rules().collateral;
    net.give_collateral(WORKER, collateral);
    net.advance(net.rules().rollover_delay);
    let template = net.template();

    net.as_(WORKER)
        .propose(netuid, &known.assertion)
        .expect("first");
    assert_eq!(
        net.as_(EVE).roll_over(netuid),
        Err(EpochError::AlreadyAsserted)
    );
    net.advance(net.rules().challenge_period);
    assert_eq!(net.as_(KEEPER).finalize(netuid, &known.assertion), Ok(()));

    let mut net = Network::begin_from(&template);
    net.as_(EVE).roll_over(netuid).expect("first");
    assert_eq!(
        net.as_(WORKER).propose(netuid, &known.assertion),
        Err(EpochError::NothingClosed)
    );
    assert_eq!(
        net.as_(WORKER).withdraw_collateral(collateral),
        Ok(()),
        "nothing lost"
    );
}

#[test]
fn close_of_an_empty_subnet_draws_nothing() {
    let mut net = Network::deploy();
    let busy = net.create(Shape::default());
    net.with_validators(busy, 1);
    net.run_epoch(busy);
    let empty = net.create(Shape {
        tempo: 1,
        ..Shape::default()
    });
    let minted = net.total_minted();
    for _ in 0..5 {
        net.advance(1);
        assert_eq!(net.as_(EVE).close(empty), Ok(None));
        assert!(matches!(
            net.as_(EVE).close(empty),
            Err(EpochError::TempoNotOver(_))
        ));
    }
    assert_eq!(net.status(empty).expect("a status").open, 0);
    assert_eq!(
        (net.budget(empty, 0), net.pending(empty)),
        (None, Rao::ZERO)
    );
    assert_eq!(net.total_minted(), minted);
}

/// A lie about memory that no watcher disputes ends with its epoch: memory counts only if its bytes
/// are public, so the next epoch can be computed and disputed by everybody.
#[test]
fn undisputed_lie_about_memory_hides_nothing_from_the_next_epoch() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(EVE, Rao::from_tao(1_000));
    let secret = b"known to Eve only".to_vec();
    let mut false_memory = known.assertion.clone();
    false_memory.memory[0] = memory_digest(netuid, 1, 0, &secret);
    net.as_(EVE).propose(netuid, &false_memory).expect("posted");
    net.finalize(netuid);
    // Without the secret no account can settle; Eve keeps it and forgoes all pay.
    assert_eq!(
        net.as_(KEEPER)
            .settle(netuid, 1, 0, &known.trace.results[0]),
        Err(EpochError::MemoryMismatch)
    );
    net.advance(net.rules().settle_window);
    net.close(netuid);
    assert_eq!(net.memory_hashes(netuid), [None]);

    // Eve is not alone: the next epoch reads nothing that is hers.
    let next = HonestEpoch::of(&net, netuid);
    let plan = net.plan(netuid).expect("a plan");
    let reads = plan.phases.iter().position(|phase| phase.memory);
    let chunks = usize::from(plan.chunks(next.inputs.header.neurons));
    let first = reads.expect("a phase that reads memory") * chunks;
    let mut random = next.assertion.clone();
    random.steps[first..].fill([0xee; 32]);
    net.as_(EVE).propose(netuid, &random).expect("posted");
    let refutation = next.trace.refute(&next.inputs, &random);
    let (k, proof) = refutation.expect("a false step");
    assert_eq!(net.as_(STRANGER).dispute(netuid, k, &proof), Ok(()));
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);
}

/// False memory that is published is what every account can compute the next epoch with.
#[test]
fn published_false_memory_can_be_computed_with() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(EVE, Rao::from_tao(1_000));
    let mut false_memory = known.assertion.clone();
    false_memory.memory[0] = memory_digest(netuid, 1, 0, &[]);
    net.as_(EVE).propose(netuid, &false_memory).expect("posted");
    net.finalize(netuid);
    net.as_(EVE)
        .settle_with(netuid, 1, 0, &known.trace.results[0], Vec::new())
        .expect("the final hash is Eve's");
    net.close(netuid);
    assert_eq!(
        net.memory_hashes(netuid),
        [Some(memory_digest(netuid, 1, 0, &[]))]
    );
}

/// Bytes that are no memory count as none. If the kernel refused them, no later epoch of the subnet
/// could become final, since memory stays until the next one does.
#[test]
fn published_garbage_memory_ends_no_later_epoch() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(EVE, Rao::from_tao(1_000));
    let garbage = b"no memory at all".to_vec();
    let mut false_memory = known.assertion.clone();
    false_memory.memory[0] = memory_digest(netuid, 1, 0, &garbage);
    net.as_(EVE).propose(netuid, &false_memory).expect("posted");
    net.finalize(netuid);
    net.as_(EVE)
        .settle_with(netuid, 1, 0, &known.trace.results[0], garbage.clone())
        .expect("the final hash is Eve's");
    net.set_memory(netuid, 1, vec![garbage.clone()]);
    net.close(netuid);
    assert_eq!(
        net.memory_hashes(netuid),
        [Some(memory_digest(netuid, 1, 0, &garbage))]
    );
    net.finish_epoch(netuid);
    net.run_epoch(netuid);
}
