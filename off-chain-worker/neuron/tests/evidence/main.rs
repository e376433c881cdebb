//! An adversary of evidence: random networks, honest ones and ones with a lie.
//!
//! A normal run takes a few seconds. A long one:
//!
//! ```sh
//! export INKTENSOR_HONEST=1000 INKTENSOR_LIES=10000
//! cargo test -p inktensor-neuron --test evidence -- --nocapture
//! ```
//!
//! `INKTENSOR_SEED` sets the seed of all random numbers. A failure names the number of its network.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod folds;
mod lies;
mod mutations;
mod network;
#[path = "../../../wasm-task/tests/support/mod.rs"]
mod support;
mod toy;
mod wasm;

use inktensor_neuron::evidence::{
    audit::{verify_absence, Absence, Falsehood, Missing, Origin, Sample, Verdict},
    codec::{evidence_file, facts_file, read_evidence, read_facts},
    facts::ChainWeights,
    Grade,
};
use lies::LIES;
use network::{rng, Network};
use std::{collections::BTreeMap, env};

/// Honest networks of a normal run.
const HONEST: u64 = 60;
/// Lies of a normal run.
const NORMAL_LIES: u64 = 400;

fn number(name: &str, otherwise: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => otherwise,
    }
}

fn seed() -> u64 {
    number("INKTENSOR_SEED", 1)
}

#[test]
fn honest_evidence_never_fails() {
    for run in 0..number("INKTENSOR_HONEST", HONEST) {
        let network = Network::honest(&mut rng(seed(), run));
        let verdict = network.verify();
        assert!(
            matches!(verdict, Verdict::True(_)),
            "network {run}: {verdict:?}"
        );
        assert_eq!(verdict.exit_code(), 0);
    }
}

#[test]
fn every_lie_is_found_and_named() {
    let wanted = number("INKTENSOR_LIES", NORMAL_LIES);
    let (mut found, mut run) = (0, 0);
    let mut by_kind: BTreeMap<&str, u64> = LIES.iter().map(|lie| (lie.name, 0)).collect();
    while found < wanted {
        let honest = Network::honest(&mut rng(seed(), run));
        for (place, lie) in LIES.iter().enumerate() {
            let mut lying = honest.clone();
            let mut rng = rng(seed(), run << 16 | place as u64 | 1 << 63);
            let Some(expected) = (lie.tell)(&mut lying, &mut rng) else {
                continue;
            };
            let verdict = lying.verify();
            let Verdict::False(falsehood) = &verdict else {
                panic!("network {run}, {}: {verdict:?}", lie.name);
            };
            assert!(
                expected.is(falsehood),
                "network {run}, {}: {falsehood:?}",
                lie.name
            );
            assert_eq!(verdict.exit_code(), 1);
            *by_kind.get_mut(lie.name).unwrap() += 1;
            found += 1;
        }
        run += 1;
    }
    println!("{found} lies on {run} networks: {by_kind:?}");
    for (name, count) in by_kind {
        assert!(
            count > 0,
            "the run has no network on which {name} is possible"
        );
    }
}

#[test]
fn files_are_read_back_and_damage_is_never_true() {
    for run in 0..number("INKTENSOR_LIES", NORMAL_LIES) / 10 {
        let mut rng = rng(seed(), run);
        let network = Network::honest(&mut rng);
        let file = evidence_file(&network.evidence);
        assert_eq!(read_evidence(&file).as_ref(), Ok(&network.evidence));
        assert_eq!(
            read_facts(&facts_file(&network.facts)).as_ref(),
            Ok(&network.facts)
        );
        for _ in 0..10 {
            let damaged = mutations::damage(&file, &mut rng);
            if let Ok(evidence) = read_evidence(&damaged) {
                let verdict = Network {
                    evidence,
                    ..network.clone()
                }
                .verify();
                assert!(
                    matches!(verdict, Verdict::False(_)),
                    "network {run}: {verdict:?}"
                );
            }
        }
    }
}

/// Returns a network in which some answer was checked.
fn with_checked_answer() -> Network {
    let checked = |it: &Network| {
        let receipts = it.evidence.receipts.iter();
        receipts
            .filter(|it| matches!(it.grade, Grade::Checked(_)))
            .count()
            > 1
    };
    let networks = (0..).map(|run| Network::honest(&mut rng(7, run)));
    networks.into_iter().find(checked).unwrap()
}

/// Returns the verdict on a network whose validator serves nothing.
fn withheld(network: &Network) -> Verdict {
    verify_absence(&network.facts, Absence::Withheld("status 404".into()))
}

#[test]
fn withheld_evidence_cannot_be_judged() {
    let mut network = with_checked_answer();
    let verdict = withheld(&network);
    let cause = "status 404".to_owned();
    assert_eq!(verdict, Verdict::Unjudged(Missing::Withheld(cause)));
    assert_eq!(verdict.exit_code(), 2);
    // The auditor's own refusal accuses no validator.
    let cause = "10.0.0.1 is private".to_owned();
    let not_asked = verify_absence(&network.facts, Absence::NotAsked(cause.clone()));
    assert_eq!(not_asked, Verdict::Unjudged(Missing::NotAsked(cause)));
    network.facts.pledged = None;
    assert_eq!(withheld(&network), Verdict::False(Falsehood::NotPledged));
    network.facts.closed_at = None;
    assert_eq!(
        withheld(&network),
        Verdict::Unjudged(Missing::NotYetPledged)
    );
}

