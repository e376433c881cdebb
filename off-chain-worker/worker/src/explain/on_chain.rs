//! The explanation of an epoch of a chain, which adds accounts, takes, the posted assertion and the
//! epoch's money.

use super::{
    explain, ExplainError, Explanation, Identity, KernelKind, MoneyFact, PostedFact, Subject,
};
use crate::{
    epochs::block,
    history::kept_events,
    verify::{AssertionStatus, Verifier, VerifyError},
};
use inktensor_client::{
    chain::{ChainError, ChainRead, ContractEvent, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_compute::epoch::EpochInputs;
use inktensor_primitives::{
    emission::{Carried, Completed, Drawn, FeePaid},
    epoch::Settled,
    hash::hex,
    kernel::EpochHeader,
    registry::{NeuronView, Registry},
    staking::{Distributed, HotkeyPart, Staking, StakingError},
    AccountId, Bps, Digest, NetUid, Rao, Uid, PAGE,
};

/// An error of the explanation of an epoch of a chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainExplainError {
    /// The epoch cannot be computed again.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The recomputed epoch cannot be explained.
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

/// Explains the pay of the neuron at `uid` for epoch `epoch` of `netuid`. `kind` returns the kind
/// of the kernel with a code hash.
///
/// The chain has the present neurons only. A neuron that registered after the epoch was not paid,
/// so its uid has no accounts here. If the chain has discarded events of the epoch, neither the
/// epoch's money nor the division of a validator's pay is explained.
///
/// # Errors
/// See [`ChainExplainError`].
pub fn explain_on_chain(
    verifier: &Verifier,
    netuid: NetUid,
    epoch: u32,
    uid: Uid,
    kind: impl Fn(&Digest) -> KernelKind,
) -> Result<Explanation, ChainExplainError> {
    let (chain, contracts) = (verifier.chain, &verifier.contracts);
    verifier.check_uid(netuid, epoch, uid)?;
    let recomputed = verifier.recompute(netuid, epoch)?;
    let (inputs, trace) = (&recomputed.inputs, &recomputed.trace);
    let honest = trace.assertion().digest();
    let posted = recomputed.posted.as_ref().map(|posted| PostedFact {
        assertion: hex(&posted.digest),
        fate: match posted.fate {
            AssertionStatus::Standing { .. } => "standing",
            AssertionStatus::Final => "final",
            AssertionStatus::Slashed => "slashed",
        },
        correct: posted.digest == honest,
    });
    let chunk = uid.0 / trace.plan.chunk.max(1);
    let closed_at = block(inputs.header.closed_at);
    let (events, since) = kept_events(chain, closed_at)?;
    // Part of the events is part of the money: nothing is said of it.
    let is_whole = since <= closed_at;
    let subject = Subject {
        inputs,
        trace,
        kernel: kind(&inputs.header.kernel_code),
        identities: &identities(chain, contracts, inputs, uid, is_whole.then_some(&events))?,
        money: is_whole.then(|| money(&events, contracts, &inputs.header, chunk)),
        posted,
    };
    Ok(explain(&subject, uid)?)
}

fn identities(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    inputs: &EpochInputs,
    uid: Uid,
    events: Option<&Vec<ContractEvent>>,
) -> Result<Vec<Identity>, ChainError> {
    let header = &inputs.header;
    let neurons = inputs.chunks.iter().flat_map(|chunk| &chunk.neurons);
    let registered: Vec<u64> = neurons.map(|neuron| neuron.registered_at).collect();
    let mut identities = vec![Identity::default(); registered.len()];
    for page in 0..header.neurons.div_ceil(PAGE) {
        let message = contracts.registry().metagraph(header.netuid, page);
        let views: Vec<NeuronView> = chain.query(message)?;
        for view in views {
            let place = usize::from(view.uid.0);
            let same = registered.get(place) == Some(&u64::from(view.neuron.registered_at))
                && view.neuron.registered_epoch <= header.epoch;
            let Some(identity) = identities.get_mut(place).filter(|_| same) else {
                continue;
            };
            identity.hotkey = Some(ss58(&view.neuron.hotkey));
            identity.coldkey = Some(ss58(&view.neuron.coldkey));
            if let (true, Some(events)) = (view.uid == uid, events) {
                let child = view.neuron.identity();
                let staking = contracts.staking();
                let message = staking.take_at(header.netuid, child, header.epoch);
                let take: Result<Bps, StakingError> = chain.query(message)?;
                identity.take = Some(match take {
                    Ok(take) => take,
                    // The chain no longer knows: the present take is the best guess.
                    Err(_) => chain.query(staking.take(child))?,
                });
                let part = |part: fn(Distributed) -> Vec<HotkeyPart>| {
                    part_of(events, contracts, header, child, part)
                };
                identity.to_parents = part(|it| it.due);
                identity.to_root = part(|it| it.root);
            }
        }
    }
    Ok(identities)
}

/// Returns the sum of a part of the dividends of `hotkey` for the epoch. `part` selects the part
/// from the events of the pay.
fn part_of(
    events: &[ContractEvent],
    contracts: &Addresses,
    header: &EpochHeader,
    hotkey: AccountId,
    part: impl Fn(Distributed) -> Vec<HotkeyPart>,
) -> Rao {
    let all = events
        .iter()
        .filter(|event| event.contract == contracts.staking)
        .filter_map(|event| event.decode::<Distributed>())
        .filter(|it| (it.netuid, it.epoch) == (header.netuid, header.epoch))
        .flat_map(part)
        .filter(|part| part.hotkey == hotkey);
    Rao(all.fold(0, |sum: u64, part| sum.saturating_add(part.amount.0)))
}

/// Returns the epoch's money, and the pay of `chunk`, from the contracts' events.
fn money(
    events: &[ContractEvent],
    contracts: &Addresses,
    header: &EpochHeader,
    chunk: u16,
) -> MoneyFact {
    let it = |netuid, epoch| (netuid, epoch) == (header.netuid, header.epoch);
    let mut money = MoneyFact::default();
    // A chunk that does not fit one call is settled in several.
    let mut so_far = 0u64;
    for event in events {
        if event.contract == contracts.epoch {
            if let Some(settled) = event.decode::<Settled>() {
                if it(settled.netuid, settled.epoch) && settled.chunk == chunk {
                    so_far = so_far.saturating_add(settled.paid.0);
                    money.chunk_paid = settled.settled.then_some(so_far);
                }
            }
        }
        if event.contract != contracts.emission {
            continue;
        }
        if let Some(drawn) = event.decode::<Drawn>() {
            if it(drawn.netuid, drawn.epoch) {
                money.owner = drawn.budget.owner.0;
                money.treasury = drawn.budget.treasury.0;
                money.proposer = drawn.budget.proposer.0;
                money.keeper = drawn.budget.keeper.0;
            }
        } else if let Some(fee) = event.decode::<FeePaid>() {
            if it(fee.netuid, fee.epoch) {
                money.fees_paid = money.fees_paid.saturating_add(fee.amount.0);
            }
        } else if let Some(completed) = event.decode::<Completed>() {
            if it(completed.netuid, completed.epoch) {
                money.paid = Some(completed.paid.0);
                money.carried = Some(completed.carried.0);
            }
        } else if let Some(carried) = event.decode::<Carried>() {
            if it(carried.netuid, carried.epoch) {
                money.carried = Some(carried.amount.0);
            }
        }
    }
    money
}
