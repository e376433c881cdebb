//! Tests of the whole store: what it returns, what it removes, and what it refuses.

use super::*;
use inktensor_primitives::{
    kernel::{Budget, ChunkInputs, PhasePlan, Rows},
    Rao, Uid,
};
use proptest::prelude::*;
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

const NETUID: NetUid = NetUid(3);

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "inktensor-store-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.0, home())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn home() -> Home {
    Home {
        genesis: [1; 32],
        epoch: [2; 32].into(),
    }
}

fn plan() -> EpochPlan {
    let phase = PhasePlan::ALL;
    EpochPlan {
        chunk: 2,
        phases: vec![phase, phase],
        memory_phase: 0,
        results_phase: 1,
    }
}

/// An epoch of three neurons in two chunks.
fn inputs(epoch: u32, final_epoch: Option<u32>) -> EpochInputs {
    let chunk = |len: usize| ChunkInputs {
        neurons: vec![Default::default(); len],
        rows: Rows::from_cells(&vec![7; len], len),
    };
    EpochInputs {
        header: EpochHeader {
            contract: home().epoch,
            netuid: NETUID,
            epoch,
            final_epoch,
            opened_at: 0,
            closed_at: 10,
            previous_close: 0,
            tempo: 10,
            neurons: 3,
            kernel: [3; 32].into(),
            kernel_code: [4; 32],
            params: vec![5],
            max_validators: 1,
            owner_uid: None,
            budget: Budget::Combined(Rao(9)),
            roster: vec![Uid(0)],
            previous: [0; 32],
        },
        chunks: vec![chunk(2), chunk(1)],
        memory: vec![vec![1], vec![]],
    }
}

fn trace(inputs: &EpochInputs) -> Trace {
    Trace {
        netuid: NETUID,
        epoch: inputs.header.epoch,
        header_hash: inputs.header.digest(),
        plan: plan(),
        steps: vec![
            StepTrace {
                carry: vec![8; 3],
                scratch: vec![9; 2],
            };
            4
        ],
        memory: vec![vec![6; 4], vec![7; 5]],
        results: vec![vec![Default::default(); 2], vec![Default::default()]],
        roster: vec![Uid(1)],
        timing: Vec::new(),
    }
}

/// Returns the block in which the epoch closed, on the fork with this number.
fn closed_in(fork: u8) -> BlockId {
    BlockId {
        number: 10,
        hash: [fork; 32],
    }
}

fn put(store: &Store, epoch: u32, final_epoch: Option<u32>) {
    let inputs = inputs(epoch, final_epoch);
    store
        .put_inputs(&inputs, &plan(), &closed_in(1))
        .expect("kept");
    store.put_outcome(&trace(&inputs)).expect("kept");
}

fn intent(account: u8) -> Intent {
    Intent {
        netuid: NETUID,
        epoch: 8,
        account: [account; 32].into(),
        header_hash: [5; 32],
        assertion: [6; 32],
        closed_at: 10,
        kernel_code: [4; 32],
    }
}

#[test]
fn what_was_put_comes_back_after_opening_it_again() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, Some(7));
    store.put_posted(NETUID, 8, &[9; 32]).expect("kept");
    store.put_intent(&intent(1)).expect("kept");
    drop(store);

    let store = folder.open().expect("opened");
    let inputs = inputs(8, Some(7));
    let trace = trace(&inputs);
    let outcome = StoredOutcome {
        assertion: trace.assertion(),
        memory: trace.memory.clone(),
        results: trace.results.clone(),
    };
    let kept = StoredEpoch {
        closed_in: closed_in(1),
        inputs,
        plan: plan(),
        outcome: Some(outcome),
        posted: Some([9; 32]),
    };
    assert_eq!(store.epoch(NETUID, 8).expect("readable"), Some(kept));
    assert_eq!(store.steps(NETUID, 8).expect("readable"), Some(trace.steps));
    assert_eq!(
        store.memory(NETUID, 8).expect("readable"),
        Some(trace.memory)
    );
    assert_eq!(
        store.results(NETUID, 8).expect("readable"),
        Some(trace.results)
    );
    assert_eq!(
        store.intents([1; 32].into()).expect("readable"),
        [intent(1)]
    );
}

#[test]
fn what_was_not_put_is_not_there() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, None);
    assert_eq!(store.epoch(NETUID, 7).expect("readable"), None);
    assert_eq!(store.epoch(NetUid(4), 8).expect("readable"), None);
    assert_eq!(store.memory(NETUID, 9).expect("readable"), None);
    assert_eq!(store.distrust(&[4; 32]).expect("readable"), None);
}

