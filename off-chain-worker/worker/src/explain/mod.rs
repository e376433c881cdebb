//! Why a neuron was paid what it was paid, term by term.
//!
//! [`explain`] says what the kernel's interface shows of any epoch: stake, permits, weights,
//! results, budget. Of an epoch of the Yuma kernel it also says what the kernel found out on the
//! way, which the kernel's own crate reads out of the trace ([`yuma::phases::terms`]). There is no
//! rule of consensus here. What was found again is listed with what the trace
//! has, and [`Explanation::holds`] says whether all of it agrees.

mod facts;
mod on_chain;
mod yuma_terms;

pub use facts::{
    BondFact, BudgetFact, CheckFact, Explanation, MoneyFact, NeuronFact, PayFact, PostedFact,
    ResultFact, SeatFact, TakeFact, VoiceFact, WeightFact, YumaFacts,
};

pub use on_chain::{explain_on_chain, ChainExplainError};

use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    kernel::{Budget, ChunkInputs, KernelError, NeuronInput, NeuronResult, NO_COMMIT},
    Bps, Rao, Uid,
};

/// An epoch to explain.
pub struct Subject<'a> {
    /// What it was computed from.
    pub inputs: &'a EpochInputs,
    /// What its steps left.
    pub trace: &'a Trace,
    /// What its kernel is.
    pub kernel: KernelKind,
    /// Who sits where, in order of uid. May be shorter than the subnet.
    pub identities: &'a [Identity],
    /// What the chain has told of the epoch's money, if a chain was asked.
    pub money: Option<MoneyFact>,
    /// What was posted, if a chain was asked and something was.
    pub posted: Option<PostedFact>,
}

/// What is known about a kernel's inner terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelKind {
    /// The Yuma kernel that this worker is linked with.
    Yuma,
    /// Any other.
    Other,
}

/// Who sits on a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Address of the hotkey.
    pub hotkey: Option<String>,
    /// Address of its owner.
    pub coldkey: Option<String>,
    /// The part of its stakers' dividends that the owner takes.
    pub take: Option<Bps>,
    /// What went to its parents of what it was paid as a validator, as far as it is paid.
    pub to_parents: Rao,
    /// What went to its root stake of that, likewise.
    pub to_root: Rao,
}

/// Why an epoch cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// There is no such neuron: the uid, and how many there are.
    #[error("there is no uid {0}: the epoch has {1} neurons")]
    NoNeuron(u16, u16),
    /// Inputs and trace are not of one epoch, or not whole.
    #[error("the trace is not that of the inputs")]
    OtherTrace,
    /// The trace is not in the Yuma kernel's form, though the kernel is said to be it.
    #[error("the trace is not in the form of the linked Yuma kernel ({0:?}): was it computed by another version?")]
    OtherKernel(KernelError),
}

/// Explains what the neuron at `uid` gets.
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
        KernelKind::Other => None,
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

/// Chunk and place in it of `uid`.
fn place(size: u16, uid: Uid) -> (usize, usize) {
    let size = size.max(1);
    (usize::from(uid.0 / size), usize::from(uid.0 % size))
}

/// How the pay of a validator is divided, if its take is known.
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

/// The weights of others, as the chain has them, for the neuron in column `offset`.
fn received(subject: &Subject, gathered: &ChunkInputs, offset: usize) -> Vec<WeightFact> {
    let rows = gathered
        .rows
        .chunks_exact(gathered.neurons.len().max(1))
        .filter_map(|row| row.get(offset));
    let roster = subject.inputs.header.roster.iter();
    let weights = roster.zip(rows).filter(|(_, weight)| **weight != 0);
    weights
        .map(|(validator, weight)| WeightFact {
            uid: validator.0,
            hotkey: identity(subject, *validator).hotkey,
            weight: *weight,
        })
        .collect()
}

/// The weights of `uid`, as the chain has them; none without a place on the roster.
fn given(subject: &Subject, uid: Uid) -> Vec<WeightFact> {
    let Ok(row) = subject.inputs.header.roster.binary_search(&uid) else {
        return Vec::new();
    };
    let weights = subject.inputs.chunks.iter().flat_map(|gathered| {
        let len = gathered.neurons.len();
        let row = gathered.rows.chunks_exact(len.max(1)).nth(row);
        row.unwrap_or_default().iter()
    });
    (0u16..)
        .zip(weights)
        .filter(|(_, weight)| **weight != 0)
        .map(|(uid, weight)| WeightFact {
            uid,
            hotkey: identity(subject, Uid(uid)).hotkey,
            weight: *weight,
        })
        .collect()
}

/// What must hold of any kernel's results: no part of the budget is given away twice.
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
