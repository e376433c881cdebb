//! A node that keeps the states of some blocks only, as all nodes do by default. Epochs are
//! verified as long as it can serve them, and the rest is said at once.

use crate::worker::{act, fresh, populated};
use inktensor_client::{chain::ChainRead, deploy::Bundle};
use inktensor_e2e_tests::{accounts::*, engines::kernels, Network, TempDir};
use inktensor_primitives::{
    assertion::results_digest, hash::blake2, kernel::NeuronResult, Digest, NetUid, Rao, Uid,
};
use inktensor_worker::{
    explain::{explain_on_chain, ChainExplainError, Explanation, KernelKind},
    roles::Action,
    store::{Intent, Store},
    verify::{AssertionStatus, FinalMemory, Verified, Verifier, VerifyError},
};

/// Blocks that a node keeps.
const KEPT: u32 = 256;
/// Blocks in a test that lets all events of an epoch be discarded.
const FEW: u32 = 12;

fn verifying<T>(
    net: &mut Network,
    store: Option<&Store>,
    act: impl FnOnce(&Verifier<'_>) -> T,
) -> T {
    let contracts = net.addresses();
    net.with_chain(|chain| {
        act(&Verifier {
            chain,
            contracts,
            kernels: &kernels(),
            store,
        })
    })
}

fn verify(net: &mut Network, netuid: NetUid, epoch: u32) -> Result<Verified, VerifyError> {
    verifying(net, None, |verifier| verifier.verify(netuid, epoch))
}

fn memory(net: &mut Network, netuid: NetUid) -> Result<FinalMemory, VerifyError> {
    verifying(net, None, |verifier| verifier.final_memory(netuid))
}

fn explain(
    net: &mut Network,
    netuid: NetUid,
    (epoch, uid): (u32, u16),
) -> Result<Explanation, ChainExplainError> {
    let kind = |code_hash: &Digest| {
        let built = Bundle::find("yuma").expect("the built kernel");
        match blake2(&built.code) == *code_hash {
            true => KernelKind::Yuma,
            false => KernelKind::Other,
        }
    };
    verifying(net, None, |verifier| {
        explain_on_chain(verifier, netuid, epoch, Uid(uid), kind)
    })
}

/// Returns a network that is older than its node keeps states, with two final epochs. The last one
/// has weights, and reads the memory of the first.
fn old_network(kept: u32) -> (Network, NetUid) {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.advance(2 * KEPT);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.with_chain(|chain| chain.limit_history(kept));
    (net, netuid)
}

#[test]
fn asserted_and_final_epochs_are_verified_on_an_old_chain() {
    let (mut net, netuid) = old_network(KEPT);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    let verified = verify(&mut net, netuid, 1).expect("verified");
    assert_eq!(verified.finding, None);
    let posted = verified.posted.expect("posted");
    assert_eq!(posted.digest, computed.assertion.digest());
    assert!(matches!(posted.fate, AssertionStatus::Standing { .. }));
    let explained = explain(&mut net, netuid, (1, 0)).expect("explained");
    assert!(explained.holds() && explained.budget.chain.is_some());
    net.finalize(netuid);
    net.settle(netuid);
    let left = memory(&mut net, netuid).expect("published");
    assert!(left.is_proven && left.epoch == 1);
    assert_eq!(left.memory, computed.trace.memory);
}

#[test]
fn assertion_in_a_discarded_block_is_verified_by_its_digest() {
    let (mut net, netuid) = old_network(KEPT);
    // Without weights, the first epoch has left no memory.
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.with_chain(|chain| chain.limit_history(FEW));
    net.close(netuid);
    let computed = net.compute(netuid);
    net.advance(FEW);
    net.assert_epoch(netuid);
    net.with_chain(|chain| chain.limit_history(1));
    net.advance(2);
    // The memory of the epoch before was published in blocks that are gone too.
    assert!(matches!(
        verify(&mut net, netuid, 2),
        Err(VerifyError::MemoryUnknown { epoch: 1, .. })
    ));
    let folder = TempDir::new();
    let store = folder.store(&net).expect("made");
    let left = net.inputs(netuid).memory;
    store.put_memory(netuid, 1, &left).expect("kept");
    let verified = verifying(&mut net, Some(&store), |it| it.verify(netuid, 2));
    let verified = verified.expect("verified");
    let posted = verified.posted.expect("it stands");
    assert_eq!((verified.finding, posted.assertion), (None, None));
    assert_eq!(posted.digest, computed.assertion.digest());
}

/// Makes epoch 1 final with these results, and lets all blocks of it be discarded. Returns a store
/// with the memory that it reads.
fn finished(
    net: &mut Network,
    netuid: NetUid,
    change: impl FnOnce(&mut Vec<NeuronResult>),
) -> (TempDir, Store) {
    net.close(netuid);
    let folder = TempDir::new();
    let store = folder.store(net).expect("made");
    let mut ledger =
        inktensor_worker::epochs::EpochCache::new(net.addresses(), kernels()).with_store(store);
    net.with_chain(|chain| ledger.closed(chain, netuid).map(drop))
        .expect("computed");
    drop(ledger);
    let computed = net.compute(netuid);
    let mut results = computed.trace.results[0].clone();
    change(&mut results);
    let mut assertion = computed.assertion.clone();
    assertion.results[0] = results_digest(netuid, 1, 0, &results);
    if assertion == computed.assertion {
        net.assert_epoch(netuid);
    } else {
        net.propose_lie(netuid, &assertion);
    }
    net.finalize(netuid);
    net.as_(KEEPER)
        .settle_with(netuid, 1, 0, &results, computed.trace.memory[0].clone())
        .expect("settled");
    net.with_chain(|chain| chain.limit_history(FEW));
    net.advance(FEW + 1);
    let store = folder.store(net).expect("reopened");
    (folder, store)
}

#[test]
fn final_epoch_is_compared_with_the_record_once_its_events_are_discarded() {
    let (mut net, netuid) = old_network(KEPT);
    let (_folder, store) = finished(&mut net, netuid, |_| ());
    let verified = verifying(&mut net, Some(&store), |it| it.verify(netuid, 1));
    let verified = verified.expect("verified");
    assert_eq!((verified.finding, verified.posted), (None, None));
    let explained = verifying(&mut net, Some(&store), |it| {
        explain_on_chain(it, netuid, 1, Uid(0), |_| KernelKind::Other)
    });
    let explained = explained.expect("explained");
    assert!(explained.holds() && explained.budget.chain.is_none());
}

#[test]
fn paid_lie_is_found_in_the_record_once_its_events_are_discarded() {
    let (mut net, netuid) = old_network(KEPT);
    let (_folder, store) = finished(&mut net, netuid, |results| {
        let paid = results.iter_mut().find(|it| it.miner > Rao(1_000));
        paid.expect("a paid miner").miner.0 -= 1_000;
    });
    let verified = verifying(&mut net, Some(&store), |it| it.verify(netuid, 1));
    let found = verified.expect("verified").finding.expect("a lie");
    assert_eq!(found.values.len(), 1);
    assert_eq!(found.values[0].value, "miner");
    assert_eq!(found.uids, [found.values[0].uid]);
}

#[test]
fn missing_subnets_epochs_and_uids_are_named_at_once() {
    let (mut net, netuid) = old_network(FEW);
    net.close(netuid);
    // Nothing of the chain's past can be read.
    net.with_chain(|chain| chain.limit_history(0));
    net.advance(1);
    let text = |error: VerifyError| error.to_string();
    let missing = verify(&mut net, netuid, 9_999).expect_err("no such epoch");
    assert_eq!(
        text(missing),
        "subnet 1 has not closed an epoch 9999; epoch 2 is open"
    );
    let missing = verify(&mut net, NetUid(9), 0).expect_err("no such subnet");
    assert!(text(missing).starts_with("there is no subnet 9"));
    let missing = memory(&mut net, NetUid(9)).expect_err("no such subnet");
    assert!(text(missing).starts_with("there is no subnet 9"));
    let missing = explain(&mut net, netuid, (1, 4_000)).expect_err("no such uid");
    assert!(
        missing.to_string().starts_with("there is no uid 4000"),
        "{missing}"
    );
    let gone = verify(&mut net, netuid, 0).expect_err("its inputs are gone");
    let gone = text(gone);
    assert!(
        gone.contains("discarded the inputs of epoch 0") && gone.contains("--state-pruning"),
        "{gone}"
    );
}

#[test]
fn final_memory_of_a_past_settlement_is_computed_again_or_said_to_be_gone() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.with_chain(|chain| chain.limit_history(FEW));
    let computed = net.run_epoch(netuid);
    net.advance(FEW + 1);
    // The first epoch reads no memory, so its inputs are enough.
    let left = memory(&mut net, netuid).expect("computed");
    assert_eq!((left.is_proven, left.memory), (true, computed.trace.memory));
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    net.advance(FEW + 1);
    let gone = memory(&mut net, netuid).expect_err("neither memory nor events");
    assert!(
        matches!(gone, VerifyError::MemoryUnknown { epoch: 0, .. }),
        "{gone}"
    );
}

