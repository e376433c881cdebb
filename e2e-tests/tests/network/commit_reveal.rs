//! Commit-reveal of weights, and the rules of setting them.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    epoch::{CommitState, CommittedWeights, EpochError, WeightsCall},
    registry::Hyperparameter,
    AccountId, Digest, NetUid, Rao, Uid,
};

const SALT: &[u8] = b"a secret salt";

/// Creates a subnet of a validator with a permit on uid 0 and three miners, in its second epoch.
fn with_validator(net: &mut Network, settings: Vec<Hyperparameter>) -> NetUid {
    let netuid = net.create(Shape {
        settings,
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 3);
    net.run_epoch(netuid);
    assert_eq!(net.roster(netuid)[0], Uid(0));
    netuid
}

/// Returns such a network with commit-reveal.
fn with_commit_reveal() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> =
        Prepared::new(|net| with_validator(net, vec![Hyperparameter::CommitRevealWeights(true)]));
    PREPARED.network()
}

fn validator() -> AccountId {
    nth("validator", 0)
}

fn uids(uids: &[u16]) -> Vec<Uid> {
    uids.iter().copied().map(Uid).collect()
}

/// Returns the open epoch, and the hash for weights of `hotkey` on uids 1 and 2.
fn hash(net: &Network, netuid: NetUid, hotkey: AccountId) -> (u32, Digest) {
    let seat = net.seat(netuid, hotkey).expect("a seat");
    let committed = CommittedWeights {
        contract: net.addresses().epoch,
        netuid,
        hotkey,
        generation: seat.generation,
        epoch: seat.epoch,
        uids: &[Uid(1), Uid(2)],
        weights: &[10, 20],
        salt: SALT,
        version_key: 0,
    };
    (seat.epoch, committed.digest())
}

/// Commits the validator's weights. Returns the epoch and the block.
fn commit(net: &mut Network, netuid: NetUid) -> (u32, u32) {
    let (epoch, hash) = hash(net, netuid, validator());
    net.as_(validator())
        .commit_weights(netuid, epoch, hash)
        .expect("committed");
    (epoch, net.block())
}

fn reveal(net: &mut Network, who: AccountId, netuid: NetUid) -> Result<(), EpochError> {
    let weights = vec![10, 20];
    net.as_(who).reveal_weights(
        netuid,
        validator(),
        uids(&[1, 2]),
        weights,
        SALT.to_vec(),
        0,
    )
}

#[test]
fn reveal_by_anyone_sets_the_weights_as_of_the_commit() {
    let (mut net, netuid) = with_commit_reveal();
    let (epoch, block) = commit(&mut net, netuid);
    let view = net.commits(netuid, validator());
    assert_eq!((view.commits.len(), view.missed), (1, 0));
    assert_eq!(view.commits[0].state, CommitState::Waiting);
    assert_eq!(view.commits[0].reveals_in, epoch + 1);
    assert_eq!(
        reveal(&mut net, STRANGER, netuid),
        Err(EpochError::RevealTooEarly(epoch + 1))
    );
    net.run_epoch(netuid);
    assert_eq!(
        net.commits(netuid, validator()).commits[0].state,
        CommitState::Due
    );
    assert_eq!(reveal(&mut net, STRANGER, netuid), Ok(()));
    let row = net.weights(netuid, Uid(0)).expect("a row");
    assert_eq!(
        (row.uids, row.weights),
        (uids(&[1, 2]), vec![32_768, 65_535])
    );
    assert_eq!(row.updated_at, block, "the age is that of the commit");
    assert_eq!(net.commits(netuid, validator()).commits, []);
    assert_eq!(
        reveal(&mut net, STRANGER, netuid),
        Err(EpochError::NoSuchCommit),
        "once"
    );
}

#[test]
fn set_weights_with_commit_reveal_is_refused() {
    let (mut net, netuid) = with_commit_reveal();
    net.refuses(
        validator(),
        |it| it.set_weights(netuid, uids(&[1]), vec![1]),
        EpochError::CommitFirst,
    );
}

#[test]
fn commit_weights_without_commit_reveal_is_refused() {
    let mut net = Network::deploy();
    let netuid = with_validator(&mut net, vec![]);
    let (epoch, hash) = hash(&net, netuid, validator());
    net.refuses(
        validator(),
        |it| it.commit_weights(netuid, epoch, hash),
        EpochError::NoCommitReveal,
    );
}

