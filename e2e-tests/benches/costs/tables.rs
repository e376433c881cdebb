//! The tables of docs/costs.md.

use crate::{messages::Sent, subnets::Figures};
use inktensor_client::{
    chain::{Bill, Cost},
    deploy::Deployed,
};

/// The names of Yuma's phases, in order.
const PHASES: [&str; 5] = ["stake", "roster", "consensus", "bonds", "emission"];
/// A quarter of a block of two seconds, in picoseconds.
const QUARTER: u64 = 500_000_000_000;

/// Returns all tables, each under its heading.
pub fn all(deployed: &[Deployed], messages: &[Sent], figures: &[Figures]) -> String {
    [
        ("Messages", one_by_one(messages)),
        ("An epoch", epochs(figures)),
        ("Asserted or replayed", replayed(figures)),
        ("The kernel's steps", steps(figures)),
        ("A dispute", disputes(figures)),
        ("Inside a close and a settlement", inside(figures)),
        ("Deployment", deployment(deployed)),
    ]
    .map(|(heading, table)| format!("## {heading}\n\n{table}"))
    .join("\n\n")
}

fn one_by_one(messages: &[Sent]) -> String {
    let rows = messages.iter().map(|sent| {
        let what = match sent.when {
            "" => format!("`{}`", sent.message),
            when => format!("`{}`, {when}", sent.message),
        };
        let [time, proof, deposit] = shown(&sent.cost);
        vec![sent.contract.to_owned(), what, time, proof, deposit]
    });
    table(
        &["contract", "message", "ref_time", "proof", "deposit"],
        2,
        rows,
    )
}

/// Returns a table with a row for each message that runs epochs, and each subnet.
fn epochs(figures: &[Figures]) -> String {
    let plain = figures.iter().filter(|it| !it.case.liquid_alpha);
    let rows = plain.flat_map(|it| {
        let row = |message: &str, bill: &Bill| {
            let [time, proof, deposit] = shown(&bill.largest);
            let name = it.case.name();
            let all = milliseconds(bill.total.ref_time);
            vec![
                name,
                format!("`{message}`"),
                bill.calls.to_string(),
                time,
                all,
                proof,
                deposit,
            ]
        };
        [
            row("set_weights", &it.weights),
            row("close", &it.close),
            row("propose", &it.propose),
            row("finalize", &it.finalize),
            row("settle", &it.settle),
            row("collect", &it.collect),
            row("roll_over", &it.roll_over),
        ]
    });
    table(
        &[
            "neurons x validators",
            "message",
            "calls",
            "ref_time, largest",
            "ref_time, all",
            "proof, largest",
            "deposit, largest",
        ],
        2,
        rows,
    )
}

/// Returns a table of the same epochs asserted by a worker and replayed by the chain.
fn replayed(figures: &[Figures]) -> String {
    let rows = figures.iter().flat_map(|it| {
        it.replays.iter().map(|(steps, replay)| {
            let time = |bill: &Bill| bill.total.ref_time;
            let asserted = time(&it.close) + time(&it.propose) + time(&it.finalize);
            let replayed = time(&it.close) + time(replay);
            let ratio = |more: u64| {
                let (replayed, asserted) = (replayed + more, asserted + more);
                format!("{:.1}", replayed as f64 / asserted as f64)
            };
            vec![
                it.case.name(),
                milliseconds(asserted),
                steps.to_string(),
                replay.calls.to_string(),
                milliseconds(replay.largest.ref_time),
                kibibytes(replay.largest.proof_size),
                milliseconds(replayed),
                ratio(0),
                ratio(time(&it.settle)),
            ]
        })
    });
    table(
        &[
            "neurons x validators",
            "asserted: `close`, `propose`, `finalize`",
            "steps a `replay`",
            "calls",
            "the largest",
            "its proof",
            "replayed: `close`, all `replay`",
            "ratio",
            "with `settle` in both",
        ],
        1,
        rows,
    )
}

