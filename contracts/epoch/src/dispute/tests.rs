//! Completeness and soundness over random epochs of a small kernel that notes all it is given.

use super::*;
use crate::testing;
use ink::scale::Encode;
use inktensor_primitives::{
    hash::blake2,
    kernel::{EpochPlan, KernelError, NeuronInput, NeuronResult},
    Rao, Uid,
};
use proptest::{prelude::*, sample::Index};

const FINAL_EPOCH: u32 = 3;

/// A closed epoch with what storage contributes, what it remembers, and what it honestly comes to.
#[derive(Clone, Debug)]
struct Honest {
    closed: ClosedEpoch,
    inputs: Vec<ChunkInputs>,
    memory: Vec<Vec<u8>>,
    outputs: Vec<StepOutput>,
    assertion: Assertion,
}

/// Every output is a hash of the whole input, so that nothing can change unnoticed.
fn run(closed: &ClosedEpoch, input: &StepInput) -> StepOutput {
    let hash = blake2(&input.encode());
    let neurons = closed.header.neurons;
    let (_, len) = closed.plan.span(input.chunk, neurons);
    let is_last = usize::from(input.phase) + 1 == closed.plan.phases.len()
        && input.chunk + 1 == closed.plan.chunks(neurons);
    let mut output = StepOutput {
        carry: hash[..8].to_vec(),
        scratch: hash[8..12].to_vec(),
        ..StepOutput::default()
    };
    if input.phase == closed.plan.memory_phase {
        output.memory = hash[12..20].to_vec();
    }
    if input.phase == closed.plan.results_phase {
        let result = NeuronResult {
            miner: Rao(hash[20].into()),
            ..NeuronResult::default()
        };
        output.results = vec![result; len.into()];
    }
    if is_last && neurons > 1 {
        output.roster = vec![Uid(u16::from(hash[21]) % neurons)];
    }
    output
}

fn memory_left(honest: &Honest) -> Memory {
    let hashes = (0..)
        .zip(&honest.memory)
        .map(|(c, bytes)| memory_digest(honest.closed.header.netuid, FINAL_EPOCH, c, bytes));
    Memory::of(&honest.closed, hashes.collect())
}

impl Honest {
    fn compute(closed: ClosedEpoch, remembers: u16, seed: u8) -> Self {
        let ClosedEpoch { header, plan, .. } = &closed;
        let chunks = plan.chunks(header.neurons);
        let inputs = (0..chunks)
            .map(|chunk| {
                let (_, len) = plan.span(chunk, header.neurons);
                ChunkInputs {
                    neurons: vec![NeuronInput::default(); len.into()],
                    rows: vec![u16::from(seed) + 1; usize::from(len)],
                }
            })
            .collect();
        let memory = (0..chunks.min(remembers))
            .map(|chunk| vec![seed, u8::try_from(chunk).unwrap()])
            .collect();
        let mut honest = Self {
            assertion: Assertion {
                header_hash: closed.header_hash,
                steps: Vec::new(),
                memory: Vec::new(),
                results: Vec::new(),
                roster: Vec::new(),
            },
            closed,
            inputs,
            memory,
            outputs: Vec::new(),
        };
        honest.go_on();
        honest
    }

    /// Computes the steps that are missing.
    fn go_on(&mut self) {
        let closed = self.closed.clone();
        let steps = closed.plan.steps(closed.header.neurons);
        for k in u32::try_from(self.outputs.len()).unwrap()..steps {
            let output = run(&closed, &self.input(k));
            self.outputs.push(output);
        }
        self.assert();
    }

    /// What the outputs commit to.
    fn assert(&mut self) {
        let (netuid, epoch) = (self.closed.header.netuid, self.closed.header.epoch);
        let plan = &self.closed.plan;
        let it = &mut self.assertion;
        (it.steps, it.memory, it.results) = Default::default();
        for (k, output) in (0..).zip(&self.outputs) {
            let (phase, chunk) = plan.place(k, self.closed.header.neurons).unwrap();
            it.steps.push(step_digest(
                &self.closed.header_hash,
                k,
                &carry_digest(&output.carry),
                &scratch_digest(&output.scratch),
            ));
            if phase == plan.memory_phase {
                it.memory
                    .push(memory_digest(netuid, epoch, chunk, &output.memory));
            }
            if phase == plan.results_phase {
                it.results
                    .push(results_digest(netuid, epoch, chunk, &output.results));
            }
            it.roster = output.roster.clone();
        }
    }

