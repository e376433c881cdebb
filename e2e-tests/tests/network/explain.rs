//! Explanations of epochs on a chain: they match the pay, and report a posted lie.

use inktensor_client::deploy::Bundle;
use inktensor_e2e_tests::{accounts::*, engines::kernels, Network, Shape, TempDir};
use inktensor_primitives::{hash::blake2, kernel::NeuronResult, Bps, Digest, NetUid, Rao, Uid};
use inktensor_worker::{
    epochs::EpochCache,
    explain::{explain_on_chain, Explanation, KernelKind},
    store::Store,
    verify::Verifier,
};

fn kind(code_hash: &Digest) -> KernelKind {
    let built = Bundle::find("yuma").expect("the built kernel");
    if blake2(&built.code) == *code_hash {
        KernelKind::Yuma
    } else {
        KernelKind::Other
    }
}

fn explain(net: &mut Network, store: &Store, netuid: NetUid, uid: u16) -> Explanation {
    let contracts = net.addresses();
    net.with_chain(|chain| {
        let verifier = Verifier {
            chain,
            contracts,
            kernels: &kernels(),
            store: Some(store),
        };
        explain_on_chain(&verifier, netuid, 1, Uid(uid), kind)
    })
    .expect("an explanation")
}

/// Returns a subnet of two validators and three miners whose epoch 1, with a budget, is closed, and
/// a store with its inputs. A nominator stakes on the first validator, whose take is a tenth.
fn closed() -> (Network, NetUid, TempDir) {
    closed_with(|_| ())
}

/// Returns the same after `prepare`.
fn closed_with(prepare: impl FnOnce(&mut Network)) -> (Network, NetUid, TempDir) {
    let mut net = Network::deploy();
    let folder = TempDir::new();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    let hotkey = nth("validator", 0);
    net.as_(nth("validator-owner", 0))
        .set_take(hotkey, Bps(1_000))
        .expect("set");
    net.stake(netuid, nth("nominator", 0), hotkey, Rao::from_tao(50));
    prepare(&mut net);
    let store = folder.store(&net).expect("opened");
    let mut ledger = EpochCache::new(net.addresses(), kernels()).with_store(store);
    for _ in 0..2 {
        net.close(netuid);
        net.with_chain(|chain| ledger.closed(chain, netuid).map(drop))
            .expect("computed");
        if net.status(netuid).expect("a status").final_epoch.is_some() {
            break;
        }
        net.assert_epoch(netuid);
        net.finalize(netuid);
        net.settle(netuid);
        net.honest_weights(netuid);
    }
    (net, netuid, folder)
}

#[test]
fn explain_matches_the_pay() {
    let (mut net, netuid, folder) = closed();
    net.assert_epoch(netuid);
    let store = folder.store(&net).expect("opened");
    let explained: Vec<_> = (0..5)
        .map(|uid| explain(&mut net, &store, netuid, uid))
        .collect();
    let stakes = |net: &Network| -> Vec<Rao> {
        let hotkey = |uid| net.neuron(netuid, Uid(uid)).expect("a neuron").hotkey;
        (0..5)
            .map(|uid| net.hotkey_stake(netuid, hotkey(uid)))
            .collect()
    };
    let (owner, hotkey) = (nth("validator-owner", 0), nth("validator", 0));
    let nominator = nth("nominator", 0);
    let held = |net: &Network, who| net.stake_of(netuid, hotkey, who).0;
    let before = (stakes(&net), held(&net, owner), held(&net, nominator));
    net.finalize(netuid);
    net.settle(netuid);
    let after = (stakes(&net), held(&net, owner), held(&net, nominator));
    for (explained, (before, after)) in explained.iter().zip(before.0.iter().zip(&after.0)) {
        assert!(explained.holds(), "{explained:#?}");
        assert_eq!(explained.kernel, "yuma");
        let posted = explained.posted.as_ref().expect("posted");
        assert_eq!((posted.fate, posted.correct), ("standing", true));
        let pay = explained.pay.miner + explained.pay.validator;
        assert_eq!(after.0 - before.0, pay, "{explained:#?}");
    }
    assert!(explained.iter().any(|explained| explained.pay.miner > 0));
    // The owner collects the take. All stakers, the owner included, share the rest by stake.
    let pay = &explained[0].pay;
    let take = pay.take.as_ref().expect("a take");
    assert!(take.owner > 0, "{take:?}");
    assert_eq!(take.owner, pay.validator / 10);
    let pool = before.1 + before.2;
    let part = u128::from(take.stakers) * u128::from(before.2) / u128::from(pool);
    let gained = u128::from(after.2 - before.2);
    assert!(gained.abs_diff(part) <= 2, "{gained} instead of {part}");

    // Once the epoch is paid, the explanation compares the chain's sums too.
    let paid = explain(&mut net, &store, netuid, 0);
    assert!(paid.holds(), "{paid:#?}");
    let money = paid.budget.chain.expect("read from the chain");
    let all: u64 = explained
        .iter()
        .map(|explained| explained.pay.miner + explained.pay.validator)
        .sum();
    assert_eq!((money.chunk_paid, money.paid), (Some(all), Some(all)));
    assert_eq!(money.fees_paid, money.proposer + money.keeper);
}

#[test]
fn explain_has_the_dividends_of_root_stake() {
    let hotkey = nth("validator", 0);
    let (mut net, netuid, folder) = closed_with(|net| {
        net.stake(NetUid::ROOT, BOB, hotkey, Rao::from_tao(1_000));
        net.mature_root();
    });
    net.assert_epoch(netuid);
    net.finalize(netuid);
    let before = net.root_unclaimed().0;
    net.settle(netuid);
    let store = folder.store(&net).expect("opened");
    let explained = explain(&mut net, &store, netuid, 0);
    assert!(explained.holds(), "{explained:#?}");
    let pay = &explained.pay;
    let take = pay.take.as_ref().expect("a take");
    assert!(take.root > 0, "{take:?}");
    assert_eq!(take.root, net.root_unclaimed().0 - before);
    assert_eq!(take.owner + take.stakers + take.root, pay.validator);
}

#[test]
fn explain_reports_a_posted_lie() {
    let (mut net, netuid, folder) = closed();
    let computed = net.compute(netuid);
    let store = folder.store(&net).expect("opened");
    let unposted = explain(&mut net, &store, netuid, 0);
    assert_eq!((unposted.posted.is_none(), unposted.holds()), (true, true));
    let mut lie = computed.assertion.clone();
    lie.results[0] = [7; 32];
    net.propose_lie(netuid, &lie);
    let explained = explain(&mut net, &store, netuid, 0);
    let posted = explained.posted.as_ref().expect("posted");
    assert_eq!((posted.fate, posted.correct), ("standing", false));
    assert!(!explained.holds());
    let honest: &NeuronResult = &computed.trace.results[0][0];
    assert_eq!(explained.pay.validator, honest.validator.0);
}
