//! Connections of a client, by the address that they lead to, and kept for the next question.
//!
//! The name of an endpoint is text that a stranger wrote, and may lead elsewhere at any time. So a
//! name is resolved and its address checked before each request, by a look-up of bounded age, and a
//! kept connection serves only while the name leads to its address. Names that lead to one address
//! share its places: with many of them, one server does not hold many connections.

mod names;

use super::{
    address::{Lookup, System},
    Cause, Transport,
};
use crate::{tls, Pin, MAX_HEAD};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use inktensor_primitives::registry::Host;
use names::Names;
use rustls::pki_types::ServerName;
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Most addresses of which connections are kept.
const MAX_ADDRESSES: usize = 4096;
/// Most connections to one address and port at a time, used and unused. Further questions wait for
/// one of them.
const MAX_CONNECTIONS: usize = 8;
/// Longest time that a connection is kept unused: less than a receiver keeps it.
const IDLE: Duration = Duration::from_secs(3);
/// Most lines of a response's head.
const MAX_FIELDS: usize = 64;

type Sender = http1::SendRequest<Full<Bytes>>;

/// The address of an HTTP server, and the way to speak to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host, in the form of a URL.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Plain or TLS.
    pub transport: Transport,
}

/// Connections by address.
#[derive(Debug, Default)]
pub struct Pool<L = System> {
    names: Names<L>,
    slots: Mutex<HashMap<SocketAddr, Arc<Slot>>>,
}

/// The connections to one address.
#[derive(Debug)]
struct Slot {
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

/// A connection that is not used.
#[derive(Debug)]
struct Idle {
    /// The name that it was opened for: with TLS, a web server chooses by it.
    target: Target,
    sender: Sender,
    since: Instant,
}

/// A response, and the connection that it arrives on.
pub struct Arriving {
    pub response: Response<Incoming>,
    lease: Lease,
}

struct Lease {
    slot: Arc<Slot>,
    target: Target,
    sender: Sender,
    _place: OwnedSemaphorePermit,
}

impl<L: Lookup> Pool<L> {
    #[cfg(test)]
    fn new(lookup: L, age: Duration) -> Self {
        Self {
            names: Names::new(lookup, age),
            slots: Mutex::default(),
        }
    }

    /// Sends a request, and returns the head of the response.
    ///
    /// A kept connection may have been closed by the other side meanwhile. The same request then
    /// goes over a new connection, once: its nonce keeps it from being answered twice.
    pub async fn send(
        &self,
        host: &Host,
        target: &Target,
        allow_private: bool,
        request: Request<Full<Bytes>>,
    ) -> Result<Arriving, Cause> {
        let (address, slot, place) = self.place(host, target.port, allow_private).await?;
        if let Some(mut sender) = slot.take(target) {
            if let Ok(response) = sender.send_request(request.clone()).await {
                return Ok(Arriving {
                    response,
                    lease: Lease {
                        slot,
                        target: target.clone(),
                        sender,
                        _place: place,
                    },
                });
            }
        }
        // One at a time that fails closes none that is kept.
        slot.make_room(MAX_CONNECTIONS.saturating_add(1));
        let mut sender = connect(address, target).await?;
        slot.make_room(MAX_CONNECTIONS);
        let response = sender.send_request(request).await.map_err(Cause::closed)?;
        Ok(Arriving {
            response,
            lease: Lease {
                slot,
                target: target.clone(),
                sender,
                _place: place,
            },
        })
    }

    /// Waits for a place of the address that a host leads to.
    async fn place(
        &self,
        host: &Host,
        port: u16,
        allow_private: bool,
    ) -> Result<(SocketAddr, Arc<Slot>, OwnedSemaphorePermit), Cause> {
        loop {
            let found = self.names.address(host, port, allow_private).await?;
            let slot = self.slot(found.address);
            let place = Arc::clone(&slot.places).acquire_owned().await;
            let place = place.map_err(|_| Cause::Closed("the client has ended".into()))?;
            if self.names.still_counts(&found) {
                return Ok((found.address, slot, place));
            }
            // The wait was long, and the name may lead elsewhere by now. The place goes first: a
            // resolver that a stranger slows down must not hold it.
            drop(place);
        }
    }

