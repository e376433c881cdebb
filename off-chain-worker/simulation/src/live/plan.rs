//! The plan of a live network: who takes part, and what each does.

use super::cheats::Forgery;
use crate::Rng;
use inktensor_primitives::Rao;
use std::fmt;

/// A miner's way of working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MinerKind {
    /// Serves the model with the program that is built in.
    Good,
    /// Serves the model through a side process.
    SideProcess,
    /// Serves a model whose matrices are rounded to eight bits.
    Int8,
    /// Serves a model without its last layer.
    Shallow,
    /// Hands each question on to another miner.
    Relay,
    /// Gives the answers to earlier questions.
    Stale,
    /// Gives every second answer after the deadline.
    Slow,
    /// Signs its answers with another key than its hotkey.
    OtherSigner,
    /// Publishes an endpoint at which nothing answers.
    Offline,
    /// Shares one machine with another hotkey.
    Twin,
}

impl MinerKind {
    /// Returns true for miners that answer every question rightly and in time.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Good | Self::SideProcess)
    }

    /// Returns true for miners that earn nothing.
    pub const fn is_cheat(self) -> bool {
        match self {
            Self::Good | Self::SideProcess | Self::Slow | Self::Twin => false,
            Self::Int8
            | Self::Shallow
            | Self::Relay
            | Self::Stale
            | Self::OtherSigner
            | Self::Offline => true,
        }
    }

    /// Returns the miner's way of working in a few words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Good => "built-in program",
            Self::SideProcess => "model behind a URL",
            Self::Int8 => "matrices in 8 bits",
            Self::Shallow => "one layer fewer",
            Self::Relay => "asks another miner",
            Self::Stale => "earlier answers",
            Self::Slow => "every second is late",
            Self::OtherSigner => "signs for another",
            Self::Offline => "nothing answers",
            Self::Twin => "shares its machine",
        }
    }
}

/// A validator's way of working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValidatorKind {
    /// Asks, checks and weighs by the rules.
    Honest,
    /// Sets the last consensus as its weights, and asks no miner.
    Copier,
    /// Works by the rules, and then triples the weight of its own miner.
    Favourer,
}

impl ValidatorKind {
    /// Returns true for validators that work by the rules.
    pub const fn is_honest(self) -> bool {
        matches!(self, Self::Honest)
    }

    /// Returns the validator's way of working in a few words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Honest => "asks, checks, weighs",
            Self::Copier => "copies the consensus",
            Self::Favourer => "its miner times 3",
        }
    }
}

/// A planned miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinerPlan {
    /// The name.
    pub name: &'static str,
    /// The way of working.
    pub kind: MinerKind,
}

/// A planned validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidatorPlan {
    /// The name.
    pub name: &'static str,
    /// The way of working.
    pub kind: ValidatorKind,
    /// Stake at the beginning.
    pub stake: Rao,
}

/// A miner of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainerPlan {
    /// The name.
    pub name: &'static str,
    /// The cheat. `None` for an honest miner.
    pub forgery: Option<Forgery>,
}

impl TrainerPlan {
    /// Returns the miner's way of working in a few words.
    pub const fn describe(&self) -> &'static str {
        match self.forgery {
            None => "does all its steps",
            Some(Forgery::Claims) => "invents most states",
            Some(Forgery::OtherEnd) => "pledges another end",
            Some(Forgery::OtherStart) => "another first state",
            Some(Forgery::Silent) => "answers no probe",
            Some(Forgery::Hides) => "serves no state",
            Some(Forgery::Lapses(_)) => "invents states in one epoch",
        }
    }
}

/// The miners of the training in every run, in order of registration.
pub const TRAINERS: [TrainerPlan; 6] = [
    trainer("pupil-1", None),
    trainer("pupil-2", None),
    trainer("claims", Some(Forgery::Claims)),
    trainer("other-end", Some(Forgery::OtherEnd)),
    trainer("other-start", Some(Forgery::OtherStart)),
    trainer("silent", Some(Forgery::Silent)),
];

const fn trainer(name: &'static str, forgery: Option<Forgery>) -> TrainerPlan {
    TrainerPlan { name, forgery }
}

/// A validator of the training: an honest validator of the other subnet, with a second process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExaminerPlan {
    /// The name.
    pub name: &'static str,
    /// Name of the second process.
    pub process: &'static str,
    /// Stake on the training at the beginning.
    pub stake: Rao,
}

/// The validators of the training in every run.
pub const EXAMINERS: [ExaminerPlan; 2] = [
    ExaminerPlan {
        name: "large",
        process: "large-train",
        stake: Rao::from_tao(1_100),
    },
    ExaminerPlan {
        name: "small",
        process: "small-train",
        stake: Rao::from_tao(900),
    },
];

/// The miners of every run, in order of registration.
const MINERS: [MinerPlan; 12] = [
    miner("good-1", MinerKind::Good),
    miner("good-2", MinerKind::Good),
    miner("side", MinerKind::SideProcess),
    miner("int8", MinerKind::Int8),
    miner("shallow", MinerKind::Shallow),
    miner("relay", MinerKind::Relay),
    miner("stale", MinerKind::Stale),
    miner("slow", MinerKind::Slow),
    miner("signer", MinerKind::OtherSigner),
    miner("offline", MinerKind::Offline),
    miner("twin-1", MinerKind::Twin),
    miner("twin-2", MinerKind::Twin),
];

