//! Refusals: a step rejects inputs that no chain and no honest step makes, and never traps.

mod support;

use inktensor_primitives::{
    kernel::{EpochHeader, KernelError, Rows, StepInput, StepPart, StepsInput},
    Uid,
};
use proptest::prelude::*;
use support::{
    random::{shapes, Shape, Stakes, Weights},
    Inputs,
};

fn epoch() -> Inputs {
    let shape = Shape {
        neurons: 70,
        validators: 5,
        max_validators: 6,
        stakes: Stakes::Uniform,
        weights: Weights::Dense,
        churn: 5,
        seed: 7,
    };
    Inputs::new(&shape.metagraph(), 64)
}

fn refused(phase: u8, chunk: u16, spoil: impl FnOnce(&mut StepInput)) -> KernelError {
    let mut input = epoch().step(phase, chunk);
    inktensor_yuma::step(&input).expect("a good step");
    spoil(&mut input);
    inktensor_yuma::step(&input).expect_err("a bad one")
}

#[test]
fn steps_outside_the_plan() {
    assert_eq!(
        refused(0, 0, |input| input.phase = 5),
        KernelError::StepOutOfRange
    );
    assert_eq!(
        refused(0, 0, |input| input.chunk = 2),
        KernelError::StepOutOfRange
    );
    assert_eq!(
        refused(0, 0, |input| input.header.neurons = 0),
        KernelError::BadInputs
    );
}

#[test]
fn neurons_and_rows_of_the_wrong_number() {
    let more = |input: &mut StepInput| input.neurons.push(input.neurons[0]);
    assert_eq!(refused(0, 0, more), KernelError::BadInputs);
    assert_eq!(
        refused(1, 1, |input| input.neurons.clear()),
        KernelError::BadInputs
    );
    assert_eq!(
        refused(1, 0, |input| input.rows.push(0, [])),
        KernelError::BadInputs
    );
    assert_eq!(
        refused(0, 0, |input| input.rows.push(0, [])),
        KernelError::BadInputs
    );
}

#[test]
fn weights_for_no_neuron() {
    // The last chunk has six neurons.
    for (column, fits) in [(5, true), (6, false), (63, false)] {
        let mut input = epoch().step(1, 1);
        assert_eq!(input.neurons.len(), 6);
        let mut rows = Rows::default();
        for _ in input.rows.iter() {
            rows.push(1 << column, [9]);
        }
        input.rows = rows;
        let answer = inktensor_yuma::step(&input);
        if fits {
            answer.expect("a good step");
        } else {
            assert_eq!(answer, Err(KernelError::BadInputs));
        }
    }
}

#[test]
fn groups_beyond_the_last_chunk() {
    let StepInput {
        header,
        carry,
        scratch,
        memory,
        neurons,
        rows,
        ..
    } = epoch().step(2, 1);
    let part = StepPart {
        scratch,
        memory,
        neurons,
        rows,
    };
    let group = |count: usize| {
        inktensor_yuma::steps(&StepsInput {
            header: header.clone(),
            phase: 2,
            chunk: 1,
            carry: carry.clone(),
            chunks: vec![part.clone(); count],
        })
    };
    assert_eq!(group(0), Ok(Vec::new()));
    assert_eq!(group(1).map(|outputs| outputs.len()), Ok(1));
    assert_eq!(group(2), Err(KernelError::StepOutOfRange));
}

/// The phases that read memory take any: what is not one counts as none.
#[test]
fn memory_is_refused_where_none_is_read_and_elsewhere_never() {
    let epoch = epoch();
    let plan = inktensor_yuma::plan(&epoch.step(0, 0).header).expect("a plan");
    for (phase, reads) in (0..).zip(&plan.phases) {
        let with = |memory: &[u8]| {
            let mut input = epoch.step(phase, 1);
            input.memory = memory.to_vec();
            inktensor_yuma::step(&input)
        };
        let none = with(&[]).expect("a good step");
        for garbage in [&[0][..], &[7; 99], &[0, 0, 0, 0, 1, 0, 3, 0]] {
            let answer = with(garbage);
            if reads.memory {
                assert_eq!(answer.as_ref(), Ok(&none), "phase {phase}");
            } else {
                assert_eq!(answer, Err(KernelError::BadMemory), "phase {phase}");
            }
        }
    }
}

