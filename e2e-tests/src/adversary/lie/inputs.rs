//! Assertions computed honestly from false premises: another header, other inputs, another plan,
//! another kernel.

use super::super::{case::Case, kernel::Kernel, rng::Rng};
use inktensor_compute::epoch::{compute, EpochInputs, Trace};
use inktensor_primitives::{
    assertion::Assertion,
    kernel::{Budget, ChunkInputs, EpochHeader, EpochPlan, NeuronInput, Rows, NO_COMMIT},
    NetUid, Rao, Uid,
};
use std::fmt;

/// A field of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the header's, which are documented")]
pub enum HeaderField {
    Contract,
    Netuid,
    Epoch,
    FinalEpoch,
    OpenedAt,
    ClosedAt,
    PreviousClose,
    Tempo,
    Neurons,
    Kernel,
    KernelCode,
    Params,
    MaxValidators,
    OwnerUid,
    Budget,
    Roster,
    Previous,
}

impl HeaderField {
    /// All fields.
    pub const ALL: [HeaderField; 17] = [
        HeaderField::Contract,
        HeaderField::Netuid,
        HeaderField::Epoch,
        HeaderField::FinalEpoch,
        HeaderField::OpenedAt,
        HeaderField::ClosedAt,
        HeaderField::PreviousClose,
        HeaderField::Tempo,
        HeaderField::Neurons,
        HeaderField::Kernel,
        HeaderField::KernelCode,
        HeaderField::Params,
        HeaderField::MaxValidators,
        HeaderField::OwnerUid,
        HeaderField::Budget,
        HeaderField::Roster,
        HeaderField::Previous,
    ];

    /// Changes the field.
    fn change(self, header: &mut EpochHeader, rng: &mut Rng) {
        let by = rng.pick([1, 1, 2, 1_000]);
        match self {
            HeaderField::Contract => header.contract = rng.account(),
            HeaderField::Netuid => header.netuid = NetUid(header.netuid.0.wrapping_add(1)),
            HeaderField::Epoch => header.epoch = header.epoch.wrapping_add(1),
            HeaderField::FinalEpoch => {
                header.final_epoch = match header.final_epoch {
                    Some(epoch) if rng.percent(50) => Some(epoch.wrapping_sub(1)),
                    Some(_) => None,
                    None => Some(header.epoch.wrapping_sub(1)),
                }
            }
            HeaderField::OpenedAt => header.opened_at = header.opened_at.wrapping_add(by),
            HeaderField::ClosedAt => header.closed_at = header.closed_at.wrapping_add(by),
            HeaderField::PreviousClose => {
                header.previous_close = header.previous_close.wrapping_add(by)
            }
            HeaderField::Tempo => header.tempo = header.tempo.wrapping_add(1),
            HeaderField::Neurons => {
                let more = rng.percent(50);
                let neurons = header.neurons;
                header.neurons = if more { neurons + 1 } else { neurons - 1 };
            }
            HeaderField::Kernel => header.kernel = rng.account(),
            HeaderField::KernelCode => header.kernel_code = rng.digest(),
            HeaderField::Params => match rng.place(header.params.len()) {
                Some(place) => header.params[place] ^= 1 << rng.below(8),
                None => header.params.push(1),
            },
            HeaderField::MaxValidators => {
                header.max_validators = header.max_validators.wrapping_add(1)
            }
            HeaderField::OwnerUid => {
                header.owner_uid = match header.owner_uid {
                    None => header.roster.first().copied().or(Some(Uid(0))),
                    Some(_) => None,
                }
            }
            HeaderField::Budget => {
                header.budget = match header.budget {
                    Budget::Combined(total) if rng.percent(50) => {
                        Budget::Combined(Rao(total.0.wrapping_add(by)))
                    }
                    Budget::Combined(total) => Budget::Split {
                        miners: total,
                        validators: Rao::ZERO,
                    },
                    Budget::Split { miners, validators } => Budget::Split {
                        miners: Rao(miners.0.wrapping_add(by)),
                        validators,
                    },
                }
            }
            HeaderField::Roster => match rng.place(header.roster.len()) {
                Some(place) => {
                    header.roster.remove(place);
                }
                None => header.roster.push(Uid(0)),
            },
            HeaderField::Previous => header.previous = rng.digest(),
        }
    }
}

