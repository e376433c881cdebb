//! Random networks in memory: a validator that asks miners with real keys, epoch after epoch.

use crate::toy::Sum;
use inktensor_client::chain::BlockId;
use inktensor_neuron::{
    evidence::{
        any::AnyEvidence,
        audit::{self, Audited, Auditor, Before, Origin, Sample, Verdict},
        facts::{ChainWeights, Facts, Pledged},
        scoring::{conclude, demanded, Asked, Rules, Scoring},
        seeds::{check_seed, question_seed, Round},
        Evidence, Head, Registration, Standing, ASK_PATH,
    },
    fold::pledges::Pledges,
    manifest::Manifest,
    program::{Loaded, Program},
};
use inktensor_primitives::{AccountId, Digest, NetUid, Uid};
use inktensor_task::{Draw, Seed};
use inktensor_wire::{
    fields, signature::sha256, Context, Hotkey, Media, Outcome, Path, SignedRequest, SignedResponse,
};
use std::{collections::BTreeMap, num::NonZeroUsize};
use subxt_signer::sr25519::Keypair;

/// Returns the random numbers of run `number` under `seed`.
pub fn rng(seed: u64, number: u64) -> Draw {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    Seed(bytes).draw()
}

/// Returns a random hash.
pub fn digest(rng: &mut Draw) -> Digest {
    let mut digest = [0; 32];
    for bytes in digest.chunks_mut(8) {
        bytes.copy_from_slice(&rng.word().to_le_bytes());
    }
    digest
}

/// Returns a number of `from..=to`.
pub fn within(rng: &mut Draw, from: u32, to: u32) -> u32 {
    from + rng.below(to - from + 1)
}

/// Returns the task, loaded.
pub fn program() -> impl Program {
    Loaded::of(Sum, b"").unwrap()
}

/// A task, loaded, with the lines of a manifest that name it.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub program: &'a dyn Program,
    pub named: &'a str,
}

/// Keys of all neurons of a network.
pub type Keys = BTreeMap<AccountId, Hotkey>;

/// A validator's epoch with everything that an auditor gets, and the keys to lie with.
#[derive(Clone)]
pub struct Network {
    pub facts: Facts,
    pub evidence: Evidence,
    pub before: Option<Evidence>,
    pub manifest: Vec<u8>,
    pub sample: Sample,
    pub keys: Keys,
}

/// The parts that all epochs of a network have in common.
struct Fixed<'a> {
    work: Work<'a>,
    home: Digest,
    netuid: NetUid,
    validator: Registration,
    manifest: Vec<u8>,
    tempo: u32,
}

impl Network {
    /// Returns a random network after one to three epochs, honest in everything.
    pub fn honest(rng: &mut Draw) -> Self {
        let named = format!("task = \"sum/1\"\nstate = \"0x{}\"", "0e".repeat(32));
        let work = Work {
            program: &program(),
            named: &named,
        };
        Self::of(work, rng)
    }

    /// Returns such a network that runs another task.
    pub fn of(work: Work<'_>, rng: &mut Draw) -> Self {
        let mut keys = Keys::new();
        let fixed = Fixed {
            work,
            home: digest(rng),
            netuid: NetUid(within(rng, 1, 9) as u16),
            validator: newcomer(rng, 0, &mut keys),
            manifest: manifest(work.named, rng),
            tempo: within(rng, 16, 400),
        };
        let mut miners: Vec<Registration> = (0..within(rng, 0, 4))
            .map(|place| newcomer(rng, 1 + 3 * place as u16, &mut keys))
            .collect();
        let (mut epoch, mut opened_at) = (within(rng, 3, 1_000), within(rng, 10, 100_000));
        let mut before: Option<(Evidence, Pledged)> = None;
        for _ in 0..rng.below(3) {
            let mut facts = facts(rng, &fixed, epoch, opened_at, &miners, before.as_ref());
            let evidence = ask(rng, &fixed, &facts, before.as_ref(), &keys);
            pledge(&mut facts, &evidence);
            before = facts.pledged.map(|pledged| (evidence, pledged));
            // A validator may pause, and miners may be replaced.
            let passed = within(rng, 1, 3);
            (epoch, opened_at) = (epoch + passed, opened_at + passed * fixed.tempo);
            for miner in &mut miners {
                if rng.below(5) == 0 {
                    *miner = newcomer(rng, miner.uid.0, &mut keys);
                }
            }
        }
        let mut facts = facts(rng, &fixed, epoch, opened_at, &miners, before.as_ref());
        let evidence = ask(rng, &fixed, &facts, before.as_ref(), &keys);
        pledge(&mut facts, &evidence);
        facts.weights = ChainWeights::Row(evidence.weights.clone());
        Self {
            facts,
            evidence,
            before: before.map(|(evidence, _)| evidence),
            manifest: fixed.manifest,
            sample: match rng.below(3) {
                0 => Sample::Some {
                    count: rng.index(20),
                    seed: rng.word(),
                },
                _ => Sample::All,
            },
            keys,
        }
    }

