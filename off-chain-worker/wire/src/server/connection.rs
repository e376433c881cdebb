//! Connections: accept, TLS, HTTP, and the end of each.

use super::{
    body::{Never, Reply},
    gate::Admission,
    page, question,
    state::Event,
    Service, Shared,
};
use crate::{signature::Hotkey, Blobs, MAX_HEAD};
use http::{header, HeaderValue, Method, Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{ready, Context, Poll},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout, Sleep},
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

/// Wait after a failed accept: mostly too many files are open.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
/// Most lines of a head.
const MAX_FIELDS: usize = 32;

/// A server's parts that each connection needs.
pub struct Serves<S> {
    pub(super) shared: Arc<Shared>,
    pub(super) hotkey: Hotkey,
    pub(super) service: S,
    pub(super) blobs: Option<Arc<Blobs>>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// A connection, as its requests see it.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The number of the connection.
    pub id: u64,
    /// The address at the other end.
    pub address: SocketAddr,
}

/// Accepts connections until the server stops.
pub async fn accept<S: Service>(listener: TcpListener, serves: Arc<Serves<S>>) {
    let mut stopped = serves.stopped.clone();
    loop {
        let accepted = tokio::select! {
            // Ends too when the server is dropped.
            _ = stopped.wait_for(|stopped| *stopped) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(problem) => {
                warn!(%problem, "cannot accept a connection");
                sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let admitted = serves
            .shared
            .state
            .gate()
            .admit(address.ip(), Instant::now());
        match admitted {
            Ok(admission) => {
                serves.shared.state.count(Event::Connected);
                tokio::spawn(Arc::clone(&serves).connection(stream, address, admission));
            }
            Err(reason) => {
                serves.shared.state.count(Event::Closed);
                debug!(%address, ?reason, "connection closed at once");
            }
        }
    }
}

/// The place of a connection, which its end gives back.
struct Ticket<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.shared.state.gate().release(self.id);
    }
}

impl<S: Service> Serves<S> {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        admission: Admission,
    ) {
        let _ticket = Ticket {
            shared: &self.shared,
            id: admission.id,
        };
        let peer = Peer {
            id: admission.id,
            address,
        };
        let limits = &self.shared.state.limits;
        // Answers are small, and waiting for more of them delays each.
        let _ = stream.set_nodelay(true);
        let stream = Watched::new(stream, limits.stall);
        let serves = async {
            match &self.tls {
                None => Arc::clone(&self).http(stream, peer).await,
                Some(tls) => match timeout(limits.handshake, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Arc::clone(&self).http(stream, peer).await,
                    Ok(Err(problem)) => {
                        debug!(%address, %problem, "no TLS");
                        if is_refused(&problem) {
                            self.shared.state.misled(address.ip());
                        }
                    }
                    Err(_) => debug!(%address, "TLS handshake took too long"),
                },
            }
        };
        tokio::select! {
            () = serves => {}
            () = admission.evicted.notified() => debug!(%address, "connection gave way"),
        }
    }

    async fn http<I>(self: Arc<Self>, io: I, peer: Peer)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.shared.state.limits.clone();
        let mut stopped = self.stopped.clone();
        let handler = service_fn(move |request| {
            let serves = Arc::clone(&self);
            async move { Ok::<Reply, Never>(serves.reply(request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_headers(MAX_FIELDS)
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(io), handler);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = sleep(limits.lifetime) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        // An error, or a request that outlives the grace, ends the connection all the same.
        let _ = timeout(limits.grace, connection).await;
    }

    async fn reply(&self, request: Request<Incoming>, peer: Peer) -> Reply {
        let (mut reply, keep) = match *request.method() {
            Method::GET => page::reply(self, &request, peer).await,
            Method::POST => question::reply(self, request, peer).await,
            _ => question::unsigned(405, "use POST for questions, GET for pages", None),
        };
        if !keep {
            // A stranger has to connect again for each bad request, which the gate bounds.
            let close = HeaderValue::from_static("close");
            reply.headers_mut().insert(header::CONNECTION, close);
        }
        reply
    }
}

/// Returns true if the other side has refused the certificate.
fn is_refused(problem: &io::Error) -> bool {
    let inner = problem.get_ref().and_then(|it| it.downcast_ref());
    matches!(inner, Some(rustls::Error::AlertReceived(_)))
}

/// A stream whose writes have to make progress.
struct Watched {
    stream: TcpStream,
    stall: Duration,
    end: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    fn new(stream: TcpStream, stall: Duration) -> Self {
        Self {
            stream,
            stall,
            end: None,
        }
    }

    /// Ends a write that has been pending for too long, and forgets one that is not pending.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.end = None;
            return written;
        }
        let stall = self.stall;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(end.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, shut)
    }
}
