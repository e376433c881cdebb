//! Permission to set weights: the order of the reasons, the exceptions, and any combination.

use super::*;
use inktensor_primitives::registry::Seat;
use proptest::prelude::*;

struct Known {
    stake: u64,
    updated_at: Option<u32>,
    permit: bool,
}

impl Facts for Known {
    fn stake(&self) -> Result<Rao, EpochError> {
        Ok(Rao(self.stake))
    }
    fn updated_at(&self) -> Option<u32> {
        self.updated_at
    }
    fn has_permit(&self) -> bool {
        self.permit
    }
}

const FIT: Known = Known {
    stake: 100,
    updated_at: Some(50),
    permit: true,
};

fn voter(is_owner: bool) -> Voter {
    Voter {
        seat: Seat {
            uid: Uid(1),
            generation: 7,
            registered_epoch: 0,
            neurons: 4,
            epoch: 3,
        },
        identity: [9; 32].into(),
        is_owner,
        terms: WeightTerms {
            version_key: 5,
            rate_limit: 10,
            min_count: 2,
            commit_reveal: false,
            reveal_period: 1,
            stake_threshold: Rao(100),
            evidence: false,
        },
        evidence: None,
    }
}

fn update<'a>(uids: &'a [Uid], weights: &'a [u16]) -> WeightsUpdate<'a> {
    WeightsUpdate {
        uids,
        weights,
        version_key: 5,
    }
}

/// Each reason comes first although all later checks would fail too. Source of the order:
/// subtensor-reference.md 5.1.
#[test]
fn reasons_come_in_the_references_order() {
    let mut voter = voter(false);
    voter.terms.commit_reveal = true;
    voter.terms.evidence = true;
    let mut known = Known {
        stake: 99,
        updated_at: Some(55),
        permit: false,
    };
    let mut wrong = WeightsUpdate {
        uids: &[Uid(9)],
        weights: &[1, 2],
        version_key: 4,
    };
    let mut reasons = Vec::new();
    let mut note = |voter: &Voter, known: &Known, wrong: WeightsUpdate| {
        reasons.push(row(voter, Way::Set(60), wrong, known).unwrap_err());
    };
    note(&voter, &known, wrong);
    voter.terms.commit_reveal = false;
    note(&voter, &known, wrong);
    wrong.weights = &[1];
    note(&voter, &known, wrong);
    known.stake = 100;
    note(&voter, &known, wrong);
    wrong.version_key = 5;
    note(&voter, &known, wrong);
    known.updated_at = Some(50);
    note(&voter, &known, wrong);
    known.permit = true;
    note(&voter, &known, wrong);
    wrong.uids = &[Uid(3)];
    note(&voter, &known, wrong);
    (wrong.uids, wrong.weights) = (&[Uid(2), Uid(3)], &[1, 1]);
    note(&voter, &known, wrong);
    assert_eq!(
        reasons,
        [
            EpochError::CommitFirst,
            EpochError::LengthMismatch(1, 2),
            EpochError::StakeTooLow(Rao(100)),
            EpochError::VersionTooOld(5),
            EpochError::WeightsTooSoon(65),
            EpochError::NoPermit,
            EpochError::UnknownUid(Uid(9), 4),
            EpochError::TooFewWeights(2),
            EpochError::EvidenceFirst(3),
        ]
    );
}

#[test]
fn evidence_of_another_epoch_is_none() {
    let two = update(&[Uid(0), Uid(2)], &[1, 1]);
    for is_owner in [false, true] {
        let mut voter = voter(is_owner);
        voter.terms.evidence = true;
        let allowed = |voter: &Voter, way| row(voter, way, two, &FIT).map(|_| ());
        for evidence in [None, Some(2), Some(4)] {
            voter.evidence = evidence;
            let refused = Err(EpochError::EvidenceFirst(3));
            assert_eq!(allowed(&voter, Way::Set(60)), refused);
            assert_eq!(check_evidence(&voter), refused);
            // A reveal comes in a later epoch than its commit, which was checked.
            assert_eq!(allowed(&voter, Way::Reveal), Ok(()));
        }
        voter.evidence = Some(3);
        assert_eq!(allowed(&voter, Way::Set(60)), Ok(()));
        assert_eq!(check_evidence(&voter), Ok(()));
    }
}

