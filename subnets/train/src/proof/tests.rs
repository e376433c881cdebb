use alloc::{string::ToString, vec::Vec};
use core::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::{
    toy::{self, Number, Toy, SEAT},
    Fraud, Opening, Place, Trace,
};
use inktensor_task::Blob;

/// The most bytes of a state of the tests.
const STATE: usize = 16;

/// Returns a proof of fraud of each kind: false step, start, end.
fn proofs() -> [FraudProof; 3] {
    let (_, mut blobs) = toy::worked(9);
    blobs[5][10] ^= 1;
    let step = proof(&toy::traced(&blobs), &blobs, 5, |_| ());
    let (trace, blobs) = toy::worked_from(Number(2), 6);
    let start = proof(&trace, &blobs, 0, |_| ());
    let (trace, blobs) = toy::worked(5);
    let end = proof(&trace, &blobs, 3, |work| work.end = [7; 32]);
    [step, start, end]
}

fn proof(trace: &Trace, blobs: &[Vec<u8>], step: u16, change: fn(&mut Work)) -> FraudProof {
    let mut work = trace.pledge();
    change(&mut work);
    let state = blobs[usize::from(step)].clone();
    let answer = trace.answer(step).unwrap();
    FraudProof::new(&toy::epoch(), SEAT, &work, Answer { state, ..answer })
}

/// Returns the decision of a reader of the file of a proof against the pledge `work`.
fn decided(file: &[u8], work: &Work) -> Result<Verdict, FileError> {
    let proof = FraudProof::from_file(file, STATE)?;
    Ok(proof.decide(&Toy, &toy::epoch(), SEAT, work).unwrap())
}

#[test]
fn proofs_stand_with_the_false_item_after_their_file_is_read() {
    let [step, start, end] = proofs();
    let decided = |proof: &FraudProof| decided(&proof.to_file(), &proof.work).unwrap();
    assert!(matches!(
        decided(&step),
        Verdict::False(Fraud::Step { step: 5, .. })
    ));
    let found = Number(2).hash();
    assert_eq!(decided(&start), Verdict::False(Fraud::Start { found }));
    let last = end.answer.last.state;
    assert_eq!(decided(&end), Verdict::False(Fraud::End { last }));
}

#[test]
fn proof_against_true_work_does_not_stand() {
    let (trace, blobs) = toy::worked(9);
    for step in 0..9 {
        let proof = proof(&trace, &blobs, step, |_| ());
        assert_eq!(decided(&proof.to_file(), &proof.work), Ok(Verdict::True));
    }
}

#[test]
fn proof_against_another_miner_epoch_or_pledge_does_not_stand() {
    let [proof, ..] = proofs();
    let (epoch, work) = (toy::epoch(), proof.work);
    let mut other = SEAT;
    other.uid += 1;
    let unfit = |unfit| Ok(Verdict::Unfit(unfit));
    assert_eq!(proof.decide(&Toy, &epoch, other, &work), unfit(Unfit::Seat));
    let mut later = epoch;
    later.number += 1;
    assert_eq!(
        proof.decide(&Toy, &later, SEAT, &work),
        unfit(Unfit::Context)
    );
    let (trace, _) = toy::worked(9);
    let honest = trace.pledge();
    assert_eq!(
        proof.decide(&Toy, &epoch, SEAT, &honest),
        unfit(Unfit::Pledge)
    );
    let text = Unfit::Pledge.to_string();
    assert!(text.contains("not the miner's on the chain"), "{text}");
}

#[test]
fn junk_is_refused_before_its_state_is_needed() {
    let [proof, ..] = proofs();
    let (epoch, work) = (toy::epoch(), proof.work);
    let bare = proof.without_state();
    assert_eq!(bare.check(&epoch, SEAT, &work), Ok(()));
    let mut later = epoch;
    later.number += 1;
    assert_eq!(bare.check(&later, SEAT, &work), Err(Unfit::Context));
    let mut junk = bare.clone();
    junk.answer.after.state = [9; 32];
    let unfit = Err(Unfit::Path(Place::After));
    assert_eq!(junk.check(&epoch, SEAT, &work), unfit);
    junk.answer.step = 9;
    let (step, steps) = (9, 9);
    let unfit = Err(Unfit::Step { step, steps });
    assert_eq!(junk.check(&epoch, SEAT, &work), unfit);
    // Without its state a proof decides nothing.
    let decided = bare.decide(&Toy, &epoch, SEAT, &work);
    assert_eq!(decided, Ok(Verdict::Unfit(Unfit::State)));
}

/// The places of the fields in the file of a proof whose paths have four hashes.
const FIELDS: [(Range<usize>, &str); 12] = [
    (0..8, "kind"),
    (8..9, "version"),
    (9..47, "context"),
    (47..53, "seat"),
    (53..123, "pledge"),
    (123..125, "step"),
    (125..157, "before"),
    (158..286, "before"),
    (286..318, "after"),
    (319..447, "after"),
    (447..479, "last"),
    (608..624, "state"),
];

