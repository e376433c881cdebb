//! The proposals, as read at the last look.

use super::{
    decide::{ends_at, state_name, step_of, Step},
    figures::ProposalFigures,
    words::{described, one_line},
};
use inktensor_client::{
    chain::{query_all, ChainError, ChainRead, Typed},
    deploy::Governing,
};
use inktensor_primitives::{
    governance::{Body, Governance, ProposalView, State, Track},
    ss58::ss58,
    staking::ROOT_EPOCH,
    Rao,
};
use std::collections::{BTreeMap, BTreeSet};

/// Proposals that are read for the first time at once.
const PAGE: u32 = 64;
/// Blocks for which a proposal that has ended is read again: a fork may replace its end.
const SETTLES_IN: u32 = 50;

/// A proposal that the clerk did not know, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Number of the proposal.
    pub id: u32,
    /// Name of the track.
    pub track: &'static str,
    /// Name of the state.
    pub state: &'static str,
    /// Address of the proposer.
    pub proposer: String,
    /// The title, on one line.
    pub title: String,
    /// The actions in words.
    pub actions: String,
}

/// The proposals that have not ended, and the number of those that have.
#[derive(Debug, Default)]
pub struct Docket {
    /// First proposal that was not read.
    next: u32,
    present: BTreeMap<u32, Entry>,
    /// Number of proposals that ended long before, by track and state.
    over: BTreeMap<(Track, &'static str), u64>,
}

#[derive(Debug)]
struct Entry {
    proposal: ProposalView,
    /// Block at which the proposal was first seen to have ended.
    over_since: Option<u32>,
    /// True once nothing can be done about the deposit.
    is_settled: bool,
}

impl Docket {
    /// Reads all proposals that matter at `block`, and a page of further ones. Returns those that
    /// are new and have not ended, and true if more are to be read.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read(
        &mut self,
        chain: &dyn ChainRead,
        governing: &Governing,
        block: u32,
    ) -> Result<(Vec<Announcement>, bool), ChainError> {
        let made: u32 = chain.query(governing.governance().proposals())?;
        // A fork may have replaced the last ones.
        self.present.retain(|id, _| *id < made);
        self.next = self.next.min(made);
        let until = self.next.saturating_add(PAGE).min(made);
        let known = self.present.keys().copied();
        let ids: Vec<u32> = known.chain(self.next..until).collect();
        let messages = ids.iter().map(|id| governing.governance().proposal(*id));
        let found: Vec<Option<ProposalView>> = query_all(chain, messages)?;
        let found: Vec<ProposalView> = found.into_iter().flatten().collect();
        // Before the proposals are recorded, so that no announcement is lost with the connection.
        let new: Vec<&ProposalView> = found.iter().filter(|it| self.is_new(it)).collect();
        let messages = new.iter().map(|it| governing.governance().body(it.id));
        let bodies: Vec<Option<Body>> = query_all(chain, messages)?;
        let news = new.into_iter().zip(bodies);
        let news = news.filter_map(|(proposal, body)| Some(announced(proposal, &body?)));
        let news = news.collect();
        for proposal in found {
            self.update(proposal, block);
        }
        self.next = until;
        Ok((news, until < made))
    }

    /// Returns the entry of a proposal, unless it is of another one that a fork has replaced.
    fn entry(&self, proposal: &ProposalView) -> Option<&Entry> {
        let entry = self.present.get(&proposal.id);
        entry.filter(|it| it.proposal.digest == proposal.digest)
    }

    /// Returns true for a proposal that was not read before and has not ended.
    fn is_new(&self, proposal: &ProposalView) -> bool {
        !proposal.state.is_final() && self.entry(proposal).is_none()
    }