#[test]
fn bytes_of_the_wrong_length() {
    for phase in 0..5 {
        let longer = |input: &mut StepInput| input.carry.push(0);
        assert_eq!(refused(phase, 1, longer), KernelError::BadCarry);
        let longer = |input: &mut StepInput| input.scratch.push(0);
        assert_eq!(refused(phase, 1, longer), KernelError::BadScratch);
    }
    assert_eq!(
        refused(3, 0, |input| input.carry.clear()),
        KernelError::BadCarry
    );
    assert_eq!(
        refused(3, 0, |input| input.scratch.clear()),
        KernelError::BadScratch
    );
    assert_eq!(
        refused(0, 0, |input| input.carry.push(0)),
        KernelError::BadCarry
    );
}

#[test]
fn headers_that_no_chain_makes() {
    let plan = |spoil: fn(&mut EpochHeader)| {
        let mut header = epoch().header;
        inktensor_yuma::plan(&header).expect("a good header");
        spoil(&mut header);
        inktensor_yuma::plan(&header).expect_err("a bad one")
    };
    assert_eq!(plan(|header| header.params.clear()), KernelError::BadParams);
    assert_eq!(plan(|header| header.params.push(0)), KernelError::BadParams);
    assert_eq!(
        plan(|header| header.max_validators = 257),
        KernelError::BadParams
    );
    assert_eq!(
        plan(|header| header.roster.reverse()),
        KernelError::BadInputs
    );
    assert_eq!(
        plan(|header| header.roster.push(Uid(70))),
        KernelError::BadInputs
    );
    assert_eq!(
        plan(|header| header.neurons = 5_000),
        KernelError::BadInputs
    );
    let owner_left_out = |header: &mut EpochHeader| {
        header.owner_uid = (0..70).map(Uid).find(|uid| !header.roster.contains(uid));
    };
    assert_eq!(plan(owner_left_out), KernelError::BadInputs);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A worker may assert any bytes. The step that reads them returns a result or an error.
    #[test]
    fn forged_bytes_never_trap(
        shape in shapes(),
        phase in 0u8..5,
        last in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..40),
        fill in prop::option::of(any::<u8>()),
        rows in prop::collection::vec((0usize..40, any::<u64>(), 0u16..3), 0..3),
    ) {
        let inputs = Inputs::new(&shape.metagraph(), 64);
        let chunk = if last { inputs.chunks.len() as u16 - 1 } else { 0 };
        let mut input = inputs.step(phase, chunk);
        for (place, byte, which) in edits {
            let bytes = match which {
                0 => &mut input.carry,
                1 => &mut input.scratch,
                _ => &mut input.memory,
            };
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
                if let Some(fill) = fill {
                    bytes[place..].fill(fill);
                }
            }
        }
        // A caller other than the chain may give weights of zero, and for no neuron.
        let mut forged = Rows::default();
        for (place, row) in input.rows.iter().enumerate() {
            match rows.iter().find(|(at, ..)| *at == place) {
                Some((_, mask, weight)) => forged.push(*mask, std::iter::repeat(*weight)),
                None => forged.push(row.mask, row.weights.iter().copied()),
            }
        }
        input.rows = forged;
        let alone = inktensor_yuma::step(&input);
        let together = inktensor_yuma::steps(&StepsInput {
            header: input.header,
            phase: input.phase,
            chunk: input.chunk,
            carry: input.carry,
            chunks: vec![StepPart {
                scratch: input.scratch,
                memory: input.memory,
                neurons: input.neurons,
                rows: input.rows,
            }],
        });
        match alone {
            Ok(output) => prop_assert_eq!(together, Ok(vec![output])),
            Err(_) => prop_assert!(together.is_err()),
        }
    }
}
