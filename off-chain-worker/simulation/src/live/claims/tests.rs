//! Each claim holds for the facts that it describes, and fails for those just outside.

use super::*;
use crate::live::report::{AuditReport, Work};

/// Answers asked of each miner.
const ASKED: u32 = 48;

fn miner(kind: MinerKind, name: &'static str, paid: u64, right: u32) -> (MinerKind, MinerReport) {
    let report = MinerReport {
        uid: 0,
        name,
        behaviour: kind.describe(),
        work: Work {
            asked: ASKED,
            right,
            ..Work::default()
        },
        paid: vec![0, paid, paid, paid, paid],
    };
    (kind, report)
}

fn miners() -> Vec<(MinerKind, MinerReport)> {
    vec![
        miner(MinerKind::Good, "good-1", 1_000, ASKED),
        miner(MinerKind::SideProcess, "side", 1_000, ASKED),
        miner(MinerKind::Int8, "int8", 0, 0),
        miner(MinerKind::Relay, "relay", 0, 0),
        miner(MinerKind::Slow, "slow", 500, ASKED / 2),
        miner(MinerKind::Twin, "twin-1", 520, 25),
        miner(MinerKind::Twin, "twin-2", 480, 23),
    ]
}

fn validator(
    kind: ValidatorKind,
    name: &'static str,
    paid: u64,
    exit: i32,
) -> (ValidatorKind, ValidatorReport) {
    let first_false = (exit == 1).then(|| "receipt 3: missing".to_owned());
    let audit = |epoch| AuditReport {
        epoch,
        exit: Some(exit),
        first_false: first_false.clone(),
    };
    let report = ValidatorReport {
        uid: 0,
        name,
        behaviour: kind.describe(),
        honest: kind.is_honest(),
        stake: 1_000_000,
        paid: vec![0, 0, 0, paid],
        audits: vec![audit(1), audit(2)],
    };
    (kind, report)
}

fn validators() -> Vec<(ValidatorKind, ValidatorReport)> {
    vec![
        validator(ValidatorKind::Honest, "honest", 100, 0),
        validator(ValidatorKind::Honest, "small", 101, 0),
        validator(ValidatorKind::Copier, "copier", 99, 1),
        validator(ValidatorKind::Favourer, "favourer", 90, 1),
    ]
}

/// Returns the claims that fail.
fn failed(
    miners: &[(MinerKind, MinerReport)],
    validators: &[(ValidatorKind, ValidatorReport)],
) -> Vec<String> {
    let miners: Vec<Miner<'_>> = miners.iter().map(|(kind, it)| (*kind, it)).collect();
    let validators: Vec<Validator<'_>> = validators.iter().map(|(kind, it)| (*kind, it)).collect();
    let claims = claims(&miners, &validators).into_iter();
    let failed = claims.filter(|claim| !claim.holds);
    failed.map(|claim| claim.claim).collect()
}

fn failed_miners(change: impl FnOnce(&mut Vec<(MinerKind, MinerReport)>)) -> Vec<String> {
    let mut miners = miners();
    change(&mut miners);
    failed(&miners, &validators())
}

fn failed_validators(
    change: impl FnOnce(&mut Vec<(ValidatorKind, ValidatorReport)>),
) -> Vec<String> {
    let mut validators = validators();
    change(&mut validators);
    failed(&miners(), &validators)
}

#[test]
fn all_claims_hold_for_a_network_as_described() {
    assert_eq!(failed(&miners(), &validators()), Vec::<String>::new());
}

#[test]
fn a_run_without_facts_fails_every_claim_about_it() {
    let claims = claims(&[], &[]);
    assert!(claims.iter().all(|claim| !claim.holds), "{claims:?}");
}

#[test]
fn a_cheat_that_is_paid_a_rao_fails() {
    let failed = failed_miners(|miners| miners[2].1.paid[3] = 1);
    assert_eq!(failed, ["pay of int8 from epoch 3 on"]);
}

#[test]
fn pay_of_a_cheat_before_the_first_epoch_compared_is_allowed() {
    let failed = failed_miners(|miners| miners[2].1.paid[1] = 1);
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn a_cheat_that_was_never_asked_fails() {
    let failed = failed_miners(|miners| miners[3].1.work.asked = 0);
    assert_eq!(failed, ["pay of relay from epoch 3 on"]);
}

#[test]
fn a_good_miner_without_pay_fails() {
    let failed = failed_miners(|miners| miners[1].1.paid = vec![0; 5]);
    let claim = "every good miner is paid, the side process too";
    assert!(failed.iter().any(|it| it == claim), "{failed:?}");
}

#[test]
fn a_slow_miner_outside_its_bounds_fails() {
    for (paid, fails) in [(349, true), (350, false), (650, false), (651, true)] {
        let failed = failed_miners(|miners| {
            miners[4] = miner(MinerKind::Slow, "slow", paid, ASKED / 2);
        });
        let claim = "pay of slow, half of whose answers are late";
        assert_eq!(failed.iter().any(|it| it == claim), fails, "{paid}");
    }
}

#[test]
fn two_hotkeys_that_earn_twice_fail() {
    for (paid, fails) in [(249, true), (250, false), (750, false), (751, true)] {
        let failed = failed_miners(|miners| {
            for (place, name) in [(5, "twin-1"), (6, "twin-2")] {
                miners[place] = miner(MinerKind::Twin, name, paid, 24);
            }
        });
        let claim = "two hotkeys on one machine earn together";
        assert_eq!(failed.iter().any(|it| it == claim), fails, "{paid}");
    }
}

#[test]
fn pay_against_work_fails() {
    let failed = failed_miners(|miners| miners[0].1.work.right = 1);
    assert_eq!(failed, ["rank correlation of pay with verified work"]);
}

#[test]
fn honest_evidence_that_fails_once_fails_the_claim() {
    let failed = failed_validators(|validators| validators[0].1.audits[1].exit = Some(1));
    assert_eq!(failed, ["evidence of honest passes the audit"]);
    let failed = failed_validators(|validators| validators[0].1.audits[1].exit = None);
    assert_eq!(failed, ["evidence of honest passes the audit"]);
    let failed = failed_validators(|validators| validators[0].1.audits.clear());
    assert_eq!(failed, ["evidence of honest passes the audit"]);
}

#[test]
fn a_lie_that_passes_or_is_not_named_fails_the_claim() {
    let failed = failed_validators(|validators| validators[2].1.audits[0].exit = Some(0));
    assert_eq!(failed, ["evidence of copier fails the audit"]);
    let failed = failed_validators(|validators| validators[2].1.audits[0].exit = Some(2));
    assert_eq!(failed, ["evidence of copier fails the audit"]);
    let failed = failed_validators(|validators| validators[3].1.audits[0].first_false = None);
    assert_eq!(failed, ["evidence of favourer fails the audit"]);
}

#[test]
fn a_copier_that_earns_as_much_fails() {
    let failed = failed_validators(|validators| validators[2].1.paid[3] = 100);
    assert_eq!(failed, ["dividends per stake of copier from epoch 3 on"]);
}

#[test]
fn amounts_are_shown_to_the_rao_where_they_are_small() {
    assert_eq!(tao(0), "0");
    assert_eq!(tao(1), "0.000000001");
    assert_eq!(tao(1_234_567_890), "1.234567");
    assert_eq!(thousandths(1, 3), Some(333));
    assert_eq!(thousandths(2, 3), Some(667));
    assert_eq!(thousandths(1, 0), None);
    assert_eq!(decimal(1_005), "1.005");
}