#[test]
fn inputs_without_outcome_are_an_epoch_that_was_not_finished() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    store
        .put_inputs(&inputs(8, None), &plan(), &closed_in(1))
        .expect("kept");
    let kept = store.epoch(NETUID, 8).expect("readable").expect("kept");
    assert_eq!((kept.outcome, kept.posted), (None, None));
}

/// A restarted chain counts its epochs from 0 again.
#[test]
fn other_inputs_of_the_same_number_take_the_outcome_with_them() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, None);
    let same = inputs(8, None);
    store
        .put_inputs(&same, &plan(), &closed_in(1))
        .expect("kept");
    assert!(store.memory(NETUID, 8).expect("readable").is_some());
    let mut other = same;
    other.header.closed_at = 11;
    store
        .put_inputs(&other, &plan(), &closed_in(1))
        .expect("kept");
    assert_eq!(store.memory(NETUID, 8).expect("readable"), None);
    assert_eq!(store.steps(NETUID, 8).expect("readable"), None);
}

/// A header does not bind the stakes and weights of its epoch.
#[test]
fn the_same_epoch_on_another_fork_takes_the_outcome_with_it() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, None);
    let same = inputs(8, None);
    store
        .put_inputs(&same, &plan(), &closed_in(2))
        .expect("kept");
    assert_eq!(store.memory(NETUID, 8).expect("readable"), None);
    let kept = store.epoch(NETUID, 8).expect("readable").expect("kept");
    assert_eq!((kept.closed_in, kept.outcome), (closed_in(2), None));
}

#[test]
fn old_epochs_go_but_never_the_last_final_one() {
    let folder = Folder::new();
    let store = folder.open().expect("made").keeping(3);
    put(&store, 0, None);
    for epoch in 1..10 {
        // Epoch 0 is the only one that became final.
        put(&store, epoch, Some(0));
    }
    let kept = |epoch| store.epoch(NETUID, epoch).expect("readable").is_some();
    assert_eq!(
        (0..10).filter(|it| kept(*it)).collect::<Vec<_>>(),
        [0, 7, 8, 9]
    );
    assert!(store.memory(NETUID, 0).expect("readable").is_some());
    let steps = |epoch| store.steps(NETUID, epoch).expect("readable").is_some();
    assert_eq!(
        (0..10).filter(|it| steps(*it)).collect::<Vec<_>>(),
        [0, 8, 9]
    );
}

#[test]
fn epochs_of_other_subnets_are_not_pruned() {
    let folder = Folder::new();
    let store = folder.open().expect("made").keeping(1);
    let mut other = inputs(0, None);
    for netuid in [NetUid(2), NetUid(4)] {
        other.header.netuid = netuid;
        store
            .put_inputs(&other, &plan(), &closed_in(1))
            .expect("kept");
    }
    put(&store, 9, Some(8));
    for netuid in [NetUid(2), NetUid(4)] {
        assert!(store.epoch(netuid, 0).expect("readable").is_some());
    }
}

#[test]
fn an_intent_stays_until_its_end_is_known() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    for account in [1, 2] {
        store.put_intent(&intent(account)).expect("kept");
    }
    store.end_intent(&intent(1)).expect("forgotten");
    assert_eq!(store.intents([1; 32].into()).expect("readable"), []);
    assert_eq!(
        store.intents([2; 32].into()).expect("readable"),
        [intent(2)]
    );
}

#[test]
fn a_kernel_is_trusted_again_only_on_request_and_its_epoch_is_computed_again() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, None);
    store.put_intent(&intent(1)).expect("kept");
    let distrust = Distrust {
        kernel_code: [4; 32],
        netuid: NETUID,
        epoch: 8,
        step: 2,
    };
    store
        .put_distrust(&distrust, Some(&intent(1)))
        .expect("kept");
    assert_eq!(store.intents([1; 32].into()).expect("readable"), []);
    assert_eq!(store.distrust(&[4; 32]).expect("readable"), Some(distrust));
    assert!(store.trust(&[4; 32]).expect("changed"));
    assert_eq!(store.distrust(&[4; 32]).expect("readable"), None);
    let kept = store.epoch(NETUID, 8).expect("readable").expect("kept");
    assert_eq!(kept.outcome, None);
    assert!(store.is_pardoned(NETUID, 8).expect("readable"));
    assert!(!store.is_pardoned(NETUID, 7).expect("readable"));
    assert!(!store.trust(&[4; 32]).expect("unchanged"));
}

