//! Setting weights in storage: rows, commits, and the events of each call.

use super::*;
use inktensor_primitives::{
    epoch::CommitState,
    registry::{Neuron, Seat, WeightTerms},
    Uid,
};

const NETUID: NetUid = NetUid(3);
const PERIOD: u32 = 2;
const UIDS: [Uid; 2] = [Uid(0), Uid(2)];
const WEIGHTS: [u16; 2] = [1, 2];

/// Gives every hotkey the same stake.
struct Stake(Rao);

impl Source for Stake {
    fn neurons_at(&self, _: NetUid, _: u32, _: Uid, _: u16) -> Result<Vec<Neuron>, EpochError> {
        Err(EpochError::PeerUnavailable)
    }

    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        _: u32,
    ) -> Result<Vec<Rao>, EpochError> {
        assert_eq!(netuid, NETUID);
        Ok(vec![self.0; hotkeys.len()])
    }
}

/// Returns the owner's validator on uid 1 while `epoch` is open; it needs no permit.
fn validator(epoch: u32, commit_reveal: bool) -> Validator {
    Validator {
        netuid: NETUID,
        hotkey: [8; 32].into(),
        voter: Voter {
            seat: Seat {
                uid: Uid(1),
                generation: 7,
                registered_epoch: 0,
                neurons: 4,
                epoch,
            },
            identity: [9; 32].into(),
            is_owner: true,
            terms: WeightTerms {
                version_key: 0,
                rate_limit: 10,
                min_count: 1,
                commit_reveal,
                reveal_period: PERIOD,
                stake_threshold: Rao(100),
                evidence: false,
            },
            evidence: None,
        },
    }
}

fn contract() -> AccountId {
    [1; 32].into()
}

fn update() -> WeightsUpdate<'static> {
    WeightsUpdate::new(&UIDS, &WEIGHTS, 0)
}

fn revealed(salt: &[u8]) -> RevealedWeights<'_> {
    RevealedWeights::new(contract(), update(), salt)
}

/// Returns the validator's commit to `update()` with `salt` in `epoch`.
fn commit(salt: &[u8], epoch: u32, block: u32) -> Commit {
    let validator = validator(epoch, true);
    let hash = CommittedWeights {
        contract: contract(),
        netuid: NETUID,
        hotkey: validator.hotkey,
        generation: validator.voter.seat.generation,
        epoch,
        uids: &UIDS,
        weights: &WEIGHTS,
        salt,
        version_key: 0,
    }
    .digest();
    Commit { hash, epoch, block }
}

/// Returns the block and the weights of the row in storage.
fn row_of(store: &WeightStore) -> Option<(u32, Vec<u16>)> {
    let row = store.rows().row(NETUID, Uid(1), 7)?;
    assert_eq!(row.uids, UIDS);
    Some((row.updated_at, row.weights))
}

#[ink::test]
fn a_reveal_sets_the_row_at_the_block_of_the_commit() {
    let (permits, stake) = (SubnetStore::default(), Stake(Rao(100)));
    let sources = Sources::new(&permits, &stake);
    let mut store = WeightStore::default();
    let (missed, committed) = store
        .commit(&validator(5, true), commit(b"salt", 5, 50), &sources)
        .unwrap();
    assert!(missed.is_none());
    assert_eq!(committed.reveals_in, 7);
    assert_eq!(
        store
            .reveal(&validator(6, true), revealed(b"salt"), &sources)
            .err(),
        Some(EpochError::RevealTooEarly(7))
    );
    assert_eq!(
        store
            .reveal(&validator(7, true), revealed(b"other"), &sources)
            .err(),
        Some(EpochError::NoSuchCommit)
    );
    assert_eq!(row_of(&store), None);
    let (missed, set) = store
        .reveal(&validator(7, true), revealed(b"salt"), &sources)
        .unwrap();
    assert!(missed.is_none());
    assert_eq!((set.uid, set.entries), (Uid(1), 2));
    assert_eq!(row_of(&store), Some((50, vec![32_768, 65_535])));
    assert_eq!(store.commits(&validator(7, true)), CommitsView::default());
}

