//! The claims of a live run: what the network promises, each with a bound and what was found.
//!
//! Claims are functions of the facts. A claim without facts fails: a run that shows nothing proves
//! nothing.

mod rank;
#[cfg(test)]
mod tests;
mod training;

pub use rank::spearman;
pub use training::training_claims;

use super::{
    plan::{MinerKind, ValidatorKind},
    report::{MinerReport, ValidatorReport},
};
use serde::Serialize;

/// First epoch whose pay is compared: the one after the first in which validators ask.
pub const FROM_EPOCH: u32 = 3;
/// Bounds of the pay of the slow miner, in thousandths of a good miner's: half of its answers are
/// late.
const SLOW: (u64, u64) = (350, 650);
/// Bounds of the pay of both hotkeys of one machine together, in thousandths of a good miner's.
///
/// Two machines would earn 2000. One answers half of all questions, and chance decides how many of
/// those are from the validator with most stake. In few epochs they are up to a third more or less.
const TWINS: (u64, u64) = (500, 1_500);
/// Least rank correlation of pay with verified work.
const LEAST_CORRELATION: f64 = 0.95;

/// A claim, its bound, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The claim.
    pub claim: String,
    /// The bound.
    pub bound: String,
    /// The finding.
    pub found: String,
    /// True if the finding is within the bound.
    pub holds: bool,
}

/// A miner's report with its kind.
pub type Miner<'a> = (MinerKind, &'a MinerReport);
/// A validator's report with its kind.
pub type Validator<'a> = (ValidatorKind, &'a ValidatorReport);

/// Returns all claims about a run.
pub fn claims(miners: &[Miner<'_>], validators: &[Validator<'_>]) -> Vec<Claim> {
    let mut claims = vec![good_miners_are_paid(miners)];
    let cheats = miners.iter().filter(|(kind, _)| kind.is_cheat());
    claims.extend(cheats.map(|(_, miner)| cheat_is_not_paid(miner)));
    claims.push(slow_is_paid_its_part(miners));
    claims.push(one_machine_is_paid_once(miners));
    claims.push(pay_follows_work(miners));
    claims.extend(validators.iter().map(|(_, it)| match it.honest {
        true => audit_passes(it),
        false => audit_fails(it),
    }));
    claims.push(copier_earns_less(validators));
    claims
}

