//! Pay-out of a final epoch, chunk by chunk.

use inktensor_e2e_tests::{accounts::*, EpochRun, Network, Prepared, Shape};
use inktensor_primitives::{
    assertion::{results_digest, Assertion},
    epoch::{EpochError, FinalChunk},
    kernel::{Budget, NeuronResult},
    AccountId, NetUid, Rao,
};

const EVE: AccountId = named("eve");

/// Returns a network of two validators and three miners whose last epoch, with a budget, is final.
fn with_final_epoch() -> (Network, NetUid, EpochRun) {
    static PREPARED: Prepared<(NetUid, EpochRun)> = Prepared::new(|net| run(net, 3));
    let (net, (netuid, computed)) = PREPARED.network();
    (net, netuid, computed)
}

/// Returns such a network with 70 miners, so that the epoch has two chunks.
fn with_large_final_epoch() -> (Network, NetUid, EpochRun) {
    static PREPARED: Prepared<(NetUid, EpochRun)> = Prepared::new(|net| run(net, 70));
    let (net, (netuid, computed)) = PREPARED.network();
    (net, netuid, computed)
}

fn run(net: &mut Network, miners: u32) -> (NetUid, EpochRun) {
    let (netuid, computed) = assert_second_epoch(net, miners);
    net.finalize(netuid);
    (netuid, computed)
}

fn assert_second_epoch(net: &mut Network, miners: u32) -> (NetUid, EpochRun) {
    let netuid = net.create(Shape {
        seats: 256,
        ..Shape::default()
    });
    net.with_validators(netuid, 2).with_miners(netuid, miners);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    assert!(computed.header.budget.total() > Rao::ZERO);
    (netuid, computed)
}

/// Returns the assertion of an epoch of 72 neurons, and the outcomes of its two chunks.
fn asserted(net: &mut Network) -> (NetUid, Assertion, Vec<FinalChunk>) {
    let (netuid, computed) = assert_second_epoch(net, 70);
    let assertion = computed.assertion.clone();
    (netuid, assertion, outcomes_of(computed))
}

fn outcomes_of(computed: EpochRun) -> Vec<FinalChunk> {
    let trace = computed.trace;
    let outcomes = (0..).zip(trace.results.into_iter().zip(trace.memory));
    let outcomes = outcomes.map(|(chunk, (results, memory))| FinalChunk {
        chunk,
        results,
        memory,
    });
    outcomes.collect()
}

/// Returns such a network with 250 miners, so that the epoch has four chunks, of which the first
/// has dividends.
fn with_four_chunks() -> (Network, NetUid, Vec<FinalChunk>) {
    static PREPARED: Prepared<(NetUid, EpochRun)> = Prepared::new(|net| run(net, 250));
    let (net, (netuid, computed)) = PREPARED.network();
    (net, netuid, outcomes_of(computed))
}

/// Returns the state that a settlement leaves: of the epoch, of each neuron, and of the keeper.
fn state_of(net: &Network, netuid: NetUid) -> String {
    let pages: Vec<_> = (0..4).map(|page| net.metagraph(netuid, page)).collect();
    let settling = net.status(netuid).expect("a status").settling;
    format!("{settling:?} {pages:?} {}", net.balance(STRANGER))
}

fn pay_of(results: &[NeuronResult]) -> u64 {
    results
        .iter()
        .map(|result| result.miner.0 + result.validator.0)
        .sum()
}

#[test]
fn settle_pays_the_results() {
    let (mut net, netuid, computed) = with_final_epoch();
    let before: Vec<_> = (0..5)
        .map(|uid| {
            let neuron = computed.neuron(uid);
            net.hotkey_stake(netuid, neuron.hotkey)
        })
        .collect();
    let results = &computed.trace.results[0];
    assert_eq!(
        net.as_(STRANGER).settle(netuid, 1, 0, results),
        Ok(Rao(pay_of(results)))
    );
    net.collect_all(netuid);
    for (uid, (result, before)) in results.iter().zip(before).enumerate() {
        let hotkey = computed.neuron(u16::try_from(uid).expect("small")).hotkey;
        assert_eq!(
            net.hotkey_stake(netuid, hotkey).0,
            before.0 + result.miner.0 + result.validator.0,
            "uid {uid}"
        );
    }
}