    /// Audits the network's evidence, as the validator serves it.
    pub fn verify(&self) -> Verdict {
        self.verify_from(Origin::Validator)
    }

    /// Audits the network's evidence, as it comes from a place.
    pub fn verify_from(&self, origin: Origin) -> Verdict {
        self.verify_with(&program(), origin)
    }

    /// Audits the network's evidence with another program.
    pub fn verify_with(&self, program: &dyn Program, origin: Origin) -> Verdict {
        let auditor = Auditor {
            work: Audited::Task(program),
            manifest: &self.manifest,
            sample: self.sample,
            threads: NonZeroUsize::MIN,
        };
        let before = self.before.clone().map(AnyEvidence::Asked);
        let before = before.as_ref().map_or(Before::NotGiven, Before::Given);
        audit::verify(&self.evidence, origin, before, &self.facts, &auditor)
    }

    /// Returns the manifest.
    pub fn terms(&self) -> Manifest {
        Manifest::parse(&self.manifest).unwrap()
    }

    /// Pledges the evidence as it is now.
    pub fn pledge(&mut self) {
        pledge(&mut self.facts, &self.evidence);
    }

    /// Runs `work` with the scoring of the network.
    pub fn scored<R>(&self, work: impl FnOnce(&Scoring<'_>) -> R) -> R {
        let program = program();
        work(&scoring(
            &program,
            &self.terms(),
            &self.facts,
            &self.evidence.head.validator,
        ))
    }

    /// Returns the evidence that a validator with another program seals for the same receipts.
    pub fn concluded_with(&self, program: &dyn Program) -> Evidence {
        let manifest = self.terms();
        let head = self.evidence.head.clone();
        let scoring = scoring(program, &manifest, &self.facts, &head.validator);
        let asked = self.evidence.receipts.iter().map(|it| Asked {
            uid: it.uid,
            number: it.number,
            request: it.asked.clone(),
            outcome: it.outcome.clone(),
        });
        let asked = asked.collect();
        conclude(head, &self.facts.miners, asked, self.averages(), &scoring).unwrap()
    }

    /// Returns the averages that the evidence continues from.
    pub fn averages(&self) -> &[Standing] {
        self.before.as_ref().map_or(&[], |it| &it.standings)
    }

    /// Makes averages, weights, the pledge and the chain agree with the grades: the validator lies
    /// in one place only.
    pub fn conclude(&mut self) {
        let grades: Vec<_> = self.evidence.receipts.iter().map(|it| it.grade).collect();
        self.evidence.standings =
            self.scored(|it| it.standings(&self.facts.miners, &grades, self.averages()));
        self.weigh();
    }

    /// Makes weights, the pledge and the chain agree with the averages.
    pub fn weigh(&mut self) {
        self.evidence.weights =
            inktensor_neuron::evidence::scoring::weights(&self.evidence.standings);
        self.settle();
    }

    /// Makes the pledge and the chain agree with the weights.
    pub fn settle(&mut self) {
        self.facts.weights = ChainWeights::Row(self.evidence.weights.clone());
        self.pledge();
    }

    /// Signs question `index` again as it is now, as the hotkey that it names, and lets the miner
    /// answer it again: both agree on a lie.
    pub fn sign_both(&mut self, index: usize) {
        let receipt = &mut self.evidence.receipts[index];
        let signer = &self.keys[&receipt.asked.hotkey];
        receipt.asked = SignedRequest::sign(signer, receipt.asked.asked()).unwrap();
        self.answer_again(index);
    }

    /// Lets the miner sign its outcome again.
    pub fn answer_again(&mut self, index: usize) {
        let receipt = &mut self.evidence.receipts[index];
        let to = receipt.asked.context.to;
        if let Outcome::Signed(response) | Outcome::Refused(response) = &mut receipt.outcome {
            let body = response.body().unwrap_or_default().to_vec();
            let (status, media, created) = (response.status, response.media, response.created);
            *response = SignedResponse::sign(
                &self.keys[&to],
                &receipt.asked,
                status,
                media,
                body,
                created,
            );
        }
    }
}

/// Returns a neuron with new keys and a new generation.
pub fn newcomer(rng: &mut Draw, uid: u16, keys: &mut Keys) -> Registration {
    let key = Hotkey::new(Keypair::from_secret_key(digest(rng)).unwrap());
    let hotkey = key.account();
    keys.insert(hotkey, key);
    Registration {
        uid: Uid(uid),
        generation: within(rng, 1, 1 << 20),
        hotkey,
    }
}

fn manifest(named: &str, rng: &mut Draw) -> Vec<u8> {
    let checks = ["1.0", "1.0", "0.5", "0.1"];
    let text = format!(
        "{named}\nquestions = {}\nwindow = {}\ncheck = {}\nalpha = {}\n",
        within(rng, 1, 4),
        within(rng, 10, 60),
        rng.pick(&checks).unwrap(),
        rng.pick(&["0.2", "0.5", "1.0", "0.0001"]).unwrap(),
    );
    text.into_bytes()
}

fn facts(
    rng: &mut Draw,
    fixed: &Fixed<'_>,
    epoch: u32,
    opened_at: u32,
    miners: &[Registration],
    before: Option<&(Evidence, Pledged)>,
) -> Facts {
    let round = Round::new(opened_at, fixed.tempo).unwrap();
    Facts {
        home: fixed.home,
        netuid: fixed.netuid,
        epoch,
        uid: fixed.validator.uid,
        opened_at,
        tempo: fixed.tempo,
        closed_at: Some(opened_at + fixed.tempo + rng.below(3)),
        seed_block: BlockId {
            number: round.asked_at(),
            hash: digest(rng),
        },
        check_block: Some(digest(rng)),
        validator: Some(fixed.validator),
        permit: true,
        miners: miners.to_vec(),
        manifest: Some(Manifest::hash(&fixed.manifest)),
        pledges: Pledges::default(),
        entries: Vec::new(),
        start: None,
        before: before.map(|(_, pledged)| *pledged),
        pledged: None,
        weights: ChainWeights::Absent,
    }
}

fn scoring<'a>(
    program: &'a dyn Program,
    manifest: &'a Manifest,
    facts: &Facts,
    validator: &Registration,
) -> Scoring<'a> {
    let (home, netuid, epoch) = (&facts.home, facts.netuid, facts.epoch);
    Scoring {
        rules: Rules::Task(program),
        manifest,
        questions: question_seed(home, netuid, epoch, &facts.seed_block.hash, validator),
        checks: facts
            .check_block
            .map(|hash| check_seed(home, netuid, epoch, &hash, validator)),
        threads: NonZeroUsize::MIN,
    }
}

