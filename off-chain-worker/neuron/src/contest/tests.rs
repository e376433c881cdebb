//! Manifests and files of contests, and audits of verdicts that lie.

use super::{
    audit::{verify, Auditor},
    cores::OnCores,
    entries::{epoch, rows_seed},
    evidence::ContestEvidence,
    *,
};
use crate::{
    evidence::{
        any::AnyEvidence,
        audit::{Before, Falsehood, Missing, Origin, Sample, Verdict},
        codec::FileError,
        facts::{ChainWeights, Facts, Pledged},
        seeds::{parts_of, Round as Blocks},
        Head, Registration,
    },
    fold::pledges::Pledges,
};
use inktensor_client::chain::BlockId;
use inktensor_contest::{
    Averages, Entry, Fault, Finding, Lie, Model, Opening, Pledge, Round, Shown,
};
use inktensor_exact::gpt::{Config, Gpt};
use inktensor_primitives::{
    hash::{blake2, hex},
    work::{NotAPledge, Pledge as OtherPledge, PLEDGE_VERSION},
    NetUid, Uid,
};
use inktensor_task::{Alpha, Blob, Loss, Seat, Seed};

/// Sizes of models: 80 weights.
const CONFIG: Config = Config {
    vocabulary: 8,
    context: 2,
    width: 4,
    layers: 1,
    heads: 1,
    hidden: 2,
};
const NETUID: NetUid = NetUid(3);
const HOME: Digest = [1; 32];
/// A miner that shows nothing.
const SILENT: u16 = 7;

fn corpus() -> Vec<u8> {
    (0..9_000u32).map(|it| (it * it % 7) as u8).collect()
}

fn definition() -> Definition {
    Definition {
        config: CONFIG,
        corpus: blake2(&corpus()),
    }
}

fn contest() -> HeldOut {
    HeldOut::of(&definition(), corpus()).unwrap()
}

fn model(seed: u64) -> Vec<u8> {
    let weights = Gpt::new(CONFIG).unwrap().weights(seed);
    Model::new(CONFIG, weights).unwrap().to_blob()
}

fn manifest() -> Vec<u8> {
    format!(
        "task = \"contest/1\"\nstate = \"{}\"\nquestions = 1\nwindow = 9\ncheck = 1.0\nalpha = 0.5\n",
        hex(&blake2(&definition().to_blob()))
    )
    .into_bytes()
}

fn seat(uid: u16) -> Seat {
    Seat {
        uid,
        generation: 100 + u32::from(uid),
    }
}

/// The evidence of an honest validator with the facts of its epoch, and the one before.
struct Audited {
    evidence: ContestEvidence,
    before: ContestEvidence,
    facts: Facts,
    models: Vec<Vec<u8>>,
}

impl Audited {
    fn new() -> Self {
        let models: Vec<Vec<u8>> = (1..=3).map(model).collect();
        let entries: Vec<Entry> = [5, 6, 9, SILENT]
            .into_iter()
            .enumerate()
            .map(|(index, uid)| {
                let pledge = opening(&models, index).map_or(Pledge::unsalted([9; 32]), |it| {
                    Pledge::sealed(&subnet(), seat(uid), &it)
                });
                Entry {
                    block: 10 + uid as u32,
                    seat: seat(uid),
                    pledge,
                }
            })
            .collect();
        let blocks = Blocks::new(100, 40).unwrap();
        let head = |epoch, before| Head {
            home: HOME,
            netuid: NETUID,
            epoch,
            validator: Registration {
                uid: Uid(1),
                generation: 4,
                hotkey: [4; 32].into(),
            },
            manifest: blake2(&manifest()),
            seed_block: BlockId {
                number: blocks.asked_at(),
                hash: [epoch as u8; 32],
            },
            before,
        };
        let first = judged(&models, &entries, head(6, None), &Averages::new());
        let averages = first.verdict.averages();
        let second = judged(&models, &entries, head(7, Some(first.root())), &averages);
        let mut facts = Facts {
            home: HOME,
            netuid: NETUID,
            epoch: 7,
            uid: Uid(1),
            opened_at: 100,
            tempo: 40,
            closed_at: Some(140),
            seed_block: second.head.seed_block,
            check_block: None,
            validator: Some(second.head.validator),
            permit: true,
            miners: Vec::new(),
            manifest: Some(second.head.manifest),
            pledges: Pledges::default(),
            entries,
            start: None,
            before: Pledged::of(&first.pledge(), 90),
            pledged: None,
            weights: ChainWeights::Absent,
        };
        facts.entries.sort_unstable_by_key(|entry| entry.seat);
        let mut audited = Self {
            evidence: second,
            before: first,
            facts,
            models,
        };
        audited.pledge();
        audited
    }

