use super::*;
use crate::remote::RemoteChain;
use inktensor_primitives::hash::blake2;
use proptest::prelude::*;
use std::{
    io::{Read, Write},
    sync::mpsc,
};

const ALICE: [u8; 32] = [1; 32];
const TIMEOUT: Duration = Duration::from_secs(20);
/// Runs without end when it is called.
const ENDLESS: &str = r#"(module (import "env" "memory" (memory 1 1))
    (func (export "deploy")) (func (export "call") (loop (br 0))))"#;

fn contracts() -> Addresses {
    let mut next = 0;
    Addresses::from_named(|_| {
        next += 1;
        Some([next; 32].into())
    })
    .unwrap()
}

fn served(block_time: Option<Duration>, keep: Option<Keep>) -> (Devchain, RemoteChain) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        block_time,
        keep,
        problem: Box::new(|problem| panic!("{problem}")),
    };
    let devchain = Devchain::start(listener, SandboxChain::new(), &contracts(), settings).unwrap();
    let client = client(&devchain);
    (devchain, client)
}

fn client(devchain: &Devchain) -> RemoteChain {
    RemoteChain::connect(devchain.address().to_string(), TIMEOUT).unwrap()
}

/// Returns a hosted chain without time and clients.
fn hosted() -> Hosted {
    let mut chain = SandboxChain::new();
    chain.limit_time(MESSAGE_TIME);
    Hosted {
        checkpoint: chain.state(),
        chain,
        changed: false,
    }
}

#[test]
fn clients_share_one_chain_and_see_what_it_answers_itself() {
    let (devchain, mut first) = served(None, None);
    let second = client(&devchain);
    assert_eq!(first.advance(4), Ok(5));
    assert_eq!(second.block(), Ok(5));
    let code = wat::parse_str(ENDLESS).unwrap();
    let hash = first.upload(ALICE.into(), &code).unwrap();
    assert_eq!(hash, blake2(&code));
    assert_eq!(second.code(&hash), Ok(Some(code)));
    assert_eq!(second.code(&[3; 32]), Ok(None));
    let nowhere = AccountId::from([9; 32]);
    assert_eq!(second.code_hash(&nowhere), Ok(None));
    assert_eq!(
        first.submit(ALICE.into(), nowhere, &[0; 4]),
        Err(ChainError::NoContract(nowhere))
    );
    assert_eq!(
        second.read(ALICE.into(), nowhere, &[0; 4]),
        Err(ChainError::NoContract(nowhere))
    );
    assert_eq!(second.events(0), Ok(Vec::new()));
    assert_eq!(first.genesis(), SandboxChain::new().genesis());
    let found = second.contracts().unwrap();
    assert_eq!(found.first(), Some(&("token".into(), [1; 32].into())));
    assert!(first.advance(MOST_BLOCKS + 1).is_err());
}

#[test]
fn clients_read_and_send_on_their_own_fork_only() {
    let (_devchain, mut chain) = served(None, None);
    let start = chain.best().unwrap();
    chain.advance(3).unwrap();
    let best = chain.best().unwrap();
    assert_eq!(best.number, 4);
    assert_eq!(chain.includes(&best, &start), Ok(true));
    assert_eq!(chain.ancestor(&best, 1), Ok(Some(start.hash)));
    let other = BlockId {
        hash: [7; 32],
        ..best
    };
    let (me, nowhere) = (ALICE.into(), AccountId::from([9; 32]));
    let gone = Err(ChainError::BlockGone(4));
    assert_eq!(chain.submit_after(me, nowhere, &[0; 4], &other), gone);
    let missing = Err(ChainError::NoContract(nowhere));
    assert_eq!(chain.submit_after(me, nowhere, &[0; 4], &start), missing);
    let reads = [(nowhere, vec![0; 4])];
    let answer = chain.read_all_at(&other, me, &reads);
    assert_eq!(answer, Err(ChainError::BlockGone(4)));
    let answer = chain.read_all_at(&start, me, &reads);
    assert_eq!(answer, Err(ChainError::NoContract(nowhere)));
}

#[test]
fn a_message_without_end_is_stopped_and_the_chain_goes_on() {
    let (_devchain, mut chain) = served(None, None);
    let code = wat::parse_str(ENDLESS).unwrap();
    let hash = chain.upload(ALICE.into(), &code).unwrap();
    let made = chain.instantiate(ALICE.into(), hash, &[], &[]).unwrap();
    assert_eq!(
        chain.submit(ALICE.into(), made.address, &[]),
        Err(ChainError::OutOfGas)
    );
    assert_eq!(chain.advance(1), Ok(2));
}