/// The miner that the relay asks.
pub const RELAYED: &str = "good-1";
/// The miner that the favourer favours: one that earns half of what it could.
pub const FAVOURED: &str = "slow";

const fn miner(name: &'static str, kind: MinerKind) -> MinerPlan {
    MinerPlan { name, kind }
}

/// The plan of a run. Everything follows from the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The miners.
    pub miners: Vec<MinerPlan>,
    /// The validators.
    pub validators: Vec<ValidatorPlan>,
}

impl Plan {
    /// Returns the plan of a seed: the seed decides stakes, keys and the model.
    ///
    /// Honest validators always have more than half of the stake: consensus is what they measure.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed, "live stakes", &[]);
        let mut tao = |least: u64, most: u64| {
            let width = most.saturating_sub(least).saturating_add(1);
            let drawn = rng.below(usize::try_from(width).unwrap_or(usize::MAX));
            Rao::from_tao(least.saturating_add(u64::try_from(drawn).unwrap_or_default()))
        };
        let validator = |name, kind, stake| ValidatorPlan { name, kind, stake };
        let validators = vec![
            validator("large", ValidatorKind::Honest, tao(9_000, 11_000)),
            validator("small", ValidatorKind::Honest, tao(1_000, 1_500)),
            validator("copier", ValidatorKind::Copier, tao(2_500, 3_500)),
            validator("favourer", ValidatorKind::Favourer, tao(2_500, 3_500)),
        ];
        Self {
            seed,
            miners: MINERS.to_vec(),
            validators,
        }
    }

    /// Returns the number of validators that ask.
    pub fn asking(&self) -> usize {
        let asking = |it: &&ValidatorPlan| it.kind != ValidatorKind::Copier;
        self.validators.iter().filter(asking).count()
    }

    /// Returns the names of all neurons of the subnet of questions: the owner's, validators',
    /// miners'.
    pub fn names(&self) -> Vec<&'static str> {
        let validators = self.validators.iter().map(|it| it.name);
        let miners = self.miners.iter().map(|it| it.name);
        [OWNER]
            .into_iter()
            .chain(validators)
            .chain(miners)
            .collect()
    }
}

/// Returns the names of all neurons of the training: the owner's, validators', miners'.
pub fn trainer_names() -> Vec<&'static str> {
    let validators = EXAMINERS.iter().map(|it| it.name);
    let miners = TRAINERS.iter().map(|it| it.name);
    [OWNER]
        .into_iter()
        .chain(validators)
        .chain(miners)
        .collect()
}

/// The name of the owner's neuron, which names the task and does nothing else.
pub const OWNER: &str = "owner";

/// A secret URI for a hotkey of a run. It is made for this run and of no use elsewhere.
pub struct Suri(String);

impl Suri {
    /// Returns the secret URI of the hotkey `name` in a run with `seed`.
    pub fn of(seed: u64, name: &str) -> Self {
        // The development phrase of every Substrate chain: no one keeps anything of worth there.
        const PHRASE: &str =
            "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        Self(format!("{PHRASE}//inktensor-live//{seed}//{name}"))
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Suri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Suri")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_decides_the_plan() {
        assert_eq!(Plan::of(7), Plan::of(7));
        assert_ne!(Plan::of(7).validators, Plan::of(8).validators);
    }

    #[test]
    fn honest_validators_have_most_stake_for_every_seed() {
        for seed in 0..200 {
            let plan = Plan::of(seed);
            let sum = |honest: bool| -> u64 {
                let of_side = |it: &&ValidatorPlan| it.kind.is_honest() == honest;
                let stakes = plan.validators.iter().filter(of_side);
                stakes.map(|it| it.stake.0).sum()
            };
            assert!(sum(true) > sum(false), "seed {seed}");
        }
    }

    #[test]
    fn names_are_distinct_and_roles_are_complete() {
        let plan = Plan::of(1);
        let names: BTreeSet<_> = plan.names().into_iter().collect();
        assert_eq!(names.len(), 1 + plan.miners.len() + plan.validators.len());
        assert!(names.contains(RELAYED) && names.contains(FAVOURED));
        let count = |kind| plan.miners.iter().filter(|it| it.kind == kind).count();
        assert_eq!((count(MinerKind::Good), count(MinerKind::Twin)), (2, 2));
        assert_eq!(
            plan.miners.iter().filter(|it| it.kind.is_cheat()).count(),
            6
        );
        assert_eq!(plan.asking(), 3);
    }

    #[test]
    fn the_training_has_two_honest_validators_and_miners_of_its_own() {
        let plan = Plan::of(1);
        for examiner in EXAMINERS {
            let of_name = |it: &&ValidatorPlan| it.name == examiner.name;
            let validator = plan.validators.iter().find(of_name).unwrap();
            assert!(validator.kind.is_honest());
        }
        let names: BTreeSet<_> = trainer_names().into_iter().collect();
        assert_eq!(names.len(), 1 + EXAMINERS.len() + TRAINERS.len());
        let honest = TRAINERS.iter().filter(|it| it.forgery.is_none());
        assert_eq!(honest.count(), 2);
        let of_both = plan.miners.iter().filter(|it| names.contains(it.name));
        assert_eq!(of_both.count(), 0);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", Suri::of(1, "good-1"));
        assert!(!shown.contains("obey"), "{shown}");
    }
}
