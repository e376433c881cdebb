//! Completeness and soundness over random epochs.

use super::*;
use crate::tests::honest::{honest, memory_left, run, small, Honest};
use inktensor_primitives::{
    kernel::{KernelError, NeuronResult},
    Uid,
};
use proptest::{prelude::*, sample::Index};

impl Honest {
    fn judge(&self, k: u32, proof: StepProof) -> Result<(), EpochError> {
        judge(
            self.closed.clone(),
            k,
            proof,
            Some(memory_left(self)),
            |_, chunk, _| Ok(self.inputs[usize::from(chunk)].clone()),
            |input| Ok(run(&self.closed, &input)),
        )
    }

    /// Returns the first step in which `lie` differs from this epoch.
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

/// Change of an honest epoch by a liar.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// A digest of the assertion only: steps, memory, results.
    Digest(u8, Index),
    /// The roster.
    Roster(u16),
    /// A step's output; the liar computes all later steps honestly from it.
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

fn apply(honest: &Honest, lie: Lie) -> Assertion {
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
    /// For any change, a challenger that knows the honest epoch disproves the first step that
    /// differs.
    #[test]
    fn every_lie_is_found(honest in honest(), lie in lie()) {
        let lie = apply(&honest, lie);
        // A change outside of the phase that writes it commits to nothing.
        if let Some(k) = honest.first_lie(&lie) {
            prop_assert_eq!(honest.judge(k, honest.proof(k, &lie)), Ok(()));
        } else {
            prop_assert_eq!(&lie, &honest.assertion);
        }
    }

    /// No proof about any step of an honest assertion is accepted.
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
fn a_chunk_without_memory_reads_none() {
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

/// Judges step 1 with a kernel that fails with `error`.
fn judged_by_a_kernel_that_fails_with(error: EpochError) -> Result<(), EpochError> {
    let honest = small();
    judge(
        honest.closed.clone(),
        1,
        honest.proof(1, &honest.assertion),
        Some(memory_left(&honest)),
        |_, chunk, _| Ok(honest.inputs[usize::from(chunk)].clone()),
        |_| Err(error.clone()),
    )
}

/// The kernel's error is a pure function of the input, so no honest worker has an output.
#[test]
fn an_assertion_of_a_step_that_the_kernel_refuses_is_false() {
    let refused = EpochError::Kernel(KernelError::BadInputs);
    assert_eq!(judged_by_a_kernel_that_fails_with(refused), Ok(()));
}

/// So is a trap of its own accord, and a malformed answer.
#[test]
fn an_assertion_of_a_step_at_which_the_kernel_traps_is_false() {
    let trapped = EpochError::KernelTrapped;
    assert_eq!(judged_by_a_kernel_that_fails_with(trapped), Ok(()));
}

/// A challenger could give the kernel too little gas.
#[test]
fn a_lack_of_gas_is_no_verdict() {
    for error in [EpochError::KernelFailed, EpochError::KernelChanged] {
        assert_eq!(
            judged_by_a_kernel_that_fails_with(error.clone()),
            Err(error)
        );
    }
}

/// An output that violates the kernel interface cannot be asserted honestly, even if the hashes
/// agree.
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
        |_, chunk, _| Ok(honest.inputs[usize::from(chunk)].clone()),
        |_| Ok(honest.outputs[3].clone()),
    );
    assert_eq!(verdict, Ok(()));
}
