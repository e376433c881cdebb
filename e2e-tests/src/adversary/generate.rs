//! Random epochs: one neuron and many, sizes that chunks do not divide, no validator, no stake,
//! newcomers on old seats, with and without carry-over state, changed kernels and chunk sizes, and
//! rolled-over epochs in between.

use super::{case::Case, judge::NativeJudge, kernel::Kernel, rng::Rng};
use inktensor_compute::{
    engine::Engine,
    epoch::{compute, ComputeError, EpochInputs, Trace},
};
use inktensor_epoch::closed_epoch::{ClosedEpoch, Memory, RosterSeat};
use inktensor_primitives::{
    assertion::{final_digest, memory_digest},
    kernel::{Budget, ChunkInputs, EpochHeader, NeuronInput, Rows, NO_COMMIT},
    registry::roster_with_owner,
    NetUid, Rao, Uid, MAX_UIDS, MAX_VALIDATORS,
};

/// Blocks between closes.
const TEMPO: u64 = 100;
/// The block at which first epochs close.
const FIRST_CLOSE: u64 = 1_000_000;

/// Returns a random epoch of `kernel`, with a judge of assertions about it.
///
/// # Errors
/// Those of the honest computation. An honest kernel has none.
pub fn epoch(rng: &mut Rng, kernel: Kernel) -> Result<(Case, NativeJudge), ComputeError> {
    let neurons = neurons(rng, &kernel);
    let header = first_header(rng, &kernel, neurons);
    if rng.percent(40) {
        return close(rng, kernel, header, None, None);
    }
    // The epoch before has fewer neurons at times, never more.
    let mut first = header.clone();
    if rng.percent(30) {
        first.neurons = rng.within(1, neurons);
        first.roster.retain(|uid| uid.0 < first.neurons);
        first.owner_uid = first.owner_uid.filter(|uid| uid.0 < first.neurons);
    }
    let before_kernel = match &kernel {
        Kernel::Hash(hash_kernel) if rng.percent(20) => {
            let chunk = rng.pick([1, 2, 4, 8, 64]);
            Kernel::Hash(Box::new(hash_kernel.as_ref().clone().rechunked(chunk)))
        }
        kernel => kernel.clone(),
    };
    let before = inputs(rng, &before_kernel, first, None)?;
    let trace = compute(&before_kernel, &before)?;
    let left = Left::random(rng, &before.header, &trace);
    let header = next_header(rng, header, &before.header, &trace);
    close(rng, kernel, header, Some(trace), Some(left))
}

/// The memory that a final epoch has left.
struct Left {
    /// The contract's record.
    memory: Memory,
    /// The bytes that are public, one per chunk; empty if there are none.
    public: Vec<Vec<u8>>,
    /// Bytes that were not published, with their chunks.
    withheld: Vec<(u16, Vec<u8>)>,
}

impl Left {
    /// Returns what the epoch of `header` has left: mostly the memory of `trace`, of some chunks
    /// nothing, since they were not settled, and of some false bytes, which a lie that was not
    /// disputed in time has published.
    fn random(rng: &mut Rng, header: &EpochHeader, trace: &Trace) -> Self {
        let (mut hashes, mut public, mut withheld) = (Vec::new(), Vec::new(), Vec::new());
        for (chunk, honest) in (0..).zip(&trace.memory) {
            let mut bytes = honest.clone();
            match rng.below(100) {
                0..15 => {
                    if !bytes.is_empty() {
                        withheld.push((chunk, bytes));
                    }
                    hashes.push(None);
                    public.push(Vec::new());
                    continue;
                }
                15..20 => {
                    let count = rng.below(200);
                    bytes = rng.bytes(count);
                }
                20..25 => {
                    if let Some(place) = rng.place(bytes.len()) {
                        bytes[place] ^= 1 << rng.below(8);
                    }
                }
                _ => {}
            }
            hashes.push(Some(memory_digest(
                header.netuid,
                header.epoch,
                chunk,
                &bytes,
            )));
            public.push(bytes);
        }
        Self {
            memory: Memory::new(header.kernel_code, trace.plan.chunk, hashes),
            public,
            withheld,
        }
    }
}

/// Computes the epoch of `header`, after the final epoch `before` that has left `left`.
fn close(
    rng: &mut Rng,
    kernel: Kernel,
    header: EpochHeader,
    before: Option<Trace>,
    left: Option<Left>,
) -> Result<(Case, NativeJudge), ComputeError> {
    let plan = kernel.plan(&header).map_err(ComputeError::Plan)?;
    let closed_at = frozen(&header, plan);
    let (mut memory_before, mut withheld) = (Vec::new(), Vec::new());
    if let Some(left) = &left {
        if !left.memory.clone().for_epoch(&closed_at).is_empty() {
            memory_before.clone_from(&left.public);
            withheld.clone_from(&left.withheld);
        }
    }
    let left = left.map(|left| left.memory);
    let inputs = inputs(rng, &kernel, header, Some(memory_before))?;
    let trace = compute(&kernel, &inputs)?;
    let closed = closed(&inputs.header, &trace);
    let case = Case {
        kernel,
        inputs,
        trace,
        unfinished: false,
        before,
        withheld,
    };
    let judge = NativeJudge::new(&case, closed, left);
    Ok((case, judge))
}

