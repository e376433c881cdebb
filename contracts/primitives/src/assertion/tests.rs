use super::*;
use crate::{
    kernel::{Budget, PhasePlan},
    AccountId, Rao,
};
use ink::prelude::vec;

fn plan(chunk: u16, phases: usize) -> EpochPlan {
    let phase = PhasePlan {
        rows: false,
        stake: false,
        memory: false,
    };
    EpochPlan {
        chunk,
        phases: vec![phase; phases],
        memory_phase: 0,
        results_phase: 0,
    }
}

fn header(neurons: u16, max_validators: u16, owner: Option<u16>) -> EpochHeader {
    EpochHeader {
        contract: AccountId::from([1; 32]),
        netuid: NetUid(1),
        epoch: 4,
        final_epoch: None,
        opened_at: 0,
        closed_at: 10,
        previous_close: 0,
        tempo: 10,
        neurons,
        kernel: AccountId::from([2; 32]),
        kernel_code: [3; 32],
        params: Vec::new(),
        max_validators,
        owner_uid: owner.map(Uid),
        budget: Budget::Combined(Rao::ZERO),
        roster: Vec::new(),
        previous: [0; 32],
    }
}

fn assertion(plan: &EpochPlan, neurons: u16, roster: &[u16]) -> Assertion {
    let chunks = usize::from(plan.chunks(neurons));
    Assertion {
        header_hash: [0; 32],
        steps: vec![[1; 32]; chunks * plan.phases.len()],
        memory: vec![[1; 32]; chunks],
        results: vec![[1; 32]; chunks],
        roster: roster.iter().copied().map(Uid).collect(),
    }
}

#[test]
fn the_owner_uses_no_permit() {
    let plan = plan(16, 2);
    let has_shape = |roster: &[u16], owner| {
        assertion(&plan, 40, roster).has_shape(&header(40, 2, owner), &plan)
    };
    assert!(has_shape(&[3, 5], None));
    assert!(!has_shape(&[3, 5, 7], None));
    assert!(has_shape(&[3, 5, 7], Some(5)));
    assert!(
        !has_shape(&[3, 5, 7], Some(6)),
        "or the next roster had one more"
    );
    assert!(has_shape(&[], Some(6)));
}

#[test]
fn any_other_number_of_digests_is_refused() {
    for (neurons, chunk, phases) in [
        (1, 1, 1),
        (40, 16, 2),
        (64, 64, 5),
        (65, 64, 3),
        (199, 2, 4),
    ] {
        let plan = plan(chunk, phases);
        let header = header(neurons, 8, None);
        let good = assertion(&plan, neurons, &[]);
        assert!(good.has_shape(&header, &plan));
        for list in 0..3 {
            for more in [false, true] {
                let mut changed = good.clone();
                let lists = [
                    &mut changed.steps,
                    &mut changed.memory,
                    &mut changed.results,
                ];
                for (_, digests) in (0..).zip(lists).filter(|(number, _)| *number == list) {
                    if more {
                        digests.push([1; 32]);
                    } else {
                        digests.pop();
                    }
                }
                assert!(!changed.has_counts(&plan, neurons));
                assert!(!changed.has_shape(&header, &plan));
            }
        }
    }
}

#[test]
fn a_roster_ascends_within_the_neurons() {
    let plan = plan(16, 1);
    let header = header(10, 6, None);
    let has_shape = |roster: &[u16]| assertion(&plan, 10, roster).has_shape(&header, &plan);
    for roster in [&[][..], &[0], &[9], &[0, 1, 9], &[0, 1, 2, 3, 4, 5]] {
        assert!(has_shape(roster), "{roster:?}");
    }
    for roster in [&[10][..], &[1, 1], &[2, 1], &[1, 3, 2], &[1, 10]] {
        assert!(!has_shape(roster), "{roster:?}");
        assert!(assertion(&plan, 10, roster).has_counts(&plan, 10));
    }
}
