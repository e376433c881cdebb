//! A line to a node that can be cut: connections go through it, until they do not.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        Arc, Mutex,
    },
    thread,
    time::Duration,
};

/// Bytes that are passed on at once.
const CHUNK: usize = 16 * 1024;
/// How long a line that is about to be cut waits for more, and the other end has to read it.
const FLUSH: Duration = Duration::from_millis(200);

/// A line to `127.0.0.1:port`.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    cut: AtomicBool,
    ending: AtomicBool,
    /// Bytes that a client has sent since the node said something.
    unanswered: AtomicU64,
    /// The line is cut when a client has sent more than so many bytes unanswered, for the
    /// so-manieth time.
    trap: Mutex<Option<(u64, u32)>>,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A line to the node on this port.
    ///
    /// # Panics
    /// If this machine has no port left.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let line = Arc::new(Line::default());
        let shared = Arc::clone(&line);
        thread::spawn(move || shared.listen(&listener, port));
        Self { address, line }
    }

    /// Where to connect to.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Cuts all connections, and takes no more.
    pub fn cut(&self) {
        self.line.cut();
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.line.cut.store(false, Ordering::SeqCst);
    }

    /// Whether it is cut.
    pub fn is_cut(&self) -> bool {
        self.line.is_cut()
    }

    /// Cuts the line once a client has sent more than `bytes` without an answer, for the `time`-th
    /// time: after the bytes have reached the node, and before it can answer.
    ///
    /// # Panics
    /// If a thread of the line has.
    pub fn cut_after(&self, bytes: u64, time: u32) {
        *self.line.trap.lock().expect("not poisoned") = Some((bytes, time));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.ending.store(true, Ordering::SeqCst);
        self.line.cut();
        // Wakes who waits for connections.
        drop(TcpStream::connect(self.address));
    }
}

impl Line {
    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in self.streams.lock().expect("not poisoned").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn listen(self: &Arc<Self>, listener: &TcpListener, port: u16) {
        for stream in listener.incoming() {
            if self.ending.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            if !self.is_cut() {
                // A node that is not there is like a line that is cut.
                let _ = self.join(stream, port);
            }
        }
    }

    fn join(self: &Arc<Self>, client: TcpStream, port: u16) -> io::Result<()> {
        let node = TcpStream::connect(("127.0.0.1", port))?;
        let mut streams = self.streams.lock().expect("not poisoned");
        streams.extend([client.try_clone()?, node.try_clone()?]);
        let (up, down) = (Arc::clone(self), Arc::clone(self));
        let (from_client, to_client) = (client.try_clone()?, client);
        let (to_node, from_node) = (node.try_clone()?, node);
        thread::spawn(move || up.pass(from_client, to_node, true));
        thread::spawn(move || down.pass(from_node, to_client, false));
        Ok(())
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, up: bool) {
        let mut bytes = [0; CHUNK];
        let mut sprung = false;
        while let Ok(count) = from.read(&mut bytes) {
            if count == 0 || (self.is_cut() && !sprung) {
                break;
            }
            if !up {
                self.unanswered.store(0, Ordering::SeqCst);
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
            if up && !sprung && self.springs(count) {
                sprung = true;
                // What is on its way still goes up; reading ends when no more comes.
                let _ = from.set_read_timeout(Some(FLUSH));
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        if sprung {
            // What has gone up is for the node to read. It may answer, but nobody listens.
            thread::sleep(FLUSH);
        }
        let _ = to.shutdown(Shutdown::Both);
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// Whether these bytes spring the trap. From then on nothing that the node says passes.
    fn springs(&self, count: usize) -> bool {
        let count = u64::try_from(count).expect("few");
        let before = self.unanswered.fetch_add(count, Ordering::SeqCst);
        let mut trap = self.trap.lock().expect("not poisoned");
        let Some((bytes, times)) = *trap else {
            return false;
        };
        if before > bytes || before + count <= bytes {
            return false;
        }
        *trap = (times > 1).then_some((bytes, times - 1));
        if times == 1 {
            self.cut.store(true, Ordering::SeqCst);
        }
        times == 1
    }
}
