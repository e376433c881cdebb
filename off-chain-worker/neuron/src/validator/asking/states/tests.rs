//! A miner that serves its state byte by byte, beside an honest one.

use super::*;
use crate::{
    clock, fetch,
    fold::course,
    store::{Owner, Store},
};
use inktensor_primitives::{hash::blake2, registry::Host, NetUid};
use inktensor_wire::Hotkey;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
    time::Instant,
};
use subxt_signer::sr25519::Keypair;
use tokio::runtime::Builder;

/// Bytes of each state.
const BYTES: usize = 4_000;

/// Serves a state at every path, with a pause after each byte or at once.
fn serving(state: Vec<u8>, pause: Option<Duration>) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = BufReader::new(&stream).lines();
            while head
                .next()
                .is_some_and(|it| it.is_ok_and(|it| !it.is_empty()))
            {}
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let step = pause.map_or(BYTES, |_| 1);
            for part in state.chunks(step) {
                // The validator leaves when the window ends.
                if stream.write_all(part).is_err() {
                    break;
                }
                pause.into_iter().for_each(thread::sleep);
            }
        }
    });
    Endpoint {
        host: Host::Name("localhost".into()),
        port,
        tls: None,
    }
}

#[test]
fn a_state_that_comes_byte_by_byte_ends_with_the_window_and_delays_no_other() {
    let folder = std::env::temp_dir().join(format!("inktensor-slow-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let owner = Owner {
        genesis: [1; 32],
        registry: [2; 32].into(),
        netuid: NetUid(1),
        hotkey: [3; 32].into(),
    };
    let store = Arc::new(Store::open(&folder, owner, &course::TABLES).unwrap());
    let blobs = Arc::new(Blobs::at(&folder.join("blobs"), fetch::limits()).unwrap());
    let hotkey = Hotkey::new(Keypair::from_secret_key([1; 32]).unwrap());
    let client = Client::new(hotkey, Default::default(), true);
    let ends_at = clock::now() + 8;
    let begun = Instant::now();
    let fetched = |byte: u8, pause: Option<Duration>| {
        let state = vec![byte; BYTES];
        let hash = blake2(&state);
        let fetch = Fetch {
            blobs: Arc::clone(&blobs),
            store: Arc::clone(&store),
            epoch: 9,
            most: BYTES,
            end: Some(hash),
            ends_at,
        };
        let (endpoint, client) = (serving(state, pause), &client);
        async move {
            let turn = Semaphore::new(1);
            let silent = Outcome::Silent { millis: 0 };
            let ended = fetch.run(client, &endpoint, &silent, &turn).await;
            assert!(ended.is_ok());
            (hash, begun.elapsed())
        }
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let slow = fetched(1, Some(Duration::from_millis(20)));
    let honest = fetched(2, None);
    let (slow, honest) = runtime.block_on(async { tokio::join!(slow, honest) });
    assert!(!blobs.contains(&slow.0) && blobs.contains(&honest.0));
    // The whole state would take 80 s.
    assert!(slow.1 < Duration::from_secs(40), "{:?}", slow.1);
    assert!(honest.1 < slow.1, "{:?}, {:?}", honest.1, slow.1);
    fs::remove_dir_all(folder).unwrap();
}
