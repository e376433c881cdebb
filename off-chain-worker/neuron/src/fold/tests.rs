//! Folds without a network: a trainer that is killed, states that are lost, grades and bars.

use super::{
    probe,
    round::{FoldRound, States},
    trainer::{self, Folders, Probes, Shown, Trainer},
    Engine, Training,
};
use crate::{
    evidence::{
        scoring::{Rules, Scoring},
        seeds::question_seed,
        Grade, Registration, Standing,
    },
    fetch,
    manifest::Manifest,
    program::ProgramError,
    store::{Owner, Store},
};
use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_primitives::{hash::blake2, Bps, Digest, NetUid, Uid};
use inktensor_task::{Blob, Fold, Seat, Seed, Worth};
use inktensor_train::{probed, Epoch, Recipe, Train, Work, BARRED_EPOCHS};
use inktensor_wire::{BlobLimits, Blobs};
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

pub(super) const STEPS: u16 = 5;
pub(super) const SEAT: Seat = Seat {
    uid: 3,
    generation: 7,
};
const HOME: Digest = [4; 32];
const ASKED: Digest = [6; 32];

pub(super) fn training() -> Arc<Training> {
    let config = Config {
        vocabulary: 128,
        context: 8,
        width: 8,
        layers: 1,
        heads: 1,
        hidden: 8,
    };
    let recipe = Recipe {
        rows: 1,
        descent: AdamW::SMALL,
    };
    let train = Train::new(config, recipe, b"one two three four ".repeat(9)).unwrap();
    Arc::new(Training {
        state_bytes: train.state_bytes(),
        train: Engine::from(train),
        most_steps: STEPS,
    })
}

fn epoch(training: &Training) -> Epoch {
    Epoch {
        home: HOME,
        netuid: 1,
        number: 9,
        seed: Seed([5; 32]),
        start: training.train.start(&Seed([1; 32])).unwrap().hash(),
        most_steps: STEPS,
    }
}

/// A miner's folder, which is removed at the end.
struct Place {
    path: PathBuf,
    training: Arc<Training>,
    store: Arc<Store>,
    folders: Folders,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("inktensor-fold-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        let owner = Owner {
            genesis: [1; 32],
            registry: [2; 32].into(),
            netuid: NetUid(1),
            hotkey: [3; 32].into(),
        };
        let tables: Vec<_> = super::course::TABLES
            .into_iter()
            .chain(trainer::TABLES)
            .collect();
        let store = Store::open(&path, owner, &tables).unwrap();
        let blobs = |name| Arc::new(Blobs::at(&path.join(name), fetch::limits()).unwrap());
        let folders = Folders {
            work: blobs("work"),
            served: blobs("blobs"),
        };
        let training = training();
        let start = training.train.start(&Seed([1; 32])).unwrap();
        folders.served.put(&start.to_blob()).unwrap();
        Self {
            path,
            training,
            store: Arc::new(store),
            folders,
        }
    }

    fn begin(&self) -> Trainer {
        let of = (epoch(&self.training), SEAT);
        Trainer::begin(&self.training, &self.store, &self.folders, of).unwrap()
    }

    /// Returns a trainer that has done all steps.
    fn trained(&self) -> Trainer {
        let trainer = self.begin();
        let begun = Instant::now();
        while !trainer.has_ended() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        }
        trainer
    }

    fn work(&self, trainer: &Trainer) -> Work {
        trainer.trace(&self.store).unwrap().pledge()
    }

    fn shown(&self, trainer: &Trainer) -> Shown {
        let probes = Probes {
            home: HOME,
            netuid: NetUid(1),
            asked: ASKED,
            questions: 2,
        };
        Shown::of(trainer, STEPS, &self.folders, (&self.store, probes)).unwrap()
    }
}

fn validator() -> Registration {
    Registration {
        uid: Uid(1),
        generation: 2,
        hotkey: [8; 32].into(),
    }
}

fn seed() -> Seed {
    question_seed(&HOME, NetUid(1), 9, &ASKED, &validator())
}

/// Returns the step that question `number` is about, of two.
fn step(number: u16) -> u16 {
    probed(&seed(), SEAT, STEPS, 2, number)
}

