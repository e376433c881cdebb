//! The tables of docs/costs.md.

use crate::{messages::Sent, subnets::Figures};
use inktensor_client::{
    chain::{Bill, Cost},
    deploy::Deployed,
};
use inktensor_e2e_tests::network::Costs;

/// A version of the pallet's part of the costs.
type Of = fn(&Costs) -> &Bill;

/// The names of Yuma's phases, in order.
const PHASES: [&str; 5] = ["stake", "roster", "consensus", "bonds", "emission"];
/// A quarter of a block of two seconds, in picoseconds.
const QUARTER: u64 = 500_000_000_000;

/// Returns all tables, each under its heading.
pub fn all(deployed: &[Vec<Deployed>; 2], messages: &[Sent], figures: &[Figures]) -> String {
    [
        ("Messages", one_by_one(messages)),
        ("An epoch", epochs(figures)),
        ("A whole epoch", whole(figures)),
        ("Accesses of an epoch", accesses(figures)),
        ("Asserted or replayed", replayed(figures)),
        ("The kernel's steps", steps(figures)),
        ("A dispute", disputes(figures)),
        ("Inside a close and a settlement", inside(figures)),
        ("Deployment", deployment(deployed)),
    ]
    .map(|(heading, table)| format!("## {heading}\n\n{table}"))
    .join("\n\n")
}

pub fn one_by_one(messages: &[Sent]) -> String {
    let rows = messages.iter().map(|sent| {
        let what = match sent.when {
            "" => format!("`{}`", sent.message),
            when => format!("`{}`, {when}", sent.message),
        };
        let mut row = vec![sent.contract.to_owned(), what];
        row.extend(both(&sent.costs, |bill| bill.total));
        row.extend(counted(&sent.costs));
        row.push(sent.costs.v31.total.deposit.to_string());
        row
    });
    let heads = [
        "contract", "message", "time 31", "proof 31", "time 38", "proof 38", "read", "written",
        "calls", "deposit",
    ];
    table(&heads, 2, rows)
}

