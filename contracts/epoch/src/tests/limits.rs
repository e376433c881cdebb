//! Needs of the largest messages, from the limits of the protocol: ink!'s static buffer, the
//! contract's memory, and the bytes of a storage value.

use crate::{
    assertion_shape::{can_be_posted, MAX_EVENT},
    closed_epoch::{ClosedEpoch, Memory, RosterSeat},
    replay,
    settlement::Settling,
    tests,
    weights::{rewrite, HeadPage, LastCommit, RowCell, RowPage},
};
use ink::scale::Encode;
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::MEMORY_PART,
    kernel::{
        EpochPlan, NeuronInput, NeuronResult, PhasePlan, Rows, StepInput, StepOutput, MAX_CARRY,
        MAX_MEMORY, MAX_PARAMS, MAX_PHASES, MAX_SCRATCH, STATIC_BUFFER,
    },
    registry::{Neuron, Tenure},
    Rao, Uid, Versioned, MAX_UIDS, MAX_VALIDATORS, PAGE,
};

/// Bytes that `pallet-contracts` allows a storage value.
const MAX_VALUE: usize = 16 * 1024;
/// Linear memory that `pallet-contracts` allows.
const MAX_LINEAR: usize = 1024 * 1024;
/// Stack that the contract is linked with.
const STACK: usize = 64 * 1024;
/// Selector, netuid, step number, callee, value and limits, with room to spare.
const FRAME: usize = 256;

fn roster() -> Vec<Uid> {
    (0..=MAX_VALIDATORS).map(Uid).collect()
}

/// Returns the plan with the most chunks that can be posted.
fn largest_plan() -> EpochPlan {
    (1..=MAX_PHASES)
        .flat_map(|phases| {
            [1, 2, 4, 8, 16, 32, 64].map(|chunk| EpochPlan {
                chunk,
                phases: vec![PhasePlan::ALL; phases],
                memory_phase: 0,
                results_phase: 0,
            })
        })
        .filter(|plan| can_be_posted(plan, MAX_UIDS, MAX_VALIDATORS))
        .max_by_key(|plan| plan.chunks(MAX_UIDS))
        .unwrap()
}

fn largest_assertion() -> Assertion {
    let plan = largest_plan();
    let chunks = usize::from(plan.chunks(MAX_UIDS));
    Assertion {
        header_hash: [0; 32],
        steps: vec![[0; 32]; usize::try_from(plan.steps(MAX_UIDS)).unwrap()],
        memory: vec![[0; 32]; chunks],
        results: vec![[0; 32]; chunks],
        roster: roster(),
    }
}

fn largest_epoch() -> ClosedEpoch {
    let mut closed = tests::closed_epoch(4, Some(3), &[]);
    closed.header.roster = roster();
    closed.header.params = vec![0; MAX_PARAMS];
    closed.header.neurons = MAX_UIDS;
    closed.header.owner_uid = Some(Uid(0));
    closed.plan = largest_plan();
    let row = rewrite(&Versioned::default(), 0, 0, 0, u16::MAX).map(|plan| plan.head.row());
    closed.seats = roster()
        .iter()
        .map(|_| RosterSeat {
            newcomer: false,
            row: row.ok(),
        })
        .collect();
    closed
}

fn largest_row() -> Option<RowPage> {
    RowPage::pack(&[1; 256])
}

fn memory(closed: &ClosedEpoch, assertion: &Assertion) -> Memory {
    let hashes = assertion.memory.iter().copied().map(Some).collect();
    Memory::new(closed.header.kernel_code, closed.plan.chunk, hashes)
}

fn largest_step() -> (StepInput, StepOutput) {
    let page = usize::from(PAGE);
    let input = StepInput {
        header: largest_epoch().header,
        phase: 0,
        chunk: 0,
        carry: vec![0; MAX_CARRY],
        scratch: vec![0; MAX_SCRATCH],
        memory: vec![0; MAX_MEMORY],
        neurons: vec![NeuronInput::default(); page],
        rows: Rows::from_cells(&vec![1; page * roster().len()], page),
    };
    let output = StepOutput {
        carry: vec![0; MAX_CARRY],
        scratch: vec![0; MAX_SCRATCH],
        memory: vec![0; MAX_MEMORY],
        results: vec![NeuronResult::default(); page],
        roster: roster(),
    };
    (input, output)
}

fn largest_proof() -> StepProof {
    StepProof {
        assertion: largest_assertion(),
        carry: vec![0; MAX_CARRY],
        carry_sibling: [0; 32],
        scratch: vec![0; MAX_SCRATCH],
        scratch_sibling: [0; 32],
        memory: vec![0; MAX_MEMORY],
    }
}

/// A dispute takes a proof; the call to the kernel has the step's input and output in the buffer
/// together. The sum of all is more than the buffer ever holds at once.
#[test]
fn the_static_buffer_holds_the_largest_proof_and_step() {
    let (input, output) = largest_step();
    let needed =
        largest_proof().encoded_size() + input.encoded_size() + output.encoded_size() + 4 * FRAME;
    assert!(
        needed <= STATIC_BUFFER,
        "{needed} bytes do not fit {STATIC_BUFFER}"
    );
}