    fn input(&self, k: u32) -> StepInput {
        let neurons = self.closed.header.neurons;
        let (phase, chunk) = self.closed.plan.place(k, neurons).unwrap();
        let proof = self.proof(k, &self.assertion);
        let inputs = self.inputs[usize::from(chunk)].clone();
        let reads = self.closed.plan.phases[usize::from(phase)];
        StepInput {
            header: self.closed.header.clone(),
            phase,
            chunk,
            carry: proof.carry,
            scratch: proof.scratch,
            memory: proof.memory,
            neurons: inputs.neurons,
            rows: if reads.rows { inputs.rows } else { Vec::new() },
        }
    }

    /// The proof about step `k` that one who knows these outputs makes against `claimed`.
    fn proof(&self, k: u32, claimed: &Assertion) -> StepProof {
        let plan = &self.closed.plan;
        let neurons = self.closed.header.neurons;
        let (phase, chunk) = plan.place(k, neurons).unwrap();
        let before = |back: u32| {
            k.checked_sub(back)
                .map(|k| self.outputs[usize::try_from(k).unwrap()].clone())
                .unwrap_or_default()
        };
        let (last, same) = (before(1), before(plan.chunks(neurons).into()));
        let memory = self.memory.get(usize::from(chunk));
        StepProof {
            assertion: claimed.clone(),
            carry_sibling: scratch_digest(&last.scratch),
            carry: last.carry,
            scratch_sibling: carry_digest(&same.carry),
            scratch: same.scratch,
            memory: memory
                .filter(|_| plan.phases[usize::from(phase)].memory)
                .cloned()
                .unwrap_or_default(),
        }
    }

    fn judge(&self, k: u32, proof: StepProof) -> Result<(), EpochError> {
        judge(
            self.closed.clone(),
            k,
            proof,
            Some(memory_left(self)),
            |_, chunk| Ok(self.inputs[usize::from(chunk)].clone()),
            |input| Ok(run(&self.closed, &input)),
        )
    }

    /// The first step that `lie` and this differ in.
    fn first_lie(&self, lie: &Assertion) -> Option<u32> {
        let (plan, neurons) = (&self.closed.plan, self.closed.header.neurons);
        let steps = plan.steps(neurons);
        let honest = &self.assertion;
        (0..steps).find(|k| {
            let (phase, chunk) = plan.place(*k, neurons).unwrap();
            let (k, chunk) = (usize::try_from(*k).unwrap(), usize::from(chunk));
            honest.steps[k] != lie.steps[k]
                || phase == plan.memory_phase && honest.memory[chunk] != lie.memory[chunk]
                || phase == plan.results_phase && honest.results[chunk] != lie.results[chunk]
                || k + 1 == honest.steps.len() && honest.roster != lie.roster
        })
    }
}

prop_compose! {
    fn honest()(
        power in 0u32..3,
        phases in prop::collection::vec(any::<(bool, bool)>(), 1..5),
        neurons in 1u16..14,
        remembers in 0u16..5,
        memory_phase in any::<Index>(),
        results_phase in any::<Index>(),
        seed in any::<u8>(),
    ) -> Honest {
        let mut closed = testing::closed_epoch(4, Some(FINAL_EPOCH), &[1]);
        let phase = |index: Index| u8::try_from(index.index(phases.len())).unwrap();
        closed.header.neurons = neurons;
        closed.header_hash = closed.header.digest();
        closed.plan = EpochPlan {
            chunk: 1 << power,
            memory_phase: phase(memory_phase),
            results_phase: phase(results_phase),
            phases: phases
                .into_iter()
                .map(|(rows, memory)| PhasePlan { rows, memory })
                .collect(),
        };
        Honest::compute(closed, remembers, seed)
    }
}

