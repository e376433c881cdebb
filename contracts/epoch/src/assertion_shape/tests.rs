//! Assertions that can be posted, and their shape.

use super::*;
use crate::tests;
use ink::scale::Encode;
use inktensor_primitives::{
    assertion::Assertion, epoch::Proposed, kernel::PhasePlan, AccountId, NetUid, Uid, MAX_UIDS,
    MAX_VALIDATORS,
};
use proptest::prelude::*;

fn plan(chunk: u16, phases: usize) -> EpochPlan {
    EpochPlan {
        chunk,
        phases: vec![
            PhasePlan {
                rows: false,
                memory: false
            };
            phases
        ],
        memory_phase: 0,
        results_phase: 0,
    }
}

fn assertion(plan: &EpochPlan, neurons: u16, roster: &[u16]) -> Assertion {
    let digests = |count: u32| vec![[1; 32]; usize::try_from(count).unwrap()];
    let chunks = u32::from(plan.chunks(neurons));
    Assertion {
        header_hash: [0; 32],
        steps: digests(plan.steps(neurons)),
        memory: digests(chunks),
        results: digests(chunks),
        roster: roster.iter().copied().map(Uid).collect(),
    }
}

#[test]
fn the_largest_subnet_can_be_posted_in_five_phases() {
    assert!(can_be_posted(&plan(64, 5), MAX_UIDS, MAX_VALIDATORS));
    assert!(!can_be_posted(&plan(64, 6), MAX_UIDS, MAX_VALIDATORS));
    assert!(!can_be_posted(&plan(32, 5), MAX_UIDS, MAX_VALIDATORS));
    assert!(can_be_posted(&plan(32, 5), 256, MAX_VALIDATORS));
}

#[test]
fn the_owner_takes_no_permit() {
    let plan = plan(16, 2);
    let mut header = tests::header(4, None, &[]);
    (header.neurons, header.max_validators) = (40, 2);
    let in_shape = |roster: &[u16], owner: Option<u16>| {
        let mut header = header.clone();
        header.owner_uid = owner.map(Uid);
        assertion(&plan, 40, roster).has_shape(&header, &plan)
    };
    assert!(in_shape(&[3, 5], None));
    assert!(!in_shape(&[3, 5, 7], None));
    assert!(in_shape(&[3, 5, 7], Some(5)));
    assert!(
        !in_shape(&[3, 5, 7], Some(6)),
        "or the next roster had one more"
    );
    assert!(in_shape(&[], Some(6)));
}

proptest! {
    /// An assertion can be posted exactly if it fits, up to the bytes of SCALE's lengths.
    #[test]
    fn posting_counts_the_events_bytes(
        chunk in (0u32..=6).prop_map(|power| 1u16 << power),
        phases in 1usize..=16,
        neurons in 1u16..=MAX_UIDS,
        max_validators in 1u16..=MAX_VALIDATORS,
    ) {
        let plan = plan(chunk, phases);
        let roster: Vec<u16> = (0..=max_validators).collect();
        let bytes = Proposed {
            netuid: NetUid(1),
            epoch: 0,
            proposer: AccountId::from([0; 32]),
            deadline: 0,
            assertion: assertion(&plan, neurons, &roster),
        }
        .encoded_size();
        let limit = usize::try_from(MAX_EVENT).unwrap();
        if can_be_posted(&plan, neurons, max_validators) {
            prop_assert!(bytes <= limit);
        } else {
            prop_assert!(bytes + 12 > limit);
        }
    }

    #[test]
    fn any_other_number_is_out_of_shape(
        neurons in 1u16..200,
        power in 0u32..=6,
        phases in 1usize..6,
        list in 0usize..3,
        more in any::<bool>(),
    ) {
        let plan = plan(1 << power, phases);
        let mut header = tests::header(4, None, &[]);
        header.neurons = neurons;
        let mut assertion = assertion(&plan, neurons, &[]);
        prop_assert!(assertion.has_shape(&header, &plan));
        let digests = [&mut assertion.steps, &mut assertion.memory, &mut assertion.results];
        let changed = digests.into_iter().nth(list).unwrap();
        if more { changed.push([1; 32]) } else { changed.pop(); }
        prop_assert!(!assertion.has_shape(&header, &plan));
    }

    #[test]
    fn rosters_ascend_within_the_neurons(roster in prop::collection::vec(0u16..12, 0..6)) {
        let plan = plan(16, 1);
        let mut header = tests::header(4, None, &[]);
        (header.neurons, header.max_validators) = (10, 6);
        let mut sorted = roster.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let good = sorted == roster && roster.iter().all(|uid| *uid < 10);
        prop_assert_eq!(assertion(&plan, 10, &roster).has_shape(&header, &plan), good);
    }
}