#[test]
fn a_miner_that_was_killed_goes_on_after_its_last_whole_state() {
    let whole = Place::new("whole");
    let right = whole.work(&whole.trained());
    assert_eq!(right.steps, STEPS);
    let killed = Place::new("killed");
    let trainer = killed.begin();
    trainer.stop();
    drop(trainer);
    assert_eq!(killed.work(&killed.trained()), right);
    // States that were lost from the disk, the last one and one before it.
    let trace = killed.begin().trace(&killed.store).unwrap();
    for state in [trace.states()[2], trace.states()[5]] {
        killed.folders.work.remove(&state).unwrap();
    }
    assert_eq!(killed.work(&killed.trained()), right);
    // A state without a step, as a kill between both leaves it, is known as such.
    let named = trainer::states(&killed.store).unwrap();
    let stray = killed.folders.work.put(b"stray").unwrap();
    assert!(named.len() == usize::from(STEPS) && !named.contains(&stray));
}

#[test]
fn a_full_folder_ends_the_steps_and_the_ones_before_are_pledged() {
    let mut place = Place::new("full");
    let room = place.path.join("work");
    let state = place.training.train.start(&Seed([1; 32])).unwrap();
    let bytes = u64::try_from(state.to_blob().len()).unwrap();
    let with_room = |states: u64| {
        let limits = BlobLimits {
            bytes: states * bytes,
            ..fetch::limits()
        };
        Arc::new(Blobs::at(&room, limits).unwrap())
    };
    place.folders.work = with_room(2);
    let work = place.work(&place.trained());
    assert_eq!(work.steps, 2);
    // With room again, the same steps follow.
    place.folders.work = with_room(u64::from(STEPS));
    let whole = Place::new("roomy");
    let right = whole.work(&whole.trained());
    assert_eq!(place.work(&place.trained()), right);
}

