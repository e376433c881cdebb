//! Facts read from a chain that answers the messages of registry and epoch contract from a list of
//! changes, block by block.

use super::*;
use crate::evidence::history::MAX_BACK;
use crate::{evidence::Evidence, pledged::counts_from};
use inktensor_client::chain::ChainError;
use inktensor_client::chain::{selector, ContractEvent, Instantiated};
use inktensor_primitives::{
    epoch::Stage,
    kernel::{EpochHeader, NeuronResult, YumaParams},
    registry::{Axon, CommitmentKind, Host, KernelParams, NeuronView, Terms},
    AccountId, Rao,
};
use inktensor_wire::PROTOCOL;
use scale::{Decode, Encode};

const TEMPO: u32 = 20;
const NETUID: NetUid = NetUid(1);
const OWNER: Uid = Uid(0);
const VALIDATOR: Uid = Uid(1);

/// A change of the chain.
#[derive(Clone)]
enum Change {
    /// A commitment of the neuron on a uid.
    Commit(Uid, Pledge),
    /// A row of weights, with the block that it counts as set at.
    Weights(Uid, u32, Vec<(Uid, u16)>),
    /// Another neuron on a uid.
    Replace(Uid, u32),
    /// An endpoint with a protocol.
    Serve(Uid, u8),
}

/// A chain at a height. Epochs open every [`TEMPO`] blocks, the first at block 10.
struct Scripted {
    height: u32,
    reveal_period: Option<u32>,
    changes: Vec<(u32, Change)>,
    /// Adds to the block at which epochs claim to have opened.
    opened_later: u32,
}

/// The state of a neuron.
#[derive(Clone)]
struct Seated {
    generation: u32,
    axon: Option<Axon>,
    commitment: Option<Commitment>,
    weights: Option<WeightsRow>,
}

fn hash(block: u32) -> Digest {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&block.to_le_bytes());
    hash
}

fn hotkey(uid: u16, generation: u32) -> AccountId {
    let mut key = [uid as u8; 32];
    key[0] = generation as u8;
    key.into()
}

/// Returns the block at which an epoch opened.
const fn opened(epoch: u32) -> u32 {
    10 + epoch * TEMPO
}

impl Scripted {
    fn at(height: u32, changes: &[(u32, Change)]) -> Self {
        Self {
            height,
            reveal_period: None,
            changes: changes.to_vec(),
            opened_later: 0,
        }
    }

    fn neurons(&self, block: u32) -> Vec<Seated> {
        let newcomer = |generation| Seated {
            generation,
            axon: None,
            commitment: None,
            weights: None,
        };
        let mut neurons: Vec<Seated> = (10..14).map(newcomer).collect();
        for (made_at, change) in self.changes.iter().filter(|it| it.0 <= block) {
            match change.clone() {
                Change::Commit(uid, pledge) => {
                    neurons[usize::from(uid.0)].commitment = Some(Commitment {
                        kind: CommitmentKind::Raw,
                        data: pledge.to_data(),
                        block: *made_at,
                    });
                }
                Change::Weights(uid, updated_at, row) => {
                    let (uids, weights) = row.into_iter().unzip();
                    neurons[usize::from(uid.0)].weights = Some(WeightsRow {
                        updated_at,
                        uids,
                        weights,
                    });
                }
                Change::Replace(uid, generation) => {
                    neurons[usize::from(uid.0)] = newcomer(generation)
                }
                Change::Serve(uid, protocol) => {
                    neurons[usize::from(uid.0)].axon = Some(Axon {
                        host: Host::V4([192, 0, 2, 1]),
                        port: 8091,
                        protocol,
                        version: 1,
                        tls: None,
                    });
                }
            }
        }
        neurons
    }

    fn subnet(&self) -> Subnet {
        let mut terms = Terms::default();
        terms.weights.commit_reveal = self.reveal_period.is_some();
        terms.weights.reveal_period = self.reveal_period.unwrap_or(1);
        Subnet {
            name: "test".into(),
            owner: [1; 32].into(),
            owner_hotkey: hotkey(0, 10),
            symbol: String::new(),
            created_at: 1,
            started_at: Some(10),
            retired_at: None,
            lock: Rao(0),
            epoch: 0,
            tempo: TEMPO,
            kernel: [2; 32].into(),
            max_uids: 64,
            max_validators: 4,
            neurons: 4,
            immunity_period: 0,
            registration_price: Rao(0),
            terms,
            params: KernelParams::Yuma(YumaParams::default()),
        }
    }

