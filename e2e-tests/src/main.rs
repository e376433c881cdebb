//! The binary `inktensor-adversary`: counts the outcomes of false assertions and forged proofs.
//!
//! Exit codes: 0 if no lie survived and no honest assertion was lost, 1 if one was, 2 for bad
//! arguments.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use inktensor_e2e_tests::adversary::{Campaign, Report};
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    thread,
    time::Instant,
};

/// Posts false assertions about random epochs against an honest watcher, and disputes honest
/// assertions with forged proofs.
///
/// Each run has an epoch, a lie about it and four forged proofs. A run depends on the seed and its
/// number only. No lie may survive, and no honest assertion may be overturned.
#[derive(Parser)]
#[command(name = "inktensor-adversary", version)]
struct Arguments {
    /// Number of runs
    #[arg(long, default_value_t = 10_000)]
    runs: u64,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of threads; by default the number of cores
    #[arg(long)]
    threads: Option<usize>,
    /// Interval of runs that also go through the contracts; 0 for none
    #[arg(long, default_value_t = 1_000)]
    sample: u64,
    /// Number of the only run to make, as printed with a failure
    #[arg(long, value_name = "RUN")]
    only: Option<u64>,
}

fn main() -> ExitCode {
    let Arguments {
        runs,
        seed,
        threads,
        sample,
        only,
    } = Arguments::parse();
    let campaign = Campaign {
        seed,
        runs: only.map_or(0..runs, |run| run..run.saturating_add(1)),
        threads: threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
            .max(1),
        sample,
    };
    let start = Instant::now();
    let bar = progress(campaign.runs.end.saturating_sub(campaign.runs.start));
    let tally = campaign.run(&|| bar.inc(1));
    bar.finish_and_clear();
    let report = Report {
        campaign: &campaign,
        tally: &tally,
        elapsed: start.elapsed(),
    };
    // Standard output may be closed.
    let _ = writeln!(io::stdout(), "{report}");
    if tally.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

/// Returns a progress bar, which is hidden without a terminal.
fn progress(runs: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(runs);
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {bar:40} {pos}/{len} runs {per_sec} {eta}")
    {
        bar.set_style(style);
    }
    bar
}
