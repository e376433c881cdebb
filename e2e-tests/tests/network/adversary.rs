//! Attacks on epochs: false assertions against a watcher and forged proofs against a proposer, with
//! the natively linked rules and on the chain.

use inktensor_e2e_tests::adversary::{
    attack::{self, Broken},
    Campaign, Case, Contest, Forgery, Judge, Kernel, Kinds, Lie, Rng,
};
use inktensor_primitives::{assertion::Assertion, dispute::StepProof, epoch::EpochError, Digest};
use std::collections::BTreeSet;

/// The number of runs, in which every kind occurs several times.
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
        "every kind of lie occurs"
    );
    assert_eq!(
        tally.proofs.len(),
        kinds.of_proofs(),
        "every kind of proof occurs"
    );
    assert_eq!(
        tally.contests.len(),
        kinds.of_contests(),
        "every kind of contest occurs"
    );
}

#[test]
fn run_depends_on_seed_and_number_only() {
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

/// A judge whose disputes have a fixed verdict.
struct FixedVerdict<C> {
    judge: C,
    verdict: Result<(), EpochError>,
}

impl<C: Judge> Judge for FixedVerdict<C> {
    fn propose(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        self.judge.propose(assertion)
    }

    fn dispute(&mut self, _: u32, _: &StepProof) -> Result<(), EpochError> {
        self.verdict.clone()
    }

    fn finalize(&mut self, assertion: &Assertion) -> Result<(), EpochError> {
        self.judge.finalize(assertion)
    }

    fn replay(&mut self, case: &Case, steps: usize) {
        self.judge.replay(case, steps);
    }

    fn advance(&mut self, blocks: u32) {
        self.judge.advance(blocks);
    }

    fn period(&self) -> u32 {
        self.judge.period()
    }

    fn standing(&self) -> Vec<Digest> {
        self.judge.standing()
    }
}

fn with_fixed_verdict(
    verdict: Result<(), EpochError>,
) -> (Case, FixedVerdict<impl Judge>, Assertion, Rng) {
    let mut rng = Rng::new(1, 1);
    loop {
        let (case, judge) =
            inktensor_e2e_tests::adversary::epoch(&mut rng, Kernel::yuma()).expect("an epoch");
        let (first, second) = (case.trace.steps[0].clone(), &case.trace.steps[1]);
        if first != *second {
            let mut lie = case.trace.assertion();
            lie.steps[1] = lie.steps[0];
            return (case, FixedVerdict { judge, verdict }, lie, rng);
        }
    }
}

#[test]
fn judge_that_never_slashes_is_detected() {
    let (case, mut judge, lie, mut rng) = with_fixed_verdict(Err(EpochError::StepIsCorrect));
    assert!(matches!(
        attack::lie(&mut judge, &case, &lie, &mut rng),
        Err(Broken::Survivor(_))
    ));
}

#[test]
fn judge_that_always_slashes_is_detected() {
    let (case, mut judge, lie, mut rng) = with_fixed_verdict(Ok(()));
    // Such a judge also finds the step before the false one false.
    let ended = attack::lie(&mut judge, &case, &lie, &mut rng);
    assert!(matches!(ended, Err(Broken::Survivor(_))), "{ended:?}");

    let (case, mut judge, _, mut rng) = with_fixed_verdict(Ok(()));
    judge.propose(&case.trace.assertion()).expect("taken");
    for forgery in [Forgery::Right, Forgery::BeyondLast, Forgery::Random] {
        assert!(matches!(
            attack::forge(&mut judge, &case, forgery, &mut rng),
            Err(Broken::HonestLoss(_))
        ));
    }
}

/// In a contest the lies must fall, and the truth must not.
#[test]
fn contest_with_a_wrong_judge_is_detected() {
    for contest in [Contest::Before(2), Contest::Full, Contest::LastBlock] {
        let (case, mut judge, _, mut rng) = with_fixed_verdict(Err(EpochError::StepIsCorrect));
        let held = contest.hold(&mut judge, &case, &mut rng);
        assert!(matches!(held, Err(Broken::Survivor(_))), "{held:?}");
    }
    let (case, mut judge, _, mut rng) = with_fixed_verdict(Ok(()));
    let held = Contest::OtherProof.hold(&mut judge, &case, &mut rng);
    assert!(matches!(held, Err(Broken::HonestLoss(_))), "{held:?}");
    let (case, mut judge, lie, _) = with_fixed_verdict(Ok(()));
    judge.propose(&lie).expect("posted");
    let ended = Contest::end(&mut judge, &case, &Vec::new());
    assert!(matches!(ended, Err(Broken::HonestLoss(_))), "{ended:?}");
}

/// A watcher does not dispute an honest assertion, which a lie without a dispute resembles.
#[test]
fn watcher_that_finds_nothing_is_detected() {
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
fn kinds_have_different_names() {
    let lies = Lie::all();
    let names: BTreeSet<String> = lies.iter().map(Lie::to_string).collect();
    assert_eq!(names.len(), lies.len());
    let proofs = Forgery::all();
    let names: BTreeSet<String> = proofs.iter().map(Forgery::to_string).collect();
    assert_eq!(names.len(), proofs.len());
}
