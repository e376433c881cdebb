//! Replays: epochs that the chain executes step by step without a worker.

use inktensor_e2e_tests::{accounts::*, bundles, Network, Prepared, Shape};
use inktensor_primitives::{
    assertion::final_digest,
    dispute::Opening,
    epoch::{Collateral, EpochError, Stage},
    registry::Hyperparameter,
    NetUid, Rao,
};

/// The closed epoch.
const EPOCH: u32 = 2;

/// Returns a network whose third epoch, which reads weights and carry-over state, is closed.
fn with_closed_epoch() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| run(net, 3));
    PREPARED.network()
}

/// Returns such a network with 70 miners, so that the epoch has two chunks.
fn with_large_closed_epoch() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| run(net, 70));
    PREPARED.network()
}

fn run(net: &mut Network, miners: u32) -> NetUid {
    let netuid = net.create(Shape {
        seats: 256,
        ..Shape::default()
    });
    net.with_validators(netuid, 2).with_miners(netuid, miners);
    for _ in 0..EPOCH {
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    net.close(netuid);
    netuid
}

/// Waits until a replay of the closed epoch is due.
fn wait(net: &mut Network, netuid: NetUid) {
    let due = net.status(netuid).expect("a status").replays_at;
    net.advance_to(due.expect("it can be"));
}

/// Replays `steps` steps from `next` on, signed by account `who`.
fn replay_from(net: &mut Network, netuid: NetUid, next: u32, steps: u32, who: u32) -> u32 {
    let memory = net.memory_for(netuid, next, steps);
    let who = nth("replayer", who);
    net.as_(who)
        .replay(netuid, steps, memory)
        .expect("replayed")
}

#[test]
fn replay_has_the_result_of_an_honest_assertion() {
    // One network is asserted; a copy is replayed by five accounts, an odd number of steps at a
    // time.
    let (mut net, netuid) = with_large_closed_epoch();
    let template = net.template();
    net.assert_epoch(netuid);
    net.finalize(netuid);
    let mut replayed = Network::begin_from(&template);
    let computed = replayed.compute(netuid);
    replayed.expect_honest(netuid);
    wait(&mut replayed, netuid);
    let (mut next, mut who) = (0, 0);
    for steps in [1, 3, 1, 2].into_iter().cycle() {
        if next == computed.steps() {
            break;
        }
        let status = replayed.status(netuid).expect("a status");
        assert_eq!((status.stage, status.replayed), (Stage::Closed, next));
        let before = next;
        next = replay_from(&mut replayed, netuid, next, steps, who % 5);
        assert_eq!(next, (before + steps).min(computed.steps()));
        who += 1;
    }
    assert!(who >= 5, "{who} calls");

    assert_eq!(replayed.roster(netuid), net.roster(netuid));
    let [of_replay, of_assertion] = [&replayed, &net].map(|net| {
        let status = net.status(netuid).expect("a status");
        let mut settling = status.settling.expect("to be settled");
        settling.final_at = 0;
        (status.stage, status.final_epoch, settling)
    });
    assert_eq!(of_replay, of_assertion);
    // The next header names the same final epoch.
    for net in [&mut net, &mut replayed] {
        net.settle(netuid);
        let digest = final_digest(&computed.trace.header_hash, &computed.assertion.digest());
        assert_eq!(net.close(netuid).previous, digest);
    }
    assert_eq!(replayed.memory_hashes(netuid), net.memory_hashes(netuid));
    let [a, b] = [&net, &replayed].map(|net| net.metagraph(netuid, 0));
    assert_eq!(a, b);
}

#[test]
fn replay_before_the_delay_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let due = net.block() + net.rules().replay_delay;
    assert_eq!(net.status(netuid).expect("a status").replays_at, Some(due));
    net.advance_to(due - 1);
    let memory = net.memory_for(netuid, 0, 1);
    net.refuses(
        ALICE,
        |it| it.replay(netuid, 1, memory.clone()),
        EpochError::ReplayNotDue(due),
    );
    net.advance(1);
    assert_eq!(net.as_(ALICE).replay(netuid, 1, memory), Ok(1));
}

#[test]
fn replay_with_nothing_closed_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    net.run_epoch(netuid);
    net.advance(net.rules().replay_delay);
    for netuid in [netuid, NetUid(99)] {
        net.refuses(
            ALICE,
            |it| it.replay(netuid, 1, Vec::new()),
            EpochError::NothingClosed,
        );
    }
}

#[test]
fn replay_of_no_steps_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    wait(&mut net, netuid);
    net.refuses(
        ALICE,
        |it| it.replay(netuid, 0, Vec::new()),
        EpochError::NoSteps,
    );
}

#[test]
fn replay_while_asserted_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let memory = net.memory_for(netuid, 0, 1);
    net.assert_epoch(netuid);
    assert_eq!(net.status(netuid).expect("a status").replays_at, None);
    net.advance(net.rules().replay_delay);
    net.refuses(
        ALICE,
        |it| it.replay(netuid, 1, memory),
        EpochError::AlreadyAsserted,
    );
}

