//! States, times, shares and texts of proposals as people read them.

use crate::output::format::count;
use inktensor_client::foreign_text;
use inktensor_primitives::{
    governance::{Choice, ProposalView, State, MILLION},
    Rao,
};

/// Seconds between two blocks.
const BLOCK_TIME: u64 = 12;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Cells of a bar.
const BAR: u32 = 20;

/// Returns the name of a state.
pub const fn name(state: State) -> &'static str {
    match state {
        State::Draft(_) => "draft",
        State::Lead(_) => "lead",
        State::Voting(_) => "voting",
        State::Confirming(_) => "confirming",
        State::Queued(_) => "queued",
        State::Ready(_) => "ready",
        State::Executed => "executed",
        State::Rejected => "rejected",
        State::Lapsed => "lapsed",
        State::Expired => "expired",
        State::Withdrawn => "withdrawn",
        State::Cancelled => "cancelled",
        State::Vetoed => "vetoed",
        State::Closed => "closed",
    }
}

/// Returns the block at which a state ends by itself.
pub const fn until(state: State) -> Option<u32> {
    match state {
        State::Draft(block)
        | State::Lead(block)
        | State::Voting(block)
        | State::Confirming(block)
        | State::Queued(block)
        | State::Ready(block) => Some(block),
        _ => None,
    }
}

/// Returns a state with its consequence, seen from block `now`.
pub fn sentence(state: State, now: u32) -> String {
    let Some(block) = until(state) else {
        let reason = match state {
            State::Rejected => ": the votes did not pass in time",
            State::Lapsed => ": the deposit was not complete in time",
            State::Expired => ": approved, and not executed in time",
            State::Cancelled => " by another proposal",
            State::Vetoed => " by the guard",
            State::Closed => " early: nearly all votes were against it",
            _ => "",
        };
        return format!("{}{reason}", name(state));
    };
    let then = match state {
        State::Draft(_) => "lapses",
        State::Lead(_) => "votes are counted",
        State::Voting(_) => "is rejected, unless it passes before",
        State::Confirming(_) => "is approved, if it still passes",
        State::Queued(_) => "can be executed",
        _ => "expires, unless executed before",
    };
    format!(
        "{}; at block {block} (in {}) {then}",
        name(state),
        left(block, now)
    )
}

/// Returns the time from block `now` to `block`.
pub fn left(block: u32, now: u32) -> String {
    time(block.saturating_sub(now))
}

/// Returns the time of so many blocks.
pub fn time(blocks: u32) -> String {
    let seconds = u64::from(blocks) * BLOCK_TIME;
    let (large, small, names) = match seconds {
        DAY.. => (seconds / DAY, seconds % DAY / HOUR, ("d", "h")),
        HOUR.. => (seconds / HOUR, seconds % HOUR / MINUTE, ("h", "min")),
        _ => (seconds / MINUTE, 0, ("min", "")),
    };
    match small {
        0 => format!("{large} {}", names.0),
        _ => format!("{large} {} {small} {}", names.0, names.1),
    }
}

/// Returns the time of so many blocks, with their number unless the time is whole hours.
pub fn exact_time(blocks: u32) -> String {
    let text = time(blocks);
    match (u64::from(blocks) * BLOCK_TIME).is_multiple_of(HOUR) {
        true => text,
        false => format!("{text} ({})", count(blocks, "block")),
    }
}

/// Returns `part` of `whole` in millionths, rounded down; of nothing, 0.
pub fn millionths(part: Rao, whole: u128) -> u32 {
    let scaled = part.to_u128() * u128::from(MILLION);
    let millionths = scaled.checked_div(whole).unwrap_or_default();
    u32::try_from(millionths).unwrap_or(u32::MAX)
}