fn name(found: &Result<Verdict, FileError>) -> &'static str {
    match found {
        Err(FileError::Kind { .. }) => "kind",
        Err(FileError::Version { .. }) => "version",
        Err(FileError::TooLong { .. }) => "length",
        Err(FileError::Damaged) => "damaged",
        Ok(Verdict::True) => "true",
        Ok(Verdict::False(_)) => "false",
        Ok(Verdict::Unfit(unfit)) => match unfit {
            Unfit::Context => "context",
            Unfit::Seat => "seat",
            Unfit::Pledge => "pledge",
            Unfit::Void(_) => "void",
            Unfit::Step { .. } => "step",
            Unfit::Path(Place::Before) => "before",
            Unfit::Path(Place::After) => "after",
            Unfit::Path(Place::Last) => "last",
            Unfit::TooLong { .. } | Unfit::State => "state",
        },
    }
}

#[test]
fn every_flipped_bit_of_a_proof_is_found_and_named() {
    for steps in [9, 16] {
        let (_, mut blobs) = toy::worked(steps);
        blobs[5][10] ^= 1;
        let proof = proof(&toy::traced(&blobs), &blobs, 5, |_| ());
        let file = proof.to_file();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut flipped = file.clone();
                flipped[at] ^= 1 << bit;
                let found = decided(&flipped, &proof.work);
                let found = name(&found);
                assert!(!["true", "false"].contains(&found), "{at} {bit} {found}");
                // The last leaf of nine steps is alone in its rows: one hash, and other places.
                let field = FIELDS.iter().find(|(range, _)| range.contains(&at));
                let (Some((_, field)), 9) = (field, steps) else {
                    continue;
                };
                let is_step = *field == "step" && ["step", "before"].contains(&found);
                let is_last = at >= 447 && ["last", "state", "damaged"].contains(&found);
                assert!(found == *field || is_step || is_last, "{at} {bit} {found}");
            }
        }
    }
}

fn opening() -> impl Strategy<Value = Opening> {
    let hashes = prop::collection::vec(any::<[u8; 32]>(), 0..17);
    (any::<[u8; 32]>(), hashes).prop_map(|(state, path)| Opening { state, path })
}

fn any_proof() -> impl Strategy<Value = FraudProof> {
    let state = prop::collection::vec(any::<u8>(), 0..100);
    let answer = (any::<u16>(), opening(), opening(), opening(), state).prop_map(
        |(step, before, after, last, state)| Answer {
            step,
            before,
            after,
            last,
            state,
        },
    );
    let work = (
        any::<u32>(),
        any::<u16>(),
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
    )
        .prop_map(|(epoch, steps, root, end)| Work {
            epoch,
            steps,
            root,
            end,
        });
    (
        any::<[u8; 32]>(),
        any::<(u16, u32, u16, u32)>(),
        work,
        answer,
    )
        .prop_map(
            |(home, (netuid, epoch, uid, generation), work, answer)| FraudProof {
                home,
                netuid,
                epoch,
                seat: Seat { uid, generation },
                work,
                answer,
            },
        )
}

proptest! {
    #[test]
    fn every_proof_is_read_back(proof in any_proof()) {
        prop_assert_eq!(FraudProof::from_file(&proof.to_file(), 100), Ok(proof.clone()));
        let answer = proof.answer;
        prop_assert_eq!(Answer::from_file(&answer.to_file(), 100), Ok(answer));
    }

    #[test]
    fn changed_proofs_of_every_kind_do_not_stand(
        kind in 0usize..3, at in any::<prop::sample::Index>(), other in 1u8..,
    ) {
        let proof = &proofs()[kind];
        let mut file = proof.to_file();
        let at = at.index(file.len());
        file[at] ^= other;
        let stands = matches!(decided(&file, &proof.work), Ok(Verdict::False(_)));
        prop_assert!(!stands);
    }

    #[test]
    fn cut_and_longer_proofs_are_damaged(kind in 0usize..3, at in any::<prop::sample::Index>()) {
        let proof = &proofs()[kind];
        let mut file = proof.to_file();
        let cut = decided(&file[..at.index(file.len())], &proof.work);
        let is_refused = matches!(cut, Err(FileError::Damaged | FileError::Kind { .. }));
        prop_assert!(is_refused);
        file.push(0);
        prop_assert_eq!(decided(&file, &proof.work), Err(FileError::Damaged));
    }

    #[test]
    fn strange_files_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let begun = [&PROOF[..], &[1], &bytes].concat();
        for file in [bytes, begun] {
            prop_assert!(FraudProof::from_file(&file, STATE).is_err());
        }
    }
}

#[test]
fn limit_of_a_file_holds() {
    let [mut proof, ..] = proofs();
    proof.answer.state = alloc::vec![0; 5_000];
    let file = proof.to_file();
    let (bytes, most) = (file.len(), STATE + ANSWER_OVERHEAD);
    let refused = FileError::TooLong { bytes, most };
    assert_eq!(FraudProof::from_file(&file, STATE), Err(refused));
    assert!(refused.to_string().contains("over the limit of 4112"));
    assert!(FraudProof::from_file(&file, 5_000).is_ok());
}

#[test]
fn longest_paths_fit_the_overhead() {
    let hashes = alloc::vec![[0; 32]; 65_536];
    let epoch = Epoch {
        most_steps: u16::MAX,
        ..toy::epoch()
    };
    let trace = Trace::of(epoch, SEAT, hashes);
    let work = trace.pledge();
    let proof = FraudProof::new(&epoch, SEAT, &work, trace.answer(7).unwrap());
    assert_eq!(work.steps, u16::MAX);
    assert!(FraudProof::from_file(&proof.to_file(), 0).is_ok());
}
