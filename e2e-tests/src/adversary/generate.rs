//! Random epochs: one neuron and many, sizes that chunks do not divide, no validator, no stake,
//! newcomers on old seats, memory of the epoch before and none, kernels and chunks that changed
//! since, epochs thrown away in between.

use super::{case::Case, chance::Chance, court::Bench, program::Program};
use epoch::closed_epoch::{roster_with_owner, ClosedEpoch, Memory, RosterSeat};
use inktensor_compute::{
    engine::Engine,
    epoch::{compute, ComputeError, EpochInputs, Trace},
};
use inktensor_primitives::{
    assertion::final_digest,
    kernel::{Budget, ChunkInputs, EpochHeader, NeuronInput, NO_COMMIT},
    NetUid, Rao, Uid, MAX_UIDS, MAX_VALIDATORS,
};

/// Blocks between closes.
const TEMPO: u64 = 100;
/// Block at which first epochs close.
const FIRST_CLOSE: u64 = 1_000_000;

/// An epoch under `program`, and the bench that judges assertions of it.
///
/// # Errors
/// Those of an honest computation: there are none, or the kernel is at fault.
pub fn epoch(chance: &mut Chance, program: Program) -> Result<(Case, Bench), ComputeError> {
    let neurons = neurons(chance, &program);
    let header = first_header(chance, &program, neurons);
    if chance.percent(40) {
        return close(chance, program, header, None, None);
    }
    // The neurons of the epoch before: fewer at times, never more.
    let mut first = header.clone();
    if chance.percent(30) {
        first.neurons = chance.within(1, neurons);
        first.roster.retain(|uid| uid.0 < first.neurons);
        first.owner_uid = first.owner_uid.filter(|uid| uid.0 < first.neurons);
    }
    let before_program = match &program {
        Program::Echo(echo) if chance.percent(20) => {
            let chunk = chance.pick([1, 2, 4, 8, 64]);
            Program::Echo(Box::new(echo.as_ref().clone().rechunked(chunk)))
        }
        program => program.clone(),
    };
    let before = inputs(chance, &before_program, first, None)?;
    let trace = compute(&before_program, &before)?;
    let closed = closed(&before.header, &trace);
    let left = Memory::of(&closed, trace.assertion().memory);
    let header = next_header(chance, header, &before.header, &trace);
    close(chance, program, header, Some(trace), Some(left))
}

/// Computes the epoch of `header`, before which `before` became final and left `left`.
fn close(
    chance: &mut Chance,
    program: Program,
    header: EpochHeader,
    before: Option<Trace>,
    left: Option<Memory>,
) -> Result<(Case, Bench), ComputeError> {
    let plan = program.plan(&header).map_err(ComputeError::Plan)?;
    let remembered = match (&before, &left) {
        (Some(before), Some(left)) => {
            let closed = frozen(&header, plan);
            let hashes = left.clone().for_epoch(&closed);
            before.memory.iter().take(hashes.len()).cloned().collect()
        }
        _ => Vec::new(),
    };
    let inputs = inputs(chance, &program, header, Some(remembered))?;
    let trace = compute(&program, &inputs)?;
    let closed = closed(&inputs.header, &trace);
    let case = Case {
        program,
        inputs,
        trace,
        unfinished: false,
        before,
    };
    let bench = Bench::new(&case, closed, left);
    Ok((case, bench))
}

/// What the contract keeps of the epoch of `header`.
fn closed(header: &EpochHeader, trace: &Trace) -> ClosedEpoch {
    frozen(header, trace.plan.clone())
}

