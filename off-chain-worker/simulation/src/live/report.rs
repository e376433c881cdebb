//! The facts of a live run, for tables, JSON and claims. Amounts are in rao.

use super::claims::{Claim, FROM_EPOCH};
use serde::Serialize;

/// The report of a live run.
#[derive(Clone, Debug, Serialize)]
pub struct LiveReport {
    /// Seed of keys, model and stakes.
    pub seed: u64,
    /// Number of epochs that were paid, from epoch 0 on.
    pub epochs: u32,
    /// First epoch in which validators asked.
    pub first_asked: Option<u32>,
    /// Blocks of an epoch.
    pub tempo: u32,
    /// Pace of the run.
    pub pace: PaceReport,
    /// Questions of a validator to a miner in an epoch.
    pub questions: u16,
    /// All miners, by uid.
    pub miners: Vec<MinerReport>,
    /// All validators, by uid.
    pub validators: Vec<ValidatorReport>,
    /// The training beside.
    pub training: TrainingReport,
    /// The claims, with what was found.
    pub claims: Vec<Claim>,
    /// CPU time by role.
    pub cpu: Vec<CpuReport>,
    /// Properties of a network that a run on one machine does not show.
    pub not_shown: Vec<&'static str>,
    /// Remarks about the run, such as a machine that was too slow.
    pub notes: Vec<String>,
}

impl LiveReport {
    /// Returns true if every claim holds.
    pub fn is_sound(&self) -> bool {
        self.claims.iter().all(|claim| claim.holds)
    }
}

/// The training of a live run, on a subnet of its own.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TrainingReport {
    /// Most steps of a miner that an epoch pays.
    pub steps: u16,
    /// Probes of a validator to a miner in an epoch.
    pub probes: u16,
    /// All miners, by uid.
    pub miners: Vec<MinerReport>,
    /// All validators, by uid.
    pub validators: Vec<ValidatorReport>,
    /// The epochs that were computed again.
    pub replays: Vec<ReplayReport>,
}

/// The outcome of `inktensor train replay` of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayReport {
    /// The epoch.
    pub epoch: u32,
    /// Exit code of the process. `None` if a signal ended it.
    pub exit: Option<i32>,
    /// Steps that were computed again.
    pub steps: u64,
    /// Held-out loss of the state in which the epoch ends, in nats a byte.
    pub loss: Option<f64>,
    /// The first false item, or the reason why there is no verdict.
    pub wrong: Option<String>,
}

/// The pace of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PaceReport {
    /// Milliseconds that the machine took for a sample of the work.
    pub sample_ms: u64,
    /// Seconds of the window in which validators ask.
    pub window: u16,
    /// Milliseconds between two blocks.
    pub block_ms: u64,
    /// Milliseconds for which blocks were held back in all.
    pub held_ms: u64,
}

/// A miner of a live run.
#[derive(Clone, Debug, Serialize)]
pub struct MinerReport {
    /// The uid.
    pub uid: u16,
    /// Name in the scenario.
    pub name: &'static str,
    /// Conduct of the miner.
    pub behaviour: &'static str,
    /// Verdicts of the honest validators' audited evidence.
    pub work: Work,
    /// Pay of each epoch as a miner, from epoch 0 on.
    pub paid: Vec<u64>,
}

impl MinerReport {
    /// Returns the pay from `epoch` on.
    pub fn paid_from(&self, epoch: u32) -> u64 {
        sum_from(&self.paid, epoch)
    }

    /// Returns the reason for the pay, in a few words.
    pub fn reason(&self) -> String {
        let Work {
            asked,
            right,
            wrong,
            late,
            unsigned,
            refused,
        } = self.work;
        if asked == 0 {
            return "was not asked".into();
        }
        if right == asked {
            return "every answer right and in time".into();
        }
        let parts = [
            (right, "right"),
            (wrong, "wrong"),
            (late, "late or silent"),
            (unsigned, "without its signature"),
            (refused, "refused"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, what)| match *count == asked {
                true => format!("all {what}"),
                false => format!("{count} {what}"),
            })
            .collect();
        parts.join(", ")
    }
}

/// Counts of verdicts on a miner's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Questions.
    pub asked: u32,
    /// Right answers in time.
    pub right: u32,
    /// Wrong answers.
    pub wrong: u32,
    /// Answers after the deadline, and silence.
    pub late: u32,
    /// Answers without the miner's signature.
    pub unsigned: u32,
    /// Signed refusals.
    pub refused: u32,
}

impl Work {
    /// Adds the counts of another sum.
    pub fn add(&mut self, other: &Work) {
        let add = |to: &mut u32, more: u32| *to = to.saturating_add(more);
        add(&mut self.asked, other.asked);
        add(&mut self.right, other.right);
        add(&mut self.wrong, other.wrong);
        add(&mut self.late, other.late);
        add(&mut self.unsigned, other.unsigned);
        add(&mut self.refused, other.refused);
    }
}

