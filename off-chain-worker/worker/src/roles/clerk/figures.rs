//! The figures of governance and its treasury, for monitoring.

use inktensor_primitives::{
    governance::{Tally, Track},
    treasury::Limits,
    Rao,
};
use std::collections::BTreeMap;

/// The figures of governance and its treasury at a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Number of proposals by track and state.
    pub proposals: BTreeMap<(Track, &'static str), u64>,
    /// Proposals that have not ended, at most [`MOST_SERIES`].
    pub open: Vec<ProposalFigures>,
    /// Number of proposals that are ready.
    pub ready: u32,
    /// Block from which the guard has no power; absent without a guard.
    pub guard_until: Option<u32>,
    /// The treasury.
    pub treasury: Limits,
}

/// Most proposals with figures of their own.
pub const MOST_SERIES: usize = 64;

/// The figures of one proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalFigures {
    /// Number of the proposal.
    pub id: u32,
    /// Blocks until the state ends by itself.
    pub ends_in: u32,
    /// The votes.
    pub tally: Tally,
    /// Stake in rao that support is measured by.
    pub electorate: Rao,
}

impl ProposalFigures {
    /// Returns ayes of ayes and nays, from 0 to 1. Zero without such votes.
    pub fn approval(&self) -> f64 {
        let Tally { ayes, nays, .. } = self.tally;
        ratio(ayes, Rao(ayes.0.saturating_add(nays.0)))
    }

    /// Returns ayes of the electorate, from 0 to 1.
    pub fn support(&self) -> f64 {
        ratio(self.tally.ayes, self.electorate)
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "amounts beyond 2^53 are rounded"
)]
fn ratio(part: Rao, whole: Rao) -> f64 {
    if whole.is_zero() {
        return 0.0;
    }
    part.0 as f64 / whole.0 as f64
}