#[test]
fn blocks_pass_by_themselves() {
    let (_devchain, chain) = served(Some(Duration::from_millis(5)), None);
    let start = Instant::now();
    while chain.block().unwrap() < 5 {
        assert!(start.elapsed() < TIMEOUT);
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn changes_are_saved() {
    let (sender, saved) = mpsc::channel();
    let keep: Keep = Box::new(move |state| {
        sender.send(state.clone()).unwrap();
        Ok(())
    });
    let (_devchain, mut chain) = served(None, Some(keep));
    chain.advance(8).unwrap();
    let mut last = saved.recv_timeout(TIMEOUT).unwrap();
    if SandboxChain::begin_from(&last).block() == Ok(1) {
        last = saved.recv_timeout(TIMEOUT).unwrap();
    }
    assert_eq!(SandboxChain::begin_from(&last).block(), Ok(9));
}

#[test]
fn noise_ends_its_own_connection_and_nothing_else() {
    let (devchain, chain) = served(None, None);
    let connect = || TcpStream::connect(devchain.address()).unwrap();
    // Announces more than the limit.
    let mut greedy = connect();
    greedy.write_all(&[255; 4]).unwrap();
    assert_eq!(greedy.read(&mut [0; 8]).unwrap_or(0), 0, "it is closed");
    // Announces more than it sends, and leaves.
    connect().write_all(&[100, 0, 0, 0, 1]).unwrap();
    // A frame that holds no request is answered with an error.
    let mut rambling = connect();
    protocol::send(&mut rambling, &[1, 200, 200]).unwrap();
    let answer = protocol::receive(&mut rambling, protocol::MAX_ANSWER).unwrap();
    assert_eq!(answer.first(), Some(&1), "an error");
    // Many idle clients do not block others.
    let crowd: Vec<_> = (0..200).map(|_| connect()).collect();
    assert_eq!(client(&devchain).block(), Ok(1));
    assert_eq!(chain.block(), Ok(1));
    drop(crowd);
}

#[test]
fn a_failing_runtime_brings_back_the_last_checkpoint() {
    let mut hosted = hosted();
    hosted.chain.advance(3);
    hosted.changed = true;
    assert!(hosted.renew().is_some());
    assert!(hosted.renew().is_none(), "nothing happened since");
    hosted.chain.advance(10);
    let failed = hosted.protected::<()>(|chain| {
        chain.advance(1);
        panic!("the runtime fails");
    });
    assert_eq!(failed, Err(4));
    let block = hosted.protected(|chain| (chain.block(), false));
    assert_eq!(block, Ok(Ok(4)));
}

#[test]
fn events_come_in_pages_that_make_up_the_whole() {
    let event = |block: u32| inktensor_client::chain::ContractEvent {
        block,
        contract: ALICE.into(),
        topics: Vec::new(),
        data: vec![7; 300_000],
    };
    let mut state = SandboxChain::new().state();
    state.add_events((1..=9).map(event));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        block_time: None,
        keep: None,
        problem: Box::new(|problem| panic!("{problem}")),
    };
    let chain = SandboxChain::begin_from(&state);
    assert!(!page(&chain, 0, 0).unwrap().last);
    let devchain = Devchain::start(listener, chain, &contracts(), settings).unwrap();
    let found = client(&devchain).events(3).unwrap();
    let blocks: Vec<u32> = found.iter().map(|event| event.block).collect();
    assert_eq!(blocks, (3..=9).collect::<Vec<_>>());
}

/// Requests of all kinds, with senseless contents.
fn nonsense() -> impl Strategy<Value = Request> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..64);
    let who = || (0u8..4).prop_map(|it| AccountId::from([it; 32]));
    let block =
        || (any::<u32>(), any::<[u8; 32]>()).prop_map(|(number, hash)| BlockId { number, hash });
    prop_oneof![
        Just(Request::Genesis),
        Just(Request::Block),
        Just(Request::Best),
        (block(), any::<u32>()).prop_map(|(of, number)| Request::Ancestor { of, number }),
        (block(), block()).prop_map(|(of, block)| Request::Includes { of, block }),
        (prop::option::of(block()), who(), who(), bytes()).prop_map(|(at, caller, to, input)| {
            Request::Read {
                at,
                caller,
                to,
                input,
            }
        }),
        (who(), who(), bytes(), prop::option::of(block())).prop_map(
            |(signer, to, input, after)| Request::Submit {
                signer,
                to,
                input,
                after,
            }
        ),
        (who(), bytes()).prop_map(|(signer, code)| Request::Upload { signer, code }),
        (who(), any::<[u8; 32]>(), bytes(), bytes()).prop_map(
            |(signer, code_hash, input, salt)| Request::Instantiate {
                signer,
                code_hash,
                input,
                salt
            }
        ),
        any::<[u8; 32]>().prop_map(Request::Code),
        who().prop_map(Request::CodeHash),
        (any::<u32>(), any::<u32>()).prop_map(|(from, skip)| Request::Events { from, skip }),
        Just(Request::Contracts),
        any::<u32>().prop_map(Request::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn nonsense_is_answered_and_the_runtime_does_not_fail(requests in prop::collection::vec(nonsense(), 1..40)) {
        let mut hosted = hosted();
        for request in requests {
            let answered = hosted.protected(|chain| perform(chain, &[], request));
            prop_assert!(answered.is_ok());
        }
    }
}
