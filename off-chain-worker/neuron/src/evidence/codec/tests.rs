//! Tests of files at their limits.

use super::*;
use crate::evidence::{Grade, Head, Receipt, Registration, Standing};
use inktensor_client::chain::BlockId;
use inktensor_primitives::{NetUid, Uid};
use inktensor_task::Worth;
use inktensor_wire::{Context, Media, Path, SignedRequest, SignedResponse};

fn evidence() -> Evidence {
    Evidence {
        head: Head {
            home: [1; 32],
            netuid: NetUid(1),
            epoch: 2,
            validator: Registration {
                uid: Uid(0),
                generation: 1,
                hotkey: [2; 32].into(),
            },
            manifest: [3; 32],
            seed_block: BlockId {
                number: 4,
                hash: [4; 32],
            },
            before: None,
        },
        receipts: Vec::new(),
        standings: Vec::new(),
        weights: Vec::new(),
        vote: None,
        proofs: Vec::new(),
    }
}

fn receipt(answer: usize) -> Receipt {
    Receipt {
        uid: Uid(1),
        number: 0,
        asked: SignedRequest {
            path: Path::new("/v1/ask").unwrap(),
            media: Media::Json,
            body: [5; 32],
            context: Context {
                home: [1; 32],
                netuid: NetUid(1),
                epoch: 2,
                by: Some(1),
                to: [6; 32].into(),
                seat: 2,
            },
            hotkey: [2; 32].into(),
            created: 1,
            expires: 2,
            nonce: [7; 16],
            signature: [8; 64],
        },
        outcome: Outcome::Signed(SignedResponse {
            status: 200,
            media: Media::Json,
            content: Content::Whole(vec![b'x'; answer]),
            created: 1,
            signature: [9; 64],
        }),
        grade: Grade::Unchecked,
    }
}

fn too_many(what: &'static str, found: usize, most: usize) -> Result<Evidence, FileError> {
    Err(FileError::TooMany { what, found, most })
}

#[test]
fn answers_are_read_up_to_their_limit() {
    let mut evidence = evidence();
    evidence.receipts = vec![receipt(MAX_ANSWER)];
    assert_eq!(
        read_evidence(&evidence_file(&evidence)),
        Ok(evidence.clone())
    );
    evidence.receipts = vec![receipt(MAX_ANSWER + 1)];
    assert_eq!(
        read_evidence(&evidence_file(&evidence)),
        too_many("bytes in an answer", MAX_ANSWER + 1, MAX_ANSWER)
    );
}

#[test]
fn counts_are_read_up_to_their_limit() {
    let most = usize::from(MAX_UIDS);
    let standing = Standing {
        uid: Uid(1),
        generation: 1,
        average: Worth(1),
        failed: None,
    };
    let mut evidence = evidence();
    evidence.standings = vec![standing; most];
    evidence.weights = vec![(Uid(1), 1); most];
    evidence.receipts = vec![receipt(0); MAX_RECEIPTS];
    let file = evidence_file(&evidence);
    assert_eq!(read_evidence(&file), Ok(evidence.clone()));
    let mut more = evidence.clone();
    more.standings.push(standing);
    assert_eq!(
        read_evidence(&evidence_file(&more)),
        too_many("averages", most + 1, most)
    );
    let mut more = evidence.clone();
    more.weights.push((Uid(1), 1));
    assert_eq!(
        read_evidence(&evidence_file(&more)),
        too_many("weights", most + 1, most)
    );
    let mut more = evidence;
    more.receipts.push(receipt(0));
    assert_eq!(
        read_evidence(&evidence_file(&more)),
        too_many("receipts", MAX_RECEIPTS + 1, MAX_RECEIPTS)
    );
}

#[test]
fn files_of_other_kinds_lengths_and_versions_are_refused() {
    let file = evidence_file(&evidence());
    let damaged = Err(FileError::Damaged);
    assert_eq!(read_evidence(&file[..file.len() - 1]), damaged);
    assert_eq!(read_evidence(&[&file[..], &[0]].concat()), damaged);
    assert_eq!(read_evidence(&file[..8]), damaged);
    assert!(matches!(read_evidence(b""), Err(FileError::Kind(_))));
    assert!(matches!(read_facts(&file), Err(FileError::Kind(_))));
    let mut newer = file.clone();
    newer[8] = VERSION + 1;
    let (found, reads) = (VERSION + 1, VERSION);
    assert_eq!(
        read_evidence(&newer),
        Err(FileError::Version { found, reads })
    );
    let older = [&FACTS[..], &[1]].concat();
    let (found, reads) = (1, FACTS_VERSION);
    assert_eq!(read_facts(&older), Err(FileError::Version { found, reads }));
    let long = vec![0; MAX_FILE + 1];
    assert_eq!(read_evidence(&long), Err(FileError::TooLong(MAX_FILE + 1)));
}

#[test]
fn length_beyond_the_file_reserves_nothing() {
    // A vector that claims 2^30 - 1 receipts, and no bytes for them.
    let mut file = evidence_file(&evidence());
    file.truncate(file.len() - 3);
    file.extend([0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(read_evidence(&file), Err(FileError::Damaged));
}