/// No weights are no statement about anyone.
#[test]
fn a_row_is_cleared_without_evidence() {
    let mut voter = voter(false);
    voter.terms.evidence = true;
    assert_eq!(
        row(&voter, Way::Set(60), update(&[], &[]), &FIT),
        Ok(vec![0; 4])
    );
    let zeros = update(&[Uid(0), Uid(2)], &[0, 0]);
    assert_eq!(row(&voter, Way::Set(60), zeros, &FIT), Ok(vec![0; 4]));
}

#[test]
fn the_owner_needs_neither_permit_nor_stake() {
    let known = Known {
        stake: 0,
        permit: false,
        ..FIT
    };
    let two = update(&[Uid(0), Uid(2)], &[1, 1]);
    assert!(row(&voter(true), Way::Set(60), two, &known).is_ok());
    assert!(row(&voter(false), Way::Set(60), two, &known).is_err());
}

#[test]
fn a_weight_on_oneself_alone_needs_no_permit_and_no_other() {
    let known = Known {
        permit: false,
        ..FIT
    };
    let own = update(&[Uid(1)], &[9]);
    assert!(row(&voter(false), Way::Set(60), own, &known).is_ok());
}

#[test]
fn a_small_subnet_requires_no_more_weights_than_it_has_neurons() {
    let mut voter = voter(false);
    voter.terms.min_count = 1_024;
    let all = update(&[Uid(0), Uid(1), Uid(2), Uid(3)], &[1, 1, 1, 1]);
    assert!(row(&voter, Way::Set(60), all, &FIT).is_ok());
    assert!(row(&voter, Way::Set(60), update(&[], &[]), &FIT).is_ok());
}

#[test]
fn a_reveal_is_not_limited_in_rate() {
    let known = Known {
        updated_at: Some(60),
        ..FIT
    };
    let two = update(&[Uid(0), Uid(2)], &[1, 1]);
    assert!(row(&voter(false), Way::Set(60), two, &known).is_err());
    let mut committing = voter(false);
    committing.terms.commit_reveal = true;
    assert!(row(&committing, Way::Reveal, two, &known).is_ok());
}

proptest! {
    /// An update passes exactly if it obeys every rule.
    #[test]
    fn only_what_obeys_all_rules_passes(
        (is_owner, permit, commit_reveal, by_reveal) in any::<(bool, bool, bool, bool)>(),
        stake in 90u64..110,
        version_key in 3u64..7,
        updated_at in prop::option::of(45u32..60),
        uids in prop::collection::vec(0u16..5, 0..4),
        extra in 0usize..2,
    ) {
        let mut voter = voter(is_owner);
        voter.terms.commit_reveal = commit_reveal;
        let way = if by_reveal { Way::Reveal } else { Way::Set(60) };
        let uids: Vec<Uid> = uids.into_iter().map(Uid).collect();
        let weights = vec![1; uids.len() + extra];
        let given = WeightsUpdate { uids: &uids, weights: &weights, version_key };
        let known = Known { stake, updated_at, permit };
        let is_self = uids == [Uid(1)];
        let distinct = uids.iter().collect::<std::collections::BTreeSet<_>>().len() == uids.len();
        let sound = (by_reveal || !commit_reveal)
            && extra == 0
            && (is_owner || stake >= 100)
            && version_key >= 5
            && (by_reveal || updated_at.is_none_or(|at| at + 10 <= 60))
            && (is_self || is_owner || permit)
            && uids.iter().all(|uid| uid.0 < 4)
            && distinct
            && (is_self || uids.is_empty() || uids.len() >= 2);
        prop_assert_eq!(row(&voter, way, given, &known).is_ok(), sound);
    }
}