/// Returns the evidence of a validator that asks all miners and reports what they do.
fn ask(
    rng: &mut Draw,
    fixed: &Fixed<'_>,
    facts: &Facts,
    before: Option<&(Evidence, Pledged)>,
    keys: &Keys,
) -> Evidence {
    let program = fixed.work.program;
    let manifest = Manifest::parse(&fixed.manifest).unwrap();
    let scoring = scoring(program, &manifest, facts, &fixed.validator);
    let start = 1_700_000_000 + rng.word() % 1_000_000;
    let habits: Vec<u32> = facts.miners.iter().map(|_| rng.below(12)).collect();
    let asked = demanded(&facts.miners, manifest.questions).map(|(miner, number)| {
        let question = scoring.question(miner.seat(), number).unwrap();
        let created = start + rng.word() % 5;
        let asked = fields::Asked {
            path: Path::new(ASK_PATH).unwrap(),
            media: Media::Json,
            body: sha256(&question),
            context: Context {
                home: facts.home,
                netuid: facts.netuid,
                epoch: facts.epoch,
                by: Some(fixed.validator.generation),
                to: miner.hotkey,
                seat: miner.generation,
            },
            created,
            expires: start + u64::from(manifest.window),
            nonce: digest(rng)[..16].try_into().unwrap(),
        };
        let request = SignedRequest::sign(&keys[&fixed.validator.hotkey], asked).unwrap();
        // Most miners have one habit, and some change it from question to question.
        let place = facts.miners.iter().position(|it| it == miner).unwrap();
        let habit = match habits[place] {
            11 => rng.below(11),
            habit => habit,
        };
        let key = &keys[&miner.hotkey];
        let outcome = answer(program, rng, habit, key, &request, &question);
        Asked {
            uid: miner.uid,
            number,
            request,
            outcome,
        }
    });
    let asked: Vec<Asked> = asked.collect();
    let head = Head {
        home: facts.home,
        netuid: facts.netuid,
        epoch: facts.epoch,
        validator: fixed.validator,
        manifest: Manifest::hash(&fixed.manifest),
        seed_block: facts.seed_block,
        before: before.map(|(_, pledged)| pledged.root),
    };
    let averages = before.map_or(&[][..], |(evidence, _)| &evidence.standings);
    conclude(head, &facts.miners, asked, averages, &scoring).unwrap()
}

