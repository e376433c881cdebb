//! Limits of an assertion: it must fit the `Proposed` event.

use inktensor_primitives::kernel::EpochPlan;

/// Bytes of an event, as `pallet-contracts` limits them.
pub const MAX_EVENT: u32 = 16 * 1024;

/// Bytes of the `Proposed` event beside digests and roster: netuid, epoch, proposer, deadline,
/// header hash and the lengths of four lists, each at most four bytes.
const PROPOSED_FRAME: u32 = 2 + 4 + 32 + 4 + 32 + 4 * 4;

/// Returns true if an assertion of `plan` fits the `Proposed` event, so that it can be posted.
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

#[cfg(test)]
mod tests {
    use super::*;
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
                    stake: false,
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
    }
}
