//! The report of a campaign: tables and a summary.

use super::{
    campaign::Campaign,
    run::Kinds,
    tally::{Failure, Tally},
};
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use std::{fmt, time::Duration};

/// Most failures printed one by one.
const LISTED: usize = 20;

/// The report of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The counts.
    pub tally: &'a Tally,
    /// The duration.
    pub elapsed: Duration,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            campaign,
            tally,
            elapsed,
        } = self;
        let (lies, proofs) = (tally.all_lies(), tally.all_proofs());
        let lie_rows = tally
            .lies
            .iter()
            .map(|(kind, it)| [kind.clone(), it.slashed.to_string(), it.refused.to_string()]);
        let proof_rows = tally.proofs.iter().map(|(kind, it)| {
            [
                kind.clone(),
                it.correct.to_string(),
                it.unopened.to_string(),
                it.refused.to_string(),
            ]
        });
        let lie_table = table(["lie", "slashed", "refused"], lie_rows);
        let proof_table = table(
            [
                "proof against an honest assertion",
                "step correct",
                "not opened",
                "refused",
            ],
            proof_rows,
        );
        let contest_rows = tally
            .contests
            .iter()
            .map(|(kind, count)| [kind.clone(), count.to_string()]);
        let contest_table = table(
            ["assertions side by side", "the truth is final"],
            contest_rows,
        );
        writeln!(f, "{lie_table}\n\n{proof_table}\n\n{contest_table}\n")?;
        for failure in tally.failures.iter().take(LISTED) {
            let Failure {
                run,
                attack,
                broken,
            } = failure;
            writeln!(f, "FAILED run {run} ({attack}): {broken}")?;
            writeln!(
                f,
                "  again: inktensor-adversary --seed {} --sample {} --only {run}",
                campaign.seed, campaign.sample
            )?;
        }
        if tally.failures.len() > LISTED {
            writeln!(f, "... and {} more", tally.failures.len() - LISTED)?;
        }
        let seconds = elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let kinds = Kinds::all();
        writeln!(
            f,
            "{} runs under seed {} in {seconds:.1} s, {:.0} a second; {} also through the contracts",
            tally.runs,
            campaign.seed,
            tally.runs as f64 / seconds,
            tally.on_chain
        )?;
        writeln!(
            f,
            "lies: {} of {} of {} kinds: {} slashed, {} refused by the contract",
            lies.slashed + lies.refused,
            tally.lies.len(),
            kinds.of_lies(),
            lies.slashed,
            lies.refused
        )?;
        writeln!(
            f,
            "proofs against honest assertions: {} of {} of {} kinds: {} about a correct step, {} did not open, {} refused",
            proofs.correct + proofs.unopened + proofs.refused,
            tally.proofs.len(),
            kinds.of_proofs(),
            proofs.correct,
            proofs.unopened,
            proofs.refused
        )?;
        writeln!(
            f,
            "assertions side by side: {} contests of {} of {} kinds, each ended by the truth",
            tally.contests.values().sum::<u64>(),
            tally.contests.len(),
            kinds.of_contests()
        )?;
        let other = tally.failures.len() - tally.survivors() - tally.honest_losses();
        write!(
            f,
            "survivors: {}, honest losses: {}, other failures: {other}",
            tally.survivors(),
            tally.honest_losses()
        )
    }
}

/// Returns a table of numbers with a first column of text.
fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
        .set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((1, 0));
    }
    for column in 1..N {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