#[test]
fn replay_after_a_slashed_lie_makes_the_epoch_final() {
    let (mut net, netuid) = with_closed_epoch();
    let (computed, inputs) = (net.compute(netuid), net.inputs(netuid));
    let mut lie = computed.assertion.clone();
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("slashed");
    net.replay(netuid, 2);
    assert_eq!(
        net.status(netuid).expect("a status").final_epoch,
        Some(EPOCH)
    );
    assert_eq!(net.collateral_required(netuid), net.rules().collateral);
    net.settle(netuid);
}

#[test]
fn replay_with_wrong_memory_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    wait(&mut net, netuid);
    let header = net.header(netuid).expect("closed");
    let plan = net.plan(netuid).expect("a plan");
    let reads = (0..plan.steps(header.neurons))
        .find(|k| {
            let (phase, _) = plan.place(*k, header.neurons).expect("a step");
            plan.phases[usize::from(phase)].memory
        })
        .expect("the kernel reads memory");
    // Earlier steps read no memory and accept none.
    if reads > 0 {
        net.refuses(
            ALICE,
            |it| it.replay(netuid, reads, vec![vec![1]]),
            EpochError::OpeningMismatch(Opening::Memory),
        );
        replay_from(&mut net, netuid, 0, reads, 0);
    }
    let good = net.memory_for(netuid, reads, 1);
    assert!(!good[0].is_empty(), "there is something to remember");
    let mut longer = good.clone();
    longer[0].push(0);
    for bad in [
        Vec::new(),
        vec![Vec::new()],
        longer,
        vec![good[0].clone(); 2],
    ] {
        net.refuses(
            ALICE,
            |it| it.replay(netuid, 1, bad),
            EpochError::OpeningMismatch(Opening::Memory),
        );
    }
    assert_eq!(net.as_(ALICE).replay(netuid, 1, good), Ok(reads + 1));
}

#[test]
fn replays_without_workers_need_public_data_only() {
    // From the first epoch on, results and carry-over state come from the events of replays.
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    for epoch in 0..3 {
        net.close(netuid);
        let computed = net.replay(netuid, 3);
        assert_eq!(computed.header.epoch, epoch);
        // The harness settles, and continues the replay, with the data of events.
        net.settle(netuid);
        assert_eq!(computed.pay() > Rao::ZERO, epoch > 0);
        net.honest_weights(netuid);
    }
    assert_eq!(net.collateral(WORKER), Collateral::default());
    // A worker that starts later reads the same data.
    net.run_epoch(netuid);
}

#[test]
fn replay_shares_the_proposers_fee() {
    let (mut net, netuid) = with_closed_epoch();
    let pot = net.budget(netuid, EPOCH).expect("drawn").proposer;
    let steps = net.compute(netuid).steps();
    net.expect_honest(netuid);
    wait(&mut net, netuid);
    let (mut next, mut paid) = (0, 0);
    for who in 0.. {
        if next == steps {
            break;
        }
        next = replay_from(&mut net, netuid, next, 1 + who % 2, who);
        paid += net.balance(nth("replayer", who));
        let due = pot.to_u128() * u128::from(next) / u128::from(steps);
        assert_eq!(paid, due, "after {next} of {steps} steps");
    }
    assert_eq!(paid, pot.to_u128());
    assert_eq!(
        net.budget(netuid, EPOCH).expect("drawn").proposer,
        Rao::ZERO
    );
}

#[test]
fn replay_with_another_kernel_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    wait(&mut net, netuid);
    replay_from(&mut net, netuid, 0, 1, 0);
    let kernel = net.addresses().yuma;
    net.replace_code(kernel, &bundles().token.code);
    let memory = net.memory_for(netuid, 1, 1);
    net.refuses(
        ALICE,
        |it| it.replay(netuid, 1, memory),
        EpochError::KernelChanged,
    );
    // With the old code the replay continues.
    net.replace_code(kernel, &bundles().yuma.code);
    replay_from(&mut net, netuid, 1, 1, 0);
}

#[test]
fn final_epoch_leaves_no_storage_of_its_replay() {
    // Two networks whose epochs end at the same block, one asserted and one replayed, have the same
    // storage.
    let (mut net, netuid) = with_large_closed_epoch();
    let template = net.template();
    let mut replayed = Network::begin_from(&template);
    replayed.replay(netuid, 1);
    let end = replayed.block();

    net.advance_to(end - net.rules().challenge_period);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    assert_eq!(net.block(), end);
    // A settlement in progress remembers that a replay has published all memory.
    net.settle(netuid);
    replayed.settle(netuid);
    let [asserted, replayed] = [&net, &replayed].map(|net| net.snapshot().storage["epoch"]);
    assert_eq!(replayed, asserted);
}

/// A kernel without carry-over state and with another plan is replayed in the same way.
#[test]
fn replay_of_the_mean_kernel_succeeds() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 256,
        ..Shape::default()
    });
    let mean = net.addresses().mean;
    net.set(netuid, Hyperparameter::Kernel(mean));
    net.with_validators(netuid, 2).with_miners(netuid, 70);
    for _ in 0..EPOCH {
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    assert_eq!(net.close(netuid).kernel, mean);
    let computed = net.replay(netuid, 2);
    assert!(computed.trace.results.len() > 1, "several chunks");
    assert_eq!(
        net.status(netuid).expect("a status").final_epoch,
        Some(EPOCH)
    );
    net.settle(netuid);
    assert!(computed.pay() > Rao::ZERO);
    net.run_epoch(netuid);
}
