//! The tables of docs/governance.md: the tracks, and what a majority can do by when. Both are
//! computed from the rules of the contracts.
//!
//! `INKTENSOR_WRITE_DOCS=1` writes them.

use inktensor_primitives::governance::{Curve, Track, TrackRules, DAY};
use std::{env, fs, path::Path};

/// Returns a number of blocks in days.
fn days(blocks: u32) -> String {
    let days = f64::from(blocks) / f64::from(DAY);
    format!("{days}")
}

/// Returns millionths in per cent.
fn percent(millionths: u32) -> String {
    format!("{}", f64::from(millionths) / 10_000.0)
}

fn curve(curve: &Curve) -> String {
    format!(
        "{}, {} @{}, {} @{}",
        percent(curve.start),
        percent(curve.middle),
        days(curve.middle_at),
        percent(curve.floor),
        days(curve.floor_at)
    )
}

fn tracks() -> String {
    let mut text = String::from(
        "| track | deposit, TAO | places | lead | decide | confirm | delay | window | approval | support |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---|---|\n",
    );
    for track in Track::ALL {
        let rules = track.default_rules();
        text += &format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            track.name(),
            rules.deposit.0 / 1_000_000_000,
            rules.places,
            rules.lead,
            days(rules.decide),
            days(rules.confirm),
            days(rules.delay),
            days(rules.window),
            curve(&rules.approval),
            curve(&rules.support)
        );
    }
    text
}

/// Returns the blocks until an execution, if the proposal begins to pass `waits` blocks after the
/// begin of voting.
fn until(rules: &TrackRules, waits: u32) -> u32 {
    u32::from(rules.lead) * DAY + waits + rules.confirm + rules.delay
}

fn powers() -> String {
    let mut text = String::from(
        "| track | shortest time, days | needs then, of the electorate | least votes, of the electorate | time then, days |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for track in Track::ALL {
        let rules = track.default_rules();
        text += &format!(
            "| `{}` | {} | {} % | {} % | {} |\n",
            track.name(),
            days(until(&rules, 0)),
            percent(rules.support.at(0)),
            percent(rules.support.floor),
            days(until(&rules, rules.support.floor_at))
        );
    }
    text
}

#[test]
fn tables_of_the_page_are_those_of_the_contracts() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/governance.md");
    let mut text = fs::read_to_string(&page).expect("the page");
    for (name, table) in [("tracks", tracks()), ("powers", powers())] {
        let begin = format!("<!-- {name}: begin, computed by the test `governance_table` -->\n");
        let end = format!("<!-- {name}: end -->");
        let (before, rest) = text.split_once(&begin).expect("the mark of a table");
        let (found, after) = rest.split_once(&end).expect("its end");
        if env::var_os("INKTENSOR_WRITE_DOCS").is_some() {
            text = format!("{before}{begin}\n{table}\n{end}{after}");
        } else {
            assert_eq!(found.trim(), table.trim(), "{name}");
        }
    }
    if env::var_os("INKTENSOR_WRITE_DOCS").is_some() {
        fs::write(page, text).expect("written");
    }
}

/// The shortest times are those that the proposals really need: see the test of the contract's
/// states. No track but `Stop` acts within four days of a proposal.
#[test]
fn nothing_but_a_stop_is_done_within_four_days() {
    for track in Track::ALL {
        let soonest = until(&track.default_rules(), 0);
        assert!(
            soonest >= 4 * DAY || track == Track::Stop,
            "{track:?}: {soonest}"
        );
    }
}
