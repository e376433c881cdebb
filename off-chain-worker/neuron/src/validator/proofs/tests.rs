//! Peers that serve proofs, junk, too much, or nothing.

use super::*;
use crate::{
    evidence::seeds::Round,
    fetch,
    fold::{
        course,
        fraud::{list, tests::play, MOST_LIST},
    },
    store::Owner,
};
use inktensor_primitives::{registry::Host, NetUid, Rao, Uid};
use inktensor_wire::{Blobs, Client, Hotkey};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    slice,
    sync::Mutex,
    time::{Duration, Instant},
};
use subxt_signer::sr25519::Keypair;
use tokio::runtime::{Builder, Runtime};

/// The false step of the miner in [`play`].
const FALSE: u16 = 2;
const OPEN: u32 = 10;
/// Manifest of proofs that others have served.
const TAKEN: (Digest, Option<Digest>) = ([7; 32], None);

/// The results of a round of asking.
#[derive(Default)]
struct Taken {
    proofs: Vec<(FraudProof, Uid)>,
    junk: Vec<(AccountId, Uid, String)>,
}

/// A validator's folder, which is removed at the end.
struct Place {
    path: PathBuf,
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    runtime: Runtime,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("inktensor-proofs-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        let owner = Owner {
            genesis: [1; 32],
            registry: [2; 32].into(),
            netuid: NetUid(1),
            hotkey: [3; 32].into(),
        };
        let tables: Vec<_> = course::TABLES.into_iter().chain(TABLES).collect();
        Self {
            store: Arc::new(Store::open(&path, owner, &tables).unwrap()),
            blobs: Arc::new(Blobs::at(&path.join("blobs"), fetch::limits()).unwrap()),
            runtime: Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
            path,
        }
    }

    /// Asks these peers, with time for a busy machine.
    fn taken(&self, peers: Vec<Peer>, known: &[(u32, Seat)]) -> Taken {
        self.taken_within(Duration::from_secs(10), peers, known)
    }

    /// Asks these peers, each transfer for so long.
    fn taken_within(&self, longest: Duration, peers: Vec<Peer>, known: &[(u32, Seat)]) -> Taken {
        let taken = RefCell::new(Taken::default());
        self.taking(longest, peers, known).run(&|news| {
            let mut taken = taken.borrow_mut();
            match news {
                News::Proof { proof, from, .. } => taken.proofs.push((*proof, from)),
                News::Junk { peer, uid, reason } => taken.junk.push((peer, uid, reason)),
            }
            true
        });
        taken.into_inner()
    }

    fn taking(&self, longest: Duration, peers: Vec<Peer>, known: &[(u32, Seat)]) -> Taking {
        let played = play();
        let hotkey = Hotkey::new(Keypair::from_secret_key([1; 32]).unwrap());
        Taking {
            means: Means {
                client: Arc::new(Client::new(hotkey, Default::default(), true)),
                blobs: Arc::clone(&self.blobs),
                store: Arc::clone(&self.store),
                runtime: self.runtime.handle().clone(),
                stop: Arc::default(),
            },
            training: Arc::clone(&played.training),
            manifest: [7; 32],
            open: OPEN,
            known: known.iter().copied().collect(),
            pasts: vec![played.past],
            peers,
            times: Times {
                list: longest,
                state: longest,
                ..Times::default()
            },
        }
    }

    fn held(&self) -> Vec<FraudProof> {
        let held = held(&self.store).unwrap().into_iter();
        held.map(|it| it.proof).collect()
    }
}

/// Paths that a peer was asked for.
type Asked = Arc<Mutex<Vec<String>>>;

/// Returns a peer that serves a list, and all states of the miner.
fn peer(uid: u16, file: Option<Vec<u8>>) -> (Peer, Asked) {
    let states = play().states.into_iter();
    let states = states.map(|(hash, state)| (hex(&hash)[2..].to_owned(), state));
    serving(uid, file, states.collect())
}

/// Serves a list at the path of proofs, and states at those of blobs. A request for anything else
/// has no answer.
fn serving(uid: u16, file: Option<Vec<u8>>, states: BTreeMap<String, Vec<u8>>) -> (Peer, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let paths = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = BufReader::new(&stream).lines();
            let first = head.next().unwrap().unwrap_or_default();
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            while head
                .next()
                .is_some_and(|it| it.is_ok_and(|it| !it.is_empty()))
            {}
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let is_list = path == fraud::PROOFS_PATH;
            paths.lock().unwrap().push(path);
            match if is_list {
                file.as_ref()
            } else {
                states.get(&name)
            } {
                Some(body) => answer(&mut stream, body),
                None => thread::sleep(Duration::from_secs(30)),
            }
        }
    });
    let endpoint = Endpoint {
        host: Host::Name("localhost".into()),
        port,
        tls: None,
    };
    let peer = Peer {
        hotkey: [u8::try_from(uid).unwrap(); 32].into(),
        uid: Uid(uid),
        endpoint,
    };
    (peer, asked)
}

