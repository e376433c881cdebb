//! Proofs of an epoch in memory: what is taken, what is junk, and which bars follow.

use super::*;
use crate::{
    evidence::scoring::{Rules, Scoring},
    fold::{
        pledges::facts,
        round::{FoldRound, States},
        tests::{training, SEAT, STEPS},
    },
    manifest::Manifest,
    program::ProgramError,
};
use inktensor_primitives::{Bps, Uid};
use inktensor_task::{Blob, Fold};
use inktensor_train::{Epoch, Fraud, Member, Trace};
use std::{cell::Cell, num::NonZeroUsize, slice, sync::Arc};

const HOME: Digest = [4; 32];
const NUMBER: u32 = 9;
const MANIFEST: Option<Digest> = Some([7; 32]);
/// The step whose result is invented.
const FALSE: u16 = 2;

/// An epoch with one miner, which invents the state after a step.
pub(crate) struct Played {
    pub training: Arc<Training>,
    pub past: Past,
    trace: Trace,
    pub states: BTreeMap<Digest, Vec<u8>>,
}

pub(crate) fn play() -> Played {
    let training = training();
    let start = training.train.start(&Seed([1; 32])).unwrap();
    let assigned = [5; 32];
    let of = (HOME, NetUid(1), NUMBER);
    let epoch: Epoch = facts(of, &assigned, start.hash(), STEPS);
    let mut trace = Trace::new(epoch, SEAT);
    let mut states = BTreeMap::from([(start.hash(), start.to_blob())]);
    let mut state = start.clone();
    for step in 0..STEPS {
        let assignment = epoch.assignment(SEAT, step);
        state = training.train.step(state, &assignment).unwrap();
        if step == FALSE {
            state.model.weights[3] += 0.5;
        }
        states.insert(state.hash(), state.to_blob());
        trace.push(state.hash());
    }
    let (seat, work) = (SEAT, trace.pledge());
    let past = Past {
        home: HOME,
        netuid: NetUid(1),
        number: NUMBER,
        manifest: MANIFEST,
        pledges: Pledges {
            assigned,
            asked: [6; 32],
            works: vec![Member { seat, work }],
        },
        start: Some(start.hash()),
    };
    Played {
        training,
        past,
        trace,
        states,
    }
}

impl Played {
    /// Returns the claim that a step of the miner is false, without its state.
    pub fn proof(&self, step: u16) -> FraudProof {
        let work = self.trace.pledge();
        let (home, netuid, past) = (HOME, NetUid(1), &self.past);
        let epoch = past.pledges.epoch(home, netuid, NUMBER, [0; 32], STEPS);
        FraudProof::new(&epoch, SEAT, &work, self.trace.answer(step).unwrap())
    }

    /// Returns the decision on a proof, and the number of states that it needed.
    fn decide(&self, past: &Past, proof: &FraudProof) -> (Result<Verdict, Undecided>, u32) {
        let needed = Cell::new(0);
        let decided = past.decide(&self.training, proof, |hash| {
            needed.set(needed.get() + 1);
            self.states.get(hash).cloned()
        });
        (decided, needed.get())
    }
}

#[test]
fn a_false_step_stands_and_a_true_one_is_junk_for_one_state() {
    let played = play();
    let (decided, needed) = played.decide(&played.past, &played.proof(FALSE));
    let is_step = |it: &Verdict| matches!(it, Verdict::False(Fraud::Step { step: FALSE, .. }));
    assert!(decided.is_ok_and(|it| is_step(&it)));
    assert_eq!(needed, 1);
    for step in [0, 1, FALSE + 1] {
        let (decided, needed) = played.decide(&played.past, &played.proof(step));
        assert_eq!((decided, needed), (Ok(Verdict::True), 1));
    }
}

