//! The story in tables, for a terminal of 100 columns.

use crate::output::format::{grouped, share, short, tao};
use crate::output::table::table;
use comfy_table::Table;
use inktensor_simulation::report::{EpochFact, Equation, NeuronFact, Story, SubnetFact, Term};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

/// Validators of a subnet that are shown.
const VALIDATORS: usize = 20;
/// Miners of a subnet that are shown.
const MINERS: usize = 8;
/// The best paid neurons of a kind that are shown.
const BEST_PAID: usize = 6;

/// Prints all tables.
pub fn print(story: &Story, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    let subnets = story.subnets.len();
    writeln!(
        out,
        "{subnets} subnets, {} epochs, {} blocks, seed {}, in {:.1} s",
        story.epochs.len(),
        story.block,
        story.seed,
        elapsed.as_secs_f64()
    )?;
    for note in &story.notes {
        writeln!(out, "Note: {note}.")?;
    }
    contracts(story, out)?;
    for subnet in &story.subnets {
        metagraph(subnet, out)?;
        pay(subnet, out)?;
    }
    nominators(story, out)?;
    digests(story, out)?;
    gas(story, out)?;
    time(story, out)?;
    supply(story, out)
}

fn show(out: &mut dyn Write, title: &str, table: &Table) -> io::Result<()> {
    writeln!(out, "\n{title}\n")?;
    writeln!(out, "{}", table.trim_fmt())
}

fn contracts(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = table(["contract", "address", "code hash", "KiB"], &[3]);
    for contract in &story.contracts {
        rows.add_row([
            contract.name.to_owned(),
            short(&contract.address, 12, 8),
            short(&contract.code_hash, 18, 8),
            format!("{:.1}", contract.size as f64 / 1024.0),
        ]);
    }
    show(out, "Contracts", &rows)
}

fn metagraph(subnet: &SubnetFact, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = table(
        [
            "uid",
            "role",
            "hotkey",
            "stake TAO",
            "permit",
            "share",
            "consensus",
            "trust",
            "incentive",
            "dividends",
        ],
        &[0, 3, 5, 6, 7, 8, 9],
    );
    let shown = shown(subnet);
    for neuron in &shown {
        rows.add_row([
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

/// The largest validators, then the best miners.
fn shown(subnet: &SubnetFact) -> Vec<&NeuronFact> {
    let mut validators: Vec<&NeuronFact> = subnet.neurons.iter().filter(|n| n.permit).collect();
    validators.sort_by_key(|neuron| std::cmp::Reverse(neuron.stake_weight));
    validators.truncate(VALIDATORS);
    let mut miners: Vec<&NeuronFact> = subnet.neurons.iter().filter(|n| !n.permit).collect();
    miners.sort_by_key(|neuron| std::cmp::Reverse(neuron.incentive));
    miners.truncate(MINERS);
    validators.extend(miners);
    validators
}

fn more(out: &mut dyn Write, neurons: usize) -> io::Result<()> {
    match neurons {
        0 => Ok(()),
        1 => writeln!(out, " and 1 more neuron, see --json"),
        _ => writeln!(out, " and {neurons} more neurons, see --json"),
    }
}

/// Neurons that are paid for the same reason.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Mostly by dividends.
    Validator(&'static str),
    /// Mostly by incentive.
    Miner,
    /// Not at all, although it holds a permit.
    IdlePermit(&'static str),
    /// Not at all.
    Nothing(&'static str),
}

impl Kind {
    fn of(neuron: &NeuronFact) -> Self {
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

    /// How many of the kind are shown.
    const fn shown(self) -> usize {
        match self {
            Kind::Validator(_) | Kind::Miner => BEST_PAID,
            Kind::IdlePermit(_) | Kind::Nothing(_) => 1,
        }
    }
}

fn pay(subnet: &SubnetFact, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = table(
        [
            "uid",
            "role",
            "mined",
            "take",
            "stakers",
            "TAO in all",
            "why",
        ],
        &[0, 2, 3, 4, 5],
    );
    let mut ranked: Vec<&NeuronFact> = subnet.neurons.iter().collect();
    ranked.sort_by_key(|neuron| std::cmp::Reverse(neuron.paid.total()));
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for neuron in ranked {
        let kind = Kind::of(neuron);
        let before = kinds.entry(kind).or_default();
        *before += 1;
        if *before > kind.shown() {
            continue;
        }
        rows.add_row([
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
        "Subnet {}: who was paid what over all epochs, and why. {} TAO in all",
        subnet.netuid,
        tao(paid, 9)
    );
    show(out, &title, &rows)?;
    more(out, subnet.neurons.len().saturating_sub(rows.row_count()))
}

fn nominators(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    if story.nominators.is_empty() {
        return Ok(());
    }
    let mut rows = table(
        [
            "subnet",
            "nominator",
            "on uid",
            "staked TAO",
            "worth TAO",
            "gain TAO",
            "when",
        ],
        &[0, 2, 3, 4, 5],
    );
    let mut facts: Vec<_> = story.nominators.iter().collect();
    facts.sort_by_key(|fact| (fact.netuid, fact.joined, fact.uid));
    for fact in facts {
        let gain = i128::from(fact.worth) - i128::from(fact.staked);
        let sign = if gain < 0 { "-" } else { "" };
        rows.add_row([
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

fn digests(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = table(
        [
            "subnet",
            "epoch",
            "block",
            "steps",
            "permits",
            "budget TAO",
            "paid TAO",
            "header",
            "assertion",
            "engines",
        ],
        &[0, 1, 2, 3, 4, 5, 6],
    );
    for epoch in &story.epochs {
        rows.add_row([
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
    if story.epochs.iter().all(|epoch| epoch.engines_agree) {
        return Ok(());
    }
    writeln!(
        out,
        " The engines DIFFER. Is the built kernel older than its source? Run `cargo xtask build`."
    )
}

/// The first letters of a hash.
fn start(hash: &str) -> String {
    hash.chars().take(10).collect()
}

fn gas(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = table(
        [
            "contract",
            "message",
            "calls",
            "ms average",
            "ms largest",
            "proof KiB",
            "deposit",
        ],
        &[2, 3, 4, 5, 6],
    );
    let ms = |picoseconds: u64| format!("{:.2}", picoseconds as f64 / 1e9);
    for fact in &story.messages {
        rows.add_row([
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
        story.pallet_contracts
    );
    show(out, &title, &rows)
}

fn time(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = table(
        ["subnet", "phase", "wasmtime µs", "native µs", "ratio"],
        &[0, 2, 3, 4],
    );
    for subnet in &story.subnets {
        let mut all = (0.0, 0.0);
        let phases = average_times(story, subnet.netuid);
        let mut line = |name: &str, (wasm, native): (f64, f64)| {
            rows.add_row([
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

/// Phases of a subnet's epochs in order, with their average time in wasmtime and natively.
fn average_times(story: &Story, netuid: u16) -> Vec<(String, (f64, f64))> {
    let epochs: Vec<&EpochFact> = story
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

fn supply(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nSupply check, in TAO\n")?;
    for equation in &story.supply {
        let mark = if equation.holds { "ok" } else { "WRONG" };
        writeln!(out, " {mark:<6}{}", equation.what)?;
        side(out, equation, &equation.left, "")?;
        side(out, equation, &equation.right, "=")?;
    }
    let wrong = story.supply.iter().filter(|equation| !equation.holds);
    match wrong.count() {
        0 => writeln!(out, "\n Every rao is accounted for."),
        wrong => writeln!(out, "\n {wrong} sums are WRONG."),
    }
}

/// One side of an equation: its terms, and their sum if there are several.
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
