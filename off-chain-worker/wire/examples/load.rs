//! Load on a receiver: signed questions at a fixed rate, without and with a flood of unsigned ones.
//!
//! ```sh
//! cargo run --release -p inktensor-wire --example load
//! ```
//!
//! The receiver is a process of its own, on one core if `taskset` is there. It answers a task
//! without work, with its usual limits but for the rates of callers. First it speaks plain HTTP,
//! without a mark and without the quiet time after a start. Then it runs as a service does: TLS,
//! mark and quiet time, and each connection of the flood is a handshake. The flood is a process
//! of its own as well, so that it takes no time from the one that signs and sends: this one. Each
//! row has the rate that was offered and the one that was answered with a signature, the time of
//! answers, and the receiver's CPU time.

#[path = "load/tls.rs"]
mod tls;

use inktensor_primitives::{hash::hex, registry::Host, NetUid, Rao, Uid};
use inktensor_wire::{
    Admitted, Caller, Client, ClientLimits, Context, Endpoint, Guests, Hotkey, Identity, Limits,
    Mark, Media, Outcome, Path, Pin, Response, Roster, Server, Service,
};
use rustls::pki_types::ServerName;
use std::{
    collections::{HashMap, HashSet},
    env,
    error::Error,
    ffi::OsStr,
    fs,
    io::Read,
    net::{Ipv4Addr, SocketAddr},
    path::Path as FilePath,
    process::{self, Child, Command, Stdio},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex,
    },
    time::{Duration, Instant},
};
use subxt_signer::sr25519::Keypair;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpSocket,
    task::JoinSet,
    time::{interval, sleep, MissedTickBehavior},
};
use tokio_rustls::TlsConnector;

/// Signed questions a second.
const SIGNED: u64 = 2000;
/// Unsigned requests a second.
const FLOOD: u64 = 20_000;
/// The unsigned request.
const BARE: &[u8] = b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
/// Connections of the flood at a time, each from an address of its own.
const FLOODERS: u64 = 100;
/// Time of each row.
const ROW: Duration = Duration::from_secs(10);
/// The step of the clock that sends.
const TICK: Duration = Duration::from_millis(5);
/// Microseconds of a clock tick of Linux.
const CLOCK_TICK: u64 = 10_000;
const HOME: [u8; 32] = [9; 32];

type Failure = Box<dyn Error + Send + Sync>;

struct NoWork;

impl Service for NoWork {
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

fn hotkey(number: u8) -> Result<Hotkey, Failure> {
    Ok(Hotkey::new(Keypair::from_secret_key([number; 32])?))
}

/// The way in which the receiver runs.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Plain HTTP.
    Plain,
    /// Plain HTTP, and any number of connections a second.
    PlainOpen,
    /// As services run: TLS, a mark and a quiet time.
    Tls,
    /// As services run, but any number of connections and handshakes a second.
    TlsOpen,
}

impl Mode {
    const ALL: [(&'static str, Self); 4] = [
        ("plain", Self::Plain),
        ("plain-open", Self::PlainOpen),
        ("tls", Self::Tls),
        ("tls-open", Self::TlsOpen),
    ];

    fn of(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(it, _)| *it == name);
        found.map(|(_, mode)| *mode)
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::Tls | Self::TlsOpen)
    }

    fn is_open(self) -> bool {
        matches!(self, Self::PlainOpen | Self::TlsOpen)
    }
}

/// A receiver to ask.
#[derive(Clone, Copy)]
struct At {
    address: SocketAddr,
    pin: Option<Pin>,
}

/// Serves until the input ends. `folder` keeps certificate and mark.
async fn serve(mode: Mode, folder: &FilePath) -> Result<(), Failure> {
    let usual = Limits::default();
    let any = |rate| if mode.is_open() { 100_000 } else { rate };
    let limits = Limits {
        quiet: if mode.has_tls() { usual.quiet } else { 0 },
        floor: 100_000,
        works: 512,
        connects_per_address: any(usual.connects_per_address),
        handshakes: any(usual.handshakes),
        ..usual
    };
    let (identity, mark) = if mode.has_tls() {
        let identity = Identity::load_or_make(&folder.join("tls.pem"))?;
        let mark = Mark::open(&folder.join("accepted"))?;
        (Some(identity), Some(Arc::new(mark)))
    } else {
        (None, None)
    };
    let pin = identity.as_ref().map(Identity::pin);
    let admitted = Admitted {
        uid: Some(Uid(0)),
        generation: Some(7),
        stake: Rao(1),
    };
    let server = Server {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        hotkey: hotkey(1)?,
        identity,
        roster: Roster {
            home: HOME,
            netuid: NetUid(1),
            seat: 19,
            callers: HashMap::from([(hotkey(2)?.account(), admitted)]),
            denied: HashSet::new(),
            guests: Guests::Refused,
        },
        limits,
        blobs: None,
        mark,
    };
    let running = server.start(NoWork).await?;
    let pin = pin.map_or_else(String::new, |pin| hex(&pin.0));
    println!("{} {pin}", running.address());
    let input = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(input).await??;
    println!("{:?}", running.counts());
    Ok(())
}