#[test]
fn a_store_of_another_deployment_is_refused() {
    let folder = Folder::new();
    drop(folder.open().expect("made"));
    for other in [
        Home {
            genesis: [9; 32],
            ..home()
        },
        Home {
            epoch: [9; 32].into(),
            ..home()
        },
    ] {
        let refused = Store::open(&folder.0, other).err().expect("refused");
        assert!(
            matches!(refused, StoreError::OtherDeployment { .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("another folder"), "{refused}");
    }
    folder.open().expect("unharmed");
}

#[test]
fn a_store_that_is_open_cannot_be_opened_again() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    let refused = folder.open().err().expect("refused");
    assert!(matches!(refused, StoreError::Locked(_)), "{refused}");
    drop(store);
    folder.open().expect("free again");
}

#[test]
fn a_store_that_is_there_is_opened_for_the_deployment_it_is_for() {
    let folder = Folder::new();
    let missing = Store::reopen(&folder.0).err().expect("missing");
    assert!(matches!(missing, StoreError::Missing(_)), "{missing}");
    assert!(!folder.0.exists());
    drop(folder.open().expect("made"));
    let store = Store::reopen(&folder.0).expect("opened");
    assert_eq!(store.home(), home());
}

#[test]
fn a_folder_that_cannot_be_made_is_said_to_be_so() {
    let folder = Folder::new();
    fs::write(&folder.0, b"a file").expect("written");
    let refused = folder.open().err().expect("refused");
    assert!(
        matches!(refused, StoreError::Unavailable { .. }),
        "{refused}"
    );
    fs::remove_file(&folder.0).expect("removed");
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("made");
    let text = vec![b'x'; 10_000];
    fs::write(folder.file(), &text).expect("written");
    let refused = folder.open().err().expect("refused");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert_eq!(fs::read(folder.file()).expect("readable"), text);
}

/// A value that its own table refuses: another version of the program, or an editor, may leave one.
#[test]
fn a_value_that_does_not_fit_its_place_is_refused() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, None);
    let bytes = |epoch| {
        let value = store.file.get(Inputs::TABLE, &key(NETUID, epoch));
        value.expect("readable").expect("kept")
    };
    let whole = bytes(8);
    let cases = [
        whole[..whole.len() - 1].to_vec(),
        whole[..3].to_vec(),
        Vec::new(),
        // The value of another epoch.
        codec::seal(
            Inputs::KIND,
            &key(NETUID, 8),
            &Inputs {
                inputs: inputs(9, None),
                plan: plan(),
                closed_in: closed_in(1),
            },
        )
        .expect("small"),
        // One chunk is missing.
        codec::seal(
            Inputs::KIND,
            &key(NETUID, 8),
            &Inputs {
                inputs: EpochInputs {
                    chunks: Vec::new(),
                    ..inputs(8, None)
                },
                plan: plan(),
                closed_in: closed_in(1),
            },
        )
        .expect("small"),
    ];
    for bytes in cases {
        store
            .change(|batch| batch.put(Inputs::TABLE, &key(NETUID, 8), &bytes))
            .expect("written");
        let refused = store.epoch(NETUID, 8).expect_err("refused");
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
        assert!(refused.to_string().contains("move it away"), "{refused}");
    }
}

#[test]
fn a_file_cut_short_is_refused_or_read_right() {
    let folder = Folder::new();
    let store = folder.open().expect("made");
    put(&store, 8, None);
    let whole = store.epoch(NETUID, 8).expect("readable");
    drop(store);
    let bytes = fs::read(folder.file()).expect("readable");
    for keep in [0, 1, 320, 4_096, bytes.len() / 2, bytes.len() - 4_096] {
        fs::write(folder.file(), &bytes[..keep]).expect("written");
        read_right_or_refused(&folder, &whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a disk does to the file, a read returns what was written, nothing, or an error.
    #[test]
    fn a_damaged_file_is_refused_or_read_right(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..20),
        in_front: bool,
    ) {
        let folder = Folder::new();
        let store = folder.open().expect("made");
        put(&store, 8, None);
        let whole = store.epoch(NETUID, 8).expect("readable");
        drop(store);
        let mut bytes = fs::read(folder.file()).expect("readable");
        // Most of a file is empty; half of the cases hit where something is.
        let reach = if in_front { bytes.len().min(16 * 4_096) } else { bytes.len() };
        for (at, flip) in damage {
            bytes[at.index(reach)] ^= flip;
        }
        fs::write(folder.file(), &bytes).expect("written");
        read_right_or_refused(&folder, &whole);
    }
}

fn read_right_or_refused(folder: &Folder, whole: &Option<StoredEpoch>) {
    let read = folder.open().and_then(|store| store.epoch(NETUID, 8));
    match read {
        Ok(read) => {
            // The file may have gone back to an earlier commit, in which less was known.
            let less = read.as_ref().is_none_or(|read| {
                whole.as_ref().is_some_and(|whole| {
                    read.inputs == whole.inputs
                        && (read.outcome.is_none() || read.outcome == whole.outcome)
                })
            });
            assert!(less, "{read:?}");
        }
        Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
    }
}