/// The header hashes in an assertion about a false header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The hash of the false header everywhere.
    Own,
    /// The hash of the honest header everywhere, in the digests too.
    Honest,
    /// The hash of the honest header, with digests bound to the false one.
    Mixed,
}

impl Binding {
    /// All bindings.
    pub const ALL: [Binding; 3] = [Binding::Own, Binding::Honest, Binding::Mixed];
}

/// An input that the chain gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the inputs', which are documented")]
pub enum InputField {
    Stake,
    LastUpdate,
    RegisteredAt,
    CommitBlock,
    Permit,
    Newcomer,
    Weight,
    Row,
    Memory,
    MemoryGone,
}

impl InputField {
    /// All fields.
    pub const ALL: [InputField; 10] = [
        InputField::Stake,
        InputField::LastUpdate,
        InputField::RegisteredAt,
        InputField::CommitBlock,
        InputField::Permit,
        InputField::Newcomer,
        InputField::Weight,
        InputField::Row,
        InputField::Memory,
        InputField::MemoryGone,
    ];

    fn change(self, neuron: &mut NeuronInput, rng: &mut Rng) {
        let by = rng.pick([1, 50, 1_000_000]);
        match self {
            InputField::Stake => {
                neuron.stake = rng.pick([neuron.stake ^ 1, neuron.stake.wrapping_mul(2), 0])
            }
            InputField::LastUpdate => {
                neuron.last_update = rng.pick([0, neuron.last_update.wrapping_add(by)])
            }
            InputField::RegisteredAt => {
                neuron.registered_at = rng.pick([0, neuron.registered_at.wrapping_add(by)])
            }
            InputField::CommitBlock => {
                neuron.commit_block = match neuron.commit_block {
                    NO_COMMIT => neuron.registered_at,
                    _ => NO_COMMIT,
                }
            }
            InputField::Permit => neuron.permit = !neuron.permit,
            _ => neuron.newcomer = !neuron.newcomer,
        }
    }
}

/// Computes the epoch with one field of the header changed.
pub fn header(
    case: &Case,
    rng: &mut Rng,
    field: HeaderField,
    binding: Binding,
) -> Option<Assertion> {
    let truth = &case.inputs.header;
    let mut inputs = case.inputs.clone();
    field.change(&mut inputs.header, rng);
    if inputs.header == *truth {
        return None;
    }
    let hash = inputs.header.digest();
    // If such an epoch cannot be computed, the assertion has the honest steps.
    let believed = match compute(&case.kernel, &inputs) {
        Ok(trace) => trace,
        Err(_) if binding == Binding::Honest => return None,
        Err(_) => case.trace.clone(),
    };
    let bound = |header_hash| Trace {
        header_hash,
        ..believed
    };
    Some(match binding {
        Binding::Own => bound(hash).assertion(),
        Binding::Honest => bound(truth.digest()).assertion(),
        Binding::Mixed => Assertion {
            header_hash: truth.digest(),
            ..bound(hash).assertion()
        },
    })
}

/// Computes the epoch with one input changed.
pub fn input(case: &Case, rng: &mut Rng, field: InputField) -> Option<Assertion> {
    let mut inputs = case.inputs.clone();
    let c = rng.place(inputs.chunks.len())?;
    let chunk = inputs.chunks.get_mut(c)?;
    let neurons = chunk.neurons.len();
    match field {
        InputField::Weight => {
            let mut cells = chunk.rows.cells(neurons);
            let cell = rng.place(cells.len())?;
            cells[cell] = rng.pick([0, 1, u16::MAX]);
            chunk.rows = Rows::from_cells(&cells, neurons);
        }
        InputField::Row => {
            let mut cells = chunk.rows.cells(neurons);
            let row = rng.below(chunk.rows.len());
            cells.chunks_mut(neurons).nth(row)?.fill(0);
            chunk.rows = Rows::from_cells(&cells, neurons);
        }
        InputField::Memory => {
            let memory = inputs.memory.get_mut(c)?;
            let place = rng.place(memory.len())?;
            memory[place] ^= 1 << rng.below(8);
        }
        InputField::MemoryGone => {
            rng.one(inputs.memory.get(c)?)?;
            inputs.memory.iter_mut().for_each(Vec::clear);
        }
        field => {
            let place = rng.place(neurons)?;
            field.change(&mut chunk.neurons[place], rng);
        }
    }
    let trace = compute(&case.kernel, &inputs).ok()?;
    Some(trace.assertion())
}

