//! A chain that several processes share: one [`SandboxChain`], served over TCP to
//! [`RemoteChain`](crate::remote::RemoteChain)s.
//!
//! # Use
//! For development and tests. There is **no access control**: whoever can connect can sign as
//! anyone, put code on the chain and let blocks pass. So it is meant for addresses of the own
//! machine.
//!
//! # Design
//! One thread per connection reads frames; one request at a time is answered against the chain.
//! Blocks pass by time, or when a client asks for it. What a client sends can end its own
//! connection and nothing else: frames have a limit and a deadline, connections that do nothing go
//! first when there are too many, a message has a limit of time, and should the runtime itself
//! fail, the chain goes back to where it was at most about a second before.

mod connections;

use crate::{
    protocol::{self, Page, Request, Timed},
    sandbox::SandboxChain,
    state_file::State,
};
use connections::Connections;
use inktensor_client::{
    chain::{Chain, ChainError},
    deploy::Addresses,
};
use inktensor_primitives::AccountId;
use scale::Encode;
use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    panic::{catch_unwind, AssertUnwindSafe},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A message that takes longer than a whole block of two seconds has no place on any chain.
const MESSAGE_TIME: u64 = 2_000_000_000_000;
/// Most blocks that a client may let pass at once.
pub const MOST_BLOCKS: u32 = 100_000;
/// How long a connection may be without a whole request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a client may take to receive an answer.
const DELIVERY: Duration = Duration::from_secs(10);
/// The shortest time between two times at which the state is kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// Keeping the state takes no more than this part of the time.
const KEEP_SHARE: u32 = 20;
/// A call of contracts among each other is deep.
const STACK: usize = 8 * 1024 * 1024;

/// Receives the state from time to time, and when it is changed. What it returns is a problem to
/// tell.
pub type Keep = Box<dyn FnMut(&State) -> Result<(), String> + Send>;

/// How a chain is served.
pub struct Settings {
    /// Time between two blocks; none if blocks pass only when a client asks for it.
    pub block_time: Option<Duration>,
    /// Where the state is kept, if it is.
    pub keep: Option<Keep>,
    /// Hears of what goes wrong while serving.
    pub problem: Box<dyn Fn(&str) + Send + Sync>,
}

/// A chain that is being served.
pub struct Devchain {
    shared: Arc<Shared>,
    address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    hosted: Mutex<Hosted>,
    contracts: Vec<(String, AccountId)>,
    connections: Connections,
    ending: AtomicBool,
    problem: Box<dyn Fn(&str) + Send + Sync>,
}

struct Hosted {
    chain: SandboxChain,
    /// What to go back to should the runtime fail.
    checkpoint: State,
    /// Whether anything happened since.
    changed: bool,
}

impl Devchain {
    /// Serves `chain`, on which `contracts` are deployed, to whoever connects to `listener`.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(
        listener: TcpListener,
        mut chain: SandboxChain,
        contracts: &Addresses,
        settings: Settings,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        chain.limit_time(MESSAGE_TIME);
        let shared = Arc::new(Shared {
            hosted: Mutex::new(Hosted {
                checkpoint: chain.state(),
                chain,
                changed: true,
            }),
            contracts: contracts
                .named()
                .map(|(name, address)| (name.into(), address))
                .into(),
            connections: Connections::default(),
            ending: AtomicBool::new(false),
            problem: settings.problem,
        });
        let mut devchain = Self {
            shared,
            address,
            threads: Vec::new(),
        };
        let keep = settings.keep;
        devchain.spawn("keep", move |shared| keep_state(shared, keep))?;
        if let Some(block_time) = settings.block_time {
            devchain.spawn("blocks", move |shared| pass_time(shared, block_time))?;
        }
        devchain.spawn("listen", move |shared| listen(shared, &listener))?;
        Ok(devchain)
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce(&Arc<Shared>) + Send + 'static,
    ) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let builder = thread::Builder::new().name(name.into());
        self.threads.push(builder.spawn(move || work(&shared))?);
        Ok(())
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state as it is now.
    pub fn state(&self) -> State {
        self.shared.lock().chain.state()
    }

    /// Serves until the process ends.
    pub fn serve(mut self) {
        for thread in self.threads.drain(..) {
            // A thread that has failed has said why.
            let _ = thread.join();
        }
    }
}

impl Drop for Devchain {
    /// Ends serving. Requests that are being answered still are.
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        self.shared.connections.close();
        // Wakes who waits for connections.
        drop(TcpStream::connect(self.address));
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Hosted> {
        // A failure of the runtime is caught before it gets here, and mended.
        self.hosted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `time`, or until the end. False at the end.
    fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while !self.ending.load(Ordering::Relaxed) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::park_timeout(left);
        }
        false
    }

    fn answer(&self, frame: &[u8]) -> Vec<u8> {
        let request = match Request::parse(frame) {
            Ok(request) => request,
            Err(problem) => return refused(ChainError::Runtime(problem)),
        };
        let answer = self
            .lock()
            .protected(|chain| perform(chain, &self.contracts, request));
        match answer {
            Ok(answer) if answer.len() <= protocol::MAX_ANSWER => answer,
            Ok(answer) => refused(ChainError::OutcomeUnknown(format!(
                "it was carried out, but an answer of {} bytes is longer than any may be",
                answer.len()
            ))),
            Err(block) => {
                let problem = format!("the runtime failed; the chain went back to block {block}");
                (self.problem)(&problem);
                refused(ChainError::Runtime(problem))
            }
        }
    }
}

