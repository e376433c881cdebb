//! Rounds with neurons that never answer, that come late, and that publish the address of another.

use super::*;
use inktensor_primitives::{registry::Host, AccountId, Rao};
use inktensor_wire::{
    Admitted, Caller, Content, Guests, Identity, Limits, Pin, Response, Roster, Running, Server,
    Service, SignedResponse,
};
use std::{collections::HashMap, net::TcpListener, time::Instant};
use subxt_signer::sr25519::dev;
use tokio::runtime::Runtime;

/// Returns questions to a neuron that takes connections and never answers.
fn to_a_tarpit(listener: &TcpListener, uid: u16, seconds: u64) -> Vec<Question> {
    let hotkey = Hotkey::new(dev::alice());
    let client = Client::new(hotkey.clone(), Default::default(), true);
    let client = Arc::new(client);
    let ends_at = clock::now() + seconds;
    (0..4)
        .map(|number| Question {
            client: Arc::clone(&client),
            hotkey: hotkey.clone(),
            allow_private: true,
            endpoint: Endpoint {
                host: Host::V4([127, 0, 0, 1]),
                port: listener.local_addr().unwrap().port(),
                tls: None,
            },
            context: Context {
                home: [5; 32],
                netuid: NetUid(1),
                epoch: 2,
                by: Some(3),
                to: [9; 32].into(),
                seat: 4,
            },
            uid: Uid(uid),
            number,
            body: vec![0; 8],
            nonce: [number.try_into().unwrap(); 16],
            ends_at,
            states: None,
        })
        .collect()
}

fn outcomes(questions: Vec<(Question, Arc<Turn>)>, share: usize) -> Vec<Option<Answered>> {
    let doors = Arc::new(Doors::of(share));
    let runtime = Runtime::new().unwrap();
    let asked: Vec<_> = questions
        .into_iter()
        .map(|(question, turn)| {
            let doors = Arc::clone(&doors);
            runtime.spawn(async move { question.turn(&turn, &doors).await })
        })
        .collect();
    asked
        .into_iter()
        .map(|it| runtime.block_on(it).unwrap())
        .collect()
}

#[test]
fn questions_for_which_a_neuron_leaves_no_time_are_silence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let turn = Arc::new(Turn::of(1));
    let first = to_a_tarpit(&listener, 1, 3);
    let (began_at, ends_at) = (clock::now(), first[0].ends_at);
    // Another neuron that publishes the same address waits for it, and is silent too.
    let second = to_a_tarpit(&listener, 2, 3);
    let other = Arc::new(Turn::of(1));
    let all = first
        .into_iter()
        .map(|it| (it, Arc::clone(&turn)))
        .chain(second.into_iter().map(|it| (it, Arc::clone(&other))));
    let all = outcomes(all.collect(), 1);
    assert_eq!(all.len(), 8);
    let mut sent = 0;
    for it in all {
        let AskedRecord { request, outcome } = it.expect("an outcome").record;
        request.verify().unwrap();
        assert!(request.created >= began_at && request.expires <= ends_at + 1);
        match outcome {
            Outcome::Silent { millis: 0 } => {}
            Outcome::Silent { .. } => sent += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent, 1);
}

#[test]
fn a_neuron_that_was_not_asked_is_not_called_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let turn = Arc::new(Turn::of(1));
    let late = to_a_tarpit(&listener, 1, 0);
    let late = late.into_iter().map(|it| (it, Arc::clone(&turn))).collect();
    let start = Instant::now();
    assert!(outcomes(late, 1).iter().all(Option::is_none));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_round_leaves_each_neuron_time_for_its_questions() {
    assert!(leaves_time(64, 64, 2));
    // With 512 neurons each has one open question.
    assert!(leaves_time(512, 8, 2));
    assert!(!leaves_time(512, 9, 2));
    assert!(leaves_time(4096, 16, 4));
    assert!(leaves_time(0, 64, 2));
}

#[test]
fn an_answer_above_the_limit_of_evidence_is_not_kept() {
    use crate::evidence::codec::MAX_ANSWER;
    let response = |status, length| SignedResponse {
        status,
        media: Media::Json,
        content: Content::Whole(vec![7; length]),
        created: 1,
        signature: [1; 64],
    };
    let longest = Outcome::Signed(response(200, MAX_ANSWER));
    assert_eq!(kept(longest.clone()), longest);
    let longer = Outcome::Signed(response(200, MAX_ANSWER + 1));
    assert_eq!(kept(longer), Outcome::Unsigned { status: 200 });
    let refused = Outcome::Refused(response(500, MAX_ANSWER + 1));
    let Outcome::Refused(refused) = kept(refused) else {
        panic!("a refusal stays one");
    };
    assert_eq!(refused.body(), None);
    assert_eq!(
        refused.body_digest(),
        response(500, MAX_ANSWER + 1).body_digest()
    );
}

#[test]
fn a_deadline_leaves_a_margin_before_the_end_of_the_window() {
    let now = clock::now();
    assert!(seconds_left(now + 10).is_some_and(|left| (8..=9).contains(&left)));
    assert_eq!(seconds_left(now + MARGIN), None);
    assert_eq!(seconds_left(now.saturating_sub(5)), None);
}

