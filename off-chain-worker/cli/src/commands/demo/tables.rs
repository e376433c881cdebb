//! The report in tables, for a terminal of 100 columns.

use crate::output::{
    format::{count, grouped, share, short, tao_rounded},
    table::{number, text, Room, Table},
};
use inktensor_primitives::Rao;
use inktensor_simulation::report::{
    EpochReport, Equation, NeuronReport, Report, SubnetReport, Term,
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

/// The most validators of a subnet that are shown.
const VALIDATORS: usize = 20;
/// The most miners of a subnet that are shown.
const MINERS: usize = 8;
/// The most neurons of a kind that are shown, the best paid first.
const BEST_PAID: usize = 6;

/// Prints all tables.
pub fn print(report: &Report, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    let subnets = report.subnets.len();
    writeln!(
        out,
        "{subnets} subnets, {} epochs, {} blocks, seed {}, in {:.1} s",
        report.epochs.len(),
        report.block,
        report.seed,
        elapsed.as_secs_f64()
    )?;
    for note in &report.notes {
        writeln!(out, "Note: {note}.")?;
    }
    contracts(report, out)?;
    for subnet in &report.subnets {
        metagraph(subnet, out)?;
        pay(subnet, out)?;
    }
    nominators(report, out)?;
    digests(report, out)?;
    gas(report, out)?;
    time(report, out)?;
    supply(report, out)
}

fn show(out: &mut dyn Write, title: &str, table: &Table) -> io::Result<()> {
    writeln!(out, "\n{title}\n")?;
    table.print(out)
}

fn contracts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        text("contract"),
        text("address"),
        text("code hash"),
        number("KiB"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    for contract in &report.contracts {
        rows.row([
            contract.name.to_owned(),
            short(&contract.address, 12, 8),
            short(&contract.code_hash, 18, 8),
            format!("{:.1}", contract.size as f64 / 1024.0),
        ]);
    }
    show(out, "Contracts", &rows)
}

fn metagraph(subnet: &SubnetReport, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        number("uid"),
        text("role"),
        text("hotkey"),
        number("stake TAO"),
        text("permit"),
        number("share"),
        number("consensus"),
        number("trust"),
        number("incentive"),
        number("dividends"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    let shown = shown(subnet);
    for neuron in &shown {
        rows.row([
            neuron.uid.to_string(),
            neuron.role.to_owned(),
            short(&neuron.hotkey, 4, 4),
            tao(neuron.stake, 2),
            match (neuron.permit, neuron.active) {
                (true, true) => "yes".into(),
                (true, false) => "stale".into(),
                (false, _) => String::new(),
            },
            share(neuron.stake_weight),
            share(neuron.consensus),
            share(neuron.validator_trust),
            share(neuron.incentive),
            share(neuron.dividends),
        ]);
    }
    let title = format!(
        "Subnet {} \"{}\": kernel {}, {} blocks an epoch\n{}\n\nMetagraph after the last epoch",
        subnet.netuid, subnet.name, subnet.kernel, subnet.tempo, subnet.rule
    );
    show(out, &title, &rows)?;
    more(out, subnet.neurons.len().saturating_sub(shown.len()))
}

/// Returns the largest validators, then the best miners.
fn shown(subnet: &SubnetReport) -> Vec<&NeuronReport> {
    let mut validators: Vec<&NeuronReport> = subnet.neurons.iter().filter(|n| n.permit).collect();
    validators.sort_by_key(|neuron| std::cmp::Reverse(neuron.stake_weight));
    validators.truncate(VALIDATORS);
    let mut miners: Vec<&NeuronReport> = subnet.neurons.iter().filter(|n| !n.permit).collect();
    miners.sort_by_key(|neuron| std::cmp::Reverse(neuron.incentive));
    miners.truncate(MINERS);
    validators.extend(miners);
    validators
}

fn more(out: &mut dyn Write, neurons: usize) -> io::Result<()> {
    match u32::try_from(neurons).unwrap_or(u32::MAX) {
        0 => Ok(()),
        more => writeln!(out, " and {}, see --json", count(more, "more neuron")),
    }
}

/// Neurons that are paid for the same reason.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Paid mostly by dividends.
    Validator(&'static str),
    /// Paid mostly by incentive.
    Miner,
    /// Not paid at all, although with a permit.
    IdlePermit(&'static str),
    /// Not paid at all.
    Nothing(&'static str),
}

impl Kind {
    fn of(neuron: &NeuronReport) -> Self {
        let paid = &neuron.paid;
        if paid.total() == 0 && neuron.permit {
            Kind::IdlePermit(neuron.role)
        } else if paid.total() == 0 {
            Kind::Nothing(neuron.role)
        } else if paid.miner.saturating_mul(2) > paid.total() {
            Kind::Miner
        } else {
            Kind::Validator(neuron.role)
        }
    }

    /// Returns the most neurons of the kind that are shown.
    const fn shown(self) -> usize {
        match self {
            Kind::Validator(_) | Kind::Miner => BEST_PAID,
            Kind::IdlePermit(_) | Kind::Nothing(_) => 1,
        }
    }
}

fn pay(subnet: &SubnetReport, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        number("uid"),
        text("role"),
        number("mined"),
        number("take"),
        number("stakers"),
        number("TAO in all"),
        text("why"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    let mut ranked: Vec<&NeuronReport> = subnet.neurons.iter().collect();
    ranked.sort_by_key(|neuron| std::cmp::Reverse(neuron.paid.total()));
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for neuron in ranked {
        let kind = Kind::of(neuron);
        let before = kinds.entry(kind).or_default();
        *before += 1;
        if *before > kind.shown() {
            continue;
        }
        rows.row([
            neuron.uid.to_string(),
            neuron.role.to_owned(),
            tao(neuron.paid.miner, 3),
            tao(neuron.paid.take, 3),
            tao(neuron.paid.stakers, 3),
            tao(neuron.paid.total(), 3),
            neuron.reason.clone(),
        ]);
    }
    let paid: u64 = subnet.neurons.iter().map(|n| n.paid.total()).sum();
    let title = format!(
        "Subnet {}: pay over all epochs, and the reason. {} TAO in all",
        subnet.netuid,
        tao(paid, 9)
    );
    show(out, &title, &rows)?;
    more(out, subnet.neurons.len().saturating_sub(rows.len()))
}

fn nominators(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.nominators.is_empty() {
        return Ok(());
    }
    let columns = [
        number("subnet"),
        text("nominator"),
        number("on uid"),
        number("staked TAO"),
        number("worth TAO"),
        number("gain TAO"),
        text("when"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    let mut facts: Vec<_> = report.nominators.iter().collect();
    facts.sort_by_key(|fact| (fact.netuid, fact.joined, fact.uid));
    for fact in facts {
        let gain = i128::from(fact.worth) - i128::from(fact.staked);
        let sign = if gain < 0 { "-" } else { "" };
        rows.row([
            fact.netuid.to_string(),
            short(&fact.coldkey, 6, 4),
            fact.uid.to_string(),
            tao(fact.staked, 4),
            tao(fact.worth, 4),
            format!(
                "{sign}{}",
                tao(u64::try_from(gain.unsigned_abs()).unwrap_or(u64::MAX), 9)
            ),
            match (fact.joined, fact.left) {
                (0, None) => "from the start".into(),
                (joined, None) => format!("from epoch {joined}"),
                (0, Some(left)) => format!("left in epoch {left}"),
                (joined, Some(left)) => format!("epochs {joined} to {left}"),
            },
        ]);
    }
    show(out, "Nominators", &rows)
}

fn digests(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        number("subnet"),
        number("epoch"),
        number("block"),
        number("steps"),
        number("permits"),
        number("budget TAO"),
        number("paid TAO"),
        text("header"),
        text("assertion"),
        text("engines"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    for epoch in &report.epochs {
        rows.row([
            epoch.netuid.to_string(),
            epoch.epoch.to_string(),
            epoch.closed_at.to_string(),
            epoch.steps.to_string(),
            epoch.permits.to_string(),
            tao(
                epoch.budget_miners.saturating_add(epoch.budget_validators),
                4,
            ),
            tao(epoch.paid, 4),
            start(&epoch.header),
            start(&epoch.assertion),
            if epoch.engines_agree {
                "agree"
            } else {
                "DIFFER"
            }
            .to_owned(),
        ]);
    }
    show(
        out,
        "Epochs: budgets of miners and validators, and digests (in full with --json)",
        &rows,
    )?;
    if report.epochs.iter().all(|epoch| epoch.engines_agree) {
        return Ok(());
    }
    writeln!(
        out,
        " The engines DIFFER. Is the built kernel older than its source? Run `cargo xtask build`."
    )
}

/// Returns the first letters of a hash.
fn start(hash: &str) -> String {
    hash.chars().take(10).collect()
}

fn gas(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        text("contract"),
        text("message"),
        number("calls"),
        number("ms average"),
        number("ms largest"),
        number("proof KiB"),
        number("deposit"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    let ms = |picoseconds: u64| format!("{:.2}", picoseconds as f64 / 1e9);
    for fact in &report.messages {
        rows.row([
            fact.contract.to_owned(),
            fact.message.clone(),
            grouped(fact.calls),
            ms(fact.ref_time_average),
            ms(fact.ref_time_largest),
            grouped(fact.proof_size_largest.div_ceil(1024)),
            grouped(fact.deposit),
        ]);
    }
    let title = format!(
        "Gas per call (pallet-contracts {}; one unit of deposit per byte and per item)",
        report.pallet_contracts
    );
    show(out, &title, &rows)
}

fn time(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        number("subnet"),
        text("phase"),
        number("wasmtime µs"),
        number("native µs"),
        number("ratio"),
    ];
    let mut rows = Table::new(Room::Narrow, columns);
    for subnet in &report.subnets {
        let mut all = (0.0, 0.0);
        let phases = average_times(report, subnet.netuid);
        let mut line = |name: &str, (wasm, native): (f64, f64)| {
            rows.row([
                subnet.netuid.to_string(),
                name.to_owned(),
                format!("{wasm:.1}"),
                format!("{native:.1}"),
                format!("{:.1}", wasm / native.max(f64::MIN_POSITIVE)),
            ]);
        };
        for (name, time) in phases {
            all = (all.0 + time.0, all.1 + time.1);
            line(&name, time);
        }
        line("all", all);
    }
    let title =
        "Time per phase: average over the epochs, best of 3 each (wasmtime: one core, native: all)";
    show(out, title, &rows)
}

/// Returns the phases of a subnet's epochs in order, with their average time in wasmtime and
/// natively.
fn average_times(report: &Report, netuid: u16) -> Vec<(String, (f64, f64))> {
    let epochs: Vec<&EpochReport> = report
        .epochs
        .iter()
        .filter(|epoch| epoch.netuid == netuid)
        .collect();
    let count = epochs.len().max(1) as f64;
    let mut averages: Vec<(String, (f64, f64))> = Vec::new();
    for phase in epochs.iter().flat_map(|epoch| &epoch.phases) {
        let time = (phase.wasm_us / count, phase.native_us / count);
        match averages.iter_mut().find(|(name, _)| *name == phase.phase) {
            Some((_, sum)) => *sum = (sum.0 + time.0, sum.1 + time.1),
            None => averages.push((phase.phase.clone(), time)),
        }
    }
    averages
}

fn supply(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nSupply check, in TAO\n")?;
    for equation in &report.supply {
        let mark = if equation.holds { "ok" } else { "WRONG" };
        writeln!(out, " {mark:<6}{}", equation.what)?;
        side(out, equation, &equation.left, "")?;
        side(out, equation, &equation.right, "=")?;
    }
    let wrong = report.supply.iter().filter(|equation| !equation.holds);
    match wrong.count() {
        0 => writeln!(out, "\n Every rao is accounted for."),
        wrong => writeln!(out, "\n {wrong} sums are WRONG."),
    }
}

/// Returns an amount in TAO.
fn tao(rao: u64, decimals: usize) -> String {
    tao_rounded(Rao(rao), decimals)
}

/// Prints one side of an equation: its terms, and their sum if there are several.
fn side(out: &mut dyn Write, equation: &Equation, terms: &[Term], sign: &str) -> io::Result<()> {
    let several = terms.len() > 1;
    for (place, term) in terms.iter().enumerate() {
        let sign = match (place, sign) {
            (0, sign) => sign,
            (_, _) => "+",
        };
        let amount = tao(term.rao, 9);
        writeln!(out, "       {sign:>2} {:<48}{amount:>24}", term.what)?;
    }
    if several {
        let sum: u128 = terms.iter().map(|term| u128::from(term.rao)).sum();
        let sum = u64::try_from(sum).unwrap_or(u64::MAX);
        let what = if equation.holds { "sum" } else { "sum, WRONG" };
        writeln!(out, "          {what:<48}{:>24}", tao(sum, 9))?;
    }
    Ok(())
}
