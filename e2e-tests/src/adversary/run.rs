//! One run: a random epoch, a lie about it, an epoch of a faulty kernel at times, and forged proofs
//! against the honest assertion.

use super::{
    attack::{self, Broken, Ended},
    case::Case,
    chance::Chance,
    court::{Bench, Court},
    echo::{Echo, Fault},
    forgery::Forgery,
    generate,
    lie::Lie,
    on_chain,
    program::Program,
    tally::Tally,
};
use inktensor_compute::epoch::{attempt, Attempt};
use inktensor_primitives::assertion::Assertion;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Epochs that are tried for one about which a lie can be told.
const TRIES: u32 = 400;
/// Forged proofs of each run.
const PROOFS: u64 = 4;

/// The kinds, once for all runs.
#[derive(Clone, Debug)]
pub struct Kinds {
    lies: Vec<Lie>,
    proofs: Vec<Forgery>,
}

impl Kinds {
    /// All of them.
    pub fn all() -> Self {
        Self {
            lies: Lie::all(),
            proofs: Forgery::all(),
        }
    }

    /// Of lies: those about an epoch, and assertions of what no honest kernel comes to.
    pub fn of_lies(&self) -> usize {
        self.lies.len() + Fault::ALL.len()
    }

    /// Of proofs.
    pub fn of_proofs(&self) -> usize {
        self.proofs.len()
    }

    /// Run `number` under `seed`, noted in `tally`. A panic is a failure like any other.
    pub fn run(&self, seed: u64, number: u64, tally: &mut Tally) {
        tally.runs += 1;
        watched(number, tally, |attack, tally| {
            self.play(&mut Chance::new(seed, number), number, attack, tally)
        });
    }

    /// The same through the real contracts, with chance of its own, noted in `tally`.
    pub fn run_on_chain(&self, seed: u64, number: u64, tally: &mut Tally) {
        tally.on_chain += 1;
        watched(number, tally, |attack, tally| {
            let mut chance = Chance::new(!seed, number);
            let (case, mut court) = on_chain::scene(&mut chance);
            self.play_on_chain(&case, &mut court, number, &mut chance, attack, tally)?;
            court.go_on(&case);
            Ok(())
        });
    }

    fn play(
        &self,
        chance: &mut Chance,
        number: u64,
        attack: &mut String,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        // The kinds take turns, so that none depends on luck.
        let turn = usize::try_from(number % self.of_lies() as u64).unwrap_or_default();
        let (case, mut bench) = match self.lies.get(turn) {
            Some(lie) => {
                *attack = lie.to_string();
                let (case, mut bench, told) = about(*lie, chance)?;
                tally.lie(attack, attack::lie(&mut bench, &case, &told, chance)?);
                (case, bench)
            }
            None => {
                let fault = Fault::ALL[turn - self.lies.len()];
                *attack = fault.to_string();
                tally.lie(attack, faulty(fault, chance)?);
                epoch(chance, Program::yuma())?
            }
        };
        self.forge(&case, &mut bench, number, chance, attack, tally)
    }

    /// A lie about `case`, of the kind whose turn it is or, if none of that kind can be told, of
    /// the next; and forged proofs.
    fn play_on_chain(
        &self,
        case: &Case,
        court: &mut dyn Court,
        number: u64,
        chance: &mut Chance,
        attack: &mut String,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        let turn = chance.below(self.lies.len());
        let turns = self.lies.iter().cycle().skip(turn).take(self.lies.len());
        for lie in turns {
            if let Some(told) = lie.tell(case, chance) {
                *attack = lie.to_string();
                tally.lie(attack, attack::lie(court, case, &told, chance)?);
                break;
            }
        }
        self.forge(case, court, number, chance, attack, tally)
    }

    /// Forged proofs against the honest assertion of `case`.
    fn forge(
        &self,
        case: &Case,
        court: &mut dyn Court,
        number: u64,
        chance: &mut Chance,
        attack: &mut String,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        attack::post_honestly(court, case)?;
        for turn in 0..PROOFS {
            let turn = (number * PROOFS + turn) % self.proofs.len() as u64;
            let Some(forgery) = self.proofs.get(usize::try_from(turn).unwrap_or_default()) else {
                continue;
            };
            *attack = forgery.to_string();
            if let Some(said) = attack::forge(court, case, *forgery, chance)? {
                tally.proof(attack, &said);
            }
        }
        Ok(())
    }
}

/// Plays, and notes in `tally` what is counted and what breaks. `play` says what it is about to do.
fn watched(
    number: u64,
    tally: &mut Tally,
    play: impl FnOnce(&mut String, &mut Tally) -> Result<(), Broken>,
) {
    let mut noted = Tally::default();
    let mut attack = String::from("an epoch");
    let played = catch_unwind(AssertUnwindSafe(|| play(&mut attack, &mut noted)));
    let broken = match played {
        Ok(Ok(())) => None,
        Ok(Err(broken)) => Some(broken),
        Err(panic) => Some(Broken::Panic(words(&*panic).to_owned())),
    };
    tally.add(noted);
    if let Some(broken) = broken {
        tally.failure(number, &attack, broken);
    }
}

fn epoch(chance: &mut Chance, program: Program) -> Result<(Case, Bench), Broken> {
    generate::epoch(chance, program)
        .map_err(|error| Broken::HonestLoss(format!("an epoch without a trace: {error}")))
}

/// An epoch about which `lie` can be told, and what is told.
fn about(lie: Lie, chance: &mut Chance) -> Result<(Case, Bench, Assertion), Broken> {
    for _ in 0..TRIES {
        let program = lie.program(chance);
        let (case, bench) = epoch(chance, program)?;
        if let Some(told) = lie.tell(&case, chance) {
            return Ok((case, bench, told));
        }
    }
    Err(Broken::NoOccasion(format!(
        "none of {TRIES} epochs gives occasion"
    )))
}

/// An epoch whose kernel has a fault, asserted as if it had none, or just as it came out.
fn faulty(fault: Fault, chance: &mut Chance) -> Result<Ended, Broken> {
    for _ in 0..TRIES {
        let Program::Echo(kernel) = Program::echo(chance) else {
            continue;
        };
        let (mut case, mut bench) = epoch(chance, Program::Echo(kernel.clone()))?;
        let header = &case.inputs.header;
        let Some(k) = chance.place(case.steps()) else {
            continue;
        };
        let at = u32::try_from(k).unwrap_or(u32::MAX);
        if !fault.can_be(&case.trace.plan, header, at) {
            continue;
        }
        let spoilt = Echo {
            fault: Some((at, fault)),
            ..*kernel
        };
        case.program = Program::Echo(Box::new(spoilt));
        bench.judge_by(case.program.clone());
        let mut told = case.trace.clone();
        if chance.percent(50) {
            case.go_on(&mut told, k);
        }
        let Attempt { trace, failure } = attempt(&case.program, &case.inputs)
            .map_err(|error| Broken::Survivor(format!("no attempt: {error}")))?;
        if !failure.is_some_and(|error| error.is_verdict()) {
            return Err(Broken::Survivor("the watcher sees no fault".into()));
        }
        (case.trace, case.unfinished) = (trace, true);
        return attack::lie(&mut bench, &case, &told.assertion(), chance);
    }
    Err(Broken::NoOccasion(format!(
        "none of {TRIES} epochs gives occasion"
    )))
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}
