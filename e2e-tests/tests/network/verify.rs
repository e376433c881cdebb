//! Verification of posted epochs: honest ones are correct, and a false one is reported with its
//! first wrong step and uids.

use inktensor_client::chain::ChainRead;
use inktensor_compute::epoch::{Difference, StepPart};
use inktensor_e2e_tests::{accounts::*, engines::kernels, Network, Shape, TempDir};
use inktensor_primitives::{
    assertion::{results_digest, Assertion},
    kernel::NeuronResult,
    NetUid, Rao, Uid,
};
use inktensor_worker::{
    epochs::EpochCache,
    store::Store,
    verify::{
        AssertionStatus, InputSource, Paid, ValueDifference, Verified, Verifier, VerifyError,
    },
};

/// Creates a subnet of two validators and three miners, all in one chunk.
fn populated(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    netuid
}

fn verify_with(
    net: &mut Network,
    store: Option<&Store>,
    netuid: NetUid,
    epoch: u32,
) -> Result<Verified, VerifyError> {
    let contracts = net.addresses();
    net.with_chain(|chain| {
        let verifier = Verifier {
            chain,
            contracts,
            kernels: &kernels(),
            store,
        };
        verifier.verify(netuid, epoch)
    })
}

fn verify(net: &mut Network, netuid: NetUid, epoch: u32) -> Verified {
    verify_with(net, None, netuid, epoch).expect("verified")
}

/// Closes an epoch and posts its assertion with `change`.
fn lie(net: &mut Network, netuid: NetUid, change: impl FnOnce(&mut Assertion)) -> Assertion {
    net.close(netuid);
    let mut lie = net.compute(netuid).assertion;
    change(&mut lie);
    net.propose_lie(netuid, &lie);
    lie
}

#[test]
fn verify_confirms_an_honest_epoch_posted_and_paid() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    let standing = verify(&mut net, netuid, 0);
    assert_eq!(standing.finding, None);
    let posted = standing.posted.expect("posted");
    assert_eq!(posted.assertion, Some(computed.assertion.clone()));
    assert!(matches!(posted.fate, AssertionStatus::Standing { .. }));
    assert_eq!(standing.origin, InputSource::Chain);
    net.finalize(netuid);
    net.settle(netuid);
    let paid = verify(&mut net, netuid, 0);
    assert_eq!(
        (paid.finding, paid.posted.map(|it| it.fate)),
        (None, Some(AssertionStatus::Final))
    );
    assert_eq!(paid.honest, Ok(computed.assertion.digest()));
    assert_eq!(paid.steps as usize, computed.assertion.steps.len());
}

#[test]
fn verify_names_a_wrong_step_with_its_uids() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    lie(&mut net, netuid, |lie| lie.steps[2] = [7; 32]);
    let found = verify(&mut net, netuid, 0).finding.expect("a lie");
    let place = Difference::Step {
        k: 2,
        phase: 2,
        chunk: 0,
        part: StepPart::Step,
    };
    assert_eq!(found.difference, Some(place));
    assert_eq!(found.uids, [0, 1, 2, 3, 4].map(Uid));
    assert!(found.values.is_empty() && found.hidden.is_empty());
}

#[test]
fn verify_names_wrong_permits_one_by_one() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let mut gone = Uid(0);
    lie(&mut net, netuid, |lie| gone = lie.roster.remove(0));
    let found = verify(&mut net, netuid, 0).finding.expect("a lie");
    let Some(Difference::Step {
        part: StepPart::Roster,
        ..
    }) = found.difference
    else {
        panic!("{found:?}");
    };
    assert_eq!((found.missing, found.added), (vec![gone], vec![]));
    assert_eq!(found.uids, [gone]);
}

#[test]
fn verify_compares_unseen_results_by_hash_only() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    lie(&mut net, netuid, |lie| lie.results[0] = [7; 32]);
    let found = verify(&mut net, netuid, 0).finding.expect("a lie");
    assert_eq!(found.hidden, [0]);
    assert!(found.values.is_empty());
    assert_eq!(found.uids.len(), 5);
}