impl Hosted {
    /// Lets `act` use the chain. If it fails, the chain goes back to its last checkpoint, and the
    /// block of that is the error.
    fn protected<T>(&mut self, act: impl FnOnce(&mut SandboxChain) -> (T, bool)) -> Result<T, u32> {
        // Nothing of the chain is looked at after a failure.
        match catch_unwind(AssertUnwindSafe(|| act(&mut self.chain))) {
            Ok((result, changed)) => {
                self.changed |= changed;
                Ok(result)
            }
            Err(_) => {
                self.chain = SandboxChain::begin_from(&self.checkpoint);
                self.chain.limit_time(MESSAGE_TIME);
                Err(self.chain.block().unwrap_or_default())
            }
        }
    }
}

/// Does what a client asks for. Returns the answer, and whether the chain may have changed.
fn perform(
    chain: &mut SandboxChain,
    contracts: &[(String, AccountId)],
    request: Request,
) -> (Vec<u8>, bool) {
    match request {
        Request::Genesis => (chain.genesis().encode(), false),
        Request::Block => (chain.block().encode(), false),
        Request::Read { caller, to, input } => (chain.read(caller, to, &input).encode(), false),
        Request::Submit { signer, to, input } => (chain.submit(signer, to, &input).encode(), true),
        Request::Upload { signer, code } => (chain.upload(signer, &code).encode(), true),
        Request::Instantiate {
            signer,
            code_hash,
            input,
            salt,
        } => {
            let made = chain.instantiate(signer, code_hash, &input, &salt);
            (made.encode(), true)
        }
        Request::Estimate {
            signer,
            code,
            input,
            salt,
        } => {
            let made = chain.estimate(signer, &code, &input, &salt);
            (made.encode(), false)
        }
        Request::Code(hash) => (chain.code(&hash).encode(), false),
        Request::CodeHash(address) => (chain.code_hash(&address).encode(), false),
        Request::Events { from, skip } => (page(chain, from, skip).encode(), false),
        Request::Contracts => (Ok::<_, ChainError>(contracts).encode(), false),
        Request::Advance(blocks) if blocks > MOST_BLOCKS => {
            let problem = format!("at most {MOST_BLOCKS} blocks can pass at once");
            (refused(ChainError::Runtime(problem)), false)
        }
        Request::Advance(blocks) => {
            chain.advance(blocks);
            (chain.block().encode(), true)
        }
    }
}

fn refused(error: ChainError) -> Vec<u8> {
    Err::<(), _>(error).encode()
}

/// Events from block `from` on, without the first `skip` of them, as many as fit a page.
fn page(chain: &SandboxChain, from: u32, skip: u32) -> Result<Page, ChainError> {
    let mut size = 0usize;
    let all = chain.events_from(from);
    let rest = usize::try_from(skip)
        .ok()
        .and_then(|skip| all.get(skip..))
        .unwrap_or_default();
    let fitting = rest.iter().take_while(|event| {
        let fits = size < protocol::EVENTS_PAGE;
        size = size.saturating_add(event.encoded_size());
        fits
    });
    let events: Vec<_> = fitting.cloned().collect();
    Ok(Page {
        last: events.len() == rest.len(),
        events,
    })
}

fn listen(shared: &Arc<Shared>, listener: &TcpListener) {
    for stream in listener.incoming() {
        if shared.ending.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else {
            // No room for more, or gone already.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if let Err(error) = admit(shared, stream) {
            (shared.problem)(&format!("a connection could not be served: {error}"));
        }
    }
}

fn admit(shared: &Arc<Shared>, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let Some(number) = shared.connections.admit(stream.try_clone()?) else {
        return Ok(());
    };
    let connection = Connection {
        shared: Arc::clone(shared),
        stream,
        number,
    };
    let builder = thread::Builder::new().name("client".into());
    builder
        .stack_size(STACK)
        .spawn(move || connection.serve())?;
    Ok(())
}

struct Connection {
    shared: Arc<Shared>,
    stream: TcpStream,
    number: u64,
}

impl Connection {
    /// Answers requests until the client goes, or does what it must not.
    fn serve(self) {
        loop {
            let mut patient = Timed::new(&self.stream, Instant::now() + IDLE);
            let Ok(frame) = protocol::receive(&mut patient, protocol::MAX_REQUEST) else {
                return;
            };
            if !self.shared.connections.begin(self.number) {
                return;
            }
            let answer = self.shared.answer(&frame);
            let mut hurried = Timed::new(&self.stream, Instant::now() + DELIVERY);
            if protocol::send(&mut hurried, &answer).is_err() {
                return;
            }
            self.shared.connections.end(self.number);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.connections.leave(self.number);
    }
}

/// Makes blocks. One that comes late is not made up for.
fn pass_time(shared: &Shared, block_time: Duration) {
    let mut next = Instant::now() + block_time;
    while shared.wait(next.saturating_duration_since(Instant::now())) {
        {
            let mut hosted = shared.lock();
            hosted.chain.advance(1);
            hosted.changed = true;
        }
        next = Instant::now().max(next + block_time);
    }
}

/// Takes a checkpoint when something happened, and keeps it where it is to be kept.
fn keep_state(shared: &Shared, mut keep: Option<Keep>) {
    let mut pause = Duration::ZERO;
    while shared.wait(pause) {
        let start = Instant::now();
        let kept = shared.lock().renew();
        if let (Some(state), Some(keep)) = (kept, keep.as_mut()) {
            if let Err(problem) = keep(&state) {
                (shared.problem)(&problem);
            }
        }
        pause = KEEP_EVERY.max(start.elapsed().saturating_mul(KEEP_SHARE));
    }
}

impl Hosted {
    /// The new checkpoint, if something happened since the last one.
    fn renew(&mut self) -> Option<State> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.checkpoint = self.chain.state();
        Some(self.checkpoint.clone())
    }
}

#[cfg(test)]
mod tests;
