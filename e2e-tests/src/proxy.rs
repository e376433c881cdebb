//! A TCP proxy to a node whose connections can be cut.

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

/// Bytes forwarded at once.
const CHUNK: usize = 16 * 1024;
/// The time that a proxy about to be cut waits for more bytes, and that the node has to read them.
const FLUSH: Duration = Duration::from_millis(200);

/// A proxy to `127.0.0.1:port`.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    cut: AtomicBool,
    ending: AtomicBool,
    /// Bytes that clients have sent since the node last answered.
    unanswered: AtomicU64,
    /// Bytes and a count: the proxy is cut when a client has sent more than the bytes without an
    /// answer for the nth time.
    cut_after: Mutex<Option<(u64, u32)>>,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Starts a proxy to the node on this port.
    ///
    /// # Panics
    /// If no port is free.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let line = Arc::new(Line::default());
        let shared = Arc::clone(&line);
        thread::spawn(move || shared.listen(&listener, port));
        Self { address, line }
    }

    /// Returns the address to connect to.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Cuts all connections and accepts no new ones.
    pub fn cut(&self) {
        self.line.cut();
    }

    /// Accepts connections again.
    pub fn mend(&self) {
        self.line.cut.store(false, Ordering::SeqCst);
    }

    /// Returns true if the proxy is cut.
    pub fn is_cut(&self) -> bool {
        self.line.is_cut()
    }

    /// Cuts the proxy once a client has sent more than `bytes` without an answer for the `time`-th
    /// time: after the node has received the bytes, before it can answer.
    ///
    /// # Panics
    /// If a thread of the proxy has panicked.
    pub fn cut_after(&self, bytes: u64, time: u32) {
        *self.line.cut_after.lock().expect("not poisoned") = Some((bytes, time));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.ending.store(true, Ordering::SeqCst);
        self.line.cut();
        // Wakes the listening thread.
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
                // An unreachable node looks like a cut proxy.
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
        let mut triggered = false;
        while let Ok(count) = from.read(&mut bytes) {
            if count == 0 || (self.is_cut() && !triggered) {
                break;
            }
            if !up {
                self.unanswered.store(0, Ordering::SeqCst);
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
            if up && !triggered && self.triggers(count) {
                triggered = true;
                // Bytes in transit are still forwarded; reading ends when no more arrive.
                let _ = from.set_read_timeout(Some(FLUSH));
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        if triggered {
            // The node can read the bytes. Its answer is not forwarded.
            thread::sleep(FLUSH);
        }
        let _ = to.shutdown(Shutdown::Both);
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// Returns true if these bytes cut the proxy. From then on no answer is forwarded.
    fn triggers(&self, count: usize) -> bool {
        let count = u64::try_from(count).expect("few");
        let before = self.unanswered.fetch_add(count, Ordering::SeqCst);
        let mut cut_after = self.cut_after.lock().expect("not poisoned");
        let Some((bytes, times)) = *cut_after else {
            return false;
        };
        if before > bytes || before + count <= bytes {
            return false;
        }
        *cut_after = (times > 1).then_some((bytes, times - 1));
        if times == 1 {
            self.cut.store(true, Ordering::SeqCst);
        }
        times == 1
    }
}