#[ink::test]
fn a_missed_reveal_is_an_event_of_the_next_commit() {
    let (permits, stake) = (SubnetStore::default(), Stake(Rao(100)));
    let sources = Sources::new(&permits, &stake);
    let mut store = WeightStore::default();
    store
        .commit(&validator(5, true), commit(b"a", 5, 50), &sources)
        .unwrap();
    let late = validator(8, true);
    assert_eq!(store.commits(&late).commits[0].state, CommitState::Missed);
    assert_eq!(
        store.commit(&late, commit(b"b", 7, 80), &sources).err(),
        Some(EpochError::WrongEpoch(8))
    );
    let (missed, _) = store.commit(&late, commit(b"b", 8, 80), &sources).unwrap();
    assert_eq!(missed.map(|missed| missed.count), Some(1));
}

#[ink::test]
fn weights_set_at_once_drop_older_commits_and_count_for_the_rate_limit() {
    let (permits, stake) = (SubnetStore::default(), Stake(Rao(100)));
    let sources = Sources::new(&permits, &stake);
    let mut store = WeightStore::default();
    store
        .commit(&validator(5, true), commit(b"a", 5, 50), &sources)
        .unwrap();
    let now = validator(5, false);
    assert_eq!(
        store.set(&now, update(), 59, &sources).err(),
        Some(EpochError::WeightsTooSoon(60)),
        "a commit counts as an update"
    );
    store.set(&now, update(), 60, &sources).unwrap();
    assert_eq!(row_of(&store), Some((60, vec![32_768, 65_535])));
    assert!(store.commits(&now).commits.is_empty());
    assert_eq!(
        store.settable_row(&now, update(), 69, &sources),
        Err(EpochError::WeightsTooSoon(70))
    );
    assert!(store.settable_row(&now, update(), 70, &sources).is_ok());
}

/// Lets a neuron commit, and the next one of its uid set weights or commit.
fn replace_a_neuron_that_committed(commits_too: bool) {
    let (permits, stake) = (SubnetStore::default(), Stake(Rao(100)));
    let sources = Sources::new(&permits, &stake);
    let mut store = WeightStore::default();
    let before = validator(5, true);
    store
        .commit(&before, commit(b"a", 5, 50), &sources)
        .unwrap();
    assert_eq!(store.commits(&before).commits.len(), 1);
    let mut next = validator(5, commits_too);
    next.voter.seat.generation = 8;
    if commits_too {
        let commit = commit(b"b", 5, 50);
        store.commit(&next, commit, &sources).unwrap();
    } else {
        store.set(&next, update(), 50, &sources).unwrap();
    }
    assert_eq!(store.commits(&before), CommitsView::default());
    assert_eq!(store.commits(&next).commits.len(), usize::from(commits_too));
}

#[ink::test]
fn commits_of_a_replaced_neuron_are_deleted_by_weights_of_the_next_one() {
    replace_a_neuron_that_committed(false);
}

#[ink::test]
fn commits_of_a_replaced_neuron_are_deleted_by_a_commit_of_the_next_one() {
    replace_a_neuron_that_committed(true);
}

#[ink::test]
fn the_longest_salt_is_long_enough() {
    let (permits, stake) = (SubnetStore::default(), Stake(Rao(100)));
    let sources = Sources::new(&permits, &stake);
    let store = WeightStore::default();
    let reveal = |len: usize| {
        let salt = vec![0; len];
        store
            .revealable_row(&validator(5, true), revealed(&salt), &sources)
            .err()
    };
    assert_eq!(reveal(64), Some(EpochError::NoSuchCommit));
    assert_eq!(reveal(65), Some(EpochError::SaltTooLong(64)));
}

#[ink::test]
fn a_commit_without_evidence_of_the_open_epoch_is_refused_and_changes_nothing() {
    let (permits, stake) = (SubnetStore::default(), Stake(Rao(100)));
    let sources = Sources::new(&permits, &stake);
    let mut store = WeightStore::default();
    let mut validator = validator(5, true);
    validator.voter.terms.evidence = true;
    validator.voter.evidence = Some(4);
    let refused = store.commit(&validator, commit(b"salt", 5, 50), &sources);
    assert_eq!(refused.err(), Some(EpochError::EvidenceFirst(5)));
    assert!(store.commits(&validator).commits.is_empty());
    validator.voter.evidence = Some(5);
    assert!(store
        .commit(&validator, commit(b"salt", 5, 50), &sources)
        .is_ok());
    // The pledge of a later epoch takes its place before the reveal.
    validator.voter.seat.epoch = 7;
    validator.voter.evidence = Some(6);
    store
        .reveal(&validator, revealed(b"salt"), &sources)
        .unwrap();
    assert_eq!(row_of(&store).unwrap().0, 50);
}