/// What a liar changes.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// A digest of the assertion only: steps, memory, results.
    Digest(u8, Index),
    /// The roster.
    Roster(u16),
    /// A step's output; the liar goes on honestly from there.
    Output(u8, Index),
    /// A step's output alone; all later steps are those of the honest epoch.
    Patched(u8, Index),
    /// A step's carry becomes longer than any may be.
    LongCarry(Index),
}

fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        (0u8..3, any::<Index>()).prop_map(|(list, place)| Lie::Digest(list, place)),
        (0u16..4).prop_map(Lie::Roster),
        (0u8..4, any::<Index>()).prop_map(|(part, place)| Lie::Output(part, place)),
        (0u8..4, any::<Index>()).prop_map(|(part, place)| Lie::Patched(part, place)),
        any::<Index>().prop_map(Lie::LongCarry),
    ]
}

fn tell(honest: &Honest, lie: Lie) -> Assertion {
    let mut liar = honest.clone();
    let bend = |output: &mut StepOutput, part: u8| match part {
        0 => output.carry.push(1),
        1 => output.scratch.push(1),
        2 => output.memory.push(1),
        _ => output.results.push(NeuronResult::default()),
    };
    match lie {
        Lie::Digest(list, place) => {
            let it = &mut liar.assertion;
            let list = match list {
                0 => &mut it.steps,
                1 => &mut it.memory,
                _ => &mut it.results,
            };
            let place = place.index(list.len());
            list[place][0] ^= 1;
        }
        Lie::Roster(uid) => {
            let roster = &mut liar.assertion.roster;
            *roster = if *roster == [Uid(uid)] {
                Vec::new()
            } else {
                vec![Uid(uid)]
            };
        }
        Lie::Output(part, place) => {
            let place = place.index(liar.outputs.len());
            liar.outputs.truncate(place + 1);
            bend(&mut liar.outputs[place], part);
            liar.assert();
            liar.go_on();
        }
        Lie::Patched(part, place) => {
            let place = place.index(liar.outputs.len());
            bend(&mut liar.outputs[place], part);
            liar.assert();
        }
        Lie::LongCarry(place) => {
            let place = place.index(liar.outputs.len());
            liar.outputs[place].carry = vec![0; MAX_CARRY + 1];
            liar.assert();
        }
    }
    liar.assertion
}

proptest! {
    /// Whatever the liar changes, whoever knows the honest epoch disproves the first step that differs.
    #[test]
    fn every_lie_is_found(honest in honest(), lie in lie()) {
        let lie = tell(&honest, lie);
        // What is changed outside of its phase commits to nothing.
        if let Some(k) = honest.first_lie(&lie) {
            prop_assert_eq!(honest.judge(k, honest.proof(k, &lie)), Ok(()));
        } else {
            prop_assert_eq!(&lie, &honest.assertion);
        }
    }

    /// No proof about any step of an honest assertion gets through.
    #[test]
    fn an_honest_assertion_stands(
        honest in honest(),
        other in honest(),
        k in any::<Index>(),
        from in any::<Index>(),
        part in 0u8..9,
        at in any::<Index>(),
    ) {
        let steps = honest.assertion.steps.len();
        let k = u32::try_from(k.index(steps)).unwrap();
        let from = u32::try_from(from.index(steps)).unwrap();
        let mut proof = honest.proof(k, &honest.assertion);
        prop_assert_eq!(honest.judge(k, proof.clone()), Err(EpochError::StepIsCorrect));
        let changed = |bytes: &mut Vec<u8>| match bytes.len() {
            0 => bytes.push(0),
            len => bytes[at.index(len)] ^= 1,
        };
        match part {
            0 => changed(&mut proof.carry),
            1 => changed(&mut proof.scratch),
            2 => changed(&mut proof.memory),
            3 => proof.carry_sibling[at.index(32)] ^= 1,
            4 => proof.scratch_sibling[at.index(32)] ^= 1,
            5 => { proof.carry.pop(); }
            6 => proof.scratch.push(0),
            7 => proof = honest.proof(from, &honest.assertion),
            _ => {
                let k = from.min(u32::try_from(other.assertion.steps.len()).unwrap() - 1);
                proof = other.proof(k, &honest.assertion);
            }
        }
        prop_assert!(honest.judge(k, proof).is_err());
    }
}

