//! One run: a random epoch, a lie about it or a faulty kernel, a contest of assertions side by
//! side, and forged proofs against the honest one.

use super::{
    attack::{self, Broken, Ended},
    case::Case,
    contest::Contest,
    forgery::Forgery,
    generate,
    hash_kernel::{Fault, HashKernel},
    judge::{Judge, NativeJudge},
    kernel::Kernel,
    lie::Lie,
    on_chain,
    rng::Rng,
    tally::Tally,
};
use inktensor_compute::epoch::{attempt, Attempt};
use inktensor_primitives::assertion::Assertion;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// The number of epochs tried until a lie applies to one.
const TRIES: u32 = 400;
/// The number of forged proofs of each run.
const PROOFS: u64 = 4;

/// All kinds of lies and forgeries.
#[derive(Clone, Debug)]
pub struct Kinds {
    lies: Vec<Lie>,
    proofs: Vec<Forgery>,
}

impl Kinds {
    /// Returns all kinds.
    pub fn all() -> Self {
        Self {
            lies: Lie::all(),
            proofs: Forgery::all(),
        }
    }

    /// Returns the number of kinds of lies, faulty kernels included.
    pub fn of_lies(&self) -> usize {
        self.lies.len() + Fault::ALL.len()
    }

    /// Returns the number of kinds of proofs.
    pub fn of_proofs(&self) -> usize {
        self.proofs.len()
    }

    /// Returns the number of kinds of contests.
    pub fn of_contests(&self) -> usize {
        Contest::ALL.len()
    }

    /// Makes run `number` under `seed` and counts it in `tally`. A panic is a failure.
    pub fn run(&self, seed: u64, number: u64, tally: &mut Tally) {
        tally.runs += 1;
        record(number, tally, |attack, tally| {
            self.attack(&mut Rng::new(seed, number), number, attack, tally)
        });
    }

    /// Makes a run through the contracts, with a random stream of its own, and counts it in
    /// `tally`.
    pub fn run_on_chain(&self, seed: u64, number: u64, tally: &mut Tally) {
        tally.on_chain += 1;
        record(number, tally, |attack, tally| {
            let mut rng = Rng::new(!seed, number);
            let (case, mut judge) = on_chain::random_epoch(&mut rng);
            self.attack_on_chain(&case, &mut judge, number, &mut rng, attack, tally)?;
            judge.settle(&case);
            Ok(())
        });
    }

    fn attack(
        &self,
        rng: &mut Rng,
        number: u64,
        attack: &mut String,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        // The kinds take turns, so that every kind occurs.
        let turn = usize::try_from(number % self.of_lies() as u64).unwrap_or_default();
        let (case, mut judge) = match self.lies.get(turn) {
            Some(lie) => {
                *attack = lie.to_string();
                let (case, mut judge, assertion) = about(*lie, rng)?;
                tally.lie(attack, attack::lie(&mut judge, &case, &assertion, rng)?);
                (case, judge)
            }
            None => {
                let fault = Fault::ALL[turn - self.lies.len()];
                *attack = fault.to_string();
                tally.lie(attack, faulty(fault, rng)?);
                epoch(rng, Kernel::yuma())?
            }
        };
        self.forge(&case, &mut judge, number, rng, attack, tally)
    }

    /// Attacks `case` with a random kind of lie that applies to it, and with forged proofs.
    fn attack_on_chain(
        &self,
        case: &Case,
        judge: &mut dyn Judge,
        number: u64,
        rng: &mut Rng,
        attack: &mut String,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        let turn = rng.below(self.lies.len());
        let turns = self.lies.iter().cycle().skip(turn).take(self.lies.len());
        for lie in turns {
            if let Some(assertion) = lie.falsify(case, rng) {
                *attack = lie.to_string();
                tally.lie(attack, attack::lie(judge, case, &assertion, rng)?);
                break;
            }
        }
        self.forge(case, judge, number, rng, attack, tally)
    }

