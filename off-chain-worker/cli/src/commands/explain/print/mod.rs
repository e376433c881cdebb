//! An explanation in tables, for a terminal of 80 columns.

use crate::output::format::{count, short, tao_rounded};
use inktensor_primitives::Rao;
use inktensor_worker::explain::{
    Explanation, MoneyFact, SeatFact, VoiceFact, WeightFact, YumaFacts,
};
use std::io::{self, Write};

/// The most lines of a table. The rest is in the JSON form.
const LINES: usize = 20;

/// Prints an explanation.
pub(super) fn print(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    neuron(explanation, out)?;
    match &explanation.terms {
        Some(terms) => {
            received(terms, out)?;
            if let Some(seat) = &terms.seat {
                validator(explanation, seat, out)?;
            }
        }
        None => {
            weights("Weights for it", "from", &explanation.received, out)?;
            weights("Its weights", "for", &explanation.given, out)?;
        }
    }
    pay(explanation, out)?;
    if explanation.terms.is_none() {
        writeln!(
            out,
            "\nThe worker does not know the inner terms of this kernel: they are in its code,\n\
             {}.",
            short(&explanation.kernel_code, 10, 6)
        )?;
    }
    checks(explanation, out)
}

fn title(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{text}\n")
}

/// Prints a term: a name, a value, and a note about its origin.
fn term(out: &mut dyn Write, what: &str, value: &str, note: &str) -> io::Result<()> {
    let line = format!(" {what:<16}{value:>20}  {note}");
    writeln!(out, "{}", line.trim_end())
}

fn neuron(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let neuron = &explanation.neuron;
    writeln!(
        out,
        "uid {} of subnet {} in epoch {}, closed at block {}",
        neuron.uid, explanation.netuid, explanation.epoch, explanation.closed_at
    )?;
    writeln!(
        out,
        "{} neurons, {} on the roster; kernel {} {}\n",
        explanation.neurons,
        explanation.permits,
        explanation.kernel,
        short(&explanation.kernel_code, 10, 6)
    )?;
    if let Some(posted) = &explanation.posted {
        let assertion = short(&posted.assertion, 10, 6);
        writeln!(out, " posted   {assertion}, {}", posted.fate)?;
    }
    if let Some(hotkey) = &neuron.hotkey {
        writeln!(out, " hotkey   {hotkey}")?;
    }
    if let Some(coldkey) = &neuron.coldkey {
        writeln!(out, " coldkey  {coldkey}")?;
    }
    let share = explanation.terms.as_ref().map(|terms| {
        if terms.counted_stake == neuron.stake {
            format!("{} of what counts", fraction(terms.stake_share))
        } else {
            "below the least stake: does not count".to_owned()
        }
    });
    let stake = tao(neuron.stake);
    term(out, "stake, TAO", &stake, &share.unwrap_or_default())?;
    let permit = match (neuron.on_roster, neuron.permit || neuron.owner) {
        (true, true) if neuron.owner => "yes, as the owner",
        (true, true) => "yes",
        (true, false) => "no: new on the seat",
        (false, _) => "no",
    };
    let next = if explanation.result.next_permit {
        "in the next epoch: yes"
    } else {
        "in the next epoch: no"
    };
    term(out, "permit", permit, next)?;
    let active = if explanation.result.active {
        "yes"
    } else {
        "no: too long ago"
    };
    let weights = format!("last weights at block {}", neuron.last_update);
    term(out, "active", active, &weights)?;
    let registered = format!("block {}", neuron.registered_at);
    let new = if neuron.newcomer { "in this epoch" } else { "" };
    term(out, "registered", &registered, new)
}