/// Returns millionths as per cent, with two decimals, rounded down.
pub fn percent(millionths: u32) -> String {
    let hundredths = millionths / 100;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Returns millionths as per cent, with two decimals, or four if there are as many.
pub fn exact_percent(millionths: u32) -> String {
    match millionths % 100 {
        0 => percent(millionths),
        rest => format!("{}{rest:02}", percent(millionths)),
    }
}

/// Returns a bar of `now`, with a mark at `needed`, both in millionths.
pub fn bar(now: u32, needed: u32) -> String {
    let cells = |part: u32| u64::from(part.min(MILLION)) * u64::from(BAR) / u64::from(MILLION);
    let (full, mark) = (cells(now), cells(needed).min(u64::from(BAR) - 1));
    let cell = |place: u64| match place {
        place if place == mark => '|',
        place if place < full => '#',
        _ => '.',
    };
    let bar: String = (0..u64::from(BAR)).map(cell).collect();
    format!("[{bar}]")
}

/// The shares that decide about a proposal, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Ayes of ayes and nays.
    pub approval: u32,
    /// Ayes of the electorate.
    pub support: u32,
    /// Approval that is needed now, or was in the end.
    pub approval_needed: u32,
    /// Support that is needed now, or was in the end.
    pub support_needed: u32,
}

impl Shares {
    /// Returns the shares of a proposal, on a network whose least electorate is `floor`. While no
    /// votes are counted, the first thresholds are needed.
    pub fn of(view: &ProposalView, floor: Rao) -> Self {
        let votes = view.tally.ayes.to_u128() + view.tally.nays.to_u128();
        let electorate = view.electorate.unwrap_or_default().max(floor);
        let (approval_needed, support_needed) = if view.state.is_voting() {
            (view.approval, view.support)
        } else if matches!(view.state, State::Draft(_) | State::Lead(_)) {
            (view.rules.approval.start, view.rules.support.start)
        } else {
            (view.rules.approval.floor, view.rules.support.floor)
        };
        Self {
            approval: millionths(view.tally.ayes, votes),
            support: millionths(view.tally.ayes, electorate.to_u128()),
            approval_needed,
            support_needed,
        }
    }
}

/// Returns the word for a vote.
pub const fn choice(choice: Choice) -> &'static str {
    match choice {
        Choice::Aye => "aye",
        Choice::Nay => "nay",
        Choice::Abstain => "abstain",
    }
}

/// Returns the text of another account, without characters that change a terminal or the order of
/// text, or that have no width.
pub fn plain(text: &str) -> String {
    foreign_text::plain(text, '\u{fffd}')
}

/// Returns a text of at most `most` letters, cut at the end.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units_at_most() {
        for (blocks, text) in [
            (0, "0 min"),
            (5, "1 min"),
            (300, "1 h"),
            (305, "1 h 1 min"),
            (7_200, "1 d"),
            (7_500, "1 d 1 h"),
            (72_000, "10 d"),
        ] {
            assert_eq!(time(blocks), text);
        }
        assert_eq!(left(5, 10), "0 min");
        assert_eq!(exact_time(7_500), "1 d 1 h");
        assert_eq!(exact_time(7_501), "1 d 1 h (7 501 blocks)");
        assert_eq!(exact_time(1), "0 min (1 block)");
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(millionths(Rao(2), 3), 666_666);
        assert_eq!(millionths(Rao(2), 0), 0);
        assert_eq!(percent(666_666), "66.66");
        assert_eq!(percent(5_000), "0.50");
        assert_eq!(exact_percent(650_000), "65.00");
        assert_eq!(exact_percent(650_001), "65.0001");
        assert_eq!(bar(500_000, 750_000), "[##########.....|....]");
        assert_eq!(bar(2_000_000, MILLION), "[###################|]");
    }

    #[test]
    fn foreign_text_is_harmless() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(
            plain("a\u{61c}b\u{200b}\u{200d}"),
            "a\u{fffd}b\u{fffd}\u{fffd}"
        );
        assert_eq!(cut("a long title", 7), "a long…");
        assert_eq!(cut("short", 7), "short");
    }
}