#[test]
fn junk_that_does_not_open_the_pledge_needs_no_state() {
    let played = play();
    let mut path = played.proof(FALSE);
    path.answer.before.state = [9; 32];
    let mut work = played.proof(FALSE);
    work.work.steps = 1;
    let mut seat = played.proof(FALSE);
    seat.seat.uid += 1;
    let mut home = played.proof(FALSE);
    home.home = [0; 32];
    for junk in [path, work, seat, home] {
        let (decided, needed) = played.decide(&played.past, &junk);
        assert!(matches!(decided, Ok(Verdict::Unfit(_))), "{decided:?}");
        assert_eq!(needed, 0);
    }
}

#[test]
fn a_proof_waits_for_its_state_and_for_the_voted_start() {
    let mut played = play();
    let mut early = played.past.clone();
    early.start = None;
    let (decided, needed) = played.decide(&early, &played.proof(0));
    assert_eq!((decided, needed), (Err(Undecided::Start(NUMBER)), 0));
    // Any other step needs no start.
    let (decided, _) = played.decide(&early, &played.proof(FALSE));
    assert!(matches!(decided, Ok(Verdict::False(_))));
    let proof = played.proof(FALSE);
    let hash = proof.answer.before.state;
    played.states.remove(&hash);
    let (decided, _) = played.decide(&played.past, &proof);
    assert_eq!(decided, Err(Undecided::State(hash)));
}

#[test]
fn an_auditor_refuses_proofs_of_another_manifest_and_names_the_reason() {
    let played = play();
    let ruling = |manifest, step| {
        let (past, proof) = (&played.past, played.proof(step));
        Ruling::of(past, manifest, &played.training, &proof, |hash| {
            played.states.get(hash).cloned()
        })
    };
    assert_eq!(ruling(MANIFEST, FALSE), Ruling::Stands);
    let Ruling::Falls(reason) = ruling(Some([8; 32]), FALSE) else {
        panic!("another manifest has other rules");
    };
    assert!(reason.contains("another manifest"), "{reason}");
    let Ruling::Falls(reason) = ruling(MANIFEST, 1) else {
        panic!("a true step is no fraud");
    };
    assert!(reason.contains("the training demands"), "{reason}");
}

#[test]
fn lists_are_read_back_without_states_within_their_limits() {
    let played = play();
    let mut proof = played.proof(FALSE);
    proof.answer.state = vec![1; 5_000];
    let file = list(slice::from_ref(&proof));
    assert_eq!(read_list(&file), Ok(vec![proof.without_state()]));
    let proof = played.proof(FALSE);
    let most = vec![proof.clone(); MOST_PROOFS];
    assert_eq!(read_list(&list(&most)), Ok(most.clone()));
    let more = [most, vec![proof.clone()]].concat();
    let refused = read_list(&list(&more)).unwrap_err();
    assert!(refused.to_string().contains("65 proofs"), "{refused}");
    // Paths of any length, and states, are bounded by the bytes of a proof.
    let mut long = proof.clone();
    long.answer.last.path = vec![[0; 32]; 128];
    let refused = read_list(&list(&[long])).unwrap_err();
    assert!(
        refused.to_string().contains("bytes in a proof"),
        "{refused}"
    );
    let refused = read_list(&vec![0; MOST_LIST + 1]).unwrap_err();
    assert!(matches!(refused, FileError::TooMany { .. }));
    let mut over = list(&[proof]);
    over.push(0);
    assert_eq!(read_list(&over), Err(FileError::Damaged));
    assert_eq!(read_list(&[]), Err(FileError::Kind("lists of proofs")));
}

fn standing(failed: Option<u32>) -> Standing {
    Standing {
        uid: Uid(SEAT.uid),
        generation: SEAT.generation,
        average: Worth(1_000),
        failed,
    }
}

fn miner() -> Registration {
    Registration {
        uid: Uid(SEAT.uid),
        generation: SEAT.generation,
        hotkey: [3; 32].into(),
    }
}