fn received(terms: &YumaFacts, out: &mut dyn Write) -> io::Result<()> {
    title(
        out,
        "Weights for it: what consensus leaves of each, times stake, adds to its rank",
    )?;
    if terms.voices.is_empty() {
        writeln!(out, " none")?;
    } else {
        writeln!(
            out,
            "  from hotkey       weight     share     stake      left       cut   to rank"
        )?;
    }
    let mut voices: Vec<&VoiceFact> = terms.voices.iter().collect();
    voices.sort_by(|a, b| b.adds.total_cmp(&a.adds));
    for voice in voices.iter().take(LINES) {
        let hotkey = voice.hotkey.as_deref().map(|hotkey| short(hotkey, 4, 4));
        let start = format!(
            "{:>6} {:<12}{:>7}",
            voice.uid,
            hotkey.unwrap_or_default(),
            voice.weight
        );
        match voice.void {
            Some(reason) => writeln!(out, "{start} does not count: {reason}")?,
            None => writeln!(
                out,
                "{start}{}{}{}{}{}",
                cell(voice.share),
                cell(voice.stake),
                cell(voice.left),
                cell(voice.cut),
                cell(voice.adds)
            )?,
        }
    }
    more(out, voices.len())?;
    writeln!(out)?;
    let support = if terms.consensus == 0.0 {
        format!("no majority of {} of active stake", fraction(terms.kappa))
    } else {
        format!(
            "{:.4} of stake gives it, {:.4} needed",
            terms.support, terms.kappa
        )
    };
    term(out, "consensus", &fraction(terms.consensus), &support)?;
    let rank = format!("of {} for all neurons", fraction(terms.rank_total));
    term(out, "rank", &fraction(terms.rank), &rank)?;
    let incentive = format!(
        "its part of all ranks; all: {}",
        fraction(terms.incentive_total)
    );
    term(out, "incentive", &fraction(terms.incentive), &incentive)
}

fn validator(explanation: &Explanation, seat: &SeatFact, out: &mut dyn Write) -> io::Result<()> {
    title(
        out,
        "As a validator: what consensus leaves of its weights; its bonds before and\nafter; what \
         they yield of each neuron's incentive",
    )?;
    if seat.bonds.is_empty() {
        writeln!(out, " no weights and no bonds")?;
    } else {
        writeln!(
            out,
            "   for weight     share      left       cut before  after incentive    yields"
        )?;
    }
    let mut bonds: Vec<_> = seat.bonds.iter().collect();
    bonds.sort_by(|a, b| b.yields.total_cmp(&a.yields));
    for bond in bonds.iter().take(LINES) {
        let share = match bond.void {
            Some(reason) => format!(" {:<29}", format!("does not count: {reason}")),
            None => format!("{}{}{}", cell(bond.share), cell(bond.left), cell(bond.cut)),
        };
        writeln!(
            out,
            "{:>6} {:>6}{share}{:>7}{:>7}{}{}",
            bond.uid,
            bond.weight,
            bond.before,
            bond.after,
            cell(bond.incentive),
            cell(bond.yields)
        )?;
    }
    more(out, bonds.len())?;
    let lost = bonds.iter().filter(|bond| bond.counted != bond.before);
    let lost = u32::try_from(lost.count()).unwrap_or(u32::MAX);
    if lost > 0 {
        let lost = count(lost, "bond");
        writeln!(
            out,
            " {lost} did not count: other neurons have the uids, or the permit is new"
        )?;
    }
    writeln!(out)?;
    term(
        out,
        "trust",
        &fraction(seat.trust),
        "what consensus leaves of its weights",
    )?;
    term(out, "active stake", &fraction(seat.stake), "its part of it")?;
    term(
        out,
        "yield",
        &fraction(seat.earned),
        "what its bonds yield in all",
    )?;
    let weighed = format!("the yield by stake; all: {}", fraction(seat.weighed_total));
    if seat.weighed != seat.earned {
        term(out, "weighed", &fraction(seat.weighed), &weighed)?;
    }
    let all = explanation.terms.as_ref().map(|terms| {
        format!(
            "its part of all yields; all: {}",
            fraction(terms.dividends_total)
        )
    });
    term(
        out,
        "dividends",
        &fraction(seat.dividends),
        &all.unwrap_or_default(),
    )
}

fn weights(what: &str, other: &str, weights: &[WeightFact], out: &mut dyn Write) -> io::Result<()> {
    title(out, what)?;
    if weights.is_empty() {
        writeln!(out, " none")?;
    } else {
        writeln!(out, "{other:>6} hotkey       weight")?;
    }
    let mut sorted: Vec<&WeightFact> = weights.iter().collect();
    sorted.sort_by_key(|fact| std::cmp::Reverse(fact.weight));
    for fact in sorted.iter().take(LINES) {
        let hotkey = fact.hotkey.as_deref().map(|hotkey| short(hotkey, 4, 4));
        let hotkey = hotkey.unwrap_or_default();
        writeln!(out, "{:>6} {hotkey:<12}{:>7}", fact.uid, fact.weight)?;
    }
    more(out, weights.len())
}

