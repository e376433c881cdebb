//! Ways to hold an epoch up or to bend it, what they cost, and what ends them. Some print figures.

use inktensor_client::chain::{Cost, Typed};
use inktensor_e2e_tests::{
    accounts::*,
    model::{Claim, HonestEpoch, Lie},
    Network, Prepared, Shape,
};
use inktensor_primitives::{
    assertion::memory_digest,
    dispute::Opening,
    epoch::{EpochError, Epochs, Stage},
    AccountId, NetUid, Rao,
};

const EVE: AccountId = named("eve");

/// A network whose second epoch, which reads weights and the memory of the first, is closed, and
/// what is known of it.
fn with_closed_epoch() -> (Network, NetUid, HonestEpoch) {
    static PREPARED: Prepared<(NetUid, HonestEpoch)> = Prepared::new(|net| {
        let netuid = net.with_closed_epoch();
        let known = HonestEpoch::of(net, netuid);
        (netuid, known)
    });
    let (net, (netuid, known)) = PREPARED.network();
    (net, netuid, known)
}

/// Eve posts a lie.
fn lie(net: &mut Network, netuid: NetUid, known: &HonestEpoch) -> Result<(), EpochError> {
    let claimed = Claim::Lie(Lie::Results(0)).about(known);
    net.as_(EVE).propose(netuid, &claimed.assertion)
}

/// Somebody disputes Eve's lie.
fn dispute(net: &mut Network, netuid: NetUid, known: &HonestEpoch) {
    let claimed = Claim::Lie(Lie::Results(0)).about(known);
    let refutation = known.trace.refute(&known.inputs, &claimed.assertion);
    let (k, proof) = refutation.expect("a lie");
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("it is false");
}

fn stage(net: &Network, netuid: NetUid) -> Stage {
    net.status(netuid).expect("a status").stage
}

/// Executes `steps` steps as `who`, and tells what that took.
fn replay(net: &mut Network, netuid: NetUid, who: AccountId, next: u32, steps: u32) -> Cost {
    let memory = net.memory_for(netuid, next, steps);
    let message = net.addresses().epoch().replay(netuid, steps, memory);
    let sent = net.with_chain(|chain| chain.send(who, message));
    let sent = sent.expect("answered");
    assert!(sent.value.is_ok(), "{:?}", sent.value);
    sent.cost
}

#[test]
fn collateral_raised_beyond_all_honest_means_does_not_stop_the_epoch() {
    let (mut net, netuid, known) = with_closed_epoch();
    let first = net.rules().collateral;
    net.give_collateral(EVE, Rao(first.0 * 127));
    for _ in 0..7 {
        lie(&mut net, netuid, &known).expect("posted");
        dispute(&mut net, netuid, &known);
    }
    let needed = Rao(first.0 * 128);
    net.give_collateral(WORKER, Rao(first.0 * 100));
    assert_eq!(
        net.as_(WORKER).propose(netuid, &known.assertion),
        Err(EpochError::CollateralTooSmall(needed))
    );
    // Nothing stands, so the chain can be asked, by people without any TAO.
    net.replay(netuid, 2);
    assert_eq!(stage(&net, netuid), Stage::Open);
    net.settle(netuid);
    // The next epoch begins with the first collateral again.
    net.close(netuid);
    assert_eq!(net.collateral_required(netuid), first);
    println!(
        "{} TAO lost to make the collateral {} TAO; a replay needs none",
        127 * first.0 / Rao::PER_TAO,
        needed.0 / Rao::PER_TAO
    );
}

#[test]
fn a_lie_bars_a_replay_only_while_it_stands() {
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
    // In the very block in which it falls the replay can begin, and then there are no more lies.
    replay(&mut net, netuid, STRANGER, 0, 1);
    assert_eq!(lie(&mut net, netuid, &known), Err(EpochError::Replaying));
}

