//! The HTTP server for monitoring: `/metrics`, `/health`, `/health/ROLE`, `/ready`.
//!
//! It has a thread of its own, and few connections for a short time each, so no client can delay
//! the worker.

use super::{metrics, status::Status};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    routing::get,
    serve::Listener,
    Router,
};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{
    future::Future,
    io,
    net::{self, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, Sleep},
};
use tracing::{error, info};

/// Largest number of connections at a time. Further ones wait.
const CONNECTIONS: usize = 16;
/// Longest life of a connection, so that idle ones do not block others.
const LIFETIME: Duration = Duration::from_secs(30);
/// Wait after a failed accept: mostly too many files are open.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Serves at `address`, and returns the address in use.
///
/// # Errors
/// If the address is not free.
pub fn serve(
    address: SocketAddr,
    handle: PrometheusHandle,
    status: Arc<Status>,
) -> io::Result<SocketAddr> {
    let listener = net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let serve = async move {
        let listener = Bounded {
            listener: TcpListener::from_std(listener)?,
            room: Arc::new(Semaphore::new(CONNECTIONS)),
        };
        axum::serve(listener, pages(handle, status)).await
    };
    thread::Builder::new().name("http".into()).spawn(move || {
        if let Err(problem) = runtime.block_on(serve) {
            error!(%problem, "metrics and health are no longer served");
        }
    })?;
    info!("metrics and health on http://{bound}");
    Ok(bound)
}

fn pages(handle: PrometheusHandle, status: Arc<Status>) -> Router {
    let numbers = |State((handle, status)): State<(PrometheusHandle, Arc<Status>)>| async move {
        // Version of the text format.
        let kind = [("content-type", "text/plain; version=0.0.4; charset=utf-8")];
        (kind, metrics::page(&handle, &status))
    };
    let health = |State((_, status)): State<(PrometheusHandle, Arc<Status>)>| async move {
        response(status.health(None))
    };
    let of_role = |State((_, status)): State<(PrometheusHandle, Arc<Status>)>,
                   Path(role): Path<String>| async move {
        if status.has_loop(&role) {
            response(status.health(Some(&role)))
        } else {
            let unknown = format!("there is no loop {role:?} in this worker\n");
            (StatusCode::NOT_FOUND, unknown)
        }
    };
    let ready = |State((_, status)): State<(PrometheusHandle, Arc<Status>)>| async move {
        response(status.readiness())
    };
    Router::new()
        .route("/metrics", get(numbers))
        .route("/health", get(health))
        .route("/health/{role}", get(of_role))
        .route("/ready", get(ready))
        .with_state((handle, status))
}

fn response(answer: Result<String, String>) -> (StatusCode, String) {
    match answer {
        Ok(text) => (StatusCode::OK, text),
        Err(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
    }
}

/// A listener with a limit of connections.
struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

/// A connection that holds one of the permits, and ends when its time is over.
struct Connection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Fails only when the semaphore is closed, which never happens.
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        loop {
            if let Ok((stream, address)) = self.listener.accept().await {
                let connection = Connection {
                    stream,
                    end: Box::pin(sleep(LIFETIME)),
                    _room: room,
                };
                return (connection, address);
            }
            sleep(AFTER_FAILURE).await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connection {
    fn end(&mut self, context: &mut Context<'_>) -> Option<Poll<io::Error>> {
        let over = self.end.as_mut().poll(context).is_ready();
        over.then(|| Poll::Ready(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.end(context) {
            Some(over) => over.map(Err),
            None => Pin::new(&mut self.stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.end(context) {
            Some(over) => over.map(Err),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use std::{
        future::poll_fn,
        io::{Read, Write},
    };

    fn get(address: SocketAddr, path: &str) -> (u16, String) {
        let mut stream = net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LIFETIME)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap();
        (code.parse().unwrap(), body.into())
    }

    #[test]
    fn pages_show_the_health_of_the_worker() {
        let handle = PrometheusBuilder::new().build_recorder().handle();
        let status = Arc::new(Status::new(Duration::from_secs(600)));
        let address = ([127, 0, 0, 1], 0).into();
        let address = serve(address, handle, Arc::clone(&status)).unwrap();
        assert_eq!(get(address, "/health"), (200, "starting\n".into()));
        assert_eq!(get(address, "/ready").0, 503);
        let watcher = status.begin_loop("watcher");
        watcher.turned(None);
        let good = (200, "watcher: ok\n".to_owned());
        for path in ["/ready", "/health", "/health/watcher"] {
            assert_eq!(get(address, path), good, "{path}");
        }
        assert_eq!(get(address, "/health/keeper").0, 404);
        watcher.turned(Some("no answer".into()));
        let trouble = (503, "watcher: no answer\n".to_owned());
        assert_eq!(get(address, "/ready"), trouble);
        assert_eq!(get(address, "/health"), good);
        assert_eq!(get(address, "/metrics").0, 200);
        assert_eq!(get(address, "/").0, 404);
        let taken = serve(
            address,
            PrometheusBuilder::new().build_recorder().handle(),
            status,
        );
        assert!(taken.is_err());
    }

    #[test]
    fn idle_connections_do_not_block_others_for_ever() {
        let room = Arc::new(Semaphore::new(1));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut bounded = Bounded {
                listener,
                room: Arc::clone(&room),
            };
            let _first = net::TcpStream::connect(address).unwrap();
            let _second = net::TcpStream::connect(address).unwrap();
            let (mut first, _) = bounded.accept().await;
            let waits = tokio::time::timeout(Duration::from_millis(50), bounded.accept()).await;
            assert!(waits.is_err());
            first.end = Box::pin(sleep(Duration::ZERO));
            let mut bytes = [0; 8];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = poll_fn(|context| Pin::new(&mut first).poll_read(context, &mut buffer));
            assert_eq!(read.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
            drop(first);
            bounded.accept().await;
        });
    }
}
