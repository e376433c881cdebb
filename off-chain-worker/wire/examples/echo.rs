//! A receiver that answers with the body, for trying clients in other languages.
//!
//! ```sh
//! cargo run -p inktensor-wire --example echo
//! ```
//!
//! It prints one line of JSON, with all that the clients in `e2e-tests/wire-clients` read, and
//! serves until its input ends. The keys are those of `docs/wire.md`: never use them elsewhere.

use inktensor_primitives::{hash::hex, ss58::ss58, NetUid, Rao, Uid};
use inktensor_wire::{
    Admitted, Caller, Guests, Hotkey, Identity, Limits, Media, Path, Response, Roster, Server,
    Service,
};
use std::{
    collections::{HashMap, HashSet},
    error::Error,
    io::Read,
};
use subxt_signer::sr25519::Keypair;

/// The seed of the receiver's hotkey.
const RECEIVER: [u8; 32] = [1; 32];
/// The seed of the caller's hotkey.
const CALLER: [u8; 32] = [2; 32];
const HOME: [u8; 32] = [9; 32];
const NETUID: u16 = 1;
const EPOCH: u32 = 41;
/// The generation of the caller's seat.
const BY: u32 = 7;
/// The generation of the receiver's seat.
const SEAT: u32 = 19;

struct Echo;

impl Service for Echo {
    fn limit(&self, path: &Path) -> Option<usize> {
        (path.as_str() == "/v1/ask").then_some(64 * 1024)
    }

    async fn answer(&self, _: &Caller, _: &Path, body: Vec<u8>) -> Response {
        Response::ok(Media::Json, body)
    }

    fn hello(&self) -> Vec<u8> {
        br#"{"task":"echo/1"}"#.to_vec()
    }
}

/// Returns the receiver, and the line that a client reads.
fn receiver() -> Result<(Server, serde_json::Value), Box<dyn Error>> {
    let receiver = Hotkey::new(Keypair::from_secret_key(RECEIVER)?);
    let caller = Hotkey::new(Keypair::from_secret_key(CALLER)?);
    let identity = Identity::make()?;
    let line = serde_json::json!({
        "pin": hex(&identity.pin().0),
        "home": hex(&HOME),
        "netuid": NETUID,
        "epoch": EPOCH,
        "by": BY,
        "seat": SEAT,
        "receiver": ss58(&receiver.account()),
        "caller": ss58(&caller.account()),
        "seed": hex(&CALLER),
        "task": "echo/1",
        "question": { "text": "a voyage" },
        "answer": { "text": "a voyage" },
    });
    let admitted = Admitted {
        uid: Some(Uid(0)),
        generation: Some(BY),
        stake: Rao(1),
    };
    let server = Server {
        address: ([127, 0, 0, 1], 0).into(),
        hotkey: receiver,
        identity: Some(identity),
        roster: Roster {
            home: HOME,
            netuid: NetUid(NETUID),
            seat: SEAT,
            callers: HashMap::from([(caller.account(), admitted)]),
            denied: HashSet::new(),
            guests: Guests::Refused,
        },
        // The keys are of this example: no question to an earlier process is of worth.
        limits: Limits {
            quiet: 0,
            ..Limits::default()
        },
        blobs: None,
        mark: None,
    };
    Ok((server, line))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (server, mut line) = receiver()?;
    let running = server.start(Echo).await?;
    line["port"] = running.address().port().into();
    println!("{line}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    running.stop().await;
    Ok(())
}