/// The messages that run an epoch.
fn runs(it: &Figures) -> [(&'static str, &Costs); 8] {
    [
        ("set_weights", &it.weights),
        ("close", &it.close),
        ("propose", &it.propose),
        ("finalize", &it.finalize),
        ("settle", &it.settle),
        ("finalize_and_settle", &it.finish),
        ("collect", &it.collect),
        ("roll_over", &it.roll_over),
    ]
}

fn plain(figures: &[Figures]) -> impl Iterator<Item = &Figures> {
    figures.iter().filter(|it| it.case.is_plain())
}

/// Returns a table with a row for each message that runs epochs, and each subnet.
fn epochs(figures: &[Figures]) -> String {
    let rows = plain(figures).flat_map(|it| {
        runs(it).map(|(message, costs)| {
            let mut row = vec![
                it.case.name(),
                format!("`{message}`"),
                costs.v31.calls.to_string(),
            ];
            for bill in [&costs.v31, &costs.v38] {
                row.push(milliseconds(bill.largest.ref_time));
                row.push(milliseconds(bill.total.ref_time));
                row.push(kibibytes(bill.largest.proof_size));
            }
            row.push(costs.v31.largest.deposit.to_string());
            row
        })
    });
    let heads = [
        "neurons x validators",
        "message",
        "calls",
        "time 31",
        "all",
        "proof 31",
        "time 38",
        "all",
        "proof 38",
        "deposit",
    ];
    table(&heads, 2, rows)
}

/// Returns a table of the sums of what a keeper and a proposer send for an epoch.
fn whole(figures: &[Figures]) -> String {
    let rows = plain(figures).map(|it| {
        let sent = [&it.close, &it.propose, &it.finish];
        let calls: u64 = sent.iter().map(|costs| costs.v31.calls).sum();
        let mut row = vec![it.case.name(), calls.to_string()];
        let versions: [Of; 2] = [of_31, of_38];
        for of in versions {
            let totals = sent.map(|costs| of(costs).total);
            row.push(milliseconds(totals.iter().map(|it| it.ref_time).sum()));
            row.push(kibibytes(totals.iter().map(|it| it.proof_size).sum()));
        }
        row
    });
    let heads = [
        "neurons x validators",
        "calls",
        "time 31",
        "proof 31",
        "time 38",
        "proof 38",
    ];
    table(&heads, 1, rows)
}

/// Returns a table of the cells that the messages of an epoch read and write.
fn accesses(figures: &[Figures]) -> String {
    let rows = plain(figures).flat_map(|it| {
        runs(it).map(|(message, costs)| {
            let mut row = vec![it.case.name(), format!("`{message}`")];
            row.extend(counted(costs));
            row
        })
    });
    let heads = [
        "neurons x validators",
        "message",
        "read",
        "written",
        "calls",
    ];
    table(&heads, 2, rows)
}

/// Returns a table of the same epochs asserted by a worker and replayed by the chain.
fn replayed(figures: &[Figures]) -> String {
    let rows = figures.iter().flat_map(|it| {
        it.replays.iter().map(|(steps, replay)| {
            let mut row = vec![
                it.case.name(),
                steps.to_string(),
                replay.v31.calls.to_string(),
            ];
            let versions: [Of; 2] = [of_31, of_38];
            for of in versions {
                let time = |costs: &Costs| of(costs).total.ref_time;
                let asserted = time(&it.close) + time(&it.propose) + time(&it.finalize);
                let replayed = time(&it.close) + time(replay);
                let ratio = |more: u64| {
                    let (replayed, asserted) = (replayed + more, asserted + more);
                    format!("{:.1}", replayed as f64 / asserted as f64)
                };
                row.extend([
                    milliseconds(asserted),
                    milliseconds(of(replay).largest.ref_time),
                    kibibytes(of(replay).largest.proof_size),
                    milliseconds(replayed),
                    ratio(0),
                    ratio(time(&it.settle)),
                ]);
            }
            row
        })
    });
    let heads = [
        "neurons x validators",
        "steps a `replay`",
        "calls",
        "asserted 31",
        "largest",
        "proof",
        "replayed",
        "ratio",
        "with `settle`",
        "asserted 38",
        "largest",
        "proof",
        "replayed",
        "ratio",
        "with `settle`",
    ];
    table(&heads, 1, rows)
}

fn steps(figures: &[Figures]) -> String {
    let rows = figures.iter().flat_map(|it| {
        let phases = PHASES.iter().zip(&it.steps);
        phases.map(|(phase, costs)| {
            let mut row = vec![it.case.name(), (*phase).to_owned()];
            for bill in [&costs.v31, &costs.v38] {
                row.push(milliseconds(average(bill)));
                row.push(milliseconds(bill.largest.ref_time));
            }
            row.push(kibibytes(costs.v38.largest.proof_size));
            row
        })
    });
    let heads = [
        "neurons x validators",
        "phase",
        "average 31",
        "largest 31",
        "average 38",
        "largest 38",
        "proof",
    ];
    table(&heads, 2, rows)
}

/// Returns a table of the largest dispute of each phase, with either weights.
fn disputes(figures: &[Figures]) -> String {
    let rows = figures.iter().flat_map(|it| {
        let versions: [(&str, Of); 2] = [("31", of_31), ("38", of_38)];
        versions.map(|(version, of)| {
            let mut row = vec![it.case.name(), version.to_owned()];
            let shown = |costs: &Costs| {
                let Cost {
                    ref_time,
                    proof_size,
                    ..
                } = of(costs).largest;
                format!("{}, {}", milliseconds(ref_time), kibibytes(proof_size))
            };
            row.extend(it.disputes.iter().map(shown));
            row.push(shown(&it.slash));
            let part = 100.0 * of(&it.slash).total.ref_time as f64 / QUARTER as f64;
            row.push(format!("{part:.1} %"));
            row.push(kibibytes(u64::try_from(it.assertion).unwrap_or(u64::MAX)));
            row
        })
    });
    let mut heads = vec!["neurons x validators", "weights"];
    heads.extend(PHASES);
    heads.extend([
        "the slowest, with its slash",
        "of a quarter block",
        "assertion",
    ]);
    table(&heads, 2, rows)
}

/// Returns a table of the parts of the epoch of 256 neurons and 64 validators.
fn inside(figures: &[Figures]) -> String {
    let Some(it) = figures.iter().find(|it| it.case.name() == "256 x 64") else {
        return String::new();
    };
    let row = |of: &str, contract: &str, message: &str, costs: &Costs| {
        let message = format!("`{message}`");
        let mut row = vec![of.to_owned(), contract.to_owned(), message];
        row.extend(both(costs, |bill| bill.largest));
        row.extend(counted(costs));
        row
    };
    let parts = it.parts.iter();
    let rows = [
        row("all of it", "epoch", "close", &it.close),
        row("all of it", "epoch", "settle", &it.settle),
    ]
    .into_iter()
    .chain(parts.map(|part| row(part.of, part.contract, part.message, &part.costs)))
    .chain([row("nothing", "kernel", "step", &it.nothing)]);
    let heads = [
        "part of", "contract", "message", "time 31", "proof 31", "time 38", "proof 38", "read",
        "written", "calls",
    ];
    table(&heads, 3, rows)
}

fn deployment([with_31, with_38]: &[Vec<Deployed>; 2]) -> String {
    let rows = with_31.iter().zip(with_38).map(|(it, later)| {
        let size = kibibytes(u64::try_from(it.size).unwrap_or(u64::MAX));
        let mut row = vec![it.name.to_owned(), size];
        for cost in [&it.cost, &later.cost] {
            row.extend([milliseconds(cost.ref_time), kibibytes(cost.proof_size)]);
        }
        row.push(it.cost.deposit.to_string());
        row
    });
    let heads = [
        "contract", "code", "time 31", "proof 31", "time 38", "proof 38", "deposit",
    ];
    table(&heads, 1, rows)
}

const fn of_31(costs: &Costs) -> &Bill {
    &costs.v31
}

const fn of_38(costs: &Costs) -> &Bill {
    &costs.v38
}

/// Returns time and proof of `of` the bill with either weights, as text.
fn both(costs: &Costs, of: impl Fn(&Bill) -> Cost) -> Vec<String> {
    [&costs.v31, &costs.v38]
        .into_iter()
        .map(of)
        .flat_map(|cost| [milliseconds(cost.ref_time), kibibytes(cost.proof_size)])
        .collect()
}

/// Returns the cells read and written and the calls, as text.
fn counted(costs: &Costs) -> [String; 3] {
    let accesses = costs.accesses();
    [accesses.reads, accesses.writes, accesses.calls].map(|count| count.to_string())
}

fn average(bill: &Bill) -> u64 {
    bill.total.ref_time.checked_div(bill.calls).unwrap_or(0)
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
    let kib = bytes as f64 / 1024.0;
    if kib < 100.0 {
        format!("{kib:.1} KiB")
    } else {
        format!("{kib:.0} KiB")
    }
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
