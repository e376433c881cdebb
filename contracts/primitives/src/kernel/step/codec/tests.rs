//! Bytes of records and steps.

use super::*;

fn neuron() -> NeuronInput {
    NeuronInput {
        stake: 1,
        last_update: u64::MAX,
        registered_at: 3 << 40,
        commit_block: 4,
        permit: true,
        newcomer: false,
    }
}

fn result() -> NeuronResult {
    NeuronResult {
        incentive: 1,
        dividends: 2 << 8,
        consensus: 3,
        validator_trust: u16::MAX,
        stake_weight: 5,
        active: false,
        permit: true,
        miner: Rao(6 << 40),
        validator: Rao(7),
        emission: Rao(u64::MAX),
    }
}

#[test]
fn records_have_the_bytes_of_their_fields() {
    let NeuronInput {
        stake,
        last_update,
        registered_at,
        commit_block,
        permit,
        newcomer,
    } = neuron();
    let fields = (
        stake,
        last_update,
        registered_at,
        commit_block,
        permit,
        newcomer,
    );
    assert_eq!(neuron().encode(), fields.encode());
    let of = result();
    let shares = (
        of.incentive,
        of.dividends,
        of.consensus,
        of.validator_trust,
        of.stake_weight,
    );
    let rest = (of.active, of.permit, of.miner, of.validator, of.emission);
    assert_eq!(of.encode(), (shares, rest).encode());
    assert_eq!(of.encoded_size(), RESULT);
    assert_eq!(neuron().encoded_size(), INPUT);
}

fn cells(count: usize) -> Vec<u16> {
    (0..count).map(|cell| (cell % 300) as u16 * 201).collect()
}

fn step_input(bytes: usize) -> StepInput {
    let list = |first: u8| {
        (0..bytes)
            .map(|byte| first.wrapping_add(byte as u8))
            .collect()
    };
    StepInput {
        header: crate::kernel::EpochHeader {
            contract: [1; 32].into(),
            netuid: crate::NetUid(2),
            epoch: 3,
            final_epoch: Some(2),
            opened_at: 4,
            closed_at: 5,
            previous_close: 6,
            tempo: 7,
            neurons: 8,
            kernel: [9; 32].into(),
            kernel_code: [10; 32],
            params: vec![11; 5],
            max_validators: 12,
            owner_uid: None,
            budget: crate::kernel::Budget::Combined(Rao(13)),
            roster: vec![crate::Uid(14)],
            previous: [15; 32],
        },
        phase: 16,
        chunk: 17,
        carry: list(18),
        scratch: list(19),
        memory: list(20),
        neurons: vec![neuron(); 3],
        rows: Rows::from_cells(&cells(bytes), 60),
    }
}

#[test]
fn steps_have_the_bytes_of_their_fields() {
    for bytes in [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 300] {
        let input = step_input(bytes);
        let encoded = input.encode();
        assert_eq!(StepInput::decode(&mut &encoded[..]), Ok(input.clone()));
        assert!(StepInput::decode(&mut &encoded[..encoded.len() - 1]).is_err());
        let output = StepOutput {
            carry: input.carry,
            scratch: input.scratch,
            memory: input.memory,
            results: vec![result(); 3],
            roster: vec![crate::Uid(1); bytes],
        };
        let fields = (
            &output.carry,
            &output.scratch,
            &output.memory,
            &output.results,
            &output.roster,
        );
        assert_eq!(output.encode(), fields.encode());
        assert_eq!(StepOutput::decode(&mut &output.encode()[..]), Ok(output));
    }
}

#[test]
fn steps_of_several_chunks_have_the_bytes_of_their_fields() {
    for (count, bytes) in [(0, 0), (1, 65), (3, 300)] {
        let one = step_input(bytes);
        let part = StepPart {
            scratch: one.scratch,
            memory: one.memory,
            neurons: one.neurons,
            rows: one.rows,
        };
        let all = StepsInput {
            header: one.header,
            phase: one.phase,
            chunk: one.chunk,
            carry: one.carry,
            chunks: vec![part; count],
        };
        let encoded = all.encode();
        assert_eq!(StepsInput::decode(&mut &encoded[..]), Ok(all));
        assert!(StepsInput::decode(&mut &encoded[..encoded.len() - 1]).is_err());
    }
}

#[test]
fn rows_without_one_weight_per_bit_are_refused() {
    let refused = |masks: Vec<u64>, weights: Vec<u16>| {
        Rows::decode(&mut &(masks, weights).encode()[..]).is_err()
    };
    assert!(refused(vec![1], vec![]));
    assert!(refused(vec![], vec![1]));
    assert!(refused(vec![3; 9], vec![1; 17]));
    assert!(!refused(vec![3; 9], vec![1; 18]));
}

/// Bytes whose end is not known before they are read.
struct Stream<'a>(&'a [u8]);

impl Input for Stream<'_> {
    fn remaining_len(&mut self) -> Result<Option<usize>, Error> {
        Ok(None)
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), Error> {
        self.0.read(into)
    }
}

#[test]
fn lengths_without_bytes_make_no_room() {
    let bytes = Compact(u32::MAX).encode();
    assert!(read_len(&mut &bytes[..], 1).is_err());
    let most = read_len(&mut Stream(&bytes), 2).map(|(_, room)| room);
    assert_eq!(most, Ok(UNSEEN / 2));
    assert!(Rows::decode(&mut Stream(&bytes)).is_err());
    assert!(read_bytes(&mut Stream(&bytes)).is_err());
}

#[test]
fn inputs_of_unknown_length_are_read() {
    for bytes in [0, 65, 40_000] {
        let input = step_input(bytes);
        assert_eq!(StepInput::decode(&mut Stream(&input.encode())), Ok(input));
    }
}

#[test]
fn records_are_read_back_and_other_bytes_refused() {
    let bytes = vec![neuron(); 2].encode();
    assert_eq!(Vec::decode(&mut &bytes[..]), Ok(vec![neuron(); 2]));
    let bytes = result().encode();
    assert_eq!(NeuronResult::decode(&mut &bytes[..]), Ok(result()));
    assert!(NeuronResult::decode(&mut &bytes[1..]).is_err());
    for flag in [INPUT - 2, INPUT - 1] {
        let mut bytes = neuron().encode();
        bytes[flag] = 2;
        assert!(NeuronInput::decode(&mut &bytes[..]).is_err());
    }
    for flag in [10, 11] {
        let mut bytes = result().encode();
        bytes[flag] = 2;
        assert!(NeuronResult::decode(&mut &bytes[..]).is_err());
    }
}
