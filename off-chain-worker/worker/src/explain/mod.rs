//! The explanation of a neuron's pay, term by term.
//!
//! [`explain`] covers the kernel's interface, for any epoch: stake, permits, weights, results,
//! budget. For an epoch of the Yuma kernel it adds the kernel's inner terms, which the kernel's own
//! crate reads from the trace ([`inktensor_yuma::phases::terms`]). There is no rule of consensus
//! here. Recomputed values are listed beside those of the trace, and [`Explanation::holds`] returns
//! true if all of them agree.

mod facts;
mod on_chain;
mod yuma_terms;

pub use facts::{
    BondFact, BudgetFact, CheckFact, Explanation, MoneyFact, NeuronFact, PayFact, PostedFact,
    ResultFact, SeatFact, TakeFact, VoiceFact, WeightFact, YumaFacts,
};

pub use on_chain::{explain_on_chain, ChainExplainError};

use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::{
    hash::hex,
    kernel::{Budget, ChunkInputs, KernelError, NeuronInput, NeuronResult, NO_COMMIT},
    Bps, Rao, Uid,
};

/// An epoch to explain.
pub struct Subject<'a> {
    /// Inputs of the epoch.
    pub inputs: &'a EpochInputs,
    /// Trace of the epoch.
    pub trace: &'a Trace,
    /// Kind of the kernel.
    pub kernel: KernelKind,
    /// Accounts of the neurons, in order of uid. May be shorter than the subnet.
    pub identities: &'a [Identity],
    /// Money of the epoch, if a chain was read.
    pub money: Option<MoneyFact>,
    /// Posted assertion, if a chain was read and there is one.
    pub posted: Option<PostedFact>,
}

/// The knowledge about a kernel's inner terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelKind {
    /// The Yuma kernel that this worker is linked with.
    Yuma,
    /// The mean kernel, which has no inner terms.
    Mean,
    /// Any other kernel.
    Other,
}

/// The accounts of a neuron.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Address of the hotkey.
    pub hotkey: Option<String>,
    /// Address of the coldkey.
    pub coldkey: Option<String>,
    /// Part of the stakers' dividends that the owner takes.
    pub take: Option<Bps>,
    /// Part of its pay as a validator that went to its parents, as far as it is paid.
    pub to_parents: Rao,
    /// Part of that pay that went to its root stake, likewise.
    pub to_root: Rao,
}

/// An error that prevents an explanation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// No neuron has this uid: the uid, and the number of neurons.
    #[error("there is no uid {0}: the epoch has {1} neurons, with uids below {1}")]
    NoNeuron(u16, u16),
    /// Inputs and trace are not of one epoch, or incomplete.
    #[error("the trace is not that of the inputs")]
    OtherTrace,
    /// The trace is not in the Yuma kernel's form, although the kernel is said to be Yuma.
    #[error("the trace is not in the form of the linked Yuma kernel ({0}): was it computed by another version?")]
    OtherKernel(KernelError),
}

/// Explains the pay of the neuron at `uid`.
///
/// # Errors
/// See [`ExplainError`].
pub fn explain(subject: &Subject, uid: Uid) -> Result<Explanation, ExplainError> {
    let (inputs, trace) = (subject.inputs, subject.trace);
    let header = &inputs.header;
    if uid.0 >= header.neurons {
        return Err(ExplainError::NoNeuron(uid.0, header.neurons));
    }
    if header.digest() != trace.header_hash {
        return Err(ExplainError::OtherTrace);
    }
    let (chunk, offset) = place(trace.plan.chunk, uid);
    let gathered = inputs.chunks.get(chunk);
    let neuron = gathered.and_then(|gathered| gathered.neurons.get(offset));
    let result = trace.results.get(chunk).and_then(|part| part.get(offset));
    let (Some(gathered), Some(neuron), Some(result)) = (gathered, neuron, result) else {
        return Err(ExplainError::OtherTrace);
    };
    let mut checks = sums(trace, &header.budget, uid, result);
    if let Some(paid) = subject.money.as_ref().and_then(|money| money.chunk_paid) {
        let part = trace.results.get(chunk).into_iter().flatten();
        let due = part.map(|n| u128::from(n.miner.0).saturating_add(n.validator.0.into()));
        let what = "pay of its chunk, in rao, as the chain settled it";
        checks.push(CheckFact::equal(what, due.sum(), paid.into()));
    }
    let terms = match subject.kernel {
        KernelKind::Yuma => Some(yuma_terms::read(subject, uid, &mut checks)?),
        KernelKind::Mean | KernelKind::Other => None,
    };
    let mined: u128 = trace.neurons().map(|n| u128::from(n.miner.0)).sum();
    let validated: u128 = trace.neurons().map(|n| u128::from(n.validator.0)).sum();
    Ok(Explanation {
        netuid: header.netuid.0,
        epoch: header.epoch,
        closed_at: header.closed_at,
        neurons: header.neurons,
        permits: header.roster.len(),
        kernel: match subject.kernel {
            KernelKind::Yuma => "yuma",
            KernelKind::Mean => "mean",
            KernelKind::Other => "unknown",
        },
        kernel_code: hex(&header.kernel_code),
        posted: subject.posted.clone(),
        neuron: seated(subject, uid, neuron),
        result: ResultFact::of(result),
        budget: BudgetFact::of(&header.budget, mined, validated, subject.money.clone()),
        pay: PayFact {
            miner: result.miner.0,
            validator: result.validator.0,
            take: take_of(subject, uid, result.validator),
        },
        received: received(subject, gathered, offset),
        given: given(subject, uid),
        terms,
        checks,
    })
}

