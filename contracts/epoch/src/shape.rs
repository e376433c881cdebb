//! Whether plan and assertion have the shape that the rest of the protocol relies on.

use inktensor_primitives::{
    assertion::Assertion,
    kernel::{EpochHeader, EpochPlan},
    Uid,
};

/// Bytes of an event, as `pallet-contracts` limits them.
pub const MAX_EVENT: u32 = 16 * 1024;

/// Bytes of the `Proposed` event beside digests and roster: netuid, epoch, proposer, deadline,
/// header hash and the lengths of four lists, each at most four bytes.
const PROPOSED_FRAME: u32 = 2 + 4 + 32 + 4 + 32 + 4 * 4;

/// Whether an assertion of `plan` fits the `Proposed` event, so that it can be posted.
pub fn can_be_posted(plan: &EpochPlan, neurons: u16, max_validators: u16) -> bool {
    // Memory and results have a digest per chunk each.
    let digests = plan
        .steps(neurons)
        .saturating_add(u32::from(plan.chunks(neurons)).saturating_mul(2));
    let roster = u32::from(max_validators).saturating_add(1);
    let bytes = digests
        .saturating_mul(32)
        .saturating_add(roster.saturating_mul(2))
        .saturating_add(PROPOSED_FRAME);
    bytes <= MAX_EVENT
}

/// Whether `assertion` has the plan's numbers of steps and chunks, and a roster that is strictly
/// ascending, within the neurons and within the permits. The subnet owner's uid takes none of the
/// permits.
pub fn is_in_shape(assertion: &Assertion, header: &EpochHeader, plan: &EpochPlan) -> bool {
    let has = |items: usize, wanted: u32| u32::try_from(items) == Ok(wanted);
    let chunks = u32::from(plan.chunks(header.neurons));
    let roster = &assertion.roster;
    let permits = roster
        .iter()
        .filter(|uid| Some(**uid) != header.owner_uid)
        .count();
    has(assertion.steps.len(), plan.steps(header.neurons))
        && has(assertion.memory.len(), chunks)
        && has(assertion.results.len(), chunks)
        && is_ascending(roster)
        && roster.last().is_none_or(|uid| uid.0 < header.neurons)
        && permits <= usize::from(header.max_validators)
}

fn is_ascending(uids: &[Uid]) -> bool {
    uids.iter().zip(uids.iter().skip(1)).all(|(a, b)| a < b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use ink::scale::Encode;
    use inktensor_primitives::{
        epoch::Proposed, kernel::PhasePlan, AccountId, NetUid, MAX_UIDS, MAX_VALIDATORS,
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
        let mut header = testing::header(4, None, &[]);
        (header.neurons, header.max_validators) = (40, 2);
        let in_shape = |roster: &[u16], owner: Option<u16>| {
            let mut header = header.clone();
            header.owner_uid = owner.map(Uid);
            is_in_shape(&assertion(&plan, 40, roster), &header, &plan)
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
        /// What is said to fit does fit, to the byte that SCALE's lengths leave open.
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
            let mut header = testing::header(4, None, &[]);
            header.neurons = neurons;
            let mut assertion = assertion(&plan, neurons, &[]);
            prop_assert!(is_in_shape(&assertion, &header, &plan));
            let digests = [&mut assertion.steps, &mut assertion.memory, &mut assertion.results];
            let changed = digests.into_iter().nth(list).unwrap();
            if more { changed.push([1; 32]) } else { changed.pop(); }
            prop_assert!(!is_in_shape(&assertion, &header, &plan));
        }

        #[test]
        fn rosters_ascend_within_the_neurons(roster in prop::collection::vec(0u16..12, 0..6)) {
            let plan = plan(16, 1);
            let mut header = testing::header(4, None, &[]);
            (header.neurons, header.max_validators) = (10, 6);
            let mut sorted = roster.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let good = sorted == roster && roster.iter().all(|uid| *uid < 10);
            prop_assert_eq!(is_in_shape(&assertion(&plan, 10, &roster), &header, &plan), good);
        }
    }
}