fn frozen(header: &EpochHeader, plan: inktensor_primitives::kernel::EpochPlan) -> ClosedEpoch {
    // The judge is given rows, and asks nothing about seats or owner.
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

/// How many there are. Small epochs show nearly everything, and there is time for more of them.
fn neurons(chance: &mut Chance, program: &Program) -> u16 {
    let most = match program {
        Program::Echo(echo) => echo.plan.chunk.saturating_mul(3).min(24),
        _ => 12,
    };
    // The largest there may be; they take as long as a thousand small ones.
    if !matches!(program, Program::Echo(_)) && chance.below(3_000) == 0 {
        return chance.pick([MAX_UIDS, MAX_UIDS - 1]);
    }
    match chance.below(100) {
        0..10 => 1,
        10..80 => chance.within(1, most),
        80..90 => chance.within(13, 40),
        90..93 => chance.pick([63, 64, 65, 66, 128]),
        93..95 => chance.within(65, 140),
        _ => chance.within(2, 6),
    }
}

fn first_header(chance: &mut Chance, program: &Program, neurons: u16) -> EpochHeader {
    let permits = if neurons > 200 {
        chance.pick([MAX_VALIDATORS, 64])
    } else if chance.percent(90) {
        chance.within(0, 6)
    } else {
        chance.within(0, 40)
    };
    let owner_uid = chance
        .percent(40)
        .then(|| Uid(chance.within(0, neurons - 1)));
    let mut roster: Vec<Uid> = (0..neurons).map(Uid).collect();
    let taken = usize::from(chance.within(0, permits));
    while roster.len() > taken {
        roster.remove(chance.below(roster.len()));
    }
    EpochHeader {
        contract: chance.account(),
        netuid: NetUid(chance.within(0, 9)),
        epoch: u32::from(chance.within(0, 50)),
        final_epoch: None,
        opened_at: FIRST_CLOSE - TEMPO,
        closed_at: FIRST_CLOSE,
        previous_close: 0,
        tempo: u32::try_from(TEMPO).unwrap_or_default(),
        neurons,
        kernel: chance.account(),
        kernel_code: chance.digest(),
        params: program.params(chance, FIRST_CLOSE),
        max_validators: permits,
        owner_uid,
        budget: budget(chance),
        roster: roster_with_owner(roster, owner_uid),
        previous: Default::default(),
    }
}

fn budget(chance: &mut Chance) -> Budget {
    let mut rao =
        || Rao(chance.pick([1_000_000_000, 0, 7, 360_000_000_000, 21_000_000_000_000_000]));
    let (miners, validators) = (rao(), rao());
    if chance.percent(50) {
        Budget::Combined(miners)
    } else {
        Budget::Split {
            miners: Rao(miners.0 / 2),
            validators: Rao(validators.0 / 2),
        }
    }
}

/// The header of the epoch like `header` that closes after `before` has become final as `trace`.
fn next_header(
    chance: &mut Chance,
    header: EpochHeader,
    before: &EpochHeader,
    trace: &Trace,
) -> EpochHeader {
    // Now and then epochs in between were thrown away.
    let gap = if chance.percent(20) {
        chance.within(2, 4)
    } else {
        1
    };
    let closed_at = before.closed_at + TEMPO * u64::from(gap);
    let kernel_code = if chance.percent(10) {
        chance.digest()
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
        budget: budget(chance),
        roster: roster_with_owner(trace.roster.clone(), header.owner_uid),
        previous: final_digest(&trace.header_hash, &trace.assertion().digest()),
        ..header
    }
}

/// What the epoch of `header` reads, given what its chunks remember.
fn inputs(
    chance: &mut Chance,
    program: &Program,
    header: EpochHeader,
    remembered: Option<Vec<Vec<u8>>>,
) -> Result<EpochInputs, ComputeError> {
    let plan = program.plan(&header).map_err(ComputeError::Plan)?;
    let metagraph = Metagraph::random(chance);
    let chunks: Vec<ChunkInputs> = (0..plan.chunks(header.neurons))
        .map(|chunk| {
            let (start, len) = plan.span(chunk, header.neurons);
            metagraph.chunk(chance, &header, start, len)
        })
        .collect();
    let mut memory = remembered.unwrap_or_default();
    memory.resize(chunks.len(), Vec::new());
    Ok(EpochInputs {
        header,
        chunks,
        memory,
    })
}

/// What a metagraph is like.
#[derive(Clone, Copy, Debug)]
struct Metagraph {
    stakes: Stakes,
    /// Weights that there are, in per cent.
    density: u64,
    /// All weights that there are are equal.
    agreed: bool,
    /// Neurons that took their seats lately, in per cent.
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
    fn random(chance: &mut Chance) -> Self {
        Self {
            stakes: chance.pick([
                Stakes::None,
                Stakes::Equal,
                Stakes::Few,
                Stakes::Skewed,
                Stakes::Skewed,
                Stakes::Skewed,
            ]),
            density: chance.pick([100, 100, 50, 15, 0]),
            agreed: chance.percent(15),
            churn: chance.pick([0, 10, 60]),
        }
    }

    fn chunk(self, chance: &mut Chance, header: &EpochHeader, start: Uid, len: u16) -> ChunkInputs {
        let uids = || (start.0..start.0.saturating_add(len)).map(Uid);
        let neurons = uids().map(|uid| self.neuron(chance, header, uid)).collect();
        let mut rows = Vec::new();
        for _ in &header.roster {
            // A validator that has set nothing, or whose permit was another's, has a row of zeros.
            let silent = chance.percent(10);
            rows.extend(uids().map(|_| {
                if silent || !chance.percent(self.density) {
                    0
                } else if self.agreed {
                    700
                } else {
                    chance.u16()
                }
            }));
        }
        ChunkInputs { neurons, rows }
    }

    fn neuron(self, chance: &mut Chance, header: &EpochHeader, uid: Uid) -> NeuronInput {
        let newcomer = header.final_epoch.is_some() && chance.percent(self.churn);
        let since = match header.previous_close {
            0 => header.opened_at,
            close => close,
        };
        let lately = since + 1 + chance.bits() % (header.closed_at - since);
        let registered_at = if newcomer {
            lately
        } else {
            chance.bits() % (since + 1)
        };
        let updated = chance.pick([lately, since, registered_at]);
        NeuronInput {
            stake: match self.stakes {
                Stakes::None => 0,
                Stakes::Equal => 1_000_000_000_000,
                Stakes::Few => chance.bits() % 4,
                Stakes::Skewed => 1 << (chance.bits() % 53),
            },
            last_update: updated.max(registered_at),
            registered_at,
            commit_block: chance.pick([NO_COMMIT, NO_COMMIT, lately]),
            permit: !newcomer && header.roster.binary_search(&uid).is_ok(),
            newcomer,
        }
    }
}
