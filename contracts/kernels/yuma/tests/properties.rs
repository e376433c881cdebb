//! Properties of the kernel on every metagraph.

mod support;

use inktensor_yuma_reference::Metagraph;
use proptest::prelude::*;
use support::{
    outcome,
    random::{shapes, Shape},
    Inputs,
};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn with_split_budget(shape: &Shape, miners: u64, validators: u64) -> Metagraph {
    let mut metagraph = shape.metagraph();
    metagraph.params.split = Some((miners, validators));
    metagraph
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn kernel_agrees_with_the_transcription(shape in shapes()) {
        let metagraph = shape.metagraph();
        let outputs = Inputs::new(&metagraph, 64).run();
        prop_assert_eq!(outcome(&outputs), inktensor_yuma_reference::epoch(&metagraph));
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn two_budgets_are_divided_as_the_transcription_divides_them(
        shape in shapes(),
        miners in 0..10_000_000_000_000_000u64,
        validators in 0..10_000_000_000_000_000u64,
    ) {
        let metagraph = with_split_budget(&shape, miners, validators);
        let outputs = Inputs::new(&metagraph, 64).run();
        prop_assert_eq!(outcome(&outputs), inktensor_yuma_reference::epoch(&metagraph));
    }

    #[test]
    fn pay_never_exceeds_the_budget(shape in shapes(), miners in any::<u32>(), validators in any::<u32>()) {
        let (miners, validators) = (u64::from(miners), u64::from(validators));
        let combined = shape.metagraph();
        let budget = combined.params.rao_emission;
        let pay = outcome(&Inputs::new(&combined, 64).run());
        let sum = |pay: &[u64]| pay.iter().sum::<u64>();
        prop_assert!(sum(&pay.server_emission) + sum(&pay.validator_emission) <= budget);
        prop_assert!(sum(&pay.emission) <= budget);

        let pay = outcome(&Inputs::new(&with_split_budget(&shape, miners, validators), 64).run());
        prop_assert!(sum(&pay.server_emission) <= miners);
        prop_assert!(sum(&pay.server_emission) + sum(&pay.validator_emission) <= miners + validators);
        prop_assert_eq!(sum(&pay.emission), sum(&pay.server_emission) + sum(&pay.validator_emission));
    }

    #[test]
    fn the_size_of_chunks_does_not_matter(shape in shapes(), log in 0u32..6) {
        let metagraph = shape.metagraph();
        let whole = Inputs::new(&metagraph, 64).run();
        let cut = Inputs::new(&metagraph, 1 << log).run_by_phase();
        prop_assert_eq!(outcome(&cut), outcome(&whole));
    }

    #[test]
    fn the_order_of_chunks_does_not_matter(shape in shapes()) {
        let inputs = Inputs::new(&shape.metagraph(), 64);
        prop_assert_eq!(inputs.run_by_phase(), inputs.run());
    }

    #[test]
    fn steps_in_groups_are_the_steps_one_by_one(shape in shapes(), most in 1usize..5) {
        let inputs = Inputs::new(&shape.metagraph(), 64);
        prop_assert_eq!(inputs.run_in_groups(most), inputs.run());
    }

    #[test]
    fn limits_hold(shape in shapes()) {
        use inktensor_primitives::kernel::{MAX_CARRY, MAX_MEMORY, MAX_SCRATCH};
        for output in Inputs::new(&shape.metagraph(), 64).run() {
            prop_assert!(output.carry.len() <= MAX_CARRY);
            prop_assert!(output.scratch.len() <= MAX_SCRATCH);
            prop_assert!(output.memory.len() <= MAX_MEMORY);
        }
    }
}
