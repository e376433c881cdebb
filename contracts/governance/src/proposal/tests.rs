use super::*;
use proptest::prelude::*;

const ELECTORATE: Rao = Rao::from_tao(6_000_000);
const MADE: u32 = 100;

fn draft(track: Track) -> Proposal {
    Proposal {
        proposer: [1; 32].into(),
        track,
        rules: track.default_rules(),
        is_immune: false,
        digest: [2; 32],
        actions_hash: [3; 32],
        made_at: MADE,
        put: Rao::ZERO,
        schedule: None,
        electorate: Some(ELECTORATE),
        floor: Rao::ZERO,
        tally: Tally::default(),
        counted_at: MADE,
        confirming: None,
        held_until: None,
        after: None,
        end: None,
    }
}

/// Returns a proposal in its lead, and the block at which voting begins.
fn begun(track: Track) -> (Proposal, u32) {
    let mut proposal = draft(track);
    let start = proposal.begin(3 * ROOT_EPOCH + 5).unwrap().start;
    (proposal, start)
}

fn votes(ayes: u64, nays: u64) -> Tally {
    Tally {
        ayes: Rao::from_tao(ayes),
        nays: Rao::from_tao(nays),
        abstains: Rao::ZERO,
    }
}

#[test]
fn draft_lapses_after_two_weeks() {
    let draft = draft(Track::Parameter);
    let until = MADE + DRAFT_TERM;
    assert_eq!(draft.state(until - 1), State::Draft(until));
    assert_eq!(draft.state(until), State::Lapsed);
    assert_eq!(draft.fate(until - 1), Fate::Locked);
    assert_eq!(draft.fate(until), Fate::Returned);
}

#[test]
fn voting_begins_when_the_snapshot_is_over() {
    let (proposal, start) = begun(Track::Parameter);
    // Lead of two: the root epoch after the next one.
    assert_eq!(start, 6 * ROOT_EPOCH);
    assert_eq!(proposal.schedule.unwrap().snapshot, 5);
    assert_eq!(proposal.state(start - 1), State::Lead(start));
    assert!(matches!(proposal.state(start), State::Voting(_)));
}

#[test]
fn stop_votes_at_once_with_the_last_root_epoch() {
    let mut early = draft(Track::Stop);
    assert_eq!(
        early.begin(ROOT_EPOCH - 1),
        Err(GovernanceError::NoSnapshot)
    );
    let at = ROOT_EPOCH * 7 + 3;
    let schedule = early.begin(at).unwrap();
    assert_eq!((schedule.snapshot, schedule.start), (6, at));
    assert!(matches!(early.state(at), State::Voting(_)));
}

/// The example of docs/governance.md: 150 000 ayes and 60 000 nays of 6 000 000.
#[test]
fn vote_passes_when_support_has_fallen_to_it() {
    let (mut proposal, start) = begun(Track::Parameter);
    proposal.count(votes(150_000, 60_000), start + 10);
    // Support falls from 4 % at day 2 to 1 % at day 7: to 2.5 % at day 4.5.
    let passes = start + 32_400;
    assert!(matches!(proposal.state(passes - 1), State::Voting(_)));
    let approved = passes + DAY;
    assert_eq!(proposal.state(passes), State::Confirming(approved));
    let eta = approved + 2 * DAY;
    assert_eq!(proposal.state(approved), State::Queued(eta));
    let until = eta + 7 * DAY;
    assert_eq!(proposal.state(eta), State::Ready(until));
    assert_eq!(proposal.state(until), State::Expired);
    assert_eq!(proposal.fate(approved - 1), Fate::Locked);
    assert_eq!(proposal.fate(approved), Fate::Returned);
}

#[test]
fn late_votes_against_end_a_confirmation() {
    let (mut proposal, start) = begun(Track::Parameter);
    let began = proposal.count(votes(700_000, 0), start + 10);
    assert_eq!(began, Confirmation::Began(start + 10));
    let approved = start + 10 + DAY;
    assert_eq!(proposal.state(start + 20), State::Confirming(approved));
    let late = approved - 1;
    assert_eq!(
        proposal.count(votes(700_000, 700_000), late),
        Confirmation::Lost
    );
    assert!(matches!(proposal.state(late), State::Voting(_)));
    assert_eq!(
        proposal.count(votes(700_000, 0), late + 5),
        Confirmation::Began(late + 5)
    );
    // A confirmation that is lost after the time to decide is the end.
    let (mut last, start) = begun(Track::Parameter);
    let decided = start + last.rules.decide;
    last.count(votes(700_000, 700_001), start + 10);
    last.count(votes(700_000, 0), decided - 1);
    assert!(matches!(last.state(decided), State::Confirming(_)));
    last.count(votes(700_000, 700_001), decided + 1);
    assert_eq!(last.state(decided + 1), State::Rejected);
    assert_eq!(last.fate(decided + 1), Fate::Returned);
}

#[test]
fn proposal_without_votes_is_rejected_and_loses_its_deposit() {
    let (proposal, start) = begun(Track::Parameter);
    let end = start + proposal.rules.decide;
    assert!(matches!(proposal.state(end - 1), State::Voting(_)));
    assert_eq!(proposal.state(end), State::Rejected);
    assert_eq!(proposal.fate(end), Fate::Lost);
}

#[test]
fn floor_of_the_electorate_raises_support() {
    let (mut small, start) = begun(Track::Parameter);
    small.electorate = Some(Rao::from_tao(100));
    small.count(votes(100, 0), start);
    assert!(matches!(small.state(start), State::Confirming(_)));
    let (mut floored, start) = begun(Track::Parameter);
    floored.electorate = Some(Rao::from_tao(100));
    floored.floor = Rao::from_tao(250_000);
    floored.count(votes(100, 0), start);
    assert_eq!(floored.state(start + floored.rules.decide), State::Rejected);
}

