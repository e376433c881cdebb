//! `inktensor demo --live`: a network of processes on this machine, and what it promises.

use super::progress::Display;
use crate::{
    error::{Failure, Verdict},
    output::{
        self,
        format::{count, grouped, tao_rounded},
        table::{number, text, Room, Table},
        View,
    },
};
use inktensor_primitives::Rao;
use inktensor_simulation::live::{
    self,
    claims::{Claim, FROM_EPOCH},
    report::{LiveReport, MinerReport, TrainingReport, ValidatorReport},
    Settings,
};
use inktensor_worker::service::signals::{self, Stop};
use serde::Serialize;
use std::{
    env,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

/// Epochs of a run without --epochs: about two minutes.
const EPOCHS: u32 = 8;
/// Columns that every line fits in.
const COLUMNS: usize = 80;

/// Runs the command.
pub fn run(
    seed: u64,
    epochs: Option<u32>,
    json: bool,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let program = env::current_exe().map_err(|error| {
        Failure::input(format_args!(
            "the path of this program is not known: {error}"
        ))
    })?;
    let stop = Arc::new(Stop::default());
    signals::listen(Arc::clone(&stop)).map_err(Failure::input)?;
    let settings = Settings {
        seed,
        epochs: epochs.unwrap_or(EPOCHS),
        program,
        stop,
    };
    let mut display = Display::new();
    let finished = live::run(&settings, |progress| display.show(&progress));
    let elapsed = display.end();
    let shown = Live {
        report: finished.map_err(Failure::input)?,
        elapsed,
    };
    output::show(json, &shown, out)?;
    Ok(Verdict::of(shown.report.is_sound()))
}

/// The report of a live run, and the time that it took.
#[derive(Serialize)]
#[serde(transparent)]
struct Live {
    report: LiveReport,
    #[serde(skip)]
    elapsed: Duration,
}

impl View for Live {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        print(&self.report, self.elapsed, out)
    }
}

fn print(report: &LiveReport, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    let number = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    let (miners, validators) = (number(report.miners.len()), number(report.validators.len()));
    let pace = &report.pace;
    for line in [
        format!(
            "{}, {}, {}, seed {}, in {:.0} s",
            count(miners, "miner"),
            count(validators, "validator"),
            count(report.epochs, "epoch"),
            report.seed,
            elapsed.as_secs_f64()
        ),
        format!(
            "{} questions of a validator to a miner, in a window of {} s",
            report.questions, pace.window
        ),
        format!(
            "{} blocks an epoch, one every {} ms; blocks waited {:.1} s for processes",
            report.tempo,
            pace.block_ms,
            Duration::from_millis(pace.held_ms).as_secs_f64()
        ),
    ] {
        writeln!(out, "{line}")?;
    }
    for note in &report.notes {
        wrapped(out, &format!("Note: {note}."))?;
    }
    let title = "Miners: questions of honest validators, and pay over all epochs";
    miners_table(title, "asked", &report.miners, out)?;
    let title = format!(
        "Validators: dividends in TAO; per million of stake from epoch {FROM_EPOCH} on, in rao"
    );
    validators_table(&title, &report.validators, out)?;
    training(&report.training, out)?;
    cpu(report, out)?;
    writeln!(out, "\nOne machine does not show")?;
    for property in &report.not_shown {
        wrapped(out, &format!("- {property}"))?;
    }
    claims(&report.claims, out)
}

