//! Liars before an honest watcher and forgers before an honest proposer: by the rules linked
//! natively, and on the chain.

use inktensor_e2e_tests::adversary::{
    attack::{self, Broken},
    Campaign, Case, Rng, Judge, Forgery, Kinds, Lie, Kernel,
};
use inktensor_primitives::{assertion::Assertion, dispute::StepProof, epoch::EpochError};
use std::collections::BTreeSet;

/// Enough for every kind to have its turn several times.
const RUNS: u64 = 3_000;

#[test]
fn no_lie_survives_and_no_honest_assertion_falls() {
    let campaign = Campaign {
        seed: 1,
        runs: 0..RUNS,
        threads: 2,
        sample: RUNS / 10,
    };
    let tally = campaign.run(&|| ());
    assert_eq!(tally.failures, []);
    assert_eq!((tally.runs, tally.on_chain), (RUNS, 10));
    let kinds = Kinds::all();
    assert_eq!(
        tally.lies.len(),
        kinds.of_lies(),
        "every kind of lie is told"
    );
    assert_eq!(
        tally.proofs.len(),
        kinds.of_proofs(),
        "every proof is tried"
    );
}

#[test]
fn a_run_depends_on_seed_and_number_alone() {
    let tally = |seed, runs, threads| {
        let campaign = Campaign {
            seed,
            runs,
            threads,
            sample: 0,
        };
        campaign.run(&|| ())
    };
    let mut parts = tally(5, 0..100, 1);
    parts.add(tally(5, 100..300, 3));
    assert_eq!(parts, tally(5, 0..300, 2));
    assert_ne!(parts, tally(6, 0..300, 2));
}

/// A judge with one thing wrong.
struct Bent<C> {
    judge: C,
    verdict: Result<(), EpochError>,
}

impl<C: Judge> Judge for Bent<C> {
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        self.judge.propose(assertion)
    }

    fn dispute(&mut self, _: u32, _: &StepProof) -> Result<(), EpochError> {
        self.verdict.clone()
    }
}

fn before_a_bent_court(
    verdict: Result<(), EpochError>,
) -> (Case, Bent<impl Judge>, Assertion, Rng) {
    let mut rng = Rng::new(1, 1);
    loop {
        let (case, judge) =
            inktensor_e2e_tests::adversary::epoch(&mut rng, Kernel::yuma()).expect("an epoch");
        let (first, second) = (case.trace.steps[0].clone(), &case.trace.steps[1]);
        if first != *second {
            let mut lie = case.trace.assertion();
            lie.steps[1] = lie.steps[0];
            return (case, Bent { judge, verdict }, lie, rng);
        }
    }
}

#[test]
fn a_judge_who_slashes_nobody_is_noticed() {
    let (case, mut judge, lie, mut rng) = before_a_bent_court(Err(EpochError::StepIsCorrect));
    assert!(matches!(
        attack::lie(&mut judge, &case, &lie, &mut rng),
        Err(Broken::Survivor(_))
    ));
}

#[test]
fn a_judge_who_slashes_everybody_is_noticed() {
    let (case, mut judge, lie, mut rng) = before_a_bent_court(Ok(()));
    // He finds the step before the false one false, too.
    let ended = attack::lie(&mut judge, &case, &lie, &mut rng);
    assert!(matches!(ended, Err(Broken::Survivor(_))), "{ended:?}");

    let (case, mut judge, _, mut rng) = before_a_bent_court(Ok(()));
    attack::post_honestly(&mut judge, &case).expect("taken");
    for forgery in [Forgery::Right, Forgery::BeyondLast, Forgery::Random] {
        assert!(matches!(
            attack::forge(&mut judge, &case, forgery, &mut rng),
            Err(Broken::HonestLoss(_))
        ));
    }
}

/// An assertion that is nobody's lie is not disputed, and a watcher who sees nothing is a
/// survivor's best friend.
#[test]
fn a_watcher_who_sees_nothing_is_noticed() {
    let mut rng = Rng::new(1, 1);
    let (case, mut judge) =
        inktensor_e2e_tests::adversary::epoch(&mut rng, Kernel::yuma()).expect("an epoch");
    let honest = case.trace.assertion();
    assert_eq!(case.refute(&honest), None);
    assert!(matches!(
        attack::lie(&mut judge, &case, &honest, &mut rng),
        Err(Broken::Survivor(_))
    ));
}

#[test]
fn no_two_kinds_are_counted_as_one() {
    let lies = Lie::all();
    let names: BTreeSet<String> = lies.iter().map(Lie::to_string).collect();
    assert_eq!(names.len(), lies.len());
    let proofs = Forgery::all();
    let names: BTreeSet<String> = proofs.iter().map(Forgery::to_string).collect();
    assert_eq!(names.len(), proofs.len());
}