fn pay(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let (budget, pay) = (&explanation.budget, &explanation.pay);
    title(out, "Pay, in TAO")?;
    match (budget.miners, budget.validators) {
        (Some(miners), Some(validators)) => {
            term(out, "budget", &tao(budget.total), "")?;
            term(out, "  of miners", &tao(miners), "by incentive")?;
            term(out, "  of validators", &tao(validators), "by dividends")?;
        }
        _ => {
            let one = "incentive and dividends divide it";
            term(out, "budget", &tao(budget.total), one)?;
        }
    }
    let incentive = format!("incentive: {} / 65535", explanation.result.incentive);
    term(out, "as miner", &tao(pay.miner), &incentive)?;
    let stand_in = explanation.terms.as_ref().and_then(|terms| terms.stand_in);
    let dividends = match stand_in {
        Some(stand_in) => format!("no dividends at all: by {stand_in}"),
        None => format!("dividends: {} / 65535", explanation.result.dividends),
    };
    term(out, "as validator", &tao(pay.validator), &dividends)?;
    if let Some(take) = &pay.take {
        let percent = format!(
            "a take of {:.2} %, as it is now",
            f64::from(take.take) / 100.0
        );
        if take.parents > 0 {
            let whose = "by the stake that weighs for it";
            term(out, "  its parents", &tao(take.parents), whose)?;
        }
        term(out, "  its owner", &tao(take.owner), &percent)?;
        term(out, "  stakers", &tao(take.stakers), "by stake")?;
        if take.root > 0 {
            let whose = "by its weight, to be claimed";
            term(out, "  root stake", &tao(take.root), whose)?;
        }
    }
    term(out, "all miners", &tao128(budget.to_miners), "")?;
    term(out, "all validators", &tao128(budget.to_validators), "")?;
    match &budget.chain {
        Some(chain) => money(chain, out),
        None => Ok(()),
    }
}

/// Prints the rest of the budget, as far as the chain's events say.
fn money(chain: &MoneyFact, out: &mut dyn Write) -> io::Result<()> {
    if let Some(paid) = chain.chunk_paid {
        term(out, "its chunk", &tao(paid), "paid at settlement")?;
    }
    if let Some(paid) = chain.paid {
        term(
            out,
            "neurons in all",
            &tao(paid),
            "paid; the pay-out is over",
        )?;
    }
    term(out, "subnet owner", &tao(chain.owner), "set aside")?;
    term(out, "treasury", &tao(chain.treasury), "set aside")?;
    term(out, "fee, proposer", &tao(chain.proposer), "set aside")?;
    term(out, "fee, keepers", &tao(chain.keeper), "set aside")?;
    term(out, "fees", &tao(chain.fees_paid), "paid so far")?;
    match chain.carried {
        Some(carried) => term(out, "left over", &tao(carried), "for the next epoch"),
        None => Ok(()),
    }
}

fn checks(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let wrong: Vec<_> = explanation
        .checks
        .iter()
        .filter(|check| !check.holds)
        .collect();
    writeln!(out)?;
    if explanation
        .posted
        .as_ref()
        .is_some_and(|posted| !posted.correct)
    {
        writeln!(
            out,
            "The posted assertion is WRONG. The terms above are those of the honest epoch."
        )?;
    }
    if wrong.is_empty() {
        return writeln!(
            out,
            "{} values were found again and agree with the epoch.",
            explanation.checks.len()
        );
    }
    for check in &wrong {
        writeln!(
            out,
            "DIFFERS: {}: {} here, {} in the epoch",
            check.what, check.found, check.epoch
        )?;
    }
    writeln!(
        out,
        "{} of {} values DIFFER: the terms above do not explain this epoch.",
        wrong.len(),
        explanation.checks.len()
    )
}

fn more(out: &mut dyn Write, lines: usize) -> io::Result<()> {
    match lines.saturating_sub(LINES) {
        0 => Ok(()),
        hidden => writeln!(out, " and {hidden} more, see --json"),
    }
}

/// Returns a share with seven decimals, and 0 for zero.
fn fraction(share: f64) -> String {
    if share == 0.0 {
        "0".into()
    } else {
        format!("{share:.7}")
    }
}

/// Returns a share as a cell of ten columns.
fn cell(share: f64) -> String {
    match share {
        0.0 => format!("{:>10}", '·'),
        share => format!("{share:>10.7}"),
    }
}

/// Returns an amount in TAO with all nine decimals.
fn tao(rao: u64) -> String {
    tao_rounded(Rao(rao), 9)
}

fn tao128(rao: u128) -> String {
    tao(u64::try_from(rao).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