/// Prints the training: its miners, its validators, and the epochs that were computed again.
fn training(training: &TrainingReport, out: &mut dyn Write) -> io::Result<()> {
    let title = format!(
        "Miners of the training, of {} an epoch each; probes of honest validators",
        count(training.steps, "step")
    );
    miners_table(&title, "probes", &training.miners, out)?;
    let title = "Validators of the training: dividends in the same units";
    validators_table(title, &training.validators, out)?;
    let columns = [
        number("epoch"),
        number("steps"),
        number("loss"),
        text("computed again"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    for replay in &training.replays {
        let loss = replay.loss.map(|loss| format!("{loss:.3}"));
        let verdict = match (replay.exit, &replay.wrong) {
            (Some(0), _) => "every state is the same",
            (_, Some(wrong)) => wrong,
            _ => "no verdict",
        };
        rows.row([
            replay.epoch.to_string(),
            replay.steps.to_string(),
            loss.unwrap_or_default(),
            verdict.into(),
        ]);
    }
    writeln!(
        out,
        "\nThe model: held-out loss after each epoch, in nats a byte\n"
    )?;
    rows.print(out)
}

fn miners_table(
    title: &str,
    asked: &'static str,
    miners: &[MinerReport],
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = [
        number("uid"),
        text("miner"),
        number(asked),
        number("right"),
        number("late"),
        number("TAO"),
        text("what it does, and why the pay"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    for miner in miners {
        let work = miner.work;
        rows.row([
            miner.uid.to_string(),
            miner.name.into(),
            work.asked.to_string(),
            work.right.to_string(),
            work.late.to_string(),
            tao(miner.paid_from(0)),
            miner.behaviour.into(),
        ]);
        if work.right < work.asked || work.asked == 0 {
            let reason = miner.reason();
            rows.row(["", "", "", "", "", "", &reason].map(String::from));
        }
    }
    writeln!(out, "\n{title}\n")?;
    rows.print(out)
}

fn validators_table(
    title: &str,
    validators: &[ValidatorReport],
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = [
        number("uid"),
        text("validator"),
        number("stake TAO"),
        number("dividends"),
        number("per million"),
        text("audit"),
        text("what it does"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    for validator in validators {
        let dividends = validator
            .paid
            .iter()
            .fold(0u64, |sum, it| sum.saturating_add(*it));
        rows.row([
            validator.uid.to_string(),
            validator.name.into(),
            tao_rounded(Rao(validator.stake), 0),
            tao(dividends),
            grouped(validator.per_million()),
            verdict(validator),
            validator.behaviour.into(),
        ]);
    }
    writeln!(out, "\n{title}\n")?;
    rows.print(out)?;
    for validator in validators {
        if let Some(item) = validator.first_false() {
            wrapped(out, &format!("{}: {item}", validator.name))?;
        }
    }
    Ok(())
}

/// Returns the outcome of all audits of a validator in a word.
fn verdict(validator: &ValidatorReport) -> String {
    let (all, passed) = (validator.audits.len(), validator.audits_with(0));
    let failed = validator.audits_with(1);
    match (passed == all, failed == all) {
        _ if all == 0 => "none".into(),
        (true, _) => format!("{passed} pass"),
        (_, true) => format!("{failed} fail"),
        _ => format!("{passed} of {all}"),
    }
}

fn cpu(report: &LiveReport, out: &mut dyn Write) -> io::Result<()> {
    let columns = [text("role"), number("processes"), number("CPU s")];
    let mut rows = Table::new(Room::Narrow, columns);
    for role in &report.cpu {
        let seconds = role
            .millis
            .map(|it| Duration::from_millis(it).as_secs_f64());
        rows.row([
            role.role.into(),
            role.processes.to_string(),
            seconds.map_or_else(|| "not known".into(), |it| format!("{it:.1}")),
        ]);
    }
    writeln!(out, "\nCPU time\n")?;
    rows.print(out)
}

fn claims(claims: &[Claim], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nClaims, about epochs from {FROM_EPOCH} on where pay is compared\n"
    )?;
    for claim in claims {
        let verdict = if claim.holds { "holds" } else { "FAILS" };
        let line = format!(
            "{verdict}  {}: {} ({})",
            claim.claim, claim.found, claim.bound
        );
        wrapped(out, &line)?;
    }
    let failed = claims.iter().filter(|claim| !claim.holds).count();
    match failed {
        0 => writeln!(out, "\nAll {} claims hold.", claims.len()),
        failed => writeln!(out, "\n{failed} of {} claims fail.", claims.len()),
    }
}

/// Prints a text in lines that fit, the later ones indented.
fn wrapped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    const INDENT: &str = "       ";
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        let length = line.chars().count() + word.trim_end().chars().count();
        if length > COLUMNS && !line.trim().is_empty() {
            writeln!(out, "{}", line.trim_end())?;
            line = INDENT.into();
        }
        line.push_str(word);
    }
    writeln!(out, "{}", line.trim_end())
}

/// Returns an amount with four decimals. Not even a rao is shown as nothing.
fn tao(amount: u64) -> String {
    match amount {
        0 => "0".into(),
        1..100_000 => "< 0.0001".into(),
        amount => tao_rounded(Rao(amount), 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_simulation::live::report::{
        AuditReport, CpuReport, PaceReport, ReplayReport, Work,
    };

    fn report() -> LiveReport {
        let item = "2: the receipt of question 0 to uid 5 is missing";
        let validator = |name, honest: bool| ValidatorReport {
            uid: 1,
            name,
            behaviour: "its miner times 3",
            honest,
            stake: 11_000_000_000_000,
            paid: vec![0, 123_456_789_012],
            audits: vec![AuditReport {
                epoch: 1,
                exit: Some(i32::from(!honest)),
                first_false: (!honest).then(|| item.into()),
            }],
        };
        let miner = |name, right| MinerReport {
            uid: 17,
            name,
            behaviour: "every second is late",
            work: Work {
                asked: 224,
                right,
                late: 224 - right,
                ..Work::default()
            },
            paid: vec![0, u64::from(right) * 1_000_000_000],
        };
        LiveReport {
            seed: u64::MAX,
            epochs: 8,
            first_asked: Some(1),
            tempo: 20,
            pace: PaceReport {
                sample_ms: 4,
                window: 30,
                block_ms: 1_500,
                held_ms: 123_456,
            },
            questions: 4,
            miners: vec![
                miner("good-1", 224),
                miner("slow", 112),
                miner("offline", 0),
            ],
            validators: vec![validator("large", true), validator("favourer", false)],
            training: TrainingReport {
                steps: 12,
                probes: 3,
                miners: vec![miner("pupil-1", 224), miner("other-start", 0)],
                validators: vec![validator("large", true)],
                replays: vec![
                    ReplayReport {
                        epoch: 2,
                        exit: Some(0),
                        steps: 24,
                        loss: Some(4.75),
                        wrong: None,
                    },
                    ReplayReport {
                        epoch: 3,
                        exit: Some(1),
                        steps: 24,
                        loss: None,
                        wrong: Some("the next state is 0x01.., not 0x02..".into()),
                    },
                ],
            },
            claims: vec![
                Claim {
                    claim: "evidence of favourer fails the audit".into(),
                    bound: "exit 1, first false item named".into(),
                    found: format!("exit 1 in 7 of 7: {item}"),
                    holds: true,
                },
                Claim {
                    claim: "pay of int8 from epoch 3 on".into(),
                    bound: "0 TAO".into(),
                    found: "0.000000001 TAO".into(),
                    holds: false,
                },
            ],
            cpu: vec![CpuReport {
                role: "demo: models and cheats",
                processes: 1,
                millis: None,
            }],
            not_shown: vec!["distance and bandwidth: every answer takes the way of one machine"],
            notes: vec!["this machine is slow or busy ".repeat(4)],
        }
    }

    #[test]
    fn every_line_fits_eighty_columns() {
        let mut out = Vec::new();
        print(&report(), Duration::from_secs(3_600), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
        assert!(text.contains("1 of 2 claims fail."), "{text}");
        assert!(text.contains("FAILS  pay of int8"), "{text}");
        assert!(text.contains("holds  evidence of favourer"), "{text}");
        assert!(text.contains("112 right, 112 late or silent"), "{text}");
        assert!(text.contains("4.750"), "{text}");
        assert!(text.contains("the next state is 0x01"), "{text}");
        assert!(
            text.contains("favourer: 2: the receipt of question 0"),
            "{text}"
        );
    }

    #[test]
    fn a_small_amount_is_not_shown_as_nothing() {
        assert_eq!([0, 1, 99_999].map(tao), ["0", "< 0.0001", "< 0.0001"]);
        assert_eq!(tao(100_000), "0.0001");
    }
}