    fn slot(&self, address: SocketAddr) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if slots.len() >= MAX_ADDRESSES && !slots.contains_key(&address) {
            // Those in use stay: their number is that of the open questions.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let slot = slots.entry(address).or_insert_with(|| {
            Arc::new(Slot {
                places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
                idle: Mutex::new(Vec::new()),
            })
        });
        Arc::clone(slot)
    }
}

impl Slot {
    /// Takes an unused connection that was opened for this target.
    fn take(&self, target: &Target) -> Option<Sender> {
        self.close_idle();
        let mut idle = lock(&self.idle);
        let place = idle.iter().rposition(|it| it.target == *target)?;
        Some(idle.remove(place).sender)
    }

    /// Closes the oldest unused connections, until there are at most so many, with those that have
    /// a place. One of them may not be open yet.
    fn make_room(&self, most: usize) {
        let used = MAX_CONNECTIONS.saturating_sub(self.places.available_permits());
        let room = most.saturating_sub(used);
        let mut idle = lock(&self.idle);
        let surplus = idle.len().saturating_sub(room);
        idle.drain(..surplus);
    }

    fn close_idle(&self) {
        let now = Instant::now();
        lock(&self.idle)
            .retain(|it| it.sender.is_ready() && now.saturating_duration_since(it.since) < IDLE);
    }
}

impl Arriving {
    /// Returns the head and the body.
    pub fn split(self) -> (Response<Incoming>, Rest) {
        (self.response, Rest(self.lease))
    }
}

/// A connection whose response is being read.
pub struct Rest(Lease);

impl Rest {
    /// Keeps the connection for the next request. Call when the body was read to its end.
    pub fn keep(self) {
        let Lease {
            slot,
            target,
            mut sender,
            _place,
        } = self.0;
        tokio::spawn(async move {
            // Ready a moment after the body, when the connection's task has seen its end.
            let ready = tokio::time::timeout(IDLE, sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                lock(&slot.idle).push(Idle {
                    target,
                    sender,
                    since: Instant::now(),
                });
            }
            drop(_place);
            // Closes what is not used meanwhile, also if the other side would keep it open.
            tokio::time::sleep(IDLE).await;
            slot.close_idle();
        });
    }
}

async fn connect(address: SocketAddr, target: &Target) -> Result<Sender, Cause> {
    let stream = TcpStream::connect(address).await.map_err(Cause::Connect)?;
    // A question is one small write, and waiting for more delays it.
    let _ = stream.set_nodelay(true);
    let pin = match target.transport {
        Transport::Plain => return http(stream).await,
        Transport::Pinned(pin) => Some(pin),
        Transport::Unchecked => None,
    };
    let connector = tls::connector(pin).map_err(|problem| Cause::Tls(problem.to_string()))?;
    let (connector, shown) = connector;
    // The name chooses a certificate of a web server. A pin does not depend on it.
    let name = ServerName::try_from(target.host.clone());
    let name = name.unwrap_or_else(|_| ServerName::from(address.ip()));
    let stream = connector.connect(name, stream).await;
    let stream = stream.map_err(|problem| failed(&problem, pin, shown.get().copied()))?;
    http(stream).await
}

/// Returns the cause of a handshake that failed after the server has shown this certificate.
fn failed(problem: &io::Error, pin: Option<Pin>, shown: Option<Pin>) -> Cause {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let is_end = matches!(
        problem.kind(),
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
    );
    match (pin, shown) {
        (Some(pin), Some(shown)) if pin != shown => Cause::Certificate { shown },
        (_, None) if is_end => Cause::Early(problem.to_string()),
        _ => Cause::Tls(problem.to_string()),
    }
}

async fn http<I>(io: I) -> Result<Sender, Cause>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connected = http1::Builder::new()
        .max_headers(MAX_FIELDS)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(io))
        .await;
    let (sender, connection) = connected.map_err(Cause::closed)?;
    tokio::spawn(async move {
        // The sender reports the same error.
        let _ = connection.await;
    });
    Ok(sender)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