fn answer(stream: &mut impl Write, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    // The client leaves if the body is too long.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

#[test]
fn a_proof_that_stands_is_taken_once_with_its_state() {
    let place = Place::new("stands");
    let proof = play().proof(FALSE);
    let (first, asked) = peer(1, Some(list(slice::from_ref(&proof))));
    let (second, other) = peer(2, Some(list(slice::from_ref(&proof))));
    let taken = place.taken(vec![first, second], &[]);
    assert_eq!(taken.proofs, [(proof.clone(), Uid(1))]);
    assert!(taken.junk.is_empty(), "{:?}", taken.junk);
    assert_eq!(asked.lock().unwrap().len(), 2);
    // The second peer's proof is known by then.
    assert_eq!(other.lock().unwrap().len(), 1);
    assert!(place.blobs.contains(&proof.answer.before.state));
    // A proof that is held is not decided again.
    let (third, asked) = peer(3, Some(list(slice::from_ref(&proof))));
    let taken = place.taken(vec![third], &[(proof.epoch, proof.seat)]);
    assert!(taken.proofs.is_empty());
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn a_round_hands_over_each_proof_at_once_and_ends_with_the_neuron() {
    let place = Place::new("ends");
    let file = list(slice::from_ref(&play().proof(FALSE)));
    let peers = || {
        let peers = [1, 2].map(|uid| peer(uid, Some(file.clone())));
        let [(first, _), (second, asked)] = peers;
        (vec![first, second], asked)
    };
    // The receiver is gone.
    let (both, second) = peers();
    let handed = RefCell::new(0);
    let taking = place.taking(Duration::from_secs(10), both, &[]);
    taking.run(&|_| {
        // The second peer was not asked yet.
        assert!(second.lock().unwrap().is_empty());
        handed.replace_with(|count| *count + 1);
        false
    });
    assert_eq!(handed.take(), 1);
    assert!(second.lock().unwrap().is_empty());
    // The process is asked to stop.
    let (both, second) = peers();
    let taking = place.taking(Duration::from_secs(10), both, &[]);
    taking.means.stop.ask("a test");
    taking.run(&|news| panic!("{news:?}"));
    assert!(second.lock().unwrap().is_empty());
}

#[test]
fn junk_ends_the_turn_of_its_peer_and_delays_no_other() {
    let place = Place::new("junk");
    let played = play();
    let proof = played.proof(FALSE);
    let mut unopened = proof.clone();
    unopened.answer.after.state = [9; 32];
    let mut old = proof.clone();
    old.epoch = 3;
    let peers = [
        // A true step, and a fraud behind it.
        list(&[played.proof(1), proof.clone()]),
        list(&[unopened]),
        b"junk".to_vec(),
        vec![0; MOST_LIST + 1],
        // About an epoch that is too old: no junk, and no use.
        list(&[old]),
        list(slice::from_ref(&proof)),
    ];
    let peers: Vec<(Peer, Asked)> = (1..)
        .zip(peers)
        .map(|(uid, file)| peer(uid, Some(file)))
        .collect();
    let (peers, asked): (Vec<Peer>, Vec<Asked>) = peers.into_iter().unzip();
    let taken = place.taken(peers, &[]);
    let junk: Vec<u16> = taken.junk.iter().map(|(_, uid, _)| uid.0).collect();
    // A list that is too long is not read to its end.
    assert_eq!(junk, [1, 2, 3], "{:?}", taken.junk);
    assert_eq!(taken.proofs, [(proof, Uid(6))]);
    // One state of the first peer, and none of the others but the last.
    let asked: Vec<usize> = asked.iter().map(|it| it.lock().unwrap().len()).collect();
    assert_eq!(asked, [2, 1, 1, 1, 1, 2]);
}

#[test]
fn a_peer_that_never_answers_costs_its_time_and_no_more() {
    let place = Place::new("silent");
    let proof = play().proof(FALSE);
    let file = list(slice::from_ref(&proof));
    let (silent, _) = peer(1, None);
    let (withholds, asked) = serving(2, Some(file.clone()), BTreeMap::new());
    let (honest, _) = peer(3, Some(file));
    let begun = Instant::now();
    let peers = vec![silent, withholds, honest];
    let taken = place.taken_within(Duration::from_secs(4), peers, &[]);
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert_eq!(taken.proofs, [(proof, Uid(3))]);
    assert!(taken.junk.is_empty());
    let elapsed = begun.elapsed();
    assert!(elapsed < Duration::from_secs(25), "{elapsed:?}");
}

#[test]
fn kept_proofs_are_bounded_and_end_with_their_epochs() {
    let place = Place::new("bounds");
    let first = play().proof(FALSE);
    let of = |epoch, uid| {
        let mut proof = first.clone();
        (proof.epoch, proof.seat.uid) = (epoch, uid);
        proof
    };
    let many: Vec<FraudProof> = (0..100).map(|uid| of(9, uid)).collect();
    put(&place.store, OPEN, TAKEN, &many).unwrap();
    assert_eq!(place.held(), many[..MOST_PROOFS]);
    // The same ones are kept once; another epoch has its own room.
    let more = [of(9, 0), of(10, 0), of(7, 0)];
    put(&place.store, OPEN, TAKEN, &more).unwrap();
    assert_eq!(place.held().len(), MOST_PROOFS + 1);
    // An own one makes room in a full epoch, and others never do.
    let own = (TAKEN.0, Some([1; 32]));
    put(&place.store, OPEN, TAKEN, &[of(9, 200)]).unwrap();
    assert!(!place.held().contains(&of(9, 200)));
    put(&place.store, OPEN, own, &[of(9, 200)]).unwrap();
    let held = place.held();
    assert_eq!(held.len(), MOST_PROOFS + 1);
    assert!(held.contains(&of(9, 200)) && !held.contains(&of(9, 63)));
    put(&place.store, 12, TAKEN, &[]).unwrap();
    assert_eq!(place.held(), [of(10, 0)]);
    put(&place.store, 13, TAKEN, &[]).unwrap();
    assert!(place.held().is_empty());
}

#[test]
fn each_new_list_is_served_though_its_length_is_the_same() {
    let place = Place::new("served");
    let first = play().proof(FALSE);
    let mut exchange = Exchange::default();
    // A validator without proofs serves an empty list.
    assert!(exchange.serves(&[]) && !exchange.serves(&[]));
    // One cheat in each of many epochs.
    for open in 9..14 {
        let mut proof = first.clone();
        proof.epoch = open;
        put(&place.store, open, TAKEN, &[proof]).unwrap();
        let recent = recent(held(&place.store).unwrap(), open);
        let epochs: Vec<u32> = recent.iter().map(|it| it.epoch).collect();
        assert_eq!(epochs, (9.max(open - 2)..=open).rev().collect::<Vec<_>>());
        assert!(exchange.serves(&recent), "{open}");
        assert!(!exchange.serves(&recent), "{open}");
    }
    assert!(exchange.serves(&[]));
}

#[test]
fn an_own_proof_about_step_0_waits_for_the_votes_and_falls_with_an_outvoted_start() {
    let played = play();
    let record = |step, own_start| ProofRecord {
        manifest: [7; 32],
        proof: played.proof(step),
        own_start,
    };
    let (voted, outvoted) = (played.past.start, Some([8; 32]));
    // The step is true for all others.
    let of_outvoted = record(0, outvoted);
    assert!(!of_outvoted.is_sure(None) && !of_outvoted.is_sure(voted));
    let training = &played.training;
    let decided = played.past.decide(training, &of_outvoted.proof, |hash| {
        played.states.get(hash).cloned()
    });
    assert_eq!(decided, Ok(inktensor_train::Verdict::True));
    // The start of the miner is neither, or the own one is voted.
    assert!(of_outvoted.is_sure(Some([9; 32])));
    assert!(record(0, voted).is_sure(voted) && !record(0, voted).is_sure(None));
    // Other steps need no start, and proofs of others are decided by the votes.
    assert!(record(FALSE, outvoted).is_sure(None));
    assert!(record(0, None).is_sure(None));
}

#[test]
fn peers_are_asked_twice_in_an_epoch_and_not_after_junk() {
    let round = Round::new(1_000, 64).unwrap();
    let mut exchange = Exchange::default();
    let (assigned, due) = (round.assigned_at(), round.due_at());
    assert_eq!(exchange.due(5, round, assigned), None);
    for (block, expected) in [
        (assigned + 1, Some((5, false))),
        (assigned + 2, None),
        (due, None),
        (due + 1, Some((5, true))),
        (due + 2, None),
    ] {
        let found = exchange.due(5, round, block);
        assert_eq!(found, expected, "{block}");
        exchange.asked = found.or(exchange.asked);
    }
    assert_eq!(exchange.due(6, round, assigned + 1), Some((6, false)));

    let permitted = |uid: u16, stake| Permitted {
        uid: Uid(uid),
        neuron: inktensor_primitives::registry::Neuron {
            hotkey: [u8::try_from(uid).unwrap(); 32].into(),
            coldkey: [0; 32].into(),
            registered_at: 1,
            registered_epoch: 0,
            generation: 1,
            identity: None,
        },
        stake: Rao(stake),
    };
    let all: Vec<Permitted> = (1..100).map(|uid| permitted(uid, uid.into())).collect();
    let own = AccountId::from([99; 32]);
    let uids = |exchange: &mut Exchange, open| -> Vec<u16> {
        let peers = exchange.peers(open, &own, &all);
        peers.iter().map(|it| it.uid.0).collect()
    };
    let found = uids(&mut exchange, 5);
    assert_eq!((found.len(), found[0], found[1]), (MOST_PEERS, 98, 97));
    exchange.junk.1.insert([98; 32].into());
    assert_eq!(uids(&mut exchange, 5)[0], 97);
    // Another epoch is another chance.
    assert_eq!(uids(&mut exchange, 6)[0], 98);
}