    /// Records a proposal as it is at `block`.
    pub(super) fn update(&mut self, proposal: ProposalView, block: u32) {
        let (id, before) = (proposal.id, self.entry(&proposal));
        let over_since = if proposal.state.is_final() {
            before.and_then(|it| it.over_since).or(Some(block))
        } else {
            None
        };
        let is_settled = before.is_some_and(|it| it.is_settled);
        let needs_nothing = is_settled || step_of(&proposal) != Some(Step::Forfeit);
        if over_since.is_some_and(|since| block >= since.saturating_add(SETTLES_IN))
            && needs_nothing
        {
            let place = (proposal.track, state_name(proposal.state));
            let count = self.over.entry(place).or_default();
            *count = count.saturating_add(1);
            self.present.remove(&id);
            return;
        }
        let entry = Entry {
            proposal,
            over_since,
            is_settled,
        };
        self.present.insert(id, entry);
    }

    /// Records that nothing can be done about the deposit of a proposal that has ended.
    pub fn settle(&mut self, id: u32) {
        if let Some(entry) = self.present.get_mut(&id) {
            entry.is_settled = true;
        }
    }

    /// Returns the proposals that were read at the last look.
    pub fn present(&self) -> impl Iterator<Item = &ProposalView> {
        self.present.values().map(|entry| &entry.proposal)
    }

    /// Returns the steps that proposals may need, by number.
    pub fn steps(&self) -> Vec<(u32, Step)> {
        let entries = self.present.iter();
        entries
            .filter_map(|(id, entry)| Some((*id, step_of(&entry.proposal)?, entry.is_settled)))
            .filter(|(_, step, is_settled)| *step != Step::Forfeit || !is_settled)
            .map(|(id, step, _)| (id, step))
            .collect()
    }

    /// Returns the root epoch at whose end stake counts for each proposal whose votes are counted.
    pub fn snapshots(&self) -> BTreeMap<u32, u32> {
        let voting = self.present().filter(|it| it.state.is_voting());
        voting
            .filter_map(|it| Some((it.id, it.snapshot?)))
            .collect()
    }

    /// Returns the numbers of the proposals whose votes are counted.
    pub fn voting(&self) -> BTreeSet<u32> {
        self.snapshots().into_keys().collect()
    }

    /// Returns the first block whose events matter for the votes of present proposals.
    pub fn first_block(&self) -> Option<u32> {
        let has_votes = |it: &&ProposalView| it.state.is_voting();
        let snapshots = self
            .present()
            .filter(has_votes)
            .filter_map(|it| it.snapshot);
        snapshots.min().map(|it| it.saturating_mul(ROOT_EPOCH))
    }

    /// Returns the number of proposals by track and state.
    pub fn counts(&self) -> BTreeMap<(Track, &'static str), u64> {
        let mut counts = self.over.clone();
        for proposal in self.present() {
            let place = (proposal.track, state_name(proposal.state));
            let count = counts.entry(place).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    /// Returns the figures of at most `most` proposals that have not ended, at `block`: those whose
    /// state ends first, and drafts last.
    pub fn figures(&self, block: u32, floor: Rao, most: usize) -> Vec<ProposalFigures> {
        let open = self
            .present()
            .filter_map(|it| Some((it, ends_at(it.state)?)));
        let mut open: Vec<(&ProposalView, u32)> = open.collect();
        open.sort_by_key(|(it, ends_at)| (matches!(it.state, State::Draft(_)), *ends_at, it.id));
        open.truncate(most);
        let figures = open.into_iter().map(|(it, ends_at)| ProposalFigures {
            id: it.id,
            ends_in: ends_at.saturating_sub(block),
            tally: it.tally,
            electorate: it.electorate.unwrap_or_default().max(floor),
        });
        figures.collect()
    }
}

fn announced(proposal: &ProposalView, body: &Body) -> Announcement {
    let actions: Vec<String> = body.actions.iter().map(described).collect();
    Announcement {
        id: proposal.id,
        track: proposal.track.name(),
        state: state_name(proposal.state),
        proposer: ss58(&proposal.proposer),
        title: one_line(&body.title),
        actions: actions.join("; "),
    }
}
