//! A small HTTP server in threads, for the servers that belong to the demo itself: models behind
//! miners, and a miner that breaks the protocol.

use super::LiveError;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};

/// Most connections at a time. A stock miner opens at most 32, and two miners may share a model.
const CONNECTIONS: usize = 128;
/// Most bytes of a request's head.
const MAX_HEAD: u64 = 16 * 1024;
/// Most bytes of a body.
const MAX_BODY: u64 = 64 * 1024;
/// Longest wait for a part of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The path.
    pub path: String,
    /// The fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The fields, without those of length and connection.
    pub fields: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Returns a response without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            fields: Vec::new(),
            body: Vec::new(),
        }
    }
}

/// A server on this machine. It ends when this is dropped.
#[derive(Debug)]
pub struct LocalServer {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
}

impl LocalServer {
    /// Serves at a free port. `reply` runs in a thread for each connection.
    ///
    /// # Errors
    /// `Socket`.
    pub fn start(
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Result<Self, LiveError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(LiveError::Socket)?;
        let address = listener.local_addr().map_err(LiveError::Socket)?;
        let ends = Arc::new(AtomicBool::new(false));
        let (reply, ending) = (Arc::new(reply), Arc::clone(&ends));
        let open = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                // A connection above the limit is closed.
                let (Ok(stream), Some(room)) = (stream, Room::take(&open)) else {
                    continue;
                };
                let reply = Arc::clone(&reply);
                thread::spawn(move || {
                    // A caller that has gone away needs no answer.
                    let _ = serve(&stream, reply.as_ref());
                    drop(room);
                });
            }
        });
        Ok(Self { address, ends })
    }

    /// Returns the address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Room for one connection.
struct Room(Arc<AtomicUsize>);

impl Room {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let more = |open: usize| open.checked_add(1).filter(|open| *open <= CONNECTIONS);
        open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()?;
        Some(Self(Arc::clone(open)))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers the one request of a connection.
fn serve(mut stream: &TcpStream, reply: &dyn Fn(&Request) -> Reply) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let reply = reply(&read(stream)?);
    let mut head = format!("HTTP/1.1 {} \r\n", reply.status);
    for (name, value) in &reply.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = reply.body.len();
    head.push_str(&format!(
        "Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply.body)
}

/// Reads a request.
fn read(stream: &TcpStream) -> io::Result<Request> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let mut reader = BufReader::new(stream.take(MAX_HEAD));
    let first = line(&mut reader)?;
    let path = first.split(' ').nth(1).ok_or_else(malformed)?;
    let mut request = Request {
        path: path.into(),
        ..Request::default()
    };
    loop {
        let line = line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        let name: HeaderName = name.parse().map_err(|_| malformed())?;
        let value: HeaderValue = value.trim().parse().map_err(|_| malformed())?;
        request.headers.append(name, value);
    }
    let length = match request.headers.get(http::header::CONTENT_LENGTH) {
        None => 0,
        Some(length) => {
            let length = length.to_str().ok().and_then(|it| it.parse::<u64>().ok());
            let length = length.filter(|length| *length <= MAX_BODY);
            length.ok_or_else(malformed)?
        }
    };
    reader.get_mut().set_limit(MAX_BODY);
    let read = reader.take(length).read_to_end(&mut request.body)?;
    match u64::try_from(read).is_ok_and(|read| read == length) {
        true => Ok(request),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads a line of the head, without its end.
fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    match reader.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the body backwards, and the path as a field.
    fn backwards(request: &Request) -> Reply {
        match request.body.is_empty() {
            true => Reply::empty(503),
            false => Reply {
                status: 200,
                fields: vec![("X-Path", request.path.clone())],
                body: request.body.iter().rev().copied().collect(),
            },
        }
    }

    fn ask(server: &LocalServer, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response);
        response
    }

    #[test]
    fn a_request_is_answered_whatever_the_case_of_its_fields() {
        let server = LocalServer::start(backwards).unwrap();
        for name in ["Content-Length", "content-length"] {
            let request = format!("POST /answer HTTP/1.1\r\nHost: x\r\n{name}: 3\r\n\r\nabc");
            let response = ask(&server, &request);
            assert!(
                response.starts_with("HTTP/1.1 200 \r\nX-Path: /answer\r\n"),
                "{response}"
            );
            assert!(response.ends_with("\r\n\r\ncba"), "{response}");
        }
        let response = ask(&server, "POST /answer HTTP/1.1\r\n\r\n");
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
    }

    #[test]
    fn requests_beyond_a_limit_or_of_another_form_get_no_answer() {
        let server = LocalServer::start(backwards).unwrap();
        let long = format!(
            "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
            MAX_BODY + 1
        );
        assert_eq!(ask(&server, &long), "");
        let head = format!("POST / HTTP/1.1\r\nx: {}", "a".repeat(20_000));
        assert_eq!(ask(&server, &head), "");
        assert_eq!(ask(&server, "POST\r\n\r\n"), "");
        assert_eq!(ask(&server, "POST / HTTP/1.1\r\nno field\r\n\r\n"), "");
    }

    #[test]
    fn connections_have_a_bound() {
        let open = Arc::new(AtomicUsize::new(CONNECTIONS - 1));
        let last = Room::take(&open);
        assert!(last.is_some() && Room::take(&open).is_none());
        drop(last);
        assert!(Room::take(&open).is_some());
    }
}