/// Returns the chunk of `uid`, and the place in it.
fn place(size: u16, uid: Uid) -> (usize, usize) {
    let size = size.max(1);
    (usize::from(uid.0 / size), usize::from(uid.0 % size))
}

/// Returns the division of a validator's pay, if its take is known.
fn take_of(subject: &Subject, uid: Uid, validator: Rao) -> Option<TakeFact> {
    let Identity {
        take,
        to_parents,
        to_root,
        ..
    } = identity(subject, uid);
    take.map(|take| TakeFact::of(take, validator, to_parents, to_root))
}

fn identity(subject: &Subject, uid: Uid) -> Identity {
    let found = subject.identities.get(usize::from(uid.0));
    found.cloned().unwrap_or_default()
}

fn seated(subject: &Subject, uid: Uid, neuron: &NeuronInput) -> NeuronFact {
    let header = &subject.inputs.header;
    let identity = identity(subject, uid);
    NeuronFact {
        uid: uid.0,
        hotkey: identity.hotkey,
        coldkey: identity.coldkey,
        owner: header.owner_uid == Some(uid),
        stake: neuron.stake,
        registered_at: neuron.registered_at,
        last_update: neuron.last_update,
        commit_block: Some(neuron.commit_block).filter(|block| *block != NO_COMMIT),
        on_roster: header.roster.binary_search(&uid).is_ok(),
        permit: neuron.permit,
        newcomer: neuron.newcomer,
    }
}

/// Returns the weights of other neurons, as on the chain, for the neuron in column `offset`.
fn received(subject: &Subject, gathered: &ChunkInputs, offset: usize) -> Vec<WeightFact> {
    let rows = gathered.rows.iter().map(|row| row.at(offset));
    let roster = subject.inputs.header.roster.iter();
    let weights = roster.zip(rows).filter(|(_, weight)| *weight != 0);
    weights
        .map(|(validator, weight)| WeightFact {
            uid: validator.0,
            hotkey: identity(subject, *validator).hotkey,
            weight,
        })
        .collect()
}

/// Returns the weights of `uid`, as on the chain; none without a place on the roster.
fn given(subject: &Subject, uid: Uid) -> Vec<WeightFact> {
    let Ok(row) = subject.inputs.header.roster.binary_search(&uid) else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    let mut start = 0u16;
    for gathered in &subject.inputs.chunks {
        let row = gathered.rows.iter().nth(row).unwrap_or_default();
        for (column, weight) in row.entries().filter(|(_, weight)| *weight != 0) {
            // A column is below 64, and a subnet's uids fit 16 bits.
            let uid = start.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
            facts.push(WeightFact {
                uid,
                hotkey: identity(subject, Uid(uid)).hotkey,
                weight,
            });
        }
        let len = u16::try_from(gathered.neurons.len()).unwrap_or(u16::MAX);
        start = start.saturating_add(len);
    }
    facts
}

/// Checks the sums of any kernel's results: no part of the budget is paid twice.
fn sums(trace: &Trace, budget: &Budget, uid: Uid, result: &NeuronResult) -> Vec<CheckFact> {
    let sum = |of: fn(&NeuronResult) -> Rao| -> u128 {
        trace.neurons().map(|result| u128::from(of(result).0)).sum()
    };
    let (mined, validated) = (sum(|result| result.miner), sum(|result| result.validator));
    let total = u128::from(budget.total().0);
    let mut checks = vec![CheckFact::at_most(
        "pay of all neurons, in rao",
        mined.saturating_add(validated),
        total,
    )];
    if let Budget::Split { .. } = budget {
        checks.push(CheckFact::equal(
            format!("pay of uid {} in all, in rao", uid.0),
            u128::from(result.miner.0).saturating_add(result.validator.0.into()),
            result.emission.0.into(),
        ));
    }
    checks
}

#[cfg(test)]
mod tests;