#[test]
fn a_damaged_state_is_computed_again_and_never_shown() {
    let place = Place::new("damaged");
    let trainer = place.trained();
    let right = place.work(&trainer);
    let states = trainer.trace(&place.store).unwrap().states().to_vec();
    for hash in &states[1..] {
        let path = place.folders.work.path(hash);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let shown = place.shown(&trainer);
    let answer = shown.answer(step(1), &validator()).unwrap();
    let served = place.folders.served.get(&answer.before.state).unwrap();
    assert_eq!(blake2(&served), answer.before.state);
    assert_eq!(place.work(&place.trained()), right);
}

#[test]
fn only_drawn_steps_are_shown_and_lost_states_are_computed_again() {
    let place = Place::new("shown");
    let trainer = place.trained();
    let shown = place.shown(&trainer);
    let drawn = [step(0), step(1)];
    for number in 0..STEPS {
        let answer = shown.answer(number, &validator());
        assert_eq!(
            answer.is_ok(),
            drawn.contains(&number),
            "{number}: {answer:?}"
        );
    }
    let other = Registration {
        hotkey: [9; 32].into(),
        ..validator()
    };
    let differs =
        (0..STEPS).any(|number| shown.answer(number, &other).is_ok() != drawn.contains(&number));
    assert!(differs || drawn == [0, 1]);
    let answer = shown.answer(drawn[1], &validator()).unwrap();
    let state = answer.before.state;
    for folder in [&place.folders.work, &place.folders.served] {
        folder.remove(&state).unwrap();
    }
    shown.answer(drawn[1], &validator()).unwrap();
    assert!(place.folders.served.contains(&state));
    shown.show_end().unwrap();
    assert!(place.folders.served.contains(&shown.work.end));
}

/// States of an auditor that knows of none.
struct Unknown;

impl States for Unknown {
    fn state(&self, hash: &Digest) -> Result<Option<Vec<u8>>, ProgramError> {
        Err(ProgramError::State(*hash))
    }
}

fn round(place: &Place, work: Work, states: Arc<dyn States>) -> FoldRound {
    FoldRound {
        training: Arc::clone(&place.training),
        epoch: epoch(&place.training),
        works: BTreeMap::from([(SEAT, work)]),
        questions: 2,
        states,
        proofs: Vec::new(),
    }
}

#[test]
fn an_answer_is_worth_all_nothing_or_the_word_of_the_validator() {
    let place = Place::new("grades");
    let trainer = place.trained();
    let shown = place.shown(&trainer);
    let number = (0..2).find(|number| step(*number) > 0).unwrap();
    let body = |number| {
        let answer = shown.answer(step(number), &validator()).unwrap();
        (probe::answer(&answer).unwrap(), answer.before.state)
    };
    let (answer, state) = body(number);
    let served = Arc::clone(&place.folders.served) as Arc<dyn States>;
    let round = |states| round(&place, shown.work, states);
    let grade = |round: &FoldRound, body: &[u8]| round.grade(&seed(), SEAT, number, body);
    assert_eq!(
        grade(&round(Arc::clone(&served)), &answer),
        Ok(Grade::Checked(Worth::WHOLE))
    );
    // An answer to the other question, one of another shape, and one of another pledge.
    let (other, _) = body(1 - number);
    for wrong in [&other[..], b"{}"] {
        let found = grade(&round(Arc::clone(&served)), wrong);
        assert_eq!(found, Ok(Grade::Checked(Worth::NONE)));
    }
    let mut false_end = round(Arc::clone(&served));
    false_end.works.get_mut(&SEAT).unwrap().end = [1; 32];
    assert_eq!(grade(&false_end, &answer), Ok(Grade::Checked(Worth::NONE)));
    // Without the state the validator has its word alone, and an auditor cannot judge.
    let needed = round(Arc::clone(&served)).needed(&seed(), SEAT, number, &answer);
    assert_eq!(needed, Some(state));
    assert_eq!(
        round(Arc::clone(&served)).needed(&seed(), SEAT, number, b"{}"),
        None
    );
    place.folders.served.remove(&state).unwrap();
    assert_eq!(grade(&round(served), &answer), Ok(Grade::Withheld));
    let unknown = grade(&round(Arc::new(Unknown)), &answer);
    assert_eq!(unknown, Err(ProgramError::State(state)));
}

#[test]
fn an_epoch_without_an_endpoint_ends_no_bar() {
    let place = Place::new("bars");
    let manifest = Manifest {
        task: "train/1".into(),
        program: None,
        state: [1; 32],
        mirrors: Vec::new(),
        questions: 2,
        window: 10,
        check: Bps::ONE,
        alpha: Bps::ONE,
        steps: Some(STEPS),
    };
    let work = Work {
        epoch: 9,
        steps: STEPS,
        root: [1; 32],
        end: [2; 32],
    };
    let round = |number| {
        let mut round = round(&place, work, Arc::new(Unknown));
        round.epoch.number = number;
        round
    };
    let standings = |number, miners: &[Registration], grades: &[Grade], before: &[Standing]| {
        let round = round(number);
        let scoring = Scoring {
            rules: Rules::Fold(&round),
            manifest: &manifest,
            questions: seed(),
            checks: None,
            threads: NonZeroUsize::MIN,
        };
        scoring.standings(miners, grades, before)
    };
    let miner = Registration {
        uid: Uid(SEAT.uid),
        generation: SEAT.generation,
        hotkey: [3; 32].into(),
    };
    let right = [Grade::Checked(Worth::WHOLE); 2];
    let failed = standings(9, &[miner], &[right[0], Grade::Withheld], &[]);
    assert_eq!(
        (failed[0].average, failed[0].failed),
        (Worth::NONE, Some(9))
    );
    // No endpoint in the next epoch, and one again after it.
    let absent = standings(10, &[], &[], &failed);
    assert_eq!(absent, failed);
    let barred = standings(11, &[miner], &right, &absent);
    assert_eq!(
        (barred[0].average, barred[0].failed),
        (Worth::NONE, Some(9))
    );
    let last = 9 + BARRED_EPOCHS;
    assert_eq!(
        standings(last, &[miner], &right, &absent)[0].average,
        Worth::NONE
    );
    let free = standings(last + 1, &[miner], &right, &absent);
    assert_eq!((free[0].average, free[0].failed), (Worth::WHOLE, None));
    assert_eq!(standings(last + 1, &[], &[], &absent), []);
    // Another registration on the uid begins without a bar.
    let next = Registration {
        generation: SEAT.generation + 1,
        ..miner
    };
    assert_eq!(standings(10, &[next], &[], &failed)[0].failed, None);
}