/// Returns the contract's record of the epoch of `header`.
fn closed(header: &EpochHeader, trace: &Trace) -> ClosedEpoch {
    frozen(header, trace.plan.clone())
}

fn frozen(header: &EpochHeader, plan: inktensor_primitives::kernel::EpochPlan) -> ClosedEpoch {
    // The judge gets rows, and reads neither seats nor owner.
    let seat = RosterSeat {
        newcomer: false,
        row: None,
    };
    ClosedEpoch {
        header: header.clone(),
        header_hash: header.digest(),
        plan,
        seats: vec![seat; header.roster.len()],
        owner: header.contract,
        owner_hotkey: header.contract,
        proposer_fee: Rao::ZERO,
        keeper_fee: Rao::ZERO,
    }
}

/// Returns a random number of neurons. Most epochs are small, so that a run is short.
fn neurons(rng: &mut Rng, kernel: &Kernel) -> u16 {
    let most = match kernel {
        Kernel::Hash(hash_kernel) => hash_kernel.plan.chunk.saturating_mul(3).min(24),
        _ => 12,
    };
    // The largest epochs take as long as a thousand small ones.
    if !matches!(kernel, Kernel::Hash(_)) && rng.below(3_000) == 0 {
        return rng.pick([MAX_UIDS, MAX_UIDS - 1]);
    }
    match rng.below(100) {
        0..10 => 1,
        10..80 => rng.within(1, most),
        80..90 => rng.within(13, 40),
        90..93 => rng.pick([63, 64, 65, 66, 128]),
        93..95 => rng.within(65, 140),
        _ => rng.within(2, 6),
    }
}

fn first_header(rng: &mut Rng, kernel: &Kernel, neurons: u16) -> EpochHeader {
    let permits = if neurons > 200 {
        rng.pick([MAX_VALIDATORS, 64])
    } else if rng.percent(90) {
        rng.within(0, 6)
    } else {
        rng.within(0, 40)
    };
    let owner_uid = rng.percent(40).then(|| Uid(rng.within(0, neurons - 1)));
    let mut roster: Vec<Uid> = (0..neurons).map(Uid).collect();
    let taken = usize::from(rng.within(0, permits));
    while roster.len() > taken {
        roster.remove(rng.below(roster.len()));
    }
    EpochHeader {
        contract: rng.account(),
        netuid: NetUid(rng.within(0, 9)),
        epoch: u32::from(rng.within(0, 50)),
        final_epoch: None,
        opened_at: FIRST_CLOSE - TEMPO,
        closed_at: FIRST_CLOSE,
        previous_close: 0,
        tempo: u32::try_from(TEMPO).unwrap_or_default(),
        neurons,
        kernel: rng.account(),
        kernel_code: rng.digest(),
        params: kernel.params(rng, FIRST_CLOSE),
        max_validators: permits,
        owner_uid,
        budget: budget(rng),
        roster: roster_with_owner(roster, owner_uid),
        previous: Default::default(),
    }
}

fn budget(rng: &mut Rng) -> Budget {
    let mut rao = || Rao(rng.pick([1_000_000_000, 0, 7, 360_000_000_000, 21_000_000_000_000_000]));
    let (miners, validators) = (rao(), rao());
    if rng.percent(50) {
        Budget::Combined(miners)
    } else {
        Budget::Split {
            miners: Rao(miners.0 / 2),
            validators: Rao(validators.0 / 2),
        }
    }
}

/// Returns the header of an epoch like `header` that closes after `before`, which is final as
/// `trace`.
fn next_header(
    rng: &mut Rng,
    header: EpochHeader,
    before: &EpochHeader,
    trace: &Trace,
) -> EpochHeader {
    // At times epochs in between were rolled over.
    let gap = if rng.percent(20) { rng.within(2, 4) } else { 1 };
    let closed_at = before.closed_at + TEMPO * u64::from(gap);
    let kernel_code = if rng.percent(10) {
        rng.digest()
    } else {
        header.kernel_code
    };
    EpochHeader {
        epoch: before.epoch + u32::from(gap),
        final_epoch: Some(before.epoch),
        opened_at: closed_at - TEMPO,
        closed_at,
        previous_close: before.closed_at,
        kernel_code,
        budget: budget(rng),
        roster: roster_with_owner(trace.roster.clone(), header.owner_uid),
        previous: final_digest(&trace.header_hash, &trace.assertion().digest()),
        ..header
    }
}

/// Returns random inputs of the epoch of `header`, with the carry-over state of its chunks.
fn inputs(
    rng: &mut Rng,
    kernel: &Kernel,
    header: EpochHeader,
    memory_before: Option<Vec<Vec<u8>>>,
) -> Result<EpochInputs, ComputeError> {
    let plan = kernel.plan(&header).map_err(ComputeError::Plan)?;
    let metagraph = Metagraph::random(rng);
    let chunks: Vec<ChunkInputs> = (0..plan.chunks(header.neurons))
        .map(|chunk| {
            let (start, len) = plan.span(chunk, header.neurons);
            metagraph.chunk(rng, &header, start, len)
        })
        .collect();
    let mut memory = memory_before.unwrap_or_default();
    memory.resize(chunks.len(), Vec::new());
    Ok(EpochInputs {
        header,
        chunks,
        memory,
    })
}