    /// Pledges the evidence as it is, and sets its weights.
    fn pledge(&mut self) {
        self.facts.pledged = Pledged::of(&self.evidence.pledge(), 130);
        self.facts.weights = ChainWeights::Row(self.evidence.weights());
    }

    fn verify(&self) -> Verdict {
        let model = |_: Uid, hash: &Digest| {
            let found = self.models.iter().find(|it| blake2(it) == *hash);
            found.cloned()
        };
        let auditor = Auditor {
            contest: &contest(),
            manifest: &manifest(),
            sample: Sample::All,
            model: &model,
        };
        let before = AnyEvidence::Contest(self.before.clone());
        let (origin, before) = (Origin::Validator, Before::Given(&before));
        verify(&self.evidence, origin, before, &self.facts, &auditor)
    }

    /// Changes the evidence, pledges it, and returns the first false item.
    fn lie(change: impl FnOnce(&mut ContestEvidence)) -> Falsehood {
        let mut audited = Self::new();
        change(&mut audited.evidence);
        audited.pledge();
        match audited.verify() {
            Verdict::False(falsehood) => falsehood,
            other => panic!("{other:?}"),
        }
    }
}

fn subnet() -> inktensor_contest::Subnet {
    epoch(HOME, NETUID, 7, Blocks::new(100, 40).unwrap()).subnet
}

fn opening(models: &[Vec<u8>], index: usize) -> Option<Opening> {
    let model = blake2(models.get(index)?);
    Some(Opening {
        model,
        salt: [index as u8; 32],
    })
}

/// Returns the evidence that an honest validator writes.
fn judged(models: &[Vec<u8>], entries: &[Entry], head: Head, before: &Averages) -> ContestEvidence {
    let contest = contest();
    let of = epoch(HOME, NETUID, head.epoch, Blocks::new(100, 40).unwrap());
    let rules = Round {
        contest: &contest,
        epoch: &of,
        pledges: entries,
        seed: rows_seed(&head),
        before,
        alpha: Alpha(parts_of(Bps(5_000))),
    };
    let shown = |entry: &Entry| {
        let index = entries.iter().position(|it| it.seat == entry.seat).unwrap();
        Shown {
            opening: opening(models, index),
            blob: models.get(index).cloned(),
        }
    };
    let openings = rules.entries().into_iter();
    let openings = openings.filter_map(|it| Some((it.seat, shown(&it).opening?)));
    ContestEvidence {
        openings: openings.collect(),
        verdict: rules.judge(shown),
        head,
    }
}

#[test]
fn manifest_of_a_contest_has_its_own_fields() {
    let parsed = Manifest::parse(&manifest()).unwrap();
    assert!(is_contest(&parsed));
    assert_eq!(check(&parsed), Ok(()));
    let change = |change: fn(&mut Manifest)| {
        let mut changed = parsed.clone();
        change(&mut changed);
        check(&changed)
    };
    let program = change(|it| it.program = Some([1; 32]));
    assert_eq!(program, Err(BadContest::Program));
    assert_eq!(change(|it| it.steps = Some(3)), Err(BadContest::Steps));
    let questions = change(|it| it.questions = 2);
    assert_eq!(questions, Err(BadContest::Questions(2)));
    assert_eq!(change(|it| it.check = Bps(9_999)), Err(BadContest::Check));
}

