//! Connections of a client, kept for the next question to the same endpoint.

use super::{address::resolve, Cause, Transport};
use crate::{tls, MAX_HEAD};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use inktensor_primitives::registry::Host;
use rustls::pki_types::ServerName;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Most endpoints of which connections are kept.
const MAX_ENDPOINTS: usize = 4096;
/// Most connections to one endpoint at a time. Further questions wait for one of them.
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

/// Connections by endpoint.
#[derive(Debug, Default)]
pub struct Pool {
    slots: Mutex<HashMap<Target, Arc<Slot>>>,
}

#[derive(Debug)]
struct Slot {
    places: Arc<Semaphore>,
    idle: Mutex<Vec<(Sender, Instant)>>,
}

/// A response, and the connection that it arrives on.
pub struct Arriving {
    pub response: Response<Incoming>,
    lease: Lease,
}

struct Lease {
    slot: Arc<Slot>,
    sender: Sender,
    _place: OwnedSemaphorePermit,
}

impl Pool {
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
        let slot = self.slot(target);
        let place = Arc::clone(&slot.places).acquire_owned().await;
        let place = place.map_err(|_| Cause::Closed("the client has ended".into()))?;
        if let Some(mut sender) = slot.kept() {
            if let Ok(response) = sender.send_request(request.clone()).await {
                return Ok(Arriving {
                    response,
                    lease: Lease {
                        slot,
                        sender,
                        _place: place,
                    },
                });
            }
        }
        let address = resolve(host, target.port, allow_private).await?;
        let mut sender = connect(address, target).await?;
        let response = sender.send_request(request).await.map_err(Cause::closed)?;
        Ok(Arriving {
            response,
            lease: Lease {
                slot,
                sender,
                _place: place,
            },
        })
    }

    fn slot(&self, target: &Target) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if slots.len() >= MAX_ENDPOINTS && !slots.contains_key(target) {
            // Those in use stay: their number is that of the open questions.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let slot = slots.entry(target.clone()).or_insert_with(|| {
            Arc::new(Slot {
                places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
                idle: Mutex::new(Vec::new()),
            })
        });
        Arc::clone(slot)
    }
}

impl Slot {
    fn kept(&self) -> Option<Sender> {
        let now = Instant::now();
        let mut idle = lock(&self.idle);
        while let Some((sender, since)) = idle.pop() {
            if sender.is_ready() && now.saturating_duration_since(since) < IDLE {
                return Some(sender);
            }
        }
        None
    }
}

impl Slot {
    fn close_idle(&self) {
        let now = Instant::now();
        lock(&self.idle).retain(|(_, since)| now.saturating_duration_since(*since) < IDLE);
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
            mut sender,
            _place,
        } = self.0;
        tokio::spawn(async move {
            // Ready a moment after the body, when the connection's task has seen its end.
            let ready = tokio::time::timeout(IDLE, sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                lock(&slot.idle).push((sender, Instant::now()));
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
    // The name chooses a certificate of a web server. A pin does not depend on it.
    let name = ServerName::try_from(target.host.clone());
    let name = name.unwrap_or_else(|_| ServerName::from(address.ip()));
    let stream = connector.connect(name, stream).await;
    http(stream.map_err(|problem| Cause::Tls(problem.to_string()))?).await
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