/// Two phases over two chunks of 4; the first reads memory, the second rows.
fn small() -> Honest {
    let mut closed = testing::closed_epoch(4, Some(FINAL_EPOCH), &[1]);
    let phase = |rows, memory| PhasePlan { rows, memory };
    closed.plan = EpochPlan {
        chunk: 4,
        phases: vec![phase(false, true), phase(true, false)],
        memory_phase: 0,
        results_phase: 1,
    };
    Honest::compute(closed, 2, 9)
}

#[test]
fn a_wrong_opening_is_named() {
    let honest = small();
    let mismatch = |which| Err(EpochError::OpeningMismatch(which));
    let judged = |k, bend: fn(&mut StepProof)| {
        let mut proof = honest.proof(k, &honest.assertion);
        bend(&mut proof);
        honest.judge(k, proof)
    };
    assert_eq!(judged(0, |it| it.carry.push(0)), mismatch(Opening::Carry));
    assert_eq!(judged(1, |it| it.carry[0] ^= 1), mismatch(Opening::Carry));
    assert_eq!(
        judged(1, |it| it.carry_sibling = [0; 32]),
        mismatch(Opening::Carry)
    );
    assert_eq!(
        judged(1, |it| it.scratch.push(0)),
        mismatch(Opening::Scratch)
    );
    assert_eq!(
        judged(3, |it| it.scratch.clear()),
        mismatch(Opening::Scratch)
    );
    assert_eq!(judged(1, |it| it.memory.clear()), mismatch(Opening::Memory));
    assert_eq!(
        judged(2, |it| it.memory = vec![9, 0]),
        mismatch(Opening::Memory),
        "its phase reads none"
    );
}

#[test]
fn a_step_beyond_the_last_is_refused() {
    let honest = small();
    let proof = honest.proof(3, &honest.assertion);
    for k in [4, 5, u32::MAX] {
        assert_eq!(
            honest.judge(k, proof.clone()),
            Err(EpochError::StepOutOfRange(4))
        );
    }
}

#[test]
fn a_chunk_for_which_nothing_was_left_remembers_nothing() {
    let mut honest = small();
    honest = Honest::compute(honest.closed, 1, 9);
    let proof = honest.proof(1, &honest.assertion);
    assert!(proof.memory.is_empty());
    assert_eq!(
        honest.judge(1, proof.clone()),
        Err(EpochError::StepIsCorrect)
    );
    let forged = StepProof {
        memory: vec![9, 1],
        ..proof
    };
    assert_eq!(
        honest.judge(1, forged),
        Err(EpochError::OpeningMismatch(Opening::Memory))
    );
}

#[test]
fn what_the_kernel_refuses_is_no_verdict() {
    let honest = small();
    let mut lie = honest.assertion.clone();
    lie.steps[1] = [0; 32];
    let refused = EpochError::Kernel(KernelError::BadInputs);
    let verdict = judge(
        honest.closed.clone(),
        1,
        honest.proof(1, &lie),
        Some(memory_left(&honest)),
        |_, chunk| Ok(honest.inputs[usize::from(chunk)].clone()),
        |_| Err(refused.clone()),
    );
    assert_eq!(verdict, Err(refused));
}

/// A kernel that breaks its promises leaves nothing that could honestly be asserted, even where the hashes agree.
#[test]
fn an_assertion_of_a_broken_promise_is_false() {
    let mut honest = small();
    honest.outputs[3].carry = vec![0; MAX_CARRY + 1];
    honest.assert();
    let verdict = judge(
        honest.closed.clone(),
        3,
        honest.proof(3, &honest.assertion),
        Some(memory_left(&honest)),
        |_, chunk| Ok(honest.inputs[usize::from(chunk)].clone()),
        |_| Ok(honest.outputs[3].clone()),
    );
    assert_eq!(verdict, Ok(()));
}