/// ink! never frees memory within a call. A list is decoded in one piece up to 16 KiB and grows
/// above that, so twice a value's size is enough for its decoding; a preimage takes its size again.
/// The closed epoch and the memory's hashes are read from storage, the chunk's neurons, stakes and
/// row heads to gather its inputs.
#[test]
fn judging_a_step_fits_the_linear_memory() {
    let (input, output) = largest_step();
    let proof = largest_proof();
    let closed = largest_epoch();
    let memory = memory(&closed, &proof.assertion);
    let page = usize::from(PAGE);
    let gathered = page * (size_of::<Neuron>() + size_of::<Rao>() + size_of::<RowCell>());
    // Pages of rows are decoded in one piece.
    let rows = roster().len() * largest_row().encoded_size();
    let decoded = 2
        * (proof.encoded_size()
            + closed.encoded_size()
            + memory.encoded_size()
            + gathered
            + input.encoded_size()
            + output.encoded_size());
    let given = proof.carry.len() + proof.scratch.len() + proof.memory.len();
    let hashed = proof.assertion.encoded_size() + 2 * given + output.results.encoded_size();
    let needed = STACK + STATIC_BUFFER + decoded + rows + hashed;
    assert!(
        needed <= MAX_LINEAR,
        "{needed} bytes do not fit {MAX_LINEAR}"
    );
}

/// A replay of one step takes what a chunk remembers. The call to the kernel has the step's input
/// and output in the buffer together.
#[test]
fn the_static_buffer_holds_the_largest_replayed_step() {
    let (input, output) = largest_step();
    let given = vec![vec![0u8; MAX_MEMORY]];
    let needed = given.encoded_size() + input.encoded_size() + output.encoded_size() + 4 * FRAME;
    assert!(
        needed <= STATIC_BUFFER,
        "{needed} bytes do not fit {STATIC_BUFFER}"
    );
}

/// As with a dispute. Instead of a proof, the contract has the stored replay, and emits memory and
/// results.
#[test]
fn replaying_a_step_fits_the_linear_memory() {
    let (input, output) = largest_step();
    let closed = largest_epoch();
    let assertion = largest_assertion();
    let memory = memory(&closed, &assertion);
    let page = usize::from(PAGE);
    let gathered = page * (size_of::<Neuron>() + size_of::<Rao>() + size_of::<RowCell>());
    // Pages of rows are decoded in one piece.
    let rows = roster().len() * largest_row().encoded_size();
    let decoded = 2
        * (MAX_MEMORY
            + MAX_CARRY
            + MAX_SCRATCH
            + assertion.encoded_size()
            + closed.encoded_size()
            + memory.encoded_size()
            + gathered
            + input.encoded_size()
            + output.encoded_size());
    // Digests of one step more make the lists grow once. Parts of carry and memory are copied for
    // storage and events.
    let grown = 2 * assertion.encoded_size();
    let copied = MAX_CARRY + MAX_MEMORY;
    let hashed = assertion.encoded_size()
        + 2 * MAX_MEMORY
        + MAX_CARRY
        + MAX_SCRATCH
        + output.results.encoded_size();
    // The last step makes the epoch final.
    let kept = Settling::begin(&closed, assertion.clone(), 0, false).encoded_size();
    let needed = STACK + STATIC_BUFFER + decoded + rows + grown + copied + hashed + kept;
    assert!(
        needed <= MAX_LINEAR,
        "{needed} bytes do not fit {MAX_LINEAR}"
    );
}

/// Closing reads up to 64 pages of row heads, none of which is freed.
#[test]
fn closing_fits_the_linear_memory() {
    let pages = usize::from(MAX_UIDS / PAGE);
    let heads = pages * usize::from(PAGE) * size_of::<RowCell>();
    let tenures = roster().len() * size_of::<Tenure>();
    let needed = STACK + STATIC_BUFFER + heads + 2 * tenures + 4 * largest_epoch().encoded_size();
    assert!(
        needed <= MAX_LINEAR,
        "{needed} bytes do not fit {MAX_LINEAR}"
    );
}

/// The largest update names every uid. Its row exists dense once and packed once.
#[test]
fn setting_weights_fits_buffer_and_memory() {
    let uids = usize::from(MAX_UIDS);
    let given = 2 * (2 * uids + 4);
    assert!(given + FRAME <= STATIC_BUFFER);
    let (dense, seen, packed) = (2 * uids, uids, 2 * 2 * uids);
    assert!(STACK + STATIC_BUFFER + 2 * given + dense + seen + packed <= MAX_LINEAR);
}

#[test]
fn every_cell_fits_a_storage_value() {
    let assertion = largest_assertion();
    let closed = largest_epoch();
    let head = rewrite(&Versioned::default(), 0, 0, 0, 0).map(|plan| plan.head);
    let mut head_by_epoch = Versioned::new(0, head.ok());
    head_by_epoch.write(1, head.ok());
    let cell = RowCell {
        head: head_by_epoch,
        committed: Some(LastCommit {
            generation: 0,
            block: 0,
        }),
    };
    let heads = HeadPage(vec![cell; usize::from(PAGE)]);
    let row = largest_row();
    for (what, bytes) in [
        ("closed epoch", closed.encoded_size()),
        ("roster", roster().encoded_size()),
        ("memory", memory(&closed, &assertion).encoded_size()),
        (
            "settlement",
            Settling::begin(&closed, assertion.clone(), 0, false).encoded_size(),
        ),
        ("replay", replay::largest_cells(&assertion)),
        ("row heads", heads.encoded_size()),
        ("row page", row.encoded_size()),
    ] {
        assert!(bytes <= MAX_VALUE, "{what}: {bytes} bytes");
    }
    let event = usize::try_from(MAX_EVENT).unwrap();
    assert!(assertion.encoded_size() <= event);
    let results = vec![NeuronResult::default(); usize::from(PAGE)];
    assert!(results.encoded_size() + FRAME <= event);
    assert!(MEMORY_PART + FRAME <= event);
}
