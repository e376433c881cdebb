//! The comparison of weights, permits, pay and votes.

use super::{coldkey, netuids, COLLUDERS};
use inktensor_e2e_tests::Network;
use inktensor_primitives::{epoch::Stage, staking::ROOT_EPOCH, AccountId, NetUid, Rao};
use proptest::{prelude::*, test_runner::TestCaseError};
use std::collections::BTreeMap;

/// Blocks over which the weight of a subnet in issuance is measured.
const SPAN: u32 = 7;

/// The worth of a subnet for the colluders in one epoch.
#[derive(Clone, Debug, Default)]
struct Worth {
    /// Weight of each hotkey, in rao.
    weights: BTreeMap<AccountId, u64>,
    /// Permits of the epoch after.
    permits: usize,
    /// Pay of all their neurons, as parts of a billion of the epoch's pay.
    pay: u64,
}

fn is_ours(net: &Network, hotkey_of: &AccountId) -> bool {
    let owner = net.owner_of(*hotkey_of);
    owner.is_some_and(|owner| (0..COLLUDERS).map(coldkey).any(|ours| ours == owner))
}

/// Computes, finalizes and settles the closed epoch. What neurons are owed is not collected.
fn worth(net: &mut Network, netuid: NetUid) -> Worth {
    let run = net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle_chunks(netuid);
    let mut worth = Worth::default();
    let (mut all, mut ours) = (0u128, 0u128);
    for (uid, result) in (0..).zip(run.trace.neurons()) {
        let neuron = run.neuron(uid).hotkey;
        let pay = u128::from(result.miner.0) + u128::from(result.validator.0);
        all += pay;
        if !is_ours(net, &neuron) {
            continue;
        }
        ours += pay;
        worth.weights.insert(neuron, run.stake(uid));
        worth.permits += usize::from(run.trace.roster.iter().any(|of| of.0 == uid));
    }
    let part = (ours * 1_000_000_000).checked_div(all).unwrap_or_default();
    worth.pay = u64::try_from(part).expect("a part");
    worth
}

/// Returns the product of each subnet's issuance over some blocks and all weight: its weight in
/// issuance, up to a factor that all have in common.
fn shares(net: &mut Network) -> BTreeMap<NetUid, u128> {
    let netuids = netuids(net);
    let before: Vec<Rao> = netuids.iter().map(|netuid| net.pending(*netuid)).collect();
    net.advance(SPAN);
    let total = net.issuance().total_weight.to_u128();
    let after = netuids.iter().map(|netuid| net.pending(*netuid));
    let grown = before.iter().zip(after);
    let shares = grown.map(|(before, after)| u128::from(after.0 - before.0) * total);
    netuids.iter().copied().zip(shares).collect()
}

/// Votes of all colluders at the end of a root epoch, in rao.
#[derive(Clone, Copy, Debug)]
struct Votes {
    own: u64,
    /// Of their own and of others, by proxy.
    by_proxy: u64,
}

/// Waits for the end of the root epoch. Returns the votes at that point.
fn votes(net: &mut Network) -> Votes {
    let epoch = net.block() / ROOT_EPOCH;
    net.advance_to((epoch + 1) * ROOT_EPOCH);
    let accounts = (0..COLLUDERS).map(coldkey).collect();
    let (standings, _) = net.standings(accounts, epoch).expect("kept");
    Votes {
        own: standings.iter().map(|it| it.own.0).sum(),
        by_proxy: standings.iter().map(|it| it.others.0).sum(),
    }
}

/// All that is compared.
pub struct Outcome {
    shares: Vec<BTreeMap<NetUid, u128>>,
    votes: Vec<Votes>,
    epochs: BTreeMap<(NetUid, u32), Worth>,
}

/// Lets each subnet finish the epochs of the block and one more.
pub fn outcome(mut net: Network) -> Outcome {
    let mut outcome = Outcome {
        shares: vec![shares(&mut net)],
        votes: Vec::new(),
        epochs: BTreeMap::new(),
    };
    for round in 0..2 {
        for netuid in netuids(&net) {
            if !matches!(net.status(netuid).expect("a status").stage, Stage::Closed) {
                net.close(netuid);
            }
            let found = worth(&mut net, netuid);
            outcome.epochs.insert((netuid, round), found);
        }
        outcome.shares.push(shares(&mut net));
    }
    for _ in 0..2 {
        outcome.votes.push(votes(&mut net));
    }
    outcome
}

/// Returns true if `more` exceeds `less` by more than roundings do.
fn exceeds(more: u128, less: u128) -> bool {
    more > less + less / 1_000 + 1_000
}

/// Compares. What an owner sets counts from the next epoch on, for all to see before: that epoch of
/// the subnet `chosen`, whose owner has set something, is another one.
pub fn compare(
    nothing: &Outcome,
    acted: &Outcome,
    chosen: Option<NetUid>,
) -> Result<(), TestCaseError> {
    let is_same = |netuid: NetUid, round: u32| Some(netuid) != chosen || round == 0;
    for (key, was) in &nothing.epochs {
        if !is_same(key.0, key.1) {
            continue;
        }
        let is = &acted.epochs[key];
        prop_assert!(
            !exceeds(is.pay.into(), was.pay.into()),
            "pay {key:?}: {} instead of {} billionths",
            is.pay,
            was.pay
        );
        prop_assert!(
            is.permits <= was.permits,
            "permits {key:?}: {} instead of {}",
            is.permits,
            was.permits
        );
        for (hot, weight) in &is.weights {
            let before = was.weights.get(hot).copied().unwrap_or_default();
            prop_assert!(
                !exceeds((*weight).into(), before.into()),
                "weight {key:?}: {weight} instead of {before} rao"
            );
        }
    }
    for (round, (was, is)) in (0..).zip(nothing.shares.iter().zip(&acted.shares)) {
        // Before the first epoch, after it, and after the second.
        let shares = was
            .iter()
            .filter(|(netuid, _)| is_same(**netuid, round / 2));
        for (netuid, share) in shares {
            prop_assert!(
                !exceeds(is[netuid], *share),
                "weight of {netuid:?} in issuance, {round}: {} instead of {share}",
                is[netuid]
            );
        }
    }
    for (was, is) in nothing.votes.iter().zip(&acted.votes) {
        // Each coldkey's stake counts for one proxy, whichever that is.
        let most = was.own.max(was.by_proxy).into();
        let (own, by_proxy) = (is.own.into(), is.by_proxy.into());
        prop_assert!(
            !exceeds(own, most) && !exceeds(by_proxy, most),
            "votes: {is:?} instead of {was:?}"
        );
    }
    Ok(())
}
