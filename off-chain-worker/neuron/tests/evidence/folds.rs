//! A training as a Wasm program gives the evidence that the same training gives as native code, and
//! a program that fails gives none.

use crate::{
    network::{newcomer, rng, Keys},
    support::programs,
};
use inktensor_client::chain::BlockId;
use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_neuron::{
    evidence::{
        scoring::{conclude, demanded, Asked, Rules, Scoring},
        seeds::question_seed,
        Evidence, Grade, Head, Registration, ASK_PATH,
    },
    fold::{
        probe,
        round::{FoldRound, States},
        vote::vote,
        Training,
    },
    manifest::Manifest,
    program::ProgramError,
};
use inktensor_primitives::{
    hash::{blake2, hex},
    Digest, NetUid,
};
use inktensor_task::{Blob, Fold, Seed, Worth};
use inktensor_train::{Epoch, Recipe, State, Trace, Train};
use inktensor_wire::{
    fields, signature::sha256, Context, Media, Outcome, Path, SignedRequest, SignedResponse,
};
use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

const HOME: Digest = [4; 32];
const NETUID: NetUid = NetUid(3);
const EPOCH: u32 = 9;
const STEPS: u16 = 4;
const QUESTIONS: u16 = 4;
const SEED_BLOCK: BlockId = BlockId {
    number: 77,
    hash: [6; 32],
};

/// A program that describes itself as `train/1`, loads everything, and traps at every step.
const TRAPPING: &str = r#"(module
    (memory (export "memory") 64)
    (data (i32.const 8) "\00\01\00\00\00\00\00\01\00\00\00\01\00train/1")
    (func (export "fold_input") (param i32) (result i32) (i32.const 1024))
    (func (export "fold_describe") (result i64) (i64.const 0x1400000008))
    (func (export "fold_load") (result i64) (i64.const 0x100000008))
    (func (export "fold_start") (result i64) unreachable)
    (func (export "fold_step") (result i64) unreachable)
    (func (export "fold_measure") (result i64) unreachable)
    (func (export "fold_begin_join") (result i64) unreachable)
    (func (export "fold_add_end") (result i64) unreachable)
    (func (export "fold_finish_join") (result i64) unreachable))"#;

/// States in memory.
struct Held(BTreeMap<Digest, Vec<u8>>);

impl States for Held {
    fn state(&self, hash: &Digest) -> Result<Option<Vec<u8>>, ProgramError> {
        Ok(self.0.get(hash).cloned())
    }
}

fn corpus() -> Vec<u8> {
    b"one two three four ".repeat(40)
}

/// Returns a training by native code, with its first state.
fn native() -> (Train, State) {
    let config = Config {
        vocabulary: 128,
        context: 8,
        width: 8,
        layers: 1,
        heads: 1,
        hidden: 8,
    };
    let recipe = Recipe {
        rows: 2,
        descent: AdamW::SMALL,
    };
    let train = Train::new(config, recipe, corpus()).unwrap();
    let start = train.start(&Seed([1; 32])).unwrap();
    (train, start)
}

fn manifest(start: &State, program: Option<&[u8]>) -> Vec<u8> {
    let program = program.map_or_else(String::new, |code| {
        format!("program = \"{}\"\n", hex(&blake2(code)))
    });
    let state = hex(&start.hash());
    format!(
        "task = \"train/1\"\n{program}state = \"{state}\"\nsteps = {STEPS}\n\
         questions = {QUESTIONS}\nwindow = 9\ncheck = 1.0\nalpha = 0.5\n"
    )
    .into_bytes()
}

/// Returns the training of a manifest, as a neuron loads it.
fn training(start: &State, program: Option<&[u8]>) -> Arc<Training> {
    let manifest = Manifest::parse(&manifest(start, program)).unwrap();
    let loaded = Training::load::<ProgramError>(&manifest, |name, hash, most| {
        let blob = match name {
            "model" => start.to_blob(),
            "corpus" => corpus(),
            _ => program.unwrap().to_vec(),
        };
        assert!(blake2(&blob) == *hash && blob.len() <= most, "{name}");
        Ok(blob)
    });
    Arc::new(loaded.unwrap())
}

/// The pledges and answers of an epoch: an honest miner, one that invents a state, and one that
/// serves only the states of its first half.
struct Played {
    epoch: Epoch,
    miners: Vec<Registration>,
    traces: Vec<Trace>,
    states: BTreeMap<Digest, Vec<u8>>,
    keys: Keys,
    validator: Registration,
}

fn play() -> Played {
    let (train, start) = native();
    let (mut keys, mut rng) = (Keys::new(), rng(7, 0));
    let validator = newcomer(&mut rng, 0, &mut keys);
    let miners: Vec<Registration> = (1..4)
        .map(|uid| newcomer(&mut rng, uid, &mut keys))
        .collect();
    let epoch = Epoch {
        home: HOME,
        netuid: NETUID.0,
        number: EPOCH,
        seed: Seed([5; 32]),
        start: start.hash(),
        most_steps: STEPS,
    };
    let mut states = BTreeMap::from([(epoch.start, start.to_blob())]);
    let mut traces = Vec::new();
    for (place, miner) in miners.iter().enumerate() {
        let mut trace = Trace::new(epoch, miner.seat());
        let mut state = start.clone();
        for step in 0..STEPS {
            let assignment = epoch.assignment(miner.seat(), step);
            state = train.step(state, &assignment).unwrap();
            if (place, step) == (1, 2) {
                state.model.weights[3] += 0.5;
            }
            trace.push(state.hash());
            if place < 2 || step < 2 {
                states.insert(state.hash(), state.to_blob());
            }
        }
        traces.push(trace);
    }
    Played {
        epoch,
        miners,
        traces,
        states,
        keys,
        validator,
    }
}