/// The signed questions of a row.
#[derive(Default)]
struct Asked {
    sent: AtomicU64,
    answered: AtomicU64,
    millis: Mutex<Vec<u128>>,
    other: Mutex<HashMap<String, u64>>,
}

/// Asks at a fixed rate for the time of a row.
async fn ask(at: At, clients: Arc<Vec<Client>>) -> Result<Arc<Asked>, Failure> {
    let asked = Arc::new(Asked::default());
    let context = Context {
        home: HOME,
        netuid: NetUid(1),
        epoch: 41,
        by: Some(7),
        to: hotkey(1)?.account(),
        seat: 19,
    };
    let endpoint = Endpoint {
        host: Host::V4([127, 0, 0, 1]),
        port: at.address.port(),
        tls: at.pin,
    };
    let path = Path::new("/v1/ask")?;
    let mut tasks = JoinSet::new();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let start = Instant::now();
    let each = SIGNED * u64::try_from(TICK.as_millis())? / 1000;
    while start.elapsed() < ROW {
        ticks.tick().await;
        for _ in 0..each {
            let number = asked.sent.fetch_add(1, Ordering::Relaxed);
            let (asked, clients) = (Arc::clone(&asked), Arc::clone(&clients));
            let (endpoint, path) = (endpoint.clone(), path.clone());
            tasks.spawn(async move {
                let place = usize::try_from(number).unwrap_or(0) % clients.len();
                let Some(client) = clients.get(place) else {
                    return;
                };
                let begun = Instant::now();
                let (body, deadline) = (b"{\"text\":\"hello\"}".to_vec(), Duration::from_secs(5));
                let sent = client.ask(&endpoint, &context, &path, Media::Json, body, deadline);
                let outcome = match sent.await {
                    Ok(exchange) => match exchange.outcome {
                        Outcome::Signed(_) => {
                            asked.answered.fetch_add(1, Ordering::Relaxed);
                            if let Ok(mut millis) = asked.millis.lock() {
                                millis.push(begun.elapsed().as_micros());
                            }
                            return;
                        }
                        Outcome::Refused(refusal) => format!("refused with {}", refusal.status),
                        Outcome::Unsigned { status } => format!("unsigned {status}"),
                        Outcome::Silent { .. } => exchange
                            .cause
                            .map_or_else(String::new, |cause| cause.to_string()),
                    },
                    Err(problem) => problem.to_string(),
                };
                if let Ok(mut other) = asked.other.lock() {
                    *other.entry(outcome).or_default() += 1;
                }
            });
        }
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
    Ok(asked)
}

/// Sends one unsigned request, and reads what follows.
async fn bare(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.write_all(BARE).await;
    let mut answer = [0; 256];
    let _ = stream.read(&mut answer).await;
}

/// Sends unsigned requests from one address, and counts them.
async fn flooder(
    address: SocketAddr,
    tls: Option<TlsConnector>,
    number: u64,
    sent: Arc<AtomicU64>,
) {
    let low = u8::try_from(number % 250).unwrap_or(0).saturating_add(2);
    let source = SocketAddr::from(([127, 0, 1, low], 0));
    let pause = Duration::from_micros(1_000_000 * FLOODERS / FLOOD);
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        ticks.tick().await;
        let Ok(socket) = TcpSocket::new_v4() else {
            continue;
        };
        if socket.bind(source).is_err() {
            continue;
        }
        sent.fetch_add(1, Ordering::Relaxed);
        if let Ok(stream) = socket.connect(address).await {
            // Closed by a reset, so that ports are free again at once.
            let _ = stream.set_zero_linger();
            match &tls {
                None => bare(stream).await,
                Some(tls) => {
                    let name = ServerName::from(address.ip());
                    if let Ok(stream) = tls.connect(name, stream).await {
                        bare(stream).await;
                    }
                }
            }
        }
    }
}

/// Sends unsigned requests from many addresses until the input ends, and prints how many a second.
async fn flood(address: SocketAddr, tls: Option<TlsConnector>) -> Result<(), Failure> {
    let sent = Arc::new(AtomicU64::new(0));
    let mut flooders = JoinSet::new();
    for number in 0..FLOODERS {
        flooders.spawn(flooder(address, tls.clone(), number, Arc::clone(&sent)));
    }
    let start = Instant::now();
    let input = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(input).await??;
    let millis = u64::try_from(start.elapsed().as_millis())?.max(1);
    println!("{}", sent.load(Ordering::Relaxed) * 1000 / millis);
    flooders.abort_all();
    Ok(())
}

/// Returns the CPU time of a process in clock ticks.
fn cpu(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |place: usize| fields.get(place)?.parse::<u64>().ok();
    field(11)?.checked_add(field(12)?)
}

