//! The receiver: a bounded HTTP server that answers signed questions with signed answers.
//!
//! Checks run cheapest first, see [`question`]. Nothing is counted against a key before its
//! signature is verified, and no byte of a body is read before that.

mod body;
mod bucket;
mod connection;
mod freshness;
mod gate;
mod limits;
mod mark;
mod page;
mod question;
mod roster;
mod state;
mod works;

pub use limits::Limits;
pub use mark::{Mark, MarkError};
pub use roster::{Admitted, Caller, Guests, Roster, MAX_ROSTER};
pub(crate) use state::seconds;
pub use state::Counts;

use crate::{signature::Hotkey, tls::Identity, Blobs, Media, Path};
use inktensor_primitives::Digest;
use state::State;
use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, RwLock},
    time::Instant,
};
use thiserror::Error;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// The work behind the endpoints.
pub trait Service: Send + Sync + 'static {
    /// Returns the most bytes of a question's body at `path`, or `None` if the path has no
    /// questions. The server's own limit holds besides.
    fn limit(&self, path: &Path) -> Option<usize>;

    /// Answers a question. The future is dropped when the question expires.
    fn answer(
        &self,
        caller: &Caller,
        path: &Path,
        body: Vec<u8>,
    ) -> impl Future<Output = Response> + Send;

    /// Returns the body of `GET /v1/hello`, in JSON. The server signs it once a second at most.
    fn hello(&self) -> Vec<u8>;

    /// Returns the page of an unsigned `GET`, besides `/v1/hello` and `/v1/blob/`.
    fn page(&self, path: &Path) -> Option<Page> {
        let _ = path;
        None
    }
}

/// An answer or a refusal, which the server signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code: 200 for an answer.
    pub status: u16,
    /// The content type.
    pub media: Media,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns an answer.
    pub fn ok(media: Media, body: Vec<u8>) -> Self {
        Self {
            status: 200,
            media,
            body,
        }
    }

    /// Returns a refusal with a reason. A status outside 400 to 599 becomes 500.
    pub fn refuse(status: u16, reason: &str) -> Self {
        let status = if (400..600).contains(&status) {
            status
        } else {
            500
        };
        Self {
            status,
            media: Media::Text,
            body: format!("{reason}\n").into_bytes(),
        }
    }
}

/// An unsigned page. What it holds proves itself: its hash is known to the reader, or on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Bytes.
    Bytes {
        /// The content type.
        media: Media,
        /// The body.
        body: Vec<u8>,
    },
    /// The blob with this hash, with ranges.
    Blob(Digest),
}

/// A server before its start.
#[derive(Debug)]
pub struct Server {
    /// The address to listen at. Port 0 takes any free one.
    pub address: SocketAddr,
    /// The receiver's hotkey.
    pub hotkey: Hotkey,
    /// The certificate. Without one, the server speaks plain HTTP.
    pub identity: Option<Identity>,
    /// The seat, and who may ask.
    pub roster: Roster,
    /// The limits.
    pub limits: Limits,
    /// The blobs to serve at `/v1/blob/`.
    pub blobs: Option<Arc<Blobs>>,
    /// The newest `created` that was accepted, in a file. Without it, a process that starts with a
    /// clock behind that of the process before can answer a question again.
    pub mark: Option<Arc<Mark>>,
}

/// An error of a server's start, or of a new roster.
#[derive(Debug, Error)]
pub enum ServerError {
    /// An address that cannot be listened at.
    #[error("cannot listen at {address}: {problem}; choose another --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        problem: io::Error,
    },
    /// A certificate that TLS refuses.
    #[error("the TLS certificate cannot be used: {0}; remove its file to make another one")]
    Tls(#[from] rustls::Error),
    /// A roster above [`MAX_ROSTER`].
    #[error("a roster of {0} callers is above the limit of {MAX_ROSTER}; admit fewer")]
    Roster(usize),
    /// A limit that leaves nothing to serve.
    #[error("the limit {0} is zero; set at least 1")]
    Limit(&'static str),
}

/// A server that runs. Dropping it stops it at once, but its address is free a moment later: use
/// [`Self::stop`] before another server listens there.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepts: JoinHandle<()>,
}

/// The part of a server's state that does not depend on its service.
#[derive(Debug)]
struct Shared {
    roster: RwLock<Snapshot>,
    state: State,
}

/// A roster, with the sum that every question needs.
#[derive(Clone, Debug)]
struct Snapshot {
    roster: Arc<Roster>,
    stake: u128,
}

impl Snapshot {
    fn new(roster: Roster) -> Self {
        let stake = roster.stake();
        Self {
            roster: Arc::new(roster),
            stake,
        }
    }
}

impl Server {
    /// Listens and serves, in tasks of the current runtime.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn start<S: Service>(self, service: S) -> Result<Running, ServerError> {
        self.limits.check()?;
        self.roster.check()?;
        let address = self.address;
        let listen = |problem| ServerError::Listen { address, problem };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let tls = self.identity.as_ref().map(Identity::acceptor).transpose()?;
        let shared = Arc::new(Shared {
            roster: RwLock::new(Snapshot::new(self.roster)),
            state: State::new(self.limits, self.mark),
        });
        if tls.is_some() {
            let handshakes = shared.state.limits.handshakes;
            let mut gate = shared.state.gate();
            gate.limit_handshakes(handshakes, Instant::now());
        }
        let (stop, stopped) = watch::channel(false);
        let serves = connection::Serves {
            shared: Arc::clone(&shared),
            hotkey: self.hotkey,
            service,
            blobs: self.blobs,
            tls,
            stopped,
        };
        let accepts = tokio::spawn(connection::accept(listener, Arc::new(serves)));
        Ok(Running {
            address,
            shared,
            stop,
            accepts,
        })
    }
}

impl Running {
    /// Returns the address in use.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the roster: the snapshot of a later block.
    ///
    /// # Errors
    /// [`ServerError::Roster`]. The roster before then stays.
    pub fn set_roster(&self, roster: Roster) -> Result<(), ServerError> {
        roster.check()?;
        self.shared.state.keep_buckets_of(&roster);
        *state::write(&self.shared.roster) = Snapshot::new(roster);
        Ok(())
    }

    /// Returns the roster in use.
    pub fn roster(&self) -> Arc<Roster> {
        self.shared.snapshot().roster
    }

    /// Returns what the server has done since its start.
    pub fn counts(&self) -> Counts {
        self.shared.state.counts()
    }

    /// Stops accepting, lets open questions end for at most [`Limits::grace`], stores the exact
    /// [`Server::mark`], and returns. The address is free as soon as this waits for open questions.
    pub async fn stop(mut self) {
        // Fails only without receivers, which is a server that has ended.
        let _ = self.stop.send(true);
        // The listener closes with its task. An error is a task that has ended otherwise.
        let _ = (&mut self.accepts).await;
        self.shared.state.drained().await;
        if let Some(mark) = &self.shared.state.mark {
            mark.release().await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.accepts.abort();
    }
}

impl Shared {
    fn snapshot(&self) -> Snapshot {
        state::read(&self.roster).clone()
    }
}

#[cfg(test)]
mod tests;