const HOME: Digest = [5; 32];
const SEAT: u32 = 4;

/// A miner that answers each question with its body.
struct Echo;

impl Service for Echo {
    fn limit(&self, _: &Path) -> Option<usize> {
        Some(1024)
    }

    async fn answer(&self, _: &Caller, _: &Path, body: Vec<u8>) -> Response {
        Response::ok(Media::Json, body)
    }

    fn hello(&self) -> Vec<u8> {
        b"{}".to_vec()
    }
}

/// Starts a miner with the usual limits, which knows the validator.
fn miner(runtime: &Runtime, identity: Option<&Identity>) -> Running {
    let admitted = Admitted {
        uid: Some(Uid(0)),
        generation: Some(3),
        stake: Rao(1),
    };
    let callers = HashMap::from([(Hotkey::new(dev::alice()).account(), admitted)]);
    let server = Server {
        address: ([127, 0, 0, 1], 0).into(),
        hotkey: Hotkey::new(dev::bob()),
        identity: identity.cloned(),
        roster: Roster {
            home: HOME,
            netuid: NetUid(1),
            seat: SEAT,
            callers,
            denied: Default::default(),
            guests: Guests::Refused,
        },
        limits: Limits {
            quiet: 0,
            floor: 100,
            ..Limits::default()
        },
        blobs: None,
        mark: None,
    };
    runtime.block_on(server.start(Echo)).unwrap()
}

/// Returns 16 questions to a neuron, with their turn.
fn asked_of(
    client: &Arc<Client>,
    uid: u16,
    to: AccountId,
    endpoint: &Endpoint,
) -> Vec<(Question, Arc<Turn>)> {
    let turn = Arc::new(Turn::of(OPEN_TO_ONE));
    let ends_at = clock::now() + 30;
    (0..16)
        .map(|number| {
            let question = Question {
                client: Arc::clone(client),
                hotkey: Hotkey::new(dev::alice()),
                allow_private: true,
                endpoint: endpoint.clone(),
                context: Context {
                    home: HOME,
                    netuid: NetUid(1),
                    epoch: 2,
                    by: Some(3),
                    to,
                    seat: SEAT,
                },
                uid: Uid(uid),
                number,
                body: b"{}".to_vec(),
                nonce: random().unwrap(),
                ends_at,
                states: None,
            };
            (question, Arc::clone(&turn))
        })
        .collect()
}

/// Plays a round of 60 neurons that publish the address of an honest one, whose uid is the last.
/// Returns the number of its answers, and of all connections to it.
fn copied(identity: Option<&Identity>, copy: impl Fn(u8, u16) -> Endpoint) -> (usize, u64, u64) {
    const COPIES: u8 = 60;
    let runtime = Runtime::new().unwrap();
    let running = miner(&runtime, identity);
    let client = Client::new(Hotkey::new(dev::alice()), Default::default(), true);
    let client = Arc::new(client);
    let port = running.address().port();
    let mut all = Vec::new();
    for number in 0..COPIES {
        let to = AccountId::from([number.saturating_add(100); 32]);
        all.extend(asked_of(&client, number.into(), to, &copy(number, port)));
    }
    let honest = Endpoint {
        host: Host::Name("honest.localhost".into()),
        port,
        tls: identity.map(Identity::pin),
    };
    let to = Hotkey::new(dev::bob()).account();
    all.extend(asked_of(&client, COPIES.into(), to, &honest));
    let all = outcomes(all, OPEN_TO_ONE);
    let answered = all.into_iter().flatten().filter(|it| {
        let is_signed = matches!(it.record.outcome, Outcome::Signed(_));
        assert!(!is_signed || it.uid == Uid(COPIES.into()));
        is_signed
    });
    let answered = answered.count();
    let counts = running.counts();
    (answered, counts.connected, counts.closed + counts.misled)
}

#[test]
fn copies_of_an_address_with_other_certificates_take_no_answer_away() {
    let identity = Identity::make().unwrap();
    let (answered, connected, _) = copied(Some(&identity), |number, port| Endpoint {
        host: Host::Name(format!("v{number}.localhost")),
        port,
        tls: Some(Pin([number; 32])),
    });
    assert_eq!(answered, 16);
    assert!(connected <= 8 + 16, "{connected}");
}

#[test]
fn copies_of_an_address_with_its_certificate_take_no_answer_away() {
    let identity = Identity::make().unwrap();
    let (answered, connected, misled) = copied(Some(&identity), |number, port| Endpoint {
        host: Host::Name(format!("v{number}.localhost")),
        port,
        tls: Some(identity.pin()),
    });
    assert_eq!(answered, 16);
    assert!(connected <= 60 + 16, "{connected}");
    // The miner counts those that came after it had answered the same address.
    assert!(misled <= 60, "{misled}");
}

#[test]
fn copies_of_an_address_without_tls_take_no_answer_away() {
    for identity in [Some(Identity::make().unwrap()), None] {
        let (answered, connected, _) = copied(identity.as_ref(), |number, port| Endpoint {
            host: Host::Name(format!("v{number}.localhost")),
            port,
            tls: None,
        });
        assert_eq!(answered, 16);
        assert!(connected <= 60 + 16, "{connected}");
    }
}
