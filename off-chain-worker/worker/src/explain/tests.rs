//! Explanations of the kernel's vectors, and of unknown kernels.

use super::*;
use inktensor_compute::{
    engine::{native::Native, Engine, EngineError},
    epoch::compute,
    vectors::{self, Outcome, Vector},
};
use inktensor_primitives::kernel::{
    EpochHeader, EpochPlan, PhasePlan, Rows, StepInput, StepOutput,
};
use inktensor_test_support::header;
use inktensor_yuma::memory::{Memory, MemoryWriter};
use std::{fs, path::Path};

/// The vectors that come with the kernel.
fn vectors() -> Vec<(String, Vector)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/kernels/yuma/vectors/yuma.jsonl");
    let text = fs::read_to_string(file).expect("the kernel's vectors");
    let located = vectors::read("yuma.jsonl", &text).expect("well formed");
    located
        .into_iter()
        .map(|located| (located.label(), located.vector))
        .collect()
}

fn computed(vector: &Vector) -> (EpochInputs, Trace) {
    let header = vector.header([7; 32]);
    let plan = Native::new().plan(&header).expect("a plan");
    let inputs = vector.inputs(header, &plan);
    let trace = compute(&Native::new(), &inputs).expect("a trace");
    (inputs, trace)
}

fn subject<'a>(inputs: &'a EpochInputs, trace: &'a Trace) -> Subject<'a> {
    Subject {
        inputs,
        trace,
        kernel: KernelKind::Yuma,
        identities: &[],
        money: None,
        posted: None,
    }
}

/// Returns a share in parts of 65535, as in results.
fn parts(share: f64) -> u16 {
    (share.min(1.0) * 65_535.0).floor() as u16
}

/// Returns the bonds that the vector expects of `uid` after the epoch.
fn bonds_after(expected: &Outcome, uid: u16) -> Vec<(u16, u16)> {
    let row = expected.bonds.iter().find(|(owner, _)| *owner == uid);
    let mut row: Vec<_> = row
        .map(|(_, row)| row.iter().copied().filter(|(_, bond)| *bond != 0).collect())
        .unwrap_or_default();
    row.sort_unstable();
    row
}

#[test]
fn the_terms_of_every_neuron_of_every_vector_are_those_expected_and_add_up() {
    let mut seats = 0;
    for (name, vector) in vectors() {
        let (inputs, trace) = computed(&vector);
        let expected = vector.expected.as_ref().expect("an expected outcome");
        let neurons = vector.neurons();
        // All neurons of the small subnets, and some of the large ones.
        let stride = usize::from((neurons / 24).max(1));
        for uid in (0..neurons).step_by(stride) {
            let explained = explain(&subject(&inputs, &trace), Uid(uid)).expect("an explanation");
            let place = usize::from(uid);
            let at = || format!("{name}, uid {uid}: {explained:#?}");
            assert!(explained.holds(), "{}", at());
            assert_eq!(
                explained.pay.miner,
                expected.server_emission[place],
                "{}",
                at()
            );
            assert_eq!(
                explained.pay.validator,
                expected.validator_emission[place],
                "{}",
                at()
            );
            let terms = explained.terms.as_ref().expect("terms");
            assert_eq!(
                parts(terms.consensus),
                expected.consensus[place],
                "{}",
                at()
            );
            assert_eq!(
                parts(terms.incentive),
                expected.incentive[place],
                "{}",
                at()
            );
            assert_eq!(
                parts(terms.stake_share),
                expected.stake_weight[place],
                "{}",
                at()
            );
            assert_eq!(terms.active, expected.active[place], "{}", at());
            let adds: f64 = terms.voices.iter().map(|voice| voice.adds).sum();
            assert_eq!(adds, terms.rank, "{}", at());
            for voice in &terms.voices {
                assert_eq!(voice.left + voice.cut, voice.share, "{}", at());
                assert_eq!(voice.void.is_some(), voice.share == 0.0, "{}", at());
                let most = if voice.stake > 0.0 || terms.consensus > 0.0 {
                    voice.share.min(terms.consensus)
                } else {
                    0.0
                };
                assert_eq!(voice.left, most, "{}", at());
            }
            let Some(seat) = &terms.seat else {
                assert_eq!(expected.dividends[place], 0, "{}", at());
                assert_eq!(expected.validator_trust[place], 0, "{}", at());
                assert_eq!(bonds_after(expected, uid), [], "{}", at());
                continue;
            };
            seats += 1;
            assert_eq!(
                parts(seat.trust),
                expected.validator_trust[place],
                "{}",
                at()
            );
            assert_eq!(parts(seat.dividends), expected.dividends[place], "{}", at());
            let left: f64 = seat.bonds.iter().map(|bond| bond.left).sum();
            assert_eq!(left, seat.trust, "{}", at());
            let yields: f64 = seat.bonds.iter().map(|bond| bond.yields).sum();
            assert_eq!(yields, seat.earned, "{}", at());
            let after: Vec<_> = seat
                .bonds
                .iter()
                .filter(|bond| bond.after != 0)
                .map(|bond| (bond.uid, bond.after))
                .collect();
            assert_eq!(after, bonds_after(expected, uid), "{}", at());
            let given: Vec<_> = seat
                .bonds
                .iter()
                .filter(|bond| bond.weight != 0)
                .map(|bond| (bond.uid, bond.weight))
                .collect();
            let raw: Vec<_> = explained
                .given
                .iter()
                .map(|fact| (fact.uid, fact.weight))
                .collect();
            assert_eq!(given, raw, "{}", at());
        }
    }
    assert!(seats > 100, "only {seats} validators were explained");
}