/// Computes the epoch with another plan.
pub fn plan(case: &Case, rng: &mut Rng) -> Option<Assertion> {
    let Kernel::Hash(hash_kernel) = &case.kernel else {
        return None;
    };
    let mut other = hash_kernel.as_ref().clone();
    let plan = &mut other.plan;
    match rng.below(4) {
        0 => plan.chunk = rng.pick([1, 2, 4, 8, 16, 32, 64]),
        1 => plan.phases.rotate_left(1),
        2 => plan.memory_phase = u8::try_from(rng.below(plan.phases.len())).ok()?,
        _ => plan.results_phase = u8::try_from(rng.below(plan.phases.len())).ok()?,
    }
    let mut inputs = case.inputs.clone();
    let cut = other.plan.chunk == hash_kernel.plan.chunk;
    if !cut {
        inputs = recut(case, &other.plan)?;
    }
    let trace = compute(&Kernel::Hash(Box::new(other)), &inputs).ok()?;
    Some(trace.assertion())
}

/// Returns the same inputs in chunks of `plan`.
fn recut(case: &Case, plan: &EpochPlan) -> Option<EpochInputs> {
    let mut inputs = case.inputs.clone();
    let header = &inputs.header;
    let neurons: Vec<_> = inputs.chunks.iter().flat_map(|it| &it.neurons).collect();
    let chunks = (0..plan.chunks(header.neurons))
        .map(|chunk| {
            let (start, len) = plan.span(chunk, header.neurons);
            let (start, len) = (usize::from(start.0), usize::from(len));
            ChunkInputs {
                neurons: neurons[start..start + len]
                    .iter()
                    .copied()
                    .copied()
                    .collect(),
                rows: Rows::from_cells(&vec![0; header.roster.len() * len], len),
            }
        })
        .collect();
    inputs.chunks = chunks;
    inputs.memory.resize(inputs.chunks.len(), Vec::new());
    Some(inputs)
}

/// Computes the epoch with another kernel of the same plan.
pub fn kernel(case: &Case, rng: &mut Rng) -> Option<Assertion> {
    let Kernel::Hash(hash_kernel) = &case.kernel else {
        return None;
    };
    let mut other = hash_kernel.as_ref().clone();
    other.salt = rng.bits();
    let trace = compute(&Kernel::Hash(Box::new(other)), &case.inputs).ok()?;
    Some(trace.assertion())
}

impl fmt::Display for HeaderField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeaderField::Contract => "contract",
            HeaderField::Netuid => "netuid",
            HeaderField::Epoch => "epoch",
            HeaderField::FinalEpoch => "final epoch",
            HeaderField::OpenedAt => "opened at",
            HeaderField::ClosedAt => "closed at",
            HeaderField::PreviousClose => "previous close",
            HeaderField::Tempo => "tempo",
            HeaderField::Neurons => "neurons",
            HeaderField::Kernel => "kernel",
            HeaderField::KernelCode => "kernel code",
            HeaderField::Params => "parameters",
            HeaderField::MaxValidators => "most validators",
            HeaderField::OwnerUid => "owner's uid",
            HeaderField::Budget => "budget",
            HeaderField::Roster => "roster",
            HeaderField::Previous => "previous",
        })
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Binding::Own => "under its own hash",
            Binding::Honest => "under the honest hash",
            Binding::Mixed => "in the digests alone",
        })
    }
}

impl fmt::Display for InputField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InputField::Stake => "a stake",
            InputField::LastUpdate => "a last update",
            InputField::RegisteredAt => "a registration",
            InputField::CommitBlock => "a commit",
            InputField::Permit => "a permit",
            InputField::Newcomer => "a newcomer",
            InputField::Weight => "a weight",
            InputField::Row => "a row of zeros",
            InputField::Memory => "a bit of memory",
            InputField::MemoryGone => "no memory",
        })
    }
}