#[test]
fn commit_weights_for_another_epoch_is_refused() {
    let (mut net, netuid) = with_commit_reveal();
    let (epoch, hash) = hash(&net, netuid, validator());
    for wrong in [epoch - 1, epoch + 1] {
        assert_eq!(
            net.as_(validator()).commit_weights(netuid, wrong, hash),
            Err(EpochError::WrongEpoch(epoch))
        );
    }
    assert_eq!(
        net.as_(STRANGER).commit_weights(netuid, epoch, hash),
        Err(EpochError::NotRegistered)
    );
}

#[test]
fn missed_reveal_is_counted() {
    let (mut net, netuid) = with_commit_reveal();
    let (epoch, _) = commit(&mut net, netuid);
    net.run_epoch(netuid);
    net.run_epoch(netuid);
    assert_eq!(
        reveal(&mut net, STRANGER, netuid),
        Err(EpochError::RevealTooLate(epoch + 1))
    );
    let view = net.commits(netuid, validator());
    assert_eq!(view.missed, 1);
    assert_eq!(view.commits[0].state, CommitState::Missed);
    commit(&mut net, netuid);
    let view = net.commits(netuid, validator());
    assert_eq!((view.commits.len(), view.missed), (1, 1));
    assert_eq!(view.commits[0].state, CommitState::Waiting);
}

#[test]
fn commit_weights_beyond_the_limit_is_refused() {
    let (mut net, netuid) = with_commit_reveal();
    for _ in 0..10 {
        commit(&mut net, netuid);
    }
    let (epoch, hash) = hash(&net, netuid, validator());
    assert_eq!(
        net.as_(validator()).commit_weights(netuid, epoch, hash),
        Err(EpochError::TooManyCommits(10))
    );
}

/// A hash opens for the hotkey that made it only, so a copied commit is useless.
#[test]
fn reveal_of_a_copied_commit_is_refused() {
    let (mut net, netuid) = with_commit_reveal();
    let (epoch, hash) = hash(&net, netuid, validator());
    let copycat = nth("miner", 0);
    net.as_(copycat)
        .commit_weights(netuid, epoch, hash)
        .expect("committed");
    net.run_epoch(netuid);
    let answer = net.as_(copycat).reveal_weights(
        netuid,
        copycat,
        uids(&[1, 2]),
        vec![10, 20],
        SALT.to_vec(),
        0,
    );
    assert_eq!(answer, Err(EpochError::NoSuchCommit));
}

/// A commit belongs to a registration. The same hotkey on another seat cannot reveal it.
#[test]
fn reveal_after_another_registration_is_refused() {
    let mut net = Network::deploy();
    let netuid = with_validator(
        &mut net,
        vec![
            Hyperparameter::CommitRevealWeights(true),
            Hyperparameter::ImmunityPeriod(20),
            Hyperparameter::MaxUids(4),
        ],
    );
    let miner = nth("miner", 0);
    let (epoch, hash) = hash(&net, netuid, miner);
    net.as_(miner)
        .commit_weights(netuid, epoch, hash)
        .expect("committed");
    // All miners are replaced, and one registers again.
    for i in 0..3 {
        net.advance(1);
        net.enrol(netuid, ALICE, nth("newcomer", i));
    }
    assert_eq!(net.seat(netuid, miner), None);
    net.enrol(netuid, nth("miner-owner", 0), miner);
    assert_eq!(net.commits(netuid, miner).commits, []);
}

/// Weights committed before a neuron registered do not count for it, however late the reveal is.
#[test]
fn reveal_does_not_weigh_neurons_registered_since() {
    let mut net = Network::deploy();
    let netuid = with_validator(
        &mut net,
        vec![
            Hyperparameter::CommitRevealWeights(true),
            Hyperparameter::ImmunityPeriod(20),
            Hyperparameter::MaxUids(4),
        ],
    );
    commit(&mut net, netuid);
    net.run_epoch(netuid);
    net.advance(1);
    let newcomer = named("newcomer");
    let uid = net.enrol(netuid, ALICE, newcomer);
    assert!(
        [Uid(1), Uid(2)].contains(&uid),
        "{uid:?} is one that is weighed"
    );
    assert_eq!(reveal(&mut net, validator(), netuid), Ok(()));
    let computed = net.run_epoch(netuid);
    let incentive = |uid: u16| computed.trace.results[0][usize::from(uid)].incentive;
    assert_eq!(incentive(uid.0), 0);
    let other = if uid == Uid(1) { 2 } else { 1 };
    assert!(incentive(other) > 0);
}

