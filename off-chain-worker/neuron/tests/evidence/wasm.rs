//! A task as a Wasm program gives the evidence that the same task gives as native code.

use crate::{
    network::{rng, Network, Work},
    support::programs,
};
use inktensor_embed::{small, Embed};
use inktensor_factors::Factors;
use inktensor_neuron::{
    evidence::{
        audit::{Falsehood, Origin, Sample, Verdict},
        Grade,
    },
    program::{self, Loaded, Program},
};
use inktensor_primitives::hash::{blake2, hex};
use inktensor_task::{Task, Worth};

/// Networks of each task.
const NETWORKS: u64 = 24;

/// Compares the evidence of both programs for the same receipts, and audits it with each.
fn assert_same_evidence<T: Task>(native: T, code: &[u8], state: &[u8]) {
    let hash = blake2(code);
    let native = Loaded::of(native, state).unwrap();
    let wasm = program::wasm(T::NAME, (code, &hash), state).unwrap();
    assert_eq!(
        (native.name(), native.limits()),
        (wasm.name(), wasm.limits())
    );
    let named = format!(
        "task = {:?}\nprogram = \"{}\"\nstate = \"{}\"",
        T::NAME,
        hex(&hash),
        hex(&blake2(state))
    );
    let of = |program| Work {
        program,
        named: &named,
    };
    let mut worths = Vec::new();
    for run in 0..NETWORKS {
        // Half of the networks are asked and answered with native code, half with Wasm.
        let (asking, other): (&dyn Program, &dyn Program) = match run % 2 {
            0 => (&native, &*wasm),
            _ => (&*wasm, &native),
        };
        let network = Network::of(of(asking), &mut rng(5, run));
        let again = network.concluded_with(other);
        assert_eq!(again.root(), network.evidence.root(), "network {run}");
        assert_eq!(again, network.evidence, "network {run}");
        for program in [asking, other] {
            let verdict = network.verify_with(program, Origin::Validator);
            assert!(matches!(verdict, Verdict::True(_)), "{run}: {verdict:?}");
        }
        let receipts = network.evidence.receipts.iter().enumerate();
        for (index, receipt) in receipts {
            let Grade::Checked(worth) = receipt.grade else {
                continue;
            };
            worths.push(worth);
            let mut lying = network.clone();
            lying.sample = Sample::All;
            lying.evidence.receipts[index].grade = Grade::Checked(Worth(worth.0 ^ 1));
            lying.conclude();
            let verdict = lying.verify_with(&*wasm, Origin::Validator);
            let Verdict::False(falsehood) = verdict else {
                panic!("network {run}: {verdict:?}");
            };
            assert!(
                matches!(falsehood, Falsehood::Worth { .. }),
                "{falsehood:?}"
            );
        }
    }
    for worth in [Worth::NONE, Worth::WHOLE] {
        assert!(worths.contains(&worth), "{worths:?}");
    }
}

#[test]
fn evidence_of_factors_has_one_root_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    assert_same_evidence(Factors, &programs.factors, b"");
}

#[test]
fn evidence_of_embed_has_one_root_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let state = small::state(7).unwrap();
    assert_same_evidence(Embed, &programs.embed, &state);
}