#[test]
fn hold_delays_once_and_no_proposal_that_stops() {
    let (mut proposal, start) = begun(Track::Kernel);
    proposal.count(votes(3_000_000, 0), start);
    let approved = start + proposal.rules.confirm;
    let beyond = Err(GovernanceError::BeyondGuard);
    assert_eq!(proposal.hold(approved - 1), beyond);
    let eta = approved + proposal.rules.delay;
    let mut queued = proposal.clone();
    assert_eq!(queued.hold(approved), Ok(()));
    assert_eq!(queued.state(eta), State::Queued(eta + HOLD));
    assert_eq!(queued.hold(eta), beyond);
    // A hold of one that is ready counts from then.
    assert_eq!(proposal.hold(eta + 50), Ok(()));
    assert_eq!(proposal.state(eta + 50), State::Queued(eta + 50 + HOLD));
    let mut immune = queued.clone();
    immune.held_until = None;
    immune.is_immune = true;
    assert_eq!(immune.hold(approved), beyond);
    let (mut stop, start) = begun(Track::Stop);
    stop.count(votes(3_000_000, 0), start);
    let ready = start + stop.rules.confirm;
    assert!(matches!(stop.state(ready), State::Ready(_)));
    assert_eq!(stop.hold(ready), beyond);
}

#[test]
fn spam_is_closed_after_two_days() {
    let (mut spam, start) = begun(Track::Parameter);
    spam.count(votes(14_999, 60_000), start);
    let refused = Err(GovernanceError::NotRejectable);
    assert_eq!(spam.ensure_rejectable(start + EARLY - 1), refused);
    assert_eq!(spam.ensure_rejectable(start + EARLY), Ok(()));
    spam.count(votes(15_000, 60_000), start);
    assert_eq!(spam.ensure_rejectable(start + EARLY), refused);
    spam.count(votes(0, 59_999), start);
    assert_eq!(spam.ensure_rejectable(start + EARLY), refused);
    spam.count(votes(0, 60_000), start);
    spam.finish(End::Closed, start + EARLY);
    assert_eq!(spam.fate(start + EARLY), Fate::Lost);
}

#[test]
fn deposit_of_a_cancelled_proposal_follows_its_votes() {
    for (at, fate) in [(EARLY, Fate::Lost), (EARLY - 1, Fate::Returned)] {
        let (mut proposal, start) = begun(Track::Parameter);
        proposal.finish(End::Cancelled, start + at);
        assert_eq!(proposal.fate(start + 9 * DAY), fate);
    }
    for (ayes, fate) in [(10_000, Fate::Returned), (9_999, Fate::Lost)] {
        let (mut proposal, start) = begun(Track::Parameter);
        proposal.count(votes(ayes, 40_000), start);
        proposal.finish(End::Cancelled, start + EARLY);
        assert_eq!(proposal.fate(start + 9 * DAY), fate);
    }
    let (mut approved, start) = begun(Track::Parameter);
    approved.count(votes(700_000, 0), start);
    approved.finish(End::Cancelled, start + DAY);
    assert_eq!(approved.fate(start + 9 * DAY), Fate::Returned);
}

/// A machine that looks at every block, as a chain with hooks would.
struct Eager {
    proposal: Proposal,
    passing: Option<u32>,
    state: State,
}

impl Eager {
    fn step(&mut self, at: u32) {
        if !self.state.is_voting() {
            return;
        }
        let start = self.proposal.schedule.unwrap().start;
        let decided = start + self.proposal.rules.decide;
        // A proposal that does not pass when deciding is over begins no more.
        if !self.proposal.passes(at) {
            self.passing = None;
        } else if self.passing.is_none() && at < decided {
            self.passing = Some(at);
        }
        self.state = match self.passing {
            Some(since) if at >= since + self.proposal.rules.confirm => State::Queued(0),
            Some(since) => State::Confirming(since + self.proposal.rules.confirm),
            None if at < decided => State::Voting(decided),
            None => State::Rejected,
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A proposal that is looked at only when votes change has the states of one that is looked at
    /// in every block.
    #[test]
    fn lazy_states_are_those_of_every_block(
        changes in proptest::collection::vec((1u32..400, 0u64..900_000, 0u64..300_000), 0..12),
    ) {
        let (mut lazy, _) = begun(Track::Parameter);
        // Days of 100 blocks, so that every block can be looked at.
        let rules = &mut lazy.rules;
        rules.decide = 700;
        rules.confirm = 100;
        for curve in [&mut rules.approval, &mut rules.support] {
            curve.middle_at = 200;
            curve.floor_at = 700;
        }
        let start = lazy.schedule.unwrap().start;
        let mut eager = Eager {
            proposal: lazy.clone(),
            passing: None,
            state: State::Voting(start + 700),
        };
        let mut due = start;
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(wait, ayes, nays)| { due += wait; (due, votes(ayes, nays)) })
            .collect();
        for at in start..start + 1_000 {
            eager.step(at);
            for (_, tally) in changes.iter().filter(|(due, _)| *due == at) {
                prop_assert_eq!(lazy.state(at).is_voting(), eager.state.is_voting());
                if eager.state.is_voting() {
                    lazy.count(*tally, at);
                    eager.proposal.tally = *tally;
                    eager.step(at);
                }
            }
            let is_approved = matches!(eager.state, State::Queued(_));
            let lazy_state = lazy.state(at);
            if is_approved {
                prop_assert!(matches!(
                    lazy_state, State::Queued(_) | State::Ready(_) | State::Expired
                ));
            } else {
                prop_assert_eq!(lazy_state, eager.state, "block {}", at - start);
            }
        }
    }
}
