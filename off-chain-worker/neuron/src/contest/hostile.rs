//! Miners that stall, or send more than a model.

use super::{entries::epoch, show::Miner};
use crate::{evidence::seeds::Round, fetch::limits};
use inktensor_contest::{Entry, Opening, Pledge};
use inktensor_primitives::{hash::blake2, registry::Host, NetUid};
use inktensor_task::Seat;
use inktensor_wire::{Blobs, Client, Endpoint, Hotkey};
use scale::Encode;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};
use subxt_signer::sr25519::Keypair;
use tokio::runtime::{Builder, Runtime};

/// A model, as far as a transfer is concerned.
const MODEL: &[u8] = b"a model of few bytes";

/// Answers every request by `answer`. Returns the endpoint.
fn serving(answer: fn(&mut TcpStream, &str) -> std::io::Result<()>) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
                let target = head.next().unwrap().unwrap();
                while head.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                // The client leaves when it has enough.
                let _ = answer(&mut stream, &target);
            });
        }
    });
    Endpoint {
        host: Host::V4([127, 0, 0, 1]),
        port,
        tls: None,
    }
}

fn head(stream: &mut TcpStream, length: u64) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Sends a byte now and then, and never the last one.
fn stall(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    head(stream, 20)?;
    for _ in 0..19 {
        stream.write_all(b"a")?;
        stream.flush()?;
        thread::sleep(Duration::from_millis(300));
    }
    thread::sleep(Duration::from_secs(60));
    Ok(())
}

/// Names ten gibibytes and sends them.
fn flood(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    head(stream, 10 << 30)?;
    let piece = vec![0; 1 << 16];
    loop {
        stream.write_all(&piece)?;
    }
}

/// Shows opening and model as an honest miner does.
fn honest(stream: &mut TcpStream, target: &str) -> std::io::Result<()> {
    let body = match target.contains("/v1/opening") {
        true => opening().encode(),
        false => MODEL.to_vec(),
    };
    head(stream, body.len() as u64)?;
    stream.write_all(&body)
}

fn opening() -> Opening {
    Opening {
        model: blake2(MODEL),
        salt: [7; 32],
    }
}

struct Scene {
    runtime: Runtime,
    folder: PathBuf,
    miner: Miner,
}

impl Scene {
    fn new(name: &str, endpoint: Endpoint) -> Self {
        let name = format!("inktensor-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let hotkey = Hotkey::new(Keypair::from_secret_key([1; 32]).unwrap());
        let round = Round::new(100, 40).unwrap();
        let subnet = epoch([1; 32], NetUid(3), 7, round).subnet;
        let seat = Seat {
            uid: 5,
            generation: 6,
        };
        let entry = Entry {
            block: 10,
            seat,
            pledge: Pledge::sealed(&subnet, seat, &opening()),
        };
        Self {
            runtime: Builder::new_multi_thread().enable_all().build().unwrap(),
            miner: Miner {
                client: Arc::new(Client::new(hotkey, Default::default(), true)),
                blobs: Arc::new(Blobs::at(&folder, limits()).unwrap()),
                subnet,
                entry,
                endpoint: Some(endpoint),
                window: Duration::from_secs(2),
            },
            folder,
        }
    }

    /// Returns the opening that the miner shows, and true if its model is here afterwards.
    fn shown(&self) -> (Option<Opening>, bool) {
        let (miner, model) = (&self.miner, opening().model);
        let shown = self.runtime.block_on(async {
            let shown = miner.opening(None, miner.until()).await;
            miner.model(&model, miner.until()).await.unwrap();
            shown
        });
        (shown, miner.blobs.contains(&model))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn honest_miner_shows_opening_and_model() {
    let scene = Scene::new("honest", serving(honest));
    assert_eq!(scene.shown(), (Some(opening()), true));
}

/// Both end with the window, or this test does not end.
#[test]
fn miners_that_stall_or_flood_show_nothing() {
    for (name, answer) in [("stall", stall as fn(&mut _, &_) -> _), ("flood", flood)] {
        let scene = Scene::new(name, serving(answer));
        assert_eq!(scene.shown(), (None, false), "{name}");
        let left: u64 = fs::read_dir(&scene.folder)
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert_eq!(left, 0, "{name}");
    }
}

#[test]
fn opening_that_is_known_is_not_asked_for() {
    let mut scene = Scene::new("known", serving(stall));
    scene.miner.endpoint = None;
    let miner = &scene.miner;
    let shown = |known| {
        let shown = miner.opening(known, miner.until());
        scene.runtime.block_on(shown)
    };
    assert_eq!(shown(Some(opening())), Some(opening()));
    let mut other = opening();
    other.salt[0] ^= 1;
    assert_eq!(shown(Some(other)), None);
}
