//! Explanations as they are printed.

use super::*;
use inktensor_compute::{
    engine::{native::Native, Engine},
    epoch::compute,
    vectors,
};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{Bps, Uid};
use inktensor_worker::explain::{explain, Identity, KernelKind, MoneyFact, PostedFact, Subject};
use std::{fs, path::Path};

/// Returns the explanations of all neurons of the vectors with at most `most` neurons.
fn explanations(most: u16, kernel: KernelKind) -> Vec<Explanation> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/kernels/yuma/vectors/yuma.jsonl");
    let text = fs::read_to_string(file).expect("the kernel's vectors");
    let mut all = Vec::new();
    for located in vectors::read("yuma.jsonl", &text).expect("well formed") {
        let neurons = located.vector.neurons();
        if neurons > most {
            continue;
        }
        let header = located.vector.header([7; 32]);
        let plan = Native::new().plan(&header).expect("a plan");
        let inputs = located.vector.inputs(header, &plan);
        let trace = compute(&Native::new(), &inputs).expect("a trace");
        let identity = Identity {
            hotkey: Some("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY".into()),
            coldkey: Some("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty".into()),
            take: Some(Bps(1_800)),
            ..Identity::default()
        };
        let identities = vec![identity; usize::from(neurons)];
        let subject = Subject {
            inputs: &inputs,
            trace: &trace,
            kernel,
            identities: &identities,
            money: Some(MoneyFact {
                owner: 21_000_000_000_000_000,
                paid: Some(20_000_000_000_000_000),
                carried: Some(20_000_000_000_000_000),
                ..MoneyFact::default()
            }),
            posted: Some(PostedFact {
                assertion: hex(&[7; 32]),
                fate: "standing",
                correct: true,
            }),
        };
        for uid in 0..neurons {
            all.push(explain(&subject, Uid(uid)).expect("an explanation"));
        }
    }
    all
}

fn printed(explanation: &Explanation) -> String {
    let mut out = Vec::new();
    print(explanation, &mut out).expect("memory takes it");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn no_line_is_longer_than_a_terminal_and_nothing_is_left_out() {
    for kernel in [KernelKind::Yuma, KernelKind::Other] {
        let all = explanations(64, kernel);
        assert!(all.len() > 100);
        for explanation in &all {
            let text = printed(explanation);
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}\n{text}");
            }
            assert!(text.contains(&tao(explanation.pay.miner)), "{text}");
            assert!(text.contains(&tao(explanation.pay.validator)), "{text}");
            assert!(text.contains("agree with the epoch"), "{text}");
            let unknown = text.contains("does not know the inner terms");
            assert_eq!(unknown, kernel == KernelKind::Other, "{text}");
        }
    }
}

#[test]
fn a_difference_is_printed() {
    let mut all = explanations(8, KernelKind::Yuma);
    let explanation = all.first_mut().expect("a neuron");
    explanation.checks[0].holds = false;
    let text = printed(explanation);
    assert!(text.contains("DIFFERS: pay of all neurons"), "{text}");
    assert!(text.contains("values DIFFER"), "{text}");
}