#[test]
fn verify_lists_the_values_of_a_paid_lie() {
    let folder = TempDir::new();
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let store = folder.store(&net).expect("opened");
    let mut ledger = EpochCache::new(net.addresses(), kernels()).with_store(store);
    let mut keep = |net: &mut Network| {
        net.with_chain(|chain| ledger.closed(chain, netuid))
            .expect("computed");
    };
    // After two epochs validators have permits, weights and a budget.
    for _ in 0..2 {
        net.close(netuid);
        keep(&mut net);
        net.assert_epoch(netuid);
        net.finalize(netuid);
        net.settle(netuid);
        net.honest_weights(netuid);
    }
    net.close(netuid);
    keep(&mut net);
    let computed = net.compute(netuid);
    let mut results = computed.trace.results[0].clone();
    let miner = results
        .iter()
        .position(|result| result.miner > Rao(1_000))
        .expect("a paid miner");
    let honest: NeuronResult = results[miner];
    results[miner].miner = Rao(honest.miner.0 - 1_000);
    results[miner].incentive = honest.incentive - 1;
    let mut lie = computed.assertion.clone();
    lie.results[0] = results_digest(netuid, 2, 0, &results);
    net.propose_lie(netuid, &lie);
    net.finalize(netuid);
    let paid = net
        .as_(KEEPER)
        .settle_with(netuid, 2, 0, &results, computed.trace.memory[0].clone())
        .expect("paid");

    drop(ledger);
    let store = folder.store(&net).expect("opened");
    let verified = verify_with(&mut net, Some(&store), netuid, 2).expect("verified");
    let found = verified.finding.expect("a lie");
    let value = |value, honest, recorded| ValueDifference {
        uid: Uid(u16::try_from(miner).unwrap()),
        value,
        honest,
        recorded,
    };
    assert_eq!(
        found.values,
        [
            value(
                "incentive",
                honest.incentive.into(),
                u64::from(honest.incentive) - 1
            ),
            value("miner", honest.miner.0, honest.miner.0 - 1_000),
        ]
    );
    let short = Paid {
        chunk: 0,
        honest: Rao(paid.0 + 1_000),
        paid,
    };
    assert_eq!(found.paid, [short]);
    assert!(found.hidden.is_empty(), "all of it was seen");
    // The epoch before is only in the store, and correct.
    let older = verify_with(&mut net, Some(&store), netuid, 1).expect("verified");
    assert_eq!((older.finding, older.origin), (None, InputSource::Store));
    // Without a store neither epoch can be verified.
    assert!(matches!(
        verify_with(&mut net, None, netuid, 1),
        Err(VerifyError::InputsGone { epoch: 1, .. })
    ));
    assert!(matches!(
        verify_with(&mut net, None, netuid, 2),
        Err(VerifyError::MemoryUnknown { epoch: 1, .. })
    ));
}

#[test]
fn verify_after_a_replay_needs_no_store() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    net.close(netuid);
    net.replay(netuid, 3);
    let replayed = verify(&mut net, netuid, 0);
    let posted = replayed.posted.expect("final");
    assert_eq!((replayed.finding, posted.assertion), (None, None));
    assert_eq!(posted.fate, AssertionStatus::Final);
    net.settle(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    net.replay(netuid, 3);
    net.settle(netuid);
    net.close(netuid);
    net.assert_epoch(netuid);
    let verified = verify(&mut net, netuid, 2);
    assert_eq!(
        (verified.finding, verified.origin),
        (None, InputSource::Chain)
    );
}

#[test]
fn verify_of_a_missing_epoch_fails() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    assert!(matches!(
        verify_with(&mut net, None, netuid, 0),
        Err(VerifyError::NotClosed { epoch: 0, .. })
    ));
    net.close(netuid);
    assert!(matches!(
        verify_with(&mut net, None, netuid, 0),
        Err(VerifyError::NothingPosted { epoch: 0, .. })
    ));
}

#[test]
fn verify_uses_the_assertion_after_a_slashed_lie() {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let lie = lie(&mut net, netuid, |lie| lie.steps[0] = [7; 32]);
    let (inputs, computed) = (net.inputs(netuid), net.compute(netuid));
    let (k, proof) = computed.trace.refute(&inputs, &lie).expect("refuted");
    net.as_(ALICE).dispute(netuid, k, &proof).expect("slashed");
    let slashed = verify(&mut net, netuid, 0);
    let fate = slashed.posted.map(|it| it.fate);
    assert_eq!(fate, Some(AssertionStatus::Slashed));
    assert!(slashed.finding.is_some());
    net.assert_epoch(netuid);
    let again = verify(&mut net, netuid, 0);
    let slashed = again.posted.map(|it| it.slashed);
    assert_eq!((again.finding, slashed), (None, Some(1)));
    assert_eq!(net.with_chain(|chain| chain.block()), Ok(net.block()));
}