fn steps(figures: &[Figures]) -> String {
    let rows = figures.iter().flat_map(|it| {
        let phases = PHASES.iter().zip(&it.steps);
        phases.map(|(phase, bill)| {
            let [time, proof, _] = shown(&bill.largest);
            let average = milliseconds(average(bill));
            vec![it.case.name(), (*phase).to_owned(), average, time, proof]
        })
    });
    table(
        &[
            "neurons x validators",
            "phase",
            "ref_time, average",
            "ref_time, largest",
            "proof, largest",
        ],
        2,
        rows,
    )
}

fn disputes(figures: &[Figures]) -> String {
    let rows = figures.iter().map(|it| {
        let mut row = vec![it.case.name()];
        let largest = |bill: &Bill| milliseconds(bill.largest.ref_time);
        row.extend(it.disputes.iter().map(largest));
        row.push(milliseconds(it.slash.ref_time));
        let part = 100.0 * it.slash.ref_time as f64 / QUARTER as f64;
        row.push(format!("{part:.1} %"));
        row.push(kibibytes(it.slash.proof_size));
        row.push(kibibytes(u64::try_from(it.assertion).unwrap_or(u64::MAX)));
        row
    });
    let mut heads = vec!["neurons x validators"];
    heads.extend(PHASES);
    heads.extend([
        "heaviest, with its slash",
        "of a quarter block",
        "its proof",
        "assertion",
    ]);
    table(&heads, 1, rows)
}

/// Returns a table of the parts of the epoch of 256 neurons and 64 validators.
fn inside(figures: &[Figures]) -> String {
    let Some(it) = figures.iter().find(|it| it.case.name() == "256 x 64") else {
        return String::new();
    };
    let whole = |bill: &Bill| bill.largest;
    let row = |of: &str, contract: &str, message: &str, cost: &Cost| {
        let [time, proof, _] = shown(cost);
        let message = format!("`{message}`");
        vec![of.to_owned(), contract.to_owned(), message, time, proof]
    };
    let parts = it.parts.iter();
    let rows = [
        row("all of it", "epoch", "close", &whole(&it.close)),
        row("all of it", "epoch", "settle", &whole(&it.settle)),
    ]
    .into_iter()
    .chain(parts.map(|part| row(part.of, part.contract, part.message, &part.cost)))
    .chain([row("nothing", "kernel", "step", &it.nothing)]);
    table(
        &["part of", "contract", "message", "ref_time", "proof"],
        3,
        rows,
    )
}

fn deployment(deployed: &[Deployed]) -> String {
    let rows = deployed.iter().map(|it| {
        let [time, proof, deposit] = shown(&it.cost);
        let size = kibibytes(u64::try_from(it.size).unwrap_or(u64::MAX));
        vec![it.name.to_owned(), size, time, proof, deposit]
    });
    table(
        &["contract", "code", "ref_time", "proof", "deposit"],
        1,
        rows,
    )
}

fn average(bill: &Bill) -> u64 {
    bill.total.ref_time.checked_div(bill.calls).unwrap_or(0)
}

/// Returns time, proof and deposit as text.
fn shown(cost: &Cost) -> [String; 3] {
    [
        milliseconds(cost.ref_time),
        kibibytes(cost.proof_size),
        cost.deposit.to_string(),
    ]
}

fn milliseconds(picoseconds: u64) -> String {
    let ms = picoseconds as f64 / 1e9;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

fn kibibytes(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

/// Returns a table whose first `names` columns are text.
fn table(heads: &[&str], names: usize, rows: impl Iterator<Item = Vec<String>>) -> String {
    let rule = |place| if place < names { "---" } else { "---:" };
    let rules: Vec<&str> = (0..heads.len()).map(rule).collect();
    let mut lines = vec![heads.join(" | "), rules.join(" | ")];
    lines.extend(rows.map(|cells| cells.join(" | ")));
    lines
        .iter()
        .map(|line| format!("| {line} |"))
        .collect::<Vec<_>>()
        .join("\n")
}