#[test]
fn intent_of_a_past_epoch_ends_although_its_events_are_discarded() {
    let (mut net, netuid) = old_network(FEW);
    let folder = TempDir::new();
    let store = folder.store(&net).expect("made");
    let intent = Intent {
        netuid,
        epoch: 0,
        account: WORKER,
        header_hash: [7; 32],
        assertion: [8; 32],
        closed_at: 2,
        kernel_code: [9; 32],
    };
    store.put_intent(&intent).expect("kept");
    drop(store);
    let mut worker = fresh(&net, &folder);
    act(&mut net, &mut worker).expect("no problem");
    let store = worker.store().expect("it has one");
    assert_eq!(store.intents(WORKER).expect("readable"), []);
}

#[test]
fn roles_go_on_on_an_ordinary_node() {
    let (mut net, netuid) = old_network(KEPT);
    let folder = TempDir::new();
    let mut worker = fresh(&net, &folder);
    let mut posted = 0;
    for _ in 0..80 {
        let actions = act(&mut net, &mut worker).expect("no problem");
        posted += actions
            .iter()
            .filter(|it| matches!(it, Action::Proposed { .. }))
            .count();
        net.advance(1);
    }
    assert!(posted >= 2);
    assert!(net.chain().events(0).is_err());
    assert!(net.status(netuid).expect("a status").final_epoch >= Some(2));
}