#[test]
fn settle_of_several_chunks_pays_as_if_each_were_alone() {
    let (mut together, netuid, outcomes) = with_four_chunks();
    let (mut apart, _, _) = with_four_chunks();
    for outcome in &outcomes[..3] {
        let alone = apart
            .as_(STRANGER)
            .settle_chunks(netuid, 1, vec![outcome.clone()], 64);
        assert!(alone.is_ok());
    }
    let settled = together
        .as_(STRANGER)
        .settle_chunks(netuid, 1, outcomes[..3].to_vec(), 1);
    let pay: u64 = outcomes[..3].iter().map(|it| pay_of(&it.results)).sum();
    assert_eq!(settled, Ok(Rao(pay)));
    assert_eq!(state_of(&together, netuid), state_of(&apart, netuid));
    for net in [&mut together, &mut apart] {
        net.settle(netuid);
        assert_eq!(net.status(netuid).expect("a status").settling, None);
    }
    assert_eq!(state_of(&together, netuid), state_of(&apart, netuid));
}

/// An asserted epoch is finalized and settled by one message as by the two that it stands for.
#[test]
fn finalize_and_settle_leaves_the_state_of_both_messages() {
    let mut apart = Network::deploy();
    let (netuid, assertion, outcomes) = asserted(&mut apart);
    let mut together = Network::begin_from(&apart.template());
    let before = together.snapshot();
    let early = together
        .as_(STRANGER)
        .finalize_and_settle(netuid, 1, &assertion, outcomes.clone());
    assert!(matches!(early, Err(EpochError::ChallengePeriod(_))));
    assert_eq!(together.snapshot(), before);

    let deadline = together.standing(netuid)[0].deadline;
    for net in [&mut together, &mut apart] {
        net.advance_to(deadline);
    }
    let before = together.snapshot();
    let mut refuse = |epoch, assertion: &Assertion, outcomes: Vec<FinalChunk>| {
        let caller = together.as_(STRANGER);
        let refused = caller.finalize_and_settle(netuid, epoch, assertion, outcomes);
        assert_eq!(together.snapshot(), before);
        refused
    };
    let mut other = assertion.clone();
    other.memory[0] = [7; 32];
    assert_eq!(
        refuse(1, &other, outcomes.clone()),
        Err(EpochError::AssertionMismatch)
    );
    let mut false_one = outcomes.clone();
    false_one[1].memory.push(0);
    assert_eq!(
        refuse(1, &assertion, false_one),
        Err(EpochError::MemoryMismatch)
    );
    assert_eq!(
        refuse(2, &assertion, outcomes.clone()),
        Err(EpochError::NotSettling)
    );
    assert_eq!(
        refuse(1, &assertion, Vec::new()),
        Err(EpochError::NoWholeChunk)
    );

    let settled =
        together
            .as_(STRANGER)
            .finalize_and_settle(netuid, 1, &assertion, outcomes.clone());
    let pay: u64 = outcomes.iter().map(|it| pay_of(&it.results)).sum();
    assert_eq!(settled, Ok(Rao(pay)));
    apart
        .as_(STRANGER)
        .finalize(netuid, &assertion)
        .expect("final");
    apart
        .as_(STRANGER)
        .settle_chunks(netuid, 1, outcomes.clone(), 64)
        .expect("settled");
    assert_eq!(state_of(&together, netuid), state_of(&apart, netuid));
    let late = together
        .as_(STRANGER)
        .finalize_and_settle(netuid, 1, &assertion, outcomes);
    assert_eq!(late, Err(EpochError::NotAsserted));
}

/// An account that is first with one of the chunks takes nothing else from the keeper.
#[test]
fn settle_of_several_chunks_passes_over_those_that_others_have_begun() {
    let (mut net, netuid, outcomes) = with_four_chunks();
    let one = |chunk: usize| vec![outcomes[chunk].clone()];
    net.as_(EVE)
        .settle_chunks(netuid, 1, one(1), 64)
        .expect("settled");
    net.as_(EVE)
        .settle_chunks(netuid, 1, one(2), 1)
        .expect("settled in part");
    let settled = net
        .as_(STRANGER)
        .settle_chunks(netuid, 1, outcomes.clone(), 64);
    let pay = [0, 3].map(|chunk: usize| pay_of(&outcomes[chunk].results));
    assert_eq!(settled, Ok(Rao(pay.iter().sum())));
    let before = net.snapshot();
    let again = net
        .as_(STRANGER)
        .settle_chunks(netuid, 1, outcomes.clone(), 64);
    assert_eq!(again, Err(EpochError::NoWholeChunk));
    let more = vec![outcomes[0].clone(); 17];
    assert_eq!(
        net.as_(STRANGER).settle_chunks(netuid, 1, more, 64),
        Err(EpochError::TooManyChunks(16))
    );
    assert_eq!(net.snapshot(), before);
    net.settle(netuid);
}