    fn answer(&self, block: u32, input: &[u8]) -> Vec<u8> {
        let neurons = self.neurons(block);
        let neuron = |uid: u16, it: &Seated| Neuron {
            hotkey: hotkey(uid, it.generation),
            coldkey: [3; 32].into(),
            registered_at: 1,
            registered_epoch: 0,
            generation: it.generation,
            identity: None,
        };
        let serving = |uid: u16, it: &Seated| ServingView {
            uid: Uid(uid),
            axon: it.axon.clone(),
            prometheus: None,
            commitment: it.commitment.clone(),
            deposit: Rao(0),
        };
        let (message, mut arguments) = input.split_at(4);
        let uid = || {
            let (_, uid): (u16, u16) = Decode::decode(&mut &arguments[..]).unwrap();
            usize::from(uid)
        };
        let is = |name: &str| message == selector(name);
        let answer = if is("Registry::subnet") {
            Some(self.subnet()).encode()
        } else if is("Epochs::status") {
            let open = block.saturating_sub(10) / TEMPO;
            let status = EpochStatus {
                open,
                opened_at: opened(open) + self.opened_later,
                closes_at: opened(open + 1),
                stage: Stage::Open,
                final_epoch: open.checked_sub(1),
                replayed: 0,
                settling: None,
                replays_at: None,
                rolls_over_at: None,
            };
            Some(status).encode()
        } else if is("Epochs::roster") {
            vec![VALIDATOR].encode()
        } else if is("Registry::neuron") {
            let uid = uid();
            neurons.get(uid).map(|it| neuron(uid as u16, it)).encode()
        } else if is("Registry::serving") {
            let uid = uid();
            neurons.get(uid).map(|it| serving(uid as u16, it)).encode()
        } else if is("Registry::seat") {
            let (_, key): (u16, AccountId) = Decode::decode(&mut arguments).unwrap();
            let place = (0..)
                .zip(&neurons)
                .find(|(uid, it)| hotkey(*uid, it.generation) == key);
            let seat = place.map(|(uid, it)| Seat {
                uid: Uid(uid),
                generation: it.generation,
                registered_epoch: 0,
                neurons: 4,
                epoch: 0,
            });
            seat.encode()
        } else if is("Registry::metagraph") {
            let all = (0..).zip(&neurons).map(|(uid, it)| NeuronView {
                uid: Uid(uid),
                neuron: neuron(uid, it),
                score: NeuronResult::default(),
                owed: Rao(0),
            });
            all.collect::<Vec<_>>().encode()
        } else if is("Registry::serving_page") {
            let all = (0..).zip(&neurons).map(|(uid, it)| serving(uid, it));
            all.collect::<Vec<_>>().encode()
        } else if is("Epochs::weights") {
            neurons
                .get(uid())
                .and_then(|it| it.weights.clone())
                .encode()
        } else {
            panic!("no other message is read: {message:?}")
        };
        [&[0][..], &answer].concat()
    }
}

impl ChainRead for Scripted {
    fn genesis(&self) -> Result<Digest, ChainError> {
        Ok([9; 32])
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        Ok(BlockId {
            number: self.height,
            hash: hash(self.height),
        })
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.best()
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        Ok((number <= of.number).then(|| hash(number)))
    }

    fn read(&self, _: AccountId, _: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        Ok(self.answer(self.height, input))
    }

    fn read_all_at(
        &self,
        at: &BlockId,
        _: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        assert_eq!(at.hash, hash(at.number), "a block has one hash");
        let reads = reads.iter();
        Ok(reads
            .map(|(_, input)| self.answer(at.number, input))
            .collect())
    }