#[test]
fn contest_is_loaded_from_its_definition_and_corpus() {
    let parsed = Manifest::parse(&manifest()).unwrap();
    let blobs = [definition().to_blob(), corpus()];
    let found = |_: &str, hash: &Digest, most: usize| -> Result<_, ProgramError> {
        let blob = blobs
            .iter()
            .find(|it| blake2(it) == *hash && it.len() <= most);
        Ok(blob.unwrap().clone())
    };
    let loaded = load(&parsed, found).unwrap();
    assert_eq!(loaded.config(), &CONFIG);
    let other = load(&parsed, |what, hash, most| match what {
        "corpus" => Ok(vec![0; 9_000]),
        _ => found(what, hash, most),
    });
    let refused = ProgramError::BadContest(BadContest::Contest(ContestError::OtherCorpus));
    assert_eq!(other.unwrap_err(), refused);
}

/// The kind of a pledge is free among those of other work, and has their version.
#[test]
fn pledge_of_an_entry_is_no_other_pledge() {
    let data = Pledge::unsalted([7; 32]).to_data();
    assert_eq!(data[0], PLEDGE_VERSION);
    assert_eq!(OtherPledge::from_data(&data), Err(NotAPledge::Fields));
    let others = [
        OtherPledge::Subnet { manifest: [7; 32] }.to_data(),
        Audited::new().evidence.pledge().to_data(),
    ];
    for other in others {
        assert_eq!(Pledge::from_data(&other), None);
    }
}

#[test]
fn losses_of_all_cores_are_those_of_one() {
    let (contest, model) = (contest(), Model::read(&model(1)).unwrap());
    for seed in [Seed([1; 32]), Seed([2; 32])] {
        let losses = OnCores(&contest).losses(&model, &seed);
        assert_eq!(losses, contest.losses(&model, &seed));
    }
    let mut weights = model.weights().to_vec();
    weights.fill(f32::MAX);
    let large = Model::new(CONFIG, weights).unwrap();
    let seed = Seed([1; 32]);
    let losses = OnCores(&contest).losses(&large, &seed);
    assert_eq!(losses, contest.losses(&large, &seed));
    assert!(losses.is_err());
}

#[test]
fn files_are_read_back_and_bounded() {
    let evidence = Audited::new().evidence;
    let file = evidence.file();
    assert_eq!(AnyEvidence::read(&file).unwrap().root(), evidence.root());
    assert_eq!(ContestEvidence::read(&file), Ok(evidence.clone()));
    for length in 0..file.len() {
        assert!(AnyEvidence::read(&file[..length]).is_err(), "{length}");
    }
    let longer = [&file[..], &[0]].concat();
    assert_eq!(ContestEvidence::read(&longer), Err(FileError::Damaged));
    let mut crowded = evidence.clone();
    crowded.openings = vec![crowded.openings[0]; 257];
    assert!(ContestEvidence::read(&crowded.file()).is_err());
    let mut crowded = evidence;
    let Finding::Judged { losses, .. } = &mut crowded.verdict.lines[0].finding else {
        panic!("a loss");
    };
    losses.resize(257, Loss(1));
    assert!(ContestEvidence::read(&crowded.file()).is_err());
}

#[test]
fn honest_evidence_is_true() {
    let audited = Audited::new();
    let Verdict::True(checked) = audited.verify() else {
        panic!("{:?}", audited.verify());
    };
    assert_eq!((checked.receipts, checked.recomputed), (4, 3));
    assert_eq!(checked.unproven, Some(vec![Uid(SILENT)]));
}

