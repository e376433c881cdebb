//! The claims about the training.

use super::{audit_passes, cheat_is_not_paid, tao, Claim, FROM_EPOCH};
use crate::live::{
    cheats::Forgery,
    conduct::ASKED_FROM,
    plan::TRAINERS,
    report::{MinerReport, ReplayReport, TrainingReport},
};

/// Returns all claims about the training of a run of `epochs` epochs.
pub fn training_claims(training: &TrainingReport, epochs: u32) -> Vec<Claim> {
    let is_honest = |it: &&MinerReport| forgery(it).is_none();
    let honest: Vec<&MinerReport> = training.miners.iter().filter(is_honest).collect();
    let mut claims = vec![honest_miners_are_paid(&honest)];
    for cheat in training.miners.iter().filter(|it| !is_honest(it)) {
        let claim = cheat_is_not_paid(cheat);
        // A cheat that never showed a false step shows nothing.
        let is_seen = cheat.work.wrong > 0 || forgery(cheat) == Some(Forgery::Silent);
        claims.push(Claim {
            holds: claim.holds && is_seen,
            ..claim
        });
    }
    claims.extend(training.validators.iter().map(|it| Claim {
        claim: format!("evidence of {} on the training passes the audit", it.name),
        ..audit_passes(it)
    }));
    claims.push(every_step_is_true(&training.replays, epochs));
    claims.push(model_learns(&training.replays));
    claims
}

/// Returns the cheat of a miner, by its name.
fn forgery(miner: &MinerReport) -> Option<Forgery> {
    TRAINERS.iter().find(|it| it.name == miner.name)?.forgery
}

fn honest_miners_are_paid(honest: &[&MinerReport]) -> Claim {
    let paid = honest.iter().map(|it| it.paid_from(FROM_EPOCH));
    let least = paid.min().unwrap_or_default();
    Claim {
        claim: "every honest miner of the training is paid".into(),
        bound: "> 0 TAO".into(),
        found: format!("at least {} TAO", tao(least)),
        holds: least > 0,
    }
}

fn every_step_is_true(replays: &[ReplayReport], epochs: u32) -> Claim {
    // The last epoch has no later votes yet.
    let first_to_last = ASKED_FROM..epochs.saturating_sub(1);
    let all = replays.iter().map(|it| it.epoch).eq(first_to_last);
    let good = replays
        .iter()
        .filter(|it| it.exit == Some(0) && it.steps > 0);
    let (good, steps) = (good.clone().count(), good.map(|it| it.steps).sum::<u64>());
    let wrong = replays.iter().find_map(|it| it.wrong.as_deref());
    let found = format!("exit 0 in {good} of {}, {steps} steps", replays.len());
    Claim {
        claim: "a replay of the training finds every state on the chain".into(),
        bound: "exit 0 in every epoch".into(),
        found: match wrong {
            None => found,
            Some(wrong) => format!("{found}: {wrong}"),
        },
        holds: all && good > 0 && good == replays.len(),
    }
}

fn model_learns(replays: &[ReplayReport]) -> Claim {
    let mut losses = replays.iter().filter_map(|it| it.loss);
    let (first, last) = (losses.next(), losses.next_back());
    let both = first.zip(last);
    Claim {
        claim: "the model predicts held-out text better from epoch to epoch".into(),
        bound: "the last loss below the first".into(),
        found: both.map_or_else(
            || "no two losses".into(),
            |(first, last)| format!("{first:.3}, then {last:.3} nats a byte"),
        ),
        holds: both.is_some_and(|(first, last)| last < first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::report::{AuditReport, ValidatorReport, Work};

    const EPOCHS: u32 = 5;

    fn training() -> TrainingReport {
        let miner = |name, honest: bool| MinerReport {
            uid: 3,
            name,
            behaviour: "",
            work: Work {
                asked: 12,
                right: if honest { 12 } else { 0 },
                wrong: if honest { 0 } else { 12 },
                ..Work::default()
            },
            paid: vec![0, 0, 9, u64::from(honest), 0],
        };
        let replay = |epoch, loss| ReplayReport {
            epoch,
            exit: Some(0),
            steps: 24,
            loss: Some(loss),
            wrong: None,
        };
        let audit = AuditReport {
            epoch: 2,
            exit: Some(0),
            first_false: None,
        };
        let validator = ValidatorReport {
            uid: 1,
            name: "large",
            behaviour: "",
            honest: true,
            stake: 1,
            paid: Vec::new(),
            audits: vec![audit],
        };
        let miners = TRAINERS.iter();
        TrainingReport {
            steps: 12,
            probes: 3,
            miners: miners
                .map(|it| miner(it.name, it.forgery.is_none()))
                .collect(),
            validators: vec![validator],
            replays: vec![replay(2, 4.5), replay(3, 4.0)],
        }
    }

    /// Returns the claims that fail after a change.
    fn failed(change: impl FnOnce(&mut TrainingReport)) -> Vec<String> {
        let mut training = training();
        change(&mut training);
        let claims = training_claims(&training, EPOCHS).into_iter();
        let failed = claims.filter(|claim| !claim.holds);
        failed.map(|claim| claim.claim).collect()
    }

    #[test]
    fn all_claims_hold_for_a_training_as_described() {
        assert_eq!(failed(|_| ()), Vec::<String>::new());
        assert_eq!(training_claims(&training(), EPOCHS).len(), 8);
    }

    #[test]
    fn a_training_without_facts_fails_every_claim_about_it() {
        let claims = training_claims(&TrainingReport::default(), EPOCHS);
        assert!(claims.iter().all(|claim| !claim.holds), "{claims:?}");
    }

    #[test]
    fn each_claim_fails_just_outside_its_bound() {
        let paid = failed(|it| it.miners[1].paid[3] = 0);
        assert_eq!(paid, ["every honest miner of the training is paid"]);
        let cheat = failed(|it| it.miners[2].paid[3] = 1);
        assert_eq!(cheat, ["pay of claims from epoch 3 on"]);
        let unasked = failed(|it| it.miners[3].work.asked = 0);
        assert_eq!(unasked, ["pay of other-end from epoch 3 on"]);
        let unseen = failed(|it| it.miners[4].work.wrong = 0);
        assert_eq!(unseen, ["pay of other-start from epoch 3 on"]);
        assert!(failed(|it| it.miners[5].work.wrong = 0).is_empty());
        let audit = failed(|it| it.validators[0].audits[0].exit = Some(2));
        assert_eq!(
            audit,
            ["evidence of large on the training passes the audit"]
        );
        let loss = failed(|it| it.replays[1].loss = Some(4.5));
        let learns = "the model predicts held-out text better from epoch to epoch";
        assert_eq!(loss, [learns]);
        let replays = "a replay of the training finds every state on the chain";
        assert_eq!(failed(|it| it.replays[1].exit = Some(1)), [replays]);
        assert_eq!(failed(|it| it.replays[0].steps = 0), [replays]);
        assert_eq!(failed(|it| it.replays[0].epoch = 1), [replays]);
        assert_eq!(failed(|it| it.replays.truncate(1)), [replays, learns]);
    }
}