    fn estimate(
        &self,
        _: AccountId,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<Instantiated, ChainError> {
        Err(ChainError::BadAnswer)
    }

    fn code(&self, _: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        Err(ChainError::BadAnswer)
    }

    fn code_hash(&self, _: &AccountId) -> Result<Option<Digest>, ChainError> {
        Err(ChainError::BadAnswer)
    }

    fn events(&self, _: u32) -> Result<Vec<ContractEvent>, ChainError> {
        Err(ChainError::BadAnswer)
    }
}

fn contracts() -> Addresses {
    let address = |byte: u8| AccountId::from([byte; 32]);
    Addresses {
        token: address(101),
        registry: address(102),
        staking: address(103),
        emission: address(104),
        epoch: address(105),
        yuma: address(106),
        mean: address(107),
        governing: None,
    }
}

fn facts(chain: &Scripted, epoch: u32) -> Result<Facts, FactsError> {
    read(chain, &contracts(), NETUID, epoch, VALIDATOR)
}

fn evidence(epoch: u32, mark: u8) -> Pledge {
    Pledge::Evidence {
        epoch,
        root: [mark; 32],
        weights: [mark; 32],
        receipts: mark.into(),
    }
}

fn manifest(mark: u8) -> Pledge {
    Pledge::Subnet {
        manifest: [mark; 32],
    }
}

fn pledged(block: u32, epoch: u32, mark: u8) -> Pledged {
    Pledged {
        block,
        epoch,
        root: [mark; 32],
        weights: [mark; 32],
        receipts: mark.into(),
        vote: None,
    }
}

/// A manifest in epoch 0, another one in epoch 2, and a validator that takes part from epoch 2 on.
/// Epoch 2 opens at block 50, and its questions follow from block 62.
fn history() -> Vec<(u32, Change)> {
    vec![
        (12, Change::Commit(OWNER, manifest(1))),
        (13, Change::Serve(VALIDATOR, PROTOCOL)),
        (14, Change::Serve(Uid(2), 4)),
        (15, Change::Serve(Uid(3), PROTOCOL)),
        (55, Change::Commit(OWNER, manifest(2))),
        (63, Change::Serve(Uid(2), PROTOCOL)),
        (66, Change::Commit(VALIDATOR, evidence(2, 42))),
        (67, Change::Weights(VALIDATOR, 67, vec![(Uid(3), 65_535)])),
        (86, Change::Commit(VALIDATOR, evidence(3, 43))),
        (87, Change::Weights(VALIDATOR, 87, vec![(Uid(2), 65_535)])),
    ]
}

#[test]
fn facts_of_an_epoch_are_those_of_its_blocks() {
    let chain = Scripted::at(200, &history());
    let found = facts(&chain, 2).unwrap();
    let neuron = |uid, generation| Registration {
        uid: Uid(uid),
        generation,
        hotkey: hotkey(uid, generation),
    };
    let expected = Facts {
        home: home(&[9; 32], &[102; 32].into()),
        netuid: NETUID,
        epoch: 2,
        uid: VALIDATOR,
        opened_at: 50,
        tempo: TEMPO,
        closed_at: Some(70),
        seed_block: BlockId {
            number: 62,
            hash: hash(62),
        },
        check_block: Some(hash(65)),
        validator: Some(neuron(1, 11)),
        permit: true,
        // The miner on uid 2 served too late, and on an endpoint of another protocol before.
        miners: vec![neuron(3, 13)],
        manifest: Some([1; 32]),
        pledges: Pledges {
            assigned: hash(51),
            asked: hash(62),
            works: Vec::new(),
        },
        entries: Vec::new(),
        start: None,
        before: None,
        pledged: Some(pledged(66, 2, 42)),
        weights: ChainWeights::Row(vec![(Uid(3), 65_535)]),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_permit_is_of_the_roster_or_the_owners() {
    let chain = Scripted::at(200, &history());
    let permit = |uid| {
        let facts = read(&chain, &contracts(), NETUID, 2, Uid(uid)).unwrap();
        (facts.uid.0, facts.validator.is_some(), facts.permit)
    };
    assert_eq!(permit(0), (0, true, true), "the owner's neuron");
    assert_eq!(permit(1), (1, true, true));
    assert_eq!(permit(2), (2, true, false), "a miner");
    assert_eq!(permit(77), (77, false, false), "a free uid");
    // The first final epoch is that of epoch 0, which is closed at the seed of epoch 1.
    let first = facts(&chain, 0).unwrap();
    assert!(!first.permit);
}

#[test]
fn next_epoch_continues_and_counts_the_manifest_after_next() {
    let chain = Scripted::at(200, &history());
    let found = facts(&chain, 3).unwrap();
    assert_eq!(found.before, Some(pledged(66, 2, 42)));
    assert_eq!(found.pledged, Some(pledged(86, 3, 43)));
    assert_eq!(found.weights, ChainWeights::Row(vec![(Uid(2), 65_535)]));
    assert_eq!(found.miners.len(), 2);
    assert_eq!(found.manifest, Some([1; 32]));
    let later = facts(&chain, 4).unwrap();
    assert_eq!(later.manifest, Some([2; 32]));
    // An epoch without a pledge: the last one is of another epoch.
    assert_eq!(
        (later.before, later.pledged),
        (Some(pledged(86, 3, 43)), None)
    );
    assert_eq!(later.weights, ChainWeights::Absent);
}

#[test]
fn the_manifest_of_an_epoch_is_the_one_that_neurons_count() {
    let chain_at = |height, made_at| {
        let pledge = Change::Commit(OWNER, manifest(1));
        Scripted::at(height, &[(made_at, pledge)])
    };
    // Block 1 is before the first epoch, which opens at block 10.
    for made_at in [1, 9, 10, 29, 30, 49, 50] {
        let chain = chain_at(made_at, made_at);
        let status: EpochStatus = Pinned::new(&chain, chain.best().unwrap())
            .query::<Option<EpochStatus>>(contracts().epoch().status(NETUID))
            .unwrap()
            .unwrap();
        let last = status.open.checked_sub(1).map(|epoch| EpochHeader {
            epoch,
            opened_at: opened(epoch).into(),
            ..inktensor_test_support::header()
        });
        let from = counts_from(made_at, &status, last.as_ref());
        let chain = chain_at(opened(6), made_at);
        for epoch in 0..5 {
            let found = facts(&chain, epoch).unwrap().manifest;
            let expected = (epoch >= from).then_some([1; 32]);
            assert_eq!(found, expected, "block {made_at}, epoch {epoch}");
        }
    }
}

#[test]
fn revealed_weights_belong_to_the_epoch_of_their_commit() {
    let row = vec![(Uid(3), 65_535)];
    let mut changes = history();
    changes.retain(|(_, it)| !matches!(it, Change::Weights(..)));
    let revealing = |height, changes: &[(u32, Change)]| Scripted {
        reveal_period: Some(1),
        ..Scripted::at(height, changes)
    };
    let before = facts(&revealing(75, &changes), 2).unwrap();
    assert_eq!(before.weights, ChainWeights::Expected { epoch: 3 });
    assert_eq!(
        facts(&revealing(95, &changes), 2).unwrap().weights,
        ChainWeights::Absent
    );
    changes.push((80, Change::Weights(VALIDATOR, 67, row.clone())));
    for height in [85, 300] {
        let found = facts(&revealing(height, &changes), 2).unwrap();
        assert_eq!(found.weights, ChainWeights::Row(row.clone()), "{height}");
    }
    // The row that is on the chain in epoch 3 is not that of epoch 3.
    let found = facts(&revealing(85, &changes), 3);
    assert!(matches!(found, Ok(facts) if facts.weights == ChainWeights::Expected { epoch: 4 }));
}

#[test]
fn nothing_passes_to_the_next_neuron_on_a_uid() {
    let mut changes = history();
    changes.push((75, Change::Replace(VALIDATOR, 99)));
    changes.sort_by_key(|(block, _)| *block);
    let found = facts(&Scripted::at(200, &changes), 3).unwrap();
    assert_eq!(found.validator.map(|it| it.generation), Some(99));
    assert_eq!(found.before, None);
    // Facts of the epoch before are those of the neuron that was there then.
    let found = facts(&Scripted::at(200, &changes), 2).unwrap();
    assert_eq!(found.validator.map(|it| it.generation), Some(11));
    assert_eq!(found.pledged, Some(pledged(66, 2, 42)));
}

#[test]
fn open_epoch_has_what_is_known_so_far() {
    let found = facts(&Scripted::at(64, &history()), 2).unwrap();
    assert_eq!(
        (found.closed_at, found.check_block, found.pledged),
        (None, None, None)
    );
    assert_eq!(found.weights, ChainWeights::Expected { epoch: 2 });
    let early = facts(&Scripted::at(62, &history()), 2);
    assert!(
        matches!(early, Err(FactsError::NotAsked { at: 62, best: 62 })),
        "{early:?}"
    );
    let early = facts(&Scripted::at(62, &history()), 3);
    assert!(
        matches!(early, Err(FactsError::NotOpen { epoch: 3, open: 2 })),
        "{early:?}"
    );
}

#[test]
fn chain_that_leads_nowhere_is_left() {
    let mut chain = Scripted::at(200, &history());
    chain.opened_later = 1_000;
    let found = facts(&chain, 2);
    assert!(matches!(found, Err(FactsError::NoBlock(_))), "{found:?}");
    let found = facts(&Scripted::at(opened(MAX_BACK + 5), &history()), 2);
    assert!(
        matches!(found, Err(FactsError::TooOld { epoch: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn pledge_of_evidence_is_read_as_it_was_made() {
    let made = Evidence {
        head: crate::evidence::Head {
            home: [1; 32],
            netuid: NETUID,
            epoch: 2,
            validator: Registration {
                uid: VALIDATOR,
                generation: 11,
                hotkey: hotkey(1, 11),
            },
            manifest: [1; 32],
            seed_block: BlockId {
                number: 62,
                hash: hash(62),
            },
            before: None,
        },
        receipts: Vec::new(),
        standings: Vec::new(),
        weights: Vec::new(),
        vote: None,
        proofs: Vec::new(),
    };
    let changes = [(66, Change::Commit(VALIDATOR, made.pledge()))];
    let found = facts(&Scripted::at(200, &changes), 2).unwrap();
    let pledged = found.pledged.unwrap();
    assert_eq!((pledged.root, pledged.epoch), (made.root(), 2));
}