async fn row(name: &str, at: At, process: u32, signed: bool, floods: bool) -> Result<(), Failure> {
    let clients: Result<Vec<Client>, Failure> = (0..4)
        .map(|_| Ok(Client::new(hotkey(2)?, ClientLimits::default(), true)))
        .collect();
    let clients = Arc::new(clients?);
    let flood = if floods {
        let way = if at.pin.is_some() { "tls" } else { "plain" };
        let flood = child(&["flood", &at.address.to_string(), way], None)?;
        sleep(Duration::from_secs(1)).await;
        Some(flood)
    } else {
        None
    };
    let (before, start) = (cpu(process).unwrap_or(0), Instant::now());
    let asked = if signed {
        ask(at, clients).await?
    } else {
        sleep(ROW).await;
        Arc::default()
    };
    let seconds = start.elapsed().as_secs_f64();
    let used = cpu(process).unwrap_or(0).saturating_sub(before);
    let flooded: u64 = match flood {
        Some(flood) => end(flood)?.trim().parse()?,
        None => 0,
    };
    let rate = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX)) / seconds;
    let mut micros = asked
        .millis
        .lock()
        .map_err(|_| "a task has failed")?
        .clone();
    micros.sort_unstable();
    let part = |tenths: usize| {
        micros
            .get(micros.len() * tenths / 1000)
            .copied()
            .unwrap_or(0)
    };
    // Of a busy machine only the time of the receiver's own work says something.
    let events = rate(asked.answered.load(Ordering::Relaxed)) + f64::from(u32::try_from(flooded)?);
    let micros_each = rate(used.saturating_mul(CLOCK_TICK)) / events;
    println!(
        "{name}: offered {:.0}/s, answered {:.0}/s, flood {}/s, median {} us, 99 % {} us; \
         receiver: {:.0} % of a core, {micros_each:.0} us of CPU time each",
        rate(asked.sent.load(Ordering::Relaxed)),
        rate(asked.answered.load(Ordering::Relaxed)),
        flooded,
        part(500),
        part(990),
        rate(used),
    );
    for (outcome, number) in asked.other.lock().map_err(|_| "a task has failed")?.iter() {
        println!("    {number} times: {outcome}");
    }
    Ok(())
}

/// Starts this program with other arguments, on `core` if it is given.
fn child(arguments: &[&str], core: Option<&str>) -> Result<Child, Failure> {
    let program = env::current_exe()?;
    let mut command = Command::new(core.map_or(program.as_os_str(), |_| OsStr::new("taskset")));
    if let Some(core) = core {
        command.args(["-c", core]).arg(&program);
    }
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    Ok(command.spawn()?)
}

/// Ends the input of a process, waits for it and returns the rest of its output.
fn end(mut child: Child) -> Result<String, Failure> {
    drop(child.stdin.take());
    let mut output = String::new();
    if let Some(mut from) = child.stdout.take() {
        from.read_to_string(&mut output)?;
    }
    child.wait()?;
    Ok(output)
}

/// Reads the first line of a process, byte by byte, so that the rest stays.
fn first_line(child: &mut Child) -> Result<String, Failure> {
    let from = child.stdout.as_mut().ok_or("no output")?;
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte)? == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    Ok(String::from_utf8(line)?)
}

/// Starts the receiver, on one core if that is possible.
fn receiver(mode: &str, folder: &str) -> Result<Child, Failure> {
    child(&["serve", mode, folder], Some("0")).or_else(|_| {
        println!("no taskset: the receiver is not bound to one core");
        child(&["serve", mode, folder], None)
    })
}

/// Reads the line that a receiver prints when it listens.
fn listening(line: &str) -> Result<At, Failure> {
    let (address, pin) = line.split_once(' ').ok_or("no address")?;
    let pin = match pin {
        "" => None,
        pin => Some(Pin(unhex(pin).ok_or("no hash of a certificate")?)),
    };
    Ok(At {
        address: address.parse()?,
        pin,
    })
}

/// Returns 32 bytes of their digits.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        let start = place.checked_mul(2)?;
        let digits = text.get(start..start.checked_add(2)?)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", mode, folder] => {
            let mode = Mode::of(mode).ok_or("no such mode")?;
            return serve(mode, FilePath::new(folder)).await;
        }
        ["flood", address, way] => {
            let tls = (way == "tls").then(tls::any_certificate).transpose()?;
            return flood(address.parse()?, tls).await;
        }
        _ => {}
    }
    let seconds = ROW.as_secs();
    println!("{SIGNED} signed questions a second are offered, for {seconds} s each");
    let folder = env::temp_dir().join(format!("inktensor-load-{}", process::id()));
    fs::create_dir_all(&folder)?;
    for (mode, way) in Mode::ALL {
        let mut serves = receiver(mode, &folder.display().to_string())?;
        let at = listening(&first_line(&mut serves)?)?;
        // Up to then a receiver that runs as a service refuses what is signed.
        sleep(Duration::from_secs(if way.has_tls() { 4 } else { 0 })).await;
        let process = serves.id();
        let limits = if way.is_open() {
            "each request parsed"
        } else {
            "with the usual limits"
        };
        row(&format!("{mode}, no flood"), at, process, true, false).await?;
        let name = format!("{mode}, flood, {limits}");
        row(&format!("{name}, alone"), at, process, false, true).await?;
        row(&name, at, process, true, true).await?;
        print!("{}", end(serves)?);
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}