#[test]
fn a_missing_pledge_is_false_only_beside_weights_that_needed_one() {
    let mut honest = with_checked_answer();
    honest.facts.pledged = None;
    let (uid, epoch) = (honest.facts.uid, honest.facts.epoch);
    let block = honest.facts.seed_block.number;
    type Change = fn(&mut Network);
    let cases: [(Change, Missing); 5] = [
        (
            |it| it.facts.weights = ChainWeights::Absent,
            Missing::LeftOut(epoch),
        ),
        (
            |it| it.facts.weights = ChainWeights::Expected { epoch: 9 },
            Missing::Weights(9),
        ),
        (|it| it.facts.manifest = None, Missing::Manifest),
        // A neuron without a permit may weigh itself.
        (
            |it| it.facts.permit = false,
            Missing::NoPermit { uid, epoch },
        ),
        (
            |it| it.facts.validator = None,
            Missing::FreeUid { uid, epoch, block },
        ),
    ];
    for (change, missing) in cases {
        let mut network = honest.clone();
        change(&mut network);
        let expected = Verdict::Unjudged(missing);
        assert_eq!(withheld(&network), expected);
        assert_eq!(network.verify_from(Origin::Elsewhere), expected);
    }
    let no_pledge = Verdict::False(Falsehood::NotPledged);
    assert_eq!(withheld(&honest), no_pledge);
    assert_eq!(honest.verify_from(Origin::Elsewhere), no_pledge);
}

#[test]
fn another_file_is_false_only_if_the_validator_served_it() {
    for run in 0..20 {
        let mut rng = rng(seed(), run);
        let honest = Network::honest(&mut rng);
        let pledged = honest.evidence.root();
        let from_elsewhere = honest.verify_from(Origin::Elsewhere);
        assert!(
            matches!(from_elsewhere, Verdict::True(_)),
            "{from_elsewhere:?}"
        );
        let mut other = honest.clone();
        mutations::mutate(&mut other.evidence, &mut rng);
        let found = other.evidence.root();
        if found == pledged {
            continue;
        }
        assert_eq!(
            other.verify_from(Origin::Elsewhere),
            Verdict::Unjudged(Missing::AnotherFile { found, pledged })
        );
        assert!(matches!(
            other.verify(),
            Verdict::False(Falsehood::Root { .. } | Falsehood::Head(_))
        ));
        // A pledged lie is the validator's, whatever place has the file.
        other.pledge();
        let verdict = other.verify_from(Origin::Elsewhere);
        assert_eq!(verdict, other.verify(), "network {run}");
    }
}

#[test]
fn missing_facts_are_named_and_hide_no_lie() {
    let honest = with_checked_answer();
    let manifest = honest.facts.manifest.unwrap();
    type Change = fn(&mut Network);
    let cases: [(Change, Missing); 5] = [
        (|it| it.facts.manifest = None, Missing::Manifest),
        (
            |it| it.manifest.push(b'\n'),
            Missing::ManifestFile(manifest),
        ),
        (
            |it| it.facts.weights = ChainWeights::Expected { epoch: 9 },
            Missing::Weights(9),
        ),
        (
            |it| (it.facts.pledged, it.facts.closed_at) = (None, None),
            Missing::NotYetPledged,
        ),
        (|it| it.facts.tempo = 15, Missing::Tempo(15)),
    ];
    for (change, missing) in cases {
        let mut network = honest.clone();
        change(&mut network);
        assert_eq!(network.verify(), Verdict::Unjudged(missing.clone()));
        // A false head is found although something is missing.
        network.evidence.head.epoch ^= 1;
        let verdict = network.verify();
        assert!(
            matches!(verdict, Verdict::False(Falsehood::Head(_))),
            "{missing}: {verdict:?}"
        );
    }
}

#[test]
fn withheld_evidence_before_leaves_only_averages_open() {
    let networks = (0..).map(|run| Network::honest(&mut rng(8, run)));
    let mut network = networks
        .into_iter()
        .find(|it| it.before.is_some() && !it.evidence.weights.is_empty())
        .unwrap();
    let pledged = network.facts.before.unwrap();
    network.before = None;
    let missing = Missing::Before {
        epoch: pledged.epoch,
        root: pledged.root,
    };
    assert_eq!(network.verify(), Verdict::Unjudged(missing));
    network.facts.weights = ChainWeights::Absent;
    assert_eq!(network.verify(), Verdict::False(Falsehood::WeightsNotSet));
}

#[test]
fn sample_of_none_recomputes_nothing_and_that_is_visible() {
    let mut network = with_checked_answer();
    network.sample = Sample::Some { count: 0, seed: 1 };
    match network.verify() {
        Verdict::True(checked) => assert!(checked.recomputed == 0 && checked.graded > 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn silence_cannot_be_proven() {
    // The one lie that no audit finds: an answer leaves no trace in the file of its enemy.
    let mut network = with_checked_answer();
    let graded = |it: &Grade| matches!(it, Grade::Checked(_));
    let receipts = &mut network.evidence.receipts;
    let victim = receipts.iter().find(|it| graded(&it.grade)).unwrap().uid;
    for receipt in receipts.iter_mut().filter(|it| it.uid == victim) {
        receipt.outcome = inktensor_wire::Outcome::Silent { millis: 60_000 };
        receipt.grade = Grade::Unanswered;
    }
    network.conclude();
    assert!(matches!(network.verify(), Verdict::True(_)));
}