/// A false outcome among several reverts the call.
#[test]
fn settle_of_several_chunks_with_a_false_one_changes_nothing() {
    let (mut net, netuid, outcomes) = with_four_chunks();
    let before = net.snapshot();
    let mut richer = outcomes[1..].to_vec();
    richer[2].results[0].miner = Rao(richer[2].results[0].miner.0 + 1);
    let refused = net.as_(EVE).settle_chunks(netuid, 1, richer, 64);
    assert_eq!(refused, Err(EpochError::ResultsMismatch));
    let mut forgetful = outcomes[1..].to_vec();
    forgetful[1].memory.push(0);
    let refused = net.as_(EVE).settle_chunks(netuid, 1, forgetful, 64);
    assert_eq!(refused, Err(EpochError::MemoryMismatch));
    assert_eq!(net.snapshot(), before);
    net.settle(netuid);
}

#[test]
fn settle_pays_the_budget_but_for_rounding() {
    let (mut net, netuid, computed) = with_final_epoch();
    let Budget::Split { miners, validators } = computed.header.budget else {
        panic!("a split budget");
    };
    net.settle(netuid);
    let results = computed.trace.results.concat();
    let paid_miners: u64 = results.iter().map(|result| result.miner.0).sum();
    let paid_validators: u64 = results.iter().map(|result| result.validator.0).sum();
    assert!(paid_miners > 0 && paid_validators > 0);
    // Each neuron's pay is rounded down, and its share is Q32.
    assert!(miners.0 - paid_miners <= 5 + miners.0 / (1 << 30));
    assert!(validators.0 - paid_validators <= 5 + validators.0 / (1 << 30));
}

#[test]
fn settle_records_the_scores() {
    let (mut net, netuid, computed) = with_final_epoch();
    net.settle(netuid);
    let lines = net.metagraph(netuid, 0);
    let scores: Vec<_> = lines.into_iter().map(|line| line.score).collect();
    assert_eq!(scores, computed.trace.results.concat());
}

#[test]
fn settle_of_the_last_chunk_completes_the_epoch() {
    let (mut net, netuid, computed) = with_large_final_epoch();
    let chunks = u16::try_from(computed.trace.results.len()).expect("few");
    assert!(chunks > 1, "more than one chunk");
    // The order of chunks is free.
    for chunk in (0..chunks).rev() {
        let settling = net.status(netuid).expect("a status").settling;
        assert!(settling.is_some_and(|it| !it.is_settled(chunk)));
        let results = &computed.trace.results[usize::from(chunk)];
        net.as_(KEEPER)
            .settle(netuid, 1, chunk, results)
            .expect("settled");
    }
    assert_eq!(net.status(netuid).expect("a status").settling, None);
    assert_eq!(net.budget(netuid, 1), None);
}

#[test]
fn settle_of_a_chunk_twice_is_refused() {
    let (mut net, netuid, computed) = with_large_final_epoch();
    let results = &computed.trace.results[0];
    net.as_(KEEPER)
        .settle(netuid, 1, 0, results)
        .expect("settled");
    net.refuses(
        KEEPER,
        |it| it.settle(netuid, 1, 0, results),
        EpochError::AlreadySettled,
    );
}

#[test]
fn settle_of_other_results_is_refused() {
    let (mut net, netuid, computed) = with_final_epoch();
    let mut more = computed.trace.results[0].clone();
    more[2].miner.0 += 1;
    let mut fewer = computed.trace.results[0].clone();
    fewer.pop();
    for results in [more, fewer, vec![]] {
        net.refuses(
            KEEPER,
            |it| it.settle(netuid, 1, 0, &results),
            EpochError::ResultsMismatch,
        );
    }
}

#[test]
fn settle_of_an_unknown_chunk_is_refused() {
    let (mut net, netuid, computed) = with_final_epoch();
    for chunk in [1, u16::MAX] {
        net.refuses(
            KEEPER,
            |it| it.settle(netuid, 1, chunk, &computed.trace.results[0]),
            EpochError::ChunkOutOfRange(1),
        );
    }
}

#[test]
fn settle_before_finality_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    net.refuses(
        KEEPER,
        |it| it.settle(netuid, 0, 0, &computed.trace.results[0]),
        EpochError::NotSettling,
    );
}

#[test]
fn settle_of_a_settled_epoch_is_refused() {
    let (mut net, netuid, computed) = with_final_epoch();
    net.settle(netuid);
    net.refuses(
        KEEPER,
        |it| it.settle(netuid, 1, 0, &computed.trace.results[0]),
        EpochError::NotSettling,
    );
}