#[test]
fn a_replay_begun_to_bar_proposers_can_be_finished_by_anyone() {
    let (mut net, netuid, known) = with_closed_epoch();
    let collateral = net.rules().collateral;
    net.give_collateral(WORKER, collateral);
    let all = u32::try_from(known.assertion.steps.len()).expect("few steps");
    net.advance(net.rules().replay_delay);
    let hers = replay(&mut net, netuid, EVE, 0, 1);
    assert_eq!(
        net.as_(WORKER).propose(netuid, &known.assertion),
        Err(EpochError::Replaying)
    );
    let theirs = replay(&mut net, netuid, STRANGER, 1, all - 1);
    assert_eq!(stage(&net, netuid), Stage::Open);
    assert_eq!(net.roster(netuid), known.assertion.roster);
    let pot = net.balance(EVE) + net.balance(STRANGER);
    assert_eq!(net.balance(EVE), pot / u128::from(all));
    println!(
        "one step of {all} for Eve: {} us; the others for whoever ends it: {} us, paid {pot} rao",
        hers.ref_time / 1_000_000,
        theirs.ref_time / 1_000_000
    );
}

/// What the protocol allows, so that it is known: who replays a step just before the epoch can be
/// given up holds it up for a whole rollover delay with each step, unless somebody else ends the
/// replay.
#[test]
fn a_replay_of_one_step_at_a_time_lasts_until_somebody_ends_it() {
    let (mut net, netuid, known) = with_closed_epoch();
    let all = u32::try_from(known.assertion.steps.len()).expect("few steps");
    let (rules, closed_at) = (net.rules(), net.block());
    net.advance(rules.rollover_delay - 1);
    for next in 0..all - 1 {
        replay(&mut net, netuid, EVE, next, 1);
        net.advance(rules.rollover_delay - 1);
        assert!(matches!(
            net.as_(STRANGER).roll_over(netuid),
            Err(EpochError::RolloverNotDue(_))
        ));
    }
    assert_eq!(
        net.block() - closed_at,
        all * (rules.rollover_delay - 1),
        "no more than the steps that there are"
    );
    replay(&mut net, netuid, STRANGER, all - 1, 1);
    assert_eq!(stage(&net, netuid), Stage::Open);
    println!(
        "{} steps, one at a time: {} blocks of delay",
        all - 1,
        net.block() - closed_at
    );
}

#[test]
fn a_rollover_and_a_proposal_of_one_block_exclude_each_other() {
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
fn closing_an_empty_subnet_again_and_again_draws_nothing() {
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

/// Why a watcher must never sleep. What an epoch remembers is known by its hash alone: if a false
/// hash becomes final, nobody but the liar can open the next epoch's steps that read it.
#[test]
fn an_undisputed_lie_about_memory_outlives_its_epoch() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(EVE, Rao::from_tao(1_000));
    let secret = b"known to Eve alone".to_vec();
    let mut false_memory = known.assertion.clone();
    false_memory.memory[0] = memory_digest(netuid, 1, 0, &secret);
    net.as_(EVE).propose(netuid, &false_memory).expect("posted");
    net.finalize(netuid);
    net.as_(KEEPER)
        .settle(netuid, 1, 0, &known.trace.results[0])
        .expect("what it pays is true");
    net.close(netuid);

    // All can execute the steps up to the first that reads memory. That one opens with the secret
    // only.
    let plan = net.plan(netuid).expect("a plan");
    let header = net.header(netuid).expect("a header");
    let reads = plan.phases.iter().position(|phase| phase.memory);
    let reads = u32::try_from(reads.expect("a phase that reads memory")).expect("few");
    let k = reads * u32::from(plan.chunks(header.neurons));
    net.advance(net.rules().replay_delay);
    let public = net.as_(STRANGER).replay(netuid, k, Vec::new());
    assert_eq!(public, Ok(k));
    let guess = known.trace.memory[0].clone();
    assert_eq!(
        net.as_(STRANGER).replay(netuid, 1, vec![guess]),
        Err(EpochError::OpeningMismatch(Opening::Memory))
    );
    // What is left is to give the epoch up. The budget is not lost.
    net.advance(net.rules().rollover_delay);
    let unspent = net.budget(netuid, 2).expect("drawn").unspent();
    assert_eq!(net.as_(STRANGER).roll_over(netuid).ok(), unspent);
}