/// Answers as a miner with a habit does.
fn answer(
    program: &dyn Program,
    rng: &mut Draw,
    habit: u32,
    key: &Hotkey,
    request: &SignedRequest,
    question: &[u8],
) -> Outcome {
    let right = program.answer(question).unwrap();
    // Close by, or an answer to another question.
    let wrong = |add: u32| {
        if program.name() != "sum/1" {
            let other = program.question(&Seed([add as u8; 32])).unwrap();
            return program.answer(&other).unwrap();
        }
        let numbers: Vec<u32> = serde_json::from_slice::<serde_json::Value>(question).unwrap()
            ["numbers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_u64().unwrap() as u32)
            .collect();
        format!("{{ \"total\": {} }}", numbers.iter().sum::<u32>() + add).into_bytes()
    };
    let in_time = request.created + rng.word() % (request.expires - request.created + 1);
    let sign = |status, media, body, created| {
        Outcome::of(SignedResponse::sign(
            key, request, status, media, body, created,
        ))
    };
    match habit {
        0..=2 => sign(200, Media::Json, right, in_time),
        3 => sign(200, Media::Json, wrong(1), in_time),
        4 => sign(200, Media::Json, wrong(7), in_time),
        5 => sign(200, Media::Json, b"{\"total\":".to_vec(), in_time),
        6 => sign(200, Media::Text, right, in_time),
        7 => sign(503, Media::Text, b"busy".to_vec(), in_time),
        8 => Outcome::Silent {
            millis: rng.below(60_000),
        },
        9 => Outcome::Unsigned { status: 200 },
        _ => sign(
            200,
            Media::Json,
            right,
            request.expires + 1 + rng.word() % 9,
        ),
    }
}

fn pledge(facts: &mut Facts, evidence: &Evidence) {
    let block = facts.round().unwrap().due_at();
    facts.pledged = Pledged::of(&evidence.pledge(), block);
}