/// A validator of a live run.
#[derive(Clone, Debug, Serialize)]
pub struct ValidatorReport {
    /// The uid.
    pub uid: u16,
    /// Name in the scenario.
    pub name: &'static str,
    /// Conduct of the validator.
    pub behaviour: &'static str,
    /// True if the validator works by the rules.
    pub honest: bool,
    /// Stake at the beginning.
    pub stake: u64,
    /// Pay of each epoch as a validator, from epoch 0 on.
    pub paid: Vec<u64>,
    /// Verdicts of the auditor, by epoch.
    pub audits: Vec<AuditReport>,
}

impl ValidatorReport {
    /// Returns the dividends for a million rao of stake, from the first epoch on in which a copier
    /// has a consensus to copy.
    pub fn per_million(&self) -> u64 {
        let paid = u128::from(sum_from(&self.paid, FROM_EPOCH)).saturating_mul(1_000_000);
        let per = paid.checked_div(self.stake.into()).unwrap_or_default();
        u64::try_from(per).unwrap_or(u64::MAX)
    }

    /// Returns the number of audits with this exit code.
    pub fn audits_with(&self, code: i32) -> usize {
        let audits = self.audits.iter();
        audits.filter(|audit| audit.exit == Some(code)).count()
    }

    /// Returns the first false item that the last failed audit named.
    pub fn first_false(&self) -> Option<&str> {
        let failed = self.audits.iter().rev();
        let mut failed = failed.filter(|audit| audit.exit == Some(1));
        failed.find_map(|audit| audit.first_false.as_deref())
    }
}

/// The outcome of `inktensor evidence verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// The epoch.
    pub epoch: u32,
    /// Exit code of the process. `None` if a signal ended it.
    pub exit: Option<i32>,
    /// The first false item, as the process names it.
    pub first_false: Option<String>,
}

/// CPU time of the processes of one role.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CpuReport {
    /// The role.
    pub role: &'static str,
    /// Number of processes.
    pub processes: usize,
    /// Milliseconds on all cores. `None` where the system does not say.
    pub millis: Option<u64>,
}

/// Returns the sum of an epoch's entry and all later ones.
fn sum_from(by_epoch: &[u64], epoch: u32) -> u64 {
    let from = usize::try_from(epoch).unwrap_or(usize::MAX);
    let later = by_epoch.iter().skip(from);
    later.fold(0, |sum, paid| sum.saturating_add(*paid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miner(work: Work) -> MinerReport {
        MinerReport {
            uid: 1,
            name: "slow",
            behaviour: "",
            work,
            paid: vec![1, 2, 4, 8],
        }
    }

    #[test]
    fn pay_is_summed_from_an_epoch_on() {
        let miner = miner(Work::default());
        assert_eq!([0, 2, 4].map(|it| miner.paid_from(it)), [15, 12, 0]);
    }

    #[test]
    fn reason_names_what_happened() {
        let reason = |asked, right, late| {
            let work = Work {
                asked,
                right,
                late,
                ..Work::default()
            };
            miner(work).reason()
        };
        assert_eq!(reason(0, 0, 0), "was not asked");
        assert_eq!(reason(8, 8, 0), "every answer right and in time");
        assert_eq!(reason(8, 5, 3), "5 right, 3 late or silent");
        assert_eq!(reason(8, 0, 8), "all late or silent");
    }

    #[test]
    fn the_last_false_item_is_shown() {
        let audit = |exit, item: Option<&str>| AuditReport {
            epoch: 2,
            exit: Some(exit),
            first_false: item.map(String::from),
        };
        let validator = ValidatorReport {
            uid: 3,
            name: "copier",
            behaviour: "",
            honest: false,
            stake: 1,
            paid: Vec::new(),
            audits: vec![
                audit(1, Some("nothing pledged")),
                audit(1, Some("a receipt is missing")),
                audit(0, None),
            ],
        };
        assert_eq!(validator.first_false(), Some("a receipt is missing"));
        assert_eq!((validator.audits_with(1), validator.audits_with(0)), (2, 1));
    }

    #[test]
    fn dividends_are_counted_by_stake() {
        let validator = ValidatorReport {
            uid: 3,
            name: "small",
            behaviour: "",
            honest: true,
            stake: 4_000_000,
            paid: vec![0, 7, 9, 10, 30],
            audits: Vec::new(),
        };
        assert_eq!(validator.per_million(), 10);
        let without = ValidatorReport {
            stake: 0,
            ..validator
        };
        assert_eq!(without.per_million(), 0);
    }
}
