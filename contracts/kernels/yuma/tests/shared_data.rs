//! Real metagraphs and published scenarios. They are not part of the project. The tests read them
//! from the folder that `INKTENSOR_SHARED` names, or from `../shared` beside the project, and print
//! a line if the folder is not there.

mod support;

use inktensor_yuma_reference::{Metagraph, Neuron, Outcome, Params, Row};
use serde::Deserialize;
use serde_json::Value;
use std::{fs, io::Read, path::PathBuf};
use support::{outcome, Inputs};

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Metagraph,
    expected: Option<Outcome>,
}

fn shared(file: &str) -> Option<Vec<u8>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared");
    let folder =
        std::env::var_os("INKTENSOR_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = folder.join("data").join(file);
    let bytes = fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("skipped: {} is not there", path.display());
    }
    bytes
}

#[test]
fn epochs_of_subnet_31() {
    let Some(packed) = shared("finney-sn31-epochs.jsonl.zst") else {
        return;
    };
    let mut lines = String::new();
    ruzstd::StreamingDecoder::new(&packed[..])
        .expect("zstd")
        .read_to_string(&mut lines)
        .expect("text");
    let mut epochs = 0;
    for line in lines.lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        let expected = case.expected.expect("an outcome");
        assert_eq!(
            outcome(&Inputs::new(&case.input, 64).run()),
            expected,
            "{}",
            case.name
        );
        assert_eq!(
            inktensor_yuma_reference::epoch(&case.input),
            expected,
            "{}",
            case.name
        );
        epochs += 1;
    }
    assert_eq!(epochs, 12);
}

#[test]
fn metagraph_of_subnet_2() {
    let Some(text) = shared("finney-sn2-block3705440.json") else {
        return;
    };
    let case: Case = serde_json::from_slice(&text).expect("a metagraph");
    let found = outcome(&Inputs::new(&case.input, 64).run());
    assert_eq!(
        found,
        inktensor_yuma_reference::epoch(&case.input),
        "{}",
        case.name
    );
    assert!(found.incentive.iter().any(|incentive| *incentive > 0));
}

/// The published Yuma3 scenarios state bonds and dividends to four digits.
#[test]
fn published_scenarios() {
    let Some(text) = shared("subtensor_yuma3_tables.json") else {
        return;
    };
    let tables: Value = serde_json::from_slice(&text).expect("tables");
    let cases = tables["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 7);
    for case in cases {
        Scenario { case }.run();
    }
}

struct Scenario<'a> {
    case: &'a Value,
}

impl Scenario<'_> {
    fn run(&self) {
        let name = self.case["name"].as_str().expect("a name");
        let stakes = matrix_row(&self.case["stakes"]);
        let epochs = if name == "bonds_reset" {
            41
        } else {
            self.case["weights_per_epoch"]
                .as_array()
                .expect("weights")
                .len()
        };
        let mut bonds: Vec<Row> = Vec::new();
        for epoch in 0..epochs {
            if name == "bonds_reset" && epoch == 20 {
                bonds
                    .iter_mut()
                    .for_each(|(_, row)| row.retain(|(uid, _)| *uid != 3));
            }
            let weights = self.weights(epoch);
            let metagraph = metagraph(&stakes, &weights, bonds, name != "liquid_alpha_disabled");
            let found = outcome(&Inputs::new(&metagraph, 64).run());
            bonds = found.bonds.clone();
            let place = format!("{name}, epoch {epoch}");
            if let Some(targets) = self.at("targets_dividends", epoch) {
                for (dividend, target) in found.dividends.iter().zip(matrix_row(targets)) {
                    close(f64::from(*dividend) / 65_535.0, target, &place);
                }
            }
            if let Some(targets) = self.at("targets_bonds", epoch) {
                for (validator, targets) in (0u16..).zip(matrix(targets)) {
                    let row = bonds
                        .iter()
                        .find(|(uid, _)| *uid == validator)
                        .map(|(_, row)| row.as_slice());
                    for (server, target) in (weights.len() as u16..).zip(targets) {
                        let bond = row
                            .unwrap_or_default()
                            .iter()
                            .find(|(uid, _)| *uid == server);
                        close(
                            bond.map_or(0.0, |(_, bond)| f64::from(*bond) / 65_535.0),
                            target,
                            &place,
                        );
                    }
                }
            }
        }
    }

    /// Returns the value of an epoch, from a list of all epochs or a table by epoch.
    fn at(&self, field: &str, epoch: usize) -> Option<&Value> {
        self.case.get(field).map_or_else(
            || self.case[format!("{field}_by_epoch")].get(epoch.to_string()),
            |list| list.get(epoch),
        )
    }

    fn weights(&self, epoch: usize) -> Vec<Vec<f64>> {
        if let Some(list) = self.case.get("weights_per_epoch") {
            return matrix(&list[epoch]);
        }
        let spans = self.case["weights_by_epoch"]
            .as_object()
            .expect("weights by epoch");
        let covers = |span: &str| {
            let (first, last) = span.split_once("..").unwrap_or((span, span));
            let number = |text: &str| text.parse::<usize>().expect("an epoch");
            (number(first)..=number(last)).contains(&epoch)
        };
        matrix(
            spans
                .iter()
                .find(|(span, _)| covers(span))
                .expect("weights of the epoch")
                .1,
        )
    }
}

fn metagraph(
    stakes: &[f64],
    weights: &[Vec<f64>],
    bonds: Vec<Row>,
    liquid_alpha: bool,
) -> Metagraph {
    let validators = weights.len();
    let neuron = |(uid, stake): (usize, &f64)| Neuron {
        commit_block: None,
        last_update: 999,
        registered_at: 1,
        stake: *stake as u64 * 1_000_000_000,
        validator_permit: uid < validators,
    };
    // The scenarios have weights of zero, under which a bond decays. Rows here hold no zeros, and
    // without a weight a bond under liquid alpha ends at once. The least weight replaces a zero: it
    // changes a result by less than the tolerance.
    let least = if liquid_alpha { 1 } else { 0 };
    let row = |row: &Vec<f64>| {
        let weights = row
            .iter()
            .map(|weight| ((weight * 65_535.0).round() as u16).max(least));
        (validators as u16..)
            .zip(weights)
            .filter(|(_, weight)| *weight > 0)
            .collect()
    };
    Metagraph {
        params: Params {
            activity_cutoff: 5_000,
            alpha_high: 19_661,
            alpha_low: 6_554,
            alpha_sigmoid_steepness: 1_000,
            bonds_moving_average: 975_000,
            bonds_penalty: 0,
            commit_reveal: false,
            current_block: 1_000,
            kappa: 32_767,
            last_mechanism_step_block: 900,
            liquid_alpha,
            max_allowed_validators: validators as u16,
            min_stake: 0,
            owner_uid: None,
            rao_emission: 1_000_000_000,
            split: None,
            tempo: 100,
            yuma3: true,
        },
        neurons: stakes.iter().enumerate().map(neuron).collect(),
        weights: (0u16..).zip(weights.iter().map(row)).collect(),
        bonds,
    }
}

fn matrix_row(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value
        .as_array()
        .expect("a matrix")
        .iter()
        .map(matrix_row)
        .collect()
}

fn close(found: f64, target: f64, place: &str) {
    assert!(
        (found - target).abs() <= 1e-3,
        "{place}: {found} instead of {target}"
    );
}
