//! A chain that several processes share: one [`SandboxChain`], served over TCP to
//! [`RemoteChain`](crate::remote::RemoteChain)s.
//!
//! # Use
//! For development and tests. There is **no access control**: every client can sign as any account,
//! upload code and let blocks pass. Listen on addresses of the own machine only.
//!
//! # Design
//! One thread per connection reads frames; the chain answers one request at a time. Blocks pass by
//! time, or at a client's request. A client can end its own connection and nothing else: frames
//! have a limit and a deadline, idle connections are closed first when there are too many, and a
//! message has a time limit. If the runtime itself fails, the chain returns to its state of about a
//! second before.

mod connections;

use crate::{
    protocol::{self, Page, Request, Timed},
    sandbox::{SandboxChain, State},
};
use connections::Connections;
use inktensor_client::{
    chain::{BlockId, Chain, ChainError, ChainRead},
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

/// Longest time of a message: more than a whole block of two seconds fits no chain.
const MESSAGE_TIME: u64 = 2_000_000_000_000;
/// Changed blocks after which messages can be read: as many as an ordinary node keeps.
const KEPT_STATES: usize = 256;
/// Largest number of blocks that a client may let pass at once.
pub const MOST_BLOCKS: u32 = 100_000;
/// Longest time of a connection without a whole request.
const IDLE: Duration = Duration::from_secs(60);
/// Longest time in which a client receives an answer.
const DELIVERY: Duration = Duration::from_secs(10);
/// Shortest time between two times at which the state is saved.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// Saving the state takes no more than this part of the time.
const KEEP_SHARE: u32 = 20;
/// Stack size of a thread: calls of contracts among each other are deep.
const STACK: usize = 8 * 1024 * 1024;

/// A function that saves the state, from time to time and after changes. It returns the text of a
/// problem.
pub type Keep = Box<dyn FnMut(&State) -> Result<(), String> + Send>;

/// The settings of a server.
pub struct Settings {
    /// Time between two blocks. By default blocks pass only at a client's request.
    pub block_time: Option<Duration>,
    /// Function that saves the state.
    pub keep: Option<Keep>,
    /// Function that receives the text of each problem.
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
    /// State to return to should the runtime fail.
    checkpoint: State,
    /// True if the chain may have changed since the checkpoint.
    changed: bool,
}

impl Devchain {
    /// Serves `chain`, with `contracts` on it, to the clients of `listener`.
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
        chain.keep_states(KEPT_STATES);
        let shared = Arc::new(Shared {
            hosted: Mutex::new(Hosted {
                checkpoint: chain.state(),
                chain,
                changed: true,
            }),
            contracts: contracts
                .named()
                .map(|(name, address)| (name.into(), address))
                .collect(),
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

    /// Returns the address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the present state.
    pub fn state(&self) -> State {
        self.shared.lock().chain.state()
    }

    /// Serves until the process ends.
    pub fn serve(mut self) {
        for thread in self.threads.drain(..) {
            // A thread that failed has reported why.
            let _ = thread.join();
        }
    }
}

impl Drop for Devchain {
    /// Stops serving, after the requests that are being answered.
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        self.shared.connections.close();
        // Wakes the thread that waits for connections.
        drop(TcpStream::connect(self.address));
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Hosted> {
        // A failure of the runtime is caught and repaired before.
        self.hosted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `time`, or until the end. Returns false at the end.
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
    /// Calls `act` with the chain. If the runtime fails, the chain returns to its last checkpoint,
    /// whose block is the error.
    fn protected<T>(&mut self, act: impl FnOnce(&mut SandboxChain) -> (T, bool)) -> Result<T, u32> {
        // Nothing of the chain is used after a failure.
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

/// Carries out a request. Returns the answer, and true if the chain may have changed.
fn perform(
    chain: &mut SandboxChain,
    contracts: &[(String, AccountId)],
    request: Request,
) -> (Vec<u8>, bool) {
    match request {
        Request::Genesis => (chain.genesis().encode(), false),
        Request::Block => (chain.block().encode(), false),
        Request::Best => (chain.best().encode(), false),
        Request::Ancestor { of, number } => (chain.ancestor(&of, number).encode(), false),
        Request::Includes { of, block } => (chain.includes(&of, &block).encode(), false),
        Request::Read {
            at,
            caller,
            to,
            input,
        } => (read(chain, at, (caller, to, input)).encode(), false),
        Request::Submit {
            signer,
            to,
            input,
            after,
        } => {
            let sent = match after {
                Some(after) => chain.submit_after(signer, to, &input, &after),
                None => chain.submit(signer, to, &input),
            };
            (sent.encode(), true)
        }
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

fn read(
    chain: &SandboxChain,
    at: Option<BlockId>,
    (caller, to, input): (AccountId, AccountId, Vec<u8>),
) -> Result<Vec<u8>, ChainError> {
    let Some(at) = at else {
        return chain.read(caller, to, &input);
    };
    let outputs = chain.read_all_at(&at, caller, &[(to, input)])?;
    outputs.into_iter().next().ok_or(ChainError::BadAnswer)
}

fn refused(error: ChainError) -> Vec<u8> {
    Err::<(), _>(error).encode()
}

/// Returns the events from block `from` on, without the first `skip` of them, as many as fit a
/// page.
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
            // No free file descriptor, or the client is gone.
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
    /// Answers requests until the client leaves or breaks the protocol.
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

/// Makes blocks. A late block is not made up for.
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

/// Takes a checkpoint after changes, and saves it.
fn keep_state(shared: &Shared, mut keep: Option<Keep>) {
    let mut pause = Duration::ZERO;
    while shared.wait(pause) {
        let mut hosted = shared.lock();
        // Waiting for the lock is no work of this thread.
        let start = Instant::now();
        let changed = hosted.renew();
        drop(hosted);
        if let (Some(state), Some(keep)) = (changed, keep.as_mut()) {
            if let Err(problem) = keep(&state) {
                (shared.problem)(&problem);
            }
        }
        pause = KEEP_EVERY.max(start.elapsed().saturating_mul(KEEP_SHARE));
    }
}

impl Hosted {
    /// Returns the new checkpoint, if the chain has changed since the last one.
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
