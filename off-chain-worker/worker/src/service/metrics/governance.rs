//! Metrics of governance and its treasury.
//!
//! Series by proposal are written from the last look, so that those of proposals that have ended
//! disappear.

use super::{
    float, ALL, GOV_APPROVAL, GOV_ENDS_IN, GOV_GUARD_UNTIL, GOV_PROPOSALS, GOV_READY, GOV_RECOUNTS,
    GOV_SUPPORT, TREASURY_COMMITTED, TREASURY_FREE, TREASURY_OUT,
};
use crate::roles::{Figures, ProposalFigures};
use metrics::{counter, gauge};
use std::fmt::Write;

/// Updates the gauges that have one value.
pub fn set_governance(figures: &Figures) {
    counter!(GOV_RECOUNTS).increment(0);
    gauge!(GOV_READY).set(figures.ready);
    gauge!(GOV_GUARD_UNTIL).set(figures.guard_until.unwrap_or_default());
    let treasury = &figures.treasury;
    gauge!(TREASURY_FREE).set(float(treasury.free.to_u128()));
    gauge!(TREASURY_OUT).set(float(treasury.out.to_u128()));
    gauge!(TREASURY_COMMITTED).set(float(treasury.committed.to_u128()));
}

/// Appends the gauges that have a value for each proposal, or for each track and state.
pub fn append(page: &mut String, figures: &Figures) {
    let counts = figures.proposals.iter().map(|((track, state), count)| {
        let labels = format!("track=\"{}\",state=\"{state}\"", track.name());
        (labels, count.to_string())
    });
    family(page, GOV_PROPOSALS, counts);
    let of_each = |value: fn(&ProposalFigures) -> String| {
        let open = figures.open.iter();
        open.map(move |it| (format!("id=\"{}\"", it.id), value(it)))
    };
    family(page, GOV_ENDS_IN, of_each(|it| it.ends_in.to_string()));
    family(page, GOV_APPROVAL, of_each(|it| it.approval().to_string()));
    family(page, GOV_SUPPORT, of_each(|it| it.support().to_string()));
}

/// Appends a gauge with these labels and values.
fn family(page: &mut String, name: &str, values: impl Iterator<Item = (String, String)>) {
    let help = ALL.iter().find(|(known, _)| *known == name);
    let help = help.map_or("", |(_, help)| help.trim());
    // Writing to a text cannot fail.
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in values {
        let _ = writeln!(page, "{name}{{{labels}}} {value}");
    }
    page.push('\n');
}