#[test]
fn what_one_validator_is_said_to_weigh_the_other_is_said_to_be_weighed() {
    let (_, vector) = vectors()
        .into_iter()
        .find(|(_, vector)| vector.neurons() >= 8 && vector.input.roster().count() >= 3)
        .expect("a vector");
    let (inputs, trace) = computed(&vector);
    let all: Vec<_> = (0..vector.neurons())
        .map(|uid| explain(&subject(&inputs, &trace), Uid(uid)).expect("an explanation"))
        .collect();
    let mut both = (Vec::new(), Vec::new());
    for explained in &all {
        let terms = explained.terms.as_ref().expect("terms");
        for voice in &terms.voices {
            both.0
                .push((voice.uid, explained.neuron.uid, voice.left.to_bits()));
        }
        for bond in terms.seat.iter().flat_map(|seat| &seat.bonds) {
            if bond.weight != 0 {
                both.1
                    .push((explained.neuron.uid, bond.uid, bond.left.to_bits()));
            }
        }
    }
    both.0.sort_unstable();
    assert_eq!(both.0, both.1);
    assert!(!both.0.is_empty());
    let incentive: f64 = all
        .iter()
        .filter_map(|explained| explained.terms.as_ref())
        .map(|terms| terms.incentive)
        .sum();
    let total = all[0].terms.as_ref().expect("terms").incentive_total;
    assert_eq!(incentive, total);
}

/// Returns a vector in which a neuron has incentive and dividends, and that neuron.
fn paid() -> (Vector, u16) {
    vectors()
        .into_iter()
        .find_map(|(_, vector)| {
            let expected = vector.expected.clone()?;
            let uid = (0..vector.neurons()).find(|uid| {
                let place = usize::from(*uid);
                expected.validator_emission[place] > 0 && expected.validator_trust[place] > 0
            })?;
            Some((vector, uid))
        })
        .expect("a vector")
}

#[test]
fn a_trace_that_is_not_what_the_inputs_lead_to_is_found_out() {
    let (vector, uid) = paid();
    let (inputs, honest) = computed(&vector);
    let wrong = |change: &dyn Fn(&mut Trace)| -> Vec<String> {
        let mut trace = honest.clone();
        change(&mut trace);
        let explained = explain(&subject(&inputs, &trace), Uid(uid)).expect("an explanation");
        assert!(!explained.holds());
        let differing = explained.checks.into_iter().filter(|check| !check.holds);
        differing.map(|check| check.what).collect()
    };
    let place = usize::from(uid);
    let result = |trace: &mut Trace, change: &dyn Fn(&mut NeuronResult)| {
        let mut left = place;
        for part in &mut trace.results {
            match part.get_mut(left) {
                Some(result) => return change(result),
                None => left -= part.len(),
            }
        }
    };
    let pay = wrong(&|trace| result(trace, &|result| result.validator.0 -= 1));
    assert_eq!(pay, ["pay as validator"]);
    let trust = wrong(&|trace| result(trace, &|result| result.validator_trust ^= 1));
    assert_eq!(trust, ["validator trust of 65535"]);
    let all = wrong(&|trace| result(trace, &|result| result.miner.0 = u64::MAX));
    assert!(
        all.contains(&"pay of all neurons, in rao".to_owned()),
        "{all:?}"
    );
    let chunks = honest.memory.len();
    let bonds = wrong(&|trace| {
        let bytes = trace.memory.iter_mut().find(|bytes| !bytes.is_empty());
        let bytes = bytes.expect("bonds");
        let memory = Memory::read(bytes).expect("a memory");
        let rows: Vec<(_, Vec<u16>)> = memory
            .rows()
            .map(|(uid, row)| (uid, row.collect()))
            .collect();
        let len = u16::try_from(rows[0].1.len()).expect("a chunk");
        let mut writer = MemoryWriter::new(memory.start(), len);
        for (uid, mut row) in rows {
            let bonds = row.iter_mut().filter(|bond| **bond > 0);
            bonds.for_each(|bond| *bond = if *bond == 1 { 2 } else { *bond - 1 });
            writer.push(uid, &row);
        }
        *bytes = writer.end();
    });
    assert!(
        bonds.contains(&"bonds of all neurons".to_owned()),
        "{bonds:?}"
    );
    // The consensus on a neuron, in the scratch that the third phase leaves.
    let consensus = wrong(&|trace| {
        for step in trace.steps.iter_mut().skip(2 * chunks).take(chunks) {
            step.scratch[8 * (place % 64)] ^= 1;
        }
    });
    assert!(consensus.contains(&"consensus".to_owned()), "{consensus:?}");
}