impl Played {
    /// Returns the evidence of two validators with the same receipts, with their votes. Each
    /// computes by a training of its own.
    fn evidence(&self, trainings: [&Arc<Training>; 2]) -> [Result<Evidence, String>; 2] {
        // A signature is drawn, so each question is asked once.
        let mut receipts = None;
        trainings.map(|training| self.evidence_by(training, &mut receipts))
    }

    fn evidence_by(
        &self,
        training: &Arc<Training>,
        receipts: &mut Option<Vec<Asked>>,
    ) -> Result<Evidence, String> {
        let works = self.miners.iter().zip(&self.traces);
        let round = FoldRound {
            training: Arc::clone(training),
            epoch: self.epoch,
            works: works
                .map(|(it, trace)| (it.seat(), trace.pledge()))
                .collect(),
            questions: QUESTIONS,
            states: Arc::new(Held(self.states.clone())),
        };
        // One manifest for all: its hash is a part of the root.
        let (_, start) = native();
        let file = manifest(&start, None);
        let manifest = Manifest::parse(&file).unwrap();
        let hash = &SEED_BLOCK.hash;
        let scoring = Scoring {
            rules: Rules::Fold(&round),
            manifest: &manifest,
            questions: question_seed(&HOME, NETUID, EPOCH, hash, &self.validator),
            checks: None,
            threads: NonZeroUsize::MIN,
        };
        let receipts = receipts.get_or_insert_with(|| {
            let demanded = demanded(&self.miners, QUESTIONS);
            let asked = demanded.map(|(miner, number)| self.ask(&scoring, miner, number));
            asked.collect()
        });
        let head = Head {
            home: HOME,
            netuid: NETUID,
            epoch: EPOCH,
            validator: self.validator,
            manifest: Manifest::hash(&file),
            seed_block: SEED_BLOCK,
            before: None,
        };
        let evidence = conclude(head, &self.miners, receipts.clone(), &[], &scoring);
        let mut evidence = evidence.map_err(|error| error.to_string())?;
        let vote = vote(&round, &evidence, Seed([8; 32]));
        evidence.vote = Some(vote.map_err(|error| error.to_string())?);
        Ok(evidence)
    }

    fn ask(&self, scoring: &Scoring<'_>, miner: &Registration, number: u16) -> Asked {
        let question = scoring.question(miner.seat(), number).unwrap();
        let asked = fields::Asked {
            path: Path::new(ASK_PATH).unwrap(),
            media: Media::Json,
            body: sha256(&question),
            context: Context {
                home: HOME,
                netuid: NETUID,
                epoch: EPOCH,
                by: Some(self.validator.generation),
                to: miner.hotkey,
                seat: miner.generation,
            },
            created: 1_700_000_000,
            expires: 1_700_000_009,
            nonce: [9; 16],
        };
        let request = SignedRequest::sign(&self.keys[&self.validator.hotkey], asked).unwrap();
        let place = self.miners.iter().position(|it| it == miner).unwrap();
        let step = probe::read_question(&question).unwrap();
        let answer = self.traces[place].answer(step).unwrap();
        let body = probe::answer(&answer).unwrap();
        let key = &self.keys[&miner.hotkey];
        let response = SignedResponse::sign(key, &request, 200, Media::Json, body, 1_700_000_001);
        Asked {
            uid: miner.uid,
            number,
            request,
            outcome: Outcome::of(response),
        }
    }
}

#[test]
fn evidence_of_a_training_has_one_root_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let played = play();
    let (_, start) = native();
    let by_program = training(&start, Some(&programs.train));
    let [right, by_wasm] = played.evidence([&training(&start, None), &by_program]);
    let (right, by_wasm) = (right.unwrap(), by_wasm.unwrap());
    assert_eq!(by_wasm.root(), right.root());
    assert_eq!(by_wasm, right);
    // All kinds of grades were given, and the honest miner alone is named.
    let grades: Vec<Grade> = right.receipts.iter().map(|it| it.grade).collect();
    for grade in [
        Grade::Checked(Worth::WHOLE),
        Grade::Checked(Worth::NONE),
        Grade::Withheld,
    ] {
        assert!(grades.contains(&grade), "{grades:?}");
    }
    assert_eq!(right.vote.unwrap().ballot[0], 1);
}

#[test]
fn a_program_that_fails_gives_no_evidence() {
    let played = play();
    let (_, start) = native();
    let code = wat::parse_str(TRAPPING).unwrap();
    let trapping = training(&start, Some(&code));
    let [right, failed] = played.evidence([&training(&start, None), &trapping]);
    assert!(right.is_ok());
    let expected = "fold_step trapped: it panicked; refuse such an input instead, or report it to \
                    the author";
    assert_eq!(failed, Err(expected.into()));
}