    /// Posts the honest assertion of `case` in a contest with others, disputes it with forged
    /// proofs, and makes it final.
    fn forge(
        &self,
        case: &Case,
        judge: &mut dyn Judge,
        number: u64,
        rng: &mut Rng,
        attack: &mut String,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        // Kinds of contests and of lies take turns at different rates.
        let turn = (number / 7) % Contest::ALL.len() as u64;
        let contest = Contest::ALL[usize::try_from(turn).unwrap_or_default()];
        *attack = contest.to_string();
        let left = contest.hold(judge, case, rng)?;
        for turn in 0..PROOFS {
            let turn = (number * PROOFS + turn) % self.proofs.len() as u64;
            let Some(forgery) = self.proofs.get(usize::try_from(turn).unwrap_or_default()) else {
                continue;
            };
            *attack = forgery.to_string();
            if let Some(error) = attack::forge(judge, case, *forgery, rng)? {
                tally.proof(attack, &error);
            }
        }
        *attack = contest.to_string();
        Contest::end(judge, case, &left)?;
        tally.contest(attack);
        Ok(())
    }
}

/// Runs `attack`, and adds its counts and failures to `tally`. `attack` names each attack first.
fn record(
    number: u64,
    tally: &mut Tally,
    attack: impl FnOnce(&mut String, &mut Tally) -> Result<(), Broken>,
) {
    let mut counted = Tally::default();
    let mut name = String::from("an epoch");
    let result = catch_unwind(AssertUnwindSafe(|| attack(&mut name, &mut counted)));
    let broken = match result {
        Ok(Ok(())) => None,
        Ok(Err(broken)) => Some(broken),
        Err(panic) => Some(Broken::Panic(panic_message(&*panic).to_owned())),
    };
    tally.add(counted);
    if let Some(broken) = broken {
        tally.failure(number, &name, broken);
    }
}

fn epoch(rng: &mut Rng, kernel: Kernel) -> Result<(Case, NativeJudge), Broken> {
    generate::epoch(rng, kernel)
        .map_err(|error| Broken::HonestLoss(format!("an epoch without a trace: {error}")))
}

/// Returns an epoch that `lie` applies to, with the false assertion.
fn about(lie: Lie, rng: &mut Rng) -> Result<(Case, NativeJudge, Assertion), Broken> {
    for _ in 0..TRIES {
        let kernel = lie.kernel(rng);
        let (case, judge) = epoch(rng, kernel)?;
        if let Some(assertion) = lie.falsify(&case, rng) {
            return Ok((case, judge, assertion));
        }
    }
    Err(Broken::NoOccasion(format!(
        "it applies to none of {TRIES} epochs"
    )))
}

/// Attacks with an epoch whose kernel has a fault: the assertion ignores the fault, or goes on from
/// it.
fn faulty(fault: Fault, rng: &mut Rng) -> Result<Ended, Broken> {
    for _ in 0..TRIES {
        let Kernel::Hash(kernel) = Kernel::hash(rng) else {
            continue;
        };
        let (mut case, mut judge) = epoch(rng, Kernel::Hash(kernel.clone()))?;
        let header = &case.inputs.header;
        let Some(k) = rng.place(case.steps()) else {
            continue;
        };
        let at = u32::try_from(k).unwrap_or(u32::MAX);
        if !fault.applies(&case.trace.plan, header, at) {
            continue;
        }
        let faulty = HashKernel {
            fault: Some((at, fault)),
            ..*kernel
        };
        case.kernel = Kernel::Hash(Box::new(faulty));
        judge.replace_kernel(case.kernel.clone());
        let mut asserted = case.trace.clone();
        if rng.percent(50) {
            case.recompute(&mut asserted, k);
        }
        let Attempt { trace, failure } = attempt(&case.kernel, &case.inputs)
            .map_err(|error| Broken::Survivor(format!("no attempt: {error}")))?;
        if !failure.is_some_and(|error| error.is_verdict()) {
            return Err(Broken::Survivor("the watcher finds no fault".into()));
        }
        (case.trace, case.unfinished) = (trace, true);
        return attack::lie(&mut judge, &case, &asserted.assertion(), rng);
    }
    Err(Broken::NoOccasion(format!(
        "it applies to none of {TRIES} epochs"
    )))
}

/// Returns the message of a panic.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}