#[test]
fn what_is_not_of_this_kernel_or_this_epoch_is_refused() {
    let (vector, uid) = paid();
    let (inputs, honest) = computed(&vector);
    let mut trace = honest.clone();
    for step in &mut trace.steps {
        step.carry.push(0);
    }
    assert!(matches!(
        explain(&subject(&inputs, &trace), Uid(uid)),
        Err(ExplainError::OtherKernel(KernelError::BadCarry))
    ));
    let mut trace = honest.clone();
    trace.steps.pop();
    assert!(matches!(
        explain(&subject(&inputs, &trace), Uid(uid)),
        Err(ExplainError::OtherKernel(KernelError::BadInputs))
    ));
    let neurons = vector.neurons();
    assert_eq!(
        explain(&subject(&inputs, &honest), Uid(neurons)),
        Err(ExplainError::NoNeuron(neurons, neurons))
    );
    let mut other = inputs.clone();
    other.header.epoch += 1;
    assert_eq!(
        explain(&subject(&other, &honest), Uid(uid)),
        Err(ExplainError::OtherTrace)
    );
}

/// A kernel that pays everything to uid 1 and passes on bytes of its own.
struct Favour;

impl Engine for Favour {
    fn plan(&self, _: &EpochHeader) -> Result<EpochPlan, EngineError> {
        Ok(EpochPlan {
            chunk: 2,
            phases: vec![PhasePlan {
                rows: true,
                stake: true,
                memory: false,
            }],
            memory_phase: 0,
            results_phase: 0,
        })
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        let mut results = vec![NeuronResult::default(); input.neurons.len()];
        if input.chunk == 0 {
            results[1] = NeuronResult {
                miner: Rao(70),
                validator: Rao(30),
                emission: Rao(100),
                ..NeuronResult::default()
            };
        }
        Ok(StepOutput {
            carry: vec![1],
            scratch: vec![2],
            results,
            ..StepOutput::default()
        })
    }
}

#[test]
fn of_another_kernel_the_interface_is_explained() {
    let header = EpochHeader {
        neurons: 3,
        kernel_code: [9; 32],
        max_validators: 2,
        budget: Budget::Split {
            miners: Rao(70),
            validators: Rao(30),
        },
        roster: vec![Uid(0), Uid(2)],
        ..header()
    };
    let chunk = |neurons: usize, cells: Vec<u16>| ChunkInputs {
        neurons: vec![NeuronInput::default(); neurons],
        rows: Rows::from_cells(&cells, neurons),
    };
    let inputs = EpochInputs {
        header,
        chunks: vec![chunk(2, vec![0, 11, 0, 12]), chunk(1, vec![13, 0])],
        memory: vec![Vec::new(), Vec::new()],
    };
    let trace = compute(&Favour, &inputs).expect("a trace");
    let identities = [
        Identity::default(),
        Identity {
            hotkey: Some("hot".into()),
            coldkey: Some("cold".into()),
            take: Some(Bps(1_800)),
            ..Identity::default()
        },
    ];
    let subject = Subject {
        kernel: KernelKind::Other,
        identities: &identities,
        ..subject(&inputs, &trace)
    };
    let explained = explain(&subject, Uid(1)).expect("an explanation");
    assert!(explained.holds(), "{explained:#?}");
    assert_eq!(
        (explained.kernel, explained.terms.is_none()),
        ("unknown", true)
    );
    assert_eq!(explained.neuron.hotkey.as_deref(), Some("hot"));
    let weights = |facts: &[WeightFact]| -> Vec<_> {
        facts.iter().map(|fact| (fact.uid, fact.weight)).collect()
    };
    assert_eq!(weights(&explained.received), [(0, 11), (2, 12)]);
    assert_eq!(explained.given, []);
    let take = explained.pay.take.expect("a take");
    assert_eq!((take.owner, take.stakers), (5, 25));
    let of_validator = explain(&subject, Uid(0)).expect("an explanation");
    assert_eq!(weights(&of_validator.given), [(1, 11), (2, 13)]);
    assert_eq!(of_validator.given[0].hotkey.as_deref(), Some("hot"));
}