/// The shape of a random metagraph.
#[derive(Clone, Copy, Debug)]
struct Metagraph {
    stakes: Stakes,
    /// The share of weights that are set, in per cent.
    density: u64,
    /// True if all set weights are equal.
    agreed: bool,
    /// The share of recently registered neurons, in per cent.
    churn: u64,
}

#[derive(Clone, Copy, Debug)]
enum Stakes {
    None,
    Equal,
    Few,
    Skewed,
}

impl Metagraph {
    fn random(rng: &mut Rng) -> Self {
        Self {
            stakes: rng.pick([
                Stakes::None,
                Stakes::Equal,
                Stakes::Few,
                Stakes::Skewed,
                Stakes::Skewed,
                Stakes::Skewed,
            ]),
            density: rng.pick([100, 100, 50, 15, 0]),
            agreed: rng.percent(15),
            churn: rng.pick([0, 10, 60]),
        }
    }

    fn chunk(self, rng: &mut Rng, header: &EpochHeader, start: Uid, len: u16) -> ChunkInputs {
        let uids = || (start.0..start.0.saturating_add(len)).map(Uid);
        let neurons = uids().map(|uid| self.neuron(rng, header, uid)).collect();
        let mut rows = Rows::default();
        for _ in &header.roster {
            // A validator without weights has a row of zeros.
            let silent = rng.percent(10);
            let cells = uids().map(|_| {
                if silent || !rng.percent(self.density) {
                    0
                } else if self.agreed {
                    700
                } else {
                    rng.u16()
                }
            });
            rows.push_cells(&cells.collect::<Vec<_>>());
        }
        ChunkInputs { neurons, rows }
    }

    fn neuron(self, rng: &mut Rng, header: &EpochHeader, uid: Uid) -> NeuronInput {
        let newcomer = header.final_epoch.is_some() && rng.percent(self.churn);
        let since = match header.previous_close {
            0 => header.opened_at,
            close => close,
        };
        let lately = since + 1 + rng.bits() % (header.closed_at - since);
        let registered_at = if newcomer {
            lately
        } else {
            rng.bits() % (since + 1)
        };
        let updated = rng.pick([lately, since, registered_at]);
        NeuronInput {
            stake: match self.stakes {
                Stakes::None => 0,
                Stakes::Equal => 1_000_000_000_000,
                Stakes::Few => rng.bits() % 4,
                Stakes::Skewed => 1 << (rng.bits() % 53),
            },
            last_update: updated.max(registered_at),
            registered_at,
            commit_block: rng.pick([NO_COMMIT, NO_COMMIT, lately]),
            permit: !newcomer && header.roster.binary_search(&uid).is_ok(),
            newcomer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::layout::{Field, Layout},
        *,
    };
    use std::collections::BTreeSet;

    /// Returns true if the fields follow each other from the first byte to the last.
    fn covers(fields: &[Field], bytes: &[u8]) -> bool {
        let starts = fields.iter().map(|(_, range)| range.start);
        let ends: Vec<usize> = fields.iter().map(|(_, range)| range.end).collect();
        starts.eq([0]
            .into_iter()
            .chain(ends.iter().copied())
            .take(fields.len()))
            && ends.last().copied().unwrap_or_default() == bytes.len()
    }

    #[test]
    fn layout_covers_every_byte_of_carries_and_scratches() {
        for layout in Layout::ALL {
            let mut rng = Rng::new(3, 0);
            let (mut carried, mut scratched) = (BTreeSet::new(), BTreeSet::new());
            for _ in 0..200 {
                let (case, _) = epoch(&mut rng, Kernel::with(layout)).expect("an epoch");
                let header = &case.inputs.header;
                for (k, step) in case.trace.steps.iter().enumerate() {
                    let (phase, chunk) = (k / case.chunks(), k % case.chunks());
                    let next = (k + 1) / case.chunks();
                    let neurons = case.inputs.chunks[chunk].neurons.len();
                    let carry = layout.of_carry(header, next, &step.carry);
                    let scratch = layout.of_scratch(header, phase, neurons, &step.scratch);
                    assert!(covers(&carry, &step.carry), "step {k}: {carry:?}");
                    assert!(covers(&scratch, &step.scratch), "step {k}: {scratch:?}");
                    carried.extend(carry.into_iter().map(|(name, _)| name));
                    scratched.extend(scratch.into_iter().map(|(name, _)| name));
                }
            }
            assert_eq!(
                carried,
                BTreeSet::from_iter(layout.carried().iter().copied())
            );
            assert_eq!(
                scratched,
                BTreeSet::from_iter(layout.scratched().iter().copied())
            );
        }
    }
}
