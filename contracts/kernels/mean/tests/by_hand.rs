//! Small subnets whose results can be computed by hand.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing
)]

mod support;

use inktensor_primitives::{
    kernel::{Budget, KernelError},
    Rao, Uid,
};
use support::{subnet, Ran, Subnet};

fn run(subnet: &Subnet) -> Ran {
    subnet.run().unwrap()
}

fn miners(ran: &Ran) -> Vec<u64> {
    ran.results.iter().map(|result| result.miner.0).collect()
}

fn validators(ran: &Ran) -> Vec<u64> {
    ran.results
        .iter()
        .map(|result| result.validator.0)
        .collect()
}

#[test]
fn miners_earn_by_the_mean_and_validators_by_stake() {
    // 300 rao have weights 1:1, 100 have 0:1. So 150 are behind uid 2 and 250 behind uid 3.
    let net = subnet(&[300, 100, 0, 0], &[(0, &[0, 0, 7, 7]), (1, &[0, 0, 0, 9])]);
    let ran = run(&net);
    assert_eq!(miners(&ran), [0, 0, 375, 625]);
    assert_eq!(validators(&ran), [75, 25, 0, 0]);
    assert_eq!(ran.roster, [Uid(0), Uid(1)]);
    let third = ran.results[2];
    assert_eq!((third.incentive, third.consensus), (24_575, 24_575));
    assert_eq!((third.dividends, third.validator_trust), (0, 0));
    assert_eq!((third.permit, third.emission), (false, Rao(375)));
    let first = ran.results[0];
    assert_eq!((first.dividends, first.validator_trust), (49_151, 65_535));
    assert_eq!((first.stake_weight, first.permit), (49_151, true));
}

#[test]
fn the_size_of_weights_does_not_matter_within_a_row() {
    let small = subnet(&[300, 100, 0, 0], &[(0, &[0, 0, 1, 2]), (1, &[0, 0, 3, 3])]);
    let large = subnet(
        &[300, 100, 0, 0],
        &[(0, &[0, 0, 100, 200]), (1, &[0, 0, 65_535, 65_535])],
    );
    assert_eq!(run(&small), run(&large));
}

#[test]
fn weights_for_oneself_are_void() {
    let selfish = subnet(&[300, 100, 0], &[(0, &[9_999, 0, 1]), (1, &[0, 5, 0])]);
    let ran = run(&selfish);
    assert_eq!(miners(&ran), [0, 0, 1_000]);
    // The second sets a weight for itself alone, so it is no validator.
    assert_eq!(validators(&ran), [100, 0, 0]);
    assert_eq!(ran.results[1].validator_trust, 0);
}

#[test]
fn weights_older_than_a_neuron_were_for_another() {
    let mut net = subnet(&[300, 0, 0], &[(0, &[0, 1, 1])]);
    for (registered_at, expected) in [(9, [0, 500, 500]), (10, [0, 0, 1_000])] {
        net.neurons[1].registered_at = registered_at;
        assert_eq!(miners(&run(&net)), expected);
    }
}

#[test]
fn a_budget_without_claims_is_not_paid() {
    for net in [
        subnet(&[300, 100], &[]),
        subnet(&[300, 100], &[(0, &[0, 0])]),
        subnet(&[0, 0], &[(0, &[0, 5])]),
    ] {
        let ran = run(&net);
        assert_eq!(miners(&ran), [0, 0]);
        assert_eq!(validators(&ran), [0, 0]);
    }
}

#[test]
fn permits_go_to_the_largest_stakes_and_the_owner() {
    let mut net = subnet(&[5, 9, 5, 0, 9], &[]);
    assert_eq!(run(&net).roster, [Uid(1), Uid(4)]);
    net.header.max_validators = 3;
    assert_eq!(run(&net).roster, [Uid(0), Uid(1), Uid(4)]);
    net.header.owner_uid = Some(Uid(3));
    let ran = run(&net);
    assert_eq!(ran.roster, [Uid(0), Uid(1), Uid(3), Uid(4)]);
    let permits: Vec<bool> = ran.results.iter().map(|result| result.permit).collect();
    assert_eq!(permits, [true, true, false, true, true]);
}

#[test]
fn a_combined_budget_is_divided_in_halves() {
    let mut net = subnet(&[300, 0], &[(0, &[0, 5])]);
    net.header.budget = Budget::Combined(Rao(101));
    let ran = run(&net);
    assert_eq!((miners(&ran), validators(&ran)), (vec![0, 50], vec![51, 0]));
}

#[test]
fn parameters_are_refused() {
    let mut net = subnet(&[300, 0], &[(0, &[0, 5])]);
    let input = net.input(0, 0, &[], &[]);
    net.header.params = vec![0];
    assert_eq!(
        inktensor_mean::plan(&net.header),
        Err(KernelError::BadParams)
    );
    let refused = inktensor_primitives::kernel::StepInput {
        header: net.header,
        ..input
    };
    assert_eq!(inktensor_mean::step(&refused), Err(KernelError::BadParams));
}

#[test]
fn inputs_that_no_chain_makes_are_refused() {
    let net = subnet(&[300, 100, 0], &[(0, &[0, 0, 1])]);
    let steps = net.steps().unwrap();
    let refused = |k: usize, change: fn(&mut inktensor_primitives::kernel::StepInput)| {
        let mut input = steps[k].0.clone();
        change(&mut input);
        inktensor_mean::step(&input).unwrap_err()
    };
    assert_eq!(refused(0, |it| it.phase = 4), KernelError::StepOutOfRange);
    assert_eq!(refused(0, |it| it.chunk = 1), KernelError::StepOutOfRange);
    assert_eq!(refused(0, |it| it.carry.push(0)), KernelError::BadCarry);
    assert_eq!(refused(0, |it| it.scratch.push(0)), KernelError::BadScratch);
    assert_eq!(refused(0, |it| it.memory.push(0)), KernelError::BadMemory);
    assert_eq!(refused(0, |it| it.rows.push(0, [])), KernelError::BadInputs);
    assert_eq!(
        refused(1, |it| it.rows = Default::default()),
        KernelError::BadInputs
    );
    assert_eq!(refused(1, |it| it.carry.clear()), KernelError::BadCarry);
    assert_eq!(refused(1, |it| it.carry.push(0)), KernelError::BadCarry);
    assert_eq!(refused(2, |it| it.neurons.clear()), KernelError::BadInputs);
    assert_eq!(refused(3, |it| it.scratch.push(0)), KernelError::BadScratch);
    let vast = |it: &mut inktensor_primitives::kernel::StepInput| {
        it.neurons[0].stake = u64::MAX;
    };
    assert_eq!(refused(0, vast), KernelError::BadInputs);
    assert_eq!(refused(3, vast), KernelError::BadCarry);
}