#[test]
fn evidence_names_a_proof_for_two_epochs_and_only_if_it_bars() {
    let proof = play().proof(FALSE);
    let held = [proof.clone()];
    let is_named = |epoch, miners: &[Registration], before: &[Standing]| {
        let named = named((&held, &[]), epoch, miners, before);
        assert!(named.is_empty() || named == held);
        !named.is_empty()
    };
    for (epoch, expected) in [(8, false), (9, false), (10, true), (11, true), (12, false)] {
        assert_eq!(is_named(epoch, &[miner()], &[]), expected, "{epoch}");
    }
    // A miner that is barred as long already, and one that is not there.
    assert!(is_named(10, &[miner()], &[standing(None)]));
    assert!(is_named(10, &[], &[standing(Some(8))]));
    assert!(!is_named(10, &[miner()], &[standing(Some(9))]));
    assert!(!is_named(10, &[], &[]));
    // The newest of several, once.
    let mut older = proof.clone();
    older.epoch = 8;
    let all = [older.clone(), proof.clone(), older];
    assert_eq!(named((&all, &[]), 10, &[miner()], &[]), vec![proof.clone()]);
    // Of too many, the own ones remain.
    let of = |uid| {
        let mut proof = proof.clone();
        proof.seat.uid = uid;
        proof
    };
    let (own, others) = ([of(200)], (0..100).map(of).collect::<Vec<_>>());
    let miners: Vec<Registration> = (0..=200)
        .map(|uid| Registration {
            uid: Uid(uid),
            ..miner()
        })
        .collect();
    let found = named((&own, &others), 10, &miners, &[]);
    assert_eq!(found[..MOST_PROOFS - 1], others[..MOST_PROOFS - 1]);
    assert_eq!(found[MOST_PROOFS - 1..], own);

    assert_eq!(check_places(&held, 10), Ok(()));
    let mut whole = proof.clone();
    whole.answer.state = vec![1];
    assert!(check_places(&[whole], 10).is_err());
    for (proofs, epoch) in [
        (&held[..], 9),
        (&held, 12),
        (&[held.clone(), held.clone()].concat(), 10),
    ] {
        assert!(check_places(proofs, epoch).is_err(), "{epoch}");
    }
}

/// No states: averages need none.
struct Nothing;

impl States for Nothing {
    fn state(&self, _: &Digest) -> Result<Option<Vec<u8>>, ProgramError> {
        Ok(None)
    }
}

#[test]
fn a_late_proof_bars_from_its_epoch_on() {
    let played = play();
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
    let standings = |number, proofs: Vec<FraudProof>, before: &[Standing]| {
        let start = [2; 32];
        let mut round = FoldRound::of(
            &played.training,
            2,
            &played.past.pledges,
            (HOME, NetUid(1), number),
            start,
            Arc::new(Nothing),
        );
        let work = played.trace.pledge();
        round.works.insert(SEAT, work);
        let round = round.with_proofs(proofs);
        let scoring = Scoring {
            rules: Rules::Fold(&round),
            manifest: &manifest,
            questions: Seed([0; 32]),
            checks: None,
            threads: NonZeroUsize::MIN,
        };
        let passed = [Grade::Checked(Worth::WHOLE); 2];
        let all = scoring.standings(&[miner()], &passed, before);
        (all[0].average, all[0].failed)
    };
    let proof = played.proof(FALSE);
    let free = (Worth::WHOLE, None);
    assert_eq!(standings(10, Vec::new(), &[]), free);
    // With and without averages before it. The bar ends three epochs after the fraud.
    for before in [&[][..], &[standing(None)], &[standing(Some(7))]] {
        for number in [10, 11, 12] {
            let found = standings(number, vec![proof.clone()], before);
            assert_eq!(found, (Worth::NONE, Some(NUMBER)), "{number}");
        }
        assert_eq!(standings(13, vec![proof.clone()], before), free);
    }
    // A later failure stands.
    let later = standings(12, vec![proof], &[standing(Some(11))]);
    assert_eq!(later, (Worth::NONE, Some(11)));
}