#[test]
fn close_with_an_unsettled_epoch_is_refused() {
    let (mut net, netuid, _) = with_final_epoch();
    let free_from = net.block() + net.rules().settle_window;
    net.advance_to(free_from - 1);
    net.refuses(
        KEEPER,
        |it| it.close(netuid),
        EpochError::Unsettled(free_from),
    );
}

#[test]
fn unsettled_pay_returns_to_the_subnets_budget_after_the_window() {
    let (mut net, netuid, computed) = with_final_epoch();
    let unpaid = computed.header.budget.total();
    net.advance(net.rules().settle_window);
    let pending = net.pending(netuid);
    let header = net.close(netuid);
    assert_eq!(net.budget(netuid, 1), None);
    let budget = net.budget(netuid, 2).expect("drawn");
    let drawn = budget.unspent().expect("an amount").0;
    assert!(
        drawn >= pending.0 + unpaid.0,
        "{drawn} with {} carried and {} pending",
        unpaid.0,
        pending.0
    );
    assert!(header.budget.total() > unpaid);
    assert_eq!(
        net.as_(KEEPER)
            .settle(netuid, 1, 0, &computed.trace.results[0]),
        Err(EpochError::NotSettling)
    );
}

#[test]
fn settled_pay_does_not_return_to_the_budget() {
    let (mut net, netuid, computed) = with_large_final_epoch();
    let results = &computed.trace.results[0];
    net.as_(KEEPER)
        .settle(netuid, 1, 0, results)
        .expect("settled");
    net.advance(net.rules().settle_window);
    let pending = net.pending(netuid);
    let fee = net.budget(netuid, 1).expect("not complete").keeper;
    let header = net.close(netuid);
    assert_eq!(header.epoch, 2);
    let budget = net.budget(netuid, 2).expect("drawn");
    let drawn = budget.unspent().expect("an amount").0;
    let unpaid = computed.header.budget.total().0 - pay_of(results);
    assert_eq!(drawn, pending.0 + unpaid + fee.0);
    // The scores of the unsettled chunk are those of the epoch before.
    let [first, second] = [0, 1].map(|page| net.metagraph(netuid, page));
    assert_eq!(first[3].score, results[3]);
    assert_eq!(second[3].score.miner, Rao::ZERO);
}

#[test]
fn settle_of_an_undisputed_lie_pays_at_most_the_budget() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.run_epoch(netuid);
    net.close(netuid);
    let honest = net.compute(netuid);
    let budget = honest.header.budget.total();
    let mut results = honest.trace.results[0].clone();
    results[2].miner = Rao(budget.0 + 1);
    let mut lie = honest.assertion.clone();
    lie.results[0] = results_digest(netuid, 1, 0, &results);
    net.propose_lie(netuid, &lie);
    net.advance(net.rules().challenge_period);
    net.as_(KEEPER).finalize(netuid, &lie).expect("final");
    net.refuses(
        KEEPER,
        |it| it.settle(netuid, 1, 0, &results),
        EpochError::OverBudget(budget),
    );
}

#[test]
fn neuron_replaced_after_the_close_is_still_paid() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 3,
        ..Shape::default()
    });
    net.set(
        netuid,
        inktensor_primitives::registry::Hyperparameter::ImmunityPeriod(20),
    );
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    net.advance(1);
    let uid = net.enrol(netuid, ALICE, ALICE_HOTKEY);
    let replaced = computed.neuron(uid.0);
    net.finalize(netuid);
    let had = net.stake_of(netuid, replaced.hotkey, replaced.coldkey);
    net.settle(netuid);
    assert!(net.left(netuid, replaced.hotkey) > Rao::ZERO);
    net.as_(STRANGER)
        .collect_left(netuid, replaced.hotkey)
        .expect("owed");
    let result = &computed.trace.results[0][usize::from(uid.0)];
    let pay = result.miner.0 + result.validator.0;
    assert!(pay > 0, "uid {} earned something", uid.0);
    let has = net.stake_of(netuid, replaced.hotkey, replaced.coldkey);
    assert!((has.0 - had.0).abs_diff(pay) <= 1);
    assert_eq!(net.hotkey_stake(netuid, ALICE_HOTKEY), Rao::ZERO);
    let line = &net.metagraph(netuid, 0)[usize::from(uid.0)];
    assert_eq!(line.neuron.hotkey, ALICE_HOTKEY);
    assert_eq!(line.score, NeuronResult::default());
}