#[test]
fn set_weights_follows_the_subnets_rules() {
    let mut net = Network::deploy();
    let netuid = with_validator(
        &mut net,
        vec![
            Hyperparameter::WeightsVersionKey(3),
            Hyperparameter::MinAllowedWeights(2),
            Hyperparameter::WeightsRateLimit(10),
        ],
    );
    let set = |net: &mut Network, list: &[u16], key| {
        let weights = vec![1; list.len()];
        let told = net.why_not(netuid, validator(), uids(list), weights.clone(), key);
        let answer = net
            .as_(validator())
            .set_weights_by(netuid, uids(list), weights, key);
        assert_eq!(answer.clone().err(), told, "the view predicts the error");
        answer
    };
    assert_eq!(set(&mut net, &[1, 2], 2), Err(EpochError::VersionTooOld(3)));
    assert_eq!(set(&mut net, &[1], 3), Err(EpochError::TooFewWeights(2)));
    assert_eq!(set(&mut net, &[1, 2], 3), Ok(()));
    let again = net.block() + 10;
    assert_eq!(
        set(&mut net, &[1, 2], 3),
        Err(EpochError::WeightsTooSoon(again))
    );
    net.advance(10);
    assert_eq!(set(&mut net, &[1, 2], 3), Ok(()));
    let threshold = Rao::from_tao(100_000);
    net.set(netuid, Hyperparameter::StakeThreshold(threshold));
    net.run_epoch(netuid);
    assert_eq!(
        set(&mut net, &[1, 2], 3),
        Err(EpochError::StakeTooLow(threshold))
    );
    net.set(netuid, Hyperparameter::StakeThreshold(Rao::from_tao(100)));
    net.run_epoch(netuid);
    assert_eq!(set(&mut net, &[1, 2], 3), Ok(()));
}

#[test]
fn why_not_reveal_predicts_the_error() {
    let (mut net, netuid) = with_commit_reveal();
    commit(&mut net, netuid);
    let ask = |net: &Network, salt: &[u8]| {
        net.why_not_reveal(
            netuid,
            validator(),
            uids(&[1, 2]),
            vec![10, 20],
            salt.to_vec(),
            0,
        )
    };
    assert!(matches!(
        ask(&net, SALT),
        Some(EpochError::RevealTooEarly(_))
    ));
    assert_eq!(ask(&net, b"other"), Some(EpochError::NoSuchCommit));
    assert_eq!(ask(&net, &[0; 65]), Some(EpochError::SaltTooLong(64)));
    net.run_epoch(netuid);
    assert_eq!(ask(&net, SALT), None);
    assert_eq!(reveal(&mut net, STRANGER, netuid), Ok(()));
}

#[test]
fn batch_makes_each_call_as_if_alone() {
    let (mut net, secret) = with_commit_reveal();
    let (epoch, hash) = hash(&net, secret, validator());
    let calls = vec![
        WeightsCall::Commit {
            netuid: secret,
            epoch,
            hash,
        },
        WeightsCall::Set {
            netuid: secret,
            uids: uids(&[1]),
            weights: vec![1],
            version_key: 0,
        },
        WeightsCall::Commit {
            netuid: NetUid(9),
            epoch,
            hash,
        },
    ];
    let answers = net.as_(validator()).batch(calls.clone()).expect("done");
    assert_eq!(
        answers,
        [
            Ok(()),
            Err(EpochError::CommitFirst),
            Err(EpochError::NotRegistered)
        ]
    );
    assert_eq!(net.commits(secret, validator()).commits.len(), 1);
    let many = calls.into_iter().cycle().take(17).collect();
    assert_eq!(
        net.as_(validator()).batch(many),
        Err(EpochError::TooManyCalls(16))
    );
}