/// Returns the mean pay of the good miners.
fn good(miners: &[Miner<'_>]) -> u64 {
    let good: Vec<u64> = miners
        .iter()
        .filter(|(kind, _)| kind.is_good())
        .map(|(_, it)| it.paid_from(FROM_EPOCH))
        .collect();
    let count = u64::try_from(good.len()).unwrap_or(u64::MAX);
    let sum = good.iter().fold(0u64, |sum, it| sum.saturating_add(*it));
    sum.checked_div(count).unwrap_or_default()
}

fn good_miners_are_paid(miners: &[Miner<'_>]) -> Claim {
    let good = miners.iter().filter(|(kind, _)| kind.is_good());
    let least = good.map(|(_, it)| it.paid_from(FROM_EPOCH)).min();
    let least = least.unwrap_or_default();
    Claim {
        claim: "every good miner is paid, the side process too".into(),
        bound: "> 0 TAO".into(),
        found: format!("at least {} TAO", tao(least)),
        holds: least > 0,
    }
}

fn cheat_is_not_paid(miner: &MinerReport) -> Claim {
    let paid = miner.paid_from(FROM_EPOCH);
    Claim {
        claim: format!("pay of {} from epoch {FROM_EPOCH} on", miner.name),
        bound: "0 TAO".into(),
        found: format!("{} TAO", tao(paid)),
        // A miner that was never asked shows nothing.
        holds: paid == 0 && miner.work.asked > 0,
    }
}

fn slow_is_paid_its_part(miners: &[Miner<'_>]) -> Claim {
    let slow = sum_of(miners, MinerKind::Slow);
    let found = thousandths(slow, good(miners));
    part(
        "pay of slow, half of whose answers are late",
        "of a good miner",
        SLOW,
        found,
    )
}

fn one_machine_is_paid_once(miners: &[Miner<'_>]) -> Claim {
    let twins = sum_of(miners, MinerKind::Twin);
    let found = thousandths(twins, good(miners));
    part(
        "two hotkeys on one machine earn together",
        "of a good miner",
        TWINS,
        found,
    )
}

fn sum_of(miners: &[Miner<'_>], kind: MinerKind) -> u64 {
    let of_kind = miners.iter().filter(|(it, _)| *it == kind);
    of_kind.fold(0, |sum, (_, it)| {
        sum.saturating_add(it.paid_from(FROM_EPOCH))
    })
}

fn part(claim: &str, of: &str, (least, most): (u64, u64), found: Option<u64>) -> Claim {
    Claim {
        claim: claim.into(),
        bound: format!("{} to {} {of}", decimal(least), decimal(most)),
        found: found.map_or_else(|| "no good miner is paid".into(), decimal),
        holds: found.is_some_and(|found| (least..=most).contains(&found)),
    }
}

fn pay_follows_work(miners: &[Miner<'_>]) -> Claim {
    let work: Vec<u64> = miners.iter().map(|(_, it)| it.work.right.into()).collect();
    let paid: Vec<u64> = miners.iter().map(|(_, it)| it.paid_from(0)).collect();
    let found = spearman(&work, &paid);
    Claim {
        claim: "rank correlation of pay with verified work".into(),
        bound: format!(">= {LEAST_CORRELATION:.2}"),
        found: found.map_or_else(|| "none: no order".into(), |found| format!("{found:.3}")),
        holds: found.is_some_and(|found| found >= LEAST_CORRELATION),
    }
}

fn audit_passes(validator: &ValidatorReport) -> Claim {
    let (all, passed) = (validator.audits.len(), validator.audits_with(0));
    let found = match validator.first_false() {
        None => format!("exit 0 in {passed} of {all}"),
        Some(item) => format!("exit 0 in {passed} of {all}: {item}"),
    };
    Claim {
        claim: format!("evidence of {} passes the audit", validator.name),
        bound: "exit 0 in every epoch".into(),
        found,
        holds: all > 0 && passed == all,
    }
}

fn audit_fails(validator: &ValidatorReport) -> Claim {
    let (all, failed) = (validator.audits.len(), validator.audits_with(1));
    let named = validator.audits.iter().all(|it| it.first_false.is_some());
    let found = match validator.first_false() {
        None => format!("exit 1 in {failed} of {all}"),
        Some(item) => format!("exit 1 in {failed} of {all}: {item}"),
    };
    Claim {
        claim: format!("evidence of {} fails the audit", validator.name),
        bound: "exit 1, first false item named".into(),
        found,
        holds: all > 0 && failed == all && named,
    }
}

fn copier_earns_less(validators: &[Validator<'_>]) -> Claim {
    let copier = validators
        .iter()
        .find(|(kind, _)| *kind == ValidatorKind::Copier)
        .map(|(_, it)| it.per_million());
    let honest = validators.iter().filter(|(_, it)| it.honest);
    let honest = honest.map(|(_, it)| it.per_million()).min();
    let (copier, least) = (copier.unwrap_or(u64::MAX), honest.unwrap_or_default());
    let found = match thousandths(copier, least) {
        None => "no honest validator is paid".into(),
        Some(part) => format!("{} of the least honest one", decimal(part)),
    };
    Claim {
        claim: format!("dividends per stake of copier from epoch {FROM_EPOCH} on"),
        bound: "below every honest one".into(),
        found,
        holds: copier < least,
    }
}

/// Returns `part` in thousandths of `whole`, rounded to the nearest.
fn thousandths(part: u64, whole: u64) -> Option<u64> {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let scaled = part.saturating_mul(1_000).saturating_add(whole / 2);
    let found = scaled.checked_div(whole)?;
    Some(u64::try_from(found).unwrap_or(u64::MAX))
}

fn decimal(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

/// Returns an amount in TAO with six decimals. Not even a rao is shown as nothing.
fn tao(amount: u64) -> String {
    const TAO: u64 = 1_000_000_000;
    match amount {
        0 => "0".into(),
        1..1_000 => format!("{}.{:09}", amount / TAO, amount % TAO),
        _ => format!("{}.{:06}", amount / TAO, amount % TAO / 1_000),
    }
}
