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
        audit::{self, Audited, Auditor, Before, Falsehood, Missing, Origin, Sample, Verdict},
        facts::{ChainWeights, Facts, Pledged},
        scoring::{conclude, demanded, Asked, Rules, Scoring},
        seeds::{epoch_seed, question_seed, Round},
        Evidence, Grade, Head, Registration, ASK_PATH,
    },
    fold::{
        fraud::Ruling,
        pledges::Pledges,
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
use inktensor_train::{Epoch, FraudProof, Member, Recipe, State, Trace, Train};
use inktensor_wire::{
    fields, signature::sha256, Context, Media, Outcome, Path, SignedRequest, SignedResponse,
};
use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

const HOME: Digest = [4; 32];
const ASSIGNED: Digest = [5; 32];
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
    /// The proofs of earlier epochs that the evidence names.
    proofs: Vec<FraudProof>,
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
        seed: epoch_seed(&HOME, NETUID, EPOCH, &ASSIGNED),
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
        proofs: Vec::new(),
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

    /// Returns the rules of the epoch.
    fn round(&self, training: &Arc<Training>) -> FoldRound {
        let works = self.miners.iter().zip(&self.traces);
        FoldRound {
            training: Arc::clone(training),
            epoch: self.epoch,
            works: works
                .map(|(it, trace)| (it.seat(), trace.pledge()))
                .collect(),
            questions: QUESTIONS,
            states: Arc::new(Held(self.states.clone())),
            proofs: self.proofs.clone(),
        }
    }

    fn evidence_by(
        &self,
        training: &Arc<Training>,
        receipts: &mut Option<Vec<Asked>>,
    ) -> Result<Evidence, String> {
        let round = self.round(training);
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

impl Played {
    /// Returns the claim that a miner cheated in an earlier epoch. The auditor's ruling decides it.
    fn claim(&self, place: usize, epoch: u32) -> FraudProof {
        let (seat, trace) = (self.miners[place].seat(), &self.traces[place]);
        let mut facts = self.epoch;
        facts.number = epoch;
        FraudProof::new(&facts, seat, &trace.pledge(), trace.answer(1).unwrap())
    }

    /// Audits evidence of a native training, by an auditor who rules so on every proof.
    fn audit(&self, evidence: &Evidence, ruling: &Ruling) -> Verdict {
        let (_, start) = native();
        let (training, manifest) = (training(&start, None), manifest(&start, None));
        let (opened_at, tempo) = (43, 64);
        let asked_at = Round::new(opened_at, tempo).unwrap().asked_at();
        assert_eq!(asked_at, SEED_BLOCK.number);
        let works = self.miners.iter().zip(&self.traces);
        let works = works.map(|(miner, trace)| Member {
            seat: miner.seat(),
            work: trace.pledge(),
        });
        let facts = Facts {
            home: HOME,
            netuid: NETUID,
            epoch: EPOCH,
            uid: self.validator.uid,
            opened_at,
            tempo,
            closed_at: Some(opened_at + tempo),
            seed_block: SEED_BLOCK,
            check_block: Some([1; 32]),
            validator: Some(self.validator),
            permit: true,
            miners: self.miners.clone(),
            manifest: Some(Manifest::hash(&manifest)),
            pledges: Pledges {
                assigned: ASSIGNED,
                asked: SEED_BLOCK.hash,
                works: works.collect(),
            },
            entries: Vec::new(),
            start: Some(self.epoch.start),
            before: None,
            pledged: Pledged::of(&evidence.pledge(), asked_at + 9),
            weights: ChainWeights::Row(evidence.weights.clone()),
        };
        let states: Arc<dyn States> = Arc::new(Held(self.states.clone()));
        let decide = |_: &FraudProof| ruling.clone();
        let auditor = Auditor {
            work: Audited::Fold(&training, &states, &decide),
            manifest: &manifest,
            sample: Sample::All,
            threads: NonZeroUsize::MIN,
        };
        audit::verify(
            evidence,
            Origin::Validator,
            Before::NotGiven,
            &facts,
            &auditor,
        )
    }
}

#[test]
fn a_bar_by_the_proof_of_another_validator_is_audited() {
    let mut played = play();
    let (_, start) = native();
    let (native, honest) = (training(&start, None), played.miners[0]);
    let concluded = |played: &Played| played.evidence_by(&native, &mut None).unwrap();
    let free = concluded(&played);
    assert_eq!(free.weights, [(honest.uid, u16::MAX)]);
    let verdict = played.audit(&free, &Ruling::Stands);
    assert!(matches!(verdict, Verdict::True(_)), "{verdict:?}");

    // The probes prove one fraud. A miner that serves no state has none on record.
    let hash = &SEED_BLOCK.hash;
    let seed = question_seed(&HOME, NETUID, EPOCH, hash, &played.validator);
    let frauds = played.round(&native).frauds(&seed, &free.receipts).unwrap();
    let seats: Vec<_> = frauds.iter().map(|it| it.seat).collect();
    assert_eq!(seats, [played.miners[1].seat()]);
    assert_eq!(frauds[0].answer.step, 2);
    assert!(frauds[0].answer.state.is_empty());

    let of = EPOCH - 1;
    played.proofs = vec![played.claim(0, of)];
    let barred = concluded(&played);
    assert_ne!(barred.root(), free.root());
    assert_eq!(barred.proofs, played.proofs);
    assert!(barred.weights.is_empty());
    assert_eq!(barred.standings[0].failed, Some(of));
    assert_eq!(barred.vote.unwrap().ballot[0], 0);
    let verdict = played.audit(&barred, &Ruling::Stands);
    assert!(matches!(verdict, Verdict::True(_)), "{verdict:?}");

    let (uid, reason) = (honest.uid, "it is a true step".to_owned());
    let verdict = played.audit(&barred, &Ruling::Falls(reason.clone()));
    let false_proof = Falsehood::Proof {
        uid,
        epoch: of,
        reason: reason.clone(),
    };
    assert_eq!(verdict, Verdict::False(false_proof));
    let verdict = played.audit(&barred, &Ruling::Open(reason.clone()));
    let missing = Missing::Proof {
        uid,
        epoch: of,
        reason,
    };
    assert_eq!(verdict, Verdict::Unjudged(missing));

    // A bar without its proof, a proof twice, and one that is too old.
    let mut bare = barred.clone();
    bare.proofs.clear();
    let verdict = played.audit(&bare, &Ruling::Stands);
    let is_average = |it: &Verdict| matches!(it, Verdict::False(Falsehood::Average { .. }));
    assert!(is_average(&verdict), "{verdict:?}");
    for proofs in [
        vec![played.claim(0, of); 2],
        vec![played.claim(0, EPOCH - 3)],
    ] {
        played.proofs = proofs;
        let verdict = played.audit(&concluded(&played), &Ruling::Stands);
        let is_proof = matches!(verdict, Verdict::False(Falsehood::Proof { .. }));
        assert!(is_proof, "{verdict:?}");
    }
}