#[test]
fn every_lie_of_a_verdict_is_named() {
    use Falsehood::{Contest as Of, Opening as Unopened};
    let lower = Audited::lie(|it| {
        let Finding::Judged { losses, .. } = &mut it.verdict.lines[0].finding else {
            panic!("a loss");
        };
        losses[0].0 -= 256;
    });
    assert!(matches!(&lower, Of(lie @ Lie::Finding { .. }) if lie.off_by() == Some(1)));
    assert!(
        lower
            .to_string()
            .starts_with("4: the finding about uid 5 is"),
        "{lower}"
    );
    let invented = Audited::lie(|it| {
        it.verdict.lines[0].finding = Finding::Faulty(Fault::Unreadable);
    });
    assert!(matches!(invented, Of(Lie::Finding { .. })), "{invented}");
    let left_out = Audited::lie(|it| drop(it.verdict.lines.remove(1)));
    assert!(
        left_out.to_string().starts_with("2: the entry of uid 6"),
        "{left_out}"
    );
    let unopened = Audited::lie(|it| it.openings[0].1.salt[0] ^= 1);
    assert_eq!(unopened, Unopened(Uid(5)));
    let absent = Audited::lie(|it| {
        it.openings.remove(0);
    });
    assert_eq!(absent, Unopened(Uid(5)));
    let spare = Audited::lie(|it| {
        let (_, opening) = it.openings[0];
        let seat = Seat {
            uid: SILENT,
            ..it.openings[0].0
        };
        it.openings.push((seat, opening));
    });
    assert_eq!(spare, Unopened(Uid(SILENT)));
    let twice = Audited::lie(|it| it.openings.insert(0, it.openings[0]));
    assert_eq!(twice, Unopened(Uid(5)));
    let worth = Audited::lie(|it| it.verdict.lines[0].worth.0 ^= 1);
    assert!(
        worth.to_string().starts_with("5: the worth of uid 5"),
        "{worth}"
    );
    let average = Audited::lie(|it| it.verdict.lines[0].average.0 ^= 1);
    assert!(matches!(average, Of(Lie::Average { .. })), "{average}");
    let weight = Audited::lie(|it| it.verdict.weights[0].1 ^= 1);
    assert!(matches!(weight, Of(Lie::Weight { .. })), "{weight}");
    let before = Audited::lie(|it| it.head.before = None);
    assert_eq!(before, Falsehood::Before);
    let seed = Audited::lie(|it| it.head.seed_block.hash[0] ^= 1);
    assert!(matches!(seed, Falsehood::SeedBlock { .. }), "{seed}");
}

#[test]
fn verdict_of_another_validator_has_losses_of_another_seed() {
    let copied = Audited::new();
    let mut facts = copied.facts.clone();
    let validator = Registration {
        uid: Uid(2),
        generation: 5,
        hotkey: [5; 32].into(),
    };
    facts.validator = Some(validator);
    let mut copy = Audited { facts, ..copied };
    copy.evidence.head.validator = validator;
    copy.pledge();
    let Verdict::False(Falsehood::Contest(Lie::Finding { seat, .. })) = copy.verify() else {
        panic!("{:?}", copy.verify());
    };
    assert_eq!(seat.uid, 5);
}

#[test]
fn items_that_are_not_at_hand_are_named() {
    let mut audited = Audited::new();
    let lost = audited.models.remove(0);
    let missing = Missing::Model {
        uid: Uid(5),
        model: blake2(&lost),
    };
    assert_eq!(audited.verify(), Verdict::Unjudged(missing));
    let mut audited = Audited::new();
    audited.before.head.epoch = 5;
    let Verdict::Unjudged(Missing::Before { epoch: 6, .. }) = audited.verify() else {
        panic!("{:?}", audited.verify());
    };
    // Weights that the chain does not have are found without the averages before.
    let mut audited = Audited::new();
    audited.facts.weights = ChainWeights::Absent;
    let found = audited.verify();
    assert_eq!(found, Verdict::False(Falsehood::WeightsNotSet));
}
