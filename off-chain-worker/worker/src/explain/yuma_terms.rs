//! The inner terms of the Yuma kernel, as the kernel's own crate reads them.

use super::{identity, BondFact, CheckFact, ExplainError, SeatFact, Subject, VoiceFact, YumaFacts};
use inktensor_primitives::Uid;
use inktensor_yuma::{
    fixed::Q32,
    phases::terms::{terms, Cell, Computed, Seat, StandIn, Terms, Voice, Void},
};

/// Returns the terms of the neuron at `uid`. Adds what the kernel's crate recomputed to `checks`.
pub(super) fn read(
    subject: &Subject,
    uid: Uid,
    checks: &mut Vec<CheckFact>,
) -> Result<YumaFacts, ExplainError> {
    let (inputs, trace) = (subject.inputs, subject.trace);
    let steps = trace
        .steps
        .iter()
        .map(|step| (step.carry.as_slice(), step.scratch.as_slice()));
    let found = terms(
        &Computed {
            header: &inputs.header,
            chunks: &inputs.chunks,
            memory: &inputs.memory,
            steps: steps.collect(),
            kept: &trace.memory,
            results: &trace.results,
        },
        uid,
    )
    .map_err(ExplainError::OtherKernel)?;
    checks.extend(
        found
            .checks
            .iter()
            .map(|check| CheckFact::equal(check.what.clone(), check.found, check.traced)),
    );
    Ok(facts(subject, &found))
}

fn facts(subject: &Subject, terms: &Terms) -> YumaFacts {
    YumaFacts {
        total_stake: terms.total_stake,
        counted_stake: terms.counted_stake,
        stake_share: fraction(terms.stake_share),
        active: terms.active,
        permitted: terms.permitted,
        forgotten: terms.forgotten,
        kappa: fraction(terms.kappa),
        voices: terms
            .voices
            .iter()
            .map(|found| voice(subject, found))
            .collect(),
        consensus: fraction(terms.consensus),
        support: fraction(terms.support),
        rank: fraction(terms.rank),
        rank_total: fraction(terms.rank_total),
        incentive: fraction(terms.incentive),
        incentive_total: fraction(terms.incentive_total),
        seat: terms.seat.as_ref().map(|found| seat(subject, found)),
        dividends_total: fraction(terms.dividends_total),
        stand_in: terms.stand_in.map(|stand_in| match stand_in {
            StandIn::Active => "active stake",
            StandIn::Stake => "stake",
        }),
    }
}

fn voice(subject: &Subject, voice: &Voice) -> VoiceFact {
    VoiceFact {
        uid: voice.validator.0,
        hotkey: identity(subject, voice.validator).hotkey,
        weight: voice.given,
        void: voice.void.map(reason),
        share: fraction(voice.share),
        stake: fraction(voice.active),
        left: fraction(voice.clipped),
        cut: fraction(voice.cut()),
        adds: fraction(voice.adds),
    }
}

fn seat(subject: &Subject, seat: &Seat) -> SeatFact {
    SeatFact {
        stake: fraction(seat.active),
        bonds: seat.cells.iter().map(|cell| bond(subject, cell)).collect(),
        trust: fraction(seat.trust),
        earned: fraction(seat.earned),
        weighed: fraction(seat.weighed),
        weighed_total: fraction(seat.weighed_total),
        dividends: fraction(seat.dividends),
    }
}

fn bond(subject: &Subject, cell: &Cell) -> BondFact {
    BondFact {
        uid: cell.uid.0,
        hotkey: identity(subject, cell.uid).hotkey,
        weight: cell.given,
        void: cell.void.map(reason),
        share: fraction(cell.share),
        consensus: fraction(cell.consensus),
        left: fraction(cell.clipped),
        cut: fraction(cell.cut()),
        before: cell.bond_before,
        counted: cell.bond_counted,
        after: cell.bond_after,
        incentive: fraction(cell.incentive),
        yields: fraction(cell.yields),
    }
}

const fn reason(void: Void) -> &'static str {
    match void {
        Void::NoPermit => "no permit",
        Void::Own => "its own",
        Void::TooOld => "too old",
    }
}

/// Converts a number of the kernel to a float, exactly: it has far fewer than 53 bits.
fn fraction(number: Q32) -> f64 {
    number.0 as f64 / Q32::ONE.0 as f64
}
