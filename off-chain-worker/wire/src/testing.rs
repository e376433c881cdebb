//! Keys, questions, servers and folders of this crate's tests.

use crate::{
    fields::{write_question, Asked},
    server::seconds,
    signature::sha256,
    Admitted, Caller, Client, ClientLimits, Context, Endpoint, Exchange, Guests, Hotkey, Identity,
    Limits, Media, Page, Path as Target, Response, Roster, Running, Server, Service, SignedRequest,
};
use inktensor_primitives::{registry::Host, AccountId, Digest, NetUid, Rao, Uid};
use std::{
    collections::{HashMap, HashSet},
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use subxt_signer::sr25519::Keypair;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

pub const HOME: Digest = [9; 32];
/// The generation of the caller's seat.
pub const BY: u32 = 7;
/// The generation of the receiver's seat.
pub const SEAT: u32 = 19;
/// Far above any wait of a test that passes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that is removed with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("inktensor-wire-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn hotkey(number: u8) -> Hotkey {
    Hotkey::new(Keypair::from_secret_key([number; 32]).unwrap())
}

/// The receiver.
pub fn miner() -> Hotkey {
    hotkey(1)
}

/// The caller.
pub fn validator() -> Hotkey {
    hotkey(2)
}

pub fn context() -> Context {
    Context {
        home: HOME,
        netuid: NetUid(1),
        epoch: 41,
        by: Some(BY),
        to: miner().account(),
        seat: SEAT,
    }
}

pub fn path(text: &str) -> Target {
    Target::new(text).unwrap()
}

pub fn asked(body: &[u8]) -> Asked {
    static NONCE: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&NONCE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let created = seconds();
    Asked {
        path: path("/v1/ask"),
        media: Media::Json,
        body: sha256(body),
        context: context(),
        created,
        expires: created + 20,
        nonce,
    }
}

/// A question of the validator to the miner.
pub fn question(body: &[u8]) -> SignedRequest {
    SignedRequest::sign(&validator(), asked(body)).unwrap()
}

/// The head of a request, without the line that ends it.
pub fn head(question: &SignedRequest, length: usize) -> String {
    let mut head = format!("POST {} HTTP/1.1\r\nHost: m0.localhost\r\n", question.path);
    head.push_str(&format!("Content-Length: {length}\r\n"));
    for (name, value) in write_question(question) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

/// A whole request, after which the connection closes.
pub fn text(question: &SignedRequest, body: &str) -> String {
    format!(
        "{}Connection: close\r\n\r\n{body}",
        head(question, body.len())
    )
}

/// Connects from another address of this machine.
pub async fn connect_from(source: [u8; 4], address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(address).await.unwrap()
}

/// Sends bytes, and returns all that follows up to the end of the connection.
pub async fn send(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

pub async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset after its answer has answered.
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the connection does not end");
    String::from_utf8(bytes).unwrap()
}

pub fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1);
    code.unwrap_or_else(|| panic!("no status in {answer:?}"))
        .parse()
        .unwrap()
}

pub fn is_signed(answer: &str) -> bool {
    answer.contains("\r\nsignature: a=:")
}

pub fn roster(callers: &[(AccountId, u64)]) -> Roster {
    let admitted = |(number, (hotkey, stake)): (usize, &(AccountId, u64))| {
        let admitted = Admitted {
            uid: Some(Uid(u16::try_from(number).unwrap())),
            generation: Some(BY),
            stake: Rao(*stake),
        };
        (*hotkey, admitted)
    };
    Roster {
        home: HOME,
        netuid: NetUid(1),
        seat: SEAT,
        callers: callers
            .iter()
            .enumerate()
            .map(admitted)
            .collect::<HashMap<_, _>>(),
        denied: HashSet::new(),
        guests: Guests::Refused,
    }
}

/// Limits of a server of which no earlier process has served.
pub fn limits() -> Limits {
    Limits {
        quiet: 0,
        connects_per_address: 1000,
        reads_per_address: 1000,
        ..Limits::default()
    }
}

/// A service that answers with the body, slowly at `/v1/slow`.
pub struct Echo;

impl Service for Echo {
    fn limit(&self, path: &Target) -> Option<usize> {
        match path.as_str() {
            "/v1/ask" | "/v1/slow" => Some(1024 * 1024),
            "/v1/probe" => Some(16),
            _ => None,
        }
    }

    async fn answer(&self, caller: &Caller, path: &Target, body: Vec<u8>) -> Response {
        if path.as_str() == "/v1/slow" {
            sleep(PATIENCE).await;
        }
        if body == b"refuse" {
            return Response::refuse(422, "no such question");
        }
        if body == b"who" {
            let text = format!("{:?} {} {}", caller.uid, caller.stake.0, caller.guest);
            return Response::ok(Media::Text, text.into_bytes());
        }
        Response::ok(Media::Octets, body)
    }

    fn hello(&self) -> Vec<u8> {
        br#"{"task":"echo/1"}"#.to_vec()
    }

    fn page(&self, path: &Target) -> Option<Page> {
        (path.as_str() == "/v1/evidence/41").then(|| Page::Bytes {
            media: Media::Octets,
            body: b"evidence".to_vec(),
        })
    }
}

/// A server of the miner that is not started.
pub fn server(limits: Limits) -> Server {
    Server {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        hotkey: miner(),
        identity: None,
        roster: roster(&[(validator().account(), 1)]),
        limits,
        blobs: None,
        mark: None,
    }
}

pub async fn serve(limits: Limits) -> Running {
    server(limits).start(Echo).await.unwrap()
}

pub fn endpoint(address: SocketAddr, identity: Option<&Identity>) -> Endpoint {
    Endpoint {
        host: Host::Name("m0.localhost".into()),
        port: address.port(),
        tls: identity.map(Identity::pin),
    }
}

pub fn client() -> Client {
    Client::new(validator(), ClientLimits::default(), true)
}

/// Asks the miner at `/v1/ask`.
pub async fn ask(
    client: &Client,
    endpoint: &Endpoint,
    body: &[u8],
    deadline: Duration,
) -> Exchange {
    let (context, path) = (context(), path("/v1/ask"));
    let asked = client.ask(
        endpoint,
        &context,
        &path,
        Media::Json,
        body.to_vec(),
        deadline,
    );
    asked.await.unwrap()
}
